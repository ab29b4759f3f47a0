//! What a user may do in the org: permission sets, permission set licences and public groups.

use super::{Field, Object};

pub(super) static PERMISSION_SET: Object = Object {
    name: "PermissionSet",
    label: "Permission Set",
    label_plural: "Permission Sets",
    key_prefix: "0PS",
    setup: true,
    fields: &[
        Field::id("PermissionSet ID"),
        Field::text("Name", "Permission Set Name", 80).required().read_only(),
        Field::text("Label", "Permission Set Label", 80).required().read_only(),
        Field::reference("LicenseId", "License ID", "License", &["UserLicense", "PermissionSetLicense"]).read_only(),
        Field::reference("ProfileId", "Profile ID", "Profile", &["Profile"]).read_only(),
        Field::reference(
            "PermissionSetGroupId",
            "PermissionSetGroup ID",
            "PermissionSetGroup",
            &["PermissionSetGroup"],
        )
        .read_only(),
        Field::boolean("IsOwnedByProfile", "Is Owned By Profile").read_only(),
        Field::boolean("IsCustom", "Is Custom").read_only(),
        Field::picklist("Type", "Type", 40, &["Regular", "Profile", "Group", "Standard", "Session"])
            .strict()
            .read_only(),
        Field::text("Description", "Description", 255).read_only(),
        Field::text("NamespacePrefix", "Namespace Prefix", 15).read_only(),
        Field::boolean("HasActivationRequired", "Session Activation Required").read_only(),
        Field::CREATED_DATE,
        Field::CREATED_BY,
        Field::LAST_MODIFIED_DATE,
        Field::LAST_MODIFIED_BY,
        Field::SYSTEM_MODSTAMP,
    ],
    ..Object::READ_ONLY
};

pub(super) static PERMISSION_SET_ASSIGNMENT: Object = Object {
    name: "PermissionSetAssignment",
    label: "Permission Set Assignment",
    label_plural: "Permission Set Assignments",
    key_prefix: "0Pa",
    createable: true,
    updateable: true,
    deletable: true,
    recycled: false,
    setup: true,
    fields: &[
        Field::id("PermissionSetAssignment ID"),
        Field::reference("PermissionSetId", "PermissionSet ID", "PermissionSet", &["PermissionSet"])
            .create_only()
            .children("Assignments"),
        Field::reference(
            "PermissionSetGroupId",
            "PermissionSetGroup ID",
            "PermissionSetGroup",
            &["PermissionSetGroup"],
        )
        .create_only()
        .children("Assignments"),
        Field::reference("AssigneeId", "Assignee ID", "Assignee", &["User"])
            .required()
            .create_only()
            .children("PermissionSetAssignments"),
        Field::datetime("ExpirationDate", "Expires On"),
        Field::boolean("IsActive", "Is Active").read_only().default_to("1"),
        Field::datetime("SystemModstamp", "Date Assigned").required().read_only().with_default(),
    ],
};

/// What the user that asks may do. The API is the administrator's in an org here, so the one row is the administrator's.
pub(super) static USER_PERMISSION_ACCESS: Object = Object {
    name: "UserPermissionAccess",
    label: "User Permission Access",
    label_plural: "User Permission Access",
    // Rows that are computed for each query have no prefix of their own (L).
    key_prefix: "000",
    setup: true,
    fields: &[
        Field::id("UserPermissionAccess ID"),
        Field::datetime("LastCacheUpdate", "Last Cache Update").read_only(),
        Field::boolean("PermissionsApiEnabled", "API Enabled").read_only(),
        Field::boolean("PermissionsAssignPermissionSets", "Assign Permission Sets").read_only(),
        Field::boolean("PermissionsManageCustomerUsers", "Manage External Users").read_only(),
        Field::boolean("PermissionsManageInternalUsers", "Manage Internal Users").read_only(),
        Field::boolean("PermissionsManageUsers", "Manage Users").read_only(),
        Field::boolean("PermissionsUseAnyApiAuth", "Use Any API Auth").read_only(),
        Field::boolean("PermissionsViewSetup", "View Setup and Configuration").read_only(),
    ],
    ..Object::READ_ONLY
};

