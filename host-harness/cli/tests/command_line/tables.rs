//! Tables for terminals of several widths, and for readers that are programs.

use std::io::Read as _;
use std::process::Stdio;

use crate::directory::{PROFILE, done, fails, fixture, switch_on};
use crate::golden;
use crate::support::Fixture;

/// Commands that print tables.
const COMMANDS: [&[&str]; 8] = [
    &["tenant", "list"],
    &["tenant", "show", "acme"],
    &["person", "list"],
    &["tasks"],
    &["confirm", "acme", "--limit", "5"],
    &["audit", "--action", "person", "--limit", "4"],
    &["runs", "acme", "--columns", "run,what,who,result,requests,what came"],
    &["entitlements", "acme", "profile"],
];

/// A data folder in which there is something to say of everything.
fn world() -> Fixture {
    let fixture = fixture(40, 172);
    switch_on(&fixture);
    done(&fixture, &["import", "acme", "--actor", "tester"]);
    for (key, name, title) in
        [("E1", "Ada", "Countess of Lovelace, and the first who wrote programs"), ("E2", "李雷", "工程师")]
    {
        let set = [format!("givenName={name}"), "familyName=King".to_owned(), format!("title={title}")];
        let username = format!("{}@new.example", key.to_lowercase());
        let add = [
            "person", "add", key, &username, "--actor", "tester", "--set", &set[0], "--set", &set[1], "--set", &set[2],
        ];
        done(&fixture, &add);
        done(&fixture, &["assign", "acme", key, "--grant", PROFILE]);
    }
    // Without an e-mail address, nobody becomes a user.
    fails(&fixture, &["push", "acme", "--actor", "tester"], 1);
    fixture
}

#[test]
fn tables_fit_terminals_of_every_width() {
    let world = world();
    for width in ["40", "80", "100", "200"] {
        let mut text = String::new();
        for command in COMMANDS {
            let run = world.run_with(&[command, &["--data", "data"]].concat(), "", &[("COLUMNS", width)]);
            assert_eq!(run.code, 0, "{run:?}");
            let limit: usize = width.parse().unwrap();
            // Sentences are broken by the terminal.
            for line in run.stdout.lines().filter(|line| line.contains('│')) {
                let columns =
                    line.chars().map(|c| if ('\u{2e80}'..'\u{fe6f}').contains(&c) { 2 } else { 1 }).sum::<usize>();
                assert!(columns <= limit, "{width}: {line}");
            }
            text.push_str(&format!("$ host-harness {}\n{}\n", command.join(" "), golden::without_times(&run.stdout)));
        }
        golden::holds(&format!("tables-{width}.txt"), &text);
    }
}

#[test]
fn rows_are_written_as_csv_for_spreadsheets() {
    let world = world();
    let csv = world.run(&["tasks", "--output", "csv", "--columns", "person,state,why", "--data", "data"]);
    assert_eq!(csv.code, 0);
    let mut rows = csv::Reader::from_reader(csv.stdout.as_bytes());
    assert_eq!(rows.headers().unwrap(), vec!["Person", "State", "Why, and what to do"]);
    let rows: Vec<csv::StringRecord> = rows.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 2);
    assert!(rows.iter().all(|row| &row[1] == "failed" && row[2].contains("without an e-mail address")), "{rows:?}");
    let wrong = world.run(&["tasks", "--columns", "persona", "--data", "data"]);
    assert_eq!(wrong.code, 2);
    assert!(wrong.stderr.contains("`persona` isn't a column; there are Task;"), "{wrong:?}");
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let world = world();
    for command in [&["audit", "--json"][..], &["attributes", "acme"], &["tenant", "export"]] {
        let arguments = [command, &["--data", "data"]].concat();
        let mut process = world.command(&arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(process.stdout.take());
        let mut said = String::new();
        process.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        assert_eq!(process.wait().unwrap().code(), Some(0), "{command:?}: {said}");
        assert!(!said.contains("error"), "{command:?}: {said}");
    }
}
