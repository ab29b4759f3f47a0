//! Very many users, whose import begins by a query and goes on by the Bulk API where there is one.

use super::*;
use crate::operations::Session;

const LOCATED: &str = "7505e000001JobAAAS";
/// Users of a whole page.
const PAGE: u32 = 2_000;

/// The ids of a whole page of users, in order.
fn page_ids() -> Vec<String> {
    let id = |at: u32| Id::parse(&format!("0055e000001{at:04}")).unwrap().to_string();
    (1..=PAGE).map(id).collect()
}

fn users_soql(after: &str) -> String {
    format!(
        "SELECT Id,Username,IsActive,UserType,SystemModstamp,ProfileId,UserRoleId,Email,Contact.AccountId FROM User \
         WHERE {TYPES}{after} ORDER BY Id"
    )
}

/// What an import of an org with so many users asks before it tries the Bulk API.
fn begin(script: &Script, ids: &[String], total: &str) {
    let rows: Vec<String> = ids.iter().map(|id| row(id, true)).collect();
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    script.query(&format!("{} LIMIT {PAGE}", users_soql("")), 200, records(&rows));
    let count = format!(r#"{{"totalSize":{total},"done":true,"records":[]}}"#);
    script.query(&format!("SELECT COUNT() FROM User WHERE {TYPES}"), 200, count);
}

/// The request for who of the first page is frozen, which ends a page.
fn end(script: &Script, first: &str, last: &str) {
    let soql =
        format!("SELECT UserId FROM UserLogin WHERE IsFrozen = true AND UserId >= '{first}' AND UserId <= '{last}'");
    script.composite(&[(&soql, 200, NONE)]);
}

/// Expects the start of a job, and answers it.
fn start(script: &Script, last: &str, status: u16, answer: &str) {
    let body = format!(r#"{{"operation":"query","query":"{}"}}"#, users_soql(&format!(" AND Id > '{last}'")));
    script.rest("POST", "jobs/query", &body, status, answer);
}

fn look(script: &Script, state: &str) {
    let answer = format!(r#"{{"id":"{LOCATED}","state":"{state}"}}"#);
    script.rest("GET", &format!("jobs/query/{LOCATED}"), "", 200, answer);
}

fn import(session: &Session<Script>) -> Result<ImportPage> {
    session.import_users(&query(ImportScope::Full, 5_000))
}

fn bulk_session(script: &Script) -> Session<Script> {
    session_with(script, &[("bulk-threshold", "4000")])
}

#[test]
fn an_organization_without_the_bulk_api_is_imported_by_queries_and_the_log_says_why() {
    for (status, code, words) in [
        (403, "API_DISABLED_FOR_ORG", "has no access to the API"),
        (400, "FEATURENOTENABLED", "no Bulk API here"),
        (404, "NOT_FOUND", "the import of portal users"),
        (410, "GONE", "no Bulk API here"),
    ] {
        let script = Script::new();
        let session = bulk_session(&script);
        let ids = page_ids();
        let (first, last) = (&ids[0], &ids[ids.len() - 1]);
        begin(&script, &ids, "5000");
        start(&script, last, status, &format!(r#"[{{"errorCode":"{code}","message":"no Bulk API here"}}]"#));
        end(&script, first, last);
        let page = import(&session).unwrap();
        assert_eq!(page.users.len(), ids.len());
        let next = page.next.unwrap();
        assert_eq!(next, format!("2.full.15.{NOW}.{last}"), "{code}");
        let logged = script.logged();
        let told = logged.iter().find(|line| line.starts_with("Warn") && line.contains("instead of the Bulk API"));
        assert!(told.is_some_and(|line| line.contains(words)), "{code}: {logged:?}");

        // The next page is asked for by a query, too, and doesn't try the Bulk API again.
        let rest = format!("{} LIMIT {PAGE}", users_soql(&format!(" AND Id > '{last}'")));
        script.query(&rest, 200, records(&[&row(A, true)]));
        end(&script, A, A);
        let second = session.import_users(&query(ImportScope::Resume(next), 5_000)).unwrap();
        assert_eq!((second.users.len(), second.next), (1, None));
        assert_eq!(second.watermark, Some(format!("2.since.15.{}", NOW - 300)));
    }
}

#[test]
fn a_bulk_api_that_is_down_stops_the_import_and_does_not_make_it_a_slow_one() {
    let script = Script::new();
    let session = bulk_session(&script);
    let ids = page_ids();
    begin(&script, &ids, "5000");
    for _ in 0..4 {
        start(&script, &ids[ids.len() - 1], 503, "<html><title>Service Unavailable</title></html>");
    }
    assert_eq!(import(&session).unwrap_err().kind, ErrorKind::Transient);
}

#[test]
fn a_job_that_is_done_is_where_the_next_page_goes_on() {
    let script = Script::new();
    let session = bulk_session(&script);
    let ids = page_ids();
    let (first, last) = (&ids[0], &ids[ids.len() - 1]);
    begin(&script, &ids, "4000");
    start(&script, last, 200, &format!(r#"{{"id":"{LOCATED}","state":"UploadComplete"}}"#));
    look(&script, "UploadComplete");
    look(&script, "InProgress");
    look(&script, "JobComplete");
    end(&script, first, last);
    assert_eq!(import(&session).unwrap().next, Some(format!("2.full.15.{NOW}.{last}.{LOCATED}.")));
    assert_eq!(script.pauses(), [500, 1_000].map(std::time::Duration::from_millis));
}

#[test]
fn a_job_that_fails_or_takes_more_than_a_minute_is_not_waited_for() {
    for (state, looks) in [("Failed", 1), ("Aborted", 1), ("InProgress", 7)] {
        let script = Script::new();
        let session = bulk_session(&script);
        let ids = page_ids();
        let (first, last) = (&ids[0], &ids[ids.len() - 1]);
        begin(&script, &ids, "4000");
        start(&script, last, 200, &format!(r#"{{"id":"{LOCATED}","state":"UploadComplete"}}"#));
        (0..looks).for_each(|_| look(&script, state));
        end(&script, first, last);
        assert_eq!(import(&session).unwrap().next, Some(format!("2.full.15.{NOW}.{last}")), "{state}");
    }
}

#[test]
fn fewer_users_than_are_worth_a_job_are_imported_by_queries() {
    for total in ["3999", "null"] {
        let script = Script::new();
        let session = bulk_session(&script);
        let ids = page_ids();
        begin(&script, &ids, total);
        end(&script, &ids[0], &ids[ids.len() - 1]);
        assert_eq!(import(&session).unwrap().next, Some(format!("2.full.15.{NOW}.{}", ids[ids.len() - 1])));
    }
}
