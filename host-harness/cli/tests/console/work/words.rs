//! The application's own words on the pages, and what each action says at its end.

use salesforce_emulator::ValidationRule;

use super::site::{Read as _, Site};

const TASKS: &str = "/applications/acme/tasks";
const PUSH: &str = "/applications/acme/push";
const EDIT: &str = "/applications/acme/assignments/edit";
const PROFILE: (&str, &str) = ("profile", "Customer Community User");
const RULE: &str = "Nachnamen <b>sind</b> anders.";

/// Has the org refuse contacts whose e-mail address begins so, in words of its own.
fn refuse(site: &Site, pattern: &str) {
    let pattern = pattern.to_owned();
    site.emulator.set_switches(|switches| {
        switches.validation_rules.push(ValidationRule {
            object: "Contact".to_owned(),
            field: "Email".to_owned(),
            refuses: pattern,
            message: RULE.to_owned(),
            at_field: true,
        });
    });
}

#[tokio::test]
async fn a_rule_of_the_organizations_own_is_told_in_its_words_on_every_page() {
    let site = Site::start(5, 851, "").await;
    refuse(&site, "ada@*");
    site.person("Ada");
    site.assign("Ada", &[PROFILE]);
    site.submit(PUSH, &[("push", "yes")]).await;
    let page = site.settled(PUSH).await.says("0 went well, 1 failed").says("1 needs an admin (rejected-by-rule)");
    let journal = site.emulator.journal();
    let refused = journal.iter().rev().find(|entry| entry.path.ends_with("/composite/sobjects")).unwrap();
    let id = &refused.request_id;
    let said = format!("The application said: FIELD_CUSTOM_VALIDATION_EXCEPTION: {RULE} [Email] (request {id})");
    page.says(&said).hides("<b>sind</b>");
    for path in [TASKS, "/applications/acme/audit", "/audit", "/people/Ada", "/applications/acme/assignments"] {
        site.get(path).await.says(&said).hides("<b>sind</b>");
    }
    site.get(&format!("{TASKS}?q=nachnamen")).await.says(&said);
}

#[tokio::test]
async fn what_the_application_said_of_a_whole_job_is_told_with_it() {
    let site = Site::start(5, 852, "").await;
    site.person("Ada");
    site.assign("Ada", &[PROFILE]);
    site.emulator.set_switches(|switches| switches.api_enabled = false);
    site.submit(PUSH, &[("push", "yes")]).await;
    site.settled(PUSH).await.says("The application said: ").says("API_DISABLED_FOR_ORG").says("permission-denied");
    site.get(&format!("{TASKS}?state=waiting")).await.says("Ada");
    // The page of a job shows how that ended; the others, and one of another process, what the directory knows of the last.
    let page = site.get("/applications/acme/import").await.says("The last job could not do its work");
    page.says("The application said: ").says("API_DISABLED_FOR_ORG").says("Kind: permission-denied");
    site.get("/applications").await.says("Last job failed");
    site.emulator.set_switches(|switches| switches.api_enabled = true);
    site.submit(PUSH, &[("push", "yes")]).await;
    site.settled(PUSH).await.says("1 went well, 0 failed");
    site.get("/applications/acme/import").await.hides("The last job could not");
    site.get("/applications").await.hides("Last job failed");
}

#[tokio::test]
async fn a_plan_that_cannot_all_be_done_does_not_pass() {
    let site = Site::start(5, 853, "[tenants.acme.to-app]\napproval = true\n").await;
    for key in ["Ada", "Bo", "Cy"] {
        site.person(key);
        let profile = if key == "Ada" { PROFILE } else { ("profile", "No Such Profile") };
        site.assign(key, &[profile]);
    }
    site.submit(PUSH, &[("plan", "yes")]).await;
    let page = site.settled(PUSH).await.says("Not all went well.").says("Plan 1 was made; nothing was written.");
    page.says("1 went well, 2 failed").says("2 wait (invalid-value), such as:").says("cannot be planned");
    site.submit(PUSH, &[("apply", "yes"), ("plan-number", "1")]).await;
    let page = site.settled(PUSH).await.says("Not all went well.").says("1 went well, 2 failed");
    page.says("2 tasks wait, 0 need an admin").says("2 wait (invalid-value), such as:").says("needs another plan");
    site.get(&format!("{TASKS}?state=waiting&error=invalid-value")).await.says("No Such Profile").says("Bo").says("Cy");
}

#[tokio::test]
async fn a_bulk_assignment_pushes_after_saving_and_says_what_came_of_it() {
    let site = Site::start(5, 854, "").await;
    refuse(&site, "crew3@*");
    for n in 0..5 {
        site.person(&format!("Crew{n}"));
    }
    site.submit("/applications/acme/assignments/list-choices", &[("all", "yes"), ("q", "crew")]).await;
    let page = site.get(&format!("{EDIT}?all=yes&q=crew")).await;
    let (profile, ..) = page.choice("field-grant-profile", "Customer Community User");
    let fields = [("all", "yes"), ("q", "crew"), ("grant-profile", profile.as_str()), ("save", "yes")];
    // Without the box only the assignments are made, and the page says so.
    site.submit(EDIT, &fields).await;
    let page = site.settled("/applications/acme/assignments").await;
    page.says("5 people were assigned. 5 tasks wait for the next push.");
    assert_eq!(site.count("User WHERE Username LIKE 'crew%'"), 0);
    for n in 5..8 {
        site.person(&format!("Crew{n}"));
    }
    site.submit(EDIT, &[&fields[..], &[("push", "true")]].concat()).await;
    let page = site.settled(PUSH).await.says("3 people were assigned.").says("7 went well, 1 failed");
    page.says("Not all went well.").says("1 needs an admin (rejected-by-rule)");
    assert_eq!(site.count("User WHERE Username LIKE 'crew%'"), 7);
}
