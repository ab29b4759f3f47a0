//! Independent requests in one: `composite/batch`.

use serde_json::{Value, json};

use crate::client::Org;

fn create(last_name: &str) -> Value {
    json!({"method": "POST", "url": "v64.0/sobjects/Contact", "richInput": {"LastName": last_name}})
}

#[tokio::test]
async fn each_part_stands_for_itself_and_counts() {
    let org = Org::start().await;
    let body = json!({"batchRequests": [
        create("Batched"), create(""), create("Batched"),
        {"method": "GET", "url": "v64.0/query?q=SELECT+Id+FROM+Contact+WHERE+LastName='Batched'"},
        {"method": "DELETE", "url": "/services/data/v64.0/sobjects/Contact/003000000000001AAA"},
    ]});
    let answer = org.post("composite/batch", &body).await;
    assert_eq!((answer.status, &answer.body["hasErrors"]), (200, &json!(true)), "{}", answer.body);
    let results = answer.body["results"].as_array().unwrap();
    let statuses: Vec<u64> = results.iter().map(|part| part["statusCode"].as_u64().unwrap()).collect();
    assert_eq!(statuses, [201, 400, 201, 200, 404]);
    assert_eq!(results[1]["result"][0]["errorCode"], "REQUIRED_FIELD_MISSING");
    assert_eq!(results[3]["result"]["totalSize"], 2);
    assert_eq!(answer.limit_info.as_deref(), Some("api-usage=5/100000"));
}

#[tokio::test]
async fn an_error_halts_the_rest_on_demand() {
    let org = Org::start().await;
    let body = json!({"haltOnError": true, "batchRequests": [create("Before"), create(""), create("After")]});
    let answer = org.post("composite/batch", &body).await;
    assert_eq!((answer.status, &answer.body["hasErrors"]), (200, &json!(true)));
    let halted = &answer.body["results"][2];
    // H for status and code.
    assert_eq!(
        (&halted["statusCode"], &halted["result"][0]["errorCode"]),
        (&json!(412), &json!("BATCH_PROCESSING_HALTED"))
    );
    assert_eq!(org.emulator.query("SELECT Id FROM Contact WHERE LastName = 'After'").unwrap(), json!([]));
    assert!(org.look("Id", "Contact WHERE LastName = 'Before'").is_string());
}

#[tokio::test]
async fn the_days_last_requests_may_lie_inside_a_batch() {
    let org = Org::start().await;
    org.emulator.set_daily_api_requests(2);
    let answer = org.post("composite/batch", &json!({"batchRequests": [create("a"), create("b"), create("c")]})).await;
    let last = &answer.body["results"][2];
    assert_eq!((&last["statusCode"], &last["result"][0]["errorCode"]), (&json!(403), &json!("REQUEST_LIMIT_EXCEEDED")));
}

#[tokio::test]
async fn what_a_batch_does_not_take() {
    let org = Org::start().await;
    let nested = json!({"method": "POST", "url": "v64.0/composite", "richInput": {}});
    for (list, code) in [
        (vec![create("x"); 26], "LIMIT_EXCEEDED"),
        (vec![], "JSON_PARSER_ERROR"),
        (vec![json!({"method": "GET"})], "JSON_PARSER_ERROR"),
        (vec![json!({"method": "GET", "url": "sobjects"})], "JSON_PARSER_ERROR"),
    ] {
        let answer = org.post("composite/batch", &json!({"batchRequests": list})).await;
        assert_eq!((answer.status, answer.error().0.as_str()), (400, code));
    }
    let answer = org.post("composite/batch", &json!({"batchRequests": [nested]})).await;
    assert_eq!(answer.body["results"][0]["statusCode"], 400);
}
