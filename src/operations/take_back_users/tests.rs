use super::*;
use crate::model::Begun;
use crate::operations::Session;
use crate::scripted::{Script, golden, records, session_with};

const ACCOUNT: &str = "0015e00000AcmeAAAR";
const ADA: &str = "0055e000001UsrAAAS";
const STRANGER: &str = "0055e000001UsrBAAS";
const LONE: &str = "0035e000001ConAAAS";
const OTHER: &str = "0035e000001ConBAAS";
const FIELDS: &str = "Id,Username,UserType,FederationIdentifier,CreatedById";
const DONE: &str = r#"[{"id":"003","success":true,"errors":[]}]"#;

/// The id of the user that the golden sign-in is of.
fn admin() -> String {
    let answer = golden("login/success.xml");
    let id = answer.split("<userId>").nth(1).unwrap().split('<').next().unwrap();
    Id::parse(id).unwrap().to_string()
}

fn begun(object: &str, field: &str, old: Option<&str>, new: &str) -> Begun {
    Begun { object: object.to_owned(), field: field.to_owned(), old: old.map(str::to_owned), new: Some(new.to_owned()) }
}

/// Ada, of whom a push was about to make everything.
fn ada() -> Abandoned {
    let made = [
        ("Contact", "AccountId", ACCOUNT),
        ("Contact", "Email", "ada@example.com"),
        ("Contact", "LastName", "King"),
        ("User", "Username", "Ada@portal.example"),
        ("User", "FederationIdentifier", "fed-ada"),
    ];
    Abandoned {
        id: None,
        key: "person-1".to_owned(),
        begun: made.map(|(object, field, new)| begun(object, field, None, new)).to_vec(),
    }
}

fn user(id: &str, kind: &str, federation: &str, creator: &str, extra: &str) -> String {
    format!(
        r#"{{"Id":"{id}","Username":"ada@portal.example","UserType":"{kind}","FederationIdentifier":{federation},"CreatedById":"{creator}"{extra}}}"#
    )
}

fn find_user(script: &Script, rows: &[&str]) {
    let soql = format!("SELECT {FIELDS} FROM User WHERE Username IN ('Ada@portal.example')");
    script.query(&soql, 200, records(rows));
}

fn find_contacts(script: &Script, rows: &[&str]) {
    let soql = format!(
        "SELECT Id,Email,LastName FROM Contact WHERE AccountId = '{ACCOUNT}' AND CreatedById = '{}' \
         AND Email IN ('ada@example.com')",
        admin()
    );
    script.query(&soql, 200, records(rows));
}

fn find_users_of(script: &Script, contacts: &[&str], rows: &[&str]) {
    let ids: Vec<String> = contacts.iter().map(|id| format!("'{id}'")).collect();
    let soql = format!("SELECT Id,ContactId FROM User WHERE ContactId IN ({})", ids.join(","));
    script.query(&soql, 200, records(rows));
}

