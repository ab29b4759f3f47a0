//! `tenant list`.

use serde::Serialize;

use super::super::context::open_directory;
use super::super::failure::{DONE, Failure};
use super::super::global::Global;
use super::super::output::{Output, lines, listed, printable, printable_words};
use provisioning_directory::sync::Feature;
use provisioning_directory::{
    Allowance, DirectoryError, FailureKind, ImportRun, ReadTransaction, TenantRecord, Timestamp, Upstream,
};

#[derive(Serialize)]
pub(super) struct TenantView {
    pub(super) name: String,
    pub(super) component: String,
    pub(super) features: Vec<&'static str>,
    pub(super) source_of: Vec<&'static str>,
    pub(super) secrets: Vec<String>,
    pub(super) users: u64,
    pub(super) links: u64,
    pub(super) assigned: u64,
    pub(super) waiting_to_be_confirmed: u64,
    pub(super) tasks_waiting: u64,
    pub(super) tasks_failed: u64,
    pub(super) imported_at: Option<Timestamp>,
    pub(super) pushed_at: Option<Timestamp>,
    /// As the application last said.
    pub(super) api_calls: Option<Allowance>,
    pub(super) import_under_way: Option<ImportRun>,
    pub(super) last_failure: Option<LastFailureView>,
}

#[derive(Serialize)]
pub(super) struct LastFailureView {
    pub(super) at: Timestamp,
    pub(super) kind: FailureKind,
    pub(super) message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) remedy: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) upstream: Option<Upstream>,
}

/// What is to be said of a tenant.
pub(super) fn look(view: &ReadTransaction<'_>, tenant: TenantRecord) -> Result<TenantView, DirectoryError> {
    let mastering = &tenant.config.to_idp.mastering;
    let sources = [(mastering.profile, "profile"), (mastering.lifecycle, "lifecycle")];
    let (tasks_waiting, tasks_failed) = view.count_open_tasks(tenant.id)?;
    Ok(TenantView {
        component: tenant.config.component().to_string(),
        features: Feature::titles_on(&tenant.config),
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

pub(super) fn run(global: &Global, output: &mut Output) -> Result<u8, Failure> {
    let directory = open_directory(global)?;
    let views = directory.read(|view| -> Result<Vec<TenantView>, DirectoryError> {
        view.tenants()?.into_iter().map(|tenant| look(view, tenant)).collect()
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
