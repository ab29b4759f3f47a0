//! Faults on demand, as a client meets them.

use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode};
use salesforce_emulator::{Effect, ErrorBody, Fault, Switches, When};
use serde_json::{Value, json};

use crate::client::{Org, between};

#[tokio::test]
async fn latency_holds_the_answer_back() {
    let org = Org::start().await;
    let wait = Duration::from_millis(150);
    org.emulator.inject(Fault::latency(wait).path("*/limits"));
    let start = Instant::now();
    assert_eq!(org.get("limits").await.status, 200);
    assert!(start.elapsed() >= wait);
    assert!(org.emulator.journal().last().unwrap().duration >= wait);
    assert!(org.emulator.faults().is_empty());
}

#[tokio::test]
async fn a_dropped_connection_may_have_done_its_work() {
    let org = Org::start().await;
    let account = org.emulator.credentials().account_id;
    for (name, when, made) in [("Before", When::BeforeWork, 0), ("After", When::AfterWork, 1)] {
        let id = org.emulator.inject(Fault::new(Effect::DropConnection { when }).method("POST"));
        let body = json!({"LastName": format!("Dropped{name}"), "AccountId": account}).to_string();
        let request =
            org.request(Method::POST, "sobjects/Contact").header("content-type", "application/json").body(body);
        let error = request.send().await.unwrap_err();
        assert!(error.is_request() && error.status().is_none(), "{error:?}");
        let found = org.emulator.query(&format!("SELECT Id FROM Contact WHERE LastName = 'Dropped{name}'")).unwrap();
        let ids: Vec<&str> = found.as_array().unwrap().iter().map(|row| row["Id"].as_str().unwrap()).collect();
        assert_eq!(ids.len(), made, "{name}");
        let entry = org.emulator.journal().pop().unwrap();
        assert_eq!(entry.created, ids, "{name}");
        assert_eq!((entry.status, entry.fault), (0, Some(id)));
    }
    assert_eq!(org.get("limits").await.status, 200, "the next connection is sound");
}

#[tokio::test]
async fn a_cut_body_promises_more_than_it_brings() {
    let org = Org::start().await;
    org.emulator.inject(Fault::new(Effect::CutBody { bytes: 40 }).soql("from contact"));
    let request = org.request(Method::GET, "query?q=SELECT+Id+FROM+Contact");
    let mut response = request.send().await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert!(response.content_length().unwrap() > 40);
    let mut got = Vec::new();
    let end = loop {
        match response.chunk().await {
            Ok(Some(chunk)) => got.extend_from_slice(&chunk),
            Ok(None) => break None,
            Err(error) => break Some(error),
        }
    };
    assert!(end.is_some() && got.len() <= 40, "{} bytes", got.len());
}

#[tokio::test]
async fn server_errors_come_as_json_and_as_a_page() {
    let org = Org::start().await;
    let (json, html) = (ErrorBody::Json, ErrorBody::Html);
    org.emulator.inject(Fault::new(Effect::ServerError { status: 503, body: json, when: When::BeforeWork }));
    let answer = org.get("limits").await;
    assert_eq!((answer.status, answer.error().0.as_str()), (503, "SERVER_UNAVAILABLE"));
    org.emulator.inject(Fault::new(Effect::ServerError { status: 502, body: html, when: When::AfterWork }));
    let account = org.emulator.credentials().account_id;
    let answer = org.post("sobjects/Contact", &json!({"LastName": "Gateway", "AccountId": account})).await;
    assert_eq!((answer.status, &answer.body), (502, &Value::Null));
    assert_eq!(org.id("Contact WHERE LastName = 'Gateway'").len(), 18, "the work was done");
}

#[tokio::test]
async fn limits_and_sessions_end_on_demand() {
    let mut org = Org::start().await;
    for (effect, message) in [
        (Effect::RequestLimit, "TotalRequests Limit exceeded."),
        (Effect::ConcurrentRequestLimit, "ConcurrentRequests (Concurrent API Requests) Limit exceeded."),
    ] {
        org.emulator.inject(Fault::new(effect));
        let answer = org.get("limits").await;
        assert_eq!(
            (answer.status, answer.error()),
            (403, ("REQUEST_LIMIT_EXCEEDED".into(), message.into(), Value::Null))
        );
    }
    org.emulator.inject(Fault::new(Effect::ExpireSession));
    for _ in 0..2 {
        let answer = org.get("limits").await;
        let expected = ("INVALID_SESSION_ID".into(), "Session expired or invalid".into(), Value::Null);
        assert_eq!((answer.status, answer.error()), (401, expected), "an ended session stays ended");
    }
    org.sign_in().await;
    assert_eq!(org.get("limits").await.status, 200);
}

