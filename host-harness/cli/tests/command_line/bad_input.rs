//! Bad input gets one clear sentence, the right exit code, and leaves nothing half done.

use salesforce_emulator::JournalEntry;

use crate::support::{Fixture, Run};

/// Checks exit code, the words, and that there is one error, also as JSON.
fn fails(fixture: &Fixture, arguments: &[&str], code: i32, words: &[&str]) -> Run {
    let run = fixture.run(arguments);
    assert_eq!(run.code, code, "{arguments:?}: {run:?}");
    for word in words {
        let said = format!("{}{}", run.stdout, run.stderr);
        assert!(said.contains(word), "{arguments:?} does not say {word:?}: {said}");
    }
    let json = fixture.run(&[arguments, &["--json"]].concat());
    assert_eq!(json.code, code);
    assert!(json.json().is_object(), "{json:?}");
    run
}

#[test]
fn settings_that_are_missing_or_malformed_exit_with_2() {
    let fixture = Fixture::new(5, 11);
    for (from, to, words) in [
        ("username = ", "# username = ", ["username", "Setup"]),
        ("account-id = \"", "account-id = \"x", ["account-id", "001"]),
        ("instance-type = \"my-domain\"", "instance-type = \"staging\"", ["instance-type", "sandbox"]),
        ("password = {", "# password = {", ["password", ""]),
    ] {
        fixture.edit_tenants(from, to);
        fixture.emulator.clear_journal();
        fails(&fixture, &["import", "acme"], 2, &words);
        assert!(fixture.emulator.journal().is_empty());
        // This one tries what the other settings allow, and writes nothing.
        fails(&fixture, &["test-credentials", "acme"], 2, &words);
        // Signing in is a POST, and so are several reads in one.
        let reading = |path: &str| path.contains("/services/Soap/") || path.ends_with("/composite");
        let written = |entry: &JournalEntry| entry.method != "GET" && !reading(&entry.path);
        assert!(!fixture.emulator.journal().iter().any(written));
    }
}

#[test]
fn slips_in_the_tenants_file_exit_with_2_before_anything_runs() {
    let fixture = Fixture::new(5, 12);
    for (from, to, words) in [
        ("username = ", "usrname = \"x\"\nusername = ", ["no setting `usrname`", "username"]),
        (
            "username = ",
            "password = \"hunter2-hunter2\"\nusername = ",
            ["`password` is a secret", "[tenants.acme.secrets]"],
        ),
        ("{ file = \"password\" }", "\"hunter2-hunter2\"", ["where the secret comes from", "line"]),
        ("{ file = \"password\" }", "{ file = \"nowhere\" }", ["the secret `password`", "nowhere"]),
        ("{ file = \"password\" }", "{ env = \"NOT_SET_ANYWHERE\" }", ["the secret `password`", "NOT_SET_ANYWHERE"]),
        ("loopback = ", "allow = [\"https://x\"]\nloopback = ", ["`https://x` is not an egress rule", "acme"]),
        ("[tenants.acme.egress]", "[tenants.acme.egres]", ["egres", "line"]),
    ] {
        fixture.edit_tenants(from, to);
        let run = fails(&fixture, &["import", "acme"], 2, &words);
        assert!(!format!("{run:?}").contains("hunter2"), "{run:?}");
    }
    fixture.write_tenants(&fixture.tenants());
    fails(&fixture, &["import", "acne"], 2, &["no tenant `acne`", "it has acme"]);
    fails(&fixture, &["import", "acme", "--tenants", "nowhere.toml"], 2, &["nowhere.toml", "--tenants"]);
    assert!(fixture.emulator.journal().is_empty());
}

#[test]
fn a_wrong_password_and_an_unreachable_host_exit_with_3() {
    let fixture = Fixture::new(5, 13);
    fixture.write("password", "wrong-password");
    for command in ["import", "test-credentials"] {
        fails(&fixture, &[command, "acme"], 3, &["password", "token"]);
    }
    fixture.write("password", &fixture.org.password);
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    // In the address and among the ports that may be reached.
    fixture.edit_tenants(fixture.port(), &free.port().to_string());
    let free = free.to_string();
    for command in ["import", "test-credentials"] {
        fails(&fixture, &[command, "acme"], 3, &[&free]);
    }
    fixture.edit_tenants(&fixture.loopback(), "loopback = [1]");
    fails(&fixture, &["import", "acme"], 3, &["127.0.0.1", "egress.loopback"]);
}

