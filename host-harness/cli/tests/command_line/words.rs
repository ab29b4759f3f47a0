//! The application's own words, and who did what: they reach whoever runs a command.

use std::fmt::Write as _;

use salesforce_emulator::{Effect, ErrorBody, Fault, JournalEntry, ValidationRule, When};
use serde_json::{Value as Json, json};

use crate::directory::{PROFILE, done, fails, fixture, people, switch_on};
use crate::support::Fixture;

const RULE: &str = "Telefonnummern beginnen mit +.";

/// Has the org refuse phone numbers that begin with a zero, in words of its own.
fn refuse_phones(fixture: &Fixture) {
    fixture.emulator.set_switches(|switches| {
        switches.validation_rules.push(ValidationRule {
            object: "Contact".to_owned(),
            field: "Phone".to_owned(),
            refuses: "0*".to_owned(),
            message: RULE.to_owned(),
            at_field: true,
        });
    });
}

/// The id of the last request of a kind for records, as the org knows it.
fn request_id(fixture: &Fixture, of: impl Fn(&JournalEntry) -> bool) -> String {
    let journal = fixture.emulator.journal();
    let entry = journal.iter().rev().find(|entry| entry.path.ends_with("/composite/sobjects") && of(entry));
    entry.unwrap().request_id.clone()
}

/// A person with such a phone number, assigned, and a push that is refused over it.
fn refused(seed: u64) -> Fixture {
    let fixture = fixture(10, seed);
    switch_on(&fixture);
    refuse_phones(&fixture);
    let add = ["person", "add", "E1", "ada@new.example", "--set", "givenName=Ada", "--set", "familyName=King"];
    done(&fixture, &[&add[..], &["--set", "email=ada@new.example", "--set", "phoneNumber=030"]].concat());
    done(&fixture, &["assign", "acme", "E1", "--grant", PROFILE]);
    fixture
}

#[test]
fn a_rule_of_the_organizations_own_is_told_in_its_words_with_its_field() {
    let fixture = refused(81);
    let run = fixture.run(&["push", "acme", "--json", "--data", "data"]);
    let upstream = run.json()["results"][0]["error"]["upstream"].clone();
    assert_eq!((run.code, &upstream["message"], &upstream["fields"]), (1, &json!(RULE), &json!(["Phone"])), "{run:?}");
    assert_eq!(upstream["code"], "FIELD_CUSTOM_VALIDATION_EXCEPTION");
    assert_eq!(upstream["request_id"], json!(request_id(&fixture, |entry| entry.method == "POST")));
    assert_eq!(done(&fixture, &["tasks"])[0]["upstream"], upstream);
    assert_eq!(done(&fixture, &["audit", "--action", "user.push"])[0]["upstream"], upstream);
    let words = |text: &str| text.split_whitespace().filter(|word| *word != "│").collect::<Vec<_>>().join(" ");
    for command in ["tasks", "audit"] {
        let table = words(&fixture.run(&[command, "--data", "data"]).stdout);
        assert!(table.contains("the application said:") && table.contains("[Phone]"), "{command}: {table}");
    }
    done(&fixture, &["retry", "--all", "acme"]);
    let table = words(&fails(&fixture, &["push", "acme"], 1));
    assert!(table.contains("the application said:") && table.contains("[Phone]"), "{table}");
    assert!(table.contains("1 needs an admin (rejected-by-rule)"), "{table}");
}

#[test]
fn an_applications_words_cannot_steer_the_terminal() {
    let fixture = refused(87);
    let hostile = "No.\u{1b}[2J\u{1b}]0;owned\u{7}\r\u{9b}31m\u{202e}gone\n→ Pay Eve";
    fixture.emulator.set_switches(|switches| switches.validation_rules[0].message = hostile.to_owned());
    let push = fixture.run(&["push", "acme", "--data", "data"]);
    assert_eq!(push.code, 1, "{push:?}");
    let listed = ["tasks", "audit"].map(|command| fixture.run(&[command, "--data", "data"]));
    for run in [&push, &listed[0], &listed[1]] {
        let steers = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
        assert!(!run.stdout.contains(steers) && !run.stderr.contains(steers), "{run:?}");
        let text: String = run.stdout.split_whitespace().collect();
        assert!(text.contains("u{1b}[2J") && text.contains("Pay"), "{run:?}");
        let begins = |line: &str| line.rsplit("  ").any(|cell| cell.trim_start().starts_with("→ Pay"));
        assert!(!run.stdout.lines().any(begins), "{run:?}");
    }
    // Programs get the words as they are.
    let said = done(&fixture, &["tasks"])[0]["upstream"]["message"].clone();
    assert_eq!(said, json!(hostile));
}

