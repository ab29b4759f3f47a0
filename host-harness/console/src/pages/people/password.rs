//! A new password for a person's users. It is never shown again, and kept sealed only until it is set.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Redirect, Response};

use super::find;
use crate::access::{Submission, Visitor};
use crate::chrome::{Chrome, html, unsound};
use crate::form::{Button, Control, Field, Form, Group};
use crate::pages::listing::person;
use crate::problem::Problem;
use crate::shared::Shared;
use provisioning_directory::sync::intents;
use provisioning_runtime::Secret;

#[derive(Template)]
#[template(path = "form_page.html")]
struct Page {
    chrome: Chrome,
    lead: String,
    form: Form,
}

async fn page(shared: &Shared, visitor: &Visitor, key: String) -> Result<Page, Problem> {
    let (key, tenants) = shared
        .read(move |view| {
            let person = find(view, &key)?;
            let tenants = view.tenants_assigned_to(person.id)?;
            Ok((person.key, tenants.into_iter().map(|tenant| tenant.name).collect::<Vec<_>>()))
        })
        .await?;
    let lead = if tenants.is_empty() {
        format!("{key} is assigned to no application, so there is no password to set.")
    } else {
        format!(
            "The password is set with the next push in {}, where Sync Password is on. It is kept sealed until then, and nowhere after.",
            tenants.join(", ")
        )
    };
    let password = Field::new("password", "New password", Control::Password)
        .autocomplete("new-password")
        .required()
        .help("The application judges whether it is strong enough; what it says becomes the task's cause.");
    let form = Form::new(
        format!("{}/password", person(&key)),
        shared.access.token(visitor.session()),
        vec![Group::new("", "", vec![password])],
        vec![Button::primary("set", "Set the password")],
    );
    let title = format!("Set a password for {key}");
    Ok(Page { chrome: Chrome::top(shared, visitor, &title, "people"), lead, form })
}

pub(super) async fn show(
    State(shared): State<Arc<Shared>>,
    Path(key): Path<String>,
    visitor: Visitor,
) -> Result<Response, Problem> {
    Ok(html(&page(&shared, &visitor, key).await?))
}

pub(super) async fn set(
    State(shared): State<Arc<Shared>>,
    Path(key): Path<String>,
    submission: Submission,
) -> Result<Response, Problem> {
    let Submission { visitor, fields } = submission;
    let mut page = page(&shared, &visitor, key.clone()).await?;
    if !page.form.fill(&fields) {
        return Ok(unsound(&page));
    }
    let password = Secret::new(page.form.value("password").to_owned());
    let asked = shared
        .write(&visitor, move |change| {
            let person = find(change, &key)?;
            let followed = intents::set_password(change, &person, &password)?;
            Ok((person.key, followed))
        })
        .await;
    let (key, followed) = match asked {
        Ok(asked) => asked,
        Err(problem) if problem.status.is_server_error() => return Err(problem),
        Err(problem) => {
            page.form.error = Some(problem.what);
            return Ok(unsound(&page));
        }
    };
    let tasks = followed.tasks.len();
    if tasks > 0 {
        let text = format!("The password of {key} is set with the next push, by {tasks} task(s).");
        shared.access.sessions.flash(visitor.session(), true, text);
    }
    for sentence in followed.off {
        shared.access.sessions.flash(visitor.session(), false, format!("{sentence}."));
    }
    Ok(Redirect::to(&person(&key)).into_response())
}
