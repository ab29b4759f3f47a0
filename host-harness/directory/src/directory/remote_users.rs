//! The application's users as the last import saw them, and those of them that wait for an admin.
//!
//! An import first stages its pages here and settles them afterwards: a staged user whose content differs from what the
//! directory has taken note of is *pending*. So an import that is cut off, halted or repeated loses and repeats nothing.

use super::database::{Optional as _, Row, Value as Sql, params, params_from_iter};
use serde::{Deserialize, Serialize};

use super::people::{MatchColumn, searched};
use super::values::MatchKeys;
use super::{Attributes, DirectoryError, PersonId, ReadTransaction, RunId, TenantId, WriteTransaction};
use provisioning_runtime::wit::Status;

/// Whether a user can sign in to the application.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RemoteStatus {
    /// It can.
    Active,
    /// Deactivated.
    Inactive,
    /// It cannot for now.
    Frozen,
}

impl RemoteStatus {
    /// The name in JSON and in the database.
    pub fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Inactive => "inactive",
            Self::Frozen => "frozen",
        }
    }

    pub(super) fn parse(text: &str) -> Result<Self, DirectoryError> {
        [Self::Active, Self::Inactive, Self::Frozen]
            .into_iter()
            .find(|status| status.name() == text)
            .ok_or_else(|| DirectoryError::Damaged(format!("a user's status `{text}`")))
    }
}

impl From<Status> for RemoteStatus {
    fn from(status: Status) -> Self {
        match status {
            Status::Active => Self::Active,
            Status::Inactive => Self::Inactive,
            Status::Frozen => Self::Frozen,
        }
    }
}

/// A user of the application.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemoteUser {
    /// The application's id.
    pub remote_id: String,
    /// Its username there.
    pub username: String,
    /// Whether it can sign in.
    pub status: RemoteStatus,
    /// When it last changed there, as the application says.
    pub modified: String,
    /// By the application's names.
    pub attributes: Attributes,
    /// Kinds and ids of its grants.
    pub grants: Vec<(String, String)>,
}

impl RemoteUser {
    /// The bytes of its texts.
    pub(crate) fn size(&self) -> u64 {
        let attributes = self.attributes.iter().map(|(name, value)| name.len() + value.size());
        let grants = self.grants.iter().map(|(kind, id)| kind.len() + id.len());
        let texts = self.remote_id.len() + self.username.len() + self.modified.len();
        (texts + attributes.sum::<usize>() + grants.sum::<usize>()) as u64
    }
}

/// A user that an import has staged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Staged {
    pub(crate) row: i64,
    pub(crate) user: RemoteUser,
    pub(crate) keys: MatchKeys,
    /// No longer among the users that the application gives.
    pub(crate) gone: bool,
    pub(crate) settled_status: Option<RemoteStatus>,
}

/// A user that is to be settled, with what settling asks of every user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pending {
    pub(crate) staged: Staged,
    /// Why it has waited for an admin so far.
    pub(crate) waiting: Option<QueueReason>,
    /// The person that it is linked to.
    pub(crate) linked: Option<PersonId>,
    /// Whether it was linked to somebody before.
    pub(crate) was_linked: bool,
}

/// Why a user waits for an admin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum QueueReason {
    /// An exact rule found its person; the tenant wants such matches confirmed.
    Matched,
    /// Several people, or several users, share what they are matched by, or something speaks against the match.
    Ambiguous,
    /// The person it matches is linked to another user already.
    Taken,
    /// Only the names match.
    Similar,
    /// Nobody matches.
    Nobody,
    /// An admin wants it left alone.
    Ignored,
}

/// Users that one statement of several looks at: a few milliseconds of work.
const PIECE: u32 = 1_000;

const REASONS: [QueueReason; 6] = [
    QueueReason::Matched,
    QueueReason::Ambiguous,
    QueueReason::Taken,
    QueueReason::Similar,
    QueueReason::Nobody,
    QueueReason::Ignored,
];

impl QueueReason {
    /// The name in JSON and in the database.
    pub fn name(self) -> &'static str {
        match self {
            Self::Matched => "matched",
            Self::Ambiguous => "ambiguous",
            Self::Taken => "taken",
            Self::Similar => "similar",
            Self::Nobody => "nobody",
            Self::Ignored => "ignored",
        }
    }

    fn parse(text: &str) -> Result<Self, DirectoryError> {
        REASONS
            .into_iter()
            .find(|reason| reason.name() == text)
            .ok_or_else(|| DirectoryError::Damaged(format!("a reason to wait `{text}`")))
    }
}

