//! Pushes that are approved: planned, looked at field by field, applied or given up.

use super::site::{Read as _, Site};

const PUSH: &str = "/applications/acme/push";

#[tokio::test]
async fn a_plan_is_looked_at_field_by_field_and_applied_or_given_up() {
    let site = Site::start(10, 841, "[tenants.acme.to-app]\napproval = true\n").await;
    site.person("Ada");
    site.assign("Ada", &[("profile", "Customer Community User")]);
    let page = site.get(PUSH).await.says("wants pushes approved").says("Make or bring up to date: 1");
    let page = page.hides("name=\"push\"");
    assert!(page.text.contains("name=\"plan\""));
    site.submit(PUSH, &[("push", "yes")]).await;
    site.settled(PUSH).await.says("Pushes are approved first");

    site.submit(PUSH, &[("plan", "yes")]).await;
    let page = site.settled(PUSH).await.says("Plan 1 waits for approval").says("Contact LastName (empty) Tester");
    let page = page.says("created");
    assert_eq!(site.count("User WHERE Username = 'ada@lighthouse.example'"), 0);
    drop(page);
    site.submit(PUSH, &[("discard", "yes"), ("plan-number", "1")]).await.says("Plan 1 was given up");
    site.browser.post(PUSH, &[("discard", "yes"), ("plan-number", "1")]).await.expect(400).says("no longer open");
    site.submit(PUSH, &[("apply", "yes"), ("plan-number", "1")]).await;
    site.settled(PUSH).await.says("was given up or has a later one in its place");
    assert_eq!(site.count("User WHERE Username = 'ada@lighthouse.example'"), 0);

    site.submit(PUSH, &[("plan", "yes")]).await;
    site.settled(PUSH).await.says("Plan 2 waits for approval");
    site.submit(PUSH, &[("apply", "yes"), ("plan-number", "2")]).await;
    site.settled(PUSH).await.says("1 went well, 0 failed").says("applied");
    assert_eq!(site.count("User WHERE Username = 'ada@lighthouse.example'"), 1);
    for plan in ["", "x", "9999", "<script>alert(1)</script>"] {
        let page = site.browser.post(PUSH, &[("discard", "yes"), ("plan-number", plan)]).await;
        assert!(matches!(page.status, 400 | 404), "{page:?}");
        page.hides("<script>alert");
    }
    site.browser.post(PUSH, &[]).await.expect(400);
}
