//! Erasing what is kept about a person that has been removed.

use std::cell::RefCell;
use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value as Json, json};

use super::super::audit::{ERASE, ERASED};
use super::super::database::{Optional as _, params};
use super::super::hashes::hexadecimal;
use super::super::{Actor, Directory, DirectoryError, Note, Person, Timestamp, WriteTransaction, random};
use super::Traces;

/// Rows of the audit trail that one statement reads.
const PIECE: u32 = 500;

/// What an erased person is called where somebody else's user must not be taken for its own.
const PSEUDONYM: &str = "erased:";

/// Actions whose rows are about people. Others, such as changes of tenants and approvals, keep their content: whoever adds a person
/// of a well-chosen name must not be able to empty them.
const ABOUT_PEOPLE: [&str; 7] = ["person", "user", "link", "claim", "import", "assignment", "task"];

/// How much was erased.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Erased {
    /// Rows of the audit trail that have lost their content.
    pub audit: usize,
    /// Users of applications that the directory no longer knows. They stay in the applications.
    pub users: usize,
    /// Requests of SCIM clients.
    pub requests: usize,
}

/// A row of the audit trail, as far as it matters here.
struct Trail {
    id: i64,
    chain: String,
    seq: i64,
    person: Option<String>,
    action: String,
    old: Option<String>,
    new: Option<String>,
    result: String,
    upstream: Option<String>,
}

impl Trail {
    fn is_about(&self, traces: &Traces) -> bool {
        if self.person.as_deref() == Some(traces.key.as_str()) {
            return true;
        }
        let json = |text: &Option<String>| text.as_deref().and_then(|text| serde_json::from_str::<Json>(text).ok());
        let is_about_people = ABOUT_PEOPLE.iter().any(|noun| self.action.split('.').next() == Some(noun));
        is_about_people
            && (traces.is_said_in(&self.result)
                || self.upstream.as_deref().is_some_and(|text| traces.is_said_in(text))
                || [json(&self.old), json(&self.new)].iter().flatten().any(|value| traces.is_in(value)))
    }
}

impl Directory {
    /// Erases what is kept about a person besides its row: the content of the audit trail's rows about it, its users as imports saw
    /// them, and requests of SCIM clients. `work` removes the person in the same transaction as its users; `None` for one that was
    /// removed before, whose key `key` is.
    ///
    /// The trail keeps a row for each of its chains that says which rows were emptied. Others write in between.
    ///
    /// # Errors
    /// If nobody of that key was ever here, those of `work`, and the database's. If the process ends before all of it is erased, the
    /// same call for the removed person continues.
    pub fn erase_person<T, E: From<DirectoryError>>(
        &self,
        actor: &Actor,
        key: &str,
        work: impl Fn(&WriteTransaction<'_>, &Person) -> Result<T, E>,
        is_removed: impl Fn(&T) -> bool,
    ) -> Result<(Option<T>, Erased), E> {
        let kept = RefCell::new(Traces::default());
        let (done, mut erased) = self.write(actor, |change| -> Result<_, E> {
            let person = change.find_person(key)?;
            let key = person.as_ref().map_or(key, |person| person.key.as_str());
            let traces = change.traces(key, person.as_ref())?;
            if person.is_none() && traces.names.len() < 2 && traces.users.is_empty() && !change.is_in_trail(key)? {
                return Err(DirectoryError::NotFound {
                    what: "person",
                    name: key.to_owned(),
                    hint: "`person list` shows who there is; somebody who was removed is named by the key",
                }
                .into());
            }
            let requests = person.as_ref().map_or(Ok(0), |person| change.erase_requests(person, &traces))?;
            let done = person.as_ref().map(|person| work(change, person)).transpose()?;
            if done.as_ref().is_some_and(|done| !is_removed(done)) {
                return Ok((done, None));
            }
            let users = change.erase_users(&traces)?;
            change.clear_console_shelf()?;
            change.forget_ended_jobs()?;
            change.erase_last_failures(&traces)?;
            kept.replace(traces);
            Ok((done, Some(Erased { audit: 0, users, requests })))
        })?;
        let Some(erased) = &mut erased else { return Ok((done, Erased::default())) };
        let traces = kept.into_inner();
        // Rows of others first: those of the person itself say by which names it is found, should this be cut off.
        for own in [false, true] {
            let mut after = 0;
            loop {
                let (last, emptied) =
                    self.write(actor, |change| change.erase_trail(&traces, own, after).map_err(E::from))?;
                erased.audit += emptied;
                match last {
                    Some(last) => after = last,
                    None => break,
                }
            }
        }
        self.open.database.forget_log()?;
        Ok((done, *erased))
    }
}

impl WriteTransaction<'_> {
    fn is_in_trail(&self, key: &str) -> Result<bool, DirectoryError> {
        let found = self
            .db
            .prepare_cached("SELECT 1 FROM audit WHERE person = ?1 LIMIT 1")?
            .query_row([key], |row| row.get::<i32>(0))
            .optional()?;
        Ok(found.is_some())
    }

    /// Deletes the application's users as imports saw them. Whose they were is kept under a pseudonym, so that nobody who gets the
    /// same name later gets the user as well.
    fn erase_users(&self, traces: &Traces) -> Result<usize, DirectoryError> {
        let mut gone = 0;
        for (tenant, remote_id) in &traces.users {
            gone += self
                .db
                .prepare_cached("DELETE FROM remote_user WHERE tenant_id = ?1 AND remote_id = ?2")?
                .execute(params![tenant.number(), remote_id])?;
        }
        let bits: [u8; 8] = random::bytes()?;
        let pseudonym = format!("{PSEUDONYM}{}", hexadecimal(&bits));
        self.db
            .prepare_cached("UPDATE former_link SET key = ?2 WHERE key = ?1")?
            .execute(params![traces.key, pseudonym])?;
        Ok(gone)
    }

