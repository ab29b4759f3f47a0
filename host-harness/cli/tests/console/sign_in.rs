//! Signing in.

use std::time::{Duration, Instant};

use provisioning_console::{Admins, Console, ConsoleError};
use provisioning_directory::Actor;
use provisioning_runtime::Secret;
use tokio::net::TcpListener;

use crate::support::{Browser, Page, Start, World, applications};

pub(crate) const PASSWORD: &str = "correct horse battery";

pub(crate) async fn sign_in(browser: &Browser, name: &str, password: &str, next: &str) -> Page {
    let token = browser.get("/sign-in").await.expect(200).token();
    browser
        .post_raw("/sign-in", &[("form-token", &token), ("name", name), ("password", password), ("next", next)])
        .await
}

#[tokio::test]
async fn with_a_password_set_every_page_asks_for_it() {
    let world = World::start(Start { admin: Some(PASSWORD), ..Start::default() }).await;
    world.add("acme");
    let browser = world.browser();
    for path in ["/applications", "/applications/acme/integration", "/applications/acme/job/events"] {
        let page = browser.get(path).await.expect(303);
        assert!(page.location().starts_with("/sign-in?next=%2Fapplications"), "{page:?}");
    }
    let token = browser.get("/sign-in").await.token();
    let refused = browser.post_raw("/add-application", &[("form-token", &token), ("name", "x")]).await.expect(401);
    refused.says("Nobody is signed in");
    let planted = browser.cookie();
    sign_in(&browser, "ada", "wrong", "/").await.expect(401).says("Name or password is wrong");
    let page = sign_in(&browser, "Ada", PASSWORD, "/applications/acme/general").await.expect(303);
    assert_eq!(page.location(), "/applications/acme/general");
    assert_ne!(browser.cookie(), planted, "a session that was there before is worth nothing afterwards");
    browser.get("/applications/acme/general").await.expect(200);
    browser.post("/sign-out", &[]).await.expect(303);
    browser.get("/applications").await.expect(303);
}

#[tokio::test]
async fn the_audit_trail_names_who_is_signed_in() {
    let world = World::start(Start { admin: Some(PASSWORD), ..Start::default() }).await;
    let browser = world.browser();
    sign_in(&browser, "ada", PASSWORD, "/").await.expect(303);
    browser.post("/add-application", &[("name", "acme"), ("component", "embedded")]).await.expect(303);
    let newest = world.directory.read(|view| view.audit(&Default::default())).unwrap();
    assert_eq!((newest[0].action.as_str(), newest[0].actor.as_str()), ("tenant.add", "ada (console)"));
}

