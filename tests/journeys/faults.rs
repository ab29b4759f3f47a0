//! Connections that break and answers that are cut off: at every request of every operation.
//!
//! Each case has an organization of its own, in which one request of the operation meets the fault. The operation ends with an
//! error or as if nothing had been, never by the sandbox; done once more, it has come to the same as without a fault.

use futures_util::future::join_all;
use provisioning_runtime::wit::{
    Deactivation, DesiredUser, Error, ErrorKind, ImportQuery, ImportScope, Outcome, PushMode, Retry, Status, Verdict,
};
use provisioning_runtime::{Job, JobError, Secret};
use salesforce_emulator::{Effect, ErrorBody, Fault, When};

use crate::support::{Org, journey, person, set};

const PROFILE: &str = "Customer Community User";
const PASSWORD: &str = "Quotes \" and 4711";

/// What an operation is done with.
struct Case {
    org: Org,
    people: Vec<DesiredUser>,
    /// Active users that the organization has from the start.
    ids: Vec<String>,
}

/// What is done, in one job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operation {
    TestCredentials,
    ListAttributes,
    ListEntitlements,
    Import,
    Create,
    Update,
    Deactivate,
    Reactivate,
    SyncPassword,
}

const OPERATIONS: [Operation; 9] = [
    Operation::TestCredentials,
    Operation::ListAttributes,
    Operation::ListEntitlements,
    Operation::Import,
    Operation::Create,
    Operation::Update,
    Operation::Deactivate,
    Operation::Reactivate,
    Operation::SyncPassword,
];

const EFFECTS: [Effect; 4] = [
    Effect::DropConnection { when: When::BeforeWork },
    Effect::DropConnection { when: When::AfterWork },
    Effect::CutBody { bytes: 20 },
    Effect::ServerError { status: 503, body: ErrorBody::Html, when: When::AfterWork },
];

impl Case {
    /// An organization, ready for the operation.
    async fn start(operation: Operation) -> Self {
        let org = Org::start(12, 911).await;
        let profile = org.profile(PROFILE);
        let people = ["Ada", "Bruno"].map(|name| person(name, &profile)).to_vec();
        let mut job = org.job().await;
        let page = job.import_users(&full(2000)).await.unwrap();
        let active = page.users.into_iter().filter(|user| user.status == Status::Active);
        let ids = active.map(|user| user.id).take(2).collect();
        let mut case = Self { org, people, ids };
        match operation {
            Operation::Update => {
                case.run(&mut job, Operation::Create).await.unwrap();
                for one in &mut case.people {
                    one.changes.push(set("title", "Keeper of the light"));
                }
            }
            Operation::Reactivate => case.run(&mut job, Operation::Deactivate).await.unwrap(),
            _ => {}
        }
        case.org.emulator.clear_journal();
        case
    }

    /// Does the operation. Whatever is refused is an error, of the whole or of a record.
    async fn run(&self, job: &mut Job, operation: Operation) -> Result<(), Error> {
        let first = |results: Result<Vec<Result<Outcome, Error>>, JobError>| {
            results.map(|results| results.into_iter().try_for_each(|one| one.map(drop)))
        };
        let done = match operation {
            Operation::TestCredentials => job.test_credentials().await.map(|probes| {
                let failed = probes.into_iter().find(|probe| probe.verdict == Verdict::Failed);
                failed.map_or(Ok(()), |probe| {
                    let kind = probe.kind.expect("a probe that failed says how");
                    let (message, remedy) = (probe.detail, probe.remedy);
                    Err(Error { kind, message, remedy, retry: Retry::AtOnce, upstream: None })
                })
            }),
            Operation::ListAttributes => job.list_attributes().await.map(|list| {
                assert!(list.len() > 20, "a list that is cut off is no list: {}", list.len());
                Ok(())
            }),
            Operation::ListEntitlements => job.list_entitlements("permission-set", None).await.map(|page| {
                assert!(!page.entitlements.is_empty());
                Ok(())
            }),
            Operation::Import => read_all(job).await.map(Ok),
            Operation::Create | Operation::Update => first(job.push_users(&self.people, &PushMode::Apply).await),
            Operation::Deactivate => {
                first(job.deactivate_users(&self.ids, Deactivation::Deactivate, &PushMode::Apply).await)
            }
            Operation::Reactivate => first(job.reactivate_users(&self.ids, &PushMode::Apply).await),
            Operation::SyncPassword => {
                let of = |id: &String| (id.clone(), Secret::new(PASSWORD.to_owned()));
                let passwords: Vec<_> = self.ids.iter().map(of).collect();
                // A password that was set by the time that the answer got lost is refused as one that was used before.
                let reused = |error: &Error| matches!(&error.kind, ErrorKind::Other(kind) if kind == "password-reused");
                job.sync_passwords(&passwords)
                    .await
                    .map(|results| results.into_iter().filter(|one| !one.as_ref().is_err_and(reused)).collect())
            }
        };
        match done {
            Ok(result) => result,
            Err(JobError::Refused(error)) => Err(*error),
            Err(stopped @ JobError::Stopped { .. }) => panic!("{operation:?}: {stopped}"),
        }
    }

