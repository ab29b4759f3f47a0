//! *To IdP*: what is read from the application, and what becomes of it.

use askama::Template;

use super::saving::{SettingsPage, address};
use super::settings;
use super::words::{feature, from_word, word};
use crate::access::Visitor;
use crate::chrome::Chrome;
use crate::connectors::Known;
use crate::form::{Choice, Field, Form, Group};
use crate::problem::Problem;
use crate::shared::Shared;
use provisioning_directory::TenantRecord;
use provisioning_directory::config::{LifecycleRule, Mastering, MatchRule, Safeguard, Schedule, TenantConfig};
use provisioning_directory::sync::Feature;
use provisioning_runtime::wit::{Features, Panel};

/// The features of this page.
const FEATURES: [Feature; 2] = [Feature::ImportNewUsers, Feature::ImportProfileUpdates];
/// The most users a page: what the directory stages in one transaction.
const LARGEST_PAGE: u64 = 10_000;
/// A year, in minutes.
const YEAR: u64 = 366 * 24 * 60;
#[derive(Template)]
#[template(path = "form_page.html")]
struct Page {
    chrome: Chrome,
    lead: &'static str,
    form: Form,
}

fn rules(name: &str, label: &str, rule: LifecycleRule) -> Field {
    let choices = vec![
        Choice::new("deactivate", "The person is deactivated"),
        Choice::new("suspend", "The person is suspended"),
        Choice::new("keep", "Nothing"),
    ];
    Field::radios(name, label, choices, &word(rule)).required()
}

/// The page *To IdP*.
pub(super) struct ToIdp;

impl SettingsPage for ToIdp {
    const NAME: &'static str = "to-idp";
    const TITLE: &'static str = "To IdP";
    const PANEL: Panel = Panel::ToIdp;
    const SAVED: &'static str = "The import rules were saved.";
    const TEST: Option<&'static str> = None;

