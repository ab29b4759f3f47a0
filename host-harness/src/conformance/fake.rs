//! A connector that keeps to its interface, or breaks it in one way.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::target::{Subject, Target, Watched};
use crate::runtime::wit::{
    Action, Attribute, AttributeDefinition, Change, Deactivation, Descriptor, DesiredUser, Entitlement,
    EntitlementPage, Error, ErrorKind, Features, FieldChange, GrantKind, ImportPage, ImportQuery, ImportScope, Outcome,
    Panel, Probe, PushMode, Retry, Setting, SettingKind, Status, User, Value, Verdict,
};
use crate::runtime::{JobError, Results, SandboxFault, Secret, Spent, Tenant};
use crate::sync::Application;

/// One way to break the interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Defect {
    UnstableDescription,
    SettingInCamelCase,
    NamesOneMissingSetting,
    SendsBeforeItChecks,
    ProbesWithoutRemedy,
    FewerProbesWithoutSettings,
    SoundSettingsFail,
    WrongSecretIsTransient,
    UnreachableIsInternal,
    AttributeTwice,
    UnstableSchema,
    UnknownAttributeKind,
    EntitlementTwice,
    EntitlementGap,
    AnyKindIsEmpty,
    EntitlementsStartAgain,
    PagesEndEarly,
    UserTwice,
    ResumeSkips,
    ImportStartsAgain,
    PagesNeverEnd,
    PagesTooLarge,
    StrangeTime,
    EveryAttribute,
    NoWatermark,
    IncrementMisses,
    MakesAgain,
    ResultsInOtherOrder,
    ResultMissing,
    BadRecordFailsAll,
    UnknownIdIsMade,
    UnknownAttributeIsDropped,
    PlanWrites,
    SetClearsOthers,
    NeverClears,
    EmptyUpdateWrites,
    DriftIsWritten,
    DeactivatesTwice,
    ReactivatesNobody,
    UnknownIdIsDeactivated,
    DeactivationPlanWrites,
    AnyPassword,
    PasswordInError,
    SecretInProbe,
    SecretInMemory,
    NoDeadline,
    LostAnswerIsForgotten,
}

#[derive(Default)]
struct World {
    users: BTreeMap<String, User>,
    ids_by_key: BTreeMap<String, String>,
    next_id: u32,
    /// Counts writes; the time of a change.
    clock: u32,
    descriptions: u32,
    schemas: u32,
    lists: u32,
    memory: String,
}

/// The fake application, and the connector to it.
#[derive(Clone)]
pub(super) struct Fake {
    world: Arc<Mutex<World>>,
    defect: Option<Defect>,
    tenant: Tenant,
}

pub(super) struct FakeJob {
    fake: Fake,
    tenant: Tenant,
    requests: u64,
}

pub(super) const SAMPLES: &str = r#"
unknown-id = "U99999"
[user]
username = "check-{n}@example.com"
attributes = { familyName = "Check {n}", title = "Clerk" }
grants = { profile = "Portal" }
[refused]
attributes = { familyName = "" }
[change]
attribute = "nickName"
values = ["One", "Two"]
[passwords]
accepted = "Correct-horse-{n}"
refused = "short-but-long-enough-to-find"
[unreachable]
host = "nowhere"
"#;

const ATTRIBUTES: [&str; 3] = ["familyName", "title", "nickName"];
const SECRET: &str = "sound-secret-value";
const PAGE_OF_ENTITLEMENTS: usize = 2;

fn refusal(kind: ErrorKind, message: impl Into<String>) -> Error {
    Error {
        kind,
        message: message.into(),
        remedy: Some("Mend it".to_owned()),
        retry: Retry::AfterRemedy,
        upstream: None,
    }
}

fn none<T>(kind: ErrorKind, message: impl Into<String>) -> Result<T, JobError> {
    Err(refusal(kind, message).into())
}

