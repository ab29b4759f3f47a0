//! *To App*: what is written to the application.
//!
//! *Save and check* saves the form and tests the credentials, whose points say of each value whether the application knows it.

use askama::Template;

use super::integration::TEST;
use super::saving::{SettingsPage, address};
use super::settings;
use super::words::{feature, from_word, word};
use crate::access::Visitor;
use crate::chrome::Chrome;
use crate::connectors::Known;
use crate::form::{Choice, Field, Form, Group};
use crate::jobs;
use crate::problem::Problem;
use crate::shared::Shared;
use provisioning_directory::TenantRecord;
use provisioning_directory::config::{DeactivationRule, TenantConfig};
use provisioning_directory::sync::Feature;
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

/// The page *To App*.
pub(super) struct ToApp;

impl SettingsPage for ToApp {
    const NAME: &'static str = "to-app";
    const TITLE: &'static str = "To App";
    const PANEL: Panel = Panel::ToApp;
    const SAVED: &'static str = "What is written to the application was saved.";
    const TEST: Option<&'static str> = Some("Save and check");

    async fn form(shared: &Shared, visitor: &Visitor, tenant: &TenantRecord, known: &Known) -> Result<Form, Problem> {
        let config = &tenant.config;
        let rule = |rule, label| Choice::new(&word(rule), label);
        let deactivation = vec![
            rule(DeactivationRule::Deactivate, "Deactivate: it cannot sign in and gives back its licence"),
            rule(DeactivationRule::Freeze, "Freeze: it cannot sign in and keeps its licence"),
            rule(DeactivationRule::DeactivateOrFreeze, "Deactivate, or freeze where the application refuses that"),
        ];
        let plans = known.descriptor.features.contains(Features::PLAN);
        let no_plans = (!plans).then(|| {
            format!("The connector {} cannot say beforehand what a push would change.", known.descriptor.name)
        });
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
        let (action, token) = (address(&tenant.name, Self::NAME), shared.access.token(visitor.session()));
        Ok(Form::new(action, token, groups, Vec::new()))
    }

    async fn page(
        shared: &Shared,
        visitor: &Visitor,
        tenant: &TenantRecord,
        _: &Known,
        form: Form,
    ) -> Result<impl Template, Problem> {
        let panel = jobs::Panel::of(shared, tenant, Some(TEST))?;
        let running = panel.as_ref().is_some_and(jobs::Panel::is_running);
        let chrome = Chrome::tenant(shared, visitor, Self::TITLE, &tenant.name, Self::NAME).refreshing(running);
        Ok(Page { chrome, form, panel, attributes: address(&tenant.name, "attributes") })
    }

    fn take(form: &Form, config: &mut TenantConfig) {
        for feature in FEATURES {
            feature.switch(config, form.flag(feature.setting()));
        }
        config.to_app.deactivation = from_word(form.value("deactivation")).unwrap_or(config.to_app.deactivation);
        config.to_app.approval = form.flag("approval");
    }
}
