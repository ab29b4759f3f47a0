//! *Tasks*: what is still to be done in the application and what could not be, with cause and remedy.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::get;

use super::listing::{Asked, ROWS, address, has_more, person};
use super::{claims, export};
use crate::access::{Fields, Submission, Visitor};
use crate::chrome::{Chrome, html};
use crate::problem::Problem;
use crate::shared::Shared;
use provisioning_directory::sync::intents::retry_failed;
use provisioning_directory::{
    DirectoryError, FailureKind, ReadTransaction, Task, TaskFilter, TaskId, TaskKind, TaskState, TenantId,
};

/// Which tasks are shown: open ones, or those of one state, or all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Shown {
    #[default]
    Open,
    Of(TaskState),
    All,
}

const STATES: [(&str, Shown); 6] = [
    ("open", Shown::Open),
    ("failed", Shown::Of(TaskState::Failed)),
    ("waiting", Shown::Of(TaskState::Waiting)),
    ("done", Shown::Of(TaskState::Done)),
    ("cancelled", Shown::Of(TaskState::Cancelled)),
    ("all", Shown::All),
];

const KINDS: [(&str, TaskKind); 7] = [
    ("push", TaskKind::Push),
    ("deactivate", TaskKind::Deactivate),
    ("reactivate", TaskKind::Reactivate),
    ("password", TaskKind::Password),
    ("vanished", TaskKind::Vanished),
    ("import", TaskKind::Import),
    ("grants", TaskKind::Grants),
];

struct Row {
    task: Task,
    /// The address of the person's page.
    person: Option<String>,
    /// Where it is decided which user is the person's, where a push could not tell.
    decide: Option<String>,
}

impl Row {
    /// Whether the row has a button that tries it again.
    fn can_retry(&self) -> bool {
        self.task.state == TaskState::Failed && !matches!(self.task.kind, TaskKind::Import | TaskKind::Grants)
    }

    fn tone(&self) -> &'static str {
        match self.task.state {
            TaskState::Failed => "bad",
            TaskState::Done => "good",
            TaskState::Waiting | TaskState::Cancelled => "quiet",
        }
    }
}

#[derive(Template)]
#[template(path = "tasks.html")]
struct Page {
    chrome: Chrome,
    tenant: String,
    path: String,
    token: String,
    state: &'static str,
    kind: String,
    error: String,
    q: String,
    /// Kinds of errors of open tasks, with how many have each.
    errors: Vec<(FailureKind, u64)>,
    waiting: u64,
    failed: u64,
    /// How many failed tasks the filter finds; the button for all of them retries these.
    found_failed: u64,
    /// The address of these tasks as a file.
    file: String,
    rows: Vec<Row>,
    next: Option<String>,
    first: Option<String>,
}

impl Page {
    fn states(&self) -> impl Iterator<Item = &'static str> {
        STATES.iter().map(|(name, _)| *name)
    }

    fn is_state(&self, name: &str) -> bool {
        self.state == name
    }

    fn is_kind(&self, name: &str) -> bool {
        self.kind == name
    }

    fn is_error(&self, kind: &FailureKind) -> bool {
        self.error == kind.name()
    }

    fn kinds(&self) -> impl Iterator<Item = &'static str> {
        KINDS.iter().map(|(name, _)| *name)
    }
}

/// Its routes.
pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/applications/{tenant}/tasks", get(show).post(retry))
        .route("/applications/{tenant}/tasks.csv", get(as_file))
}

fn row(view: &ReadTransaction<'_>, tenant: TenantId, task: Task) -> Result<Row, DirectoryError> {
    let is_open = task.kind == TaskKind::Push && matches!(task.state, TaskState::Failed | TaskState::Waiting);
    let decide = match (&task.person, task.person_id) {
        (Some(key), Some(id)) if is_open && view.has_claims(tenant, id)? => Some(claims::of_person(&task.tenant, key)),
        _ => None,
    };
    Ok(Row { person: task.person.as_deref().map(person), decide, task })
}

fn text(value: &str) -> Option<String> {
    (!value.trim().is_empty()).then(|| value.trim().to_owned())
}

/// What a filter's fields ask for, without state.
fn filter(tenant: TenantId, kind: Option<TaskKind>, error: &str, q: &str) -> TaskFilter {
    TaskFilter {
        tenant: Some(tenant),
        kind,
        error_kind: text(error).as_deref().map(FailureKind::parse),
        contains: text(q),
        ..TaskFilter::default()
    }
}

/// Which tasks an address asks for.
fn wanted(asked: &Asked, tenant: TenantId) -> Result<(Shown, TaskFilter), Problem> {
    let shown = asked.one_of("state", &STATES)?.unwrap_or_default();
    let kind = asked.one_of("kind", &KINDS)?;
    let wanted = TaskFilter {
        state: match shown {
            Shown::Of(state) => Some(state),
            Shown::Open | Shown::All => None,
        },
        all: shown == Shown::All,
        after: asked.number("after")?.map(TaskId::from_number),
        ..filter(tenant, kind, &asked.text("error"), &asked.text("q"))
    };
    Ok((shown, wanted))
}

