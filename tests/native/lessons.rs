//! What has gone wrong in other connectors and must not go wrong here, each by the name of the mistake that it keeps out.

use salesforce_emulator::{Effect, ErrorBody, Fault, When};
use salesforce_portal_connector::model::{
    Action, Change, Deactivation, DesiredUser, ErrorKind, ImportScope, PushMode, Value,
};
use salesforce_portal_connector::operations::Session;

use crate::import::{all, later, query, users, watermark};
use crate::lifecycle::{ada, held};
use crate::support::{Native, Org, at_width, grant, person, set, writes};

const COMMUNITY: &str = "Customer Community User";
const PLUS: &str = "Customer Community Plus User";
const CONTACTS: &str = "Contact WHERE Email = 'ada@lighthouse.example'";
const USERS: &str = "User WHERE Username = 'ada@lighthouse.example'";

/// All of them.
const LESSONS: [fn(); 22] = [
    an_email_address_that_two_contacts_share_finds_neither,
    a_user_that_exists_is_updated_and_its_password_never_reset,
    no_null_is_sent_for_what_a_new_record_does_not_have,
    no_read_only_field_is_sent_in_an_update,
    api_usage_is_what_is_used_and_not_what_is_left,
    more_users_are_read_than_an_offset_reaches,
    no_page_ends_an_import_before_its_end,
    an_import_resumes_after_days_and_without_query_locators,
    a_contact_that_has_a_user_gets_no_second_one,
    every_attribute_that_can_be_set_can_be_cleared,
    a_dry_run_moves_nothing_that_the_next_import_reads,
    an_update_of_nothing_writes_nothing,
    entitlements_do_not_cost_a_call_each,
    entitlements_of_one_name_are_told_apart_by_their_ids,
    a_feature_that_is_switched_off_is_told_and_not_left_out_silently,
    a_leaver_with_a_bad_email_address_is_deactivated_all_the_same,
    groups_lost_by_a_deactivation_are_named_and_given_again,
    a_refused_user_leaves_no_contact_that_nobody_knows_of,
    an_account_owner_without_a_role_is_told_before_any_write,
    licenses_that_run_out_halfway_through_a_batch_stop_only_those_without_a_seat,
    a_username_taken_in_another_org_is_told_and_leaves_no_contact_behind,
    ids_of_before_a_refresh_of_the_sandbox_are_named_with_what_to_do,
];

#[test]
fn they_hold_with_one_request_at_a_time() {
    at_width(1, || LESSONS.iter().for_each(|lesson| lesson()));
}

#[test]
fn they_hold_with_as_many_requests_side_by_side_as_may_be() {
    at_width(25, || LESSONS.iter().for_each(|lesson| lesson()));
}

/// A session, and the host that notes what it sends.
fn noted(org: &Org) -> (Session<Native>, Native) {
    let host = Native::new();
    (Session::open(host.clone(), org.settings()).unwrap(), host)
}