/// A user that waits for an admin, with the people it may be.
#[derive(Clone, Debug, Serialize)]
pub struct Queued {
    /// Its place in the queue, for [`QueueFilter::after`].
    #[serde(skip)]
    pub place: i64,
    /// The user.
    pub user: RemoteUser,
    /// Why it waits.
    pub reason: QueueReason,
    /// People it may be: key, username, and by what.
    pub candidates: Vec<(String, String, String)>,
}

/// Which users that wait are wanted, in the order in which they were first seen.
#[derive(Clone, Debug, Default)]
pub struct QueueFilter {
    /// Those that wait for this reason only; without one, all but those that are left alone.
    pub reason: Option<QueueReason>,
    /// Those that are left alone too.
    pub with_ignored: bool,
    /// Whose id, username, e-mail address or full name contains this, without regard to case.
    pub contains: Option<String>,
    /// Behind this place.
    pub after: Option<i64>,
    /// At most so many; all where there is none.
    pub limit: Option<u32>,
}

impl QueueFilter {
    /// The conditions and their values; ?1 is the tenant.
    fn sql(&self, tenant: TenantId) -> (String, Vec<Sql>) {
        let mut sql = String::from("tenant_id = ?1 AND waiting IS NOT NULL AND NOT gone");
        let mut values: Vec<Sql> = vec![tenant.number().into()];
        if self.reason.is_none() && !self.with_ignored {
            sql.push_str(" AND waiting <> 'ignored'");
        }
        let mut and = |condition: &str, value: Sql| {
            values.push(value);
            sql.push_str(&format!(" AND {}", condition.replace("??", &format!("?{}", values.len()))));
        };
        if let Some(reason) = self.reason {
            and("waiting = ??", reason.name().to_owned().into());
        }
        if let Some(after) = self.after {
            and("id > ??", after.into());
        }
        if let Some(text) = &self.contains {
            and(
                "(instr(lower(remote_id), ??) > 0 OR instr(username_key, ??) > 0 OR instr(email_key, ??) > 0
                  OR instr(replace(full_name_key, '\u{1f}', ' '), ??) > 0)",
                searched(text).into(),
            );
        }
        (sql, values)
    }
}

const COLUMNS: &str = "id, remote_id, username, status, modified, attributes, grants, username_key, email_key, federation_key, full_name_key, gone, settled_status";

fn staged(row: Row<'_>) -> Result<Staged, DirectoryError> {
    let text = |index: usize| row.text(index);
    let settled: Option<String> = row.get(12)?;
    Ok(Staged {
        row: row.get(0)?,
        user: RemoteUser {
            remote_id: row.get(1)?,
            username: row.get(2)?,
            status: RemoteStatus::parse(text(3)?)?,
            modified: row.get(4)?,
            attributes: serde_json::from_str(text(5)?)?,
            grants: serde_json::from_str(text(6)?)?,
        },
        keys: MatchKeys { username: row.get(7)?, email: row.get(8)?, federation_id: row.get(9)?, name: row.get(10)? },
        gone: row.get(11)?,
        settled_status: settled.as_deref().map(RemoteStatus::parse).transpose()?,
    })
}

/// Names what a user is; the time of change is left out, since applications touch it for reasons of their own.
fn digest(user: &RemoteUser) -> Result<Vec<u8>, DirectoryError> {
    let content = serde_json::to_vec(&(&user.username, user.status, &user.attributes, &user.grants))?;
    Ok(ring::digest::digest(&ring::digest::SHA256, &content).as_ref()[..16].to_vec())
}

