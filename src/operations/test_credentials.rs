//! Trying the settings, also incomplete ones, point by point. Everything is read-only: one sign-in and one query.

use super::ID;
use super::session::wrong_organization;
use crate::host::Host;
use crate::model::{Error, ErrorKind, Probe, Settings, Verdict};
use crate::salesforce::client::Client;
use crate::salesforce::id::Id;
use crate::salesforce::query;
use crate::salesforce::soql::{Condition, Literal, Name, Select};
use crate::settings;

/// The probes' names, in their order.
mod names {
    pub(super) const SETTINGS: &str = "settings-valid";
    pub(super) const SIGNED_IN: &str = "signed-in";
    pub(super) const ORGANIZATION: &str = "organization-id-matches";
    pub(super) const ACCOUNT: &str = "account-exists";
}

/// Tries the settings and says of each point whether it holds. Writes nothing.
pub fn test_credentials<H: Host>(host: H, settings: Settings<H::Secret>) -> Vec<Probe> {
    let checked = settings::check(settings);
    let mut probes = vec![settings_valid(&checked.problems)];

    let api_version = checked.api_version.as_deref().unwrap_or(settings::DEFAULT_API_VERSION);
    let client = match checked.credentials {
        None => {
            let missing = "Not tried, because settings that the sign-in needs are missing or wrong.";
            probes.push(skipped(names::SIGNED_IN, missing));
            None
        }
        Some(credentials) => match Client::sign_in(host, credentials, api_version) {
            Ok(client) => {
                let signed_in = client.signed_in();
                let organization = signed_in.organization_name;
                let detail = match organization.as_str() {
                    "" => "The admin user is signed in.".to_owned(),
                    name => format!("The admin user is signed in to the organization {name}."),
                };
                probes.push(passed(names::SIGNED_IN, detail));
                Some(client)
            }
            Err(error) => {
                probes.push(failed(names::SIGNED_IN, error));
                None
            }
        },
    };
    let Some(client) = client else {
        let reason = "Not tried, because the admin user is not signed in.";
        probes.extend([skipped(names::ORGANIZATION, reason), skipped(names::ACCOUNT, reason)]);
        return probes;
    };
    probes.push(organization_matches(&client, checked.organization_id));
    probes.push(account_exists(&client, checked.account_id));
    probes
}

fn settings_valid(problems: &[settings::Problem]) -> Probe {
    if problems.is_empty() {
        return passed(names::SETTINGS, "All settings are there and well-formed.".to_owned());
    }
    let mut remedies: Vec<&str> = problems.iter().map(|problem| problem.remedy).collect();
    remedies.dedup();
    Probe {
        name: names::SETTINGS,
        verdict: Verdict::Failed,
        kind: Some(ErrorKind::InvalidSettings),
        // A setting's name keeps its spelling, so it cannot begin the sentence.
        detail: format!(
            "Settings do not hold: {}.",
            problems.iter().map(|problem| problem.sentence.as_str()).collect::<Vec<_>>().join("; ")
        ),
        remedy: Some(remedies.join(" ")),
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

fn account_exists<H: Host>(client: &Client<H>, account_id: Option<Id>) -> Probe {
    let Some(account_id) = account_id else {
        return skipped(names::ACCOUNT, "Not tried, because account-id is missing or malformed.");
    };
    // The field exists only where person accounts are switched on (H), which the sign-in tells.
    let mut fields = vec![ID, Name::fixed("Name")];
    if client.signed_in().has_person_accounts {
        fields.push(Name::fixed("IsPersonAccount"));
    }
    let query = Select::new(Name::fixed("Account"), fields).filter(Condition::Equals(ID, Literal::Id(account_id)));
    let mut found = None;
    let asked = query::for_each(client, &query, "the account of new contacts", |record| {
        found = Some((
            record.text("Name").unwrap_or_default().to_owned(),
            record.boolean("IsPersonAccount").unwrap_or_default(),
        ));
    });
    if let Err(error) = asked {
        return failed(names::ACCOUNT, error);
    }
    let (detail, remedy) = match found {
        Some((name, false)) => {
            return passed(names::ACCOUNT, format!("New contacts are made under the account {name} ({account_id})."));
        }
        Some((name, true)) => (
            format!("The account {name} ({account_id}) is a person account, which can have no contacts."),
            "Enter the id of a business account in account-id.",
        ),
        None => (
            format!("There is no account {account_id} in this organization, or the admin user may not see it."),
            "Copy account-id from the address of the account's page, and give the admin user's profile read access to accounts.",
        ),
    };
    Probe {
        name: names::ACCOUNT,
        verdict: Verdict::Failed,
        kind: Some(ErrorKind::InvalidSettings),
        detail,
        remedy: Some(remedy.to_owned()),
    }
}

fn passed(name: &'static str, detail: String) -> Probe {
    Probe { name, verdict: Verdict::Passed, kind: None, detail, remedy: None }
}

fn skipped(name: &'static str, reason: &str) -> Probe {
    Probe { name, verdict: Verdict::Skipped, kind: None, detail: reason.to_owned(), remedy: None }
}

fn failed(name: &'static str, error: Error) -> Probe {
    let error = error.into_details();
    let remedy = error.remedy.unwrap_or_else(|| "Try again later, and look into the log if it stays so.".to_owned());
    Probe {
        name,
        verdict: Verdict::Failed,
        kind: Some(error.kind),
        detail: sentence(&error.message),
        remedy: Some(sentence(&remedy)),
    }
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
