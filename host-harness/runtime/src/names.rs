//! The names of the interface's enumerations as the WIT package spells them, for what is printed and kept.

use super::wit::{Action, ErrorKind, Features};

/// The name of an error kind; for `other`, the connector's own.
pub fn error_kind_name(kind: &ErrorKind) -> String {
    match kind {
        ErrorKind::InvalidSettings => "invalid-settings",
        ErrorKind::InvalidCredentials => "invalid-credentials",
        ErrorKind::PermissionDenied => "permission-denied",
        ErrorKind::Unreachable => "unreachable",
        ErrorKind::RateLimited => "rate-limited",
        ErrorKind::BudgetExhausted => "budget-exhausted",
        ErrorKind::UsernameTaken => "username-taken",
        ErrorKind::AmbiguousMatch => "ambiguous-match",
        ErrorKind::LicenseExhausted => "license-exhausted",
        ErrorKind::IncompatibleGrants => "incompatible-grants",
        ErrorKind::InvalidValue => "invalid-value",
        ErrorKind::MissingValue => "missing-value",
        ErrorKind::RejectedByRule => "rejected-by-rule",
        ErrorKind::NotFound => "not-found",
        ErrorKind::StaleReference => "stale-reference",
        ErrorKind::Drifted => "drifted",
        ErrorKind::PasswordRejected => "password-rejected",
        ErrorKind::Unsupported => "unsupported",
        ErrorKind::Transient => "transient",
        ErrorKind::Other(name) => return name.clone(),
    }
    .to_owned()
}

/// The name of an action.
pub fn action_name(action: Action) -> &'static str {
    match action {
        Action::Created => "created",
        Action::Updated => "updated",
        Action::Unchanged => "unchanged",
        Action::Deactivated => "deactivated",
        Action::Frozen => "frozen",
        Action::Reactivated => "reactivated",
        Action::Unlinked => "unlinked",
    }
}

/// The features of a descriptor, one name each.
pub fn feature_names(features: Features) -> Vec<&'static str> {
    [
        (Features::IMPORT_NEW_USERS, "import-new-users"),
        (Features::IMPORT_PROFILE_UPDATES, "import-profile-updates"),
        (Features::INCREMENTAL_IMPORT, "incremental-import"),
        (Features::PUSH_NEW_USERS, "push-new-users"),
        (Features::PUSH_PROFILE_UPDATES, "push-profile-updates"),
        (Features::PUSH_USER_DEACTIVATION, "push-user-deactivation"),
        (Features::REACTIVATE_USERS, "reactivate-users"),
        (Features::SYNC_PASSWORD, "sync-password"),
        (Features::PROFILE_SOURCING, "profile-sourcing"),
        (Features::PLAN, "plan"),
    ]
    .into_iter()
    .filter(|(flag, _)| features.contains(*flag))
    .map(|(_, name)| name)
    .collect()
}
