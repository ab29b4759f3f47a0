//! Removing an application, after saying what goes with it.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Redirect, Response};

use crate::access::{Submission, Visitor};
use crate::chrome::{Chrome, html, unsound};
use crate::form::{Button, Field, Form, Group};
use crate::problem::Problem;
use crate::shared::Shared;
use provisioning_directory::TenantRecord;

#[derive(Template)]
#[template(path = "form_page.html")]
struct Page {
    chrome: Chrome,
    lead: String,
    form: Form,
}

fn form(shared: &Shared, visitor: &Visitor, tenant: &str) -> Form {
    let name = Field::text("name", "Name of the application", "")
        .help(&format!("Type {tenant} to say that you mean it."))
        .required()
        .limit(64);
    Form::new(
        format!("/applications/{tenant}/remove"),
        shared.access.token(visitor.session()),
        vec![Group::new("", "", vec![name])],
        vec![Button::danger("remove", "Remove the application")],
    )
}

async fn page(shared: &Shared, visitor: &Visitor, tenant: &TenantRecord, form: Form) -> Result<Page, Problem> {
    let id = tenant.id;
    let (links, (waiting, failed)) =
        shared.read(move |view| Ok((view.count_links(id)?, view.count_open_tasks(id)?))).await?;
    let lead = format!(
        "Removing {} forgets its settings, its secrets, {links} links and {} open tasks for good. People stay, and so do the users in the application and the audit trail.",
        tenant.name,
        waiting + failed
    );
    let title = format!("Remove {}", tenant.name);
    Ok(Page { chrome: Chrome::tenant(shared, visitor, &title, &tenant.name, "general"), lead, form })
}

pub(super) async fn show(
    State(shared): State<Arc<Shared>>,
    Path(tenant): Path<String>,
    visitor: Visitor,
) -> Result<Response, Problem> {
    let tenant = shared.tenant(&tenant).await?;
    let form = form(&shared, &visitor, &tenant.name);
    Ok(html(&page(&shared, &visitor, &tenant, form).await?))
}

pub(super) async fn remove(
    State(shared): State<Arc<Shared>>,
    Path(tenant): Path<String>,
    submission: Submission,
) -> Result<Response, Problem> {
    let Submission { visitor, fields } = submission;
    let tenant = shared.tenant(&tenant).await?;
    let mut form = form(&shared, &visitor, &tenant.name);
    if form.fill(&fields) && !form.value("name").eq_ignore_ascii_case(&tenant.name) {
        form.refuse("name", "this is not the application's name");
    }
    if !form.is_sound() {
        return Ok(unsound(&page(&shared, &visitor, &tenant, form).await?));
    }
    let directory = shared.directory.clone();
    let locked = tenant.clone();
    let lock = tokio::task::spawn_blocking(move || directory.lock_tenant(&locked)).await;
    let _lock = lock.map_err(|error| Problem::internal(&error))??;
    let (directory, actor, gone) = (shared.directory.clone(), visitor.actor(), tenant.clone());
    let removed = tokio::task::spawn_blocking(move || directory.remove_tenant(&actor, &gone)).await;
    removed.map_err(|error| Problem::internal(&error))??;
    shared.access.sessions.flash(visitor.session(), true, format!("{} was removed.", tenant.name));
    Ok(Redirect::to("/applications").into_response())
}
