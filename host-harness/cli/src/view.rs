//! The JSON of the command line: its field names are kept stable for scripts, whatever the WIT package calls them inside.

use serde::{Serialize, Serializer};

use provisioning_directory::{TaskFailure, Upstream};
use provisioning_runtime::wit::{
    Descriptor, Error, FieldChange, ImportPage, Outcome, Panel, Probe, Retry, Setting, SettingKind, Status, User,
    Value, Verdict,
};
use provisioning_runtime::{Connector, JobUsage, error_kind_name};
pub(crate) use provisioning_runtime::{action_name, feature_names};

/// An error, as `{kind, message, remedy, retry, upstream}`.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct ErrorView {
    pub(crate) kind: String,
    pub(crate) message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) remedy: Option<String>,
    pub(crate) retry: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) retry_after_seconds: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) upstream: Option<Upstream>,
}

impl ErrorView {
    /// An error that this host itself raises.
    pub(crate) fn local(kind: &str, message: String) -> Self {
        Self {
            kind: kind.to_owned(),
            message,
            remedy: None,
            retry: "after-remedy".to_owned(),
            retry_after_seconds: None,
            upstream: None,
        }
    }
}

impl From<TaskFailure> for ErrorView {
    fn from(failure: TaskFailure) -> Self {
        let TaskFailure { kind, cause, remedy, retry, upstream } = failure;
        Self { kind: kind.name().to_owned(), message: cause, remedy, retry, retry_after_seconds: None, upstream }
    }
}

impl From<&Error> for ErrorView {
    fn from(error: &Error) -> Self {
        let (retry, retry_after_seconds) = match error.retry {
            Retry::Never => ("never", None),
            Retry::AtOnce => ("at-once", None),
            Retry::After(seconds) => ("after", Some(seconds)),
            Retry::AfterRemedy => ("after-remedy", None),
        };
        Self {
            kind: error_kind_name(&error.kind),
            message: error.message.clone(),
            remedy: error.remedy.clone(),
            retry: retry.to_owned(),
            retry_after_seconds,
            upstream: error.upstream.as_ref().map(Upstream::from),
        }
    }
}

/// A connector and its component.
#[derive(Serialize)]
pub(crate) struct DescriptorView<'a> {
    name: &'a str,
    version: &'a str,
    features: Vec<&'static str>,
    settings: Vec<SettingView<'a>>,
    grants: Vec<GrantKindView<'a>>,
    component: ComponentView<'a>,
}

#[derive(Serialize)]
struct SettingView<'a> {
    name: &'a str,
    label: &'a str,
    help: &'a str,
    kind: &'static str,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    choices: &'a [String],
    required: bool,
    panel: &'static str,
    multiline: bool,
}

#[derive(Serialize)]
struct GrantKindView<'a> {
    name: &'a str,
    label: &'a str,
    many: bool,
}

#[derive(Serialize)]
struct ComponentView<'a> {
    sha256: &'a str,
    bytes: usize,
    interface: String,
    imports: &'a [String],
    exports: &'a [String],
}

impl<'a> DescriptorView<'a> {
    pub(crate) fn new(descriptor: &'a Descriptor, connector: &'a Connector) -> Self {
        Self {
            name: &descriptor.name,
            version: &descriptor.version,
            features: feature_names(descriptor.features),
            settings: descriptor.settings.iter().map(SettingView::from).collect(),
            grants: descriptor
                .grants
                .iter()
                .map(|grant| GrantKindView { name: &grant.name, label: &grant.label, many: grant.many })
                .collect(),
            component: ComponentView {
                sha256: connector.digest(),
                bytes: connector.size(),
                interface: connector.interface().to_string(),
                imports: connector.imports(),
                exports: connector.exports(),
            },
        }
    }
}

/// A setting's kind in a word, and its choices.
pub(crate) fn setting_kind(kind: &SettingKind) -> (&'static str, &[String]) {
    match kind {
        SettingKind::Text => ("text", &[]),
        SettingKind::Secret => ("secret", &[]),
        SettingKind::Flag => ("flag", &[]),
        SettingKind::Choice(choices) => ("choice", choices),
        SettingKind::Host => ("host", &[]),
    }
}

impl<'a> From<&'a Setting> for SettingView<'a> {
    fn from(setting: &'a Setting) -> Self {
        let (kind, choices) = setting_kind(&setting.kind);
        Self {
            name: &setting.name,
            label: &setting.label,
            help: &setting.help,
            kind,
            choices,
            required: setting.required,
            panel: match setting.panel {
                Panel::General => "general",
                Panel::Integration => "integration",
                Panel::ToApp => "to-app",
                Panel::ToIdp => "to-idp",
            },
            multiline: setting.multiline,
        }
    }
}

