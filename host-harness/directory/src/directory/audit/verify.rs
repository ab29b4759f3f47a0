//! Whether the audit trail is as it was written.

use std::collections::BTreeSet;

use serde::Serialize;

use super::super::database::{Optional as _, Row, params};
use super::super::hashes::hexadecimal;
use super::super::{DirectoryError, ReadTransaction, Timestamp};
use super::chain::{self, Content, Head, Place};

/// Rows that one statement reads.
const PIECE: u32 = 500;

/// The action of a row that names the rows whose content was erased with a person.
pub(in crate::directory) const ERASE: &str = "person.erase";

/// What a verification has found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct AuditCheck {
    /// Whether everything is as it was written.
    pub intact: bool,
    /// Each chain, that of what concerns all first.
    pub chains: Vec<ChainCheck>,
    /// What concerns no chain, such as one that is missing.
    pub faults: Vec<AuditFault>,
}

impl AuditCheck {
    /// The first fault of all, with the tenant whose chain has it. `None` if everything is as it was written.
    pub fn first_fault(&self) -> Option<(Option<&str>, &AuditFault)> {
        let of_chains = self.chains.iter().filter_map(|chain| Some((chain.tenant.as_deref(), chain.fault.as_ref()?)));
        of_chains.chain(self.faults.iter().map(|fault| (None, fault))).next()
    }
}

/// What was found of a chain.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ChainCheck {
    /// The tenant, in lower case; `None` for what concerns all.
    pub tenant: Option<String>,
    /// Rows that were looked at.
    pub rows: u64,
    /// How many of them have lost their content because a person was erased.
    pub erased: u64,
    /// How many before them were pruned.
    pub pruned: i64,
    /// The number of the last row.
    pub last: i64,
    /// The last row's link, in hexadecimal digits.
    pub link: String,
    /// The first thing that isn't as it was written.
    pub fault: Option<AuditFault>,
}

/// Something that isn't as it was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AuditFault {
    /// What kind of fault.
    pub kind: AuditFaultKind,
    /// The row, as the trail numbers it. `None` if the row isn't there.
    pub row: Option<i64>,
    /// The row's place in its chain, from 1 on. `None` if it has none.
    pub number: Option<i64>,
    /// What was found, in a sentence.
    pub message: String,
}

/// Kinds of faults.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum AuditFaultKind {
    /// A row's content or place was changed, or it was moved.
    Changed,
    /// A row is gone.
    Missing,
    /// A row is where none was written.
    Added,
    /// A row has lost its content, and nothing says that a person was erased.
    Erased,
    /// The end of the chain isn't the one that was sealed.
    End,
    /// The row was linked with a key that isn't here.
    Key,
}

/// A row as it is stored.
struct Stored {
    id: i64,
    seq: i64,
    at: Timestamp,
    actor: String,
    tenant: Option<String>,
    person: Option<String>,
    action: String,
    old: Option<String>,
    new: Option<String>,
    result: String,
    upstream: Option<String>,
    salt: Option<Vec<u8>>,
    digest: Vec<u8>,
    link: Vec<u8>,
    key_id: String,
}

fn stored(row: Row<'_>) -> Result<Stored, DirectoryError> {
    Ok(Stored {
        id: row.get(0)?,
        seq: row.get(1)?,
        at: row.get(2)?,
        actor: row.get(3)?,
        tenant: row.get(4)?,
        person: row.get(5)?,
        action: row.get(6)?,
        old: row.get(7)?,
        new: row.get(8)?,
        result: row.get(9)?,
        upstream: row.get(10)?,
        salt: row.get(11)?,
        digest: row.get(12)?,
        link: row.get(13)?,
        key_id: row.get(14)?,
    })
}

impl Stored {
    fn fault(&self, kind: AuditFaultKind, message: String) -> AuditFault {
        AuditFault { kind, row: Some(self.id), number: Some(self.seq), message }
    }

    fn content(&self) -> Content<'_> {
        Content {
            person: self.person.as_deref(),
            old: self.old.as_deref(),
            new: self.new.as_deref(),
            result: &self.result,
            upstream: self.upstream.as_deref(),
        }
    }
}

/// How far the verification of a chain has come.
struct Progress {
    check: ChainCheck,
    /// Number, link and row of the last one that was looked at.
    seq: i64,
    link: Vec<u8>,
    id: i64,
    /// Rows without content that no row has accounted for yet.
    unexplained: BTreeSet<i64>,
    /// The key of the last row, and those before it.
    key_id: String,
    retired: BTreeSet<String>,
}

