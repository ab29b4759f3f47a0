//! Which keys secrets are sealed with, and how another key takes the place of the one in use.
//!
//! The directory knows keys by their ids. A rotation has three passes, and continues with the next `rotate_key` if it is cut off:
//!
//! 1. One transaction makes the new key the one in use. During the rotation each of the two is kept sealed for the other, so a host
//!    that has either has both. The ends of all chains of the audit trail are sealed with the new key, so a host that writes learns
//!    of it.
//! 2. What is sealed with the old key is sealed again, in turns. Work goes on: both keys open.
//! 3. One transaction forgets the old key once nothing needs it. Only what links of the audit trail were made with stays, since it
//!    verifies older rows. Then the new key takes the old one's place where that is a file of the data folder.

use serde::Serialize;
use serde_json::json;

use super::database::{Optional as _, params};
use super::tasks::password_name;
use super::vault::{Rotation, key_id};
use super::{Actor, Directory, DirectoryError, Note, ReadTransaction, TaskId, Timestamp, WriteTransaction};
use provisioning_runtime::Secret;

/// Passwords of tasks that one statement reads.
const PIECE: u32 = 100;

/// What a rotation has done.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Rotated {
    /// The id of the new key.
    pub key: String,
    /// Whether it continued one that was cut off.
    pub resumed: bool,
    /// Secrets of tenants that were sealed again.
    pub secrets: usize,
    /// New passwords of people, waiting to be set, that were.
    pub passwords: usize,
    /// Secrets and passwords that open with neither key. They stay as they are, and have to be set again.
    pub unreadable: usize,
    /// Whether the key comes from elsewhere than the data folder, so that somebody has to put the new one there.
    pub kept_elsewhere: bool,
}

/// A key as the directory knows it.
struct KnownKey {
    id: String,
    sealed: Option<Vec<u8>>,
}

impl ReadTransaction<'_> {
    /// Seals a secret with the key that is in use now.
    pub(super) fn seal(&self, tenant: &str, name: &str, secret: &Secret) -> Result<Vec<u8>, DirectoryError> {
        self.keep_up()?;
        self.vault.seal(tenant, name, secret)
    }

    /// Opens a secret.
    pub(super) fn unseal(&self, tenant: &str, name: &str, sealed: &[u8]) -> Result<Secret, DirectoryError> {
        if key_id(sealed).is_some_and(|id| !self.vault.has(&id)) {
            self.keep_up()?;
        }
        self.vault.unseal(tenant, name, sealed)
    }

    /// Has the vault use the key that is in use, which may be another one than before.
    ///
    /// # Errors
    /// If it is another one than this host can have.
    pub(super) fn keep_up(&self) -> Result<(), DirectoryError> {
        let Some(current) = self.current_key()? else { return Ok(()) };
        if self.vault.key_id() == current.id {
            return Ok(());
        }
        if !self.vault.has(&current.id) && !self.learn(&current) {
            self.vault.look_again()?;
        }
        if !self.vault.has(&current.id) {
            return Err(DirectoryError::WrongKey { place: self.vault.place(), wanted: current.id });
        }
        self.vault.use_key(&current.id);
        self.learn_others()
    }

    fn learn(&self, key: &KnownKey) -> bool {
        key.sealed.as_deref().is_some_and(|sealed| self.vault.learn(&key.id, sealed))
    }

    /// Has the vault know the key before the one in use, if a rotation is under way, and what is left of former ones.
    pub(super) fn learn_others(&self) -> Result<(), DirectoryError> {
        if let Some(leaving) = self.known_key("leaving")? {
            self.learn(&leaving);
        }
        for key in self.former_keys()? {
            key.sealed.iter().for_each(|sealed| self.vault.learn_audit_key(&key.id, sealed));
        }
        Ok(())
    }

    /// The key in use. Returns `None` if the directory doesn't know which that is.
    fn current_key(&self) -> Result<Option<KnownKey>, DirectoryError> {
        // Who has waited on PostgreSQL for the row of a key that a rotation has just taken out of use gets no row, since the statement
        // sees no newer ones; the next one does.
        match self.known_key("current")? {
            Some(key) => Ok(Some(key)),
            None => self.known_key("current"),
        }
    }

    /// The key in use, or the one before it during a rotation. A transaction that writes locks it.
    fn known_key(&self, state: &str) -> Result<Option<KnownKey>, DirectoryError> {
        self.db
            .prepare_cached(&format!("SELECT id, sealed FROM data_key WHERE state = ?1{}", self.db.to_change()))?
            .query_row([state], |row| Ok(KnownKey { id: row.get(0)?, sealed: row.get(1)? }))
            .optional()
    }

    fn former_keys(&self) -> Result<Vec<KnownKey>, DirectoryError> {
        self.db
            .prepare_cached("SELECT id, sealed FROM data_key WHERE state = 'former' ORDER BY id")?
            .query_map(params![], |row| Ok(KnownKey { id: row.get(0)?, sealed: row.get(1)? }))?
            .collect()
    }

    /// Whether the key that the vault has opens what is there, as far as one secret tells.
    pub(super) fn key_fits(&self) -> Result<bool, DirectoryError> {
        let one = self
            .db
            .prepare_cached(
                "SELECT t.name, secret.name, secret.sealed FROM secret JOIN tenant t ON t.id = secret.tenant_id
                 ORDER BY secret.tenant_id, secret.name LIMIT 1",
            )?
            .query_row(params![], |row| Ok((row.get::<String>(0)?, row.get::<String>(1)?, row.get::<Vec<u8>>(2)?)))
            .optional()?;
        Ok(one.is_none_or(|(tenant, name, sealed)| self.vault.unseal(&tenant, &name, &sealed).is_ok()))
    }
}

