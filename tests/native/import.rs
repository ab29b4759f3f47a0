//! Importing: what it finds, and what it costs.

use std::collections::{BTreeMap, BTreeSet};

use salesforce_emulator::{Effect, Fault};
use salesforce_portal_connector::model::{
    Action, Deactivation, ErrorKind, ImportPage, ImportQuery, ImportScope, PushMode, Status, User, Value,
};
use salesforce_portal_connector::operations::Session;
use serde_json::Value as Json;

use crate::support::{Native, Org};

pub(crate) fn query(scope: ImportScope, page_size: u32) -> ImportQuery {
    ImportQuery { scope, page_size, attributes: Vec::new(), grants: true }
}

/// All pages of an import.
pub(crate) fn all(session: &Session<Native>, scope: ImportScope, page_size: u32) -> Vec<ImportPage> {
    let mut pages = vec![session.import_users(&query(scope, page_size)).unwrap()];
    while let Some(next) = pages[pages.len() - 1].next.clone() {
        pages.push(session.import_users(&query(ImportScope::Resume(next), page_size)).unwrap());
    }
    for page in &pages[..pages.len() - 1] {
        assert_eq!(page.watermark, None, "only the last page has a watermark");
    }
    pages
}

pub(crate) fn users(pages: &[ImportPage]) -> Vec<&User> {
    pages.iter().flat_map(|page| &page.users).collect()
}

pub(crate) fn watermark(pages: &[ImportPage]) -> ImportScope {
    ImportScope::Since(pages.last().unwrap().watermark.clone().unwrap())
}

fn text<'a>(row: &'a Json, field: &str) -> &'a str {
    row[field].as_str().unwrap_or_default()
}

/// Moves the org's clock so far that nothing of before lies in the overlap of the next import.
pub(crate) fn later(org: &Org) {
    org.emulator.advance_clock(3_600);
}

#[test]
fn a_full_import_gives_every_portal_user_with_all_it_holds() {
    let org = Org::start(1_500, 21);
    let session = org.session();
    let pages = all(&session, ImportScope::Full, 400);
    let imported = users(&pages);

    let mut expected: BTreeMap<String, BTreeSet<(String, String)>> = BTreeMap::new();
    for row in org.query("SELECT Id, ProfileId, UserRoleId FROM User WHERE UserType IN ('PowerPartner','CspLitePortal','CustomerSuccess','PowerCustomerSuccess')") {
        let held = expected.entry(text(&row, "Id").to_owned()).or_default();
        held.insert(("profile".to_owned(), text(&row, "ProfileId").to_owned()));
        if !text(&row, "UserRoleId").is_empty() {
            held.insert(("role".to_owned(), text(&row, "UserRoleId").to_owned()));
        }
    }
    for row in org.query(
        "SELECT AssigneeId, PermissionSetId, PermissionSetGroupId FROM PermissionSetAssignment WHERE PermissionSet.IsOwnedByProfile = false",
    ) {
        let (kind, field) = match row["PermissionSetGroupId"].is_null() {
            true => ("permission-set", "PermissionSetId"),
            false => ("permission-set-group", "PermissionSetGroupId"),
        };
        if let Some(held) = expected.get_mut(text(&row, "AssigneeId")) {
            held.insert((kind.to_owned(), text(&row, field).to_owned()));
        }
    }
    for kind in ["permission-set", "permission-set-group"] {
        assert!(expected.values().flatten().any(|(held, _)| held == kind), "the seed gives {kind}s");
    }
    for row in org.query("SELECT UserOrGroupId, GroupId FROM GroupMember WHERE Group.Type = 'Regular'") {
        if let Some(held) = expected.get_mut(text(&row, "UserOrGroupId")) {
            held.insert(("public-group".to_owned(), text(&row, "GroupId").to_owned()));
        }
    }
    let found: BTreeMap<String, BTreeSet<(String, String)>> = imported
        .iter()
        .map(|user| {
            let held = user.grants.iter().map(|grant| (grant.kind.clone(), grant.id.clone()));
            (user.id.clone(), held.collect())
        })
        .collect();
    assert_eq!(found.len(), imported.len(), "no user twice");
    assert_eq!(found, expected);

    let frozen: BTreeSet<String> = org
        .query("SELECT UserId FROM UserLogin WHERE IsFrozen = true")
        .iter()
        .map(|row| text(row, "UserId").to_owned())
        .collect();
    for user in imported.iter().filter(|user| user.status != Status::Inactive) {
        assert_eq!(user.status == Status::Frozen, frozen.contains(&user.id), "{}", user.username);
    }
}

/// The users of pages by their ids, each of which stands once.
fn once(pages: &[ImportPage]) -> BTreeMap<String, User> {
    let mut found = BTreeMap::new();
    for user in users(pages) {
        let known = found.insert(user.id.clone(), user.clone());
        assert!(known.is_none(), "{} came twice", user.id);
    }
    found
}

