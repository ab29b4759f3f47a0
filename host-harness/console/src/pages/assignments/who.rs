//! For whom an assignment is made: people that were picked, or everybody whom a search finds.

use crate::access::Fields;
use crate::pages::listing::Asked;
use crate::problem::Problem;
use provisioning_directory::{Person, PersonFilter, PersonStatus, ReadTransaction, TenantId};

/// People that can be picked one by one for one form.
const MOST: usize = 500;

/// For whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Who {
    /// These, by their keys.
    These(Vec<String>),
    /// Everybody in use whom the search finds and who is not assigned yet; an empty one finds all.
    All(String),
}

impl Who {
    /// As an address says it.
    ///
    /// # Errors
    /// When it names nobody, or too many.
    pub(super) fn asked(asked: &Asked) -> Result<Self, Problem> {
        Self::of(asked.get("all").is_some(), asked.text("q"), asked.all("person").map(str::to_owned).collect())
    }

    /// As a form says it.
    ///
    /// # Errors
    /// As [`Self::asked`].
    pub(super) fn sent(fields: &Fields) -> Result<Self, Problem> {
        let q = fields.get("q").unwrap_or_default().trim().to_owned();
        Self::of(fields.has("all"), q, fields.all("person").map(str::to_owned).collect())
    }

    fn of(all: bool, q: String, mut keys: Vec<String>) -> Result<Self, Problem> {
        if all {
            return Ok(Self::All(q));
        }
        keys.sort();
        keys.dedup();
        match keys.len() {
            0 => Err(Problem::refused("No person was picked; tick at least one.")),
            1..=MOST => Ok(Self::These(keys)),
            _ => Err(Problem::refused(
                "Too many people were picked one by one; use a search and take all that it finds.",
            )),
        }
    }

    /// The fields that carry it on.
    pub(super) fn hidden(&self) -> Vec<(String, String)> {
        match self {
            Self::These(keys) => keys.iter().map(|key| ("person".to_owned(), key.clone())).collect(),
            Self::All(q) => vec![("all".to_owned(), "yes".to_owned()), ("q".to_owned(), q.clone())],
        }
    }

    /// The first of them, at most `limit`, and how many there are.
    ///
    /// # Errors
    /// When one that was picked is not there.
    pub(super) fn first(
        &self,
        view: &ReadTransaction<'_>,
        tenant: TenantId,
        limit: usize,
    ) -> Result<(Vec<Person>, u64), Problem> {
        match self {
            Self::These(keys) => {
                let one = |key: &String| {
                    view.find_person(key)?.ok_or_else(|| Problem::not_found("One of the people is not there any more."))
                };
                let people = keys.iter().map(one).collect::<Result<Vec<_>, Problem>>()?;
                let count = people.len() as u64;
                Ok((people.into_iter().take(limit).collect(), count))
            }
            Self::All(q) => {
                let filter = PersonFilter { limit: Some(limit as u32), ..unassigned(tenant, q) };
                Ok((view.people(&filter)?, view.count_people_of(&filter)?))
            }
        }
    }
}

/// People in use who are not assigned to a tenant yet.
pub(super) fn unassigned(tenant: TenantId, q: &str) -> PersonFilter {
    PersonFilter {
        status: Some(PersonStatus::Active),
        not_assigned_to: Some(tenant),
        contains: (!q.trim().is_empty()).then(|| q.trim().to_owned()),
        ..PersonFilter::default()
    }
}
