//! The tenants file.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::ConfigError;
use super::provisioning::{Mapping, Schedule, ToApp, ToIdp};
use super::secret_source::{SecretSource, StandardInput};
use crate::sync::import::ImportLimits;
use crate::typo::nearest;
use provisioning_runtime::wit::{Descriptor, SettingKind};
use provisioning_runtime::{EgressPolicy, HostRule, Limits, Secret, Tenant, Wasi};

/// All tenants of a file.
#[derive(Debug)]
pub struct TenantsFile {
    path: PathBuf,
    tenants: BTreeMap<String, TenantConfig>,
}

/// Which component a tenant uses.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum ComponentChoice {
    /// The one that this host was built with.
    #[default]
    Embedded,
    /// A file; a relative path starts at the tenants file.
    File(PathBuf),
    /// One that was added to the directory, by its SHA-256 in hexadecimal, in lower case. Written as `sha256:` and the digits.
    Added(String),
}

/// What is before the digits of a component that was added.
const ADDED: &str = "sha256:";

impl ComponentChoice {
    /// What somebody means who has written this: the digest of a component that was added, or else a file.
    pub fn named(path: PathBuf) -> Self {
        let digits = path.to_str().and_then(|text| text.strip_prefix(ADDED));
        match digits.filter(|digits| digits.len() == 64 && digits.bytes().all(|byte| byte.is_ascii_hexdigit())) {
            Some(digits) => Self::Added(digits.to_ascii_lowercase()),
            None => Self::File(path),
        }
    }
}

impl fmt::Display for ComponentChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Embedded => f.write_str("embedded"),
            Self::File(path) => path.display().fmt(f),
            Self::Added(digest) => write!(f, "{ADDED}{digest}"),
        }
    }
}

/// One tenant as it is written down. Serialised, it leaves out where secrets come from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct TenantConfig {
    #[serde(skip_serializing_if = "Option::is_none")]
    component: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sha256: Option<String>,
    /// Whether the application is left alone: nothing is read from it, nothing is written to it.
    #[serde(skip_serializing_if = "is_default")]
    pub paused: bool,
    /// What its component is given of WASI: `empty`, as by default, or `none`, and then one that imports it isn't run.
    #[serde(skip_serializing_if = "is_default")]
    pub wasi: Wasi,
    /// Plain settings.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub settings: BTreeMap<String, PlainValue>,
    /// Where each secret comes from.
    #[serde(skip_serializing)]
    pub secrets: BTreeMap<String, SecretSource>,
    /// The hosts that its jobs may reach.
    pub egress: EgressConfig,
    #[serde(skip_serializing_if = "is_default")]
    limits: LimitsConfig,
    /// What is written to the application. Read by the directory's commands only.
    #[serde(skip_serializing_if = "is_default")]
    pub to_app: ToApp,
    /// What is read from the application. Read by the directory's commands only.
    #[serde(skip_serializing_if = "is_default")]
    pub to_idp: ToIdp,
    /// How attributes are named on both sides. Read by the directory's commands only.
    #[serde(skip_serializing_if = "Mapping::is_empty")]
    pub mapping: Mapping,
    /// What runs by itself. Read by the worker only.
    #[serde(skip_serializing_if = "is_default")]
    pub schedule: Schedule,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// A setting may be written as a string, a number or a flag; connectors read strings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PlainValue(pub String);

impl<'de> Deserialize<'de> for PlainValue {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match toml::Value::deserialize(deserializer)? {
            toml::Value::String(text) => Ok(Self(text)),
            toml::Value::Integer(number) => Ok(Self(number.to_string())),
            toml::Value::Boolean(flag) => Ok(Self(flag.to_string())),
            _ => Err(serde::de::Error::custom("a setting is a string, a whole number, or true or false")),
        }
    }
}

/// The hosts that a tenant's jobs may reach.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct EgressConfig {
    /// Rules as [`HostRule`] reads them: names of hosts, or `*.` and a domain, which is warned of.
    pub allow: Vec<String>,
    /// Ports of this machine that may be reached, by http too. For an emulator only.
    #[serde(deserialize_with = "ports")]
    pub loopback: Vec<u16>,
}

/// Reads ports. Builds before the first release kept `true` for all of them and `false` for none; either opens none now.
fn ports<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<u16>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "a list of ports of this machine, such as [8080]")]
    enum Written {
        Ports(Vec<u16>),
        Before(#[expect(dead_code, reason = "it is read and means nothing")] bool),
    }
    Ok(match Written::deserialize(deserializer)? {
        Written::Ports(ports) => ports,
        Written::Before(_) => Vec::new(),
    })
}

