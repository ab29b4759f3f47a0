//! A push that ends between any two calls, and is then repeated.

use salesforce_portal_connector::model::{Action, DesiredUser, PushMode};
use salesforce_portal_connector::operations::Session;

use crate::support::{Native, Org, grant, person, unless_dropped};

/// What of the org a push touches, without what differs from org to org: ids and times.
fn picture(org: &Org) -> Vec<String> {
    let mut picture = Vec::new();
    for query in [
        "SELECT Email, FirstName, LastName, Account.Name FROM Contact WHERE Email LIKE '%@lighthouse.example'",
        "SELECT Username, Email, Alias, CommunityNickname, FederationIdentifier, IsActive, Contact.Email, Profile.Name \
         FROM User WHERE Username LIKE '%@lighthouse.example'",
        "SELECT Assignee.Username, PermissionSet.Label FROM PermissionSetAssignment \
         WHERE PermissionSet.IsOwnedByProfile = false AND Assignee.Username LIKE '%@lighthouse.example'",
        "SELECT Group.Name, UserOrGroupId FROM GroupMember",
    ] {
        for mut row in org.query(query) {
            strip(org, &mut row);
            picture.push(row.to_string());
        }
    }
    picture.sort();
    picture
}

/// Takes addresses out and puts a member's username in the place of its id.
fn strip(org: &Org, row: &mut serde_json::Value) {
    let Some(fields) = row.as_object_mut() else { return };
    fields.remove("attributes");
    if let Some(member) = fields.remove("UserOrGroupId") {
        let id = member.as_str().unwrap();
        let users = org.query(&format!("SELECT Username FROM User WHERE Id = '{id}'"));
        fields.insert("member".to_owned(), users[0]["Username"].clone());
    }
    for value in fields.values_mut() {
        strip(org, value);
    }
}

fn people(org: &Org, count: usize) -> Vec<DesiredUser> {
    let profile = org.id("Profile", "Name = 'Customer Community Plus User'");
    let set = grant("permission-set", &org.id("PermissionSet", "Name = 'Portal_Case_Access'"));
    let group = grant("public-group", &org.id("Group", "DeveloperName = 'Priority_Customers'"));
    let one = |at| {
        let mut person = person(&format!("Crash-{at:03}"), &profile);
        person.grants.extend([set.clone(), group.clone()]);
        person
    };
    (0..count).map(one).collect()
}

/// Pushes in chunks of 50; none where the host dropped the connector on the way.
fn push(org: &Org, host: Native, people: &[DesiredUser]) -> Option<Vec<Action>> {
    unless_dropped(|| {
        let session = Session::open(host, org.settings()).unwrap();
        let results = people.chunks(50).flat_map(|chunk| session.push_users(chunk, &PushMode::Apply).unwrap());
        results.map(|result| result.unwrap_or_else(|error| panic!("{error:?}")).action).collect()
    })
}

fn org() -> Org {
    let org = Org::start(3, 921);
    org.emulator.set_licence_seats("Customer Community Plus", 400).unwrap();
    org
}

#[test]
fn a_push_that_ended_between_any_two_calls_comes_to_the_same_when_it_is_repeated() {
    let whole = org();
    let people = people(&whole, 200);
    let (done, journal) = whole.observe(|| push(&whole, Native::new(), &people));
    assert!(done.unwrap().iter().all(|action| *action == Action::Created));
    let expected = picture(&whole);
    assert!(expected.len() >= 800, "{}", expected.len());

    for calls in 0..journal.len() as u64 {
        let org = org();
        let host = Native::new();
        host.drop_after(calls);
        assert_eq!(push(&org, host, &people), None, "ended after {calls} calls");
        push(&org, Native::new(), &people).unwrap();
        assert_eq!(picture(&org), expected, "ended after {calls} calls");
        // Nothing is left to do for a third one.
        if calls % 8 == 0 {
            let again = push(&org, Native::new(), &people).unwrap();
            assert!(again.iter().all(|action| *action == Action::Unchanged), "ended after {calls} calls");
        }
    }
}