#[test]
fn an_email_address_that_two_contacts_share_finds_neither() {
    let org = Org::start(5, 501);
    let account = org.emulator.credentials().account_id;
    for name in ["One", "Two"] {
        let body = format!(r#"{{"LastName":"{name}","AccountId":"{account}","Email":"ada@lighthouse.example"}}"#);
        org.write("POST", "sobjects/Contact", &body);
    }
    let (result, journal) = org.observe(|| org.push(&person("Ada", &org.profile(COMMUNITY))));
    let error = result.unwrap_err();
    assert_eq!(error.kind, ErrorKind::AmbiguousMatch);
    for row in org.query(&format!("SELECT Id FROM {CONTACTS}")) {
        assert!(error.message.contains(row["Id"].as_str().unwrap()), "{error:?}");
    }
    assert_eq!(writes(&journal), Vec::<String>::new());
}

#[test]
fn a_user_that_exists_is_updated_and_its_password_never_reset() {
    let org = Org::start(5, 947);
    let mut user = ada(&org);
    org.push(&user).unwrap();
    user.changes.push(set("title", "Countess"));
    let (outcome, journal) = org.observe(|| org.push(&user).unwrap());
    assert_eq!(outcome.action, Action::Updated);
    assert!(journal.iter().all(|entry| !entry.path.contains("password")));
}

#[test]
fn no_null_is_sent_for_what_a_new_record_does_not_have() {
    let org = Org::start(5, 503);
    let (session, host) = noted(&org);
    let mut user = ada(&org);
    user.changes.push(Change { name: "title".to_owned(), value: None });
    session.push_users(&[user], &PushMode::Apply).unwrap().remove(0).unwrap();
    let written = host.written();
    assert!(written.iter().any(|(_, record)| record["attributes"]["type"] == "User"));
    for (method, record) in written {
        let empty: Vec<_> = record.as_object().unwrap().iter().filter(|(_, value)| value.is_null()).collect();
        assert!(method == "POST" && empty.is_empty(), "{method} {record}");
    }
}

#[test]
fn no_read_only_field_is_sent_in_an_update() {
    let org = Org::start(5, 504);
    let (session, host) = noted(&org);
    let id = session.push_users(&[ada(&org)], &PushMode::Apply).unwrap().remove(0).unwrap().id;
    let made = host.written().len();
    let mut user = DesiredUser { id, ..ada(&org) };
    let writable = session.list_attributes().unwrap().into_iter().filter(|one| one.writable && one.name != "username");
    // These have to name a record that is there; tests of their own try them.
    let writable = writable.filter(|one| one.kind.as_str() != "reference");
    user.changes =
        writable.map(|one| Change { value: Some(sample(&one.name, &one.choices)), name: one.name }).collect();
    session.push_users(&[user], &PushMode::Apply).unwrap().remove(0).unwrap();
    let changed = &host.written()[made..];
    assert!(changed.iter().any(|(_, record)| record["Id"].as_str().is_some_and(|id| id.starts_with("003"))));
    for (method, record) in changed {
        assert_eq!(*method, "PATCH");
        let object = record["attributes"]["type"].as_str().unwrap();
        let fields = org.read(&format!("sobjects/{object}/describe"))["fields"].clone();
        for name in record.as_object().unwrap().keys().filter(|name| !["attributes", "Id"].contains(&name.as_str())) {
            let field = fields.as_array().unwrap().iter().find(|field| field["name"] == name.as_str()).unwrap();
            assert_eq!(field["updateable"], true, "{object}.{name}");
        }
    }
    for name in ["accountId", "contactId", "displayName", "lastLogin", "userType"] {
        let mut user = ada(&org);
        user.changes.push(set(name, "x"));
        let error = org.push(&user).unwrap_err();
        assert!(error.kind == ErrorKind::InvalidValue && error.message.contains(name), "{error:?}");
    }
}

/// A value that an attribute takes.
fn sample(name: &str, choices: &[String]) -> Value {
    match name {
        "email" => Value::Text("other@lighthouse.example".to_owned()),
        "timezone" => Value::Text("Europe/Berlin".to_owned()),
        "locale" => Value::Text("de_DE".to_owned()),
        "preferredLanguage" => Value::Text("de".to_owned()),
        "portalRole" => Value::Text("Manager".to_owned()),
        "Contact.Newsletter__c" => Value::Boolean(true),
        "Score__c" | "Contact.Credit_Limit__c" => Value::Text("12.5".to_owned()),
        _ => Value::Text(choices.first().cloned().unwrap_or_else(|| "New".to_owned())),
    }
}

#[test]
fn api_usage_is_what_is_used_and_not_what_is_left() {
    let org = Org::start(5, 505);
    org.emulator.set_daily_api_requests(15_000);
    org.emulator.set_api_requests_used(17);
    // Of 15,000 requests 18 are used; 18 that are left would be far below the reserve.
    let session = org.session_with(&[("api-reserve", "20%")]);
    session.list_attributes().unwrap();
    let usage = session.usage();
    assert!(usage.used.is_some_and(|used| (18..30).contains(&used)), "{usage:?}");
    assert_eq!(usage.limit, Some(15_000));
}

#[test]
fn more_users_are_read_than_an_offset_reaches() {
    let org = Org::start(4_500, 28);
    let pages = all(&org.session(), ImportScope::Full, 2_000);
    assert_eq!(users(&pages).len(), 4_500);
    assert!(org.emulator.journal().iter().all(|entry| !entry.soql.as_deref().unwrap_or_default().contains("OFFSET")));
}

#[test]
fn no_page_ends_an_import_before_its_end() {
    let org = Org::start(2_400, 507);
    let expected = org.count("User WHERE ContactId != null");
    // Of some sizes the last page is full; others are cut short by Salesforce.
    for largest in [2_000, 500] {
        org.emulator.set_switches(|switches| switches.largest_query_page = largest);
        for page_size in [150, 600, 1_200, 2_400, 5_000] {
            let pages = all(&org.session(), ImportScope::Full, page_size);
            assert_eq!(users(&pages).len(), expected, "in pages of {page_size}, cut at {largest}");
        }
    }
}

#[test]
fn an_import_resumes_after_days_and_without_query_locators() {
    let org = Org::start(700, 27);
    let whole = all(&org.session(), ImportScope::Full, 2_000);
    let mut scope = ImportScope::Full;
    let mut found = Vec::new();
    loop {
        let page = org.session().import_users(&query(scope, 150)).unwrap();
        found.extend(page.users.iter().map(|user| user.id.clone()));
        let Some(next) = page.next else { break };
        scope = ImportScope::Resume(next);
        org.emulator.expire_query_locators();
        org.emulator.expire_sessions();
        org.emulator.advance_clock(86_400);
    }
    assert_eq!(found, users(&whole).iter().map(|user| user.id.clone()).collect::<Vec<_>>());
}

#[test]
fn a_contact_that_has_a_user_gets_no_second_one() {
    let org = Org::start(5, 509);
    org.push(&person("Ada", &org.profile(COMMUNITY))).unwrap();
    let mut other = person("Countess", &org.profile(COMMUNITY));
    other.changes.retain(|change| change.name != "email");
    other.changes.push(set("email", "ada@lighthouse.example"));
    let (result, journal) = org.observe(|| org.push(&other));
    let error = result.unwrap_err();
    assert_eq!(error.kind, ErrorKind::AmbiguousMatch);
    assert!(error.message.contains("it is the portal user of the contact"), "{error:?}");
    assert_eq!(writes(&journal), Vec::<String>::new());
}

#[test]
fn every_attribute_that_can_be_set_can_be_cleared() {
    let org = Org::start(5, 510);
    let session = org.session();
    // Salesforce has no user without these (H).
    let kept = ["alias", "nickName", "timezone", "locale", "preferredLanguage", "emailEncoding", "portalRole"];
    let names: Vec<(String, Vec<String>)> = session
        .list_attributes()
        .unwrap()
        .into_iter()
        .filter(|one| {
            one.writable
                && !one.required
                && !["boolean", "reference"].contains(&one.kind.as_str())
                && !kept.contains(&&*one.name)
        })
        .map(|one| (one.name, one.choices))
        .collect();
    assert!(names.len() >= 15, "{names:?}");
    let push = |changes: Vec<Change>| {
        let mut user = person("Ada", &org.profile(PLUS));
        user.changes.retain(|change| changes.iter().all(|other| other.name != change.name));
        user.changes.extend(changes);
        session.push_users(&[user], &PushMode::Apply).unwrap().remove(0).unwrap()
    };
    let with = |value: &dyn Fn(&str, &[String]) -> Option<Value>| {
        names.iter().map(|(name, choices)| Change { name: name.clone(), value: value(name, choices) }).collect()
    };
    push(with(&|name, choices| Some(sample(name, choices))));
    let cleared = push(with(&|_, _| None));
    let fields: Vec<_> =
        cleared.changes.iter().filter(|change| change.object == "User" || change.object == "Contact").collect();
    assert!(fields.len() >= names.len() && fields.iter().all(|change| change.new.is_none()), "{fields:?}");
    for change in fields {
        let path = if change.object == "User" { change.field.to_string() } else { format!("Contact.{}", change.field) };
        assert_eq!(org.count(&format!("{USERS} AND {path} = null")), 1, "{path}");
    }
}

#[test]
fn a_dry_run_moves_nothing_that_the_next_import_reads() {
    let org = Org::start(200, 29);
    let before = org.query("SELECT Id, SystemModstamp FROM User ORDER BY Id");
    let pages = all(&org.session(), ImportScope::Full, 2_000);
    later(&org);
    for _ in 0..2 {
        // The same watermark gives the same: nothing of an import is kept by the org or the connector.
        assert!(users(&all(&org.session(), watermark(&pages), 2_000)).is_empty());
    }
    let plan = [ada(&org)];
    org.session().push_users(&plan, &PushMode::Plan).unwrap().remove(0).unwrap();
    assert!(users(&all(&org.session(), watermark(&pages), 2_000)).is_empty());
    assert_eq!(org.query("SELECT Id, SystemModstamp FROM User ORDER BY Id"), before);
}

#[test]
fn an_update_of_nothing_writes_nothing() {
    let org = Org::start(5, 512);
    let user = ada(&org);
    let id = org.push(&user).unwrap().id;
    let nothing = DesiredUser { id, changes: Vec::new(), grants: Vec::new(), ..user.clone() };
    for user in [user, nothing] {
        let (outcome, journal) = org.observe(|| org.push(&user).unwrap());
        assert_eq!(outcome.action, Action::Unchanged);
        assert_eq!(writes(&journal), Vec::<String>::new());
    }
}

#[test]
fn entitlements_do_not_cost_a_call_each() {
    let org = Org::start(3_000, 513);
    let session = org.session();
    for kind in ["profile", "role", "permission-set", "permission-set-group", "feature-license", "public-group"] {
        let (page, journal) = org.observe(|| session.list_entitlements(kind, None).unwrap());
        assert!(page.entitlements.len() >= 3, "{kind}");
        assert!(journal.len() <= 2, "{kind}: {} calls for {}", journal.len(), page.entitlements.len());
    }
    let cost = |user: DesiredUser| {
        org.observe(|| session.push_users(&[user], &PushMode::Plan).unwrap().remove(0).unwrap()).1.len()
    };
    let one = cost(person("Ada", &org.profile(PLUS)));
    let many = cost(ada(&org));
    assert!(many <= one, "{many} calls with three more grants, {one} without");
}

#[test]
fn entitlements_of_one_name_are_told_apart_by_their_ids() {
    let org = Org::start(5, 514);
    org.write("POST", "sobjects/Group", r#"{"Name":"Priority Customers","DeveloperName":"Another"}"#);
    let groups = org.session().list_entitlements("public-group", None).unwrap().entitlements;
    let namesakes: Vec<&str> =
        groups.iter().filter(|one| one.name == "Priority Customers").map(|one| one.id.as_str()).collect();
    assert_eq!(namesakes.len(), 2);
    let mut user = person("Ada", &org.profile(PLUS));
    user.grants.push(grant("public-group", namesakes[1]));
    let id = org.push(&user).unwrap().id.unwrap();
    assert_eq!(org.count(&format!("GroupMember WHERE UserOrGroupId = '{id}' AND GroupId = '{}'", namesakes[1])), 1);
    assert_eq!(org.count(&format!("GroupMember WHERE UserOrGroupId = '{id}'")), 1);
}

#[test]
fn a_feature_that_is_switched_off_is_told_and_not_left_out_silently() {
    let org = Org::start(5, 938);
    let mut user = person("Ada", &org.profile(COMMUNITY));
    user.grants.push(grant("feature-license", "UserPermissionsNoSuchFeature"));
    let (result, journal) = org.observe(|| org.push(&user));
    let error = result.unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotFound);
    assert!(error.message.contains("UserPermissionsNoSuchFeature") && error.remedy.is_some(), "{error:?}");
    assert_eq!(writes(&journal), Vec::<String>::new());
}

#[test]
fn a_leaver_with_a_bad_email_address_is_deactivated_all_the_same() {
    let org = Org::start(5, 946);
    let mut user = ada(&org);
    let ids = [org.push(&user).unwrap().id.unwrap()];
    for (bad, kind, words, remedy) in [
        (None, ErrorKind::MissingValue, "is empty, and Salesforce needs it", "leave it out of the push"),
        (Some("ada at home"), ErrorKind::InvalidValue, "is not an e-mail address", "Correct it in the directory"),
    ] {
        user.changes.retain(|change| change.name != "email");
        let value = bad.map(|text| Value::Text(text.to_owned()));
        user.changes.push(Change { name: "email".to_owned(), value });
        let (result, journal) = org.observe(|| org.push(&user));
        let error = result.unwrap_err();
        assert_eq!(error.kind, kind);
        assert_eq!(error.message, format!("the attribute email of the user ada@lighthouse.example {words}"));
        assert!(error.remedy.as_ref().unwrap().contains(remedy), "{error:?}");
        assert_eq!(writes(&journal), Vec::<String>::new());
    }
    let (session, host) = noted(&org);
    let outcome =
        session.deactivate_users(&ids, Deactivation::Deactivate, &PushMode::Apply).unwrap().remove(0).unwrap();
    assert_eq!(outcome.action, Action::Deactivated);
    let sent: Vec<String> = host.written()[0].1.as_object().unwrap().keys().cloned().collect();
    assert_eq!(sent, ["Id", "IsActive", "attributes"]);
}

#[test]
fn groups_lost_by_a_deactivation_are_named_and_given_again() {
    let org = Org::start(5, 943);
    let user = ada(&org);
    let id = org.push(&user).unwrap().id.unwrap();
    let session = org.session();
    let ids = [id];
    let outcome =
        session.deactivate_users(&ids, Deactivation::Deactivate, &PushMode::Apply).unwrap().remove(0).unwrap();
    assert!(outcome.side_effects.iter().any(|effect| effect.contains("Priority Customers")), "{outcome:?}");
    assert_eq!(held(&org), (2, 0));
    // A push of the inactive user does not put it into groups that it would lose again.
    let outcome = org.push(&user).unwrap();
    assert_eq!(outcome.action, Action::Unchanged, "{outcome:?}");
    session.reactivate_users(&ids, &PushMode::Apply).unwrap().remove(0).unwrap();
    assert_eq!(org.push(&user).unwrap().action, Action::Updated);
    assert_eq!(held(&org), (2, 1));
}

#[test]
fn a_refused_user_leaves_no_contact_that_nobody_knows_of() {
    let org = Org::start(5, 518);
    let user = person("Ada", &org.profile(COMMUNITY));
    let refuse = || {
        let effect = Effect::Refuse {
            status_code: "CANNOT_EXECUTE_FLOW_TRIGGER".to_owned(),
            message: "The flow failed".to_owned(),
            fields: Vec::new(),
            records: Vec::new(),
        };
        // The first write makes the contact, the second the user.
        org.emulator.inject(Fault::new(effect).method("POST").path("*composite/sobjects*").skip(1).times(1));
    };
    refuse();
    let error = org.push(&user).unwrap_err();
    assert!(error.message.contains("has been deleted again"), "{error:?}");
    assert_eq!(org.count(CONTACTS), 0);

    refuse();
    let down = Effect::ServerError { status: 503, body: ErrorBody::Html, when: When::BeforeWork };
    org.emulator.inject(Fault::new(down).method("DELETE").times(100));
    let error = org.push(&user).unwrap_err();
    org.emulator.clear_faults();
    let contact = org.query(&format!("SELECT Id FROM {CONTACTS}")).remove(0);
    assert!(error.message.contains(contact["Id"].as_str().unwrap()), "{error:?}");
    assert_eq!(org.push(&user).unwrap().action, Action::Created);
    assert_eq!(org.query(&format!("SELECT ContactId FROM {USERS}"))[0]["ContactId"], contact["Id"]);
    assert_eq!(org.count(CONTACTS), 1);
}

#[test]
fn an_account_owner_without_a_role_is_told_before_any_write() {
    let org = Org::start(5, 936);
    let account = org.query("SELECT Id FROM Account WHERE Owner.UserRoleId = null").remove(0);
    let session = org.session_with(&[("account-id", account["Id"].as_str().unwrap())]);
    let user = person("Ada", &org.profile("Customer Community Plus User"));
    let (results, journal) = org.observe(|| session.push_users(&[user], &PushMode::Apply).unwrap());
    let error = results[0].as_ref().unwrap_err();
    assert_eq!(error.kind, ErrorKind::RejectedByRule, "{error:?}");
    assert!(error.message.contains("has no role") && error.remedy.is_some(), "{error:?}");
    assert_eq!(writes(&journal), Vec::<String>::new());
}

#[test]
fn licenses_that_run_out_halfway_through_a_batch_stop_only_those_without_a_seat() {
    let org = Org::start(5, 935);
    let used = org.emulator.licence_pools().unwrap();
    let used = used.iter().find(|pool| pool.name == "Customer Community Plus").unwrap().used;
    org.emulator.set_licence_seats("Customer Community Plus", used + 3).unwrap();
    let profile = org.profile("Customer Community Plus User");
    let people: Vec<DesiredUser> = (0..5).map(|at| person(&format!("Seat-{at}"), &profile)).collect();
    let results = org.session().push_users(&people, &PushMode::Apply).unwrap();
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 3);
    for result in &results[3..] {
        let error = result.as_ref().unwrap_err();
        assert_eq!(error.kind, ErrorKind::LicenseExhausted, "{error:?}");
        assert!(error.upstream.is_none() && error.message.contains("Customer Community Plus"), "{error:?}");
    }
    assert_eq!(org.count("Contact WHERE Email LIKE 'seat-%'"), 3, "no contact without a user");
}

