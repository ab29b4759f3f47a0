//! Saving a page of a tenant's settings. A page says what is particular to it ([`SettingsPage`]); what happens to what was sent
//! is the same for all.
//!
//! 1. The form is built from what is stored and filled from what was sent. If anything is wrong, it is shown again.
//! 2. The edit is made, with what follows from it. An edit that changes the source of people's data is explained first, in the
//!    words of [`explain`], and made only after a second yes to exactly these words.
//! 3. The result is reported on the page, after a redirect. A button that tests starts the test of what was saved.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::integration::start_test;
use super::settings;
use crate::access::{Fields, Submission, Visitor};
use crate::chrome::{Chrome, html, unsound};
use crate::connectors::Known;
use crate::form::{Button, Form};
use crate::problem::Problem;
use crate::shared::Shared;
use provisioning_directory::config::TenantConfig;
use provisioning_directory::sync::explain;
use provisioning_directory::sync::intents::{self, Followed};
use provisioning_directory::{DirectoryError, TenantRecord};
use provisioning_runtime::wit::Panel;

/// The button that saves.
const SAVE: &str = "save";
/// The button that saves and then tests what was saved.
const TEST: &str = "test";
/// The button that says yes to an explanation.
const CONFIRM: &str = "confirm";
/// The button that leads from an explanation back to the form.
const EDIT: &str = "edit";
/// Carries the digest of the words that are said yes to.
const WORDS: &str = "confirmed-words";

/// A page of a tenant's settings that is one form.
pub(super) trait SettingsPage: 'static {
    /// The last part of its address.
    const NAME: &'static str;
    /// The title, which is that of its tab.
    const TITLE: &'static str;
    /// The connector's settings on it.
    const PANEL: Panel;
    /// What is reported when it was saved.
    const SAVED: &'static str;
    /// The label of a button that also tests.
    const TEST: Option<&'static str>;

    /// The form as the tenant is now, without buttons.
    fn form(
        shared: &Shared,
        visitor: &Visitor,
        tenant: &TenantRecord,
        known: &Known,
    ) -> impl Future<Output = Result<Form, Problem>> + Send;

    /// The page around the form.
    fn page(
        shared: &Shared,
        visitor: &Visitor,
        tenant: &TenantRecord,
        known: &Known,
        form: Form,
    ) -> impl Future<Output = Result<impl Template, Problem>> + Send;

    /// Refuses what a field can't see by itself.
    fn check(_form: &mut Form) {}

    /// Puts a form into a configuration, except for the connector's own settings.
    fn take(form: &Form, config: &mut TenantConfig);
}

#[derive(Template)]
#[template(path = "confirm.html")]
struct Confirm {
    chrome: Chrome,
    consequences: Vec<String>,
    form: Form,
}

/// The address of a page of a tenant's settings.
pub(super) fn address(tenant: &str, page: &str) -> String {
    format!("/applications/{tenant}/{page}")
}

/// The form of a page, with its buttons.
pub(super) async fn form_of<P: SettingsPage>(
    shared: &Shared,
    visitor: &Visitor,
    tenant: &TenantRecord,
    known: &Known,
) -> Result<Form, Problem> {
    let mut form = P::form(shared, visitor, tenant, known).await?;
    form.buttons = vec![Button::primary(SAVE, "Save")];
    form.buttons.extend(P::TEST.map(|label| Button::other(TEST, label)));
    Ok(form)
}

pub(super) async fn show<P: SettingsPage>(
    State(shared): State<Arc<Shared>>,
    Path(tenant): Path<String>,
    visitor: Visitor,
) -> Result<Response, Problem> {
    let tenant = shared.tenant(&tenant).await?;
    let known = shared.known(&tenant).await?;
    let form = form_of::<P>(&shared, &visitor, &tenant, &known).await?;
    Ok(html(&P::page(&shared, &visitor, &tenant, &known, form).await?))
}

pub(super) async fn save<P: SettingsPage>(
    State(shared): State<Arc<Shared>>,
    Path(tenant): Path<String>,
    submission: Submission,
) -> Result<Response, Problem> {
    let Submission { visitor, fields } = submission;
    let tenant = shared.tenant(&tenant).await?;
    let known = shared.known(&tenant).await?;
    let mut form = form_of::<P>(&shared, &visitor, &tenant, &known).await?;
    form.fill(&fields);
    P::check(&mut form);
    if !form.is_sound() {
        return Ok(unsound(&P::page(&shared, &visitor, &tenant, &known, form).await?));
    }
    if fields.has(EDIT) {
        return Ok(html(&P::page(&shared, &visitor, &tenant, &known, form).await?));
    }
    let (taken, of_known) = (form.clone(), Arc::clone(&known));
    let secrets = settings::secrets(&form, &known, P::PANEL);
    let edit = Edit { secrets, confirmed: confirmed(&fields) };
    let made = edit
        .make(&shared, &visitor, &tenant, &known, move |config| {
            settings::take(&taken, &of_known, P::PANEL, config);
            P::take(&taken, config);
        })
        .await;
    match made {
        Ok(Made::Saved(saved)) => {
            let back = address(&saved.tenant.name, P::NAME);
            saved.report(&shared, &visitor, P::SAVED);
            if fields.has(TEST) {
                start_test(&shared, &visitor, &saved.tenant).await?;
                return Ok(Redirect::to(&format!("{back}#job")).into_response());
            }
            Ok(Redirect::to(&back).into_response())
        }
        Ok(Made::Explained(consequences)) => {
            let buttons = vec![Button::primary(CONFIRM, "Change it"), Button::other(EDIT, "Go back and edit")];
            let mut again = Form::new(form.action.clone(), form.token.clone(), Vec::new(), buttons);
            again.hidden = form.sent();
            again.hidden.push((WORDS.to_owned(), digest(&consequences)));
            let chrome = Chrome::tenant(&shared, &visitor, "Confirm the change of source", &tenant.name, P::NAME);
            Ok(html(&Confirm { chrome, consequences, form: again }))
        }
        Err(problem) => {
            form.error = Some(problem.sentence());
            Ok(unsound(&P::page(&shared, &visitor, &tenant, &known, form).await?))
        }
    }
}

