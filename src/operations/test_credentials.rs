//! Trying the settings, also incomplete ones, point by point. Everything is read-only: the sign-in, one call that reads
//! up to ten things, and one for what needs an answer of the first.

mod looks;

use std::time::Duration;

use self::looks::Looks;
use super::endings::{self, Ending};
use super::session::wrong_organization;
use crate::diagnosis;
use crate::host::Host;
use crate::model::{Error, ErrorKind, Probe, Result, Settings, Verdict};
use crate::salesforce::client::Client;
use crate::salesforce::id::Id;
use crate::salesforce::login::{Credentials, Method};
use crate::settings::{self, Reserve};

/// The probes' names, in their order.
mod names {
    pub(super) const SETTINGS: &str = "settings-valid";
    pub(super) const API_VERSION: &str = "end-of-api-version";
    pub(super) const SIGN_IN: &str = "end-of-sign-in";
    pub(super) const REACHABLE: &str = "host-reachable";
    pub(super) const SIGNED_IN: &str = "signed-in";
    pub(super) const PASSWORD: &str = "password-not-expired";
    pub(super) const ORGANIZATION: &str = "organization-id-matches";
    pub(super) const BUDGET: &str = "api-requests-left";
    pub(super) const SOAP_LOGIN: &str = "may-use-soap-login";
    pub(super) const USERS: &str = "may-write-users";
    pub(super) const CONTACTS: &str = "may-write-contacts";
    pub(super) const PERMISSION_SETS: &str = "may-assign-permission-sets";
    pub(super) const PASSWORDS: &str = "may-reset-passwords";
    pub(super) const ACCOUNT: &str = "account-exists";
    pub(super) const OWNER: &str = "account-owner-has-role";
    pub(super) const SEATS: &str = "license-seats-left";
    pub(super) const PORTAL: &str = "portal-id-plausible";
}

/// The probes that need a session.
const SIGNED_IN_ONLY: [&str; 11] = [
    names::ORGANIZATION,
    names::BUDGET,
    names::SOAP_LOGIN,
    names::USERS,
    names::CONTACTS,
    names::PERMISSION_SETS,
    names::PASSWORDS,
    names::ACCOUNT,
    names::OWNER,
    names::SEATS,
    names::PORTAL,
];

/// Tries the settings and says of each point whether it holds. Writes nothing.
pub fn test_credentials<H: Host>(host: H, settings: Settings) -> Vec<Probe> {
    let checked = settings::check(settings);
    let mut probes = vec![
        settings_valid(&checked.problems),
        end_of_api_version(checked.api_version.as_deref()),
        end_of_sign_in(checked.credentials.as_ref(), host.now()),
    ];
    let portal = portal_plausible(checked.portal_id);
    let reserve = checked.api_reserve.unwrap_or_default();
    let api_version = checked.api_version.as_deref().unwrap_or(settings::DEFAULT_API_VERSION);
    let is_soap = checked.credentials.as_ref().is_some_and(|credentials| matches!(credentials.method, Method::Soap(_)));
    let signed_in = match checked.credentials {
        None => {
            probes.extend([names::REACHABLE, names::SIGNED_IN, names::PASSWORD].map(|name| skipped(name, NO_SIGN_IN)));
            None
        }
        Some(credentials) => {
            let signed_in = Client::sign_in(host, credentials, api_version);
            probes.extend(sign_in(&signed_in));
            signed_in.ok()
        }
    };
    let Some(client) = signed_in else {
        let reason = "Not tried, because the admin user is not signed in.";
        let names = SIGNED_IN_ONLY.iter().filter(|name| **name != names::PORTAL);
        probes.extend(names.map(|name| skipped(name, reason)));
        probes.push(portal);
        return probes;
    };
    probes.push(organization_matches(&client, checked.organization_id));
    match Looks::take(&client, checked.account_id, is_soap) {
        Ok(looks) => {
            probes.push(budget(&client, reserve));
            probes.extend(looks.into_probes());
        }
        Err(error) => {
            let names = SIGNED_IN_ONLY.iter().filter(|name| !matches!(**name, names::ORGANIZATION | names::PORTAL));
            probes.extend(names.map(|name| failed(name, error.clone())));
        }
    }
    probes.push(portal);
    probes
}

/// Why nothing of the sign-in can be tried.
const NO_SIGN_IN: &str = "Not tried, because settings that the sign-in needs are missing or wrong.";

fn end_of_api_version(api_version: Option<&str>) -> Probe {
    match api_version {
        None => skipped(names::API_VERSION, "Not tried, because api-version is malformed."),
        Some(version) => still_there(names::API_VERSION, endings::of_api_version(version), "this version of the API"),
    }
}

fn end_of_sign_in(credentials: Option<&Credentials>, now: Duration) -> Probe {
    match credentials {
        None => skipped(names::SIGN_IN, NO_SIGN_IN),
        Some(credentials) => {
            still_there(names::SIGN_IN, endings::of_sign_in(&credentials.method, now), "this way to sign in")
        }
    }
}

/// What is about to end works until then, so the probe passes; its remedy says what to do before that.
fn still_there(name: &'static str, ending: Option<Ending>, what: &str) -> Probe {
    match ending {
        None => passed(name, format!("Salesforce has announced no end of {what}.")),
        Some(ending) => warned(name, &ending.detail, ending.remedy),
    }
}

