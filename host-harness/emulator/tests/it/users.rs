//! The rules for users, each with Salesforce's code, message and fields. The letter is the fact's confidence.

use salesforce_emulator::Switches;
use serde_json::{Value, json};

use crate::client::Org;

const DUPLICATE_USERNAME: &str = "Duplicate Username.<br>The username already exists in this or another Salesforce \
    organization. Usernames must be unique across all Salesforce organizations. To resolve, use a different username (it \
    doesn't need to match the user's email address). ";

/// Changes a body: null removes the key, except under a leading `=`, which sends the null.
fn with(body: &Value, changes: &Value) -> Value {
    let mut body = body.clone();
    for (key, value) in changes.as_object().unwrap() {
        match key.strip_prefix('=') {
            Some(key) => body[key] = value.clone(),
            None if value.is_null() => drop(body.as_object_mut().unwrap().remove(key)),
            None => body[key] = value.clone(),
        }
    }
    body
}

#[tokio::test]
async fn creates_are_refused_for_the_right_reason() {
    let org = Org::start().await;
    let base = org.user_body("rules.base", "Customer Community User").await;
    let taken = org.emulator.usernames_taken_elsewhere().unwrap();
    let shown = org.look("Username", "User WHERE ContactId != null").as_str().unwrap().to_uppercase();
    let nickname = org.look("CommunityNickname", "User WHERE ContactId != null");
    let used_contact = org.look("ContactId", "User WHERE ContactId != null");
    let loose_contact = org.id("Contact WHERE AccountId = null");
    let ownerless = {
        let account = org.id("Account WHERE Owner.UserRoleId = null");
        let answer = org.post("sobjects/Contact", &json!({"LastName": "Orphan", "AccountId": account})).await;
        answer.body["id"].clone()
    };
    let role = org.id("UserRole WHERE Name = 'CEO'");
    let standard = org.profile("Standard User");
    let long = "x".repeat(81);
    let cases: Vec<(&str, Value, &str, String, Value)> = vec![
        ("H missing", json!({"Email": null, "ProfileId": null}), "REQUIRED_FIELD_MISSING", "Required fields are missing: [Email, ProfileId]".into(), json!(["Email", "ProfileId"])),
        ("H empty is missing", json!({"LastName": "  "}), "REQUIRED_FIELD_MISSING", "Required fields are missing: [LastName]".into(), json!(["LastName"])),
        ("H unknown field", json!({"foo": 1}), "INVALID_FIELD", "No such column 'foo' on sobject of type User".into(), Value::Null),
        ("H read-only", json!({"UserType": "Standard"}), "INVALID_FIELD_FOR_INSERT_UPDATE", "Unable to create/update fields: UserType. Please check the security settings of this field and verify that it is read/write for your profile or permission set.".into(), json!(["UserType"])),
        ("H not on create", json!({"IsPortalEnabled": true}), "INVALID_FIELD_FOR_INSERT_UPDATE", "Unable to create/update fields: IsPortalEnabled. Please check the security settings of this field and verify that it is read/write for your profile or permission set.".into(), json!(["IsPortalEnabled"])),
        ("H bad id", json!({"ProfileId": "BadValue"}), "MALFORMED_ID", "Profile ID: id value of incorrect type: BadValue".into(), json!(["ProfileId"])),
        ("H other object's id", json!({"ProfileId": used_contact}), "MALFORMED_ID", format!("Profile ID: id value of incorrect type: {}", used_contact.as_str().unwrap()), json!(["ProfileId"])),
        ("H dead reference", json!({"ProfileId": "00e000000000001AAA"}), "INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id".into(), json!([])),
        ("H too long", json!({"LastName": long}), "STRING_TOO_LONG", format!("Last Name: data value too large: {long} (max length=80)"), json!(["LastName"])),
        ("H e-mail", json!({"Email": "Not a real email address"}), "INVALID_EMAIL_ADDRESS", "Email: invalid email address: Not a real email address".into(), json!(["Email"])),
        ("H picklist", json!({"LocaleSidKey": "xx_YY"}), "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "Locale: bad value for restricted picklist field: xx_YY".into(), json!(["LocaleSidKey"])),
        ("H username form", json!({"Username": "john"}), "FIELD_INTEGRITY_EXCEPTION", "Username must be in the form of an email address (for example, john@acme.com): Username".into(), json!(["Username"])),
        ("H username here", json!({"Username": shown}), "DUPLICATE_USERNAME", DUPLICATE_USERNAME.into(), json!(["Username"])),
        ("H username elsewhere", json!({"Username": taken[0].to_uppercase()}), "DUPLICATE_USERNAME", DUPLICATE_USERNAME.into(), json!(["Username"])),
        ("H nickname", json!({"CommunityNickname": nickname}), "DUPLICATE_COMM_NICKNAME", "Duplicate Nickname.<br>Another user has already selected this nickname.<br>Please select another.".into(), json!(["CommunityNickname"])),
        ("H no contact", json!({"ContactId": null}), "INVALID_CROSS_REFERENCE_KEY", "Cannot create a portal user without contact".into(), json!(["ContactId"])),
        ("H null contact", json!({"=ContactId": null}), "INVALID_CROSS_REFERENCE_KEY", "Cannot create a portal user without contact".into(), json!(["ContactId"])),
        ("H contact in use", json!({"ContactId": used_contact}), "PORTAL_USER_ALREADY_EXISTS_FOR_CONTACT", "portal user already exists for contact".into(), json!([])),
        ("U contact without account", json!({"ContactId": loose_contact}), "FIELD_INTEGRITY_EXCEPTION", "The contact must have a value in the AccountId field".into(), json!(["ContactId"])),
        ("H owner without role", json!({"ContactId": ownerless}), "UNKNOWN_EXCEPTION", "portal account owner must have a role".into(), json!([])),
        ("M internal with contact", json!({"ProfileId": standard}), "FIELD_INTEGRITY_EXCEPTION", "only portal users can be associated to a contact".into(), json!([])),
        ("H role type", json!({"UserRoleId": role}), "FIELD_INTEGRITY_EXCEPTION", "role type must match user type".into(), json!([])),
        ("H feature licence", json!({"UserPermissionsMarketingUser": true}), "FIELD_INTEGRITY_EXCEPTION", "Marketing User is not allowed for this License Type.".into(), json!([])),
        ("L wrong JSON type", json!({"IsActive": "perhaps"}), "JSON_PARSER_ERROR", "Cannot deserialize instance of boolean from VALUE_STRING value perhaps or request may be missing a required field at [line:1, column:1]".into(), Value::Null),
    ];
    let before = org.emulator.query("SELECT COUNT(Id) FROM User").unwrap();
    for (case, changes, code, message, fields) in cases {
        let answer = org.post("sobjects/User", &with(&base, &changes)).await;
        assert_eq!(answer.status, 400, "{case}: {}", answer.body);
        assert_eq!(answer.error(), (code.to_owned(), message, fields), "{case}");
    }
    assert_eq!(org.emulator.query("SELECT COUNT(Id) FROM User").unwrap(), before, "refusals leave no trace");
    assert_eq!(org.post("sobjects/User", &base).await.status, 201, "what was refused for a change is right without it");
}

#[tokio::test]
async fn a_new_portal_user_is_complete() {
    let org = Org::start().await;
    let mut body = org.user_body("Complete.One", "Customer Community Plus User").await;
    body.as_object_mut().unwrap().remove("CommunityNickname");
    let answer = org.post("sobjects/User", &body).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    let id = answer.body["id"].as_str().unwrap();
    assert_eq!(answer.body, json!({"id": id, "success": true, "errors": []}));
    assert_eq!(answer.location, Some(format!("/services/data/v64.0/sobjects/User/{id}")));
    let user = org.get(&format!("sobjects/User/{id}")).await.body;
    assert_eq!(user["Username"], "complete.one@new.example.com", "usernames are kept in lower case");
    assert_eq!(
        (&user["UserType"], &user["IsActive"], &user["IsPortalEnabled"]),
        (&json!("PowerCustomerSuccess"), &json!(true), &json!(true))
    );
    assert_eq!(user["AccountId"], json!(org.emulator.credentials().account_id));
    assert_eq!(user["PortalRole"], "Worker", "the User level, by its API name");
    assert!(user["CommunityNickname"].is_string());
    let role = user["UserRoleId"].as_str().unwrap();
    assert_eq!(org.look("PortalAccountId", &format!("UserRole WHERE Id = '{role}'")), user["AccountId"]);
    assert_eq!(org.look("IsFrozen", &format!("UserLogin WHERE UserId = '{id}'")), json!(false));
    let sets = org
        .emulator
        .query(&format!("SELECT PermissionSet.IsOwnedByProfile FROM PermissionSetAssignment WHERE AssigneeId = '{id}'"))
        .unwrap();
    assert_eq!(sets[0]["PermissionSet"]["IsOwnedByProfile"], json!(true));
}

#[tokio::test]
async fn an_accounts_first_role_based_user_makes_its_roles() {
    let org = Org::start().await;
    let account =
        org.post("sobjects/Account", &json!({"Name": "Fresh & New"})).await.body["id"].as_str().unwrap().to_owned();
    let contact =
        org.post("sobjects/Contact", &json!({"LastName": "First", "AccountId": account})).await.body["id"].clone();
    let mut body = org.user_body("first.of.account", "Customer Portal Manager").await;
    body["ContactId"] = contact;
    body["PortalRole"] = json!("Executive");
    assert_eq!(org.post("sobjects/User", &body).await.status, 201);
    let roles = org
        .emulator
        .query(&format!("SELECT Name FROM UserRole WHERE PortalAccountId = '{account}' ORDER BY Name"))
        .unwrap();
    assert_eq!(roles.as_array().unwrap().len(), 3);
    assert_eq!(roles[0]["Name"], "Fresh & New Customer Executive");
    assert_eq!(
        org.look("UserRole.Name", "User WHERE Username = 'first.of.account@new.example.com'"),
        "Fresh & New Customer Executive"
    );
}

#[tokio::test]
async fn seats_run_out_and_come_free_by_deactivation_but_not_by_freezing() {
    let org = Org::start().await;
    let used = org.look("UsedLicenses", "UserLicense WHERE Name = 'Gold Partner'").as_u64().unwrap();
    assert!(org.emulator.set_licence_seats("Gold Partner", u32::try_from(used).unwrap() + 1).unwrap());
    let first = org.user("gold.one", "Gold Partner User").await;
    let second = org.user_body("gold.two", "Gold Partner User").await;
    let full = org.post("sobjects/User", &second).await;
    assert_eq!(full.status, 400);
    assert_eq!(
        full.error(),
        ("LICENSE_LIMIT_EXCEEDED".into(), "License Limit Exceeded - Gold Partner".into(), json!([])),
        "M"
    );
    let login = org.id(&format!("UserLogin WHERE UserId = '{first}'"));
    assert_eq!(org.patch(&format!("sobjects/UserLogin/{login}"), &json!({"IsFrozen": true})).await.status, 204);
    assert_eq!(org.post("sobjects/User", &second).await.status, 400);
    assert_eq!(org.patch(&format!("sobjects/User/{first}"), &json!({"IsActive": false})).await.status, 204);
    assert_eq!(org.post("sobjects/User", &second).await.status, 201);
    let back = org.patch(&format!("sobjects/User/{first}"), &json!({"IsActive": true})).await;
    assert_eq!(back.error().0, "LICENSE_LIMIT_EXCEEDED");
}

#[tokio::test]
async fn profiles_stay_within_their_licence_or_go_up() {
    let org = Org::start().await;
    let id = org.user("mover", "Customer Community User").await;
    let path = format!("sobjects/User/{id}");
    for (profile, allowed) in [
        ("Self-Service Community", true),
        ("Standard User", false),
        ("Customer Portal User", false),
        ("Customer Community Plus User", true),
        ("Customer Community User", false),
        ("Partner Community User", false),
    ] {
        let answer = org.patch(&path, &json!({"ProfileId": org.profile(profile)})).await;
        if allowed {
            assert_eq!(answer.status, 204, "{profile}: {}", answer.body);
        } else {
            assert_eq!(answer.status, 400, "{profile}");
            let (code, message, fields) = answer.error();
            assert_eq!((code.as_str(), fields), ("FIELD_INTEGRITY_EXCEPTION", json!(["ProfileId"])));
            assert_eq!(
                message,
                "You can only assign profiles that are compatible with the user's license. For a list of compatible licenses and profiles, see the Salesforce Help."
            );
        }
    }
    let user = org.get(&path).await.body;
    assert_eq!(user["UserType"], "PowerCustomerSuccess");
    assert!(user["UserRoleId"].is_string(), "the upgrade gave a role");
}

#[tokio::test]
async fn deactivation_keeps_the_contact_and_disabling_lets_it_go() {
    let org = Org::start().await;
    let id = org.user("leaver", "Customer Community Plus User").await;
    let path = format!("sobjects/User/{id}");
    let contact = org.get(&path).await.body["ContactId"].clone();
    let mut successor = org.user_body("successor", "Customer Community User").await;
    successor["ContactId"] = contact.clone();
    assert_eq!(org.patch(&path, &json!({"IsActive": false})).await.status, 204);
    assert_eq!(org.get(&path).await.body["ContactId"], contact);
    assert_eq!(org.post("sobjects/User", &successor).await.error().0, "PORTAL_USER_ALREADY_EXISTS_FOR_CONTACT");
    let both = org.patch(&path, &json!({"IsPortalEnabled": false, "IsActive": false})).await;
    assert_eq!(both.status, 400);
    assert_eq!(org.patch(&path, &json!({"IsPortalEnabled": false})).await.status, 204);
    let disabled = org.get(&path).await.body;
    assert_eq!((&disabled["ContactId"], &disabled["IsActive"]), (&Value::Null, &json!(false)));
    assert_eq!(org.post("sobjects/User", &successor).await.status, 201);
}

#[tokio::test]
async fn nobody_deactivates_or_freezes_themselves_and_nobody_deletes_a_user() {
    let org = Org::start().await;
    let admin = org.id(&format!("User WHERE Username = '{}'", org.emulator.credentials().username));
    let answer = org.patch(&format!("sobjects/User/{admin}"), &json!({"IsActive": false})).await;
    assert_eq!(
        answer.error(),
        ("FIELD_INTEGRITY_EXCEPTION".into(), "Cannot de-activate self: Active".into(), json!(["IsActive"]))
    );
    let login = org.id(&format!("UserLogin WHERE UserId = '{admin}'"));
    let answer = org.patch(&format!("sobjects/UserLogin/{login}"), &json!({"IsFrozen": true})).await;
    assert_eq!(answer.error().0, "CANNOT_FREEZE_SELF");
    let answer = org.delete(&format!("sobjects/User/{admin}")).await;
    assert_eq!((answer.status, answer.error().0.as_str()), (400, "INVALID_TYPE_FOR_OPERATION"));
}

#[tokio::test]
async fn updates_are_checked_like_creates() {
    let org = Org::start().await;
    let id = org.user("updated", "Customer Community User").await;
    let path = format!("sobjects/User/{id}");
    let stamp = org.get(&path).await.body["SystemModstamp"].clone();
    for (changes, code, fields) in [
        (json!({"LastName": ""}), "REQUIRED_FIELD_MISSING", json!(["LastName"])),
        (json!({"Email": "nonsense"}), "INVALID_EMAIL_ADDRESS", json!(["Email"])),
        (json!({"Name": "Whole Name"}), "INVALID_FIELD_FOR_INSERT_UPDATE", json!(["Name"])),
        (json!({"AccountId": null}), "INVALID_FIELD_FOR_INSERT_UPDATE", json!(["AccountId"])),
        (json!({"Id": id}), "INVALID_FIELD", Value::Null),
        (json!({"ContactId": null}), "INVALID_CROSS_REFERENCE_KEY", json!(["ContactId"])),
    ] {
        let answer = org.patch(&path, &changes).await;
        assert_eq!(answer.status, 400, "{changes}");
        let (found, _, found_fields) = answer.error();
        assert_eq!((found.as_str(), found_fields), (code, fields), "{changes}");
    }
    org.emulator.advance_clock(10);
    assert_eq!(org.patch(&path, &json!({"Title": "Buyer", "Username": "Updated@new.example.com"})).await.status, 204);
    let after = org.get(&path).await.body;
    assert_eq!((&after["Title"], &after["Username"]), (&json!("Buyer"), &json!("updated@new.example.com")));
    assert!(after["SystemModstamp"].as_str() > stamp.as_str());
    assert_eq!(org.patch(&path, &json!({"Title": null})).await.status, 204, "an attribute can be cleared");
    assert_eq!(org.get(&path).await.body["Title"], Value::Null);
}

#[tokio::test]
async fn the_status_of_an_unknown_exception_is_a_switch() {
    let switches = Switches { unknown_exception_status: 500, ..Switches::default() };
    let org = Org::with(switches).await;
    let account = org.id("Account WHERE Owner.UserRoleId = null");
    for (handle, profile) in [("hv", "Customer Community User"), ("role", "Customer Portal User")] {
        let contact =
            org.post("sobjects/Contact", &json!({"LastName": handle, "AccountId": account})).await.body["id"].clone();
        let mut body = org.user_body(handle, profile).await;
        body["ContactId"] = contact;
        assert_eq!(org.post("sobjects/User", &body).await.status, 500, "{profile}");
    }
}
