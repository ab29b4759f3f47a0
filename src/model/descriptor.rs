//! What a connector is, what it needs, and what it found.

use super::ErrorKind;
use crate::host::Method;

/// What a connector can do; one flag for each of the WIT flags `features`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(clippy::struct_excessive_bools, reason = "mirrors the WIT flags one to one")]
pub struct Features {
    /// Users of the application can be read into the directory.
    pub import_new_users: bool,
    /// Changes of users that are known already can be read.
    pub import_profile_updates: bool,
    /// An import can start from a watermark.
    pub incremental_import: bool,
    /// Users can be made in the application.
    pub push_new_users: bool,
    /// Changes of users can be written to the application.
    pub push_profile_updates: bool,
    /// Users can be taken out of use.
    pub push_user_deactivation: bool,
    /// Users can be put back into use.
    pub reactivate_users: bool,
    /// Passwords can be set.
    pub sync_password: bool,
    /// The application may be the source of profile and lifecycle.
    pub profile_sourcing: bool,
    /// Plans can be asked for, and applied as approved.
    pub plan: bool,
}

/// How a setting is asked for and checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SettingKind {
    /// A text.
    Text,
    /// Arrives as a placeholder.
    Secret,
    /// `true` or `false`.
    Flag,
    /// One of these.
    Choice(&'static [&'static str]),
    /// A host; arrives as an origin.
    Host,
}

/// The page of a form that a setting stands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Panel {
    /// Which organisation it is, and which of its users.
    General,
    /// How to sign in, and how to go easy on the application.
    Integration,
    /// What is written to the application.
    ToApp,
    /// What is read from it.
    ToIdp,
}

/// One setting of a tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setting {
    /// In kebab-case; never changes.
    pub name: &'static str,
    /// For a form, in a few words.
    pub label: &'static str,
    /// Where to find the value, in a sentence.
    pub help: &'static str,
    /// How it is asked for.
    pub kind: SettingKind,
    /// Whether opening a session fails without it.
    pub required: bool,
    /// Where it is asked for.
    pub panel: Panel,
    /// Whether its value has several lines.
    pub multiline: bool,
}

/// One kind of thing that can be assigned to a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GrantKind {
    /// In kebab-case; never changes.
    pub name: &'static str,
    /// For a form, in a few words.
    pub label: &'static str,
    /// Whether a user may hold several.
    pub many: bool,
}

/// What a connector is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Descriptor {
    /// The application that it connects to.
    pub name: &'static str,
    /// The connector's own version (semver.org).
    pub version: &'static str,
    /// What it can do.
    pub features: Features,
    /// What it needs.
    pub settings: &'static [Setting],
    /// What it can assign.
    pub grants: &'static [GrantKind],
    /// The hosts that it talks to.
    pub hosts: &'static [HostEntry],
    /// Where secrets go out and come in.
    pub uses: &'static [SecretUse],
}

/// A host that the connector talks to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HostEntry {
    /// In kebab-case; never changes.
    pub name: &'static str,
    /// How it is known.
    pub source: HostSource,
    /// The setting, and the value of it, with which alone it's needed.
    pub when: Option<(&'static str, &'static str)>,
}

/// How a host is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HostSource {
    /// By its name.
    Exact(&'static str),
    /// From the setting of this name.
    Setting(&'static str),
    /// From an answer.
    Learned,
}

/// One kind of request in which secrets go out or come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SecretUse {
    /// In kebab-case; never changes.
    pub name: &'static str,
    /// Names of [`HostEntry`].
    pub hosts: &'static [&'static str],
    /// What is done.
    pub methods: &'static [Method],
    /// A pattern of paths, as the WIT record `secret-use` has it.
    pub path: &'static str,
    /// What goes out.
    pub puts: &'static [Put],
    /// What of the answer the host keeps.
    pub takes: &'static [Take],
    /// The learned host whose address the answer tells, and where.
    pub learns: Option<(&'static str, Place)>,
}

