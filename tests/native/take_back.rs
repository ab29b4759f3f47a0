//! A push that is cut off at any request, of people whom nobody wants any more, or still does.

use std::cell::RefCell;
use std::rc::Rc;

use salesforce_portal_connector::model::{Deactivation, DesiredUser, PushMode};
use salesforce_portal_connector::operations::Session;

use crate::ledger::{Kept, session};
use crate::support::{Native, Org, UnderWay, WIDTHS, at_width, grant, person, unless_dropped, writes};

const KEYS: [(&str, &str); 2] = [("user-key-field", "IdP_Key__c"), ("contact-key-field", "IdP_Key__c")];
/// Without keys, and with them.
const SETTINGS: [&[(&str, &str)]; 2] = [&[], &KEYS];

/// Three people with a permission set, a group and a feature licence each.
fn people(org: &Org) -> Vec<DesiredUser> {
    let profile = org.profile("Customer Community Plus User");
    let grants = [
        grant("permission-set", &org.id("PermissionSet", "Name = 'Portal_Case_Access'")),
        grant("public-group", &org.id("Group", "DeveloperName = 'Priority_Customers'")),
        grant("feature-license", "UserPermissionsSFContentUser"),
    ];
    let one = |name: &str| {
        let mut person = person(name, &profile);
        person.grants.extend(grants.iter().cloned());
        person
    };
    ["Ada", "Eve", "Max"].map(one).to_vec()
}

/// How the connector ends.
#[derive(Clone, Copy, Debug)]
enum Cut {
    /// Before a request is sent, with a fate for those that are under way.
    Before(UnderWay),
    /// When it has been answered, which nobody hears.
    Behind(UnderWay),
}

/// Pushes until the cut; none where it came.
fn push(org: &Org, kept: &Rc<RefCell<Kept>>, more: &[(&str, &str)], cut: Cut, requests: u64) -> Option<()> {
    let host = Native::keeping(kept);
    match cut {
        Cut::Before(fate) => {
            host.leave(fate);
            host.drop_after(requests);
        }
        Cut::Behind(fate) => {
            host.leave(fate);
            host.lose_answer_after(requests);
        }
    }
    unless_dropped(|| {
        let session = Session::open(host, org.settings_with(more)).unwrap();
        session.push_users(&people(org), &PushMode::Apply).unwrap().into_iter().for_each(|one| _ = one.unwrap());
    })
}

const WHOLE: Cut = Cut::Before(UnderWay::None);

/// Every request of a whole push, with each way to end there.
fn cuts(more: &[(&str, &str)], width: usize) -> Vec<(Cut, u64)> {
    let org = Org::start(3, 981);
    let (_, journal) = org.observe(|| push(&org, &Kept::new(), more, WHOLE, u64::MAX));
    let requests = journal.len() as u64;
    assert!(requests >= 8, "{requests}");
    let cuts = |at| {
        let kinds = UnderWay::kinds(at);
        // Of one request at a time no other is under way.
        let kinds = if width == 1 { &kinds[..1] } else { &kinds[..] };
        kinds.iter().flat_map(|fate| [Cut::Before(*fate), Cut::Behind(*fate)]).map(move |cut| (cut, at)).collect()
    };
    (0..requests).flat_map::<Vec<_>, _>(cuts).collect()
}

const ACTIVE: &str = "User WHERE Username LIKE '%@lighthouse.example' AND IsActive = true";

/// The contacts of the people that have no user.
fn lone_contacts(org: &Org) -> usize {
    let contacts = org.count("Contact WHERE Email LIKE '%@lighthouse.example'");
    contacts - org.count("User WHERE Contact.Email LIKE '%@lighthouse.example'")
}

#[test]
fn wherever_a_push_is_cut_off_all_of_it_can_be_taken_back() {
    WIDTHS.into_iter().for_each(|width| at_width(width, || take_all_back(width)));
}

fn take_all_back(width: usize) {
    for more in SETTINGS {
        let mut found = 0;
        for (cut, at) in cuts(more, width) {
            let case = format!("{cut:?} request {at} with {more:?}");
            let org = Org::start(3, 981);
            let kept = Kept::new();
            assert_eq!(push(&org, &kept, more, cut, at), None, "{case}");
            found += org.count(ACTIVE) + lone_contacts(&org);
            // As the bundled host does it: whose users are known are taken out of use by their ids.
            let session = session(&org, &kept, more);
            let known: Vec<String> = kept.borrow().owners.keys().cloned().collect();
            let abandoned = kept.borrow().abandoned();
            let how = Deactivation::Deactivate;
            let take_back = |mode| {
                for result in session.take_back_users(&abandoned, how, &mode).unwrap() {
                    result.unwrap_or_else(|error| panic!("{case}: {error:?}"));
                }
            };
            let ((), journal) = org.observe(|| take_back(PushMode::Plan));
            assert_eq!(writes(&journal), Vec::<String>::new(), "{case}");
            take_back(PushMode::Apply);
            session
                .deactivate_users(&known, how, &PushMode::Apply)
                .unwrap()
                .into_iter()
                .for_each(|one| _ = one.unwrap());
            assert_eq!((org.count(ACTIVE), lone_contacts(&org)), (0, 0), "{case}");
            assert_eq!(org.count("User WHERE ContactId != null AND IsActive = true"), 3, "{case}");
        }
        assert!(found >= 10, "{found}");
    }
}

#[test]
fn wherever_a_push_is_cut_off_the_next_one_completes_it_with_one_user_and_contact_each() {
    WIDTHS.into_iter().for_each(|width| at_width(width, || complete_all(width)));
}

fn complete_all(width: usize) {
    for more in SETTINGS {
        for (cut, at) in cuts(more, width) {
            let case = format!("{cut:?} request {at} with {more:?}");
            let org = Org::start(3, 981);
            let kept = Kept::new();
            assert_eq!(push(&org, &kept, more, cut, at), None, "{case}");
            push(&org, &kept, more, WHOLE, u64::MAX).unwrap();
            assert_eq!((org.count(ACTIVE), lone_contacts(&org)), (3, 0), "{case}");
            assert_eq!(org.count("Contact WHERE Email LIKE '%@lighthouse.example'"), 3, "{case}");
            assert_eq!(org.count("GroupMember WHERE Group.DeveloperName = 'Priority_Customers'"), 3, "{case}");
            assert!(kept.borrow().undecided.is_empty(), "{case}");
            for person in people(&org) {
                let id = org.id("User", &format!("Username = '{}'", person.username));
                assert_eq!(kept.borrow().user_of(&person.key), Some(id), "{case}");
            }
        }
    }
}

#[test]
fn a_person_of_whom_a_push_left_nothing_is_told_so_and_nothing_is_changed() {
    let org = Org::start(3, 982);
    let kept = Kept::new();
    // The first request behind the beginning is the first that writes.
    for requests in 0.. {
        assert_eq!(push(&org, &kept, &[], WHOLE, requests), None);
        if !kept.borrow().attempts.is_empty() {
            break;
        }
    }
    let before = (org.count("Contact"), org.count("User WHERE IsActive = true"));
    let abandoned = kept.borrow().abandoned();
    assert_eq!(abandoned.len(), 3);
    let session = session(&org, &kept, &[]);
    for result in session.take_back_users(&abandoned, Deactivation::Unlink, &PushMode::Apply).unwrap() {
        let outcome = result.unwrap();
        assert_eq!((outcome.id, outcome.changes), (None, Vec::new()));
    }
    assert_eq!((org.count("Contact"), org.count("User WHERE IsActive = true")), before);
}
