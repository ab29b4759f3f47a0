//! What a component does with secrets is approved before it is run, and secrets don't move by themselves.

use serde_json::json;

use crate::directory::{done, fails, fixture};
use crate::support::Fixture;

/// The embedded connector with another text in the place of one of the same length.
pub(super) fn patched(fixture: &Fixture, name: &str, from: &str, to: &str) {
    assert_eq!(from.len(), to.len());
    let mut component = host_harness::embedded::CONNECTOR.to_vec();
    let places: Vec<usize> =
        (0..component.len() - from.len()).filter(|at| component[*at..].starts_with(from.as_bytes())).collect();
    assert!(!places.is_empty(), "{from}");
    for at in places {
        component[at..at + to.len()].copy_from_slice(to.as_bytes());
    }
    std::fs::write(fixture.path(name), component).unwrap();
}

/// One whose session goes to every path of the instance host, and not below the API's root alone.
pub(super) fn grown(fixture: &Fixture) {
    patched(fixture, "grown.wasm", "/services/data/**", "/services/*/*/*/*");
}

/// A tenant of a real organization that runs a component file.
fn add(fixture: &Fixture, name: &str, component: &str) {
    fixture.write("secret", "hunter2-hunter2");
    let path = fixture.path(component);
    let set = [
        format!("component={}", path.display()),
        "settings.instance-type=production".to_owned(),
        "settings.username=api@acme.example".to_owned(),
        "settings.organization-id=00D000000000001EAA".to_owned(),
        "settings.portal-id=060000000000001AAA".to_owned(),
        "settings.account-id=001000000000001AAA".to_owned(),
    ];
    let mut arguments = vec!["tenant", "add", name, "--secret", "password=file:secret"];
    arguments.extend(set.iter().flat_map(|set| ["--set", set]));
    done(fixture, &arguments);
}

#[test]
fn the_connector_that_is_built_in_says_what_it_does_and_asks_nobody() {
    let fixture = fixture(5, 91);
    let uses = done(&fixture, &["component", "uses"]);
    assert_eq!(uses["approved"], true);
    let sentences: Vec<&str> = uses["uses"].as_array().unwrap().iter().map(|one| one.as_str().unwrap()).collect();
    let soap = sentences.iter().find(|sentence| sentence.contains("/services/Soap/u/*")).unwrap();
    for part in ["Admin password", "Security token", "login.salesforce.com", "POST", "keeps the session of the answer"]
    {
        assert!(soap.contains(part), "{part}: {soap}");
    }
    assert!(sentences.iter().any(|sentence| sentence.contains("for that user alone")), "{sentences:?}");
    done(&fixture, &["test-credentials", "acme"]);
    assert_eq!(done(&fixture, &["component", "list"]), json!([]));
    // Whoever only asks leaves nothing behind.
    for asks in ["uses", "list"] {
        assert_eq!(fixture.run(&["component", asks, "--data", "elsewhere"]).code, 0);
    }
    assert!(!fixture.path("elsewhere").exists());
}

#[test]
fn a_component_that_grew_a_use_stops_until_it_is_approved() {
    let fixture = fixture(5, 92);
    grown(&fixture);
    add(&fixture, "real", "grown.wasm");
    for command in [&["import", "real"][..], &["test-credentials", "real"]] {
        let said = fails(&fixture, command, 2);
        for part in ["nobody has approved", "/services/*/*/*/*", "component approve --tenant real"] {
            assert!(said.contains(part), "{part}: {said}");
        }
        assert!(!said.contains("Admin password (in the XML"), "only what is new is reported: {said}");
    }
    let uses = fixture.run(&["component", "uses", "--tenant", "real", "--data", "data"]).stdout;
    assert!(uses.contains("Nobody has approved this yet"), "{uses}");
    let approved = done(&fixture, &["component", "approve", "--tenant", "real"]);
    assert_eq!(approved["approved"], true);
    // It goes further now, and fails because the organization can't be reached.
    let said = fails(&fixture, &["test-credentials", "real"], 3);
    assert!(said.contains("login.salesforce.com") && !said.contains("approved"), "{said}");
    let audit = done(&fixture, &["audit"]);
    let row = audit.as_array().unwrap().iter().find(|row| row["action"] == "component.approve").unwrap().clone();
    assert_eq!(row["new"]["sha256"], approved["sha256"]);
    // One approval is for all tenants.
    add(&fixture, "second", "grown.wasm");
    fails(&fixture, &["test-credentials", "second"], 3);

    let digest = approved["sha256"].as_str().unwrap();
    assert_eq!(done(&fixture, &["component", "list"])[0]["sha256"], digest);
    done(&fixture, &["component", "take-back", digest]);
    assert!(fails(&fixture, &["import", "real"], 2).contains("nobody has approved"));
    assert!(fails(&fixture, &["component", "take-back", digest], 2).contains("component list"));
}

