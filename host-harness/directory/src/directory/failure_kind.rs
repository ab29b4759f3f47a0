//! The kinds of failures: those that the connector interface names, and the directory's own.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::database::{FromValue, StoreError, ToValue, ValueRef};
use provisioning_runtime::wit::ErrorKind;

macro_rules! kinds {
    ($($(#[$doc:meta])+ $kind:ident = $name:literal,)+) => {
        /// What kind of failure it is, for programs. Stored and printed by its [`name`](Self::name), which never changes.
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub enum FailureKind {
            $($(#[$doc])+ $kind,)+
            /// A kind that a connector has made up, or one that a newer version of the host has stored. It is never the name of
            /// another variant: [`parse`](Self::parse) finds those first.
            Other(String),
        }

        impl FailureKind {
            /// Every kind that has a variant of its own.
            pub const NAMED: &[Self] = &[$(Self::$kind),+];

            /// The name in kebab-case: in the database, in JSON and on pages.
            pub fn name(&self) -> &str {
                match self {
                    $(Self::$kind => $name,)+
                    Self::Other(name) => name,
                }
            }

            /// The kind of this name. A name that isn't known is kept as it is.
            pub fn parse(name: &str) -> Self {
                match name {
                    $($name => Self::$kind,)+
                    other => Self::Other(other.to_owned()),
                }
            }
        }
    };
}

kinds! {
    /// A setting is missing or isn't valid.
    InvalidSettings = "invalid-settings",
    /// The application refused the sign-in.
    InvalidCredentials = "invalid-credentials",
    /// The application doesn't permit the call.
    PermissionDenied = "permission-denied",
    /// The application can't be reached.
    Unreachable = "unreachable",
    /// The application was asked too often.
    RateLimited = "rate-limited",
    /// The tenant's own budget of requests is used up.
    BudgetExhausted = "budget-exhausted",
    /// Another user has the username.
    UsernameTaken = "username-taken",
    /// Several users or entitlements match, or one that is somebody else's.
    AmbiguousMatch = "ambiguous-match",
    /// A licence has no seat left.
    LicenseExhausted = "license-exhausted",
    /// The grants don't go together.
    IncompatibleGrants = "incompatible-grants",
    /// A value isn't valid.
    InvalidValue = "invalid-value",
    /// A required value is missing.
    MissingValue = "missing-value",
    /// A rule of the organization refuses the record.
    RejectedByRule = "rejected-by-rule",
    /// The record does not exist.
    NotFound = "not-found",
    /// An id, a cursor or a watermark isn't known any more.
    StaleReference = "stale-reference",
    /// The user has changed since it was planned.
    Drifted = "drifted",
    /// The password breaks the application's policy.
    PasswordRejected = "password-rejected",
    /// The connector can't do this.
    Unsupported = "unsupported",
    /// The same call may succeed later.
    Transient = "transient",
    /// The sandbox ended the job.
    Stopped = "stopped",
    /// The result of a task couldn't be stored.
    Unkept = "unkept",
    /// The tenant's feature is off.
    FeatureOff = "feature-off",
    /// The task was asked for after the plan had been made.
    NotInPlan = "not-in-plan",
    /// The user is out of use, and the tenant doesn't let a push change that.
    OutOfUse = "out-of-use",
    /// The safeguard has halted an import.
    Safeguard = "safeguard",
    /// The connector doesn't keep to its interface.
    Misbehaved = "misbehaved",
}

impl From<&ErrorKind> for FailureKind {
    fn from(kind: &ErrorKind) -> Self {
        match kind {
            ErrorKind::InvalidSettings => Self::InvalidSettings,
            ErrorKind::InvalidCredentials => Self::InvalidCredentials,
            ErrorKind::PermissionDenied => Self::PermissionDenied,
            ErrorKind::Unreachable => Self::Unreachable,
            ErrorKind::RateLimited => Self::RateLimited,
            ErrorKind::BudgetExhausted => Self::BudgetExhausted,
            ErrorKind::UsernameTaken => Self::UsernameTaken,
            ErrorKind::AmbiguousMatch => Self::AmbiguousMatch,
            ErrorKind::LicenseExhausted => Self::LicenseExhausted,
            ErrorKind::IncompatibleGrants => Self::IncompatibleGrants,
            ErrorKind::InvalidValue => Self::InvalidValue,
            ErrorKind::MissingValue => Self::MissingValue,
            ErrorKind::RejectedByRule => Self::RejectedByRule,
            ErrorKind::NotFound => Self::NotFound,
            ErrorKind::StaleReference => Self::StaleReference,
            ErrorKind::Drifted => Self::Drifted,
            ErrorKind::PasswordRejected => Self::PasswordRejected,
            ErrorKind::Unsupported => Self::Unsupported,
            ErrorKind::Transient => Self::Transient,
            ErrorKind::Other(name) => Self::parse(name),
        }
    }
}

impl fmt::Display for FailureKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for FailureKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for FailureKind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|name| Self::parse(&name))
    }
}

impl ToValue for FailureKind {
    fn value(&self) -> Result<ValueRef<'_>, StoreError> {
        self.name().value()
    }
}

impl FromValue for FailureKind {
    fn from_value(value: &ValueRef<'_>) -> Option<Self> {
        match value {
            ValueRef::Text(text) => Some(Self::parse(text)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use provisioning_runtime::error_kind_name;

    #[test]
    fn every_kind_has_a_name_of_its_own_that_leads_back_to_it() {
        for kind in FailureKind::NAMED {
            assert_eq!(&FailureKind::parse(kind.name()), kind);
        }
        let names: std::collections::BTreeSet<&str> = FailureKind::NAMED.iter().map(FailureKind::name).collect();
        assert_eq!(names.len(), FailureKind::NAMED.len());
    }

    #[test]
    fn the_kinds_of_the_interface_keep_its_names() {
        let kinds = [
            ErrorKind::InvalidSettings,
            ErrorKind::InvalidCredentials,
            ErrorKind::PermissionDenied,
            ErrorKind::Unreachable,
            ErrorKind::RateLimited,
            ErrorKind::BudgetExhausted,
            ErrorKind::UsernameTaken,
            ErrorKind::AmbiguousMatch,
            ErrorKind::LicenseExhausted,
            ErrorKind::IncompatibleGrants,
            ErrorKind::InvalidValue,
            ErrorKind::MissingValue,
            ErrorKind::RejectedByRule,
            ErrorKind::NotFound,
            ErrorKind::StaleReference,
            ErrorKind::Drifted,
            ErrorKind::PasswordRejected,
            ErrorKind::Unsupported,
            ErrorKind::Transient,
        ];
        for kind in kinds {
            let own = FailureKind::from(&kind);
            assert_eq!(own.name(), error_kind_name(&kind));
            assert!(!matches!(own, FailureKind::Other(_)), "{own}");
        }
    }

    #[test]
    fn a_name_that_is_not_known_survives() {
        let kind = FailureKind::from(&ErrorKind::Other("password-reused".to_owned()));
        assert_eq!(kind, FailureKind::Other("password-reused".to_owned()));
        let text = serde_json::to_string(&kind).unwrap();
        assert_eq!(text, "\"password-reused\"");
        assert_eq!(serde_json::from_str::<FailureKind>(&text).unwrap(), kind);
        // Else the same failure would be equal to itself before it is stored, and no longer afterwards.
        assert_eq!(FailureKind::from(&ErrorKind::Other("stopped".to_owned())), FailureKind::Stopped);
    }
}
