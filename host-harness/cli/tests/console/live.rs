//! Jobs, followed live, and the end of the console.

use std::time::Duration;

use provisioning_directory::{Day, Timestamp};

use salesforce_emulator::Fault;

use crate::support::{World, org};

#[tokio::test]
async fn a_test_is_told_live_to_its_end() {
    let (_emulator, org) = org(30, 14).await;
    let world = World::new().await;
    world.add_connected("acme", &org).await;
    let browser = world.browser();
    browser.get("/applications/acme/job/events").await.expect(404).says("No job of the application was started");
    browser.save("/applications/acme/integration", &[("test", "yes")]).await.says("The credentials were verified");
    let events = browser.get("/applications/acme/job/events").await.expect(200);
    assert_eq!(events.headers["content-type"], "text/event-stream");
    assert!(events.text.starts_with("event: job\ndata: {\"running\":false"), "{events:?}");
    let tenant = world.tenant("acme");
    let usage = world.directory.read(|view| view.usage(tenant.id, Day::of(Timestamp::now()).before(1))).unwrap();
    assert!(usage.iter().any(|day| day.operation == "test-credentials"), "the test is counted: {usage:?}");
}

#[tokio::test]
async fn a_tenant_that_another_process_works_for_is_not_removed() {
    let world = World::new().await;
    let tenant = world.add("acme");
    let lock = world.directory.lock_tenant(&tenant).unwrap();
    let browser = world.browser();
    let refused = browser.post("/applications/acme/remove", &[("name", "acme")]).await.expect(409);
    refused.says("another process is working for tenant acme");
    drop(lock);
    browser.post("/applications/acme/remove", &[("name", "acme")]).await.expect(303);
}

#[tokio::test]
async fn the_console_ends_with_open_connections() {
    let mut world = World::new().await;
    let browser = world.browser();
    browser.get("/applications").await.expect(200);
    let silent = tokio::net::TcpStream::connect(world.address).await.unwrap();
    tokio::time::timeout(Duration::from_secs(60), world.stop()).await.unwrap();
    drop(silent);
    assert!(tokio::net::TcpStream::connect(world.address).await.is_err());
}

#[tokio::test]
async fn a_running_job_is_followed_live_and_no_other_starts_beside_it() {
    let (emulator, org) = org(30, 15).await;
    let world = World::new().await;
    world.add_connected("acme", &org).await;
    // Longer than what follows takes on a busy machine, and shorter than what the first answer waits for.
    emulator.inject(Fault::latency(Duration::from_secs(5)));
    let other = world.browser();
    let first = tokio::spawn(async move { other.save("/applications/acme/integration", &[("test", "yes")]).await });
    let browser = world.browser();
    let page = loop {
        let page = browser.get("/applications/acme/integration").await.expect(200);
        if page.text.contains("data-events=") {
            break page;
        }
        tokio::task::yield_now().await;
    };
    assert!(page.text.contains("<noscript><meta http-equiv=\"refresh\" content=\"2\"></noscript>"), "{page:?}");
    let token = page.token();
    let refused = browser.post_raw("/applications/acme/attributes", &[("form-token", &token), ("read", "yes")]).await;
    refused.expect(409).says("Test API credentials of acme is running since");
    let events = browser.get("/applications/acme/job/events").await.expect(200);
    let told: Vec<&str> = events.text.lines().filter(|line| line.starts_with("data:")).collect();
    assert!(told.len() >= 2, "{told:?}");
    assert!(told[0].contains("\"running\":true") && told[told.len() - 1].contains("\"running\":false"), "{told:?}");
    first.await.unwrap();
    browser.get("/applications/acme/integration").await.says("The credentials were verified");
}

#[tokio::test]
async fn wrong_credentials_are_told_with_their_remedy_and_not_shown() {
    let (_emulator, org) = org(30, 16).await;
    let world = World::new().await;
    world.add_connected("acme", &org).await;
    let fields = [("secret.password", "hunter2-hunter2"), ("test", "yes")];
    let page = world.browser().save("/applications/acme/integration", &fields).await;
    let page =
        page.says("signed-in failed").says("What to do:").says("Not tried, because the admin user is not signed in.");
    assert!(!page.text.contains("hunter2"), "{page:?}");
}

#[tokio::test]
async fn a_host_that_is_not_allowed_is_refused_by_name() {
    let (_emulator, org) = org(30, 17).await;
    let world = World::new().await;
    world.add_connected("acme", &org).await;
    let fields = [("egress.loopback", ""), ("test", "yes")];
    let page = world.browser().save("/applications/acme/integration", &fields).await;
    page.says("host-reachable failed").says("127.0.0.1");
}
