//! Pages of users that changed since an earlier import.
//!
//! What counts as a change stands in five places: the user or its contact, its freeze, its permission sets, its public
//! groups, and the setup audit trail. One call, which takes no more queries than that (H), asks all five for the ids of
//! users behind the last one given, in order; a second reads those users. Since all pages go by the user's id, a user that
//! changed in several places is given once.
//!
//! Of a permission set that was taken away no row is left, and the user stays as it was; but the audit trail names the user
//! (M), to those who may view the setup. Of a public group that was taken away nothing names the user: `getDeleted` gives
//! the ids of rows alone (H). The user's next change or the next full import shows it.

use super::cursor::{Cursor, Left};
use super::holdings::{self, Holdings, Who};
use super::{Job, SUBJECT, has_type, malformed, user_id, watermark};
use crate::diagnosis;
use crate::host::Host;
use crate::model::{ImportPage, Result};
use crate::operations::{ID, PORTAL_USER_TYPES};
use crate::salesforce::composite::{self, Answer, Read};
use crate::salesforce::id::{Id, prefix};
use crate::salesforce::query;
use crate::salesforce::record::Record;
use crate::salesforce::soql::{Condition, Literal, Select};

/// Rows that one place gives at most (H: of one answer).
const ROWS: u32 = 2000;

/// Users of one page at most. They are asked for by their ids, and as many fit the 16 KiB of an address with room to spare,
/// should Salesforce hold the parts of a composite request to the same bound (U).
const LARGEST_PAGE: u32 = 500;

/// One place where a change may stand.
struct Place {
    /// The field that names the user; none where a sentence does.
    user: Option<&'static str>,
    query: Select,
    /// What is missing where the admin user may not see it; none where the import cannot do without.
    optional: Option<&'static str>,
}

/// Actions of the setup audit trail that take permission sets and groups of them away (M; the last one by analogy, L). They
/// have names of their own where the assignment would have expired.
const WITHDRAWALS: [&str; 4] =
    ["PermSetUnassign", "PermSetGroupUnassign", "PermSetUnassign_HasExpiration", "PermSetGroupUnassign_HasExpiration"];

/// One page of those that changed at this time or later, behind the last one given. `began` is Salesforce's time at the first page.
pub(super) fn page<H: Host>(job: &Job<'_, H>, from: u64, last: Option<Id>, began: Option<u64>) -> Result<ImportPage> {
    let limit = job.page_size.clamp(1, LARGEST_PAGE) as usize;
    let places = places(from, last, job.schema.is_some());
    let reads: Vec<Read<'_>> = places.iter().map(|place| Read::Query(&place.query)).collect();
    let response = composite::send(job.client, &reads, SUBJECT)?;
    let began = began.unwrap_or_else(|| job.began(&response));
    let (mut ids, bound) = changed(job, &places, &composite::answers(&response, reads.len(), SUBJECT)?)?;
    ids.retain(|id| bound.is_none_or(|bound| *id <= bound) && last < Some(*id));
    let is_last = bound.is_none() && ids.len() <= limit;
    ids.truncate(limit);
    let next = match ids.last() {
        _ if is_last => None,
        Some(last) => {
            let (population, left) = (job.population, Left::Changes(from, *last));
            Some(Cursor { population, began, left }.to_string())
        }
        None => return Err(malformed("a page of changes that is not the last and has no new users")),
    };
    let (users, departed) = read(job, &ids)?;
    let watermark = is_last.then(|| watermark(job.population, began));
    Ok(ImportPage { attributes: job.attributes(), users, departed, next, watermark })
}

