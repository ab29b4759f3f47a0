//! Errors that can meet any request, whatever it is about.

use super::Row;
use crate::model::{ErrorKind, Retry};

pub(super) static ROWS: [Row; 17] = [
    // H. Not every 401 is an expired session: signing in again would not help here, and must not be tried.
    Row {
        code: "INVALID_SESSION_ID",
        pattern: "not valid for use with the REST API",
        kind: ErrorKind::PermissionDenied,
        retry: Retry::AfterRemedy,
        sentence: "the session of the admin user may not use the REST API, so Salesforce refused {}",
        remedy: "Switch on API Enabled for this user under Setup > Users > Profiles, and check that no login policy limits it to the user interface",
    },
    Row {
        code: "INVALID_SESSION_ID",
        pattern: "",
        kind: ErrorKind::Transient,
        retry: Retry::AtOnce,
        sentence: "the session ended again right after a new sign-in, so {} could not be dealt with",
        remedy: "Check that no other program ends the sessions of this user and that its profile has no very short session timeout",
    },
    // H: 403 beside 403 for a missing right.
    Row {
        code: "REQUEST_LIMIT_EXCEEDED",
        pattern: "ConcurrentRequests",
        kind: ErrorKind::RateLimited,
        retry: Retry::After(30),
        sentence: "too many long requests run in this Salesforce organization at once, so {} has to wait",
        remedy: "Try again in a moment, or run fewer jobs side by side",
    },
    Row {
        code: "REQUEST_LIMIT_EXCEEDED",
        pattern: "",
        kind: ErrorKind::BudgetExhausted,
        retry: Retry::After(3600),
        sentence: "this Salesforce organization has used up its API requests of the last 24 hours, so {} has to wait",
        remedy: "See what uses them under Setup > Company Settings > Company Information > API Requests, Last 24 Hours, and wait or buy more",
    },
    // H.
    Row {
        code: "UNABLE_TO_LOCK_ROW",
        pattern: "",
        kind: ErrorKind::Transient,
        retry: Retry::After(5),
        sentence: "Salesforce was changing {} or a related record at the same moment",
        remedy: "",
    },
    // M, seen on updates of users; the same call succeeds later.
    Row {
        code: "UNKNOWN_EXCEPTION",
        pattern: "group membership operation already in progress",
        kind: ErrorKind::Transient,
        retry: Retry::After(10),
        sentence: "Salesforce is still computing group memberships, so {} has to wait",
        remedy: "",
    },
    Row {
        code: "SERVER_UNAVAILABLE",
        pattern: "",
        kind: ErrorKind::Transient,
        retry: Retry::After(30),
        sentence: "Salesforce is overloaded, so {} has to wait",
        remedy: "",
    },
    Row {
        code: "QUERY_TIMEOUT",
        pattern: "",
        kind: ErrorKind::Transient,
        retry: Retry::After(60),
        sentence: "Salesforce took too long over {}",
        remedy: "",
    },
    Row {
        code: "INSUFFICIENT_ACCESS",
        pattern: "",
        kind: ErrorKind::PermissionDenied,
        retry: Retry::AfterRemedy,
        sentence: "the admin user lacks the right that is needed for {}",
        remedy: "Give its profile API Enabled, Manage Users, Reset User Passwords and Unlock Users, and access to contacts and accounts under Setup > Users > Profiles",
    },
    Row {
        code: "INSUFFICIENT_ACCESS_OR_READONLY",
        pattern: "",
        kind: ErrorKind::PermissionDenied,
        retry: Retry::AfterRemedy,
        sentence: "the admin user lacks the right to write {}",
        remedy: "Give its profile Manage Users and Modify All on contacts under Setup > Users > Profiles",
    },
    Row {
        code: "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY",
        pattern: "",
        kind: ErrorKind::PermissionDenied,
        retry: Retry::AfterRemedy,
        sentence: "the admin user lacks the right to a record that {} points at",
        remedy: "Give it access to the portal's account, its contacts, and the profiles and roles that are assigned",
    },
    // H. Salesforce also answers so where the right to see a field is missing.
    Row {
        code: "INVALID_FIELD",
        pattern: "",
        kind: ErrorKind::PermissionDenied,
        retry: Retry::AfterRemedy,
        sentence: "a field that {} needs does not exist in this organization or is hidden from the admin user",
        remedy: "Make the field visible to its profile under Setup > Object Manager > Fields & Relationships > Set Field-Level Security, or leave the attribute out",
    },
    Row {
        code: "INVALID_TYPE",
        pattern: "",
        kind: ErrorKind::PermissionDenied,
        retry: Retry::AfterRemedy,
        sentence: "a kind of record that {} needs does not exist in this organization or is hidden from the admin user",
        remedy: "Give its profile View Setup and Configuration, Manage Users, and access to contacts and accounts under Setup > Users > Profiles",
    },
    Row {
        code: "MALFORMED_QUERY",
        pattern: "",
        kind: ErrorKind::Other(std::borrow::Cow::Borrowed("malformed-query")),
        retry: Retry::Never,
        sentence: "Salesforce did not understand the query for {}",
        remedy: "Report this to the makers of the connector with the text that Salesforce answered",
    },
    Row {
        code: "NOT_FOUND",
        pattern: "",
        kind: ErrorKind::NotFound,
        retry: Retry::Never,
        sentence: "Salesforce knows nothing under the address of {}",
        remedy: "Check the id, and that api-version is one that the organization offers",
    },
    Row {
        code: "INVALID_QUERY_LOCATOR",
        pattern: "",
        kind: ErrorKind::StaleReference,
        retry: Retry::Never,
        sentence: "Salesforce has forgotten the position in the answer for {}",
        remedy: "Start again from the last page's cursor",
    },
    Row {
        code: "TXN_SECURITY_METERING_ERROR",
        pattern: "",
        kind: ErrorKind::RejectedByRule,
        retry: Retry::AfterRemedy,
        sentence: "a transaction security policy of the organization refuses {}",
        remedy: "Exempt the admin user under Setup > Security > Transaction Security Policies",
    },
];
