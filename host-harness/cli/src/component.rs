//! `component`: what components do with secrets, and what is approved of that.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde::Serialize;

use super::context::{data_folder, declared, directory_exists, load, open_directory, open_tenant, runtime};
use super::failure::{DONE, Failure};
use super::global::Global;
use super::output::Output;
use provisioning_directory::config::ComponentChoice;
use provisioning_directory::sync::{Declared, Standing, standing};
use provisioning_directory::{ApprovalRecord, DirectoryError, WriteTransaction};
use provisioning_runtime::wit::Descriptor;
use provisioning_runtime::{Declaration, Tenant};

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Says where a component sends secrets, and whether that is approved.
    Uses(Chosen),
    /// Approves what a component does with secrets, for all tenants of the data folder.
    Approve(Chosen),
    /// Lists the approved components.
    List,
    /// Takes the approval of a component back; it isn't run any more.
    TakeBack(TakeBack),
}

#[derive(Args)]
pub(crate) struct Chosen {
    /// A component file; the connector that is built in where there is none.
    component: Option<PathBuf>,
    /// The component of this tenant.
    #[arg(long, value_name = "TENANT", conflicts_with = "component")]
    tenant: Option<String>,
}

#[derive(Args)]
pub(crate) struct TakeBack {
    /// The component's SHA-256, as `component list` shows it.
    sha256: String,
}

#[derive(Serialize)]
struct Document<'a> {
    sha256: &'a str,
    approved: bool,
    uses: &'a [String],
    declaration: &'a Declaration,
}

#[derive(Serialize)]
struct ApprovedView {
    sha256: String,
    application: String,
    approved_by: String,
    approved_at: String,
    uses: Vec<String>,
}

pub(crate) async fn run(global: &Global, command: &Command, output: &mut Output) -> Result<u8, Failure> {
    match command {
        Command::Uses(chosen) => uses(global, chosen, false, output).await,
        Command::Approve(chosen) => uses(global, chosen, true, output).await,
        Command::List => list(global, output),
        Command::TakeBack(options) => take_back(global, options, output),
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
        (None, Some(path)) => (ComponentChoice::File(path.clone()), Path::new("").to_owned(), Tenant::default()),
        (None, None) => (ComponentChoice::Embedded, PathBuf::new(), Tenant::default()),
    };
    let connector = load(&runtime, &choice, &folder)?;
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
    let approved = matches!(standing, Standing::Approved(..));
    let in_words = |declaration: &Declaration| declaration.sentences(&|name| label(&descriptor, name));
    let sentences = in_words(&declared.declaration);
    if output.json() {
        output.document(&Document {
            sha256: &declared.digest,
            approved,
            uses: &sentences,
            declaration: &declared.declaration,
        })?;
        return Ok(DONE);
    }
    output.line(&format!("{}, SHA-256 {}", declared.declaration.application, declared.digest))?;
    for sentence in &sentences {
        output.line(&format!("- {sentence}"))?;
    }
    match standing {
        Standing::Approved(..) => output.line("This is approved.")?,
        Standing::Missing(missing) => {
            output.line("Nobody has approved this yet:")?;
            for sentence in in_words(&missing) {
                output.line(&format!("- {sentence}"))?;
            }
            output.line("`component approve` with the same arguments approves it.")?;
        }
    }
    Ok(DONE)
}

fn list(global: &Global, output: &mut Output) -> Result<u8, Failure> {
    let approvals = match directory_exists(global) {
        true => open_directory(global)?.read(|view| -> Result<_, DirectoryError> { view.approvals() })?,
        false => Vec::new(),
    };
    let views = approvals.into_iter().map(|one: ApprovalRecord| ApprovedView {
        uses: one.declaration.sentences(&|_| None),
        sha256: one.digest,
        application: one.declaration.application,
        approved_by: one.approved_by,
        approved_at: one.approved_at.to_string(),
    });
    let views: Vec<ApprovedView> = views.collect();
    if output.json() {
        output.document(&views)?;
        return Ok(DONE);
    }
    if views.is_empty() {
        output.line("No component has been approved here. The connector that is built in needs no approval.")?;
        return Ok(DONE);
    }
    let mut table = output.table(&["SHA-256", "Application", "Approved by", "At"]);
    for view in &views {
        table.add_row([&view.sha256, &view.application, &view.approved_by, &view.approved_at]);
    }
    output.print_table(&table)?;
    Ok(DONE)
}

fn take_back(global: &Global, options: &TakeBack, output: &mut Output) -> Result<u8, Failure> {
    let directory = open_directory(global)?;
    let sha256 = options.sha256.to_ascii_lowercase();
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
