//! What the checks need to know of the application that is used: a new user that it takes, and one that it refuses.

use std::collections::BTreeMap;

use serde::Deserialize;

use provisioning_runtime::wit::{Change, DesiredUser, Value};

/// Sample data for checks, as TOML. What is left out skips the checks that need it.
///
/// In texts, `{n}` stands for something that is another with each user and each run, in letters and digits.
///
/// ```
/// let samples = provisioning_conformance::Samples::parse(
///     r#"
///     unknown-id = "no-such-user"            # well-formed, and nobody's
///     [user]                                 # a user that the application takes
///     username = "check-{n}@example.com"
///     attributes = { familyName = "Check {n}", email = "check-{n}@example.com" }
///     grants = { profile = "Portal user" }   # by name or id
///     [refused]                              # what makes that user one that the application refuses
///     attributes = { familyName = "" }       # an empty one is left out
///     [change]                               # an attribute that may be set, changed and cleared
///     attribute = "title"
///     values = ["Analyst", "Director"]
///     [passwords]
///     accepted = "Correct-horse-{n}"
///     refused = "a"
///     [unreachable]                          # settings with which no server is found
///     host = "127.0.0.1:9"
///     "#,
/// )
/// .unwrap();
/// assert!(samples.user.is_some());
/// ```
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Samples {
    /// A new user that the application takes.
    pub user: Option<SampleUser>,
    /// What makes that user one that the application refuses.
    pub refused: Option<SampleRefusal>,
    /// An attribute that may be set, changed and cleared.
    pub change: Option<SampleChange>,
    /// Passwords for that user.
    pub passwords: Option<SamplePasswords>,
    /// Settings with which no server is found; they replace the tenant's.
    pub unreachable: BTreeMap<String, String>,
    /// A well-formed id that is nobody's.
    pub unknown_id: Option<String>,
}

/// See [`Samples::user`].
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SampleUser {
    /// Must hold `{n}`, since usernames are unique.
    pub username: String,
    /// Texts, by the connector's names of attributes.
    #[serde(default)]
    pub attributes: BTreeMap<String, String>,
    /// By the kind of grant: a name, or an id.
    #[serde(default)]
    pub grants: BTreeMap<String, String>,
}

/// See [`Samples::refused`].
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SampleRefusal {
    /// Another username.
    pub username: Option<String>,
    /// Other attributes; an empty text leaves the attribute out.
    pub attributes: BTreeMap<String, String>,
}

/// See [`Samples::change`].
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SampleChange {
    /// The attribute's name; its values are texts.
    pub attribute: String,
    /// Two different values.
    pub values: [String; 2],
}

/// See [`Samples::passwords`].
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SamplePasswords {
    /// One that the application's policy takes.
    pub accepted: String,
    /// One that it refuses.
    pub refused: String,
}

/// Samples that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SamplesError {
    /// No TOML, or not of the shape that is read.
    #[error("the samples are malformed: {0}")]
    Malformed(String),
    /// A username that can be used once only.
    #[error(
        "the sample username `{0}` holds no {{n}}, so that only one user could be made with it; write {{n}} into it"
    )]
    FixedUsername(String),
    /// Two values that are one.
    #[error("the sample values of `{0}` are the same, so that no change would be seen; give two different ones")]
    SameValues(String),
}

impl Samples {
    /// Reads samples.
    ///
    /// # Errors
    /// When the text is not of the shape that is read, or a sample cannot serve its purpose.
    pub fn parse(text: &str) -> Result<Self, SamplesError> {
        let samples: Self =
            toml::from_str(text).map_err(|error| SamplesError::Malformed(error.message().to_owned()))?;
        if let Some(user) = &samples.user
            && !user.username.contains("{n}")
        {
            return Err(SamplesError::FixedUsername(user.username.clone()));
        }
        if let Some(change) = &samples.change
            && change.values[0] == change.values[1]
        {
            return Err(SamplesError::SameValues(change.attribute.clone()));
        }
        Ok(samples)
    }
}

impl SampleUser {
    /// The user with `n` in the place of `{n}`, still without its grants.
    pub(super) fn user(&self, n: &str) -> DesiredUser {
        let fill = |text: &String| text.replace("{n}", n);
        let change =
            |(name, value): (&String, &String)| Change { name: name.clone(), value: Some(Value::Text(fill(value))) };
        DesiredUser {
            key: format!("conformance-{n}"),
            id: None,
            username: fill(&self.username),
            changes: self.attributes.iter().map(change).collect(),
            grants: Vec::new(),
            exact_grants: false,
        }
    }
}

impl SampleRefusal {
    /// Makes a sound user one that is refused.
    pub(super) fn spoil(&self, user: &mut DesiredUser) {
        if let Some(username) = &self.username {
            user.username.clone_from(username);
        }
        for (name, value) in &self.attributes {
            user.changes.retain(|change| change.name != *name);
            if !value.is_empty() {
                user.changes.push(Change { name: name.clone(), value: Some(Value::Text(value.clone())) });
            }
        }
    }
}
