//! Every form of daily work, fed with what no admin would enter.

use super::site::{Read as _, Site};
use crate::support::sent_by_default;

const TEXTS: [&str; 5] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "'; DROP TABLE person; --",
    "../../etc/passwd",
    "\u{0}\u{1b}[2J",
];

/// Where a form goes whose fields name records, the fields that do, and the button that sends it.
const NAMING: [(&str, &[&str], &str); 3] = [
    ("/applications/acme/import/matches", &["link", "ignore", "user", "selected", "person", "reason"], "confirm-all"),
    ("/applications/acme/tasks", &["retry", "state", "kind", "error", "person"], "retry-all"),
    ("/applications/acme/push", &["plan-number"], "apply"),
];

/// The form's page, where it goes, and the button that sends it.
const FORMS: [(&str, &str, &str); 7] = [
    ("/add-person", "/add-person", "add"),
    ("/people/Ada/edit", "/people/Ada/edit", "save"),
    ("/people/Ada/password", "/people/Ada/password", "set"),
    ("/people/Ada/unlink/acme", "/people/Ada/unlink/acme", "unlink"),
    ("/applications/acme/assignments/edit?person=Ada", "/applications/acme/assignments/edit", "save"),
    ("/applications/acme/assignments/remove?person=Ada", "/applications/acme/assignments/remove", "unassign"),
    ("/applications/acme/import", "/applications/acme/import", "dry-run"),
];

async fn site(seed: u64) -> Site {
    let site = Site::start(3, seed, "").await;
    site.person("Ada");
    site.assign("Ada", &[("profile", "Customer Community User")]);
    site.submit("/applications/acme/push", &[("push", "yes")]).await;
    site.settled("/applications/acme/push").await.says("1 went well");
    site.submit("/applications/acme/assignments/list-choices", &[("person", "Ada")]).await;
    site
}

#[tokio::test]
async fn a_form_without_its_token_or_too_large_changes_nothing() {
    let site = site(871).await;
    let before = site.world.audited();
    let long = "x".repeat(1 << 20);
    for (page, action, button) in FORMS {
        let fields = sent_by_default(&site.get(page).await, action);
        let with = |token: &str, extra: &str| {
            let mut all: Vec<(String, String)> =
                fields.iter().filter(|(name, _)| name != "form-token").cloned().collect();
            all.push(("form-token".to_owned(), token.to_owned()));
            all.push((button.to_owned(), "yes".to_owned()));
            all.push(("extra".to_owned(), extra.to_owned()));
            all
        };
        let token = site.browser.token().await;
        for (sent, status) in [(with("", ""), 403), (with("AAAA", ""), 403), (with(&token, &long), 413)] {
            let sent: Vec<(&str, &str)> = sent.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            site.browser.post_raw(action, &sent).await.expect(status);
        }
    }
    assert_eq!(site.world.audited(), before);
}

#[tokio::test]
async fn no_form_runs_or_breaks_on_what_it_is_fed() {
    let site = site(872).await;
    for (page, action, button) in FORMS {
        let fields = sent_by_default(&site.get(page).await, action);
        let names: Vec<String> =
            fields.iter().map(|(name, _)| name.clone()).filter(|name| name != "form-token").collect();
        for name in names {
            for text in TEXTS {
                let sent = fields
                    .iter()
                    .map(|(have, value)| (have.as_str(), if *have == name { text } else { value.as_str() }));
                let mut sent: Vec<(&str, &str)> = sent.collect();
                // What is looked at is enough; saving is fed by the tests of each page.
                sent.push((
                    if button == "save" && action.ends_with("assignments/edit") { "fit" } else { button },
                    "yes",
                ));
                let answer = site.browser.post_raw(action, &sent).await;
                assert!(
                    matches!(answer.status, 200 | 303 | 400 | 404 | 409 | 422),
                    "{action} {name} {text:?}: {answer:?}"
                );
                answer.hides("<script>alert").hides("<img src=x").hides("root:x:0");
            }
        }
    }
    for path in
        ["/people", "/audit", "/applications/acme/assignments", "/applications/acme/tasks", "/applications/acme/push"]
    {
        site.get(path).await.hides("<script>alert").hides("<img src=x");
    }
}

#[tokio::test]
async fn what_names_no_record_of_the_application_changes_nothing() {
    let site = site(873).await;
    site.world.add("other");
    let before = site.world.audited();
    let long = "x".repeat(1 << 20);
    for (action, fields, button) in NAMING {
        for field in fields {
            for text in TEXTS {
                // By itself, as the button of a row sends it; beside the button that takes a filter; and to another application.
                let sent = [(*field, text)];
                let answer = site.browser.post(action, &sent).await;
                assert!(matches!(answer.status, 400 | 404 | 422), "{action} {field} {text:?}: {answer:?}");
                answer.hides("<script>alert").hides("<img src=x").hides("root:x:0");
                let elsewhere = action.replace("acme", "other");
                let answer = site.browser.post(&elsewhere, &sent).await;
                assert!(matches!(answer.status, 400 | 404 | 422), "{elsewhere} {field} {text:?}: {answer:?}");
            }
            site.browser.post(action, &[(*field, &long)]).await.expect(413);
        }
        site.browser.post_raw(action, &[("form-token", "AAAA"), (button, "yes")]).await.expect(403);
    }
    assert_eq!(site.world.audited(), before);
}
