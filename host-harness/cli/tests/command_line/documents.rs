//! What sound commands print, with `--json` and without.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::support::Fixture;

#[test]
fn the_example_of_embedding_is_as_short_as_it_is_said_to_be() {
    let lines = include_str!("../../../runtime/examples/embed.rs").lines().count();
    assert!(lines < 60, "{lines} lines");
}

#[test]
fn every_test_that_security_md_names_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let text = std::fs::read_to_string(root.join("SECURITY.md")).unwrap();
    let table = text.split_once("\n| promise | test | in |\n").expect("the table of promises").1;
    let mut missing = Vec::new();
    let rows: Vec<&str> = table.lines().skip(1).take_while(|line| line.starts_with('|')).collect();
    for row in &rows {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let [_, _, name, path, _] = cells.as_slice() else { panic!("{row}") };
        let source = std::fs::read_to_string(root.join(path)).unwrap_or_default();
        let name = name.trim_matches('`');
        // A test's attribute is a line or two before its name.
        let is_there = source.match_indices(&format!("fn {name}(")).any(|(at, _)| {
            source[..at].lines().rev().take(4).any(|line| {
                line.starts_with("#[test]") || line.trim().starts_with("#[test]") || line.contains("#[tokio::test")
            })
        });
        if !is_there {
            missing.push(*row);
        }
    }
    assert!(rows.len() > 20 && missing.is_empty(), "no test stands behind these:\n{}", missing.join("\n"));
}

/// Every file below a folder, by its path in it.
fn texts(folder: &Path) -> BTreeMap<PathBuf, String> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.insert(path.strip_prefix(folder).unwrap().to_owned(), std::fs::read_to_string(&path).unwrap());
            }
        }
    }
    found
}

#[test]
fn the_interface_that_the_runtime_is_packaged_with_is_the_repositorys() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let (own, packaged) = (texts(&root.join("wit")), texts(&root.join("host-harness/runtime/wit")));
    assert!(own.len() > 5, "{own:?}");
    assert!(own == packaged, "run `make wit`, which copies wit/ to host-harness/runtime/wit/");
}

#[test]
fn describe_lists_imports_and_settings() {
    let fixture = Fixture::new(1, 1);
    let imports = fixture.run(&["describe", "--imports", "--json"]).json();
    let imports: Vec<&str> = imports
        .as_array()
        .unwrap()
        .iter()
        .map(|import| {
            assert_eq!(import["given"], "world", "{import}");
            import["name"].as_str().unwrap()
        })
        .collect();
    assert!(imports.iter().any(|import| import.starts_with("identity:provisioning/http@")));
    for import in &imports {
        assert!(
            import.starts_with("identity:provisioning/")
                || import.starts_with("wasi:clocks/")
                || import.starts_with("wasi:io/poll@"),
            "{import}"
        );
    }
    let described = fixture.run(&["describe", "--json"]).json();
    let settings: Vec<&str> =
        described["settings"].as_array().unwrap().iter().map(|setting| setting["name"].as_str().unwrap()).collect();
    for name in
        ["instance-type", "username", "password", "security-token", "organization-id", "portal-id", "account-id"]
    {
        assert!(settings.contains(&name), "{name}");
    }
    assert_eq!(described["component"]["interface"], "0.3");
    assert!(described["component"]["bytes"].as_u64().unwrap() <= 1536 << 10);
    let text = fixture.run(&["describe"]);
    assert_eq!(text.code, 0);
    assert!(text.stdout.contains("Salesforce Customer Portal") && !text.stdout.contains('\x1b'), "{}", text.stdout);
}

#[test]
fn test_credentials_passes_on_sound_settings() {
    let fixture = Fixture::new(5, 2);
    let run = fixture.run(&["test-credentials", "acme", "--json"]);
    assert_eq!(run.code, 0, "{run:?}");
    assert_eq!(run.json()["passed"], true);
    let text = fixture.run(&["test-credentials", "acme"]);
    assert!(text.code == 0 && text.stdout.contains("signed-in") && text.stdout.contains("passed"), "{text:?}");
}

