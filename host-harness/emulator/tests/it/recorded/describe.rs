//! What clients learn about the org: versions, limits, objects, people.

use serde_json::{Value, json};

use crate::client::Org;

#[tokio::test]
async fn objects_have_the_flags_and_addresses_of_a_recorded_list() {
    let org = Org::start().await;
    let global = org.get("sobjects").await.body;
    let object = |name: &str| {
        let objects = global["sobjects"].as_array().unwrap();
        objects.iter().find(|object| object["name"] == name).unwrap().clone()
    };
    for (name, flags) in [
        ("PermissionSetAssignment", json!({"updateable": true})),
        ("PermissionSet", json!({"createable": true, "updateable": true, "deletable": true})),
        ("PermissionSetGroup", json!({"createable": true, "updateable": true, "deletable": true})),
        ("Profile", json!({"createable": true, "updateable": true, "deletable": true, "labelPlural": "Profiles"})),
        ("UserRole", json!({"layoutable": true, "searchable": true, "mruEnabled": true})),
        ("Group", json!({"searchable": true})),
        ("UserLicense", json!({"searchable": true, "labelPlural": "User Licenses"})),
        ("SetupAuditTrail", json!({"searchable": true})),
        ("PermissionSetLicense", json!({"searchable": true})),
    ] {
        for (flag, value) in flags.as_object().unwrap() {
            assert_eq!(&object(name)[flag], value, "{name}.{flag}");
        }
    }
    let urls = object("User")["urls"].clone();
    assert_eq!(urls["passwordUtilities"], "/services/data/v64.0/sobjects/User/{ID}/password");
    assert_eq!((urls.get("listviews"), urls.get("approvalLayouts")), (None, None));
    assert!(urls["namedLayouts"].is_string() && object("Account")["urls"]["listviews"].is_string());
}

#[tokio::test]
async fn fields_have_the_flags_of_a_recorded_describe() {
    let org = Org::start().await;
    for (object, field, key, value) in [
        ("Contact", "OwnerId", "searchPrefilterable", json!(false)),
        ("Contact", "CreatedById", "searchPrefilterable", json!(false)),
        ("Contact", "AccountId", "searchPrefilterable", json!(true)),
        ("Contact", "Name", "nillable", json!(false)),
        ("Contact", "FirstName", "permissionable", json!(false)),
        ("Contact", "Salutation", "permissionable", json!(false)),
        ("Contact", "Title", "permissionable", json!(true)),
        ("Organization", "Name", "createable", json!(false)),
        ("Organization", "Name", "idLookup", json!(true)),
    ] {
        let describe = org.get(&format!("sobjects/{object}/describe")).await.body;
        let fields = describe["fields"].as_array().unwrap();
        let found = fields.iter().find(|found| found["name"] == field).unwrap();
        assert_eq!(found[key], value, "{object}.{field}.{key}");
    }
}

#[tokio::test]
async fn the_limits_are_those_of_a_recorded_answer() {
    let org = Org::start().await;
    let limits = org.get("limits").await.body;
    assert_eq!(limits.as_object().unwrap().len(), 71);
    for (name, limit) in limits.as_object().unwrap() {
        assert!(limit["Max"].is_u64() && limit["Remaining"].is_u64(), "{name}");
    }
}

#[tokio::test]
async fn one_label_of_a_version_has_another_apostrophe() {
    let org = Org::start().await;
    let versions = org.send(org.http.get(format!("{}/services/data", org.emulator.url()))).await;
    assert_eq!(versions.limit_info, None);
    let odd: Vec<&Value> = versions
        .body
        .as_array()
        .unwrap()
        .iter()
        .filter(|version| !version["label"].to_string().contains('\''))
        .collect();
    assert_eq!(odd, [&json!({"label": "Spring ’18", "url": "/services/data/v42.0", "version": "42.0"})]);
}

#[tokio::test]
async fn a_locator_has_another_prefix_than_it_used_to_have() {
    let org = Org::start().await;
    org.emulator.set_switches(|switches| switches.largest_query_page = 10);
    let answer = org.soql("SELECT Id FROM User").await.body;
    let url = answer["nextRecordsUrl"].as_str().unwrap();
    assert!(url.starts_with("/services/data/v64.0/query/0r8") && url.ends_with("-10"), "{url}");
}

#[tokio::test]
async fn the_user_of_a_token_has_an_empty_address_and_another_form_of_date() {
    let org = Org::start().await;
    let url = format!("{}/services/oauth2/userinfo", org.emulator.url());
    let answer = org.send(org.http.get(url).bearer_auth(&org.session)).await;
    assert_eq!((answer.status, &answer.limit_info), (200, &None), "{}", answer.body);
    assert_eq!(answer.body["address"], json!({}));
    let updated = answer.body["updated_at"].as_str().unwrap();
    assert!(updated.len() == 20 && updated.ends_with('Z'), "{updated}");
}

#[tokio::test]
async fn a_made_up_nickname_is_user_and_twenty_digits() {
    let org = Org::start().await;
    let mut body = org.user_body("nameless", "Customer Community User").await;
    body.as_object_mut().unwrap().remove("CommunityNickname");
    assert_eq!(org.post("sobjects/User", &body).await.status, 201);
    let nickname = org.look("CommunityNickname", "User WHERE LastName = 'nameless'");
    let digits = nickname.as_str().unwrap().strip_prefix("User").unwrap();
    assert!(digits.len() == 20 && digits.bytes().all(|byte| byte.is_ascii_digit()), "{nickname}");
}
