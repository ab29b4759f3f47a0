//! A batch of tasks on its way through the connector.

use super::ledger::{Heard, PushLedger, Subject};
use super::record::{Done, TaskResult};
use super::wanted::Prepared;
use super::{PushReport, deactivation, named};
use crate::directory::{FailureKind, Person, Task, TaskFailure, TaskKind, TenantRecord, Waiting};
use crate::sync::grants::Entitlements;
use crate::sync::retry::{concerns_tenant, failure, fault, pause, waiting_of};
use crate::sync::session::{Session, complete, was_stopped};
use crate::sync::{Applications, SyncError};
use provisioning_runtime::wit::{Abandoned, DesiredUser, ErrorKind, Outcome, PushMode};
use provisioning_runtime::{Application, JobError, Results, Secret};

/// A task that is ready to be sent.
#[derive(Clone)]
pub(in crate::sync) struct Item {
    pub(in crate::sync) task: Task,
    pub(in crate::sync) person: Person,
    what: What,
}

#[derive(Clone)]
enum What {
    Push { user: DesiredUser, names: Vec<String> },
    Lifecycle { remote_id: String },
    TakeBack { abandoned: Abandoned },
    Password { remote_id: String, password: Secret },
}

impl Item {
    fn done(&self, outcome: Option<Outcome>) -> Done {
        match &self.what {
            What::Push { names, .. } => Done::Pushed { outcome, names: names.clone() },
            What::Lifecycle { remote_id } => Done::Lifecycle { outcome, remote_id: remote_id.clone() },
            What::TakeBack { .. } => Done::TakenBack { outcome },
            What::Password { .. } => Done::Password,
        }
    }

    /// What the connector calls it ([`provisioning_runtime::Ledger`]).
    fn subject(&self) -> (String, Subject) {
        let (name, names) = match &self.what {
            What::Push { user, names } => (&user.key, names.clone()),
            What::Lifecycle { remote_id } | What::Password { remote_id, .. } => (remote_id, Vec::new()),
            What::TakeBack { abandoned } => (&abandoned.key, Vec::new()),
        };
        (name.clone(), Subject { person: self.person.id, kind: self.task.kind, names, is_leftover: false })
    }

    fn verdict(&self, heard: &Heard, result: Result<Done, (TaskFailure, Waiting)>) -> TaskResult {
        let (key, username) = named(&self.person);
        let (subject, _) = self.subject();
        TaskResult {
            task: self.task.clone(),
            person: key,
            username,
            out_of_use: heard.out_of_use.get(&subject).copied(),
            claims: heard.claims.get(&subject).cloned().unwrap_or_default(),
            result,
        }
    }
}

/// Tasks of one kind.
pub(in crate::sync) struct Batch {
    kind: TaskKind,
    pub(in crate::sync) items: Vec<Item>,
    /// What can be heard without asking the application.
    verdicts: Vec<TaskResult>,
    pointless: Vec<Task>,
}

/// What became of a batch.
#[derive(Default)]
pub(in crate::sync) struct CarriedOut {
    pub(in crate::sync) pointless: Vec<Task>,
    /// Tasks that were not begun, since the push is ending.
    pub(in crate::sync) postponed: Vec<Task>,
    pub(in crate::sync) verdicts: Vec<TaskResult>,
    /// Why the rest was not tried.
    pub(in crate::sync) stopped_by: Option<SyncError>,
}

impl Batch {
    pub(super) fn new(kind: TaskKind) -> Self {
        Self { kind, items: Vec::new(), verdicts: Vec::new(), pointless: Vec::new() }
    }

    /// Keeps only the items for which `keep` holds, with what it gives for each.
    pub(in crate::sync) fn select<T>(mut self, mut keep: impl FnMut(&Item) -> Option<T>) -> (Self, Vec<T>) {
        let mut given = Vec::new();
        self.items.retain(|item| match keep(item) {
            Some(value) => {
                given.push(value);
                true
            }
            None => false,
        });
        (self, given)
    }

    pub(super) fn add(
        &mut self,
        prepared: Prepared,
        entitlements: &Entitlements,
        tenant: &TenantRecord,
        report: &mut PushReport,
    ) {
        match prepared {
            Prepared::Push { task, person, mut user, grants, names } => {
                match entitlements.resolve(&tenant.name, &person.key, &grants) {
                    Ok(grants) => {
                        user.grants = grants;
                        self.items.push(Item { task, person, what: What::Push { user, names } });
                    }
                    Err(failure) => {
                        let item = Item { task, person, what: What::Push { user, names } };
                        self.verdicts.push(item.verdict(&Heard::default(), Err((failure, Waiting::ForAdmin))));
                    }
                }
            }
            Prepared::Lifecycle { task, person, remote_id } => {
                self.items.push(Item { task, person, what: What::Lifecycle { remote_id } });
            }
            Prepared::Password { task, person, remote_id, password } => {
                self.items.push(Item { task, person, what: What::Password { remote_id, password } });
            }
            Prepared::TakeBack { task, person, abandoned } => {
                self.items.push(Item { task, person, what: What::TakeBack { abandoned } });
            }
            Prepared::Off { task, feature } => {
                let sentence = feature.off(&tenant.name, "its tasks wait");
                report.keep_back(task, TaskFailure::new(FailureKind::FeatureOff, sentence.clone()));
                if !report.off.contains(&sentence) {
                    report.off.push(sentence);
                }
            }
            Prepared::Pointless { task } => self.pointless.push(task),
            Prepared::Early { task, reason } => report.keep_back(task, reason),
        }
    }

