//! Grants by name: an admin knows a profile by its name, an application by its id.

use std::collections::BTreeMap;

use super::retry::is_of_the_connector;
use crate::directory::{FailureKind, GrantName, TaskFailure};
use provisioning_runtime::wit::{Entitlement, Error, ErrorKind, Grant, Retry};
use provisioning_runtime::{Application, JobError};

/// The most that is taken of one kind: a large organization has some thousand permission sets and groups.
const MOST_ENTITLEMENTS: usize = 200_000;

/// The most pages of a list.
const MOST_PAGES: usize = 5_000;

/// What the application has to assign, by kind, as far as it was asked for. None where the connector cannot list a kind:
/// then what was given must be ids, and the application judges them.
#[derive(Debug, Default)]
pub struct Entitlements(BTreeMap<String, Option<Vec<(String, String)>>>);

/// All that an application has to assign of one kind.
///
/// # Errors
/// Those of the connector, and where it gives a cursor twice: it would be asked for ever.
pub async fn list_entitlements<A: Application>(application: &mut A, kind: &str) -> Result<Vec<Entitlement>, JobError> {
    let mut found = Vec::new();
    let mut cursors: Vec<String> = Vec::new();
    loop {
        let page = application.list_entitlements(kind, cursors.last().map(String::as_str)).await?;
        found.extend(page.entitlements);
        if found.len() > MOST_ENTITLEMENTS || cursors.len() > MOST_PAGES {
            return Err(too_many(kind).into());
        }
        match page.next {
            None => return Ok(found),
            Some(next) if cursors.contains(&next) => return Err(goes_in_circles(kind).into()),
            Some(next) => cursors.push(next),
        }
    }
}

fn too_many(kind: &str) -> Error {
    Error {
        kind: ErrorKind::Other(FailureKind::Misbehaved.name().to_owned()),
        message: format!(
            "the connector's list of the kind `{kind}` has more than {MOST_ENTITLEMENTS} entries or {MOST_PAGES} pages"
        ),
        remedy: Some("Mend the connector".to_owned()),
        retry: Retry::Never,
        upstream: None,
    }
}

fn goes_in_circles(kind: &str) -> Error {
    Error {
        kind: ErrorKind::Other(FailureKind::Misbehaved.name().to_owned()),
        message: format!("the connector gave the same cursor twice in its list of the kind `{kind}`"),
        remedy: Some("Mend the connector".to_owned()),
        retry: Retry::Never,
        upstream: None,
    }
}

/// As [`list_entitlements`]; none where the connector cannot list the kind. One that it does not have has nothing: that
/// concerns those who have it assigned, and nobody else.
pub(super) async fn list<A: Application>(
    application: &mut A,
    kind: &str,
) -> Result<Option<Vec<Entitlement>>, JobError> {
    match list_entitlements(application, kind).await {
        Ok(found) => Ok(Some(found)),
        Err(JobError::Refused(error)) if is_of_the_connector(&error, &[FailureKind::Unsupported]) => Ok(None),
        Err(JobError::Refused(error))
            if is_of_the_connector(&error, &[FailureKind::InvalidValue, FailureKind::NotFound]) =>
        {
            Ok(Some(Vec::new()))
        }
        Err(error) => Err(error),
    }
}

impl Entitlements {
    /// Which of these kinds have not been looked up yet, each once.
    pub fn unknown<'a>(&self, kinds: impl Iterator<Item = &'a str>) -> Vec<String> {
        let mut unknown: Vec<String> = kinds.filter(|kind| !self.0.contains_key(*kind)).map(str::to_owned).collect();
        unknown.sort_unstable();
        unknown.dedup();
        unknown
    }

    /// Looks kinds up.
    ///
    /// # Errors
    /// Those of the connector, unless it only cannot list a kind or does not have it.
    pub async fn look_up<A: Application>(&mut self, application: &mut A, kinds: Vec<String>) -> Result<(), JobError> {
        for kind in kinds {
            let listed = list(application, &kind).await?;
            let names = listed.map(|found| found.into_iter().map(|one| (one.name, one.id)).collect());
            self.0.insert(kind, names);
        }
        Ok(())
    }

    /// Puts ids in the place of names, without regard to case. What stands for nothing or for more than one is a failure that
    /// names the person.
    ///
    /// # Errors
    /// A name that the application does not have, or has several times.
    pub fn resolve(&self, tenant: &str, person: &str, grants: &[GrantName]) -> Result<Vec<Grant>, TaskFailure> {
        let mut resolved = Vec::with_capacity(grants.len());
        for GrantName { kind, name } in grants {
            let id = match self.0.get(kind) {
                None | Some(None) => name.clone(),
                Some(Some(known)) if known.iter().any(|(_, id)| id == name) => name.clone(),
                Some(Some(known)) => {
                    let same: Vec<&str> = known
                        .iter()
                        .filter(|(have, _)| have.to_lowercase() == name.to_lowercase())
                        .map(|(_, id)| id.as_str())
                        .collect();
                    match same.as_slice() {
                        [id] => (*id).to_owned(),
                        [] => {
                            let cause = format!(
                                "the person {person} is assigned the {kind} `{name}`, which the application does not have"
                            );
                            return Err(TaskFailure::new(FailureKind::InvalidValue, cause)
                                .with_remedy(format!("Assign one that `entitlements {tenant} {kind}` lists")));
                        }
                        several => {
                            let cause = format!(
                                "the person {person} is assigned the {kind} `{name}`, and several have that name: {}",
                                several.join(", ")
                            );
                            return Err(TaskFailure::new(FailureKind::AmbiguousMatch, cause).with_remedy(format!(
                                "Assign it by its id, which `entitlements {tenant} {kind}` lists"
                            )));
                        }
                    }
                }
            };
            resolved.push(Grant { kind: kind.clone(), id });
        }
        Ok(resolved)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(name: &str) -> Result<String, String> {
        let list = [("Portal", "P1"), ("Twin", "P2"), ("twin", "P3")];
        let known = list.map(|(name, id)| (name.to_owned(), id.to_owned())).to_vec();
        let entitlements =
            Entitlements(BTreeMap::from([("profile".to_owned(), Some(known)), ("role".to_owned(), None)]));
        let (kind, name) = name.split_once('=').unwrap();
        let grant = GrantName { kind: kind.to_owned(), name: name.to_owned() };
        let grants = entitlements.resolve("acme", "E1", &[grant]).map_err(|failure| {
            assert!(failure.remedy.unwrap().contains("`entitlements acme profile`"));
            failure.cause
        })?;
        Ok(grants[0].id.clone())
    }

    #[test]
    fn names_and_ids_both_name_a_grant() {
        assert_eq!(resolved("profile=portal").unwrap(), "P1");
        assert_eq!(resolved("profile=P2").unwrap(), "P2");
        assert_eq!(resolved("role=anything").unwrap(), "anything");
        assert!(resolved("profile=twin").unwrap_err().ends_with("several have that name: P2, P3"));
        assert!(resolved("profile=Nobody").unwrap_err().ends_with("which the application does not have"));
    }
}
