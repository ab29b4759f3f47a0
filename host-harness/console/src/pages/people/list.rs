//! All people, searched and by pages.

use std::collections::BTreeSet;
use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use crate::access::Visitor;
use crate::chrome::{Chrome, html};
use crate::pages::export;
use crate::pages::listing::{Asked, ROWS, address, has_more};
use crate::problem::Problem;
use crate::shared::Shared;
use provisioning_directory::{Person, PersonFilter, PersonStatus};

pub(super) const STATUSES: [(&str, PersonStatus); 3] = [
    ("active", PersonStatus::Active),
    ("suspended", PersonStatus::Suspended),
    ("deactivated", PersonStatus::Deactivated),
];

#[derive(Template)]
#[template(path = "people.html")]
struct Page {
    chrome: Chrome,
    /// The address of these people as a file.
    file: String,
    q: String,
    status: String,
    all: u64,
    people: Vec<Person>,
    next: Option<String>,
    first: Option<String>,
}

impl Page {
    fn statuses(&self) -> impl Iterator<Item = &'static str> {
        STATUSES.iter().map(|(name, _)| *name)
    }
}

/// An attribute for a cell.
fn cell(person: &Person, name: &str) -> String {
    person.attributes.get(name).map(ToString::to_string).unwrap_or_default()
}

/// Whom an address asks for.
fn wanted(asked: &Asked) -> Result<PersonFilter, Problem> {
    Ok(PersonFilter {
        status: asked.one_of("status", &STATUSES)?,
        contains: asked.get("q").map(str::to_owned),
        after: asked.get("after").map(str::to_owned),
        ..PersonFilter::default()
    })
}

pub(super) async fn as_file(
    State(shared): State<Arc<Shared>>,
    asked: Asked,
    _visitor: Visitor,
) -> Result<Response, Problem> {
    let filter = PersonFilter { limit: Some(export::MOST), ..wanted(&asked)? };
    let people = shared.read(move |view| Ok(view.people(&filter)?)).await?;
    // Every attribute that somebody has, so that the file can be changed and taken in by `person import`.
    let names: BTreeSet<String> = people.iter().flat_map(|one| one.attributes.keys().cloned()).collect();
    let columns = ["key", "username", "status"].into_iter().chain(names.iter().map(String::as_str));
    let columns: Vec<&str> = columns.collect();
    let rows = people.iter().map(|one| {
        let fixed = [one.key.clone(), one.username.clone(), one.status.to_string()];
        fixed.into_iter().chain(names.iter().map(|name| cell(one, name))).collect()
    });
    export::file("people", &columns, rows)
}

pub(super) async fn show(
    State(shared): State<Arc<Shared>>,
    asked: Asked,
    visitor: Visitor,
) -> Result<Response, Problem> {
    let filter = PersonFilter { limit: Some(ROWS + 1), ..wanted(&asked)? };
    let (mut people, all) = shared.read(move |view| Ok((view.people(&filter)?, view.count_people()?))).await?;
    let more = has_more(&mut people);
    let (q, status) = (asked.text("q"), asked.text("status"));
    let at = |after: &str| address("/people", &[("q", &q), ("status", &status), ("after", after)]);
    let next = people.last().filter(|_| more).map(|last| at(&last.key));
    let first = asked.get("after").map(|_| at(""));
    let file = address("/people.csv", &[("q", &q), ("status", &status)]);
    Ok(html(&Page {
        chrome: Chrome::top(&shared, &visitor, "People", "people"),
        file,
        q,
        status,
        all,
        people,
        next,
        first,
    }))
}