fn contact(id: &str, last_name: &str) -> String {
    format!(r#"{{"Id":"{id}","Email":"Ada@Example.com","LastName":"{last_name}"}}"#)
}

/// What a deactivation of Ada asks and does.
fn deactivate(script: &Script, writes: bool) {
    let groups = "SELECT UserOrGroupId,Group.Name FROM GroupMember WHERE UserOrGroupId IN ('0055e000001UsrAAAS') AND Group.Type = 'Regular'";
    let users = format!(
        "SELECT Id,Username,IsActive,UserType,IsPortalEnabled,ContactId,Profile.UserLicenseId FROM User WHERE Id IN ('{ADA}')"
    );
    let row = format!(
        r#"{{"Id":"{ADA}","Username":"ada@portal.example","IsActive":true,"UserType":"CspLitePortal","IsPortalEnabled":true,"ContactId":"{LONE}","Profile":{{"UserLicenseId":null}}}}"#
    );
    script.composite(&[(&users, 200, &records(&[&row])), (groups, 200, &records(&[]))]);
    if writes {
        let body = format!(
            r#"{{"allOrNone":false,"records":[{{"attributes":{{"type":"User"}},"Id":"{ADA}","IsActive":false}}]}}"#
        );
        script.rest("PATCH", "composite/sobjects", &body, 200, DONE);
    }
}

fn delete(script: &Script, answer: &str) {
    script.rest("DELETE", &format!("composite/sobjects?ids={LONE}&allOrNone=false"), "", 200, answer);
}

fn take_back(session: &Session<Script>, person: Abandoned, mode: &PushMode) -> Result<Outcome> {
    let mut results = session.take_back_users(&[person], Deactivation::Deactivate, mode).unwrap();
    assert_eq!(results.len(), 1);
    results.remove(0)
}

fn ours(extra: &str) -> String {
    user(ADA, "CspLitePortal", r#""fed-ada""#, &admin(), extra)
}

#[test]
fn a_user_that_the_push_made_is_taken_out_of_use_under_the_persons_key() {
    let script = Script::new();
    let session = session_with(&script, &[]);
    find_user(&script, &[&ours("")]);
    deactivate(&script, true);
    let outcome = take_back(&session, ada(), &PushMode::Apply).unwrap();
    assert_eq!((outcome.action, outcome.id.as_deref()), (Action::Deactivated, Some(ADA)));
    assert_eq!(
        script.events(),
        [
            format!("begin person-1 {ADA}: User.IsActive"),
            "PATCH".to_owned(),
            format!("written person-1 {ADA}: User.IsActive")
        ]
    );
}

#[test]
fn a_user_that_carries_the_key_is_found_under_another_name_and_whoever_made_it() {
    let script = Script::new();
    let session = session_with(&script, &[("user-key-field", "IdP_Key__c")]);
    let soql = format!(
        "SELECT {FIELDS},IdP_Key__c FROM User WHERE Username IN ('Ada@portal.example') OR IdP_Key__c IN ('person-1')"
    );
    let row = user(ADA, "CspLitePortal", r#""fed-new""#, STRANGER, r#","IdP_Key__c":"person-1""#)
        .replace("ada@portal", "countess@portal");
    script.query(&soql, 200, records(&[&row]));
    deactivate(&script, true);
    assert_eq!(take_back(&session, ada(), &PushMode::Apply).unwrap().id.as_deref(), Some(ADA));
}

#[test]
fn a_user_that_may_be_somebody_elses_is_left_and_why_is_told() {
    let key = [("user-key-field", "IdP_Key__c")];
    let stranger = |federation: &str| user(ADA, "CspLitePortal", federation, STRANGER, "");
    let carries = |key: &str| ours(&format!(r#","IdP_Key__c":{key}"#));
    for (keys, row, owner, words) in [
        (&[][..], ours(""), Some("person-9"), "the person \"person-9\""),
        (&key[..], carries(r#""person-9""#), None, "the key \"person-9\""),
        (&key[..], carries("null"), None, "no key"),
        (&[][..], user(ADA, "CspLitePortal", r#""fed-eve""#, &admin(), ""), None, "\"fed-eve\""),
        (&[][..], user(ADA, "CspLitePortal", "null", &admin(), ""), None, "no federation id"),
        (&[][..], user(ADA, "Standard", r#""fed-ada""#, &admin(), ""), None, "no portal user"),
        (&[][..], stranger(r#""fed-ada""#), None, "somebody else has created it"),
    ] {
        let script = Script::new();
        let session = session_with(&script, keys);
        if let Some(owner) = owner {
            script.owner(ADA, owner, false, false);
        }
        let (field, way) = match keys {
            [] => ("", ""),
            _ => (",IdP_Key__c", " OR IdP_Key__c IN ('person-1')"),
        };
        let soql = format!("SELECT {FIELDS}{field} FROM User WHERE Username IN ('Ada@portal.example'){way}");
        script.query(&soql, 200, records(&[&row]));
        find_contacts(&script, &[]);
        let outcome = take_back(&session, ada(), &PushMode::Apply).unwrap();
        assert_eq!((outcome.action, outcome.id), (Action::Unchanged, None), "{row}");
        assert_eq!(outcome.side_effects.len(), 1, "{row}");
        assert!(outcome.side_effects[0].contains(words), "{:?}", outcome.side_effects);
        assert_eq!(script.events(), Vec::<String>::new());
    }
}

#[test]
fn a_user_that_was_there_before_the_push_is_none_that_it_made() {
    let script = Script::new();
    let session = session_with(&script, &[("user-key-field", "IdP_Key__c")]);
    let change = begun("User", "Username", Some("countess@portal.example"), "ada@portal.example");
    let person = Abandoned { begun: vec![change], ..ada() };
    let outcome = take_back(&session, person, &PushMode::Apply).unwrap();
    assert_eq!((outcome.action, outcome.id), (Action::Unchanged, None));
}

#[test]
fn of_whom_nothing_was_begun_nothing_is_asked() {
    let script = Script::new();
    let session = session_with(&script, &[]);
    let outcome = take_back(&session, Abandoned { begun: Vec::new(), ..ada() }, &PushMode::Apply).unwrap();
    assert_eq!((outcome.action, outcome.id, outcome.changes), (Action::Unchanged, None, Vec::new()));
}

#[test]
fn a_contact_without_a_user_is_deleted_and_told() {
    let script = Script::new();
    let session = session_with(&script, &[]);
    find_user(&script, &[]);
    find_contacts(&script, &[&contact(LONE, "KING"), &contact(OTHER, "Byron")]);
    find_users_of(&script, &[LONE, OTHER], &[]);
    delete(&script, DONE);
    let outcome = take_back(&session, ada(), &PushMode::Apply).unwrap();
    assert_eq!((outcome.action, outcome.id), (Action::Updated, None));
    assert_eq!(
        script.events(),
        ["begin person-1 new: Contact.Id", "DELETE", "written person-1 new: Contact.Id"].map(str::to_owned)
    );
}

#[test]
fn a_contact_is_found_by_the_key_that_it_carries_where_there_is_a_field_for_it() {
    let script = Script::new();
    let session = session_with(&script, &[("contact-key-field", "IdP_Key__c")]);
    find_user(&script, &[]);
    let soql = format!(
        "SELECT Id,Email,LastName,IdP_Key__c FROM Contact WHERE AccountId = '{ACCOUNT}' AND CreatedById = '{}' \
         AND IdP_Key__c IN ('person-1')",
        admin()
    );
    let with =
        |id: &str, key: &str| format!(r#"{{"Id":"{id}","Email":"x@x.example","LastName":"X","IdP_Key__c":"{key}"}}"#);
    // SOQL compares texts without case; another person's key may differ in nothing else.
    script.query(&soql, 200, records(&[&with(OTHER, "PERSON-1"), &with(LONE, "person-1")]));
    find_users_of(&script, &[OTHER, LONE], &[]);
    delete(&script, DONE);
    assert_eq!(take_back(&session, ada(), &PushMode::Apply).unwrap().action, Action::Updated);
}

#[test]
fn no_contact_is_deleted_where_more_fit_than_were_begun_or_where_it_has_a_user() {
    for (contacts, users) in [
        (vec![contact(LONE, "King"), contact(OTHER, "King")], vec![]),
        (vec![contact(LONE, "King")], vec![format!(r#"{{"Id":"{STRANGER}","ContactId":"{LONE}"}}"#)]),
        (vec![contact(LONE, "Byron")], vec![]),
    ] {
        let script = Script::new();
        let session = session_with(&script, &[]);
        find_user(&script, &[]);
        find_contacts(&script, &contacts.iter().map(String::as_str).collect::<Vec<_>>());
        let ids = if contacts.len() == 2 { &[LONE, OTHER][..] } else { &[LONE] };
        find_users_of(&script, ids, &users.iter().map(String::as_str).collect::<Vec<_>>());
        let outcome = take_back(&session, ada(), &PushMode::Apply).unwrap();
        assert_eq!((outcome.action, outcome.id), (Action::Unchanged, None), "{contacts:?}");
        assert_eq!(script.events(), Vec::<String>::new());
    }
}

#[test]
fn every_contact_that_was_begun_is_deleted() {
    let script = Script::new();
    let session = session_with(&script, &[]);
    find_user(&script, &[]);
    find_contacts(&script, &[&contact(LONE, "King"), &contact(OTHER, "King")]);
    find_users_of(&script, &[LONE, OTHER], &[]);
    let answer =
        format!(r#"[{{"id":"{LONE}","success":true,"errors":[]}},{{"id":"{OTHER}","success":true,"errors":[]}}]"#);
    let path = format!("composite/sobjects?ids={LONE},{OTHER}&allOrNone=false");
    script.rest("DELETE", &path, "", 200, answer);
    // Two pushes that were cut off.
    let mut person = ada();
    person.begun.extend(ada().begun);
    let outcome = take_back(&session, person, &PushMode::Apply).unwrap();
    let old: Vec<Option<&str>> = outcome.changes.iter().map(|change| change.old.as_deref()).collect();
    assert_eq!((outcome.action, old), (Action::Updated, vec![Some(LONE), Some(OTHER)]));
}

#[test]
fn a_contact_that_was_adopted_is_not_looked_for() {
    let script = Script::new();
    let session = session_with(&script, &[]);
    find_user(&script, &[]);
    let mut person = ada();
    person.begun.retain(|one| one.field != "AccountId");
    assert_eq!(take_back(&session, person, &PushMode::Apply).unwrap().action, Action::Unchanged);
}

#[test]
fn a_contact_that_is_gone_already_counts_as_deleted() {
    let script = Script::new();
    let session = session_with(&script, &[]);
    find_user(&script, &[]);
    find_contacts(&script, &[&contact(LONE, "King")]);
    find_users_of(&script, &[LONE], &[]);
    delete(&script, r#"[{"success":false,"errors":[{"statusCode":"ENTITY_IS_DELETED","message":"x","fields":[]}]}]"#);
    assert_eq!(take_back(&session, ada(), &PushMode::Apply).unwrap().action, Action::Updated);
}

#[test]
fn a_contact_of_whom_the_host_wants_back_stays() {
    let script = Script::new();
    let session = session_with(&script, &[]);
    script.give_up("person-1");
    find_user(&script, &[]);
    find_contacts(&script, &[&contact(LONE, "King")]);
    find_users_of(&script, &[LONE], &[]);
    let error = take_back(&session, ada(), &PushMode::Apply).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Drifted);
    assert!(error.message.contains("Ada@portal.example"), "{error}");
}

#[test]
fn a_plan_writes_nothing_and_is_applied_while_it_holds() {
    let script = Script::new();
    let session = session_with(&script, &[]);
    let lone = || {
        find_user(&script, &[]);
        find_contacts(&script, &[&contact(LONE, "King")]);
        find_users_of(&script, &[LONE], &[]);
    };
    lone();
    let planned = take_back(&session, ada(), &PushMode::Plan).unwrap();
    assert_eq!(planned.action, Action::Updated);
    let approved = PushMode::ApplyPlanned(vec![planned.digest.clone()]);
    // By now the user is there as well, and the plan another one.
    find_user(&script, &[&ours("")]);
    deactivate(&script, false);
    assert_eq!(take_back(&session, ada(), &approved).unwrap_err().kind, ErrorKind::Drifted);
    find_user(&script, &[]);
    find_contacts(&script, &[]);
    assert_eq!(take_back(&session, ada(), &approved).unwrap_err().kind, ErrorKind::Drifted);
    assert_eq!(script.events(), Vec::<String>::new());
    lone();
    delete(&script, DONE);
    assert_eq!(take_back(&session, ada(), &approved).unwrap(), planned);

    find_user(&script, &[&ours("")]);
    deactivate(&script, false);
    let planned = take_back(&session, ada(), &PushMode::Plan).unwrap();
    find_user(&script, &[&ours("")]);
    deactivate(&script, true);
    let approved = PushMode::ApplyPlanned(vec![planned.digest.clone()]);
    assert_eq!(take_back(&session, ada(), &approved).unwrap(), planned);
    let error = session.take_back_users(&[], Deactivation::Deactivate, &approved).unwrap_err();
    assert_eq!(error.kind, ErrorKind::InvalidValue);
}

#[test]
fn an_approved_plan_that_ends_in_a_freeze_is_not_told_as_drifted() {
    let script = Script::new();
    let session = session_with(&script, &[]);
    let found = || {
        find_user(&script, &[&ours("")]);
        let users = format!(
            "SELECT Id,Username,IsActive,UserType,IsPortalEnabled,ContactId,Profile.UserLicenseId FROM User WHERE Id IN ('{ADA}')"
        );
        let row = format!(
            r#"{{"Id":"{ADA}","Username":"ada@portal.example","IsActive":true,"UserType":"CspLitePortal","IsPortalEnabled":true,"ContactId":"{LONE}","Profile":{{"UserLicenseId":null}}}}"#
        );
        let groups = format!(
            "SELECT UserOrGroupId,Group.Name FROM GroupMember WHERE UserOrGroupId IN ('{ADA}') AND Group.Type = 'Regular'"
        );
        let logins = format!("SELECT Id,UserId,IsFrozen FROM UserLogin WHERE UserId IN ('{ADA}')");
        let login = format!(r#"{{"Id":"0Yw5e000001LogACAS","UserId":"{ADA}","IsFrozen":false}}"#);
        script.composite(&[
            (&users, 200, &records(&[&row])),
            (&groups, 200, &records(&[])),
            (&logins, 200, &records(&[&login])),
        ]);
    };
    let how = Deactivation::DeactivateOrFreeze;
    found();
    let planned = session.take_back_users(&[ada()], how, &PushMode::Plan).unwrap().remove(0).unwrap();
    found();
    let refused = r#"[{"success":false,"errors":[{"statusCode":"SOME_CODE","message":"no","fields":[]}]}]"#;
    for (object, id, field, answer) in
        [("User", ADA, r#""IsActive":false"#, refused), ("UserLogin", "0Yw5e000001LogACAS", r#""IsFrozen":true"#, DONE)]
    {
        let body =
            format!(r#"{{"allOrNone":false,"records":[{{"attributes":{{"type":"{object}"}},"Id":"{id}",{field}}}]}}"#);
        script.rest("PATCH", "composite/sobjects", &body, 200, answer);
    }
    let approved = PushMode::ApplyPlanned(vec![planned.digest]);
    let outcome = session.take_back_users(&[ada()], how, &approved).unwrap().remove(0).unwrap();
    assert_eq!(outcome.action, Action::Frozen);
}
