//! Who is signed in, and from where.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::get;
use serde_json::json;

use crate::access::{Submission, Visitor};
use crate::chrome::{Chrome, html};
use crate::problem::Problem;
use crate::shared::Shared;
use provisioning_directory::{ConsoleSession, Note, Timestamp};

#[derive(Template)]
#[template(path = "sessions.html")]
struct Page {
    chrome: Chrome,
    token: String,
    sessions: Vec<ConsoleSession>,
    /// The number of the visitor's own.
    own: String,
}

/// Its routes.
pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new().route("/sessions", get(show).post(end))
}

async fn show(State(shared): State<Arc<Shared>>, visitor: Visitor) -> Result<Response, Problem> {
    let cookie = visitor.session().as_str().to_owned();
    let (own, sessions) = shared
        .read(move |view| {
            let now = Timestamp::now();
            Ok((view.console_session(&cookie, now)?, view.console_sessions(now)?))
        })
        .await?;
    let token = shared.access.token(visitor.session());
    let own = own.map(|own| own.number).unwrap_or_default();
    Ok(html(&Page { chrome: Chrome::top(&shared, &visitor, "Sessions", "sessions"), token, sessions, own }))
}

async fn end(State(shared): State<Arc<Shared>>, submission: Submission) -> Result<Response, Problem> {
    let Submission { visitor, fields } = submission;
    let wanted = fields.get("end").unwrap_or_default().to_owned();
    let ended = shared
        .write(&visitor, move |change| {
            let ended = change.end_console_session_numbered(&wanted, Timestamp::now())?;
            if let Some(ended) = &ended {
                let new = json!({ "admin": ended.admin, "address": ended.address });
                change.note(&Note {
                    tenant: None,
                    person: None,
                    action: "console.end-session",
                    old: None,
                    new: Some(new),
                    result: "ended",
                })?;
            }
            Ok(ended)
        })
        .await?;
    let (good, text) = match ended {
        Some(ended) => (true, format!("The session of {} from {} was ended.", name(&ended), ended.address)),
        None => (false, "That session had ended already.".to_owned()),
    };
    shared.access.sessions.flash(visitor.session(), good, text);
    Ok(Redirect::to("/sessions").into_response())
}

/// Whose a session is.
fn name(session: &ConsoleSession) -> &str {
    if session.admin.is_empty() { "whoever has the console's token" } else { &session.admin }
}
