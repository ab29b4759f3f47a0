//! The walk of the guide, from adding an application to what is read and written, without a script.

use provisioning_directory::sync::import::{ImportOptions, import};
use provisioning_directory::{Actor, NewComponent, NewPerson};

use crate::support::{World, applications, general, integration, org, sent_by_default};

#[tokio::test]
async fn an_application_is_added_set_up_tested_and_removed() {
    let (_emulator, org) = org(30, 11).await;
    let world = World::new().await;
    let browser = world.browser();
    browser.get("/applications").await.says("There is no application yet");

    let added = browser.post("/add-application", &[("name", "acme"), ("component", "embedded"), ("pin", "true")]).await;
    assert_eq!(added.expect(303).location(), "/applications/acme/general");
    assert_eq!(browser.get("/applications/acme").await.expect(303).location(), "/applications/acme/overview");
    let tenant = world.tenant("acme");
    assert_eq!(tenant.config.pinned().map(str::len), Some(64));
    let page = browser.get("/applications/acme/general").await.expect(200).says("only this very component is run");
    assert!(page.text.contains(tenant.config.pinned().unwrap()));

    browser.save("/applications/acme/general", &general(&org)).await.says("The general settings were saved");
    let mut fields = integration(&org);
    fields.push(("test", "yes"));
    let page = browser.save("/applications/acme/integration", &fields).await;
    let page = page.says("settings-valid failed").says("account-id is missing").says("signed-in passed");
    for secret in [&org.password, &org.security_token] {
        assert!(!page.text.contains(secret.as_str()) && !page.words().contains(secret.as_str()));
    }
    let page = page.says("It is set since");
    assert!(page.text.contains("Remove the security token"));

    let mut fields = integration(&org);
    fields.push(("egress.allow", "*.my.example.com"));
    let page = browser.save("/applications/acme/integration", &fields).await;
    page.says("Warning: the egress rule `*.my.example.com` lets a connector")
        .says("such as `your-own.my.example.com`.");

    let page =
        browser.save("/applications/acme/to-app", &[("setting.account-id", &org.account_id), ("test", "yes")]).await;
    page.says("The credentials were verified").says("account-exists passed");

    let fields =
        [("to-app.push-new-users", "true"), ("to-app.push-user-deactivation", "true"), ("deactivation", "freeze")];
    let page = browser.save("/applications/acme/to-app", &fields).await;
    page.says("Push New Users is switched on: assigned people without a user get one with the next push.");
    let config = world.tenant("acme").config;
    assert!(config.to_app.push_new_users && config.to_app.push_user_deactivation && !config.to_app.sync_password);

    // Secrets that are left empty stay, and one that is to go goes.
    browser.save("/applications/acme/integration", &[("remove-secret.security-token", "true")]).await;
    let tenant = world.tenant("acme");
    let kept = world.directory.read(|view| view.secret_names(&tenant)).unwrap();
    assert_eq!(kept.keys().collect::<Vec<_>>(), ["password"]);

    let refused = browser.post("/applications/acme/remove", &[("name", "acne")]).await.expect(422);
    refused.says("this is not the application's name");
    browser.save("/applications/acme/remove", &[("name", "acme")]).await.says("acme was removed");
    browser.get("/applications/acme/general").await.expect(404);
}

#[tokio::test]
async fn a_change_of_source_is_explained_before_it_is_made() {
    let world = World::new().await;
    world.add("acme");
    let browser = world.browser();
    let path = "/applications/acme/to-idp";
    let before = world.audited();
    let mut fields = sent_by_default(&browser.get(path).await, path);
    fields.push(("master-profile".to_owned(), "true".to_owned()));
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let explained = browser.post_raw(path, &fields).await.expect(200);
    let explained =
        explained.says("Nothing was changed yet").says("acme becomes the source of the profile of 0 linked people.");
    assert_eq!(world.audited(), before);

    // A yes to other words does not count.
    let mut confirmed = sent_by_default(&explained, path);
    confirmed.push(("confirm".to_owned(), "yes".to_owned()));
    let mut other = confirmed.clone();
    other.iter_mut().filter(|(name, _)| name == "confirmed-words").for_each(|(_, words)| words.push('x'));
    for (all, status) in [(&other, 200), (&confirmed, 303)] {
        let all: Vec<(&str, &str)> = all.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        browser.post_raw(path, &all).await.expect(status);
    }
    assert!(world.tenant("acme").config.to_idp.mastering.profile);
    browser.get("/applications/acme/attributes").await.says("acme is the source of the profile");
}

