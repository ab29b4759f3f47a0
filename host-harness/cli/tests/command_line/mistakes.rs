//! Wrong input, and what is said to it: one file holds all of it, to be read aloud.

use crate::directory::{done, fixture};
use crate::golden;

const MISTAKES: &[&[&str]] = &[
    &[],
    &["improt", "acme"],
    &["import"],
    &["import", "nobody"],
    &["import", "acme", "--ful"],
    &["import", "acme", "--full", "--discard"],
    &["import", "acme", "--attributes", "title"],
    &["import", "acme", "--discard"],
    &["push", "acme", "nowhere.csv"],
    &["push", "acme", "--plan"],
    &["push", "acme", "people.csv", "--grant", "profile"],
    &["apply", "acme"],
    &["apply", "acme", "7"],
    &["plan", "nobody"],
    &["confirm", "acme", "0055g00000AbCdEAAV"],
    &["confirm", "acme", "0055g00000AbCdEAAV", "--new"],
    &["confirm", "acme", "--new"],
    &["tasks", "--state", "broken"],
    &["tasks", "--limit", "0"],
    &["person", "list", "--columns", "colour"],
    &["tasks", "--json", "--output", "csv"],
    &["retry", "99"],
    &["audit", "--limit", "many"],
    &["runs", "nobody"],
    &["usage", "acme", "--days", "-1"],
    &["person", "add", "E1"],
    &["person", "add", "E1", "ada@new.example", "--set", "title"],
    &["person", "edit", "E9", "--set", "title=Dr"],
    &["person", "import", "bad.csv"],
    &["person", "remove", "E9"],
    &["assign", "acme", "E9"],
    &["unassign", "acme", "E9"],
    &["unlink", "acme", "E9"],
    &["tenant", "add", "a/b"],
    &["tenant", "edit", "acme", "--set", "to-app.push=true"],
    &["tenant", "edit", "acme", "--secret", "password=hunter2"],
    &["tenant", "remove", "acme"],
    &["tenant", "show", "acne"],
    &["entitlements", "acme", "profil"],
    &["scim", "clients", "nobody"],
    &["scim", "add", "acme", "okta", "--platform", "octa"],
    &["component", "take-back", "abc"],
    &["deactivate", "acme"],
    &["sync-password", "acme", "0055g00000AbCdEAAV"],
    &["init", "acme"],
    &["prune", "--older-than", "soon"],
    &["completion", "tcsh"],
    &["worker", "--jobs", "0"],
    &["serve", "--no-console", "--no-scim", "--no-worker", "--no-metrics"],
];

#[test]
fn every_mistake_is_answered_by_what_to_do() {
    let fixture = fixture(5, 173);
    done(&fixture, &["person", "add", "E1", "ada@new.example"]);
    fixture.write("people.csv", "username,email\nada@new.example,ada@new.example\n");
    fixture.write("bad.csv", "name,mail\nAda,ada@new.example\n");
    assert!(MISTAKES.len() >= 40);
    let mut text = String::new();
    for mistake in MISTAKES {
        let run = fixture.run(&[mistake, &["--data", "data"][..]].concat());
        assert!(run.code > 0, "{mistake:?}: {run:?}");
        // What the log warns of comes with its time, and doesn't answer the mistake.
        let said: String =
            run.stderr.lines().filter(|line| !line.contains(" WARN ")).map(|line| format!("{line}\n")).collect();
        let said = said.replace(&fixture.folder.path().display().to_string(), "FOLDER");
        assert!(!said.contains("hunter2"), "{said}");
        text.push_str(&format!("$ host-harness {}\n{}{}exit {}\n\n", mistake.join(" "), run.stdout, said, run.code));
    }
    golden::holds("mistakes.txt", &text.replace(fixture.port(), "PORT"));
}