impl Fake {
    pub(super) fn new(defect: Option<Defect>) -> Self {
        let world = Arc::<Mutex<World>>::default();
        let tenant = Tenant {
            name: "acme".to_owned(),
            settings: [("host", "here"), ("realm", "one")].map(|(k, v)| (k.to_owned(), v.to_owned())).into(),
            secrets: [("password".to_owned(), Secret::new(SECRET.to_owned()))].into(),
            egress: crate::runtime::EgressPolicy { allow: Vec::new(), loopback: true },
            ..Tenant::default()
        };
        let fake = Self { world, defect, tenant };
        for n in 0..30 {
            let id = fake.world().new_id();
            let user = User {
                id: id.clone(),
                username: format!("user-{n}@example.com"),
                status: Status::Active,
                modified: "2026-01-01T00:00:00Z".to_owned(),
                attributes: vec![attribute("familyName", &format!("Number {n}")), attribute("title", "Clerk")],
                grants: Vec::new(),
            };
            fake.world().users.insert(id, user);
        }
        fake
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn has(&self, defect: Defect) -> bool {
        self.defect == Some(defect)
    }
}

impl World {
    fn new_id(&mut self) -> String {
        self.next_id += 1;
        format!("U{:05}", self.next_id)
    }

    fn now(&mut self) -> String {
        self.clock += 1;
        format!("2026-02-01T00:{:02}:{:02}Z", self.clock / 60, self.clock % 60)
    }
}

fn attribute(name: &str, value: &str) -> Attribute {
    Attribute { name: name.to_owned(), value: Value::Text(value.to_owned()) }
}

impl Target for Fake {
    type Subject = FakeJob;

    fn tenant(&self) -> &Tenant {
        &self.tenant
    }

    async fn start(&self, tenant: &Tenant) -> Result<FakeJob, JobError> {
        Ok(FakeJob { fake: self.clone(), tenant: tenant.clone(), requests: 0 })
    }

    async fn watch(&self) -> Result<Option<Watched<FakeJob>>, JobError> {
        let subject = self.start(&self.tenant).await?;
        let fake = self.clone();
        Ok(Some(Watched { subject, find: Box::new(move |text| fake.world().memory.matches(text).count()) }))
    }
}

impl FakeJob {
    fn has(&self, defect: Defect) -> bool {
        self.fake.has(defect)
    }

    /// What a request takes: some time, which the deadline of the call may end.
    async fn request(&mut self) -> Result<(), JobError> {
        self.requests += 1;
        let (deadline, time) = match self.tenant.limits.call {
            Duration::ZERO if self.has(Defect::NoDeadline) => (Duration::MAX, Duration::from_secs(6)),
            limit => (limit, Duration::from_millis(2)),
        };
        let waited = tokio::time::timeout(deadline, tokio::time::sleep(time)).await;
        waited.map_err(|_| JobError::Stopped {
            tenant: self.tenant.name.clone(),
            call: "open",
            fault: SandboxFault::Deadline(deadline),
        })
    }

    fn missing(&self) -> Vec<&'static str> {
        let settings = ["host", "realm"].into_iter().filter(|name| !self.tenant.settings.contains_key(*name));
        settings.chain((!self.tenant.secrets.contains_key("password")).then_some("password")).collect()
    }

    async fn signed_in(&mut self) -> Result<(), JobError> {
        if self.has(Defect::SendsBeforeItChecks) {
            self.request().await?;
        }
        let mut missing = self.missing();
        if self.has(Defect::NamesOneMissingSetting) {
            missing.truncate(1);
        }
        if !missing.is_empty() {
            return none(ErrorKind::InvalidSettings, format!("{} are missing", missing.join(", ")));
        }
        if !self.tenant.egress.loopback || self.tenant.settings["host"] == "nowhere" {
            let internal = self.has(Defect::UnreachableIsInternal) && self.tenant.egress.loopback;
            let kind = if internal { ErrorKind::Other("internal".to_owned()) } else { ErrorKind::Unreachable };
            return none(kind, "no connection");
        }
        self.request().await?;
        let password = self.tenant.secrets["password"].expose();
        if self.has(Defect::SecretInMemory) {
            self.fake.world().memory.push_str(password);
        }
        match password {
            SECRET => Ok(()),
            _ if self.has(Defect::WrongSecretIsTransient) => none(ErrorKind::Transient, "try again"),
            _ => none(ErrorKind::InvalidCredentials, "the password is not accepted"),
        }
    }
}

