//! What a connector declares: the hosts that it talks to, and where secrets go.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::path::Pattern;
use crate::bindings::exports::identity::provisioning::provisioning_connector as wit;
use crate::bindings::identity::provisioning::http::Method;

/// The name under which the passwords of users are put in (`secret-use.puts`).
pub(crate) const NEW_PASSWORD: &str = "new-password";

/// The hosts and uses of a connector, as its descriptor has them. Serialises, so that what was approved can be kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Declaration {
    /// The application that the connector names. Only connectors of one application are compared with each other.
    pub application: String,
    /// Hosts that it talks to.
    pub hosts: Vec<HostEntry>,
    /// Where secrets go out and come in.
    pub uses: Vec<SecretUse>,
}

/// A host that a connector talks to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct HostEntry {
    /// In kebab-case.
    pub name: String,
    /// How it is known.
    pub source: HostSource,
    /// The setting, and the value of it, with which alone the host is needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<(String, String)>,
}

/// How a host is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HostSource {
    /// By its name.
    Exact(String),
    /// From the setting of this name.
    Setting(String),
    /// From an answer.
    Learned,
}

/// One kind of request in which secrets go out or come in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct SecretUse {
    /// In kebab-case.
    pub name: String,
    /// Names of [`HostEntry`].
    pub hosts: Vec<String>,
    /// Names of methods, in upper case.
    pub methods: Vec<String>,
    /// A pattern of paths.
    pub path: String,
    /// What goes out.
    pub puts: Vec<Put>,
    /// What of the answer the host keeps.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub takes: Vec<Take>,
    /// The learned host whose address the answer tells, and where.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub learns: Option<(String, Place)>,
}

/// A secret that goes out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Put {
    /// The name of a secret setting, `new-password`, or the name of a [`Take`].
    pub secret: String,
    /// In which form.
    pub form: SecretForm,
    /// Where.
    pub place: Place,
}

/// A value of an answer that the host keeps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Take {
    /// In kebab-case.
    pub secret: String,
    /// Where.
    pub place: Place,
}

/// In which form a secret is put in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SecretForm {
    /// As it is.
    Plain,
    /// With a username before it, in Base64 (RFC 7617).
    Basic,
    /// As the key that signs a JWT within these bounds.
    Jwt(JwtBounds),
}

/// What the claims of a signed JWT have to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct JwtBounds {
    /// `iss`: exact, or `{name}` for the value of that setting.
    pub issuer: String,
    /// `sub`: exact, or `{name}` for the value of that setting.
    pub subject: String,
    /// `aud`: exact, `{name}` for the value of that setting, or `{host}` for the origin that the request goes to.
    pub audience: String,
    /// Most seconds between now and `exp`.
    pub lifetime: u32,
}

/// Where a value stands in a request or an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// In this header field, behind exactly this text.
    Header(String, String),
    /// Within the JSON string at this pointer (RFC 6901), in which `*` is any one step.
    Json(String),
    /// Within the character data of the element at this path of local names.
    Xml(String),
    /// Within the value of this field of a form.
    Form(String),
}

/// A declaration that contradicts itself.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct MalformedDeclaration(String);

impl Declaration {
    /// What a descriptor declares.
    ///
    /// # Errors
    /// When a use names a host or secret that the descriptor hasn't, or a path or place can fit nothing.
    pub fn of(descriptor: &wit::Descriptor) -> Result<Self, MalformedDeclaration> {
        let declaration = Self {
            application: descriptor.name.clone(),
            hosts: descriptor.hosts.iter().map(Into::into).collect(),
            uses: descriptor.uses.iter().map(Into::into).collect(),
        };
        let secrets = descriptor.settings.iter().filter(|setting| matches!(setting.kind, wit::SettingKind::Secret));
        let hosts = descriptor.settings.iter().filter(|setting| matches!(setting.kind, wit::SettingKind::Host));
        declaration.check(
            &secrets.map(|setting| setting.name.as_str()).collect(),
            &hosts.map(|setting| setting.name.as_str()).collect(),
        )?;
        Ok(declaration)
    }

