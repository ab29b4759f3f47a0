//! `component`: components that are added from elsewhere, what they do with secrets, and what is approved of that.

mod add;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde::Serialize;

use super::context::{data_folder, declared, directory_exists, load, open_directory, open_tenant, runtime};
use super::failure::{DONE, Failure};
use super::global::Global;
use super::output::Output;
use crate::embedded;
use provisioning_directory::config::ComponentChoice;
use provisioning_directory::sync::{Declared, Standing, standing};
use provisioning_directory::{AddedComponent, ApprovalRecord, DirectoryError, WriteTransaction};
use provisioning_runtime::wit::Descriptor;
use provisioning_runtime::{Declaration, Tenant, digest_of};

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Adds a component from a file or a registry, once its digest and its signature were checked. Nothing runs it before it is approved.
    Add(add::Options),
    /// Says where a component sends secrets, and whether that is approved.
    Uses(Chosen),
    /// Approves what a component does with secrets, for all tenants of the data folder.
    Approve(Chosen),
    /// Lists the components that were added or approved: where they came from, who has signed them, and who uses them.
    List,
    /// Takes the approval of a component back; it isn't run any more.
    TakeBack(Digest),
    /// Removes a component that was added and that no tenant uses.
    Remove(Digest),
}

#[derive(Args)]
pub(crate) struct Chosen {
    /// A component file, or sha256: and the digest of an added one; by default the connector that is built in.
    component: Option<PathBuf>,
    /// The component of this tenant.
    #[arg(long, value_name = "TENANT", conflicts_with = "component")]
    tenant: Option<String>,
}

#[derive(Args)]
pub(crate) struct Digest {
    /// The component's SHA-256, as `component list` shows it.
    sha256: String,
}

impl Digest {
    /// The digits, however they were typed.
    fn digits(&self) -> String {
        self.sha256.strip_prefix("sha256:").unwrap_or(&self.sha256).to_ascii_lowercase()
    }
}

#[derive(Serialize)]
struct Document<'a> {
    sha256: &'a str,
    approved: bool,
    uses: &'a [String],
    declaration: &'a Declaration,
}

/// A component that is known here.
#[derive(Default, Serialize)]
struct KnownView {
    sha256: String,
    /// What it calls itself, and where it came from. `None` if it wasn't added, but is in a tenant's file.
    added: Option<AddedView>,
    approved: bool,
    /// What its approval says. `None` if it isn't approved.
    #[serde(flatten)]
    approval: Option<ApprovedView>,
    /// The tenants that name it by its digest.
    used_by: Vec<String>,
}

#[derive(Serialize)]
struct AddedView {
    name: String,
    version: String,
    source: String,
    signed_by: Option<String>,
    signed_comment: Option<String>,
    added_by: String,
    added_at: String,
}

#[derive(Serialize)]
struct ApprovedView {
    application: String,
    approved_by: String,
    approved_at: String,
    uses: Vec<String>,
}

impl From<AddedComponent> for AddedView {
    fn from(added: AddedComponent) -> Self {
        Self {
            name: added.name,
            version: added.version,
            source: added.source,
            signed_by: added.signed_by,
            signed_comment: added.signed_comment,
            added_by: added.added_by,
            added_at: added.added_at.to_string(),
        }
    }
}

impl From<ApprovalRecord> for ApprovedView {
    fn from(record: ApprovalRecord) -> Self {
        Self {
            uses: record.declaration.sentences(&|_| None),
            application: record.declaration.application,
            approved_by: record.approved_by,
            approved_at: record.approved_at.to_string(),
        }
    }
}

pub(crate) async fn run(global: &Global, command: &Command, output: &mut Output) -> Result<u8, Failure> {
    match command {
        Command::Add(options) => add::run(global, options, output).await,
        Command::Uses(chosen) => uses(global, chosen, false, output).await,
        Command::Approve(chosen) => uses(global, chosen, true, output).await,
        Command::List => list(global, output),
        Command::TakeBack(options) => take_back(global, options, output),
        Command::Remove(options) => remove(global, options, output),
    }
}

/// What a descriptor calls a setting.
fn label(descriptor: &Descriptor, name: &str) -> Option<String> {
    descriptor.settings.iter().find(|setting| setting.name == name).map(|setting| setting.label.clone())
}

/// The component that is meant, and whose jobs it would run.
async fn chosen(global: &Global, chosen: &Chosen) -> Result<(Declared, Descriptor, Tenant), Failure> {
    let runtime = runtime(global)?;
    let (choice, folder, tenant) = match (&chosen.tenant, &chosen.component) {
        (Some(name), _) => {
            let (directory, record) = open_tenant(global, name)?;
            let tenant = directory.read(|view| view.runtime_tenant(&record))?;
            (record.config.component(), data_folder(global), tenant)
        }
        (None, Some(path)) => (ComponentChoice::named(path.clone()), Path::new("").to_owned(), Tenant::default()),
        (None, None) => (ComponentChoice::Embedded, PathBuf::new(), Tenant::default()),
    };
    let connector = load(global, &runtime, &choice, &folder)?;
    let descriptor = runtime.describe(&connector).await?;
    Ok((declared(&runtime, &connector, &descriptor).await?, descriptor, tenant))
}

