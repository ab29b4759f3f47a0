//! Grants that are given and taken: in which order, and what of it is told where one fails.

use super::*;

const SET: &str = "0PS5e000001SetAGAS";
const OTHER_SET: &str = "0PS5e000001SetBGAS";
const SET_GROUP: &str = "0PG5e000001GrpAGAS";
const GROUP: &str = "00G5e000001GrpAEAS";
const OTHER_GROUP: &str = "00G5e000001GrpBEAS";
const FLAG: &str = "UserPermissionsSFContentUser";
const OTHER_FLAG: &str = "UserPermissionsSpaceUser";
const LICENCE: &str = "1005e000000LicAAAS";

fn grant(kind: &str, id: &str) -> Grant {
    Grant { kind: kind.to_owned(), id: id.to_owned() }
}

/// Ada as she is, who is to have exactly this.
fn exact(grants: &[Grant]) -> DesiredUser {
    DesiredUser { changes: Vec::new(), grants: grants.to_vec(), exact_grants: true, ..known_ada("title", None) }
}

/// Describes users with two feature licences, and assignments with those of groups.
fn described(script: &Script) {
    let flag = |name| format!(r#"{{"name":"{name}","label":"x","type":"boolean","updateable":true}}"#);
    script.composite(&[
        ("sobjects/User/describe", 200, &format!(r#"{{"fields":[{},{}]}}"#, flag(FLAG), flag(OTHER_FLAG))),
        ("sobjects/Contact/describe", 200, r#"{"fields":[]}"#),
        ("sobjects/PermissionSetAssignment/describe", 200, r#"{"fields":[{"name":"PermissionSetGroupId"}]}"#),
    ]);
}

fn set_row(record: &str, set: &str, group: &str) -> String {
    format!(r#"{{"Id":"{record}","AssigneeId":"{USER}","PermissionSetId":"{set}","PermissionSetGroupId":{group}}}"#)
}

fn member_row(record: &str, group: &str) -> String {
    format!(r#"{{"Id":"{record}","UserOrGroupId":"{USER}","GroupId":"{group}"}}"#)
}

/// What Ada holds: the permission sets, with those of groups, and the groups.
fn holds(script: &Script, sets: &[&str], members: &[&str]) {
    let asked = format!(
        "SELECT Id,AssigneeId,PermissionSetId,PermissionSetGroupId FROM PermissionSetAssignment \
         WHERE AssigneeId IN ('{USER}') AND PermissionSet.IsOwnedByProfile = false"
    );
    let groups = format!(
        "SELECT Id,UserOrGroupId,GroupId FROM GroupMember WHERE UserOrGroupId IN ('{USER}') AND Group.Type = 'Regular'"
    );
    script.composite(&[(&asked, 200, &records(sets)), (&groups, 200, &records(members))]);
}

/// Ada with her feature licences, in the order in which they are asked for: those that are wanted come first.
fn find_described(script: &Script, flags: [(&str, bool); 2]) {
    described(script);
    let extra = flags.map(|(flag, has)| format!(r#","{flag}":{has}"#)).concat();
    find_known(script, &format!(",{},{}", flags[0].0, flags[1].0), &[&row(&extra)]);
}

/// What is asked about the profile and these grants, each with its query and row.
fn facts(script: &Script, more: &[(String, String)]) {
    let profile =
        format!(r#"{{"Id":"{PROFILE}","Name":"C","UserType":"PowerCustomerSuccess","UserLicenseId":"{LICENCE}"}}"#);
    let licence = format!(r#"{{"Id":"{LICENCE}","Name":"Plus","TotalLicenses":10,"UsedLicenses":2}}"#);
    let mut parts = vec![
        (format!("SELECT Id,Name,UserType,UserLicenseId FROM Profile WHERE Id IN ('{PROFILE}')"), records(&[&profile])),
        ("SELECT Id,Name,TotalLicenses,UsedLicenses FROM UserLicense".to_owned(), records(&[&licence])),
    ];
    parts.extend(more.iter().map(|(query, row)| (query.clone(), records(&[row]))));
    script.composite(&parts.iter().map(|(query, answer)| (query.as_str(), 200, answer.as_str())).collect::<Vec<_>>());
}

fn set_fact(set: &str) -> (String, String) {
    let query = format!("SELECT Id,Label,LicenseId,IsOwnedByProfile FROM PermissionSet WHERE Id IN ('{set}')");
    (query, format!(r#"{{"Id":"{set}","Label":"Cases","LicenseId":null,"IsOwnedByProfile":false}}"#))
}

fn set_group_fact() -> (String, String) {
    let query = format!("SELECT Id,MasterLabel,Status FROM PermissionSetGroup WHERE Id IN ('{SET_GROUP}')");
    (query, format!(r#"{{"Id":"{SET_GROUP}","MasterLabel":"Service","Status":"Updated"}}"#))
}

fn group_fact(group: &str) -> (String, String) {
    let query = format!("SELECT Id,Name,Type FROM Group WHERE Id IN ('{group}')");
    (query, format!(r#"{{"Id":"{group}","Name":"Priority","Type":"Regular"}}"#))
}

/// Expects the records to be deleted in one call.
fn taken(script: &Script, records: &str, answer: &str) {
    script.rest("DELETE", &format!("composite/sobjects?ids={records}&allOrNone=false"), "", 200, answer);
}

/// Expects an assignment to be made.
fn given(script: &Script, object: &str, assignee: &str, field: &str, id: &str, answer: &str) {
    let body = format!(
        r#"{{"allOrNone":false,"records":[{{"attributes":{{"type":"{object}"}},"{assignee}":"{USER}","{field}":"{id}"}}]}}"#
    );
    script.rest("POST", "composite/sobjects", &body, 200, answer);
}

fn set_given(script: &Script, set: &str, answer: &str) {
    given(script, "PermissionSetAssignment", "AssigneeId", "PermissionSetId", set, answer);
}

fn group_given(script: &Script, group: &str, answer: &str) {
    given(script, "GroupMember", "UserOrGroupId", "GroupId", group, answer);
}

const DONE: &str = r#"[{"id":"0Pa5e000001AsgACAS","success":true,"errors":[]}]"#;

#[test]
fn exact_grants_take_what_is_not_listed_before_they_give_what_is_missing() {
    let script = Script::new();
    let session = session(&script);
    find_described(&script, [(OTHER_FLAG, false), (FLAG, true)]);
    // Of the set group there is a record that names a set, too, which is not the user's own.
    let group = format!("\"{SET_GROUP}\"");
    holds(
        &script,
        &[&set_row("0Pa1", SET, "null"), &set_row("0Pa2", "0PS5e000001SetCGAS", &group)],
        &[&member_row("0111", GROUP)],
    );
    find_frozen(&script, USER, &[]);
    facts(&script, &[set_fact(OTHER_SET), group_fact(OTHER_GROUP)]);
    taken(
        &script,
        "0Pa1,0Pa2",
        r#"[{"id":"0Pa1","success":true,"errors":[]},{"id":"0Pa2","success":true,"errors":[]}]"#,
    );
    taken(&script, "0111", DONE);
    set_given(&script, OTHER_SET, DONE);
    group_given(&script, OTHER_GROUP, DONE);
    patch(&script, &format!(r#"{{"attributes":{{"type":"User"}},"Id":"{USER}","{OTHER_FLAG}":true,"{FLAG}":false}}"#));
    let user = exact(&[
        grant("permission-set", OTHER_SET),
        grant("public-group", OTHER_GROUP),
        grant("feature-license", OTHER_FLAG),
    ]);
    let outcome = push_one(&session, user, &PushMode::Apply).unwrap();
    let change = |field: &str, old, new| (field.to_owned(), old, new);
    assert_eq!(
        fields(&outcome),
        [
            change("User.UserPermissionsSpaceUser", Some("false"), Some("true")),
            change("User.UserPermissionsSFContentUser", Some("true"), Some("false")),
            change("PermissionSetAssignment.PermissionSetId", Some(SET), None),
            change("PermissionSetAssignment.PermissionSetGroupId", Some(SET_GROUP), None),
            change("GroupMember.GroupId", Some(GROUP), None),
            change("PermissionSetAssignment.PermissionSetId", None, Some(OTHER_SET)),
            change("GroupMember.GroupId", None, Some(OTHER_GROUP)),
        ]
    );
}

#[test]
fn what_a_user_holds_already_is_neither_given_nor_taken() {
    let script = Script::new();
    let session = session(&script);
    find_described(&script, [(FLAG, true), (OTHER_FLAG, false)]);
    let group = format!("\"{SET_GROUP}\"");
    holds(
        &script,
        &[&set_row("0Pa1", SET, "null"), &set_row("0Pa2", "0PS5e000001SetCGAS", &group)],
        &[&member_row("0111", GROUP)],
    );
    find_frozen(&script, USER, &[]);
    let user = exact(&[
        grant("permission-set", &SET[..15]),
        grant("permission-set", SET),
        grant("permission-set-group", SET_GROUP),
        grant("public-group", GROUP),
        grant("feature-license", FLAG),
        grant("profile", PROFILE),
    ]);
    let outcome = push_one(&session, user, &PushMode::Apply).unwrap();
    assert_eq!((outcome.action, outcome.changes), (Action::Unchanged, Vec::new()));
}

#[test]
fn grants_that_are_not_exact_leave_the_others_alone() {
    let script = Script::new();
    let session = session(&script);
    described(&script);
    find_known(&script, "", &[&row("")]);
    holds(&script, &[&set_row("0Pa1", SET, "null")], &[&member_row("0111", GROUP)]);
    find_frozen(&script, USER, &[]);
    facts(&script, &[set_group_fact()]);
    given(&script, "PermissionSetAssignment", "AssigneeId", "PermissionSetGroupId", SET_GROUP, DONE);
    let user = DesiredUser { exact_grants: false, ..exact(&[grant("permission-set-group", SET_GROUP)]) };
    let outcome = push_one(&session, user, &PushMode::Apply).unwrap();
    assert_eq!(fields(&outcome), [("PermissionSetAssignment.PermissionSetGroupId".to_owned(), None, Some(SET_GROUP))]);
}

#[test]
fn a_grant_that_is_there_or_gone_already_is_as_good_as_given_or_taken() {
    for gone in ["ENTITY_IS_DELETED", "INVALID_CROSS_REFERENCE_KEY"] {
        let script = Script::new();
        let session = session(&script);
        find_described(&script, [(FLAG, false), (OTHER_FLAG, false)]);
        holds(&script, &[], &[&member_row("0111", GROUP)]);
        find_frozen(&script, USER, &[]);
        facts(&script, &[set_fact(SET)]);
        set_given(&script, SET, &refused("DUPLICATE_VALUE", "duplicate value found"));
        taken(&script, "0111", &refused(gone, "no such record"));
        let outcome = push_one(&session, exact(&[grant("permission-set", SET)]), &PushMode::Apply).unwrap();
        assert_eq!((outcome.action, outcome.changes.len()), (Action::Updated, 2), "{gone}");
    }
}

#[test]
fn the_first_grant_that_fails_is_the_error_and_the_others_are_told_behind_it() {
    let script = Script::new();
    let session = session(&script);
    find_described(&script, [(FLAG, true), (OTHER_FLAG, false)]);
    holds(&script, &[&set_row("0Pa1", SET, "null")], &[&member_row("0111", GROUP)]);
    find_frozen(&script, USER, &[]);
    facts(&script, &[set_fact(OTHER_SET), group_fact(OTHER_GROUP)]);
    taken(&script, "0Pa1", &refused("STRING_TOO_LONG", "first"));
    taken(&script, "0111", &refused("STRING_TOO_LONG", "third"));
    set_given(&script, OTHER_SET, &refused("STRING_TOO_LONG", "second"));
    group_given(&script, OTHER_GROUP, &refused("STRING_TOO_LONG", "fourth"));
    let flags = format!(r#"{{"attributes":{{"type":"User"}},"Id":"{USER}","{FLAG}":false}}"#);
    let body = format!(r#"{{"allOrNone":false,"records":[{flags}]}}"#);
    script.rest("PATCH", "composite/sobjects", &body, 200, refused("STRING_TOO_LONG", "fifth"));
    let user = exact(&[grant("permission-set", OTHER_SET), grant("public-group", OTHER_GROUP)]);
    let error = push_one(&session, user, &PushMode::Apply).unwrap_err();
    assert_eq!(error.upstream.as_ref().map(|upstream| upstream.message.as_str()), Some("first"), "{error:?}");
    let subject = |what: &str| format!("the user ada@portal.example with the {what}");
    let places: Vec<usize> = [
        subject(&format!("permission set {SET}")),
        subject(&format!("permission set {OTHER_SET}")),
        subject(&format!("public group {GROUP}")),
        subject(&format!("public group {OTHER_GROUP}")),
    ]
    .iter()
    .map(|words| error.message.find(words).unwrap_or_else(|| panic!("{words}: {error}")))
    .collect();
    assert!(places.is_sorted() && error.message.matches("; ").count() == 4, "{error}");
    assert!(!error.message.contains("itself has been made"), "{error}");
    // What is told as written is nothing.
    assert!(script.events().iter().all(|event| !event.starts_with("written")));
}

#[test]
fn a_new_user_whose_grant_fails_is_told_to_be_there_all_the_same() {
    let script = Script::new();
    let session = session(&script);
    find_new(&script, &[]);
    find_contacts(&script, &[]);
    let account = r#"{"Id":"0015e00000AcmeAAAR","Name":"Acme","Owner":{"UserRoleId":"00E5e000001RolAEAS"}}"#;
    let asked =
        "SELECT FIELDS(STANDARD),Owner.Username,Owner.UserRoleId FROM Account WHERE Id IN ('0015e00000AcmeAAAR')";
    facts(&script, &[set_fact(SET), (asked.to_owned(), account.to_owned())]);
    post(&script, "push/create-contact.json", &made(CONTACT));
    post(&script, "push/create-user.json", &made(USER));
    set_given(&script, SET, &refused("STRING_TOO_LONG", "no"));
    let mut user = ada();
    user.grants.push(grant("permission-set", SET));
    let error = push_one(&session, user, &PushMode::Apply).unwrap_err();
    let end = format!("the user {USER} itself has been made, and the next push finds it");
    assert!(error.message.ends_with(&end), "{error}");
}

#[test]
fn an_inactive_user_gets_sets_and_no_groups_that_it_would_lose_again() {
    let script = Script::new();
    let session = session(&script);
    find_known(&script, "", &[&row("").replace(r#""IsActive":true"#, r#""IsActive":false"#)]);
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
    script.composite(&[(&sets, 200, &none), (&groups, 200, &none)]);
    facts(&script, &[set_fact(SET)]);
    set_given(&script, SET, DONE);
    let grants = [grant("public-group", GROUP), grant("permission-set", SET)];
    let user = DesiredUser { exact_grants: false, ..exact(&grants) };
    let outcome = push_one(&session, user, &PushMode::Apply).unwrap();
    assert_eq!(fields(&outcome), [("PermissionSetAssignment.PermissionSetId".to_owned(), None, Some(SET))]);
    let told = ["The user is inactive and stays so", "An inactive user is in no public group"];
    for words in told {
        assert_eq!(outcome.side_effects.iter().filter(|effect| effect.contains(words)).count(), 1, "{outcome:?}");
    }
}
