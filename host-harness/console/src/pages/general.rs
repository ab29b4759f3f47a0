//! *General*: which organization it is, and which component runs for it.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Redirect, Response};

use super::settings;
use crate::access::{Submission, Visitor};
use crate::chrome::{Chrome, html, moment, unsound};
use crate::connectors::Known;
use crate::form::{Button, Form, Group};
use crate::problem::Problem;
use crate::shared::Shared;
use provisioning_directory::TenantRecord;
use provisioning_directory::config::ComponentChoice;
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
    remove: String,
}

fn form(shared: &Shared, visitor: &Visitor, tenant: &TenantRecord, known: &Known) -> Form {
    let fields = settings::fields(known, &tenant.config, &settings::SecretTimes::new(), Panel::General);
    Form::new(
        format!("/applications/{}/general", tenant.name),
        shared.access.token(visitor.session()),
        vec![Group::new("General settings", "", fields)],
        vec![Button::primary("save", "Save")],
    )
}

fn page(shared: &Shared, visitor: &Visitor, tenant: &TenantRecord, known: &Known, form: Form) -> Page {
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
        ComponentChoice::File(path) => path.display().to_string(),
    };
    let facts = vec![
        ("Connector", format!("{} {}", known.descriptor.name, known.descriptor.version)),
        ("Component", component),
        ("SHA-256", digest.to_owned()),
        ("Pinned", pinned),
        ("Added", moment(&tenant.created_at)),
        ("Last changed", moment(&tenant.changed_at)),
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
    Page {
        chrome: Chrome::tenant(shared, visitor, "General", &tenant.name, "general"),
        form,
        facts,
        fault,
        pin,
        remove,
    }
}

pub(super) async fn show(
    State(shared): State<Arc<Shared>>,
    Path(tenant): Path<String>,
    visitor: Visitor,
) -> Result<Response, Problem> {
    let tenant = shared.tenant(&tenant).await?;
    // Also where another is pinned: this is where that is put right.
    let known = shared.component(&tenant.config.component()).await?;
    let form = form(&shared, &visitor, &tenant, &known);
    Ok(html(&page(&shared, &visitor, &tenant, &known, form)))
}

pub(super) async fn save(
    State(shared): State<Arc<Shared>>,
    Path(tenant): Path<String>,
    submission: Submission,
) -> Result<Response, Problem> {
    let Submission { visitor, fields } = submission;
    let tenant = shared.tenant(&tenant).await?;
    let known = shared.known(&tenant).await?;
    let mut form = form(&shared, &visitor, &tenant, &known);
    if !form.fill(&fields) {
        return Ok(unsound(&page(&shared, &visitor, &tenant, &known, form)));
    }
    let (taken, of_known) = (form.clone(), Arc::clone(&known));
    let saved = shared
        .edit_tenant(&visitor, &tenant.name, move |change, tenant| {
            let mut config = tenant.config.clone();
            settings::take(&taken, &of_known, Panel::General, &mut config);
            Ok(((), intents::edit_tenant(change, tenant, &config)?))
        })
        .await;
    if let Err(problem) = saved {
        form.error = Some(problem.sentence());
        return Ok(unsound(&page(&shared, &visitor, &tenant, &known, form)));
    }
    shared.access.sessions.flash(visitor.session(), true, "The general settings were saved.");
    Ok(Redirect::to(&format!("/applications/{}/general", tenant.name)).into_response())
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
    let digest = known.connector.digest().to_owned();
    if fields.get("sha256") != Some(&digest) {
        return Err(Problem::conflict(
            "drifted",
            "The component is another than the one that the page showed.",
            "Open the page again, and look at the component that is there now.",
        ));
    }
    let pinned = fields.has("pin");
    let digest = pinned.then_some(digest);
    shared
        .edit_tenant(&visitor, &tenant.name, move |change, tenant| {
            let mut config = tenant.config.clone();
            config.pin(digest);
            Ok(((), intents::edit_tenant(change, tenant, &config)?))
        })
        .await?;
    let text = if pinned { "Only this very component runs now." } else { "Any component in its place runs now." };
    shared.access.sessions.flash(visitor.session(), true, text);
    Ok(Redirect::to(&format!("/applications/{}/general", tenant.name)).into_response())
}
