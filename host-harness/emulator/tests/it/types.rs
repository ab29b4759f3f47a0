//! Values of another JSON type than their field's.

use salesforce_emulator::Switches;
use serde_json::{Value, json};

use crate::bulk::ingest;
use crate::client::Org;

/// What Salesforce says of a text in a boolean field (H; the position is made up).
fn refusal(text: &str) -> (String, String) {
    let message = format!(
        "Cannot deserialize instance of boolean from VALUE_STRING value {text} or request may be missing a required field \
         at [line:1, column:1]"
    );
    ("JSON_PARSER_ERROR".to_owned(), message)
}

fn strict() -> Switches {
    Switches { boolean_texts: false, ..Switches::default() }
}

/// A portal user who is in use, and the answers to four requests that write `IsActive`: alone, in a collection, and in a
/// composite request and a graph.
async fn answers(org: &Org, value: &Value) -> [(u16, Option<(String, String)>); 4] {
    let user = org.id("User WHERE ContactId != null AND IsActive = true ORDER BY Id LIMIT 1");
    let body = json!({"IsActive": value});
    let refused = |error: &Value| {
        let text = |name: &str| error[name].as_str().map(str::to_owned);
        Some((text("errorCode").or_else(|| text("statusCode"))?, text("message")?))
    };
    let alone = org.patch(&format!("sobjects/User/{user}"), &body).await;
    let record = json!({"attributes": {"type": "User"}, "Id": user, "IsActive": value});
    let collection = org.patch("composite/sobjects", &json!({"records": [record]})).await;
    let url = format!("/services/data/v64.0/sobjects/User/{user}");
    let part = json!({"method": "PATCH", "url": url, "referenceId": "one", "body": body});
    let composite = org.post("composite", &json!({"compositeRequest": [part]})).await;
    let graph = json!({"graphs": [{"graphId": "1", "compositeRequest": [part]}]});
    let graph = org.post("composite/graph", &graph).await;
    let composite = &composite.body["compositeResponse"][0];
    let graph = &graph.body["graphs"][0]["graphResponse"]["compositeResponse"][0];
    let of_part = |part: &Value| (part["httpStatusCode"].as_u64().unwrap() as u16, refused(&part["body"][0]));
    [
        (alone.status, refused(&alone.body[0])),
        (collection.status, refused(&collection.body[0]["errors"][0])),
        of_part(composite),
        of_part(graph),
    ]
}

#[tokio::test]
async fn a_boolean_field_takes_no_text_but_true_and_false_and_those_only_where_they_are_let_in() {
    let (lenient, strict) = (Org::start().await, Org::with(strict()).await);
    for text in ["TRUE", "False", "1", "0", "yes", "", " true", "perhaps"] {
        for org in [&lenient, &strict] {
            let told = Some(refusal(text));
            let expected = [(400, told.clone()), (200, told.clone()), (400, told.clone()), (400, told)];
            assert_eq!(answers(org, &json!(text)).await, expected, "{text:?}");
        }
    }
    for text in ["true", "false"] {
        let told = Some(refusal(text));
        let expected = [(400, told.clone()), (200, told.clone()), (400, told.clone()), (400, told)];
        assert_eq!(answers(&strict, &json!(text)).await, expected, "{text:?}");
    }
    for org in [&lenient, &strict] {
        for number in [json!(1), json!(0)] {
            assert!(answers(org, &number).await.iter().all(|(_, refused)| refused.is_some()), "{number}");
        }
        let fine = [(204, None), (200, None), (204, None), (204, None)];
        assert_eq!(answers(org, &json!(true)).await, fine);
    }
    assert_eq!(answers(&lenient, &json!("true")).await, [(204, None), (200, None), (204, None), (204, None)]);
}

#[tokio::test]
async fn the_rows_of_a_bulk_job_are_texts_whatever_a_json_body_may_have() {
    let org = Org::with(strict()).await;
    let user = org.id("User WHERE ContactId != null AND IsActive = true ORDER BY Id LIMIT 1");
    let job = json!({"operation": "update", "object": "User"});
    for (text, active) in [("false", false), ("TRUE", true), ("0", false), ("1", true), ("False", false)] {
        let (_, done) = ingest(&org, &job, &format!("Id,IsActive\n{user},{text}\n")).await;
        assert_eq!(done["numberRecordsFailed"], json!(0), "{text}");
        assert_eq!(org.look("IsActive", &format!("User WHERE Id = '{user}'")), json!(active), "{text}");
    }
    let (_, done) = ingest(&org, &job, &format!("Id,IsActive\n{user},perhaps\n")).await;
    assert_eq!(done["numberRecordsFailed"], json!(1));
}

#[tokio::test]
async fn a_text_field_takes_numbers_and_nothing_else_that_is_no_text() {
    let org = Org::with(strict()).await;
    let contact = org.contact("Typed").await;
    let path = format!("sobjects/Contact/{contact}");
    assert_eq!(org.patch(&path, &json!({"Title": 12})).await.status, 204);
    assert_eq!(org.look("Title", &format!("Contact WHERE Id = '{contact}'")), json!("12"));
    for (value, token) in
        [(json!(true), "VALUE_TRUE"), (json!(["x"]), "START_ARRAY"), (json!({"x": 1}), "START_OBJECT")]
    {
        let (code, message, _) = org.patch(&path, &json!({"Title": value})).await.error();
        assert_eq!(code, "JSON_PARSER_ERROR", "{value}");
        assert!(
            message.starts_with(&format!("Cannot deserialize instance of string from {token} value ")),
            "{message}"
        );
    }
}
