//! The demo, from end to end.

use crate::support::Fixture;

#[test]
fn the_demo_does_the_main_job() {
    let fixture = Fixture::new(1, 31);
    let run = fixture.run(&["demo", "--users", "150", "--json"]);
    assert_eq!(run.code, 0, "{run:?}");
    let summary = run.json();
    assert_eq!(summary["created"], 10);
    assert_eq!(summary["refused"], 2);
    assert_eq!(summary["unchanged_when_repeated"], 10);
    assert_eq!(summary["users_after"].as_u64().unwrap(), summary["users_before"].as_u64().unwrap() + 10);
    for name in ["updated", "deactivated", "password_set"] {
        assert!(
            summary[name].as_str().is_some_and(|username| username.ends_with("@lighthouse.example")),
            "{name}: {summary}"
        );
    }
}
