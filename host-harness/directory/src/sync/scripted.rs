//! An application that a test scripts: users in memory, faults on demand, every call counted.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Applications, Declared, SyncError, WindDown};
use crate::config::ComponentChoice;
use provisioning_runtime::Application;
use provisioning_runtime::wit::{
    Abandoned, Action, AttributeDefinition, Deactivation, Descriptor, DesiredUser, Entitlement, EntitlementPage, Error,
    ErrorKind, Features, FieldChange, Grant, GrantKind, ImportPage, ImportQuery, ImportScope, Outcome, PushMode, Retry,
    Status, Value,
};
use provisioning_runtime::{
    Candidate, Histogram, ImportedUser, Intent, JobError, Ledger, OperationCalls, Progress, Results, SandboxFault,
    Secret, Spent, Tenant,
};

/// A page of what can be assigned.
type EntitlementsOf = (Vec<(&'static str, &'static str)>, Option<&'static str>);

/// What the application holds.
#[derive(Default)]
pub(super) struct World {
    pub(super) users: BTreeMap<String, ImportedUser>,
    pub(super) passwords: BTreeMap<String, String>,
    next_id: u32,
    /// Names of the calls, in order.
    pub(super) calls: Vec<&'static str>,
    /// What the next calls end with, before they do anything; none lets one through.
    pub(super) faults: VecDeque<Option<JobError>>,
    /// Ends the sandbox whenever a batch holds this key.
    pub(super) poison: Option<String>,
    /// Refuses these keys once.
    pub(super) refused_once: BTreeMap<String, Error>,
    /// Refuses this key.
    pub(super) refused: BTreeMap<String, Error>,
    /// What the next full import starts its increments from.
    pub(super) watermark: Option<String>,
    /// Does the work of the next push and then breaks the connection, as a crash between two calls does.
    pub(super) lose_next_answer: bool,
    /// Knows no cursor any more.
    pub(super) stale_cursor: bool,
    /// Gives this tenant users who are new with every page, and never the last page.
    pub(super) endless: Option<&'static str>,
    /// Gives the same cursor after every page.
    pub(super) circle: bool,
    /// Tells the tenant's ledger of its work, and writes to no user against whose being the wanted one something speaks.
    pub(super) asks_ledger: bool,
    /// Asks jobs to wind down once this many users have been pushed by name.
    pub(super) winds_down: Option<(usize, WindDown)>,
    /// Says that the next push has been called, and goes on with it when it is told to.
    pub(super) holds_next: Option<(WindDown, WindDown)>,
    /// Users that the next increments say have left.
    pub(super) departed: Vec<String>,
    /// What it has to assign of any kind, by the cursor of the page: ids with their names, and the next cursor. One page where
    /// nothing is said.
    pub(super) entitlements: BTreeMap<Option<&'static str>, EntitlementsOf>,
    /// The kinds of grant that it describes.
    pub(super) kinds: Vec<&'static str>,
    /// One request for each call, since it was last told.
    spent: Spent,
    used: u64,
}

impl World {
    /// Puts a user in, by id.
    pub(super) fn user(&mut self, id: &str, username: &str, attributes: &[(&str, &str)]) {
        let attribute = |(name, value): &(&str, &str)| ((*name).to_owned(), Value::Text((*value).to_owned()));
        let mut user = ImportedUser::new(id, username);
        user.modified = "2026-01-01T00:00:00Z".to_owned();
        user.grants.push(Grant { kind: "profile".to_owned(), id: "P1".to_owned() });
        user.attributes = attributes.iter().map(attribute).collect();
        self.users.insert(id.to_owned(), user);
    }

    pub(super) fn attribute(&self, id: &str, name: &str) -> Option<String> {
        match self.users.get(id)?.attributes.get(name)? {
            Value::Text(text) => Some(text.clone()),
            other => panic!("{other:?}"),
        }
    }

    pub(super) fn by_username(&self, username: &str) -> Option<&ImportedUser> {
        self.users.values().find(|user| user.username == username)
    }
}

/// Starts jobs with one world.
#[derive(Clone, Default)]
pub(super) struct Scripted {
    world: Arc<Mutex<World>>,
    /// That of the tenant whose job it is.
    ledger: Option<Arc<dyn Ledger>>,
    tenant: String,
}

impl Scripted {
    pub(super) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How often a call was made, and forgets the calls so far.
    pub(super) fn count(&self, name: &str) -> usize {
        let mut world = self.world();
        let count = world.calls.iter().filter(|call| **call == name).count();
        world.calls.clear();
        count
    }

    fn begin(&self, name: &'static str) -> Result<MutexGuard<'_, World>, JobError> {
        let mut world = self.world();
        world.calls.push(name);
        let mut times = Histogram::default();
        times.observe(std::time::Duration::from_millis(4));
        world.used += 1;
        let fails = world.faults.front().is_some_and(Option::is_some);
        let operations = [(name, OperationCalls { failures: fails.into(), times })].into();
        let used = world.used;
        world.spent.merge(Spent { operations, used: Some(used), limit: Some(15_000) });
        match world.faults.pop_front().flatten() {
            Some(error) => Err(error),
            None => Ok(world),
        }
    }
}

impl Applications for Scripted {
    type Application = Self;

    async fn declared(&self, _: &ComponentChoice) -> Result<Declared, SyncError> {
        Ok(Declared { is_embedded: true, ..Declared::default() })
    }

    async fn connect(&self, tenant: &Tenant, _: &ComponentChoice) -> Result<Self, SyncError> {
        self.world().calls.push("connect");
        Ok(Self { ledger: tenant.ledger.clone(), tenant: tenant.name.clone(), ..self.clone() })
    }
}

pub(super) fn refusal(kind: ErrorKind, retry: Retry) -> Error {
    Error { kind, message: "it was refused".to_owned(), remedy: Some("Mend it".to_owned()), retry, upstream: None }
}

pub(super) fn stopped() -> JobError {
    JobError::Stopped { tenant: "acme".to_owned(), call: "push-users", fault: SandboxFault::Stack }
}

const ATTRIBUTES: [&str; 6] = ["email", "givenName", "familyName", "federationId", "title", "userType"];

fn grant_kind(name: &str) -> GrantKind {
    GrantKind { name: name.to_owned(), label: name.to_owned(), many: false }
}

impl Application for Scripted {
    async fn spent(&mut self) -> Spent {
        std::mem::take(&mut self.world().spent)
    }

    async fn describe(&mut self) -> Result<Descriptor, JobError> {
        let kinds = self.begin("describe")?.kinds.clone();
        Ok(Descriptor {
            hosts: Vec::new(),
            uses: Vec::new(),
            name: "Scripted".to_owned(),
            version: "1.0.0".to_owned(),
            features: Features::all(),
            settings: Vec::new(),
            grants: kinds.iter().map(|name| grant_kind(name)).collect(),
        })
    }

    async fn list_attributes(&mut self) -> Result<Vec<AttributeDefinition>, JobError> {
        drop(self.begin("list-attributes")?);
        let definition = |name: &str| AttributeDefinition {
            name: name.to_owned(),
            label: name.to_owned(),
            kind: "string".to_owned(),
            many: false,
            required: name == "familyName",
            writable: name != "userType",
            max_length: None,
            choices: Vec::new(),
        };
        Ok(ATTRIBUTES.map(definition).to_vec())
    }

    async fn list_entitlements(&mut self, kind: &str, cursor: Option<&str>) -> Result<EntitlementPage, JobError> {
        let world = self.begin("list-entitlements")?;
        let default = (vec![("P1", "Portal"), ("P2", "Plus")], None);
        let (some, next) = world.entitlements.get(&cursor).unwrap_or(&default);
        let entitlement = |(id, name): &(&str, &str)| Entitlement {
            kind: kind.to_owned(),
            id: (*id).to_owned(),
            name: (*name).to_owned(),
            compatibility: Vec::new(),
            seats: None,
        };
        Ok(EntitlementPage { entitlements: some.iter().map(entitlement).collect(), next: next.map(str::to_owned) })
    }

    async fn import_users(&mut self, query: &ImportQuery) -> Result<ImportPage, JobError> {
        let mut world = self.begin("import-users")?;
        if world.endless == Some(self.tenant.as_str()) {
            let users: Vec<ImportedUser> = (0..query.page_size)
                .map(|_| {
                    world.next_id += 1;
                    let number = world.next_id;
                    let mut user = ImportedUser::new(&format!("X{number:09}"), &format!("x{number}@x.example"));
                    user.attributes.insert("title".to_owned(), Value::Text("x".repeat(1_000)));
                    user
                })
                .collect();
            return Ok(ImportPage { next: Some(world.next_id.to_string()), ..ImportPage::of(&users) });
        }
        let after = match &query.scope {
            ImportScope::Full => None,
            ImportScope::Resume(cursor) if world.stale_cursor => {
                return Err(JobError::from(Error {
                    message: format!("the cursor {cursor} is stale"),
                    ..refusal(ErrorKind::StaleReference, Retry::Never)
                }));
            }
            ImportScope::Resume(cursor) => Some(cursor.clone()),
            ImportScope::Since(watermark) => {
                // Everything that has been touched since carries a later stamp.
                let changed: Vec<ImportedUser> =
                    world.users.values().filter(|user| user.modified > *watermark).cloned().collect();
                let (departed, watermark) = (world.departed.clone(), world.watermark.clone());
                return Ok(ImportPage { departed, watermark, ..ImportPage::of(&changed) });
            }
        };
        let rest = world.users.values().filter(|user| after.as_ref().is_none_or(|after| user.id > *after));
        let users: Vec<ImportedUser> = rest.take(query.page_size as usize).cloned().collect();
        let last = users.last().map(|user| user.id.clone());
        let more = last.as_ref().is_some_and(|last| world.users.keys().any(|id| id > last));
        if world.circle {
            return Ok(ImportPage { next: Some("U".to_owned()), ..ImportPage::of(&users) });
        }
        let watermark = if more { None } else { world.watermark.clone() };
        Ok(ImportPage { next: if more { last } else { None }, watermark, ..ImportPage::of(&users) })
    }

    async fn push_users(&mut self, users: &[DesiredUser], mode: &PushMode) -> Result<Results<Outcome>, JobError> {
        let held = self.world().holds_next.take();
        if let Some((is_called, goes_on)) = held {
            is_called.begin();
            goes_on.begun().await;
        }
        let mut world = self.begin("push-users")?;
        if world.poison.as_ref().is_some_and(|poison| users.iter().any(|user| user.key == *poison)) {
            return Err(stopped());
        }
        let ledger = self.ledger.as_deref().filter(|_| world.asks_ledger);
        let results =
            users.iter().enumerate().map(|(at, user)| push_one(&mut world, ledger, user, at, mode)).collect::<Vec<_>>();
        if std::mem::take(&mut world.lose_next_answer) {
            return Err(JobError::from(refusal(ErrorKind::Unreachable, Retry::Never)));
        }
        Ok(results)
    }

    async fn deactivate_users(
        &mut self,
        ids: &[String],
        how: Deactivation,
        mode: &PushMode,
    ) -> Result<Results<Outcome>, JobError> {
        let mut world = self.begin("deactivate-users")?;
        let (status, action) = match how {
            Deactivation::Freeze => (Status::Frozen, Action::Frozen),
            _ => (Status::Inactive, Action::Deactivated),
        };
        Ok(ids.iter().map(|id| set_status(&mut world, id, status, action, mode)).collect())
    }

    async fn reactivate_users(&mut self, ids: &[String], mode: &PushMode) -> Result<Results<Outcome>, JobError> {
        let mut world = self.begin("reactivate-users")?;
        Ok(ids.iter().map(|id| set_status(&mut world, id, Status::Active, Action::Reactivated, mode)).collect())
    }

    async fn take_back_users(
        &mut self,
        people: &[Abandoned],
        _: Deactivation,
        mode: &PushMode,
    ) -> Result<Results<Outcome>, JobError> {
        let mut world = self.begin("take-back-users")?;
        let take_back = |person: &Abandoned| {
            let begun = person.begun.iter().find(|one| one.field == "username").and_then(|one| one.new.clone());
            match begun.and_then(|username| Some(world.by_username(&username)?.id.clone())) {
                Some(id) => set_status(&mut world, &id, Status::Inactive, Action::Deactivated, mode),
                None => Ok(Outcome {
                    id: None,
                    action: Action::Unchanged,
                    changes: Vec::new(),
                    side_effects: Vec::new(),
                    digest: person.key.clone(),
                }),
            }
        };
        Ok(people.iter().map(take_back).collect())
    }

    async fn sync_passwords(&mut self, passwords: &[(String, Secret)]) -> Result<Results<()>, JobError> {
        let mut world = self.begin("sync-passwords")?;
        Ok(passwords
            .iter()
            .map(|(id, password)| {
                if password.expose().len() < 8 {
                    return Err(refusal(ErrorKind::PasswordRejected, Retry::AfterRemedy));
                }
                world.passwords.insert(id.clone(), password.expose().to_owned());
                Ok(())
            })
            .collect())
    }
}

fn set_status(world: &mut World, id: &str, status: Status, action: Action, mode: &PushMode) -> Result<Outcome, Error> {
    let Some(user) = world.users.get_mut(id) else { return Err(refusal(ErrorKind::NotFound, Retry::AfterRemedy)) };
    let action = if user.status == status { Action::Unchanged } else { action };
    if !matches!(mode, PushMode::Plan) {
        user.status = status;
    }
    let digest = format!("{id}:{action:?}");
    Ok(Outcome { id: Some(id.to_owned()), action, changes: Vec::new(), side_effects: Vec::new(), digest })
}

/// The text that a push sets an attribute to.
fn set_text<'w>(wanted: &'w DesiredUser, name: &str) -> Option<&'w str> {
    match wanted.changes.iter().find(|change| change.name == name)?.value.as_ref()? {
        Value::Text(text) => Some(text),
        _ => None,
    }
}

