//! Names of people and words of an application that would steer a terminal: OSC 52 writes to the clipboard, other sequences set the
//! title or clear the screen, a line break forges a line, and marks of direction turn text around.

use salesforce_emulator::ValidationRule;

use crate::directory::{PROFILE, done, fixture, switch_on};

const HOSTILE: &str =
    "\u{1b}]52;c;aGk=\u{7}\u{1b}]0;owned\u{7}\u{1b}[2J\u{9d}0;x\u{9c}\u{202e}\u{2028}\rEve\nforged: yes";

/// The characters of a text that would do something to a terminal.
fn steering(text: &str) -> Vec<char> {
    let turns = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}');
    text.chars().filter(|c| (c.is_control() && *c != '\n') || turns(*c)).collect()
}

#[test]
fn nothing_that_comes_from_others_steers_a_terminal() {
    let fixture = fixture(10, 104);
    switch_on(&fixture);
    fixture.emulator.set_switches(|switches| {
        switches.validation_rules.push(ValidationRule {
            object: "Contact".to_owned(),
            field: "Phone".to_owned(),
            refuses: "0*".to_owned(),
            message: format!("no {HOSTILE}"),
            at_field: true,
        });
    });
    let given = format!("givenName=Ada {HOSTILE}");
    let add = ["person", "add", "E1", "ada@new.example", "--set", &given, "--set", "familyName=King"];
    done(&fixture, &[&add[..], &["--set", "email=ada@new.example", "--set", "phoneNumber=030"]].concat());
    done(&fixture, &["assign", "acme", "E1", "--grant", PROFILE]);
    let mut seen = 0;
    for command in [
        &["push", "acme"][..],
        &["plan", "acme"],
        &["tasks"],
        &["audit"],
        &["person", "list"],
        &["person", "show", "E1"],
        &["tenant", "list"],
    ] {
        for more in [&[][..], &["--json"], &["-vvv"]] {
            let run = fixture.run(&[command, more, &["--data", "data"]].concat());
            for text in [&run.stdout, &run.stderr] {
                assert_eq!(steering(text), Vec::<char>::new(), "{command:?} {more:?}: {text:?}");
                assert!(!text.lines().any(|line| line.starts_with("forged:")), "{command:?} {more:?}: {text}");
                seen += text.matches("52;c;aGk=").count();
            }
        }
    }
    println!("the hostile words stood in {seen} places, escaped in each");
    // Tables break words where they are narrow.
    assert!(seen >= 5, "{seen}");
}