/// A secret that goes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Put {
    /// The name of a secret setting, `new-password`, or the name of a [`Take`].
    pub secret: &'static str,
    /// In which form.
    pub form: SecretForm,
    /// Where.
    pub place: Place,
}

/// A value of an answer that the host keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Take {
    /// In kebab-case.
    pub secret: &'static str,
    /// Where.
    pub place: Place,
}

/// In which form a secret is put in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretForm {
    /// As it is.
    Plain,
    /// As the key of a signed token, within these bounds.
    Jwt {
        /// The claim `iss`; `{name}` is the value of a setting.
        issuer: &'static str,
        /// The claim `sub`.
        subject: &'static str,
        /// The claim `aud`; `{host}` is the origin that the request goes to.
        audience: &'static str,
        /// Most seconds until `exp`.
        lifetime: u32,
    },
}

/// Where a value stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In this header field, behind exactly this text.
    Header(&'static str, &'static str),
    /// At this JSON pointer.
    Json(&'static str),
    /// In the element at this path of local names.
    Xml(&'static str),
    /// In this field of a form.
    Form(&'static str),
}

/// How a probe ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The point holds.
    Passed,
    /// It does not.
    Failed,
    /// Not tried, because an earlier probe failed or a setting is missing.
    Skipped,
}

/// One point that `test-credentials` tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// In kebab-case; never changes.
    pub name: &'static str,
    /// How it ended.
    pub verdict: Verdict,
    /// For programs. Present where the verdict is [`Verdict::Failed`].
    pub kind: Option<ErrorKind>,
    /// One sentence: what was found.
    pub detail: String,
    /// One sentence: what to do, and where. Present where the verdict is [`Verdict::Failed`]; beside [`Verdict::Passed`] it is a
    /// warning of what will end.
    pub remedy: Option<String>,
}

/// The SCIM type of an attribute (RFC 7643 §2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttributeKind {
    /// A text.
    String,
    /// A truth value.
    Boolean,
    /// A whole number.
    Integer,
    /// A number with a fraction; values are texts, as written.
    Decimal,
    /// An RFC 3339 date and time.
    DateTime,
    /// The id of another record.
    Reference,
}

impl AttributeKind {
    /// The name that RFC 7643 gives the type.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Boolean => "boolean",
            Self::Integer => "integer",
            Self::Decimal => "decimal",
            Self::DateTime => "dateTime",
            Self::Reference => "reference",
        }
    }
}

/// One attribute of the application's users.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttributeDefinition {
    /// The stable name.
    pub name: String,
    /// For a form, in a few words.
    pub label: String,
    /// Its type.
    pub kind: AttributeKind,
    /// Whether a user may hold several values.
    pub many: bool,
    /// Whether a new user needs it.
    pub required: bool,
    /// Whether a push may set it.
    pub writable: bool,
    /// In characters; none where there is no limit.
    pub max_length: Option<u32>,
    /// The allowed values; empty where any is allowed.
    pub choices: Vec<String>,
}

/// Seats of a licence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seats {
    /// Taken.
    pub used: u64,
    /// Bought.
    pub total: u64,
}

/// Something that can be assigned to a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entitlement {
    /// The name of a [`GrantKind`].
    pub kind: String,
    /// The application's id.
    pub id: String,
    /// The name that people know it by.
    pub name: String,
    /// Two entitlements fit together when they share a tag, or when one of them has none.
    pub compatibility: Vec<String>,
    /// Where it takes a seat of a limited licence.
    pub seats: Option<Seats>,
}

/// One page of entitlements.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntitlementPage {
    /// What can be assigned.
    pub entitlements: Vec<Entitlement>,
    /// The cursor of the next page; none on the last.
    pub next: Option<String>,
}

/// What a session has used of the application's allowance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// HTTP requests that this session has sent.
    pub calls: u64,
    /// Calls that the whole organisation has used in the current period, as far as the application says.
    pub used: Option<u64>,
    /// Calls that the organisation may make in the period, as far as the application says.
    pub limit: Option<u64>,
}
