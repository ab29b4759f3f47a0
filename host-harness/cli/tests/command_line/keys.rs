//! The key that secrets are sealed with: another one takes its place, it comes from elsewhere, and a copy of the folder is of use.

use serde_json::json;

use crate::directory::{done, fails, fixture};

#[test]
fn the_key_is_rotated_and_may_come_from_a_command() {
    let fixture = fixture(5, 81);
    let old = std::fs::read_to_string(fixture.path("data/key")).unwrap();
    let rotated = done(&fixture, &["key", "rotate"]);
    assert_eq!(
        (&rotated["secrets"], &rotated["unreadable"], &rotated["resumed"]),
        (&2.into(), &0.into(), &false.into())
    );
    let new = std::fs::read_to_string(fixture.path("data/key")).unwrap();
    assert_ne!(old, new);
    done(&fixture, &["test-credentials", "acme"]);
    // The former key is refused, in a sentence and without a word of it.
    let arguments = ["tenant", "list", "--json", "--data", "data"];
    let run = fixture.run_with(&arguments, "", &[("PROVISIONING_KEY", &old)]);
    assert_eq!((run.code, &run.json()["error"]["kind"]), (2, &"wrong-key".into()), "{run:?}");
    assert!(
        run.stderr.contains("isn't the one that this directory is sealed with") && !run.stderr.contains(old.trim())
    );
    // From somewhere else, as a key management service gives it.
    std::fs::rename(fixture.path("data/key"), fixture.path("elsewhere")).unwrap();
    let from = ["--key-command", "cat elsewhere"];
    done(&fixture, &[&["test-credentials", "acme"], &from[..]].concat());
    let said = fails(&fixture, &["tenant", "list", "--key-command", "echo denied >&2; exit 7"], 2);
    assert!(said.contains("denied") && said.contains("its command ended with exit status: 7"), "{said}");
    let said = fails(&fixture, &[&["key", "rotate"], &from[..]].concat(), 2);
    assert!(said.contains("--new-key-file or --new-key-env"), "{said}");
    fixture.write("next", &old);
    let rotated = done(&fixture, &[&["key", "rotate", "--new-key-file", "next"], &from[..]].concat());
    assert_eq!(rotated["kept-elsewhere"], true);
    done(&fixture, &["test-credentials", "acme", "--key-command", "cat next"]);
    assert_eq!(done(&fixture, &["audit", "verify", "--key-command", "cat next"])["intact"], true);
    // Without any key there is a way on, and what was sealed is told to be lost.
    done(&fixture, &["key", "lost", "--key-command", "head -c 32 /dev/zero | base64"]);
    let said = fails(&fixture, &["test-credentials", "acme", "--key-command", "head -c 32 /dev/zero | base64"], 2);
    assert!(said.contains("does not open with this key"), "{said}");
}

#[test]
fn a_copy_of_the_folder_goes_on_where_it_was_made() {
    let fixture = fixture(30, 82);
    done(&fixture, &["import", "acme"]);
    let people = done(&fixture, &["person", "list"]);
    let made = done(&fixture, &["backup", "copy", "--with-key"]);
    assert_eq!((&made["database"], &made["key"]), (&true.into(), &true.into()), "{made}");
    assert!(fails(&fixture, &["backup", "copy"], 2).contains("isn't empty"));
    // What happens to the folder afterwards is not in the copy.
    std::fs::remove_dir_all(fixture.path("data")).unwrap();
    std::fs::rename(fixture.path("copy"), fixture.path("data")).unwrap();
    assert_eq!(done(&fixture, &["person", "list"]), people);
    let again = done(&fixture, &["import", "acme", "--full"]);
    let counts = again["import"]["counts"].as_object().unwrap();
    let changed: Vec<_> = counts.iter().filter(|(name, n)| name.as_str() != "unchanged" && **n != json!(0)).collect();
    assert!(changed.is_empty(), "the import found something to repair: {again}");
    assert_eq!(done(&fixture, &["audit", "verify"])["intact"], true);
}
