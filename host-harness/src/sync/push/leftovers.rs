//! Clearing away what pushes that were cut off have left beside a user that is there by now.
//!
//! A request that was on its way when its push ended may take effect after the next push has looked: then the application has
//! two contacts of a person, of which one has the user. So for a while after such a push what it has left is looked for.

use std::time::Duration;

use super::ledger::Subject;
use super::wanted::field_change;
use super::{BATCH, Pushing, deactivation};
use crate::directory::{Attempt, Change, DirectoryError, Leftover, Person, TaskKind, TenantId, Timestamp};
use crate::runtime::wit::{Abandoned, Error, Outcome, PushMode};
use crate::sync::retry::failure;
use crate::sync::session::complete;
use crate::sync::trail::{Tried, note_tried};
use crate::sync::{Application as _, Applications, SyncError};

/// How long it is looked for: no application works at a request for longer.
pub(in crate::sync) const WHILE: Duration = Duration::from_secs(120);

/// Drops an attempt whose end is known. What those before it may have left is still to be looked for.
pub(super) fn end_attempt(change: &Change<'_>, tenant: TenantId, attempt: &Attempt) -> Result<(), DirectoryError> {
    if !attempt.earlier.is_empty() {
        let (person, begun, begun_at) = (attempt.person, attempt.earlier.clone(), attempt.begun_at);
        change.keep_leftover(tenant, &Leftover { person, begun, begun_at })?;
    }
    change.end_attempt(tenant, attempt.person, attempt.kind)
}

impl<A: Applications> Pushing<'_, A> {
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
        let how = deactivation(&tenant.config);
        let results = self.session.application().await?.take_back_users(&people, how, &PushMode::Apply).await;
        let results = match results {
            Ok(results) => complete(&tenant.name, results, people.len())?,
            Err(error) => {
                tracing::warn!(tenant = %tenant.name, %error, "what pushes that were cut off have left could not be looked for");
                return Ok(());
            }
        };
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
    change: &Change<'_>,
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
