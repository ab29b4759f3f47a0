//! Rows by id, addresses, versions, limits.

use reqwest::Method;
use serde_json::{Value, json};

use crate::client::Org;

#[tokio::test]
async fn rows_that_are_not_there_are_not_found() {
    let org = Org::start().await;
    let gone = org.contact("Gone").await;
    assert_eq!(org.delete(&format!("sobjects/Contact/{gone}")).await.status, 204);
    let deleted = org.get(&format!("sobjects/Contact/{gone}")).await;
    assert_eq!(
        (deleted.status, deleted.error()),
        (404, ("ENTITY_IS_DELETED".into(), "entity is deleted".into(), json!([])))
    );
    for (path, message) in [
        ("sobjects/Contact/003000000000001AAA", "The requested resource does not exist"),
        ("sobjects/Nothing/003000000000001AAA", "The requested resource does not exist"),
        ("sobjects/Contact/foo", "Provided external ID field does not exist or is not accessible: foo"),
        ("nothing", "The requested resource does not exist"),
    ] {
        let answer = org.get(path).await;
        assert_eq!((answer.status, answer.error()), (404, ("NOT_FOUND".into(), message.into(), Value::Null)), "{path}");
    }
}

#[tokio::test]
async fn a_read_gives_the_fields_asked_for() {
    let org = Org::start().await;
    let id = org.contact("Reader").await;
    let some = org.get(&format!("sobjects/Contact/{}?fields=LastName,Email", &id[..15])).await;
    assert_eq!(
        some.body,
        json!({"attributes": {"type": "Contact", "url": format!("/services/data/v64.0/sobjects/Contact/{id}")},
            "LastName": "Reader", "Email": null})
    );
    assert_eq!(org.get(&format!("sobjects/Contact/{id}?fields=Foo")).await.error().0, "INVALID_FIELD");
    let owner = org.get(&format!("sobjects/Contact/{id}")).await.body["OwnerId"].clone();
    assert_eq!(owner, org.look("Id", &format!("User WHERE Username = '{}'", org.emulator.credentials().username)));
}

#[tokio::test]
async fn contacts_with_users_stay() {
    let org = Org::start().await;
    let contact = org.look("ContactId", "User WHERE ContactId != null");
    let answer = org.delete(&format!("sobjects/Contact/{}", contact.as_str().unwrap())).await;
    assert_eq!((answer.status, answer.error().0.as_str()), (400, "DELETE_FAILED"));
}

#[tokio::test]
async fn a_body_that_is_not_json_is_refused() {
    let org = Org::start().await;
    for body in ["{", "[]", "", "{\"LastName\": }"] {
        let request =
            org.request(Method::POST, "sobjects/Contact").header("content-type", "application/json").body(body);
        let answer = org.send(request).await;
        assert_eq!((answer.status, answer.error().0.as_str()), (400, "JSON_PARSER_ERROR"), "{body}");
    }
}

#[tokio::test]
async fn every_answer_counts_but_the_versions_list() {
    let org = Org::start().await;
    let versions = org.send(org.http.get(format!("{}/services/data/", org.emulator.url()))).await;
    assert_eq!((versions.status, &versions.limit_info), (200, &None));
    assert!(versions.body.as_array().unwrap().iter().any(|version| version["version"] == "64.0"));
    assert_eq!(org.get("limits").await.limit_info.as_deref(), Some("api-usage=1/100000"));
    let limits = org.get("limits").await;
    assert_eq!(limits.limit_info.as_deref(), Some("api-usage=2/100000"));
    assert_eq!(limits.body["DailyApiRequests"], json!({"Max": 100_000, "Remaining": 99_998}));
    assert_eq!(org.get("nothing").await.limit_info.as_deref(), Some("api-usage=3/100000"));
    org.emulator.set_daily_api_requests(3);
    let over = org.get("limits").await;
    assert_eq!(
        (over.status, over.error()),
        (403, ("REQUEST_LIMIT_EXCEEDED".into(), "TotalRequests Limit exceeded.".into(), Value::Null))
    );
}

#[tokio::test]
async fn retired_versions_are_gone_and_unknown_ones_are_not_found() {
    let org = Org::start().await;
    for (version, status) in [("v30.0", 410), ("v31.0", 200), ("v67.0", 200), ("v99.0", 404), ("64.0", 404)] {
        let url = format!("{}/services/data/{version}/limits", org.emulator.url());
        let answer = org.send(org.http.get(url).bearer_auth(&org.session)).await;
        assert_eq!(answer.status, status, "{version}");
    }
}

#[tokio::test]
async fn what_is_not_built_says_so() {
    let org = Org::start().await;
    let answer = org.get("tooling/query").await;
    assert_eq!((answer.status, answer.error().1.as_str()), (501, "GET tooling/query is not emulated."));
    let plain = org.http.post(format!("{}/services/apexrest/x", org.emulator.url())).send().await.unwrap();
    assert_eq!(plain.status().as_u16(), 501);
}
