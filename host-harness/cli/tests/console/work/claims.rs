//! Users of which a push could not tell whose they are: shown with what speaks for and against, and decided.

use provisioning_directory::sync::{intents, remove_person};
use provisioning_directory::{ClaimFilter, NewPerson, PersonEdit};

use super::site::{Read as _, Site};
use crate::support::Page;

const MATCHES: &str = "/applications/acme/import/matches";
const IMPORT: &str = "/applications/acme/import";
const TASKS: &str = "/applications/acme/tasks";
const PUSH: &str = "/applications/acme/push";
const PROFILE: (&str, &str) = ("profile", "Customer Community User");

/// A name that would be script where it is not escaped.
const HOSTILE: &str = "<script>alert(1)</script>";

async fn push(site: &Site) -> Page {
    site.submit(PUSH, &[("push", "yes")]).await;
    site.settled(PUSH).await
}

/// Makes users of these people and removes the people, and adds others with the same usernames, whose pushes cannot tell.
async fn recycle(site: &Site, names: &[&str], others: &[&str]) {
    for name in names {
        site.person(name);
        site.assign(name, &[PROFILE]);
    }
    push(site).await.says("0 failed");
    for name in names {
        let tenant = site.tenant();
        site.write(|change| intents::unassign(change, &tenant, &change.person(name)?));
    }
    push(site).await.says("0 failed");
    for (name, other) in names.iter().zip(others) {
        site.write(|change| remove_person(change, name, false));
        let username = format!("{}@lighthouse.example", name.to_lowercase());
        let new = NewPerson::new(*other, &username)
            .with("givenName", "New")
            .with("familyName", "Owner")
            .with("email", username.as_str());
        site.write(|change| change.add_person(&new));
        site.assign(other, &[PROFILE]);
    }
    push(site).await.says("need").says("ambiguous-match");
}

fn claimed(site: &Site) -> Vec<String> {
    let tenant = site.tenant();
    let claims = site.directory().read(|view| view.claims(tenant.id, &ClaimFilter::default())).unwrap();
    claims.into_iter().map(|claim| claim.remote_id).collect()
}

#[tokio::test]
async fn a_recycled_address_is_shown_with_what_speaks_against_and_decided() {
    let site = Site::start(5, 881, "").await;
    recycle(&site, &["Ada", "Bo"], &[HOSTILE, "E2"]).await;
    let ids = claimed(&site);
    assert_eq!(ids.len(), 2);
    for path in [IMPORT, MATCHES] {
        site.get(path).await.says("found by a push, which could not tell whose they are").hides(HOSTILE);
    }
    let page = site.get("/applications").await;
    let counts = ["0", "2", "0"].map(|count| format!("<td class=\"number\">{count}</td>")).concat();
    assert!(page.text.contains(&counts), "links, users to confirm, waiting tasks: {page:?}");
    let page = site.get(MATCHES).await.says("What speaks against it").says("the username is the same");
    let page =
        page.says("it was the user of the person \"Ada\"").says("it was the user of the person \"Bo\"").says(HOSTILE);
    let page = page.hides(HOSTILE);
    assert_eq!((page.text.matches("name=\"link\"").count(), page.text.matches("name=\"ignore\"").count()), (2, 2));
    // The task leads there, to its person alone.
    let page = site.get(&format!("{TASKS}?q=e2")).await.says("Decide whose user it is");
    let page = page.says("“It is this user” under Matches to confirm");
    let link = format!("href=\"{MATCHES}?q=E2#claims\"");
    assert!(page.text.contains(&link), "{page:?}");
    let page = site.get(&format!("{MATCHES}?q=E2")).await;
    assert_eq!(page.text.matches("name=\"link\"").count(), 1);
    site.get(&format!("{MATCHES}?reason=matched")).await.hides("id=\"undecided\"");

    // Without the form's token nothing is decided, and neither is it in bulk.
    let bo = site.query("SELECT Id FROM User WHERE Username = 'bo@lighthouse.example'")[0]["Id"]
        .as_str()
        .unwrap()
        .to_owned();
    let pair = format!("{bo} E2");
    site.browser.post_raw(MATCHES, &[("link", &pair)]).await.expect(403);
    site.submit(MATCHES, &[("confirm-and-make-all", "yes"), ("sure", "yes")]).await;
    site.settled(MATCHES).await.says("0 users were linked and 0 people made");
    assert_eq!(claimed(&site), ids);

    site.submit(MATCHES, &[("link", &pair)]).await.says("is the person E2 now").hides("bo@lighthouse.example");
    push(&site).await.says("0 failed");
    assert_eq!(
        site.count("User WHERE Username = 'bo@lighthouse.example' AND IsActive = true AND LastName = 'Owner'"),
        1
    );
    let other = claimed(&site).remove(0);
    let page = site.submit(MATCHES, &[("ignore", &other)]).await.says("stays as it is, and is not");
    page.hides("id=\"undecided\"").hides(HOSTILE).says("No user waits");
    assert_eq!(
        site.count("User WHERE Username = 'ada@lighthouse.example' AND IsActive = false AND LastName = 'Tester'"),
        1
    );
    site.get(&format!("{TASKS}?state=failed")).await.says("ambiguous-match").hides("Decide whose user it is");
}

