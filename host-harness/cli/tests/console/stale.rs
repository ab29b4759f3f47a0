//! Two tabs: neither overwrites what the other has saved.

use provisioning_directory::{Actor, Attributes, NewPerson};

use crate::support::{Browser, Page, World, org, sent_by_default};

/// The form's fields, with one of them filled in.
fn filled(page: &Page, path: &str, field: (&str, &str)) -> Vec<(String, String)> {
    let mut sent = sent_by_default(page, path);
    sent.retain(|(name, _)| name != field.0);
    sent.push((field.0.to_owned(), field.1.to_owned()));
    sent
}

async fn send(browser: &Browser, path: &str, fields: &[(String, String)]) -> Page {
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    browser.post_raw(path, &fields).await
}

/// What a page has in a field.
fn value(page: &Page, path: &str, field: &str) -> String {
    let sent = sent_by_default(page, path);
    sent.into_iter().find(|(name, _)| name == field).map(|(_, value)| value).unwrap_or_default()
}

#[tokio::test]
async fn no_form_loses_what_another_tab_has_saved() {
    let world = World::new().await;
    let (_emulator, connection) = org(1, 851).await;
    world.add_connected("acme", &connection).await;
    let (key, username) = ("E1".to_owned(), "ada@new.example".to_owned());
    let new = NewPerson { key, username, attributes: Attributes::new() };
    world.directory.write(&Actor::new("test"), |change| change.add_person(&new)).unwrap();
    let browser = world.browser();
    // Each form with a field of one tab, one of the other, and two values for the first.
    let forms = [
        ("/people/E1/edit", "attribute-title", "attribute-mobilePhone", "Countess", "Doctor"),
        (
            "/applications/acme/general",
            "setting.organization-id",
            "setting.portal-id",
            "00D5g000001AbCd",
            "00D5g000001AbCe",
        ),
        (
            "/applications/acme/integration",
            "setting.username",
            "egress.loopback",
            "api@acme.example",
            "other@acme.example",
        ),
        ("/applications/acme/to-app", "approval", "setting.account-id", "true", ""),
        ("/applications/acme/to-idp", "import-minutes", "page-size", "30", "45"),
    ];
    for (path, one, other, first, second) in forms {
        let (tab, stale) = (browser.get(path).await.expect(200), browser.get(path).await.expect(200));
        assert!(
            sent_by_default(&tab, path).iter().any(|(name, _)| name == &format!("seen.{one}")),
            "{path}: {}",
            tab.text
        );
        send(&browser, path, &filled(&tab, path, (one, first))).await.expect(303);
        // The other tab changes something else: it is told, and the page has both.
        let typed = match other {
            "egress.loopback" => "8080",
            "page-size" => "500",
            "setting.account-id" => "0015g00000AbCdEAAV",
            "setting.portal-id" => "0605g000000AbCd",
            _ => "030 1",
        };
        let told = send(&browser, path, &filled(&stale, path, (other, typed))).await.expect(422);
        assert!(told.words().contains("Somebody else has changed this"), "{path}: {}", told.words());
        assert_eq!(
            (value(&told, path, one), value(&told, path, other)),
            (first.to_owned(), typed.to_owned()),
            "{path}"
        );
        let now = browser.get(path).await.expect(200);
        assert_ne!(value(&now, path, other), typed, "{path}: nothing was saved");
        // Saved again, both hold.
        send(&browser, path, &sent_by_default(&told, path)).await.expect(303);
        let now = browser.get(path).await.expect(200);
        assert_eq!((value(&now, path, one), value(&now, path, other)), (first.to_owned(), typed.to_owned()), "{path}");
        if second.is_empty() {
            continue;
        }
        // Both change the same: what is stored is shown beside what was typed, and stays.
        let stale = filled(&stale, path, (one, second));
        let told = send(&browser, path, &stale).await.expect(422).says(&format!("stored now: {first}")).says(second);
        assert_eq!(value(&told, path, one), second, "{path}");
        assert_eq!(value(&browser.get(path).await, path, one), first, "{path}: nothing was saved");
        // Whoever has seen it may save it all the same.
        send(&browser, path, &sent_by_default(&told, path)).await.expect(303);
        assert_eq!(value(&browser.get(path).await, path, one), second, "{path}");
    }
}
