//! *To App*: what is written to the application.
//!
//! *Save and check* saves the form and tests the credentials, whose points say of each value whether the application knows it.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Redirect, Response};

use super::integration::{TEST, start_test};
use super::settings;
use super::words::{feature, from_word, kept, word};
use crate::access::{Submission, Visitor};
use crate::chrome::{Chrome, html, unsound};
use crate::connectors::Known;
use crate::form::{Button, Choice, Field, Form, Group};
use crate::jobs;
use crate::problem::Problem;
use crate::shared::Shared;
use provisioning_directory::TenantRecord;
use provisioning_directory::config::{DeactivationRule, TenantConfig};
use provisioning_directory::sync::{Feature, explain, intents};
use provisioning_runtime::wit::{Features, Panel};

/// The features of this page.
const FEATURES: [Feature; 4] =
    [Feature::PushNewUsers, Feature::PushProfileUpdates, Feature::PushUserDeactivation, Feature::SyncPassword];

#[derive(Template)]
#[template(path = "to_app.html")]
struct Page {
    chrome: Chrome,
    form: Form,
    panel: Option<jobs::Panel>,
    attributes: String,
}

fn form(shared: &Shared, visitor: &Visitor, tenant: &TenantRecord, known: &Known) -> Form {
    let config = &tenant.config;
    let rule = |rule, label| Choice::new(&word(rule), label);
    let deactivation = vec![
        rule(DeactivationRule::Deactivate, "Deactivate: it cannot sign in and gives back its licence"),
        rule(DeactivationRule::Freeze, "Freeze: it cannot sign in and keeps its licence"),
        rule(DeactivationRule::DeactivateOrFreeze, "Deactivate, or freeze where the application refuses that"),
    ];
    let plans = known.descriptor.features.contains(Features::PLAN);
    let no_plans = (!plans)
        .then(|| format!("The connector {} cannot say beforehand what a push would change.", known.descriptor.name));
    let groups = vec![
        Group::new(
            "Provisioning features",
            "What they need of the application is among the points of the test; a feature that is off leaves its tasks waiting.",
            FEATURES.into_iter().map(|one| feature(one, known, config)).collect(),
        ),
        Group::new(
            "Where and how users are written",
            "",
            settings::fields(known, config, &settings::SecretTimes::new(), Panel::ToApp),
        ),
        Group::new(
            "Rules",
            "",
            vec![
                Field::radios(
                    "deactivation",
                    "A user that is taken out of use",
                    deactivation,
                    &word(config.to_app.deactivation),
                )
                .required(),
                Field::flag("approval", "Write a push only as an admin has approved it", config.to_app.approval)
                    .help("A push then makes a plan, field by field, and writes exactly that once it is applied.")
                    .locked(no_plans),
            ],
        ),
    ];
    Form::new(
        format!("/applications/{}/to-app", tenant.name),
        shared.access.token(visitor.session()),
        groups,
        vec![Button::primary("save", "Save"), Button::other("check", "Save and check")],
    )
}

fn take(form: &Form, known: &Known, config: &mut TenantConfig) {
    for feature in FEATURES {
        feature.switch(config, form.flag(feature.setting()));
    }
    settings::take(form, known, Panel::ToApp, config);
    config.to_app.deactivation = from_word(form.value("deactivation")).unwrap_or(config.to_app.deactivation);
    config.to_app.approval = form.flag("approval");
}

fn page(shared: &Shared, visitor: &Visitor, tenant: &TenantRecord, form: Form) -> Page {
    let panel = jobs::Panel::of(shared, tenant, Some(TEST));
    let running = panel.as_ref().is_some_and(jobs::Panel::is_running);
    let chrome = Chrome::tenant(shared, visitor, "To App", &tenant.name, "to-app").refreshing(running);
    Page { chrome, form, panel, attributes: format!("/applications/{}/attributes", tenant.name) }
}

pub(super) async fn show(
    State(shared): State<Arc<Shared>>,
    Path(tenant): Path<String>,
    visitor: Visitor,
) -> Result<Response, Problem> {
    let tenant = shared.tenant(&tenant).await?;
    let known = shared.known(&tenant).await?;
    let form = form(&shared, &visitor, &tenant, &known);
    Ok(html(&page(&shared, &visitor, &tenant, form)))
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
        return Ok(unsound(&page(&shared, &visitor, &tenant, form)));
    }
    let (taken, of_known) = (form.clone(), Arc::clone(&known));
    let saved = shared
        .edit_tenant(&visitor, &tenant.name, move |change, tenant| {
            let mut config = tenant.config.clone();
            take(&taken, &of_known, &mut config);
            let told = explain(change, tenant, &config)?;
            let followed = intents::edit_tenant(change, tenant, &config)?;
            Ok(((change.tenant(&tenant.name)?, told), followed))
        })
        .await;
    let ((saved, told), followed) = match saved {
        Ok(saved) => saved,
        Err(problem) => {
            form.error = Some(problem.sentence());
            return Ok(unsound(&page(&shared, &visitor, &tenant, form)));
        }
    };
    let back = format!("/applications/{}/to-app", saved.name);
    shared.access.sessions.flash(
        visitor.session(),
        true,
        kept("What is written to the application was saved.", &told, followed.tasks.len()),
    );
    if fields.has("check") {
        start_test(&shared, &visitor, &saved).await?;
        return Ok(Redirect::to(&format!("{back}#job")).into_response());
    }
    Ok(Redirect::to(&back).into_response())
}