impl Subject for FakeJob {
    async fn open(&mut self) -> Result<(), JobError> {
        self.signed_in().await
    }

    async fn test_credentials(&mut self) -> Result<Vec<Probe>, JobError> {
        let bare = self.tenant.settings.is_empty();
        let passes = |sound: bool| sound && !self.has(Defect::SoundSettingsFail);
        let probe = |name: &str, sound: bool| Probe {
            name: name.to_owned(),
            verdict: if passes(sound) { Verdict::Passed } else { Verdict::Failed },
            kind: (!passes(sound)).then_some(ErrorKind::InvalidSettings),
            detail: if self.has(Defect::SecretInProbe) && !bare {
                format!("signed in with {}", self.tenant.secrets["password"].expose())
            } else {
                "looked at".to_owned()
            },
            remedy: (!passes(sound) && !self.has(Defect::ProbesWithoutRemedy)).then(|| "Mend it".to_owned()),
        };
        let mut probes = vec![probe("settings-valid", self.missing().is_empty())];
        if !(bare && self.has(Defect::FewerProbesWithoutSettings)) {
            probes.push(probe("signed-in", !bare));
        }
        Ok(probes)
    }

    fn requests(&self) -> u64 {
        self.requests
    }
}

impl Application for FakeJob {
    async fn describe(&mut self) -> Result<Descriptor, JobError> {
        let mut world = self.fake.world();
        world.descriptions += 1;
        let unstable = self.has(Defect::UnstableDescription);
        let setting = |name: &str, kind| Setting {
            name: name.to_owned(),
            label: name.to_owned(),
            help: "Ask your admin".to_owned(),
            kind,
            panel: Panel::General,
            multiline: false,
            required: true,
        };
        let host = if self.has(Defect::SettingInCamelCase) { "hostName" } else { "host" };
        let mut settings = vec![
            setting(host, SettingKind::Text),
            setting("realm", SettingKind::Text),
            setting("password", SettingKind::Secret),
        ];
        if self.has(Defect::SettingInCamelCase) {
            settings[0].required = false;
        }
        Ok(Descriptor {
            name: "Fake".to_owned(),
            version: format!("1.0.{}", if unstable { world.descriptions } else { 0 }),
            features: Features::all(),
            settings,
            grants: vec![GrantKind { name: "profile".to_owned(), label: "Profile".to_owned(), many: false }],
        })
    }

    async fn list_attributes(&mut self) -> Result<Vec<AttributeDefinition>, JobError> {
        self.signed_in().await?;
        let mut world = self.fake.world();
        world.schemas += 1;
        let definition = |name: &str| AttributeDefinition {
            name: name.to_owned(),
            label: name.to_owned(),
            kind: if self.has(Defect::UnknownAttributeKind) { "text" } else { "string" }.to_owned(),
            many: false,
            required: name == "familyName",
            writable: true,
            max_length: Some(80),
            choices: Vec::new(),
        };
        let mut attributes = ATTRIBUTES.map(definition).to_vec();
        if self.has(Defect::AttributeTwice) {
            attributes.push(definition("title"));
        }
        if self.has(Defect::UnstableSchema) && world.schemas.is_multiple_of(2) {
            attributes.reverse();
        }
        Ok(attributes)
    }

    async fn list_entitlements(&mut self, kind: &str, cursor: Option<&str>) -> Result<EntitlementPage, JobError> {
        self.signed_in().await?;
        if kind != "profile" {
            let empty = EntitlementPage { entitlements: Vec::new(), next: None };
            return if self.has(Defect::AnyKindIsEmpty) {
                Ok(empty)
            } else {
                none(ErrorKind::InvalidValue, "no such kind")
            };
        }
        let mut world = self.fake.world();
        let mut all = vec!["Portal", "Plus", "Gold", "Silver", "Bronze"];
        if cursor.is_none() {
            world.lists += 1;
        }
        if self.has(Defect::EntitlementTwice) {
            all.push("Plus");
        }
        if self.has(Defect::EntitlementGap) && world.lists.is_multiple_of(2) {
            all.remove(2);
        }
        let start = match cursor.map(str::parse::<usize>) {
            None => 0,
            Some(Ok(start)) => start,
            Some(Err(_)) if self.has(Defect::EntitlementsStartAgain) => 0,
            Some(Err(_)) => return none(ErrorKind::StaleReference, "no such cursor"),
        };
        let entitlements = all.iter().skip(start).take(PAGE_OF_ENTITLEMENTS).map(|name| Entitlement {
            kind: kind.to_owned(),
            id: format!("P-{name}"),
            name: (*name).to_owned(),
            compatibility: Vec::new(),
            seats: None,
        });
        let next = start + PAGE_OF_ENTITLEMENTS;
        Ok(EntitlementPage { entitlements: entitlements.collect(), next: (next < all.len()).then(|| next.to_string()) })
    }

