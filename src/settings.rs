//! A tenant's settings: what they are, and whether they hold.
//!
//! A check finds all problems at once, each told in a sentence that names the setting. No value is ever quoted: somebody
//! pastes a password into the wrong field sooner or later.

mod access;
mod definition;
mod host_name;
mod limits;
mod sign_in;
mod writing;

pub use access::{HOSTS, USES};
pub use definition::{DEFINITIONS, names};
pub use limits::Reserve;
pub use writing::Writing;

use crate::model::{self, Error, ErrorKind};
use crate::salesforce::id::{Id, Malformed, prefix};
use crate::salesforce::login::Credentials;

/// The version of the REST API that is called where the settings name none: Spring '26.
pub const DEFAULT_API_VERSION: &str = "66.0";

/// The oldest version of the REST API that has what the connector calls (collections, 42.0) and is not retired.
const OLDEST_API_VERSION: u64 = 42;

/// The kinds of portal users, as the setting calls them and as `UserType` does (H).
pub const USER_TYPES: [(&str, &str); 4] = [
    ("high-volume-portal", "CspLitePortal"),
    ("customer-portal-user", "CustomerSuccess"),
    ("customer-portal-manager", "PowerCustomerSuccess"),
    ("partner", "PowerPartner"),
];

/// Settings that hold.
#[derive(Debug)]
pub struct Settings {
    /// How to sign in.
    pub credentials: Credentials,
    /// The version of REST calls.
    pub api_version: String,
    /// The organisation that is meant.
    pub organization_id: Id,
    /// The portal that users belong to.
    pub portal_id: Id,
    /// The account under which new contacts are made.
    pub account_id: Id,
    /// The `UserType` values of the users that are imported, in the order of [`USER_TYPES`].
    pub user_types: Vec<&'static str>,
    /// API requests that are left for others.
    pub api_reserve: Reserve,
    /// Requests that go side by side, at most.
    pub requests_in_flight: usize,
    /// How users are found and written.
    pub writing: Writing,
}

/// What is wrong with one setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The setting's name.
    pub setting: String,
    /// One sentence.
    pub sentence: String,
    /// Where to find the right value, in a sentence.
    pub remedy: &'static str,
}

/// What could be read of settings that may be incomplete.
#[derive(Debug)]
pub struct Checked {
    /// How to sign in, where all of that holds.
    pub credentials: Option<Credentials>,
    /// The version of REST calls.
    pub api_version: Option<String>,
    /// The organisation that is meant.
    pub organization_id: Option<Id>,
    /// The portal that users belong to.
    pub portal_id: Option<Id>,
    /// The account under which new contacts are made.
    pub account_id: Option<Id>,
    /// The `UserType` values of the users that are imported.
    pub user_types: Option<Vec<&'static str>>,
    /// API requests that are left for others.
    pub api_reserve: Option<Reserve>,
    /// Requests that go side by side, at most.
    pub requests_in_flight: Option<usize>,
    /// How users are found and written.
    pub writing: Option<Writing>,
    /// What is wrong, in the order of the settings.
    pub problems: Vec<Problem>,
}

impl Checked {
    /// The settings, where all of them hold.
    ///
    /// # Errors
    ///
    /// One error that tells every problem.
    pub fn complete(self) -> model::Result<Settings> {
        match self {
            Self {
                credentials: Some(credentials),
                api_version: Some(api_version),
                organization_id: Some(organization_id),
                portal_id: Some(portal_id),
                account_id: Some(account_id),
                user_types: Some(user_types),
                api_reserve: Some(api_reserve),
                requests_in_flight: Some(requests_in_flight),
                writing: Some(writing),
                problems,
            } if problems.is_empty() => Ok(Settings {
                credentials,
                api_version,
                organization_id,
                portal_id,
                account_id,
                user_types,
                api_reserve,
                requests_in_flight,
                writing,
            }),
            Self { problems, .. } => Err(summary(&problems)),
        }
    }
}

/// All problems as one error.
fn summary(problems: &[Problem]) -> Error {
    let sentences: Vec<&str> = problems.iter().map(|problem| problem.sentence.as_str()).collect();
    let mut remedies: Vec<&str> = problems.iter().map(|problem| problem.remedy).collect();
    remedies.dedup();
    Error::new(ErrorKind::InvalidSettings, sentences.join("; ")).with_remedy(&remedies.join(" "))
}