#[test]
fn any_number_of_requests_side_by_side_gives_the_same_users_once() {
    let org = Org::start(1_500, 35);
    let with_width = |width: &str| org.session_with(&[("requests-in-flight", width)]);
    let expected = once(&all(&with_width("1"), ImportScope::Full, 2_000));
    for width in ["1", "2", "8", "25"] {
        for page_size in [30, 100, 374] {
            let found = once(&all(&with_width(width), ImportScope::Full, page_size));
            assert!(found == expected, "{width} side by side, {page_size} a page: {} users", found.len());
        }
    }
}

#[test]
fn an_import_goes_on_in_another_session_after_any_page() {
    let org = Org::start(1_200, 36);
    let expected = once(&all(&org.session(), ImportScope::Full, 2_000));
    let mut pages = vec![org.session().import_users(&query(ImportScope::Full, 60)).unwrap()];
    while let Some(next) = pages[pages.len() - 1].next.clone() {
        // As many ranges as one session has made are gone on with by one that would make fewer, and the other way round.
        let width = ["8", "3", "1"][pages.len() % 3];
        let session = org.session_with(&[("requests-in-flight", width)]);
        pages.push(session.import_users(&query(ImportScope::Resume(next), 60)).unwrap());
    }
    assert!(once(&pages) == expected, "{} users", users(&pages).len());
    assert!(pages.iter().any(|page| page.next.as_ref().is_some_and(|next| next.split('.').count() > 6)), "in ranges");
}

#[test]
fn a_page_that_fails_leaves_no_request_open_and_is_read_again() {
    let org = Org::start(1_200, 37);
    let expected = once(&all(&org.session(), ImportScope::Full, 2_000));
    let host = Native::new();
    let session = Session::open(host.clone(), org.settings()).unwrap();
    let mut pages = vec![session.import_users(&query(ImportScope::Full, 60)).unwrap()];
    let mut failures = Vec::new();
    while let Some(next) = pages[pages.len() - 1].next.clone() {
        if pages.len() % 3 == 0 && failures.last() != Some(&pages.len()) {
            failures.push(pages.len());
            assert!(host.open_requests() > 0, "it reads on");
            org.emulator.inject(Fault::new(Effect::RequestLimit).path("*/composite"));
            let error = session.import_users(&query(ImportScope::Resume(next), 60)).unwrap_err();
            assert_eq!((error.kind.clone(), host.open_requests()), (ErrorKind::BudgetExhausted, 0));
            continue;
        }
        pages.push(session.import_users(&query(ImportScope::Resume(next), 60)).unwrap());
    }
    assert!(failures.len() > 4 && host.open_requests() == 0, "{failures:?}");
    assert!(once(&pages) == expected, "{} users", users(&pages).len());
}

#[test]
fn an_organization_that_is_crowded_is_asked_for_less_at_a_time() {
    let org = Org::start(1_200, 38);
    let expected = once(&all(&org.session(), ImportScope::Full, 2_000));
    org.emulator.inject(Fault::new(Effect::ConcurrentRequestLimit).path("*/composite").skip(4).times(6));
    assert!(once(&all(&org.session(), ImportScope::Full, 60)) == expected);
}

#[test]
fn a_hundred_thousand_users_with_grants_cost_at_most_110_calls() {
    let org = Org::start(100_000, 22);
    let (pages, journal) = org.observe(|| all(&org.session(), ImportScope::Full, 2_000));
    assert_eq!(users(&pages).len(), 100_000);
    assert!(journal.len() <= 110, "{} calls", journal.len());
    println!("100,000 users with grants: {} calls", journal.len());
}

#[test]
fn fifty_changes_cost_at_most_four_calls() {
    let org = Org::start(2_000, 23);
    let pages = all(&org.session(), ImportScope::Full, 2_000);
    later(&org);
    let changed: Vec<String> = users(&pages)[100..150].iter().map(|user| user.id.clone()).collect();
    let outcomes = org.session().deactivate_users(&changed, Deactivation::Freeze, &PushMode::Apply).unwrap();
    assert!(
        outcomes.iter().all(
            |outcome| matches!(outcome, Ok(outcome) if matches!(outcome.action, Action::Frozen | Action::Unchanged))
        )
    );
    let (increment, journal) = org.observe(|| all(&org.session(), watermark(&pages), 2_000));
    assert!(journal.len() <= 4, "{} calls", journal.len());
    println!("50 changes: {} calls", journal.len());
    let found: BTreeSet<&str> = users(&increment).iter().map(|user| user.id.as_str()).collect();
    assert!(found.len() >= 40 && found.iter().all(|id| changed.iter().any(|one| one == id)), "{}", found.len());
    assert!(users(&increment).iter().all(|user| user.status != Status::Active));
}