impl ReadTransaction<'_> {
    /// A user by its id in the application; none where no import has seen it.
    ///
    /// # Errors
    /// The database's.
    pub fn remote_user(&self, tenant: TenantId, remote_id: &str) -> Result<Option<RemoteUser>, DirectoryError> {
        Ok(self.staged_user(tenant, remote_id)?.map(|staged| staged.user))
    }

    pub(crate) fn staged_user(&self, tenant: TenantId, remote_id: &str) -> Result<Option<Staged>, DirectoryError> {
        let mut statement = self
            .db
            .prepare_cached(&format!("SELECT {COLUMNS} FROM remote_user WHERE tenant_id = ?1 AND remote_id = ?2"))?;
        let mut rows = statement.query(params![tenant.number(), remote_id])?;
        rows.next()?.map(staged).transpose()
    }

    /// How many users the last import saw.
    ///
    /// # Errors
    /// The database's.
    pub fn count_remote_users(&self, tenant: TenantId) -> Result<u64, DirectoryError> {
        self.db
            .prepare_cached("SELECT count(*) FROM remote_user WHERE tenant_id = ?1 AND NOT gone")?
            .query_row([tenant.number()], |row| row.get(0))
    }

    /// Pending users in the order in which they were first seen, at most `limit`. One statement tells of each what three would.
    pub(crate) fn pending_users(&self, tenant: TenantId, limit: u32) -> Result<Vec<Pending>, DirectoryError> {
        let mut statement = self.db.prepare_cached(
            "SELECT u.id, u.remote_id, u.username, u.status, u.modified, u.attributes, u.grants, u.username_key, u.email_key,
               u.federation_key, u.full_name_key, u.gone, u.settled_status, u.waiting, l.person_id,
               EXISTS (SELECT 1 FROM former_link f WHERE f.tenant_id = u.tenant_id AND f.remote_id = u.remote_id)
             FROM remote_user u LEFT JOIN link l ON l.tenant_id = u.tenant_id AND l.remote_id = u.remote_id
             WHERE u.tenant_id = ?1 AND u.pending ORDER BY u.id LIMIT ?2",
        )?;
        let mut rows = statement.query(params![tenant.number(), limit])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let waiting: Option<String> = row.get(13)?;
            found.push(Pending {
                staged: staged(row)?,
                waiting: waiting.as_deref().map(QueueReason::parse).transpose()?,
                linked: row.get::<Option<i64>>(14)?.map(PersonId),
                was_linked: row.get(15)?,
            });
        }
        Ok(found)
    }

    /// How many links there are, and how many of them pending users would make vanish or deactivate.
    pub(crate) fn threatened_links(&self, tenant: TenantId) -> Result<(u64, u64, u64), DirectoryError> {
        let id = tenant.number();
        let links = self
            .db
            .prepare_cached("SELECT count(*) FROM link WHERE tenant_id = ?1")?
            .query_row([id], |row| row.get(0))?;
        let (vanish, deactivate) = self
            .db
            .prepare_cached(
                "SELECT count(*) FILTER (WHERE gone),
                        count(*) FILTER (WHERE NOT gone AND status <> 'active' AND settled_status = 'active')
                 FROM remote_user u
                 WHERE tenant_id = ?1 AND pending
                   AND EXISTS (SELECT 1 FROM link l WHERE l.tenant_id = u.tenant_id AND l.remote_id = u.remote_id)",
            )?
            .query_row([id], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok((links, vanish, deactivate))
    }

    /// How many of the tenant's users share a key: none, one, or two where it is more, since those of an address that all share
    /// would be counted for each of them.
    pub(crate) fn users_with_match_key(
        &self,
        tenant: TenantId,
        column: MatchColumn,
        value: &str,
    ) -> Result<u64, DirectoryError> {
        let column = column.name();
        self
            .db
            .prepare_cached(&format!(
                "SELECT count(*) FROM (SELECT 1 FROM remote_user WHERE tenant_id = ?1 AND {column} = ?2 AND NOT gone LIMIT 2) AS few"
            ))?
            .query_row(params![tenant.number(), value], |row| row.get(0))
    }

    /// Users that wait for an admin.
    ///
    /// # Errors
    /// The database's.
    pub fn queue(&self, tenant: TenantId, filter: &QueueFilter) -> Result<Vec<Queued>, DirectoryError> {
        let (conditions, values) = filter.sql(tenant);
        let limit = filter.limit.map_or_else(String::new, |limit| format!(" LIMIT {limit}"));
        let mut statement = self.db.prepare_cached(&format!(
            "SELECT {COLUMNS}, waiting FROM remote_user WHERE {conditions} ORDER BY id{limit}"
        ))?;
        let mut people = self.db.prepare_cached(
            "SELECT p.key, p.username, c.reason FROM candidate c JOIN person p ON p.id = c.person_id
             WHERE c.remote_user_id = ?1 ORDER BY p.key",
        )?;
        let mut rows = statement.query(params_from_iter(values))?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let Staged { row: id, user, .. } = staged(row)?;
            let candidates = people.query_map([id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
            found.push(Queued {
                place: id,
                user,
                reason: QueueReason::parse(row.text(13)?)?,
                candidates: candidates.collect::<Result<_, _>>()?,
            });
        }
        Ok(found)
    }

    /// How many users wait for an admin.
    ///
    /// # Errors
    /// The database's.
    pub fn count_queue(&self, tenant: TenantId) -> Result<u64, DirectoryError> {
        self
            .db
            .prepare_cached(
                "SELECT count(*) FROM remote_user WHERE tenant_id = ?1 AND waiting IS NOT NULL AND waiting <> 'ignored' AND NOT gone",
            )?
            .query_row([tenant.number()], |row| row.get(0))
    }

    /// How many users wait for each reason, those that are left alone included; reasons that nobody waits for are not there.
    ///
    /// # Errors
    /// The database's.
    pub fn count_queue_by_reason(&self, tenant: TenantId) -> Result<Vec<(QueueReason, u64)>, DirectoryError> {
        let mut statement = self.db.prepare_cached(
            "SELECT waiting, count(*) FROM remote_user WHERE tenant_id = ?1 AND waiting IS NOT NULL AND NOT gone GROUP BY waiting",
        )?;
        let mut rows = statement.query([tenant.number()])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let reason = QueueReason::parse(row.text(0)?)?;
            found.push((reason, row.get(1)?));
        }
        found.sort_by_key(|(reason, _)| REASONS.iter().position(|one| one == reason));
        Ok(found)
    }

    pub(crate) fn waits_for(&self, row: i64) -> Result<Option<QueueReason>, DirectoryError> {
        let waiting: Option<String> = self
            .db
            .prepare_cached("SELECT waiting FROM remote_user WHERE id = ?1")?
            .query_row([row], |row| row.get(0))
            .optional()?
            .flatten();
        waiting.as_deref().map(QueueReason::parse).transpose()
    }
}

