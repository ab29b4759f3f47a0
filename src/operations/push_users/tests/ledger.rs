//! What the host is told, and when; and that what it no longer wants is not written.

use super::*;

const SET: &str = "0PS5e000001SetAGAS";
const GROUP: &str = "00G5e000001GrpAEAS";
const NEW_USER: &str = "User.Username User.Email User.FirstName User.LastName User.FederationIdentifier User.Alias \
                        User.CommunityNickname User.TimeZoneSidKey User.LocaleSidKey User.EmailEncodingKey \
                        User.LanguageLocaleKey User.ProfileId";
const NEW_CONTACT: &str = "Contact.AccountId Contact.Email Contact.FirstName Contact.LastName";

/// Ada and her neighbour Eve as they are, each with a division to set.
fn two_known() -> [DesiredUser; 2] {
    let eve = DesiredUser {
        key: "person-2".to_owned(),
        id: Some(OTHER_USER.to_owned()),
        username: "eve@portal.example".to_owned(),
        ..known_ada("division", Some("South"))
    };
    [known_ada("division", Some("South")), eve]
}

fn find_two(script: &Script) {
    let rows =
        [row(""), row_of(OTHER_USER, "eve@portal.example", "CspLitePortal", "")].map(|row| row.replace(CONTACT, "x"));
    script.query(
        &format!(
            "SELECT {USER_FIELDS},Division FROM User WHERE Id IN ('{USER}','{OTHER_USER}') \
             OR Username IN ('ada@portal.example','eve@portal.example')"
        ),
        200,
        records(&[&rows[0], &rows[1]]),
    );
    let frozen = format!("SELECT UserId FROM UserLogin WHERE UserId IN ('{USER}','{OTHER_USER}') AND IsFrozen = true");
    script.query(&frozen, 200, records(&[]));
}

