use super::*;
use crate::operations::Session;
use crate::scripted::{Script, golden, records, settings};

const TYPES: &str = "UserType IN ('CspLitePortal','CustomerSuccess','PowerCustomerSuccess','PowerPartner')";
const NO_FROZEN: &str = r#"{"totalSize":0,"done":true,"records":[]}"#;

fn session(script: &Script) -> Session<Script> {
    script.sign_in();
    Session::open(script.clone(), settings()).unwrap_or_else(|error| panic!("{error}"))
}

fn query(scope: ImportScope, page_size: u32) -> ImportQuery {
    ImportQuery { scope, page_size, attributes: vec!["email".to_owned(), "accountId".to_owned()], grants: true }
}

fn soql(after: &str, limit: u32) -> String {
    format!(
        "SELECT Id,Username,IsActive,SystemModstamp,ProfileId,UserRoleId,Email,Contact.AccountId FROM User \
         WHERE {TYPES}{after} ORDER BY Id LIMIT {limit}"
    )
}

fn frozen_soql(first: &str, last: &str) -> String {
    format!("SELECT UserId FROM UserLogin WHERE IsFrozen = true AND UserId >= '{first}' AND UserId <= '{last}'")
}

fn row(id: &str, active: bool) -> String {
    format!(
        r#"{{"attributes":{{"type":"User"}},"Id":"{id}","Username":"{id}@x.example","IsActive":{active},"SystemModstamp":"2022-03-17T16:21:26.000+0000","ProfileId":"00e5e000001PrtAAAS","UserRoleId":null,"Email":"a@x.example","Contact":{{"AccountId":"0015e00000AcmeAAAR"}}}}"#
    )
}

const A: &str = "0055e000001UsrAAAS";
const B: &str = "0055e000001UsrBAAS";
const C: &str = "0055e000001UsrCAAS";

