//! `--record`, `--replay`, and the pin of a component.

use crate::support::Fixture;

#[test]
fn what_one_person_records_another_replays_without_org_and_secrets() {
    let mut fixture = Fixture::new(40, 61);
    let recorded = fixture.run(&["import", "acme", "--json", "--record", "import.jsonl"]);
    assert_eq!(recorded.code, 0, "{recorded:?}");
    let text = std::fs::read_to_string(fixture.path("import.jsonl")).unwrap();
    assert!(text.contains(&fixture.org.username) && text.lines().count() >= 2);
    for secret in [&fixture.org.password, &fixture.org.security_token] {
        assert!(!text.contains(secret.as_str()));
    }

    fixture.write("password", "somebody-elses-password");
    fixture.write("token", "somebody-elses-token");
    fixture.stop();
    let replayed = fixture.run(&["import", "acme", "--json", "--replay", "import.jsonl"]);
    assert_eq!(replayed.code, 0, "{replayed:?}");
    assert_eq!(replayed.json()["users"], recorded.json()["users"]);

    let other = fixture.run(&["import", "acme", "--json", "--page-size", "7", "--replay", "import.jsonl"]);
    assert_ne!(other.code, 0);
    assert!(other.stderr.contains("recording"), "{other:?}");
}

#[test]
fn a_recording_that_cannot_be_used_is_named() {
    let fixture = Fixture::new(1, 62);
    fixture.write("broken.jsonl", "{}\n");
    for (arguments, part) in [
        (["import", "acme", "--replay", "missing.jsonl"], "missing.jsonl"),
        (["import", "acme", "--replay", "broken.jsonl"], "line 1"),
        (["import", "acme", "--record", "no/such/folder"], "no/such/folder"),
    ] {
        let run = fixture.run(&arguments);
        assert!(run.code == 2 && run.stderr.contains(part), "{run:?}");
    }
}

#[test]
fn a_tenant_whose_component_is_pinned_uses_no_other() {
    let fixture = Fixture::new(5, 63);
    let digest = fixture.run(&["describe", "--json"]).json()["component"]["sha256"].as_str().unwrap().to_owned();
    fixture.edit_tenants(
        "[tenants.acme.settings]",
        &format!("[tenants.acme]\nsha256 = \"{digest}\"\n[tenants.acme.settings]"),
    );
    assert_eq!(fixture.run(&["test-credentials", "acme"]).code, 0);
    let asked = fixture.emulator.journal().len();
    let other = "0".repeat(64);
    fixture.edit_tenants(
        "[tenants.acme.settings]",
        &format!("[tenants.acme]\nsha256 = \"{other}\"\n[tenants.acme.settings]"),
    );
    let run = fixture.run(&["test-credentials", "acme"]);
    assert!(run.code == 2 && run.stderr.contains(&digest) && run.stderr.contains(&other), "{run:?}");
    assert_eq!(fixture.emulator.journal().len(), asked, "nothing is sent for a component that is not the pinned one");
}
