//! What fits no row.

use super::*;

#[test]
fn an_unknown_error_takes_kind_and_retry_from_its_status() {
    let other = (ErrorKind::Other(Cow::Borrowed("something-new")), Retry::Never);
    for status in 0..1000 {
        let expected = match status {
            401 => (ErrorKind::InvalidCredentials, Retry::AfterRemedy),
            403 => (ErrorKind::PermissionDenied, Retry::AfterRemedy),
            404 => (ErrorKind::NotFound, Retry::Never),
            410 => (ErrorKind::InvalidSettings, Retry::AfterRemedy),
            429 => (ErrorKind::RateLimited, Retry::After(60)),
            500..=999 => (ErrorKind::Transient, Retry::After(30)),
            _ => other.clone(),
        };
        let error = diagnosed(status, "SOMETHING_NEW", "x");
        assert_eq!((error.kind.clone(), error.retry), expected, "{status}");
        let names_version = error.remedy.as_deref().is_some_and(|remedy| remedy.starts_with("Set api-version"));
        assert_eq!(names_version, status == 410, "{status}");
        assert!(error.remedy.is_some(), "{status}");
    }
}

#[test]
fn an_unknown_error_is_passed_on_whole() {
    let user = SUBJECT;
    for (status, code, message, told) in [
        (
            400,
            "SOMETHING_NEW",
            "Words of its own",
            format!("Salesforce refused {user}: Words of its own (SOMETHING_NEW)"),
        ),
        (400, "SOMETHING_NEW", " \nWords\n ", format!("Salesforce refused {user}: Words (SOMETHING_NEW)")),
        (502, "", "Bad Gateway", format!("Salesforce refused {user} with HTTP status 502: Bad Gateway")),
        (400, "SOMETHING_NEW", "", format!("Salesforce refused {user} with the code SOMETHING_NEW")),
        (400, "SOMETHING_NEW", " \n", format!("Salesforce refused {user} with the code SOMETHING_NEW")),
        (410, "", "", format!("Salesforce refused {user} with HTTP status 410 and no reason")),
    ] {
        let error = diagnosed(status, code, message);
        assert_eq!(error.message, told);
        assert_eq!(error.upstream, Some(fault(status, code, message).into()), "Salesforce's answer stays as it was");
    }
}

#[test]
fn an_unknown_code_is_a_short_name_in_kebab_case() {
    let long = "A_B".repeat(40);
    for (code, name) in [
        ("SOMETHING_NEW", "something-new".to_owned()),
        ("Error 42/é!", "error-42---".to_owned()),
        ("", "refused".to_owned()),
        (&long, "a-b".repeat(40)[..64].to_owned()),
        (&long[..64], "a-b".repeat(40)[..64].to_owned()),
        (&long[..63], "a-b".repeat(40)[..63].to_owned()),
    ] {
        assert_eq!(diagnosed(400, code, "x").kind, ErrorKind::Other(Cow::Owned(name)), "{code}");
    }
}