    /// Sends the batch. Where the sandbox is ended over it, it is sent in halves, until the one record is found that ends it.
    pub(super) async fn carry_out<A: Applications>(
        self,
        session: &mut Session<'_, A>,
        tenant: &TenantRecord,
        ledger: &PushLedger,
        mode: &PushMode,
    ) -> CarriedOut {
        let Self { kind, items, mut verdicts, mut pointless } = self;
        let (mut postponed, mut stopped_by) = (Vec::new(), None);
        // What is known to be there comes first (`Pushing::resolve`); what is only looked for is another call.
        let known = items.iter().take_while(|item| !matches!(item.what, What::TakeBack { .. })).count();
        let mut parts: Vec<std::ops::Range<usize>> =
            [known..items.len(), 0..known].into_iter().filter(|part| !part.is_empty()).collect();
        while let Some(part) = parts.pop() {
            let Some(some) = items.get(part.clone()) else { continue };
            let mode = part_of(mode, &part);
            ledger.expect(some.iter().map(Item::subject));
            let sent = send(session, tenant, kind, some, &mode).await;
            let heard = ledger.take();
            match sent {
                Ok(results) => {
                    for (item, result) in some.iter().zip(results) {
                        if result.is_err() && heard.unwanted.contains(&item.subject().0) {
                            pointless.push(item.task.clone());
                            continue;
                        }
                        if result.is_err() && heard.postponed.contains(&item.subject().0) {
                            postponed.push(item.task.clone());
                            continue;
                        }
                        verdicts.push(item.verdict(
                            &heard,
                            match result {
                                Ok(outcome) => Ok(item.done(outcome)),
                                // The answer to an earlier try was lost, and the password is the one that it has set.
                                Err(error) if item.task.under_way && is_reused(&error.kind) => Ok(item.done(None)),
                                Err(error) => Err((failure(&error), waiting_of(&item.task, &error))),
                            },
                        ));
                    }
                }
                Err(SyncError::Job(error)) if was_stopped(&error) => {
                    session.close().await;
                    if part.len() > 1 {
                        let middle = part.start + part.len() / 2;
                        parts.extend([middle..part.end, part.start..middle]);
                    } else if let JobError::Stopped { fault: reason, .. } = &error {
                        verdicts.extend(
                            some.iter().map(|item| item.verdict(&heard, Err((fault(reason), Waiting::ForAdmin)))),
                        );
                    }
                }
                // The call as a whole was refused over its records.
                Err(SyncError::Job(JobError::Refused(error))) if !concerns_tenant(&error.kind) => {
                    verdicts.extend(
                        some.iter()
                            .map(|item| item.verdict(&heard, Err((failure(&error), waiting_of(&item.task, &error))))),
                    );
                }
                Err(error) => {
                    stopped_by = Some(error);
                    break;
                }
            }
        }
        CarriedOut { pointless, postponed, verdicts, stopped_by }
    }
}

fn is_reused(kind: &ErrorKind) -> bool {
    matches!(kind, ErrorKind::Other(name) if name == "password-reused")
}

/// The digests of a part of a batch.
fn part_of(mode: &PushMode, part: &std::ops::Range<usize>) -> PushMode {
    match mode {
        PushMode::ApplyPlanned(digests) => {
            PushMode::ApplyPlanned(digests.get(part.clone()).unwrap_or_default().to_vec())
        }
        other => other.clone(),
    }
}

/// One call, with a pause and another try where the application only wants a moment.
async fn send<A: Applications>(
    session: &mut Session<'_, A>,
    tenant: &TenantRecord,
    kind: TaskKind,
    items: &[Item],
    mode: &PushMode,
) -> Result<Results<Option<Outcome>>, SyncError> {
    let mut attempts = 0;
    loop {
        match call(session.application().await?, tenant, kind, items, mode).await {
            Ok(results) => return complete(&tenant.name, results, items.len()),
            Err(error) => match pause(&error, attempts) {
                Some(time) => {
                    attempts += 1;
                    tokio::time::sleep(time).await;
                }
                None => return Err(error.into()),
            },
        }
    }
}

async fn call<A: Application>(
    application: &mut A,
    tenant: &TenantRecord,
    kind: TaskKind,
    items: &[Item],
    mode: &PushMode,
) -> Result<Results<Option<Outcome>>, JobError> {
    let ids: Vec<String> = items
        .iter()
        .filter_map(|item| match &item.what {
            What::Lifecycle { remote_id } => Some(remote_id.clone()),
            _ => None,
        })
        .collect();
    let some = |results: Results<Outcome>| results.into_iter().map(|result| result.map(Some)).collect();
    match kind {
        TaskKind::Deactivate if ids.is_empty() => {
            let people: Vec<Abandoned> = items
                .iter()
                .filter_map(|item| match &item.what {
                    What::TakeBack { abandoned } => Some(abandoned.clone()),
                    _ => None,
                })
                .collect();
            application.take_back_users(&people, deactivation(&tenant.config), mode).await.map(some)
        }
        TaskKind::Deactivate => application.deactivate_users(&ids, deactivation(&tenant.config), mode).await.map(some),
        TaskKind::Reactivate => application.reactivate_users(&ids, mode).await.map(some),
        TaskKind::Password => {
            let passwords: Vec<(String, Secret)> = items
                .iter()
                .filter_map(|item| match &item.what {
                    What::Password { remote_id, password } => Some((remote_id.clone(), password.clone())),
                    _ => None,
                })
                .collect();
            let results = application.sync_passwords(&passwords).await?;
            Ok(results.into_iter().map(|result| result.map(|()| None)).collect())
        }
        TaskKind::Push | TaskKind::Vanished | TaskKind::Import | TaskKind::Grants => {
            let users: Vec<DesiredUser> = items
                .iter()
                .filter_map(|item| match &item.what {
                    What::Push { user, .. } => Some(user.clone()),
                    _ => None,
                })
                .collect();
            application.push_users(&users, mode).await.map(some)
        }
    }
}