impl WriteTransaction<'_> {
    /// Stages a user that a page brought.
    pub(crate) fn stage_user(
        &self,
        tenant: TenantId,
        run: RunId,
        user: &RemoteUser,
        keys: &MatchKeys,
    ) -> Result<(), DirectoryError> {
        self.db
            .prepare_cached(
                "INSERT INTO remote_user (tenant_id, remote_id, username, status, modified, attributes, grants,
                   username_key, email_key, federation_key, full_name_key, seen_run, digest)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
                 ON CONFLICT (tenant_id, remote_id) DO UPDATE SET username = excluded.username, status = excluded.status,
                   modified = excluded.modified, attributes = excluded.attributes, grants = excluded.grants,
                   username_key = excluded.username_key, email_key = excluded.email_key,
                   federation_key = excluded.federation_key, full_name_key = excluded.full_name_key,
                   seen_run = excluded.seen_run, digest = excluded.digest, gone = FALSE,
                   pending = remote_user.settled_digest IS DISTINCT FROM excluded.digest",
            )?
            .execute(params![
                tenant.number(),
                user.remote_id,
                user.username,
                user.status.name(),
                user.modified,
                serde_json::to_string(&user.attributes)?,
                serde_json::to_string(&user.grants)?,
                keys.username,
                keys.email,
                keys.federation_id,
                keys.name,
                run.number(),
                digest(user)?
            ])?;
        Ok(())
    }

    /// Marks a user that the application says has left.
    pub(crate) fn stage_departure(&self, tenant: TenantId, remote_id: &str) -> Result<(), DirectoryError> {
        self.db
            .prepare_cached(
                "UPDATE remote_user SET gone = TRUE, pending = TRUE WHERE tenant_id = ?1 AND remote_id = ?2 AND NOT gone",
            )?
            .execute(params![tenant.number(), remote_id])?;
        Ok(())
    }

    /// Marks those that an import of all users has not seen, among the next few hundred behind an id. Returns the id to go on behind;
    /// none where that was the last piece.
    pub(crate) fn stage_absent(
        &self,
        tenant: TenantId,
        run: RunId,
        after: &str,
    ) -> Result<Option<String>, DirectoryError> {
        let Some(last) = self.last_of_piece(tenant, after)? else { return Ok(None) };
        self.db
            .prepare_cached(
                "UPDATE remote_user SET gone = TRUE, pending = TRUE
                 WHERE tenant_id = ?1 AND remote_id > ?3 AND remote_id <= ?4 AND seen_run <> ?2 AND NOT gone",
            )?
            .execute(params![tenant.number(), run.number(), after, last])?;
        Ok(Some(last))
    }

    /// Forgets some of those that the directory hasn't taken note of: a run that is given up has brought them. Returns how many; none
    /// where there are no more.
    pub(crate) fn forget_unsettled(&self, tenant: TenantId) -> Result<usize, DirectoryError> {
        self
            .db
            .prepare_cached(
                "DELETE FROM remote_user WHERE id IN
                   (SELECT u.id FROM remote_user u WHERE u.tenant_id = ?1 AND u.pending AND u.settled_digest IS NULL
                      AND u.waiting IS NULL
                      AND NOT EXISTS (SELECT 1 FROM link l WHERE l.tenant_id = u.tenant_id AND l.remote_id = u.remote_id)
                    ORDER BY u.id LIMIT ?2)",
            )?
            .execute(params![tenant.number(), PIECE])
    }

    /// Takes note of a user: it is pending no longer, and waits only where there is a reason.
    pub(crate) fn settle_user(
        &self,
        row: i64,
        waiting: Option<(QueueReason, &[(PersonId, String)])>,
    ) -> Result<(), DirectoryError> {
        self.db.prepare_cached("DELETE FROM candidate WHERE remote_user_id = ?1")?.execute([row])?;
        self.db
            .prepare_cached(
                "UPDATE remote_user SET pending = FALSE, settled_digest = digest, settled_status = status, waiting = ?2 WHERE id = ?1",
            )?
            .execute(params![row, waiting.map(|(reason, _)| reason.name())])?;
        for (person, by) in waiting.map(|(_, candidates)| candidates).unwrap_or_default() {
            self.db
                .prepare_cached(
                    "INSERT INTO candidate (remote_user_id, person_id, reason) VALUES (?1, ?2, ?3)
                     ON CONFLICT (remote_user_id, person_id) DO NOTHING",
                )?
                .execute(params![row, person.0, by])?;
        }
        Ok(())
    }

    /// Forgets a user that has gone.
    pub(crate) fn forget_user(&self, row: i64) -> Result<(), DirectoryError> {
        self.db.prepare_cached("DELETE FROM remote_user WHERE id = ?1")?.execute([row])?;
        Ok(())
    }

    /// Has those looked at again by the next import who aren't linked, as after a change of the rules, among the next few hundred
    /// behind an id. Returns the id to go on behind; none where that was the last piece.
    pub(crate) fn unsettle_unlinked(&self, tenant: TenantId, after: &str) -> Result<Option<String>, DirectoryError> {
        let Some(last) = self.last_of_piece(tenant, after)? else { return Ok(None) };
        self.db
            .prepare_cached(
                "UPDATE remote_user AS u SET pending = TRUE, settled_digest = NULL
                 WHERE tenant_id = ?1 AND remote_id > ?2 AND remote_id <= ?3 AND waiting IS DISTINCT FROM 'ignored'
                   AND NOT EXISTS (SELECT 1 FROM link l WHERE l.tenant_id = ?1 AND l.remote_id = u.remote_id)",
            )?
            .execute(params![tenant.number(), after, last])?;
        Ok(Some(last))
    }

    /// As [`WriteTransaction::unsettle_unlinked`], of those who are linked, as when the tenant becomes a source.
    pub(crate) fn unsettle_linked(&self, tenant: TenantId, after: &str) -> Result<Option<String>, DirectoryError> {
        let Some(last) = self.last_of_piece(tenant, after)? else { return Ok(None) };
        self.db
            .prepare_cached(
                "UPDATE remote_user AS u SET pending = TRUE, settled_digest = NULL
                 WHERE tenant_id = ?1 AND remote_id > ?2 AND remote_id <= ?3
                   AND EXISTS (SELECT 1 FROM link l WHERE l.tenant_id = ?1 AND l.remote_id = u.remote_id)",
            )?
            .execute(params![tenant.number(), after, last])?;
        Ok(Some(last))
    }

    /// The last id of the next few hundred users of a tenant behind an id, in the order of the ids; none where there are none.
    fn last_of_piece(&self, tenant: TenantId, after: &str) -> Result<Option<String>, DirectoryError> {
        let last = self
            .db
            .prepare_cached(
                "SELECT max(remote_id) FROM
                   (SELECT remote_id FROM remote_user WHERE tenant_id = ?1 AND remote_id > ?2 ORDER BY remote_id LIMIT ?3) AS few",
            )?
            .query_row(params![tenant.number(), after, PIECE], |row| row.get(0))?;
        Ok(last)
    }
}
