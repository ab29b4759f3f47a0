//! Ctrl-C: what is kept, and how to go on.

use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};

use crate::directory::{PROFILE, done, fixture, people, switch_on};
use crate::support::Fixture;

/// Runs a command until something has come about, interrupts it, and gives its exit code and what it said.
fn interrupt(fixture: &Fixture, arguments: &[&str], come_about: impl Fn() -> bool) -> (Option<i32>, String) {
    let arguments = [arguments, &["--data", "data"]].concat();
    let mut process = fixture.command(&arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    while !come_about() {
        assert!(process.try_wait().unwrap().is_none(), "it ended by itself");
    }
    kill_process(Pid::from_child(&process), Signal::INT).unwrap();
    let output = process.wait_with_output().unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn an_import_that_is_interrupted_says_how_far_it_came_and_goes_on_from_there() {
    let fixture = fixture(1200, 174);
    done(&fixture, &["tenant", "edit", "acme", "--set", "to-idp.page-size=200"]);
    fixture.emulator.set_switches(|switches| switches.latency_milliseconds = 500);
    let read = || done(&fixture, &["tenant", "show", "acme"])["import_under_way"]["users"].as_u64().unwrap_or(0);
    let (code, said) = interrupt(&fixture, &["import", "acme"], || read() > 0);
    assert_eq!(code, Some(130), "{said}");
    assert!(said.contains("users that were read are kept: `import acme` goes on from there"), "{said}");
    fixture.emulator.set_switches(|switches| switches.latency_milliseconds = 0);
    let document = done(&fixture, &["import", "acme"]);
    assert_eq!((&document["import"]["phase"], &document["resumed"]), (&"done".into(), &true.into()));
}

#[test]
fn a_push_that_is_interrupted_says_what_waits() {
    let fixture = fixture(5, 175);
    switch_on(&fixture);
    people(&fixture, "E1,ada@new.example,Ada,King,ada@new.example\n");
    done(&fixture, &["person", "import", "people.csv", "--assign", "acme", "--grant", PROFILE]);
    fixture.emulator.clear_journal();
    fixture.emulator.set_switches(|switches| switches.latency_milliseconds = 500);
    let asked = || fixture.emulator.journal().len() > 2;
    let (code, said) = interrupt(&fixture, &["push", "acme"], asked);
    assert_eq!(code, Some(130), "{said}");
    assert!(said.contains("`tasks --tenant acme` lists what waits"), "{said}");
    fixture.emulator.set_switches(|switches| switches.latency_milliseconds = 0);
    done(&fixture, &["push", "acme"]);
    let made = fixture.emulator.query("SELECT Id FROM User WHERE Username = 'ada@new.example'").unwrap();
    assert_eq!(made.as_array().unwrap().len(), 1);
}