impl Directory {
    /// Has this host's vault know the keys of the directory. A new directory takes the vault's; with `accept`, every directory does.
    ///
    /// # Errors
    /// If the directory is sealed with a key that this host doesn't have.
    #[expect(clippy::redundant_closure_for_method_calls, reason = "the path is not general over the view's lifetime")]
    pub(super) fn settle_key(&self, accept: bool) -> Result<(), DirectoryError> {
        let vault = &self.open.vault;
        let host = Actor::new("host");
        let known = self.read(|view| view.known_key("current"))?;
        match known {
            None => self.write(&host, |change| change.take_first_key()),
            Some(key) if key.id == vault.key_id() => self.read(|view| view.learn_others()),
            Some(_) => match self.read(|view| view.keep_up()) {
                Err(DirectoryError::WrongKey { .. }) if accept => self.write(&host, |change| change.replace_lost_key()),
                // The process that rotated the key ended before the file of the new one had its place.
                Ok(()) if self.read(|view| view.known_key("leaving"))?.is_none() => vault.end_rotation(),
                settled => settled,
            },
        }
    }

    /// Has another key take the place of the one in use: `new`, 32 bytes in base64, or one that is made now. Continues a rotation
    /// that was cut off, with the key of that one. Others work meanwhile.
    ///
    /// # Errors
    /// If the new key is malformed or can't be kept, and the database's. What was done by then stays, and both keys are needed until
    /// the rotation has been continued.
    #[expect(clippy::redundant_closure_for_method_calls, reason = "the path is not general over the view's lifetime")]
    pub fn rotate_key(&self, actor: &Actor, new: Option<&Secret>) -> Result<Rotated, DirectoryError> {
        let vault = &self.open.vault;
        let under_way = self.read(|view| view.known_key("leaving"))?.is_some();
        let rotation = if under_way { None } else { Some(vault.new_rotation(new)?) };
        if let Some(rotation) = &rotation {
            self.write(actor, |change| change.begin_rotation(rotation))?;
        }
        let mut rotated = Rotated {
            key: self.read(|view| view.keep_up().map(|()| vault.key_id()))?,
            resumed: under_way,
            kept_elsewhere: vault.is_kept_elsewhere(),
            ..Rotated::default()
        };
        self.read(|view| view.learn_others())?;
        self.seal_again(actor, &mut rotated)?;
        self.write(actor, |change| change.end_rotation(&rotated))?;
        vault.end_rotation()?;
        Ok(rotated)
    }

