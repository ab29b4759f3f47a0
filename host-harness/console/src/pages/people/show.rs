//! One person: profile, users in applications, assignments, tasks, trail.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;

use super::find;
use crate::access::Visitor;
use crate::chrome::{Chrome, html};
use crate::pages::audit::Row as AuditRow;
use crate::pages::listing::{address, person, segment};
use crate::problem::Problem;
use crate::shared::Shared;
use provisioning_directory::sync::intents::read_only;
use provisioning_directory::{Assignment, AuditFilter, Link, Person, RemoteUser, Task, TaskFilter, TenantRecord};

/// Rows of the trail that are shown at once.
const TRAIL: u32 = 20;

/// A user of the person.
struct User {
    tenant: String,
    link: Link,
    /// As the last import saw it.
    seen: Option<RemoteUser>,
}

#[derive(Template)]
#[template(path = "person.html")]
struct Page {
    chrome: Chrome,
    person: Person,
    path: String,
    /// Names of what comes from an application, and from which.
    sourced: Vec<(String, String)>,
    users: Vec<User>,
    assignments: Vec<(String, Assignment)>,
    /// Tenants that the person is not assigned to.
    others: Vec<String>,
    tasks: Vec<Task>,
    rows: Vec<AuditRow>,
    trail: String,
}

impl Page {
    fn source(&self, name: &str) -> Option<&str> {
        self.sourced.iter().find(|(have, _)| have == name).map(|(_, tenant)| tenant.as_str())
    }

    fn assign_at(&self, tenant: &str) -> String {
        address(&format!("/applications/{tenant}/assignments/edit"), &[("person", &self.person.key)])
    }

    fn unassign_at(&self, tenant: &str) -> String {
        address(&format!("/applications/{tenant}/assignments/remove"), &[("person", &self.person.key)])
    }

    fn tasks_at(&self, tenant: &str) -> String {
        address(&format!("/applications/{tenant}/tasks"), &[("q", &self.person.username)])
    }

    fn unlink_at(&self, tenant: &str) -> String {
        format!("{}/unlink/{}", self.path, segment(tenant))
    }
}

pub(super) async fn show(
    State(shared): State<Arc<Shared>>,
    Path(key): Path<String>,
    visitor: Visitor,
) -> Result<Response, Problem> {
    let chrome = Chrome::top(&shared, &visitor, "", "people");
    let mut page = shared
        .read(move |view| {
            let person = find(view, &key)?;
            let tenants = view.tenants()?;
            let mut users = Vec::new();
            for (tenant, link) in view.links_of(person.id)? {
                let seen = view.remote_user(link.tenant, &link.remote_id)?;
                users.push(User { tenant, link, seen });
            }
            let (mut assignments, mut others) = (Vec::new(), Vec::new());
            for TenantRecord { id, name, .. } in tenants {
                match view.assignment(id, person.id)? {
                    Some(assignment) => assignments.push((name, assignment)),
                    None => others.push(name),
                }
            }
            let trail = AuditFilter { person: Some(person.key.clone()), limit: Some(TRAIL), ..AuditFilter::default() };
            Ok(Page {
                chrome,
                path: self::person(&person.key),
                sourced: read_only(view, &person)?,
                users,
                assignments,
                others,
                tasks: view.tasks(&TaskFilter { person: Some(person.id), ..TaskFilter::default() })?,
                rows: view.audit(&trail)?.into_iter().map(AuditRow::from).collect(),
                trail: address("/audit", &[("person", &person.key)]),
                person,
            })
        })
        .await?;
    page.chrome.title.clone_from(&page.person.key);
    Ok(html(&page))
}
