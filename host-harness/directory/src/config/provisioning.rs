//! What a tenant wants kept in step: the feature switches of both directions, the mapping of attributes, the rules of
//! imports, and when they run by themselves.
//!
//! The switches are those of the product's panels *To App* and *To IdP*. Everything that writes to the application is off
//! until an admin switches it on; reading is on.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What is written to the application. Everything is off by default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct ToApp {
    /// *Push New Users*: an assigned person without a user in the application gets one.
    pub push_new_users: bool,
    /// *Push Profile Updates*: changes of a person, or of its grants, are written to its user.
    pub push_profile_updates: bool,
    /// *Push User Deactivation*: users of people who are deactivated or unassigned are taken out of use.
    pub push_user_deactivation: bool,
    /// *Sync Password*: a person's new password becomes that of its user.
    pub sync_password: bool,
    /// How users are taken out of use.
    pub deactivation: DeactivationRule,
    /// Whether a push is written only as an admin has approved it with `plan` and `apply`.
    pub approval: bool,
}

/// How users are taken out of use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeactivationRule {
    /// They cannot sign in and give back their licence.
    #[default]
    Deactivate,
    /// They cannot sign in and keep their licence.
    Freeze,
    /// Frozen where the application refuses to deactivate.
    DeactivateOrFreeze,
}

/// What is read from the application, and what becomes of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct ToIdp {
    /// *Import New Users*: users that nobody here stands for become people, or wait to be confirmed.
    pub import_new_users: bool,
    /// *Import Profile Updates*: changes of users that are linked are read. They reach the person where this tenant is
    /// its source ([`Mastering::profile`]).
    pub import_profile_updates: bool,
    /// Attributes to read, by the connector's names; empty for all but points in time such as the last sign-in.
    pub attributes: Vec<String>,
    /// Whether grants are read too.
    pub grants: bool,
    /// Users a page.
    pub page_size: u32,
    /// How users find their people.
    pub matching: Matching,
    /// When an import stops before it takes effect.
    pub safeguard: Safeguard,
    /// Whether the application is the source of profile and lifecycle.
    pub mastering: Mastering,
}

impl Default for ToIdp {
    fn default() -> Self {
        Self {
            import_new_users: true,
            import_profile_updates: true,
            attributes: Vec::new(),
            grants: true,
            page_size: 2000,
            matching: Matching::default(),
            safeguard: Safeguard::default(),
            mastering: Mastering::default(),
        }
    }
}

/// What two records must have in common to be one person. Comparison ignores case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MatchRule {
    /// The username, as the mapping gives it.
    Username,
    /// The e-mail address. Not unique by nature: where several share it, nobody is matched by it.
    Email,
    /// The federation id, which the single sign-on goes by.
    FederationId,
}

/// How users of the application find their people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Matching {
    /// Rules whose match is exact. All of them are asked; they must agree.
    pub exact: Vec<MatchRule>,
    /// Whether given and family name propose people where no exact rule finds one. Such a match always waits for an admin.
    pub names: bool,
    /// Whether an exact match links by itself; otherwise it waits for an admin.
    pub auto_confirm: bool,
    /// Whether a user that nobody matches becomes a person by itself; otherwise it waits for an admin.
    pub auto_create: bool,
}

impl Default for Matching {
    fn default() -> Self {
        Self {
            exact: vec![MatchRule::FederationId, MatchRule::Username, MatchRule::Email],
            names: true,
            auto_confirm: true,
            auto_create: true,
        }
    }
}

/// Stops an import that would take away more than an admin is likely to have meant: a changed filter or a wrong
/// organization looks like everybody leaving at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Safeguard {
    /// Percent of the tenant's links that may vanish or deactivate in one import. 100 switches the safeguard off.
    pub percent: u8,
    /// Up to this many links may always vanish or deactivate, so that small tenants are not stopped over one or two.
    pub always: u32,
}

impl Default for Safeguard {
    fn default() -> Self {
        Self { percent: 20, always: 5 }
    }
}

/// Whether the application is the source of what a person is and of whether it is active.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Mastering {
    /// The application's attributes overwrite the person's, cannot be edited here, and are never pushed back.
    pub profile: bool,
    /// The application's status becomes the person's by the rules below, and cannot be changed here.
    pub lifecycle: bool,
    /// Among several sources of a person, the one with the lowest number counts; equal numbers go by the tenants' names.
    pub priority: u32,
    /// What happens to the person when its user is deactivated.
    pub on_deactivated: LifecycleRule,
    /// What happens to the person when its user is frozen.
    pub on_frozen: LifecycleRule,
    /// What happens to the person when its user no longer is there.
    pub on_vanished: LifecycleRule,
}

