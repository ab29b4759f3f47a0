use super::*;

fn tell(status: u16, code: &str, message: &str) -> Error {
    diagnose(
        Fault { status, code: code.into(), message: message.into(), ..Fault::default() },
        "the user ada@example.com",
    )
}

#[test]
fn every_row_says_what_and_whom_and_can_be_reached() {
    let rows: Vec<&Row> = [&sign_in::ROWS[..], &request::ROWS[..], &record::ROWS[..]].into_iter().flatten().collect();
    for (at, row) in rows.iter().enumerate() {
        assert!(!row.code.is_empty() || !row.pattern.is_empty(), "{}", row.sentence);
        assert!(!row.sentence.ends_with('.') && !row.remedy.ends_with('.'), "{}", row.sentence);
        assert!(row.retry != Retry::AfterRemedy || !row.remedy.is_empty(), "{}", row.sentence);
        let fault = Fault { status: 400, code: row.code.into(), message: row.pattern.into(), ..Fault::default() };
        let first = rows.iter().position(|row| row.fits(&fault)).unwrap();
        assert_eq!(first, at, "{} {} is hidden by an earlier row", row.code, row.pattern);
    }
}

#[test]
fn the_catalogue_of_real_errors_is_told_apart() {
    use ErrorKind::{
        AmbiguousMatch, BudgetExhausted, IncompatibleGrants, InvalidCredentials, InvalidSettings, InvalidValue,
        LicenseExhausted, MissingValue, PasswordRejected, PermissionDenied, RateLimited, RejectedByRule,
        StaleReference, Transient, UsernameTaken,
    };
    for (code, message, kind) in [
        ("FIELD_INTEGRITY_EXCEPTION", "Marketing User is not allowed for this License Type", IncompatibleGrants),
        ("FIELD_INTEGRITY_EXCEPTION", "Live Agent User is not allowed for this License Type.", IncompatibleGrants),
        ("LICENSE_LIMIT_EXCEEDED", "License limit exceeded", LicenseExhausted),
        ("LICENSE_LIMIT_EXCEEDED", "License Limit Exceeded - Customer Community", LicenseExhausted),
        (
            "FIELD_INTEGRITY_EXCEPTION",
            "You can only assign profiles that are compatible with the user's license. For a list of compatible licenses and profiles, see the Salesforce Help.",
            IncompatibleGrants,
        ),
        (
            "FIELD_INTEGRITY_EXCEPTION",
            "User's Profile can't be set to 'Identity User' because it's derived from a license that doesn't require the following permission(s): ChatterInternalUser. Select a different profile.",
            IncompatibleGrants,
        ),
        ("FIELD_INTEGRITY_EXCEPTION", "role type must match user type", IncompatibleGrants),
        (
            "FIELD_INTEGRITY_EXCEPTION",
            "Can't assign permission set Promo to user Ada. The user license doesn't allow the permission: Read Promotion",
            IncompatibleGrants,
        ),
        (
            "DUPLICATE_USERNAME",
            "Duplicate Username.<br>The username already exists in this or another Salesforce organization.",
            UsernameTaken,
        ),
        (
            "DUPLICATE_COMM_NICKNAME",
            "Duplicate Nickname.<br>Another user has already selected this nickname.",
            InvalidValue,
        ),
        (
            "FIELD_INTEGRITY_EXCEPTION",
            "Username must be in the form of an email address (for example, john@acme.com): Username",
            InvalidValue,
        ),
        ("INVALID_CROSS_REFERENCE_KEY", "Cannot create a portal user without contact", MissingValue),
        ("FIELD_INTEGRITY_EXCEPTION", "only portal users can be associated to a contact", IncompatibleGrants),
        ("PORTAL_USER_ALREADY_EXISTS_FOR_CONTACT", "portal user already exists for contact", AmbiguousMatch),
        ("UNKNOWN_EXCEPTION", "portal account owner must have a role", RejectedByRule),
        (
            "FIELD_INTEGRITY_EXCEPTION",
            "To create or update users for this profile, go to Setup > Digital Experiences > Settings and select Allow using standard external profiles for self-registration, user creation, and login.",
            IncompatibleGrants,
        ),
        ("REQUIRED_FIELD_MISSING", "Required fields are missing: [Email, ProfileId]", MissingValue),
        ("MALFORMED_ID", "Profile ID: id value of incorrect type: BadValue", InvalidValue),
        ("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", StaleReference),
        (
            "FIELD_INTEGRITY_EXCEPTION",
            "Cannot grant or remove a profile with modify all data, without having the modify all data permission yourself.",
            PermissionDenied,
        ),
        ("FIELD_INTEGRITY_EXCEPTION", "Invalid Email Address: Must be in domain(s) wnco.com: Email", RejectedByRule),
        ("FIELD_INTEGRITY_EXCEPTION", "Cannot de-activate self: Active", RejectedByRule),
        (
            "UNABLE_TO_LOCK_ROW",
            "unable to obtain exclusive access to this record or 1 records: 005D2000005smGPIA",
            Transient,
        ),
        ("UNKNOWN_EXCEPTION", "group membership operation already in progress", Transient),
        ("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", BudgetExhausted),
        ("REQUEST_LIMIT_EXCEEDED", "ConcurrentRequests (Concurrent API Requests) Limit exceeded.", RateLimited),
        ("STRING_TOO_LONG", "Title: data value too large: x (max length=80)", InvalidValue),
        ("INVALID_EMAIL_ADDRESS", "Email: invalid email address: x", InvalidValue),
        ("INVALID_NEW_PASSWORD", "Your password must have a mix of letters and numbers.", PasswordRejected),
        ("UNKNOWN_EXCEPTION", "invalid repeated password", ErrorKind::Other("password-reused".into())),
        ("INSUFFICIENT_ACCESS", "You do not have permission to view this record.", PermissionDenied),
        ("INVALID_OPERATION", "SOAP API login() is disabled by default in this org.", InvalidSettings),
        ("UNSUPPORTED_API_VERSION", "Invalid Api version specified on URL", InvalidSettings),
        ("API_DISABLED_FOR_ORG", "The REST API is not enabled for this Organization.", PermissionDenied),
        ("INVALID_LOGIN", "Invalid username, password, security token; or user locked out.", InvalidCredentials),
        ("LOGIN_DURING_RESTRICTED_TIME", "x", PermissionDenied),
        ("DUPLICATES_DETECTED", "Use one of these records?", RejectedByRule),
    ] {
        let error = tell(400, code, message);
        assert_eq!(error.kind, kind, "{code}: {message}");
        let upstream = error.upstream.as_ref().unwrap();
        assert_eq!((upstream.code.as_str(), upstream.message.as_str()), (code, message));
    }
}