    /// What the organization has now, apart from ids and times.
    fn state(&self) -> Vec<String> {
        let mut state = Vec::new();
        for soql in [
            "SELECT Username, IsActive, LastName, Title, Email, FederationIdentifier, Contact.LastName FROM User",
            "SELECT LastName, Email, Title, Account.Name FROM Contact",
        ] {
            let rows = self.org.query(soql).into_iter().map(|mut row| {
                without_addresses(&mut row);
                row.to_string()
            });
            state.extend(rows);
        }
        state.sort();
        state.extend(self.ids.iter().map(|id| {
            let user = &self.org.query(&format!("SELECT Username FROM User WHERE Id = '{id}'"))[0];
            let username = user["Username"].as_str().unwrap();
            format!("{username} {}", self.org.emulator.check_password(username, PASSWORD))
        }));
        state
    }
}

fn full(page_size: u32) -> ImportQuery {
    ImportQuery { scope: ImportScope::Full, page_size, attributes: Vec::new(), grants: true }
}

/// Reads everybody by pages of five, and is content with nobody less.
async fn read_all(job: &mut Job) -> Result<(), JobError> {
    let mut query = full(5);
    let mut users = Vec::new();
    loop {
        let page = job.import_users(&query).await?;
        users.extend(page.users.into_iter().map(|user| (user.id, user.grants.len())));
        match page.next {
            Some(next) => query.scope = ImportScope::Resume(next),
            None => break,
        }
    }
    users.sort();
    assert!(users.len() >= 12 && users.iter().all(|(_, grants)| *grants > 0), "{users:?}");
    Ok(())
}

/// Takes out what differs from one organization to another.
fn without_addresses(row: &mut serde_json::Value) {
    let Some(fields) = row.as_object_mut() else { return };
    fields.remove("attributes");
    fields.values_mut().for_each(without_addresses);
}

/// Plays one case. Returns whether a request met the fault, and whether the operation got over it by itself.
async fn play(operation: Operation, effect: Effect, request: u32, undisturbed: &[String]) -> Option<bool> {
    let case = Case::start(operation).await;
    let place = format!("{operation:?}, request {request}, {effect:?}");
    case.org.emulator.inject(Fault::new(effect).skip(request));
    let result = case.run(&mut case.org.job().await, operation).await;
    let met = case.org.emulator.faults().is_empty();
    case.org.emulator.clear_faults();
    if let Err(error) = &result {
        assert!(met, "{place}: {error:?}");
        assert!(!error.message.is_empty() && !matches!(error.retry, Retry::Never), "{place}: {error:?}");
        assert!(!format!("{error:?}").contains(PASSWORD), "{place}: {error:?}");
    }
    case.run(&mut case.org.job().await, operation).await.unwrap_or_else(|error| panic!("{place}, again: {error:?}"));
    assert_eq!(case.state(), undisturbed, "{place}");
    met.then_some(result.is_ok())
}

#[test]
fn a_connection_may_break_at_any_request() {
    journey(async {
        let mut met = 0;
        for operation in OPERATIONS {
            let case = Case::start(operation).await;
            case.run(&mut case.org.job().await, operation).await.unwrap();
            let (requests, undisturbed) = (case.org.emulator.journal_total() as u32, case.state());
            assert!(requests > 0, "{operation:?}");
            let cases = (0..requests).flat_map(|request| EFFECTS.map(|effect| (request, effect)));
            let played = cases.map(|(request, effect)| play(operation, effect, request, &undisturbed));
            let played = join_all(played).await;
            met += played.iter().flatten().count();
            assert!(
                played.iter().all(Option::is_some),
                "{operation:?}: of {requests} requests each meets its fault: {played:?}"
            );
            let alone = played.iter().filter(|one| **one == Some(true)).count();
            assert!(alone > 0, "{operation:?}: reads are asked for again: {played:?}");
        }
        assert!(met > 100, "{met}");
    });
}