impl Default for Mastering {
    fn default() -> Self {
        Self {
            profile: false,
            lifecycle: false,
            priority: 100,
            on_deactivated: LifecycleRule::Deactivate,
            on_frozen: LifecycleRule::Suspend,
            on_vanished: LifecycleRule::Suspend,
        }
    }
}

/// What becomes of a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LifecycleRule {
    /// The person is deactivated.
    Deactivate,
    /// The person is suspended, which is meant to be temporary.
    Suspend,
    /// Nothing.
    Keep,
}

/// The way that an attribute goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// To the application and from it.
    #[default]
    Both,
    /// To the application only.
    ToApp,
    /// From the application only.
    ToIdp,
}

/// When an attribute is pushed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PushWhen {
    /// With a new user and with every change.
    #[default]
    Always,
    /// With a new user only, so that the application's admins may change it afterwards.
    Create,
}

/// Where one attribute of the application comes from and goes to. An attribute without one goes both ways under its own
/// name.
///
/// In TOML a text is the directory's name; a table says more:
///
/// ```toml
/// department = "costCenter"
/// nickName = { template = "{givenName} {familyName}", push = "create" }
/// lastLogin = { from = "lastSignIn", direction = "to-idp" }
/// fax = { off = true }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct AttributeMapping {
    /// The directory's name; the same as the application's where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// A text whose `{names}` are replaced by the person's attributes (`{username}` and `{key}` too); pushed, never
    /// imported. Without names it is a constant. Where an attribute that it names is empty, nothing is pushed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
    /// The way it goes.
    pub direction: Direction,
    /// When it is pushed.
    pub push: PushWhen,
    /// Whether it is left alone in both directions.
    pub off: bool,
}

impl<'de> Deserialize<'de> for AttributeMapping {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
        #[derive(Default)]
        struct Table {
            from: Option<String>,
            template: Option<String>,
            direction: Direction,
            push: PushWhen,
            off: bool,
        }
        #[derive(Deserialize)]
        #[serde(untagged, expecting = "the directory's name, or a table with from, template, direction, push or off")]
        enum Form {
            Name(String),
            Table(Table),
        }
        Ok(match Form::deserialize(deserializer)? {
            Form::Name(name) => Self { from: Some(name), ..Self::default() },
            Form::Table(Table { from, template, direction, push, off }) => {
                if from.is_some() && template.is_some() {
                    return Err(serde::de::Error::custom(
                        "an attribute comes from a name or a template, not from both",
                    ));
                }
                Self { from, template, direction, push, off }
            }
        })
    }
}

/// The mapping of a tenant's attributes, by the application's names.
pub type Mapping = BTreeMap<String, AttributeMapping>;

/// The directory's name of an attribute that comes from the application as `remote`; none where it is not imported.
pub fn imported_as<'a>(mapping: &'a Mapping, remote: &'a str) -> Option<&'a str> {
    match mapping.get(remote) {
        None => Some(remote),
        Some(rule) if rule.off || rule.template.is_some() || rule.direction == Direction::ToApp => None,
        Some(rule) => Some(rule.from.as_deref().unwrap_or(remote)),
    }
}

/// What runs by itself while a worker runs. Nothing does by default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Schedule {
    /// Minutes from the end of an import to the next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub import_minutes: Option<u32>,
    /// Hours after which an import reads everybody again, so that users who have gone are noticed. 24 by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub full_import_hours: Option<u32>,
    /// Seconds from the end of a push to the next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub push_seconds: Option<u32>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mapping_is_a_name_or_a_table() {
        let mapping: Mapping = toml::from_str(
            "department = \"costCenter\"\nnickName = { template = \"{givenName}\", push = \"create\" }\nfax = { off = true }",
        )
        .unwrap();
        assert_eq!(mapping["department"].from.as_deref(), Some("costCenter"));
        assert_eq!(mapping["nickName"].push, PushWhen::Create);
        assert!(mapping["fax"].off);
        let back: Mapping = toml::from_str(&toml::to_string(&mapping).unwrap()).unwrap();
        assert_eq!(back, mapping);
        for wrong in ["a = 1", "a = { frm = \"x\" }", "a = { from = \"x\", template = \"y\" }"] {
            assert!(toml::from_str::<Mapping>(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn writing_is_off_and_reading_is_on_by_default() {
        let (to_app, to_idp) = (ToApp::default(), ToIdp::default());
        assert!(!to_app.push_new_users && !to_app.push_profile_updates && !to_app.push_user_deactivation);
        assert!(!to_app.sync_password);
        assert!(to_idp.import_new_users && to_idp.import_profile_updates);
        assert!(!to_idp.mastering.profile && !to_idp.mastering.lifecycle);
    }
}
