//! Reading users, page by page: all of them, or those that changed since an earlier import.
//!
//! Pages are keyset pages: each continues behind the last id of the one before (`Id > :last ORDER BY Id`), whatever the
//! scope. Salesforce's own position in an answer, the query locator, expires and is never kept.

mod changes;
mod column;
mod cursor;
mod holdings;
mod ranges;
mod reader;

pub(in crate::operations) use self::cursor::Population;
pub(in crate::operations) use self::reader::Reader;

use std::cell::RefCell;

use self::column::Column;
use self::cursor::{Cursor, Left};
use super::describe::{PROFILE, ROLE};
use super::rows::untold;
use super::schema::{Cached, Flag, Schema};
use crate::host::{Host, Response};
use crate::model::{Error, ErrorKind, Grant, ImportPage, ImportQuery, ImportScope, Result, Retry, Status, User};
use crate::salesforce::client::Client;
use crate::salesforce::id::{Id, prefix};
use crate::salesforce::path::Path;
use crate::salesforce::record::Record;
use crate::salesforce::soql::{Condition, Name};
use crate::salesforce::time;

/// How long before an import's beginning its watermark lies, in seconds. A change shows only when its transaction ends, up
/// to some minutes after the time that it carries (H: replication has the same gap); users in the overlap are given
/// again, which changes nothing.
const OVERLAP: u64 = 300;

const SUBJECT: &str = "the import of portal users";

/// What one page is made with.
struct Job<'a, H: Host> {
    client: &'a Client<H>,
    population: Population,
    columns: Vec<Column>,
    own: Own,
    /// Where the users' grants are wanted.
    schema: Option<&'a Schema>,
    /// The fields of the schema's flags.
    flags: Vec<(Path, &'a Flag)>,
    page_size: u32,
}

/// What a fuzz target tries: a cursor that is read is written as what it was read as. No part of the interface.
///
/// # Panics
/// If it isn't.
#[doc(hidden)]
pub fn fuzz_cursor(text: &str) {
    let population = Population::new(&["CspLitePortal"]);
    if let Ok(cursor) = Cursor::parse(text, population) {
        let again = Cursor::parse(&cursor.to_string(), population);
        assert_eq!(again.ok(), Some(cursor), "{text}");
    }
    let _ = cursor::parse_watermark(text, population);
}

/// The fields that every user is read with.
struct Own {
    username: Path,
    is_active: Path,
    modified: Path,
    profile: Path,
    role: Path,
}

/// What goes on in a session between two pages, and what it was asked for.
pub(super) type UnderWay<H> = RefCell<Option<(Reader<H>, Wishes)>>;

/// What an import is to bring, besides its scope.
#[derive(PartialEq)]
pub(super) struct Wishes {
    page_size: u32,
    attributes: Vec<String>,
    grants: bool,
}

/// Reads one page.
pub(super) fn import_users<H: Host>(
    client: &Client<H>,
    cached: &Cached,
    population: Population,
    under_way: &UnderWay<H>,
    query: &ImportQuery,
) -> Result<ImportPage> {
    let ImportQuery { scope, page_size, attributes, grants } = query;
    let start = match scope {
        ImportScope::Full => Start::Full,
        ImportScope::Since(watermark) => Start::Changes(cursor::parse_watermark(watermark, population)?),
        ImportScope::Resume(cursor) => Start::At(cursor, Cursor::parse(cursor, population)?),
    };
    let columns = column::wanted(attributes, || Ok(&cached.get(client)?.attributes))?;
    let schema = if *grants { Some(cached.get(client)?) } else { None };
    let flags = schema.iter().flat_map(|schema| &schema.flags);
    let flags = flags.map(|flag| (Path::new(flag.field.clone()), flag)).collect();
    let own = Own {
        username: Path::new("Username"),
        is_active: Path::new("IsActive"),
        modified: Path::new("SystemModstamp"),
        profile: Path::new("ProfileId"),
        role: Path::new("UserRoleId"),
    };
    let job = Job { client, population, columns, own, schema, flags, page_size: *page_size };
    let wishes = Wishes { page_size: *page_size, attributes: attributes.clone(), grants: *grants };
    // What was under way and isn't gone on with is given up; so is a page that fails, which is read again from its cursor.
    let mut reader = match (under_way.take(), start) {
        (Some((reader, last)), Start::At(text, _)) if reader.is_at(text) && last == wishes => reader,
        (last, start) => {
            last.into_iter().for_each(|(reader, _)| reader.give_up(client));
            match start {
                Start::Full => Reader::new(),
                Start::Changes(from) => return changes::page(&job, from, None, None),
                Start::At(text, Cursor { began, left, .. }) => match left {
                    Left::Ranges(ranges) => Reader::resume(ranges, began, text.clone()),
                    Left::Changes(from, last) => return changes::page(&job, from, Some(last), Some(began)),
                },
            }
        }
    };
    match reader.page(&job) {
        Ok(page) => {
            if page.next.is_some() {
                under_way.replace(Some((reader, wishes)));
            }
            Ok(page)
        }
        Err(error) => {
            reader.give_up(client);
            Err(error)
        }
    }
}

