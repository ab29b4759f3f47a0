//! Who is assigned.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;

use crate::access::Visitor;
use crate::chrome::{Chrome, html};
use crate::jobs::Panel;
use crate::pages::listing::{Asked, ROWS, address, has_more, person};
use crate::problem::Problem;
use crate::shared::Shared;
use provisioning_directory::{
    DirectoryError, GrantName, Person, PersonFilter, ReadTransaction, Task, TaskFilter, TaskState, TenantId,
};

/// Somebody who is assigned.
struct Row {
    person: Person,
    grants: Vec<GrantName>,
    /// The user's id in the application.
    user: Option<String>,
    /// An open task, one that failed before one that waits.
    task: Option<Task>,
}

impl Row {
    fn path(&self) -> String {
        person(&self.person.key)
    }

    /// How far it is, in a few words, and its tone.
    fn state(&self) -> (&'static str, &'static str) {
        match (&self.task, &self.user) {
            (Some(task), _) if task.state == TaskState::Failed => ("failed", "bad"),
            (Some(_), _) => ("waits for the next push", "quiet"),
            (None, Some(_)) => ("in step", "good"),
            (None, None) => ("not pushed", "quiet"),
        }
    }
}

#[derive(Template)]
#[template(path = "assignments.html")]
struct Page {
    chrome: Chrome,
    tenant: String,
    path: String,
    q: String,
    rows: Vec<Row>,
    panel: Option<Panel>,
    next: Option<String>,
    first: Option<String>,
}

impl Page {
    fn edit_at(&self, row: &Row) -> String {
        address(&format!("{}/edit", self.path), &[("person", &row.person.key)])
    }

    fn remove_at(&self, row: &Row) -> String {
        address(&format!("{}/remove", self.path), &[("person", &row.person.key)])
    }
}

fn row(view: &ReadTransaction<'_>, tenant: TenantId, person: Person) -> Result<Row, DirectoryError> {
    let open = TaskFilter { tenant: Some(tenant), person: Some(person.id), ..TaskFilter::default() };
    let mut tasks = view.tasks(&open)?;
    tasks.sort_by_key(|task| task.state != TaskState::Failed);
    Ok(Row {
        grants: view.assignment(tenant, person.id)?.map(|assignment| assignment.grants).unwrap_or_default(),
        user: view.link(tenant, person.id)?.map(|link| link.remote_id),
        task: tasks.into_iter().next(),
        person,
    })
}

pub(super) async fn show(
    State(shared): State<Arc<Shared>>,
    Path(tenant): Path<String>,
    asked: Asked,
    visitor: Visitor,
) -> Result<Response, Problem> {
    let tenant = shared.tenant(&tenant).await?;
    let id = tenant.id;
    let filter = PersonFilter {
        assigned_to: Some(id),
        contains: asked.get("q").map(str::to_owned),
        after: asked.get("after").map(str::to_owned),
        limit: Some(ROWS + 1),
        ..PersonFilter::default()
    };
    let mut rows = shared
        .read(move |view| {
            let people = view.people(&filter)?;
            Ok(people.into_iter().map(|person| row(view, id, person)).collect::<Result<Vec<_>, _>>()?)
        })
        .await?;
    let more = has_more(&mut rows);
    let path = format!("/applications/{}/assignments", tenant.name);
    let q = asked.text("q");
    let at = |after: &str| address(&path, &[("q", &q), ("after", after)]);
    let next = rows.last().filter(|_| more).map(|last| at(&last.person.key));
    let first = asked.get("after").map(|_| at(""));
    let panel = Panel::of(&shared, &tenant, Some("assign"))?;
    let is_running = panel.as_ref().is_some_and(Panel::is_running);
    Ok(html(&Page {
        chrome: Chrome::tenant(&shared, &visitor, "People", &tenant.name, "assignments").refreshing(is_running),
        tenant: tenant.name,
        next,
        first,
        path,
        q,
        rows,
        panel,
    }))
}
