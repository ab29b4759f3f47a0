//! Writes: collections, single rows, Bulk rows.

use reqwest::Method;
use salesforce_emulator::Switches;
use serde_json::{Value, json};

use crate::bulk::{ingest, table};
use crate::client::Org;

fn contact(mut fields: Value) -> Value {
    fields["attributes"] = json!({"type": "Contact"});
    fields
}

#[tokio::test]
async fn rows_of_one_upsert_that_share_a_key_are_all_refused() {
    let org = Org::start().await;
    let row = |key: &str| contact(json!({"IdP_Key__c": key, "LastName": "Twin"}));
    let records = json!({"records": [row("a-1"), row("a-2"), row("A-1")]});
    let answer = org.patch("composite/sobjects/Contact/IdP_Key__c", &records).await;
    for (index, key) in [(0, "a-1"), (2, "A-1")] {
        assert_eq!(
            answer.body[index],
            json!({"success": false, "created": false, "errors": [{"statusCode": "DUPLICATE_VALUE",
                "message": format!("Duplicate external id specified: {key}"), "fields": ["IdP_Key__c"]}]})
        );
    }
    assert_eq!(answer.body[1]["success"], json!(true));
    let (path, _) = ingest(
        &org,
        &json!({"operation": "upsert", "object": "Contact", "externalIdFieldName": "IdP_Key__c"}),
        "IdP_Key__c,LastName\nb-1,Twin\nb-1,Twin\n",
    )
    .await;
    let failed = table(&org, &format!("{path}/failedResults")).await.text;
    assert_eq!(failed.matches("\"DUPLICATE_VALUE:Duplicate external id specified: b-1:IdP_Key__c --\"").count(), 2);
    assert_eq!(
        org.emulator.query("SELECT Id FROM Contact WHERE LastName = 'Twin'").unwrap().as_array().unwrap().len(),
        1
    );
}

#[tokio::test]
async fn rows_of_one_update_that_share_an_id_are_all_refused() {
    let org = Org::start().await;
    let (id, other) = (org.contact("Twice").await, org.contact("Once").await);
    let row = |id: &str| contact(json!({"id": id, "Title": "x"}));
    let answer = org.patch("composite/sobjects", &json!({"records": [row(&id), row(&other), row(&id[..15])]})).await;
    for index in [0, 2] {
        assert_eq!(answer.body[index]["errors"][0]["statusCode"], "DUPLICATE_VALUE", "{}", answer.body);
    }
    assert_eq!(answer.body[1], json!({"id": other, "success": true, "errors": []}));
    assert_eq!(org.look("Title", &format!("Contact WHERE Id = '{id}'")), Value::Null);
}

#[tokio::test]
async fn failed_rows_of_an_upsert_say_whether_they_were_created() {
    let org = Org::start().await;
    let key = org.contact("Key").await;
    org.patch(&format!("sobjects/Contact/{key}"), &json!({"IdP_Key__c": "there"})).await;
    let rows = || json!([contact(json!({"IdP_Key__c": "there", "Title": "x"})), contact(json!({"IdP_Key__c": "new"}))]);
    for (all_or_none, created) in [(false, false), (true, true)] {
        let body = json!({"allOrNone": all_or_none, "records": rows()});
        let answer = org.patch("composite/sobjects/Contact/IdP_Key__c", &body).await;
        assert_eq!(
            (&answer.body[1]["success"], &answer.body[1]["created"], answer.body[1].get("id")),
            (&json!(false), &json!(created), None),
            "{}",
            answer.body
        );
    }
}

#[tokio::test]
async fn rows_that_were_undone_keep_their_ids_by_a_switch() {
    for keeps in [true, false] {
        let org = Org::with(Switches { rolled_back_rows_keep_id: keeps, ..Switches::default() }).await;
        let id = org.contact("Kept").await;
        let records = json!([
            contact(json!({"id": id, "Title": "x"})),
            contact(json!({"id": "003000000000001AAA", "Title": "x"}))
        ]);
        let answer = org.patch("composite/sobjects", &json!({"allOrNone": true, "records": records})).await.body;
        assert_eq!(answer[0]["errors"][0]["statusCode"], "ALL_OR_NONE_OPERATION_ROLLED_BACK");
        assert_eq!(answer[0].get("id").is_some(), keeps, "{answer}");
        // A record that was never there has none either way.
        let records = json!([contact(json!({"LastName": "New"})), contact(json!({}))]);
        let answer = org.post("composite/sobjects", &json!({"allOrNone": true, "records": records})).await.body;
        assert_eq!(answer[0].get("id"), None, "{answer}");
    }
}