#[tokio::test]
async fn soap_gets_its_faults_as_soap() {
    let org = Org::start().await;
    org.emulator.inject(Fault::new(Effect::RequestLimit).path("/services/Soap/*"));
    assert_eq!(org.get("limits").await.status, 200);
    let (status, body) = org.soap_login("64.0", "", "a", "b").await;
    assert_eq!(status, 500);
    assert_eq!(between(&body, "<faultcode>", "</faultcode>"), "sf:REQUEST_LIMIT_EXCEEDED");
}

#[tokio::test]
async fn a_locked_row_fails_alone_in_a_collection() {
    let org = Org::start().await;
    let ids = [org.contact("A").await, org.contact("B").await, org.contact("C").await];
    let records: Vec<Value> =
        ids.iter().map(|id| json!({"attributes": {"type": "Contact"}, "id": id, "Title": "Locked?"})).collect();
    org.emulator.inject(Fault::new(Effect::RowLock { records: vec![1] }).method("PATCH").path("*/composite/sobjects"));
    let body = json!({"records": records});
    let answer = org.patch("composite/sobjects", &body).await;
    let success: Vec<bool> =
        answer.body.as_array().unwrap().iter().map(|row| row["success"].as_bool().unwrap()).collect();
    assert_eq!(success, [true, false, true]);
    let message = format!("unable to obtain exclusive access to this record or 1 records: {}", ids[1]);
    assert_eq!(
        answer.body[1]["errors"],
        json!([{"statusCode": "UNABLE_TO_LOCK_ROW", "message": message, "fields": []}])
    );
    let again = org.patch("composite/sobjects", &body).await;
    assert!(again.body.as_array().unwrap().iter().all(|row| row["success"] == json!(true)), "the lock was for once");
}

#[tokio::test]
async fn single_records_are_refused_on_demand() {
    let org = Org::start().await;
    let user = org.user("on.demand", "Customer Community User").await;
    let path = format!("sobjects/User/{user}");
    let refuse = Effect::Refuse {
        status_code: "CANNOT_EXECUTE_FLOW_TRIGGER".into(),
        message: "We can't save this record because the “Sync” process failed.".into(),
        fields: Vec::new(),
        records: Vec::new(),
    };
    for (effect, code, message) in [
        (
            Effect::RowLock { records: vec![] },
            "UNABLE_TO_LOCK_ROW",
            format!("unable to obtain exclusive access to this record or 1 records: {user}"),
        ),
        (
            Effect::GroupMembershipInProgress { records: vec![] },
            "UNKNOWN_EXCEPTION",
            "group membership operation already in progress".to_owned(),
        ),
        (
            refuse,
            "CANNOT_EXECUTE_FLOW_TRIGGER",
            "We can't save this record because the “Sync” process failed.".to_owned(),
        ),
    ] {
        org.emulator.inject(Fault::new(effect).method("PATCH"));
        let answer = org.patch(&path, &json!({"Title": "Never"})).await;
        assert_eq!((answer.status, answer.error()), (400, (code.into(), message, json!([]))));
    }
    assert_eq!(org.get(&path).await.body["Title"], Value::Null);
}

#[tokio::test]
async fn requests_at_one_time_are_limited_by_a_switch() {
    let org = Org::with(Switches { concurrent_api_requests: Some(1), ..Switches::default() }).await;
    org.emulator.inject(Fault::latency(Duration::from_millis(400)).path("*/limits"));
    let (slow, answer) = tokio::join!(org.get("limits"), async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        org.get("sobjects/Contact/foo").await
    });
    assert_eq!(slow.status, 200);
    assert_eq!((answer.status, answer.error().0.as_str()), (403, "REQUEST_LIMIT_EXCEEDED"));
    assert_eq!(org.get("limits").await.status, 200);
}