/// An edit of a tenant, beside its configuration.
#[derive(Default)]
pub(super) struct Edit {
    secrets: settings::SecretEdits,
    /// The digest of the explanation that was said yes to.
    confirmed: Option<String>,
}

/// The result of an edit.
pub(super) enum Made {
    /// The source of people's data would change, with these consequences. Nothing was changed.
    Explained(Vec<String>),
    /// It was saved.
    Saved(Box<Saved>),
}

/// An edit that was saved.
pub(super) struct Saved {
    /// As it is now.
    pub(super) tenant: TenantRecord,
    consequences: Vec<String>,
    /// Tasks that were asked for.
    tasks: usize,
}

impl Edit {
    /// Makes the edit, with what follows from it.
    ///
    /// # Errors
    /// If the configuration or a secret is refused, or the directory can't be written.
    pub(super) async fn make(
        self,
        shared: &Shared,
        visitor: &Visitor,
        tenant: &TenantRecord,
        known: &Known,
        take: impl Fn(&mut TenantConfig) + Send + 'static,
    ) -> Result<Made, Problem> {
        let Self { secrets, confirmed } = self;
        let declaration = Arc::clone(&known.declared.declaration);
        let labels: Vec<(String, String)> =
            known.descriptor.settings.iter().map(|setting| (setting.name.clone(), setting.label.clone())).collect();
        let seen = tenant.config.clone();
        let (made, followed) = shared
            .edit_tenant(visitor, &tenant.name, move |change, tenant| -> Result<_, Problem> {
                // The form was compared with what was stored a moment ago.
                if tenant.config != seen {
                    return Err(Problem::just_changed());
                }
                let mut config = tenant.config.clone();
                take(&mut config);
                config.list_hosts(Some(&tenant.config), &declaration);
                // Whoever moves a host has to know the secrets that then go there.
                let kept = change.secret_names(tenant)?;
                let again =
                    config.secrets_to_enter_again(&tenant.config, &declaration, kept.keys().map(String::as_str));
                let again: Vec<&str> =
                    again.into_iter().filter(|name| !secrets.iter().any(|(edited, _)| edited == name)).collect();
                let mut consequences = explain(change, tenant, &config)?;
                let changes_source = config.to_idp.mastering != tenant.config.to_idp.mastering;
                if changes_source
                    && !consequences.is_empty()
                    && confirmed.as_ref().is_none_or(|words| *words != digest(&consequences))
                {
                    return Ok((Err(consequences), Followed::default()));
                }
                let followed = intents::edit_tenant(change, tenant, &config)?;
                settings::store(change, tenant, &secrets)?;
                for name in again {
                    change.set_secret(tenant, name, None)?;
                    let label = labels.iter().find(|(have, _)| have == name).map_or(name, |(_, label)| label.as_str());
                    consequences
                        .push(format!("{label} was forgotten, since it would go to another host; enter it again."));
                }
                let now: Result<_, DirectoryError> = change.tenant(&tenant.name);
                Ok((Ok((now?, consequences)), followed))
            })
            .await?;
        Ok(match made {
            Err(consequences) => Made::Explained(consequences),
            Ok((tenant, consequences)) => {
                Made::Saved(Box::new(Saved { tenant, consequences, tasks: followed.tasks.len() }))
            }
        })
    }
}

impl Saved {
    /// Reports on the next page that it was saved, and what follows from it.
    pub(super) fn report(&self, shared: &Shared, visitor: &Visitor, saved: &str) {
        let mut text = saved.to_owned();
        for sentence in &self.consequences {
            text.push(' ');
            text.push_str(sentence);
        }
        match self.tasks {
            0 => {}
            1 => text.push_str(" 1 task waits for the next push."),
            tasks => text.push_str(&format!(" {tasks} tasks wait for the next push.")),
        }
        shared.access.sessions.flash(visitor.session(), true, text);
    }
}

fn confirmed(fields: &Fields) -> Option<String> {
    fields.get(WORDS).filter(|_| fields.has(CONFIRM)).map(str::to_owned)
}

/// Names a text, so that a yes to other words doesn't count.
fn digest(sentences: &[String]) -> String {
    URL_SAFE_NO_PAD.encode(ring::digest::digest(&ring::digest::SHA256, sentences.join("\n").as_bytes()))
}
