//! What a user is in the org: the organisation, roles, profiles and licences.

use super::people::USER_TYPE_LABELS;
use super::{Field, Object};

const USER_TYPES: &[&str] =
    &["Standard", "PowerPartner", "CspLitePortal", "CustomerSuccess", "PowerCustomerSuccess", "CsnOnly", "Guest"];

pub(super) static ORGANIZATION: Object = Object {
    name: "Organization",
    label: "Organization",
    label_plural: "Organizations",
    key_prefix: "00D",
    createable: false,
    updateable: true,
    deletable: false,
    recycled: false,
    setup: false,
    fields: &[
        Field::id("Organization ID"),
        Field::text("Name", "Name", 80).required().update_only().lookup(),
        Field::text("InstanceName", "Instance Name", 5).read_only(),
        Field::boolean("IsSandbox", "Is Sandbox").read_only(),
        Field::picklist(
            "OrganizationType",
            "Edition",
            40,
            &["Enterprise Edition", "Developer Edition", "Unlimited Edition"],
        )
        .read_only(),
        Field::text("NamespacePrefix", "Namespace Prefix", 15).read_only(),
        Field::datetime("TrialExpirationDate", "Trial Expiration Date").read_only(),
        Field::text("PrimaryContact", "Primary Contact", 80),
        Field::picklist("LanguageLocaleKey", "Language", 40, &["en_US"]).required(),
        Field::text("DefaultLocaleSidKey", "Locale", 40).required(),
        Field::text("TimeZoneSidKey", "Time Zone", 40).required(),
        Field::CREATED_DATE,
        Field::CREATED_BY,
        Field::LAST_MODIFIED_DATE,
        Field::LAST_MODIFIED_BY,
        Field::SYSTEM_MODSTAMP,
    ],
};

pub(super) static USER_ROLE: Object = Object {
    name: "UserRole",
    label: "Role",
    label_plural: "Role",
    key_prefix: "00E",
    createable: true,
    updateable: true,
    deletable: true,
    recycled: false,
    setup: true,
    fields: &[
        Field::id("Role ID"),
        Field::text("Name", "Name", 80).required(),
        Field::text("DeveloperName", "Developer Name", 80).required().with_default(),
        Field::reference("ParentRoleId", "Parent Role ID", "ParentRole", &["UserRole"]),
        Field::picklist("PortalType", "Portal Type", 40, &["None", "CustomerPortal", "Partner"])
            .strict()
            .read_only()
            .default_to("'None'"),
        Field::picklist("PortalRole", "Portal Role", 40, &["Executive", "Manager", "Worker", "PersonAccount"])
            .strict()
            .read_only(),
        Field::reference("PortalAccountId", "Portal Account ID", "PortalAccount", &["Account"]).read_only(),
        Field::reference("PortalAccountOwnerId", "Portal Account Owner ID", "PortalAccountOwner", &["User"])
            .read_only(),
        Field::LAST_MODIFIED_DATE,
        Field::LAST_MODIFIED_BY,
        Field::SYSTEM_MODSTAMP,
    ],
};

pub(super) static PROFILE: Object = Object {
    name: "Profile",
    label: "Profile",
    label_plural: "Profiles",
    key_prefix: "00e",
    setup: true,
    fields: &[
        Field::id("Profile ID"),
        Field::text("Name", "Name", 255).required().read_only(),
        Field::reference("UserLicenseId", "User License ID", "UserLicense", &["UserLicense"]).required().read_only(),
        Field::picklist("UserType", "User Type", 40, USER_TYPES).labels(USER_TYPE_LABELS).strict().read_only(),
        Field::text("Description", "Description", 255).read_only(),
        Field::CREATED_DATE,
        Field::CREATED_BY,
        Field::LAST_MODIFIED_DATE,
        Field::LAST_MODIFIED_BY,
        Field::SYSTEM_MODSTAMP,
    ],
    ..Object::READ_ONLY
};

pub(super) static USER_LICENSE: Object = Object {
    name: "UserLicense",
    label: "User License",
    label_plural: "User Licenses",
    key_prefix: "100",
    setup: false,
    fields: &[
        Field::id("User License ID"),
        Field::text("LicenseDefinitionKey", "License Def. ID", 40).required().read_only(),
        Field::text("MasterLabel", "User License Label", 255).required().read_only(),
        Field::text("Name", "Name", 255).required().read_only(),
        Field::picklist("Status", "Status", 40, &["Active", "Disabled"]).required().read_only().default_to("'Active'"),
        Field::int("TotalLicenses", "Total Licenses").required().read_only(),
        Field::int("UsedLicenses", "Used Licenses").required().read_only().default_to("0"),
        Field::datetime("UsedLicensesLastUpdated", "Used Licenses Last Updated").read_only(),
        Field::CREATED_DATE,
        Field::LAST_MODIFIED_DATE,
        Field::SYSTEM_MODSTAMP,
    ],
    ..Object::READ_ONLY
};
