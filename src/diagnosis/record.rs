//! Errors of one record: licences, usernames, fields, rules (texts quoted from the errors' catalogue, confidence as marked).

use std::borrow::Cow;

use super::Row;
use crate::model::{ErrorKind, Retry};

pub(super) static ROWS: [Row; 49] = [
    // M. The message names the licence; the same text without a name means a feature licence (H).
    Row {
        code: "LICENSE_LIMIT_EXCEEDED",
        pattern: "License Limit Exceeded -",
        kind: ErrorKind::LicenseExhausted,
        retry: Retry::AfterRemedy,
        sentence: "no seat of the licence is left for {}",
        remedy: "Buy seats or deactivate users that no longer need one; Setup > Company Settings > Company Information > User Licenses shows how many are used",
    },
    // H.
    Row {
        code: "LICENSE_LIMIT_EXCEEDED",
        pattern: "",
        kind: ErrorKind::LicenseExhausted,
        retry: Retry::AfterRemedy,
        sentence: "no seat of a licence is left for {}",
        remedy: "Buy seats or take them from users that no longer need one; Setup > Company Settings > Company Information shows user and feature licences",
    },
    // H.
    Row {
        code: "DUPLICATE_USERNAME",
        pattern: "",
        kind: ErrorKind::UsernameTaken,
        retry: Retry::AfterRemedy,
        sentence: "the username of {} is taken, here or in another Salesforce organization that may not be visible to you",
        remedy: "Choose another username; it has the form of an e-mail address and need not be one that works",
    },
    // H.
    Row {
        code: "DUPLICATE_COMM_NICKNAME",
        pattern: "",
        kind: ErrorKind::InvalidValue,
        retry: Retry::AfterRemedy,
        sentence: "the nickname of {} is taken",
        remedy: "Set the attribute nickName to another value",
    },
    // H: the text, code M.
    Row {
        code: "PORTAL_USER_ALREADY_EXISTS_FOR_CONTACT",
        pattern: "",
        kind: ErrorKind::AmbiguousMatch,
        retry: Retry::AfterRemedy,
        sentence: "the contact of {} already has a portal user",
        remedy: "Link the person to this user, or give the person a contact of its own",
    },
    // H.
    Row {
        code: "",
        pattern: "portal account owner must have a role",
        kind: ErrorKind::RejectedByRule,
        retry: Retry::AfterRemedy,
        sentence: "the owner of the portal account has no role, so Salesforce does not make portal users such as {} under it",
        remedy: "Give the owner of the account a role under Setup > Users > Users > Edit > Role, or name an account of another owner in account-id",
    },
    // H: the pattern; `<flag> is not allowed for this License Type`.
    Row {
        code: "FIELD_INTEGRITY_EXCEPTION",
        pattern: "is not allowed for this License Type",
        kind: ErrorKind::IncompatibleGrants,
        retry: Retry::AfterRemedy,
        sentence: "a feature licence does not fit the user licence of {}",
        remedy: "Take the feature licence away, or choose a profile whose licence allows it; Setup > Users > Profiles shows each profile's licence",
    },
    // H.
    Row {
        code: "FIELD_INTEGRITY_EXCEPTION",
        pattern: "profiles that are compatible with the user's license",
        kind: ErrorKind::IncompatibleGrants,
        retry: Retry::AfterRemedy,
        sentence: "the profile belongs to another licence than the one {} has",
        remedy: "Choose a profile of the same licence, or an upgrade that Salesforce allows; Setup > Users > Profiles shows each profile's licence",
    },
    // H: the identity provider's and the community's quotes of one text.
    Row {
        code: "FIELD_INTEGRITY_EXCEPTION",
        pattern: "derived from a license that doesn't require",
        kind: ErrorKind::IncompatibleGrants,
        retry: Retry::AfterRemedy,
        sentence: "the profile belongs to a licence that does not fit {}",
        remedy: "Choose a profile of a portal licence; Setup > Users > Profiles shows each profile's licence",
    },
    // M.
    Row {
        code: "",
        pattern: "change in license types is not allowed",
        kind: ErrorKind::IncompatibleGrants,
        retry: Retry::AfterRemedy,
        sentence: "Salesforce does not change {} from its licence to the one of the new profile",
        remedy: "Choose a profile of the same licence, or make a new user",
    },
    // M.
    Row {
        code: "",
        pattern: "only reassign this user to a profile of the current license",
        kind: ErrorKind::IncompatibleGrants,
        retry: Retry::AfterRemedy,
        sentence: "Salesforce does not change {} from its licence to the one of the new profile",
        remedy: "Choose a profile of the same licence, or make a new user",
    },
    // M.
    Row {
        code: "",
        pattern: "not permitted to change user type",
        kind: ErrorKind::IncompatibleGrants,
        retry: Retry::AfterRemedy,
        sentence: "Salesforce does not change {} to another type of user",
        remedy: "Choose a profile of the same licence, or make a new user",
    },
    // H.
    Row {
        code: "FIELD_INTEGRITY_EXCEPTION",
        pattern: "role type must match user type",
        kind: ErrorKind::IncompatibleGrants,
        retry: Retry::AfterRemedy,
        sentence: "the role does not fit the licence of {}",
        remedy: "Choose a role of the portal's own account, or none for licences without roles such as Customer Community; Setup > Users > Roles shows them",
    },
    // H.
    Row {
        code: "",
        pattern: "The user license doesn't allow the permission",
        kind: ErrorKind::IncompatibleGrants,
        retry: Retry::AfterRemedy,
        sentence: "a permission set grants what the user licence of {} does not allow",
        remedy: "Take the permission set away, or the permission out of it, under Setup > Users > Permission Sets",
    },
    // H.
    Row {
        code: "",
        pattern: "Cannot specify system-maintained portal role",
        kind: ErrorKind::IncompatibleGrants,
        retry: Retry::AfterRemedy,
        sentence: "the role of {} is one that Salesforce itself maintains",
        remedy: "Leave the role out; Salesforce makes and assigns portal roles",
    },
    // H.
    Row {
        code: "FIELD_INTEGRITY_EXCEPTION",
        pattern: "Username must be in the form of an email address",
        kind: ErrorKind::InvalidValue,
        retry: Retry::AfterRemedy,
        sentence: "the username of {} does not have the form of an e-mail address",
        remedy: "Set a username such as john@acme.com; it need not be an address that works",
    },
    // H.
    Row {
        code: "FIELD_INTEGRITY_EXCEPTION",
        pattern: "Must be in domain(s)",
        kind: ErrorKind::RejectedByRule,
        retry: Retry::AfterRemedy,
        sentence: "the e-mail address of {} is outside the domains that the organization allows",
        remedy: "Use an address of an allowed domain, or add the domain under Setup > Security > Authorized Email Domains",
    },
    // H.
    Row {
        code: "",
        pattern: "Allow using standard external profiles",
        kind: ErrorKind::IncompatibleGrants,
        retry: Retry::AfterRemedy,
        sentence: "the profile of {} is a standard external one, which this organization does not allow for new users, or belongs to another organization",
        remedy: "Use a copy of the profile, or allow it under Setup > Digital Experiences > Settings > Allow using standard external profiles",
    },
    // H.
    Row {
        code: "FIELD_INTEGRITY_EXCEPTION",
        pattern: "Cannot grant or remove a profile with modify all data",
        kind: ErrorKind::PermissionDenied,
        retry: Retry::AfterRemedy,
        sentence: "{} has or would get a profile with more rights than the admin user's own",
        remedy: "Choose a portal profile, or give the admin user Modify All Data",
    },
    // H.
    Row {
        code: "",
        pattern: "Cannot de-activate self",
        kind: ErrorKind::RejectedByRule,
        retry: Retry::Never,
        sentence: "{} is the admin user of the connector itself, which it cannot deactivate",
        remedy: "Take this person out of the provisioning scope",
    },
    // H: the code.
    Row {
        code: "CANNOT_DISABLE_LAST_ADMIN",
        pattern: "",
        kind: ErrorKind::RejectedByRule,
        retry: Retry::Never,
        sentence: "{} is the last administrator of the organization",
        remedy: "Take this person out of the provisioning scope",
    },
    // H: the code.
    Row {
        code: "CANNOT_FREEZE_SELF",
        pattern: "",
        kind: ErrorKind::RejectedByRule,
        retry: Retry::Never,
        sentence: "{} is the admin user of the connector itself, which it cannot freeze",
        remedy: "Take this person out of the provisioning scope",
    },
    // M.
    Row {
        code: "",
        pattern: "only portal users can be associated to a contact",
        kind: ErrorKind::IncompatibleGrants,
        retry: Retry::AfterRemedy,
        sentence: "the profile of {} is not one of a portal licence",
        remedy: "Assign a profile of a portal licence; Setup > Users > Profiles shows each profile's licence",
    },
    // H.
    Row {
        code: "INVALID_CROSS_REFERENCE_KEY",
        pattern: "Cannot create a portal user without contact",
        kind: ErrorKind::MissingValue,
        retry: Retry::Never,
        sentence: "{} has no contact, and a portal user needs one",
        remedy: "Push the user again so that its contact is made first",
    },
    // H. After a refresh of a sandbox all stored ids of records made since are dead.
    Row {
        code: "INVALID_CROSS_REFERENCE_KEY",
        pattern: "",
        kind: ErrorKind::StaleReference,
        retry: Retry::AfterRemedy,
        sentence: "{} or a profile, role or contact assigned to it does not exist any more",
        remedy: "Check the profile and role ids against this organization, and import again; ids of a sandbox die when it is refreshed",
    },
    // H.
    Row {
        code: "ENTITY_IS_DELETED",
        pattern: "",
        kind: ErrorKind::StaleReference,
        retry: Retry::AfterRemedy,
        sentence: "{} has been deleted",
        remedy: "Import again, or take the link to this record away",
    },
    // H.
    Row {
        code: "REQUIRED_FIELD_MISSING",
        pattern: "",
        kind: ErrorKind::MissingValue,
        retry: Retry::AfterRemedy,
        sentence: "{} lacks a value that Salesforce requires",
        remedy: "Set the fields that Salesforce names, or make them optional under Setup > Object Manager > Fields & Relationships",
    },
    // H.
    Row {
        code: "STRING_TOO_LONG",
        pattern: "",
        kind: ErrorKind::InvalidValue,
        retry: Retry::AfterRemedy,
        sentence: "a value of {} is longer than its field",
        remedy: "Shorten the value in the directory or in the attribute mapping",
    },
    // H.
    Row {
        code: "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
        pattern: "",
        kind: ErrorKind::InvalidValue,
        retry: Retry::AfterRemedy,
        sentence: "a value of {} is not among the choices of its field",
        remedy: "Use one of the field's values under Setup > Object Manager > Fields & Relationships",
    },
    // H.
    Row {
        code: "INVALID_EMAIL_ADDRESS",
        pattern: "",
        kind: ErrorKind::InvalidValue,
        retry: Retry::AfterRemedy,
        sentence: "the e-mail address of {} is malformed",
        remedy: "Correct the e-mail address in the directory",
    },
    // H.
    Row {
        code: "MALFORMED_ID",
        pattern: "",
        kind: ErrorKind::InvalidValue,
        retry: Retry::AfterRemedy,
        sentence: "an id given for {} is malformed or of another kind of record",
        remedy: "Check the profile id (starts with 00e) and the role id (starts with 00E)",
    },
    // H.
    Row {
        code: "INVALID_FIELD_FOR_INSERT_UPDATE",
        pattern: "",
        kind: ErrorKind::PermissionDenied,
        retry: Retry::AfterRemedy,
        sentence: "the admin user may not write a field of {}",
        remedy: "Make the field editable for its profile under Setup > Object Manager > Fields & Relationships > Set Field-Level Security",
    },
    // H: the code; the text is the rule's own.
    Row {
        code: "FIELD_CUSTOM_VALIDATION_EXCEPTION",
        pattern: "",
        kind: ErrorKind::RejectedByRule,
        retry: Retry::AfterRemedy,
        sentence: "a validation rule of the organization refuses {}",
        remedy: "Change the value that the rule names, or the rule under Setup > Object Manager > Validation Rules",
    },
    // H.
    Row {
        code: "DUPLICATES_DETECTED",
        pattern: "",
        kind: ErrorKind::RejectedByRule,
        retry: Retry::AfterRemedy,
        sentence: "a duplicate rule of the organization refuses {}",
        remedy: "Merge or link the existing record, or let the admin user's profile bypass the rule under Setup > Data > Duplicate Rules",
    },
    // H: the code; text U.
    Row {
        code: "CANNOT_EXECUTE_FLOW_TRIGGER",
        pattern: "",
        kind: ErrorKind::RejectedByRule,
        retry: Retry::AfterRemedy,
        sentence: "a flow of the organization failed on {}",
        remedy: "Correct the flow under Setup > Process Automation > Flows; the admin that it mails errors to has the details",
    },
    // H: the code.
    Row {
        code: "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
        pattern: "",
        kind: ErrorKind::RejectedByRule,
        retry: Retry::AfterRemedy,
        sentence: "a trigger or process of the organization failed on {}",
        remedy: "Correct the trigger under Setup > Custom Code > Apex Triggers",
    },
    // H. We never mix; a trigger or flow of the organization can.
    Row {
        code: "MIXED_DML_OPERATION",
        pattern: "",
        kind: ErrorKind::RejectedByRule,
        retry: Retry::AfterRemedy,
        sentence: "automation in the organization changes a contact and a user in one step, which Salesforce refuses for {}",
        remedy: "Make the trigger or flow run asynchronously (a future method, a scheduled path)",
    },
    // H.
    Row {
        code: "DUPLICATE_VALUE",
        pattern: "",
        kind: ErrorKind::InvalidValue,
        retry: Retry::AfterRemedy,
        sentence: "a value of {} that must be unique belongs to another record",
        remedy: "Choose another value for the field that Salesforce names, often the federation id",
    },
    // H: the code.
    Row {
        code: "INACTIVE_OWNER_OR_USER",
        pattern: "",
        kind: ErrorKind::RejectedByRule,
        retry: Retry::AfterRemedy,
        sentence: "the owner of a record that {} belongs to is inactive",
        remedy: "Give the portal account an active owner with a role",
    },
    // H: the code.
    Row {
        code: "USER_OWNS_PORTAL_ACCOUNT_EXCEPTION",
        pattern: "",
        kind: ErrorKind::RejectedByRule,
        retry: Retry::AfterRemedy,
        sentence: "{} owns a portal account",
        remedy: "Give the account another owner first",
    },
    // H: the code.
    Row {
        code: "INVALID_PERSON_ACCOUNT_OPERATION",
        pattern: "",
        kind: ErrorKind::InvalidSettings,
        retry: Retry::AfterRemedy,
        sentence: "{} cannot be made or changed under a person account",
        remedy: "Enter the id of a business account in account-id",
    },
    // H: the code.
    Row {
        code: "PORTAL_USER_CREATION_RESTRICTED_WITH_ENCRYPTION",
        pattern: "",
        kind: ErrorKind::RejectedByRule,
        retry: Retry::AfterRemedy,
        sentence: "Salesforce makes no portal users such as {} while classic encryption covers their fields",
        remedy: "See Setup > Security > Platform Encryption, and ask Salesforce support",
    },
    // H: the code.
    Row {
        code: "LIGHT_PORTAL_USER_EXCEPTION",
        pattern: "",
        kind: ErrorKind::IncompatibleGrants,
        retry: Retry::AfterRemedy,
        sentence: "the high-volume licence of {} does not allow this",
        remedy: "Use a licence with roles, or leave the role and groups out",
    },
    // H: the code.
    Row {
        code: "DELETE_FAILED",
        pattern: "",
        kind: ErrorKind::RejectedByRule,
        retry: Retry::Never,
        sentence: "Salesforce does not delete {} because other records need it",
        remedy: "",
    },
    // H.
    Row {
        code: "ALL_OR_NONE_OPERATION_ROLLED_BACK",
        pattern: "",
        kind: ErrorKind::Transient,
        retry: Retry::AtOnce,
        sentence: "{} was taken back because a neighbour in the same request failed",
        remedy: "",
    },
    // H.
    Row {
        code: "MISSING_ARGUMENT",
        pattern: "",
        kind: ErrorKind::StaleReference,
        retry: Retry::Never,
        sentence: "Salesforce was given no id for {}",
        remedy: "Import again",
    },
    // M: the text, code U, once seen with HTTP 500.
    Row {
        code: "",
        pattern: "repeated password",
        kind: ErrorKind::Other(Cow::Borrowed("password-reused")),
        retry: Retry::Never,
        sentence: "the new password of {} was used before",
        remedy: "Choose a password that this person has not used lately; Setup > Security > Password Policies says how far back counts",
    },
    // M.
    Row {
        code: "",
        pattern: "Cannot set password for self",
        kind: ErrorKind::RejectedByRule,
        retry: Retry::Never,
        sentence: "{} is the admin user of the connector itself, whose password it cannot set",
        remedy: "Take this person out of the provisioning scope",
    },
    // H.
    Row {
        code: "INVALID_NEW_PASSWORD",
        pattern: "",
        kind: ErrorKind::PasswordRejected,
        retry: Retry::Never,
        sentence: "the new password of {} does not meet the password policy",
        remedy: "Choose a password that meets Setup > Security > Password Policies; portal profiles may have policies of their own",
    },
];