/// The user that a push means, unless something speaks against it: then the ledger hears of the candidates, and nobody is written.
fn certain(world: &World, ledger: &dyn Ledger, wanted: &DesiredUser) -> Result<Option<String>, Error> {
    let federation_id = set_text(wanted, "federationId");
    let linked = wanted.id.as_ref().and_then(|id| world.users.get(id));
    let found: Vec<&ImportedUser> = match linked {
        Some(user) => vec![user],
        None => {
            let fits = |user: &&ImportedUser| {
                let own = world.attribute(&user.id, "federationId");
                user.username == wanted.username || own.is_some() && own.as_deref() == federation_id
            };
            world.users.values().filter(fits).collect()
        }
    };
    let ids: Vec<String> = found.iter().map(|user| user.id.clone()).collect();
    let owners = ledger.owners(&ids).unwrap();
    let candidate = |(user, owner): (&&ImportedUser, Option<provisioning_runtime::Owner>)| {
        let (mut evidence, mut objections) = (Vec::new(), Vec::new());
        if user.username == wanted.username {
            evidence.push("the username is the same".to_owned());
        }
        if let Some(owner) = owner.filter(|owner| owner.key != wanted.key) {
            let how = if owner.linked { "is" } else { "was" };
            objections.push(format!("it {how} the user of the person {}", owner.key));
        }
        let (id, username) = (user.id.clone(), user.username.clone());
        Candidate { id, username, status: user.status, evidence, objections }
    };
    let candidates: Vec<Candidate> = found.iter().zip(owners).map(candidate).collect();
    if candidates.len() > 1 || candidates.iter().any(|one| !one.objections.is_empty()) {
        ledger.undecided(&wanted.key, candidates).unwrap();
        return Err(refusal(ErrorKind::AmbiguousMatch, Retry::AfterRemedy));
    }
    let idle: Vec<(String, Status)> = found
        .iter()
        .filter(|user| user.status != Status::Active)
        .map(|user| (wanted.key.clone(), user.status))
        .collect();
    ledger.out_of_use(idle).unwrap();
    Ok(ids.into_iter().next())
}

