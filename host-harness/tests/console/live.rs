//! Jobs, followed live, and the end of the console.

use std::time::Duration;

use provisioning_host::directory::{Day, Timestamp};

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
