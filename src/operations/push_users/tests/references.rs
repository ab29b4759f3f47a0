//! Managers and accounts by their names.

use super::*;

const ACME: &str = "0015e00000AcmeAAAR";
const OTHER: &str = "0015e00000OthrAAAR";
const BOSS: &str = "0055e000001BossAAS";

fn ada_with(name: &str, value: &str) -> DesiredUser {
    let mut user = known_ada(name, Some(value));
    user.grants.clear();
    user
}

#[test]
fn a_manager_is_named_by_username_or_id_and_written_by_its_id() {
    let boss = Id::parse(&BOSS[..15]).unwrap().to_string();
    for given in ["boss@acme.example", "Boss@ACME.example", &BOSS[..15]] {
        let script = Script::new();
        let session = session(&script);
        if given.contains('@') {
            let row = format!(r#"{{"Id":"{boss}","Username":"boss@acme.example"}}"#);
            script.query(&format!("SELECT Id,Username FROM User WHERE Username IN ('{given}')"), 200, records(&[&row]));
        }
        find_known(&script, ",ManagerId", &[&row("")]);
        find_frozen(&script, USER, &[]);
        let outcome = push_one(&session, ada_with("manager", given), &PushMode::Plan).unwrap();
        let change = outcome.changes.iter().find(|change| change.field == "ManagerId").unwrap();
        assert_eq!(change.new.as_deref(), Some(boss.as_str()), "{given}");
    }
}

#[test]
fn a_manager_who_has_no_user_yet_is_waited_for() {
    let script = Script::new();
    let session = session(&script);
    script.query("SELECT Id,Username FROM User WHERE Username IN ('boss@acme.example')", 200, records(&[]));
    let error = push_one(&session, ada_with("manager", "boss@acme.example"), &PushMode::Apply).unwrap_err();
    assert_eq!((&error.kind, error.retry), (&ErrorKind::NotFound, Retry::After(60)), "{error:?}");
    assert!(error.message.contains("\"boss@acme.example\"") && error.remedy.is_some(), "{error:?}");
}

#[test]
fn an_account_that_is_not_there_or_is_there_twice_is_refused_before_anything_is_written() {
    for (given, query, rows, kind, words) in [
        ("Acme", "SELECT Id,Name FROM Account WHERE Name IN ('Acme')", vec![], ErrorKind::InvalidValue, "\"Acme\""),
        (
            "acme",
            "SELECT Id,Name FROM Account WHERE Name IN ('acme')",
            vec![format!(r#"{{"Id":"{ACME}","Name":"Acme"}}"#), format!(r#"{{"Id":"{OTHER}","Name":"ACME"}}"#)],
            ErrorKind::AmbiguousMatch,
            OTHER,
        ),
        (
            "Legacy__c=7",
            "SELECT Id,Legacy__c FROM Account WHERE Legacy__c IN ('7')",
            vec![],
            ErrorKind::InvalidValue,
            "\"Legacy__c=7\"",
        ),
    ] {
        let script = Script::new();
        let session = session(&script);
        let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
        script.query(query, 200, records(&rows));
        let error = push_one(&session, ada_with("account", given), &PushMode::Apply).unwrap_err();
        assert_eq!(error.kind, kind, "{error:?}");
        assert!(error.message.contains(words) && error.remedy.is_some(), "{error:?}");
    }
}

#[test]
fn a_contact_that_is_there_stays_in_its_account() {
    for (given, rows) in [
        (OTHER, None),
        (
            "Other",
            Some((
                "SELECT Id,Name FROM Account WHERE Name IN ('Other')",
                format!(r#"{{"Id":"{OTHER}","Name":"Other"}}"#),
            )),
        ),
        (
            "Legacy__c=7",
            Some((
                "SELECT Id,Legacy__c FROM Account WHERE Legacy__c IN ('7')",
                format!(r#"{{"Id":"{OTHER}","Legacy__c":"7"}}"#),
            )),
        ),
    ] {
        let script = Script::new();
        let session = session(&script);
        if let Some((query, row)) = &rows {
            script.query(query, 200, records(&[row]));
        }
        find_known(&script, "", &[&row(&format!(r#","Contact":{{"AccountId":"{ACME}"}}"#))]);
        find_frozen(&script, USER, &[]);
        let outcome = push_one(&session, ada_with("account", given), &PushMode::Plan).unwrap();
        assert_eq!(outcome.changes, []);
        let told = outcome.side_effects.iter().any(|effect| effect.contains("and not to the one that is wanted"));
        assert!(told, "{given}: {outcome:?}");
    }
}
