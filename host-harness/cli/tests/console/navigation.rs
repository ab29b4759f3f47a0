//! What a browser that navigates gets after a form: a page that can be loaded again and gone back to, and never a page of words
//! alone in the place of the one that it was on.

use crate::support::{Browser, Page, Start, World, sent_by_default};

/// Sends a form as a browser does that shows the answer.
async fn navigate(browser: &Browser, path: &str, from: &str, fields: &[(String, String)]) -> Page {
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let referer = format!("http://console.example{from}");
    browser.send(browser.form(path, &fields).header("sec-fetch-mode", "navigate").header("referer", referer)).await
}

async fn look(browser: &Browser, path: &str) -> Page {
    browser.send(browser.request("GET", path).header("sec-fetch-mode", "navigate")).await
}

#[tokio::test]
async fn a_form_that_is_wrong_is_a_page_that_can_be_loaded_again() {
    let world = World::new().await;
    let browser = world.browser();
    let mut fields = sent_by_default(&browser.get("/add-person").await.expect(200), "/add-person");
    fields.retain(|(name, _)| name != "username");
    fields.push(("username".to_owned(), "ada@new.example".to_owned()));
    let answer = navigate(&browser, "/add-person", "/add-person", &fields).await.expect(303);
    for _ in 0..2 {
        let page = browser.get(answer.location()).await.expect(200).says("Nothing was saved");
        assert!(page.text.contains("value=\"ada@new.example\""), "{}", page.text);
    }
    // Another session doesn't see it.
    let other = world.browser();
    assert_eq!(other.get(answer.location()).await.expect(303).location(), "/add-person");
}

#[tokio::test]
async fn what_cannot_be_done_is_told_on_the_page_it_came_from() {
    let world = World::new().await;
    world.add("acme");
    let browser = world.browser();
    let matches = "/applications/acme/import/matches";
    let token = ("form-token".to_owned(), browser.token().await);
    let nobody = [token, ("selected".to_owned(), "link".to_owned())];
    let answer = navigate(&browser, matches, &format!("{matches}?q=ada"), &nobody).await.expect(303);
    assert_eq!(answer.location(), format!("{matches}?q=ada"));
    browser.get(answer.location()).await.expect(200).says("Not done.").says("No user was selected");
    // A question that can't be answered leads to the page without it.
    let answer = look(&browser, "/audit?since=soon").await.expect(303);
    assert_eq!(answer.location(), "/audit");
    browser.get("/audit").await.expect(200).says("`soon` isn't a date");
    // A program gets its answer at once.
    browser.get("/audit?since=soon").await.expect(400);
}

const PASSWORD: &str = "correct horse battery";

#[tokio::test]
async fn a_form_of_an_ended_session_is_sent_after_signing_in() {
    let world = World::start(Start { admin: Some(PASSWORD), ..Start::default() }).await;
    let browser = world.browser();
    let sign_in = async |next: &str| {
        let page = browser.get(&format!("/sign-in?next={next}")).await.expect(200);
        let mut fields = sent_by_default(&page, "/sign-in");
        fields.retain(|(name, _)| name != "name" && name != "password");
        fields.extend([("name".to_owned(), "ada".to_owned()), ("password".to_owned(), PASSWORD.to_owned())]);
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        browser.post_raw("/sign-in", &fields).await.expect(303)
    };
    sign_in("/people").await;
    let page = browser.get("/add-person").await.expect(200);
    let mut fields = sent_by_default(&page, "/add-person");
    fields.retain(|(name, _)| name != "username" && name != "key");
    fields.extend([("key".to_owned(), "E1".to_owned()), ("username".to_owned(), "ada@new.example".to_owned())]);
    browser.post("/sign-out", &[]).await.expect(303);
    let answer = navigate(&browser, "/add-person", "/add-person", &fields).await.expect(303);
    // Its session isn't one that has signed in, so signing in comes first.
    let next = browser.get(answer.location()).await.expect(303);
    let next = next.location().strip_prefix("/sign-in?next=").unwrap().to_owned();
    assert!(world.directory.read(|view| view.find_person("E1")).unwrap().is_none());
    let again = sign_in(&next).await;
    let page = browser.get(again.location()).await.expect(200).says("nothing was changed yet");
    let again = sent_by_default(&page, "/add-person");
    let again: Vec<(&str, &str)> = again.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(browser.post_raw("/add-person", &again).await.expect(303).location(), "/people/E1");
    assert_eq!(world.directory.read(|view| view.find_person("E1")).unwrap().unwrap().username, "ada@new.example");
}

#[tokio::test]
async fn lists_can_be_taken_along_as_files_without_formulas() {
    let world = World::new().await;
    world.add("acme");
    let browser = world.browser();
    let fields = [("key", "E1"), ("username", "ada@new.example"), ("attribute-title", "=HYPERLINK(\"http://evil\")")];
    browser.post("/add-person", &fields).await.expect(303);
    let file = browser.get("/people.csv?q=ada").await.expect(200);
    assert_eq!(file.headers["content-type"], "text/csv; charset=utf-8");
    assert_eq!(
        file.text,
        "key,username,status,title\nE1,ada@new.example,active,\"'=HYPERLINK(\"\"http://evil\"\")\"\n"
    );
    for path in ["/applications/acme/tasks.csv", "/applications/acme/runs.csv"] {
        let file = browser.get(path).await.expect(200);
        assert_eq!(file.text.lines().count(), 1, "{path}: the columns");
    }
    browser.get("/applications/acme/overview").await.expect(200).says("Not imported yet");
    browser.get("/applications/acme/runs").await.expect(200).says("No import or push has done anything yet");
}
