//! Many records in one call.

use serde_json::{Value, json};

use crate::client::Org;

fn contact(org: &Org, last_name: &str) -> Value {
    let account = org.emulator.credentials().account_id;
    json!({"attributes": {"type": "Contact"}, "LastName": last_name, "AccountId": account})
}

#[tokio::test]
async fn a_bad_record_does_not_fail_its_neighbours() {
    let org = Org::start().await;
    let records = json!({"records": [contact(&org, "Left"), contact(&org, ""), contact(&org, "Right")]});
    let answer = org.post("composite/sobjects", &records).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!((&answer.body[0]["success"], &answer.body[2]["success"]), (&json!(true), &json!(true)));
    assert_eq!(
        answer.body[1],
        json!({"success": false, "errors": [{"statusCode": "REQUIRED_FIELD_MISSING",
            "message": "Required fields are missing: [LastName]", "fields": ["LastName"]}]})
    );
    let names = org.emulator.query("SELECT LastName FROM Contact WHERE LastName IN ('Left', 'Right')").unwrap();
    assert_eq!(names.as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn all_or_none_is_none_when_one_fails() {
    let org = Org::start().await;
    let records = json!({"allOrNone": true, "records": [contact(&org, "Undone"), contact(&org, "")]});
    let answer = org.post("composite/sobjects", &records).await;
    assert_eq!(answer.status, 200);
    let error = &answer.body[0]["errors"][0];
    assert_eq!(error["statusCode"], "ALL_OR_NONE_OPERATION_ROLLED_BACK");
    assert_eq!(
        error["message"],
        "Record rolled back because not all records were valid and the request was using AllOrNone header"
    );
    assert_eq!(answer.body[1]["errors"][0]["statusCode"], "REQUIRED_FIELD_MISSING");
    assert_eq!(org.emulator.query("SELECT Id FROM Contact WHERE LastName = 'Undone'").unwrap(), json!([]));
}

#[tokio::test]
async fn updates_and_deletes_name_their_records() {
    let org = Org::start().await;
    let (a, b) = (org.contact("A").await, org.contact("B").await);
    let record = |id: Option<&str>, title: &str| json!({"attributes": {"type": "Contact"}, "id": id, "Title": title});
    let gone = "003000000000001AAA";
    let records = [record(Some(&a), "x"), record(None, "x"), record(Some(gone), "x"), record(Some(&b[..15]), "y")];
    let answer = org.patch("composite/sobjects", &json!({"records": records})).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!((&answer.body[0]["id"], &answer.body[3]["id"]), (&json!(a), &json!(b)));
    assert_eq!(answer.body[1]["errors"][0]["statusCode"], "MISSING_ARGUMENT");
    assert_eq!(answer.body[1]["errors"][0]["message"], "Id not specified in an update call");
    assert_eq!(answer.body[2]["errors"][0]["statusCode"], "INVALID_CROSS_REFERENCE_KEY");
    let answer = org.delete(&format!("composite/sobjects?ids={a},{gone},{b}&allOrNone=false")).await;
    let success: Vec<bool> =
        answer.body.as_array().unwrap().iter().map(|row| row["success"].as_bool().unwrap()).collect();
    assert_eq!(success, [true, false, true]);
}

#[tokio::test]
async fn whole_calls_are_refused_for_their_size_and_their_mix() {
    let org = Org::start().await;
    let many: Vec<Value> = (0..201).map(|index| contact(&org, &format!("Many{index}"))).collect();
    let user = json!({"attributes": {"type": "User"}, "LastName": "x"});
    for (records, code) in [
        (json!([]), "REQUIRED_FIELD_MISSING"),
        (json!(many), "EXCEEDED_ID_LIMIT"),
        (json!([contact(&org, "Mixed"), user]), "MIXED_DML_OPERATION"),
    ] {
        let answer = org.post("composite/sobjects", &json!({"records": records})).await;
        assert_eq!((answer.status, answer.error().0.as_str()), (400, code));
    }
    assert_eq!(org.emulator.query("SELECT Id FROM Contact WHERE LastName = 'Mixed'").unwrap(), json!([]));
}

#[tokio::test]
async fn two_hundred_users_go_in_at_once() {
    let org = Org::start().await;
    assert!(org.emulator.set_licence_seats("Customer Community", 1000).unwrap());
    let template = org.user_body("bulk", "Customer Community User").await;
    let contacts: Vec<Value> = (0..200).map(|index| contact(&org, &format!("Bulk{index}"))).collect();
    let made = org.post("composite/sobjects", &json!({"records": contacts})).await.body;
    let users: Vec<Value> = (0..200)
        .map(|index| {
            let mut user = template.clone();
            user["attributes"] = json!({"type": "User"});
            user["Username"] = json!(format!("bulk{index}@new.example.com"));
            user["CommunityNickname"] = json!(format!("bulk{index}"));
            user["ContactId"] = made[index]["id"].clone();
            user
        })
        .collect();
    let answer = org.post("composite/sobjects", &json!({"records": users})).await;
    assert!(answer.body.as_array().unwrap().iter().all(|row| row["success"] == json!(true)), "{}", answer.body);
}
