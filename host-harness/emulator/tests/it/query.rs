//! SOQL over REST.

use reqwest::Method;
use serde_json::{Value, json};

use crate::client::Org;

#[tokio::test]
async fn records_have_salesforces_shape() {
    let org = Org::start().await;
    let soql = "SELECT Id, IsActive, CreatedDate, UserRoleId, Contact.Account.Name, Contact.Email, \
                Profile.UserLicense.Name FROM User WHERE UserType = 'CspLitePortal' ORDER BY Id LIMIT 1";
    let answer = org.soql(soql).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!((&answer.body["totalSize"], &answer.body["done"]), (&json!(1), &json!(true)));
    let record = &answer.body["records"][0];
    let id = record["Id"].as_str().unwrap();
    assert_eq!(
        record["attributes"],
        json!({"type": "User", "url": format!("/services/data/v64.0/sobjects/User/{id}")})
    );
    assert!(record["IsActive"].is_boolean());
    assert!(record["CreatedDate"].as_str().unwrap().ends_with(".000+0000"));
    assert_eq!(record["UserRoleId"], Value::Null);
    assert_eq!(record["Contact"]["attributes"]["type"], "Contact");
    assert_eq!(record["Contact"]["Account"]["attributes"]["type"], "Account");
    assert!(record["Contact"]["Account"]["Name"].is_string() && record["Contact"]["Email"].is_string());
    assert!(record["Profile"]["UserLicense"]["Name"].is_string());
}

#[tokio::test]
async fn a_null_reference_is_a_null_record() {
    let org = Org::start().await;
    let admin = org.emulator.query("SELECT Contact.Name FROM User WHERE UserType = 'Standard'").unwrap();
    assert_eq!(admin[0]["Contact"], Value::Null);
}

#[tokio::test]
async fn conditions_mean_what_soql_says() {
    let org = Org::start().await;
    let count = |condition: &str| {
        let rows = org.emulator.query(&format!("SELECT Id FROM User WHERE {condition}"));
        rows.unwrap_or_else(|error| panic!("{condition}: {error}")).as_array().unwrap().len()
    };
    let all = count("Id != null");
    let with_contact = count("ContactId != null");
    assert_eq!(with_contact, 60);
    // Two-valued logic: what is not equal includes what is not there.
    assert_eq!(count("ContactId = null") + with_contact, all);
    let some = org.id("Contact WHERE Id IN (SELECT ContactId FROM User)");
    assert_eq!(count(&format!("ContactId != '{some}'")), all - 1);
    assert_eq!(count(&format!("NOT ContactId = '{some}'")), all - 1);
    assert_eq!(count(&format!("(NOT (ContactId = '{some}'))")), all - 1);
    assert_eq!(count(&format!("ContactId NOT IN ('{some}')")), all - 1);
    assert_eq!(count(&format!("ContactId IN ('{}')", &some[..15])), 1, "15 characters are an id, too");
    assert_eq!(count("IsActive = true") + count("IsActive = false"), all);
    assert_eq!(
        count("UserType IN ('CspLitePortal', 'PowerPartner') OR UserType = 'Standard'"),
        count("UserType = 'csplitePORTAL'") + count("UserType = 'PowerPartner'") + count("UserType = 'Standard'")
    );
    assert_eq!(count("Username LIKE '%@northwind.example.com'") + 1, count("ContactId = null"));
    assert_eq!(count("Username LIKE '\\%%'"), 0);
    assert_eq!(
        count("CreatedDate > 2024-01-01T00:00:00Z AND CreatedDate < TODAY"),
        count("CreatedDate != 2024-01-01T00:00:00Z")
    );
    assert_eq!(count("Contact.Account.Name = null AND ContactId != null"), 0);
    assert_eq!(count("ContactId IN (SELECT Id FROM Contact WHERE LastName = 'nobody')"), 0);
    assert_eq!(
        count("Id NOT IN (SELECT UserOrGroupId FROM GroupMember)")
            + count("Id IN (SELECT UserOrGroupId FROM GroupMember)"),
        all
    );
}

