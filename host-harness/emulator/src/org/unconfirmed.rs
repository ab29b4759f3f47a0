//! Refusals that Salesforce is known to make, in words or by a code that could not be confirmed.

use crate::error::ApiError;

/// A refusal whose wording is not confirmed (U): the emulator's words are only likely.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unconfirmed {
    /// A portal user's contact has no account.
    ContactWithoutAccount,
    /// A contact under a person account. The code is H.
    ContactOfPersonAccount,
    /// A role for a high-volume user.
    RoleForHighVolumeUser,
    /// A public group for a high-volume user.
    GroupForHighVolumeUser,
    /// An assignment of neither a permission set nor a group of them, of both at once, or of the set that stands for a
    /// group.
    AssignmentTarget,
    /// A permission set group whose permissions have yet to be computed. That such a group cannot be assigned is H.
    SetGroupNotUpdated,
    /// The org has as many internal roles as it may.
    RoleLimit,
    /// `IsActive` beside `IsPortalEnabled = false`.
    DisableWithIsActive,
    /// A disabled portal user is to be enabled again.
    EnablePortalUser,
    /// The user serves the org in a way that keeps them active. The words are Salesforce's for the default creator of
    /// web leads (H); under which code they come is U.
    CannotDeactivate,
    /// The last active administrator is to lose their powers.
    LastAdmin,
    /// The role of a user who owns portal accounts is to go.
    OwnerLosesRole,
    /// Users freeze themselves.
    FreezeSelf,
    /// A password is to be locked by hand.
    LockPassword,
    /// `Account.IsCustomerPortal = false` for more users than may be disabled at once.
    TooManyPortalUsers,
    /// A password of the user's history. The words are M; code and status are U.
    RepeatedPassword,
    /// A composite request or batch as a whole: a part lacks what it must have, or an id comes twice.
    CompositeShape,
    /// A part of a composite request or batch whose address may not stand there.
    CompositePart,
    /// A record of another object in a collections upsert.
    UpsertOfOtherObject,
    /// A reference by a nested record that has no key, or several.
    NestedRecordKeys,
    /// A SOAP call names an id that is no user's. The code is M.
    UnknownUserId,
    /// `changeOwnPassword` with an old password that is not the user's. The code is H.
    WrongOldPassword,
    /// A login outside the hours of the user's profile. The code is H.
    LoginHours,
    /// A token to revoke that is not there. The code is H.
    UnknownToken,
}

impl Unconfirmed {
    /// The refusal, in likely words.
    pub(crate) fn refusal(self) -> ApiError {
        const INTEGRITY: &str = "FIELD_INTEGRITY_EXCEPTION";
        let dml = ApiError::dml;
        match self {
            Self::ContactWithoutAccount => {
                dml(INTEGRITY, "The contact must have a value in the AccountId field", &["ContactId"])
            }
            Self::ContactOfPersonAccount => {
                dml("INVALID_PERSON_ACCOUNT_OPERATION", "cannot reference person account", &["AccountId"])
            }
            Self::RoleForHighVolumeUser => dml(INTEGRITY, "role type must match user type", &[]),
            Self::GroupForHighVolumeUser => {
                dml("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", &["UserOrGroupId"])
            }
            Self::AssignmentTarget => {
                dml("REQUIRED_FIELD_MISSING", "Required fields are missing: [PermissionSetId]", &["PermissionSetId"])
            }
            Self::SetGroupNotUpdated => dml(
                INTEGRITY,
                "You can assign users only to permission set groups that have a status of Updated.",
                &["PermissionSetGroupId"],
            ),
            Self::RoleLimit => dml("LIMIT_EXCEEDED", "You have reached the maximum number of roles.", &[]),
            Self::DisableWithIsActive => dml(
                INTEGRITY,
                "You cannot change IsActive and IsPortalEnabled in the same update",
                &["IsActive", "IsPortalEnabled"],
            ),
            Self::EnablePortalUser => {
                dml(INTEGRITY, "A disabled portal user can't be enabled again", &["IsPortalEnabled"])
            }
            Self::CannotDeactivate => {
                dml(INTEGRITY, "You cannot disable the Web to Lead Default Creator.", &["IsActive"])
            }
            Self::LastAdmin => {
                dml("CANNOT_DISABLE_LAST_ADMIN", "You can't disable the last active administrator.", &[])
            }
            Self::OwnerLosesRole => dml(
                "USER_OWNS_PORTAL_ACCOUNT_EXCEPTION",
                "The user owns portal accounts and must have a role.",
                &["UserRoleId"],
            ),
            Self::FreezeSelf => dml("CANNOT_FREEZE_SELF", "You can't freeze yourself.", &["IsFrozen"]),
            Self::LockPassword => dml(
                "CANNOT_PASSWORD_LOCKOUT",
                "You can only unlock a user's password; you can't lock it.",
                &["IsPasswordLocked"],
            ),
            Self::TooManyPortalUsers => {
                dml(INTEGRITY, "You can disable up to 100 portal users of an account at once.", &["IsCustomerPortal"])
            }
            Self::RepeatedPassword => ApiError::new(400, "INVALID_NEW_PASSWORD", "invalid repeated password"),
            Self::CompositeShape => {
                ApiError::new(400, "JSON_PARSER_ERROR", "The request is not a list of well-formed subrequests.")
            }
            Self::CompositePart => ApiError::new(400, "INVALID_REQUEST", "The url is not supported in this request."),
            Self::UpsertOfOtherObject => {
                dml("INVALID_TYPE", "The record's type is not that of the request's address.", &[])
            }
            Self::NestedRecordKeys => {
                dml("INVALID_FIELD", "Exactly one external id field must be specified for a reference.", &[])
            }
            Self::UnknownUserId => ApiError::new(500, "INVALID_ID_FIELD", "Invalid user ID specified."),
            Self::WrongOldPassword => {
                ApiError::new(500, "INVALID_OLD_PASSWORD", "The old password you have entered is incorrect.")
            }
            Self::LoginHours => ApiError::new(500, "LOGIN_DURING_RESTRICTED_TIME", "cannot log in at current time"),
            Self::UnknownToken => ApiError::new(400, "invalid_token", "invalid token"),
        }
    }
}
