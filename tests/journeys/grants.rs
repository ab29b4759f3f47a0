//! What is assigned to a user, through the component: each kind set, changed and withdrawn, and what an import reads of it.

use provisioning_runtime::wit::{Action, Change, Deactivation, DesiredUser, Grant, Outcome, PushMode};

use crate::support::{Org, import_all, journey, only, person, set};

/// A licence with roles, groups and feature licences.
const PROFILE: &str = "Customer Community Plus User";

/// The id of the record that fulfils a condition.
fn id(org: &Org, object: &str, condition: &str) -> String {
    let found = org.query(&format!("SELECT Id FROM {object} WHERE {condition}"));
    assert_eq!(found.len(), 1, "{object} with {condition}");
    found[0]["Id"].as_str().unwrap().to_owned()
}

fn grant(kind: &str, id: &str) -> Grant {
    Grant { kind: kind.to_owned(), id: id.to_owned() }
}

async fn push(org: &Org, user: &DesiredUser) -> Outcome {
    only(org.job().await.push_users(std::slice::from_ref(user), &PushMode::Apply).await.unwrap()).unwrap()
}

/// What an import reads of a user's grants of a kind.
async fn imported(org: &Org, user: &str, kind: &str) -> Vec<String> {
    let (users, _) = import_all(&mut org.job().await, 2000, true).await;
    let user = users.into_iter().find(|one| one.id == user).unwrap();
    user.user.grants.into_iter().filter(|grant| grant.kind == kind).map(|grant| grant.id).collect()
}

/// Gives a user the first grant of a kind, then both by merging, then only the second, and then none.
async fn set_change_and_withdraw(org: &Org, kind: &str, grants: [String; 2], held: impl Fn(&str) -> Vec<String>) {
    let [first, second] = grants;
    let bare = person("Ada", &org.profile(PROFILE));
    let with = |ids: &[&String], exact_grants| {
        let mut user = DesiredUser { exact_grants, ..bare.clone() };
        user.grants.extend(ids.iter().map(|id| grant(kind, id)));
        user
    };
    let made = push(org, &with(&[&first], false)).await;
    assert_eq!(made.action, Action::Created);
    let user = made.id.unwrap();
    let both = {
        let mut both = vec![first.clone(), second.clone()];
        both.sort();
        both
    };
    for (wanted, exact, expected) in [
        (vec![&first], false, vec![first.clone()]),
        (vec![&second], false, both),
        (vec![&second], true, vec![second.clone()]),
        (vec![], false, vec![second.clone()]),
        (vec![], true, vec![]),
    ] {
        let before = held(&user);
        let outcome = push(org, &with(&wanted, exact)).await;
        assert_eq!(held(&user), expected, "{wanted:?}, exact {exact}");
        let mut read = imported(org, &user, kind).await;
        read.sort();
        assert_eq!(read, expected, "{wanted:?}, exact {exact}");
        let action = if before == expected { Action::Unchanged } else { Action::Updated };
        assert_eq!(outcome.action, action, "{wanted:?}, exact {exact}");
    }
}

/// The values of a field of the records that an object's condition finds, sorted.
fn values(org: &Org, field: &str, rest: &str) -> Vec<String> {
    let rows = org.query(&format!("SELECT {field} FROM {rest}"));
    let mut values: Vec<String> = rows.iter().map(|row| row[field].as_str().unwrap().to_owned()).collect();
    values.sort();
    values
}

#[test]
fn permission_sets_are_set_changed_and_withdrawn() {
    journey(async {
        let org = Org::start(10, 70).await;
        let sets = ["Portal_Case_Access", "Portal_Knowledge_Reader"];
        let sets = sets.map(|name| id(&org, "PermissionSet", &format!("Name = '{name}'")));
        let held = |user: &str| {
            let rest = "PermissionSet.IsOwnedByProfile = false AND PermissionSetGroupId = null";
            values(&org, "PermissionSetId", &format!("PermissionSetAssignment WHERE AssigneeId = '{user}' AND {rest}"))
        };
        set_change_and_withdraw(&org, "permission-set", sets, held).await;
    });
}

#[test]
fn permission_set_groups_are_set_changed_and_withdrawn() {
    journey(async {
        let org = Org::start(10, 71).await;
        let groups = ["Portal_Service", "Portal_Delegation"];
        let groups = groups.map(|name| id(&org, "PermissionSetGroup", &format!("DeveloperName = '{name}'")));
        let held = |user: &str| {
            let rest = format!("PermissionSetAssignment WHERE AssigneeId = '{user}' AND PermissionSetGroupId != null");
            values(&org, "PermissionSetGroupId", &rest)
        };
        set_change_and_withdraw(&org, "permission-set-group", groups, held).await;
        let sets = org.count("PermissionSetAssignment WHERE PermissionSet.Type = 'Regular' AND Assignee.Username = 'ada@lighthouse.example'");
        assert_eq!(sets, 0, "the sets of a group are not assigned one by one");
    });
}

