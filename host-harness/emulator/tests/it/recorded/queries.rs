//! Queries: what they take, and how they refuse.

use serde_json::Value;

use crate::client::Org;

#[tokio::test]
async fn long_texts_are_neither_filtered_nor_sorted_nor_grouped() {
    let org = Org::start().await;
    for (soql, code, message) in [
        (
            "SELECT Id FROM Contact WHERE Description = 'x'",
            "INVALID_FIELD",
            "field 'Description' can not be filtered in a query call",
        ),
        (
            "SELECT Id FROM Contact WHERE Id != null AND Description LIKE 'x%'",
            "INVALID_FIELD",
            "field 'Description' can not be filtered in a query call",
        ),
        (
            "SELECT Id FROM User WHERE Contact.Description = null",
            "INVALID_FIELD",
            "field 'Description' can not be filtered in a query call",
        ),
        (
            "SELECT Id FROM SetupAuditTrail WHERE Display LIKE '%x%'",
            "INVALID_FIELD",
            "field 'Display' can not be filtered in a query call",
        ),
        (
            "SELECT Id FROM Contact ORDER BY Description",
            "MALFORMED_QUERY",
            "field 'Description' can not be sorted in a query call",
        ),
        (
            "SELECT Description FROM Contact GROUP BY Description",
            "MALFORMED_QUERY",
            "field 'Description' can not be grouped in a query call",
        ),
        (
            "SELECT CreatedDate FROM Contact GROUP BY CreatedDate",
            "MALFORMED_QUERY",
            "field 'CreatedDate' can not be grouped in a query call",
        ),
        (
            "SELECT Credit_Limit__c FROM Contact GROUP BY Credit_Limit__c",
            "MALFORMED_QUERY",
            "field 'Credit_Limit__c' can not be grouped in a query call",
        ),
    ] {
        let answer = org.soql(soql).await;
        assert_eq!(answer.status, 400, "{soql}");
        let (found, text, fields) = answer.error();
        assert_eq!((found.as_str(), fields), (code, Value::Null), "{soql}");
        assert!(text.ends_with(message), "{soql}: {text}");
    }
    assert_eq!(org.soql("SELECT Description FROM Contact LIMIT 1").await.status, 200);
}

#[tokio::test]
async fn describe_and_queries_agree_on_what_is_filtered_sorted_and_grouped() {
    let org = Org::start().await;
    for object in ["Account", "Contact", "User", "SetupAuditTrail", "PermissionSetAssignment"] {
        let describe = org.get(&format!("sobjects/{object}/describe")).await.body;
        for field in describe["fields"].as_array().unwrap() {
            let name = field["name"].as_str().unwrap();
            for (flag, soql) in [
                ("filterable", format!("SELECT Id FROM {object} WHERE {name} = null LIMIT 1")),
                ("sortable", format!("SELECT Id FROM {object} ORDER BY {name} LIMIT 1")),
                ("groupable", format!("SELECT {name} FROM {object} GROUP BY {name} LIMIT 1")),
            ] {
                let answer = org.soql(&soql).await;
                assert_eq!(answer.status == 200, field[flag] == true, "{soql}: {}", answer.body);
            }
        }
    }
}
