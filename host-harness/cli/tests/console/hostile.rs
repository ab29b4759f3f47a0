//! Every form, fed with what no admin would enter: it is refused with a clear page, or kept as the text that it is; nothing of it
//! ever runs, and nothing is stored with a wrong token or from too large a form.

use crate::support::{World, sent_by_default};

/// The pages of one application that have a form which goes to their own address.
const FORMS: &[&str] = &[
    "/add-application",
    "/applications/acme/general",
    "/applications/acme/integration",
    "/applications/acme/to-app",
    "/applications/acme/to-idp",
    "/applications/acme/attributes",
    "/applications/acme/remove",
];

const TEXTS: [&str; 6] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "'; DROP TABLE tenant; --",
    "../../../../etc/passwd",
    "\u{0}\u{1b}[2J",
    "{{7*7}}${7*7}",
];

#[tokio::test]
async fn no_form_runs_or_breaks_on_what_it_is_fed() {
    let world = World::new().await;
    world.add("acme");
    world.add("other");
    let browser = world.browser();
    let other = world.tenant("other");
    for path in FORMS {
        let fields = sent_by_default(&browser.get(path).await.expect(200), path);
        assert!(fields.iter().any(|(name, _)| name == "form-token"), "{path}");
        for (index, (name, _)) in fields.iter().enumerate().filter(|(_, (name, _))| name != "form-token") {
            for text in TEXTS {
                let mut all = fields.clone();
                text.clone_into(&mut all[index].1);
                let all: Vec<(&str, &str)> = all.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
                let page = browser.post_raw(path, &all).await;
                let status = page.status;
                assert!(matches!(status, 200 | 303 | 409 | 422), "{path} {name} {text:?}: {page:?}");
                for page in [page, browser.get(path).await.expect(200), browser.get("/applications").await.expect(200)]
                {
                    for raw in ["<script>alert", "<img src=x", "root:x:0"] {
                        assert!(!page.text.contains(raw), "{path} {name} {text:?}: {page:?}");
                    }
                }
            }
        }
    }
    assert_eq!(world.tenant("other"), other);
    assert_eq!(world.directory.read(|view| view.tenants()).unwrap().len(), 2);
}

#[tokio::test]
async fn a_form_that_is_too_large_or_has_no_token_stores_nothing() {
    let world = World::new().await;
    world.add("acme");
    let browser = world.browser();
    let large = "x".repeat(1 << 20);
    let long = "x".repeat(20_000);
    let before = world.audited();
    for path in FORMS {
        let fields = sent_by_default(&browser.get(path).await.expect(200), path);
        let all: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let without: Vec<(&str, &str)> = all.iter().copied().filter(|(name, _)| *name != "form-token").collect();
        browser.post_raw(path, &without).await.expect(403).says("What to do:");
        let mut with = all.clone();
        with.push(("more", &large));
        browser.post_raw(path, &with).await.expect(413).says("More than 256 KiB were sent; nothing of it was kept.");
    }
    for (path, field) in [
        ("/add-application", "name"),
        ("/applications/acme/general", "setting.portal-id"),
        ("/applications/acme/integration", "secret.password"),
        ("/applications/acme/remove", "name"),
    ] {
        let fields = sent_by_default(&browser.get(path).await.expect(200), path);
        let mut all: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        all.retain(|(name, _)| *name != field);
        all.push((field, &long));
        browser.post_raw(path, &all).await.expect(422).says("20000 characters were sent");
    }
    assert_eq!(world.audited(), before);
}

#[tokio::test]
async fn what_is_no_form_is_refused() {
    let world = World::new().await;
    let browser = world.browser();
    let token = browser.token().await;
    let json = browser.request("POST", "/add-application").header("content-type", "application/json").body("{}");
    browser.send(json).await.expect(415).says("What to do:");
    let many: Vec<(&str, &str)> =
        std::iter::once(("form-token", token.as_str())).chain(std::iter::repeat_n(("a", ""), 9_000)).collect();
    browser.post_raw("/add-application", &many).await.expect(400).says("more fields than any");
}

#[tokio::test]
async fn an_address_that_is_no_text_is_told_so_on_a_page_of_the_console() {
    let world = World::new().await;
    let browser = world.browser();
    for path in ["/people/%FF", "/applications/%c3%28/general", "/%ff"] {
        browser.get(path).await.expect(400).says("The address holds bytes that are no UTF-8 text.");
    }
    // What decodes well, or is no sequence at all, is looked for as any other.
    for path in ["/people/%C3%A4", "/people/%25FF"] {
        browser.get(path).await.expect(404);
    }
}