#[test]
fn two_errors_with_one_code_keep_their_own_remedy() {
    let named = tell(400, "INVALID_NEW_PASSWORD", "invalid repeated password");
    let policy = tell(400, "INVALID_NEW_PASSWORD", "Your password is too short.");
    assert!(named.message.contains("used before") && policy.message.contains("policy"));
}

#[test]
fn an_unknown_code_passes_through_whole() {
    let error = tell(400, "SOMETHING_NEW", "Words of Salesforce's own");
    assert_eq!(error.kind, ErrorKind::Other("something-new".into()));
    assert_eq!(error.message, "Salesforce refused the user ada@example.com: Words of Salesforce's own (SOMETHING_NEW)");
    assert_eq!(tell(503, "", "").kind, ErrorKind::Transient);
    assert_eq!(tell(403, "NEW", "").kind, ErrorKind::PermissionDenied);
    assert_eq!(tell(429, "", "slow down").kind, ErrorKind::RateLimited);
    let gone = tell(410, "GONE", "");
    assert_eq!((gone.kind.clone(), gone.retry), (ErrorKind::InvalidSettings, Retry::AfterRemedy));
    assert!(gone.remedy.as_ref().is_some_and(|remedy| remedy.contains("api-version")), "{gone:?}");
}

#[test]
fn no_answer_of_salesforce_says_that_the_connector_has_no_such_function() {
    let rows = [&sign_in::ROWS[..], &request::ROWS[..], &record::ROWS[..]];
    for row in rows.into_iter().flatten() {
        assert_ne!(row.kind, ErrorKind::Unsupported, "{} {}", row.code, row.pattern);
    }
    for status in 0..600 {
        assert_ne!(tell(status, "SOMETHING_NEW", "x").kind, ErrorKind::Unsupported, "{status}");
    }
}

#[test]
fn only_passing_conditions_are_tried_again_at_once() {
    let passing = |status, code: &str, message: &str| {
        is_passing(&Fault { status, code: code.into(), message: message.into(), ..Fault::default() })
    };
    assert!(passing(400, "UNABLE_TO_LOCK_ROW", ""));
    assert!(passing(503, "SERVER_UNAVAILABLE", ""));
    assert!(passing(502, "", "Bad Gateway"));
    assert!(!passing(500, "UNKNOWN_EXCEPTION", "portal account owner must have a role"));
    assert!(!passing(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."));
    assert!(!passing(400, "DUPLICATE_USERNAME", ""));
}
