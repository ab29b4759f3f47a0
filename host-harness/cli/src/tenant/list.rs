//! `tenant list`.

use clap::Args;
use serde::Serialize;

use super::super::context::open_directory;
use super::super::failure::{DONE, Failure};
use super::super::global::Global;
use super::super::output::{Output, lines, listed, printable, printable_words};
use provisioning_directory::config::ComponentChoice;
use provisioning_directory::sync::Feature;
use provisioning_directory::{
    Allowance, DirectoryError, FailureKind, ImportRun, ReadTransaction, TenantRecord, Timestamp, Upstream,
};

#[derive(Args)]
pub(crate) struct Options {
    /// One tenant only, with more about it.
    tenant: Option<String>,
}

#[derive(Serialize)]
struct TenantView {
    name: String,
    component: String,
    features: Vec<&'static str>,
    source_of: Vec<&'static str>,
    secrets: Vec<String>,
    users: u64,
    links: u64,
    assigned: u64,
    waiting_to_be_confirmed: u64,
    tasks_waiting: u64,
    tasks_failed: u64,
    imported_at: Option<Timestamp>,
    pushed_at: Option<Timestamp>,
    /// As the application last said.
    api_calls: Option<Allowance>,
    import_under_way: Option<ImportRun>,
    last_failure: Option<LastFailureView>,
}

#[derive(Serialize)]
struct LastFailureView {
    at: Timestamp,
    kind: FailureKind,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    upstream: Option<Upstream>,
}

const FEATURES: [Feature; 6] = [
    Feature::ImportNewUsers,
    Feature::ImportProfileUpdates,
    Feature::PushNewUsers,
    Feature::PushProfileUpdates,
    Feature::PushUserDeactivation,
    Feature::SyncPassword,
];

fn look(view: &ReadTransaction<'_>, tenant: TenantRecord) -> Result<TenantView, DirectoryError> {
    let mastering = &tenant.config.to_idp.mastering;
    let sources = [(mastering.profile, "profile"), (mastering.lifecycle, "lifecycle")];
    let (tasks_waiting, tasks_failed) = view.count_open_tasks(tenant.id)?;
    Ok(TenantView {
        component: match tenant.config.component() {
            ComponentChoice::Embedded => "embedded".to_owned(),
            ComponentChoice::File(path) => path.display().to_string(),
        },
        features: FEATURES.into_iter().filter(|feature| feature.is_on(&tenant.config)).map(Feature::title).collect(),
        source_of: sources.into_iter().filter_map(|(on, name)| on.then_some(name)).collect(),
        secrets: view.secret_names(&tenant)?.into_keys().collect(),
        users: view.count_remote_users(tenant.id)?,
        links: view.count_links(tenant.id)?,
        assigned: view.assigned_people(tenant.id)?.len() as u64,
        waiting_to_be_confirmed: view.count_queue(tenant.id)? + view.count_claimed_users(tenant.id)?,
        tasks_waiting,
        tasks_failed,
        imported_at: tenant.imported_at,
        pushed_at: tenant.pushed_at,
        api_calls: view.allowance(tenant.id)?,
        import_under_way: view.open_import(tenant.id)?,
        last_failure: tenant.last_failure.map(|last| LastFailureView {
            at: last.at,
            kind: last.kind,
            message: last.message,
            remedy: last.remedy,
            upstream: last.upstream,
        }),
        name: tenant.name,
    })
}

pub(super) fn run(global: &Global, options: &Options, output: &mut Output) -> Result<u8, Failure> {
    let directory = open_directory(global)?;
    let views = directory.read(|view| -> Result<Vec<TenantView>, DirectoryError> {
        let tenants = match &options.tenant {
            Some(name) => vec![view.tenant(name)?],
            None => view.tenants()?,
        };
        tenants.into_iter().map(|tenant| look(view, tenant)).collect()
    })?;
    if output.json() {
        output.document(&views)?;
        return Ok(DONE);
    }
    if views.is_empty() {
        output.line(&format!("No tenants in {}; `tenant add` makes one.", directory.folder().display()))?;
        return Ok(DONE);
    }
    let mut table = output.table(&[
        "Tenant",
        "Features",
        "Source of",
        "Secrets",
        "Users",
        "Links",
        "Assigned",
        "To confirm",
        "Tasks",
        "Imported",
        "API calls left",
    ]);
    let time = |at: Option<Timestamp>| at.map_or_else(|| "never".to_owned(), |at| at.to_string());
    let mut failures = Vec::new();
    for view in views {
        if let Some(last) = view.last_failure {
            let remedy =
                last.remedy.map(|remedy| format!("\n  what to do: {}", printable(&remedy))).unwrap_or_default();
            let said =
                last.upstream.map(|upstream| format!("\n  the application said: {}", printable_words(&upstream)));
            let (said, message) = (said.unwrap_or_default(), printable(&last.message));
            failures.push(format!("{}: the last job failed at {}: {message}{said}{remedy}", view.name, last.at));
        }
        let imported = match &view.import_under_way {
            Some(run) => format!("{}\n{:?} now: {} users", time(view.imported_at), run.phase, run.users),
            None => time(view.imported_at),
        };
        table.add_row(vec![
            view.name.into(),
            listed(view.features),
            listed(view.source_of),
            listed(view.secrets),
            view.users.to_string().into(),
            view.links.to_string().into(),
            view.assigned.to_string().into(),
            view.waiting_to_be_confirmed.to_string().into(),
            format!("{} wait, {} failed", view.tasks_waiting, view.tasks_failed).into(),
            lines(imported),
            lines(view.api_calls.map_or_else(String::new, |calls| {
                format!("{} of {}\nat {}", calls.left(), calls.limit, calls.seen_at)
            })),
        ]);
    }
    output.print_table(&table)?;
    for failure in failures {
        output.line(&failure)?;
    }
    Ok(DONE)
}
