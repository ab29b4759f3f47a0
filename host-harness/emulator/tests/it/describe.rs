//! What clients learn about the org's objects.

use serde_json::{Value, json};

use crate::client::Org;

fn field<'a>(describe: &'a Value, name: &str) -> &'a Value {
    let fields = describe["fields"].as_array().unwrap();
    fields.iter().find(|field| field["name"] == name).unwrap_or_else(|| panic!("no field {name}"))
}

#[tokio::test]
async fn the_list_of_resources_leads_to_what_is_built() {
    let org = Org::start().await;
    let resources = org.get("").await;
    assert_eq!(resources.body["sobjects"], "/services/data/v64.0/sobjects");
    let (url, id) = (org.emulator.url(), org.emulator.credentials().organization_id);
    assert!(resources.body["identity"].as_str().unwrap().starts_with(&format!("{url}/id/{id}/005")));
}

#[tokio::test]
async fn every_object_is_listed_and_described() {
    let org = Org::start().await;
    let global = org.get("sobjects").await;
    assert_eq!((&global.body["encoding"], &global.body["maxBatchSize"]), (&json!("UTF-8"), &json!(200)));
    let objects = global.body["sobjects"].as_array().unwrap();
    assert_eq!(objects.len(), 19);
    for object in objects {
        let (name, urls) = (object["name"].as_str().unwrap(), &object["urls"]);
        assert_eq!(urls["describe"], format!("/services/data/v64.0/sobjects/{name}/describe"));
        assert_eq!(urls["rowTemplate"], format!("/services/data/v64.0/sobjects/{name}/{{ID}}"));
        let full = org.get(&format!("sobjects/{name}/describe")).await;
        assert_eq!(full.status, 200, "{name}");
        for key in ["createable", "updateable", "deletable", "keyPrefix", "label", "labelPlural", "queryable"] {
            assert_eq!(full.body[key], object[key], "{name}.{key}");
        }
        assert_eq!(field(&full.body, "Id")["soapType"], "tns:ID");
        let basic = org.get(&format!("sobjects/{name}")).await;
        assert_eq!(basic.body, json!({"objectDescribe": object, "recentItems": []}));
    }
}

#[tokio::test]
async fn fields_are_described_as_salesforce_does() {
    let org = Org::start().await;
    let user = org.get("sobjects/User/describe").await.body;
    let contact = org.get("sobjects/contact/describe").await.body;
    for (object, name, expected) in [
        (
            &user,
            "Username",
            json!({"type": "string", "soapType": "xsd:string", "length": 80, "byteLength": 240, "nillable": false,
                "createable": true, "updateable": true, "idLookup": true, "externalId": false, "unique": false,
                "defaultedOnCreate": false, "custom": false, "label": "Username"}),
        ),
        (&user, "IsPortalEnabled", json!({"type": "boolean", "createable": false, "updateable": true, "length": 0})),
        (&user, "IsActive", json!({"defaultValue": true, "defaultedOnCreate": true, "nillable": false})),
        (&user, "UserType", json!({"createable": false, "updateable": false, "restrictedPicklist": true})),
        (
            &user,
            "ProfileId",
            json!({"type": "reference", "soapType": "tns:ID", "length": 18, "byteLength": 18,
                "referenceTo": ["Profile"], "relationshipName": "Profile", "polymorphicForeignKey": false}),
        ),
        (
            &user,
            "UserPermissionsMarketingUser",
            json!({"type": "boolean", "label": "Marketing User", "createable": true, "updateable": true}),
        ),
        (&user, "Employee_Grade__c", json!({"custom": true, "type": "picklist", "restrictedPicklist": true})),
        (
            &contact,
            "IdP_Key__c",
            json!({"custom": true, "externalId": true, "idLookup": true, "unique": true, "caseSensitive": false}),
        ),
        (&contact, "LastName", json!({"compoundFieldName": "Name", "nillable": false, "length": 80})),
        (&contact, "Name", json!({"nameField": true, "createable": false, "length": 121})),
        (&contact, "Description", json!({"filterable": false, "sortable": false, "groupable": false})),
        (&contact, "SystemModstamp", json!({"type": "datetime", "soapType": "xsd:dateTime", "groupable": false})),
    ] {
        let described = field(object, name);
        for (key, value) in expected.as_object().unwrap() {
            assert_eq!(&described[key], value, "{name}.{key}");
        }
    }
    let high_volume = json!({"active": true, "defaultValue": false, "label": "High Volume Portal", "validFor": null,
        "value": "CspLitePortal"});
    assert!(field(&user, "UserType")["picklistValues"].as_array().unwrap().contains(&high_volume));
}

#[tokio::test]
async fn objects_are_described_as_salesforce_does() {
    let org = Org::start().await;
    let account = org.get("sobjects/Account/describe").await.body;
    let contacts = json!({"cascadeDelete": true, "childSObject": "Contact", "deprecatedAndHidden": false,
        "field": "AccountId", "junctionIdListNames": [], "junctionReferenceTo": [], "relationshipName": "Contacts",
        "restrictedDelete": false});
    assert!(account["childRelationships"].as_array().unwrap().contains(&contacts));
    assert_eq!(account["recordTypeInfos"][0]["recordTypeId"], "012000000000000AAA");
    assert_eq!((&account["undeletable"], &account["mergeable"]), (&json!(true), &json!(true)));
    let user = org.get("sobjects/User/describe").await.body;
    assert_eq!((&user["deletable"], &user["createable"]), (&json!(false), &json!(true)));
    assert_eq!(org.get("sobjects/Nothing/describe").await.error().0, "NOT_FOUND");
    for path in ["sobjects/Account/listviews", "sobjects/Account/describe/layouts"] {
        assert_eq!(org.get(path).await.status, 501, "{path}");
    }
}
