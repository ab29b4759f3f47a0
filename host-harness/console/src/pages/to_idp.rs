//! *To IdP*: what is read from the application, and what becomes of it.
//!
//! A change of the source of people's data is explained first, in the words of [`explain`], and made only after a second yes to
//! exactly these words.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::settings;
use super::words::{feature, from_word, kept, word};
use crate::access::{Submission, Visitor};
use crate::chrome::{Chrome, html, unsound};
use crate::connectors::Known;
use crate::form::{Button, Choice, Field, Form, Group};
use crate::problem::Problem;
use crate::shared::Shared;
use provisioning_directory::TenantRecord;
use provisioning_directory::config::{LifecycleRule, Mastering, MatchRule, Safeguard, Schedule, TenantConfig};
use provisioning_directory::sync::intents::{self, Followed};
use provisioning_directory::sync::{Feature, explain};
use provisioning_runtime::wit::{Features, Panel};

/// The features of this page.
const FEATURES: [Feature; 2] = [Feature::ImportNewUsers, Feature::ImportProfileUpdates];
/// The most users a page: what the directory stages in one transaction.
const LARGEST_PAGE: u64 = 10_000;
/// A year, in minutes.
const YEAR: u64 = 366 * 24 * 60;
/// The button that says yes to an explanation; its value is a digest of the words.
const CONFIRM: &str = "confirm";
/// Carries the digest of the words that are said yes to.
const WORDS: &str = "confirmed-words";

#[derive(Template)]
#[template(path = "form_page.html")]
struct Page {
    chrome: Chrome,
    lead: &'static str,
    form: Form,
}

#[derive(Template)]
#[template(path = "confirm.html")]
struct Confirm {
    chrome: Chrome,
    told: Vec<String>,
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

fn form(shared: &Shared, visitor: &Visitor, tenant: &TenantRecord, known: &Known) -> Form {
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
        Field::number("page-size", "Users a page", (1, LARGEST_PAGE), Some(config.to_idp.page_size.into())).required(),
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
    Form::new(
        format!("/applications/{}/to-idp", tenant.name),
        shared.access.token(visitor.session()),
        groups,
        vec![Button::primary("save", "Save")],
    )
}

fn take(form: &Form, known: &Known, config: &mut TenantConfig) {
    for feature in FEATURES {
        feature.switch(config, form.flag(feature.setting()));
    }
    settings::take(form, known, Panel::ToIdp, config);
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

fn page(shared: &Shared, visitor: &Visitor, tenant: &TenantRecord, form: Form) -> Page {
    Page { chrome: Chrome::tenant(shared, visitor, "To IdP", &tenant.name, "to-idp"), lead: "", form }
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

/// What became of a form.
enum Outcome {
    /// The source of people's data would change, with these consequences.
    Explained(Vec<String>),
    /// It was kept, with these consequences.
    Kept(Vec<String>),
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
    if fields.has("edit") {
        return Ok(html(&page(&shared, &visitor, &tenant, form)));
    }
    let confirmed = fields.get(WORDS).filter(|_| fields.has(CONFIRM)).map(str::to_owned);
    let (taken, of_known) = (form.clone(), Arc::clone(&known));
    let outcome = shared
        .edit_tenant(&visitor, &tenant.name, move |change, tenant| {
            let mut config = tenant.config.clone();
            take(&taken, &of_known, &mut config);
            let told = explain(change, tenant, &config)?;
            let changes_source = config.to_idp.mastering != tenant.config.to_idp.mastering && !told.is_empty();
            if changes_source && confirmed.is_none_or(|words| words != digest(&told)) {
                return Ok((Outcome::Explained(told), Followed::default()));
            }
            let followed = intents::edit_tenant(change, tenant, &config)?;
            Ok((Outcome::Kept(told), followed))
        })
        .await;
    match outcome {
        Ok((Outcome::Explained(told), _)) => {
            let mut again = Form::new(
                form.action.clone(),
                form.token.clone(),
                Vec::new(),
                vec![Button::primary(CONFIRM, "Change it"), Button::other("edit", "Go back and edit")],
            );
            again.hidden = form.sent();
            again.hidden.push((WORDS.to_owned(), digest(&told)));
            let title = "Confirm the change of source";
            let chrome = Chrome::tenant(&shared, &visitor, title, &tenant.name, "to-idp");
            Ok(html(&Confirm { chrome, told, form: again }))
        }
        Ok((Outcome::Kept(told), followed)) => {
            let text = kept("The import rules were saved.", &told, followed.tasks.len());
            shared.access.sessions.flash(visitor.session(), true, text);
            Ok(Redirect::to(&format!("/applications/{}/to-idp", tenant.name)).into_response())
        }
        Err(problem) => {
            form.error = Some(problem.sentence());
            Ok(unsound(&page(&shared, &visitor, &tenant, form)))
        }
    }
}

/// Names a text, so that a yes to other words does not count.
fn digest(told: &[String]) -> String {
    URL_SAFE_NO_PAD.encode(ring::digest::digest(&ring::digest::SHA256, told.join("\n").as_bytes()))
}
