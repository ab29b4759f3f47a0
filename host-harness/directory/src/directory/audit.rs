//! The audit trail: who did what to whom, what was there before and after, and how it ended. Rows are only ever added;
//! triggers of the database see to it.

use super::database::{Optional as _, Value as Sql, params, params_from_iter};
use serde::Serialize;
use serde_json::Value as Json;

use super::upstream::{kept, stored};
use super::{DirectoryError, ReadTransaction, Timestamp, Upstream, WriteTransaction};

/// One row.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AuditEntry {
    /// Grows with time.
    pub id: i64,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: String,
    /// For which tenant; none for what concerns all.
    pub tenant: Option<String>,
    /// To which person, by its key.
    pub person: Option<String>,
    /// What, as `noun.verb`.
    pub action: String,
    /// What was there before. Never a secret.
    pub old: Option<Json>,
    /// What is there now. Never a secret.
    pub new: Option<Json>,
    /// How it ended, in a few words.
    pub result: String,
    /// What the application itself answered, where it refused.
    pub upstream: Option<Upstream>,
}

/// Which rows are wanted; the newest come first.
#[derive(Clone, Debug, Default)]
pub struct AuditFilter {
    /// Of this tenant only.
    pub tenant: Option<String>,
    /// Of this person only.
    pub person: Option<String>,
    /// By this actor only; a name in full.
    pub actor: Option<String>,
    /// Of this action only, such as `person.edit`, or of a noun's, such as `person`.
    pub action: Option<String>,
    /// At this moment or later.
    pub since: Option<Timestamp>,
    /// Before this moment.
    pub until: Option<Timestamp>,
    /// Older than this row.
    pub before: Option<i64>,
    /// At most so many; all where there is none.
    pub limit: Option<u32>,
}

/// A row to be added.
pub struct Note<'a> {
    /// The tenant's name, where it concerns one.
    pub tenant: Option<&'a str>,
    /// The person's key, where it concerns one.
    pub person: Option<&'a str>,
    /// What was done, such as `person.edit`.
    pub action: &'a str,
    /// What was there before, where there was something.
    pub old: Option<Json>,
    /// What is there now, where there is something.
    pub new: Option<Json>,
    /// What came of it.
    pub result: &'a str,
}

impl WriteTransaction<'_> {
    /// Adds a row in the name of this transaction's actor.
    ///
    /// # Errors
    /// The database's.
    pub fn note(&self, note: &Note<'_>) -> Result<(), DirectoryError> {
        self.note_answer(note, None)
    }

    /// Adds a row of something that the application may have refused, with what it answered.
    pub(crate) fn note_answer(&self, note: &Note<'_>, upstream: Option<&Upstream>) -> Result<(), DirectoryError> {
        let text = |value: &Option<Json>| value.as_ref().map(Json::to_string);
        self.db
            .prepare_cached(
                "INSERT INTO audit (at, actor, tenant, person, action, old, new, result, upstream)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            )?
            .execute(params![
                Timestamp::now(),
                self.actor.name(),
                note.tenant,
                note.person,
                note.action,
                text(&note.old),
                text(&note.new),
                note.result,
                stored(upstream)?
            ])?;
        Ok(())
    }
}

impl ReadTransaction<'_> {
    /// Rows of the audit trail, the newest first.
    ///
    /// # Errors
    /// The database's.
    pub fn audit(&self, filter: &AuditFilter) -> Result<Vec<AuditEntry>, DirectoryError> {
        let mut sql = String::from(
            "SELECT id, at, actor, tenant, person, action, old, new, result, upstream FROM audit WHERE TRUE",
        );
        let mut values: Vec<Sql> = Vec::new();
        let mut and = |condition: &str, value: Sql| {
            values.push(value);
            sql.push_str(&format!(" AND {}", condition.replace("??", &format!("?{}", values.len()))));
        };
        if let Some(tenant) = &filter.tenant {
            // A tenant that is gone is still in the trail, so the name is not looked up first.
            and("lower(tenant) = ??", tenant.to_lowercase().into());
        }
        if let Some(person) = &filter.person {
            and("person = ??", person.clone().into());
        }
        if let Some(actor) = &filter.actor {
            and("actor = ??", actor.clone().into());
        }
        if let Some(action) = &filter.action {
            and("(action = ?? OR substr(action, 1, length(??) + 1) = ?? || '.')", action.clone().into());
        }
        if let Some(since) = filter.since {
            and("at >= ??", since.millis().into());
        }
        if let Some(until) = filter.until {
            and("at < ??", until.millis().into());
        }
        // Where a time is given, rows come by it, so that its index leads to them however long the trail is.
        let by_time = filter.since.is_some() || filter.until.is_some();
        if let Some(before) = filter.before {
            and(if by_time { "(at, id) < (SELECT at, id FROM audit WHERE id = ??)" } else { "id < ??" }, before.into());
        }
        sql.push_str(if by_time { " ORDER BY at DESC, id DESC" } else { " ORDER BY id DESC" });
        if let Some(limit) = filter.limit {
            sql.push_str(&format!(" LIMIT {limit}"));
        }
        let json = |text: Option<String>| text.map(|text| serde_json::from_str(&text)).transpose();
        let mut statement = self.db.prepare_cached(&sql)?;
        let mut rows = statement.query(params_from_iter(values))?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(AuditEntry {
                id: row.get(0)?,
                at: row.get(1)?,
                actor: row.get(2)?,
                tenant: row.get(3)?,
                person: row.get(4)?,
                action: row.get(5)?,
                old: json(row.get(6)?)?,
                new: json(row.get(7)?)?,
                result: row.get(8)?,
                upstream: kept(row.get(9)?)?,
            });
        }
        Ok(found)
    }

    /// The id of the newest row; 0 where there is none.
    ///
    /// # Errors
    /// The database's.
    pub fn newest_audit(&self) -> Result<i64, DirectoryError> {
        let newest =
            self.db.query_row("SELECT max(id) FROM audit", params![], |row| row.get::<Option<i64>>(0)).optional()?;
        Ok(newest.flatten().unwrap_or(0))
    }
}
