//! What was written in the application, for the audit trail: a row for each user, also where it was refused.

use serde_json::{Map, Value as Json, json};

use crate::directory::{Change, DirectoryError, Note, TaskFailure, TaskKind};
use crate::runtime::action_name;
use crate::runtime::wit::Outcome;

/// What was tried with one user of an application.
pub(crate) struct Tried<'a> {
    /// The tenant's name.
    pub(crate) tenant: &'a str,
    /// The key of the person that the user is linked to.
    pub(crate) person: Option<&'a str>,
    /// The user's id, where a command named the user by it.
    pub(crate) user: Option<&'a str>,
    /// What was to be done.
    pub(crate) kind: TaskKind,
    /// What came of it; setting a password has no outcome of its own.
    pub(crate) result: Result<Option<&'a Outcome>, &'a TaskFailure>,
}

fn action(kind: TaskKind) -> &'static str {
    match kind {
        TaskKind::Push => "user.push",
        TaskKind::Deactivate => "user.deactivate",
        TaskKind::Reactivate => "user.reactivate",
        TaskKind::Password => "user.password",
        TaskKind::Vanished | TaskKind::Import => "user.other",
    }
}

/// Adds a row that says field by field what changed in the application, or why nothing did.
pub(crate) fn note_tried(change: &Change<'_>, tried: &Tried<'_>) -> Result<(), DirectoryError> {
    let (mut old, mut new) = (Map::new(), Map::new());
    if let Some(user) = tried.user {
        new.insert("user".to_owned(), json!(user));
    }
    let outcome = tried.result.ok().flatten();
    for one in outcome.map(|outcome| outcome.changes.as_slice()).unwrap_or_default() {
        let name = format!("{}.{}", one.object, one.field);
        old.insert(name.clone(), json!(one.old));
        new.insert(name, json!(one.new));
    }
    if let Some(outcome) = outcome
        && !outcome.side_effects.is_empty()
    {
        new.insert("side-effects".to_owned(), json!(outcome.side_effects));
    }
    let filled = |fields: Map<String, Json>| (!fields.is_empty()).then_some(Json::Object(fields));
    let (result, upstream) = match tried.result {
        Ok(outcome) => (outcome.map_or("done", |outcome| action_name(outcome.action)).to_owned(), None),
        Err(failure) => (format!("{}: {}", failure.kind, failure.cause), failure.upstream.as_ref()),
    };
    let note = Note {
        tenant: Some(tried.tenant),
        person: tried.person,
        action: action(tried.kind),
        old: filled(old),
        new: filled(new),
        result: &result,
    };
    change.note_answer(&note, upstream)
}
