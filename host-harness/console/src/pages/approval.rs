//! What a tenant's component does with secrets, and its approval.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Redirect, Response};

use super::general::shown_digest;
use super::saving::address;
use crate::access::{Submission, Visitor};
use crate::connectors::Known;
use crate::form::{Button, Form};
use crate::problem::Problem;
use crate::shared::Shared;
use provisioning_directory::TenantRecord;
use provisioning_directory::sync::{Standing, standing};
use provisioning_runtime::Declaration;

/// What a page says of it.
pub(super) struct Approval {
    /// Where secrets go, in sentences.
    pub(super) sentences: Vec<String>,
    /// The part that nobody has approved; empty if everything is approved.
    pub(super) missing: Vec<String>,
    /// The button that approves. `None` if there is nothing to approve.
    pub(super) form: Option<Form>,
}

/// The labels of a connector's settings.
fn sentences(declaration: &Declaration, known: &Known) -> Vec<String> {
    let settings = &known.descriptor.settings;
    declaration
        .sentences(&|name| settings.iter().find(|setting| setting.name == name).map(|setting| setting.label.clone()))
}

/// How a tenant's component stands.
pub(super) async fn of(
    shared: &Shared,
    visitor: &Visitor,
    tenant: &TenantRecord,
    known: &Known,
) -> Result<Approval, Problem> {
    let missing = missing(shared, tenant, known).await?;
    let form = missing.as_ref().map(|_| {
        let button = Button::primary("approve", "Approve this for all applications");
        let action = format!("/applications/{}/approve", tenant.name);
        let mut form = Form::button(action, shared.access.token(visitor.session()), button);
        form.hidden.push(("sha256".to_owned(), known.connector.digest().to_owned()));
        form
    });
    let missing = missing.map(|missing| sentences(&missing, known)).unwrap_or_default();
    Ok(Approval { sentences: sentences(&known.declared.declaration, known), missing, form })
}

/// What of a component's declaration nobody has approved. Returns `None` if all is.
async fn missing(shared: &Shared, tenant: &TenantRecord, known: &Known) -> Result<Option<Declaration>, Problem> {
    let (directory, record, declared) = (shared.directory.clone(), tenant.clone(), known.declared.clone());
    let stands = move || -> Result<Standing, provisioning_directory::DirectoryError> {
        let tenant = directory.read(|view| view.runtime_tenant(&record))?;
        standing(Some(&directory), &tenant, &declared)
    };
    let standing = tokio::task::spawn_blocking(stands).await.map_err(|error| Problem::internal(&error))??;
    Ok(match standing {
        Standing::Approved(..) => None,
        Standing::Missing(missing) => Some(missing),
    })
}

/// Approves the component that was shown.
pub(super) async fn approve(
    State(shared): State<Arc<Shared>>,
    Path(tenant): Path<String>,
    submission: Submission,
) -> Result<Response, Problem> {
    let Submission { visitor, fields } = submission;
    let tenant = shared.tenant(&tenant).await?;
    let known = shared.component(&tenant.config.component()).await?;
    let digest = shown_digest(&known, &fields)?;
    let declaration = Arc::clone(&known.declared.declaration);
    shared.write(&visitor, move |change| Ok(change.approve(&digest, &declaration, "approved by an admin")?)).await?;
    let text = "What this component does with secrets is approved, for all applications.";
    shared.access.sessions.flash(visitor.session(), true, text);
    Ok(Redirect::to(&address(&tenant.name, "general")).into_response())
}
