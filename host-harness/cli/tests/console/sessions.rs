//! What a cookie is worth once its session has ended.

use crate::sign_in::{PASSWORD, sign_in};
use crate::support::{Start, World};

#[tokio::test]
async fn the_cookie_of_a_session_that_was_ended_opens_nothing() {
    let world = World::start(Start { admin: Some(PASSWORD), ..Start::default() }).await;
    let (browser, other) = (world.browser(), world.browser());
    for browser in [&browser, &other] {
        sign_in(browser, "ada", PASSWORD, "/").await.expect(303);
    }
    let old = browser.cookie();
    let token = browser.token().await;
    browser.get("/applications").await.expect(200);
    browser.post("/sign-out", &[]).await.expect(303);
    assert_ne!(browser.cookie(), old, "the next visitor of this browser gets a session of their own");
    browser.get("/sign-in").await.expect(200).says("You are signed out.");
    // As somebody sends who has kept the cookie, or seen it.
    browser.set_cookie(old);
    let page = browser.get("/applications").await.expect(303);
    assert_eq!(page.location(), "/sign-in?next=%2Fapplications");
    let fields = [("form-token", token.as_str()), ("name", "acme"), ("component", "embedded")];
    browser.post_raw("/add-application", &fields).await.expect(401).says("Nobody is signed in");
    assert!(world.directory.read(|view| view.tenants()).unwrap().is_empty());
    other.get("/applications").await.expect(200);
}

#[tokio::test]
async fn who_signs_in_anew_leaves_no_session_behind() {
    let world = World::start(Start { admin: Some(PASSWORD), ..Start::default() }).await;
    let browser = world.browser();
    sign_in(&browser, "ada", PASSWORD, "/").await.expect(303);
    let old = browser.cookie();
    sign_in(&browser, "ada", PASSWORD, "/").await.expect(303);
    browser.get("/applications").await.expect(200);
    browser.set_cookie(old);
    browser.get("/applications").await.expect(303);
}

#[tokio::test]
async fn who_has_a_session_keeps_it_and_follows_links_of_other_sites() {
    let world = World::new().await;
    let browser = world.browser();
    browser.get("/applications").await.expect(200);
    let cookie = browser.cookie().expect("the first page gives one");
    let link = browser.request("GET", "/applications").header("sec-fetch-site", "cross-site");
    for page in [browser.get("/applications").await, browser.send(link).await] {
        assert!(!page.headers.contains_key("set-cookie"), "{page:?}");
        assert!(page.words().contains("Applications"), "the page itself, and not the way to it: {page:?}");
    }
    assert_eq!(browser.cookie(), Some(cookie));
}

#[tokio::test]
async fn every_page_says_who_is_signed_in() {
    let world = World::start(Start { admin: Some(PASSWORD), ..Start::default() }).await;
    let browser = world.browser();
    assert!(!browser.get("/sign-in").await.expect(200).text.contains("Signed in as"));
    sign_in(&browser, "ada", PASSWORD, "/").await.expect(303);
    let page = browser.get("/applications").await.expect(200);
    assert!(page.text.contains("Signed in as ada"), "{page:?}");
}
