//! Assigning: what is offered, what would be written, and what is there afterwards.

use super::site::{Read as _, Site};
use crate::support::Page;

const EDIT: &str = "/applications/acme/assignments/edit";

/// Has the choices listed, and gives the form.
async fn choices(site: &Site, key: &str) -> Page {
    let path = format!("{EDIT}?person={key}");
    site.get(&path).await.says("What can be assigned was not listed yet");
    site.submit("/applications/acme/assignments/list-choices", &[("person", key)]).await
}

#[tokio::test]
async fn a_person_is_assigned_with_each_of_the_six_kinds() {
    let site = Site::start(30, 811, "").await;
    site.person("Ada");
    let browser = &site.browser;
    browser.get("/applications/acme/assignments/people?q=ada").await.expect(200).says("ada@lighthouse.example");
    let page = choices(&site, "Ada").await;
    let (profile, locked, _) = page.choice("field-grant-profile", "Customer Community Plus User");
    assert!(!locked);
    // Each list that others go by is asked for anew by the script; the last kind decides nothing.
    assert!(page.text.contains("<select id=\"field-grant-profile\" name=\"grant-profile\" data-resend=\"fit\""));
    assert_eq!(page.text.matches("data-resend").count(), 2, "profile and role");
    let chosen = [("person", "Ada"), ("grant-profile", profile.as_str()), ("fit", "yes")];
    let page = browser.post(EDIT, &chosen).await.expect(200);
    // What belongs to another licence cannot be chosen, and says why.
    let (_, locked, words) = page.choice("field-grant-permission-set", "Community Moderation");
    assert!(locked && words.contains("does not fit Customer Community Plus User"), "{words}");
    let (_, locked, words) = page.choice("field-grant-feature-license", "Live Agent User");
    assert!(locked && words.contains("does not fit"), "{words}");
    let (misfit, ..) = page.choice("field-grant-permission-set", "Community Moderation");
    let (set, locked, _) = page.choice("field-grant-permission-set", "Portal Case Access");
    assert!(!locked);
    let (feature, ..) = page.choice("field-grant-feature-license", "Salesforce CRM Content User");
    let (group, ..) = page.choice("field-grant-public-group", "Priority Customers");
    let account = site.emulator.credentials().account_id;
    let role = site.query(&format!(
        "SELECT Id, Name FROM UserRole WHERE PortalAccountId = '{account}' AND PortalRole = 'Worker' AND PortalType = 'CustomerPortal'"
    ));
    let role = page.choice("field-grant-role", role[0]["Name"].as_str().unwrap()).0;
    let mut fields = vec![
        ("person", "Ada"),
        ("grant-profile", profile.as_str()),
        ("grant-role", role.as_str()),
        ("grant-permission-set", set.as_str()),
        ("grant-feature-license", feature.as_str()),
        ("grant-public-group", group.as_str()),
        ("federation", "F-ada"),
    ];
    // Sent all the same, what does not fit is refused next to its field, and what was filled in is still there.
    let forced = [fields.as_slice(), &[("grant-permission-set", misfit.as_str()), ("save", "yes")]].concat();
    let page = browser.post(EDIT, &forced).await.expect(422).says("Community Moderation cannot be chosen");
    assert!(page.text.contains("value=\"F-ada\""));
    let tenant = site.tenant();
    assert_eq!(site.directory().read(|view| view.assigned_people(tenant.id)).unwrap(), []);

    let preview = [fields.as_slice(), &[("preview", "yes")]].concat();
    let page = browser.post(EDIT, &preview).await.expect(200).says("What would be written");
    assert!(page.text.contains("role=\"region\" aria-label=\"Changes of Ada\" tabindex=\"0\""));
    for words in ["Contact", "LastName", "ProfileId", "FederationIdentifier", "F-ada"] {
        assert!(page.words().contains(words), "{words}: {}", page.words());
    }
    assert_eq!(site.count("User WHERE Username = 'ada@lighthouse.example'"), 0, "looking writes nothing");

    fields.extend([("push", "true"), ("save", "yes")]);
    let saved = browser.post(EDIT, &fields).await.expect(303);
    assert_eq!(saved.location(), "/applications/acme/push");
    site.settled("/applications/acme/push").await.says("1 went well, 0 failed");
    let user = site.query(
        "SELECT Id, ContactId, Profile.Name, UserRoleId, FederationIdentifier, UserPermissionsSFContentUser FROM User WHERE Username = 'ada@lighthouse.example'",
    );
    let (user, id) = (&user[0], user[0]["Id"].as_str().unwrap());
    assert_eq!(user["Profile"]["Name"], "Customer Community Plus User");
    assert_eq!(user["UserRoleId"], role);
    assert_eq!(user["FederationIdentifier"], "F-ada");
    assert_eq!(user["UserPermissionsSFContentUser"], true);
    assert!(user["ContactId"].is_string());
    assert_eq!(
        site.count(&format!("PermissionSetAssignment WHERE AssigneeId = '{id}' AND PermissionSetId = '{set}'")),
        1
    );
    assert_eq!(site.count(&format!("GroupMember WHERE UserOrGroupId = '{id}' AND GroupId = '{group}'")), 1);

    // The form comes back with what is held, and a second push has nothing to do.
    let page = browser.get(&format!("{EDIT}?person=Ada")).await.expect(200);
    assert!(page.field("field-grant-profile").contains(&format!("value=\"{profile}\" selected")));
    assert!(page.text.contains("value=\"F-ada\""));
    browser.get("/applications/acme/assignments").await.expect(200).says("in step").says("Priority Customers");

    // Unassigning names what it does before it does it.
    let page = browser.get("/applications/acme/assignments/remove?person=Ada").await.expect(200);
    page.says("deactivated").says("IsActive");
    assert_eq!(site.count("User WHERE Username = 'ada@lighthouse.example' AND IsActive = true"), 1);
    let fields = [("person", "Ada"), ("push", "true"), ("unassign", "yes")];
    site.submit("/applications/acme/assignments/remove", &fields).await;
    site.settled("/applications/acme/push").await.says("1 went well");
    assert_eq!(site.count("User WHERE Username = 'ada@lighthouse.example' AND IsActive = false"), 1);
}

