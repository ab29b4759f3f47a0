//! What work costs: API calls, counted by the org's own journal, and rounds, in which requests that don't wait for each other
//! travel together. Over a network of 250 ms a request, a round is a quarter of a second.

use salesforce_emulator::{Effect, Fault};
use salesforce_portal_connector::model::{Action, Deactivation, DesiredUser, ImportScope, Outcome, PushMode};
use salesforce_portal_connector::operations::{Session, test_credentials};

use crate::import::{all, later, watermark};
use crate::support::{Native, Org, grant, person, set};

/// Users that a host pushes in one call.
const BATCH: usize = 10_000;

/// People of a licence with roles, with a federation id, two permission sets and a public group each.
fn people(org: &Org, count: usize) -> Vec<DesiredUser> {
    let profile = org.id("Profile", "Name = 'Customer Community Plus User'");
    let grants = [
        grant("permission-set", &org.id("PermissionSet", "Name = 'Portal_Case_Access'")),
        grant("permission-set", &org.id("PermissionSet", "Name = 'Portal_Knowledge_Reader'")),
        grant("public-group", &org.id("Group", "DeveloperName = 'Priority_Customers'")),
    ];
    let one = |at| {
        let mut person = person(&format!("Person-{at:05}"), &profile);
        person.grants.extend(grants.iter().cloned());
        person
    };
    (0..count).map(one).collect()
}

fn push_all(session: &Session<Native>, people: &[DesiredUser]) -> Vec<Outcome> {
    let results = people.chunks(BATCH).flat_map(|batch| session.push_users(batch, &PushMode::Apply).unwrap());
    results.map(|result| result.unwrap_or_else(|error| panic!("{error:?}"))).collect()
}

/// An org with seats for many.
fn org(seed: u64) -> Org {
    let org = Org::start(10, seed);
    org.emulator.set_licence_seats("Customer Community Plus", 20_000).unwrap();
    org
}

/// A session, and the host that counts its rounds.
fn session(org: &Org) -> (Session<Native>, Native) {
    let host = Native::new();
    (Session::open(host.clone(), org.settings()).unwrap(), host)
}

/// Does work and holds what it costs behind the sign-in to bounds.
fn costs<T>(
    org: &Org,
    what: &str,
    (calls, rounds): (usize, u64),
    work: impl FnOnce(&Session<Native>) -> T,
) -> (T, Native) {
    let (session, host) = session(org);
    let before = host.rounds();
    let (done, journal) = org.observe(|| work(&session));
    let took = host.rounds() - before;
    println!("{what}: {} calls, {took} rounds", journal.len());
    assert!(journal.len() <= calls && took <= rounds, "{what}: {} calls, {took} rounds", journal.len());
    (done, host)
}

#[test]
fn ten_thousand_new_users_with_grants_unchanged_ones_and_their_deactivation_take_few_calls_and_rounds() {
    let org = org(911);
    let mut people = people(&org, 10_000);
    let (made, _) = costs(&org, "new", (90, 20), |session| push_all(session, &people));
    assert!(made.iter().all(|outcome| outcome.action == Action::Created));
    assert_eq!(org.count("User WHERE Username LIKE 'person-%'"), 10_000);
    assert_eq!(org.count("GroupMember WHERE Group.DeveloperName = 'Priority_Customers'"), 10_000);
    for set in ["Portal_Case_Access", "Portal_Knowledge_Reader"] {
        let assigned =
            format!("PermissionSetAssignment WHERE PermissionSet.Name = '{set}' AND Assignee.Username LIKE 'person-%'");
        assert_eq!(org.count(&assigned), 10_000);
    }

    for with_ids in [false, true] {
        for (person, outcome) in people.iter_mut().zip(&made) {
            person.id = outcome.id.clone().filter(|_| with_ids);
        }
        let what = format!("unchanged, with ids {with_ids}");
        let (same, host) = costs(&org, &what, (60, 6), |session| push_all(session, &people));
        assert!(same.iter().all(|outcome| outcome.action == Action::Unchanged));
        assert_eq!(host.written(), []);
    }

    let ids: Vec<String> = made.into_iter().filter_map(|outcome| outcome.id).collect();
    costs(&org, "deactivated", (20, 4), |session| {
        for result in session.deactivate_users(&ids, Deactivation::Deactivate, &PushMode::Apply).unwrap() {
            assert_eq!(result.unwrap().action, Action::Deactivated);
        }
    });
    costs(&org, "reactivated", (20, 4), |session| {
        for result in session.reactivate_users(&ids, &PushMode::Apply).unwrap() {
            assert_eq!(result.unwrap().action, Action::Reactivated);
        }
    });
}