impl ReadTransaction<'_> {
    /// Looks at every row of the audit trail, or of one tenant's, and says what isn't as it was written: of each chain the first.
    ///
    /// # Errors
    /// If the tenant has no audit trail, and the database's.
    pub fn verify_audit(&self, tenant: Option<&str>) -> Result<AuditCheck, DirectoryError> {
        self.keep_up()?;
        let mut found = AuditCheck::default();
        let names = match tenant {
            Some(name) => vec![name.to_lowercase()],
            None => self.chain_names()?,
        };
        for name in &names {
            match self.head(name)? {
                Some(head) => found.chains.push(self.verify_chain(&head)?),
                None if tenant.is_some() => {
                    return Err(DirectoryError::NotFound {
                        what: "audit trail of a tenant",
                        name: name.clone(),
                        hint: "`tenant list` shows the tenants; without a name, `audit verify` looks at all of the trail",
                    });
                }
                None => {}
            }
        }
        if tenant.is_none() {
            self.verify_chains(&names, &mut found)?;
        }
        found.intact = found.first_fault().is_none();
        Ok(found)
    }

    pub(super) fn chain_names(&self) -> Result<Vec<String>, DirectoryError> {
        self.db
            .prepare_cached("SELECT name FROM audit_chain ORDER BY name")?
            .query_map(params![], |row| row.get(0))?
            .collect()
    }

    /// That no chain is missing, and that no row belongs to none.
    fn verify_chains(&self, names: &[String], found: &mut AuditCheck) -> Result<(), DirectoryError> {
        let fault = |kind, row, message| AuditFault { kind, row, number: None, message };
        let others = i64::try_from(names.iter().filter(|name| !name.is_empty()).count()).unwrap_or(i64::MAX);
        match self.head("")? {
            None => found.faults.push(fault(
                AuditFaultKind::Missing,
                None,
                "the chain of what concerns all is missing".to_owned(),
            )),
            Some(root) if root.others != others => found.faults.push(fault(
                AuditFaultKind::Missing,
                None,
                format!("there were chains of {} tenants, and now there are {others}", root.others),
            )),
            Some(_) => {}
        }
        let without = self
            .db
            .prepare_cached("SELECT id FROM audit WHERE link IS NULL ORDER BY id LIMIT 1")?
            .query_row(params![], |row| row.get::<i64>(0))
            .optional()?;
        if let Some(row) = without {
            found.faults.push(fault(
                AuditFaultKind::Added,
                Some(row),
                format!("row {row} has no link, so this program didn't write it"),
            ));
        }
        let mut after: Option<String> = None;
        while let Some(name) = self.next_chain_of_rows(after.as_deref())? {
            if !names.contains(&name) {
                found.faults.push(fault(
                    AuditFaultKind::Missing,
                    None,
                    format!("there are rows of the chain `{name}`, whose end is missing"),
                ));
            }
            after = Some(name);
        }
        Ok(())
    }

    fn next_chain_of_rows(&self, after: Option<&str>) -> Result<Option<String>, DirectoryError> {
        // Nothing is before the empty name, so the first one is asked for by another statement.
        let found = match after {
            None => self
                .db
                .prepare_cached(
                    "SELECT chain FROM audit WHERE chain >= '' AND link IS NOT NULL ORDER BY chain LIMIT 1",
                )?
                .query_row(params![], |row| row.get(0)),
            Some(name) => self
                .db
                .prepare_cached("SELECT chain FROM audit WHERE chain > ?1 AND link IS NOT NULL ORDER BY chain LIMIT 1")?
                .query_row([name], |row| row.get(0)),
        };
        found.optional()
    }

    fn verify_chain(&self, head: &Head) -> Result<ChainCheck, DirectoryError> {
        let check = ChainCheck {
            tenant: Some(head.name.clone()).filter(|name| !name.is_empty()),
            pruned: head.pruned,
            last: head.seq,
            link: hexadecimal(&head.link),
            ..ChainCheck::default()
        };
        let mut progress = Progress {
            check,
            seq: head.pruned,
            link: head.anchor.clone(),
            id: i64::MIN,
            unexplained: BTreeSet::new(),
            key_id: String::new(),
            retired: BTreeSet::new(),
        };
        let mut after = i64::MIN;
        loop {
            let rows: Vec<Stored> = self
                .db
                .prepare_cached(
                    "SELECT id, seq, at, actor, tenant, person, action, old, new, result, upstream, salt, digest, link, key_id
                     FROM audit WHERE chain = ?1 AND seq > ?2 AND link IS NOT NULL ORDER BY seq LIMIT ?3",
                )?
                .query_map(params![head.name, after, PIECE], stored)?
                .collect::<Result<_, _>>()?;
            let Some(last) = rows.last() else { break };
            after = last.seq;
            for row in &rows {
                if let Some(fault) = self.verify_row(head, row, &mut progress) {
                    progress.check.fault = Some(fault);
                    return Ok(progress.check);
                }
            }
        }
        progress.check.fault = self.verify_end(head, &progress);
        Ok(progress.check)
    }

    /// Looks at a row. Returns what isn't as it was written.
    fn verify_row(&self, head: &Head, row: &Stored, progress: &mut Progress) -> Option<AuditFault> {
        let expected = progress.seq + 1;
        if row.seq < expected {
            let message = format!("row {} was pruned, and is there again", row.id);
            return Some(row.fault(AuditFaultKind::Added, message));
        }
        if row.seq > expected {
            return Some(missing(expected, row.seq - 1, Some(row.id)));
        }
        let changed =
            || {
                Some(row.fault(
                    AuditFaultKind::Changed,
                    format!("row {} was changed, moved, or isn't this program's", row.id),
                ))
            };
        let Some(key) = self.vault.audit_key(&row.key_id) else {
            let message = format!(
                "row {} was linked with the key {}, which isn't known here, so it can't be verified",
                row.id, row.key_id
            );
            return Some(row.fault(AuditFaultKind::Key, message));
        };
        let place = Place {
            chain: &head.name,
            seq: row.seq,
            at: row.at,
            actor: &row.actor,
            tenant: row.tenant.as_deref(),
            action: &row.action,
        };
        // Nobody who has a former key can go on with it.
        if row.key_id != progress.key_id {
            progress.retired.insert(std::mem::replace(&mut progress.key_id, row.key_id.clone()));
        }
        if progress.retired.contains(&row.key_id) {
            return changed();
        }
        if row.link != place.link(&key, &progress.link, &row.digest) || row.id <= progress.id {
            return changed();
        }
        match &row.salt {
            Some(salt) if row.digest != row.content().digest(salt) => return changed(),
            None if !row.content().is_erased() => return changed(),
            None => {
                progress.check.erased += 1;
                progress.unexplained.insert(row.seq);
            }
            Some(_) => {}
        }
        if row.action == chain::BROKEN {
            return Some(row.fault(AuditFaultKind::End, format!("row {} says: {}", row.id, row.result)));
        }
        if row.action == ERASE {
            explain(row.new.as_deref(), &mut progress.unexplained);
        }
        (progress.seq, progress.id) = (row.seq, row.id);
        progress.link.clone_from(&row.link);
        progress.check.rows += 1;
        None
    }

    fn verify_end(&self, head: &Head, progress: &Progress) -> Option<AuditFault> {
        let in_use = self.vault.audit_key(&head.key_id).filter(|_| head.key_id == self.vault.key_id());
        let Some(key) = in_use else {
            let message =
                format!("the end of the chain is sealed with the key {}, which isn't the one in use", head.key_id);
            return Some(AuditFault { kind: AuditFaultKind::Key, row: None, number: None, message });
        };
        if head.fits_seal(&key) && progress.seq < head.seq {
            return Some(missing(progress.seq + 1, head.seq, None));
        }
        if !head.fits_seal(&key) || progress.seq != head.seq || progress.link != head.link {
            let message =
                "the end of the chain isn't the one that was sealed; rows may be missing or added there".to_owned();
            return Some(AuditFault { kind: AuditFaultKind::End, row: None, number: Some(head.seq), message });
        }
        let first = progress.unexplained.first()?;
        let message = format!(
            "the content of row number {first} of the chain was dropped, and no row says that a person was erased"
        );
        Some(AuditFault { kind: AuditFaultKind::Erased, row: None, number: Some(*first), message })
    }
}

/// Takes the rows that an erasure names, as pairs of a first and a last number, from those that have lost their content.
fn explain(new: Option<&str>, unexplained: &mut BTreeSet<i64>) {
    #[derive(serde::Deserialize)]
    struct Erasure {
        rows: Vec<(i64, i64)>,
    }
    let Some(Ok(erasure)) = new.map(serde_json::from_str::<Erasure>) else { return };
    for (first, last) in erasure.rows {
        unexplained.retain(|seq| !(first..=last).contains(seq));
    }
}

fn missing(first: i64, last: i64, before: Option<i64>) -> AuditFault {
    let rows = match last - first {
        0 => format!("row number {first} of the chain is missing"),
        _ => format!("the rows number {first} to {last} of the chain are missing"),
    };
    let place = before.map_or(", the last that were written".to_owned(), |row| format!(" before row {row}"));
    AuditFault { kind: AuditFaultKind::Missing, row: None, number: Some(first), message: format!("{rows}{place}") }
}
