use super::*;

const SINCE: &str = "3.since.15.1699990000";
const TIME: &str = "2023-11-14T19:26:40Z";
const FIELDS: &str = "Id,Username,IsActive,UserType,SystemModstamp,ProfileId,UserRoleId,Email,Contact.AccountId";

/// The two places that are asked where no grants are wanted; `after` continues behind a user.
fn places(last: Option<&str>) -> [String; 2] {
    let place = |object: &str, user: &str, changed: &str, types: &str| {
        let after = last.map_or_else(String::new, |last| format!(" AND {user} > '{last}'"));
        format!("SELECT {user} FROM {object} WHERE {changed} >= {TIME}{types}{after} ORDER BY {user} LIMIT 2000")
    };
    let types = format!(" AND {TYPES}");
    [
        place("User", "Id", &format!("(SystemModstamp >= {TIME} OR Contact.SystemModstamp"), &format!("){types}")),
        place("UserLogin", "UserId", "LastModifiedDate", ""),
    ]
}

fn ids(field: &str, ids: &[&str]) -> String {
    let rows: Vec<String> = ids.iter().map(|id| format!(r#"{{"{field}":"{id}"}}"#)).collect();
    records(&rows.iter().map(String::as_str).collect::<Vec<_>>())
}

fn asked(script: &Script, last: Option<&str>, answers: [&str; 2]) {
    let places = places(last);
    let parts: Vec<_> = places.iter().zip(answers).map(|(soql, answer)| (soql.as_str(), 200, answer)).collect();
    script.composite(&parts);
}

fn read(script: &Script, listed: &[&str], rows: &[&str]) {
    let list = format!("'{}'", listed.join("','"));
    script.composite(&[
        (&format!("SELECT {FIELDS} FROM User WHERE Id IN ({list}) ORDER BY Id"), 200, &records(rows)),
        (&format!("SELECT UserId FROM UserLogin WHERE IsFrozen = true AND UserId IN ({list})"), 200, NONE),
    ]);
}

fn since() -> ImportQuery {
    query(ImportScope::Since(SINCE.to_owned()), 100)
}

#[test]
fn a_user_that_changed_in_several_places_is_given_once() {
    let script = Script::new();
    let session = session(&script);
    asked(&script, None, [&ids("Id", &[A, C]), &ids("UserId", &[B, C])]);
    read(&script, &[A, B, C], &[&row(A, true), &row(B, true), &row(C, false)]);
    let page = session.import_users(&since()).unwrap();
    assert_eq!(page.users.iter().map(|user| user.id.as_str()).collect::<Vec<_>>(), [A, B, C]);
    assert_eq!((page.next, page.watermark), (None, Some(format!("3.since.15.{}", NOW - 300))));
}

#[test]
fn without_changes_one_call_is_all_and_the_watermark_moves_on() {
    let script = Script::new();
    let session = session(&script);
    asked(&script, None, [NONE, NONE]);
    let page = session.import_users(&since()).unwrap();
    assert!(page.users.is_empty() && page.departed.is_empty());
    assert_eq!(page.watermark, Some(format!("3.since.15.{}", NOW - 300)));
}

#[test]
fn pages_of_changes_go_on_behind_the_last_user_given() {
    let script = Script::new();
    let session = session(&script);
    asked(&script, None, [&ids("Id", &[A, B]), &ids("UserId", &[C])]);
    read(&script, &[A, B], &[&row(A, true), &row(B, true)]);
    let first = session.import_users(&ImportQuery { page_size: 2, ..since() }).unwrap();
    let next = first.next.unwrap();
    assert_eq!((next.as_str(), first.watermark), (&*format!("3.changes.15.{NOW}.1699990000.{B}"), None));
    asked(&script, Some(B), [NONE, &ids("UserId", &[C])]);
    read(&script, &[C], &[&row(C, true)]);
    let second = session.import_users(&query(ImportScope::Resume(next), 2)).unwrap();
    assert_eq!((second.users.len(), second.next), (1, None));
    assert_eq!(second.watermark, Some(format!("3.since.15.{}", NOW - 300)));
}

#[test]
fn what_lies_behind_the_end_of_a_list_that_was_cut_waits_for_the_next_page() {
    let script = Script::new();
    let session = session(&script);
    let cut = ids("Id", &[A]).replace("\"done\":true", "\"done\":false");
    asked(&script, None, [&cut, &ids("UserId", &[C])]);
    read(&script, &[A], &[&row(A, true)]);
    let page = session.import_users(&since()).unwrap();
    assert_eq!(page.users.len(), 1);
    assert_eq!(page.next, Some(format!("3.changes.15.{NOW}.1699990000.{A}")));
}

#[test]
fn who_left_the_chosen_kinds_of_users_is_reported_and_internal_users_are_not() {
    let script = Script::new();
    let session = session_with(&script, &[("user-types", "high-volume-portal")]);
    asked(&script, None, [&ids("Id", &[A, B]), &ids("UserId", &[C])]);
    let partner = row(B, true).replace("CspLitePortal", "PowerPartner");
    let internal = row(C, true).replace("CspLitePortal", "Standard");
    read(&script, &[A, B, C], &[&row(A, true), &partner, &internal]);
    let page = session.import_users(&query(ImportScope::Since("3.since.1.1699990000".to_owned()), 100)).unwrap();
    assert_eq!(page.users.iter().map(|user| user.id.as_str()).collect::<Vec<_>>(), [A]);
    assert_eq!(page.departed, [B]);
}

#[test]
fn a_watermark_of_other_user_types_is_stale() {
    let script = Script::new();
    let session = session(&script);
    let error = session.import_users(&query(ImportScope::Since("3.since.1.5".to_owned()), 9)).unwrap_err();
    assert_eq!(error.kind, ErrorKind::StaleReference);
    assert_eq!(error.remedy.as_deref(), Some("Start with a full import"));
}

/// The places that are asked beside the others where grants are wanted, with their answers.
fn grants_asked(script: &Script, answers: [&str; 3]) {
    let [users, logins] = places(None);
    let sets = format!(
        "SELECT AssigneeId FROM PermissionSetAssignment WHERE SystemModstamp >= {TIME} AND Assignee.{TYPES} \
         ORDER BY AssigneeId LIMIT 2000"
    );
    let members = format!(
        "SELECT UserOrGroupId FROM GroupMember WHERE SystemModstamp >= {TIME} ORDER BY UserOrGroupId LIMIT 2000"
    );
    let trail = format!(
        "SELECT Display FROM SetupAuditTrail WHERE CreatedDate >= {TIME} AND Action IN ('PermSetUnassign',\
         'PermSetGroupUnassign','PermSetUnassign_HasExpiration','PermSetGroupUnassign_HasExpiration')"
    );
    let [of_sets, of_members, of_trail] = answers;
    script.composite(&[
        (&users, 200, NONE),
        (&logins, 200, NONE),
        (&sets, 200, of_sets),
        (&members, 200, of_members),
        (&trail, 200, of_trail),
    ]);
}

/// The users with what they hold: groups and permission sets.
fn read_granted(script: &Script, listed: &[&str], rows: &[&str], joined: &str, held: &str) {
    let list = format!("('{}')", listed.join("','"));
    let fields = format!("{FIELDS},UserPermissionsKnowledgeUser");
    script.composite(&[
        (&format!("SELECT {fields} FROM User WHERE Id IN {list} ORDER BY Id"), 200, &records(rows)),
        (&format!("SELECT UserId FROM UserLogin WHERE IsFrozen = true AND UserId IN {list}"), 200, NONE),
        (
            &format!(
                "SELECT UserOrGroupId,GroupId FROM GroupMember WHERE Group.Type = 'Regular' AND UserOrGroupId IN {list}"
            ),
            200,
            joined,
        ),
        (
            &format!(
                "SELECT AssigneeId,PermissionSetId,PermissionSetGroupId FROM PermissionSetAssignment \
                 WHERE PermissionSet.IsOwnedByProfile = false AND AssigneeId IN {list}"
            ),
            200,
            held,
        ),
    ]);
}

/// As the setup audit trail tells of a permission set that was taken away.
fn sentence(of: &str) -> String {
    format!(r#"{{"Display":"Permission set [x]: unassigned from user Bo [B] (UserID: [{of}])"}}"#)
}

#[test]
fn changed_grants_are_asked_for_with_the_other_places() {
    let script = Script::new();
    let session = session(&script);
    described(&script);
    let taken = records(&[&sentence(&C[..15]), &sentence("005"), r#"{"Display":null}"#]);
    // A group may be a member of a group.
    let member = ids("UserOrGroupId", &[B, "00G5e000001GrpAAAS"]);
    grants_asked(&script, [&ids("AssigneeId", &[A]), &member, &taken]);
    let held = records(&[&format!(r#"{{"AssigneeId":"{A}","PermissionSetId":"0PS5e000001SetAAAS"}}"#)]);
    let joined = records(&[&format!(r#"{{"UserOrGroupId":"{B}","GroupId":"00G5e000001GrpAAAS"}}"#)]);
    read_granted(&script, &[A, B, C], &[&row(A, true), &row(B, true), &row(C, true)], &joined, &held);
    let page = session.import_users(&ImportQuery { grants: true, ..since() }).unwrap();
    assert!(grants(&page.users[0]).contains(&("permission-set", "0PS5e000001SetAAAS")));
    assert!(grants(&page.users[1]).contains(&("public-group", "00G5e000001GrpAAAS")));
    assert_eq!(page.users[2].id, C);
}

#[test]
fn an_increment_begins_at_salesforces_own_time() {
    let script = Script::new();
    let session = session(&script);
    script.date("Sun, 06 Nov 1994 08:49:37 GMT");
    asked(&script, None, [NONE, NONE]);
    assert_eq!(session.import_users(&since()).unwrap().watermark, Some(format!("3.since.15.{}", 784_111_777 - 300)));
}

#[test]
fn sentences_of_the_audit_trail_are_read_to_their_end() {
    let script = Script::new();
    let session = session(&script);
    described(&script);
    let trail = format!(
        r#"{{"totalSize":2,"done":false,"nextRecordsUrl":"/services/data/v66.0/query/01g-1","records":[{}]}}"#,
        sentence(A)
    );
    grants_asked(&script, [NONE, NONE, &trail]);
    script.rest("GET", "/services/data/v66.0/query/01g-1", "", 200, records(&[&sentence(C)]));
    read_granted(&script, &[A, C], &[&row(A, true), &row(C, true)], NONE, NONE);
    let page = session.import_users(&ImportQuery { grants: true, ..since() }).unwrap();
    assert_eq!(page.users.iter().map(|user| user.id.as_str()).collect::<Vec<_>>(), [A, C]);
}

#[test]
fn a_part_of_the_changed_users_is_an_error_and_not_all_of_them() {
    let script = Script::new();
    let session = session(&script);
    asked(&script, None, [&ids("Id", &[A, B]), NONE]);
    let list = format!("'{A}','{B}'");
    let cut = records(&[&row(A, true)]).replace("\"done\":true", "\"done\":false");
    script.composite(&[
        (&format!("SELECT {FIELDS} FROM User WHERE Id IN ({list}) ORDER BY Id"), 200, &cut),
        (&format!("SELECT UserId FROM UserLogin WHERE IsFrozen = true AND UserId IN ({list})"), 200, NONE),
    ]);
    assert_eq!(session.import_users(&since()).unwrap_err().kind, ErrorKind::Transient);
}

#[test]
fn a_field_that_a_changed_user_lacks_fails_the_import_and_is_never_an_empty_value() {
    let script = Script::new();
    let session = session(&script);
    asked(&script, None, [&ids("Id", &[A]), &ids("UserId", &[])]);
    read(script.incomplete(), &[A], &[&row(A, true).replace(r#","Email":"a@x.example""#, "")]);
    let error = session.import_users(&since()).unwrap_err();
    assert!(error.message.contains("lacks the field Email,"), "{error}");
}
