//! A form of somebody whose session had ended, to be sent again.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::Uri;
use axum::response::{IntoResponse as _, Redirect, Response};

use crate::access::{FORM, Visitor, in_address};
use crate::chrome::{Chrome, html};
use crate::form::{Button, Form};
use crate::problem::Problem;
use crate::shared::Shared;

#[derive(Template)]
#[template(path = "form_page.html")]
struct Page {
    chrome: Chrome,
    lead: String,
    form: Form,
}

pub(super) async fn show(State(shared): State<Arc<Shared>>, uri: Uri, visitor: Visitor) -> Result<Response, Problem> {
    let name = in_address(&uri, FORM).unwrap_or_default();
    let Some(kept) = shared.access.afterwards.form(&name) else {
        let text = "What you sent when your session had ended isn't kept any more.";
        shared.access.sessions.flash(visitor.session(), false, text);
        return Ok(Redirect::to("/").into_response());
    };
    let lead = format!(
        "Your session had ended when you sent the form of {}. It was kept, and nothing was changed yet.",
        kept.path
    );
    let mut form =
        Form::button(kept.path, shared.access.token(visitor.session()), Button::primary("again", "Send it now"));
    form.hidden.push((FORM.to_owned(), name));
    Ok(html(&Page { chrome: Chrome::top(&shared, &visitor, "Send it again", ""), lead, form }))
}