#[test]
fn a_component_that_declares_no_more_is_approved_by_what_was() {
    let fixture = fixture(5, 93);
    // A word of a help text.
    patched(&fixture, "newer.wasm", "Choose my-domain for", "Select my-domain for");
    add(&fixture, "real", "newer.wasm");
    let said = fails(&fixture, &["test-credentials", "real"], 3);
    assert!(said.contains("login.salesforce.com"), "{said}");
    let audit = done(&fixture, &["audit"]);
    let row = audit.as_array().unwrap().iter().find(|row| row["action"] == "component.approve").unwrap().clone();
    assert_eq!(
        (row["actor"].as_str(), row["result"].as_str()),
        (Some("host"), Some("it declares no more than an approved component"))
    );
}

#[test]
fn in_a_tenants_file_the_pin_is_the_approval() {
    let fixture = Fixture::new(5, 94);
    grown(&fixture);
    // This machine alone is reached: a printed line, and on it goes.
    fixture
        .edit_tenants("[tenants.acme.settings]", "[tenants.acme]\ncomponent = \"grown.wasm\"\n[tenants.acme.settings]");
    let run = fixture.run(&["test-credentials", "acme"]);
    assert!(run.stderr.contains("reaches this machine alone"), "{run:?}");
    let elsewhere = fixture
        .tenants()
        .replace(&fixture.loopback(), "allow = [\"login.salesforce.com\"]")
        .replace("[tenants.acme.settings]", "[tenants.acme]\ncomponent = \"grown.wasm\"\n[tenants.acme.settings]");
    fixture.write_tenants(&elsewhere);
    let run = fixture.run(&["test-credentials", "acme"]);
    assert_eq!(run.code, 2, "{run:?}");
    let (_, rest) = run.stderr.split_once("sha256 = \"").unwrap_or_else(|| panic!("{run:?}"));
    let digest = rest.split('"').next().unwrap();
    fixture.write_tenants(&elsewhere.replace("component =", &format!("sha256 = \"{digest}\"\ncomponent =")));
    let run = fixture.run(&["test-credentials", "acme"]);
    assert!(!run.stderr.contains("approved") && run.code != 2, "{run:?}");
}

#[test]
fn the_hosts_of_the_settings_are_listed_and_a_secret_that_moves_is_entered_again() {
    let fixture = fixture(5, 95);
    grown(&fixture);
    add(&fixture, "real", "grown.wasm");
    let allowed = |name: &str| {
        let exported = fixture.run(&["tenant", "export", name, "--data", "data"]).stdout;
        exported.lines().find(|line| line.starts_with("allow")).unwrap_or_default().to_owned()
    };
    assert_eq!(allowed("real"), "allow = [\"login.salesforce.com\"]");
    let moving = ["tenant", "edit", "real", "--set", "settings.instance-type=sandbox"];
    let said = fails(&fixture, &moving, 2);
    assert!(said.contains("password") && said.contains("--secret password=stdin"), "{said}");
    assert_eq!(allowed("real"), "allow = [\"login.salesforce.com\"]");
    done(&fixture, &[&moving[..], &["--secret", "password=file:secret"]].concat());
    assert_eq!(allowed("real"), "allow = [\"test.salesforce.com\"]");
    // What an admin has listed beside the settings' own stays.
    done(
        &fixture,
        &["tenant", "edit", "real", "--set", "egress.allow=[\"test.salesforce.com\", \"acme.my.salesforce.com\"]"],
    );
    let own = "settings.my-domain=https://acme.my.salesforce.com/lightning";
    let back = ["tenant", "edit", "real", "--set", "settings.instance-type=my-domain", "--set", own];
    done(&fixture, &[&back[..], &["--secret", "password=file:secret"]].concat());
    assert_eq!(allowed("real"), "allow = [\"acme.my.salesforce.com\"]");
}
