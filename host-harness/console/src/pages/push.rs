//! *Push*: carry out the tasks now, or look at what they would write and approve exactly that.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::get;

use super::import::QUICK;
use super::listing::{Asked, ROWS, address, has_more, person};
use super::work;
use crate::access::{Submission, Visitor};
use crate::chrome::{Chrome, html};
use crate::jobs::{self, Panel};
use crate::problem::Problem;
use crate::shared::Shared;
use provisioning_directory::sync::plans::discard;
use provisioning_directory::{
    DirectoryError, LastFailure, Plan, PlanId, PlanItem, PlanState, ReadTransaction, TaskFilter, TaskId, TaskKind,
    TaskState, Timestamp,
};

/// Plans in the history.
const PLANS: u32 = 10;

/// What a plan says of one person.
struct Row {
    item: PlanItem,
    key: String,
    username: String,
    /// Whether the task was asked for anew since the plan was made.
    is_stale: bool,
}

impl Row {
    fn path(&self) -> String {
        person(&self.key)
    }
}

#[derive(Template)]
#[template(path = "push.html")]
struct Page {
    chrome: Chrome,
    tenant: String,
    path: String,
    token: String,
    approval: bool,
    /// Waiting tasks by what they do.
    waiting: Vec<(&'static str, u64)>,
    failed: u64,
    /// Why the last job ended before its work was done, unless the panel tells of a job.
    last_failure: Option<LastFailure>,
    panel: Option<Panel>,
    is_running: bool,
    open: Option<Plan>,
    items: u64,
    rows: Vec<Row>,
    plans: Vec<Plan>,
    pushed_at: Option<Timestamp>,
    next: Option<String>,
    first: Option<String>,
}

fn state(plan: &Plan) -> &'static str {
    match plan.state {
        PlanState::Open => "open",
        PlanState::Applied => "applied",
        PlanState::Superseded => "given up or replaced",
    }
}

/// Its routes.
pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new().route("/applications/{tenant}/push", get(show).post(act))
}

fn row(view: &ReadTransaction<'_>, item: PlanItem) -> Result<Row, DirectoryError> {
    let task = view.task(item.task)?;
    Ok(Row {
        is_stale: task.revision != item.revision || !matches!(task.state, TaskState::Waiting | TaskState::Failed),
        key: task.person.unwrap_or_default(),
        username: task.username.unwrap_or_default(),
        item,
    })
}

async fn show(
    State(shared): State<Arc<Shared>>,
    Path(tenant): Path<String>,
    asked: Asked,
    visitor: Visitor,
) -> Result<Response, Problem> {
    let tenant = shared.tenant(&tenant).await?;
    let after = asked.number("after")?.map(TaskId::from_number);
    let id = tenant.id;
    let (waiting, failed, open, items, mut rows, plans) = shared
        .read(move |view| {
            let kinds = [TaskKind::Deactivate, TaskKind::Reactivate, TaskKind::Push, TaskKind::Password];
            let mut waiting = Vec::new();
            for kind in kinds {
                let filter = TaskFilter {
                    tenant: Some(id),
                    state: Some(TaskState::Waiting),
                    kind: Some(kind),
                    ..TaskFilter::default()
                };
                let count = view.count_tasks(&filter)?;
                if count > 0 {
                    waiting.push((work::kind_words(kind), count));
                }
            }
            let plans = view.plans(id, PLANS)?;
            let open = plans.iter().find(|plan| plan.state == PlanState::Open).cloned();
            let (mut items, mut rows) = (0, Vec::new());
            if let Some(plan) = &open {
                items = view.count_plan_items(plan.id)?;
                for item in view.plan_items_after(plan.id, after, Some(ROWS + 1))? {
                    rows.push(row(view, item)?);
                }
            }
            Ok((waiting, view.count_open_tasks(id)?.1, open, items, rows, plans))
        })
        .await?;
    let more = has_more(&mut rows);
    let path = format!("/applications/{}/push", tenant.name);
    let next = rows.last().filter(|_| more).map(|last| address(&path, &[("after", &last.item.task.to_string())]));
    let panel = Panel::of(&shared, &tenant, Some("push"))?;
    let is_running = panel.as_ref().is_some_and(Panel::is_running);
    Ok(html(&Page {
        chrome: Chrome::tenant(&shared, &visitor, "Push", &tenant.name, "push").refreshing(is_running),
        token: shared.access.token(visitor.session()),
        approval: tenant.config.to_app.approval,
        pushed_at: tenant.pushed_at,
        last_failure: tenant.last_failure.filter(|_| panel.is_none()),
        tenant: tenant.name,
        first: after.map(|_| path.clone()),
        path,
        waiting,
        failed,
        panel,
        is_running,
        open,
        items,
        rows,
        plans,
        next,
    }))
}

async fn act(
    State(shared): State<Arc<Shared>>,
    Path(tenant): Path<String>,
    submission: Submission,
) -> Result<Response, Problem> {
    let Submission { visitor, fields } = submission;
    let tenant = shared.tenant(&tenant).await?;
    let plan = || -> Result<PlanId, Problem> {
        let number = fields.get("plan-number").unwrap_or_default();
        number.parse().map(PlanId::from_number).map_err(|_| Problem::refused("The form names no plan."))
    };
    let back = Redirect::to(&format!("/applications/{}/push", tenant.name));
    if fields.has("discard") {
        let (directory, actor, record, id) = (shared.directory.clone(), visitor.actor(), tenant.clone(), plan()?);
        let discarded = tokio::task::spawn_blocking(move || discard(&directory, &record, &actor, id)).await;
        discarded.map_err(|error| Problem::internal(&error))??;
        shared.access.sessions.flash(
            visitor.session(),
            true,
            format!("Plan {id} was given up; nothing of it is written."),
        );
        return Ok(back.into_response());
    }
    let job = if fields.has("push") {
        work::start_push(&shared, &visitor, &tenant)?
    } else if fields.has("plan") {
        work::start_plan(&shared, &visitor, &tenant)?
    } else if fields.has("apply") {
        work::start_apply(&shared, &visitor, &tenant, plan()?)?
    } else {
        return Err(Problem::refused("The form does not say what is to be done."));
    };
    jobs::wait(job, QUICK).await;
    Ok(back.into_response())
}