pub(super) static PERMISSION_SET_LICENSE: Object = Object {
    name: "PermissionSetLicense",
    label: "Permission Set License",
    label_plural: "Permission Set Licenses",
    key_prefix: "0PL",
    setup: false,
    fields: &[
        Field::id("Permission Set License ID"),
        Field::IS_DELETED,
        Field::text("DeveloperName", "Permission Set License Name", 80).required().read_only(),
        Field::text("MasterLabel", "Permission Set License Label", 255).required().read_only(),
        Field::text("PermissionSetLicenseKey", "Permission Set License Key", 255).required().read_only(),
        Field::picklist("Status", "Status", 40, &["Active", "Disabled"]).required().read_only().default_to("'Active'"),
        Field::int("TotalLicenses", "Total Licenses").required().read_only(),
        Field::int("UsedLicenses", "Used Licenses").required().read_only().default_to("0"),
        Field::CREATED_DATE,
        Field::CREATED_BY,
        Field::LAST_MODIFIED_DATE,
        Field::LAST_MODIFIED_BY,
        Field::SYSTEM_MODSTAMP,
    ],
    ..Object::READ_ONLY
};

pub(super) static PERMISSION_SET_LICENSE_ASSIGN: Object = Object {
    name: "PermissionSetLicenseAssign",
    label: "Permission Set License Assignment",
    label_plural: "Permission Set License Assignments",
    key_prefix: "2LA",
    createable: true,
    updateable: false,
    deletable: true,
    recycled: false,
    setup: true,
    fields: &[
        Field::id("Permission Set License Assignment ID"),
        Field::reference(
            "PermissionSetLicenseId",
            "Permission Set License ID",
            "PermissionSetLicense",
            &["PermissionSetLicense"],
        )
        .required()
        .create_only(),
        Field::reference("AssigneeId", "Assignee ID", "Assignee", &["User"])
            .required()
            .create_only()
            .children("PermissionSetLicenseAssignments"),
        Field::CREATED_DATE,
        Field::CREATED_BY,
        Field::LAST_MODIFIED_DATE,
        Field::LAST_MODIFIED_BY,
        Field::SYSTEM_MODSTAMP,
    ],
};

pub(super) static GROUP: Object = Object {
    name: "Group",
    label: "Group",
    label_plural: "Group",
    key_prefix: "00G",
    createable: true,
    updateable: true,
    deletable: true,
    recycled: false,
    setup: true,
    fields: &[
        Field::id("Group ID"),
        Field::text("Name", "Name", 40).required(),
        Field::text("DeveloperName", "Developer Name", 80).required().with_default(),
        Field::picklist(
            "Type",
            "Type",
            40,
            &["Regular", "Role", "RoleAndSubordinates", "Organization", "Queue", "AllCustomerPortal"],
        )
        .strict()
        .create_only()
        .default_to("'Regular'"),
        Field::reference("RelatedId", "Related ID", "Related", &["User", "UserRole"]).read_only(),
        Field::boolean("DoesIncludeBosses", "Include Bosses"),
        Field::reference("OwnerId", "Owner ID", "Owner", &["User", "Organization"])
            .required()
            .read_only()
            .with_default(),
        Field::CREATED_DATE,
        Field::CREATED_BY,
        Field::LAST_MODIFIED_DATE,
        Field::LAST_MODIFIED_BY,
        Field::SYSTEM_MODSTAMP,
    ],
};

pub(super) static GROUP_MEMBER: Object = Object {
    name: "GroupMember",
    label: "Group Member",
    label_plural: "Group Member",
    key_prefix: "011",
    createable: true,
    updateable: false,
    deletable: true,
    recycled: false,
    setup: true,
    fields: &[
        Field::id("Group Member ID"),
        Field::reference("GroupId", "Group ID", "Group", &["Group"]).required().create_only().children("GroupMembers"),
        Field::reference("UserOrGroupId", "User/Group ID", "UserOrGroup", &["User", "Group"]).required().create_only(),
        Field::SYSTEM_MODSTAMP,
    ],
};