fn settings_valid(problems: &[settings::Problem]) -> Probe {
    if problems.is_empty() {
        return passed(names::SETTINGS, "All settings are there and well-formed.".to_owned());
    }
    let mut remedies: Vec<&str> = problems.iter().map(|problem| problem.remedy).collect();
    remedies.dedup();
    let sentences: Vec<&str> = problems.iter().map(|problem| problem.sentence.as_str()).collect();
    Probe {
        name: names::SETTINGS,
        verdict: Verdict::Failed,
        kind: Some(ErrorKind::InvalidSettings),
        // A setting's name keeps its spelling, so it cannot begin the sentence.
        detail: format!("Settings do not hold: {}.", sentences.join("; ")),
        remedy: Some(remedies.join(" ")),
    }
}

/// What the sign-in tells: whether the host answers, takes the credentials, and wants no new password.
fn sign_in<H: Host>(signed_in: &Result<Client<H>>) -> [Probe; 3] {
    let reachable = || passed(names::REACHABLE, "The login host answers.".to_owned());
    match signed_in {
        Ok(client) => {
            let organization = client.signed_in().organization_name;
            let detail = match organization.as_str() {
                "" => "The admin user is signed in.".to_owned(),
                name => format!("The admin user is signed in to the organization {name}."),
            };
            let password = passed(names::PASSWORD, "The sign-in asks for no new password.".to_owned());
            [reachable(), passed(names::SIGNED_IN, detail), password]
        }
        Err(error) if error.remedy.as_deref() == Some(diagnosis::EXPIRED_PASSWORD_REMEDY) => {
            let detail = "Salesforce takes the credentials of the admin user.".to_owned();
            [reachable(), passed(names::SIGNED_IN, detail), failed(names::PASSWORD, error.clone())]
        }
        Err(error) => {
            let reason = "Not tried, because the sign-in failed.";
            let answered = error.upstream.is_some() || error.kind == ErrorKind::InvalidSettings;
            let (reachable, signed_in) = if answered {
                (reachable(), failed(names::SIGNED_IN, error.clone()))
            } else {
                let reason = "Not tried, because the login host does not answer.";
                (failed(names::REACHABLE, error.clone()), skipped(names::SIGNED_IN, reason))
            };
            [reachable, signed_in, skipped(names::PASSWORD, reason)]
        }
    }
}

fn organization_matches<H: Host>(client: &Client<H>, wanted: Option<Id>) -> Probe {
    let Some(wanted) = wanted else {
        return skipped(names::ORGANIZATION, "Not tried, because organization-id is missing or malformed.");
    };
    let found = client.signed_in().organization_id;
    if Id::parse(&found) == Ok(wanted) {
        passed(names::ORGANIZATION, format!("The admin user belongs to the organization {wanted}."))
    } else {
        failed(names::ORGANIZATION, wrong_organization(&found))
    }
}

/// What the last answer said of the organisation's allowance.
fn budget<H: Host>(client: &Client<H>, reserve: Reserve) -> Probe {
    let usage = client.usage();
    let (Some(used), Some(limit)) = (usage.used, usage.limit) else {
        return skipped(names::BUDGET, "Salesforce did not say how many API requests are left.");
    };
    let (left, reserve) = (limit.saturating_sub(used), reserve.of(limit));
    if left > reserve {
        return passed(names::BUDGET, format!("Of {limit} API requests of the day, {left} are left."));
    }
    let message =
        format!("of {limit} API requests of the day, {left} are left, and api-reserve keeps {reserve} for others");
    let error = Error::new(ErrorKind::BudgetExhausted, message);
    failed(names::BUDGET, error.with_remedy("See what uses them under Setup > Company Settings > Company Information > API Requests, Last 24 Hours, lower api-reserve, or buy more"))
}

/// No object of the API shows the classic portal, so its id can only be looked at.
fn portal_plausible(portal_id: Option<Id>) -> Probe {
    match portal_id {
        Some(id) => passed(names::PORTAL, format!("The id {id} is well-formed and that of a portal.")),
        None => skipped(names::PORTAL, "Not tried, because portal-id is missing or malformed."),
    }
}

fn passed(name: &'static str, detail: String) -> Probe {
    Probe { name, verdict: Verdict::Passed, kind: None, detail, remedy: None }
}

/// A point that holds for now, and what to do so that it goes on to.
fn warned(name: &'static str, detail: &str, remedy: &str) -> Probe {
    Probe { remedy: Some(sentence(remedy)), ..passed(name, sentence(detail)) }
}

fn skipped(name: &'static str, reason: &str) -> Probe {
    Probe { name, verdict: Verdict::Skipped, kind: None, detail: reason.to_owned(), remedy: None }
}

fn failed(name: &'static str, error: Error) -> Probe {
    let error = error.into_details();
    let remedy = error.remedy.unwrap_or_else(|| "Try again later, and look into the log if it stays so.".to_owned());
    let mut detail = sentence(&error.message);
    if let Some(said) = error.upstream.filter(|said| !said.message.is_empty() && !detail.contains(&said.message)) {
        detail = format!("{detail} Salesforce said: {}", sentence(&said.message));
    }
    Probe { name, verdict: Verdict::Failed, kind: Some(error.kind), detail, remedy: Some(sentence(&remedy)) }
}

/// Errors are written for the middle of a line; a probe's detail stands alone.
fn sentence(text: &str) -> String {
    let text = text.trim_end_matches('.');
    let mut sentence = format!("{text}.");
    if let Some(first) = sentence.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    sentence
}

#[cfg(test)]
mod tests;
