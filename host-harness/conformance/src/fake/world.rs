//! What the fake application holds, and how a record of it is written.

use std::collections::BTreeMap;

use super::{ATTRIBUTES, Defect, Fake, refusal};
use provisioning_runtime::ImportedUser;
use provisioning_runtime::wit::{
    Action, Change, DesiredUser, Error, ErrorKind, FieldChange, Outcome, PushMode, Status, Value,
};

#[derive(Default)]
pub(super) struct World {
    pub(super) users: BTreeMap<String, ImportedUser>,
    pub(super) ids_by_key: BTreeMap<String, String>,
    next_id: u32,
    /// Counts writes; the time of a change.
    clock: u32,
    pub(super) descriptions: u32,
    pub(super) schemas: u32,
    pub(super) lists: u32,
    pub(super) memory: String,
}

impl World {
    pub(super) fn new_id(&mut self) -> String {
        self.next_id += 1;
        format!("U{:05}", self.next_id)
    }

    pub(super) fn now(&mut self) -> String {
        self.clock += 1;
        format!("2026-02-01T00:{:02}:{:02}Z", self.clock / 60, self.clock % 60)
    }
}

pub(super) fn text(name: &str, value: &str) -> (String, Value) {
    (name.to_owned(), Value::Text(value.to_owned()))
}

pub(super) fn is_complete(user: &DesiredUser) -> bool {
    user.id.is_some() || user.changes.iter().any(|change| change.name == "familyName" && change.value.is_some())
}

pub(super) fn outcome(id: Option<&str>, action: Action, changes: Vec<FieldChange>) -> Outcome {
    let digest = format!("{id:?}{changes:?}");
    Outcome { id: id.map(str::to_owned), action, changes, side_effects: Vec::new(), digest }
}

pub(super) fn set_status(
    world: &mut World,
    id: &str,
    status: Status,
    action: Action,
    writes: bool,
) -> Result<Outcome, Error> {
    let now = world.now();
    let Some(user) = world.users.get_mut(id) else { return Err(refusal(ErrorKind::NotFound, format!("no user {id}"))) };
    if user.status == status {
        return Ok(outcome(Some(id), Action::Unchanged, Vec::new()));
    }
    if writes {
        (user.status, user.modified) = (status, now);
    }
    Ok(outcome(Some(id), action, Vec::new()))
}

pub(super) fn push_one(fake: &Fake, wanted: &DesiredUser, at: usize, mode: &PushMode) -> Result<Outcome, Error> {
    let mut world = fake.world();
    let by_username = || world.users.values().find(|user| user.username == wanted.username).map(|user| user.id.clone());
    let found = match &wanted.id {
        Some(id) if world.users.contains_key(id) => Some(id.clone()),
        Some(_) if fake.has(Defect::UnknownIdIsMade) => None,
        Some(id) => return Err(refusal(ErrorKind::StaleReference, format!("no user {id}"))),
        None if fake.has(Defect::MakesAgain) => None,
        // It trusts what it was told, and looks for nothing else.
        None if fake.has(Defect::LostAnswerIsForgotten) => world.ids_by_key.get(&wanted.key).cloned(),
        None => by_username(),
    };
    if !is_complete(wanted) {
        return Err(refusal(ErrorKind::MissingValue, "a family name is missing"));
    }
    let known = |change: &&Change| ATTRIBUTES.contains(&change.name.as_str());
    if let Some(stray) = wanted.changes.iter().find(|change| !known(change))
        && !fake.has(Defect::UnknownAttributeIsDropped)
    {
        return Err(refusal(ErrorKind::InvalidValue, format!("no attribute {}", stray.name)));
    }
    let mut user = match &found {
        Some(id) => world.users[id].clone(),
        None => ImportedUser::new(&world.new_id(), &wanted.username),
    };
    let changes = apply(fake, &mut user, wanted);
    let writes = !matches!(mode, PushMode::Plan) || fake.has(Defect::PlanWrites);
    let action = match (&found, changes.is_empty()) {
        (None, _) => Action::Created,
        (Some(_), true) => Action::Unchanged,
        (Some(_), false) => Action::Updated,
    };
    let id = (found.is_some() || !matches!(mode, PushMode::Plan)).then(|| user.id.clone());
    let planned = outcome(id.as_deref(), action, changes);
    if let PushMode::ApplyPlanned(digests) = mode
        && digests[at] != planned.digest
        && !fake.has(Defect::DriftIsWritten)
    {
        return Err(refusal(ErrorKind::Drifted, "it has changed since"));
    }
    if writes && (action != Action::Unchanged || fake.has(Defect::EmptyUpdateWrites)) {
        user.modified = world.now();
        world.users.insert(user.id.clone(), user);
    }
    Ok(planned)
}

fn apply(fake: &Fake, user: &mut ImportedUser, wanted: &DesiredUser) -> Vec<FieldChange> {
    let mut changes = Vec::new();
    if fake.has(Defect::SetClearsOthers) && !wanted.changes.is_empty() {
        user.attributes.retain(|name, _| wanted.changes.iter().any(|change| change.name == *name));
    }
    for change in wanted.changes.iter().filter(|change| ATTRIBUTES.contains(&change.name.as_str())) {
        let shown = |value: &Value| if let Value::Text(text) = value { text.clone() } else { format!("{value:?}") };
        let old = user.attributes.get(&change.name).map(shown);
        let new = change.value.as_ref().map(shown);
        if old == new || (new.is_none() && fake.has(Defect::NeverClears)) {
            continue;
        }
        user.attributes.remove(&change.name);
        user.attributes.extend(new.as_ref().map(|new| text(&change.name, new)));
        changes.push(FieldChange { object: "User".to_owned(), field: change.name.clone(), old, new });
    }
    changes
}