/// Where a page begins.
enum Start<'a> {
    Full,
    /// With what changed at this time or later.
    Changes(u64),
    /// At a cursor, given as it was and as it was read.
    At(&'a String, Cursor),
}

impl<H: Host> Job<'_, H> {
    /// The fields of a user that a page needs.
    fn fields(&self) -> Vec<Name> {
        const ALWAYS: [&str; 7] =
            ["Id", "Username", "IsActive", "UserType", "SystemModstamp", "ProfileId", "UserRoleId"];
        let extra = self.columns.iter().map(|column| column.path.as_str()).filter(|path| !ALWAYS.contains(path));
        let flags = self.flags.iter().map(|(path, _)| path.as_str());
        // All of them come from our table or Salesforce's own, so none is lost here.
        ALWAYS.into_iter().chain(extra).chain(flags).filter_map(Name::parse).collect()
    }

    /// The names of the columns.
    fn attributes(&self) -> Vec<String> {
        self.columns.iter().map(|column| column.name.to_string()).collect()
    }

    /// A user, with those grants that it tells itself.
    ///
    /// # Errors
    ///
    /// When the record lacks a field that was asked for: its user would lose what the field stands for, or be taken for inactive.
    fn user(&self, record: &Record<'_>, id: &Id) -> Result<User> {
        let cell = |path: &Path| match record.at(path) {
            None => Err(untold(path.as_str(), SUBJECT)),
            Some(cell) => Ok(cell),
        };
        let is_set = |path: &Path| cell(path).map(|cell| cell.boolean() == Some(true));
        let username = cell(&self.own.username)?.text().unwrap_or_default().to_owned();
        let status = if is_set(&self.own.is_active)? { Status::Active } else { Status::Inactive };
        let modified = rfc3339(cell(&self.own.modified)?.text().unwrap_or_default());
        let mut grants = Vec::new();
        if self.schema.is_some() {
            for (kind, path) in [(PROFILE, &self.own.profile), (ROLE, &self.own.role)] {
                if let Some(id) = cell(path)?.text() {
                    grants.push(Grant { kind: kind.to_owned(), id: id.to_owned() });
                }
            }
        }
        let values = self.columns.iter().map(|column| column.value(record)).collect::<Result<_>>()?;
        for (path, flag) in &self.flags {
            if is_set(path)? {
                grants.push(flag.grant());
            }
        }
        Ok(User { id: id.as_str().to_owned(), username, status, modified, values, grants })
    }

    /// Salesforce's time when it gave the first page: the import began no later.
    fn began(&self, response: &Response) -> u64 {
        time::of_answer(response).unwrap_or_else(|| self.client.host().now().as_secs())
    }
}

/// The condition that a user is of one of these types.
fn has_type(path: &'static str, user_types: &[&str]) -> Condition {
    Condition::texts(path, user_types.iter().copied())
}

/// The user's id in a field of a record.
fn user_id(record: &Record<'_>, field: &str) -> Option<Id> {
    Id::parse_of(record.text(field)?, prefix::USER).ok()
}

/// The watermark of an import that began then.
fn watermark(population: Population, began: u64) -> String {
    cursor::watermark(population, began, OVERLAP)
}

/// `2022-03-17T16:21:26.000+0000`, which is how Salesforce writes UTC (H), in the form of RFC 3339.
fn rfc3339(text: &str) -> String {
    match text.strip_suffix("+0000") {
        // Without the machinery of formatting, since every user has such a time.
        Some(time) => [time, "Z"].concat(),
        None => text.to_owned(),
    }
}

fn malformed(what: &str) -> Error {
    Error::new(ErrorKind::Transient, format!("Salesforce answered {SUBJECT} with {what}")).with_retry(Retry::After(30))
}

#[cfg(test)]
mod tests;
