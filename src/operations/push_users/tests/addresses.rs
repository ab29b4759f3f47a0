//! What a changed e-mail address brings about.

use super::*;

const OLD: &str =
    r#","Email":"old@example.com","Contact":{"Email":"old@example.com","AccountId":"0015e00000AcmeAAAR"}"#;

fn planned(settings: &[(&str, &str)], extra: &str) -> Outcome {
    let script = Script::new();
    let session = session_with(&script, settings);
    find_known(&script, ",Email,Contact.Email", &[&row(extra)]);
    find_frozen(&script, USER, &[]);
    push_one(&session, known_ada("email", Some("new@example.com")), &PushMode::Plan).unwrap()
}

#[test]
fn a_changed_address_says_that_it_loses_its_verification() {
    for settings in [&[][..], &[("email-change", "apply")]] {
        let outcome = planned(settings, OLD);
        assert_eq!(outcome.changes.len(), 2, "{outcome:?}");
        assert!(outcome.side_effects.iter().any(|effect| effect.contains("HasUserVerifiedEmail")), "{outcome:?}");
    }
}

#[test]
fn a_changed_address_can_be_held_back() {
    let outcome = planned(&[("email-change", "hold")], OLD);
    assert_eq!((outcome.action, outcome.changes.len()), (Action::Unchanged, 0), "{outcome:?}");
    assert!(outcome.side_effects.iter().any(|effect| effect.contains("email-change")), "{outcome:?}");
}

#[test]
fn an_address_that_a_sandbox_has_muted_is_left_as_it_is() {
    let muted = OLD.replace("old@example.com", "new@example.com.invalid");
    for settings in [&[][..], &[("email-change", "hold")]] {
        let outcome = planned(settings, &muted);
        assert_eq!((outcome.changes.len(), outcome.side_effects.len()), (0, 0), "{outcome:?}");
    }
}
