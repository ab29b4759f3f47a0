//! Faults of signing in (reference: the partner WSDL's `ExceptionCode`, H; texts as marked).
//!
//! None is `Unsupported`, which says that the connector itself has no such function: what an organization, its edition or its
//! settings keep from it is cured there, and the work waits until then.

use super::{EXPIRED_PASSWORD_REMEDY, Row};
use crate::model::{ErrorKind, Retry};

pub(super) static ROWS: [Row; 35] = [
    // H. Salesforce does not tell a locked user from a wrong password.
    Row {
        code: "INVALID_LOGIN",
        pattern: "",
        kind: ErrorKind::InvalidCredentials,
        retry: Retry::AfterRemedy,
        sentence: "Salesforce does not accept the username, the password or the security token of {}, or has locked this user out",
        remedy: "Check the username, the password with its security token, and the instance type; a locked user is unlocked under Setup > Users > Users > Unlock",
    },
    // H.
    Row {
        code: "LOGIN_MUST_USE_SECURITY_TOKEN",
        pattern: "",
        kind: ErrorKind::InvalidCredentials,
        retry: Retry::AfterRemedy,
        sentence: "Salesforce wants the security token of {} behind the password, and got none or an old one",
        remedy: "Enter the current security token; a new one is mailed from the personal settings of this user under Reset My Security Token, and every change of its password makes a new one",
    },
    // M-H, public reports since 2025.
    Row {
        code: "INVALID_OPERATION",
        pattern: "SOAP API login()",
        kind: ErrorKind::InvalidSettings,
        retry: Retry::AfterRemedy,
        sentence: "this Salesforce organization has switched off signing in by SOAP login(), so {} cannot sign in with a password",
        remedy: "Set sign-in to client-credentials or jwt-bearer with a connected app, or allow SOAP API login() under Setup > Identity > User Interface until Salesforce ends it with Summer '27",
    },
    // H.
    Row {
        code: "UNSUPPORTED_API_VERSION",
        pattern: "",
        kind: ErrorKind::InvalidSettings,
        retry: Retry::AfterRemedy,
        sentence: "Salesforce no longer offers the API version that {} asked for",
        remedy: "Set api-version to one that the organization lists under /services/data/, or update the connector when the sign-in itself is refused",
    },
    // H: the code; its text U.
    Row {
        code: "API_DISABLED_FOR_ORG",
        pattern: "",
        kind: ErrorKind::PermissionDenied,
        retry: Retry::AfterRemedy,
        sentence: "the edition of this Salesforce organization, or the profile of {}, has no access to the API",
        remedy: "Use an edition with API access (Enterprise, Unlimited, Performance, Developer) and switch on API Enabled in the profile under Setup > Users > Profiles",
    },
    Row {
        code: "API_CURRENTLY_DISABLED",
        pattern: "",
        kind: ErrorKind::Transient,
        retry: Retry::After(300),
        sentence: "Salesforce has switched off the API of this organization for the moment, so {} could not be dealt with",
        remedy: "Wait for it to come back, and see status.salesforce.com",
    },
    Row {
        code: "PASSWORD_LOCKOUT",
        pattern: "",
        kind: ErrorKind::InvalidCredentials,
        retry: Retry::AfterRemedy,
        sentence: "{} is locked out after too many wrong passwords",
        remedy: "Unlock the user under Setup > Users > Users > Unlock, or wait out the lockout period of the password policy",
    },
    Row {
        code: "LOGIN_DURING_RESTRICTED_DOMAIN",
        pattern: "",
        kind: ErrorKind::PermissionDenied,
        retry: Retry::AfterRemedy,
        sentence: "the profile of {} does not allow signing in from this network address",
        remedy: "Add the address of the provisioning host under Setup > Users > Profiles > Login IP Ranges",
    },
    Row {
        code: "LOGIN_DURING_RESTRICTED_TIME",
        pattern: "",
        kind: ErrorKind::PermissionDenied,
        retry: Retry::AfterRemedy,
        sentence: "the profile of {} does not allow signing in at this time of day",
        remedy: "Widen the hours under Setup > Users > Profiles > Login Hours, or run the job within them",
    },
    Row {
        code: "LOGIN_CHALLENGE_ISSUED",
        pattern: "",
        kind: ErrorKind::InvalidCredentials,
        retry: Retry::AfterRemedy,
        sentence: "Salesforce has asked {} to confirm the sign-in by a code",
        remedy: "Add the address of the provisioning host under Setup > Security > Network Access, and use a user made for the API alone",
    },
    Row {
        code: "LOGIN_CHALLENGE_PENDING",
        pattern: "",
        kind: ErrorKind::InvalidCredentials,
        retry: Retry::AfterRemedy,
        sentence: "Salesforce still waits for {} to confirm an earlier sign-in by a code",
        remedy: "Confirm the sign-in in a browser, or add the address of the provisioning host under Setup > Security > Network Access",
    },
    Row {
        code: "ORG_LOCKED",
        pattern: "",
        kind: ErrorKind::PermissionDenied,
        retry: Retry::AfterRemedy,
        sentence: "Salesforce has locked the organization that {} belongs to",
        remedy: "Ask Salesforce support or the account executive why the organization is locked",
    },
    Row {
        code: "TRIAL_EXPIRED",
        pattern: "",
        kind: ErrorKind::PermissionDenied,
        retry: Retry::AfterRemedy,
        sentence: "the trial of the Salesforce organization that {} belongs to has ended",
        remedy: "Buy the organization or name another one in the settings",
    },
    Row {
        code: "INACTIVE_PORTAL",
        pattern: "",
        kind: ErrorKind::InvalidSettings,
        retry: Retry::AfterRemedy,
        sentence: "the portal that {} signs in to is not active",
        remedy: "Switch on the portal under Setup > Customize > Customer Portal > Settings, or enter the id of an active one",
    },
    Row {
        code: "PORTAL_NO_ACCESS",
        pattern: "",
        kind: ErrorKind::PermissionDenied,
        retry: Retry::AfterRemedy,
        sentence: "{} may not sign in to the portal",
        remedy: "Add the profile to the portal under Setup > Customize > Customer Portal > Settings > Assigned Profiles",
    },
    Row {
        code: "UNSUPPORTED_CLIENT",
        pattern: "",
        kind: ErrorKind::PermissionDenied,
        retry: Retry::Never,
        sentence: "Salesforce does not let this client sign {} in",
        remedy: "",
    },
    // H: a session that can do nothing but set a new password.
    Row {
        code: "INVALID_OPERATION_WITH_EXPIRED_PASSWORD",
        pattern: "",
        kind: ErrorKind::InvalidCredentials,
        retry: Retry::AfterRemedy,
        sentence: "the password of the admin user has expired, so Salesforce refused {}",
        remedy: EXPIRED_PASSWORD_REMEDY,
    },
    Row {
        code: "ORGANIZATION_UNAVAILABLE",
        pattern: "",
        kind: ErrorKind::Transient,
        retry: Retry::After(300),
        sentence: "the Salesforce organization is not available at the moment, so {} could not be dealt with",
        remedy: "Wait for the maintenance to end, and see status.salesforce.com",
    },
    Row {
        code: "INVALID_SSO_GATEWAY_URL",
        pattern: "",
        kind: ErrorKind::InvalidSettings,
        retry: Retry::AfterRemedy,
        sentence: "delegated authentication is on for {}, and its gateway does not work",
        remedy: "Take the API user off single sign-on under Setup > Users > Profiles > Is Single Sign-On Enabled",
    },
    // H.
    Row {
        code: "invalid_grant",
        pattern: "request not supported on this domain",
        kind: ErrorKind::InvalidSettings,
        retry: Retry::AfterRemedy,
        sentence: "Salesforce grants {} client credentials only at the organization's own host",
        remedy: "Set instance-type to my-domain and enter the host that ends in .my.salesforce.com",
    },
    // H.
    Row {
        code: "invalid_grant",
        pattern: "no client credentials user enabled",
        kind: ErrorKind::InvalidCredentials,
        retry: Retry::AfterRemedy,
        sentence: "the connected app does not allow client credentials or names no user to run as, so {} cannot sign in",
        remedy: "Switch on Enable Client Credentials Flow and choose a Run As user under Setup > Apps > App Manager > Manage > Edit Policies",
    },
    // H.
    Row {
        code: "invalid_grant",
        pattern: "user hasn't approved this consumer",
        kind: ErrorKind::InvalidCredentials,
        retry: Retry::AfterRemedy,
        sentence: "{} does not exist or may not use the connected app",
        remedy: "Set Permitted Users to Admin approved users are pre-authorized and add the user's profile under Setup > Apps > App Manager > Manage",
    },
    // H.
    Row {
        code: "invalid_grant",
        pattern: "audience",
        kind: ErrorKind::InvalidSettings,
        retry: Retry::AfterRemedy,
        sentence: "Salesforce does not take the assertion of {} at this host",
        remedy: "Set instance-type to production or sandbox as the organization is, or to my-domain with its own host",
    },
    // M.
    Row {
        code: "invalid_grant",
        pattern: "invalid assertion",
        kind: ErrorKind::InvalidCredentials,
        retry: Retry::AfterRemedy,
        sentence: "Salesforce does not accept the signature on the assertion of {}",
        remedy: "Upload the certificate of private-key to the connected app under Setup > Apps > App Manager > Use Digital Signatures",
    },
    // M.
    Row {
        code: "invalid_grant",
        pattern: "expired authorization code",
        kind: ErrorKind::InvalidCredentials,
        retry: Retry::AfterRemedy,
        sentence: "the assertion of {} had expired when it reached Salesforce",
        remedy: "Correct the clock of the provisioning host",
    },
    // M.
    Row {
        code: "invalid_grant",
        pattern: "ip restricted or invalid login hours",
        kind: ErrorKind::PermissionDenied,
        retry: Retry::AfterRemedy,
        sentence: "the profile of {} does not allow signing in from this network address or at this time",
        remedy: "Widen Login IP Ranges and Login Hours under Setup > Users > Profiles, or relax IP restrictions in the connected app",
    },
    // H. Wrong passwords, locked users and a flow that is switched off look the same.
    Row {
        code: "invalid_grant",
        pattern: "authentication failure",
        kind: ErrorKind::InvalidCredentials,
        retry: Retry::AfterRemedy,
        sentence: "Salesforce does not accept the username, the password or the security token of {}, or does not allow the password flow",
        remedy: "Check the three, allow it under Setup > Identity > OAuth and OpenID Connect Settings > Allow OAuth Username-Password Flows, or set sign-in to client-credentials",
    },
    // M.
    Row {
        code: "invalid_grant",
        pattern: "",
        kind: ErrorKind::InvalidCredentials,
        retry: Retry::AfterRemedy,
        sentence: "Salesforce does not let {} sign in with the connected app",
        remedy: "See Setup > Identity > Login History for the reason, and check the connected app's policies",
    },
    // M.
    Row {
        code: "invalid_client_id",
        pattern: "",
        kind: ErrorKind::InvalidCredentials,
        retry: Retry::AfterRemedy,
        sentence: "there is no connected app with this consumer key in the organization that {} belongs to",
        remedy: "Copy client-id from Setup > Apps > App Manager; a new app works ten minutes after it was made",
    },
    // M.
    Row {
        code: "invalid_client",
        pattern: "",
        kind: ErrorKind::InvalidCredentials,
        retry: Retry::AfterRemedy,
        sentence: "Salesforce does not accept the consumer secret of the connected app of {}",
        remedy: "Copy client-secret from Setup > Apps > App Manager > Manage Consumer Details",
    },
    // M.
    Row {
        code: "invalid_app_access",
        pattern: "",
        kind: ErrorKind::PermissionDenied,
        retry: Retry::AfterRemedy,
        sentence: "{} is not approved to use the connected app",
        remedy: "Add the user's profile or a permission set under Setup > Apps > App Manager > Manage",
    },
    // M.
    Row {
        code: "unsupported_grant_type",
        pattern: "",
        kind: ErrorKind::InvalidSettings,
        retry: Retry::AfterRemedy,
        sentence: "the organization does not offer this way to sign in to {}",
        remedy: "Choose another sign-in",
    },
    // M.
    Row {
        code: "inactive_user",
        pattern: "",
        kind: ErrorKind::InvalidCredentials,
        retry: Retry::AfterRemedy,
        sentence: "{} is inactive",
        remedy: "Activate the user under Setup > Users > Users",
    },
    // M.
    Row {
        code: "inactive_org",
        pattern: "",
        kind: ErrorKind::PermissionDenied,
        retry: Retry::AfterRemedy,
        sentence: "the organization that {} belongs to is locked, closed or suspended",
        remedy: "Ask Salesforce support or the account executive",
    },
    // M.
    Row {
        code: "rate_limit_exceeded",
        pattern: "",
        kind: ErrorKind::RateLimited,
        retry: Retry::After(60),
        sentence: "{} has signed in too often in a short time",
        remedy: "Run fewer jobs side by side",
    },
];