#[tokio::test]
async fn everybody_whom_a_search_finds_is_assigned_at_once() {
    let site = Site::start(5, 812, "").await;
    assert!(site.emulator.set_licence_seats("Customer Community", 100).unwrap());
    for n in 0..60 {
        site.person(&format!("Crew{n:02}"));
    }
    site.person("Captain");
    let page = choices(&site, "Captain").await;
    let (profile, ..) = page.choice("field-grant-profile", "Customer Community User");
    let browser = &site.browser;
    browser
        .get("/applications/acme/assignments/people?q=crew")
        .await
        .expect(200)
        .says("Choose for all 60 that the search finds");
    browser.get(&format!("{EDIT}?all=yes&q=crew")).await.expect(200).says("Assign 60 people").says("and 40 more");
    let fields = [("all", "yes"), ("q", "crew"), ("grant-profile", profile.as_str()), ("preview", "yes")];
    browser.post(EDIT, &fields).await.expect(200).says("Crew00").says("created");
    let fields = [("all", "yes"), ("q", "crew"), ("grant-profile", profile.as_str()), ("save", "yes")];
    site.submit(EDIT, &fields).await;
    site.settled("/applications/acme/assignments").await.says("Crew00");
    let tenant = site.tenant();
    assert_eq!(site.directory().read(|view| view.assigned_people(tenant.id)).unwrap().len(), 60);
    let next = browser.get("/applications/acme/assignments?after=Crew49").await.expect(200).says("Crew59");
    next.hides("Crew49<");
    site.submit("/applications/acme/push", &[("push", "yes")]).await;
    site.settled("/applications/acme/push").await.says("60 went well, 0 failed");
    assert_eq!(site.count("User WHERE Username LIKE 'crew%'"), 60);
}

#[tokio::test]
async fn hostile_assignments_are_refused_and_leave_nothing() {
    let site = Site::start(5, 813, "").await;
    site.person("Ada");
    choices(&site, "Ada").await;
    let browser = &site.browser;
    let script = "<script>alert(1)</script>";
    for (fields, status) in [
        (vec![("save", "yes")], 400),
        (vec![("person", "Nobody"), ("save", "yes")], 404),
        (vec![("person", script), ("save", "yes")], 404),
        (vec![("person", "Ada"), ("attributes", script), ("save", "yes")], 422),
        (vec![("person", "Ada"), ("attributes", "isAdmin=true"), ("save", "yes")], 422),
        (vec![("person", "Ada"), ("federation", "a\u{0}b"), ("save", "yes")], 422),
    ] {
        browser.post(EDIT, &fields).await.expect(status).hides(script);
    }
    let long = "x".repeat(1_000_000);
    browser.post(EDIT, &[("person", "Ada"), ("federation", &long), ("save", "yes")]).await.expect(413);
    browser.post(EDIT, &[("person", "Ada"), ("federation", &long[..1000]), ("save", "yes")]).await.expect(422);
    browser.post_raw(EDIT, &[("form-token", "wrong"), ("person", "Ada"), ("save", "yes")]).await.expect(403);
    // A choice that was never offered is no choice.
    let made_up = [("person", "Ada"), ("grant-profile", "'; DROP TABLE person; --"), ("save", "yes")];
    browser.post(EDIT, &made_up).await.expect(422).says("choose one of those that are offered");
    let tenant = site.tenant();
    let kept = site
        .directory()
        .read(|view| {
            let ada = view.person("Ada")?;
            view.assignment(tenant.id, ada.id)
        })
        .unwrap();
    assert!(kept.is_none_or(|kept| kept.grants.is_empty()));
    browser.get("/applications/nobody/assignments").await.expect(404);
    browser.get("/applications/acme/assignments/remove").await.expect(400);
    browser.get("/applications/acme/assignments/remove?person=Nobody").await.expect(404);
    browser.post("/applications/acme/assignments/remove", &[("all", "yes")]).await.expect(400);
}
