//! The settings as `describe` declares them.

use crate::model::{Panel, Setting, SettingKind};

/// The settings' names.
pub mod names {
    /// Which login host.
    pub const INSTANCE_TYPE: &str = "instance-type";
    /// The organisation's own host.
    pub const MY_DOMAIN: &str = "my-domain";
    /// Which way to sign in.
    pub const SIGN_IN: &str = "sign-in";
    /// The consumer key of the app.
    pub const CLIENT_ID: &str = "client-id";
    /// The consumer secret of the app, a secret.
    pub const CLIENT_SECRET: &str = "client-secret";
    /// The private key whose certificate the app has, a secret.
    pub const PRIVATE_KEY: &str = "private-key";
    /// The admin's username.
    pub const USERNAME: &str = "username";
    /// The admin's password, a secret.
    pub const PASSWORD: &str = "password";
    /// The admin's security token, a secret.
    pub const SECURITY_TOKEN: &str = "security-token";
    /// The organisation.
    pub const ORGANIZATION_ID: &str = "organization-id";
    /// The portal.
    pub const PORTAL_ID: &str = "portal-id";
    /// The account of new contacts.
    pub const ACCOUNT_ID: &str = "account-id";
    /// The kinds of users that are imported.
    pub const USER_TYPES: &str = "user-types";
    /// Requests that go side by side.
    pub const REQUESTS_IN_FLIGHT: &str = "requests-in-flight";
    /// API requests that are left for others.
    pub const API_RESERVE: &str = "api-reserve";
    /// The version of the REST API.
    pub const API_VERSION: &str = "api-version";
    /// The field of users that holds the host's key.
    pub const USER_KEY_FIELD: &str = "user-key-field";
    /// The field of contacts that holds the host's key.
    pub const CONTACT_KEY_FIELD: &str = "contact-key-field";
    /// Whether deactivated users give their usernames up.
    pub const RENAME_ON_DEACTIVATION: &str = "rename-on-deactivation";
    /// What becomes of a changed e-mail address.
    pub const EMAIL_CHANGE: &str = "email-change";
    /// Whether new passwords are tried.
    pub const VERIFY_PASSWORDS: &str = "verify-passwords";
}

pub(super) const PRODUCTION: &str = "production";
pub(super) const SANDBOX: &str = "sandbox";
pub(super) const MY_DOMAIN: &str = "my-domain";

pub(super) const SOAP: &str = "soap";
pub(super) const CLIENT_CREDENTIALS: &str = "client-credentials";
pub(super) const JWT_BEARER: &str = "jwt-bearer";
pub(super) const PASSWORD_FLOW: &str = "password-flow";
/// The ways to sign in, those first that a new tenant should take: Salesforce has announced the end of the last two (H,
/// Salesforce Help 005132110, 000886201).
pub(super) const SIGN_INS: [&str; 4] = [CLIENT_CREDENTIALS, JWT_BEARER, SOAP, PASSWORD_FLOW];
/// What a tenant that leaves `sign-in` out signs in by. It was all that there was, so that another default would lock out the
/// tenants of that time.
pub(super) const DEFAULT_SIGN_IN: &str = SOAP;

pub(super) const APPLY: &str = "apply";
pub(super) const HOLD: &str = "hold";

