//! What can be assigned to portal users: profiles, roles, permission sets and groups of them, feature licences, public
//! groups; each with the user licences that it fits, and with its seats where it takes one.
//!
//! Compatibility is told in user licences: a profile has the tag of its own licence, everything else those of the licences
//! that it fits, or none where Salesforce does not say. So any two fit together exactly when some licence has both.

mod licences;

pub(super) use licences::{HIGH_VOLUME, allows_feature, portal_type};

use self::licences::Licences;
use super::describe::{FEATURE_LICENSE, PERMISSION_SET, PERMISSION_SET_GROUP, PROFILE, PUBLIC_GROUP, ROLE};
use super::import_users::Population;
use super::schema::Cached;
use super::{ID, PORTAL_USER_TYPES};
use crate::host::{Host, Response};
use crate::model::{Entitlement, EntitlementPage, Error, ErrorKind, Result, Seats};
use crate::salesforce::client::Client;
use crate::salesforce::composite::{self, Answer, Read};
use crate::salesforce::id::Id;
use crate::salesforce::query::Page;
use crate::salesforce::record::Record;
use crate::salesforce::soql::{Condition, Literal, Select};
use crate::text::quoted;
use crate::together::both;

/// Entitlements of a page, as many as an answer to a query has at most (H); only roles come in numbers that need several, three for
/// each account.
const PAGE: u32 = 2000;

const SUBJECT: &str = "what can be assigned to portal users";

/// What a page is made with.
struct Job<'a, H: Host> {
    client: &'a Client<H>,
    kind: &'static str,
    /// The last entitlement that was given.
    last: Option<Id>,
}

/// One page of entitlements of a kind.
pub(super) fn list_entitlements<H: Host>(
    client: &Client<H>,
    schema: &Cached,
    population: Population,
    kind: &str,
    cursor: Option<&str>,
) -> Result<EntitlementPage> {
    const KINDS: [&str; 6] = [PROFILE, ROLE, PERMISSION_SET, PERMISSION_SET_GROUP, FEATURE_LICENSE, PUBLIC_GROUP];
    let Some(kind) = KINDS.into_iter().find(|known| *known == kind) else {
        let message = format!("there are no entitlements of the kind {}", quoted(kind));
        return Err(
            Error::new(ErrorKind::InvalidValue, message).with_remedy("Use one of the kinds that describe lists")
        );
    };
    let last = cursor.map(|cursor| parse_cursor(cursor, kind)).transpose()?;
    let job = Job { client, kind, last };
    match kind {
        PROFILE => profiles(&job, population),
        ROLE => roles(&job),
        PERMISSION_SET => permission_sets(&job),
        PERMISSION_SET_GROUP => permission_set_groups(&job),
        PUBLIC_GROUP => public_groups(&job),
        _ => feature_licences(&job, schema),
    }
}

/// An entitlement's name, its tags and its seats.
type Described = (Option<String>, Vec<String>, Option<Seats>);

fn parse_cursor(text: &str, kind: &str) -> Result<Id> {
    let id = text.strip_prefix("1.").and_then(|rest| rest.strip_prefix(kind)).and_then(|rest| rest.strip_prefix('.'));
    id.and_then(|id| Id::parse(id).ok()).ok_or_else(|| {
        let message = format!("the cursor of a list of kind {kind} is none of this version of the connector's");
        Error::new(ErrorKind::StaleReference, message).with_remedy("Start the list again from its beginning")
    })
}

impl<H: Host> Job<'_, H> {
    /// The query of a page, behind the last entitlement that was given.
    fn query(&self, object: &'static str, fields: &[&'static str], condition: Option<Condition>) -> Select {
        let mut conditions = Vec::from_iter(condition);
        conditions.extend(self.last.map(|last| Condition::above(ID, Literal::Id(last))));
        let mut query = Select::new(object, fields);
        if !conditions.is_empty() {
            query = query.filter(&Condition::all(&conditions));
        }
        query.order_by(ID).limit(PAGE)
    }

    fn ask(&self, queries: &[Select]) -> Result<Response> {
        self.client.wait_for(self.answer(queries))
    }

    async fn answer(&self, queries: &[Select]) -> Result<Response> {
        let reads: Vec<Read<'_>> = queries.iter().map(Read::Query).collect();
        let call = composite::reading(self.client, &reads);
        self.client.answer(call, SUBJECT).await.map_err(|failed| failed.error)
    }

    /// The page of entitlements that an answer holds. `describe` gives their names, tags and seats.
    fn page(&self, page: &Page<'_>, describe: impl Fn(&Record<'_>) -> Described) -> EntitlementPage {
        let entitlements: Vec<Entitlement> = page
            .records
            .iter()
            .filter_map(|record| {
                let id = Id::parse(record.text("Id")?).ok()?.to_string();
                let (name, compatibility, seats) = describe(record);
                let name = name.unwrap_or_else(|| id.clone());
                Some(Entitlement { kind: self.kind.to_owned(), id, name, compatibility, seats })
            })
            .collect();
        let is_last = page.done && page.records.len() < PAGE as usize;
        let next = entitlements.last().filter(|_| !is_last).map(|last| format!("1.{}.{}", self.kind, last.id));
        EntitlementPage { entitlements, next }
    }
}

fn answers<'a>(response: &'a Response, queries: &[Select]) -> Result<Vec<Answer<'a>>> {
    composite::answers(response, queries.len(), SUBJECT)
}

fn name(record: &Record<'_>, field: &str) -> Option<String> {
    record.text(field).map(str::to_owned)
}

fn seats(record: &Record<'_>, total: &str, used: &str) -> Option<Seats> {
    Some(Seats { used: record.number(used)?, total: record.number(total)? })
}

