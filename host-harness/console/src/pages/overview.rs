//! *Overview*: how an application is doing, and what waits for an admin.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;

use super::runs;
use crate::access::Visitor;
use crate::chrome::{Chrome, Moment, html, moment};
use crate::problem::Problem;
use crate::shared::Shared;
use provisioning_directory::sync::Feature;
use provisioning_directory::{
    Allowance, DirectoryError, EntitlementFilter, ImportPhase, ImportRun, JobRun, JobRunFilter, LastFailure, OpenCause,
    ReadTransaction, TaskState, TenantRecord,
};

/// Runs that are shown; the page Runs has all.
const RUNS: u32 = 5;
/// Licences that are shown, those with the fewest free seats first.
const SEATS: usize = 6;

/// Seats of something that can be assigned.
struct Seats {
    name: String,
    used: u64,
    total: u64,
}

/// What is read of an application.
struct Read {
    import: Option<ImportRun>,
    links: u64,
    to_confirm: u64,
    waiting: u64,
    failed: u64,
    causes: Vec<OpenCause>,
    allowance: Option<Allowance>,
    seats: Vec<Seats>,
    runs: Vec<JobRun>,
}

#[derive(Template)]
#[template(path = "overview.html")]
struct Page {
    chrome: Chrome,
    tenant: String,
    /// In a word or two, with its tone.
    health: (&'static str, &'static str),
    last_failure: Option<LastFailure>,
    features: Vec<&'static str>,
    imported: Option<Moment>,
    pushed: Option<Moment>,
    next_import: String,
    read: Read,
}

fn read(view: &ReadTransaction<'_>, tenant: &TenantRecord) -> Result<Read, DirectoryError> {
    let (waiting, failed) = view.count_open_tasks(tenant.id)?;
    let mut seats = Vec::new();
    for kind in view.entitlement_kinds(tenant.id)? {
        let all = EntitlementFilter { limit: Some(500), ..EntitlementFilter::default() };
        let listed = view.entitlements(tenant.id, &kind.name, &all)?;
        seats.extend(listed.into_iter().filter_map(|one| {
            let (used, total) = one.seats?;
            Some(Seats { name: one.name, used, total })
        }));
    }
    seats.sort_by_key(|one| one.total.saturating_sub(one.used));
    // Several grants draw on one licence.
    seats.dedup_by_key(|one| (one.used, one.total));
    seats.truncate(SEATS);
    Ok(Read {
        import: view.open_import(tenant.id)?,
        links: view.count_links(tenant.id)?,
        to_confirm: view.count_queue(tenant.id)? + view.count_claimed_users(tenant.id)?,
        waiting,
        failed,
        causes: view.open_causes(tenant.id)?,
        allowance: view.allowance(tenant.id)?,
        seats,
        runs: view.job_runs(tenant.id, JobRunFilter { before: None, limit: RUNS })?,
    })
}

/// How it is doing, in a word or two, and the tone of that.
fn health(tenant: &TenantRecord, read: &Read) -> (&'static str, &'static str) {
    match &read.import {
        _ if tenant.config.paused => ("Paused", "quiet"),
        Some(run) if run.phase == ImportPhase::Halted => ("The safeguard has halted an import", "bad"),
        _ if tenant.last_failure.is_some() => ("The last job could not do its work", "bad"),
        _ if read.failed > 0 => ("Some tasks need an admin", "bad"),
        _ if read.to_confirm > 0 => ("Users wait to be confirmed", "quiet"),
        None if tenant.imported_at.is_none() => ("Not imported yet", "quiet"),
        _ => ("In step", "good"),
    }
}

/// When the next import comes by itself.
fn next_import(tenant: &TenantRecord) -> String {
    match tenant.config.schedule.import_minutes {
        None => "by hand".to_owned(),
        Some(minutes) => format!("every {minutes} minutes, by a worker"),
    }
}

pub(super) async fn show(
    State(shared): State<Arc<Shared>>,
    Path(tenant): Path<String>,
    visitor: Visitor,
) -> Result<Response, Problem> {
    let tenant = shared.tenant(&tenant).await?;
    let record = tenant.clone();
    let read = shared.read(move |view| Ok(read(view, &record)?)).await?;
    Ok(html(&Page {
        chrome: Chrome::tenant(&shared, &visitor, "Overview", &tenant.name, "overview"),
        health: health(&tenant, &read),
        features: Feature::titles_on(&tenant.config),
        imported: tenant.imported_at.as_ref().map(moment),
        pushed: tenant.pushed_at.as_ref().map(moment),
        next_import: next_import(&tenant),
        last_failure: tenant.last_failure,
        tenant: tenant.name,
        read,
    }))
}

impl Page {
    /// The tasks of a cause, on their page.
    fn tasks_of(&self, cause: &OpenCause) -> String {
        let state = if cause.state == TaskState::Failed { "failed" } else { "waiting" };
        let kind = cause.kind.as_ref().map(ToString::to_string).unwrap_or_default();
        super::listing::address(&format!("/applications/{}/tasks", self.tenant), &[("state", state), ("error", &kind)])
    }

    fn runs_path(&self) -> String {
        runs::path(&self.tenant)
    }
}
