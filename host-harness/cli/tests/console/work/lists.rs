//! Lists: searched, filtered and paged by keys; usage as plots and tables.

use provisioning_directory::NewPerson;

use super::site::{Read as _, Site};

#[tokio::test]
async fn people_are_searched_and_paged() {
    let site = Site::start(1, 861, "").await;
    site.write(|change| {
        for n in 0..120 {
            change.add_person(&NewPerson::new(format!("E{n:03}"), format!("u{n}@x.example")))?;
        }
        change.add_person(&NewPerson::new("<script>alert(1)</script>", "'\"><img src=x>@x.example"))
    });
    let page = site.get("/people").await.hides("<script>alert").hides("<img src=x");
    assert!(page.text.contains("rel=\"next\""));
    let mut path = "/people?q=u".to_owned();
    let mut seen = 0;
    loop {
        let page = site.get(&path).await;
        seen += page.text.matches("@x.example</td>").count();
        let Some((before, _)) = page.text.split_once("\" id=\"next-page\"") else { break };
        path = before.rsplit("href=\"").next().unwrap().replace("&#38;", "&").replace("&amp;", "&");
    }
    assert_eq!(seen, 120);
    site.get("/people?q=E007").await.says("u7@x.example").hides("u8@x.example");
    site.get("/people?q=%25%27+OR+1%3D1+--").await.says("There is nobody like that");
    site.get("/people?status=suspended").await.says("There is nobody like that");
    for path in ["/people?status=x", "/people?q=a%00b", &format!("/people?q={}", "x".repeat(700))] {
        site.browser.get(path).await.expect(400);
    }
}

#[tokio::test]
async fn the_trail_is_filtered_by_whom_what_and_when() {
    let site = Site::start(1, 862, "").await;
    site.person("Ada");
    site.get("/audit").await.says("person.add").says("tenant.add").says("tester");
    site.get("/applications/acme/audit").await.says("tenant.add").hides("person.add");
    site.get("/audit?action=person").await.says("person.add").hides("tenant.add");
    site.get("/audit?actor=nobody").await.says("No row of the trail is like that");
    site.get("/audit?tenant=ACME&since=2020-01-01&until=2100-01-01").await.says("tenant.add");
    site.get("/audit?until=2020-01-01").await.says("No row of the trail is like that");
    for query in ["since=yesterday", "before=x", "until=2026-02-30", "since=%27%3B+DROP+TABLE+audit"] {
        site.browser.get(&format!("/audit?{query}")).await.expect(400);
    }
}

#[tokio::test]
async fn usage_is_plotted_and_stands_in_tables() {
    let site = Site::start(20, 863, "").await;
    const USAGE: &str = "/applications/acme/usage";
    site.get(USAGE).await.says("has not said yet").says("Nothing was asked");
    site.submit("/applications/acme/import", &[("changes", "yes")]).await;
    site.settled("/applications/acme/import").await;
    let page = site.get(USAGE).await.says("calls are left").says("import-users");
    for piece in [
        "<svg class=\"plot\"",
        "<rect class=\"series-0\"",
        "role=\"img\"",
        "<title id=\"calls-plot-title\">",
        "<circle",
        "id=\"usage-by-day\"",
    ] {
        assert!(page.text.contains(piece), "{piece}: {page:?}");
    }
    let page = page.hides("style=").hides("NaN").hides("inf\"");
    drop(page);
    site.get(&format!("{USAGE}?days=365")).await.says("365 days");
    site.browser.get(&format!("{USAGE}?days=366")).await.expect(400);
    // The list of applications has it at a glance.
    let tenant = site.tenant();
    let left = site.directory().read(|view| view.allowance(tenant.id)).unwrap().unwrap().left();
    site.get("/applications").await.says(&left.to_string());
}