    async fn import_users(&mut self, query: &ImportQuery) -> Result<ImportPage, JobError> {
        self.signed_in().await?;
        self.request().await?;
        let world = self.fake.world();
        let (since, after) = match &query.scope {
            ImportScope::Full => (String::new(), String::new()),
            ImportScope::Since(watermark) => (watermark.clone(), String::new()),
            ImportScope::Resume(cursor) => match cursor.split_once('|') {
                Some((since, after)) => (since.to_owned(), after.to_owned()),
                None if self.has(Defect::ImportStartsAgain) => (String::new(), String::new()),
                None => return none(ErrorKind::StaleReference, "no such cursor"),
            },
        };
        let skips = self.has(Defect::ResumeSkips) && !after.is_empty() && self.requests == 2;
        let rest: Vec<&User> = world
            .users
            .values()
            .filter(|user| user.id > after && user.modified > since)
            .skip(usize::from(skips))
            .collect();
        let size = query.page_size as usize * if self.has(Defect::PagesTooLarge) { 2 } else { 1 };
        let mut users: Vec<User> = rest.iter().take(size).map(|user| (*user).clone()).collect();
        let last = users.last().map(|user| user.id.clone());
        for user in &mut users {
            if !query.attributes.is_empty() && !self.has(Defect::EveryAttribute) {
                user.attributes.retain(|attribute| query.attributes.contains(&attribute.name));
            }
            if self.has(Defect::StrangeTime) {
                user.modified = "yesterday".to_owned();
            }
        }
        if self.has(Defect::UserTwice) && rest.len() > users.len() {
            users.extend(rest.get(size).map(|user| (*user).clone()));
            users.remove(0);
        }
        if self.has(Defect::IncrementMisses) && !since.is_empty() {
            users.clear();
        }
        let early = self.has(Defect::PagesEndEarly) && size == 1 && after.as_str() > "U00005";
        let more = rest.len() > size && !early;
        let next = match last {
            Some(last) if more => Some(format!("{since}|{last}")),
            _ if self.has(Defect::PagesNeverEnd) => Some(format!("{since}|{after}")),
            _ => None,
        };
        let now = world.users.values().map(|user| user.modified.clone()).max().unwrap_or_default();
        let watermark = (next.is_none() && !self.has(Defect::NoWatermark)).then_some(now);
        Ok(ImportPage { users, departed: Vec::new(), next, watermark })
    }

    async fn push_users(&mut self, users: &[DesiredUser], mode: &PushMode) -> Result<Results<Outcome>, JobError> {
        self.signed_in().await?;
        if self.has(Defect::BadRecordFailsAll) && users.iter().any(|user| !is_complete(user)) {
            return none(ErrorKind::MissingValue, "a family name is missing");
        }
        let mut results = Vec::with_capacity(users.len());
        let mut made = Vec::new();
        for (at, user) in users.iter().enumerate() {
            let result = push_one(&self.fake, user, at, mode);
            if let Ok(Outcome { id: Some(id), .. }) = &result {
                made.push((user.key.clone(), id.clone()));
                self.fake.world().memory.push_str(id);
            }
            results.push(result);
        }
        // The answer is on its way: whoever is cut off here does not know what was done.
        tokio::time::sleep(Duration::from_millis(4)).await;
        self.fake.world().ids_by_key.extend(made);
        if self.has(Defect::ResultsInOtherOrder) {
            results.reverse();
        }
        if self.has(Defect::ResultMissing) && results.len() > 1 {
            results.pop();
        }
        Ok(results)
    }

