//! What does not fit is told before any write where that can be known, and after Salesforce's answer where not.

use salesforce_emulator::{Effect, Fault};
use salesforce_portal_connector::model::{Action, DesiredUser, ErrorKind, PushMode};

use crate::support::{Org, grant, person, writes};

/// Refused with nothing written, by an error with a remedy.
fn refused_before(org: &Org, user: &DesiredUser, kind: &ErrorKind, words: &[&str]) {
    let (result, journal) = org.observe(|| org.push(user));
    let error = result.unwrap_err();
    assert_eq!(error.kind, *kind, "{error:?}");
    assert!(error.remedy.is_some() && error.upstream.is_none(), "{error:?}");
    for words in words {
        assert!(error.message.contains(words), "{words}: {error:?}");
    }
    assert_eq!(writes(&journal), Vec::<String>::new());
}

fn with(org: &Org, profile_name: &str, kind: &str, id: &str) -> DesiredUser {
    let mut user = person("Misfit", &org.profile(profile_name));
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

    let internal = person("Misfit", &org.profile("Standard User"));
    refused_before(&org, &internal, &misfit, &["Standard User", "portal licence"]);

    let foreign = person("Misfit", "00e000000000001");
    refused_before(&org, &foreign, &ErrorKind::StaleReference, &["does not exist in this organization"]);
}

#[test]
fn a_profile_of_a_licence_that_the_user_cannot_move_to_is_refused_before_any_write() {
    let org = Org::start(5, 932);
    let user = person("Mover", &org.profile("Partner Community User"));
    org.push(&user).unwrap();
    let down = person("Mover", &org.profile("Customer Community User"));
    refused_before(&org, &down, &ErrorKind::IncompatibleGrants, &["another licence", "Customer Community User"]);
}

#[test]
fn a_profile_of_a_sister_licence_is_refused_by_salesforce_with_a_remedy() {
    let org = Org::start(5, 933);
    org.push(&person("Mover", &org.profile("Customer Community Plus User"))).unwrap();
    let error = org.push(&person("Mover", &org.profile("Customer Portal Manager"))).unwrap_err();
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
        let mut user = person("Ada", &org.profile("Customer Community Plus User"));
        user.grants.push(grant("permission-set", &org.id("PermissionSet", "Name = 'Portal_Case_Access'")));
        user.grants.push(grant("feature-license", "UserPermissionsChatterAnswersUser"));
        let effect = Effect::Refuse {
            status_code: "FIELD_INTEGRITY_EXCEPTION".to_owned(),
            message: message.to_owned(),
            fields: Vec::new(),
            records: Vec::new(),
        };
        org.emulator.inject(Fault::new(effect).method(method).path("*composite/sobjects*").skip(skip).times(1));
        let error = org.push(&user).unwrap_err();
        assert_eq!(error.kind, ErrorKind::IncompatibleGrants, "{refused}: {error:?}");
        assert!(error.remedy.is_some() && error.upstream.as_ref().unwrap().message == message, "{error:?}");
        let is_made = skip != 1;
        assert_eq!(error.message.contains("itself has been made"), is_made, "{refused}: {error:?}");
        assert_eq!(org.count("User WHERE Username = 'ada@lighthouse.example'"), usize::from(is_made), "{refused}");
        // A contact of a refused user does not stay behind.
        assert_eq!(org.count("Contact WHERE Email = 'ada@lighthouse.example'"), usize::from(is_made), "{refused}");
        // The next push gives what is missing.
        let outcome = org.push(&user).unwrap();
        assert_eq!(outcome.action, if is_made { Action::Updated } else { Action::Created }, "{refused}");
    }
}

#[test]
fn a_person_account_is_told_before_any_write_and_after_salesforces_answer() {
    let org = Org::start(5, 939);
    let person_account = org.id("Account", "IsPersonAccount = true");
    for profile in ["Customer Community User", "Customer Community Plus User"] {
        let user = person("Ada", &org.profile(profile));
        let session = org.session_with(&[("account-id", &person_account)]);
        let push = || session.push_users(std::slice::from_ref(&user), &PushMode::Apply).unwrap().remove(0).unwrap_err();
        let (error, journal) = org.observe(push);
        assert_eq!(error.kind, ErrorKind::InvalidSettings, "{error:?}");
        assert!(error.message.contains(&person_account) && error.message.contains("person account"), "{error:?}");
        assert!(error.remedy.as_ref().unwrap().contains("account-id") && error.upstream.is_none(), "{error:?}");
        assert_eq!(writes(&journal), Vec::<String>::new());

        org.emulator.set_switches(|switches| switches.hidden_objects = vec!["Account".to_owned()]);
        let error = push();
        assert_eq!(error.kind, ErrorKind::InvalidSettings, "{error:?}");
        assert_eq!(error.upstream.as_ref().unwrap().code, "INVALID_PERSON_ACCOUNT_OPERATION");
        assert!(error.remedy.as_ref().unwrap().contains("account-id"), "{error:?}");
        org.emulator.set_switches(|switches| switches.hidden_objects.clear());
    }
}
