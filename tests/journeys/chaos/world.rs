//! An organization and a directory to which things happen.

use provisioning_directory::config::MatchRule;
use provisioning_directory::sync::import::ImportOptions;
use provisioning_directory::sync::intents;
use provisioning_directory::{
    AttributeValue, AuditFilter, DirectoryError, GrantName, NewAssignment, NewPerson, Person, PersonEdit, PersonStatus,
    TaskFilter, TaskKind, TaskState,
};
use provisioning_runtime::wit::{Deactivation, DesiredUser, PushMode};
use salesforce_emulator::{Effect, ErrorBody, Fault, When};
use serde_json::Value as Json;

use super::steps::{Cut, Edit, Intent, Job, Step};
use crate::kept::Kept;
use crate::support::set;

/// What everybody is assigned.
const PROFILE: &str = "Customer Community Plus User";

/// Rounds of pushes and imports after which nothing may be left to do.
const ROUNDS: u32 = 12;

pub(crate) struct World {
    pub(crate) kept: Kept,
    /// The users that were there before.
    pub(crate) foreign: Vec<Json>,
    keyed: bool,
}

pub(crate) fn key(person: u8) -> String {
    format!("K{person}")
}

pub(crate) fn username(name: u8) -> String {
    format!("n{name}@chaos.example")
}

const FOREIGN: &str =
    "SELECT Id, Username, IsActive, LastName, Title, Email, FederationIdentifier, ContactId FROM User ORDER BY Id";

impl World {
    pub(crate) async fn new(keyed: bool) -> Self {
        let kept = Kept::new(6, 90, |config| {
            if keyed {
                for name in ["user-key-field", "contact-key-field"] {
                    let value = serde_json::from_value(serde_json::json!("IdP_Key__c")).unwrap();
                    config.settings.insert(name.to_owned(), value);
                }
            }
            config.to_idp.import_new_users = true;
            config.to_idp.import_profile_updates = true;
            config.to_idp.matching.exact = vec![MatchRule::Username, MatchRule::FederationId];
            config.to_idp.matching.auto_confirm = true;
            config.to_idp.matching.auto_create = true;
        })
        .await;
        let foreign = kept.org.query(FOREIGN);
        Self { kept, foreign, keyed }
    }

    /// The users that were there before, as they are now.
    pub(crate) fn foreign_now(&self) -> Vec<Json> {
        let mut now = self.kept.org.query(FOREIGN);
        now.retain(|user| self.foreign.iter().any(|before| before["Id"] == user["Id"]));
        now
    }

    pub(crate) fn keyed(&self) -> bool {
        self.keyed
    }

    pub(crate) async fn play(&mut self, step: &Step) {
        match step {
            Step::Intent(intent) => self.want(*intent),
            Step::Job { job, cut } => self.run(*job, *cut).await,
            Step::Edit { person, edit } => self.edit(*person, *edit).await,
        }
        self.kept.org.emulator.clear_faults();
    }