#[test]
fn a_row_without_a_last_name_fails_alone_with_1() {
    let fixture = Fixture::new(5, 14);
    fixture.people("ada@x.example,Ada,,ada@x.example\nbo@x.example,Bo,Lund,bo@x.example\n,Nobody,Here,n@x.example");
    let (users, contacts) = (fixture.count("User"), fixture.count("Contact"));
    let run = fixture.run(&["push", "acme", "people.csv", "--json"]);
    assert_eq!(run.code, 1, "{run:?}");
    let document = run.json();
    assert_eq!(document["summary"], serde_json::json!({"created": 1, "failed": 2}));
    let error = &document["results"][0]["error"];
    assert_eq!(error["kind"], "missing-value");
    assert!(error["message"].as_str().unwrap().contains("last name"), "{error}");
    assert!(error["remedy"].as_str().is_some_and(|remedy| !remedy.is_empty()), "{error}");
    assert_eq!(document["results"][2]["record"], "line 4", "{document}");
    assert!(!document["results"][2]["error"]["message"].as_str().unwrap().contains("line"), "{document}");
    assert_eq!((fixture.count("User"), fixture.count("Contact")), (users + 1, contacts + 1));
}

#[test]
fn files_that_cannot_be_used_exit_with_2_and_write_nothing() {
    let fixture = Fixture::new(5, 15);
    let users = fixture.count("User");
    fails(&fixture, &["push", "acme", "nowhere.csv"], 2, &["nowhere.csv"]);
    fixture.write("people.csv", "name,mail\nAda,a@x.example\n");
    fails(&fixture, &["push", "acme", "people.csv"], 2, &["no column `username`"]);
    fixture.write("people.csv", "username,shoeSize\na@x.example,44\n");
    fails(
        &fixture,
        &["push", "acme", "people.csv"],
        2,
        &["the column `shoeSize` doesn't match any attribute", "familyName"],
    );
    fixture.write("people.csv", "username,grant:castle\na@x.example,X\n");
    fails(&fixture, &["push", "acme", "people.csv"], 2, &["no grant `castle`", "profile"]);
    fixture.write("not.wasm", "hello");
    fails(&fixture, &["describe", "not.wasm"], 2, &["not a WebAssembly component"]);
    fails(&fixture, &["describe", "nowhere.wasm"], 2, &["nowhere.wasm"]);
    assert_eq!(fixture.count("User"), users);
}

#[test]
fn ids_and_cursors_of_nobody_are_told() {
    let fixture = Fixture::new(5, 16);
    fails(&fixture, &["import", "acme", "--resume", "nonsense"], 2, &["cursor"]);
    let run = fixture.run(&["deactivate", "acme", "nonsense", "005000000000000AAA", "--json"]);
    assert_eq!(run.code, 1, "{run:?}");
    assert_eq!(run.json()["summary"]["failed"], 2);
    let run = fixture.run_with(&["sync-password", "acme", "nonsense", "--password-stdin"], "Fine-enough-4711\n", &[]);
    assert!(run.code == 1 && run.stderr.contains("nonsense"), "{run:?}");
    let (id, _) = fixture.active_user();
    let run = fixture.run_with(&["sync-password", "acme", &id, "--password-stdin"], "", &[]);
    assert!(run.code == 2 && run.stderr.contains("standard input"), "{run:?}");
}

#[test]
fn usage_errors_exit_with_2() {
    let fixture = Fixture::new(1, 17);
    for arguments in [
        &["fly"][..],
        &["import"],
        &["import", "acme", "--page-size", "0"],
        &["import", "acme", "--resume", "a", "--since", "b"],
        &["sync-password", "acme", "005000000000000AAA"],
        &["sync-password", "acme", "005000000000000AAA", "--password", "x"],
        &["deactivate", "acme"],
        &["emulator", "--listen", "0.0.0.0:0"],
        &["emulator", "--control", "0.0.0.0:0"],
    ] {
        let run = fixture.run(arguments);
        assert_eq!(run.code, 2, "{arguments:?}: {run:?}");
        assert!(!run.stderr.is_empty());
    }
}

#[test]
fn a_malformed_log_filter_is_named_and_ignored() {
    let fixture = Fixture::new(1, 97);
    let run = fixture.run_with(&["describe"], "", &[("RUST_LOG", "connector=loud")]);
    assert_eq!(run.code, 0, "{run:?}");
    assert!(run.stderr.contains("RUST_LOG is ignored: "), "{}", run.stderr);
    let sound = fixture.run_with(&["describe"], "", &[("RUST_LOG", "connector=trace,warn")]);
    assert_eq!((sound.code, sound.stderr.as_str()), (0, ""));
}
