//! Rows by their keys: addresses, upserts, references, uniqueness.

use reqwest::Method;
use serde_json::{Value, json};

use crate::client::Org;

#[tokio::test]
async fn a_row_is_made_read_changed_and_removed_by_its_key() {
    let org = Org::start().await;
    let path = "sobjects/Contact/IdP_Key__c/okta%7C1%2F2";
    let created = org.patch(path, &json!({"LastName": "Keyed"})).await;
    assert_eq!(created.status, 201, "{}", created.body);
    let id = created.body["id"].as_str().unwrap().to_owned();
    assert_eq!(created.body, json!({"id": id, "success": true, "errors": [], "created": true}));
    assert_eq!(created.location, Some(format!("/services/data/v64.0/sobjects/Contact/{id}")));
    let read = org.get(&format!("{path}?fields=Id,IdP_Key__c,LastName")).await;
    assert_eq!((&read.body["Id"], &read.body["IdP_Key__c"]), (&json!(id), &json!("okta|1/2")));
    let updated = org.patch(path, &json!({"LastName": "Rekeyed"})).await;
    assert_eq!(
        (updated.status, updated.body),
        (200, json!({"id": id, "success": true, "errors": [], "created": false}))
    );
    assert_eq!(org.look("LastName", &format!("Contact WHERE Id = '{id}'")), "Rekeyed");
    assert_eq!(org.delete(path).await.status, 204);
    assert_eq!(org.get(path).await.status, 404);
    let again = org.patch(path, &json!({"LastName": "Keyed again"})).await;
    assert_eq!(again.status, 201, "a record in the recycle bin does not hold its key: {}", again.body);
}

