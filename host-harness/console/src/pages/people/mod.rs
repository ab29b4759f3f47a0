//! *People*: who there is, and one person with all that concerns it.

mod edit;
mod links;
mod list;
mod password;
mod show;

use std::sync::Arc;

use axum::Router;
use axum::routing::get;

pub(super) use self::edit::{lines, report_change};
use crate::problem::Problem;
use crate::shared::Shared;
use provisioning_directory::{Person, ReadTransaction};

/// Its routes.
pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/people", get(list::show))
        .route("/people.csv", get(list::as_file))
        .route("/add-person", get(edit::show_new).post(edit::add))
        .route("/people/{key}", get(show::show))
        .route("/people/{key}/edit", get(edit::show).post(edit::save))
        .route("/people/{key}/password", get(password::show).post(password::set))
        .route("/people/{key}/unlink/{tenant}", get(links::show).post(links::unlink))
}

/// A person by the key in an address.
fn find(view: &ReadTransaction<'_>, key: &str) -> Result<Person, Problem> {
    view.find_person(key)?.ok_or_else(|| Problem::not_found("There is no such person."))
}
