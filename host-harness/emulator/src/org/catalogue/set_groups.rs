//! Permission set groups, and which permission sets they are made of.

use super::{Field, Object};

pub(super) static PERMISSION_SET_GROUP: Object = Object {
    name: "PermissionSetGroup",
    label: "Permission Set Group",
    label_plural: "Permission Set Groups",
    key_prefix: "0PG",
    setup: true,
    fields: &[
        Field::id("PermissionSetGroup ID"),
        Field::IS_DELETED,
        Field::text("DeveloperName", "API Name", 80).required().read_only(),
        Field::picklist("Language", "Master Language", 40, &["en_US"]).strict().read_only().default_to("'en_US'"),
        Field::text("MasterLabel", "Label", 80).required().read_only(),
        Field::text("Description", "Description", 255).read_only(),
        Field::picklist("Status", "Status", 40, &["Updated", "Outdated", "Updating", "Failed"])
            .strict()
            .read_only()
            .default_to("'Updated'"),
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

pub(super) static PERMISSION_SET_GROUP_COMPONENT: Object = Object {
    name: "PermissionSetGroupComponent",
    label: "Permission Set Group Component",
    label_plural: "Permission Set Group Components",
    key_prefix: "0PM",
    setup: true,
    fields: &[
        Field::id("PermissionSetGroupComponent ID"),
        Field::IS_DELETED,
        Field::reference(
            "PermissionSetGroupId",
            "PermissionSetGroup ID",
            "PermissionSetGroup",
            &["PermissionSetGroup"],
        )
        .required()
        .read_only()
        .children("PermissionSetGroupComponents"),
        Field::reference("PermissionSetId", "PermissionSet ID", "PermissionSet", &["PermissionSet"])
            .required()
            .read_only()
            .children("PermissionSetGroupComponents"),
        Field::CREATED_DATE,
        Field::CREATED_BY,
        Field::LAST_MODIFIED_DATE,
        Field::LAST_MODIFIED_BY,
        Field::SYSTEM_MODSTAMP,
    ],
    ..Object::READ_ONLY
};