/// The update of the divisions of these users, and its answer.
fn patch_divisions(script: &Script, users: &[&str], answer: &str) {
    let records: Vec<String> = users
        .iter()
        .map(|id| format!(r#"{{"attributes":{{"type":"User"}},"Id":"{id}","Division":"South"}}"#))
        .collect();
    let body = format!(r#"{{"allOrNone":false,"records":[{}]}}"#, records.join(","));
    script.rest("PATCH", "composite/sobjects", &body, 200, answer);
}

const DONE: &str = r#"{"id":"005","success":true,"errors":[]}"#;

fn refusal(code: &str) -> String {
    format!(r#"{{"success":false,"errors":[{{"statusCode":"{code}","message":"no","fields":[]}}]}}"#)
}

#[test]
fn a_new_user_is_begun_before_its_first_record_and_each_record_is_told_once_it_is_written() {
    let script = Script::new();
    let session = session(&script);
    find_new(&script, &[]);
    find_contacts(&script, &[]);
    fits(&script);
    post(&script, "push/create-contact.json", &made(CONTACT));
    post(&script, "push/create-user.json", &made(USER));
    push_one(&session, ada(), &PushMode::Apply).unwrap();
    assert_eq!(
        script.events(),
        [
            format!("begin person-1 new: {NEW_CONTACT} {NEW_USER}"),
            "POST".to_owned(),
            format!("written person-1 new: {NEW_CONTACT}"),
            "POST".to_owned(),
            format!("written person-1 {USER}: {NEW_USER}"),
        ]
    );
}

#[test]
fn of_a_contact_that_is_adopted_the_user_comes_first_and_the_contact_behind_it() {
    let script = Script::new();
    let session = session(&script);
    find_new(&script, &[]);
    find_contacts(&script, &[&contact(CONTACT)]);
    find_users_of_contact(&script, &[]);
    fits(&script);
    post(&script, "push/create-user-of-contact.json", &made(USER));
    patch(&script, &format!(r#"{{"attributes":{{"type":"Contact"}},"Id":"{CONTACT}","LastName":"King"}}"#));
    push_one(&session, ada(), &PushMode::Apply).unwrap();
    assert_eq!(
        script.events(),
        [
            format!("begin person-1 new: Contact.LastName User.ContactId {NEW_USER}"),
            "POST".to_owned(),
            format!("written person-1 {USER}: User.ContactId {NEW_USER}"),
            "PATCH".to_owned(),
            format!("written person-1 {USER}: Contact.LastName"),
        ]
    );
}

#[test]
fn sets_and_groups_are_told_by_the_places_that_they_have_among_the_changes() {
    let script = Script::new();
    let session = session(&script);
    let mut user = known_ada("division", Some("South"));
    user.grants = vec![
        Grant { kind: "public-group".to_owned(), id: GROUP.to_owned() },
        Grant { kind: "permission-set".to_owned(), id: SET.to_owned() },
    ];
    find_known(&script, ",Division", &[&row("")]);
    script.composite(&[
        ("sobjects/User/describe", 200, r#"{"fields":[]}"#),
        ("sobjects/Contact/describe", 200, r#"{"fields":[]}"#),
        ("sobjects/PermissionSetAssignment/describe", 200, r#"{"fields":[]}"#),
    ]);
    let sets = format!(
        "SELECT Id,AssigneeId,PermissionSetId FROM PermissionSetAssignment WHERE AssigneeId IN ('{USER}') \
         AND PermissionSet.IsOwnedByProfile = false"
    );
    let groups = format!(
        "SELECT Id,UserOrGroupId,GroupId FROM GroupMember WHERE UserOrGroupId IN ('{USER}') AND Group.Type = 'Regular'"
    );
    let none = records(&[]);
    find_frozen(&script, USER, &[]);
    script.composite(&[(&sets, 200, &none), (&groups, 200, &none)]);
    let licence = "1005e000000LicAAAS";
    let facts = [
        (
            format!("SELECT Id,Name,UserType,UserLicenseId FROM Profile WHERE Id IN ('{PROFILE}')"),
            format!(r#"{{"Id":"{PROFILE}","Name":"C","UserType":"PowerCustomerSuccess","UserLicenseId":"{licence}"}}"#),
        ),
        (
            "SELECT Id,Name,TotalLicenses,UsedLicenses FROM UserLicense".to_owned(),
            format!(r#"{{"Id":"{licence}","Name":"Plus","TotalLicenses":10,"UsedLicenses":2}}"#),
        ),
        (
            format!("SELECT Id,Label,LicenseId,IsOwnedByProfile FROM PermissionSet WHERE Id IN ('{SET}')"),
            format!(r#"{{"Id":"{SET}","Label":"Cases","LicenseId":null,"IsOwnedByProfile":false}}"#),
        ),
        (
            format!("SELECT Id,Name,Type FROM Group WHERE Id IN ('{GROUP}')"),
            format!(r#"{{"Id":"{GROUP}","Name":"Priority","Type":"Regular"}}"#),
        ),
    ];
    let facts = facts.map(|(query, row)| (query, records(&[&row])));
    script.composite(&facts.each_ref().map(|(query, answer)| (query.as_str(), 200, answer.as_str())));
    patch(&script, &format!(r#"{{"attributes":{{"type":"User"}},"Id":"{USER}","Division":"South"}}"#));
    for (object, assignee, field, id) in [
        ("PermissionSetAssignment", "AssigneeId", "PermissionSetId", SET),
        ("GroupMember", "UserOrGroupId", "GroupId", GROUP),
    ] {
        let body = format!(
            r#"{{"allOrNone":false,"records":[{{"attributes":{{"type":"{object}"}},"{assignee}":"{USER}","{field}":"{id}"}}]}}"#
        );
        script.rest("POST", "composite/sobjects", &body, 200, made("0Pa5e000001AsgAGAU"));
    }
    push_one(&session, user, &PushMode::Apply).unwrap();
    assert_eq!(
        script.events(),
        [
            format!("begin person-1 {USER}: User.Division GroupMember.GroupId PermissionSetAssignment.PermissionSetId"),
            "PATCH".to_owned(),
            format!("written person-1 {USER}: User.Division"),
            "POST".to_owned(),
            "POST".to_owned(),
            format!("written person-1 {USER}: PermissionSetAssignment.PermissionSetId"),
            format!("written person-1 {USER}: GroupMember.GroupId"),
        ]
    );
}

#[test]
fn nothing_is_begun_for_a_plan_or_where_nothing_changes() {
    let script = Script::new();
    let session = session(&script);
    find_new(&script, &[]);
    find_contacts(&script, &[]);
    fits(&script);
    push_one(&session, ada(), &PushMode::Plan).unwrap();
    find_known(&script, ",Division", &[&row(r#","Division":"South""#)]);
    find_frozen(&script, USER, &[]);
    let outcome = push_one(&session, known_ada("division", Some("South")), &PushMode::Apply).unwrap();
    assert_eq!(outcome.action, Action::Unchanged);
    assert_eq!(script.events(), Vec::<String>::new());
}

#[test]
fn of_a_batch_in_which_one_record_fails_only_the_other_is_told_as_written() {
    let script = Script::new();
    let session = session(&script);
    find_two(&script);
    patch_divisions(&script, &[USER, OTHER_USER], &format!("[{},{DONE}]", refusal("STRING_TOO_LONG")));
    let results = session.push_users(&two_known(), &PushMode::Apply).unwrap();
    assert!(results[0].is_err() && results[1].is_ok(), "{results:?}");
    let events = script.events();
    assert_eq!(events[2..], ["PATCH".to_owned(), format!("written person-2 {OTHER_USER}: User.Division")]);
}

#[test]
fn a_record_that_is_tried_again_is_told_when_it_is_written_and_its_neighbour_at_once() {
    let script = Script::new();
    let session = session(&script);
    find_two(&script);
    patch_divisions(&script, &[USER, OTHER_USER], &format!("[{},{DONE}]", refusal("UNABLE_TO_LOCK_ROW")));
    patch_divisions(&script, &[USER], &format!("[{DONE}]"));
    let results = session.push_users(&two_known(), &PushMode::Apply).unwrap();
    assert!(results.iter().all(Result::is_ok), "{results:?}");
    assert_eq!(
        script.events()[2..],
        [
            "PATCH".to_owned(),
            format!("written person-2 {OTHER_USER}: User.Division"),
            "PATCH".to_owned(),
            format!("written person-1 {USER}: User.Division"),
        ]
    );
}

#[test]
fn a_user_that_takes_another_nickname_is_told_by_the_request_that_made_it() {
    let script = Script::new();
    let session = session(&script);
    find_new(&script, &[]);
    find_contacts(&script, &[]);
    fits(&script);
    post(&script, "push/create-contact.json", &made(CONTACT));
    post(&script, "push/create-user.json", &refused("DUPLICATE_COMM_NICKNAME", "Duplicate Nickname."));
    let seed = format!("ada@portal.example {CONTACT}").to_ascii_lowercase();
    let other = format!("ada.{}", digest::short(&seed));
    let again = golden("push/create-user.json").trim_end().replace("ada.3d1890ea", &other);
    script.rest("POST", "composite/sobjects", &again, 200, made(USER));
    push_one(&session, ada(), &PushMode::Apply).unwrap();
    assert_eq!(
        script.events()[2..],
        [
            format!("written person-1 new: {NEW_CONTACT}"),
            "POST".to_owned(),
            "POST".to_owned(),
            format!("written person-1 {USER}: {NEW_USER}"),
        ]
    );
}

#[test]
fn nothing_is_sent_for_whom_the_host_no_longer_wants_and_its_neighbour_goes_on() {
    let script = Script::new();
    let session = session(&script);
    script.give_up("person-1");
    find_two(&script);
    patch_divisions(&script, &[OTHER_USER], &format!("[{DONE}]"));
    let results = session.push_users(&two_known(), &PushMode::Apply).unwrap();
    let error = results[0].as_ref().unwrap_err();
    assert_eq!((&error.kind, error.retry), (&ErrorKind::Drifted, Retry::Never));
    assert!(error.message.contains("ada@portal.example"), "{error}");
    assert_eq!(results[1].as_ref().unwrap().action, Action::Updated);
}

#[test]
fn a_host_that_answers_less_than_it_was_asked_wants_none_of_the_rest() {
    let script = Script::new();
    let session = session(&script);
    script.answer_at_most(1);
    find_two(&script);
    patch_divisions(&script, &[USER], &format!("[{DONE}]"));
    let results = session.push_users(&two_known(), &PushMode::Apply).unwrap();
    assert_eq!(results[0].as_ref().unwrap().action, Action::Updated);
    assert_eq!(results[1].as_ref().unwrap_err().kind, ErrorKind::Drifted);
}

#[test]
fn users_that_are_deactivated_or_frozen_are_told_as_out_of_use() {
    let script = Script::new();
    let session = session(&script);
    find_known(&script, ",Division", &[&row("").replace(r#""IsActive":true"#, r#""IsActive":false"#)]);
    push_one(&session, known_ada("division", None), &PushMode::Apply).unwrap();
    find_known(&script, ",Division", &[&row("")]);
    find_frozen(&script, USER, &[&format!(r#"{{"UserId":"{USER}"}}"#)]);
    push_one(&session, known_ada("division", None), &PushMode::Apply).unwrap();
    assert_eq!(script.events(), ["out of use person-1: Inactive", "out of use person-1: Frozen"]);
}

#[test]
fn sign_ins_that_cannot_be_seen_keep_no_push_back() {
    let script = Script::new();
    let session = session(&script);
    find_known(&script, ",Division", &[&row("")]);
    let soql = format!("SELECT UserId FROM UserLogin WHERE UserId IN ('{USER}') AND IsFrozen = true");
    let hidden = r#"[{"message":"sObject type 'UserLogin' is not supported.","errorCode":"INVALID_TYPE"}]"#;
    script.query(&soql, 400, hidden);
    let outcome = push_one(&session, known_ada("division", None), &PushMode::Apply).unwrap();
    assert_eq!(outcome.action, Action::Unchanged);
    assert_eq!(script.events(), Vec::<String>::new());
}