#[test]
fn a_test_of_the_settings_an_increment_and_lists_take_few_rounds() {
    let org = Org::start(3_000, 912);
    let host = Native::new();
    let (_, journal) = org.observe(|| test_credentials(host.clone(), org.settings()));
    println!("test of the settings: {} calls, {} rounds", journal.len(), host.rounds());
    assert!(host.rounds() <= 3, "{} rounds", host.rounds());

    for kind in ["profile", "role", "permission-set", "permission-set-group", "feature-license", "public-group"] {
        let (listed, _) = costs(&org, kind, (2, 1), |session| {
            let (mut cursor, mut listed) = (None, 0);
            loop {
                let page = session.list_entitlements(kind, cursor.as_deref()).unwrap();
                listed += page.entitlements.len();
                cursor = page.next;
                if cursor.is_none() {
                    break listed;
                }
            }
        });
        assert!(listed >= 3, "{kind}: {listed}");
    }

    let since = watermark(&all(&org.session(), ImportScope::Full, 2_000));
    later(&org);
    let changed = org.query("SELECT Id FROM User WHERE ContactId != null LIMIT 50");
    for user in &changed {
        org.write("PATCH", &format!("sobjects/User/{}", user["Id"].as_str().unwrap()), r#"{"Title":"Countess"}"#);
    }
    let (pages, _) = costs(&org, "increment", (3, 3), |session| all(session, since, 2_000));
    assert_eq!(pages.iter().map(|page| page.users.len()).sum::<usize>(), 50);
}

#[test]
fn a_push_of_thousands_with_locked_rows_loses_nobody_and_never_writes_two_calls_of_contacts_of_one_account() {
    let org = org(913);
    let people = people(&org, 3_000);
    let counted = [
        "User WHERE Username LIKE 'person-%'",
        "Contact WHERE Email LIKE 'person-%'",
        "GroupMember WHERE Group.DeveloperName = 'Priority_Customers'",
        "PermissionSetAssignment WHERE PermissionSet.Name = 'Portal_Case_Access' AND Assignee.Username LIKE 'person-%'",
    ];
    let had = counted.map(|what| org.count(what));
    let locked = Effect::RowLock { records: vec![0, 7, 150] };
    org.emulator.inject(Fault::new(locked).method("POST").path("*/composite").times(100));
    let (session, host) = session(&org);
    let made = push_all(&session, &people);
    org.emulator.clear_faults();
    assert!(made.iter().all(|outcome| outcome.action == Action::Created));
    assert_eq!(host.most_contacts(), 1);
    for (what, had) in counted.into_iter().zip(had) {
        assert_eq!(org.count(what) - had, 3_000, "{what}");
    }
    assert!(push_all(&session, &people).iter().all(|outcome| outcome.action == Action::Unchanged));
}

#[test]
fn contacts_of_several_accounts_are_written_side_by_side() {
    let org = org(914);
    let accounts = org.query("SELECT Id FROM Account WHERE Owner.UserRoleId != null LIMIT 2");
    let profile = org.profile("Customer Community Plus User");
    let one = |at: usize| {
        let mut person = person(&format!("Person-{at:05}"), &profile);
        person.changes.push(set("account", accounts[at % 2]["Id"].as_str().unwrap()));
        person
    };
    let people: Vec<DesiredUser> = (0..2_000).map(one).collect();
    let (made, host) = costs(&org, "two accounts", (20, 8), |session| push_all(session, &people));
    assert!(made.iter().all(|outcome| outcome.action == Action::Created));
    assert_eq!(host.most_contacts(), 2);
}