    fn check(&self, secrets: &BTreeSet<&str>, settings: &BTreeSet<&str>) -> Result<(), MalformedDeclaration> {
        let refuse = |reason: String| Err(MalformedDeclaration(reason));
        for entry in &self.hosts {
            match &entry.source {
                HostSource::Exact(name) if super::hosts::origin(name).is_none() => {
                    return refuse(format!("the host `{}` has the name `{name}`, which is none", entry.name));
                }
                HostSource::Setting(setting) if !settings.contains(setting.as_str()) => {
                    return refuse(format!(
                        "the host `{}` comes from `{setting}`, which is no setting of the kind host",
                        entry.name
                    ));
                }
                _ => {}
            }
        }
        let takes: BTreeSet<&str> =
            self.uses.iter().flat_map(|one| &one.takes).map(|take| take.secret.as_str()).collect();
        for one in &self.uses {
            let at = &one.name;
            if let Some(host) = one.hosts.iter().find(|host| self.host(host).is_none()) {
                return refuse(format!("the use `{at}` names the host `{host}`, which isn't declared"));
            }
            if Pattern::parse(&one.path).is_none() {
                return refuse(format!("the use `{at}` has the path `{}`, which fits nothing", one.path));
            }
            if let Some((host, _)) = &one.learns
                && self.host(host).is_none_or(|entry| entry.source != HostSource::Learned)
            {
                return refuse(format!("the use `{at}` learns the host `{host}`, which isn't declared as learned"));
            }
            let known = |name: &str| name == NEW_PASSWORD || secrets.contains(name) || takes.contains(name);
            if let Some(put) = one.puts.iter().find(|put| !known(&put.secret)) {
                return refuse(format!("the use `{at}` sends `{}`, which is no secret", put.secret));
            }
            if let Some(take) =
                one.takes.iter().find(|take| take.secret == NEW_PASSWORD || secrets.contains(take.secret.as_str()))
            {
                return refuse(format!("the use `{at}` keeps `{}`, which is the name of another secret", take.secret));
            }
        }
        Ok(())
    }

    /// The host of this name.
    pub(crate) fn host(&self, name: &str) -> Option<&HostEntry> {
        self.hosts.iter().find(|entry| entry.name == name)
    }

    /// What `newer` declares and this doesn't: its hosts and uses, in its order. Names don't count, since they say nothing of where a
    /// secret goes; a use that changed in anything else is another one.
    pub fn missing(&self, newer: &Self) -> Self {
        let hosts = newer.hosts.iter().filter(|entry| !self.hosts.contains(entry));
        let same = |one: &SecretUse, other: &SecretUse| {
            let unnamed = |one: &SecretUse| SecretUse { name: String::new(), ..one.clone() };
            unnamed(one) == unnamed(other)
        };
        let uses = newer.uses.iter().filter(|new| !self.uses.iter().any(|old| same(old, new)));
        Self { application: newer.application.clone(), hosts: hosts.cloned().collect(), uses: uses.cloned().collect() }
    }

    /// Whether nothing is declared.
    pub fn is_empty(&self) -> bool {
        self.hosts.is_empty() && self.uses.is_empty()
    }
}

impl From<&wit::HostEntry> for HostEntry {
    fn from(entry: &wit::HostEntry) -> Self {
        let source = match &entry.source {
            wit::HostSource::Exact(name) => HostSource::Exact(name.clone()),
            wit::HostSource::Setting(name) => HostSource::Setting(name.clone()),
            wit::HostSource::Learned => HostSource::Learned,
        };
        Self { name: entry.name.clone(), source, when: entry.when.clone() }
    }
}

impl From<&wit::SecretUse> for SecretUse {
    fn from(one: &wit::SecretUse) -> Self {
        let puts = one.puts.iter().map(|put| Put {
            secret: put.secret.clone(),
            form: (&put.form).into(),
            place: (&put.place).into(),
        });
        let takes = one.takes.iter().map(|take| Take { secret: take.secret.clone(), place: (&take.place).into() });
        Self {
            name: one.name.clone(),
            hosts: one.hosts.clone(),
            methods: one.methods.iter().map(|method| method_name(*method).to_owned()).collect(),
            path: one.path.clone(),
            puts: puts.collect(),
            takes: takes.collect(),
            learns: one.learns.as_ref().map(|(host, place)| (host.clone(), place.into())),
        }
    }
}

impl From<&wit::SecretForm> for SecretForm {
    fn from(form: &wit::SecretForm) -> Self {
        match form {
            wit::SecretForm::Plain => Self::Plain,
            wit::SecretForm::Basic => Self::Basic,
            wit::SecretForm::Jwt(bounds) => Self::Jwt(JwtBounds {
                issuer: bounds.issuer.clone(),
                subject: bounds.subject.clone(),
                audience: bounds.audience.clone(),
                lifetime: bounds.lifetime,
            }),
        }
    }
}

impl From<&wit::Place> for Place {
    fn from(place: &wit::Place) -> Self {
        match place {
            wit::Place::Header((name, before)) => Self::Header(name.to_ascii_lowercase(), before.clone()),
            wit::Place::Json(pointer) => Self::Json(pointer.clone()),
            wit::Place::Xml(path) => Self::Xml(path.clone()),
            wit::Place::Form(field) => Self::Form(field.clone()),
        }
    }
}

/// The name of a method, as a request line has it.
pub(crate) fn method_name(method: Method) -> &'static str {
    match method {
        Method::Get => "GET",
        Method::Post => "POST",
        Method::Patch => "PATCH",
        Method::Put => "PUT",
        Method::Delete => "DELETE",
    }
}
