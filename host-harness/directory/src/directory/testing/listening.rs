//! What hosts of one database tell each other.

use super::super::*;
use super::hosts::two_hosts;
use super::{LEASES, server};
use crate::config::TenantConfig;
use crate::sync::intents;

/// Far more than a word takes on a busy machine.
const SOON: Duration = Duration::from_secs(60);

/// One of these tests cuts off whoever listens on the server.
static ONE_AT_A_TIME: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// Waits for a word, past those of other kinds.
async fn hear(listener: &mut Listener, wanted: Word) {
    let heard = tokio::time::timeout(SOON, async { while listener.next().await != wanted {} }).await;
    assert!(heard.is_ok(), "{wanted:?} wasn't heard");
}

/// A task of a new person, which is waiting.
fn ask(directory: &Directory, tenant: &TenantRecord, key: &str) -> TaskId {
    let actor = Actor::new("tester");
    directory
        .write(&actor, |change| -> Result<TaskId, DirectoryError> {
            let person = change.add_person(&NewPerson::new(key, format!("{key}@x.example")))?;
            intents::assign(change, tenant, &person, &NewAssignment::default())?;
            change.ask(NewTask { tenant, person: Some(&person), kind: TaskKind::Push, password: None })
        })
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_hears_what_another_one_has_kept_and_nothing_of_what_it_hasnt() {
    if server().is_none() {
        return;
    }
    let _alone = ONE_AT_A_TIME.lock().await;
    let (_folder, one, other, tenant) = two_hosts(LEASES);
    let actor = Actor::new("tester");
    let mut listener = other.listen();
    // It listens from now on.
    hear(&mut listener, Word::Missed).await;
    // As far as a worker has looked, nothing is to be done.
    one.write(&actor, |change| change.store_due(tenant.id, None)).unwrap();
    let undone = one.write(&actor, |change| -> Result<(), DirectoryError> {
        change.store_due(tenant.id, Some(Timestamp::now()))?;
        Err(DirectoryError::Invalid("it is undone".to_owned()))
    });
    assert!(undone.is_err());
    // What is kept comes in the order in which it was kept, so a word of what was undone would come first.
    let task = ask(&one, &tenant, "e1");
    assert_eq!(tokio::time::timeout(SOON, listener.next()).await.unwrap(), Word::Due);
    one.write(&actor, |change| change.end_task(&change.task(task)?, TaskState::Done).map(drop)).unwrap();
    hear(&mut listener, Word::Ended(tenant.id)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_was_cut_off_hears_that_it_may_have_missed_something_and_then_all_the_rest() {
    if server().is_none() {
        return;
    }
    let _alone = ONE_AT_A_TIME.lock().await;
    let (_folder, one, other, tenant) = two_hosts(LEASES);
    let mut listener = other.listen();
    hear(&mut listener, Word::Missed).await;
    let cut =
        one.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query = 'LISTEN provisioning'", None);
    cut.unwrap();
    hear(&mut listener, Word::Missed).await;
    let task = ask(&one, &tenant, "e1");
    let finished =
        one.write(&Actor::new("tester"), |change| change.end_task(&change.task(task)?, TaskState::Done).map(drop));
    finished.unwrap();
    hear(&mut listener, Word::Ended(tenant.id)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hosts_of_another_directory_hear_nothing_of_it() {
    if server().is_none() {
        return;
    }
    let _alone = ONE_AT_A_TIME.lock().await;
    let (_folder, one, other, _) = two_hosts(LEASES);
    let (_elsewhere, strange, _, _) = two_hosts(LEASES);
    let mut listener = other.listen();
    hear(&mut listener, Word::Missed).await;
    let actor = Actor::new("tester");
    strange.write(&actor, |change| change.add_tenant("strange", &TenantConfig::default())).unwrap();
    one.write(&actor, |change| change.add_tenant("own", &TenantConfig::default())).unwrap();
    assert_eq!(tokio::time::timeout(SOON, listener.next()).await.unwrap(), Word::Due, "its own comes");
    let more = tokio::time::timeout(Duration::from_millis(200), listener.next()).await;
    assert!(more.is_err(), "{more:?}");
}
