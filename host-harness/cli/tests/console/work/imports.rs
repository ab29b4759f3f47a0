//! Imports: run, watched, confirmed, stopped by the safeguard, accepted and given up.

use provisioning_directory::sync::Applications as _;
use provisioning_directory::{NewPerson, QueueFilter, QueueReason};
use provisioning_runtime::wit::{Deactivation, PushMode};

use super::site::{Read as _, Site};
use crate::support::applications;

const IMPORT: &str = "/applications/acme/import";
const MATCHES: &str = "/applications/acme/import/matches";

/// Users wait for an admin, whatever they match.
const ASK: &str = "[tenants.acme.to-idp.matching]\nauto-confirm = false\nauto-create = false\n";

/// Somebody in the org takes everybody out of use.
async fn take_out_of_use(site: &Site) {
    let tenant = site.tenant();
    let mut whose = site.directory().read(|view| view.runtime_tenant(&tenant)).unwrap();
    let applications = applications(&site.world.folder);
    let declared = applications.declared(&tenant.config.component()).await.unwrap();
    whose.approval = Some(provisioning_directory::sync::approval(site.directory(), &whose, &declared).unwrap().0);
    let mut job = applications.connect(&whose, &tenant.config.component()).await.unwrap();
    let ids: Vec<String> = users(site).into_iter().map(|[id, ..]| id).collect();
    let done = job.deactivate_users(&ids, Deactivation::Deactivate, &PushMode::Apply).await.unwrap();
    assert!(done.iter().all(Result::is_ok), "{done:?}");
}

/// The users of the org that can sign in: id, username, e-mail, first and last name.
fn users(site: &Site) -> Vec<[String; 5]> {
    let found = site.query(
        "SELECT Id, Username, Email, FirstName, LastName FROM User WHERE ContactId != null AND IsActive = true ORDER BY Id",
    );
    let text = |row: &serde_json::Value, name: &str| row[name].as_str().unwrap_or_default().to_owned();
    found.iter().map(|row| ["Id", "Username", "Email", "FirstName", "LastName"].map(|name| text(row, name))).collect()
}

#[tokio::test]
async fn some_hundred_are_imported_and_confirmed_singly_and_all() {
    let site = Site::start(300, 821, ASK).await;
    let users = users(&site);
    let tenant = site.tenant();
    // Forty are known by username, one by name only.
    for (n, user) in users.iter().take(40).enumerate() {
        site.write(|change| change.add_person(&NewPerson::new(format!("E{n:03}"), &user[1])));
    }
    let similar = &users[40];
    let new = NewPerson::new("Namesake", "namesake@lighthouse.example")
        .with("givenName", similar[3].as_str())
        .with("familyName", similar[4].as_str());
    site.write(|change| change.add_person(&new));

    site.get(IMPORT).await.says("Nothing has been imported yet");
    site.submit(IMPORT, &[("dry-run", "yes")]).await;
    site.settled(IMPORT).await.says("Nothing was changed. Would be:").says("Nothing has been imported yet");
    site.submit(IMPORT, &[("changes", "yes")]).await;
    let page = site.settled(IMPORT).await.says("users wait to be confirmed").says("everybody");
    assert!(page.text.contains("class=\"tag good\">done"), "{page:?}");

    site.get(&format!("{MATCHES}?reason=matched"))
        .await
        .says("exact")
        .says("E000")
        .hides("reason=matched&amp;after=\"");
    let page = site.get(&format!("{MATCHES}?reason=similar")).await.says("partial").says("Namesake");
    assert!(page.text.contains("name=\"link\""));
    assert!(page.text.contains("aria-label=\"Select "), "each user can be selected");
    let waiting = site.directory().read(|view| view.count_queue(tenant.id)).unwrap();
    assert!(waiting > 200, "{waiting}");
    // One to the person that its name proposes, one made, one left alone, one linked to a person that is named.
    let link = format!("{} Namesake", similar[0]);
    site.submit(MATCHES, &[("link", &link)]).await.says("is the person Namesake now");
    let strangers = site.directory().read(|view| {
        let filter = QueueFilter { reason: Some(QueueReason::Nobody), limit: Some(3), ..QueueFilter::default() };
        view.queue(tenant.id, &filter)
    });
    let strangers: Vec<String> = strangers.unwrap().into_iter().map(|queued| queued.user.remote_id).collect();
    site.submit(MATCHES, &[("user", &strangers[0]), ("selected", "make")]).await.says("is the person acme:");
    site.submit(MATCHES, &[("user", &strangers[1]), ("selected", "ignore")]).await.says("is left alone");
    site.person("Chosen");
    site.submit(MATCHES, &[("user", &strangers[2]), ("selected", "choose"), ("person", "Chosen")])
        .await
        .says("is the person Chosen now");

    // All that are clear, of those that a search finds: one.
    let before = site.directory().read(|view| view.count_links(tenant.id)).unwrap();
    site.submit(MATCHES, &[("q", &users[0][1]), ("confirm-all", "yes"), ("sure", "yes")]).await;
    site.settled(MATCHES).await.says("1 users were linked and 0 people made");
    assert_eq!(site.directory().read(|view| view.count_links(tenant.id)).unwrap(), before + 1);
    // And then all.
    site.submit(MATCHES, &[("confirm-and-make-all", "yes"), ("sure", "yes")]).await;
    site.settled(MATCHES).await.says("39 users were linked");
    let links = site.directory().read(|view| view.count_links(tenant.id)).unwrap();
    assert_eq!(links, waiting - 1, "all but the one that is left alone");
    site.get(IMPORT).await.says("No user waits to be confirmed").says("1 left alone");
    // Only changes are read from now on.
    site.submit(IMPORT, &[("changes", "yes")]).await;
    site.settled(IMPORT).await.says("0 users read");
}

