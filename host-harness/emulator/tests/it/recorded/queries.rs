//! Queries: what they take, and how they refuse.

use serde_json::{Value, json};

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
            if field["type"] == "address" {
                assert_eq!((&field["sortable"], &field["groupable"]), (&json!(false), &json!(false)), "{name}");
                continue;
            }
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

#[tokio::test]
async fn an_excerpt_widens_to_the_next_comma_or_blank() {
    let org = Org::start().await;
    for (soql, excerpt) in [
        ("select count() from XYZZY", "select count() from XYZZY\n                    ^\nERROR at Row:1:Column:21"),
        (
            "SELECT Id,FirstName,LastName,Email,Department,Wrong__c,Title,MobilePhone,AccountId FROM Contact LIMIT 1",
            "FirstName,LastName,Email,Department,Wrong__c,Title,MobilePhone,AccountId\n\
             \u{20}                                   ^\nERROR at Row:1:Column:47",
        ),
    ] {
        let message = org.soql(soql).await.error().1;
        assert!(message.starts_with(&format!("\n{excerpt}\n")), "{message}");
    }
}

#[tokio::test]
async fn what_the_language_has_and_the_emulator_has_not_is_told_in_plain_words() {
    let org = Org::start().await;
    for soql in [
        "SELECT Id FROM Contact LIMIT 1 FOR VIEW",
        "SELECT Id FROM Contact FOR UPDATE",
        "SELECT FORMAT(CreatedDate) FROM Contact",
        "SELECT toLabel(UserType) FROM User",
        "SELECT TYPEOF Owner WHEN User THEN Id END FROM Account",
        "SELECT Id FROM Account USING SCOPE mine",
        "SELECT Id FROM Account WITH SECURITY_ENFORCED",
        "SELECT Id FROM Account WHERE Name = 'x' WITH USER_MODE ORDER BY Name",
        "SELECT COUNT(Id) FROM Account GROUP BY ROLLUP(Type)",
        "SELECT CALENDAR_YEAR(CreatedDate) FROM Account GROUP BY CALENDAR_YEAR(CreatedDate)",
        "SELECT Id FROM Account WHERE Type INCLUDES ('x')",
        "SELECT Id FROM Account ALL ROWS",
        "SELECT PermissionsApiEnabled FROM Profile",
        "SELECT FiscalYearStartMonth FROM Organization",
        "SELECT CallCenter.Name FROM User",
    ] {
        let answer = org.soql(soql).await;
        assert_eq!(answer.status, 501, "{soql}: {}", answer.body);
        assert!(answer.error().1.ends_with(" is not emulated."), "{soql}: {}", answer.body);
    }
    for path in ["query?explain=SELECT+Id+FROM+User", "sobjects/Organization/00D000000000001AAA?fields=UiSkin"] {
        assert_eq!(org.get(path).await.status, 501, "{path}");
    }
    let set = org.post("sobjects/PermissionSet", &json!({"Name": "x", "Label": "x"})).await;
    assert_eq!((set.status, set.error().1.as_str()), (501, "The create of a permission set is not emulated."));
    // A name that Salesforce does not have either is still refused as a column.
    assert_eq!(org.soql("SELECT UserPermissionsAvantgoUser FROM User").await.error().0, "INVALID_FIELD");
}

#[tokio::test]
async fn the_columns_of_a_query_are_told_without_its_rows() {
    let org = Org::start().await;
    let query = "SELECT Id, Name, Account.Name, Account.Owner.Name, Newsletter__c FROM Contact";
    let answer = org.get(&format!("query?q={}&columns=true", query.replace(' ', "+"))).await.body;
    assert_eq!(
        (&answer["entityName"], &answer["keyPrefix"], &answer["idSelected"], &answer["groupBy"]),
        (&json!("Contact"), &json!("003"), &json!(true), &json!(false))
    );
    assert_eq!(answer.get("records"), None);
    let names = |columns: &Value| -> Vec<String> {
        columns.as_array().unwrap().iter().map(|column| column["columnName"].as_str().unwrap().to_owned()).collect()
    };
    let columns = &answer["columnMetadata"];
    assert_eq!(names(columns), ["Id", "Name", "Account", "Newsletter__c"]);
    assert_eq!(names(&columns[2]["joinColumns"]), ["Name", "Owner"]);
    assert_eq!(names(&columns[2]["joinColumns"][1]["joinColumns"]), ["Name"]);
    assert_eq!(
        columns[3],
        json!({"aggregate": false, "apexType": "Boolean", "booleanType": true, "columnName": "Newsletter__c",
            "custom": true, "displayName": "Newsletter__c", "foreignKeyName": null, "insertable": true,
            "joinColumns": [], "numberType": false, "textType": false, "updatable": true})
    );
    let query = "SELECT AccountId, COUNT(Id), MAX(Email) latest FROM Contact GROUP BY AccountId";
    let answer = org.get(&format!("query?q={}&columns=true", query.replace(' ', "+"))).await.body;
    let columns = &answer["columnMetadata"];
    assert_eq!(
        (names(columns), &answer["groupBy"]),
        (vec!["AccountId".into(), "expr0".into(), "latest".into()], &json!(true))
    );
    assert_eq!((&columns[1]["aggregate"], &columns[1]["displayName"]), (&json!(true), &json!("COUNT(Id)")));
    let query = "SELECT Id, (SELECT LastName FROM Contacts) FROM Account";
    let answer = org.get(&format!("query?q={}&columns=true", query.replace(' ', "+"))).await.body;
    let children = &answer["columnMetadata"][1];
    assert_eq!((&children["columnName"], &children["aggregate"]), (&json!("Contacts"), &json!(true)));
    assert_eq!(names(&children["joinColumns"]), ["LastName"]);
    assert_eq!(org.get("query?q=SELECT+Wrong+FROM+User&columns=true").await.error().0, "INVALID_FIELD");
}

#[tokio::test]
async fn records_are_counted_by_object() {
    let org = Org::start().await;
    let users = org.emulator.query("SELECT Id FROM User").unwrap().as_array().unwrap().len();
    let counts = org.get("limits/recordCount?sObjects=user,Nothing,Profile").await.body;
    assert_eq!(counts["sObjects"][0], json!({"count": users, "name": "User"}));
    assert_eq!(counts["sObjects"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn clients_find_what_they_ask_for_when_they_sign_in() {
    let org = Org::start().await;
    let soql = "SELECT Name, InstanceName, IsSandbox, TrialExpirationDate, NamespacePrefix, OrganizationType, \
                PrimaryContact FROM Organization";
    assert_eq!(org.soql(soql).await.status, 200);
    let soql = "SELECT Id, DeveloperName, MasterLabel, NamespacePrefix, HasActivationRequired FROM PermissionSetGroup";
    assert_eq!(org.soql(soql).await.status, 200);
    let soql =
        "SELECT BillingStreet, BillingCity, BillingState, BillingPostalCode, BillingCountry FROM Account LIMIT 1";
    assert_eq!(org.soql(soql).await.status, 200);
}
