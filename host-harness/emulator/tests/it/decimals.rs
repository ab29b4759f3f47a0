//! Number fields that are no whole numbers.

use serde_json::json;

use crate::client::Org;

#[tokio::test]
async fn decimal_numbers_are_compared_sorted_and_grouped_by_value() {
    let org = Org::start().await;
    for (name, limit) in [("A", json!(9)), ("B", json!(10.5)), ("C", json!("100.00")), ("D", json!(-0.5))] {
        let id = org.contact(name).await;
        let answer = org.patch(&format!("sobjects/Contact/{id}"), &json!({"Credit_Limit__c": limit})).await;
        assert_eq!(answer.status, 204, "{}", answer.body);
    }
    let names = |condition: &str| -> String {
        let soql = format!("SELECT Name FROM Contact WHERE Credit_Limit__c {condition} ORDER BY Credit_Limit__c");
        let rows = org.emulator.query(&soql).unwrap();
        rows.as_array().unwrap().iter().map(|row| row["Name"].as_str().unwrap()).collect()
    };
    for (condition, expected) in [
        ("!= null", "DABC"),
        ("= 100", "C"),
        ("> 9.5", "BC"),
        ("<= 9.0", "DA"),
        ("IN (10.50, -0.5)", "DB"),
        ("< 0", "D"),
    ] {
        assert_eq!(names(condition), expected, "{condition}");
    }
    let answer = org.soql("SELECT MAX(Credit_Limit__c), SUM(Credit_Limit__c) FROM Contact").await;
    let record = &answer.body["records"][0];
    assert_eq!((&record["expr0"], &record["expr1"]), (&json!(100), &json!(119.0)), "{}", answer.body);
    let answer = org.soql("SELECT Id FROM Contact WHERE Credit_Limit__c = '1'").await;
    assert_eq!(answer.body[0]["errorCode"], "INVALID_FIELD");
}

#[tokio::test]
async fn what_is_no_number_or_too_large_is_refused() {
    let org = Org::start().await;
    let id = org.contact("A").await;
    for (limit, code, words) in [
        (json!("a lot"), "JSON_PARSER_ERROR", "Cannot deserialize instance of currency from VALUE_STRING value a lot"),
        (json!(true), "JSON_PARSER_ERROR", "VALUE_TRUE"),
        (json!(1e200), "NUMBER_OUTSIDE_VALID_RANGE", "Credit Limit: value outside of valid range"),
    ] {
        let answer = org.patch(&format!("sobjects/Contact/{id}"), &json!({"Credit_Limit__c": limit})).await;
        assert_eq!((answer.status, &answer.body[0]["errorCode"]), (400, &json!(code)), "{}", answer.body);
        assert!(answer.body[0]["message"].as_str().unwrap().contains(words), "{}", answer.body);
    }
    // A fraction for another type is named as what it is, and a text field takes it as it is written.
    let answer = org.patch(&format!("sobjects/Contact/{id}"), &json!({"Newsletter__c": 0.5, "Phone": 1.5})).await;
    assert!(answer.body[0]["message"].as_str().unwrap().contains("VALUE_NUMBER_FLOAT value 0.5"), "{}", answer.body);
    org.patch(&format!("sobjects/Contact/{id}"), &json!({"Phone": 1.5})).await;
    assert_eq!(org.emulator.query(&format!("SELECT Phone FROM Contact WHERE Id = '{id}'")).unwrap()[0]["Phone"], "1.5");
}
