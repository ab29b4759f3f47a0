//! *Import*: run it now, watch it, and decide what the safeguard has stopped.

use std::sync::Arc;
use std::time::Duration;

use askama::Template;
use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::get;

use super::audit::Row;
use super::listing::address;
use super::{matches, work};
use crate::access::{Submission, Visitor};
use crate::chrome::{Chrome, html};
use crate::jobs::{self, Panel};
use crate::problem::Problem;
use crate::shared::Shared;
use provisioning_directory::sync::Feature;
use provisioning_directory::sync::import::{ImportOptions, discard};
use provisioning_directory::{AuditFilter, ImportPhase, ImportRun, ImportScopeKind, LastFailure, QueueReason};

/// Runs in the history.
const RUNS: u32 = 20;
/// Changes of the last run that are shown at once; the audit trail has the rest.
const CHANGES: u32 = 50;
/// How long a request waits for a job that may be quick, so that its end is on the page that comes back.
pub(super) const QUICK: Duration = Duration::from_secs(2);

#[derive(Template)]
#[template(path = "import.html")]
struct Page {
    chrome: Chrome,
    path: String,
    token: String,
    /// Why nothing can be imported; none where it can.
    off: Option<String>,
    /// Why the last job ended before its work was done, unless the panel tells of a job.
    last_failure: Option<LastFailure>,
    panel: Option<Panel>,
    is_running: bool,
    /// The run that has not ended, unless a job of this console is at it.
    open: Option<ImportRun>,
    waiting: Vec<(QueueReason, u64)>,
    /// Users of which a push could not tell whose they are.
    claimed: u64,
    /// Whether only changes can be read now.
    can_read_changes: bool,
    runs: Vec<ImportRun>,
    changes: Vec<Row>,
    /// Where all changes of the last run stand.
    all_changes: String,
}

impl Page {
    fn waits(&self) -> u64 {
        let waiting = self.waiting.iter().filter(|(reason, _)| *reason != QueueReason::Ignored);
        waiting.map(|(_, count)| count).sum()
    }

    fn halted(&self) -> Option<&ImportRun> {
        self.open.as_ref().filter(|run| run.phase == ImportPhase::Halted)
    }

    fn cut_off(&self) -> Option<&ImportRun> {
        self.open.as_ref().filter(|run| run.phase != ImportPhase::Halted)
    }
}

fn scope(run: &ImportRun) -> &'static str {
    match run.scope {
        ImportScopeKind::Full => "everybody",
        ImportScopeKind::Increment => "changes",
    }
}

fn phase(run: &ImportRun) -> (&'static str, &'static str) {
    match run.phase {
        ImportPhase::Reading => ("reading", "quiet"),
        ImportPhase::Settling => ("settling", "quiet"),
        ImportPhase::Halted => ("halted", "bad"),
        ImportPhase::Done => ("done", "good"),
        ImportPhase::Discarded => ("given up", "quiet"),
    }
}

/// Its routes.
pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/applications/{tenant}/import", get(show).post(act))
        .route("/applications/{tenant}/import/matches", get(matches::show).post(matches::decide))
}

async fn show(
    State(shared): State<Arc<Shared>>,
    Path(tenant): Path<String>,
    visitor: Visitor,
) -> Result<Response, Problem> {
    let tenant = shared.tenant(&tenant).await?;
    let (id, name) = (tenant.id, tenant.name.clone());
    let (open, runs, (waiting, claimed), changes, all_changes) = shared
        .read(move |view| {
            let runs = view.imports(id, RUNS)?;
            let last = runs.iter().find(|run| run.phase == ImportPhase::Done);
            let (mut changes, mut all_changes) = (Vec::new(), String::new());
            if let Some(run) = last {
                // A moment after its last change, so that this one is in.
                let until = run.changed_at.after(Duration::from_millis(1));
                let filter = AuditFilter {
                    actor: Some(run.actor.clone()),
                    since: Some(run.started_at),
                    until: Some(until),
                    limit: Some(CHANGES),
                    ..AuditFilter::default()
                };
                changes = view.audit(&filter)?;
                let (since, until) = (run.started_at.to_string(), until.to_string());
                all_changes = address("/audit", &[("actor", &run.actor), ("since", &since), ("until", &until)]);
            }
            let waiting = (view.count_queue_by_reason(id)?, view.count_claimed_users(id)?);
            Ok((view.open_import(id)?, runs, waiting, changes, all_changes))
        })
        .await?;
    let panel = Panel::of(&shared, &tenant, Some("import"))?;
    let is_running = panel.as_ref().is_some_and(Panel::is_running);
    let switches = [Feature::ImportNewUsers, Feature::ImportProfileUpdates];
    let off = !switches.iter().any(|feature| feature.is_on(&tenant.config));
    Ok(html(&Page {
        chrome: Chrome::tenant(&shared, &visitor, "Import", &name, "import").refreshing(is_running),
        token: shared.access.token(visitor.session()),
        path: format!("/applications/{name}/import"),
        last_failure: tenant.last_failure.clone().filter(|_| panel.is_none()),
        off: off.then(|| {
            "Import New Users and Import Profile Updates are both off, so nothing is imported; switch one on under To IdP.".to_owned()
        }),
        open: open.filter(|_| !is_running),
        panel,
        is_running,
        waiting,
        claimed,
        can_read_changes: tenant.watermark.is_some(),
        runs,
        changes: changes.into_iter().map(Row::from).collect(),
        all_changes,
    }))
}

async fn act(
    State(shared): State<Arc<Shared>>,
    Path(tenant): Path<String>,
    submission: Submission,
) -> Result<Response, Problem> {
    let Submission { visitor, fields } = submission;
    let tenant = shared.tenant(&tenant).await?;
    let back = Redirect::to(&format!("/applications/{}/import", tenant.name));
    if fields.has("discard") {
        if shared.jobs.running_here(tenant.id).is_some() {
            return Err(Problem::conflict(
                "busy",
                "A job of the application is running.",
                "Wait for its end, then give the import up.",
            ));
        }
        let (directory, actor, record) = (shared.directory.clone(), visitor.actor(), tenant.clone());
        let discarded = tokio::task::spawn_blocking(move || discard(&directory, &record, &actor)).await;
        discarded.map_err(|error| Problem::internal(&error))??;
        let text = "The import was given up; the next one reads everybody.";
        shared.access.sessions.flash(visitor.session(), true, text);
        return Ok(back.into_response());
    }
    let options =
        ImportOptions { full: fields.has("full"), dry_run: fields.has("dry-run"), accept: fields.has("accept") };
    if !(fields.has("changes") || options.full || options.dry_run || options.accept) {
        return Err(Problem::refused("The form does not say what is to be imported."));
    }
    let job = work::start_import(&shared, &visitor, &tenant, options)?;
    jobs::wait(job, QUICK).await;
    Ok(back.into_response())
}
