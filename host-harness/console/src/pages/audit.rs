//! *Audit*: who did what to whom, filtered, the newest first. For one application, or for all.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::get;
use serde_json::Value as Json;

use super::listing::{Asked, ROWS, address, has_more, person};
use crate::access::Visitor;
use crate::chrome::{Chrome, html};
use crate::problem::Problem;
use crate::shared::Shared;
use provisioning_directory::{AuditEntry, AuditFilter};

/// One thing that is different: its name, before, after.
pub(super) type Difference = (String, Option<String>, Option<String>);

/// A row, for people.
pub(super) struct Row {
    pub(super) entry: AuditEntry,
    pub(super) differences: Vec<Difference>,
    /// The address of the person's page.
    pub(super) person: Option<String>,
}

impl From<AuditEntry> for Row {
    fn from(entry: AuditEntry) -> Self {
        let differences = differences(entry.old.as_ref(), entry.new.as_ref());
        let person = entry.person.as_deref().map(person);
        Self { entry, differences, person }
    }
}

/// What differs between two documents, by name; both whole where they are no objects.
fn differences(old: Option<&Json>, new: Option<&Json>) -> Vec<Difference> {
    let empty = serde_json::Map::new();
    let object = |value: Option<&'_ Json>| match value {
        None => Some(empty.clone()),
        Some(Json::Object(fields)) => Some(fields.clone()),
        Some(_) => None,
    };
    let (Some(before), Some(after)) = (object(old), object(new)) else {
        return vec![(String::new(), old.map(text), new.map(text))];
    };
    let mut names: Vec<&String> = before.keys().chain(after.keys()).collect();
    names.sort();
    names.dedup();
    let changed = names.into_iter().filter(|name| before.get(*name) != after.get(*name));
    changed.map(|name| (name.clone(), before.get(name).map(text), after.get(name).map(text))).collect()
}

fn text(value: &Json) -> String {
    match value {
        Json::Null => String::new(),
        Json::String(text) => text.clone(),
        other => other.to_string(),
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_row_tells_what_differs_and_nothing_else() {
        let (old, new) = (json!({ "a": 1, "b": "x", "d": null }), json!({ "a": 1, "b": "y", "c": ["z"], "d": null }));
        let found = differences(Some(&old), Some(&new));
        let found: Vec<_> =
            found.iter().map(|(name, old, new)| (name.as_str(), old.as_deref(), new.as_deref())).collect();
        assert_eq!(found, [("b", Some("x"), Some("y")), ("c", None, Some("[\"z\"]"))]);
        assert_eq!(differences(Some(&json!("x")), None), [(String::new(), Some("x".to_owned()), None)]);
        assert!(differences(None, None).is_empty());
    }
}