    async fn deactivate_users(
        &mut self,
        ids: &[String],
        _: Deactivation,
        mode: &PushMode,
    ) -> Result<Results<Outcome>, JobError> {
        self.signed_in().await?;
        let again = self.has(Defect::DeactivatesTwice);
        let unknown = self.has(Defect::UnknownIdIsDeactivated);
        let writes = !matches!(mode, PushMode::Plan) || self.has(Defect::DeactivationPlanWrites);
        let mut world = self.fake.world();
        Ok(ids
            .iter()
            .map(|id| match set_status(&mut world, id, Status::Inactive, Action::Deactivated, writes) {
                Ok(outcome) if again => Ok(Outcome { action: Action::Deactivated, ..outcome }),
                Err(_) if unknown => Ok(outcome(Some(id), Action::Deactivated, Vec::new())),
                other => other,
            })
            .collect())
    }

    async fn reactivate_users(&mut self, ids: &[String], mode: &PushMode) -> Result<Results<Outcome>, JobError> {
        self.signed_in().await?;
        let writes = !matches!(mode, PushMode::Plan) && !self.has(Defect::ReactivatesNobody);
        let mut world = self.fake.world();
        Ok(ids.iter().map(|id| set_status(&mut world, id, Status::Active, Action::Reactivated, writes)).collect())
    }

    async fn spent(&mut self) -> Spent {
        Spent::default()
    }

    async fn sync_passwords(&mut self, passwords: &[(String, Secret)]) -> Result<Results<()>, JobError> {
        self.signed_in().await?;
        let world = self.fake.world();
        Ok(passwords
            .iter()
            .map(|(id, password)| {
                if !world.users.contains_key(id) {
                    return Err(refusal(ErrorKind::NotFound, format!("no user {id}")));
                }
                if password.expose().starts_with("short") && !self.has(Defect::AnyPassword) {
                    let quoted = if self.has(Defect::PasswordInError) { password.expose() } else { "the password" };
                    return Err(refusal(ErrorKind::PasswordRejected, format!("{quoted} is too short")));
                }
                Ok(())
            })
            .collect())
    }
}

fn is_complete(user: &DesiredUser) -> bool {
    user.id.is_some() || user.changes.iter().any(|change| change.name == "familyName" && change.value.is_some())
}

fn outcome(id: Option<&str>, action: Action, changes: Vec<FieldChange>) -> Outcome {
    let digest = format!("{id:?}{changes:?}");
    Outcome { id: id.map(str::to_owned), action, changes, side_effects: Vec::new(), digest }
}

fn set_status(world: &mut World, id: &str, status: Status, action: Action, writes: bool) -> Result<Outcome, Error> {
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

fn push_one(fake: &Fake, wanted: &DesiredUser, at: usize, mode: &PushMode) -> Result<Outcome, Error> {
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
        None => User {
            id: world.new_id(),
            username: wanted.username.clone(),
            status: Status::Active,
            modified: String::new(),
            attributes: Vec::new(),
            grants: Vec::new(),
        },
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

fn apply(fake: &Fake, user: &mut User, wanted: &DesiredUser) -> Vec<FieldChange> {
    let mut changes = Vec::new();
    if fake.has(Defect::SetClearsOthers) && !wanted.changes.is_empty() {
        user.attributes.retain(|attribute| wanted.changes.iter().any(|change| change.name == attribute.name));
    }
    for change in wanted.changes.iter().filter(|change| ATTRIBUTES.contains(&change.name.as_str())) {
        let text = |value: &Value| if let Value::Text(text) = value { text.clone() } else { format!("{value:?}") };
        let at = user.attributes.iter().position(|attribute| attribute.name == change.name);
        let old = at.map(|at| text(&user.attributes[at].value));
        let new = change.value.as_ref().map(text);
        if old == new || (new.is_none() && fake.has(Defect::NeverClears)) {
            continue;
        }
        if let Some(at) = at {
            user.attributes.remove(at);
        }
        user.attributes.extend(new.as_ref().map(|new| attribute(&change.name, new)));
        changes.push(FieldChange { object: "User".to_owned(), field: change.name.clone(), old, new });
    }
    changes
}
