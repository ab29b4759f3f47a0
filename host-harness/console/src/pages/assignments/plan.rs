//! What an intent would write, on a page, before it is saved.

use std::sync::Arc;

use crate::access::Visitor;
use crate::pages::work::done;
use crate::problem::Problem;
use crate::shared::Shared;
use provisioning_directory::sync::intents::Followed;
use provisioning_directory::sync::plans::preview;
use provisioning_directory::sync::push::PushEntry;
use provisioning_directory::{DirectoryError, TaskFailure, TenantRecord, WriteTransaction};

/// People for whom a plan is worked out before saving; what it says of them goes for the others alike.
pub(super) const PLANNED: usize = 20;

/// Object, field, old and new value.
type FieldChange = (String, String, Option<String>, Option<String>);

/// What would be done for a person.
pub(super) struct Planned {
    pub(super) key: String,
    pub(super) username: String,
    /// In a word.
    pub(super) action: &'static str,
    pub(super) changes: Vec<FieldChange>,
    pub(super) effects: Vec<String>,
    /// Why it could not be planned.
    pub(super) failure: Option<TaskFailure>,
}

impl From<PushEntry> for Planned {
    fn from(entry: PushEntry) -> Self {
        let (key, username) = (entry.person, entry.username);
        match entry.result {
            Ok(outcome) => {
                let action = done(outcome.as_ref());
                let (changes, effects) =
                    outcome.map(|outcome| (outcome.changes, outcome.side_effects)).unwrap_or_default();
                let changes = changes.into_iter().map(|one| (one.object, one.field, one.old, one.new)).collect();
                Self { key, username, action, changes, effects, failure: None }
            }
            Err(failure) => Self {
                key,
                username,
                action: "cannot be done",
                changes: Vec::new(),
                effects: Vec::new(),
                failure: Some(failure),
            },
        }
    }
}

/// What would follow.
pub(super) struct IntentPreview {
    pub(super) people: Vec<Planned>,
    /// What does not follow, because a feature is off.
    pub(super) off: Vec<String>,
    /// Why the application could not be asked.
    pub(super) problem: Option<Problem>,
}

impl IntentPreview {
    /// Plays an intent, and asks the connector what it would write. That the application cannot be asked is a part of the plan;
    /// what the directory refuses is an error.
    ///
    /// # Errors
    /// When the intent is refused.
    pub(super) async fn of(
        shared: &Shared,
        visitor: &Visitor,
        tenant: &TenantRecord,
        intent: impl Fn(&WriteTransaction<'_>) -> Result<Followed, DirectoryError> + Send + 'static,
    ) -> Result<Self, Problem> {
        let (directory, applications) = (shared.directory.clone(), Arc::clone(&shared.applications));
        let (actor, tenant, executor) = (visitor.actor(), tenant.clone(), tokio::runtime::Handle::current());
        // Off the threads that serve: it waits for SQLite too.
        let worked_out = tokio::task::spawn_blocking(move || {
            let refused = directory.rehearse(&actor, |change| intent(change));
            let followed = refused.map_err(Problem::from)?;
            let shown = executor.block_on(preview(&directory, &*applications, &tenant, &actor, intent));
            Ok(match shown {
                Ok(shown) => Self {
                    people: shown.report.entries.into_iter().map(Planned::from).collect(),
                    off: shown.followed.off,
                    problem: None,
                },
                Err(error) => Self { people: Vec::new(), off: followed.off, problem: Some(error.into()) },
            })
        });
        worked_out.await.map_err(|error| Problem::internal(&error))?
    }
}
