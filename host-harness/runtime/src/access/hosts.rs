//! Which hosts a tenant's connector talks to: the declared ones, by the tenant's settings and by what was learned.

use std::collections::BTreeMap;

use reqwest::Url;

use super::declaration::{Declaration, HostSource};

/// The origin of a host as people write it: a name with or without a port, or any address of it. Returns `None` for a text that
/// is neither.
pub(crate) fn origin(text: &str) -> Option<String> {
    let text = text.trim();
    let url = if text.contains("://") { Url::parse(text) } else { Url::parse(&format!("https://{text}")) }.ok()?;
    origin_of(&url)
}

/// The origin of an address: scheme, host, and the port unless it is the scheme's own (RFC 6454 §6.1).
pub(crate) fn origin_of(url: &Url) -> Option<String> {
    let of_the_web = matches!(url.scheme(), "http" | "https") && url.has_host() && url.username().is_empty();
    // A trailing dot names the same host (RFC 1034 §3.1).
    of_the_web.then(|| url.origin().ascii_serialization().trim_end_matches('.').to_owned())
}

/// The declared hosts of one job, each with its name and origin.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Hosts(Vec<(String, String)>);

impl Hosts {
    /// Those that settings and declaration tell.
    pub(crate) fn known(declaration: &Declaration, settings: &BTreeMap<String, String>) -> Self {
        let entries = declaration.hosts.iter().filter(|entry| {
            let Some((setting, value)) = &entry.when else { return true };
            settings.get(setting).is_some_and(|has| has.trim() == value)
        });
        let known = entries.filter_map(|entry| {
            let origin = match &entry.source {
                HostSource::Exact(name) => origin(name)?,
                HostSource::Setting(name) => origin(settings.get(name)?)?,
                HostSource::Learned => return None,
            };
            Some((entry.name.clone(), origin))
        });
        Self(known.collect())
    }

    /// The names of the hosts with this origin.
    pub(crate) fn names<'a>(&'a self, origin: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(_, has)| has == origin).map(|(name, _)| name.as_str())
    }

    /// The origins, each once.
    pub(crate) fn origins(&self) -> Vec<&str> {
        let mut origins: Vec<&str> = self.0.iter().map(|(_, origin)| origin.as_str()).collect();
        origins.sort_unstable();
        origins.dedup();
        origins
    }

    /// The origins of the hosts of this name.
    pub(crate) fn origins_of<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(has, _)| has == name).map(|(_, origin)| origin.as_str())
    }

    /// Adds a learned host, in the place of what was learned before under its name.
    pub(crate) fn learn(&mut self, name: &str, origin: String) {
        self.0.retain(|(has, _)| has != name);
        self.0.push((name.to_owned(), origin));
    }
}

impl Declaration {
    /// The hosts that a tenant with these settings needs, as rules of an egress policy (`login.example.com`): what an admin is
    /// asked to allow. Hosts that are learned at the first sign-in are not among them, and neither is this machine itself.
    ///
    /// ```
    /// use std::collections::BTreeMap;
    /// use provisioning_runtime::{Declaration, HostEntry, HostSource};
    ///
    /// let host = HostEntry { name: "own".to_owned(), source: HostSource::Setting("domain".to_owned()), when: None };
    /// let declaration = Declaration { hosts: vec![host], ..Declaration::default() };
    /// let settings = BTreeMap::from([("domain".to_owned(), "https://acme.example.com/start".to_owned())]);
    /// assert_eq!(declaration.proposed_hosts(&settings), ["acme.example.com"]);
    /// ```
    pub fn proposed_hosts(&self, settings: &BTreeMap<String, String>) -> Vec<String> {
        let known = Hosts::known(self, settings);
        let rules = known.origins().into_iter().filter_map(rule_of);
        rules.collect()
    }

