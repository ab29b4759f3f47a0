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

/// A row, for people.
pub(super) struct Row {
    pub(super) run: JobRun,
    pub(super) took: String,
    pub(super) counts: String,
}

impl From<JobRun> for Row {
    fn from(run: JobRun) -> Self {
        let counts: Vec<String> = run.counts.iter().map(|(word, count)| format!("{count} {word}")).collect();
        let counts = if counts.is_empty() { "nothing".to_owned() } else { counts.join(", ") };
        Self { took: took(&run), counts, run }
    }
}

impl Row {
    pub(super) fn tone(&self) -> &'static str {
        match self.run.outcome {
            JobOutcome::Done => "good",
            JobOutcome::Paused => "quiet",
            JobOutcome::Partly | JobOutcome::Halted | JobOutcome::Failed => "bad",
        }
    }
}

/// How long it took, to a second; below a minute to a tenth.
fn took(run: &JobRun) -> String {
    let took = run.ended_at.since(run.started_at);
    match took.as_secs() {
        0..60 => format!("{:.1} s", took.as_secs_f64()),
        60..3600 => format!("{} min {} s", took.as_secs() / 60, took.as_secs() % 60),
        seconds => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
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
    rows: Vec<Row>,
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
        rows: runs.into_iter().map(Row::from).collect(),
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
    let rows = runs.into_iter().map(Row::from).map(|row| {
        let failure = row.run.failure.as_ref().map(|failure| failure.message.clone()).unwrap_or_default();
        vec![
            row.run.id.to_string(),
            row.run.started_at.to_string(),
            row.run.ended_at.to_string(),
            row.run.kind.name().to_owned(),
            row.run.actor,
            row.run.outcome.name().to_owned(),
            row.run.requests.to_string(),
            row.counts,
            failure,
        ]
    });
    let columns = ["Run", "Began", "Ended", "What", "Who", "Result", "Requests", "What came of it", "What ended it"];
    export::file(&format!("{}-runs", tenant.name), &columns, rows)
}
