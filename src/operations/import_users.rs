//! Reading users, page by page.
//!
//! Pages are keyset pages: each continues behind the last id of the one before (`Id > :last ORDER BY Id`). Salesforce's own
//! position in an answer, the query locator, expires and is never used. A page is one query for the users and one for
//! those of them that are frozen.

mod cursor;

use self::cursor::Cursor;
use super::describe::{PROFILE, ROLE};
use super::index::Index;
use super::{ID, is_portal_user};
use crate::attributes::{self, Definition};
use crate::host::{Host, Level};
use crate::model::{
    Attribute, Error, ErrorKind, Grant, ImportPage, ImportQuery, ImportScope, Result, Retry, Status, User, Value,
};
use crate::salesforce::client::Client;
use crate::salesforce::id::Id;
use crate::salesforce::query;
use crate::salesforce::record::Record;
use crate::salesforce::soql::{Condition, Literal, Name, Select};

/// Most records that Salesforce gives in one answer (H).
const LARGEST_PAGE: u32 = 2000;

const SUBJECT: &str = "the import of portal users";

/// Reads one page.
pub(super) fn import_users<H: Host>(client: &Client<H>, query: &ImportQuery) -> Result<ImportPage> {
    let start = match &query.scope {
        ImportScope::Full => Cursor::start(),
        ImportScope::Resume(cursor) => Cursor::parse(cursor)?,
        ImportScope::Since(_) => {
            return Err(Error::new(
                ErrorKind::Unsupported,
                "this version of the connector reads all users and cannot read only what changed since a watermark",
            )
            .with_remedy("Ask for a full import"));
        }
    };
    let attributes = wanted(&query.attributes)?;
    let limit = query.page_size.clamp(1, LARGEST_PAGE);

    let response = query::send(client, &select(&attributes, start.last, limit), SUBJECT)?;
    let page = query::page(&response, SUBJECT)?;
    let mut ids = Vec::with_capacity(page.records.len());
    for record in &page.records {
        ids.push(record.text("Id").and_then(|id| Id::parse(id).ok()).ok_or_else(|| malformed("a user without an id"))?);
    }
    // Salesforce may give fewer rows than LIMIT and say so by `done`; the rest then follows behind the last id (H).
    let is_last = page.done && ids.len() < limit as usize;
    let next = match ids.last() {
        _ if is_last => None,
        // Without progress, the next page would be this one again, for ever.
        Some(last) if start.last != Some(*last) => Some(Cursor { last: Some(*last) }.to_string()),
        _ => return Err(malformed("a page that is not the last and has no new users")),
    };
    let frozen = frozen(client, &ids);
    let users = page
        .records
        .iter()
        .zip(&ids)
        .map(|(record, id)| user(record, id, &attributes, query.grants, frozen.get(id.as_str()).is_some()))
        .collect();
    Ok(ImportPage { users, departed: Vec::new(), next, watermark: None })
}

fn wanted(names: &[String]) -> Result<Vec<&'static Definition>> {
    if names.is_empty() {
        return Ok(attributes::ALL.iter().filter(|definition| definition.by_default).collect());
    }
    let mut found: Vec<&'static Definition> = Vec::with_capacity(names.len());
    for name in names {
        let definition = attributes::find(name).ok_or_else(|| {
            Error::new(
                ErrorKind::InvalidValue,
                format!("the import asks for the attribute {name:?}, which does not exist"),
            )
            .with_remedy("Use the names that list-attributes gives")
        })?;
        if !found.iter().any(|have| have.name == definition.name) {
            found.push(definition);
        }
    }
    Ok(found)
}

fn select(attributes: &[&'static Definition], last: Option<Id>, limit: u32) -> Select {
    const ALWAYS: [&str; 6] = ["Id", "Username", "IsActive", "SystemModstamp", "ProfileId", "UserRoleId"];
    let extra = attributes.iter().map(|definition| definition.path).filter(|path| !ALWAYS.contains(path));
    let fields = ALWAYS.into_iter().chain(extra).map(Name::fixed).collect();
    let condition = match last {
        Some(last) => Condition::All(vec![is_portal_user(), Condition::Above(ID, Literal::Id(last))]),
        None => is_portal_user(),
    };
    Select::new(Name::fixed("User"), fields).filter(condition).order_by(ID).limit(limit)
}

/// Which of these users, given in order, are frozen. Without the right to see it, users count as not frozen: an import
/// that fails over it would be worse.
fn frozen<H: Host>(client: &Client<H>, ids: &[Id]) -> Index {
    let (Some(first), Some(last)) = (ids.first(), ids.last()) else { return Index::default() };
    let user_id = Name::fixed("UserId");
    let range = Condition::All(vec![
        Condition::Equals(Name::fixed("IsFrozen"), Literal::Boolean(true)),
        Condition::AtLeast(user_id.clone(), Literal::Id(*first)),
        Condition::UpTo(user_id.clone(), Literal::Id(*last)),
    ]);
    let query = Select::new(Name::fixed("UserLogin"), vec![user_id]).filter(range);
    let mut frozen = Index::default();
    let result = query::for_each(client, &query, "the frozen users of an import", |record| {
        if let Some(id) = record.text("UserId").and_then(|id| Id::parse(id).ok()) {
            frozen.insert(id.as_str(), 0);
        }
    });
    if let Err(error) = result {
        client.host().log(
            Level::Warn,
            "could not read which users are frozen; they are imported as active",
            &[("reason", &error.message)],
        );
    }
    frozen
}

fn user(record: &Record<'_>, id: &Id, attributes: &[&'static Definition], grants: bool, frozen: bool) -> User {
    let status = match (record.boolean("IsActive"), frozen) {
        (Some(true), true) => Status::Frozen,
        (Some(true), false) => Status::Active,
        _ => Status::Inactive,
    };
    let attributes = attributes.iter().filter_map(|definition| {
        let value = record.text(definition.path)?;
        let value = match definition.kind {
            crate::model::AttributeKind::DateTime => rfc3339(value),
            _ => value.to_owned(),
        };
        Some(Attribute { name: definition.name.to_owned(), value: Value::Text(value) })
    });
    let mut held = Vec::new();
    if grants {
        for (kind, field) in [(PROFILE, "ProfileId"), (ROLE, "UserRoleId")] {
            held.extend(record.text(field).map(|id| Grant { kind: kind.to_owned(), id: id.to_owned() }));
        }
    }
    User {
        id: id.to_string(),
        username: record.text("Username").unwrap_or_default().to_owned(),
        status,
        modified: rfc3339(record.text("SystemModstamp").unwrap_or_default()),
        attributes: attributes.collect(),
        grants: held,
    }
}

/// `2022-03-17T16:21:26.000+0000`, which is how Salesforce writes UTC (H), in the form of RFC 3339.
fn rfc3339(text: &str) -> String {
    match text.strip_suffix("+0000") {
        Some(time) => format!("{time}Z"),
        None => text.to_owned(),
    }
}

fn malformed(what: &str) -> Error {
    Error::new(ErrorKind::Transient, format!("Salesforce answered {SUBJECT} with {what}")).with_retry(Retry::After(30))
}

#[cfg(test)]
mod tests;