impl EgressConfig {
    /// A sentence for each rule that opens hosts which it does not name ([`HostRule::warning`]). Malformed rules are passed over.
    pub fn warnings(&self) -> impl Iterator<Item = String> {
        self.allow.iter().filter_map(|rule| rule.parse::<HostRule>().ok()?.warning())
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
struct LimitsConfig {
    memory_mib: Option<u32>,
    compute_seconds: Option<u32>,
    call_seconds: Option<u32>,
    request_seconds: Option<u32>,
    response_mib: Option<u32>,
    requests_in_flight: Option<u16>,
    requests: Option<u64>,
    import_pages: Option<u64>,
    import_users: Option<u64>,
    import_mib: Option<u64>,
    import_minutes: Option<u64>,
}

impl LimitsConfig {
    fn limits(&self) -> Limits {
        let defaults = Limits::default();
        let bytes = |mib: Option<u32>, default| mib.map_or(default, |mib| (mib as usize) << 20);
        let time =
            |seconds: Option<u32>, default| seconds.map_or(default, |seconds| Duration::from_secs(seconds.into()));
        Limits {
            memory: bytes(self.memory_mib, defaults.memory),
            compute: time(self.compute_seconds, defaults.compute),
            call: time(self.call_seconds, defaults.call),
            request: time(self.request_seconds, defaults.request),
            response: bytes(self.response_mib, defaults.response),
            requests_in_flight: self.requests_in_flight.map_or(defaults.requests_in_flight, usize::from),
            requests: self.requests.unwrap_or(defaults.requests),
            ..defaults
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(default)]
    tenants: BTreeMap<String, TenantConfig>,
}

/// A message of serde's without the value that it quotes (`invalid type: string "…", expected a map`).
pub fn without_value(message: &str) -> String {
    let message = message.replace('\n', " ");
    match (message.starts_with("invalid "), message.rsplit_once(", expected ")) {
        (true, Some((_, expected))) => format!("a value of the wrong kind; expected {expected}"),
        (true, None) => "a value of the wrong kind".to_owned(),
        (false, _) => message,
    }
}

impl TenantsFile {
    /// Reads a file.
    ///
    /// # Errors
    /// When it cannot be read, or is not of the right shape.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path)
            .map_err(|reason| ConfigError::Unreadable { path: path.to_owned(), reason })?;
        Self::parse(&text, path)
    }

    /// Reads a text; `path` stands in errors, and relative paths in it start there.
    ///
    /// # Errors
    /// When it is not of the right shape.
    pub fn parse(text: &str, path: &Path) -> Result<Self, ConfigError> {
        let document: Document = toml::from_str(text).map_err(|error| {
            // Only the bare message: toml's full one shows the line, which may hold a secret.
            let at = error.span().map_or(0, |span| span.start.min(text.len()));
            let line = text.as_bytes()[..at].iter().filter(|byte| **byte == b'\n').count() + 1;
            ConfigError::Malformed { path: path.to_owned(), line, reason: without_value(error.message()) }
        })?;
        Ok(Self { path: path.to_owned(), tenants: document.tenants })
    }

    /// The names of the tenants, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.tenants.keys().map(String::as_str)
    }

    /// One tenant.
    ///
    /// # Errors
    /// When there is none of that name.
    pub fn tenant(&self, name: &str) -> Result<&TenantConfig, ConfigError> {
        self.tenants.get(name).ok_or_else(|| {
            let names: Vec<&str> = self.names().collect();
            let known = if names.is_empty() { "none at all".to_owned() } else { names.join(", ") };
            ConfigError::UnknownTenant { name: name.to_owned(), path: self.path.clone(), known }
        })
    }

    /// Where relative paths of this file start.
    pub fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new(""))
    }
}

impl TenantConfig {
    /// What its imports may read.
    pub fn import_limits(&self) -> ImportLimits {
        let defaults = ImportLimits::default();
        let limits = &self.limits;
        ImportLimits {
            pages: limits.import_pages.unwrap_or(defaults.pages),
            users: limits.import_users.unwrap_or(defaults.users),
            bytes: limits.import_mib.map_or(defaults.bytes, |mib| mib.saturating_mul(1 << 20)),
            time: limits
                .import_minutes
                .map_or(defaults.time, |minutes| Duration::from_secs(minutes.saturating_mul(60))),
        }
    }

    /// The component that it uses.
    pub fn component(&self) -> ComponentChoice {
        self.component.clone().map_or(ComponentChoice::Embedded, ComponentChoice::named)
    }

    /// Has it use another component. One that was pinned is pinned no longer.
    pub fn set_component(&mut self, component: ComponentChoice) {
        self.component = match component {
            ComponentChoice::Embedded => None,
            ComponentChoice::File(path) => Some(path),
            added @ ComponentChoice::Added(_) => Some(PathBuf::from(added.to_string())),
        };
        self.sha256 = None;
    }

    /// The SHA-256 of the only component that may run for it, in hexadecimal; none where any may.
    pub fn pinned(&self) -> Option<&str> {
        self.sha256.as_deref()
    }