    /// The secrets that would go to another host if the settings became `new`. Whoever changes them has to know the secrets: else a
    /// change of a host would be a way to read them.
    pub fn secrets_that_move(&self, old: &BTreeMap<String, String>, new: &BTreeMap<String, String>) -> Vec<&str> {
        let (old, new) = (Hosts::known(self, old), Hosts::known(self, new));
        let mut moved: Vec<&str> = Vec::new();
        for one in &self.uses {
            let before: Vec<&str> = one.hosts.iter().flat_map(|host| old.origins_of(host)).collect();
            let goes_elsewhere =
                one.hosts.iter().flat_map(|host| new.origins_of(host)).any(|origin| !before.contains(&origin));
            if goes_elsewhere {
                moved.extend(one.puts.iter().map(|put| put.secret.as_str()));
            }
        }
        moved.sort_unstable();
        moved.dedup();
        moved
    }
}

/// An origin as a rule of an egress policy. Returns `None` for plain http, which only this machine itself is reached by.
pub(crate) fn rule_of(origin: &str) -> Option<String> {
    origin.strip_prefix("https://").map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::super::declaration::{HostEntry, Place, Put, SecretForm, SecretUse};
    use super::*;

    #[test]
    fn an_origin_is_the_same_however_the_host_is_written() {
        for text in [
            "acme.example.com",
            " ACME.example.com ",
            "https://acme.example.com",
            "https://acme.example.com:443/x?y#z",
            "acme.example.com/start",
        ] {
            assert_eq!(origin(text).as_deref(), Some("https://acme.example.com"), "{text}");
        }
        assert_eq!(origin("http://127.0.0.1:8080/x").as_deref(), Some("http://127.0.0.1:8080"));
        assert_eq!(origin("acme.example.com:8443").as_deref(), Some("https://acme.example.com:8443"));
        for text in ["", "https://", "ftp://acme.example.com", "a b", "https://user@acme.example.com"] {
            assert_eq!(origin(text), None, "{text}");
        }
    }

    #[test]
    fn a_host_is_known_where_its_condition_holds() {
        let entry = |name: &str, source, when: Option<(&str, &str)>| HostEntry {
            name: name.to_owned(),
            source,
            when: when.map(|(setting, value)| (setting.to_owned(), value.to_owned())),
        };
        let declaration = Declaration {
            hosts: vec![
                entry("live", HostSource::Exact("login.example.com".to_owned()), Some(("type", "live"))),
                entry("test", HostSource::Exact("test.example.com".to_owned()), Some(("type", "test"))),
                entry("own", HostSource::Setting("domain".to_owned()), None),
                entry("instance", HostSource::Learned, None),
            ],
            ..Declaration::default()
        };
        let settings = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
        };
        assert_eq!(declaration.proposed_hosts(&settings(&[("type", "live")])), ["login.example.com"]);
        let both = settings(&[("type", " test"), ("domain", "http://127.0.0.1:9")]);
        assert_eq!(declaration.proposed_hosts(&both), ["test.example.com"], "this machine isn't proposed");
        assert!(declaration.proposed_hosts(&settings(&[])).is_empty());
        let put = Put { secret: "password".to_owned(), form: SecretForm::Plain, place: Place::Form("p".to_owned()) };
        let mut declaration = declaration;
        declaration.uses.push(SecretUse {
            name: "sign-in".to_owned(),
            hosts: vec!["live".to_owned(), "test".to_owned(), "own".to_owned()],
            methods: vec!["POST".to_owned()],
            path: "/".to_owned(),
            puts: vec![put],
            takes: Vec::new(),
            learns: None,
        });
        let moved = |new: &[(&str, &str)]| declaration.secrets_that_move(&both, &settings(new));
        assert!(moved(&[("type", "test"), ("domain", "http://127.0.0.1:9"), ("other", "x")]).is_empty());
        assert!(moved(&[("type", "none")]).is_empty(), "it goes nowhere else");
        assert_eq!(moved(&[("type", "live"), ("domain", "http://127.0.0.1:9")]), ["password"]);
        assert_eq!(moved(&[("type", "test"), ("domain", "http://127.0.0.1:10")]), ["password"]);

        let mut hosts = Hosts::known(&declaration, &both);
        hosts.learn("instance", "https://one.example.com".to_owned());
        hosts.learn("instance", "https://two.example.com".to_owned());
        assert_eq!(hosts.names("https://one.example.com").count(), 0);
        assert_eq!(hosts.names("https://two.example.com").collect::<Vec<_>>(), ["instance"]);
    }
}