#[test]
fn import_goes_on_where_it_stopped() {
    let fixture = Fixture::new(60, 3);
    let whole = fixture.run(&["import", "acme", "--json"]).json();
    let users = whole["users"].as_array().unwrap();
    assert!(users.len() >= 55 && whole["next"].is_null() && whole["error"].is_null());
    let first = fixture.run(&["import", "acme", "--json", "--page-size", "25", "--pages", "1"]).json();
    assert_eq!(first["users"].as_array().unwrap().len(), 25);
    let cursor = first["next"].as_str().unwrap();
    let rest = fixture.run(&["import", "acme", "--json", "--resume", cursor]).json();
    let ids = |document: &serde_json::Value| -> Vec<String> {
        document["users"].as_array().unwrap().iter().map(|user| user["id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!([ids(&first), ids(&rest)].concat(), ids(&whole));
    let table = fixture.run(&["import", "acme"]);
    assert!(table.code == 0 && table.stdout.contains(users[0]["username"].as_str().unwrap()), "{table:?}");
    assert!(table.stdout.contains("and 35 more") || table.stdout.contains("more (--all"), "{}", table.stdout);
}

#[test]
fn push_plans_applies_and_repeats() {
    let fixture = Fixture::new(5, 4);
    fixture.people("ada@x.example,Ada,King,ada@x.example\nbo@x.example,Bo,Lund,bo@x.example");
    let users = fixture.count("User");
    let plan = fixture.run(&["push", "acme", "people.csv", "--plan", "--json"]);
    assert_eq!(plan.code, 0, "{plan:?}");
    assert_eq!(plan.json()["summary"]["created"], 2);
    assert_eq!(fixture.count("User"), users);
    let done = fixture.run(&["push", "acme", "people.csv", "--json"]).json();
    assert_eq!(done["summary"]["created"], 2);
    assert!(done["results"][0]["outcome"]["id"].as_str().unwrap().starts_with("005"));
    assert_eq!(fixture.count("User"), users + 2);
    let again = fixture.run(&["push", "acme", "people.csv"]);
    assert!(again.code == 0 && again.stdout.contains("2 unchanged"), "{again:?}");
    assert_eq!(fixture.count("User"), users + 2);
}

#[test]
fn deactivate_and_sync_password_do_what_they_say() {
    let fixture = Fixture::new(20, 5);
    let (id, username) = fixture.active_user();
    let set =
        fixture.run_with(&["sync-password", "acme", &id, "--password-stdin", "--json"], "Fresh-water-4711\n", &[]);
    assert_eq!((set.code, &set.json()["done"]), (0, &true.into()), "{set:?}");
    assert!(fixture.emulator.check_password(&username, "Fresh-water-4711"));
    let set =
        fixture.run_with(&["sync-password", "acme", &id, "--password-env", "NEW"], "", &[("NEW", "Salt-water-4712")]);
    assert_eq!(set.code, 0, "{set:?}");
    assert!(fixture.emulator.check_password(&username, "Salt-water-4712"));
    let done = fixture.run(&["deactivate", "acme", &id, "--json"]);
    assert_eq!(done.code, 0, "{done:?}");
    assert_eq!(done.json()["results"][0]["outcome"]["action"], "deactivated");
    let found = fixture.emulator.query(&format!("SELECT IsActive FROM User WHERE Id = '{id}'")).unwrap();
    assert_eq!(found[0]["IsActive"], false);
}

#[test]
fn the_emulator_prints_its_connection_first_and_a_seed_names_an_org() {
    use std::io::{BufRead as _, BufReader};
    let first_line = || {
        let mut process = std::process::Command::new(env!("CARGO_BIN_EXE_host-harness"))
            .args([
                "emulator",
                "--listen",
                "127.0.0.1:0",
                "--control",
                "127.0.0.1:0",
                "--users",
                "20",
                "--seed",
                "9",
                "--json",
            ])
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        process.kill().unwrap();
        process.wait().unwrap();
        serde_json::from_str::<serde_json::Value>(&line).unwrap()
    };
    let (one, two) = (first_line(), first_line());
    for name in ["url", "username", "password", "security_token", "organization_id", "portal_id", "account_id"] {
        assert!(one[name].as_str().is_some_and(|value| !value.is_empty()), "{name}");
        assert!(one["control_url"].as_str().unwrap().starts_with("http://127.0.0.1:"));
        if name != "url" {
            assert_eq!(one[name], two[name], "{name}");
        }
    }
}
