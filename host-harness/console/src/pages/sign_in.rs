//! Signing in and out.

use std::sync::Arc;
use std::time::Duration;

use askama::Template;
use axum::Extension;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Redirect, Response};
use serde::Deserialize;

use crate::access::{SessionId, Submission, TOKEN, Try, Visitor, local};
use crate::chrome::{Chrome, html};
use crate::form::{Button, Control, Field, Form, Group};
use crate::problem::Problem;
use crate::shared::Shared;
use provisioning_directory::Timestamp;
use provisioning_http::Peer;
use provisioning_runtime::Secret;

#[derive(Template)]
#[template(path = "form_page.html")]
struct Page {
    chrome: Chrome,
    lead: &'static str,
    form: Form,
}

/// Where to go afterwards.
#[derive(Deserialize)]
pub(super) struct Next {
    #[serde(default)]
    next: String,
}

fn form(shared: &Shared, visitor: &Visitor, next: &str, by_token: bool) -> Form {
    let fields = match by_token {
        true => vec![Field::new(TOKEN, "Token", Control::Password).required().limit(64).autocomplete("off")],
        false => vec![
            Field::text("name", "Name", "").required().limit(64).autocomplete("username"),
            Field::new("password", "Password", Control::Password)
                .required()
                .limit(1024)
                .autocomplete("current-password"),
        ],
    };
    let mut form = Form::new(
        "/sign-in".to_owned(),
        shared.access.token(visitor.session()),
        vec![Group::new("", "", fields)],
        vec![Button::primary("sign-in", "Sign in")],
    );
    form.hidden.push(("next".to_owned(), local(next).to_owned()));
    form
}

fn page(shared: &Shared, visitor: &Visitor, form: Form, by_token: bool) -> Page {
    let chrome = Chrome::top(shared, visitor, "Sign in", "sign-in");
    let lead = match by_token {
        true => BY_TOKEN,
        false => "This console asks for an admin's name and password.",
    };
    Page { chrome, lead, form }
}

const BY_TOKEN: &str = "This console has no admins with passwords. Open the address that it printed when it was started, or enter what stands there behind `token=`.";

pub(super) async fn show(
    State(shared): State<Arc<Shared>>,
    visitor: Visitor,
    Query(next): Query<Next>,
) -> Result<Response, Problem> {
    let by_token = shared.access.has_token_entry().map_err(|error| Problem::internal(&error))?;
    let form = form(&shared, &visitor, &next.next, by_token);
    Ok(html(&page(&shared, &visitor, form, by_token)))
}

pub(super) async fn sign_in(
    State(shared): State<Arc<Shared>>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    submission: Submission,
) -> Result<Response, Problem> {
    let Submission { visitor, fields } = submission;
    let next = local(fields.get("next").unwrap_or("/")).to_owned();
    let by_token = shared.access.has_token_entry().map_err(|error| Problem::internal(&error))?;
    let mut form = form(&shared, &visitor, &next, by_token);
    let again = |form: Form, status: StatusCode| {
        let mut response = html(&page(&shared, &visitor, form, by_token));
        *response.status_mut() = status;
        response
    };
    if !form.fill(&fields) {
        return Ok(again(form, StatusCode::UNPROCESSABLE_ENTITY));
    }
    let access = &shared.access;
    if by_token {
        if !access.is_token(form.value(TOKEN).trim()) {
            shared.note_failure(None, peer.client(&headers)).await?;
            form.error =
                Some("This is not the token of this console. It has a new one each time it is started.".to_owned());
            return Ok(again(form, StatusCode::UNAUTHORIZED));
        }
        shared.note_sign_in(visitor.actor(), peer.client(&headers), "signed in by the console's token").await?;
        access.sessions.sign_out(visitor.session())?;
        let session = access.enter(Some(peer.client(&headers)))?;
        let mut response = Redirect::to(&next).into_response();
        response.headers_mut().insert(header::SET_COOKIE, access.set_cookie(&session)?);
        return Ok(response);
    }
    let (name, password) = (form.value("name").to_owned(), Secret::new(form.value("password").to_owned()));
    let client = peer.client(&headers);
    let browser = access.known_browser(&headers, &name).map_err(|error| Problem::internal(&error))?;
    let one = Try { address: client, name: &name, browser: browser.as_deref() };
    if let Some(wait) = access.throttle.wait(one, Timestamp::now())? {
        let seconds = whole_seconds(wait);
        form.error = Some(format!("There were too many failed tries. Wait {seconds} seconds, then try again."));
        let mut response = again(form, StatusCode::TOO_MANY_REQUESTS);
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        return Ok(response);
    }
    // Counted as a failure before it is known to be one, so that many tries at once do not go free.
    access.throttle.fail(one, Timestamp::now())?;
    tokio::time::sleep(access.throttle.pause(one)?).await;
    let seat = access.checks.acquire().await.map_err(|error| Problem::internal(&error))?;
    let (admins, asked) = (access.admins.clone(), name.clone());
    let checked = tokio::task::spawn_blocking(move || admins.check(&asked, &password)).await;
    drop(seat);
    let checked = checked.map_err(|error| Problem::internal(&error))?.map_err(|error| Problem::internal(&error))?;
    let Some((signed_in, hash)) = checked else {
        tracing::warn!(%client, "somebody failed to sign in to the console");
        shared.note_failure(Some(&name), client).await?;
        form.error = Some("Name or password is wrong. Correct them and try again.".to_owned());
        return Ok(again(form, StatusCode::UNAUTHORIZED));
    };
    access.throttle.succeed(one)?;
    shared.note_sign_in(Visitor::actor_of(&signed_in), client, "signed in").await?;
    // A name that somebody could have planted before is worth nothing afterwards.
    let session = SessionId::random().ok_or_else(|| Problem::internal(&"the machine gave no random numbers"))?;
    access.sessions.sign_out(visitor.session())?;
    access.sessions.sign_in(&session, &signed_in, &hash, &client.to_string())?;
    let mut response = Redirect::to(&next).into_response();
    response.headers_mut().insert(header::SET_COOKIE, access.set_cookie(&session)?);
    if let Some(mark) = access.mark(&signed_in, &hash) {
        response.headers_mut().append(header::SET_COOKIE, mark);
    }
    Ok(response)
}

/// The first whole number of seconds after which a wait is over.
fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}

pub(super) async fn sign_out(State(shared): State<Arc<Shared>>, submission: Submission) -> Result<Response, Problem> {
    shared.access.sessions.sign_out(submission.visitor.session())?;
    shared.note_sign_out(&submission.visitor).await?;
    let session = SessionId::random().ok_or_else(|| Problem::internal(&"the machine gave no random numbers"))?;
    shared.access.sessions.flash(&session, true, "You are signed out.");
    let mut response = Redirect::to("/sign-in").into_response();
    response.headers_mut().insert(header::SET_COOKIE, shared.access.set_cookie(&session)?);
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_to_wait_is_never_told_to_come_too_early() {
        for (millis, seconds) in [(1, 1), (999, 1), (1_000, 1), (1_001, 2), (1_999, 2), (900_000, 900)] {
            assert_eq!(whole_seconds(Duration::from_millis(millis)), seconds, "{millis} ms");
        }
    }
}