#[tokio::test]
async fn what_is_wrong_stands_at_its_field_and_nothing_typed_is_lost() {
    let world = World::new().await;
    world.add("acme");
    let browser = world.browser();
    let before = world.audited();
    let path = "/applications/acme/to-idp";
    let token = browser.token().await;
    let fields = [
        ("form-token", token.as_str()),
        ("page-size", "0"),
        ("safeguard-percent", "101"),
        ("safeguard-always", "7"),
        ("priority", "3"),
        ("on-deactivated", "explode"),
        ("on-frozen", "keep"),
        ("on-vanished", "keep"),
        ("import-minutes", "x"),
    ];
    let page = browser.post_raw(path, &fields).await.expect(422);
    for (id, error) in [
        ("page-size", "enter a whole number from 1 to 10000"),
        ("safeguard-percent", "enter a whole number from 0 to 100"),
        ("import-minutes", "enter a whole number from 1 to"),
    ] {
        assert!(page.text.contains(&format!("href=\"#field-{id}\"")), "{id}");
        assert!(page.text.contains(&format!("id=\"field-{id}-error\"")), "{id}");
        assert!(page.words().contains(error), "{error}");
    }
    assert!(page.text.contains("href=\"#field-on-deactivated-0\""));
    assert!(page.text.contains("value=\"101\"") && page.text.contains("id=\"errors\""));
    assert_eq!(world.audited(), before);

    let page = browser
        .post(
            "/applications/acme/integration",
            &[("egress.allow", "good.example\nhttps://bad"), ("secret.password", "hunter2-hunter2")],
        )
        .await;
    let page = page.expect(422);
    assert!(
        page.text.contains("good.example\nhttps://bad") && page.text.contains("field-egress-allow-error"),
        "{page:?}"
    );
    assert!(!page.text.contains("hunter2"));
    assert_eq!(world.audited(), before);
}

#[tokio::test]
async fn the_mapping_is_made_from_the_connectors_list_and_previewed() {
    let (_emulator, org) = org(30, 12).await;
    let world = World::new().await;
    world.add_connected("acme", &org).await;
    let browser = world.browser();
    let path = "/applications/acme/attributes";
    let read = browser.post(path, &[("read", "yes")]).await.expect(303);
    let page = browser.get(read.location()).await.says("attributes were read");
    assert!(page.text.contains("name=\"how.title\""));
    let actor = Actor::new("test");
    let person = NewPerson::new("E1", "ada@x.example").with("givenName", "Ada <script>").with("familyName", "King");
    world.directory.write(&actor, |change| change.add_person(&person)).unwrap();
    let fields = [
        ("how.nickName", "template"),
        ("value.nickName", "{givenName} {familyName}"),
        ("push.nickName", "create"),
        ("how.fax", "off"),
    ];
    browser.save(path, &fields).await.says("The attribute mapping was saved");
    let mapping = world.tenant("acme").config.mapping;
    assert_eq!(mapping["nickName"].template.as_deref(), Some("{givenName} {familyName}"));
    let page = browser.get(&format!("{path}?person=E1")).await.says("Ada <script> King").says("ada@x.example");
    assert!(!page.text.contains("Ada <script>"));
    browser.get(&format!("{path}?person=nobody")).await.says("Nobody has this key or username");
    for (field, value, error) in [
        ("value.nickName", "{", "names nothing"),
        ("value.nickName", "", "enter the directory's name or the template"),
        ("direction.nickName", "sideways", "choose one of those that are offered"),
    ] {
        let mut all = sent_by_default(&browser.get(path).await, path);
        all.iter_mut().filter(|(name, _)| name == field).for_each(|(_, old)| value.clone_into(old));
        let all: Vec<(&str, &str)> = all.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        browser.post_raw(path, &all).await.expect(422).says(error);
    }
    assert_eq!(world.tenant("acme").config.mapping, mapping);
}

