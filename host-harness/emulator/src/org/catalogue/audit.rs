//! What administrators changed in the setup.

use super::{Field, Object};

pub(super) static SETUP_AUDIT_TRAIL: Object = Object {
    name: "SetupAuditTrail",
    label: "Setup Audit Trail Entry",
    label_plural: "Setup Audit Trail Entries",
    key_prefix: "0Ym",
    setup: true,
    fields: &[
        Field::id("Setup Audit Trail Entry ID"),
        Field::text("Action", "Action", 40).required().read_only(),
        Field::text("Section", "Section", 255).read_only(),
        Field::text("Display", "Display", 1000).read_only().unfilterable(),
        Field::text("DelegateUser", "Delegate User", 255).read_only(),
        Field::datetime("CreatedDate", "Date").required().read_only().with_default(),
        Field::reference("CreatedById", "User ID", "CreatedBy", &["User"]).read_only().with_default(),
    ],
    ..Object::READ_ONLY
};
