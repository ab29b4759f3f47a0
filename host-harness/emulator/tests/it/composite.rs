//! Several requests in one: `composite`.

use serde_json::{Value, json};

use crate::client::Org;

const BASE: &str = "/services/data/v64.0";
const ROLLED_BACK: &str = "The transaction was rolled back since another operation in the same transaction failed.";

pub(crate) fn part(reference_id: &str, method: &str, path: &str, body: Value) -> Value {
    let mut part = json!({"referenceId": reference_id, "method": method, "url": format!("{BASE}/{path}")});
    if !body.is_null() {
        part["body"] = body;
    }
    part
}

fn request(all_or_none: bool, parts: Vec<Value>) -> Value {
    json!({"allOrNone": all_or_none, "compositeRequest": Value::Array(parts)})
}

pub(crate) fn halted(message: &str, reference_id: &str) -> Value {
    json!({"body": [{"errorCode": "PROCESSING_HALTED", "message": message}], "httpHeaders": {}, "httpStatusCode": 400,
        "referenceId": reference_id})
}

#[tokio::test]
async fn parts_use_each_others_answers_and_cost_one_call() {
    let org = Org::start().await;
    let query = "query?q=SELECT+Id,Name+FROM+Contact+WHERE+AccountId='@{account.id}'";
    let records = json!({"records": [{"attributes": {"type": "Contact"}, "LastName": "Listed"}]});
    let body = request(
        true,
        vec![
            part("account", "POST", "sobjects/Account", json!({"Name": "A & B/C"})),
            part("contact", "POST", "sobjects/Contact", json!({"LastName": "Made", "AccountId": "@{account.id}"})),
            part("found", "GET", query, Value::Null),
            part(
                "name",
                "PATCH",
                "sobjects/Contact/@{found.records[0].Id}",
                json!({"Title": "is @{found.records[0].Name}"}),
            ),
            part("list", "POST", "composite/sobjects", records),
            part("listed", "GET", "sobjects/Contact/@{list[0].id}?fields=LastName", Value::Null),
            part("again", "GET", "sobjects/Account/@{account.id}?fields=Name", Value::Null),
            part("other", "PATCH", "sobjects/Contact/IdP_Key__c/@{again.Name}", json!({"LastName": "Other"})),
        ],
    );
    let before = org.get("limits").await.limit_info.unwrap();
    let answer = org.post("composite", &body).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!((before.as_str(), answer.limit_info.as_deref()), ("api-usage=1/100000", Some("api-usage=2/100000")));
    let results = answer.body["compositeResponse"].as_array().unwrap();
    let statuses: Vec<u64> = results.iter().map(|part| part["httpStatusCode"].as_u64().unwrap()).collect();
    assert_eq!(statuses, [201, 201, 200, 204, 200, 200, 200, 201], "{}", answer.body);
    let id = results[1]["body"]["id"].as_str().unwrap();
    assert_eq!(
        results[1],
        json!({"body": {"id": id, "success": true, "errors": []}, "httpStatusCode": 201, "referenceId": "contact",
            "httpHeaders": {"Location": format!("{BASE}/sobjects/Contact/{id}")}})
    );
    assert_eq!(results[3], json!({"body": null, "httpHeaders": {}, "httpStatusCode": 204, "referenceId": "name"}));
    assert_eq!(org.look("Title", &format!("Contact WHERE Id = '{id}'")), "is Made");
    assert_eq!(results[5]["body"]["LastName"], "Listed");
    assert_eq!(org.look("LastName", "Contact WHERE IdP_Key__c = 'A & B/C'"), "Other");
}

#[tokio::test]
async fn all_or_none_is_none_for_every_part() {
    let org = Org::start().await;
    let contact = |name: &str| json!({"LastName": name});
    let answer = org
        .post(
            "composite",
            &request(
                true,
                vec![
                    part("first", "POST", "sobjects/Contact", contact("Undone")),
                    part(
                        "bad",
                        "POST",
                        "sobjects/Contact",
                        json!({"LastName": "x", "Email": "Not a real email address"}),
                    ),
                    part("last", "POST", "sobjects/Contact", contact("Undone")),
                ],
            ),
        )
        .await;
    assert_eq!(answer.status, 200);
    let bad = json!({"body": [{"message": "Email: invalid email address: Not a real email address",
        "errorCode": "INVALID_EMAIL_ADDRESS", "fields": ["Email"]}], "httpHeaders": {}, "httpStatusCode": 400,
        "referenceId": "bad"});
    assert_eq!(
        answer.body,
        json!({"compositeResponse": [halted(ROLLED_BACK, "first"), bad, halted(ROLLED_BACK, "last")]})
    );
    assert_eq!(org.emulator.query("SELECT Id FROM Contact WHERE LastName = 'Undone'").unwrap(), json!([]));
}