    #[expect(clippy::redundant_closure_for_method_calls, reason = "the path is not general over the view's lifetime")]
    fn seal_again(&self, actor: &Actor, rotated: &mut Rotated) -> Result<(), DirectoryError> {
        let secrets: Vec<(i64, String)> = self.read(|view| view.secrets_of_all())?;
        let done =
            self.write_in_turns(actor, &secrets, |change, (tenant, name)| change.seal_secret_again(*tenant, name))?;
        for outcome in done {
            rotated.count(outcome, |rotated| &mut rotated.secrets);
        }
        let mut after = 0;
        loop {
            let tasks = self.read(|view| view.tasks_with_passwords(after))?;
            let Some(last) = tasks.last() else { return Ok(()) };
            after = *last;
            for outcome in self.write_in_turns(actor, &tasks, |change, task| change.seal_password_again(**task))? {
                rotated.count(outcome, |rotated| &mut rotated.passwords);
            }
        }
    }
}

/// What became of one sealed value.
#[derive(Clone, Copy)]
enum Again {
    Sealed,
    /// It was, or isn't there any more.
    Already,
    Unreadable,
}

impl Rotated {
    fn count(&mut self, outcome: Again, sealed: impl Fn(&mut Self) -> &mut usize) {
        match outcome {
            Again::Sealed => *sealed(self) += 1,
            Again::Already => {}
            Again::Unreadable => self.unreadable += 1,
        }
    }
}

impl ReadTransaction<'_> {
    fn secrets_of_all(&self) -> Result<Vec<(i64, String)>, DirectoryError> {
        self.db
            .prepare_cached("SELECT tenant_id, name FROM secret ORDER BY tenant_id, name")?
            .query_map(params![], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect()
    }

    fn tasks_with_passwords(&self, after: i64) -> Result<Vec<i64>, DirectoryError> {
        self.db
            .prepare_cached("SELECT id FROM task WHERE sealed IS NOT NULL AND id > ?1 ORDER BY id LIMIT ?2")?
            .query_map(params![after, PIECE], |row| row.get(0))?
            .collect()
    }
}

