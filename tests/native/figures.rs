//! What work costs in API calls, counted by the org's own journal.

use salesforce_portal_connector::model::{Action, DesiredUser, Outcome, PushMode};
use salesforce_portal_connector::operations::Session;

use crate::support::{Native, Org, grant, person, writes};

/// Users that a host pushes in one call.
const BATCH: usize = 2000;

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

#[test]
fn ten_thousand_new_users_with_grants_cost_at_most_300_calls_and_unchanged_ones_60() {
    let org = Org::start(10, 911);
    org.emulator.set_licence_seats("Customer Community Plus", 20_000).unwrap();
    let mut people = people(&org, 10_000);
    let (made, journal) = org.observe(|| push_all(&org.session(), &people));
    assert!(made.iter().all(|outcome| outcome.action == Action::Created));
    assert!(journal.len() <= 300, "{} calls", journal.len());
    println!("new: {} calls", journal.len());
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
        let (same, journal) = org.observe(|| push_all(&org.session(), &people));
        assert!(same.iter().all(|outcome| outcome.action == Action::Unchanged));
        assert!(journal.len() <= 60, "{} calls", journal.len());
        println!("unchanged, with ids {with_ids}: {} calls", journal.len());
        assert_eq!(writes(&journal), Vec::<String>::new());
    }
}
