//! What does not fit is told before any write where that can be known, and after Salesforce's answer where not.

use salesforce_emulator::{Effect, Fault};
use salesforce_portal_connector::model::{Action, DesiredUser, Error, ErrorKind, Outcome, PushMode};

use crate::support::{Org, grant, person, writes};

fn profile(org: &Org, name: &str) -> String {
    org.id("Profile", &format!("Name = '{name}'"))
}

fn push_one(org: &Org, user: &DesiredUser, mode: &PushMode) -> Result<Outcome, Error> {
    org.session().push_users(std::slice::from_ref(user), mode).unwrap().remove(0)
}

/// Refused with nothing written, by an error with a remedy.
fn refused_before(org: &Org, user: &DesiredUser, kind: &ErrorKind, words: &[&str]) {
    let (result, journal) = org.observe(|| push_one(org, user, &PushMode::Apply));
    let error = result.unwrap_err();
    assert_eq!(error.kind, *kind, "{error:?}");
    assert!(error.remedy.is_some() && error.upstream.is_none(), "{error:?}");
    for words in words {
        assert!(error.message.contains(words), "{words}: {error:?}");
    }
    assert_eq!(writes(&journal), Vec::<String>::new());
}

fn with(org: &Org, profile_name: &str, kind: &str, id: &str) -> DesiredUser {
    let mut user = person("Misfit", &profile(org, profile_name));
    user.grants.push(grant(kind, id));
    user
}

#[test]
fn grants_that_cannot_fit_are_refused_before_any_write() {
    let org = Org::start(30, 931);
    let misfit = ErrorKind::IncompatibleGrants;
    let community = "Customer Community User";
    let live_agent = with(&org, community, "feature-license", "UserPermissionsLiveAgentUser");
    refused_before(&org, &live_agent, &misfit, &["UserPermissionsLiveAgentUser", "not allowed", "Customer Community"]);

    let role = org.id("UserRole", "PortalType = 'None' AND Name = 'CEO'");
    refused_before(&org, &with(&org, "Customer Community Plus User", "role", &role), &misfit, &["role"]);
    refused_before(&org, &with(&org, community, "role", &role), &misfit, &["have no roles"]);

    let set = org.id("PermissionSet", "Name = 'Manage_Campaigns'");
    refused_before(&org, &with(&org, community, "permission-set", &set), &misfit, &["Manage Campaigns"]);

    let group = org.id("Group", "DeveloperName = 'Priority_Customers'");
    refused_before(&org, &with(&org, community, "public-group", &group), &misfit, &["Priority Customers"]);

    let internal = person("Misfit", &profile(&org, "Standard User"));
    refused_before(&org, &internal, &misfit, &["Standard User", "portal licence"]);

    let foreign = person("Misfit", "00e000000000001");
    refused_before(&org, &foreign, &ErrorKind::StaleReference, &["does not exist in this organization"]);
}

#[test]
fn a_profile_of_a_licence_that_the_user_cannot_move_to_is_refused_before_any_write() {
    let org = Org::start(5, 932);
    let user = person("Mover", &profile(&org, "Partner Community User"));
    push_one(&org, &user, &PushMode::Apply).unwrap();
    let down = person("Mover", &profile(&org, "Customer Community User"));
    refused_before(&org, &down, &ErrorKind::IncompatibleGrants, &["another licence", "Customer Community User"]);
}

#[test]
fn a_profile_of_a_sister_licence_is_refused_by_salesforce_with_a_remedy() {
    let org = Org::start(5, 933);
    push_one(&org, &person("Mover", &profile(&org, "Customer Community Plus User")), &PushMode::Apply).unwrap();
    let error =
        push_one(&org, &person("Mover", &profile(&org, "Customer Portal Manager")), &PushMode::Apply).unwrap_err();
    assert_eq!(error.kind, ErrorKind::IncompatibleGrants, "{error:?}");
    assert!(error.upstream.as_ref().unwrap().message.contains("compatible with the user's license"), "{error:?}");
    assert!(error.remedy.is_some());
}