#[tokio::test]
async fn an_import_says_of_a_recycled_address_what_speaks_for_and_against() {
    let site = Site::start(3, 884, "").await;
    recycle(&site, &["Ada"], &["E2"]).await;
    site.submit(IMPORT, &[("full", "yes")]).await;
    site.settled(IMPORT).await.says("with an uncertain match");
    let page = site.get(&format!("{MATCHES}?reason=ambiguous")).await;
    page.says("by username and email, but it was the user of the person Ada");
    // One decision settles what the import and the push have left.
    let user = claimed(&site).remove(0);
    site.submit(MATCHES, &[("link", &format!("{user} E2"))]).await.says("is the person E2 now").says("No user waits");
    assert!(claimed(&site).is_empty());
}

/// Adds people of one federation id, and assigns them.
fn share_federation_id(site: &Site, keys: &[String]) {
    for key in keys {
        site.person(key);
        let attributes = [("federationId".to_owned(), Some("F1".into()))].into();
        let edit = PersonEdit { attributes, ..PersonEdit::default() };
        site.write(|change| intents::edit_person(change, key, &edit));
        site.assign(key, &[PROFILE]);
    }
}

#[tokio::test]
async fn a_user_of_somebody_else_has_no_button_before_it_is_unlinked() {
    let site = Site::start(5, 882, "").await;
    for key in ["K1", "K2"] {
        share_federation_id(&site, &[key.to_owned()]);
        push(&site).await;
    }
    let page =
        site.get(MATCHES).await.says("It is linked to K1 . If it is not that person's, unlink the two there first.");
    let page = page.hides("name=\"link\"");
    assert!(page.text.contains("href=\"/people/K1\""), "{page:?}");
    let pair = format!("{} K2", claimed(&site)[0]);
    site.browser.post(MATCHES, &[("link", &pair)]).await.expect(400).says("is linked to the person K1 already");
    site.submit("/people/K1/unlink/acme", &[("unlink", "yes")]).await;
    let page = site.get(MATCHES).await.hides("It is linked to");
    assert!(page.text.contains("name=\"link\""), "{page:?}");
    site.submit(MATCHES, &[("link", &pair)]).await.says("is the person K2 now");
}

#[tokio::test]
async fn many_people_who_may_have_a_user_come_in_pages() {
    let site = Site::start(3, 883, "").await;
    share_federation_id(&site, &["K1".to_owned()]);
    push(&site).await.says("0 failed");
    share_federation_id(&site, &(0..53).map(|n| format!("New{n:02}")).collect::<Vec<_>>());
    push(&site).await.says("53 need an admin (ambiguous-match)");
    let page = site.get(MATCHES).await.says("1 found by a push").says("New49").hides("New50");
    let (before, _) = page.text.split_once("\" id=\"next-claims\"").unwrap_or_else(|| panic!("{page:?}"));
    let next = before.rsplit("href=\"").next().unwrap().replace("&#38;", "&");
    let page = site.get(next.split('#').next().unwrap()).await.says("New50").says("New52").hides("New49");
    assert!(page.text.contains("id=\"first-claims\"") && !page.text.contains("id=\"next-claims\""), "{page:?}");
}