#[test]
fn feature_licenses_are_set_changed_and_withdrawn() {
    journey(async {
        let org = Org::start(10, 74).await;
        let flags = ["UserPermissionsChatterAnswersUser", "UserPermissionsSFContentUser"].map(str::to_owned);
        let held = |user: &str| {
            let row = &org.query(&format!("SELECT {}, {} FROM User WHERE Id = '{user}'", flags[0], flags[1]))[0];
            flags.iter().filter(|flag| row[flag.as_str()] == true).cloned().collect()
        };
        set_change_and_withdraw(&org, "feature-license", flags.clone(), held).await;
    });
}

#[test]
fn public_groups_are_set_changed_and_withdrawn() {
    journey(async {
        let org = Org::start(10, 75).await;
        let groups = ["Priority_Customers", "Portal_Managers"];
        let groups = groups.map(|name| id(&org, "Group", &format!("DeveloperName = '{name}'")));
        let held = |user: &str| values(&org, "GroupId", &format!("GroupMember WHERE UserOrGroupId = '{user}'"));
        set_change_and_withdraw(&org, "public-group", groups, held).await;
    });
}

#[test]
fn a_profile_is_set_and_changed_and_stays_where_it_is_no_longer_assigned() {
    journey(async {
        let org = Org::start(10, 76).await;
        let [first, second] = ["Customer Community User", PROFILE].map(|name| org.profile(name));
        let mut ada = person("Ada", &first);
        let user = push(&org, &ada).await.id.unwrap();
        assert_eq!(imported(&org, &user, "profile").await, [first.as_str()]);
        ada.grants = vec![grant("profile", &second)];
        let outcome = push(&org, &ada).await;
        assert!(outcome.side_effects.iter().any(|effect| effect.contains("licence")), "{outcome:?}");
        assert_eq!(imported(&org, &user, "profile").await, [second.as_str()]);
        // No user is without a profile.
        ada.grants.clear();
        ada.exact_grants = true;
        assert_eq!(push(&org, &ada).await.action, Action::Unchanged);
        assert_eq!(imported(&org, &user, "profile").await, [second.as_str()]);
    });
}

#[test]
fn a_role_is_set_and_changed_and_stays_where_it_is_no_longer_assigned() {
    journey(async {
        let org = Org::start(10, 77).await;
        let account = org.tenant.settings["account-id"].clone();
        let roles = ["Manager", "Executive"].map(|level| {
            let of =
                format!("PortalAccountId = '{account}' AND PortalType = 'CustomerPortal' AND PortalRole = '{level}'");
            id(&org, "UserRole", &of)
        });
        let mut ada = person("Ada", &org.profile(PROFILE));
        let profile = ada.grants[0].clone();
        let mut user = String::new();
        for role in &roles {
            ada.grants = vec![profile.clone(), grant("role", role)];
            user = push(&org, &ada).await.id.unwrap();
            assert_eq!(imported(&org, &user, "role").await, [role.as_str()]);
            assert_eq!(push(&org, &ada).await.action, Action::Unchanged);
        }
        // Users of licences with roles always have one.
        ada.grants = vec![profile];
        ada.exact_grants = true;
        assert_eq!(push(&org, &ada).await.action, Action::Unchanged);
        assert_eq!(imported(&org, &user, "role").await, [roles[1].as_str()]);
    });
}

#[test]
fn a_federation_id_is_set_changed_and_cleared() {
    journey(async {
        let org = Org::start(10, 78).await;
        let mut ada = person("Ada", &org.profile(PROFILE));
        let held = |user: &str| {
            org.query(&format!("SELECT FederationIdentifier FROM User WHERE Id = '{user}'"))[0]["FederationIdentifier"]
                .clone()
        };
        let user = push(&org, &ada).await.id.unwrap();
        assert_eq!(held(&user), "F-Ada");
        // Whose user it is has to be known: a name alone does not give somebody a user with another federation id.
        ada.id = Some(user.clone());
        ada.changes = vec![set("federationId", "F-Countess")];
        assert_eq!(push(&org, &ada).await.action, Action::Updated);
        assert_eq!(held(&user), "F-Countess");
        ada.changes = vec![Change { name: "federationId".to_owned(), value: None }];
        assert_eq!(push(&org, &ada).await.action, Action::Updated);
        assert!(held(&user).is_null());
    });
}

#[test]
fn an_unlinked_user_is_parted_from_its_contact() {
    journey(async {
        let org = Org::start(10, 73).await;
        let ids = [push(&org, &person("Ada", &org.profile(PROFILE))).await.id.unwrap()];
        let mut job = org.job().await;
        let done = only(job.deactivate_users(&ids, Deactivation::Unlink, &PushMode::Apply).await.unwrap()).unwrap();
        assert_eq!(done.action, Action::Unlinked);
        assert!(done.side_effects.iter().any(|effect| effect.contains("cannot be undone")), "{done:?}");
        assert_eq!(org.count(&format!("User WHERE Id = '{}' AND IsActive = false AND ContactId = null", ids[0])), 1);
    });
}
