//! What stays of the demo: its org in a file, and a data folder with its tenant and people, for the console.

use std::path::{Path, PathBuf};

use super::PEOPLE;
use super::org::Org;
use crate::failure::Failure;
use crate::people::{self, EmptyCell, RowPerson};
use provisioning_directory::config::{EgressConfig, PlainValue, TenantConfig};
use provisioning_directory::sync::intents;
use provisioning_directory::{Actor, Directory, DirectoryError, WriteTransaction};
use provisioning_runtime::Tenant;

/// The demo's tenant.
const TENANT: &str = "demo";

/// The file that the org is kept in.
pub(super) fn org_file(folder: &Path) -> PathBuf {
    folder.join("org.sqlite3")
}

fn data_folder(folder: &Path) -> PathBuf {
    folder.join("data")
}

/// Takes away what an earlier demo has left: its org, and the data folder, whose links lead to that org's users.
pub(super) fn forget(folder: &Path) -> Result<(), Failure> {
    let failed = |path: &Path, error: std::io::Error| {
        Failure::usage(format!(
            "{} of an earlier demo cannot be removed: {error}; name another folder with --folder",
            path.display()
        ))
    };
    // SQLite keeps what is under way beside its file.
    for ending in ["", "-wal", "-shm", "-journal"] {
        let mut name = org_file(folder).into_os_string();
        name.push(ending);
        match std::fs::remove_file(&name) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(failed(name.as_ref(), error)),
            _ => {}
        }
    }
    let data = data_folder(folder);
    // Only what is a data folder is ours to take away.
    if Directory::exists(&data) {
        std::fs::remove_dir_all(&data).map_err(|error| failed(&data, error))?;
    }
    Ok(())
}

/// Starts the demo's org again, or a new one where there is none, and opens the data folder with the demo's tenant and people in
/// it. What an admin has changed there stays; where the org listens, and what signs in to it, is what it says now.
pub(crate) async fn open(folder: &Path, actor: &Actor) -> Result<(Org, Directory), Failure> {
    std::fs::create_dir_all(folder).map_err(|error| {
        Failure::usage(format!("the folder {} cannot be made: {error}; name another with --demo", folder.display()))
    })?;
    let org = Org::start(super::USERS, super::SEED, Some(&org_file(folder))).await?;
    let directory = Directory::open(&data_folder(folder))?;
    let people = people::read(PEOPLE.as_bytes(), Path::new("people.csv"), EmptyCell::Leave)?;
    let wanted = org.tenant(TENANT);
    directory.write(actor, |change: &WriteTransaction<'_>| -> Result<(), DirectoryError> {
        keep_tenant(change, &wanted)?;
        people.iter().filter_map(|row| row.person.as_ref().ok()).try_for_each(|person| keep_person(change, person))
    })?;
    Ok((org, directory))
}

fn keep_tenant(change: &WriteTransaction<'_>, wanted: &Tenant) -> Result<(), DirectoryError> {
    let put = |config: &mut TenantConfig| {
        let settings = wanted.settings.iter().map(|(name, value)| (name.clone(), PlainValue(value.clone())));
        config.settings.extend(settings);
        config.egress = EgressConfig { loopback: wanted.egress.loopback.clone(), ..config.egress.clone() };
    };
    let tenant = match change.find_tenant(TENANT)? {
        Some(tenant) => {
            let mut config = tenant.config.clone();
            put(&mut config);
            intents::edit_tenant(change, &tenant, &config)?;
            tenant
        }
        None => {
            let mut config = TenantConfig::default();
            put(&mut config);
            change.add_tenant(TENANT, &config)?
        }
    };
    let kept = change.secrets(&tenant)?;
    for (name, secret) in &wanted.secrets {
        // The same secret again is no news for the audit trail.
        if kept.get(name).is_none_or(|have| have.expose() != secret.expose()) {
            change.set_secret(&tenant, name, Some(secret))?;
        }
    }
    Ok(())
}

fn keep_person(change: &WriteTransaction<'_>, person: &RowPerson) -> Result<(), DirectoryError> {
    if change.find_person(&person.key)?.is_some() || change.find_person(&person.username)?.is_some() {
        return Ok(());
    }
    change.add_person(&person.to_new())?;
    Ok(())
}