#[tokio::test]
async fn a_record_of_a_collection_that_is_not_there_is_an_invalid_cross_reference() {
    let org = Org::start().await;
    let records = json!({"records": [contact(json!({"id": "003000000000001AAA", "Title": "x"}))]});
    let answer = org.patch("composite/sobjects", &records).await.body;
    assert_eq!(
        answer,
        json!([{"success": false, "errors": [{"statusCode": "INVALID_CROSS_REFERENCE_KEY",
            "message": "invalid cross reference id", "fields": []}]}])
    );
}

#[tokio::test]
async fn collections_are_upserted_by_an_indexed_field_and_by_id_without_ids() {
    let org = Org::start().await;
    let rows = json!({"records": [contact(json!({"LastName": "ByEmail", "Email": "by@example.com"}))]});
    for created in [true, false] {
        let answer = org.patch("composite/sobjects/Contact/Email", &rows).await.body;
        assert_eq!((&answer[0]["success"], &answer[0]["created"]), (&json!(true), &json!(created)), "{answer}");
    }
    let rows = json!({"records": [contact(json!({"LastName": "A"})), contact(json!({"LastName": "B"}))]});
    let answer = org.patch("composite/sobjects/Contact/Id", &rows).await.body;
    assert_eq!((&answer[0]["created"], &answer[1]["created"]), (&json!(true), &json!(true)), "{answer}");
}

#[tokio::test]
async fn a_body_of_another_type_is_refused() {
    let org = Org::start().await;
    for (kind, status) in [
        ("application/json; charset=utf-8", 201),
        ("application/x-www-form-urlencoded", 415),
        ("multipart/related", 415),
        ("text/csv", 415),
        ("text/plain", 415),
        ("application/xml", 501),
    ] {
        let request = org.request(Method::POST, "sobjects/Contact").header("content-type", kind);
        let answer = org.send(request.body("{\"LastName\": \"Typed\"}")).await;
        assert_eq!(answer.status, status, "{kind}: {}", answer.body);
        if status == 415 {
            let message = format!("MediaType of '{kind}' is not supported by this resource");
            assert_eq!(answer.error(), ("UNSUPPORTED_MEDIA_TYPE".into(), message, Value::Null));
        }
    }
}

#[tokio::test]
async fn a_bulk_row_with_a_bad_value_names_its_column_and_its_type() {
    let org = Org::start().await;
    let csv = "LastName,Email,Newsletter__c,Credit_Limit__c\n\
               A,,yes,\n\
               B,,TRUE,a lot\n\
               C,,1,12.50\n";
    let (path, job) = ingest(&org, &json!({"operation": "insert", "object": "Contact"}), csv).await;
    assert_eq!(job["numberRecordsFailed"], json!(2));
    let failed = table(&org, &format!("{path}/failedResults")).await.text;
    for error in [
        "INVALID_FIELD:Failed to deserialize field at col 2. Due to, 'yes' is not a valid value for the type \
         xsd:boolean:Newsletter__c --",
        "INVALID_FIELD:Failed to deserialize field at col 3. Due to, 'a lot' is not a valid value for the type \
         xsd:double:Credit_Limit__c --",
    ] {
        assert!(failed.contains(error), "{failed}");
    }
}

#[tokio::test]
async fn failed_results_echo_the_header_of_the_upload() {
    let org = Org::start().await;
    let (path, _) =
        ingest(&org, &json!({"operation": "insert", "object": "Contact"}), "lastname,\"Email\"\nBad,nonsense\n").await;
    let failed = table(&org, &format!("{path}/failedResults")).await.text;
    assert_eq!(
        failed,
        "\"sf__Id\",\"sf__Error\",lastname,\"Email\"\n\"\",\"INVALID_EMAIL_ADDRESS:Email: invalid email address: \
         nonsense:Email --\",\"Bad\",\"nonsense\"\n"
    );
}

