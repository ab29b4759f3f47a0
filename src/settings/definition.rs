//! The settings as `describe` declares them.

use crate::model::{Setting, SettingKind};

/// The settings' names.
pub mod names {
    /// Which login host.
    pub const INSTANCE_TYPE: &str = "instance-type";
    /// The organisation's own host.
    pub const MY_DOMAIN: &str = "my-domain";
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
    /// The version of the REST API.
    pub const API_VERSION: &str = "api-version";
}

pub(super) const PRODUCTION: &str = "production";
pub(super) const SANDBOX: &str = "sandbox";
pub(super) const MY_DOMAIN: &str = "my-domain";

/// All settings, in the order of a form.
pub fn definitions() -> Vec<Setting> {
    let instance_types = [PRODUCTION, SANDBOX, MY_DOMAIN].map(str::to_owned).to_vec();
    vec![
        Setting {
            name: names::INSTANCE_TYPE,
            label: "Instance type",
            help: "Choose production for production and developer organizations, sandbox for sandboxes, my-domain where the organization only allows signing in at its own host.",
            kind: SettingKind::Choice(instance_types),
            required: true,
        },
        Setting {
            name: names::MY_DOMAIN,
            label: "My Domain host",
            help: "Enter the host that ends in .my.salesforce.com; it stands under Setup > Company Settings > My Domain, and is used with instance type my-domain only.",
            kind: SettingKind::Text,
            required: false,
        },
        Setting {
            name: names::USERNAME,
            label: "Admin username",
            help: "Enter the username of an admin user made for the API, such as api@acme.com; it stands under Setup > Users > Users.",
            kind: SettingKind::Text,
            required: true,
        },
        Setting {
            name: names::PASSWORD,
            label: "Admin password",
            help: "Enter the password of the admin user, with the security token directly behind it unless the token is given on its own.",
            kind: SettingKind::Secret,
            required: true,
        },
        Setting {
            name: names::SECURITY_TOKEN,
            label: "Security token",
            help: "Enter the token that Salesforce mails from the personal settings under Reset My Security Token; leave it out where it stands behind the password.",
            kind: SettingKind::Secret,
            required: false,
        },
        Setting {
            name: names::ORGANIZATION_ID,
            label: "Organization ID",
            help: "Copy it from Setup > Company Settings > Company Information; it starts with 00D.",
            kind: SettingKind::Text,
            required: true,
        },
        Setting {
            name: names::PORTAL_ID,
            label: "Portal ID",
            help: "Copy it from Setup > Customize > Customer Portal > Customer Portal Settings, the portal's own page; it starts with 060.",
            kind: SettingKind::Text,
            required: true,
        },
        Setting {
            name: names::ACCOUNT_ID,
            label: "Account ID",
            help: "Open the account that new contacts belong to and copy the id from the address of its page; it starts with 001.",
            kind: SettingKind::Text,
            required: true,
        },
        Setting {
            name: names::API_VERSION,
            label: "REST API version",
            help: "Leave it out unless the organization lacks the default version; /services/data/ lists what it offers.",
            kind: SettingKind::Text,
            required: false,
        },
    ]
}

/// Whether a setting is a secret; none where there is no such setting.
pub(super) fn is_secret(name: &str) -> Option<bool> {
    definitions().iter().find(|setting| setting.name == name).map(|setting| setting.kind == SettingKind::Secret)
}

/// Where to find a setting's value.
pub(super) fn help(name: &str) -> &'static str {
    definitions()
        .iter()
        .find(|setting| setting.name == name)
        .map_or("Take it out, or correct its name to one of those that describe lists.", |setting| setting.help)
}
