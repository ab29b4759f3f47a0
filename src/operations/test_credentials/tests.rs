use super::*;
use crate::scripted::{Script, golden, records, settings};

const ACCOUNT: &str = "SELECT Id,Name FROM Account WHERE Id = '0015e00000AcmeAAAR'";

fn verdicts(probes: &[Probe]) -> Vec<(&'static str, Verdict)> {
    for probe in probes {
        assert!(probe.detail.ends_with('.'), "{probe:?}");
        assert_eq!(probe.remedy.is_some(), probe.verdict == Verdict::Failed, "{probe:?}");
    }
    probes.iter().map(|probe| (probe.name, probe.verdict)).collect()
}

#[test]
fn good_settings_pass_in_two_requests() {
    let script = Script::new();
    script.sign_in().query(ACCOUNT, 200, records(&[r#"{"Id":"0015e00000AcmeAAAR","Name":"Acme Customers"}"#]));
    let probes = test_credentials(script.clone(), settings());
    assert_eq!(
        verdicts(&probes),
        [
            ("settings-valid", Verdict::Passed),
            ("signed-in", Verdict::Passed),
            ("organization-id-matches", Verdict::Passed),
            ("account-exists", Verdict::Passed),
        ]
    );
    assert!(probes[1].detail.contains("Acme & Söhne"));
    assert!(probes[3].detail.contains("Acme Customers"));
}

#[test]
fn nothing_is_sent_while_the_sign_in_has_no_settings() {
    let script = Script::new();
    let mut settings = settings();
    settings.secrets.clear();
    let probes = test_credentials(script.clone(), settings);
    assert_eq!(
        verdicts(&probes).iter().map(|(_, verdict)| *verdict).collect::<Vec<_>>(),
        [Verdict::Failed, Verdict::Skipped, Verdict::Skipped, Verdict::Skipped]
    );
    assert!(probes[0].detail.contains("password is missing"), "{}", probes[0].detail);
}

#[test]
fn partial_settings_are_tried_as_far_as_they_go() {
    let script = Script::new();
    script.sign_in();
    let mut settings = settings();
    settings.values.retain(|(name, _)| name != "account-id" && name != "organization-id");
    let probes = test_credentials(script.clone(), settings);
    assert_eq!(
        verdicts(&probes).iter().map(|(_, verdict)| *verdict).collect::<Vec<_>>(),
        [Verdict::Failed, Verdict::Passed, Verdict::Skipped, Verdict::Skipped]
    );
}

#[test]
fn a_wrong_password_fails_the_sign_in_with_its_remedy() {
    let script = Script::new();
    script.answer(&golden("login/request.txt"), 500, golden("login/fault.xml"));
    let probes = test_credentials(script.clone(), settings());
    assert_eq!(probes[1].verdict, Verdict::Failed);
    assert!(probes[1].remedy.as_ref().unwrap().contains("security token"));
    assert_eq!(probes[3].verdict, Verdict::Skipped);
}

#[test]
fn an_account_that_is_missing_or_a_person_fails() {
    let script = Script::new();
    script.sign_in().query(ACCOUNT, 200, records(&[]));
    let probes = test_credentials(script.clone(), settings());
    assert_eq!(probes[3].verdict, Verdict::Failed);
    assert!(probes[3].detail.contains("no account 0015e00000AcmeAAAR"), "{}", probes[3].detail);

    let script = Script::new();
    let with_persons = golden("login/success.xml").replace("orgHasPersonAccounts>false", "orgHasPersonAccounts>true");
    script.answer(&golden("login/request.txt"), 200, with_persons);
    script.query(
        "SELECT Id,Name,IsPersonAccount FROM Account WHERE Id = '0015e00000AcmeAAAR'",
        200,
        records(&[r#"{"Id":"0015e00000AcmeAAAR","Name":"Ada","IsPersonAccount":true}"#]),
    );
    let probes = test_credentials(script.clone(), settings());
    assert!(probes[3].detail.contains("person account"), "{}", probes[3].detail);
}
