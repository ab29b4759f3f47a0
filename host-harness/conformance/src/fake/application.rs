//! The functions of the connector, each sound or wrong in one way.

use std::time::Duration;

use super::world::{is_complete, outcome, push_one, set_status};
use super::{ATTRIBUTES, Defect, FakeJob, none, refusal};
use crate::target::Subject;
use provisioning_runtime::wit::{
    Abandoned, Action, AttributeDefinition, Deactivation, Descriptor, DesiredUser, Entitlement, EntitlementPage,
    ErrorKind, Features, GrantKind, HostEntry, HostSource, ImportPage, ImportQuery, ImportScope, Outcome, Panel, Probe,
    PushMode, Setting, SettingKind, Status, Verdict,
};
use provisioning_runtime::{Application, ImportedUser, JobError, Results, Secret, Spent};

const PAGE_OF_ENTITLEMENTS: usize = 2;

impl Subject for FakeJob {
    async fn open(&mut self) -> Result<(), JobError> {
        self.signed_in().await
    }

    async fn test_credentials(&mut self) -> Result<Vec<Probe>, JobError> {
        let bare = self.tenant.settings.is_empty() && !self.has(Defect::NeedsNothing);
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
        let mut hosts = vec![HostEntry {
            name: "application".to_owned(),
            source: HostSource::Exact("application.example".to_owned()),
            when: None,
        }];
        if self.has(Defect::NeedsNothing) {
            settings.clear();
            hosts.clear();
        }
        Ok(Descriptor {
            hosts,
            uses: Vec::new(),
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
        let rest: Vec<&ImportedUser> = world
            .users
            .values()
            .filter(|user| user.id > after && user.modified > since)
            .skip(usize::from(skips))
            .collect();
        let size = query.page_size as usize * if self.has(Defect::PagesTooLarge) { 2 } else { 1 };
        let mut users: Vec<ImportedUser> = rest.iter().take(size).map(|user| (*user).clone()).collect();
        let last = users.last().map(|user| user.id.clone());
        for user in &mut users {
            if !query.attributes.is_empty() && !self.has(Defect::EveryAttribute) {
                user.attributes.retain(|name, _| query.attributes.contains(name));
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
        let mut page = ImportPage { next, watermark, ..ImportPage::of(&users) };
        if self.has(Defect::ValueTooMany) {
            page.users.iter_mut().for_each(|user| user.values.push(None));
        }
        Ok(page)
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

    async fn take_back_users(
        &mut self,
        people: &[Abandoned],
        _: Deactivation,
        mode: &PushMode,
    ) -> Result<Results<Outcome>, JobError> {
        self.signed_in().await?;
        let writes = !matches!(mode, PushMode::Plan) || self.has(Defect::TakeBackPlanWrites);
        let (nobody, anybody) = (self.has(Defect::TakesNobodyBack), self.has(Defect::TakesAnybodyBack));
        let mut world = self.fake.world();
        let take_back = |person: &Abandoned| match world.ids_by_key.get(&person.key).cloned() {
            Some(id) if !nobody => set_status(&mut world, &id, Status::Inactive, Action::Deactivated, writes),
            None if anybody => Ok(outcome(Some("U00001"), Action::Deactivated, Vec::new())),
            _ => Ok(outcome(None, Action::Unchanged, Vec::new())),
        };
        Ok(people.iter().map(take_back).collect())
    }

    async fn reactivate_users(&mut self, ids: &[String], mode: &PushMode) -> Result<Results<Outcome>, JobError> {
        self.signed_in().await?;
        let writes = !matches!(mode, PushMode::Plan) && !self.has(Defect::ReactivatesNobody);
        let mut world = self.fake.world();
        Ok(ids.iter().map(|id| set_status(&mut world, id, Status::Active, Action::Reactivated, writes)).collect())
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

    async fn spent(&mut self) -> Spent {
        Spent::default()
    }
}