#[tokio::test]
async fn signing_in_and_failing_to_is_in_the_audit_trail_without_what_was_typed() {
    let world = World::start(Start { admin: Some(PASSWORD), ..Start::default() }).await;
    let browser = world.browser();
    sign_in(&browser, "Ada", "wrong", "/").await.expect(401);
    for _ in 0..3 {
        sign_in(&browser, "a password in the wrong field", "x", "/").await.expect(401);
    }
    sign_in(&browser, "ada", PASSWORD, "/").await.expect(303);
    browser.post("/sign-out", &[]).await.expect(303);
    let rows = world.directory.read(|view| view.audit(&Default::default())).unwrap();
    let told: Vec<(&str, &str, String)> = rows
        .iter()
        .rev()
        .map(|row| {
            (row.action.as_str(), row.actor.as_str(), row.new.as_ref().map(ToString::to_string).unwrap_or_default())
        })
        .collect();
    let [set, one, other, done, out] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!((set.0, set.1), ("console.set-password", "root"));
    assert_eq!(*one, ("console.sign-in-failed", "console", r#"{"address":"127.0.0.1","admin":"ada"}"#.to_owned()));
    // The other two wait for the row of the next minute.
    assert_eq!(*other, ("console.sign-in-failed", "console", r#"{"address":"127.0.0.1","failures":1}"#.to_owned()));
    assert_eq!((done.0, done.1), ("console.sign-in", "ada (console)"));
    assert_eq!((out.0, out.1), ("console.sign-out", "ada (console)"));
}

#[tokio::test]
async fn a_new_password_ends_sessions_of_the_old_one_at_once() {
    let world = World::start(Start { admin: Some(PASSWORD), ..Start::default() }).await;
    let browser = world.browser();
    sign_in(&browser, "ada", PASSWORD, "/").await.expect(303);
    browser.get("/applications").await.expect(200);
    let admins = Admins::of(&world.directory).unwrap();
    admins.set_password(&Actor::new("root"), "ada", &Secret::new("another horse battery".to_owned())).unwrap();
    browser.get("/applications").await.expect(303);
}

/// A try that failed: when it began, when it was answered, and how long the next has to wait after it. It counts from some
/// moment between the two.
struct Failure {
    began: Instant,
    answered: Instant,
    wait: Duration,
}

#[tokio::test]
async fn guessing_is_slowed_down_for_the_name_and_not_for_others() {
    let world = World::start(Start { admin: Some(PASSWORD), ..Start::default() }).await;
    let browser = world.browser();
    let mut last: Option<Failure> = None;
    let mut failures = 0;
    // Nearly always the seventh try is refused. On a machine that takes two seconds for one it may come after the wait, which then
    // doubles; so each answer is held against the time that has passed at least, and at most.
    let (refused, last) = loop {
        let began = Instant::now();
        let page = sign_in(&browser, "ada", "wrong", "/").await;
        let answered = Instant::now();
        if page.status == 429 {
            let last = last.expect("the first try is free");
            assert!(failures > 5, "refused after {failures} failures");
            assert!(began - last.answered < last.wait, "refused after the wait of {:?} was over", last.wait);
            let (longest, shortest) = (last.answered + last.wait - began, (last.began + last.wait) - answered);
            let told: u64 = page.headers["retry-after"].to_str().unwrap().parse().unwrap();
            assert!(
                (shortest.as_secs() + 1..=longest.as_secs() + 1).contains(&told),
                "{told}: {shortest:?} {longest:?}"
            );
            break (page, last);
        }
        page.expect(401);
        if let Some(last) = &last {
            assert!(
                answered - last.began >= last.wait,
                "{failures} failures, and the next after {:?}",
                answered - last.began
            );
        }
        failures += 1;
        let wait = Duration::from_secs(if failures > 5 { 1 << (failures - 5) } else { 0 });
        last = Some(Failure { began, answered, wait });
    };
    refused.says("too many failed tries");
    let right = sign_in(&browser, "ada", PASSWORD, "/").await;
    if last.began.elapsed() < last.wait {
        right.expect(429);
    }
    sign_in(&browser, "grace", "wrong", "/").await.expect(401);
}

#[tokio::test]
async fn the_way_back_leads_nowhere_else() {
    let world = World::start(Start { admin: Some(PASSWORD), ..Start::default() }).await;
    for next in ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", ""] {
        let page = sign_in(&world.browser(), "ada", PASSWORD, next).await.expect(303);
        assert_eq!(page.location(), "/", "{next}");
    }
}

/// What a cookie says of itself, in alphabetical order.
fn attributes(cookie: &str) -> Vec<&str> {
    let mut attributes: Vec<&str> = cookie.split("; ").skip(1).collect();
    attributes.sort_unstable();
    attributes
}

#[tokio::test]
async fn behind_tls_the_cookie_is_for_https_and_this_host_only() {
    let start = Start { behind_tls: true, admin: Some(PASSWORD), ..Start::default() };
    let page = World::start(start).await.browser().get("/sign-in").await;
    let cookie = page.headers["set-cookie"].to_str().unwrap();
    assert!(cookie.starts_with("__Host-console-"), "{cookie}");
    assert_eq!(attributes(cookie), ["HttpOnly", "Path=/", "SameSite=Strict", "Secure"]);
    let world = World::new().await;
    // Nobody has come by the token yet.
    let plain = Browser::new(world.address, "").get("/sign-in").await;
    let cookie = plain.headers["set-cookie"].to_str().unwrap();
    assert!(cookie.starts_with("console-"), "{cookie}");
    assert_eq!(attributes(cookie), ["HttpOnly", "Path=/", "SameSite=Strict"]);
}

#[tokio::test]
async fn elsewhere_than_on_loopback_it_does_not_start_without_a_password() {
    let world = World::new().await;
    let builder = || Console::builder(world.directory.clone(), applications(&world.folder));
    for (address, console) in [
        ("0.0.0.0:0", builder().build()),
        ("127.0.0.1:0", builder().behind_tls(true).build()),
        ("127.0.0.1:0", builder().host("admin.example").unwrap().build()),
    ] {
        let listener = TcpListener::bind(address).await.unwrap();
        let refused = console.serve(listener, async {}).await.unwrap_err();
        assert!(matches!(refused, ConsoleError::Unprotected(_)));
        assert!(refused.to_string().contains("console set-password"), "{refused}");
    }
    Admins::of(&world.directory)
        .unwrap()
        .set_password(&Actor::new("root"), "ada", &Secret::new(PASSWORD.to_owned()))
        .unwrap();
    let listener = TcpListener::bind("0.0.0.0:0").await.unwrap();
    builder().build().serve(listener, async {}).await.unwrap();
}

#[tokio::test]
async fn what_is_typed_to_sign_in_is_never_run_and_the_password_never_shown() {
    let world = World::start(Start { admin: Some(PASSWORD), ..Start::default() }).await;
    let browser = world.browser();
    for (name, password, status) in [
        ("<script>alert(1)</script>", "hunter2-hunter2", 401),
        ("\"><img src=x onerror=alert(1)>", "hunter2-hunter2", 401),
        ("' OR 1=1 --", "hunter2-hunter2", 401),
        ("ada\0", "hunter2-hunter2", 422),
        ("", "hunter2-hunter2", 422),
        (&"a".repeat(65), "hunter2-hunter2", 422),
        ("ada", &"hunter2".repeat(1_000), 422),
    ] {
        let page = sign_in(&browser, name, password, "/").await.expect(status);
        for raw in ["<script>alert", "<img src=x", "hunter2"] {
            assert!(!page.text.contains(raw), "{name}: {page:?}");
        }
    }
    browser.get("/applications").await.expect(303);
}

#[tokio::test]
async fn without_admins_only_the_token_of_the_console_lets_somebody_in() {
    let world = World::new().await;
    let stranger = Browser::new(world.address, "");
    let page = stranger.get("/applications").await.expect(303);
    assert!(page.location().starts_with("/sign-in?next=%2Fapplications"), "{page:?}");
    stranger.get("/applications?token=wrong").await.expect(303);
    let page = stranger.get("/sign-in").await.expect(200);
    let form_token = page.token();
    page.says("Open the address that it printed when it was started");
    let entered = |token: String| {
        let fields = [("form-token", form_token.clone()), ("token", token), ("next", "/tasks".to_owned())];
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let request = stranger.form("/sign-in", &fields);
        stranger.send(request)
    };
    entered("wrong".to_owned()).await.expect(401).says("This is not the token of this console");
    // What a sandbox on loopback would do: it has a form's token, and nobody's session.
    let fields = [("form-token", form_token.as_str()), ("name", "evil"), ("component", "embedded")];
    stranger.post_raw("/add-application", &fields).await.expect(401);
    let rows = world.directory.read(|view| view.audit(&Default::default())).unwrap();
    let actions: Vec<&str> = rows.iter().map(|row| row.action.as_str()).collect();
    assert_eq!(actions, ["console.sign-in-failed"], "nothing else was written");
    let token = world.open.split_once("token=").unwrap().1.to_owned();
    let page = entered(token.clone()).await.expect(303);
    assert_eq!(page.location(), "/tasks");
    stranger.get("/applications").await.expect(200);

    let other = Browser::new(world.address, "");
    let page = other.get(&format!("/tasks?token={token}&kind=push")).await.expect(303);
    assert_eq!(page.location(), "/tasks?kind=push", "the token doesn't stay in the address");
    other.get("/applications").await.expect(200);
    // With the first admin it is over.
    Admins::of(&world.directory)
        .unwrap()
        .set_password(&Actor::new("root"), "ada", &Secret::new(PASSWORD.to_owned()))
        .unwrap();
    other.get("/applications").await.expect(303);
    Browser::new(world.address, "").get(&world.open).await.expect(303).location().starts_with("/sign-in");
    sign_in(&other, "ada", PASSWORD, "/").await.expect(303);
}

// As a console runs: what waits for the database holds nobody else up.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strangers_who_guess_keep_out_nobody_whose_browser_has_signed_in_before() {
    let start = Start { admin: Some(PASSWORD), proxies: vec!["127.0.0.1"], ..Start::default() };
    let world = World::start(start).await;
    let known = world.browser();
    sign_in(&known, "ada", PASSWORD, "/").await.expect(303);
    known.post("/sign-out", &[]).await.expect(303);
    // From 60 addresses, as the proxy says; what they say themselves counts for nothing.
    let mut refused = 0;
    for number in 0..60 {
        let browser = world.browser();
        let token = browser.get("/sign-in").await.expect(200).token();
        let fields = [("form-token", token.as_str()), ("name", "ada"), ("password", "wrong"), ("next", "/")];
        let from = format!("198.51.100.{number}, 192.0.2.{number}");
        let page = browser.send(browser.form("/sign-in", &fields).header("x-forwarded-for", from)).await;
        refused += u32::from(page.status == 429);
    }
    println!("of 60 guesses from 60 addresses {refused} were refused");
    assert!(refused >= 40, "{refused}");
    sign_in(&known, "ada", PASSWORD, "/").await.expect(303);
    let alone = page_time(&known).await;
    // Each guesses at a name of its own, so that passwords are checked all the time.
    let guessing: Vec<_> = (0..8)
        .map(|number| {
            let browser = world.browser();
            tokio::spawn(async move {
                for guess in 0.. {
                    let name = format!("name-{number}-{guess}");
                    sign_in(&browser, &name, "wrong", "/").await;
                }
            })
        })
        .collect();
    let beside = page_time(&known).await;
    guessing.iter().for_each(tokio::task::JoinHandle::abort);
    println!("a page alone: {alone:?}; beside eight that guess: {beside:?}");
    assert!(beside <= 3 * alone + Duration::from_millis(100), "{beside:?}, and {alone:?} alone");
}

/// The middle of the times of five pages.
async fn page_time(browser: &Browser) -> Duration {
    let mut times = Vec::new();
    for _ in 0..5 {
        let began = Instant::now();
        browser.get("/applications").await.expect(200);
        times.push(began.elapsed());
    }
    times.sort_unstable();
    times[2]
}