#[tokio::test]
async fn a_changed_job_is_shown_without_its_dialect_and_address() {
    let org = Org::start().await;
    let made = org.post("jobs/ingest", &json!({"operation": "insert", "object": "Contact"})).await.body;
    let path = format!("jobs/ingest/{}", made["id"].as_str().unwrap());
    for name in ["lineEnding", "columnDelimiter", "contentUrl"] {
        assert!(made.get(name).is_some(), "{made}");
    }
    let changed = org.patch(&path, &json!({"state": "Aborted"})).await.body;
    let names: Vec<&str> = changed.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "apiVersion",
            "concurrencyMode",
            "contentType",
            "createdById",
            "createdDate",
            "id",
            "object",
            "operation",
            "state",
            "systemModstamp"
        ]
    );
}

#[tokio::test]
async fn unprocessed_records_are_found_in_any_spelling() {
    let org = Org::start().await;
    let made = org.post("jobs/ingest", &json!({"operation": "insert", "object": "Contact"})).await.body;
    let path = format!("jobs/ingest/{}", made["id"].as_str().unwrap());
    org.patch(&path, &json!({"state": "Aborted"})).await;
    for kind in ["unprocessedrecords", "unprocessedRecords"] {
        assert_eq!(table(&org, &format!("{path}/{kind}")).await.status, 200, "{kind}");
    }
}

#[tokio::test]
async fn a_body_that_is_no_json_is_refused_in_the_parsers_words() {
    let org = Org::start().await;
    let value = "expected a valid value (number, String, array, object, 'true', 'false' or 'null')";
    for (body, found, expected, column) in [
        ("request%5Baccount%5D", "'r' (code 114)", value, 2),
        ("{\"LastName\": }", "'}' (code 125)", value, 15),
        ("{LastName: 1}", "'L' (code 76)", "was expecting double-quote to start field name", 3),
        ("{\"LastName\" 1}", "'1' (code 49)", "was expecting a colon to separate field name and value", 14),
        ("{\"a\": 1 \"b\": 2}", "'\"' (code 34)", "was expecting comma to separate OBJECT entries", 10),
        ("{\"a\": 1,}", "'}' (code 125)", "was expecting double-quote to start field name", 10),
    ] {
        let request = org.request(Method::POST, "sobjects/Contact").header("content-type", "application/json");
        let message = format!("Unexpected character ({found}): {expected} at [line:1, column:{column}]");
        assert_eq!(
            org.send(request.body(body)).await.error(),
            ("JSON_PARSER_ERROR".into(), message, Value::Null),
            "{body}"
        );
    }
    let request = org.request(Method::POST, "sobjects/Contact").header("content-type", "application/json");
    assert!(org.send(request.body("{\"LastName\"")).await.error().1.starts_with("Unexpected end-of-input at [line:1,"));
}

#[tokio::test]
async fn a_body_that_is_missing_or_of_another_shape_is_refused_in_the_parsers_words() {
    let org = Org::start().await;
    let request = org.request(Method::POST, "sobjects/Contact").header("content-type", "application/json");
    assert_eq!(
        org.send(request).await.error(),
        (
            "JSON_PARSER_ERROR".into(),
            "The HTTP entity body is required, but this request has no entity body.".into(),
            Value::Null
        )
    );
    let contact = org.contact("Parsed").await;
    for (object, field, value, message) in [
        (
            "Contact",
            "EmailBouncedDate",
            json!("soon"),
            "datetime from VALUE_STRING value soon or request may be missing a required field at [line:1, column:1]",
        ),
        ("Contact", "LeadSource", json!(["Web"]), "picklist from START_ARRAY value [line:1, column:1]"),
        (
            "Contact",
            "Birthdate",
            json!("1.2.2000"),
            "date from VALUE_STRING value 1.2.2000 or request may be missing a required field at [line:1, column:1]",
        ),
    ] {
        let answer = org.patch(&format!("sobjects/{object}/{contact}"), &json!({field: value})).await;
        assert_eq!(answer.error().1, format!("Cannot deserialize instance of {message}"), "{field}");
    }
    assert_eq!(
        org.patch(&format!("sobjects/Contact/{contact}"), &json!({"Birthdate": "2000-02-01"})).await.status,
        204
    );
    assert_eq!(org.get(&format!("sobjects/Contact/{contact}")).await.body["Birthdate"], "2000-02-01");
    let born = "Contact WHERE Birthdate > 2000-01-31 AND Birthdate <= 2000-02-01";
    assert_eq!(org.id(born), contact);
}
