//! Which hosts a tenant's component may reach.
//!
//! A policy is a list of rules and the ports of this machine. A request passes when its scheme is `https` and a rule names
//! its host; plain `http` passes only to this machine itself, and only to a port that is named. The addresses that a name
//! resolves to are checked once more when the connection is made ([`is_public`](super::addresses::is_public)), so a name that points into a private
//! network gains nothing.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use reqwest::Url;
use url_host::Host;

/// One rule: a host name, or `*.` and a domain for every name below it ([`HostRule::warning`]); optionally with `:port` (443
/// otherwise).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostRule {
    below: bool,
    name: String,
    port: u16,
}

/// Why a text is no [`HostRule`].
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{rule}` is not an egress rule: {reason}; write the name of a host, such as `login.example.com`")]
pub struct RuleError {
    rule: String,
    reason: &'static str,
}

impl FromStr for HostRule {
    type Err = RuleError;

    fn from_str(text: &str) -> Result<Self, RuleError> {
        let refuse = |reason| RuleError { rule: text.to_owned(), reason };
        if text.contains('/') {
            return Err(refuse("it holds a scheme or a path"));
        }
        let (name, port) = match text.rsplit_once(':') {
            Some((name, port)) => (name, port.parse().map_err(|_| refuse("its port is not a number"))?),
            None => (text, 443),
        };
        let (below, name) = match name.strip_prefix("*.") {
            Some(domain) => (true, domain),
            None => (false, name),
        };
        if name.contains('*') {
            return Err(refuse("a `*` may stand only for the first labels"));
        }
        if below && !name.contains('.') {
            return Err(refuse("it opens a whole top-level domain"));
        }
        let label = |label: &str| {
            !label.is_empty()
                && label.len() <= 63
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        };
        if name.len() > 253 || !name.split('.').all(label) {
            return Err(refuse("it is not a host name"));
        }
        Ok(Self { below, name: name.to_ascii_lowercase(), port })
    }
}

impl fmt::Display for HostRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let star = if self.below { "*." } else { "" };
        write!(f, "{star}{}", self.name)?;
        if self.port == 443 { Ok(()) } else { write!(f, ":{}", self.port) }
    }
}

impl HostRule {
    /// What whoever wrote the rule should know: `None` unless it opens hosts that it does not name. Under the domain of an
    /// application stand the hosts of all of its customers, and whoever is one of them is sent whatever a connector sends there.
    pub fn warning(&self) -> Option<String> {
        self.below.then(|| {
            format!(
                "the egress rule `{self}` lets a connector send this tenant's data to every host under {name}, whoever it belongs to, and no secret goes to a host that isn't listed by its own name; list the hosts themselves, such as `your-own.{name}`",
                name = self.name
            )
        })
    }

    fn allows(&self, host: &str, port: u16) -> bool {
        port == self.port
            && match host.strip_suffix(self.name.as_str()) {
                Some("") => !self.below,
                Some(labels) => self.below && labels.len() > 1 && labels.ends_with('.'),
                None => false,
            }
    }
}

/// What a tenant's component may reach. The default reaches nothing.
///
/// ```
/// use provisioning_runtime::{EgressPolicy, Refusal};
/// use url::Url;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let policy = EgressPolicy { allow: vec!["acme.example.com".parse()?], loopback: Vec::new() };
/// assert!(policy.allows(&Url::parse("https://acme.example.com/users")?).is_ok());
///
/// let other = policy.allows(&Url::parse("https://other.example.com/")?);
/// assert!(matches!(other, Err(Refusal::NotListed { .. })));
/// let plain = policy.allows(&Url::parse("http://acme.example.com/")?);
/// assert!(matches!(plain, Err(Refusal::NotHttps { .. })));
/// let machine = policy.allows(&Url::parse("http://127.0.0.1:8080/")?);
/// assert!(matches!(machine, Err(Refusal::Loopback { .. })));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EgressPolicy {
    /// Hosts reachable over https.
    pub allow: Vec<HostRule>,
    /// Ports of this machine itself (`127.0.0.0/8`, `::1`, `localhost`) that are reachable, over http or https. For emulators and
    /// tests. Other services on this machine may trust local connections, so all ports can't be named at once.
    pub loopback: Vec<u16>,
}

