//! What a connector may do with a tenant's secrets: which hosts it reaches, and in which kinds of requests which secret goes where.
//!
//! A connector *declares* that in its descriptor ([`Declaration`]). An admin *approves* it for one component, by its SHA-256
//! ([`Approval`]). What is *enforced* is the approved copy: a job asks its component for nothing. A request that has a placeholder
//! where no approved use puts it isn't sent.

mod declaration;
mod hosts;
mod path;
mod sentences;

use std::collections::BTreeMap;
use std::sync::Arc;

use reqwest::Url;

pub use declaration::{
    Declaration, HostEntry, HostSource, JwtBounds, MalformedDeclaration, Place, Put, SecretForm, SecretUse, Take,
};
pub(crate) use declaration::{NEW_PASSWORD, method_name};
use hosts::Hosts;

use path::{Fit, Pattern};

use crate::egress::EgressPolicy;
use crate::placeholders::{Claims, Held, Kind};
use crate::placement::Found;

/// The most seconds that a signed token may be valid, whatever is declared. Salesforce takes at most 300 (M).
pub(crate) const LONGEST_TOKEN: u64 = 300;

/// What an admin has approved of a component.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approval {
    /// The component's SHA-256, in hexadecimal.
    pub component_sha256: String,
    /// What it may do.
    pub declaration: Arc<Declaration>,
}

/// What the jobs of one tenant may do with its secrets, and the hosts that this job has learned.
pub(crate) struct Access {
    declaration: Arc<Declaration>,
    hosts: Hosts,
    settings: BTreeMap<String, String>,
    /// Names of the secret settings that the tenant has.
    secrets: Vec<String>,
    egress: EgressPolicy,
    /// Learned hosts that nobody has confirmed, by their origins, with the names of their entries.
    unconfirmed: BTreeMap<String, String>,
}

/// A request as its use is decided by.
pub(crate) struct Asked<'a> {
    pub(crate) method: &'static str,
    pub(crate) url: &'a Url,
    /// Whether the path is sent as the component wrote it.
    pub(crate) is_literal: bool,
    pub(crate) found: &'a [Found],
}

impl Access {
    pub(crate) fn new(
        approval: Option<&Approval>,
        settings: &BTreeMap<String, String>,
        secrets: Vec<String>,
        egress: EgressPolicy,
    ) -> Self {
        let declaration = approval.map(|approval| Arc::clone(&approval.declaration)).unwrap_or_default();
        let hosts = Hosts::known(&declaration, settings);
        Self { declaration, hosts, settings: settings.clone(), secrets, egress, unconfirmed: BTreeMap::new() }
    }

