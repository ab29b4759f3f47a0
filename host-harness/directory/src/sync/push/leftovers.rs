//! Finding what pushes that were cut off have made, and clearing away what they have left beside it.
//!
//! A user that such a push made for somebody may have another name than the person has by now, so it is looked for by what the
//! push was about to write.
//!
//! A request that was on its way when its push ended may take effect after the next push has looked: then the application has
//! two contacts of a person, of which one has the user. So for a while after such a push what it has left is looked for.

use std::time::Duration;

use super::ledger::{Subject, link_free};
use super::wanted::field_change;
use super::{BATCH, Pushing, deactivation};
use crate::directory::{
    Attempt, DirectoryError, Leftover, Person, RecordChange, Task, TaskKind, TenantId, Timestamp, WriteTransaction,
};
use crate::sync::retry::failure;
use crate::sync::session::{complete, was_stopped};
use crate::sync::trail::{Tried, note_tried};
use crate::sync::{Applications, SyncError};
use provisioning_runtime::wit::{Abandoned, Error, Outcome, PushMode};
use provisioning_runtime::{Application as _, Results};

/// How long it is looked for: no application works at a request for longer.
pub(in crate::sync) const WHILE: Duration = Duration::from_secs(120);

/// Drops an attempt whose end is known. What those before it may have left is still to be looked for.
pub(super) fn end_attempt(
    change: &WriteTransaction<'_>,
    tenant: TenantId,
    attempt: &Attempt,
) -> Result<(), DirectoryError> {
    if !attempt.earlier.is_empty() {
        leave(change, tenant, attempt, attempt.earlier.clone(), &attempt.names)?;
    }
    change.end_attempt(tenant, attempt.person, attempt.kind)
}

/// Keeps what attempts may have left: records, and attributes that they may still set.
pub(super) fn leave(
    change: &WriteTransaction<'_>,
    tenant: TenantId,
    attempt: &Attempt,
    mut begun: Vec<RecordChange>,
    names: &[String],
) -> Result<(), DirectoryError> {
    let mut names = names.to_vec();
    if let Some(before) = change.leftover(tenant, attempt.person)? {
        if begun.is_empty() {
            begun = before.begun;
        }
        names.extend(before.names.into_iter().filter(|one| !names.contains(one)).collect::<Vec<_>>());
    }
    change.keep_leftover(tenant, &Leftover { person: attempt.person, begun, names, begun_at: attempt.begun_at })
}

impl<A: Applications> Pushing<'_, A> {
    /// Links the users that pushes made for the people of these tasks before they were cut off.
    pub(super) async fn find_unheard(&mut self, tasks: &[Task]) -> Result<(), SyncError> {
        let tenant = self.tenant;
        let unheard = self.directory.read(|view| -> Result<Vec<_>, DirectoryError> {
            let mut unheard = Vec::new();
            for id in tasks.iter().filter_map(|task| task.person_id) {
                if let (None, Some(attempt)) = (view.link(tenant.id, id)?, view.attempt(tenant.id, id, TaskKind::Push)?)
                {
                    unheard.push((view.person_by_id(id)?, attempt.begun()));
                }
            }
            Ok(unheard)
        })?;
        if unheard.is_empty() {
            return Ok(());
        }
        let abandoned = |(person, begun): &(Person, Vec<RecordChange>)| Abandoned {
            key: person.key.clone(),
            id: None,
            begun: begun.iter().cloned().map(field_change).collect(),
        };
        let people: Vec<Abandoned> = unheard.iter().map(abandoned).collect();
        // A plan: whoever is wanted stays as it is.
        let Some(results) = self.look(&people, &PushMode::Plan).await? else { return Ok(()) };
        Ok(self.directory.write(self.actor, |change| -> Result<(), DirectoryError> {
            for ((person, _), result) in unheard.iter().zip(&results) {
                if let Ok(Outcome { id: Some(id), .. }) = result
                    && change.find_person_by_id(person.id)?.is_some()
                {
                    link_free(change, tenant, person, id)?;
                }
            }
            Ok(())
        })?)
    }

    /// Has the connector look for what is left of people. Returns `None` if it can't, which costs the push nothing.
    async fn look(&mut self, people: &[Abandoned], mode: &PushMode) -> Result<Option<Results<Outcome>>, SyncError> {
        let how = deactivation(&self.tenant.config);
        match self.session.application().await?.take_back_users(people, how, mode).await {
            Ok(results) => Ok(Some(complete(&self.tenant.name, results, people.len())?)),
            Err(error) => {
                if was_stopped(&error) {
                    self.session.close().await;
                }
                tracing::warn!(tenant = %self.tenant.name, %error, "what pushes that were cut off have left could not be looked for");
                Ok(None)
            }
        }
    }

    /// Clears away what is left. A connector that cannot do it costs the push nothing.
    pub(in crate::sync) async fn clear_leftovers(&mut self) -> Result<(), SyncError> {
        let tenant = self.tenant;
        let since = Timestamp::now().before(WHILE);
        let left = self.directory.read(|view| -> Result<Vec<_>, DirectoryError> {
            let mut left = Vec::new();
            for leftover in view.leftovers(tenant.id, since, BATCH)? {
                let person = view.person_by_id(leftover.person)?;
                if let Some(link) = view.link(tenant.id, person.id)? {
                    left.push((leftover, person, link.remote_id));
                }
            }
            Ok(left)
        })?;
        if left.is_empty() {
            return Ok(());
        }
        let people: Vec<Abandoned> = left
            .iter()
            .map(|(leftover, person, id)| Abandoned {
                key: person.key.clone(),
                id: Some(id.clone()),
                begun: leftover.begun.iter().cloned().map(field_change).collect(),
            })
            .collect();
        let subject = |(leftover, person, _): &(Leftover, Person, String)| {
            let of = Subject { person: leftover.person, kind: TaskKind::Push, names: Vec::new(), is_leftover: true };
            (person.key.clone(), of)
        };
        self.ledger.expect(left.iter().map(subject));
        let Some(results) = self.look(&people, &PushMode::Apply).await? else { return Ok(()) };
        self.directory.write(self.actor, |change| {
            for ((leftover, person, _), result) in left.iter().zip(&results) {
                settle(change, tenant.name.as_str(), tenant.id, leftover, &person.key, result)?;
            }
            Ok(())
        })
    }
}

/// Notes what was cleared away; that is then all of it.
fn settle(
    change: &WriteTransaction<'_>,
    tenant: &str,
    id: TenantId,
    leftover: &Leftover,
    person: &str,
    result: &Result<Outcome, Error>,
) -> Result<(), DirectoryError> {
    let kept;
    let result = match result {
        Ok(outcome) if outcome.changes.is_empty() => return Ok(()),
        Ok(outcome) => {
            change.forget_leftover(id, leftover.person)?;
            Ok(Some(outcome))
        }
        Err(error) => {
            kept = failure(error);
            Err(&kept)
        }
    };
    let kind = TaskKind::Push;
    note_tried(change, &Tried { tenant, person: Some(person), user: None, kind, result, written: None })
}
