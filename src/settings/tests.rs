use super::*;
use crate::scripted::{Secret, settings};

fn with(name: &str, value: Option<&str>) -> Checked<Secret> {
    let mut settings = settings();
    settings.values.retain(|(have, _)| have != name);
    settings.values.extend(value.map(|value| (name.to_owned(), value.to_owned())));
    check(settings)
}

fn problem(checked: &Checked<Secret>) -> &str {
    let [problem] = checked.problems.as_slice() else { panic!("{:?}", checked.problems) };
    assert!(!problem.remedy.is_empty());
    &problem.sentence
}

#[test]
fn settings_that_hold_are_complete() {
    let settings = check(settings()).complete().unwrap();
    assert_eq!(settings.credentials.login_url, "https://acme.my.salesforce.com");
    assert_eq!(settings.api_version, DEFAULT_API_VERSION);
    assert_eq!(settings.organization_id.as_str(), "00D5e0000012AbCEAU");
    assert_eq!(settings.credentials.security_token, Some(Secret("token")));
}

#[test]
fn the_instance_type_chooses_the_login_host() {
    for (kind, url) in [("production", "https://login.salesforce.com"), ("Sandbox", "https://test.salesforce.com")] {
        assert_eq!(with("instance-type", Some(kind)).complete().unwrap().credentials.login_url, url);
    }
    assert_eq!(
        problem(&with("instance-type", Some("prod"))),
        "instance-type is none of production, sandbox and my-domain"
    );
    assert_eq!(problem(&with("my-domain", None)), "my-domain is missing, and instance-type my-domain needs it");
}

#[test]
fn what_is_pasted_with_blanks_is_taken() {
    let settings = with("organization-id", Some(" 00D5e0000012AbCEAU\n")).complete().unwrap();
    assert_eq!(settings.organization_id.as_str(), "00D5e0000012AbCEAU");
    assert_eq!(with("api-version", Some("v62.0")).complete().unwrap().api_version, "62.0");
    assert_eq!(with("api-version", Some("62")).complete().unwrap().api_version, "62.0");
}

#[test]
fn each_mistake_is_named() {
    for (name, value, expected) in [
        ("organization-id", None, "organization-id is missing"),
        ("organization-id", Some("  "), "organization-id is missing"),
        ("organization-id", Some("0605e0000012AbC"), "does not start with 00D"),
        ("portal-id", Some("060"), "is 3 long where an id has 15 or 18 characters"),
        ("account-id", Some("0015e00000acmeAAAR"), "lost its upper and lower case"),
        (
            "account-id",
            Some("https://acme.lightning.force.com/lightning/r/Account/0015e00000AcmeAAAR/view"),
            "only the id in it",
        ),
        ("username", Some("admin"), "does not have the form of an e-mail address"),
        ("my-domain", Some("http://acme.my.salesforce.com"), "only https"),
        ("api-version", Some("41.0"), "not a version from 42.0 on"),
        ("api-version", Some("newest"), "not a version"),
        ("acount-id", Some("x"), "acount-id is no setting of this connector"),
    ] {
        let checked = with(name, value);
        assert!(problem(&checked).contains(expected), "{name} {value:?}: {:?}", checked.problems);
        assert!(checked.complete().is_err());
    }
}

#[test]
fn all_problems_are_told_at_once_and_no_value_is_quoted() {
    let settings = model::Settings::<Secret> {
        values: vec![
            ("organization-id".to_owned(), "hunter2".to_owned()),
            ("password".to_owned(), "hunter2".to_owned()),
        ],
        secrets: vec![("username".to_owned(), Secret("u"))],
    };
    let checked = check(settings);
    for name in ["instance-type", "username", "password", "organization-id", "portal-id", "account-id"] {
        assert!(checked.problems.iter().any(|problem| problem.setting == name), "{name}");
    }
    let error = checked.complete().unwrap_err();
    assert_eq!(error.kind, ErrorKind::InvalidSettings);
    assert!(!format!("{error:?}").contains("hunter2"));
}

#[test]
fn the_declared_settings_are_those_that_are_read() {
    for definition in definitions() {
        let expected = matches!(definition.name, "password" | "security-token");
        assert_eq!(definition.kind == model::SettingKind::Secret, expected, "{}", definition.name);
    }
}