impl WriteTransaction<'_> {
    fn take_first_key(&self) -> Result<(), DirectoryError> {
        if !self.key_fits()? {
            // As before there were ids: each secret that doesn't open says so by itself.
            tracing::warn!("the key opens none of the directory's secrets; it was another one when they were set");
            return Ok(());
        }
        self.insert_key(&self.vault.key_id(), "current", None)
    }

    fn insert_key(&self, id: &str, state: &str, sealed: Option<&Vec<u8>>) -> Result<(), DirectoryError> {
        self.db
            .prepare_cached(
                "INSERT INTO data_key (id, state, sealed, changed_at) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (id) DO UPDATE SET state = excluded.state, sealed = excluded.sealed, changed_at = excluded.changed_at",
            )?
            .execute(params![id, state, sealed, Timestamp::now()])?;
        Ok(())
    }

    fn begin_rotation(&self, rotation: &Rotation) -> Result<(), DirectoryError> {
        if self.known_key("leaving")?.is_some() {
            return Err(DirectoryError::Invalid(
                "another process has just begun to rotate the key; wait for its end, or run `key rotate` again to continue it"
                    .to_owned(),
            ));
        }
        self.vault.keep_next(rotation)?;
        self.insert_key(&rotation.old, "leaving", Some(&rotation.old_for_new))?;
        self.insert_key(&rotation.new, "current", Some(&rotation.new_for_old))?;
        self.seal_heads(&rotation.new, &rotation.audit)?;
        self.note_key("key.rotate", json!({ "from": rotation.old, "to": rotation.new }), "begun")
    }

    fn end_rotation(&self, rotated: &Rotated) -> Result<(), DirectoryError> {
        self.keep_up()?;
        let (Some(current), Some(leaving)) = (self.current_key()?, self.known_key("leaving")?) else {
            return Ok(());
        };
        for key in self.former_keys()? {
            let sealed =
                key.sealed.as_deref().map(|sealed| self.vault.reseal_audit_key(&key.id, sealed)).transpose()?;
            self.insert_key(&key.id, "former", sealed.flatten().as_ref())?;
        }
        self.insert_key(&leaving.id, "former", self.vault.seal_audit_key(&leaving.id)?.as_ref())?;
        self.insert_key(&current.id, "current", None)?;
        let new = json!({
            "key": current.id, "secrets": rotated.secrets, "passwords": rotated.passwords, "unreadable": rotated.unreadable,
        });
        self.note_key("key.rotate", new, "done; the former key is no longer needed")
    }

    fn replace_lost_key(&self) -> Result<(), DirectoryError> {
        for state in ["current", "leaving"] {
            if let Some(key) = self.known_key(state)? {
                self.insert_key(&key.id, "former", None)?;
            }
        }
        let id = self.vault.key_id();
        self.insert_key(&id, "current", None)?;
        self.seal_heads(&id, &self.vault.current_audit_key())?;
        self.note_key("key.lost", json!({ "key": id }), "another key has taken the place of one that is lost")
    }

    fn note_key(&self, action: &str, new: serde_json::Value, result: &str) -> Result<(), DirectoryError> {
        self.note(&Note { tenant: None, person: None, action, old: None, new: Some(new), result })
    }

    fn seal_secret_again(&self, tenant: i64, name: &str) -> Result<Again, DirectoryError> {
        let found = self
            .db
            .prepare_cached(&format!(
                "SELECT t.name, secret.sealed FROM secret JOIN tenant t ON t.id = secret.tenant_id
                 WHERE secret.tenant_id = ?1 AND secret.name = ?2{}",
                if self.db.to_change().is_empty() { "" } else { " FOR NO KEY UPDATE OF secret" }
            ))?
            .query_row(params![tenant, name], |row| Ok((row.get::<String>(0)?, row.get::<Vec<u8>>(1)?)))
            .optional()?;
        let Some((owner, sealed)) = found else { return Ok(Again::Already) };
        let Some(again) = self.sealed_again(&owner, name, &sealed)? else { return Ok(Again::Already) };
        let Ok(again) = again else { return Ok(Again::Unreadable) };
        self.db
            .prepare_cached("UPDATE secret SET sealed = ?3 WHERE tenant_id = ?1 AND name = ?2")?
            .execute(params![tenant, name, again])?;
        Ok(Again::Sealed)
    }

    fn seal_password_again(&self, task: i64) -> Result<Again, DirectoryError> {
        let found = self
            .db
            .prepare_cached(&format!(
                "SELECT t.name, k.sealed FROM task k JOIN tenant t ON t.id = k.tenant_id WHERE k.id = ?1 AND k.sealed IS NOT NULL{}",
                if self.db.to_change().is_empty() { "" } else { " FOR NO KEY UPDATE OF k" }
            ))?
            .query_row([task], |row| Ok((row.get::<String>(0)?, row.get::<Vec<u8>>(1)?)))
            .optional()?;
        let Some((owner, sealed)) = found else { return Ok(Again::Already) };
        let name = password_name(TaskId::from_number(task));
        let Some(again) = self.sealed_again(&owner, &name, &sealed)? else { return Ok(Again::Already) };
        let Ok(again) = again else { return Ok(Again::Unreadable) };
        self.db.prepare_cached("UPDATE task SET sealed = ?2 WHERE id = ?1")?.execute(params![task, again])?;
        Ok(Again::Sealed)
    }

    /// A value sealed with the key in use. Returns `None` if it is already, and an error inside if no key opens it.
    fn sealed_again(
        &self,
        tenant: &str,
        name: &str,
        sealed: &[u8],
    ) -> Result<Option<Result<Vec<u8>, DirectoryError>>, DirectoryError> {
        if key_id(sealed).is_some_and(|id| id == self.vault.key_id()) {
            return Ok(None);
        }
        Ok(Some(match self.unseal(tenant, name, sealed) {
            Ok(secret) => Ok(self.seal(tenant, name, &secret)?),
            Err(error @ DirectoryError::Sealed { .. }) => Err(error),
            Err(error) => return Err(error),
        }))
    }
}

#[cfg(test)]
#[allow(clippy::redundant_closure_for_method_calls, reason = "a path is not general over the view's lifetime")]
mod tests;