async fn as_file(
    State(shared): State<Arc<Shared>>,
    Path(tenant): Path<String>,
    asked: Asked,
    _visitor: Visitor,
) -> Result<Response, Problem> {
    let tenant = shared.tenant(&tenant).await?;
    let (_, wanted) = wanted(&asked, tenant.id)?;
    let wanted = TaskFilter { limit: Some(export::MOST), ..wanted };
    let tasks = shared.read(move |view| Ok(view.tasks(&wanted)?)).await?;
    let rows = tasks.into_iter().map(|task| {
        vec![
            task.id.to_string(),
            task.person.unwrap_or_default(),
            task.username.unwrap_or_default(),
            task.kind.name().to_owned(),
            task.state.name().to_owned(),
            task.error_kind.map(|kind| kind.to_string()).unwrap_or_default(),
            task.cause.unwrap_or_default(),
            task.upstream.map(|said| said.to_string()).unwrap_or_default(),
            task.remedy.unwrap_or_default(),
        ]
    });
    let columns =
        ["Task", "Person", "Username", "What", "State", "Kind", "Cause", "The application said", "What to do"];
    export::file(&format!("{}-tasks", tenant.name), &columns, rows)
}

async fn show(
    State(shared): State<Arc<Shared>>,
    Path(tenant): Path<String>,
    asked: Asked,
    visitor: Visitor,
) -> Result<Response, Problem> {
    let tenant = shared.tenant(&tenant).await?;
    let (shown, wanted) = wanted(&asked, tenant.id)?;
    let wanted = TaskFilter { limit: Some(ROWS + 1), ..wanted };
    let kind = asked.one_of("kind", &KINDS)?;
    let (error, q) = (asked.text("error"), asked.text("q"));
    let failed = TaskFilter { state: Some(TaskState::Failed), ..filter(tenant.id, kind, &error, &q) };
    let id = tenant.id;
    let (mut rows, found_failed, errors, (waiting, failed)) = shared
        .read(move |view| {
            let rows =
                view.tasks(&wanted)?.into_iter().map(|task| row(view, id, task)).collect::<Result<Vec<_>, _>>()?;
            Ok((rows, view.count_tasks(&failed)?, view.task_errors(id)?, view.count_open_tasks(id)?))
        })
        .await?;
    let more = has_more(&mut rows);
    let path = format!("/applications/{}/tasks", tenant.name);
    let state = STATES.iter().find(|(_, one)| *one == shown).map_or("open", |(name, _)| *name);
    let kind = asked.text("kind");
    let at = |after: &str| {
        address(&path, &[("state", state), ("kind", &kind), ("error", &error), ("q", &q), ("after", after)])
    };
    let file = address(&format!("{path}.csv"), &[("state", state), ("kind", &kind), ("error", &error), ("q", &q)]);
    let next = rows.last().filter(|_| more).map(|last| at(&last.task.id.to_string()));
    let first = asked.get("after").map(|_| at(""));
    Ok(html(&Page {
        chrome: Chrome::tenant(&shared, &visitor, "Tasks", &tenant.name, "tasks"),
        token: shared.access.token(visitor.session()),
        tenant: tenant.name,
        next,
        first,
        path,
        state,
        kind,
        error,
        q,
        errors,
        waiting,
        failed,
        found_failed,
        file,
        rows,
    }))
}

/// Has one task tried again, or all failed ones that the filter finds.
async fn retry(
    State(shared): State<Arc<Shared>>,
    Path(tenant): Path<String>,
    submission: Submission,
) -> Result<Response, Problem> {
    let Submission { visitor, fields } = submission;
    let tenant = shared.tenant(&tenant).await?;
    let id = tenant.id;
    let retried = if fields.has("retry-all") {
        let wanted = sent_filter(id, &fields)?;
        let (directory, actor) = (shared.directory.clone(), visitor.actor());
        let retried = tokio::task::spawn_blocking(move || retry_failed(&directory, &actor, &wanted)).await;
        retried.map_err(|error| Problem::internal(&error))??.len()
    } else {
        let number = fields.get("retry").unwrap_or_default();
        let number: i64 = number.parse().map_err(|_| Problem::refused("No task was named to be tried again."))?;
        let name = tenant.name.clone();
        shared
            .write(&visitor, move |change| {
                let task = change.task(TaskId::from_number(number))?;
                // The number of another application's task is none of this page's.
                if task.tenant != name {
                    return Err(Problem::not_found("There is no such task of this application."));
                }
                change.retry_task(&task)?;
                Ok(1)
            })
            .await?
    };
    let text = match retried {
        0 => "No failed task was found that can be tried again.".to_owned(),
        1 => "One task is tried again with the next push.".to_owned(),
        several => format!("{several} tasks are tried again with the next push."),
    };
    shared.access.sessions.flash(visitor.session(), retried > 0, text);
    Ok(Redirect::to(&format!("/applications/{}/tasks", tenant.name)).into_response())
}

fn sent_filter(tenant: TenantId, fields: &Fields) -> Result<TaskFilter, Problem> {
    let kind = match text(fields.get("kind").unwrap_or_default()) {
        None => None,
        Some(name) => Some(
            KINDS
                .iter()
                .find(|(have, _)| *have == name)
                .map(|(_, kind)| *kind)
                .ok_or_else(|| Problem::refused("The form names a kind of task that there is not."))?,
        ),
    };
    Ok(filter(tenant, kind, fields.get("error").unwrap_or_default(), fields.get("q").unwrap_or_default()))
}
