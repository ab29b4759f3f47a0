//! *Runs*: every import and push that did something, with what it came to and who started it.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::get;

use super::export;
use super::listing::{Asked, ROWS, address, has_more};
use crate::access::Visitor;
use crate::chrome::{Chrome, html};
use crate::problem::Problem;
use crate::shared::Shared;
use provisioning_directory::{JobOutcome, JobRun, JobRunFilter};

/// How well a job ended, as a colour.
pub(super) fn tone(run: &JobRun) -> &'static str {
    match run.outcome {
        JobOutcome::Done => "good",
        JobOutcome::Paused => "quiet",
        JobOutcome::Partly | JobOutcome::Halted | JobOutcome::Failed => "bad",
    }
}

/// The address of an application's runs.
pub(super) fn path(tenant: &str) -> String {
    format!("/applications/{tenant}/runs")
}

#[derive(Template)]
#[template(path = "runs.html")]
struct Page {
    chrome: Chrome,
    path: String,
    runs: Vec<JobRun>,
    next: Option<String>,
    first: Option<String>,
}

/// Its routes.
pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new().route("/applications/{tenant}/runs", get(show)).route("/applications/{tenant}/runs.csv", get(as_file))
}

async fn show(
    State(shared): State<Arc<Shared>>,
    Path(tenant): Path<String>,
    asked: Asked,
    visitor: Visitor,
) -> Result<Response, Problem> {
    let tenant = shared.tenant(&tenant).await?;
    let filter = JobRunFilter { before: asked.number("before")?, limit: ROWS + 1 };
    let mut runs = shared.read(move |view| Ok(view.job_runs(tenant.id, filter)?)).await?;
    let more = has_more(&mut runs);
    let path = path(&tenant.name);
    let next = runs.last().filter(|_| more).map(|last| address(&path, &[("before", &last.id.to_string())]));
    Ok(html(&Page {
        chrome: Chrome::tenant(&shared, &visitor, "Runs", &tenant.name, "runs"),
        first: asked.get("before").map(|_| path.clone()),
        runs,
        path,
        next,
    }))
}

async fn as_file(
    State(shared): State<Arc<Shared>>,
    Path(tenant): Path<String>,
    _visitor: Visitor,
) -> Result<Response, Problem> {
    let tenant = shared.tenant(&tenant).await?;
    let filter = JobRunFilter { before: None, limit: export::MOST };
    let runs = shared.read(move |view| Ok(view.job_runs(tenant.id, filter)?)).await?;
    let rows = runs.into_iter().map(|run| {
        vec![
            run.id.to_string(),
            run.started_at.to_string(),
            run.ended_at.to_string(),
            run.kind.name().to_owned(),
            run.came_to(),
            run.outcome.name().to_owned(),
            run.requests.to_string(),
            run.actor,
            run.failure.map(|failure| failure.message).unwrap_or_default(),
        ]
    });
    let columns = ["Run", "Began", "Ended", "What", "What came of it", "Result", "Requests", "Who", "What ended it"];
    export::file(&format!("{}-runs", tenant.name), &columns, rows)
}