#[tokio::test]
async fn what_the_safeguard_stops_is_shown_accepted_and_given_up() {
    let site = Site::start(40, 822, "").await;
    site.submit(IMPORT, &[("full", "yes")]).await;
    site.settled(IMPORT).await.says("people made");
    let tenant = site.tenant();
    let links = site.directory().read(|view| view.count_links(tenant.id)).unwrap();
    take_out_of_use(&site).await;
    site.submit(IMPORT, &[("full", "yes")]).await;
    let page = site.settled(IMPORT).await.says("The safeguard has stopped an import").says("What to do:");
    assert!(page.words().contains("halted"));
    let page = site.get("/applications/acme/tasks").await.says("Decide on the Import page");
    let page = page.says("“Accept” on the Import page lets it take effect");
    assert!(!page.text.contains("--accept"), "{page:?}");
    assert_eq!(site.directory().read(|view| view.count_links(tenant.id)).unwrap(), links, "nothing took effect");
    site.submit(IMPORT, &[("discard", "yes")]).await.says("was given up");
    site.submit(IMPORT, &[("full", "yes")]).await;
    site.settled(IMPORT).await.says("The safeguard has stopped an import");
    site.submit(IMPORT, &[("accept", "yes")]).await;
    let page = site.settled(IMPORT).await.says("deactivated");
    assert!(!page.text.contains("id=\"halted\""), "{page:?}");
    site.browser.post(IMPORT, &[("discard", "yes")]).await.expect(400).says("no import of acme is under way");
}

#[tokio::test]
async fn imports_that_cannot_run_say_why() {
    let site =
        Site::start(3, 823, "[tenants.acme.to-idp]\nimport-new-users = false\nimport-profile-updates = false\n").await;
    site.get(IMPORT).await.says("are both off");
    site.submit(IMPORT, &[("changes", "yes")]).await;
    site.settled(IMPORT).await.says("Import New Users is off").says("A feature is off");
    site.browser.post(IMPORT, &[]).await.expect(400);
    // Another process is at it.
    let lock = site.directory().lock_tenant(&site.tenant()).unwrap();
    site.submit("/applications/acme/push", &[("push", "yes")]).await;
    site.settled("/applications/acme/push").await.says("another process is working for tenant acme");
    drop(lock);
}