/// A probe of `test-credentials`.
#[derive(Serialize)]
pub(crate) struct ProbeView<'a> {
    name: &'a str,
    verdict: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<String>,
    detail: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<&'a str>,
}

impl<'a> From<&'a Probe> for ProbeView<'a> {
    fn from(probe: &'a Probe) -> Self {
        Self {
            name: &probe.name,
            verdict: verdict_name(probe.verdict),
            kind: probe.kind.as_ref().map(error_kind_name),
            detail: &probe.detail,
            remedy: probe.remedy.as_deref(),
        }
    }
}

/// A verdict in a word.
pub(crate) fn verdict_name(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Passed => "passed",
        Verdict::Failed => "failed",
        Verdict::Skipped => "skipped",
    }
}

/// An imported user.
#[derive(Serialize)]
pub(crate) struct UserView<'a> {
    id: &'a str,
    username: &'a str,
    status: &'static str,
    modified: &'a str,
    attributes: AttributesView<'a>,
    grants: Vec<GrantView<'a>>,
}

#[derive(Serialize)]
struct GrantView<'a> {
    kind: &'a str,
    id: &'a str,
}

struct AttributesView<'a>(&'a ImportPage, &'a User);

impl Serialize for AttributesView<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.named(self.1).map(|(name, value)| (name, ValueView(value))))
    }
}

struct ValueView<'a>(&'a Value);

impl Serialize for ValueView<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Text(text) => serializer.serialize_str(text),
            Value::Boolean(flag) => serializer.serialize_bool(*flag),
            Value::Integer(number) => serializer.serialize_i64(*number),
            Value::Many(texts) => serializer.collect_seq(texts),
        }
    }
}

impl<'a> UserView<'a> {
    /// A user of this page.
    pub(crate) fn new(page: &'a ImportPage, user: &'a User) -> Self {
        Self {
            id: &user.id,
            username: &user.username,
            status: status_name(user.status),
            modified: &user.modified,
            attributes: AttributesView(page, user),
            grants: user.grants.iter().map(|grant| GrantView { kind: &grant.kind, id: &grant.id }).collect(),
        }
    }
}

/// A status in a word.
pub(crate) fn status_name(status: Status) -> &'static str {
    match status {
        Status::Active => "active",
        Status::Inactive => "inactive",
        Status::Frozen => "frozen",
    }
}

/// What `user`, who is of this page, has for these attributes; nothing where it has none.
pub(crate) fn attribute_texts<const N: usize>(page: &ImportPage, user: &User, names: [&str; N]) -> [String; N] {
    names.map(|name| page.value(user, name).map(value_text).unwrap_or_default())
}

/// A value for a table cell.
fn value_text(value: &Value) -> String {
    match value {
        Value::Text(text) => text.clone(),
        Value::Boolean(flag) => flag.to_string(),
        Value::Integer(number) => number.to_string(),
        Value::Many(texts) => texts.join(", "),
    }
}

/// What was done to one record, or would be.
#[derive(Serialize)]
pub(crate) struct OutcomeView<'a> {
    id: Option<&'a str>,
    action: &'static str,
    changes: Vec<ChangeView<'a>>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    side_effects: &'a [String],
    digest: &'a str,
}

#[derive(Serialize)]
struct ChangeView<'a> {
    object: &'a str,
    field: &'a str,
    old: Option<&'a str>,
    new: Option<&'a str>,
}

impl<'a> From<&'a FieldChange> for ChangeView<'a> {
    fn from(change: &'a FieldChange) -> Self {
        Self { object: &change.object, field: &change.field, old: change.old.as_deref(), new: change.new.as_deref() }
    }
}

impl<'a> From<&'a Outcome> for OutcomeView<'a> {
    fn from(outcome: &'a Outcome) -> Self {
        Self {
            id: outcome.id.as_deref(),
            action: action_name(outcome.action),
            changes: outcome.changes.iter().map(ChangeView::from).collect(),
            side_effects: &outcome.side_effects,
            digest: &outcome.digest,
        }
    }
}

/// What the command's job has used.
#[derive(Serialize)]
pub(crate) struct UsageView {
    requests: u64,
    received_bytes: u64,
}

impl From<JobUsage> for UsageView {
    fn from(usage: JobUsage) -> Self {
        Self { requests: usage.requests, received_bytes: usage.received_bytes }
    }
}
