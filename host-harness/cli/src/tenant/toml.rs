//! `tenant export` and `tenant import-toml`: the shape of a tenants file, out and in.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::super::context::{open_directory, warn_of_egress};
use super::super::failure::{DONE, Failure, SOME_FAILED};
use super::super::global::Global;
use super::super::output::Output;
use super::super::view::ErrorView;
use super::edit::{check, enter_again, guard_mastering};
use provisioning_directory::config::{StandardInput, TenantConfig, TenantsFile};
use provisioning_directory::sync::{explain, finish_chores, intents};
use provisioning_directory::{DirectoryError, TenantRecord, WriteTransaction};

#[derive(Args)]
pub(crate) struct ExportOptions {
    /// The tenants to print; all where there is none.
    #[arg(value_name = "TENANTS")]
    names: Vec<String>,
}

#[derive(Args)]
pub(crate) struct ImportOptions {
    /// A tenants file. Relative paths in it start there.
    file: PathBuf,
    /// The tenants to take from it; all where there is none.
    #[arg(value_name = "TENANTS")]
    names: Vec<String>,
    /// Make changes of mastering too, whose consequences the command says first.
    #[arg(long)]
    yes: bool,
}

#[derive(Serialize)]
struct Document<'a> {
    tenants: BTreeMap<&'a str, &'a TenantConfig>,
}

pub(super) fn export(global: &Global, options: &ExportOptions, output: &mut Output) -> Result<u8, Failure> {
    let directory = open_directory(global)?;
    let (tenants, secrets) = directory.read(|view| -> Result<_, DirectoryError> {
        let tenants: Vec<TenantRecord> = match options.names.as_slice() {
            [] => view.tenants()?,
            names => names.iter().map(|name| view.tenant(name)).collect::<Result<_, _>>()?,
        };
        let names = |tenant: &TenantRecord| -> Result<Vec<String>, DirectoryError> {
            Ok(view.secret_names(tenant)?.into_keys().collect())
        };
        let secrets: Vec<Vec<String>> = tenants.iter().map(names).collect::<Result<_, _>>()?;
        Ok((tenants, secrets))
    })?;
    if output.json() {
        let document = Document { tenants: tenants.iter().map(|one| (one.name.as_str(), &one.config)).collect() };
        output.document(&document)?;
        return Ok(DONE);
    }
    for (tenant, secrets) in tenants.iter().zip(&secrets) {
        if !secrets.is_empty() {
            output.line(&format!(
                "# Secrets of {} are sealed in the data folder and not exported: {}.",
                tenant.name,
                secrets.join(", ")
            ))?;
        }
        let document = Document { tenants: BTreeMap::from([(tenant.name.as_str(), &tenant.config)]) };
        let text = toml::to_string_pretty(&document).map_err(|error| Failure {
            exit: SOME_FAILED,
            error: ErrorView::local("output", format!("{} cannot be written as TOML: {error}", tenant.name)),
        })?;
        output.line(&text)?;
    }
    Ok(DONE)
}

#[derive(Serialize)]
struct Imported {
    added: Vec<String>,
    changed: Vec<String>,
    unchanged: Vec<String>,
}

pub(super) async fn import(global: &Global, options: &ImportOptions, output: &mut Output) -> Result<u8, Failure> {
    let file = TenantsFile::read(&options.file)?;
    let names: Vec<String> = match options.names.as_slice() {
        [] => file.names().map(str::to_owned).collect(),
        names => names.to_vec(),
    };
    let directory = open_directory(global)?;
    let mut input = StandardInput::process();
    let mut ready = Vec::with_capacity(names.len());
    // Everything is looked at before anything is kept.
    for name in &names {
        let config = file.tenant(name)?;
        let settings: Vec<&str> = config.settings.keys().map(String::as_str).collect();
        let declaration = check(global, name, config, config.secrets.keys().map(String::as_str), &settings).await?;
        intents::check_config(name, config)?;
        warn_of_egress(name, config);
        let mut secrets = Vec::new();
        for (secret, source) in &config.secrets {
            secrets.push((secret.clone(), source.read(secret, file.folder(), &mut input)?));
        }
        // What is kept knows its secrets, not where they came from.
        let mut config = config.clone();
        config.secrets.clear();
        config.make_component_absolute(file.folder());
        let found = directory.read(|view| view.find_tenant(name))?;
        config.list_hosts(found.as_ref().map(|tenant| &tenant.config), &declaration);
        if let Some(tenant) = found {
            let kept = directory.read(|view| view.secret_names(&tenant))?;
            let entered: Vec<&str> = secrets.iter().map(|(name, _)| name.as_str()).collect();
            enter_again(&tenant, &config, &declaration, &entered, kept.keys().map(String::as_str))?;
            let consequences = directory.read(|view| explain(view, &tenant, &config))?;
            guard_mastering(&tenant, &config, &consequences, options.yes)?;
        }
        ready.push((name, config, secrets));
    }
    let imported = directory.write(&global.actor(), |change: &WriteTransaction<'_>| -> Result<_, DirectoryError> {
        let mut imported = Imported { added: Vec::new(), changed: Vec::new(), unchanged: Vec::new() };
        for (name, config, secrets) in &ready {
            let tenant = match change.find_tenant(name)? {
                Some(tenant) => {
                    let followed = intents::edit_tenant(change, &tenant, config)?;
                    let list = if followed.changed { &mut imported.changed } else { &mut imported.unchanged };
                    list.push(tenant.name.clone());
                    tenant
                }
                None => {
                    imported.added.push((*name).clone());
                    change.add_tenant(name, config)?
                }
            };
            let kept = change.secrets(&tenant)?;
            for (secret, value) in secrets {
                // The same secret again is no news for the audit trail.
                if kept.get(secret).is_none_or(|have| have.expose() != value.expose()) {
                    change.set_secret(&tenant, secret, Some(value))?;
                }
            }
        }
        Ok(imported)
    })?;
    for name in &imported.changed {
        finish_chores(&directory, &global.actor(), &directory.read(|view| view.tenant(name))?)?;
    }
    output.line(&format!(
        "{} tenants added, {} changed, {} as they were.",
        imported.added.len(),
        imported.changed.len(),
        imported.unchanged.len()
    ))?;
    if output.json() {
        output.document(&imported)?;
    }
    Ok(DONE)
}
