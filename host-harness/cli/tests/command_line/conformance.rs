//! `conformance`: the embedded connector passes, and what is no connector fails by name.

use serde_json::Value as Json;

use crate::support::Fixture;

fn verdicts<'a>(report: &'a Json, verdict: &str) -> Vec<&'a str> {
    let checks = report["checks"].as_array().unwrap();
    checks.iter().filter(|check| check["verdict"] == verdict).map(|check| check["name"].as_str().unwrap()).collect()
}

#[test]
fn the_embedded_connector_passes_every_check_on_an_emulated_org() {
    let fixture = Fixture::new(1, 91);
    let run = fixture.run(&["conformance", "--json"]);
    let report = run.json();
    assert_eq!(run.code, 0, "{report:#}");
    assert_eq!((report["failed"].as_u64(), report["skipped"].as_u64()), (Some(0), Some(0)), "{report:#}");
    let listed = fixture.run(&["conformance", "--list", "--json"]).json();
    let names: Vec<&str> = listed.as_array().unwrap().iter().map(|check| check["name"].as_str().unwrap()).collect();
    assert!(names.len() > 40);
    assert_eq!(verdicts(&report, "passed"), names);
}

#[test]
fn a_tenant_is_only_written_to_when_that_is_allowed() {
    let fixture = Fixture::new(20, 92);
    let (users, contacts) = (fixture.count("User"), fixture.count("Contact"));
    let samples = concat!(env!("CARGO_MANIFEST_DIR"), "/demo/conformance.toml");
    let reading = fixture.run(&["conformance", "--tenant", "acme", "--samples", samples, "--json"]);
    let report = reading.json();
    assert_eq!(reading.code, 0, "{report:#}");
    assert!(verdicts(&report, "passed").contains(&"import.resume"));
    assert!(verdicts(&report, "skipped").contains(&"push.create"));
    assert_eq!((fixture.count("User"), fixture.count("Contact")), (users, contacts));

    let arguments = ["conformance", "--tenant", "acme", "--samples", samples, "--writes", "--only", "push."];
    let writing = fixture.run(&arguments);
    assert_eq!(writing.code, 0, "{writing:?}");
    assert!(writing.stdout.contains("0 failed, 0 skipped"), "{}", writing.stdout);
    assert!(fixture.count("User") > users);
    let active = "SELECT Id FROM User WHERE IsActive = true AND Username LIKE 'check-%@conformance.example'";
    assert_eq!(fixture.emulator.query(active).unwrap().as_array().unwrap().len(), 0, "they were taken out of use");
    assert_eq!(fixture.run(&["conformance", "--writes"]).code, 2, "an emulated org needs no permission");
}

#[test]
fn what_fails_is_told_by_name_with_what_was_seen() {
    let fixture = Fixture::new(20, 93);
    fixture.edit_tenants("organization-id = \"00D", "organization-id = \"01D");
    let run = fixture.run(&["conformance", "--tenant", "acme", "--only", "settings.", "--json"]);
    let report = run.json();
    assert_eq!(run.code, 1, "{report:#}");
    assert_eq!(verdicts(&report, "failed"), ["settings.probes-hold"]);
    let text = fixture.run(&["conformance", "--tenant", "acme", "--only", "settings.probes-hold"]).stdout;
    assert!(text.contains("organization-id") && text.contains("Wanted: With the tenant's own settings"), "{text}");

    fixture.write("broken.wasm", "\0asm, and then nothing of the kind");
    let run = fixture.run(&["conformance", "broken.wasm", "--sample", "--json"]);
    assert_eq!(run.code, 1);
    assert_eq!(verdicts(&run.json(), "failed"), ["component.loads"]);

    for (arguments, part) in [
        (&["conformance", "--only", "pull."][..], "no check is called `pull.`"),
        (&["conformance", "nowhere.wasm"], "nowhere.wasm cannot be read"),
        (&["conformance", "broken.wasm"], "name a tenant to try it on with --tenant"),
        (&["conformance", "--samples", "tenants.toml"], "unknown field `tenants`"),
    ] {
        let run = fixture.run(arguments);
        assert_eq!(run.code, 2, "{run:?}");
        assert!(run.stderr.contains(part), "{run:?}");
    }
}
