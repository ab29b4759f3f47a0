//! Which hosts a tenant's component may reach.
//!
//! A policy is a list of rules and the switch for loopback. A request passes when its scheme is `https` and a rule names
//! its host; plain `http` passes only to this machine itself, and only where the switch says so. The addresses that a name
//! resolves to are checked once more when the connection is made ([`is_public`]), so a name that points into a private
//! network gains nothing.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use reqwest::Url;
use url_host::Host;

/// One rule: a host name, or `*.` and a domain for every name below it; optionally with `:port` (443 otherwise).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostRule {
    below: bool,
    name: String,
    port: u16,
}

/// Why a text is no [`HostRule`].
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "`{rule}` is not an egress rule: {reason}; write a host name such as `login.example.com` or `*.my.example.com`"
)]
pub struct RuleError {
    rule: String,
    reason: &'static str,
}

impl FromStr for HostRule {
    type Err = RuleError;

    fn from_str(text: &str) -> Result<Self, RuleError> {
        let refuse = |reason| RuleError { rule: text.to_owned(), reason };
        if text.contains("://") || text.contains('/') {
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
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EgressPolicy {
    /// Hosts reachable over https.
    pub allow: Vec<HostRule>,
    /// Whether this machine itself (`127.0.0.0/8`, `::1`, `localhost`) is reachable, over http or https, on any port. For
    /// emulators and tests.
    pub loopback: bool,
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
    /// This machine, without the switch.
    #[error(
        "the host {host} is this machine itself, which the rule `egress.loopback = false` refuses; set it to true to use an emulator"
    )]
    Loopback {
        /// The host asked for.
        host: String,
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
            return if self.loopback { Ok(()) } else { Err(Refusal::Loopback { host: name }) };
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

/// Whether an address is one of the public Internet: none of the special-purpose blocks that the IANA registries mark as
/// not globally reachable (RFC 6890), also when an IPv6 address carries an IPv4 one inside.
pub(crate) fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => {
            let [first, second, ..] = v6.segments();
            let embedded = match (first, second) {
                // NAT64 (RFC 6052) and 6to4 (RFC 3056).
                (0x0064, 0xff9b) => {
                    let [.., a, b] = v6.segments();
                    Some(Ipv4Addr::from((u32::from(a) << 16) | u32::from(b)))
                }
                (0x2002, high) => Some(Ipv4Addr::from((u32::from(high) << 16) | u32::from(v6.segments()[2]))),
                _ => None,
            };
            embedded.is_none_or(is_public_v4)
                && !(v6.is_loopback()
                    || v6.is_unspecified()
                    || v6.is_multicast()
                    || v6.is_unique_local()
                    || v6.is_unicast_link_local()
                    || is_special_v6(v6))
        }
    }
}

fn is_public_v4(v4: Ipv4Addr) -> bool {
    let [a, b, c, _] = v4.octets();
    !(v4.is_private()
        || v4.is_loopback()
        || v4.is_link_local()
        || v4.is_broadcast()
        || v4.is_documentation()
        || v4.is_multicast()
        || a == 0
        || a >= 240
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 198 && (18..20).contains(&b)))
}