#[test]
fn so_it_is_for_a_push_from_a_file() {
    let fixture = Fixture::new(10, 82);
    refuse_phones(&fixture);
    fixture.write(
        "people.csv",
        "username,givenName,familyName,email,phoneNumber\nada@new.example,Ada,King,ada@new.example,030\n",
    );
    let run = fixture.run(&["push", "acme", "people.csv", "--grant", PROFILE, "--json"]);
    let error = run.json()["results"][0]["error"].clone();
    assert_eq!((run.code, &error["upstream"]["message"]), (1, &json!(RULE)), "{run:?}");
    let table = fixture.run(&["push", "acme", "people.csv", "--grant", PROFILE]).stdout;
    assert!(table.contains("the application said:"), "{table}");
}

/// Switches the API of the org on or off.
fn api(fixture: &Fixture, on: bool) {
    fixture.emulator.set_switches(|switches| switches.api_enabled = on);
}

#[test]
fn an_organization_that_cannot_is_told_and_its_tasks_wait_for_the_cure() {
    let fixture = fixture(10, 83);
    switch_on(&fixture);
    // A sign-in that does not ask for the API by itself.
    fixture.write("secret", &fixture.org.client_secret);
    let client = format!("settings.client-id={}", fixture.org.client_id);
    let way = ["tenant", "edit", "acme", "--set", "settings.sign-in=client-credentials", "--set", &client];
    done(&fixture, &[&way[..], &["--secret", "client-secret=file:secret"]].concat());
    people(&fixture, "E1,ada@new.example,Ada,King,ada@new.example\n");
    done(&fixture, &["person", "import", "people.csv", "--assign", "acme", "--grant", PROFILE]);
    // The API is off, or its version is retired, from the sign-in on or only once the attributes are known.
    let gone = Effect::ServerError { status: 410, body: ErrorBody::Html, when: When::BeforeWork };
    let retired = |part: &str| Fault::new(gone.clone()).path(part).times(100);
    let cures: [(&str, u16, &dyn Fn()); 3] = [
        ("permission-denied", 403, &|| api(&fixture, false)),
        ("invalid-settings", 410, &|| _ = fixture.emulator.inject(retired("/services/data/*"))),
        ("invalid-settings", 410, &|| _ = fixture.emulator.inject(retired("*/query*"))),
    ];
    for (kind, status, break_it) in cures {
        break_it();
        let run = fixture.run(&["push", "acme", "--json", "--data", "data"]);
        let error = run.json()["error"].clone();
        assert_eq!((&error["kind"], &error["upstream"]["status"]), (&json!(kind), &json!(status)), "{run:?}");
        let last = fixture.emulator.journal().pop().unwrap().request_id;
        assert_eq!(error["upstream"]["request_id"], json!(last), "{run:?}");
        let told = run.stderr.contains("the application said:") && run.stderr.contains(&format!("(request {last})"));
        assert!(told, "{run:?}");
        let task = done(&fixture, &["tasks"])[0].clone();
        assert_eq!((&task["state"], &task["attempts"]), (&json!("waiting"), &json!(0)), "{task:#}");
        let failure = done(&fixture, &["tenant", "show", "acme"])["last_failure"].clone();
        assert_eq!((&failure["kind"], &failure["upstream"]["status"]), (&json!(kind), &json!(status)), "{failure}");
        api(&fixture, true);
        fixture.emulator.clear_faults();
    }
    assert_eq!(done(&fixture, &["push", "acme"])["summary"], json!({ "created": 1 }));
}

