//! Which person a user is.
//!
//! All exact rules are asked, and have to agree: a rule decides where it finds one person and no other user shares the
//! value; a rule that finds several people decides nothing, but may not contradict. Where nothing decides, names may
//! propose, and never decide. People who are linked to another user of the tenant already are nobody's candidates, unless a
//! deciding rule says that they are the same.
//!
//! A rule never decides against what is known of a user: names and addresses are given to others when somebody leaves, so a user
//! with another federation id than the person, one that was somebody else's, or one of which a push could not tell whose it is,
//! waits for an admin, with what speaks for and against each person.

use crate::config::{MatchRule, Matching};
use crate::directory::{
    AttributeValue, Attributes, DirectoryError, MatchColumn, MatchKeys, PersonId, ReadTransaction, TenantId,
};

/// People looked at for one value; an e-mail address that more share is of no use to anybody.
const CANDIDATES: u32 = 20;

/// What the rules have found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Match {
    /// One person, by rules that agree; the first of them.
    Exact(PersonId, MatchRule),
    /// The rules decide on one person, who is linked to another user of the tenant.
    Taken(PersonId, MatchRule),
    /// Several people, or a value that several users share.
    Ambiguous(Vec<(PersonId, String)>),
    /// People of the same name.
    Similar(Vec<(PersonId, String)>),
    /// Nobody.
    Nobody,
}

/// A rule in a word.
pub(super) fn rule_name(rule: MatchRule) -> &'static str {
    match rule {
        MatchRule::Username => "username",
        MatchRule::Email => "email",
        MatchRule::FederationId => "federation-id",
    }
}

fn value(rule: MatchRule, keys: &MatchKeys) -> Option<(MatchColumn, &str)> {
    match rule {
        MatchRule::Username => Some((MatchColumn::Username, keys.username.as_str())),
        MatchRule::Email => Some((MatchColumn::Email, keys.email.as_deref()?)),
        MatchRule::FederationId => Some((MatchColumn::FederationId, keys.federation_id.as_deref()?)),
    }
}

/// Asks the rules.
pub(super) fn find(
    view: &ReadTransaction<'_>,
    tenant: TenantId,
    matching: &Matching,
    remote_id: &str,
    keys: &MatchKeys,
) -> Result<Match, DirectoryError> {
    let mut found: Vec<(MatchRule, Vec<PersonId>, bool)> = Vec::new();
    for &rule in &matching.exact {
        let Some((column, value)) = value(rule, keys) else { continue };
        let people = view.people_by_match_key(column, value, CANDIDATES)?;
        if people.is_empty() {
            continue;
        }
        let shared = view.users_with_match_key(tenant, column, value)? > 1;
        let decides = people.len() == 1 && !shared;
        found.push((rule, people, decides));
    }
    let mut decided: Option<(PersonId, MatchRule)> = None;
    let mut contradiction = false;
    for (rule, people, decides) in &found {
        if *decides {
            match decided {
                None => decided = Some((people[0], *rule)),
                Some((person, _)) => contradiction |= person != people[0],
            }
        }
    }
    if let Some((person, rule)) = decided {
        contradiction |= found.iter().any(|(_, people, _)| !people.contains(&person));
        if !contradiction {
            if objection(view, tenant, person, remote_id, keys)?.is_some() {
                let reason = reason(view, tenant, &found, person, remote_id, keys)?;
                return Ok(Match::Ambiguous(vec![(person, reason)]));
            }
            let taken = view.link(tenant, person)?.is_some();
            return Ok(if taken { Match::Taken(person, rule) } else { Match::Exact(person, rule) });
        }
    }
    let mut candidates: Vec<(PersonId, String)> = Vec::new();
    for (_, people, decides) in &found {
        for person in people {
            let free = *decides || view.link(tenant, *person)?.is_none();
            if free && !candidates.iter().any(|(have, _)| have == person) {
                candidates.push((*person, reason(view, tenant, &found, *person, remote_id, keys)?));
            }
        }
    }
    if !candidates.is_empty() {
        return Ok(Match::Ambiguous(candidates));
    }
    if let (true, Some(name)) = (matching.names, &keys.name) {
        for person in view.unlinked_people_of_name(tenant, name, CANDIDATES)? {
            candidates.push((person, but("names", objection(view, tenant, person, remote_id, keys)?)));
        }
    }
    Ok(if candidates.is_empty() { Match::Nobody } else { Match::Similar(candidates) })
}

/// What speaks for a user's being a person, and what against it.
fn reason(
    view: &ReadTransaction<'_>,
    tenant: TenantId,
    found: &[(MatchRule, Vec<PersonId>, bool)],
    person: PersonId,
    remote_id: &str,
    keys: &MatchKeys,
) -> Result<String, DirectoryError> {
    let by: Vec<&str> =
        found.iter().filter(|(_, people, _)| people.contains(&person)).map(|(rule, ..)| rule_name(*rule)).collect();
    Ok(but(&by.join(" and "), objection(view, tenant, person, remote_id, keys)?))
}

fn but(by: &str, objection: Option<String>) -> String {
    objection.map_or_else(|| by.to_owned(), |objection| format!("{by}, but {objection}"))
}

/// What speaks against a user's being a person.
fn objection(
    view: &ReadTransaction<'_>,
    tenant: TenantId,
    person: PersonId,
    remote_id: &str,
    keys: &MatchKeys,
) -> Result<Option<String>, DirectoryError> {
    let person = view.person_by_id(person)?;
    let owner = view.owner_of_user(tenant, remote_id)?;
    if let Some(owner) = owner.as_ref().filter(|owner| owner.key != person.key) {
        return Ok(Some(format!("it was the user of the person {}", owner.key)));
    }
    if let Some(claim) = view.claims_on(tenant, remote_id)?.first() {
        let because = if claim.objections.is_empty() { "" } else { ": " };
        return Ok(Some(format!(
            "a push could not tell whether it is the person {}{because}{}",
            claim.person,
            claim.objections.join("; ")
        )));
    }
    let own = MatchKeys::of(&person.username, &person.attributes).federation_id;
    Ok(match (own, &keys.federation_id) {
        (Some(own), Some(other)) if owner.is_none() && own != *other => {
            let user = view.remote_user(tenant, remote_id)?.map(|user| user.attributes).unwrap_or_default();
            Some(format!(
                "its federation id is {} and the person's is {}",
                as_written(&user, other),
                as_written(&person.attributes, &own)
            ))
        }
        _ => None,
    })
}

/// The value that a key for matching was made of.
fn as_written<'t>(attributes: &'t Attributes, key: &'t str) -> &'t str {
    attributes
        .values()
        .filter_map(AttributeValue::as_text)
        .map(str::trim)
        .find(|text| text.to_lowercase() == key)
        .unwrap_or(key)
}

#[cfg(test)]
mod tests;
