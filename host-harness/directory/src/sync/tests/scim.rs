//! What SCIM clients want, and what follows from it.

use std::collections::BTreeMap;

use serde_json::json;

use super::*;
use crate::sync::scim::{
    Created, GroupNames, MemberChange, ProvisioningState, WantedScimUser, change_group, create_group, create_user,
    delete_group, delete_user, map_group, provisioning, undo_create, update_user,
};

impl Fixture {
    fn client(&self, name: &str) -> ScimClient {
        let tenant = self.tenant();
        self.write(|change| change.add_scim_client(&tenant, name, ScimPlatform::Other, &ScimSettings::default()))
            .unwrap()
    }

    fn create(
        &self,
        client: &ScimClient,
        id: &str,
        username: &str,
        external: Option<&str>,
    ) -> Result<Created, DirectoryError> {
        let tenant = self.tenant();
        let attributes = BTreeMap::from([("familyName".to_owned(), Some("King".into()))]);
        let document = json!({ "userName": username, "externalId": external });
        let wanted = WantedScimUser {
            external_id: external,
            username,
            active: true,
            attributes: &attributes,
            document: document.as_object().unwrap(),
            grants: None,
            password: None,
        };
        self.write(|change| create_user(change, client, &tenant, id, &wanted))
    }

    fn update(&self, client: &ScimClient, id: &str, username: &str, active: bool) -> Followed {
        let (tenant, user) = (self.tenant(), self.scim_user(client, id).unwrap());
        let attributes = BTreeMap::from([("familyName".to_owned(), Some(username.into()))]);
        let document = json!({ "userName": username, "active": active });
        let wanted = WantedScimUser {
            external_id: user.external_id.as_deref(),
            username,
            active,
            attributes: &attributes,
            document: document.as_object().unwrap(),
            grants: None,
            password: None,
        };
        self.write(|change| update_user(change, client, &tenant, &user, &wanted)).unwrap()
    }

    fn delete(&self, client: &ScimClient, id: &str) {
        let (tenant, user) = (self.tenant(), self.scim_user(client, id).unwrap());
        self.write(|change| delete_user(change, &tenant, &user)).unwrap();
    }

    fn scim_user(&self, client: &ScimClient, id: &str) -> Option<ScimUser> {
        self.directory.read(|view| view.scim_user(client.id, id)).unwrap()
    }

    fn state(&self, client: &ScimClient, id: &str) -> ProvisioningState {
        let (tenant, user) = (self.tenant(), self.scim_user(client, id).unwrap());
        self.directory.read(|view| provisioning(view, &tenant, user.person)).unwrap().state
    }

    fn group(
        &self,
        client: &ScimClient,
        id: &str,
        name: &str,
        members: &[&str],
        grant: &str,
        priority: i64,
    ) -> ScimGroup {
        let tenant = self.tenant();
        let names = GroupNames { external_id: None, display_name: name };
        let group = self.write(|change| create_group(change, client, id, &names)).unwrap();
        let members: Vec<_> = members.iter().map(|id| ((*id).to_owned(), None)).collect();
        self.write(|change| {
            change_group(change, client, &tenant, &group, &names, &[MemberChange::Add(members.clone())])
        })
        .unwrap();
        let grants = [GrantName { kind: "profile".to_owned(), name: grant.to_owned() }];
        map_group(&self.directory, &self.actor, client, &tenant, &group, &grants, priority).unwrap();
        group
    }
}

#[tokio::test]
async fn a_clients_user_is_pushed_renamed_deactivated_and_deleted() {
    let fixture = Fixture::new("");
    let client = fixture.client("okta");
    fixture.create(&client, "id-1", "Ada@x.example", Some("E1")).unwrap();
    assert_eq!(fixture.state(&client, "id-1"), ProvisioningState::Pending);
    assert_eq!(actions(&fixture.push().await), [("id-1", Some(Action::Created))]);
    assert_eq!(fixture.state(&client, "id-1"), ProvisioningState::Done);
    fixture.update(&client, "id-1", "countess@x.example", true);
    fixture.push().await;
    let last_name = |fixture: &Fixture| {
        let id = fixture.link("id-1").unwrap();
        fixture.application.world().attribute(&id, "familyName")
    };
    assert_eq!(last_name(&fixture).as_deref(), Some("countess@x.example"));
    fixture.update(&client, "id-1", "countess@x.example", false);
    fixture.push().await;
    let status = |fixture: &Fixture| fixture.application.world().users.values().next().unwrap().status;
    assert_eq!(status(&fixture), Status::Inactive);
    fixture.update(&client, "id-1", "countess@x.example", true);
    fixture.push().await;
    assert_eq!(status(&fixture), Status::Active);
    fixture.delete(&client, "id-1");
    fixture.push().await;
    assert_eq!(status(&fixture), Status::Inactive);
    assert!(fixture.scim_user(&client, "id-1").is_none());
    let person = fixture.person("id-1");
    assert_eq!((person.status, person.username.as_str()), (PersonStatus::Deactivated, "id1.countess@x.example"));
}

