//! Pages of users that changed since an earlier import.
//!
//! What counts as a change stands in five places: the user, its contact, its permission sets, its public groups and its
//! freeze. One call asks all five for the ids of users behind the last one given, in order; a second reads those users.
//! Since all pages go by the user's id, a user that changed in several places is given once.
//!
//! Of a permission set or group that was taken away nothing is left to find: Salesforce deletes the row and leaves the user
//! as it was. The user's next change or the next full import shows it.

use super::cursor::Cursor;
use super::holdings::{self, Holdings, Who};
use super::{Job, SUBJECT, has_type, malformed, user_id, watermark};
use crate::diagnosis;
use crate::host::Host;
use crate::model::{ImportPage, Result};
use crate::operations::{ID, PORTAL_USER_TYPES};
use crate::salesforce::composite::{self, Answer, Read};
use crate::salesforce::id::Id;
use crate::salesforce::soql::{Condition, Literal, Name, Select};

/// Rows that one place gives at most (H: of one answer).
const ROWS: u32 = 2000;

/// Users of one page at most. They are asked for by their ids, and as many fit the 16 KiB of an address with room to spare,
/// should Salesforce hold the parts of a composite request to the same bound (U).
const LARGEST_PAGE: u32 = 500;

/// One place where a change may stand.
struct Place {
    /// The field that names the user.
    user: &'static str,
    query: Select,
    /// Whether the import goes on without it where the admin user may not see it.
    optional: bool,
}

pub(super) fn page<H: Host>(job: &Job<'_, H>, start: &Cursor, from: u64) -> Result<ImportPage> {
    let limit = job.page_size.clamp(1, LARGEST_PAGE) as usize;
    let places = places(from, start.last, job.schema.is_some());
    let reads: Vec<Read<'_>> = places.iter().map(|place| Read::Query(&place.query)).collect();
    let response = composite::send(job.client, &reads, SUBJECT)?;
    let began = job.began(start, &response);
    let (mut ids, bound) = changed(job, &places, &composite::answers(&response, reads.len(), SUBJECT)?)?;
    ids.retain(|id| bound.is_none_or(|bound| *id <= bound) && start.last < Some(*id));
    let is_last = bound.is_none() && ids.len() <= limit;
    ids.truncate(limit);
    let next = match ids.last() {
        _ if is_last => None,
        Some(last) => Some(start.behind(*last, began).to_string()),
        None => return Err(malformed("a page of changes that is not the last and has no new users")),
    };
    let (users, departed) = read(job, start, &ids)?;
    let watermark = if is_last { watermark(start, began) } else { None };
    Ok(ImportPage { users, departed, next, watermark })
}

fn places(from: u64, last: Option<Id>, grants: bool) -> Vec<Place> {
    let place = |object, user, changed, user_type: Option<&'static str>, optional| {
        let user_field = Name::fixed(user);
        let mut conditions = vec![Condition::AtLeast(Name::fixed(changed), Literal::Time(from))];
        // All portal users, and not the chosen kinds alone: who left those has changed, too.
        conditions.extend(user_type.map(|path| has_type(path, PORTAL_USER_TYPES.into_iter())));
        conditions.extend(last.map(|last| Condition::Above(user_field.clone(), Literal::Id(last))));
        let query = Select::new(Name::fixed(object), vec![user_field.clone()])
            .filter(Condition::All(conditions))
            .order_by(user_field)
            .limit(ROWS);
        Place { user, query, optional }
    };
    let mut places = vec![
        place("User", "Id", "SystemModstamp", Some("UserType"), false),
        place("User", "Id", "Contact.SystemModstamp", Some("UserType"), false),
        // The only time that this object has (H).
        place("UserLogin", "UserId", "LastModifiedDate", None, true),
    ];
    if grants {
        places.push(place("PermissionSetAssignment", "AssigneeId", "SystemModstamp", Some("Assignee.UserType"), false));
        places.push(place("GroupMember", "UserOrGroupId", "SystemModstamp", None, false));
    }
    places
}

/// The users that changed anywhere, in order, each once; and up to which user that is all, where there are more.
fn changed<H: Host>(job: &Job<'_, H>, places: &[Place], answers: &[Answer<'_>]) -> Result<(Vec<Id>, Option<Id>)> {
    let mut ids = Vec::new();
    let mut bound: Option<Id> = None;
    for (place, answer) in places.iter().zip(answers) {
        if place.optional
            && let Some(fault) = answer.fault()
        {
            holdings::tolerate(job.client, diagnosis::diagnose(fault, SUBJECT))?;
            continue;
        }
        let page = answer.page(SUBJECT)?;
        let users: Vec<Id> = page.records.iter().filter_map(|record| user_id(record, place.user)).collect();
        // Members of a group may be groups, whose ids come behind all users'; then all users were given.
        let is_cut = (!page.done || page.records.len() >= ROWS as usize) && users.len() == page.records.len();
        if is_cut {
            let last = users.last().ok_or_else(|| malformed("a list of changes that goes on after nothing"))?;
            bound = Some(bound.map_or(*last, |bound| bound.min(*last)));
        }
        ids.extend(users);
    }
    ids.sort_unstable();
    ids.dedup();
    Ok((ids, bound))
}

/// The users with these ids, and the ids of those that are portal users of a kind that is not imported.
fn read<H: Host>(job: &Job<'_, H>, start: &Cursor, ids: &[Id]) -> Result<(Vec<crate::model::User>, Vec<String>)> {
    let (mut users, mut departed) = (Vec::new(), Vec::new());
    if ids.is_empty() {
        return Ok((users, departed));
    }
    let select = Select::new(Name::fixed("User"), job.fields()).filter(holdings::listed("Id", ids)).order_by(ID);
    let queries = holdings::queries(&Who::Listed(ids), job.schema);
    let reads: Vec<Read<'_>> = std::iter::once(Read::Query(&select)).chain(holdings::reads(&queries)).collect();
    let response = composite::send(job.client, &reads, SUBJECT)?;
    let answers = composite::answers(&response, reads.len(), SUBJECT)?;
    let Some((first, rest)) = answers.split_first() else { return Ok((users, departed)) };
    let page = first.page(SUBJECT)?;
    if !page.done {
        return Err(malformed("a part of the users that were asked for"));
    }
    let mut holdings = Holdings::new(ids);
    holdings.read(job.client, &queries, rest)?;
    for record in &page.records {
        let id = user_id(record, "Id").ok_or_else(|| malformed("a user without an id"))?;
        let user_type = record.text("UserType").unwrap_or_default();
        if start.population.user_types().any(|kind| kind == user_type) {
            users.push(job.user(record, &id, &mut holdings));
        } else if PORTAL_USER_TYPES.contains(&user_type) {
            departed.push(id.to_string());
        }
    }
    Ok((users, departed))
}