/// A refusal: the host and the rule, in one sentence.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum Refusal {
    /// No rule names the host.
    #[error(
        "the host {host}:{port} is not in this tenant's egress list ({list}); add it to `egress.allow` if the tenant may reach it"
    )]
    NotListed {
        /// The host asked for.
        host: String,
        /// Its port.
        port: u16,
        /// The rules there are.
        list: String,
    },
    /// Plain http to another machine.
    #[error(
        "plain http to the host {host} is refused by the rule that only https leaves this machine; use an https address"
    )]
    NotHttps {
        /// The host asked for.
        host: String,
    },
    /// A port of this machine that isn't named.
    #[error(
        "the host {host}:{port} is this machine itself, of which the rule `egress.loopback` lets this tenant reach {allowed}; add {port} to it to use an emulator there"
    )]
    Loopback {
        /// The host asked for.
        host: String,
        /// Its port.
        port: u16,
        /// The ports that are named.
        allowed: String,
    },
    /// An address where only names are allowed.
    #[error(
        "the host {host} is a bare address, and the rule is that hosts are named; use the host's name and list it in `egress.allow`"
    )]
    BareAddress {
        /// The address asked for.
        host: String,
    },
    /// A listed name that resolves to an address inside a private network.
    #[error(
        "the host {host} resolves to {address}, which the rule against private, local and reserved addresses refuses"
    )]
    PrivateAddress {
        /// The host asked for.
        host: String,
        /// What it resolves to.
        address: IpAddr,
    },
    /// Neither http nor https, no host, or credentials in the address.
    #[error("the address is refused by the rule that a request names an http or https host and no credentials")]
    NoHost,
}

impl EgressPolicy {
    /// Whether a request to `url` may leave.
    ///
    /// # Errors
    /// The rule that refuses it.
    pub fn allows(&self, url: &Url) -> Result<(), Refusal> {
        let (Some(host), Some(port)) = (url.host(), url.port_or_known_default()) else {
            return Err(Refusal::NoHost);
        };
        if !url.username().is_empty() || url.password().is_some() || !matches!(url.scheme(), "http" | "https") {
            return Err(Refusal::NoHost);
        }
        let (name, address) = match Host::of(&host) {
            Host::Name(name) => (name, None),
            Host::Address(address) => (address.to_string(), Some(address)),
        };
        if is_localhost(&name) || address.is_some_and(|address| address.to_canonical().is_loopback()) {
            if self.loopback.contains(&port) {
                return Ok(());
            }
            let allowed = match self.loopback.as_slice() {
                [] => "no port".to_owned(),
                ports => format!("the ports {}", ports.iter().map(u16::to_string).collect::<Vec<_>>().join(", ")),
            };
            return Err(Refusal::Loopback { host: name, port, allowed });
        }
        if url.scheme() != "https" {
            return Err(Refusal::NotHttps { host: name });
        }
        if address.is_some() {
            return Err(Refusal::BareAddress { host: name });
        }
        if self.allow.iter().any(|rule| rule.allows(&name, port)) {
            return Ok(());
        }
        let list = match self.allow.as_slice() {
            [] => "the list is empty".to_owned(),
            rules => rules.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
        };
        Err(Refusal::NotListed { host: name, port, list })
    }
}

impl EgressPolicy {
    /// A policy that reaches what listens at `address` on this machine, such as an emulator at `http://127.0.0.1:8080`, and nothing
    /// else. One that is no address with a port reaches nothing.
    pub fn this_machine(address: &str) -> Self {
        let port = Url::parse(address).ok().and_then(|url| url.port_or_known_default());
        Self { allow: Vec::new(), loopback: port.into_iter().collect() }
    }

    /// Whether it allows the host of `url` by its own name: by a rule without `*`, or as a port of this machine.
    pub(crate) fn names(&self, url: &Url) -> bool {
        let is_loopback = url.host().is_some_and(|host| match Host::of(&host) {
            Host::Name(name) => is_localhost(&name),
            Host::Address(address) => address.to_canonical().is_loopback(),
        });
        let is_named = url.port_or_known_default().is_some_and(|port| self.loopback.contains(&port));
        is_named && is_loopback || self.names_by_rule(url)
    }

    /// Whether a rule without `*` names the host of `url`.
    pub(crate) fn names_by_rule(&self, url: &Url) -> bool {
        let (Some(host), Some(port)) = (url.host(), url.port_or_known_default()) else { return false };
        let name = match Host::of(&host) {
            Host::Name(name) => name,
            Host::Address(address) => address.to_string(),
        };
        self.allow.iter().any(|rule| !rule.below && rule.allows(&name, port))
    }
}

/// The two shapes of a URL's host.
mod url_host {
    use std::net::IpAddr;

    pub(super) enum Host {
        Name(String),
        Address(IpAddr),
    }

    impl Host {
        pub(super) fn of(host: &url::Host<&str>) -> Self {
            match host {
                // A trailing dot names the same host (RFC 1034 §3.1).
                url::Host::Domain(name) => Self::Name(name.trim_end_matches('.').to_ascii_lowercase()),
                url::Host::Ipv4(address) => Self::Address(IpAddr::V4(*address)),
                url::Host::Ipv6(address) => Self::Address(IpAddr::V6(*address)),
            }
        }
    }
}

/// Whether a name is this machine by definition (RFC 6761 §6.3).
pub(crate) fn is_localhost(name: &str) -> bool {
    let name = name.trim_end_matches('.');
    name.eq_ignore_ascii_case("localhost")
        || name.len() > 10
            && name.is_char_boundary(name.len() - 10)
            && name[name.len() - 10..].eq_ignore_ascii_case(".localhost")
}

#[cfg(test)]
mod tests;