    /// Lets only the component with this SHA-256 run for it, in hexadecimal; none lets any.
    pub fn pin(&mut self, sha256: Option<String>) {
        self.sha256 = sha256;
    }

    /// Has a relative path of its component start at `folder`, for a configuration that leaves its file.
    pub fn make_component_absolute(&mut self, folder: &Path) {
        if matches!(self.component(), ComponentChoice::Added(_)) {
            return;
        }
        if let Some(path) = &mut self.component {
            let joined = folder.join(&*path);
            *path = std::path::absolute(&joined).unwrap_or(joined);
        }
    }

    /// Checks that the component is the one that `sha256` pins, where it pins one. `digest` is the SHA-256 of the component that
    /// was found, in hexadecimal.
    ///
    /// # Errors
    /// When it is another, or `sha256` is no SHA-256.
    pub fn check_component(&self, name: &str, digest: &str) -> Result<(), ConfigError> {
        let Some(pinned) = &self.sha256 else { return Ok(()) };
        let wrong = |reason: String| ConfigError::Setting { tenant: name.to_owned(), reason };
        if pinned.len() != 64 || !pinned.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(wrong(
                "`sha256` is not a SHA-256 in 64 hexadecimal digits; `describe` prints the component's".to_owned(),
            ));
        }
        if pinned.eq_ignore_ascii_case(digest) {
            return Ok(());
        }
        Err(wrong(format!(
            "its component has the SHA-256 {digest}, and `sha256` pins {pinned}; put the pinned component back, or, if the change is meant, pin the new one"
        )))
    }

    /// Checks the settings against what the connector declares, so that a slip of the pen is named before anything runs.
    /// That a setting is missing is left to the connector, which knows what can do without.
    ///
    /// # Errors
    /// A setting that the connector does not know, or a secret among the plain settings.
    pub fn check(&self, name: &str, descriptor: &Descriptor) -> Result<(), ConfigError> {
        let wrong = |reason: String| ConfigError::Setting { tenant: name.to_owned(), reason };
        let kind_of =
            |setting: &str| descriptor.settings.iter().find(|known| known.name == setting).map(|known| &known.kind);
        let names = |secret: bool| {
            let fitting =
                descriptor.settings.iter().filter(|known| matches!(known.kind, SettingKind::Secret) == secret);
            fitting.map(|known| known.name.as_str()).collect::<Vec<_>>()
        };
        let meant = |typed: &str, names: &[&str]| {
            let near =
                nearest(typed, names.iter().copied()).map_or(String::new(), |near| format!("; did you mean `{near}`"));
            format!("{near}; it has {}", names.join(", "))
        };
        for setting in self.settings.keys() {
            match kind_of(setting) {
                Some(SettingKind::Secret) => {
                    return Err(wrong(format!(
                        "`{setting}` is a secret and stands under [tenants.{name}.settings]; take it out, change it where it is valid, and name its source under [tenants.{name}.secrets]"
                    )));
                }
                Some(_) => {}
                None => {
                    let meant = meant(setting, &names(false));
                    return Err(wrong(format!("the connector has no setting `{setting}`{meant}")));
                }
            }
        }
        for secret in self.secrets.keys() {
            match kind_of(secret) {
                Some(SettingKind::Secret) => {}
                Some(_) => {
                    return Err(wrong(format!("`{secret}` is no secret; set it under [tenants.{name}.settings]")));
                }
                None => {
                    let meant = meant(secret, &names(true));
                    return Err(wrong(format!("the connector has no secret `{secret}`{meant}")));
                }
            }
        }
        Ok(())
    }

    /// The tenant with its secrets fetched; relative paths start at `folder`.
    ///
    /// # Errors
    /// When a secret cannot be had, or an egress rule is malformed.
    pub fn resolve(&self, name: &str, folder: &Path, input: &mut StandardInput<'_>) -> Result<Tenant, ConfigError> {
        let mut secrets = BTreeMap::new();
        for (secret, source) in &self.secrets {
            secrets.insert(secret.clone(), source.read(secret, folder, input)?);
        }
        self.with_secrets(name, secrets)
    }

    /// The tenant with secrets that were fetched already.
    ///
    /// # Errors
    /// When an egress rule is malformed.
    pub fn with_secrets(&self, name: &str, secrets: BTreeMap<String, Secret>) -> Result<Tenant, ConfigError> {
        let allow: Result<Vec<HostRule>, _> = self.egress.allow.iter().map(|rule| rule.parse()).collect();
        let allow =
            allow.map_err(|error| ConfigError::Setting { tenant: name.to_owned(), reason: error.to_string() })?;
        Ok(Tenant {
            name: name.to_owned(),
            settings: self.settings.iter().map(|(name, value)| (name.clone(), value.0.clone())).collect(),
            secrets,
            egress: EgressPolicy { allow, loopback: self.egress.loopback.clone() },
            approval: None,
            component_sha256: self.sha256.clone(),
            wasi: self.wasi,
            limits: self.limits.limits(),
            permit: None,
            ledger: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACME: &str = r#"
[tenants.acme]
[tenants.acme.settings]
username = "admin@acme.example"
api-version = 66
[tenants.acme.secrets]
password = { env = "ACME_PASSWORD" }
security-token = { file = "token" }
[tenants.acme.egress]
allow = ["login.example.com", "*.my.example.com"]
[tenants.acme.limits]
memory-mib = 32
"#;

    fn parse(text: &str) -> Result<TenantsFile, ConfigError> {
        TenantsFile::parse(text, Path::new("conf/tenants.toml"))
    }

    #[test]
    fn a_tenant_reads_with_its_defaults() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("token"), "abc").unwrap();
        let mut config = parse(ACME).unwrap().tenant("acme").unwrap().clone();
        config.secrets.remove("password");
        let tenant = config.resolve("acme", folder.path(), &mut StandardInput(Box::new(std::io::empty()))).unwrap();
        assert_eq!(tenant.settings["api-version"], "66");
        assert_eq!(tenant.secrets["security-token"].expose(), "abc");
        assert_eq!(tenant.egress.allow.len(), 2);
        assert!(tenant.egress.loopback.is_empty());
        assert_eq!(tenant.limits, Limits { memory: 32 << 20, ..Limits::default() });
    }

    #[test]
    fn a_pinned_component_is_the_only_one_that_is_used() {
        let (good, other) = ("ab".repeat(32), "cd".repeat(32));
        let check = |pin: &str, digest: &str| {
            let file = parse(&format!("[tenants.acme]\n{pin}")).unwrap();
            file.tenant("acme").unwrap().check_component("acme", digest).map_err(|error| error.to_string())
        };
        assert_eq!(check("", &other), Ok(()));
        assert_eq!(check(&format!("sha256 = \"{}\"", good.to_uppercase()), &good), Ok(()));
        let error = check(&format!("sha256 = \"{good}\""), &other).unwrap_err();
        assert!(error.contains("acme") && error.contains(&good) && error.contains(&other), "{error}");
        assert!(check("sha256 = \"abcd\"", &good).unwrap_err().contains("64 hexadecimal digits"));
    }

    #[test]
    fn a_component_is_a_file_or_the_digest_of_one_that_was_added() {
        let digest = "ab".repeat(32);
        let mut config = TenantConfig::default();
        assert_eq!(config.component(), ComponentChoice::Embedded);
        for (written, meant) in [
            (format!("sha256:{}", digest.to_uppercase()), ComponentChoice::Added(digest.clone())),
            ("own.wasm".to_owned(), ComponentChoice::File("own.wasm".into())),
            // Too short to be a digest, so it is looked for as a file, and not found.
            ("sha256:abcd".to_owned(), ComponentChoice::File("sha256:abcd".into())),
        ] {
            let file = parse(&format!("[tenants.acme]\ncomponent = \"{written}\"")).unwrap();
            assert_eq!(file.tenant("acme").unwrap().component(), meant);
            config.set_component(meant.clone());
            config.make_component_absolute(Path::new("/conf"));
            match &meant {
                ComponentChoice::Added(_) => assert_eq!(config.component(), meant),
                _ => assert_eq!(config.component(), ComponentChoice::File(Path::new("/conf").join(&written))),
            }
        }
    }

    #[test]
    fn an_unknown_tenant_is_told_the_known_ones() {
        let error = parse(ACME).unwrap().tenant("acne").unwrap_err();
        assert_eq!(error.to_string(), "no tenant `acne` in conf/tenants.toml; it has acme");
    }

    #[test]
    fn no_error_quotes_a_secret_that_stands_in_the_file() {
        for (text, line) in [
            ("[tenants.acme.secrets]\npassword = \"hunter2-hunter2\"", 2),
            ("[tenants.acme.secrets]\npassword = { value = \"hunter2-hunter2\" }", 2),
            ("[tenants.acme.secrets]\npassword = { env = \"A\", file = \"hunter2-hunter2\" }", 2),
            ("[tenants.acme.secrets]\n\npassword = \"hunter2-hunter2", 3),
            ("[tenants.acme.secrets]\npassword = [\"hunter2-hunter2\"]", 2),
            ("[tenants.acme]\npassword = \"hunter2-hunter2\"", 2),
            ("[tenants.acme.settings]\npassword = [\"hunter2-hunter2\"]", 2),
            ("tenants = \"hunter2-hunter2\"", 1),
            ("[tenants]\nacme = \"hunter2-hunter2\"", 2),
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.starts_with(&format!("conf/tenants.toml, line {line}: ")), "{error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