#[tokio::test]
async fn a_paused_application_is_left_alone() {
    let (_emulator, org) = org(30, 13).await;
    let world = World::new().await;
    world.add_connected("acme", &org).await;
    world.browser().save("/applications/acme/integration", &[("enabled", "")]).await.says("The integration was saved");
    let tenant = world.tenant("acme");
    let (applications, actor) = (applications(&world.folder), Actor::new("test"));
    let refused = import(&world.directory, &*applications, &tenant, &actor, ImportOptions::default(), &|_| {}).await;
    assert!(refused.unwrap_err().to_string().starts_with("the API integration of acme is off"));
    world.browser().save("/applications/acme/integration", &[("enabled", "true")]).await;
    let tenant = world.tenant("acme");
    let done = import(&world.directory, &*applications, &tenant, &actor, ImportOptions::default(), &|_| {}).await;
    assert!(done.unwrap().run.users > 0);
}

#[tokio::test]
async fn a_component_that_was_added_is_offered_and_shown() {
    let world = World::new().await;
    let bytes = host_harness::embedded::CONNECTOR.to_vec();
    let signed = Some(("releases", "1.2"));
    let new = NewComponent { bytes: &bytes, name: "Acme <b>", version: "1.2", source: "acme.wasm", signed };
    let digest = world.directory.write(&Actor::new("test"), |change| change.add_component(&new)).unwrap();
    let chosen = format!("sha256:{digest}");
    let browser = world.browser();
    // Its name is text, whatever it looks like.
    browser.get("/add-application").await.says("Acme <b> 1.2, signed by releases");
    let add = |component: String| {
        let browser = &browser;
        async move { browser.post("/add-application", &[("name", "other"), ("component", &component)]).await }
    };
    add(format!("sha256:{}", "0".repeat(64))).await.expect(422).says("choose one of those that are offered");
    add(chosen.clone()).await.expect(303);
    browser.get("/applications/other/general").await.says(&chosen);
}

#[tokio::test]
async fn a_component_is_chosen_by_name_and_pinned() {
    let world = World::new().await;
    let components = world.folder.path().join("components");
    std::fs::create_dir(&components).unwrap();
    std::fs::write(components.join("other.wasm"), host_harness::embedded::CONNECTOR).unwrap();
    std::fs::write(components.join("broken.wasm"), b"\0asm").unwrap();
    let browser = world.browser();
    let add = |component: &'static str| {
        let browser = &browser;
        async move {
            browser.post("/add-application", &[("name", "other"), ("component", component), ("pin", "true")]).await
        }
    };
    for path in ["../key", "/etc/passwd", "..", "components/other.wasm", "nothing.wasm"] {
        add(path).await.expect(422).says("choose one of those that are offered");
    }
    add("broken.wasm").await.expect(422).says("cannot be used");
    add("other.wasm").await.expect(303);
    let page = browser.get("/applications/other/general").await.says("components/other.wasm");
    let sha256 = world.tenant("other").config.pinned().unwrap().to_owned();
    let refused = browser.post("/applications/other/pin", &[("sha256", "00"), ("unpin", "yes")]).await;
    refused.expect(409).says("another than the one that the page showed");
    let page_token = page.token();
    let fields = [("form-token", page_token.as_str()), ("sha256", &sha256), ("unpin", "yes")];
    browser.post_raw("/applications/other/pin", &fields).await.expect(303);
    assert_eq!(world.tenant("other").config.pinned(), None);
}