/// Checks the settings as they arrive.
pub fn check(settings: model::Settings) -> Checked {
    let mut reader = Reader { values: settings, problems: Vec::new() };
    reader.refuse_strangers();

    let credentials = reader.credentials();
    let organization_id = reader.id(names::ORGANIZATION_ID, prefix::ORGANIZATION);
    let portal_id = reader.id(names::PORTAL_ID, prefix::PORTAL);
    let account_id = reader.id(names::ACCOUNT_ID, prefix::ACCOUNT);
    let api_version = reader.api_version();
    let user_types = reader.user_types();
    let api_reserve = reader.api_reserve();
    let requests_in_flight = reader.requests_in_flight();
    let writing = reader.writing();
    Checked {
        credentials,
        api_version,
        organization_id,
        portal_id,
        account_id,
        user_types,
        api_reserve,
        requests_in_flight,
        writing,
        problems: reader.problems,
    }
}

/// Whether a value stands for a secret: `sk0` and 40 more letters and digits, as the WIT interface `secrets` has it.
fn is_placeholder(value: &str) -> bool {
    value.len() == 43 && value.starts_with("sk0") && value.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

struct Reader {
    values: model::Settings,
    problems: Vec<Problem>,
}

impl Reader {
    fn problem(&mut self, setting: &str, sentence: String) {
        let remedy = definition::help(setting);
        self.problems.push(Problem { setting: setting.to_owned(), sentence, remedy });
    }

    /// A misspelt name would otherwise be a setting that does nothing.
    fn refuse_strangers(&mut self) {
        let given: Vec<(String, bool)> =
            self.values.iter().map(|(name, value)| (name.clone(), is_placeholder(value))).collect();
        for (at, (name, secret)) in given.iter().enumerate() {
            match definition::is_secret(name) {
                None => self.problem(name, format!("{name} is no setting of this connector")),
                Some(true) if !secret => {
                    self.problem(name, format!("{name} must be given as a secret and not as a plain value"));
                }
                Some(false) if *secret => {
                    self.problem(name, format!("{name} must be given as a plain value and not as a secret"));
                }
                Some(_) if given[..at].iter().any(|(other, _)| other == name) => {
                    self.problem(name, format!("{name} is given twice"));
                }
                Some(_) => {}
            }
        }
    }

    /// The value without the blanks that copying brings along; none where it is missing or blank.
    fn optional(&self, name: &str) -> Option<String> {
        let (_, value) = self.values.iter().find(|(have, _)| have == name)?;
        let value =
            value.trim_matches(|letter: char| letter.is_whitespace() || letter == '\u{feff}' || letter == '\u{200b}');
        (!value.is_empty()).then(|| value.to_owned())
    }

    fn required(&mut self, name: &str) -> Option<String> {
        let value = self.optional(name);
        if value.is_none() {
            self.problem(name, format!("{name} is missing"));
        }
        value
    }

    fn id(&mut self, name: &'static str, prefix: &'static str) -> Option<Id> {
        let value = self.required(name)?;
        match Id::parse_of(&value, prefix) {
            Ok(id) => Some(id),
            Err(reason) => {
                let reason = match reason {
                    // The URL of a record ends in its id, and is what some paste.
                    Malformed::Characters if value.contains('/') => {
                        "is a whole address; only the id in it is wanted".to_owned()
                    }
                    reason => reason.to_string(),
                };
                self.problem(name, format!("{name} {reason}"));
                None
            }
        }
    }

    fn api_version(&mut self) -> Option<String> {
        let Some(value) = self.optional(names::API_VERSION) else { return Some(DEFAULT_API_VERSION.to_owned()) };
        let number = value.trim_start_matches(['v', 'V']);
        let number = number.strip_suffix(".0").unwrap_or(number);
        let well_formed = number.len() <= 3 && number.bytes().all(|byte| byte.is_ascii_digit());
        match number.parse::<u64>() {
            Ok(version) if well_formed && version >= OLDEST_API_VERSION => Some(format!("{version}.0")),
            _ => {
                let name = names::API_VERSION;
                self.problem(
                    name,
                    format!("{name} is not a version from {OLDEST_API_VERSION}.0 on, such as {DEFAULT_API_VERSION}"),
                );
                None
            }
        }
    }

    fn login_url(&mut self) -> Option<String> {
        let kind = self.required(names::INSTANCE_TYPE)?;
        match kind.to_ascii_lowercase().as_str() {
            definition::PRODUCTION => Some("https://login.salesforce.com".to_owned()),
            definition::SANDBOX => Some("https://test.salesforce.com".to_owned()),
            definition::MY_DOMAIN => {
                let Some(value) = self.optional(names::MY_DOMAIN) else {
                    self.problem(
                        names::MY_DOMAIN,
                        format!("{} is missing, and instance-type my-domain needs it", names::MY_DOMAIN),
                    );
                    return None;
                };
                host_name::login_url(&value)
                    .map_err(|reason| self.problem(names::MY_DOMAIN, format!("{} {reason}", names::MY_DOMAIN)))
                    .ok()
            }
            _ => {
                let name = names::INSTANCE_TYPE;
                self.problem(name, format!("{name} is none of production, sandbox and my-domain"));
                None
            }
        }
    }
}

#[cfg(test)]
mod tests;