    /// Plays an intent; one that is refused changes nothing.
    fn want(&self, intent: Intent) {
        let tenant = self.kept.tenant();
        _ = self.kept.try_write(|change| -> Result<(), DirectoryError> {
            let person = |number: u8| change.person(&key(number));
            let grants = vec![GrantName { kind: "profile".to_owned(), name: PROFILE.to_owned() }];
            let assign = |person: &Person| {
                intents::assign(
                    change,
                    &tenant,
                    person,
                    &NewAssignment { grants: grants.clone(), ..NewAssignment::default() },
                )
            };
            match intent {
                Intent::Hire { person: number, name } => {
                    let person = match change.find_person(&key(number))? {
                        Some(person) => {
                            let edit = PersonEdit { status: Some(PersonStatus::Active), ..PersonEdit::default() };
                            intents::edit_person(change, &person.key, &edit)?;
                            change.person(&person.key)?
                        }
                        None => {
                            let username = username(name);
                            let new = NewPerson::new(key(number), &username)
                                .with("givenName", "Grace")
                                .with("familyName", key(number).as_str())
                                .with("email", format!("{}@mail.example", key(number).to_lowercase()).as_str());
                            change.add_person(&new)?
                        }
                    };
                    assign(&person)?;
                }
                Intent::Assign { person: number } => {
                    assign(&person(number)?)?;
                }
                Intent::Unassign { person: number } => {
                    intents::unassign(change, &tenant, &person(number)?)?;
                }
                Intent::Status { person: number, active } => {
                    let status = if active { PersonStatus::Active } else { PersonStatus::Deactivated };
                    let edit = PersonEdit { status: Some(status), ..PersonEdit::default() };
                    intents::edit_person(change, &key(number), &edit)?;
                }
                Intent::Rename { person: number, name } => {
                    let edit = PersonEdit { username: Some(username(name)), ..PersonEdit::default() };
                    intents::edit_person(change, &key(number), &edit)?;
                }
                Intent::Title { person: number, title } => {
                    let title = title.map(|title| AttributeValue::from(format!("T{title}").as_str()));
                    let edit = PersonEdit { attributes: [("title".to_owned(), title)].into(), ..PersonEdit::default() };
                    intents::edit_person(change, &key(number), &edit)?;
                }
                Intent::Federation { person: number, id } => {
                    let id = id.map(|id| AttributeValue::from(format!("F{id}").as_str()));
                    let edit =
                        PersonEdit { attributes: [("federationId".to_owned(), id)].into(), ..PersonEdit::default() };
                    intents::edit_person(change, &key(number), &edit)?;
                }
                Intent::Unlink { person: number } => {
                    intents::unlink(change, &tenant, &person(number)?)?;
                }
                Intent::Remove { person: number } => {
                    provisioning_directory::sync::remove_person(change, &key(number), true)?;
                }
            }
            Ok(())
        });
    }

    async fn run(&self, job: Job, cut: Option<Cut>) {
        let emulator = &self.kept.org.emulator;
        let at = |request, effect| Fault::new(effect).skip(request);
        let (fault, held, meanwhile, kills) = match cut {
            None => (None, None, None, false),
            Some(Cut::Kill { request }) => (None, Some(request), None, true),
            Some(Cut::Drop { request }) => {
                (Some(at(request, Effect::DropConnection { when: When::BeforeWork })), None, None, false)
            }
            Some(Cut::LoseAnswer { request }) => {
                (Some(at(request, Effect::DropConnection { when: When::AfterWork })), None, None, false)
            }
            Some(Cut::ShortenAnswer { request }) => {
                (Some(at(request, Effect::CutBody { bytes: 20 })), None, None, false)
            }
            Some(Cut::Gateway { request, done }) => {
                let when = if done { When::AfterWork } else { When::BeforeWork };
                let effect = Effect::ServerError { status: 503, body: ErrorBody::Html, when };
                (Some(at(request, effect).times(5)), None, None, false)
            }
            Some(Cut::Refuse { request }) => {
                let effect = Effect::Refuse {
                    status_code: "FIELD_CUSTOM_VALIDATION_EXCEPTION".to_owned(),
                    message: "Not on a Friday".to_owned(),
                    fields: vec!["LastName".to_owned()],
                    records: Vec::new(),
                };
                (Some(at(request, effect)), None, None, false)
            }
            Some(Cut::Meanwhile { request, intent }) => (None, Some(request), Some(intent), false),
            Some(Cut::MeanwhileAndKill { request, intent }) => (None, Some(request), Some(intent), true),
        };
        if let Some(fault) = fault {
            emulator.inject(fault);
        }
        let mut work = std::pin::pin!(self.work(job));
        let Some(request) = held else { return work.await };
        if self.kept.org.reaches(request, &mut work).await.is_none() {
            return;
        }
        if let Some(intent) = meanwhile {
            self.want(intent);
        }
        if !kills {
            work.await;
        }
    }

