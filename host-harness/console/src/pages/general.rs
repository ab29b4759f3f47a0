//! *General*: which organization it is, and which component runs for it.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Redirect, Response};

use super::approval::{self, Approval};
use super::saving::{SettingsPage, address, form_of};
use super::settings;
use crate::access::{Fields, Submission, Visitor};
use crate::chrome::{Chrome, html, moment_text};
use crate::connectors::Known;
use crate::form::{Button, Form, Group};
use crate::problem::Problem;
use crate::shared::Shared;
use provisioning_directory::TenantRecord;
use provisioning_directory::config::{ComponentChoice, TenantConfig};
use provisioning_directory::sync::intents;
use provisioning_runtime::wit::Panel;

#[derive(Template)]
#[template(path = "general.html")]
struct Page {
    chrome: Chrome,
    form: Form,
    facts: Vec<(&'static str, String)>,
    /// Why the tenant's component cannot be used.
    fault: Option<String>,
    pin: Form,
    approval: Approval,
    remove: String,
}

/// The page *General*.
pub(super) struct General;

impl SettingsPage for General {
    const NAME: &'static str = "general";
    const TITLE: &'static str = "General";
    const PANEL: Panel = Panel::General;
    const SAVED: &'static str = "The general settings were saved.";
    const TEST: Option<&'static str> = None;

    async fn form(shared: &Shared, visitor: &Visitor, tenant: &TenantRecord, known: &Known) -> Result<Form, Problem> {
        let fields = settings::fields(known, &tenant.config, &settings::SecretTimes::new(), Panel::General);
        let (action, token) = (address(&tenant.name, Self::NAME), shared.access.token(visitor.session()));
        Ok(Form::new(action, token, vec![Group::new("General settings", "", fields)], Vec::new()))
    }

    async fn page(
        shared: &Shared,
        visitor: &Visitor,
        tenant: &TenantRecord,
        known: &Known,
        form: Form,
    ) -> Result<impl Template, Problem> {
        page(shared, visitor, tenant, known, form).await
    }

    fn take(_: &Form, _: &mut TenantConfig) {}
}

async fn page(
    shared: &Shared,
    visitor: &Visitor,
    tenant: &TenantRecord,
    known: &Known,
    form: Form,
) -> Result<Page, Problem> {
    let digest = known.connector.digest();
    let (fault, pinned) = match tenant.config.pinned() {
        None => (None, "No: any component in its place is run.".to_owned()),
        Some(_) => match tenant.config.check_component(&tenant.name, digest) {
            Ok(()) => (None, "Yes: only this very component is run.".to_owned()),
            Err(error) => (Some(error.to_string()), "To another component, so nothing is run.".to_owned()),
        },
    };
    let component = match tenant.config.component() {
        ComponentChoice::Embedded => "The one that this host was built with".to_owned(),
        other => other.to_string(),
    };
    let facts = vec![
        ("Connector", format!("{} {}", known.descriptor.name, known.descriptor.version)),
        ("Component", component),
        ("SHA-256", digest.to_owned()),
        ("Pinned", pinned),
        ("Added", moment_text(&tenant.created_at)),
        ("Last changed", moment_text(&tenant.changed_at)),
    ];
    let button = if tenant.config.pinned() == Some(digest) {
        Button::other("unpin", "Let any component run")
    } else {
        Button::other("pin", "Pin this component")
    };
    let mut pin =
        Form::button(format!("/applications/{}/pin", tenant.name), shared.access.token(visitor.session()), button);
    pin.hidden.push(("sha256".to_owned(), digest.to_owned()));
    let remove = format!("/applications/{}/remove", tenant.name);
    Ok(Page {
        chrome: Chrome::tenant(shared, visitor, General::TITLE, &tenant.name, General::NAME),
        form,
        facts,
        fault,
        pin,
        approval: approval::of(shared, visitor, tenant, known).await?,
        remove,
    })
}

pub(super) async fn show(
    State(shared): State<Arc<Shared>>,
    Path(tenant): Path<String>,
    visitor: Visitor,
) -> Result<Response, Problem> {
    let tenant = shared.tenant(&tenant).await?;
    // Also where another is pinned: this is where that is put right.
    let known = shared.component(&tenant.config.component()).await?;
    let form = form_of::<General>(&shared, &visitor, &tenant, &known).await?;
    Ok(html(&page(&shared, &visitor, &tenant, &known, form).await?))
}

/// The digest of a component, if it's the one that the page of this form showed.
///
/// # Errors
/// When another has taken its place.
pub(super) fn shown_digest(known: &Known, fields: &Fields) -> Result<String, Problem> {
    let digest = known.connector.digest();
    if fields.get("sha256") != Some(digest) {
        return Err(Problem::conflict(
            "drifted",
            "The component is another than the one that the page showed.",
            "Open the page again, and look at the component that is there now.",
        ));
    }
    Ok(digest.to_owned())
}

/// Pins the component that was shown, or lets any run.
pub(super) async fn pin(
    State(shared): State<Arc<Shared>>,
    Path(tenant): Path<String>,
    submission: Submission,
) -> Result<Response, Problem> {
    let Submission { visitor, fields } = submission;
    let tenant = shared.tenant(&tenant).await?;
    let known = shared.component(&tenant.config.component()).await?;
    let digest = shown_digest(&known, &fields)?;
    let pinned = fields.has("pin");
    let digest = pinned.then_some(digest);
    shared
        .edit_tenant(&visitor, &tenant.name, move |change, tenant| {
            let mut config = tenant.config.clone();
            config.pin(digest.clone());
            Ok(((), intents::edit_tenant(change, tenant, &config)?))
        })
        .await?;
    let text = if pinned { "Only this very component runs now." } else { "Any component in its place runs now." };
    shared.access.sessions.flash(visitor.session(), true, text);
    Ok(Redirect::to(&address(&tenant.name, General::NAME)).into_response())
}