#[tokio::test]
async fn older_versions_tell_of_updates_by_status_alone() {
    let org = Org::start().await;
    for (version, status) in [("v45.0", [201, 204]), ("v46.0", [201, 200])] {
        let url = format!("{}/services/data/{version}/sobjects/Contact/IdP_Key__c/{version}", org.emulator.url());
        for expected in status {
            let request = org.http.patch(&url).bearer_auth(&org.session).body(r#"{"LastName": "Old"}"#);
            let answer = org.send(request.header("content-type", "application/json")).await;
            assert_eq!(answer.status, expected, "{version}: {}", answer.body);
            assert_eq!(answer.body.get("created").is_some(), version == "v46.0");
        }
    }
}

#[tokio::test]
async fn what_cannot_be_done_by_a_key_is_refused() {
    let org = Org::start().await;
    let contact = |key: &str| json!({"LastName": "x", "External_Id__c": key});
    for _ in 0..2 {
        assert_eq!(org.post("sobjects/Contact", &contact("TWICE")).await.status, 201);
    }
    let holder = org.patch("sobjects/Contact/IdP_Key__c/taken", &json!({"LastName": "Holder"})).await;
    let holder = holder.body["id"].as_str().unwrap()[..15].to_owned();
    let duplicate = format!("duplicate value found: IdP_Key__c duplicates value on record with id: {holder}");
    let no_key = "Provided external ID field does not exist or is not accessible: ";
    let gone = "The requested resource does not exist";
    let in_body = "The IdP_Key__c field should not be specified in the sobject data.";
    let own_account = json!({"LastName": "x", "Account": {"External_Id__c": "ACC-000001"}});
    for (method, path, body, status, code, message, fields, confidence) in [
        (Method::GET, "sobjects/Contact/Foo__c/1", None, 404, "NOT_FOUND", format!("{no_key}Foo__c"), None, "H"),
        (Method::GET, "sobjects/Contact/Title/1", None, 404, "NOT_FOUND", format!("{no_key}Title"), None, "H"),
        (Method::GET, "sobjects/Contact/IdP_Key__c/none", None, 404, "NOT_FOUND", gone.to_owned(), None, "H"),
        (Method::DELETE, "sobjects/Contact/IdP_Key__c/none", None, 404, "NOT_FOUND", gone.to_owned(), None, "H"),
        (
            Method::PATCH,
            "sobjects/Contact/IdP_Key__c/none?updateOnly=true",
            Some(json!({"LastName": "x"})),
            404,
            "NOT_FOUND",
            gone.to_owned(),
            None,
            "L",
        ),
        (
            Method::PATCH,
            "sobjects/Contact/IdP_Key__c/1",
            Some(json!({"LastName": "x", "idp_key__c": "1"})),
            400,
            "INVALID_FIELD",
            in_body.to_owned(),
            None,
            "M",
        ),
        (
            Method::POST,
            "sobjects/Contact",
            Some(json!({"LastName": "x", "IdP_Key__c": "TAKEN"})),
            400,
            "DUPLICATE_VALUE",
            duplicate.clone(),
            Some(json!([])),
            "H",
        ),
        (
            Method::POST,
            "sobjects/Contact",
            Some(json!({"LastName": "x", "Account": {"External_Id__c": "nowhere"}})),
            400,
            "INVALID_FIELD",
            "Foreign key external ID: nowhere not found for field External_Id__c in entity Account".to_owned(),
            Some(json!([])),
            "H",
        ),
        (
            Method::POST,
            "sobjects/Contact",
            Some(json!({"LastName": "x", "Account": {"Name": "nowhere"}})),
            400,
            "INVALID_FIELD",
            "Field name provided, Name does not match an External ID, Salesforce Id, or indexed field for Account"
                .to_owned(),
            Some(json!([])),
            "M",
        ),
        (
            Method::PATCH,
            "sobjects/User/Username/nobody@new.example.com",
            Some(own_account),
            400,
            "INVALID_FIELD_FOR_INSERT_UPDATE",
            "Unable to create/update fields: AccountId. Please check the security settings of this field and verify \
             that it is read/write for your profile or permission set."
                .to_owned(),
            Some(json!(["AccountId"])),
            "H",
        ),
    ] {
        let answer = org.call(method.clone(), path, body.as_ref()).await;
        let expected = (code.to_owned(), message, fields.unwrap_or(Value::Null));
        assert_eq!((answer.status, answer.error()), (status, expected), "{method} {path} ({confidence})");
    }
    for method in [Method::GET, Method::DELETE, Method::PATCH] {
        let answer = org.call(method, "sobjects/Contact/External_Id__c/TWICE", Some(&json!({}))).await;
        assert_eq!(answer.status, 300);
        let urls = answer.body.as_array().unwrap();
        assert_eq!(urls.len(), 2);
        assert!(urls[0].as_str().unwrap().starts_with("/services/data/v64.0/sobjects/Contact/003"));
    }
}

#[tokio::test]
async fn a_reference_may_name_the_other_records_key() {
    let org = Org::start().await;
    let account = org.emulator.credentials().account_id;
    for nested in [json!({"External_Id__c": "ACC-000001"}), json!({"attributes": {"type": "Account"}, "Id": account})] {
        let made = org.post("sobjects/Contact", &json!({"LastName": "Nested", "Account": nested})).await;
        assert_eq!(made.status, 201, "{}", made.body);
        let id = made.body["id"].as_str().unwrap().to_owned();
        assert_eq!(org.look("AccountId", &format!("Contact WHERE Id = '{id}'")), account.as_str());
        assert_eq!(org.patch(&format!("sobjects/Contact/{id}"), &json!({"Account": null})).await.status, 204);
        assert_eq!(org.look("AccountId", &format!("Contact WHERE Id = '{id}'")), Value::Null);
    }
}

fn record(key: &Value, last_name: &str) -> Value {
    json!({"attributes": {"type": "Contact"}, "IdP_Key__c": key, "LastName": last_name})
}

#[tokio::test]
async fn many_rows_are_upserted_in_one_call() {
    let org = Org::start().await;
    let path = "composite/sobjects/Contact/IdP_Key__c";
    let records = json!({"records": [record(&json!("a"), "A"), record(&json!(7), "B"), record(&Value::Null, "C"),
        record(&json!("d"), ""), {"attributes": {"type": "Account"}, "IdP_Key__c": "e"}]});
    let first = org.patch(path, &records).await;
    assert_eq!(first.status, 200, "{}", first.body);
    assert_eq!((&first.body[0]["created"], &first.body[1]["created"]), (&json!(true), &json!(true)));
    let codes: Vec<&Value> = (2..5).map(|index| &first.body[index]["errors"][0]["statusCode"]).collect();
    assert_eq!(codes, ["MISSING_ARGUMENT", "REQUIRED_FIELD_MISSING", "INVALID_TYPE"]);
    assert_eq!(first.body[2]["errors"][0]["message"], "IdP_Key__c not specified");
    let second = org.patch(path, &records).await;
    let id = first.body[0]["id"].clone();
    assert_eq!(second.body[0], json!({"id": id, "success": true, "errors": [], "created": false}));
    let by_id = json!({"records": [
        {"attributes": {"type": "Contact"}, "Id": id, "LastName": "By id"},
        {"attributes": {"type": "Contact"}, "LastName": "Without"},
    ]});
    let by_id = org.patch("composite/sobjects/Contact/Id", &by_id).await.body;
    assert_eq!((&by_id[0]["created"], &by_id[1]["created"]), (&json!(false), &json!(true)), "{by_id}");
    for _ in 0..2 {
        org.post("sobjects/Contact", &json!({"LastName": "x", "External_Id__c": "TWICE"})).await;
    }
    let ambiguous = json!({"records": [{"attributes": {"type": "Contact"}, "External_Id__c": "twice"}]});
    let error = org.patch("composite/sobjects/Contact/External_Id__c", &ambiguous).await.body[0]["errors"][0].clone();
    assert_eq!(error["statusCode"], "DUPLICATE_EXTERNAL_ID");
    let text = error["message"].as_str().unwrap();
    assert!(text.starts_with("External Id: more than one record found for external id field: [003"), "{text}");
}
