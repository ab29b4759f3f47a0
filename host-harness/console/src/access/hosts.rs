//! The names that the console answers to.
//!
//! A page of somebody else's can have its own name resolve to 127.0.0.1 (DNS rebinding) and then talk to the console as if it
//! were the same site. The browser still sends the name, so a request for a name that nobody has given to this console is
//! refused. An address cannot be rebound.

use std::net::{IpAddr, SocketAddr};

use axum::http::uri::Authority;

/// The names that the console answers to.
#[derive(Clone, Debug)]
pub(crate) struct Hosts {
    /// Whether it listens on loopback.
    loopback: bool,
    names: Vec<String>,
}

impl Hosts {
    /// Those of a console that listens at `address`, and `names`.
    pub(crate) fn new(address: SocketAddr, names: Vec<String>) -> Self {
        Self { loopback: address.ip().is_loopback(), names }
    }

    /// Whether only this machine is meant to reach the console: it listens on loopback, and no other name was given to it.
    pub(crate) fn is_private(&self) -> bool {
        self.loopback && self.names.is_empty()
    }

    /// A name of a host, in lower case; none where it is no name.
    pub(crate) fn name(text: &str) -> Option<String> {
        let authority: Authority = text.parse().ok()?;
        let plain = authority.port().is_none() && authority.host() == text && !text.is_empty();
        plain.then(|| text.trim_end_matches('.').to_lowercase())
    }

    /// Whether a `Host` header names this console. The port does not matter: it is no part of what can be rebound, and a proxy
    /// has another.
    pub(crate) fn allows(&self, header: &str) -> bool {
        let Ok(authority) = header.parse::<Authority>() else { return false };
        if header.contains('@') {
            return false;
        }
        let host = authority.host().trim_end_matches('.').to_lowercase();
        if self.names.contains(&host) {
            return true;
        }
        match host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>() {
            Ok(address) => !self.loopback || address.is_loopback(),
            Err(_) => self.loopback && host == "localhost",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_that_were_given_and_addresses_are_answered() {
        let here = Hosts::new("127.0.0.1:8700".parse().unwrap(), vec!["admin.example".to_owned()]);
        for good in ["127.0.0.1:8700", "localhost:8700", "LOCALHOST", "[::1]:8700", "127.0.0.9", "admin.example:443"] {
            assert!(here.allows(good), "{good}");
        }
        for bad in ["evil.example", "localhost.evil.example", "10.0.0.1", "", "a@localhost", "127.0.0.1.evil.example"] {
            assert!(!here.allows(bad), "{bad}");
        }
        let there = Hosts::new("0.0.0.0:8700".parse().unwrap(), vec!["admin.example".to_owned()]);
        assert!(there.allows("10.0.0.1:8700") && there.allows("admin.example"));
        assert!(
            Hosts::new("[::1]:1".parse().unwrap(), Vec::new()).is_private()
                && !here.is_private()
                && !there.is_private()
        );
        assert!(!there.allows("localhost") && !there.allows("evil.example"));
    }

    #[test]
    fn a_name_has_no_scheme_and_no_port() {
        assert_eq!(Hosts::name("Admin.Example.").as_deref(), Some("admin.example"));
        for bad in ["https://admin.example", "admin.example:443", "", "a b", "me@admin.example"] {
            assert_eq!(Hosts::name(bad), None, "{bad}");
        }
    }
}