#[test]
fn what_only_salesforce_can_know_is_told_after_its_answer() {
    // Contacts are the first records that are written, users the second; assignments and then feature licences follow.
    for (refused, method, skip, message) in [
        ("a role", "POST", 1, "role type must match user type"),
        ("a profile", "POST", 1, "You can only assign profiles that are compatible with the user's license."),
        ("a permission set", "POST", 2, "The user license doesn't allow the permission: Read Promotion"),
        ("a feature licence", "PATCH", 0, "Live Agent User is not allowed for this License Type."),
    ] {
        let org = Org::start(5, 934);
        let mut user = person("Ada", &profile(&org, "Customer Community Plus User"));
        user.grants.push(grant("permission-set", &org.id("PermissionSet", "Name = 'Portal_Case_Access'")));
        user.grants.push(grant("feature-license", "UserPermissionsChatterAnswersUser"));
        let effect = Effect::Refuse {
            status_code: "FIELD_INTEGRITY_EXCEPTION".to_owned(),
            message: message.to_owned(),
            fields: Vec::new(),
            records: Vec::new(),
        };
        org.emulator.inject(Fault::new(effect).method(method).path("*composite/sobjects*").skip(skip).times(1));
        let error = push_one(&org, &user, &PushMode::Apply).unwrap_err();
        assert_eq!(error.kind, ErrorKind::IncompatibleGrants, "{refused}: {error:?}");
        assert!(error.remedy.is_some() && error.upstream.as_ref().unwrap().message == message, "{error:?}");
        let is_made = skip != 1;
        assert_eq!(error.message.contains("itself has been made"), is_made, "{refused}: {error:?}");
        assert_eq!(org.count("User WHERE Username = 'ada@lighthouse.example'"), usize::from(is_made), "{refused}");
        // A contact of a refused user does not stay behind.
        assert_eq!(org.count("Contact WHERE Email = 'ada@lighthouse.example'"), usize::from(is_made), "{refused}");
        // The next push gives what is missing.
        let outcome = push_one(&org, &user, &PushMode::Apply).unwrap();
        assert_eq!(outcome.action, if is_made { Action::Updated } else { Action::Created }, "{refused}");
    }
}

#[test]
fn seats_that_run_out_halfway_through_a_batch_stop_only_those_without_one() {
    let org = Org::start(5, 935);
    let used = org.emulator.licence_pools().unwrap();
    let used = used.iter().find(|pool| pool.name == "Customer Community Plus").unwrap().used;
    org.emulator.set_licence_seats("Customer Community Plus", used + 3).unwrap();
    let profile = profile(&org, "Customer Community Plus User");
    let people: Vec<DesiredUser> = (0..5).map(|at| person(&format!("Seat-{at}"), &profile)).collect();
    let results = org.session().push_users(&people, &PushMode::Apply).unwrap();
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 3);
    for result in &results[3..] {
        let error = result.as_ref().unwrap_err();
        assert_eq!(error.kind, ErrorKind::LicenseExhausted, "{error:?}");
        assert!(error.upstream.is_none() && error.message.contains("Customer Community Plus"), "{error:?}");
    }
    assert_eq!(org.count("Contact WHERE Email LIKE 'seat-%'"), 3, "no contact without a user");
}

#[test]
fn an_account_owner_without_a_role_is_told_before_any_write() {
    let org = Org::start(5, 936);
    let account = org.query("SELECT Id FROM Account WHERE Owner.UserRoleId = null").remove(0);
    let session = org.session_with(&[("account-id", account["Id"].as_str().unwrap())]);
    let user = person("Ada", &profile(&org, "Customer Community Plus User"));
    let (results, journal) = org.observe(|| session.push_users(&[user], &PushMode::Apply).unwrap());
    let error = results[0].as_ref().unwrap_err();
    assert_eq!(error.kind, ErrorKind::RejectedByRule, "{error:?}");
    assert!(error.message.contains("has no role") && error.remedy.is_some(), "{error:?}");
    assert_eq!(writes(&journal), Vec::<String>::new());
}

#[test]
fn a_username_taken_in_another_org_is_told_and_leaves_no_contact_behind() {
    let org = Org::start(5, 937);
    let taken = org.emulator.usernames_taken_elsewhere().unwrap().remove(0);
    let mut user = person("Ada", &profile(&org, "Customer Community User"));
    user.username = taken.clone();
    assert_eq!(org.count(&format!("User WHERE Username = '{taken}'")), 0, "the admin cannot see it");
    let error = push_one(&org, &user, &PushMode::Apply).unwrap_err();
    assert_eq!(error.kind, ErrorKind::UsernameTaken);
    assert!(error.message.contains("another Salesforce organization"), "{error:?}");
    assert_eq!(org.count("Contact WHERE Email = 'ada@lighthouse.example'"), 0);
}

#[test]
fn a_feature_that_is_switched_off_is_told_and_not_left_out_silently() {
    let org = Org::start(5, 938);
    let user = with(&org, "Customer Community User", "feature-license", "UserPermissionsNoSuchFeature");
    refused_before(&org, &user, &ErrorKind::Unsupported, &["UserPermissionsNoSuchFeature", "does not have"]);
}
