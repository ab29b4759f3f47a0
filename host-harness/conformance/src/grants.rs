//! Grants by name: samples give a profile by its name or its id, a connector takes ids.

use std::collections::BTreeMap;

use super::Subject;
use super::check::{Unmet, failed};
use super::entitlements::list;
use provisioning_runtime::wit::{Entitlement, Grant};

/// What the application has to assign, by the kinds that have been listed so far. `None` if the connector can't list a kind.
#[derive(Default)]
pub(super) struct Grants(BTreeMap<String, Option<Vec<Entitlement>>>);

impl Grants {
    /// Returns the grants with ids in place of names. Names match without regard to case. If the connector can't list a kind,
    /// what the sample gives is taken as an id.
    ///
    /// # Errors
    /// If a name is nobody's or that of several, or a list isn't complete.
    pub(super) async fn by_name<S: Subject>(
        &mut self,
        job: &mut S,
        named: &BTreeMap<String, String>,
    ) -> Result<Vec<Grant>, Unmet> {
        let mut grants = Vec::with_capacity(named.len());
        for (kind, name) in named {
            if !self.0.contains_key(kind) {
                self.0.insert(kind.clone(), list(job, kind).await?);
            }
            let id = match self.0.get(kind).and_then(Option::as_deref) {
                Some(known) => id(kind, name, known)?,
                None => name.clone(),
            };
            grants.push(Grant { kind: kind.clone(), id });
        }
        Ok(grants)
    }
}

fn id(kind: &str, name: &str, known: &[Entitlement]) -> Result<String, Unmet> {
    if known.iter().any(|one| one.id == name) {
        return Ok(name.to_owned());
    }
    let same = |one: &&Entitlement| one.name.to_lowercase() == name.to_lowercase();
    let ids: Vec<&str> = known.iter().filter(same).map(|one| one.id.as_str()).collect();
    match ids.as_slice() {
        [id] => Ok((*id).to_owned()),
        [] => failed(format!("the sample user has the {kind} `{name}`, which the application doesn't have")),
        several => {
            failed(format!("the sample user has the {kind} `{name}`, which names several: {}", several.join(", ")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_names_a_grant_by_its_name_or_its_id() {
        let known = [("P1", "Portal"), ("P2", "Twin"), ("P3", "twin")].map(|(id, name)| Entitlement {
            kind: "profile".to_owned(),
            id: id.to_owned(),
            name: name.to_owned(),
            compatibility: Vec::new(),
            seats: None,
        });
        assert_eq!(id("profile", "portal", &known).unwrap(), "P1");
        assert_eq!(id("profile", "P2", &known).unwrap(), "P2");
        for (name, part) in [("Nobody", "doesn't have"), ("TWIN", "several: P2, P3")] {
            let Err(Unmet::Failed(seen)) = id("profile", name, &known) else { panic!("{name}") };
            assert!(seen.contains(part) && seen.contains(name), "{seen}");
        }
    }
}
