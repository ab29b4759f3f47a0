//! What was written in the application, for the audit trail: a row for each user, also where it was refused.

use serde_json::{Map, Value as Json, json};

use crate::directory::{DirectoryError, Note, RecordChange, TaskFailure, TaskKind, WriteTransaction};
use provisioning_runtime::action_name;
use provisioning_runtime::wit::{FieldChange, Outcome};

/// What was tried with one user of an application.
pub struct Tried<'a> {
    /// The tenant's name.
    pub tenant: &'a str,
    /// The key of the person that the user is linked to.
    pub person: Option<&'a str>,
    /// The user's id, where a command named the user by it.
    pub user: Option<&'a str>,
    /// What was to be done.
    pub kind: TaskKind,
    /// What came of it; setting a password has no outcome of its own.
    pub result: Result<Option<&'a Outcome>, &'a TaskFailure>,
    /// What was written although it failed.
    pub written: Option<Written>,
}

/// What was written before something failed, or may have been.
pub struct Written {
    /// The changes, field by field.
    pub changes: Vec<RecordChange>,
    /// Which of the two, in a clause.
    pub how: &'static str,
}

/// What is done for a task of this kind, as the audit trail names it.
pub(crate) fn action(kind: TaskKind) -> &'static str {
    match kind {
        TaskKind::Push => "user.push",
        TaskKind::Deactivate => "user.deactivate",
        TaskKind::Reactivate => "user.reactivate",
        TaskKind::Password => "user.password",
        TaskKind::Vanished | TaskKind::Import | TaskKind::Grants => "user.other",
    }
}

/// Changes as the audit trail has them: what was there before and what is there then, field by field. Of several of one kind,
/// such as permission sets, there is a list.
pub(crate) fn fields(changes: &[RecordChange]) -> (Map<String, Json>, Map<String, Json>) {
    let (mut old, mut new) = (Map::new(), Map::new());
    for (object, field, before, after) in changes {
        let name = format!("{object}.{field}");
        for (fields, value) in [(&mut old, before), (&mut new, after)] {
            let slot = fields.entry(name.clone()).or_insert(Json::Null);
            match (slot, value) {
                (slot @ Json::Null, value) => *slot = json!(value),
                (Json::Array(values), Some(value)) => values.push(json!(value)),
                (slot, Some(value)) => *slot = json!([slot.take(), value]),
                (_, None) => {}
            }
        }
    }
    (old, new)
}

/// Adds a row that says field by field what changed in the application, or why nothing did.
///
/// # Errors
/// The database's.
pub fn note_tried(change: &WriteTransaction<'_>, tried: &Tried<'_>) -> Result<(), DirectoryError> {
    let outcome = tried.result.ok().flatten();
    let changes = match (outcome, &tried.written) {
        (Some(outcome), _) => outcome.changes.iter().map(record_change).collect(),
        (None, Some(written)) => written.changes.clone(),
        (None, None) => Vec::new(),
    };
    let (old, mut new) = fields(&changes);
    if let Some(user) = tried.user {
        new.insert("user".to_owned(), json!(user));
    }
    if let Some(outcome) = outcome
        && !outcome.side_effects.is_empty()
    {
        new.insert("side-effects".to_owned(), json!(outcome.side_effects));
    }
    let (result, upstream) = match tried.result {
        Ok(outcome) => (outcome.map_or("done", |outcome| action_name(outcome.action)).to_owned(), None),
        Err(failure) => {
            let how = tried.written.as_ref().map(|written| written.how).filter(|how| !how.is_empty());
            let how = how.map_or_else(String::new, |how| format!("; {how}"));
            (format!("{}: {}{how}", failure.kind, failure.cause), failure.upstream.as_ref())
        }
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

/// Nothing in the place of nothing.
pub(crate) fn filled(fields: Map<String, Json>) -> Option<Json> {
    (!fields.is_empty()).then_some(Json::Object(fields))
}

/// A change as the directory keeps it.
pub(crate) fn record_change(change: &FieldChange) -> RecordChange {
    (change.object.clone(), change.field.clone(), change.old.clone(), change.new.clone())
}