fn profiles<H: Host>(job: &Job<'_, H>, population: Population) -> Result<EntitlementPage> {
    let types = Condition::texts("UserType", population.user_types());
    let fields = ["Id", "Name", "UserLicense.Name", "UserLicense.TotalLicenses", "UserLicense.UsedLicenses"];
    let queries = [job.query("Profile", &fields, Some(types))];
    let response = job.ask(&queries)?;
    let answers = answers(&response, &queries)?;
    Ok(job.page(&*answers[0].page(SUBJECT)?, |record| {
        let licence = record.text("UserLicense.Name").map(licences::tag);
        let seats = seats(record, "UserLicense.TotalLicenses", "UserLicense.UsedLicenses");
        (name(record, "Name"), licence.into_iter().collect(), seats)
    }))
}

/// Portal roles only: no portal user can have another (H).
fn roles<H: Host>(job: &Job<'_, H>) -> Result<EntitlementPage> {
    let portal = Condition::texts("PortalType", ["CustomerPortal", "Partner"]);
    let queries = [job.query("UserRole", &["Id", "Name", "PortalType"], Some(portal)), Licences::query()];
    let response = job.ask(&queries)?;
    let answers = answers(&response, &queries)?;
    let licences = Licences::read(&answers[1], SUBJECT)?;
    Ok(job.page(&*answers[0].page(SUBJECT)?, |record| {
        let portal_type = record.text("PortalType");
        let fitting = licences.tags(|user_type| licences::portal_type(user_type) == portal_type);
        (name(record, "Name"), fitting, None)
    }))
}

fn permission_sets<H: Host>(job: &Job<'_, H>) -> Result<EntitlementPage> {
    // Neither the sets that profiles own nor those that stand for a group (H).
    let assignable = Condition::all(&[
        Condition::equals("IsOwnedByProfile", Literal::Boolean(false)),
        Condition::texts("Type", ["Regular", "Standard", "Session"]),
    ]);
    let queries = [
        job.query("PermissionSet", &["Id", "Label", "LicenseId"], Some(assignable)),
        Select::new("UserLicense", &["Id", "Name"]),
        Select::new("PermissionSetLicense", &["Id", "TotalLicenses", "UsedLicenses"]),
    ];
    let response = job.ask(&queries)?;
    let answers = answers(&response, &queries)?;
    let user_licences = answers[1].page(SUBJECT)?;
    // Without the right to see them, sets are listed without their seats.
    let set_licences = answers[2].page(SUBJECT).ok();
    fn find<'p, 'a>(page: &'p Page<'a>, id: Option<&str>) -> Option<&'p Record<'a>> {
        page.records.iter().find(|record| id.is_some() && record.text("Id") == id)
    }
    Ok(job.page(&*answers[0].page(SUBJECT)?, |record| {
        let licence = record.text("LicenseId");
        let user_licence = find(&user_licences, licence).and_then(|record| record.text("Name")).map(licences::tag);
        let set_licence = set_licences.as_ref().and_then(|page| find(page, licence));
        let seats = set_licence.and_then(|record| seats(record, "TotalLicenses", "UsedLicenses"));
        (name(record, "Label"), user_licence.into_iter().collect(), seats)
    }))
}

fn permission_set_groups<H: Host>(job: &Job<'_, H>) -> Result<EntitlementPage> {
    let queries = [job.query("PermissionSetGroup", &["Id", "MasterLabel"], None)];
    let response = job.ask(&queries)?;
    let answers = answers(&response, &queries)?;
    if answers[0].fault().is_some_and(|fault| fault.code == "INVALID_TYPE") {
        // An organisation without the feature has none to list.
        return Ok(EntitlementPage { entitlements: Vec::new(), next: None });
    }
    Ok(job.page(&*answers[0].page(SUBJECT)?, |record| (name(record, "MasterLabel"), Vec::new(), None)))
}

fn public_groups<H: Host>(job: &Job<'_, H>) -> Result<EntitlementPage> {
    let regular = Condition::equals("Type", Literal::Text("Regular"));
    let queries = [job.query("Group", &["Id", "Name"], Some(regular)), Licences::query()];
    let response = job.ask(&queries)?;
    let answers = answers(&response, &queries)?;
    let licences = Licences::read(&answers[1], SUBJECT)?;
    // High-volume users can be in no public group (H).
    let fitting = licences.tags(|user_type| user_type != HIGH_VOLUME);
    Ok(job.page(&*answers[0].page(SUBJECT)?, |record| (name(record, "Name"), fitting.clone(), None)))
}

/// All on one page. Their seats stand on the page Company Information alone: no object of the API has them.
fn feature_licences<H: Host>(job: &Job<'_, H>, schema: &Cached) -> Result<EntitlementPage> {
    let queries = [Licences::query()];
    let (schema, response) = job.client.wait_for(both(schema.answer(job.client), job.answer(&queries)));
    let (flags, response) = (&schema?.flags, response?);
    let licences = Licences::read(&answers(&response, &queries)?[0], SUBJECT)?;
    let entitlements = flags.iter().map(|flag| {
        let is_known = PORTAL_USER_TYPES.iter().any(|kind| allows_feature(kind, &flag.field).is_some());
        let fitting = licences.tags(|user_type| allows_feature(user_type, &flag.field) != Some(false));
        Entitlement {
            kind: job.kind.to_owned(),
            id: flag.field.clone(),
            name: flag.label.clone(),
            compatibility: if is_known { fitting } else { Vec::new() },
            seats: None,
        }
    });
    Ok(EntitlementPage { entitlements: entitlements.collect(), next: None })
}

#[cfg(test)]
mod tests;
