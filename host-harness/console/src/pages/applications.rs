//! *Applications*: every tenant with its state at a glance.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use crate::access::Visitor;
use crate::chrome::{Chrome, html};
use crate::problem::Problem;
use crate::shared::Shared;
use provisioning_directory::{
    Allowance, DirectoryError, ImportPhase, ImportRun, ReadTransaction, TenantId, TenantRecord, Timestamp,
};

/// A tenant in the list.
struct Row {
    id: TenantId,
    name: String,
    imported_at: Option<Timestamp>,
    import: Option<ImportRun>,
    links: u64,
    to_confirm: u64,
    waiting: u64,
    failed: u64,
    allowance: Option<Allowance>,
    running: bool,
    /// Whether the last job ended before its work was done.
    has_failed: bool,
}

#[derive(Template)]
#[template(path = "applications.html")]
struct Page {
    chrome: Chrome,
    rows: Vec<Row>,
}

fn row(view: &ReadTransaction<'_>, tenant: TenantRecord) -> Result<Row, DirectoryError> {
    let (waiting, failed) = view.count_open_tasks(tenant.id)?;
    Ok(Row {
        id: tenant.id,
        imported_at: tenant.imported_at,
        import: view.open_import(tenant.id)?,
        links: view.count_links(tenant.id)?,
        to_confirm: view.count_queue(tenant.id)? + view.count_claimed_users(tenant.id)?,
        waiting,
        failed,
        allowance: view.allowance(tenant.id)?,
        running: false,
        has_failed: tenant.last_failure.is_some(),
        name: tenant.name,
    })
}

impl Row {
    /// The state of its import, in a few words, and whether an admin has to do something.
    fn state(&self) -> (&'static str, bool) {
        match &self.import {
            Some(run) if run.phase == ImportPhase::Halted => ("Halted by the safeguard", true),
            _ if self.running => ("Running", false),
            Some(_) => ("Cut off; the next import goes on", true),
            None if self.imported_at.is_none() => ("Never imported", false),
            None => ("Imported", false),
        }
    }
}

pub(super) async fn show(State(shared): State<Arc<Shared>>, visitor: Visitor) -> Result<Response, Problem> {
    let mut rows = shared
        .read(|view| {
            let tenants = view.tenants()?;
            Ok(tenants.into_iter().map(|tenant| row(view, tenant)).collect::<Result<Vec<_>, _>>()?)
        })
        .await?;
    for row in &mut rows {
        row.running = shared.jobs.is_running(row.id)?;
    }
    Ok(html(&Page { chrome: Chrome::top(&shared, &visitor, "Applications", "applications"), rows }))
}
