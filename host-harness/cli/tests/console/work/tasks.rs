//! Tasks: each of the guide's four errors with its remedy, filters, and another try.

use super::site::{Read as _, Site};

const TASKS: &str = "/applications/acme/tasks";
const PUSH: &str = "/applications/acme/push";
const PLUS: (&str, &str) = ("profile", "Customer Community Plus User");

#[tokio::test]
async fn each_of_the_guides_four_errors_is_shown_with_its_remedy_and_tried_again() {
    let site = Site::start(20, 831, "").await;
    for key in ["Feature", "Profile", "Role", "Set"] {
        site.person(key);
    }
    // A user whose licence is another than that of the profile it is given then.
    site.assign("Profile", &[("profile", "Partner Community User")]);
    site.submit(PUSH, &[("push", "yes")]).await;
    site.settled(PUSH).await.says("1 went well, 0 failed");
    site.assign("Profile", &[("profile", "Customer Community User")]);
    site.assign("Feature", &[PLUS, ("feature-license", "Live Agent User")]);
    let partner = site.query("SELECT Id FROM UserRole WHERE PortalType = 'Partner'");
    site.assign("Role", &[PLUS, ("role", partner[0]["Id"].as_str().unwrap())]);
    site.assign("Set", &[PLUS, ("permission-set", "Community Moderation")]);
    site.submit(PUSH, &[("push", "yes")]).await;
    site.settled(PUSH).await.says("0 went well, 4 failed").says("What to do:");
    for (key, cause, remedy) in [
        ("Feature", "feature licence UserPermissionsLiveAgentUser is not allowed", "Take the feature licence away"),
        ("Profile", "belongs to another licence", "Choose a profile of the same licence"),
        ("Role", "role", "Choose a role of the portal's own account"),
        ("Set", "permission set Community Moderation", "Take the permission set away"),
    ] {
        let page = site.get(&format!("{TASKS}?state=failed&q={key}%40")).await;
        page.says(cause).says(remedy).says("incompatible-grants");
    }
    let page = site.get(&format!("{TASKS}?state=failed&error=incompatible-grants")).await;
    let page = page.says("Retry all 4 failed ones that the filter finds");
    assert_eq!(page.text.matches("name=\"retry\"").count(), 4);
    site.get(&format!("{TASKS}?error=username-taken")).await.says("There is no such task");

    // One is mended and tried again; it is there then.
    site.assign("Set", &[PLUS, ("permission-set", "Portal Case Access")]);
    let page = site.get(&format!("{TASKS}?state=failed")).await;
    assert_eq!(page.text.matches("name=\"retry\"").count(), 3, "what is changed is asked for anew");
    let (_, rest) = page.text.split_once("name=\"retry\" value=\"").unwrap();
    let number = rest.split('"').next().unwrap().to_owned();
    site.submit(TASKS, &[("retry", &number)]).await.says("One task is tried again with the next push");
    site.submit(PUSH, &[("push", "yes")]).await;
    site.settled(PUSH).await.says("1 went well, 1 failed");
    assert_eq!(site.count("User WHERE Username = 'set@lighthouse.example'"), 1);
    site.submit(TASKS, &[("retry-all", "yes"), ("error", "incompatible-grants")]).await.says("3 tasks are tried again");
    site.get(&format!("{TASKS}?state=waiting")).await.says("waiting");
    site.get(&format!("{TASKS}?state=done")).await.says("done");
}

#[tokio::test]
async fn another_applications_task_is_none_of_this_page() {
    let site = Site::start(3, 832, "").await;
    site.person("Ada");
    site.assign("Ada", &[PLUS]);
    site.world.add("other");
    let page = site.get(TASKS).await;
    let (_, rest) = page.text.split_once("id=\"task-").unwrap();
    let number = rest.split('"').next().unwrap().to_owned();
    let answer = site.browser.post("/applications/other/tasks", &[("retry", &number)]).await.expect(404);
    answer.hides("Ada");
    for (fields, status) in [
        (vec![("retry", "1; DROP TABLE task")], 400),
        (vec![("retry", "99999999999999999999")], 400),
        (vec![("retry", "424242")], 404),
        (vec![], 400),
        (vec![("retry-all", "yes"), ("kind", "<script>alert(1)</script>")], 400),
    ] {
        site.browser.post(TASKS, &fields).await.expect(status).hides("<script>alert");
    }
}
