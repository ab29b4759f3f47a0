//! Passwords and permission sets.

use salesforce_emulator::Switches;
use serde_json::{Value, json};

use crate::client::Org;
use crate::soap::{admin_id, call, fault, set_password};

#[tokio::test]
async fn soap_sets_the_own_password_only_where_the_org_allows_it() {
    for set_own_password in [false, true] {
        let org = Org::with(Switches { set_own_password, ..Switches::default() }).await;
        let answer = call(&org, &org.session, &set_password(&admin_id(&org), "n3w&Password")).await;
        let changed = org.emulator.check_password(&org.emulator.credentials().username, "n3w&Password");
        assert_eq!((answer.0 == 200, changed), (set_own_password, set_own_password), "{}", answer.1);
        if !set_own_password {
            assert_eq!(fault(&answer), ("UnexpectedErrorFault", "INSUFFICIENT_ACCESS", "Cannot set password for self"));
        }
    }
}

#[tokio::test]
async fn an_assignment_expires_and_is_active_again_with_a_later_date() {
    let org = Org::start().await;
    let user = org.user("expiring", "Customer Community User").await;
    let set = org.id("PermissionSet WHERE Name = 'Portal_Case_Access'");
    let soon = from_now(3600);
    let body = json!({"AssigneeId": user, "PermissionSetId": set, "ExpirationDate": soon});
    let made = org.post("sobjects/PermissionSetAssignment", &body).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let id = made.body["id"].as_str().unwrap();
    let path = format!("sobjects/PermissionSetAssignment/{id}");
    let active = async || org.get(&path).await.body["IsActive"].clone();
    assert_eq!(active().await, json!(true));
    org.emulator.advance_clock(3601);
    assert_eq!(active().await, json!(false));
    let filtered = format!("SELECT Id FROM PermissionSetAssignment WHERE AssigneeId = '{user}' AND IsActive = false");
    assert_eq!(org.emulator.query(&filtered).unwrap().as_array().unwrap().len(), 1);
    for (date, is_active) in [(json!(from_now(7200)), true), (json!(from_now(-7200)), false), (Value::Null, true)] {
        assert_eq!(org.patch(&path, &json!({"ExpirationDate": date})).await.status, 204, "{date}");
        assert_eq!(active().await, json!(is_active), "{date}");
    }
}

/// So many seconds from now, as REST writes it.
fn from_now(seconds: i64) -> String {
    (chrono::Utc::now() + chrono::Duration::seconds(seconds)).format("%Y-%m-%dT%H:%M:%S.000+0000").to_string()
}

#[tokio::test]
async fn a_new_address_of_an_external_user_has_yet_to_be_verified() {
    let org = Org::start().await;
    let id = org.id("User WHERE UserType = 'CspLitePortal' AND HasUserVerifiedEmail = true");
    let path = format!("sobjects/User/{id}");
    let verified = async || org.get(&path).await.body["HasUserVerifiedEmail"].clone();
    assert_eq!(org.patch(&path, &json!({"Title": "x"})).await.status, 204);
    assert_eq!(verified().await, json!(true));
    assert_eq!(org.patch(&path, &json!({"Email": "moved@example.com"})).await.status, 204);
    assert_eq!(verified().await, json!(false));
    let refused = org.patch(&path, &json!({"HasUserVerifiedEmail": true})).await;
    assert_eq!(refused.error().0, "INVALID_FIELD_FOR_INSERT_UPDATE");
}
