//! Several transactions in one: `composite/graph`.

use salesforce_emulator::Switches;
use serde_json::{Value, json};

use crate::client::Org;
use crate::composite::{halted, part};

const ROLLED_BACK: &str = "The transaction was rolled back since another operation in the same transaction failed.";

fn graph(id: &str, parts: Vec<Value>) -> Value {
    json!({"graphId": id, "compositeRequest": Value::Array(parts)})
}

fn contact(reference_id: &str, last_name: &str) -> Value {
    part(reference_id, "POST", "sobjects/Contact", json!({"LastName": last_name}))
}

fn pair(id: &str, last_name: &str) -> Value {
    graph(id, vec![contact("good", "Graphed"), contact("other", last_name)])
}

#[tokio::test]
async fn each_graph_is_all_or_nothing_for_itself() {
    let org = Org::start().await;
    let chain = vec![
        part("account", "POST", "sobjects/Account/", json!({"Name": "Chained"})),
        part("contact", "POST", "sobjects/Contact/", json!({"LastName": "Graphed", "AccountId": "@{account.id}"})),
    ];
    let answer = org.post("composite/graph", &json!({"graphs": [graph("1", chain), pair("two", "")]})).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let [first, second] = [&answer.body["graphs"][0], &answer.body["graphs"][1]];
    assert_eq!((&first["graphId"], &first["isSuccessful"]), (&json!("1"), &json!(true)), "{first}");
    assert_eq!(first["graphResponse"]["compositeResponse"][1]["httpStatusCode"], 201);
    assert_eq!((&second["graphId"], &second["isSuccessful"]), (&json!("two"), &json!(false)));
    let results = &second["graphResponse"]["compositeResponse"];
    assert_eq!(results[0], halted(ROLLED_BACK, "good"));
    assert_eq!(results[1]["body"][0]["errorCode"], "REQUIRED_FIELD_MISSING");
    let kept = org.emulator.query("SELECT Account.Name FROM Contact WHERE LastName = 'Graphed'").unwrap();
    assert_eq!(kept.as_array().unwrap().len(), 1);
    assert_eq!(kept[0]["Account"]["Name"], "Chained");
}

#[tokio::test]
async fn an_org_may_repeat_the_error_for_each_part() {
    let org = Org::with(Switches { graph_repeats_error: true, ..Switches::default() }).await;
    let answer = org.post("composite/graph", &json!({"graphs": [pair("1", "")]})).await;
    let results = &answer.body["graphs"][0]["graphResponse"]["compositeResponse"];
    assert_eq!(results[0]["body"], results[1]["body"]);
    assert_eq!((&results[0]["referenceId"], &results[1]["referenceId"]), (&json!("good"), &json!("other")));
}

#[tokio::test]
async fn after_fifteen_failures_no_graph_is_tried() {
    let org = Org::start().await;
    let mut graphs: Vec<Value> = (0..15).map(|index| pair(&format!("bad{index}"), "")).collect();
    graphs.push(pair("good", "Late"));
    let answer = org.post("composite/graph", &json!({"graphs": graphs})).await.body;
    let last = &answer["graphs"][15];
    assert_eq!(last["isSuccessful"], false);
    assert_eq!(last["graphResponse"]["compositeResponse"][0]["body"][0]["errorCode"], "PROCESSING_HALTED");
    assert_eq!(org.emulator.query("SELECT Id FROM Contact WHERE LastName = 'Late'").unwrap(), json!([]));
}

#[tokio::test]
async fn graphs_have_limits() {
    let org = Org::start().await;
    let many = |count: usize| (0..count).map(|index| contact(&format!("r{index}"), "x")).collect();
    let large = org.post("composite/graph", &json!({"graphs": [graph("1", many(501))]})).await;
    // Recorded (M).
    assert_eq!(
        large.body,
        json!({"graphs": [{"graphId": "1", "isSuccessful": false, "graphResponse": {"compositeResponse": [{
            "body": [{"errorCode": "LIMIT_EXCEEDED", "message": "Limit of 500 reached for number of Nodes in the \
             Graph"}],
            "httpHeaders": {}, "httpStatusCode": 400, "referenceId": null}]}}]})
    );
    let chain: Vec<Value> = (0..16)
        .map(|index| {
            let manager = if index == 0 { Value::Null } else { json!(format!("@{{r{}.id}}", index - 1)) };
            part(&format!("r{index}"), "POST", "sobjects/Contact", json!({"LastName": "x", "ReportsToId": manager}))
        })
        .collect();
    let deep = org.post("composite/graph", &json!({"graphs": [graph("1", chain.clone())]})).await.body;
    assert_eq!(deep["graphs"][0]["graphResponse"]["compositeResponse"][0]["body"][0]["errorCode"], "LIMIT_EXCEEDED");
    let fits = org.post("composite/graph", &json!({"graphs": [graph("1", chain[..15].to_vec())]})).await.body;
    assert_eq!(fits["graphs"][0]["isSuccessful"], true, "{fits}");
    for (graphs, code) in [
        ((0..76).map(|index| pair(&format!("g{index}"), "x")).collect(), "LIMIT_EXCEEDED"),
        (vec![graph("1", many(300)), graph("2", many(300))], "LIMIT_EXCEEDED"),
        (vec![pair("1", "x"), pair("1", "x")], "JSON_PARSER_ERROR"),
        (vec![pair("_", "x")], "JSON_PARSER_ERROR"),
        (vec![], "JSON_PARSER_ERROR"),
    ] {
        let graphs: Vec<Value> = graphs;
        let answer = org.post("composite/graph", &json!({"graphs": graphs})).await;
        assert_eq!((answer.status, answer.error().0.as_str()), (400, code));
    }
    let query = graph("1", vec![part("q", "GET", "query?q=SELECT+Id+FROM+Profile", Value::Null)]);
    let refused = org.post("composite/graph", &json!({"graphs": [query]})).await.body;
    assert_eq!(refused["graphs"][0]["isSuccessful"], false, "only rows are nodes");
}

#[tokio::test]
async fn graphs_came_with_version_50() {
    let org = Org::start().await;
    for (version, status) in [("v49.0", 404), ("v50.0", 200)] {
        let url = format!("{}/services/data/{version}/composite/graph", org.emulator.url());
        let request = org.http.post(url).bearer_auth(&org.session).header("content-type", "application/json");
        let answer = org.send(request.body(json!({"graphs": [pair("1", "x")]}).to_string())).await;
        assert_eq!(answer.status, status, "{version}");
    }
}