async fn uses(global: &Global, options: &Chosen, approve: bool, output: &mut Output) -> Result<u8, Failure> {
    let (declared, descriptor, tenant) = chosen(global, options).await?;
    // Only an approval makes a data folder.
    let directory = (approve || directory_exists(global)).then(|| open_directory(global)).transpose()?;
    if let Some(directory) = directory.as_ref().filter(|_| approve) {
        directory.write(&global.actor(), |change: &WriteTransaction<'_>| -> Result<(), DirectoryError> {
            change.approve(&declared.digest, &declared.declaration, "approved by an admin")
        })?;
    }
    let standing = standing(directory.as_ref(), &tenant, &declared)?;
    if output.json() {
        output.document(&Document {
            sha256: &declared.digest,
            approved: matches!(standing, Standing::Approved(..)),
            uses: &in_words(&declared.declaration, &descriptor),
            declaration: &declared.declaration,
        })?;
        return Ok(DONE);
    }
    output.line(&format!("{}, SHA-256 {}", declared.declaration.application, declared.digest))?;
    print_uses(&declared, &descriptor, &standing, "with the same arguments", output)?;
    Ok(DONE)
}

/// Where a declaration sends secrets, in sentences with the labels of the settings.
fn in_words(declaration: &Declaration, descriptor: &Descriptor) -> Vec<String> {
    declaration.sentences(&|name| label(descriptor, name))
}

/// Prints what a component does with secrets, and how that stands. `how` is what follows `component approve`.
fn print_uses(
    declared: &Declared,
    descriptor: &Descriptor,
    standing: &Standing,
    how: &str,
    output: &mut Output,
) -> Result<(), Failure> {
    for sentence in in_words(&declared.declaration, descriptor) {
        output.line(&format!("- {sentence}"))?;
    }
    match standing {
        Standing::Approved(..) => output.line("This is approved.")?,
        Standing::Missing(missing) => {
            output.line("Nobody has approved this yet:")?;
            for sentence in in_words(missing, descriptor) {
                output.line(&format!("- {sentence}"))?;
            }
            output.line(&format!("`component approve` {how} approves it."))?;
        }
    }
    Ok(())
}

fn list(global: &Global, output: &mut Output) -> Result<u8, Failure> {
    let mut views: BTreeMap<String, KnownView> = BTreeMap::new();
    if directory_exists(global) {
        open_directory(global)?.read(|view| -> Result<_, DirectoryError> {
            for one in view.added_components()? {
                let (digest, used_by) = (one.digest.clone(), view.users_of_component(&one.digest)?);
                let known =
                    KnownView { sha256: digest.clone(), added: Some(one.into()), used_by, ..KnownView::default() };
                views.insert(digest, known);
            }
            for one in view.approvals()? {
                let known = views.entry(one.digest.clone()).or_default();
                known.sha256.clone_from(&one.digest);
                (known.approved, known.approval) = (true, Some(one.into()));
            }
            Ok(())
        })?;
    }
    if let Some(built_in) = views.get_mut(&digest_of(embedded::CONNECTOR)) {
        built_in.approved = true;
    }
    let views: Vec<KnownView> = views.into_values().collect();
    if output.json() {
        output.document(&views)?;
        return Ok(DONE);
    }
    if views.is_empty() {
        output.line("No component has been added or approved here. The connector that is built in needs neither.")?;
        return Ok(DONE);
    }
    let mut table = output.table(&["SHA-256", "Component", "From", "Signed by", "Added", "Approved", "Used by"]);
    for view in &views {
        let approved = view.approval.as_ref();
        let approved_by = match approved {
            Some(one) => format!("{}, {}", one.approved_at, one.approved_by),
            None if view.approved => "built in".to_owned(),
            None => "not yet".to_owned(),
        };
        let used_by = view.used_by.join(", ");
        match &view.added {
            Some(added) => table.add_row([
                &view.sha256,
                &format!("{} {}", added.name, added.version),
                &added.source,
                added.signed_by.as_deref().unwrap_or("nobody"),
                &format!("{}, {}", added.added_at, added.added_by),
                &approved_by,
                &used_by,
            ]),
            None => {
                let application = approved.map_or("", |one| one.application.as_str());
                table.add_row([&view.sha256, application, "", "", "", &approved_by, &used_by]);
            }
        }
    }
    output.print_table(&table)?;
    Ok(DONE)
}

fn remove(global: &Global, options: &Digest, output: &mut Output) -> Result<u8, Failure> {
    let directory = open_directory(global)?;
    let sha256 = options.digits();
    directory.write(&global.actor(), |change: &WriteTransaction<'_>| change.remove_component(&sha256))?;
    output.line("The component was removed.")?;
    if output.json() {
        output.document(&serde_json::json!({ "removed": sha256 }))?;
    }
    Ok(DONE)
}

fn take_back(global: &Global, options: &Digest, output: &mut Output) -> Result<u8, Failure> {
    let directory = open_directory(global)?;
    let sha256 = options.digits();
    let taken = directory.write(&global.actor(), |change: &WriteTransaction<'_>| -> Result<bool, DirectoryError> {
        change.take_back_approval(&sha256)
    })?;
    if !taken {
        return Err(Failure::usage(format!(
            "no component with the SHA-256 {sha256} is approved here; `component list` shows those that are"
        )));
    }
    output.line("The approval was taken back.")?;
    if output.json() {
        output.document(&serde_json::json!({ "taken_back": sha256 }))?;
    }
    Ok(DONE)
}
