//! A push that ends between any two calls, and is then repeated. Of the requests that were under way none, all, or some took
//! effect.

use salesforce_portal_connector::model::{Action, DesiredUser, PushMode};
use salesforce_portal_connector::operations::Session;

use crate::support::{Native, Org, UnderWay, WIDTHS, at_width, grant, person, unless_dropped};

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
        let mut person = person(&format!("Crash-{at:04}"), &profile);
        person.grants.extend([set.clone(), group.clone()]);
        person
    };
    (0..count).map(one).collect()
}

/// Pushes in chunks. Returns `None` if the host dropped the connector on the way.
fn push(org: &Org, host: Native, people: &[DesiredUser], chunk: usize) -> Option<Vec<Action>> {
    unless_dropped(|| {
        let session = Session::open(host, org.settings()).unwrap();
        let results = people.chunks(chunk).flat_map(|chunk| session.push_users(chunk, &PushMode::Apply).unwrap());
        results.map(|result| result.unwrap_or_else(|error| panic!("{error:?}")).action).collect()
    })
}

fn org() -> Org {
    let org = Org::start(3, 921);
    org.emulator.set_licence_seats("Customer Community Plus", 2_000).unwrap();
    org
}

/// A whole push: what the org then has, and how many requests it took.
fn whole(people: usize, chunk: usize) -> (Vec<String>, u64) {
    let org = org();
    let people = self::people(&org, people);
    let (done, journal) = org.observe(|| push(&org, Native::new(), &people, chunk));
    assert!(done.unwrap().iter().all(|action| *action == Action::Created));
    (picture(&org), journal.len() as u64)
}

/// Pushes until the connector is dropped after so many requests, and then again.
fn cut_and_repeat(people: usize, chunk: usize, requests: u64, fate: UnderWay, expected: &[String]) {
    let case = format!("ended after {requests} requests, of those under way {fate:?}");
    let org = org();
    let people = self::people(&org, people);
    let host = Native::new();
    host.drop_after(requests);
    host.leave(fate);
    assert_eq!(push(&org, host, &people, chunk), None, "{case}");
    push(&org, Native::new(), &people, chunk).unwrap();
    assert_eq!(picture(&org), expected, "{case}");
    // Nothing is left to do for a third one.
    if requests.is_multiple_of(8) {
        let again = push(&org, Native::new(), &people, chunk).unwrap();
        assert!(again.iter().all(|action| *action == Action::Unchanged), "{case}");
    }
}

#[test]
fn a_push_that_ended_between_any_two_calls_comes_to_the_same_when_it_is_repeated() {
    for width in WIDTHS {
        at_width(width, || {
            let (expected, requests) = whole(100, 50);
            assert!(expected.len() >= 400, "{}", expected.len());
            for at in 0..requests {
                // Of one request at a time none is under way when the next one is sent.
                let kinds = UnderWay::kinds(at);
                let kinds = if width == 1 { &kinds[..1] } else { &kinds[..] };
                kinds.iter().for_each(|fate| cut_and_repeat(100, 50, at, *fate, &expected));
            }
        });
    }
}

/// More people than go together from the contact to the grants, so that contacts, users and grants of several groups are under way.
#[test]
fn a_push_of_several_groups_of_people_that_ended_anywhere_comes_to_the_same_when_it_is_repeated() {
    const PEOPLE: usize = 1_100;

    let (expected, requests) = whole(PEOPLE, PEOPLE);
    assert!((12..30).contains(&requests), "{requests}");
    for at in 2..requests {
        let kinds = UnderWay::kinds(at);
        let fate = kinds[usize::try_from(at).unwrap() % kinds.len()];
        cut_and_repeat(PEOPLE, PEOPLE, at, fate, &expected);
    }
}