#[test]
fn a_page_is_one_query_and_one_for_the_frozen() {
    let script = Script::new();
    let session = session(&script);
    script.query(golden("import/default.soql").trim_end(), 200, golden("import/page.json"));
    script.query(&frozen_soql(A, C), 200, records(&[&format!(r#"{{"UserId":"{B}"}}"#)]));
    let query = ImportQuery { scope: ImportScope::Full, page_size: 100, attributes: vec![], grants: true };
    let page = session.import_users(&query).unwrap();
    assert_eq!(page.next, None);
    assert_eq!(page.watermark, None);
    let statuses: Vec<Status> = page.users.iter().map(|user| user.status).collect();
    assert_eq!(statuses, [Status::Active, Status::Frozen, Status::Inactive]);
    let ada = &page.users[0];
    assert_eq!(ada.id, A);
    assert_eq!(ada.username, "ada@portal.example");
    assert_eq!(ada.modified, "2022-03-17T16:21:26.000Z");
    let text = |name: &str| ada.attributes.iter().find(|one| one.name == name).map(|one| one.value.clone());
    assert_eq!(text("familyName"), Some(Value::Text("King \"Lovelace\"".to_owned())));
    assert_eq!(text("contactEmail"), Some(Value::Text("ada@example.com".to_owned())));
    assert_eq!(text("accountId"), Some(Value::Text("0015e00000AcmeAAAR".to_owned())));
    assert_eq!(text("title"), None);
    let grants: Vec<(&str, &str)> = ada.grants.iter().map(|grant| (grant.kind.as_str(), grant.id.as_str())).collect();
    assert_eq!(grants, [("profile", "00e5e000001PrtAAAS"), ("role", "00E5e000001RolAEAS")]);
}

#[test]
fn pages_continue_behind_the_last_id_until_one_is_not_full() {
    let script = Script::new();
    let session = session(&script);
    script.query(&soql("", 2), 200, records(&[&row(A, true), &row(B, true)]));
    script.query(&frozen_soql(A, B), 200, NO_FROZEN);
    let first = session.import_users(&query(ImportScope::Full, 2)).unwrap();
    let next = first.next.unwrap();
    script.query(&soql(&format!(" AND Id > '{B}'"), 2), 200, records(&[&row(C, true)]));
    script.query(&frozen_soql(C, C), 200, NO_FROZEN);
    let second = session.import_users(&query(ImportScope::Resume(next), 2)).unwrap();
    assert_eq!(second.users.len(), 1);
    assert_eq!(second.next, None);
}

#[test]
fn a_full_page_at_the_very_end_is_followed_by_an_empty_last_one() {
    let script = Script::new();
    let session = session(&script);
    script.query(&soql(&format!(" AND Id > '{A}'"), 1), 200, records(&[]));
    let page = session.import_users(&query(ImportScope::Resume(format!("1.full.{A}")), 1)).unwrap();
    assert_eq!((page.users.len(), page.next), (0, None));
}

#[test]
fn a_page_that_salesforce_cuts_short_is_not_the_last_and_its_locator_is_not_used() {
    let script = Script::new();
    let session = session(&script);
    let cut = format!(
        r#"{{"totalSize":3,"done":false,"nextRecordsUrl":"/services/data/v66.0/query/01g-1","records":[{}]}}"#,
        row(A, true)
    );
    script.query(&soql("", 2000), 200, cut);
    script.query(&frozen_soql(A, A), 200, NO_FROZEN);
    let page = session.import_users(&query(ImportScope::Full, 5000)).unwrap();
    assert_eq!(page.next.as_deref(), Some(format!("1.full.{A}").as_str()));
}

#[test]
fn answers_without_progress_are_errors_and_no_endless_import() {
    for body in [
        r#"{"totalSize":3,"done":false,"records":[]}"#.to_owned(),
        format!(r#"{{"totalSize":3,"done":false,"records":[{}]}}"#, row(A, true)),
    ] {
        let script = Script::new();
        let session = session(&script);
        script.query(&soql(&format!(" AND Id > '{A}'"), 10), 200, body);
        let error = session.import_users(&query(ImportScope::Resume(format!("1.full.{A}")), 10)).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Transient);
    }
}

#[test]
fn malformed_answers_are_errors() {
    for body in [
        "",
        "[]",
        "{",
        "null",
        r#"{"done":true}"#,
        r#"{"done":true,"records":[{"Username":"x"}]}"#,
        r#"{"done":true,"records":[1]}"#,
    ] {
        let script = Script::new();
        let session = session(&script);
        script.query(&soql("", 10), 200, body);
        assert_eq!(
            session.import_users(&query(ImportScope::Full, 10)).unwrap_err().kind,
            ErrorKind::Transient,
            "{body}"
        );
    }
}

#[test]
fn a_page_size_of_nothing_still_makes_progress() {
    let script = Script::new();
    let session = session(&script);
    script.query(&soql("", 1), 200, records(&[]));
    assert!(session.import_users(&query(ImportScope::Full, 0)).is_ok());
}

#[test]
fn without_the_right_to_see_the_frozen_the_import_goes_on_and_says_so() {
    let script = Script::new();
    let session = session(&script);
    script.query(&soql("", 10), 200, records(&[&row(A, true)]));
    script.query(
        &frozen_soql(A, A),
        400,
        r#"[{"message":"sObject type 'UserLogin' is not supported.","errorCode":"INVALID_TYPE"}]"#,
    );
    let page = session.import_users(&query(ImportScope::Full, 10)).unwrap();
    assert_eq!(page.users[0].status, Status::Active);
    assert!(script.logged().iter().any(|line| line.contains("frozen")));
}

#[test]
fn what_cannot_be_imported_is_refused_before_any_request() {
    let script = Script::new();
    let session = session(&script);
    let mut unknown = query(ImportScope::Full, 10);
    unknown.attributes.push("shoeSize".to_owned());
    let error = session.import_users(&unknown).unwrap_err();
    assert_eq!(error.kind, ErrorKind::InvalidValue);
    assert!(error.message.contains("shoeSize"));
    let since = session.import_users(&query(ImportScope::Since("x".to_owned()), 10)).unwrap_err();
    assert_eq!(since.kind, ErrorKind::Unsupported);
    let stale = session.import_users(&query(ImportScope::Resume("9.x".to_owned()), 10)).unwrap_err();
    assert_eq!(stale.kind, ErrorKind::StaleReference);
}

#[test]
fn a_sign_in_to_another_organization_opens_no_session() {
    let script = Script::new();
    let mut settings = settings();
    for (name, value) in &mut settings.values {
        if name == "organization-id" {
            "00D5e0000099XyZ".clone_into(value);
        }
    }
    script.sign_in();
    let error = Session::open(script, settings).map(|_| ()).unwrap_err();
    assert_eq!(error.kind, ErrorKind::InvalidSettings);
    assert!(error.message.contains("00D5e0000012AbCEAU"));
}