    /// Deletes requests of SCIM clients that name the person.
    fn erase_requests(&self, person: &Person, traces: &Traces) -> Result<usize, DirectoryError> {
        let mut gone = 0;
        for (client, ..) in self.scim_users_of(person)? {
            for name in traces.names.iter().map(String::as_str).chain(self.scim_public_id(client, person)?.as_deref()) {
                gone += self
                    .db
                    .prepare_cached(
                        "DELETE FROM scim_request WHERE client_id = ?1 AND (instr(lower(path), ?2) > 0
                           OR instr(lower(coalesce(body, '')), ?2) > 0 OR instr(lower(coalesce(answer, '')), ?2) > 0)",
                    )?
                    .execute(params![client, name])?;
            }
        }
        Ok(gone)
    }

    fn scim_public_id(&self, client: i64, person: &Person) -> Result<Option<String>, DirectoryError> {
        self.db
            .prepare_cached("SELECT public_id FROM scim_user WHERE person_id = ?2 AND client_id = ?1")?
            .query_row(params![client, person.id.0], |row| row.get(0))
            .optional()
    }

    /// Forgets why a tenant's last job failed if that names the person.
    fn erase_last_failures(&self, traces: &Traces) -> Result<(), DirectoryError> {
        for tenant in self.tenants()? {
            let said = tenant.last_failure.as_ref().and_then(|failure| serde_json::to_string(failure).ok());
            if said.is_some_and(|said| traces.is_said_in(&said)) {
                self.store_last_failure(tenant.id, None)?;
            }
        }
        Ok(())
    }

    /// Empties rows of the audit trail behind `after` until the transaction has had its turn: those of the person itself, or those of
    /// others that name it. Returns the last row that was looked at, or `None` if there are no more, and how many were emptied.
    fn erase_trail(&self, traces: &Traces, own: bool, mut after: i64) -> Result<(Option<i64>, usize), DirectoryError> {
        let mut emptied: BTreeMap<String, Vec<i64>> = BTreeMap::new();
        self.db.execute("INSERT INTO audit_pruning (begun_at) VALUES (?1)", [Timestamp::now()])?;
        let mut last = None;
        loop {
            let rows = if own { self.trail_of(traces, after)? } else { self.trail_after(after)? };
            last = rows.last().map(|row| row.id).or(if rows.is_empty() { None } else { last });
            let Some(reached) = rows.last().map(|row| row.id) else { break };
            after = reached;
            for row in rows.iter().filter(|row| row.action != ERASE && row.is_about(traces)) {
                if !own && row.person.as_deref() == Some(traces.key.as_str()) {
                    continue;
                }
                self.db
                    .prepare_cached(
                        "UPDATE audit SET person = NULL, old = NULL, new = NULL, upstream = NULL, salt = NULL, result = ?2 WHERE id = ?1",
                    )?
                    .execute(params![row.id, ERASED])?;
                emptied.entry(row.chain.clone()).or_default().push(row.seq);
            }
            if self.has_had_its_turn() {
                break;
            }
        }
        self.db.execute("DELETE FROM audit_pruning", params![])?;
        let count = emptied.values().map(Vec::len).sum();
        for (chain, rows) in emptied {
            self.note(&Note {
                tenant: Some(chain.as_str()).filter(|chain| !chain.is_empty()),
                person: None,
                action: ERASE,
                old: None,
                new: Some(json!({ "rows": ranges(rows) })),
                result: "the content of these rows of the chain was erased with a person",
            })?;
        }
        Ok((last, count))
    }

    fn trail_after(&self, after: i64) -> Result<Vec<Trail>, DirectoryError> {
        self.db
            .prepare_cached(
                "SELECT id, chain, seq, person, action, old, new, result, upstream FROM audit
                 WHERE id > ?1 AND link IS NOT NULL ORDER BY id LIMIT ?2",
            )?
            .query_map(params![after, PIECE], trail)?
            .collect()
    }

    fn trail_of(&self, traces: &Traces, after: i64) -> Result<Vec<Trail>, DirectoryError> {
        self.db
            .prepare_cached(
                "SELECT id, chain, seq, person, action, old, new, result, upstream FROM audit
                 WHERE person = ?1 AND id > ?2 AND link IS NOT NULL ORDER BY id LIMIT ?3",
            )?
            .query_map(params![traces.key, after, PIECE], trail)?
            .collect()
    }
}

fn trail(row: super::super::database::Row<'_>) -> Result<Trail, DirectoryError> {
    Ok(Trail {
        id: row.get(0)?,
        chain: row.get(1)?,
        seq: row.get(2)?,
        person: row.get(3)?,
        action: row.get(4)?,
        old: row.get(5)?,
        new: row.get(6)?,
        result: row.get(7)?,
        upstream: row.get(8)?,
    })
}

/// Numbers in their order, as pairs of the first and the last of those that follow each other.
fn ranges(numbers: Vec<i64>) -> Vec<(i64, i64)> {
    let mut ranges: Vec<(i64, i64)> = Vec::new();
    for number in numbers {
        match ranges.last_mut() {
            Some((_, last)) if *last + 1 == number => *last = number,
            _ => ranges.push((number, number)),
        }
    }
    ranges
}
