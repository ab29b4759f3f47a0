//! Taking assignments away, after naming what that does to the users.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;

use super::edit::after_saving;
use super::plan::{IntentPreview, PLANNED};
use super::who::Who;
use crate::access::{Submission, Visitor};
use crate::chrome::{Chrome, html};
use crate::form::{Button, Field, Form, Group};
use crate::pages::listing::Asked;
use crate::pages::people::report_change;
use crate::problem::Problem;
use crate::shared::Shared;
use provisioning_directory::sync::intents::{self, Followed};
use provisioning_directory::{DirectoryError, Person, TenantRecord, WriteTransaction};

#[derive(Template)]
#[template(path = "unassign.html")]
struct Page {
    chrome: Chrome,
    tenant: String,
    people: Vec<Person>,
    plan: IntentPreview,
    planned: usize,
    form: Form,
}

/// Those whom a page names one by one; a search cannot be unassigned, since that is done by mistake too easily.
fn keys(who: Who) -> Result<Vec<String>, Problem> {
    match who {
        Who::These(keys) => Ok(keys),
        Who::All(_) => Err(Problem::refused("Pick the people to be unassigned one by one.")),
    }
}

fn unassign(change: &WriteTransaction<'_>, tenant: &TenantRecord, keys: &[String]) -> Result<Followed, DirectoryError> {
    let mut followed = Followed::default();
    for key in keys {
        let person = change.person(key)?;
        followed.merge(intents::unassign(change, tenant, &person)?);
    }
    Ok(followed)
}

pub(super) async fn show(
    State(shared): State<Arc<Shared>>,
    Path(tenant): Path<String>,
    asked: Asked,
    visitor: Visitor,
) -> Result<Response, Problem> {
    let tenant = shared.tenant(&tenant).await?;
    let who = Who::asked(&asked)?;
    let (id, named) = (tenant.id, who.clone());
    let (people, _) = shared.read(move |view| named.first(view, id, usize::MAX)).await?;
    let hidden = who.hidden();
    let keys = keys(who)?;
    let (record, first) = (tenant.clone(), keys.iter().take(PLANNED).cloned().collect::<Vec<_>>());
    let planned = first.len();
    let plan = IntentPreview::of(&shared, &visitor, &tenant, move |change| unassign(change, &record, &first)).await?;
    let push = if tenant.config.to_app.approval { "Make a plan afterwards" } else { "Push afterwards" };
    let mut form = Form::new(
        format!("/applications/{}/assignments/remove", tenant.name),
        shared.access.token(visitor.session()),
        vec![Group::new("", "", vec![Field::flag("push", push, true)])],
        vec![Button::danger("unassign", "Unassign")],
    );
    form.hidden = hidden;
    let title = match keys.as_slice() {
        [one] => format!("Unassign {one}"),
        several => format!("Unassign {} people", several.len()),
    };
    let chrome = Chrome::tenant(&shared, &visitor, &title, &tenant.name, "assignments");
    Ok(html(&Page { chrome, tenant: tenant.name, people, plan, planned, form }))
}

pub(super) async fn remove(
    State(shared): State<Arc<Shared>>,
    Path(tenant): Path<String>,
    submission: Submission,
) -> Result<Response, Problem> {
    let Submission { visitor, fields } = submission;
    let tenant = shared.tenant(&tenant).await?;
    let keys = keys(Who::sent(&fields)?)?;
    let record = tenant.clone();
    let what = match keys.len() {
        1 => "The assignment was taken away.".to_owned(),
        several => format!("{several} assignments were taken away."),
    };
    let followed = shared.write(&visitor, move |change| Ok(unassign(change, &record, &keys)?)).await?;
    let push = fields.has("push") && !followed.tasks.is_empty();
    report_change(&shared, &visitor, &what, followed);
    Ok(after_saving(&shared, &visitor, &tenant, push))
}