/// One changed record of each kind.
fn change(org: &Org, path: &str, body: &str) {
    org.write("PATCH", path, body);
}

#[test]
fn an_increment_finds_changes_of_users_contacts_freezes_and_grants() {
    let org = Org::start(300, 24);
    let pages = all(&org.session(), ImportScope::Full, 2_000);
    let portal: Vec<Json> =
        org.query("SELECT Id, ContactId, UserType FROM User WHERE UserType = 'PowerCustomerSuccess' AND IsActive = true ORDER BY Id");
    let id = |at: usize| text(&portal[at], "Id").to_owned();
    later(&org);
    change(&org, &format!("sobjects/User/{}", id(0)), r#"{"Title":"Baroness"}"#);
    change(&org, &format!("sobjects/Contact/{}", text(&portal[1], "ContactId")), r#"{"Phone":"+1 555 0100"}"#);
    let login = org.id("UserLogin", &format!("UserId = '{}'", id(2)));
    change(&org, &format!("sobjects/UserLogin/{login}"), r#"{"IsFrozen":true}"#);
    let set = org.id("PermissionSet", "Name = 'Portal_Knowledge_Reader'");
    org.write(
        "POST",
        "sobjects/PermissionSetAssignment",
        &format!(r#"{{"AssigneeId":"{}","PermissionSetId":"{set}"}}"#, id(3)),
    );
    let group = org.id("Group", "DeveloperName = 'Support_Staff'");
    org.write("POST", "sobjects/GroupMember", &format!(r#"{{"UserOrGroupId":"{}","GroupId":"{group}"}}"#, id(4)));

    let increment = all(&org.session(), watermark(&pages), 2_000);
    let found: Vec<&str> = users(&increment).iter().map(|user| user.id.as_str()).collect();
    assert_eq!(found, (0..5).map(id).collect::<Vec<_>>());
    let by = |at: usize| users(&increment)[at].clone();
    assert_eq!(increment[0].value(&by(0), "title"), Some(&Value::Text("Baroness".to_owned())));
    assert_eq!(by(2).status, Status::Frozen);
    assert!(by(3).grants.iter().any(|grant| grant.kind == "permission-set" && grant.id == set));
    assert!(by(4).grants.iter().any(|grant| grant.kind == "public-group" && grant.id == group));
}

#[test]
fn an_increment_finds_who_lost_a_permission_set_or_a_group_of_them() {
    let org = Org::start(300, 35);
    let pages = all(&org.session(), ImportScope::Full, 2_000);
    later(&org);
    let mut expected = Vec::new();
    let free = org.query(
        "SELECT Id FROM User WHERE UserType = 'PowerCustomerSuccess' AND IsActive = true AND Id NOT IN
         (SELECT AssigneeId FROM PermissionSetAssignment WHERE PermissionSet.IsOwnedByProfile = false) ORDER BY Id LIMIT 1",
    );
    let (free, set) = (text(&free[0], "Id"), org.id("PermissionSet", "Name = 'Portal_Knowledge_Reader'"));
    for condition in ["PermissionSetGroupId = null", "PermissionSetGroupId != null"] {
        let held = format!(
            "SELECT Id, AssigneeId FROM PermissionSetAssignment WHERE {condition} AND PermissionSet.IsOwnedByProfile = false
             AND Assignee.ContactId != null ORDER BY Id DESC LIMIT 1"
        );
        let row = org.query(&held).remove(0);
        org.write("DELETE", &format!("sobjects/PermissionSetAssignment/{}", text(&row, "Id")), "");
        expected.push(text(&row, "AssigneeId").to_owned());
    }
    // One that was to end, which is given and taken between two imports.
    let fields =
        format!(r#"{{"AssigneeId":"{free}","PermissionSetId":"{set}","ExpirationDate":"2099-01-31T12:00:00Z"}}"#);
    org.write("POST", "sobjects/PermissionSetAssignment", &fields);
    let row = org.id("PermissionSetAssignment", &format!("AssigneeId = '{free}' AND PermissionSetId = '{set}'"));
    org.write("DELETE", &format!("sobjects/PermissionSetAssignment/{row}"), "");
    expected.push(free.to_owned());
    expected.sort();
    let before = users(&pages).into_iter().filter(|user| expected.contains(&user.id)).cloned().collect::<Vec<_>>();
    let (increment, journal) = org.observe(|| all(&org.session(), watermark(&pages), 2_000));
    assert!(journal.len() <= 4, "{} calls", journal.len());
    let found: Vec<&str> = users(&increment).iter().map(|user| user.id.as_str()).collect();
    assert_eq!(found, expected);
    for (user, before) in users(&increment).iter().zip(&before) {
        let taken = usize::from(user.id != free);
        assert_eq!(user.grants.len() + taken, before.grants.len(), "{}", user.username);
    }

    // Without the right to view the setup the increment goes on without them.
    org.emulator.set_switches(|switches| switches.hidden_objects = vec!["SetupAuditTrail".to_owned()]);
    assert!(users(&all(&org.session(), watermark(&pages), 2_000)).is_empty());
}

#[test]
fn a_change_during_an_import_is_found_by_the_next() {
    let org = Org::start(300, 25);
    let session = org.session();
    let first = session.import_users(&query(ImportScope::Full, 100)).unwrap();
    let given = first.users[0].id.clone();
    change(&org, &format!("sobjects/User/{given}"), r#"{"Title":"Baroness"}"#);
    let pages = all(&session, ImportScope::Resume(first.next.unwrap()), 100);
    let increment = all(&session, watermark(&pages), 100);
    assert!(users(&increment).iter().any(|user| user.id == given));
}

#[test]
fn many_changes_come_in_pages_and_each_user_once() {
    let org = Org::start(1_200, 26);
    let pages = all(&org.session(), ImportScope::Full, 2_000);
    later(&org);
    let ids: Vec<String> =
        users(&pages).iter().filter(|user| user.status == Status::Active).map(|user| user.id.clone()).collect();
    org.session().deactivate_users(&ids, Deactivation::Freeze, &PushMode::Apply).unwrap();
    let increment = all(&org.session(), watermark(&pages), 200);
    assert!(increment.len() >= ids.len() / 200);
    assert_eq!(users(&increment).iter().map(|user| user.id.clone()).collect::<Vec<_>>(), ids);
}

#[test]
fn only_the_chosen_kinds_of_users_are_imported() {
    let org = Org::start(400, 30);
    for (name, user_type) in [("partner", "PowerPartner"), ("high-volume-portal", "CspLitePortal")] {
        let pages = all(&org.session_with(&[("user-types", name)]), ImportScope::Full, 2_000);
        let expected = org.query(&format!("SELECT Id FROM User WHERE UserType = '{user_type}'")).len();
        assert_eq!(users(&pages).len(), expected, "{name}");
        let error = org.session().import_users(&query(watermark(&pages), 2_000)).unwrap_err();
        assert_eq!(error.kind, ErrorKind::StaleReference);
    }
}

#[test]
fn custom_fields_are_listed_and_imported_by_their_names() {
    let org = Org::start(50, 31);
    let session = org.session();
    let attributes = session.list_attributes().unwrap();
    let grade = attributes.iter().find(|one| one.name == "Employee_Grade__c").unwrap();
    assert_eq!(grade.choices, ["Associate", "Professional", "Principal", "Executive"]);
    let newsletter = attributes.iter().find(|one| one.name == "Contact.Newsletter__c").unwrap();
    assert_eq!((newsletter.kind.as_str(), newsletter.writable), ("boolean", true));
    let names = ["Employee_Grade__c", "Cost_Center__c", "Contact.Newsletter__c", "Contact.External_Id__c"];
    let query = ImportQuery {
        scope: ImportScope::Full,
        page_size: 2_000,
        attributes: names.map(str::to_owned).to_vec(),
        grants: false,
    };
    let page = session.import_users(&query).unwrap();
    let rows = org.query("SELECT Cost_Center__c, Contact.External_Id__c FROM User WHERE ContactId != null ORDER BY Id");
    assert!(rows.iter().any(|row| row["Contact"]["External_Id__c"].is_string()));
    assert_eq!(page.users.len(), rows.len());
    for (user, row) in page.users.iter().zip(&rows) {
        let value = |name: &str| page.value(user, name).cloned();
        assert_eq!(value("Contact.Newsletter__c"), Some(Value::Boolean(false)));
        let expected = |value: &Json| value.as_str().map(|text| Value::Text(text.to_owned()));
        assert_eq!(value("Cost_Center__c"), expected(&row["Cost_Center__c"]));
        assert_eq!(value("Contact.External_Id__c"), expected(&row["Contact"]["External_Id__c"]));
    }
}

#[test]
fn a_job_stops_before_the_organization_is_starved_and_says_what_is_left() {
    let org = Org::start(3_000, 32);
    org.emulator.set_daily_api_requests(1_000);
    org.emulator.set_api_requests_used(890);
    let session = org.session_with(&[("api-reserve", "10%")]);
    let mut scope = ImportScope::Full;
    let error = loop {
        match session.import_users(&query(scope, 100)) {
            Ok(page) => scope = ImportScope::Resume(page.next.unwrap()),
            Err(error) => break error,
        }
    };
    assert_eq!(error.kind, ErrorKind::BudgetExhausted);
    assert!(error.message.contains("api-reserve keeps 100"), "{error}");
    let used = session.usage().used.unwrap();
    assert!((893..=900).contains(&used), "requests under way count as used: {used}");
}
