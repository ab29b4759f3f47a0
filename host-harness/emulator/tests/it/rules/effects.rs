//! What the rules bring about, besides refusing.

use serde_json::{Value, json};

use super::world::World;

async fn account(world: &World, name: &str) -> String {
    let answer = world.org.post("sobjects/Account", &json!({"Name": name})).await;
    answer.body["id"].as_str().unwrap().to_owned()
}

/// A new user of the account; their id.
async fn user(world: &World, account: &str, handle: &str, profile: &str) -> String {
    let mut body = world.org.user_body(handle, profile).await;
    let contact = world.org.post("sobjects/Contact", &json!({"LastName": handle, "AccountId": account})).await;
    body["ContactId"] = contact.body["id"].clone();
    let answer = world.org.post("sobjects/User", &body).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    answer.body["id"].as_str().unwrap().to_owned()
}

fn roles(world: &World, account: &str) -> Vec<String> {
    let soql = format!("SELECT Name FROM UserRole WHERE PortalAccountId = '{account}' ORDER BY Id");
    let rows = world.org.emulator.query(&soql).unwrap();
    rows.as_array().unwrap().iter().map(|row| row["Name"].as_str().unwrap().to_owned()).collect()
}

fn role(world: &World, user: &str) -> Value {
    world.org.look("UserRole.Name", &format!("User WHERE Id = '{user}'"))
}

#[tokio::test]
async fn accounts_get_as_many_roles_as_the_org_wants() {
    for (wanted, names) in [
        (1, vec!["Sparse Customer User"]),
        (2, vec!["Sparse Customer Manager", "Sparse Customer User"]),
        (3, vec!["Sparse Customer Executive", "Sparse Customer Manager", "Sparse Customer User"]),
    ] {
        let world = World::new(10, &json!({"portalRolesPerAccount": wanted})).await;
        let account = account(&world, "Sparse").await;
        user(&world, &account, "volume.only", "Customer Community User").await;
        assert!(roles(&world, &account).is_empty(), "a high-volume user makes no roles");
        assert_eq!(world.org.look("IsCustomerPortal", &format!("Account WHERE Id = '{account}'")), json!(true));
        let first = user(&world, &account, "first", "Customer Portal User").await;
        assert_eq!(roles(&world, &account), names);
        assert_eq!(role(&world, &first), "Sparse Customer User");
    }
}

#[tokio::test]
async fn role_optimisation_waits_for_the_second_user() {
    let world = World::new(10, &json!({"accountRoleOptimization": true})).await;
    let owner = world.fill("{Alias of User WHERE Username = '<admin>'}");
    let (one, two) = (account(&world, "One").await, account(&world, "Two").await);
    let first = user(&world, &one, "one.first", "Customer Portal User").await;
    let other = user(&world, &two, "two.first", "Customer Portal User").await;
    let shared = format!("{owner} Customer Person Account");
    assert_eq!((role(&world, &first), role(&world, &other)), (json!(shared), json!(shared)));
    assert!(roles(&world, &one).is_empty());
    let second = user(&world, &one, "one.second", "Customer Portal User").await;
    assert_eq!(roles(&world, &one).len(), 3);
    assert_eq!((role(&world, &first), role(&world, &second)), (json!("One Customer User"), json!("One Customer User")));
    assert_eq!(role(&world, &other), json!(shared), "the other account keeps to its single user");
}

#[tokio::test]
async fn an_account_that_leaves_the_portal_disables_its_users_and_loses_its_roles() {
    let world = World::new(10, &json!({})).await;
    let account = account(&world, "Leaving").await;
    let (a, b) = (
        user(&world, &account, "leaving.a", "Customer Portal User").await,
        user(&world, &account, "leaving.b", "Customer Community User").await,
    );
    let partner = user(&world, &account, "leaving.p", "Partner Community User").await;
    assert_eq!(roles(&world, &account).len(), 6);
    let answer = world.org.patch(&format!("sobjects/Account/{account}"), &json!({"IsCustomerPortal": false})).await;
    assert_eq!(answer.status, 204, "{}", answer.body);
    for user in [a, b] {
        let row = world.org.get(&format!("sobjects/User/{user}")).await.body;
        assert_eq!(
            (&row["IsActive"], &row["IsPortalEnabled"], &row["ContactId"]),
            (&json!(false), &json!(false), &Value::Null)
        );
        assert_eq!(row["UserRoleId"], Value::Null);
    }
    assert_eq!(world.org.look("IsActive", &format!("User WHERE Id = '{partner}'")), json!(true));
    assert_eq!(roles(&world, &account).len(), 3, "the partner roles stay");
}