#[tokio::test]
async fn a_deleted_user_of_the_same_two_names_is_the_same_person_and_of_one_name_another() {
    let fixture = Fixture::new("");
    let client = fixture.client("okta");
    fixture.create(&client, "id-1", "ada@x.example", Some("E1")).unwrap();
    fixture.push().await;
    fixture.delete(&client, "id-1");
    fixture.push().await;
    assert!(!fixture.create(&client, "id-2", "ada@x.example", Some("E1")).unwrap().is_new);
    assert_eq!(fixture.scim_user(&client, "id-2").unwrap().person, fixture.person("id-1").id);
    fixture.push().await;
    assert_eq!(fixture.application.world().users.len(), 1, "the user is put back into use");
    fixture.delete(&client, "id-2");
    // Somebody else with the same name doesn't get the user of the person who left.
    assert!(fixture.create(&client, "id-3", "ada@x.example", Some("E2")).unwrap().is_new);
}

#[test]
fn without_an_id_of_the_clients_the_persons_name_tells_who_comes_back() {
    let fixture = Fixture::new("");
    let (client, tenant) = (fixture.client("okta"), fixture.tenant());
    let create = |id: &str, given: Option<&str>| {
        let mut attributes = BTreeMap::from([("familyName".to_owned(), Some("King".into()))]);
        attributes.extend(given.map(|given| ("givenName".to_owned(), Some(given.into()))));
        let document = json!({ "userName": "ada@x.example" });
        let wanted = WantedScimUser {
            external_id: None,
            username: "ada@x.example",
            active: true,
            attributes: &attributes,
            document: document.as_object().unwrap(),
            grants: None,
            password: None,
        };
        let created = fixture.write(|change| create_user(change, &client, &tenant, id, &wanted)).unwrap();
        fixture.delete(&client, id);
        created.is_new
    };
    assert!(create("id-1", Some("Ada")));
    assert!(!create("id-2", Some("ADA")));
    assert!(create("id-3", Some("Grace")), "somebody else has the address by now");
    assert!(create("id-4", None), "half a name says nothing");
}

#[tokio::test]
async fn names_are_unique_for_a_client_and_say_nothing_about_other_clients() {
    let fixture = Fixture::new("");
    let (one, other) = (fixture.client("one"), fixture.client("other"));
    fixture.create(&one, "a", "ada@x.example", Some("E1")).unwrap();
    for (username, external, what) in [("ADA@x.example", None, "userName"), ("eve@x.example", Some("E1"), "externalId")]
    {
        let error = fixture.create(&one, "b", username, external).unwrap_err();
        assert!(matches!(&error, DirectoryError::Exists { what: found, .. } if found.contains(what)), "{error}");
    }
    fixture.create(&other, "c", "ada@x.example", Some("E1")).unwrap();
    assert!(fixture.scim_user(&one, "c").is_none() && fixture.scim_user(&other, "a").is_none());
    // Whoever comes second keeps the name, too.
    let second = fixture.person("c");
    assert_eq!(second.username, "ada@x.example");
    fixture.update(&other, "c", "ada2@x.example", true);
    fixture.update(&other, "c", "ada@x.example", true);
    assert_eq!(fixture.person("c").username, "ada@x.example");
    assert_eq!(fixture.person("ada@x.example").key, "a");
}

#[tokio::test]
async fn a_client_takes_over_whom_its_tenant_alone_knows_by_the_name() {
    let fixture = Fixture::imported("", 1, "w").await;
    let client = fixture.client("okta");
    let imported = fixture.directory.read(|view| view.person("user0@x.example")).unwrap();
    assert!(!fixture.create(&client, "id-1", "USER0@x.example", None).unwrap().is_new);
    assert_eq!(fixture.scim_user(&client, "id-1").unwrap().person, imported.id);
    fixture.push().await;
    assert_eq!(fixture.application.world().users.len(), 1);
    // Somebody who was added by hand, and belongs to no application yet, is nobody's to take.
    fixture.add("E7", &[]);
    assert!(fixture.create(&client, "id-2", "e7@x.example", None).unwrap().is_new);
}

#[test]
fn a_clients_person_is_read_only_here_until_the_client_is_removed() {
    let fixture = Fixture::new("");
    let client = fixture.client("okta");
    fixture.create(&client, "id-1", "ada@x.example", None).unwrap();
    let error = fixture.set("id-1", "title", Some("x")).unwrap_err();
    assert!(matches!(&error, DirectoryError::OfClient { client, .. } if client == "okta"), "{error}");
    let locked = fixture.directory.read(|view| intents::read_only(view, &view.person("id-1")?)).unwrap();
    for name in ["username", "status", "title", "familyName"] {
        assert!(locked.contains(&(name.to_owned(), "the SCIM client okta".to_owned())), "{name}: {locked:?}");
    }
    let tenant = fixture.tenant();
    fixture.write(|change| change.remove_scim_client(&tenant, &client)).unwrap();
    fixture.set("id-1", "title", Some("x")).unwrap();
}

