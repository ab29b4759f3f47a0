//! *Audit*: who did what to whom, filtered, the newest first. For one application, or for all.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::get;

use super::listing::{Asked, ROWS, address, has_more, person};
use crate::access::Visitor;
use crate::chrome::{Chrome, html};
use crate::problem::Problem;
use crate::shared::Shared;
use provisioning_directory::{AuditEntry, AuditFilter, Difference};

/// A row, for people.
pub(super) struct Row {
    pub(super) entry: AuditEntry,
    pub(super) what: String,
    pub(super) differences: Vec<Difference>,
    /// The address of the person's page.
    pub(super) person: Option<String>,
    /// The address of the application's pages.
    pub(super) application: Option<String>,
}

impl From<AuditEntry> for Row {
    fn from(entry: AuditEntry) -> Self {
        let person = entry.person.as_deref().map(person);
        let application = entry.tenant.as_ref().map(|tenant| format!("/applications/{tenant}"));
        Self { what: entry.what(), differences: entry.differences(), entry, person, application }
    }
}

#[derive(Template)]
#[template(path = "audit.html")]
struct Page {
    chrome: Chrome,
    path: String,
    /// Whether the page is that of one application.
    of_one: bool,
    tenant: String,
    person: String,
    actor: String,
    action: String,
    since: String,
    until: String,
    rows: Vec<Row>,
    next: Option<String>,
    first: Option<String>,
}

/// Its routes.
pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new().route("/audit", get(all)).route("/applications/{tenant}/audit", get(of_tenant))
}

async fn all(State(shared): State<Arc<Shared>>, asked: Asked, visitor: Visitor) -> Result<Response, Problem> {
    let chrome = Chrome::top(&shared, &visitor, "Audit", "audit");
    page(&shared, chrome, "/audit".to_owned(), None, &asked).await
}

async fn of_tenant(
    State(shared): State<Arc<Shared>>,
    Path(tenant): Path<String>,
    asked: Asked,
    visitor: Visitor,
) -> Result<Response, Problem> {
    let tenant = shared.tenant(&tenant).await?.name;
    let chrome = Chrome::tenant(&shared, &visitor, "Audit", &tenant, "audit");
    page(&shared, chrome, format!("/applications/{tenant}/audit"), Some(tenant), &asked).await
}

async fn page(
    shared: &Shared,
    chrome: Chrome,
    path: String,
    tenant: Option<String>,
    asked: &Asked,
) -> Result<Response, Problem> {
    let of_one = tenant.is_some();
    let given = |name: &str| asked.get(name).map(str::to_owned);
    let filter = AuditFilter {
        tenant: tenant.or_else(|| given("tenant")),
        person: given("person"),
        actor: given("actor"),
        action: given("action"),
        since: asked.moment("since", false)?,
        until: asked.moment("until", true)?,
        before: asked.number("before")?,
        limit: Some(ROWS + 1),
    };
    let tenant = filter.tenant.clone().unwrap_or_default();
    let mut rows = shared.read(move |view| Ok(view.audit(&filter)?)).await?;
    let more = has_more(&mut rows);
    let last = rows.last().map(|row| row.id.to_string());
    let [person, actor, action, since, until] =
        ["person", "actor", "action", "since", "until"].map(|name| asked.text(name));
    let own = if of_one { "" } else { tenant.as_str() };
    let at = |before: &str| {
        address(
            &path,
            &[
                ("tenant", own),
                ("person", &person),
                ("actor", &actor),
                ("action", &action),
                ("since", &since),
                ("until", &until),
                ("before", before),
            ],
        )
    };
    let next = last.filter(|_| more).map(|last| at(&last));
    let first = asked.get("before").map(|_| at(""));
    let rows = rows.into_iter().map(Row::from).collect();
    Ok(html(&Page { next, first, chrome, of_one, tenant, person, actor, action, since, until, rows, path }))
}