    async fn form(shared: &Shared, visitor: &Visitor, tenant: &TenantRecord, known: &Known) -> Result<Form, Problem> {
        let config = &tenant.config;
        let (matching, safeguard, schedule) = (&config.to_idp.matching, &config.to_idp.safeguard, &config.schedule);
        let mastering = &config.to_idp.mastering;
        let may_master = known.descriptor.features.contains(Features::PROFILE_SOURCING);
        let no_mastering = (!may_master).then(|| format!("The connector {} cannot do this.", known.descriptor.name));
        let rule = |rule, label| Choice::new(&word(rule), label);
        let exact = vec![
            rule(MatchRule::FederationId, "Federation ID"),
            rule(MatchRule::Username, "Username"),
            rule(MatchRule::Email, "E-mail address; where several share it, it decides nothing"),
        ];
        let mut import: Vec<Field> = FEATURES.into_iter().map(|one| feature(one, known, config)).collect();
        import.push(Field::flag("grants", "Read grants too", config.to_idp.grants));
        import.push(
            Field::number("page-size", "Users a page", (1, LARGEST_PAGE), Some(config.to_idp.page_size.into()))
                .required(),
        );
        import.extend(settings::fields(known, config, &settings::SecretTimes::new(), Panel::ToIdp));
        let groups = vec![
            Group::new("Import", "", import),
            Group::new(
                "Matching",
                "How a user of the application finds its person. All rules that are ticked are asked, and they must agree.",
                vec![
                    Field::boxes("exact", "An exact match is the same", exact, matching.exact.iter().map(word).collect()),
                    Field::flag("names", "Propose people of the same given and family name", matching.names)
                        .help("Such a match always waits to be confirmed."),
                    Field::flag("auto-confirm", "Confirm exact matches by themselves", matching.auto_confirm),
                    Field::flag("auto-create", "Make a person of a user that nobody matches", matching.auto_create)
                        .help("Otherwise it waits to be confirmed."),
                ],
            ),
            Group::new(
                "Safeguard",
                "An import that would take away more than this is halted before it takes effect.",
                vec![
                    Field::number("safeguard-percent", "Percent of the links", (0, 100), Some(safeguard.percent.into()))
                        .help("100 switches the safeguard off.")
                        .required(),
                    Field::number(
                        "safeguard-always",
                        "Links that may always go",
                        (0, u32::MAX.into()),
                        Some(safeguard.always.into()),
                    )
                    .help("So that a small application is not halted over one or two.")
                    .required(),
                ],
            ),
            Group::new(
                "Schedule",
                "Kept by `host-harness worker`. An empty field switches it off.",
                vec![
                    Field::number("import-minutes", "Minutes between imports", (1, YEAR), schedule.import_minutes.map(Into::into)),
                    Field::number(
                        "full-import-hours",
                        "Hours after which everybody is read again",
                        (1, YEAR / 60),
                        schedule.full_import_hours.map(Into::into),
                    )
                    .help("24 where it is empty."),
                    Field::number("push-seconds", "Seconds between pushes", (1, YEAR * 60), schedule.push_seconds.map(Into::into)),
                ],
            ),
            Group::new(
                "Profile and lifecycle mastering",
                "Whether the application is the source of what a person is, and of whether it is active. What a change means is said before it is made.",
                vec![
                    Field::flag("master-profile", "Profile master", mastering.profile)
                        .help("The application's attributes overwrite the person's, cannot be edited here, and are not pushed back.")
                        .locked(no_mastering.clone()),
                    Field::flag("master-lifecycle", "Lifecycle master", mastering.lifecycle)
                        .help("The application's status becomes the person's by the rules below, and cannot be changed here.")
                        .locked(no_mastering),
                    Field::number("priority", "Priority among several sources", (0, u32::MAX.into()), Some(mastering.priority.into()))
                        .help("The lowest number counts.")
                        .required(),
                    rules("on-deactivated", "When a user is deactivated there", mastering.on_deactivated),
                    rules("on-frozen", "When a user is frozen there", mastering.on_frozen),
                    rules("on-vanished", "When a user is gone there", mastering.on_vanished),
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
        Ok(Page { chrome: Chrome::tenant(shared, visitor, Self::TITLE, &tenant.name, Self::NAME), lead: "", form })
    }

    fn take(form: &Form, config: &mut TenantConfig) {
        for feature in FEATURES {
            feature.switch(config, form.flag(feature.setting()));
        }
        let to_idp = &mut config.to_idp;
        to_idp.grants = form.flag("grants");
        to_idp.page_size = form.number("page-size").unwrap_or(to_idp.page_size);
        to_idp.matching.exact = form.values("exact").iter().filter_map(|rule| from_word(rule)).collect();
        to_idp.matching.names = form.flag("names");
        to_idp.matching.auto_confirm = form.flag("auto-confirm");
        to_idp.matching.auto_create = form.flag("auto-create");
        let old = to_idp.safeguard;
        to_idp.safeguard = Safeguard {
            percent: form.number("safeguard-percent").unwrap_or(old.percent),
            always: form.number("safeguard-always").unwrap_or(old.always),
        };
        let old = &to_idp.mastering;
        to_idp.mastering = Mastering {
            profile: form.flag("master-profile"),
            lifecycle: form.flag("master-lifecycle"),
            priority: form.number("priority").unwrap_or(old.priority),
            on_deactivated: from_word(form.value("on-deactivated")).unwrap_or(old.on_deactivated),
            on_frozen: from_word(form.value("on-frozen")).unwrap_or(old.on_frozen),
            on_vanished: from_word(form.value("on-vanished")).unwrap_or(old.on_vanished),
        };
        config.schedule = Schedule {
            import_minutes: form.number("import-minutes"),
            full_import_hours: form.number("full-import-hours"),
            push_seconds: form.number("push-seconds"),
        };
    }
}
