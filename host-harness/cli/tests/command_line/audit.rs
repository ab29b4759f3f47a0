//! Whether the audit trail is as it was written, and what is kept about a person.

use rusqlite::Connection;

use crate::directory::{done, fails, fixture};
use crate::support::Fixture;

/// Runs statements on the database behind the program's back.
fn tamper(fixture: &Fixture, statements: &str) {
    let connection = Connection::open(fixture.path("data/directory.sqlite3")).unwrap();
    let around = format!("INSERT INTO audit_pruning VALUES (0); {statements}; DELETE FROM audit_pruning;");
    connection.execute_batch(&around).unwrap();
}

#[test]
fn a_trail_that_somebody_has_changed_is_named_with_its_first_such_row() {
    let fixture = fixture(5, 71);
    for n in 1..4 {
        done(&fixture, &["tenant", "edit", "acme", "--set", &format!("schedule.push-seconds={}", n * 60)]);
    }
    let intact = done(&fixture, &["audit", "verify"]);
    assert_eq!((&intact["intact"], &intact["chains"][1]["tenant"]), (&true.into(), &"acme".into()), "{intact}");
    let last = intact["chains"][1]["last"].as_i64().unwrap();
    assert!(last > 4, "{intact}");
    tamper(&fixture, "UPDATE audit SET actor = 'somebody else' WHERE chain = 'acme' AND seq = 3");
    let run = fixture.run(&["audit", "verify", "acme", "--json", "--data", "data"]);
    assert_eq!(run.code, 1, "{run:?}");
    let fault = &run.json()["chains"][0]["fault"];
    assert_eq!((&fault["kind"], &fault["number"]), (&"changed".into(), &3.into()), "{fault}");
    let said = fails(&fixture, &["audit", "verify"], 1);
    assert!(said.contains("error: the audit trail of acme: row ") && said.contains("what to do:"), "{said}");
    assert!(!said.contains("is as it was written"), "{said}");
    let said = fails(&fixture, &["audit", "verify", "nobody"], 2);
    assert!(said.contains("no audit trail of a tenant `nobody`"), "{said}");
}

#[test]
fn what_is_kept_about_a_person_is_given_out_and_erased() {
    let fixture = fixture(5, 72);
    done(&fixture, &["person", "add", "E1", "ada@x.example", "--set", "title=Countess"]);
    let document = done(&fixture, &["person", "export", "E1"]);
    assert_eq!(document["person"]["attributes"]["title"], "Countess");
    let erased = done(&fixture, &["person", "remove", "E1", "--erase"]);
    assert_eq!((&erased["removed"], &erased["erased"]["audit"]), (&true.into(), &2.into()), "{erased}");
    let trail = done(&fixture, &["audit"]).to_string();
    assert!(trail.contains("person.erase") && !trail.contains("Countess") && !trail.contains("ada@"), "{trail}");
    assert_eq!(done(&fixture, &["audit", "verify"])["intact"], true);
    let said = fails(&fixture, &["person", "export", "E1"], 2);
    assert!(said.contains("no person `E1`"), "{said}");
}
