//! Consoles of one directory on several hosts: it doesn't matter which of them a browser asks.

use std::time::Duration;

use salesforce_emulator::Fault;

use crate::sign_in::{PASSWORD, sign_in};
use crate::support::{Browser, Start, World, org};

async fn two() -> (World, World) {
    let one = World::start(Start { admin: Some(PASSWORD), ..Start::default() }).await;
    let other = one.beside().await;
    (one, other)
}

#[tokio::test]
async fn a_browser_goes_on_with_another_host_in_the_middle_of_its_work() {
    let (one, other) = two().await;
    let mut browser = one.browser();
    sign_in(&browser, "ada", PASSWORD, "/").await.expect(303);
    let token = browser.token().await;
    let cookie = browser.cookie();
    browser.turn_to(&other);
    // A form of a page of the first host's, and what it says on the first host's next page.
    let fields = [("form-token", token.as_str()), ("name", "acme"), ("component", "embedded")];
    let answer = browser.post_raw("/add-application", &fields).await.expect(303);
    browser.turn_to(&one);
    browser.get(answer.location()).await.expect(200).says("acme was added");
    assert_eq!(browser.cookie(), cookie);
    browser.post("/sign-out", &[]).await.expect(303);
    browser.set_cookie(cookie);
    browser.turn_to(&other);
    browser.get("/applications").await.expect(303);
}

#[tokio::test]
async fn a_session_outlives_its_console_and_one_by_token_doesnt() {
    let (mut one, other) = two().await;
    let mut browser = one.browser();
    sign_in(&browser, "ada", PASSWORD, "/").await.expect(303);
    one.stop().await;
    browser.turn_to(&other);
    browser.get("/applications").await.expect(200);

    let mut private = World::new().await;
    let mut browser = private.browser();
    browser.get("/applications").await.expect(200);
    let next = private.beside().await;
    private.stop().await;
    browser.turn_to(&next);
    browser.get("/applications").await.expect(303);
}

#[tokio::test]
async fn a_form_that_was_sent_too_late_waits_on_every_host() {
    let (one, other) = two().await;
    let mut browser = one.browser();
    sign_in(&browser, "ada", PASSWORD, "/").await.expect(303);
    let token = browser.token().await;
    browser.post("/sign-out", &[]).await.expect(303);
    let fields = [("form-token", token.as_str()), ("name", "acme"), ("component", "embedded")];
    let late = browser.form("/add-application", &fields).header("sec-fetch-mode", "navigate");
    let kept = browser.send(late).await.expect(303).location().to_owned();
    browser.turn_to(&other);
    sign_in(&browser, "ada", PASSWORD, &kept).await.expect(303);
    let page = browser.get(&kept).await.expect(200).says("It was kept, and nothing was changed yet");
    let name = kept.rsplit('=').next().unwrap();
    browser.turn_to(&one);
    let again = [("form-token", page.token()), ("kept-form", name.to_owned())];
    let again: Vec<(&str, &str)> = again.iter().map(|(name, value)| (*name, value.as_str())).collect();
    browser.post_raw("/add-application", &again).await.expect(303);
    one.tenant("acme");
}

#[tokio::test]
async fn guesses_are_counted_on_all_hosts_together() {
    let (one, other) = two().await;
    let (here, there) = (one.browser(), other.browser());
    for _ in 0..3 {
        sign_in(&here, "ada", "wrong password", "/").await.expect(401);
        sign_in(&there, "ada", "wrong password", "/").await.expect(401);
    }
    sign_in(&here, "ada", PASSWORD, "/").await.expect(429);
}

#[tokio::test]
async fn how_far_a_job_is_and_what_came_of_it_is_shown_by_every_host() {
    let (emulator, org) = org(30, 15).await;
    let one = World::new().await;
    one.add_connected("acme", &org).await;
    let other = one.beside().await;
    emulator.inject(Fault::latency(Duration::from_secs(5)));
    let browser = one.browser();
    let job = tokio::spawn(async move { browser.save("/applications/acme/integration", &[("test", "yes")]).await });
    let elsewhere = other.browser();
    let events = loop {
        let page = elsewhere.get("/applications/acme/integration").await.expect(200);
        if page.text.contains("data-events") {
            page.says("Test API credentials");
            break elsewhere.get("/applications/acme/job/events").await.expect(200);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    assert!(events.text.starts_with("event: job\ndata: {\"running\":true"), "{events:?}");
    assert!(events.text.trim_end().rsplit("data: ").next().unwrap().starts_with("{\"running\":false"), "{events:?}");
    job.await.unwrap().says("The credentials were verified");
    elsewhere.get("/applications/acme/integration").await.expect(200).says("The credentials were verified");
}

#[tokio::test]
async fn sessions_are_listed_and_ended_from_any_host() {
    let (one, other) = two().await;
    let (stolen, admin) = (one.browser(), other.browser());
    sign_in(&stolen, "ada", PASSWORD, "/").await.expect(303);
    sign_in(&admin, "ada", PASSWORD, "/").await.expect(303);
    let page = admin.get("/sessions").await.expect(200).says("this browser").says("127.0.0.1");
    let rows: Vec<&str> = page.text.split("<tr>").filter(|row| row.contains("name=\"end\"")).collect();
    assert_eq!(rows.len(), 2, "{page:?}");
    let row = rows.iter().find(|row| !row.contains("this browser")).unwrap();
    let number = row.split("name=\"end\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    admin.post("/sessions", &[("end", number)]).await.expect(303);
    admin.get("/sessions").await.expect(200).says("The session of ada from 127.0.0.1 was ended.");
    stolen.get("/applications").await.expect(303);
    admin.post("/sessions", &[("end", number)]).await.expect(303);
    admin.get("/sessions").await.expect(200).says("That session had ended already.");
    let rows = one.directory.read(|view| view.audit(&Default::default())).unwrap();
    let ended: Vec<String> =
        rows.iter().filter(|row| row.action == "console.end-session").map(|row| row.sentence()).collect();
    assert_eq!(ended, ["ada (console) ended somebody's session of the console"]);
    let nobody = Browser::new(one.address, "");
    nobody.get("/sessions").await.expect(303);
}