#[test]
fn commands_that_write_without_a_task_leave_audit_rows_too() {
    let fixture = fixture(20, 84);
    done(&fixture, &["import", "acme"]);
    let (id, _) = fixture.active_user();
    let person = fixture.emulator.query(&format!("SELECT IsActive FROM User WHERE Id = '{id}'")).unwrap();
    assert_eq!(person[0]["IsActive"], true);
    let rows =
        |action: &str| -> Vec<Json> { done(&fixture, &["audit", "--action", action]).as_array().unwrap().clone() };
    fixture.run(&["deactivate", "acme", &id, "--plan", "--data", "data"]);
    assert_eq!(rows("user"), Vec::<Json>::new(), "a plan writes nothing");

    fails(&fixture, &["deactivate", "acme", &id, "005000000000000AAA"], 1);
    let deactivated = rows("user.deactivate");
    assert_eq!(deactivated.len(), 2, "{deactivated:#?}");
    let (refused, done_row) = (&deactivated[0], &deactivated[1]);
    assert_eq!((&done_row["result"], &done_row["new"]["user"]), (&json!("deactivated"), &json!(id)), "{done_row:#}");
    assert_eq!(
        (&done_row["old"]["User.IsActive"], &done_row["new"]["User.IsActive"]),
        (&json!("true"), &json!("false")),
        "{done_row:#}"
    );
    assert!(done_row["person"].is_string() && done_row["tenant"] == "acme", "{done_row:#}");
    assert!(refused["result"].as_str().unwrap().starts_with("not-found: "), "{refused:#}");

    let mut all = String::new();
    for (password, result) in [("Correct-Horse-1", "done"), ("short", "password-rejected: ")] {
        let run = fixture.run_with(
            &["sync-password", "acme", &id, "--password-stdin", "--data", "data"],
            &format!("{password}\n"),
            &[],
        );
        let row = rows("user.password").remove(0);
        assert!(row["result"].as_str().unwrap().starts_with(result), "{run:?} {row:#}");
        assert_eq!(row["new"]["user"], json!(id));
        write!(all, "{row}").unwrap();
    }
    assert!(!all.contains("Correct-Horse-1") && !all.contains("short"), "{all}");
    // Checks that write do so in the organization of whoever asked for them.
    let samples = concat!(env!("CARGO_MANIFEST_DIR"), "/demo/conformance.toml");
    let checks = ["conformance", "--tenant", "acme", "--samples", samples, "--only", "push"];
    fixture.run(&[&checks[..], &["--data", "data"]].concat());
    assert_eq!(rows("user.conformance"), Vec::<Json>::new());
    fixture.run(&[&checks[..], &["--writes", "--data", "data"]].concat());
    let row = rows("user.conformance").remove(0);
    assert!(!row["new"]["users"].as_array().unwrap().is_empty() && row["tenant"] == "acme", "{row:#}");
    // The whole call comes to nothing.
    api(&fixture, false);
    fails(&fixture, &["deactivate", "acme", &id], 3);
    let row = rows("user.deactivate").remove(0);
    assert_eq!(row["new"]["user"], json!(id), "{row:#}");
}

#[test]
fn tenants_are_exported_and_taken_in_by_name_whatever_the_environment_says() {
    let fixture = fixture(5, 85);
    let exported = fixture.run(&["tenant", "export", "acme", "--data", "data"]);
    assert!(exported.code == 0 && exported.stdout.contains("[tenants.acme"), "{exported:?}");
    fixture.write("again.toml", &exported.stdout);
    let environment = [("PROVISIONING_TENANTS", "again.toml"), ("PROVISIONING_DATA", "data")];
    for command in [
        vec!["tenant", "export"],
        vec!["tenant", "export", "acme"],
        vec!["tenant", "import-toml", "again.toml"],
        vec!["tenant", "import-toml", "again.toml", "acme"],
    ] {
        let run = fixture.run_with(&command, "", &environment);
        assert_eq!(run.code, 0, "{command:?}: {run:?}");
    }
}

#[test]
fn grants_are_taken_away_from_somebody_who_is_deactivated() {
    let fixture = fixture(5, 86);
    switch_on(&fixture);
    people(&fixture, "E1,ada@new.example,Ada,King,ada@new.example\n");
    let groups = done(&fixture, &["entitlements", "acme", "public-group"]);
    let name = groups[0]["name"].as_str().unwrap();
    let group = &format!("public-group={name}");
    done(&fixture, &["person", "import", "people.csv", "--assign", "acme", "--grant", PROFILE, "--grant", group]);
    done(&fixture, &["person", "edit", "E1", "--status", "deactivated"]);
    let taken = done(&fixture, &["unassign", "acme", "E1", "--grant", group]);
    assert_eq!((&taken["changed"], &taken["tasks"]), (&json!(true), &json!(0)), "{taken}");
    assert!(taken["off"][0].as_str().unwrap().contains("`person edit E1 --status active`"), "{taken}");
    let shown = done(&fixture, &["person", "show", "E1"]).to_string();
    assert!(!shown.contains(name) && shown.contains("Customer Community User"), "{shown}");
    let said = fails(&fixture, &["assign", "acme", "E1", "--grant", group], 2);
    assert!(said.contains("`person edit E1 --status active`"), "{said}");
}
