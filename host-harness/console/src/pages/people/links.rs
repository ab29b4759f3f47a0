//! Taking the link between a person and its user away, after saying what that means.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Redirect, Response};

use super::find;
use crate::access::{Submission, Visitor};
use crate::chrome::{Chrome, html};
use crate::form::{Button, Form};
use crate::pages::listing::{person, segment};
use crate::problem::Problem;
use crate::shared::Shared;
use provisioning_directory::sync::intents;

#[derive(Template)]
#[template(path = "form_page.html")]
struct Page {
    chrome: Chrome,
    lead: String,
    form: Form,
}

pub(super) async fn show(
    State(shared): State<Arc<Shared>>,
    Path((key, tenant)): Path<(String, String)>,
    visitor: Visitor,
) -> Result<Response, Problem> {
    let tenant = shared.tenant(&tenant).await?;
    let (id, name) = (tenant.id, tenant.name.clone());
    let (key, user, is_assigned) = shared
        .read(move |view| {
            let person = find(view, &key)?;
            let link = view.link(id, person.id)?;
            let link =
                link.ok_or_else(|| Problem::not_found(&format!("The person {} has no user in {name}.", person.key)))?;
            Ok((person.key, link.remote_id, view.assignment(id, person.id)?.is_some()))
        })
        .await?;
    let mut lead = format!(
        "{key} and the user {user} of {} will be linked no longer. Both stay as they are: nothing is written to the application. The next import looks for the user's person anew.",
        tenant.name
    );
    if is_assigned {
        lead.push_str(" The person stays assigned, so the next push looks for its user by key and username, and makes one where it finds none.");
    }
    let action = format!("{}/unlink/{}", person(&key), segment(&tenant.name));
    let form = Form::button(action, shared.access.token(visitor.session()), Button::danger("unlink", "Unlink"));
    let title = format!("Unlink {key} from {}", tenant.name);
    Ok(html(&Page { chrome: Chrome::top(&shared, &visitor, &title, "people"), lead, form }))
}

pub(super) async fn unlink(
    State(shared): State<Arc<Shared>>,
    Path((key, tenant)): Path<(String, String)>,
    submission: Submission,
) -> Result<Response, Problem> {
    let visitor = submission.visitor;
    let tenant = shared.tenant(&tenant).await?;
    let name = tenant.name.clone();
    let (key, user) = shared
        .write(&visitor, move |change| {
            let person = find(change, &key)?;
            let user = intents::unlink(change, &tenant, &person)?;
            Ok((person.key, user))
        })
        .await?;
    let text = format!("{key} and the user {user} of {name} are linked no longer; both stay.");
    shared.access.sessions.flash(visitor.session(), true, text);
    Ok(Redirect::to(&person(&key)).into_response())
}