fn is_special_v6(v6: Ipv6Addr) -> bool {
    let [first, second, third, fourth, ..] = v6.segments();
    // Discard-only (RFC 6666), Teredo and the other protocol assignments of 2001::/23, documentation (RFC 3849, RFC 9637),
    // site-local (RFC 3879), and what is not global unicast at all, 64:ff9b::/96 excepted.
    (first == 0x0100 && second == 0 && third == 0 && fourth == 0)
        || (first == 0x2001 && second < 0x0200)
        || (first == 0x2001 && second == 0x0db8)
        || (first == 0x3fff && second < 0x1000)
        || (first & 0xe000 != 0x2000 && !(first == 0x0064 && second == 0xff9b))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(rules: &[&str], loopback: bool) -> EgressPolicy {
        EgressPolicy { allow: rules.iter().map(|rule| rule.parse().unwrap()).collect(), loopback }
    }

    fn verdict(policy: &EgressPolicy, url: &str) -> &'static str {
        match policy.allows(&Url::parse(url).unwrap()) {
            Ok(()) => "allowed",
            Err(Refusal::NotListed { .. }) => "not listed",
            Err(Refusal::NotHttps { .. }) => "not https",
            Err(Refusal::Loopback { .. }) => "loopback",
            Err(Refusal::BareAddress { .. }) => "bare address",
            Err(Refusal::PrivateAddress { .. }) => "private",
            Err(Refusal::NoHost) => "no host",
        }
    }

    #[test]
    fn requests_pass_only_where_a_rule_names_the_host() {
        let listed = policy(&["login.example.com", "*.my.example.com", "other.example.com:8443"], false);
        for (url, expected) in [
            ("https://login.example.com/services", "allowed"),
            ("https://LOGIN.example.com./services", "allowed"),
            ("https://login.example.com:443/", "allowed"),
            ("https://login.example.com:444/", "not listed"),
            ("https://acme.my.example.com/", "allowed"),
            ("https://a.b.my.example.com/", "allowed"),
            ("https://my.example.com/", "not listed"),
            ("https://evilmy.example.com/", "not listed"),
            ("https://login.example.com.evil.com/", "not listed"),
            ("https://evil-login.example.com/", "not listed"),
            ("https://other.example.com:8443/", "allowed"),
            ("https://other.example.com/", "not listed"),
            ("http://login.example.com/", "not https"),
            ("https://user@login.example.com/", "no host"),
            ("https://login.example.com@evil.com/", "no host"),
            ("ftp://login.example.com/", "no host"),
            ("https://203.0.113.7/", "bare address"),
            ("https://127.0.0.1/", "loopback"),
            ("http://127.1.2.3:8080/", "loopback"),
            ("http://2130706433/", "loopback"),
            ("http://0x7f.1/", "loopback"),
            ("http://[::1]/", "loopback"),
            ("http://[::ffff:127.0.0.1]/", "loopback"),
            ("http://localhost:1/", "loopback"),
            ("http://a.localhost:1/", "loopback"),
        ] {
            assert_eq!(verdict(&listed, url), expected, "{url}");
        }
    }

    #[test]
    fn the_loopback_switch_opens_this_machine_and_nothing_else() {
        let open = policy(&[], true);
        for (url, expected) in [
            ("http://127.0.0.1:8080/", "allowed"),
            ("http://localhost:8080/", "allowed"),
            ("https://[::1]:8443/", "allowed"),
            ("http://10.0.0.1/", "not https"),
            ("https://10.0.0.1/", "bare address"),
            ("https://169.254.169.254/", "bare address"),
            ("https://login.example.com/", "not listed"),
        ] {
            assert_eq!(verdict(&open, url), expected, "{url}");
        }
    }

    #[test]
    fn a_refusal_names_host_and_rule() {
        let refusal =
            policy(&["login.example.com"], false).allows(&Url::parse("https://evil.test/").unwrap()).unwrap_err();
        assert_eq!(
            refusal.to_string(),
            "the host evil.test:443 is not in this tenant's egress list (login.example.com); add it to `egress.allow` if the tenant may reach it"
        );
    }

    #[test]
    fn malformed_rules_are_refused() {
        for rule in
            ["", "*", "*.com", "https://a.example", "a.example/x", "a*.example.com", "a..b", "a.example:x", "a b"]
        {
            assert!(rule.parse::<HostRule>().is_err(), "{rule}");
        }
        assert_eq!("*.My.Example.com:8443".parse::<HostRule>().unwrap().to_string(), "*.my.example.com:8443");
    }

    #[test]
    fn only_public_addresses_are_public() {
        for address in ["1.1.1.1", "93.184.215.14", "2606:4700::1111", "64:ff9b::101:101", "2002:101:101::1"] {
            assert!(is_public(address.parse().unwrap()), "{address}");
        }
        for address in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "192.168.1.1",
            "192.0.0.8",
            "198.18.0.1",
            "203.0.113.9",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "fc00::1",
            "fe80::1",
            "ff02::1",
            "2001:db8::1",
            "2001::1",
            "::ffff:10.0.0.1",
            "64:ff9b::a00:1",
            "2002:a00:1::1",
            "fec0::1",
            "100::1",
        ] {
            assert!(!is_public(address.parse().unwrap()), "{address}");
        }
    }
}