#[tokio::test]
async fn a_creation_that_was_refused_is_taken_back_and_one_that_left_something_is_not() {
    let fixture = Fixture::new("");
    let client = fixture.client("okta");
    let tenant = fixture.tenant();
    fixture.application.world().refused.insert("id-1".to_owned(), refusal(ErrorKind::MissingValue, Retry::AfterRemedy));
    fixture.create(&client, "id-1", "ada@x.example", None).unwrap();
    fixture.create(&client, "id-2", "eve@x.example", None).unwrap();
    fixture.push().await;
    assert_eq!(fixture.state(&client, "id-1"), ProvisioningState::Failed);
    let undo = |id: &str| fixture.write(|change| undo_create(change, &client, &tenant, id)).unwrap();
    assert!(undo("id-1") && !undo("id-2") && !undo("id-1"));
    assert!(fixture.directory.read(|view| view.find_person("id-1")).unwrap().is_none());
    assert!(fixture.tasks().is_empty());
}

#[tokio::test]
async fn what_failed_is_tried_again_when_a_client_repeats_its_wish() {
    let fixture = Fixture::new("");
    let client = fixture.client("okta");
    fixture.application.world().refused.insert("id-1".to_owned(), refusal(ErrorKind::MissingValue, Retry::AfterRemedy));
    fixture.create(&client, "id-1", "ada@x.example", None).unwrap();
    fixture.push().await;
    fixture.application.world().refused.clear();
    // The first changes the document, the second nothing.
    fixture.update(&client, "id-1", "ada@x.example", true);
    let followed = fixture.update(&client, "id-1", "ada@x.example", true);
    assert_eq!((followed.changed, followed.tasks.len()), (false, 1));
    assert_eq!(actions(&fixture.push().await), [("id-1", Some(Action::Created))]);
}

#[tokio::test]
async fn of_two_groups_with_a_profile_the_lower_priority_counts_and_a_task_says_so() {
    let fixture = Fixture::new("");
    fixture.application.world().entitlements.insert(None, (vec![("P1", "silver"), ("P2", "gold")], None));
    fixture.application.world().kinds = vec!["profile"];
    refresh_entitlements(&fixture.directory, &fixture.application, &fixture.tenant(), &fixture.actor).await.unwrap();
    let client = fixture.client("okta");
    fixture.create(&client, "id-1", "ada@x.example", None).unwrap();
    fixture.push().await;
    let held = |fixture: &Fixture| {
        let world = fixture.application.world();
        let user = world.by_username("ada@x.example").unwrap();
        user.user.grants.iter().map(|grant| grant.id.clone()).collect::<Vec<_>>()
    };
    fixture.group(&client, "g1", "Silver", &["id-1", "nobody"], "silver", 100);
    fixture.push().await;
    assert_eq!(held(&fixture), ["P1"]);
    let gold = fixture.group(&client, "g2", "Gold", &["id-1"], "gold", 50);
    let told = fixture.tasks().into_iter().find(|task| task.kind == TaskKind::Grants).unwrap();
    assert_eq!(told.state, TaskState::Failed);
    let cause = told.cause.unwrap();
    assert!(
        cause.contains("`gold` by the group `Gold`") && cause.contains("`silver` by the group `Silver`"),
        "{cause}"
    );
    fixture.push().await;
    assert_eq!(held(&fixture), ["P2"]);
    assert_eq!(fixture.state(&client, "id-1"), ProvisioningState::Done);
    let tenant = fixture.tenant();
    fixture.write(|change| delete_group(change, &client, &tenant, &gold)).unwrap();
    fixture.push().await;
    assert_eq!(held(&fixture), ["P1"]);
    assert!(fixture.tasks().is_empty(), "{:?}", fixture.tasks());
}

#[test]
fn a_token_is_good_until_it_ends_and_two_are_good_at_a_time() {
    let fixture = Fixture::new("");
    let (client, tenant) = (fixture.client("okta"), fixture.tenant());
    let of = |token: &Secret| fixture.directory.read(|view| view.scim_client_of_token(token.expose())).unwrap();
    let add = |end| fixture.write(|change| change.add_scim_token(&tenant, &client, end));
    let ended = add(Some(Timestamp::now().before(Duration::from_secs(1)))).unwrap();
    assert!(of(&ended).is_none());
    let (first, second) = (add(None).unwrap(), add(Some(Timestamp::now().after(Duration::from_secs(60)))).unwrap());
    assert_eq!(of(&first).unwrap().0.name, "okta");
    let error = add(None).unwrap_err();
    assert!(error.to_string().contains("scim revoke acme okta"), "{error}");
    let number = of(&first).unwrap().1;
    fixture.write(|change| change.revoke_scim_token(&tenant, &client, number)).unwrap();
    assert!(of(&first).is_none() && of(&second).is_some());
    add(None).unwrap();
    let rows = fixture.directory.read(|view| view.audit(&AuditFilter::default())).unwrap();
    let text = serde_json::to_string(&rows).unwrap();
    assert!(text.contains("scim.token.add") && !text.contains(second.expose()), "{text}");
}
