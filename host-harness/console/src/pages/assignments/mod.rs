//! *Assignments*: who has a user in the application, and what that user holds.
//!
//! Assigning takes three steps that work without a script: pick people, choose what their users are to hold, look at what that
//! would write. Choosing is one form that comes back with what fits.

mod choices;
mod edit;
mod list;
mod pick;
mod plan;
mod remove;
mod who;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};

use crate::shared::Shared;

/// Its routes.
pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/applications/{tenant}/assignments", get(list::show))
        .route("/applications/{tenant}/assignments/people", get(pick::show))
        .route("/applications/{tenant}/assignments/edit", get(edit::show).post(edit::act))
        .route("/applications/{tenant}/assignments/remove", get(remove::show).post(remove::remove))
        .route("/applications/{tenant}/assignments/list-choices", post(edit::list_choices))
}