    async fn work(&self, job: Job) {
        // What a fault makes of a job is one thing, what is left afterwards the other: that is looked at.
        match job {
            Job::Push => drop(self.kept.try_push().await),
            Job::Import => drop(self.kept.try_import(ImportOptions { full: true, accept: true, dry_run: false }).await),
            Job::Plan => self.kept.try_plan().await,
        }
    }

    /// What the organization's admin does to the user that is somebody's here.
    async fn edit(&self, person: u8, edit: Edit) {
        let tenant = self.kept.tenant();
        let link = self.kept.read(|view| match view.find_person(&key(person))? {
            Some(person) => view.link(tenant.id, person.id),
            None => Ok(None),
        });
        let Some(link) = link else { return };
        let mut admin = self.kept.org.job().await;
        let ids = [link.remote_id.clone()];
        let mut changed =
            DesiredUser {
                key: key(person),
                id: Some(link.remote_id.clone()),
                username: self.kept.org.query(&format!("SELECT Username FROM User WHERE Id = '{}'", link.remote_id))[0]
                    ["Username"]
                    .as_str()
                    .unwrap()
                    .to_owned(),
                changes: Vec::new(),
                grants: Vec::new(),
                exact_grants: false,
            };
        match edit {
            Edit::Deactivate => {
                admin.deactivate_users(&ids, Deactivation::Deactivate, &PushMode::Apply).await.unwrap();
            }
            Edit::Freeze => {
                admin.deactivate_users(&ids, Deactivation::Freeze, &PushMode::Apply).await.unwrap();
            }
            Edit::Rename { name } => {
                changed.username = username(name);
                admin.push_users(&[changed], &PushMode::Apply).await.unwrap();
            }
            Edit::Title => {
                changed.changes.push(set("title", "Admin"));
                admin.push_users(&[changed], &PushMode::Apply).await.unwrap();
            }
        }
    }

    /// Pushes and imports until nothing is left that a push could do.
    pub(crate) async fn heal(&self) -> Result<(), String> {
        for round in 0..ROUNDS {
            self.kept
                .try_import(ImportOptions { full: true, accept: true, dry_run: false })
                .await
                .map_err(|error| format!("the import does not heal: {error}"))?;
            // Everything that was put off or given up gets another chance.
            let tenant = self.kept.tenant();
            self.kept.write(|change| {
                for task in change.tasks(&TaskFilter { tenant: Some(tenant.id), ..TaskFilter::default() })? {
                    if task.kind != TaskKind::Import {
                        change.retry_task(&task)?;
                    }
                }
                Ok(())
            });
            self.kept.push_everybody(&tenant);
            let before = self.kept.org.writes().len();
            let report = self.kept.try_push().await.map_err(|error| format!("the push does not heal: {error}"))?;
            let wrote = self.kept.org.writes().len() > before;
            let waiting = self.kept.read(|view| {
                view.tasks(&TaskFilter {
                    tenant: Some(tenant.id),
                    state: Some(TaskState::Waiting),
                    ..TaskFilter::default()
                })
            });
            let is_quiet = !wrote && report.entries.iter().all(|entry| !entry.retried);
            // What has met a refusal that may be of its own making is tried a few times before it is given up.
            if is_quiet && waiting.is_empty() || !wrote && round > 3 && waiting.iter().all(|task| task.cause.is_some())
            {
                return Ok(());
            }
        }
        let tasks = self.kept.read(|view| view.tasks(&TaskFilter::default()));
        Err(format!("after {ROUNDS} rounds there is still something to do: {tasks:#?}"))
    }

    /// What the audit trail tells, for a sequence that fails.
    pub(crate) fn story(&self) -> String {
        let rows = self.kept.read(|view| view.audit(&AuditFilter::default()));
        let told = rows.iter().rev().map(|row| {
            let person = row.person.as_deref().unwrap_or("-");
            format!("{} {person}: {}", row.action, row.result)
        });
        told.collect::<Vec<_>>().join("\n")
    }
}
