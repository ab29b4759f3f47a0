use super::*;
use crate::model::FieldChange;
use crate::operations::Session;
use crate::scripted::{Script, golden, records, session, session_with};

mod ledger;

const A: &str = "0055e000001UsrAAAS";
const B: &str = "0055e000001UsrBAAS";
const LOGIN: &str = "0Yw5e000001LogACAS";

/// What is asked about users, with what is asked beside it.
fn ask(script: &Script, ids: &[&str], rows: &[&str], more: &[(&str, String)]) {
    let ids = ids.iter().map(|id| format!("'{id}'")).collect::<Vec<_>>().join(",");
    let users = format!(
        "SELECT Id,Username,IsActive,UserType,IsPortalEnabled,ContactId,Profile.UserLicenseId FROM User WHERE Id IN ({ids})"
    );
    let mut parts = vec![(users, records(rows))];
    parts.extend(more.iter().map(|(query, answer)| (query.replace("{}", &ids), answer.clone())));
    match parts.as_slice() {
        [(query, answer)] => _ = script.query(query, 200, answer),
        parts => {
            let parts: Vec<_> = parts.iter().map(|(query, answer)| (query.as_str(), 200, answer.as_str())).collect();
            script.composite(&parts);
        }
    }
}

const GROUPS: &str =
    "SELECT UserOrGroupId,Group.Name FROM GroupMember WHERE UserOrGroupId IN ({}) AND Group.Type = 'Regular'";
const LOGINS: &str = "SELECT Id,UserId,IsFrozen FROM UserLogin WHERE UserId IN ({})";
const LICENCES: &str = "SELECT Id,Name,TotalLicenses,UsedLicenses FROM UserLicense";
const LICENCE: &str = "1005e000000LicAAAS";

