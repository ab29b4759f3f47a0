//! The pages: a file each, with their routes. Adding one takes a line here, and a tab in `chrome`.

mod applications;
mod approval;
mod assignments;
mod attributes;
mod audit;
mod claims;
mod export;
mod general;
mod import;
mod integration;
mod listing;
mod matches;
mod new_application;
mod overview;
mod people;
mod push;
mod remove;
mod runs;
mod saving;
mod scim;
mod send_again;
mod sessions;
mod settings;
mod sign_in;
mod tasks;
mod to_app;
mod to_idp;
mod usage;
mod words;
mod work;

use std::sync::Arc;

use axum::Router;
use axum::extract::Path;
use axum::middleware;
use axum::response::Redirect;
use axum::routing::{get, post};

use self::general::General;
use self::integration::Integration;
use self::to_app::ToApp;
use self::to_idp::ToIdp;
use super::access::{SEND_AGAIN, admit, method_not_allowed};
use super::problem::Problem;
use super::shared::Shared;
use super::{assets, jobs};

/// All routes, behind the gate.
pub(super) fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/", get(async || Redirect::to("/applications")))
        .route("/static/{name}", get(assets::serve))
        .route("/sign-in", get(sign_in::show).post(sign_in::sign_in))
        .route("/sign-out", post(sign_in::sign_out))
        .route(SEND_AGAIN, get(send_again::show))
        .route("/applications", get(applications::show))
        .route("/add-application", get(new_application::show).post(new_application::add))
        .route("/applications/{tenant}", get(first_page))
        .route("/applications/{tenant}/overview", get(overview::show))
        .route("/applications/{tenant}/general", get(general::show).post(saving::save::<General>))
        .route("/applications/{tenant}/pin", post(general::pin))
        .route("/applications/{tenant}/approve", post(approval::approve))
        .route("/applications/{tenant}/integration", get(saving::show::<Integration>).post(saving::save::<Integration>))
        .route("/applications/{tenant}/to-app", get(saving::show::<ToApp>).post(saving::save::<ToApp>))
        .route("/applications/{tenant}/attributes", get(attributes::show).post(attributes::save))
        .route("/applications/{tenant}/to-idp", get(saving::show::<ToIdp>).post(saving::save::<ToIdp>))
        .route("/applications/{tenant}/remove", get(remove::show).post(remove::remove))
        .route("/applications/{tenant}/job/events", get(jobs::events))
        .merge(assignments::routes())
        .merge(import::routes())
        .merge(push::routes())
        .merge(tasks::routes())
        .merge(runs::routes())
        .merge(usage::routes())
        .merge(scim::routes())
        .merge(sessions::routes())
        .merge(audit::routes())
        .merge(people::routes())
        .fallback(async || Problem::no_page())
        .method_not_allowed_fallback(method_not_allowed)
        .layer(middleware::from_fn_with_state(Arc::clone(&shared), admit))
        .with_state(shared)
}

async fn first_page(Path(tenant): Path<String>) -> Redirect {
    let tenant: String = url::form_urlencoded::byte_serialize(tenant.as_bytes()).collect();
    Redirect::to(&format!("/applications/{tenant}/overview"))
}