#[tokio::test]
async fn a_user_is_disabled_and_deactivated_in_one_update_where_the_org_takes_that() {
    let world = World::new(10, &json!({"refuseIsActiveWithDisable": false})).await;
    let path = world.fill("sobjects/User/{User WHERE Username = 'volume@new.example.com'}");
    let both = world.org.patch(&path, &json!({"IsPortalEnabled": false, "IsActive": false})).await;
    assert_eq!(both.status, 204, "{}", both.body);
    assert_eq!(world.org.get(&path).await.body["ContactId"], Value::Null);
}

#[tokio::test]
async fn feature_seats_are_taken_by_active_users_and_come_free() {
    let world = World::new(10, &json!({})).await;
    let used = || {
        let pools = world.org.emulator.licence_pools().unwrap();
        pools.into_iter().find(|pool| pool.name == "ChatterAnswersUser").unwrap().used
    };
    let path = world.fill("sobjects/User/{User WHERE Username = 'volume@new.example.com'}");
    for (changes, seats) in [
        (json!({"UserPermissionsChatterAnswersUser": true}), 1),
        (json!({"UserPermissionsChatterAnswersUser": true, "Title": "x"}), 1),
        (json!({"IsActive": false}), 0),
        (json!({"IsActive": true}), 1),
        (json!({"UserPermissionsChatterAnswersUser": false}), 0),
        (json!({"UserPermissionsChatterAnswersUser": true}), 1),
        (json!({"IsPortalEnabled": false}), 0),
    ] {
        assert_eq!(world.org.patch(&path, &changes).await.status, 204, "{changes}");
        assert_eq!(used(), seats, "{changes}");
    }
    let refused = world.org.patch(&path, &json!({"UserPermissionsChatterAnswersUser": true, "Email": "no"})).await;
    assert_eq!((refused.status, used()), (400, 0), "a refused update takes no seat");
}

#[tokio::test]
async fn duplicates_are_shown_and_may_be_saved_where_the_rule_only_warns() {
    for (rule, spelt_right, saved) in [("alert", false, 201), ("block", true, 400)] {
        let world = World::new(10, &json!({"contactDuplicates": rule, "duplicateResultSpeltRight": spelt_right})).await;
        let there = world.fill("{Contact WHERE LastName = 'Spare'}");
        let body = json!({"LastName": "spare", "AccountId": world.org.emulator.credentials().account_id});
        let refused = world.org.post("sobjects/Contact", &body).await;
        assert_eq!(refused.status, 400);
        let key = if spelt_right { "duplicateResult" } else { "duplicateResut" };
        let result = &refused.body[0][key];
        assert_eq!(
            (&result["allowSave"], &result["duplicateRule"], &result["duplicateRuleEntityType"]),
            (&json!(rule == "alert"), &json!("Standard_Contact_Duplicate_Rule"), &json!("Contact"))
        );
        let matched = &result["matchResults"][0];
        assert_eq!((&matched["size"], &matched["rule"]), (&json!(1), &json!("Standard_Contact_Match_Rule_v1_1")));
        assert_eq!(matched["matchRecords"][0]["record"]["Id"], there.as_str());
        assert_eq!(matched["matchRecords"][0]["record"]["Name"], Value::Null, "fields only on demand");
        let insistent = world
            .org
            .request(reqwest::Method::POST, "sobjects/Contact")
            .header("Sforce-Duplicate-Rule-Header", "allowSave=true; includeRecordDetails=true")
            .header("content-type", "application/json")
            .body(body.to_string());
        let answer = world.org.send(insistent).await;
        assert_eq!(answer.status, saved, "{rule}: {}", answer.body);
        if saved == 400 {
            assert_eq!(answer.body[0][key]["matchResults"][0]["matchRecords"][0]["record"]["Name"], "Spare");
        }
        let touch = world.org.patch(&format!("sobjects/Contact/{there}"), &json!({"Title": "x"})).await;
        assert_eq!(touch.status, 204, "an update of something else is not compared");
    }
}

#[tokio::test]
async fn external_users_are_free_of_the_email_domains() {
    let world = World::new(10, &json!({"emailDomains": ["wnco.com"]})).await;
    let id = world.org.user("foreign", "Customer Community User").await;
    assert_eq!(id.len(), 18);
}

#[tokio::test]
async fn a_second_membership_is_the_first_one() {
    let world = World::new(10, &json!({})).await;
    let body = json!({
        "GroupId": world.fill("{Group WHERE DeveloperName = 'Portal_Managers'}"),
        "UserOrGroupId": world.fill("{User WHERE Username = 'member@new.example.com'}"),
    });
    let (first, second) =
        (world.org.post("sobjects/GroupMember", &body).await, world.org.post("sobjects/GroupMember", &body).await);
    assert_eq!((second.status, &second.body["id"]), (201, &first.body["id"]));
}