#[test]
fn a_username_taken_in_another_org_is_told_and_leaves_no_contact_behind() {
    let org = Org::start(5, 937);
    let taken = org.emulator.usernames_taken_elsewhere().unwrap().remove(0);
    let mut user = person("Ada", &org.profile("Customer Community User"));
    user.username = taken.clone();
    assert_eq!(org.count(&format!("User WHERE Username = '{taken}'")), 0, "the admin cannot see it");
    let error = org.push(&user).unwrap_err();
    assert_eq!(error.kind, ErrorKind::UsernameTaken);
    assert!(error.message.contains("another Salesforce organization"), "{error:?}");
    assert_eq!(org.count("Contact WHERE Email = 'ada@lighthouse.example'"), 0);
}

#[test]
fn ids_of_before_a_refresh_of_the_sandbox_are_named_with_what_to_do() {
    let org = Org::start(5, 522);
    let other = Org::start(5, 523);
    let other_id = |object: &str, condition: &str| other.id(object, condition);
    let told = |user: DesiredUser, id: &str| {
        let (result, journal) = org.observe(|| org.push(&user));
        let error = result.unwrap_err();
        assert_eq!(error.kind, ErrorKind::StaleReference, "{error:?}");
        assert!(error.message.contains(id) && error.remedy.is_some(), "{id}: {error:?}");
        assert_eq!(writes(&journal), Vec::<String>::new());
    };
    let ada = || person("Ada", &org.profile(PLUS));
    let stale = other.push(&person("Ada", &other.profile(PLUS))).unwrap().id.unwrap();
    told(DesiredUser { id: Some(stale.clone()), ..ada() }, &stale);
    let profile = other.profile(PLUS);
    told(person("Ada", &profile), &profile);
    for (kind, id) in [
        ("role", other_id("UserRole", "Name = 'CEO'")),
        ("permission-set", other_id("PermissionSet", "Name = 'Portal_Case_Access'")),
        ("permission-set-group", other_id("PermissionSetGroup", "DeveloperName = 'Portal_Service'")),
        ("public-group", other_id("Group", "DeveloperName = 'Priority_Customers'")),
    ] {
        let mut user = ada();
        user.grants.push(grant(kind, &id));
        told(user, &id);
    }
    let account = other.emulator.credentials().account_id;
    for profile in [COMMUNITY, PLUS] {
        let session = org.session_with(&[("account-id", &account)]);
        let user = person("Ada", &org.profile(profile));
        let (results, journal) = org.observe(|| session.push_users(&[user], &PushMode::Apply).unwrap());
        let error = results[0].as_ref().unwrap_err();
        assert_eq!(error.kind, ErrorKind::StaleReference, "{error:?}");
        assert!(error.message.contains(&account) && error.remedy.as_ref().unwrap().contains("account-id"), "{error:?}");
        assert_eq!(writes(&journal), Vec::<String>::new());
    }
    // What cannot be seen before the call is named after it.
    org.emulator.set_switches(|switches| switches.hidden_objects = vec!["Profile".to_owned(), "UserRole".to_owned()]);
    let error = org.push(&person("Ada", &profile)).unwrap_err();
    assert_eq!(error.kind, ErrorKind::StaleReference, "{error:?}");
    assert!(error.upstream.is_some() && error.message.contains(&profile) && error.remedy.is_some(), "{error:?}");
    org.emulator.set_switches(|switches| switches.hidden_objects.clear());
    // A person who is found by the username is linked anew.
    org.push(&ada()).unwrap();
    let outcome = org.push(&DesiredUser { id: Some(stale.clone()), ..ada() }).unwrap();
    assert!(outcome.id.is_some_and(|id| id != stale));
    assert!(outcome.side_effects.iter().any(|effect| effect.contains(&stale)), "{:?}", outcome.side_effects);
}