#[tokio::test]
async fn quotes_and_wildcards_in_names_are_found_by_their_escapes() {
    let org = Org::start().await;
    for (name, literal) in [("O'Brien 100%_\\", r"O\'Brien 100%_\\"), ("Say \"hi\"", r#"Say \"hi\""#)] {
        let id = org.contact(name).await;
        assert_eq!(org.id(&format!("Contact WHERE LastName = '{literal}'")), id, "{name}");
    }
    let pattern = r"SELECT Id FROM Contact WHERE LastName LIKE 'O\'Brien 100\%\_\\'";
    assert_eq!(org.emulator.query(pattern).unwrap().as_array().unwrap().len(), 1);
    let none = r"SELECT Id FROM Contact WHERE LastName LIKE 'O\'Brien 100\%\%'";
    assert_eq!(org.emulator.query(none).unwrap(), json!([]));
}

#[tokio::test]
async fn wrong_queries_are_refused_in_salesforces_words() {
    let org = Org::start().await;
    for (soql, code, message) in [
        (
            "SELECT Id FROM XYZZY",
            "INVALID_TYPE",
            "\nSELECT Id FROM XYZZY\n               ^\nERROR at Row:1:Column:16\n\
             sObject type 'XYZZY' is not supported.",
        ),
        (
            "SELECT Foo FROM User",
            "INVALID_FIELD",
            "\nSELECT Foo FROM User\n       ^\nERROR at Row:1:Column:8\nNo such column 'Foo' on entity 'User'.",
        ),
        (
            "SELECT Id FROM User WHERE Foo.Name = 'x'",
            "INVALID_FIELD",
            "\nSELECT Id FROM User WHERE Foo.Name = 'x'\n                          ^\nERROR at Row:1:Column:27\n\
             Didn't understand relationship 'Foo' in field path.",
        ),
        (
            "SELECT Id FORM User",
            "MALFORMED_QUERY",
            "\nSELECT Id FORM User\n               ^\nERROR at Row:1:Column:16\nunexpected token: 'User'",
        ),
        ("SELECT Id FROM User OFFSET 2001", "NUMBER_OUTSIDE_VALID_RANGE", "Maximum SOQL offset allowed is 2000"),
        (
            "SELECT Id FROM User WHERE IsActive = 'true'",
            "INVALID_FIELD",
            "\nSELECT Id FROM User WHERE IsActive = 'true'\n                          ^\nERROR at Row:1:Column:27\n\
             value of filter criterion for field 'IsActive' must be of type boolean and should not be enclosed in \
             quotes",
        ),
        (
            "SELECT Id FROM User WHERE Name = 5",
            "INVALID_FIELD",
            "\nSELECT Id FROM User WHERE Name = 5\n                          ^\nERROR at Row:1:Column:27\n\
             value of filter criterion for field 'Name' must be of type string and should be enclosed in quotes",
        ),
        (
            "SELECT Id FROM User WHERE ContactId = 'short'",
            "INVALID_QUERY_FILTER_OPERATOR",
            "\nSELECT Id FROM User WHERE ContactId = 'short'\n                          ^\nERROR at Row:1:Column:27\n\
             invalid ID field: short",
        ),
        (
            "SELECT Id FROM User WHERE Name = 'a\\x'",
            "MALFORMED_QUERY",
            "\nSELECT Id FROM User WHERE Name = 'a\\x'\n                                 ^\nERROR at Row:1:Column:34\n\
             Invalid string literal 'a\\x'. Illegal character sequence '\\x' in string literal.",
        ),
        (
            "SELECT Name, count(Id) FROM User",
            "MALFORMED_QUERY",
            "\nSELECT Name, count(Id) FROM User\n       ^\nERROR at Row:1:Column:8\n\
             Field must be grouped or aggregated: Name",
        ),
        ("", "MALFORMED_QUERY", "\n\n^\nERROR at Row:1:Column:1\nunexpected token: '<EOF>'"),
    ] {
        let answer = org.soql(soql).await;
        assert_eq!(answer.status, 400, "{soql}: {}", answer.body);
        let (found, text, fields) = answer.error();
        assert_eq!(found, code, "{soql}");
        assert!(text.starts_with(message), "{soql}: {text}");
        assert_eq!(fields, Value::Null);
    }
}

#[tokio::test]
async fn counts_and_groups() {
    let org = Org::start().await;
    let counted = org.soql("SELECT count() FROM User WHERE ContactId != null").await;
    assert_eq!(counted.body, json!({"totalSize": 60, "done": true, "records": []}));
    let soql = "SELECT UserType, COUNT(Id), COUNT(ContactId) contacts FROM User GROUP BY UserType \
                HAVING COUNT(Id) > 1 ORDER BY COUNT(Id) DESC";
    let grouped = org.soql(soql).await;
    assert_eq!(grouped.status, 200, "{}", grouped.body);
    let records = grouped.body["records"].as_array().unwrap();
    assert_eq!(records[0]["attributes"], json!({"type": "AggregateResult"}));
    assert!(records[0]["expr0"].as_i64() >= records[1]["expr0"].as_i64());
    assert!(records.iter().all(|record| record["contacts"].is_i64() && record["expr0"].as_i64() > Some(1)));
}

#[tokio::test]
async fn children_come_with_their_parent() {
    let org = Org::start().await;
    let account = org.emulator.credentials().account_id;
    let answer = org
        .soql(&format!(
            "SELECT Name, (SELECT LastName FROM Contacts ORDER BY LastName LIMIT 2) FROM Account WHERE Id = '{account}'"
        ))
        .await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let contacts = &answer.body["records"][0]["Contacts"];
    assert_eq!((&contacts["totalSize"], contacts["records"].as_array().unwrap().len()), (&json!(2), 2));
    assert_eq!(contacts["records"][0]["attributes"]["type"], "Contact");
}

#[tokio::test]
async fn long_answers_come_in_pages_that_do_not_shift() {
    let emulator = salesforce_emulator::Emulator::builder().users(450).seed(3).start().await.unwrap();
    let mut org = Org { emulator, http: crate::client::plain_http(), session: String::new() };
    org.sign_in().await;
    let first = org
        .send(
            org.request(Method::GET, "query?q=SELECT+Id,Name+FROM+User+WHERE+ContactId+!=+null+ORDER+BY+Id+DESC")
                .header("sforce-query-options", "batchSize=1"),
        )
        .await;
    assert_eq!((&first.body["totalSize"], &first.body["done"]), (&json!(450), &json!(false)));
    assert_eq!(first.body["records"].as_array().unwrap().len(), 200, "200 is the least");
    org.user("late.comer", "Customer Community User").await;
    let mut ids: Vec<String> = Vec::new();
    let mut page = first;
    let mut next = None;
    loop {
        ids.extend(
            page.body["records"].as_array().unwrap().iter().map(|record| record["Id"].as_str().unwrap().to_owned()),
        );
        let Some(url) = page.body["nextRecordsUrl"].as_str().map(str::to_owned) else { break };
        assert!(url.starts_with("/services/data/v64.0/query/0r8"), "{url}");
        let url = format!("{}{url}", org.emulator.url());
        page = org
            .send(org.http.get(&url).bearer_auth(&org.session).header("sforce-query-options", "batchSize=200"))
            .await;
        assert_eq!(page.status, 200, "{}", page.body);
        next = Some(url);
    }
    assert_eq!(page.body["done"], json!(true));
    assert_eq!(ids.len(), 450);
    assert!(ids.is_sorted_by(|a, b| a > b));
    org.emulator.expire_query_locators();
    let gone = org.send(org.http.get(next.unwrap()).bearer_auth(&org.session)).await;
    assert_eq!((gone.status, gone.error().0.as_str()), (400, "INVALID_QUERY_LOCATOR"));
}

#[tokio::test]
async fn the_recycle_bin_shows_in_query_all_only() {
    let org = Org::start().await;
    let id = org.contact("Shortlived").await;
    assert_eq!(org.delete(&format!("sobjects/Contact/{id}")).await.status, 204);
    assert_eq!(org.soql("SELECT Id FROM Contact WHERE LastName = 'Shortlived'").await.body["totalSize"], 0);
    let all = org.get("queryAll?q=SELECT+Id,IsDeleted+FROM+Contact+WHERE+LastName='Shortlived'").await;
    assert_eq!(all.body["records"][0]["IsDeleted"], json!(true));
}

#[tokio::test]
async fn groups_of_fields_stand_for_their_names() {
    let org = Org::start().await;
    let id = org.contact("Grouped").await;
    let keys = |answer: &crate::client::Answer| -> Vec<String> {
        answer.body["records"][0].as_object().unwrap().keys().cloned().collect()
    };
    let custom = org.soql("SELECT FIELDS(CUSTOM) FROM Contact LIMIT 1").await;
    let own = ["Credit_Limit__c", "External_Id__c", "IdP_Key__c", "Newsletter__c"];
    assert_eq!(keys(&custom), [&own[..], &["attributes"]].concat(), "{}", custom.body);
    let all = org.soql(&format!("SELECT FIELDS(ALL) FROM Contact WHERE Id = '{id}'")).await;
    let standard = org.soql("SELECT fields(standard) FROM Contact").await;
    assert_eq!(keys(&all).len(), keys(&standard).len() + own.len());
    let children = org.soql("SELECT Name, (SELECT FIELDS(ALL) FROM Contacts LIMIT 1) FROM Account LIMIT 1").await;
    assert_eq!(children.body["records"][0]["Contacts"]["records"][0]["attributes"]["type"], "Contact");
    let unbounded = "The SOQL FIELDS function must have a LIMIT of at most 200";
    for (soql, code, message, confidence) in [
        ("SELECT FIELDS(ALL) FROM Contact", "MALFORMED_QUERY", unbounded, "M"),
        ("SELECT FIELDS(CUSTOM) FROM Contact LIMIT 201", "MALFORMED_QUERY", unbounded, "M"),
        ("SELECT (SELECT FIELDS(ALL) FROM Contacts) FROM Account LIMIT 1", "MALFORMED_QUERY", unbounded, "M"),
        ("SELECT Id, FIELDS(ALL) FROM User LIMIT 200", "INVALID_FIELD", "duplicate field selected: Id", "H"),
    ] {
        let answer = org.soql(soql).await;
        let expected = (code.to_owned(), message.to_owned(), Value::Null);
        assert_eq!((answer.status, answer.error()), (400, expected), "{soql} ({confidence})");
    }
}

#[tokio::test]
async fn what_a_profile_may_not_see_looks_as_if_it_were_not_there() {
    let org = Org::start().await;
    org.emulator.set_switches(|switches| switches.hidden_objects = vec!["Profile".to_owned()]);
    let answer = org.soql("SELECT Id FROM profile LIMIT 1").await;
    assert_eq!((answer.status, answer.error().0.as_str()), (400, "INVALID_TYPE"));
    assert!(answer.error().1.contains("sObject type 'profile' is not supported."), "{}", answer.error().1);
    assert_eq!(org.soql("SELECT Id FROM User LIMIT 1").await.status, 200);
    assert!(!org.emulator.query("SELECT Id FROM Profile").unwrap().as_array().unwrap().is_empty());
}