fn push_one(
    world: &mut World,
    ledger: Option<&dyn Ledger>,
    wanted: &DesiredUser,
    at: usize,
    mode: &PushMode,
) -> Result<Outcome, Error> {
    if let Some(error) = world.refused_once.remove(&wanted.key) {
        return Err(error);
    }
    if let Some(error) = world.refused.get(&wanted.key) {
        return Err(error.clone());
    }
    let found = match ledger {
        Some(ledger) => certain(world, ledger, wanted)?,
        None => wanted
            .id
            .clone()
            .filter(|id| world.users.contains_key(id))
            .or_else(|| world.by_username(&wanted.username).map(|user| user.id.clone())),
    };
    let mut user = match &found {
        Some(id) => world.users[id].clone(),
        None => ImportedUser::new("", &wanted.username),
    };
    let mut changes = Vec::new();
    for change in &wanted.changes {
        let text = |value: &Value| match value {
            Value::Text(text) => text.clone(),
            other => format!("{other:?}"),
        };
        let old = user.attributes.get(&change.name).map(text);
        let new = change.value.as_ref().map(text);
        if old == new {
            continue;
        }
        changes.push(FieldChange { object: "User".to_owned(), field: change.name.clone(), old, new });
        match &change.value {
            Some(value) => user.attributes.insert(change.name.clone(), value.clone()),
            None => user.attributes.remove(&change.name),
        };
    }
    let action = match (&found, changes.is_empty()) {
        (None, _) => Action::Created,
        (Some(_), true) => Action::Unchanged,
        (Some(_), false) => Action::Updated,
    };
    let digest = format!("{found:?}:{action:?}:{changes:?}");
    if let PushMode::ApplyPlanned(digests) = mode
        && digests[at] != digest
    {
        return Err(refusal(ErrorKind::Drifted, Retry::AfterRemedy));
    }
    user.grants.clone_from(&wanted.grants);
    if !matches!(mode, PushMode::Plan) {
        let subject = wanted.key.clone();
        let intent = Intent { subject: subject.clone(), id: found.clone(), changes: changes.clone() };
        if ledger.is_some_and(|ledger| ledger.begin(vec![intent]).unwrap() == [false]) {
            return Err(refusal(ErrorKind::Drifted, Retry::AfterRemedy));
        }
        if found.is_none() {
            world.next_id += 1;
            user.id = format!("N{:05}", world.next_id);
        }
        world.users.insert(user.id.clone(), user.clone());
        if let Some(ledger) = ledger {
            let written = (0..).take(changes.len()).collect();
            ledger.written(vec![Progress { subject, id: Some(user.id.clone()), written }]).unwrap();
        }
        if let Some((left, wind_down)) = &mut world.winds_down {
            *left -= 1;
            if *left == 0 {
                wind_down.begin();
                world.winds_down = None;
            }
        }
    }
    let id = if user.id.is_empty() { None } else { Some(user.user.id) };
    Ok(Outcome { id, action, changes, side_effects: Vec::new(), digest })
}
