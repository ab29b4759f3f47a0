//! Who is let in, and how every answer looks.

use crate::support::{Browser, Start, World};

#[tokio::test]
async fn every_answer_has_its_headers() {
    let world = World::new().await;
    let browser = world.browser();
    let page = browser.get("/applications").await.expect(200);
    let style = page.text.split("href=\"/static/").nth(1).unwrap().split('"').next().unwrap().to_owned();
    for (path, status, kept) in [
        ("/applications", 200, "no-store"),
        ("/nothing", 404, "no-store"),
        (&format!("/static/{style}"), 200, "public, max-age=31536000, immutable"),
        ("/static/../Cargo.toml", 404, "no-store"),
        ("/static/console.css", 404, "no-store"),
    ] {
        let page = browser.get(path).await.expect(status);
        let header = |name: &str| page.headers.get(name).map_or("", |value| value.to_str().unwrap());
        assert_eq!(header("cache-control"), kept, "{path}");
        let policy = header("content-security-policy");
        for part in ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"] {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(header("referrer-policy"), "same-origin", "{path}");
    }
    assert!(!page.text.contains("style=") && !page.text.contains("<style") && !page.text.contains("onclick"));
}

#[tokio::test]
async fn a_name_that_nobody_gave_to_the_console_is_refused() {
    let start = Start { hosts: vec!["admin.example"], admin: Some("correct horse battery"), ..Start::default() };
    let world = World::start(start).await;
    let browser = world.browser();
    for (host, status) in
        [("127.0.0.1:1", 200), ("localhost", 200), ("admin.example", 200), ("evil.example", 421), ("10.0.0.1", 421)]
    {
        let page = browser.send(browser.request("GET", "/sign-in").header("host", host)).await.expect(status);
        if status == 421 {
            page.says("by a name that was not given to it");
        }
    }
}

#[tokio::test]
async fn a_form_counts_only_with_its_token_and_from_this_site() {
    let world = World::new().await;
    let browser = world.browser();
    let before = world.audited();
    let token = browser.token().await;
    let fields = [("form-token", token.as_str()), ("name", "acme"), ("component", "embedded")];
    let origin = format!("http://{}", world.address);
    let other = world.browser().token().await;
    for refused in [
        browser.post_raw("/add-application", &fields[1..]).await,
        browser.post_raw("/add-application", &[("form-token", "wrong"), fields[1], fields[2]]).await,
        browser.post_raw("/add-application", &[("form-token", &other), fields[1], fields[2]]).await,
        world.browser().post_raw("/add-application", &fields).await,
        browser.send(browser.form("/add-application", &fields).header("origin", "https://evil.example")).await,
        browser.send(browser.form("/add-application", &fields).header("origin", "null")).await,
        browser.send(browser.form("/add-application", &fields).header("sec-fetch-site", "cross-site")).await,
    ] {
        refused.expect(403).says("nothing was changed");
    }
    assert_eq!(world.audited(), before);
    let sound =
        browser.form("/add-application", &fields).header("origin", origin).header("sec-fetch-site", "same-origin");
    browser.send(sound).await.expect(303);
    assert_eq!(world.tenant("acme").name, "acme");
}

#[tokio::test]
async fn a_link_on_another_site_opens_the_page_without_a_new_session() {
    let world = World::new().await;
    let browser = Browser::new(world.address, "");
    let request = browser.request("GET", "/applications").header("sec-fetch-site", "cross-site");
    let page = browser.send(request).await.expect(200);
    assert!(page.text.contains("url=/applications\"") && browser.cookie().is_none(), "{page:?}");
    let request = browser.request("GET", "//evil.example/x").header("sec-fetch-site", "cross-site");
    let page = browser.send(request).await;
    assert!(!page.text.contains("evil.example"), "{page:?}");
}

#[tokio::test]
async fn unknown_addresses_and_methods_get_whole_pages() {
    let world = World::new().await;
    world.add("acme");
    let browser = world.browser();
    for path in [
        "/applications/nobody/general",
        "/applications/nobody/integration",
        "/applications/%3Cscript%3Ealert(1)%3C%2Fscript%3E/general",
        "/applications/'%20OR%201=1--/to-app",
        "/applications/..%2F..%2Fetc%2Fpasswd/general",
        "/applications/%00/general",
        "/applications/acme/nothing",
    ] {
        let page = browser.get(path).await.expect(404).says("What to do:");
        assert!(!page.text.contains("<script>alert"), "{page:?}");
    }
    browser.send(browser.request("DELETE", "/applications")).await.expect(405).says("What to do:");
    browser.post("/applications", &[]).await.expect(405).says("What to do:");
    assert_eq!(browser.get("/applications/%FF/general").await.status, 400);
}
