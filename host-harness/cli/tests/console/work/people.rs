//! People: added, edited, linked, unlinked, and given a password that nobody sees again.

use super::site::{Read as _, Site};
use crate::support::sent_by_default;

#[tokio::test]
async fn a_person_is_added_edited_assigned_and_given_a_password() {
    let site = Site::start(10, 851, "").await;
    let fields = [
        ("key", "E/1 ä"),
        ("username", "ada@lighthouse.example"),
        ("attribute-givenName", "Ada"),
        ("attribute-familyName", "King"),
        ("attribute-email", "ada@lighthouse.example"),
        ("more", "costCenter=7\r\nbuilding=North = 2"),
    ];
    let page = site.submit("/add-person", &fields).await.says("E/1 ä was added").says("costCenter 7");
    let page = page.says("North = 2");
    assert!(page.text.contains("href=\"/people/E%2F1%20%C3%A4/edit\""), "{page:?}");
    site.browser.post("/add-person", &fields).await.expect(422).says("already").says("Nothing was saved");
    let path = "/people/E%2F1%20%C3%A4";
    site.assign("E/1 ä", &[("profile", "Customer Community User")]);
    site.submit("/applications/acme/push", &[("push", "yes")]).await;
    site.settled("/applications/acme/push").await.says("1 went well");
    let page = site.get(path).await.says("not imported yet").says("Customer Community User");
    assert!(page.text.contains("person.add"));

    // An edit comes back to the person, and goes to the application.
    let edit = format!("{path}/edit");
    let mut sent = sent_by_default(&site.get(&edit).await, &edit);
    for (name, value) in &mut sent {
        if name == "attribute-title" {
            "Countess".clone_into(value);
        }
        if name == "attribute-costCenter" {
            value.clear();
        }
    }
    let sent: Vec<(&str, &str)> = sent.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let answer = site.browser.post_raw(&edit, &sent).await.expect(303);
    site.get(answer.location()).await.says("One task waits for the next push").hides("costCenter</th>");
    // Nothing is lost on a bad form, and the error leads to its field.
    let bad = [("username", ""), ("status", "active"), ("attribute-title", "Duchess"), ("more", "no value")];
    let page = site.browser.post(&edit, &bad).await.expect(422).says("write each line as name=value");
    assert!(page.text.contains("value=\"Duchess\"") && page.text.contains("href=\"#field-username\""), "{page:?}");

    let password = "Lantern-4711-harbour";
    site.get(&format!("{path}/password")).await.says("in acme, where Sync Password is on");
    let page = site.submit(&format!("{path}/password"), &[("password", password)]).await;
    page.says("is set with the next push").hides(password);
    let page = site.browser.post(&format!("{path}/password"), &[("password", "a\u{7}b")]).await.expect(422);
    assert!(page.text.contains("autocomplete=\"new-password\"") && !page.text.contains("a\u{7}b"));
    site.submit("/applications/acme/push", &[("push", "yes")]).await;
    site.settled("/applications/acme/push").await.says("password set").hides(password);
    assert!(site.emulator.check_password("ada@lighthouse.example", password));
    let title = site.query("SELECT Title FROM User WHERE Username = 'ada@lighthouse.example'");
    assert_eq!(title[0]["Title"], "Countess");

    site.get(&format!("{path}/unlink/acme")).await.says("Both stay as they are");
    site.submit(&format!("{path}/unlink/acme"), &[("unlink", "yes")]).await.says("are linked no longer");
    site.browser.get(&format!("{path}/unlink/acme")).await.expect(404);
    site.get("/audit?person=E%2F1+%C3%A4").await.says("link.remove").hides(password);
}

#[tokio::test]
async fn what_comes_from_an_application_is_shown_and_not_edited() {
    let site = Site::start(12, 852, "[tenants.acme.to-idp.mastering]\nprofile = true\nlifecycle = true\n").await;
    site.submit("/applications/acme/import", &[("changes", "yes")]).await;
    site.settled("/applications/acme/import").await.says("people made");
    let people = site.directory().read(|view| view.people(&provisioning_directory::PersonFilter::default()));
    let person = people.unwrap().remove(0);
    let path = format!("/people/{}", person.key.replace(':', "%3A"));
    site.get(&path).await.says("acme, so it is changed there").says("The status comes from acme");
    let page = site.get(&format!("{path}/edit")).await.says("It comes from acme and is changed there.");
    assert!(page.field("field-status").contains("disabled"), "{page:?}");
    // Sent all the same, it stays as it is.
    let forced = [("username", "other@x.example"), ("status", "deactivated"), ("attribute-familyName", "Other")];
    site.browser.post(&format!("{path}/edit"), &forced).await.expect(303);
    assert_eq!(site.directory().read(|view| view.person(&person.key)).unwrap(), person);
}

#[tokio::test]
async fn addresses_of_nobody_are_told() {
    let site = Site::start(1, 853, "").await;
    for path in [
        "/people/nobody",
        "/people/..%2F..%2Fetc%2Fpasswd",
        "/people/%3Cscript%3Ealert(1)%3C%2Fscript%3E/edit",
        "/people/x/password",
        "/people/x/unlink/acme",
        "/people/x/unlink/other",
    ] {
        site.browser.get(path).await.expect(404).hides("<script>alert");
    }
    site.browser.get("/people/%FF%FE").await.expect(400);
}