#[tokio::test]
async fn one_record_of_a_collection_undoes_an_all_or_none_request() {
    let org = Org::start().await;
    let records = json!({"allOrNone": false, "records": [
        {"attributes": {"type": "Contact"}, "LastName": "Undone"}, {"attributes": {"type": "Contact"}}]});
    let parts = vec![
        part("list", "POST", "composite/sobjects", records),
        part("one", "POST", "sobjects/Contact", json!({"LastName": "Undone"})),
    ];
    let answer = org.post("composite", &request(true, parts.clone())).await.body;
    let list = &answer["compositeResponse"][0];
    assert_eq!(list["httpStatusCode"], 200);
    assert_eq!(list["body"][0]["errors"][0]["statusCode"], "ALL_OR_NONE_OPERATION_ROLLED_BACK");
    assert_eq!(list["body"][1]["errors"][0]["statusCode"], "REQUIRED_FIELD_MISSING");
    assert_eq!(answer["compositeResponse"][1], halted(ROLLED_BACK, "one"));
    assert_eq!(org.emulator.query("SELECT Id FROM Contact WHERE LastName = 'Undone'").unwrap(), json!([]));
    org.post("composite", &request(false, parts)).await;
    let kept = org.emulator.query("SELECT Id FROM Contact WHERE LastName = 'Undone'").unwrap();
    assert_eq!(kept.as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_part_without_its_value_is_halted_and_its_neighbours_go_on() {
    let org = Org::start().await;
    let parts = |last: &str| {
        vec![
            part("bad", "POST", "sobjects/Contact", json!({})),
            part("needs", "PATCH", "sobjects/Contact/@{bad.id}", json!({"Title": "x"})),
            part("free", "POST", "sobjects/Contact", json!({"LastName": last})),
        ]
    };
    let answer = org.post("composite", &request(false, parts("Free"))).await.body;
    let message = "Invalid reference specified. No value for bad.id found in bad. Provided referenceId ('bad.id') must \
                   start with a letter or a number, and it can contain only letters, numbers and underscores ('_').";
    assert_eq!(answer["compositeResponse"][1], halted(message, "needs"));
    assert_eq!(answer["compositeResponse"][2]["httpStatusCode"], 201);
}

#[tokio::test]
async fn null_fields_are_values_from_version_52_on() {
    let org = Org::start().await;
    let id = org.contact("Wong").await;
    for (version, status) in [("v51.0", 400), ("v52.0", 201)] {
        let body = request(
            false,
            vec![
                part("ref", "GET", &format!("sobjects/Contact/{id}?fields=FirstName,LastName"), Value::Null),
                part(
                    "new",
                    "POST",
                    "sobjects/Contact",
                    json!({"FirstName": "@{ref.FirstName}", "LastName": "@{ref.LastName}"}),
                ),
            ],
        );
        let url = format!("{}/services/data/{version}/composite", org.emulator.url());
        let request = org.http.post(url).bearer_auth(&org.session).header("content-type", "application/json");
        let answer = org.send(request.body(body.to_string())).await;
        assert_eq!(answer.body["compositeResponse"][1]["httpStatusCode"], status, "{version}: {}", answer.body);
    }
}

#[tokio::test]
async fn what_a_composite_request_does_not_take() {
    let org = Org::start().await;
    let get = |id: String| part(&id, "GET", "limits", Value::Null);
    let query = |index: usize| part(&format!("q{index}"), "GET", "query?q=SELECT+Id+FROM+Profile", Value::Null);
    for (parts, code, confidence) in [
        ((0..26).map(|index| get(format!("r{index}"))).collect(), "LIMIT_EXCEEDED", "H limit, M code"),
        ((0..6).map(query).collect(), "LIMIT_EXCEEDED", "H limit, M code"),
        (vec![], "JSON_PARSER_ERROR", "U"),
        (vec![get("same".into()), get("same".into())], "JSON_PARSER_ERROR", "U"),
        (vec![get("ref[1]".into())], "JSON_PARSER_ERROR", "H that it fails, U code"),
        (
            vec![json!({"method": "GET", "url": "/services/data/v64.0/limits"})],
            "JSON_PARSER_ERROR",
            "H that it fails, U code",
        ),
    ] {
        let parts: Vec<Value> = parts;
        let answer = org.post("composite", &request(false, parts)).await;
        assert_eq!((answer.status, answer.error().0.as_str()), (400, code), "{confidence}");
    }
    for path in ["composite", "composite/batch", "jobs/query"] {
        let answer = org.post("composite", &request(false, vec![part("r", "POST", path, json!({}))])).await;
        assert_eq!(answer.body["compositeResponse"][0]["httpStatusCode"], 400, "{path}");
    }
    let fits = request(false, (0..25).map(|index| get(format!("r{index}"))).collect());
    assert_eq!(org.post("composite", &fits).await.status, 200);
    assert_eq!(org.get("composite").await.body["graph"], "/services/data/v64.0/composite/graph");
}

/// A contact and its user in one request; the role decides whether they mix.
async fn contact_and_user(org: &Org, handle: &str, role: Option<&str>, all_or_none: bool) -> Value {
    let mut user = org.user_body(handle, "Customer Community Plus User").await;
    user["ContactId"] = json!("@{contact.id}");
    if let Some(role) = role {
        user["UserRoleId"] = json!(role);
    }
    let account = org.emulator.credentials().account_id;
    let contact = json!({"LastName": handle, "AccountId": account});
    let parts = vec![part("contact", "POST", "sobjects/Contact", contact), part("user", "POST", "sobjects/User", user)];
    org.post("composite", &request(all_or_none, parts)).await.body["compositeResponse"].clone()
}

#[tokio::test]
async fn setup_objects_do_not_mix_in_one_transaction() {
    let org = Org::start().await;
    let account = org.emulator.credentials().account_id;
    let role = org.id(&format!(
        "UserRole WHERE PortalAccountId = '{account}' AND PortalRole = 'Worker' AND PortalType = 'CustomerPortal'"
    ));
    let mixed = contact_and_user(&org, "mixed", Some(&role), true).await;
    let message = "DML operation on setup object is not permitted after you have updated a non-setup object (or vice \
                   versa): User, original object: Contact";
    assert_eq!(mixed[1]["body"], json!([{"errorCode": "MIXED_DML_OPERATION", "message": message, "fields": []}]));
    assert_eq!(mixed[0], halted(ROLLED_BACK, "contact"));
    for (handle, role, all_or_none) in [("roleless", None, true), ("separate", Some(role.as_str()), false)] {
        let made = contact_and_user(&org, handle, role, all_or_none).await;
        assert_eq!((&made[0]["httpStatusCode"], &made[1]["httpStatusCode"]), (&json!(201), &json!(201)), "{made}");
    }
}

#[tokio::test]
async fn the_other_way_round_does_not_mix_either() {
    let org = Org::start().await;
    let user = org.user("other.way", "Customer Community User").await;
    let contact = || part("contact", "POST", "sobjects/Contact", json!({"LastName": "After"}));
    let change = |body: Value| part("user", "PATCH", &format!("sobjects/User/{user}"), body);
    let harmless = org.post("composite", &request(true, vec![change(json!({"Title": "x"})), contact()])).await.body;
    assert_eq!(harmless["compositeResponse"][1]["httpStatusCode"], 201);
    let answer = org.post("composite", &request(true, vec![change(json!({"IsActive": false})), contact()])).await.body;
    let error = &answer["compositeResponse"][1]["body"][0];
    assert_eq!(error["errorCode"], "MIXED_DML_OPERATION");
    assert!(error["message"].as_str().unwrap().ends_with("(or vice versa): Contact, original object: User"));
    assert_eq!(org.look("IsActive", &format!("User WHERE Id = '{user}'")), true);
    let list = json!({"records": [
        {"attributes": {"type": "User"}, "id": user, "IsActive": false},
        {"attributes": {"type": "Contact"}, "id": org.contact("Listed").await, "Title": "x"}]});
    let list = org.patch("composite/sobjects", &list).await.body;
    assert_eq!(
        (&list[0]["success"], &list[1]["errors"][0]["statusCode"]),
        (&json!(true), &json!("MIXED_DML_OPERATION"))
    );
}