    /// Whether the request may leave.
    ///
    /// # Errors
    /// The rule that refuses it, in a sentence that names the host and, for a secret, its name and its place.
    pub(crate) fn allows(&self, asked: &Asked<'_>) -> Result<Option<SecretUse>, String> {
        let place = crate::http::authority(asked.url);
        let origin = hosts::origin_of(asked.url).unwrap_or_default();
        if let Some(entry) = self.unconfirmed.get(&origin) {
            return Err(format!(
                "the application has named {place} as its host `{entry}`, and nobody has confirmed that it is the tenant's own; add it to `egress.allow` if it is"
            ));
        }
        self.egress.allows(asked.url).map_err(|refusal| refusal.to_string())?;
        let names: Vec<&str> = self.hosts.names(&origin).collect();
        if names.is_empty() {
            let known = match self.hosts.origins().as_slice() {
                [] => "there are none".to_owned(),
                origins => origins.join(", "),
            };
            return Err(format!(
                "the host {place} is none of those that an admin has approved for this connector and tenant ({known}); correct the settings that name a host, or approve the component's hosts anew"
            ));
        }
        let fitting = self.declaration.uses.iter().filter_map(|one| {
            let fits = one.hosts.iter().any(|host| names.contains(&host.as_str()))
                && one.methods.iter().any(|method| method == asked.method)
                && asked.is_literal;
            let fit = Pattern::parse(&one.path).filter(|_| fits)?.fit(asked.url.path())?;
            Some((one, fit))
        });
        let fitting: Vec<(&SecretUse, Fit<'_>)> = fitting.collect();
        let covered = |(one, fit): &&(&SecretUse, Fit<'_>)| {
            asked.found.iter().all(|found| one.puts.iter().any(|put| self.covers(put, found, *fit, &origin)))
        };
        match fitting.iter().find(covered) {
            Some((one, _)) if asked.found.is_empty() => Ok(Some((*one).clone())),
            Some((one, _)) => {
                if !self.egress.names(asked.url) {
                    return Err(format!(
                        "the host {place} is let through by a rule with `*` alone, and no secret goes to a host that isn't listed by its own name; add it to `egress.allow`"
                    ));
                }
                Ok(Some((*one).clone()))
            }
            None => match asked.found {
                [] => Ok(None),
                found => Err(self.refused(asked, &place, found, &fitting)),
            },
        }
    }

    fn covers(&self, put: &Put, found: &Found, fit: Fit<'_>, origin: &str) -> bool {
        let Held { name, kind, .. } = &*found.held;
        put.secret == *name
            && found.spot.is(&put.place)
            && match (kind, &put.form) {
                (Kind::Setting | Kind::Taken, SecretForm::Plain) => true,
                (Kind::NewPassword(id), SecretForm::Plain) => match fit {
                    Fit::About(user) => user == id,
                    Fit::Fits => true,
                },
                (Kind::Basic, SecretForm::Basic) => true,
                (Kind::Jwt(claims), SecretForm::Jwt(bounds)) => self.bounded(claims, bounds, origin),
                _ => false,
            }
    }

    /// Why a request with these placeholders isn't sent: because of the first of them that no use puts there, or all of them together.
    fn refused(&self, asked: &Asked<'_>, place: &str, found: &[Found], fitting: &[(&SecretUse, Fit<'_>)]) -> String {
        let origin = hosts::origin_of(asked.url).unwrap_or_default();
        let covered = |found: &Found| {
            fitting.iter().any(|(one, fit)| one.puts.iter().any(|put| self.covers(put, found, *fit, &origin)))
        };
        let (method, path) = (asked.method, asked.url.path());
        match found.iter().find(|found| !covered(found)) {
            Some(Found { held, spot }) => {
                let other_user = match &held.kind {
                    Kind::NewPassword(id) => format!("; it is the password of the user {id}"),
                    _ => String::new(),
                };
                format!(
                    "no approved use sends the secret `{}` in {spot} of {method} {place}{path}, so the rule `uses` refuses it{other_user}; approve the component's uses anew if it is right, or mend the connector",
                    held.name
                )
            }
            None => {
                let mut names: Vec<&str> = found.iter().map(|found| found.held.name.as_str()).collect();
                names.sort_unstable();
                names.dedup();
                format!(
                    "no approved use sends the secrets `{}` together in {method} {place}{path}, so the rule `uses` refuses it; mend the connector",
                    names.join("`, `")
                )
            }
        }
    }

    /// Whether claims are within bounds, for a token that is sent to `origin`. When a token is signed, it isn't known yet where it
    /// goes; then `origin` is that of a host that the use names.
    fn bounded(&self, claims: &Claims, bounds: &JwtBounds, origin: &str) -> bool {
        let expands = |bound: &str, has: &str| match bound.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
            Some("host") => has == origin,
            Some(setting) => self.settings.get(setting).is_some_and(|value| value.trim() == has && !has.is_empty()),
            None => bound == has,
        };
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default().as_secs();
        expands(&bounds.issuer, &claims.issuer)
            && expands(&bounds.subject, &claims.subject)
            && expands(&bounds.audience, &claims.audience)
            && claims.expires <= now + u64::from(bounds.lifetime).min(LONGEST_TOKEN)
    }

    /// Whether a use puts this secret in the form of a token with these claims.
    pub(crate) fn may_sign(&self, secret: &str, claims: &Claims) -> bool {
        self.declaration.uses.iter().any(|one| {
            let origins: Vec<&str> = one.hosts.iter().flat_map(|host| self.hosts.origins_of(host)).collect();
            one.puts.iter().filter(|put| put.secret == secret).any(|put| match &put.form {
                SecretForm::Jwt(bounds) => origins.iter().any(|origin| self.bounded(claims, bounds, origin)),
                SecretForm::Plain | SecretForm::Basic => false,
            })
        })
    }

    /// Whether a use puts this secret in the form `basic`.
    pub(crate) fn may_be_basic(&self, secret: &str) -> bool {
        let mut puts = self.declaration.uses.iter().flat_map(|one| &one.puts);
        puts.any(|put| put.secret == secret && put.form == SecretForm::Basic)
    }

    /// Whether the answer to such a request may say where a host is: it held every secret of the use that the tenant has.
    pub(crate) fn may_teach(&self, one: &SecretUse, found: &[Found]) -> bool {
        let held = |name: &str| found.iter().any(|found| found.held.name == name);
        one.puts.iter().filter(|put| self.secrets.contains(&put.secret)).all(|put| held(&put.secret))
    }

    /// Takes what an answer says of a learned host. Returns its origin if an admin has to confirm it first.
    pub(crate) fn learn(&mut self, entry: &str, address: &str) -> Option<String> {
        let origin = hosts::origin(address)?;
        // What is known by the settings needs no confirmation; nor does what the admin has listed by its name.
        let is_known = self.hosts.names(&origin).any(|name| name != entry);
        let is_listed = Url::parse(&origin).is_ok_and(|url| self.egress.names_by_rule(&url));
        if is_known || is_listed {
            self.hosts.learn(entry, origin);
            return None;
        }
        if self.hosts.names(&origin).any(|name| name == entry) {
            return None;
        }
        self.unconfirmed.insert(origin.clone(), entry.to_owned());
        Some(origin)
    }

    /// The learned hosts that nobody has confirmed, as rules of an egress policy.
    pub(crate) fn unconfirmed(&self) -> Vec<String> {
        self.unconfirmed
            .keys()
            .map(|origin| origin.split_once("://").map_or(origin.as_str(), |(_, host)| host).to_owned())
            .collect()
    }

    /// The tenant's settings as the component gets them: those of the kind host as an origin.
    pub(crate) fn settings(&self) -> Vec<(String, String)> {
        let hosts: Vec<&str> = self
            .declaration
            .hosts
            .iter()
            .filter_map(|entry| match &entry.source {
                HostSource::Setting(name) => Some(name.as_str()),
                HostSource::Exact(_) | HostSource::Learned => None,
            })
            .collect();
        let value = |name: &str, value: &str| match hosts.contains(&name) {
            true => hosts::origin(value).unwrap_or_else(|| value.to_owned()),
            false => value.to_owned(),
        };
        self.settings.iter().map(|(name, text)| (name.clone(), value(name, text))).collect()
    }
}

#[cfg(test)]
mod tests;
