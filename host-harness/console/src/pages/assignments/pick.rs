//! The first step of assigning: whom.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;

use super::who::unassigned;
use crate::access::Visitor;
use crate::chrome::{Chrome, html};
use crate::pages::listing::{Asked, ROWS, address, has_more};
use crate::problem::Problem;
use crate::shared::Shared;
use provisioning_directory::{Person, PersonFilter};

#[derive(Template)]
#[template(path = "pick.html")]
struct Page {
    chrome: Chrome,
    tenant: String,
    path: String,
    q: String,
    /// How many the search finds.
    found: u64,
    people: Vec<Person>,
    next: Option<String>,
    first: Option<String>,
}

/// Given and family name.
fn name(person: &Person) -> String {
    let attribute = |name: &str| person.attributes.get(name).map(ToString::to_string).unwrap_or_default();
    format!("{} {}", attribute("givenName"), attribute("familyName")).trim().to_owned()
}

pub(super) async fn show(
    State(shared): State<Arc<Shared>>,
    Path(tenant): Path<String>,
    asked: Asked,
    visitor: Visitor,
) -> Result<Response, Problem> {
    let tenant = shared.tenant(&tenant).await?;
    let q = asked.text("q");
    let all = unassigned(tenant.id, &q);
    let filter = PersonFilter { after: asked.get("after").map(str::to_owned), limit: Some(ROWS + 1), ..all.clone() };
    let (mut people, found) = shared
        .read(move |view| {
            let people = view.people(&filter)?;
            // A first page that is the last one is counted already.
            let is_all = filter.after.is_none() && people.len() <= ROWS as usize;
            let found = if is_all { people.len() as u64 } else { view.count_people_of(&all)? };
            Ok((people, found))
        })
        .await?;
    let more = has_more(&mut people);
    let path = format!("/applications/{}/assignments", tenant.name);
    let at = |after: &str| address(&format!("{path}/people"), &[("q", &q), ("after", after)]);
    let next = people.last().filter(|_| more).map(|last| at(&last.key));
    let first = asked.get("after").map(|_| at(""));
    Ok(html(&Page {
        chrome: Chrome::tenant(&shared, &visitor, "Assign people: whom", &tenant.name, "assignments"),
        tenant: tenant.name,
        next,
        first,
        path,
        q,
        found,
        people,
    }))
}