/// All settings, in the order of a form.
pub const DEFINITIONS: &[Setting] = &[
    Setting {
        name: names::INSTANCE_TYPE,
        label: "Instance type",
        help: "Choose my-domain for a new tenant, since client-credentials needs the organization's own host; the other sign-ins also take production (for production and developer organizations) and sandbox.",
        // Salesforce grants client credentials only at the organization's own host (H), so it comes first.
        kind: SettingKind::Choice(&[MY_DOMAIN, PRODUCTION, SANDBOX]),
        required: true,
        panel: Panel::General,
        multiline: false,
    },
    Setting {
        name: names::MY_DOMAIN,
        label: "My Domain host",
        help: "Enter the host that ends in .my.salesforce.com; it stands under Setup > Company Settings > My Domain, and is used with instance type my-domain only.",
        kind: SettingKind::Host,
        required: false,
        panel: Panel::General,
        multiline: false,
    },
    Setting {
        name: names::SIGN_IN,
        label: "Sign-in",
        help: "Choose client-credentials for a new tenant: create an External Client App under Setup > External Client App Manager, switch on Enable Client Credentials Flow in its OAuth settings and again in its policies, and enter the run-as user there; jwt-bearer takes an app with a certificate instead; soap (if this is left out) takes the admin's password, which new organizations refuse and Salesforce ends with Summer '27, and password-flow takes both and ends before that.",
        kind: SettingKind::Choice(&SIGN_INS),
        required: false,
        panel: Panel::Integration,
        multiline: false,
    },
    Setting {
        name: names::USERNAME,
        label: "Admin username",
        help: "Enter the username of an admin user made for the API, such as api@acme.com; it stands under Setup > Users > Users, and only client-credentials does without, whose run-as user is named in the app.",
        kind: SettingKind::Text,
        required: false,
        panel: Panel::Integration,
        multiline: false,
    },
    Setting {
        name: names::PASSWORD,
        label: "Admin password",
        help: "Enter the password of the admin user for soap or password-flow, with the security token directly behind it unless the token is given on its own.",
        kind: SettingKind::Secret,
        required: false,
        panel: Panel::Integration,
        multiline: false,
    },
    Setting {
        name: names::SECURITY_TOKEN,
        label: "Security token",
        help: "Enter the token that Salesforce mails from the personal settings under Reset My Security Token; leave it out where it stands behind the password.",
        kind: SettingKind::Secret,
        required: false,
        panel: Panel::Integration,
        multiline: false,
    },
    Setting {
        name: names::CLIENT_ID,
        label: "Consumer key",
        help: "Copy it from Setup > External Client App Manager, the app's OAuth Settings > Consumer Key and Secret (for a connected app, Setup > Apps > App Manager > Manage Consumer Details); every sign-in but soap needs it.",
        kind: SettingKind::Text,
        required: false,
        panel: Panel::Integration,
        multiline: false,
    },
    Setting {
        name: names::CLIENT_SECRET,
        label: "Consumer secret",
        help: "Copy it from Setup > External Client App Manager, the app's OAuth Settings > Consumer Key and Secret (for a connected app, Setup > Apps > App Manager > Manage Consumer Details); client-credentials and password-flow need it.",
        kind: SettingKind::Secret,
        required: false,
        panel: Panel::Integration,
        multiline: false,
    },
    Setting {
        name: names::PRIVATE_KEY,
        label: "Private key",
        help: "Enter the PEM-encoded RSA private key whose certificate is uploaded to the External Client App under Enable JWT Bearer Flow (to a connected app, under Use Digital Signatures); jwt-bearer needs it, and a user whom the app's policies admit.",
        kind: SettingKind::Secret,
        required: false,
        panel: Panel::Integration,
        multiline: true,
    },
    Setting {
        name: names::ORGANIZATION_ID,
        label: "Organization ID",
        help: "Copy it from Setup > Company Settings > Company Information; it starts with 00D.",
        kind: SettingKind::Text,
        required: true,
        panel: Panel::General,
        multiline: false,
    },
    Setting {
        name: names::PORTAL_ID,
        label: "Portal ID",
        help: "Copy it from Setup > Customize > Customer Portal > Customer Portal Settings, the portal's own page; it starts with 060.",
        kind: SettingKind::Text,
        required: true,
        panel: Panel::General,
        multiline: false,
    },
    Setting {
        name: names::ACCOUNT_ID,
        label: "Account ID",
        help: "Open the account that new contacts belong to and copy the id from the address of its page; it starts with 001.",
        kind: SettingKind::Text,
        required: true,
        panel: Panel::ToApp,
        multiline: false,
    },
    Setting {
        name: names::USER_TYPES,
        label: "User types",
        help: "Name the kinds of users to import, with commas between: high-volume-portal, customer-portal-user, customer-portal-manager, partner; left out, all four.",
        kind: SettingKind::Text,
        required: false,
        panel: Panel::General,
        multiline: false,
    },
    Setting {
        name: names::REQUESTS_IN_FLIGHT,
        label: "Requests in flight",
        help: "Enter how many requests may go to Salesforce side by side, from 1 to 25; left out, 8. Fewer go while they get into each other's way.",
        kind: SettingKind::Text,
        required: false,
        panel: Panel::Integration,
        multiline: false,
    },
    Setting {
        name: names::API_RESERVE,
        label: "API reserve",
        help: "Enter how many of the organization's daily API requests to leave for others, as a number or a percentage such as 10%; left out, 5%.",
        kind: SettingKind::Text,
        required: false,
        panel: Panel::Integration,
        multiline: false,
    },
    Setting {
        name: names::USER_KEY_FIELD,
        label: "Key field of users",
        help: "Enter the API name of a custom text field of User that is an external id, such as IdentityKey__c, to find users by the key of their person first; Setup > Object Manager > User > Fields & Relationships shows it.",
        kind: SettingKind::Text,
        required: false,
        panel: Panel::ToApp,
        multiline: false,
    },
    Setting {
        name: names::CONTACT_KEY_FIELD,
        label: "Key field of contacts",
        help: "Enter the API name of a custom text field of Contact that is an external id, such as IdentityKey__c, to find contacts by the key of their person first; Setup > Object Manager > Contact > Fields & Relationships shows it.",
        kind: SettingKind::Text,
        required: false,
        panel: Panel::ToApp,
        multiline: false,
    },
    Setting {
        name: names::RENAME_ON_DEACTIVATION,
        label: "Rename deactivated users",
        help: "Set it to true so that a deactivated user gives its username up for others, which are unique in all of Salesforce; a reactivation takes it back.",
        kind: SettingKind::Flag,
        required: false,
        panel: Panel::ToApp,
        multiline: false,
    },
    Setting {
        name: names::EMAIL_CHANGE,
        label: "Changed e-mail addresses",
        help: "Choose hold to leave the e-mail address of users that are there as it is: a change takes effect at once and takes its verification away, so that these users cannot sign in without a password until they verify it again; apply is the default.",
        kind: SettingKind::Choice(&[APPLY, HOLD]),
        required: false,
        panel: Panel::ToApp,
        multiline: false,
    },
    Setting {
        name: names::VERIFY_PASSWORDS,
        label: "Try new passwords",
        help: "Set it to true to sign in to the portal once with each password that was set; the portal's users then need the API, and one more request is sent for each.",
        kind: SettingKind::Flag,
        required: false,
        panel: Panel::ToApp,
        multiline: false,
    },
    Setting {
        name: names::API_VERSION,
        label: "REST API version",
        help: "Leave it out unless the organization lacks the default version; /services/data/ lists what it offers.",
        kind: SettingKind::Text,
        required: false,
        panel: Panel::Integration,
        multiline: false,
    },
];

/// Whether a setting is a secret; none where there is no such setting.
pub(super) fn is_secret(name: &str) -> Option<bool> {
    DEFINITIONS.iter().find(|setting| setting.name == name).map(|setting| setting.kind == SettingKind::Secret)
}

/// Where to find a setting's value.
pub(super) fn help(name: &str) -> &'static str {
    DEFINITIONS
        .iter()
        .find(|setting| setting.name == name)
        .map_or("Take it out, or correct its name to one of those that describe lists.", |setting| setting.help)
}
