//! Permission sets, permission set licences, public groups.

use serde_json::json;

use crate::client::Org;

#[tokio::test]
async fn permission_sets_follow_the_licence_and_are_given_once() {
    let org = Org::start().await;
    let user = org.user("assignee", "Customer Community User").await;
    let set = |name: &str| org.id(&format!("PermissionSet WHERE Name = '{name}'"));
    for (name, allowed) in [("Portal_Case_Access", true), ("Community_Moderation", true), ("Manage_Campaigns", false)] {
        let answer = org
            .post("sobjects/PermissionSetAssignment", &json!({"AssigneeId": user, "PermissionSetId": set(name)}))
            .await;
        assert_eq!(answer.status == 201, allowed, "{name}: {}", answer.body);
        if !allowed {
            let (code, message, _) = answer.error();
            assert_eq!(code, "FIELD_INTEGRITY_EXCEPTION");
            assert!(message.starts_with("The user license doesn't allow the permission: "), "H short form");
        }
    }
    let case = set("Portal_Case_Access");
    let again =
        org.post("sobjects/PermissionSetAssignment", &json!({"AssigneeId": user, "PermissionSetId": case})).await;
    let message =
        format!("Duplicate PermissionSetAssignment.  Assignee: {}; Permission Set: {}", &user[..15], &case[..15]);
    assert_eq!(again.error(), ("DUPLICATE_VALUE".into(), message, json!(["AssigneeId", "PermissionSetId"])), "H");
    let row = org.id(&format!("PermissionSetAssignment WHERE AssigneeId = '{user}' AND PermissionSetId = '{case}'"));
    let update = org.patch(&format!("sobjects/PermissionSetAssignment/{row}"), &json!({"PermissionSetId": case})).await;
    assert_eq!(update.error().0, "INVALID_FIELD_FOR_INSERT_UPDATE", "only the date of expiry changes");
    assert_eq!(org.delete(&format!("sobjects/PermissionSetAssignment/{row}")).await.status, 204);
}

#[tokio::test]
async fn a_permission_set_group_is_assigned_by_a_row_that_also_names_its_own_set() {
    let org = Org::start().await;
    let user = org.user("grouped", "Customer Community User").await;
    let group = org.id("PermissionSetGroup WHERE DeveloperName = 'Portal_Service'");
    let own = org.id(&format!("PermissionSet WHERE PermissionSetGroupId = '{group}' AND Type = 'Group'"));
    let answer =
        org.post("sobjects/PermissionSetAssignment", &json!({"AssigneeId": user, "PermissionSetGroupId": group})).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    let soql = format!(
        "SELECT Id, PermissionSetId, PermissionSetGroup.MasterLabel, PermissionSet.IsOwnedByProfile
         FROM PermissionSetAssignment WHERE AssigneeId = '{user}' AND PermissionSetGroupId != null"
    );
    let row = org.soql(&soql).await.body["records"][0].clone();
    assert_eq!(
        (&row["PermissionSetId"], &row["PermissionSetGroup"]["MasterLabel"]),
        (&json!(own), &json!("Portal Service"))
    );
    assert_eq!(row["PermissionSet"]["IsOwnedByProfile"], json!(false));
    let members = "SELECT PermissionSet.Name FROM PermissionSetGroupComponent
         WHERE PermissionSetGroup.DeveloperName = 'Portal_Service' ORDER BY PermissionSet.Name";
    let members = org.soql(members).await.body["records"].clone();
    let names: Vec<&str> =
        members.as_array().unwrap().iter().map(|row| row["PermissionSet"]["Name"].as_str().unwrap()).collect();
    assert_eq!(names, ["Portal_Case_Access", "Portal_Knowledge_Reader"]);
    let path = format!("sobjects/PermissionSetAssignment/{}", row["Id"].as_str().unwrap());
    assert_eq!(org.delete(&path).await.status, 204);
    assert_eq!(org.soql(&soql).await.body["totalSize"], json!(0));
    let trail = org.soql("SELECT Action, Display FROM SetupAuditTrail ORDER BY Id").await.body["records"].clone();
    let entries: Vec<(&str, &str)> = trail
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| (entry["Action"].as_str().unwrap(), entry["Display"].as_str().unwrap()))
        .collect();
    let end = format!("user grouped (UserID: [{}])", &user[..15]);
    let given = format!("Permission set group Portal Service: assigned to {end}");
    let taken = format!("Permission set group Portal Service: unassigned from {end}");
    assert_eq!(entries, [("PermSetGroupAssign", given.as_str()), ("PermSetGroupUnassign", taken.as_str())]);
}

#[tokio::test]
async fn feature_seats_are_counted() {
    let org = Org::start().await;
    let licence = org.id("PermissionSetLicense WHERE DeveloperName = 'SalesConsoleUser'");
    let mut refused = None;
    for index in 0..6 {
        let user = org.user(&format!("console{index}"), "Customer Community User").await;
        let answer = org
            .post(
                "sobjects/PermissionSetLicenseAssign",
                &json!({"AssigneeId": user, "PermissionSetLicenseId": licence}),
            )
            .await;
        if answer.status != 201 {
            refused = Some((index, answer.error().0, answer.error().1));
            break;
        }
    }
    assert_eq!(refused, Some((5, "LICENSE_LIMIT_EXCEEDED".into(), "License limit exceeded".into())));
    assert_eq!(org.look("UsedLicenses", &format!("PermissionSetLicense WHERE Id = '{licence}'")), json!(5));
}

#[tokio::test]
async fn groups_take_role_based_users_only_and_lose_them_on_deactivation() {
    let org = Org::start().await;
    let group = org.id("Group WHERE DeveloperName = 'Priority_Customers'");
    let high_volume = org.user("volume", "High Volume Customer Portal User").await;
    let refused = org.post("sobjects/GroupMember", &json!({"GroupId": group, "UserOrGroupId": high_volume})).await;
    assert_eq!(refused.status, 400);
    let user = org.user("member", "Customer Portal User").await;
    assert_eq!(org.post("sobjects/GroupMember", &json!({"GroupId": group, "UserOrGroupId": user})).await.status, 201);
    let members = || org.emulator.query(&format!("SELECT Id FROM GroupMember WHERE UserOrGroupId = '{user}'")).unwrap();
    assert_eq!(members().as_array().unwrap().len(), 1);
    for active in [false, true] {
        assert_eq!(org.patch(&format!("sobjects/User/{user}"), &json!({"IsActive": active})).await.status, 204);
    }
    assert_eq!(members(), json!([]), "reactivation does not bring memberships back");
}
