//! Adding an application from a component.
//!
//! A browser names a component, never a path: the one that this host was built with, one that was added, or a file of the folder
//! `components` in the data folder, which only somebody on the machine can fill.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse as _, Redirect, Response};

use crate::access::{Submission, Visitor};
use crate::chrome::{Chrome, html, unsound};
use crate::form::{Button, Choice, Field, Form, Group};
use crate::problem::Problem;
use crate::shared::Shared;
use provisioning_directory::config::{ComponentChoice, TenantConfig};

/// The folder of component files, in the data folder.
const COMPONENTS: &str = "components";
/// Stands for the component that this host was built with.
const EMBEDDED: &str = "embedded";
/// The most component files that are offered.
const MOST: usize = 200;

#[derive(Template)]
#[template(path = "form_page.html")]
struct Page {
    chrome: Chrome,
    lead: String,
    form: Form,
}

/// The component files that can be chosen, by name.
fn files(folder: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(folder.join(COMPONENTS)) else { return Vec::new() };
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut names: Vec<String> = names.filter(|name| name.ends_with(".wasm")).take(MOST).collect();
    names.sort();
    names
}

/// The components that were added, each by what is written for it in a tenant's settings.
async fn added(shared: &Shared) -> Result<Vec<Choice>, Problem> {
    let added = shared.read(|view| Ok(view.added_components()?)).await?;
    let choices = added.into_iter().rev().take(MOST).map(|one| {
        let signed = one.signed_by.map_or_else(|| "not signed".to_owned(), |by| format!("signed by {by}"));
        let label =
            format!("{} {}, {signed}, SHA-256 {}…", one.name, one.version, one.digest.get(..12).unwrap_or_default());
        Choice::new(&ComponentChoice::Added(one.digest).to_string(), &label)
    });
    Ok(choices.collect())
}

async fn form(shared: &Shared, visitor: &Visitor) -> Result<Form, Problem> {
    let mut choices = vec![Choice::new(EMBEDDED, "The connector that this host was built with")];
    choices.extend(added(shared).await?);
    choices.extend(files(shared.directory.folder()).iter().map(|name| Choice::new(name, name)));
    let fields = vec![
        Field::text("name", "Name", "")
            .help("Up to 64 letters, digits, -, _ and ., starting with a letter or digit. It cannot be changed later.")
            .required()
            .limit(64),
        Field::select("component", "Connector", choices, EMBEDDED)
            .help(&format!(
                "Components that `component add` has added are offered here, and component files in {}.",
                shared.directory.folder().join(COMPONENTS).display()
            ))
            .required(),
        Field::flag("pin", "Let only this very component run for the application", true)
            .help("Its SHA-256 is kept, and a file that is exchanged later is refused until you pin it anew."),
    ];
    Ok(Form::new(
        "/add-application".to_owned(),
        shared.access.token(visitor.session()),
        vec![Group::new("", "", fields)],
        vec![Button::primary("add", "Add application")],
    ))
}

fn page(shared: &Shared, visitor: &Visitor, form: Form) -> Page {
    let lead = "An application is one organization at the other side, with settings, secrets and users of its own.";
    Page { chrome: Chrome::top(shared, visitor, "Add application", "applications"), lead: lead.to_owned(), form }
}

pub(super) async fn show(State(shared): State<Arc<Shared>>, visitor: Visitor) -> Result<Response, Problem> {
    let form = form(&shared, &visitor).await?;
    Ok(html(&page(&shared, &visitor, form)))
}

pub(super) async fn add(State(shared): State<Arc<Shared>>, submission: Submission) -> Result<Response, Problem> {
    let Submission { visitor, fields } = submission;
    let mut form = form(&shared, &visitor).await?;
    if !form.fill(&fields) {
        return Ok(unsound(&page(&shared, &visitor, form)));
    }
    let component = match form.value("component") {
        EMBEDDED => ComponentChoice::Embedded,
        chosen => match ComponentChoice::named(PathBuf::from(chosen)) {
            ComponentChoice::File(file) => ComponentChoice::File(Path::new(COMPONENTS).join(file)),
            added => added,
        },
    };
    let known = match shared.component(&component).await {
        Ok(known) => known,
        Err(problem) => {
            form.refuse("component", &problem.what);
            return Ok(unsound(&page(&shared, &visitor, form)));
        }
    };
    let mut config = TenantConfig::default();
    config.set_component(component);
    if form.flag("pin") {
        config.pin(Some(known.connector.digest().to_owned()));
    }
    let name = form.value("name").to_owned();
    let added = shared.write(&visitor, move |change| Ok(change.add_tenant(&name, &config)?)).await;
    match added {
        Ok(tenant) => {
            let text = format!("{} was added for {}.", tenant.name, known.descriptor.name);
            shared.access.sessions.flash(visitor.session(), true, text);
            Ok(Redirect::to(&format!("/applications/{}/general", tenant.name)).into_response())
        }
        Err(problem) => {
            form.refuse("name", &problem.what);
            Ok(unsound(&page(&shared, &visitor, form)))
        }
    }
}
