//! The page of platforms that bring people by SCIM.

use provisioning_directory::sync::scim::{GroupNames, create_group};
use provisioning_directory::{Actor, DirectoryError, ScimClient, ScimRequest, Timestamp};

use crate::support::World;

#[tokio::test]
async fn a_client_gets_tokens_and_its_groups_give_what_is_entered() {
    let world = World::new().await;
    world.add("acme");
    let browser = world.browser();
    let path = "/applications/acme/scim";
    browser.get(path).await.expect(200).says("Add a client");
    let page = browser.save(path, &[("add", "add"), ("name", "okta"), ("platform", "okta")]).await;
    let page = page.says("The token of okta is scim_").says("it can't be shown again");
    let shown = page.words().split("The token of okta is ").nth(1).unwrap().split(' ').next().unwrap().to_owned();
    // It is shown once.
    assert!(!browser.get(path).await.words().contains(&shown));
    let found = world.directory.read(|view| view.scim_client_of_token(&shown)).unwrap();
    let (client, number): (ScimClient, i64) = found.unwrap();
    browser.save(path, &[("add", "add"), ("name", "okta")]).await.says("there is a SCIM client");
    browser.save(path, &[("token", "okta")]).await.says("The token of okta is scim_");
    browser.save(path, &[("token", "okta")]).await.says("has 2 tokens already");
    browser.save(path, &[("revoke", &format!("okta {number}"))]).await.says("The token of okta has ended");
    assert!(world.directory.read(|view| view.scim_client_of_token(&shown)).unwrap().is_none());

    let request = ScimRequest {
        at: Timestamp::now(),
        method: "POST".to_owned(),
        path: "/Users".to_owned(),
        body: Some("{\"userName\":\"***\"}".to_owned()),
        status: 409,
        answer: Some("It is taken.".to_owned()),
        millis: 7,
    };
    let names = GroupNames { external_id: None, display_name: "Customers <all>" };
    world
        .directory
        .write(&Actor::new("test"), |change| -> Result<(), DirectoryError> {
            change.keep_scim_requests(client.id, std::slice::from_ref(&request))?;
            create_group(change, &client, "g1", &names).map(drop)
        })
        .unwrap();
    let page = browser.get(path).await.says("It is taken.").says("Customers <all> (0 members)");
    assert!(!page.text.contains("<all>"), "what a platform sends is text and not markup");
    let fields = [("map", "okta g1"), ("grants", "profile=Gold"), ("priority", "10")];
    browser.save(path, &fields).await.says("Customers <all> gives what was entered");
    let fields = [("map", "okta g1"), ("grants", "profile"), ("priority", "10")];
    browser.save(path, &fields).await.says("write each line as name=value");
    let group = world.directory.read(|view| view.scim_groups(client.id, 0, 10)).unwrap().remove(0);
    let grants = world.directory.read(|view| view.scim_group_grants(&group)).unwrap();
    assert_eq!((grants.len(), grants[0].name.as_str(), group.priority), (1, "Gold", 10));
}