/// Before a deactivation.
fn leaving(script: &Script, ids: &[&str], rows: &[&str]) {
    let group = format!(r#"{{"UserOrGroupId":"{A}","Group":{{"Name":"Priority Customers"}}}}"#);
    ask(script, ids, rows, &[(GROUPS, records(&[&group]))]);
}

/// Before a freeze.
fn freezing(script: &Script, rows: &[&str], logins: &[&str]) {
    ask(script, &[A], rows, &[(LOGINS, records(logins))]);
}

/// Before either.
fn leaving_or_freezing(script: &Script, rows: &[&str], logins: &[&str]) {
    ask(script, &[A], rows, &[(GROUPS, records(&[])), (LOGINS, records(logins))]);
}

/// Before a reactivation, with so many seats in use of two.
fn returning(script: &Script, ids: &[&str], rows: &[&str], logins: &[&str], used: u32) {
    let licence =
        format!(r#"{{"Id":"{LICENCE}","Name":"Customer Community","TotalLicenses":2,"UsedLicenses":{used}}}"#);
    ask(script, ids, rows, &[(LOGINS, records(logins)), (LICENCES, records(&[&licence]))]);
}

fn user(id: &str, active: bool, kind: &str) -> String {
    named(id, "ada@x.example", active, kind)
}

fn named(id: &str, username: &str, active: bool, kind: &str) -> String {
    format!(
        r#"{{"Id":"{id}","Username":"{username}","IsActive":{active},"UserType":"{kind}","IsPortalEnabled":true,"ContactId":"0035e000001ConAAAS","Profile":{{"UserLicenseId":"{LICENCE}"}}}}"#
    )
}

fn login(frozen: bool) -> String {
    format!(r#"{{"Id":"{LOGIN}","UserId":"{A}","IsFrozen":{frozen}}}"#)
}

fn one(results: Result<Vec<Result<Outcome>>>) -> Result<Outcome> {
    let mut results = results?;
    assert_eq!(results.len(), 1);
    results.remove(0)
}

#[test]
fn a_deactivation_sends_is_active_alone() {
    let script = Script::new();
    let session = session(&script);
    leaving(&script, &[A], &[&user(A, true, "PowerCustomerSuccess")]);
    script.rest(
        "PATCH",
        "composite/sobjects",
        golden("deactivate/request.json").trim_end(),
        200,
        golden("deactivate/response.json"),
    );
    let outcome = one(session.deactivate_users(&[A.to_owned()], Deactivation::Deactivate, &PushMode::Apply)).unwrap();
    assert_eq!(outcome.action, Action::Deactivated);
    assert_eq!(outcome.id.as_deref(), Some(A));
    let change =
        FieldChange { object: "User", field: "IsActive".into(), old: Some("true".into()), new: Some("false".into()) };
    assert_eq!(outcome.changes, [change]);
    assert!(!outcome.side_effects.is_empty());
}

#[test]
fn who_is_inactive_already_is_left_alone() {
    let script = Script::new();
    let session = session(&script);
    leaving(&script, &[A], &[&user(A, false, "PowerCustomerSuccess")]);
    let outcome = one(session.deactivate_users(&[A.to_owned()], Deactivation::Deactivate, &PushMode::Apply)).unwrap();
    assert_eq!((outcome.action, outcome.changes.len()), (Action::Unchanged, 0));
}

#[test]
fn a_plan_writes_nothing_and_can_be_applied_until_the_user_changes() {
    let script = Script::new();
    let session = session(&script);
    leaving(&script, &[A], &[&user(A, true, "PowerCustomerSuccess")]);
    let planned = one(session.deactivate_users(&[A.to_owned()], Deactivation::Deactivate, &PushMode::Plan)).unwrap();
    assert_eq!(planned.action, Action::Deactivated);

    let approved = PushMode::ApplyPlanned(vec![planned.digest.clone()]);
    leaving(&script, &[A], &[&user(A, false, "PowerCustomerSuccess")]);
    let error = one(session.deactivate_users(&[A.to_owned()], Deactivation::Deactivate, &approved)).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Drifted);

    leaving(&script, &[A], &[&user(A, true, "PowerCustomerSuccess")]);
    script.rest(
        "PATCH",
        "composite/sobjects",
        golden("deactivate/request.json").trim_end(),
        200,
        golden("deactivate/response.json"),
    );
    let outcome = one(session.deactivate_users(&[A.to_owned()], Deactivation::Deactivate, &approved)).unwrap();
    assert_eq!(outcome.digest, planned.digest);
}

#[test]
fn who_is_no_portal_user_of_this_organization_is_not_touched() {
    let script = Script::new();
    let session = session(&script);
    leaving(&script, &[A, B], &[&user(A, true, "Standard")]);
    let ids = ["003", A, B, B].map(str::to_owned);
    let results = session.deactivate_users(&ids, Deactivation::Deactivate, &PushMode::Apply).unwrap();
    let kinds: Vec<ErrorKind> = results.into_iter().map(|result| result.unwrap_err().kind.clone()).collect();
    assert_eq!(kinds, [ErrorKind::InvalidValue, ErrorKind::InvalidValue, ErrorKind::NotFound, ErrorKind::InvalidValue]);
}

#[test]
fn freezing_writes_the_users_sign_in_record() {
    let script = Script::new();
    let session = session(&script);
    freezing(&script, &[&user(A, true, "CspLitePortal")], &[&login(false)]);
    script.rest(
        "PATCH",
        "composite/sobjects",
        golden("deactivate/freeze.json").trim_end(),
        200,
        format!(r#"[{{"id":"{LOGIN}","success":true,"errors":[]}}]"#),
    );
    let outcome = one(session.deactivate_users(&[A.to_owned()], Deactivation::Freeze, &PushMode::Apply)).unwrap();
    assert_eq!(outcome.action, Action::Frozen);
}

#[test]
fn who_is_frozen_already_is_left_alone_and_a_hidden_record_is_an_error() {
    let script = Script::new();
    let session = session(&script);
    freezing(&script, &[&user(A, true, "CspLitePortal")], &[&login(true)]);
    let outcome = one(session.deactivate_users(&[A.to_owned()], Deactivation::Freeze, &PushMode::Apply)).unwrap();
    assert_eq!(outcome.action, Action::Unchanged);
    freezing(&script, &[&user(A, true, "CspLitePortal")], &[]);
    let error = one(session.deactivate_users(&[A.to_owned()], Deactivation::Freeze, &PushMode::Apply)).unwrap_err();
    assert_eq!(error.kind, ErrorKind::PermissionDenied);
}

#[test]
fn whom_salesforce_refuses_to_deactivate_is_frozen_where_that_is_asked() {
    let script = Script::new();
    let session = session(&script);
    leaving_or_freezing(&script, &[&user(A, true, "CspLitePortal")], &[&login(false)]);
    let refusal = r#"[{"success":false,"errors":[{"statusCode":"SOME_CODE","message":"This user is a default owner.","fields":[]}]}]"#;
    script.rest("PATCH", "composite/sobjects", golden("deactivate/request.json").trim_end(), 200, refusal);
    script.rest(
        "PATCH",
        "composite/sobjects",
        golden("deactivate/freeze.json").trim_end(),
        200,
        format!(r#"[{{"id":"{LOGIN}","success":true,"errors":[]}}]"#),
    );
    let outcome =
        one(session.deactivate_users(&[A.to_owned()], Deactivation::DeactivateOrFreeze, &PushMode::Apply)).unwrap();
    assert_eq!(outcome.action, Action::Frozen);
    assert!(outcome.side_effects.iter().any(|effect| effect.contains("default owner")), "{outcome:?}");

    leaving_or_freezing(&script, &[&user(A, true, "CspLitePortal")], &[&login(false)]);
    let planned =
        one(session.deactivate_users(&[A.to_owned()], Deactivation::DeactivateOrFreeze, &PushMode::Plan)).unwrap();
    assert_eq!(planned.action, Action::Deactivated);
    assert!(planned.side_effects.iter().any(|effect| effect.contains("frozen instead")), "{planned:?}");
}

#[test]
fn a_reactivation_also_thaws() {
    let script = Script::new();
    let session = session(&script);
    returning(&script, &[A], &[&user(A, false, "CspLitePortal")], &[&login(true)], 1);
    let active = golden("deactivate/request.json").replace("false}]", "true}]");
    let thawed = golden("deactivate/freeze.json").replace("\"IsFrozen\":true", "\"IsFrozen\":false");
    script.rest("PATCH", "composite/sobjects", active.trim_end(), 200, golden("deactivate/response.json"));
    script.rest(
        "PATCH",
        "composite/sobjects",
        thawed.trim_end(),
        200,
        format!(r#"[{{"id":"{LOGIN}","success":true,"errors":[]}}]"#),
    );
    let outcome = one(session.reactivate_users(&[A.to_owned()], &PushMode::Apply)).unwrap();
    assert_eq!((outcome.action, outcome.changes.len()), (Action::Reactivated, 2));
}

#[test]
fn a_deactivation_names_the_groups_that_are_lost() {
    let script = Script::new();
    let session = session(&script);
    leaving(&script, &[A], &[&user(A, true, "PowerPartner")]);
    let planned = one(session.deactivate_users(&[A.to_owned()], Deactivation::Deactivate, &PushMode::Plan)).unwrap();
    assert!(planned.side_effects.iter().any(|effect| effect.contains("Priority Customers")), "{planned:?}");
}

#[test]
fn unlinking_sends_is_portal_enabled_alone_and_spells_out_what_follows() {
    let script = Script::new();
    let session = session(&script);
    leaving(&script, &[A], &[&user(A, true, "PowerPartner")]);
    let body = golden("deactivate/request.json").replace("IsActive", "IsPortalEnabled");
    script.rest("PATCH", "composite/sobjects", body.trim_end(), 200, golden("deactivate/response.json"));
    let outcome = one(session.deactivate_users(&[A.to_owned()], Deactivation::Unlink, &PushMode::Apply)).unwrap();
    assert_eq!(outcome.action, Action::Unlinked);
    let fields: Vec<&str> = outcome.changes.iter().map(|change| &*change.field).collect();
    assert_eq!(fields, ["IsPortalEnabled", "IsActive", "ContactId"]);
    assert!(outcome.side_effects.iter().any(|effect| effect.contains("cannot be undone")), "{outcome:?}");
}

#[test]
fn a_reactivation_without_a_seat_is_refused_before_the_call() {
    let script = Script::new();
    let session = session(&script);
    let rows = [user(A, false, "CspLitePortal"), named(B, "eve@x.example", false, "CspLitePortal")];
    returning(&script, &[A, B], &[&rows[0], &rows[1]], &[], 1);
    script.rest(
        "PATCH",
        "composite/sobjects",
        golden("deactivate/request.json").replace("false}]", "true}]").trim_end(),
        200,
        golden("deactivate/response.json"),
    );
    let results = session.reactivate_users(&[A, B].map(str::to_owned), &PushMode::Apply).unwrap();
    assert_eq!(results[0].as_ref().unwrap().action, Action::Reactivated);
    let error = results[1].as_ref().unwrap_err();
    assert_eq!(error.kind, ErrorKind::LicenseExhausted);
    assert!(error.message.contains("Customer Community") && error.message.contains("eve@x.example"), "{error}");
}

#[test]
fn a_username_is_given_up_after_the_deactivation_and_taken_back() {
    const RETIRED: &str = "0055e000001usraaas.ada@x.example";
    let script = Script::new();
    let session = session_with(&script, &[("rename-on-deactivation", "true")]);
    let patch = |field: &str, value: &str| {
        let body = golden("deactivate/request.json").replace("\"IsActive\":false", &format!("\"{field}\":{value}"));
        script.rest("PATCH", "composite/sobjects", body.trim_end(), 200, golden("deactivate/response.json"));
    };
    leaving(&script, &[A], &[&user(A, true, "CspLitePortal")]);
    patch("IsActive", "false");
    patch("Username", &format!("\"{RETIRED}\""));
    let outcome = one(session.deactivate_users(&[A.to_owned()], Deactivation::Deactivate, &PushMode::Apply)).unwrap();
    assert_eq!((outcome.action, outcome.changes.len()), (Action::Deactivated, 2));

    // Again after a crash between the two.
    leaving(&script, &[A], &[&user(A, false, "CspLitePortal")]);
    patch("Username", &format!("\"{RETIRED}\""));
    let outcome = one(session.deactivate_users(&[A.to_owned()], Deactivation::Deactivate, &PushMode::Apply)).unwrap();
    assert_eq!(outcome.action, Action::Updated);

    returning(&script, &[A], &[&named(A, RETIRED, false, "CspLitePortal")], &[], 0);
    patch("IsActive", "true");
    patch("Username", "\"ada@x.example\"");
    let outcome = one(session.reactivate_users(&[A.to_owned()], &PushMode::Apply)).unwrap();
    assert_eq!(outcome.action, Action::Reactivated);
}
