//! The four errors that an admin meets who assigns what does not fit the user's licence. Each is told before the call, and
//! where the connector cannot know, because the admin user may not see profiles, after Salesforce's own refusal.

use provisioning_runtime::wit::{DesiredUser, Error, ErrorKind, Grant, PushMode};

use crate::support::{Org, journey, only, person};

fn id(org: &Org, object: &str, condition: &str) -> String {
    org.query(&format!("SELECT Id FROM {object} WHERE {condition}"))[0]["Id"].as_str().unwrap().to_owned()
}

fn misfit(org: &Org, profile: &str, kind: &str, id: String) -> DesiredUser {
    let mut user = person("Misfit", &org.profile(profile));
    user.grants.push(Grant { kind: kind.to_owned(), id });
    user
}

async fn refusal(org: &Org, user: &DesiredUser) -> Error {
    let results = org.job().await.push_users(std::slice::from_ref(user), &PushMode::Apply).await.unwrap();
    let error = only(results).unwrap_err();
    assert!(matches!(error.kind, ErrorKind::IncompatibleGrants), "{error:?}");
    assert!(error.message.contains("misfit@lighthouse.example"), "{error:?}");
    assert!(error.remedy.as_ref().is_some_and(|remedy| remedy.contains("Setup >")), "{error:?}");
    error
}

/// `words` are in the connector's own sentence; `message` is what Salesforce says.
async fn told_before_and_after(org: &Org, user: &DesiredUser, words: &[&str], message: &str) {
    org.emulator.clear_journal();
    let before = refusal(org, user).await;
    assert!(before.upstream.is_none(), "{before:?}");
    for words in words {
        assert!(before.message.contains(words), "{words}: {before:?}");
    }
    assert_eq!(org.writes(), Vec::<String>::new());

    org.emulator.set_switches(|switches| switches.hidden_objects = vec!["Profile".to_owned()]);
    let after = refusal(org, user).await;
    let upstream = after.upstream.as_ref().unwrap();
    assert_eq!((upstream.code.as_str(), upstream.message.as_str()), ("FIELD_INTEGRITY_EXCEPTION", message));
    assert!(!org.writes().is_empty());
}

#[test]
fn a_feature_license_that_the_user_license_does_not_allow_is_told_before_the_call_and_after_it() {
    journey(async {
        let org = Org::start(10, 301).await;
        let flag = "UserPermissionsLiveAgentUser".to_owned();
        let user = misfit(&org, "Customer Community User", "feature-license", flag);
        let words = ["UserPermissionsLiveAgentUser is not allowed", "licence is Customer Community"];
        told_before_and_after(&org, &user, &words, "Live Agent User is not allowed for this License Type.").await;
    });
}

#[test]
fn a_profile_of_another_user_license_is_told_before_the_call_and_after_it() {
    journey(async {
        let org = Org::start(10, 302).await;
        let partner = person("Misfit", &org.profile("Partner Community User"));
        only(org.job().await.push_users(&[partner], &PushMode::Apply).await.unwrap()).unwrap();
        let user = person("Misfit", &org.profile("Customer Community User"));
        let words = ["the profile Customer Community User belongs to another licence", "Partner Community User"];
        let message = "You can only assign profiles that are compatible with the user's license. For a list of compatible licenses and profiles, see the Salesforce Help.";
        told_before_and_after(&org, &user, &words, message).await;
    });
}

#[test]
fn a_role_that_the_user_license_does_not_support_is_told_before_the_call_and_after_it() {
    journey(async {
        let org = Org::start(10, 303).await;
        let role = id(&org, "UserRole", "Name = 'CEO'");
        let user = misfit(&org, "Customer Community Plus User", "role", role);
        let words = ["the role CEO does not fit", "Customer Community Plus needs a role of another type"];
        told_before_and_after(&org, &user, &words, "role type must match user type").await;
    });
}

#[test]
fn a_permission_set_that_the_user_license_does_not_support_is_told_before_the_call_and_after_it() {
    journey(async {
        let org = Org::start(10, 304).await;
        let set = id(&org, "PermissionSet", "Name = 'Manage_Campaigns'");
        let user = misfit(&org, "Customer Community User", "permission-set", set);
        let words = ["the permission set Manage Campaigns is made for another user licence than Customer Community"];
        let message = "The user license doesn't allow the permission: Manage Campaigns";
        told_before_and_after(&org, &user, &words, message).await;
    });
}

#[test]
fn a_permission_set_group_with_a_set_of_another_user_license_is_told_after_the_call() {
    journey(async {
        let org = Org::start(10, 305).await;
        let group = id(&org, "PermissionSetGroup", "DeveloperName = 'Partner_Sales'");
        let error = refusal(&org, &misfit(&org, "Customer Community User", "permission-set-group", group)).await;
        assert!(error.message.contains("permission set group"), "{error:?}");
        assert!(error.upstream.unwrap().message.ends_with("Partner Deal Registration"));
    });
}

#[test]
fn a_permission_set_group_that_is_not_up_to_date_is_told_before_the_call() {
    journey(async {
        let org = Org::start(10, 306).await;
        let group = id(&org, "PermissionSetGroup", "DeveloperName = 'Portal_Rework'");
        let user = misfit(&org, "Customer Community User", "permission-set-group", group);
        let error = only(org.job().await.push_users(&[user], &PushMode::Apply).await.unwrap()).unwrap_err();
        assert!(matches!(error.kind, ErrorKind::RejectedByRule), "{error:?}");
        assert!(error.message.contains("Portal Rework") && error.message.contains("status Failed"), "{error:?}");
        assert_eq!(org.writes(), Vec::<String>::new());
    });
}
