//! `push`: carries out a tenant's tasks, or makes and changes users as a CSV file says.

use std::path::PathBuf;

use clap::Args;

use super::context::{COMMAND, TenantSource, applications};
use super::direct;
use super::failure::Failure;
use super::global::Global;
use super::grants;
use super::interrupt::Leaves;
use super::output::Output;
use super::people::{self, EmptyCell};
use super::report::SyncReport;
use provisioning_directory::sync::intents::push_everybody;
use provisioning_directory::sync::push::{PushEntry, PushProgress, push_watched};
use provisioning_directory::{Directory, GrantName, TenantRecord};

#[derive(Args)]
pub(crate) struct Options {
    /// The tenant's name, in the data folder or the tenants file.
    tenant: String,
    /// A CSV file whose first row names the columns: username, key, id, grant:KIND, and attributes by name. Without one, the
    /// tenant's tasks in the data folder are carried out.
    #[arg(value_name = "PEOPLE.CSV")]
    people: Option<PathBuf>,
    /// Assign this to everybody, beside what the file says, by name or id.
    #[arg(long = "grant", value_name = "KIND=NAME", value_parser = grants::parse)]
    grants: Vec<GrantName>,
    /// Say what would change and write nothing.
    #[arg(long)]
    plan: bool,
    /// Let an empty cell clear its attribute; otherwise it is left alone.
    #[arg(long)]
    clear_empty: bool,
    /// Ask anew for everybody who is assigned, as after an application has lost its data.
    #[arg(long, conflicts_with_all = ["people", "plan"])]
    everybody: bool,
}

impl Options {
    /// What is left if the command is interrupted.
    pub(crate) fn leaves(&self) -> Leaves {
        match (&self.people, self.plan) {
            (_, true) => Leaves::Unchanged,
            // Rows that were written are found again by the keys that they carry.
            (Some(_), false) => Leaves::Part,
            (None, false) => Leaves::Push(self.tenant.clone()),
        }
    }
}

pub(crate) async fn run(global: &Global, options: &Options, output: &mut Output) -> Result<u8, Failure> {
    let place = TenantSource::find(global, &options.tenant)?;
    let path = match (&options.people, place) {
        (None, TenantSource::Directory(kept)) => {
            let (directory, tenant) = *kept;
            if options.plan || options.clear_empty || !options.grants.is_empty() {
                return Err(Failure::usage(
                    "--grant, --plan and --clear-empty go with a CSV file; `plan` works out what the tasks would write, and `assign` grants",
                ));
            }
            return push_tasks(global, &directory, &tenant, options.everybody, output).await;
        }
        (None, TenantSource::File(_)) => {
            return Err(Failure::usage(format!(
                "{} stands in a tenants file, which knows no people; name a CSV file, or add the tenant to the data folder with `tenant import-toml`",
                options.tenant
            )));
        }
        (Some(_), TenantSource::Directory(_)) => {
            return Err(Failure::usage(format!(
                "the people of {} are in the data folder; bring the file in with `person import FILE --assign {}` and push without it",
                options.tenant, options.tenant
            )));
        }
        (Some(path), TenantSource::File(_)) => path,
    };
    let text = std::fs::read(path)
        .map_err(|error| Failure::usage(format!("the file {} cannot be read: {error}", path.display())))?;
    let empty = if options.clear_empty { EmptyCell::Clear } else { EmptyCell::Leave };
    let mut rows = people::read(&text, path, empty)?;
    direct::push::add_grants(&mut rows, &options.grants);
    direct::push::run(global, &options.tenant, rows, options.plan, output).await
}

/// Carries out the tasks in the data folder.
async fn push_tasks(
    global: &Global,
    directory: &Directory,
    tenant: &TenantRecord,
    everybody: bool,
    output: &mut Output,
) -> Result<u8, Failure> {
    let actor = global.actor();
    let mut off = Vec::new();
    if everybody {
        off = push_everybody(directory, &actor, tenant)?.off;
    }
    let applications = applications(global, directory)?;
    let bar = output.progress("tasks", Some(0));
    let mut printed = SyncReport::new(&tenant.name, "push", output);
    let teller = directory.tell_job(tenant.id, COMMAND, "Push by a command", &actor);
    let progress = |progress: PushProgress| {
        teller.progress(progress.words(), progress.done, Some(progress.total));
        bar.set_length(progress.total);
        bar.set_position(progress.done);
    };
    let mut note = |entry: &PushEntry| printed.note(entry);
    let result = push_watched(directory, &applications, tenant, &actor, &progress, &mut note).await;
    drop(teller);
    bar.finish_and_clear();
    let mut report = match result {
        Ok(report) => report,
        Err(error) => return printed.fail(error.into()),
    };
    for sentence in off {
        if !report.off.contains(&sentence) {
            report.off.push(sentence);
        }
    }
    printed.print(None, &report)
}