fn places(from: u64, last: Option<Id>, grants: bool) -> Vec<Place> {
    let since = |field: &&'static str| Condition::at_least(field, Literal::Time(from));
    let place = |object, user, changed: &[&'static str], user_type: Option<&'static str>| {
        let mut conditions = vec![Condition::any(&changed.iter().map(since).collect::<Vec<_>>())];
        // All portal users, and not the chosen kinds alone: who left those has changed, too.
        conditions.extend(user_type.map(|path| has_type(path, &PORTAL_USER_TYPES)));
        conditions.extend(last.map(|last| Condition::above(user, Literal::Id(last))));
        let query = Select::new(object, &[user]).filter(&Condition::all(&conditions)).order_by(user).limit(ROWS);
        Place { user: Some(user), query, optional: None }
    };
    let mut places = vec![
        place("User", "Id", &["SystemModstamp", "Contact.SystemModstamp"], Some("UserType")),
        // The only time that this object has (H).
        Place { optional: Some(holdings::UNSEEN_FREEZES), ..place("UserLogin", "UserId", &["LastModifiedDate"], None) },
    ];
    if grants {
        let taken = Condition::all(&[since(&"CreatedDate"), Condition::texts("Action", WITHDRAWALS)]);
        places.push(place("PermissionSetAssignment", "AssigneeId", &["SystemModstamp"], Some("Assignee.UserType")));
        places.push(place("GroupMember", "UserOrGroupId", &["SystemModstamp"], None));
        places.push(Place {
            user: None,
            query: Select::new("SetupAuditTrail", &["Display"]).filter(&taken),
            optional: Some("could not read which permission sets were taken away; a full import shows it"),
        });
    }
    places
}

/// The users that changed anywhere, in order, each once; and up to which user that is all, where there are more.
fn changed<H: Host>(job: &Job<'_, H>, places: &[Place], answers: &[Answer<'_>]) -> Result<(Vec<Id>, Option<Id>)> {
    let mut ids = Vec::new();
    let mut bound: Option<Id> = None;
    for (place, answer) in places.iter().zip(answers) {
        if let (Some(missing), Some(fault)) = (place.optional, answer.fault()) {
            holdings::tolerate(job.client, diagnosis::diagnose(fault, SUBJECT), missing)?;
            continue;
        }
        let page = answer.page(SUBJECT)?;
        let Some(user) = place.user else {
            // Sentences stand in no order of users, so all of them are read.
            ids.extend(page.records.iter().filter_map(named));
            if let Some(next) = page.rest() {
                query::follow(job.client, next, SUBJECT, |record| ids.extend(named(record)))?;
            }
            continue;
        };
        let users: Vec<Id> = page.records.iter().filter_map(|record| user_id(record, user)).collect();
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

/// The user that a sentence of the audit trail ends with, as in `… unassigned from user Ada Byron (UserID: [0052A00000EsOI0])`
/// (M). Only the brackets are relied on, since the words may be those of another language.
fn named(record: &Record<'_>) -> Option<Id> {
    let (_, rest) = record.text("Display")?.rsplit_once('[')?;
    Id::parse_of(rest.split_once(']')?.0, prefix::USER).ok()
}

/// The users with these ids, and the ids of those that are portal users of a kind that is not imported.
fn read<H: Host>(job: &Job<'_, H>, ids: &[Id]) -> Result<(Vec<crate::model::User>, Vec<String>)> {
    let (mut users, mut departed) = (Vec::new(), Vec::new());
    if ids.is_empty() {
        return Ok((users, departed));
    }
    let select = Select::new("User", &[]).with(&job.fields()).filter(&Condition::ids(ID, ids)).order_by(ID);
    let queries = holdings::queries(&Who::Listed(ids), job.schema);
    let reads: Vec<Read<'_>> =
        std::iter::once(&select).chain(queries.iter().map(|(_, query)| query)).map(Read::Query).collect();
    let response = composite::send(job.client, &reads, SUBJECT)?;
    let answers = composite::answers(&response, reads.len(), SUBJECT)?;
    let Some((first, rest)) = answers.split_first() else { return Ok((users, departed)) };
    let page = first.page(SUBJECT)?;
    if !page.done {
        return Err(malformed("a part of the users that were asked for"));
    }
    let mut holdings = Holdings::new(ids);
    holdings.read(job.client, &queries.iter().map(|(kind, _)| *kind).collect::<Vec<_>>(), rest)?;
    for record in &page.records {
        let id = user_id(record, "Id").ok_or_else(|| malformed("a user without an id"))?;
        let user_type = record.text("UserType").unwrap_or_default();
        if job.population.user_types().contains(&user_type) {
            let mut user = job.user(record, &id)?;
            holdings.give(id, &mut user);
            users.push(user);
        } else if PORTAL_USER_TYPES.contains(&user_type) {
            departed.push(id.to_string());
        }
    }
    Ok((users, departed))
}
