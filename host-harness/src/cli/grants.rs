//! Grants by name: an operator knows a profile by its name, an application by its id.

use std::collections::BTreeMap;

use super::failure::Failure;
use super::view::ErrorView;
use crate::runtime::wit::{Descriptor, DesiredUser, Entitlement, ErrorKind, Grant};
use crate::runtime::{Job, JobError};

/// `KIND=ID-OR-NAME`, as an option of a command.
pub(crate) fn parse(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((kind, value)) if !kind.is_empty() && !value.is_empty() => {
            Ok((kind.trim().to_owned(), value.trim().to_owned()))
        }
        _ => Err("write it as KIND=NAME or KIND=ID, such as profile=\"Customer Portal User\"".to_owned()),
    }
}

/// All entitlements of one kind.
pub(crate) async fn all(job: &mut Job, kind: &str) -> Result<Vec<Entitlement>, JobError> {
    let mut found = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let page = job.list_entitlements(kind, cursor.as_deref()).await?;
        found.extend(page.entitlements);
        match page.next {
            Some(next) => cursor = Some(next),
            None => return Ok(found),
        }
    }
}

/// Names and ids of the kinds of grant that have been looked up.
#[derive(Default)]
pub(crate) struct Names(BTreeMap<String, Vec<(String, String)>>);

impl Names {
    /// Looks up every kind that `users` use.
    ///
    /// # Errors
    /// A kind that the connector does not have, or a failed look-up.
    pub(crate) async fn look_up<'a>(
        job: &mut Job,
        descriptor: &Descriptor,
        users: impl Iterator<Item = &'a DesiredUser>,
    ) -> Result<Self, Failure> {
        let mut kinds: Vec<&str> = users.flat_map(|user| user.grants.iter().map(|grant| grant.kind.as_str())).collect();
        kinds.sort_unstable();
        kinds.dedup();
        let mut names = Self::default();
        for kind in kinds {
            if !descriptor.grants.iter().any(|known| known.name == kind) {
                let known: Vec<&str> = descriptor.grants.iter().map(|known| known.name.as_str()).collect();
                return Err(Failure::usage(format!(
                    "the connector has no grant `{kind}`; it has {}",
                    known.join(", ")
                )));
            }
            let found = match all(job, kind).await {
                Ok(found) => found,
                // Then what was given must be ids, and the application judges them.
                Err(JobError::Refused(error)) if matches!(error.kind, ErrorKind::Unsupported) => continue,
                Err(error) => return Err(error.into()),
            };
            names.0.insert(kind.to_owned(), found.into_iter().map(|one| (one.name, one.id)).collect());
        }
        Ok(names)
    }

    /// Puts ids in the place of names.
    ///
    /// # Errors
    /// A name that stands for nothing or for more than one.
    pub(crate) fn resolve(&self, label: &str, grants: &mut [Grant]) -> Result<(), ErrorView> {
        for grant in grants {
            let Some(known) = self.0.get(&grant.kind) else { continue };
            if known.iter().any(|(_, id)| same_id(id, &grant.id)) {
                continue;
            }
            let named: Vec<&(String, String)> =
                known.iter().filter(|(name, _)| name.eq_ignore_ascii_case(&grant.id)).collect();
            grant.id = match named.as_slice() {
                [(_, id)] => id.clone(),
                [] => {
                    return Err(ErrorView::local(
                        "invalid-value",
                        format!(
                            "{label}: there is no {} `{}`; `entitlements` lists what there is",
                            grant.kind, grant.id
                        ),
                    ));
                }
                several => {
                    let ids: Vec<&str> = several.iter().map(|(_, id)| id.as_str()).collect();
                    return Err(ErrorView::local(
                        "ambiguous-match",
                        format!("{label}: the {} `{}` is one of {}; give its id", grant.kind, grant.id, ids.join(", ")),
                    ));
                }
            };
        }
        Ok(())
    }
}

/// Ids are compared as they are; an id that is written shorter but names the same is the connector's to know.
fn same_id(one: &str, other: &str) -> bool {
    one == other
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Names {
        let profiles = [("Portal", "P1"), ("Twin", "P2"), ("twin", "P3")];
        Names(BTreeMap::from([(
            "profile".to_owned(),
            profiles.map(|(name, id)| (name.to_owned(), id.to_owned())).to_vec(),
        )]))
    }

    fn resolved(value: &str) -> Result<String, String> {
        let mut grants = [Grant { kind: "profile".to_owned(), id: value.to_owned() }];
        names().resolve("ada", &mut grants).map_err(|error| error.message)?;
        Ok(grants[0].id.clone())
    }

    #[test]
    fn names_and_ids_both_name_a_grant() {
        assert_eq!(resolved("portal").unwrap(), "P1");
        assert_eq!(resolved("P2").unwrap(), "P2");
        assert_eq!(resolved("twin").unwrap_err(), "ada: the profile `twin` is one of P2, P3; give its id");
        assert!(resolved("Nobody").unwrap_err().starts_with("ada: there is no profile `Nobody`"));
    }
}
