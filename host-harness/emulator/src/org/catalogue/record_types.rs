//! Record types of accounts and contacts.

use rusqlite::{Connection, params};

use super::{Field, Object};
use crate::org::facts::Facts;
use crate::org::ids;
use crate::org::seed::EPOCH;

/// A kind of record of one object.
#[derive(Debug)]
pub(crate) struct RecordType {
    /// The object's API name.
    pub(crate) object: &'static str,
    /// API name.
    pub(crate) developer_name: &'static str,
    /// Label.
    pub(crate) name: &'static str,
    /// Whether it is in use.
    pub(crate) active: bool,
    /// Whether the profiles of whoever uses the API may create records of it.
    pub(crate) available: bool,
    /// Whether a new record has it if the request names none.
    pub(crate) default: bool,
    /// Whether its accounts are persons.
    pub(crate) person: bool,
}

const fn kind(object: &'static str, developer_name: &'static str, name: &'static str) -> RecordType {
    RecordType { object, developer_name, name, active: true, available: true, default: false, person: false }
}

/// The record types of an organization that has them. Not every profile may use each, and one is out of use.
pub(crate) static RECORD_TYPES: [RecordType; 6] = [
    RecordType { default: true, ..kind("Contact", "Business_Contact", "Business Contact") },
    kind("Contact", "Portal_Contact", "Portal Contact"),
    RecordType { available: false, ..kind("Contact", "Internal_Contact", "Internal Contact") },
    RecordType { active: false, available: false, ..kind("Contact", "Former_Contact", "Former Contact") },
    RecordType { default: true, ..kind("Account", "Business_Account", "Business Account") },
    RecordType { person: true, ..kind("Account", "PersonAccount", "Person Account") },
];

pub(super) static RECORD_TYPE: Object = Object {
    name: "RecordType",
    label: "Record Type",
    label_plural: "Record Types",
    key_prefix: "012",
    setup: true,
    fields: &[
        Field::id("Record Type ID"),
        Field::text("Name", "Name", 80).required().read_only(),
        Field::text("DeveloperName", "Record Type Name", 80).required().read_only(),
        Field::text("NamespacePrefix", "Namespace Prefix", 15).read_only(),
        Field::text("Description", "Description", 255).read_only(),
        Field::reference("BusinessProcessId", "Business Process ID", "BusinessProcess", &["BusinessProcess"])
            .read_only(),
        Field::picklist("SobjectType", "SObject Type Name", 40, &["Account", "Contact"])
            .required()
            .strict()
            .read_only(),
        Field::boolean("IsActive", "Active").read_only(),
        Field::boolean("IsPersonType", "Person Account").read_only(),
        Field::CREATED_DATE,
        Field::CREATED_BY,
        Field::LAST_MODIFIED_DATE,
        Field::LAST_MODIFIED_BY,
        Field::SYSTEM_MODSTAMP,
    ],
    ..Object::READ_ONLY
};

/// The record types of an object, with their ids in this organization.
pub(crate) fn of<'a>(facts: &'a Facts, object: &'a str) -> impl Iterator<Item = (String, &'static RecordType)> + 'a {
    (1..)
        .zip(&RECORD_TYPES)
        .filter(move |(_, kind)| kind.object == object)
        .map(|(serial, kind)| (ids::record_id(RECORD_TYPE.key_prefix, &facts.pod, serial), kind))
}

/// Makes the rows of an organization that has record types, and takes them from one that doesn't: its list of them is
/// empty (H).
///
/// # Errors
/// When SQLite fails.
pub(crate) fn renew(db: &Connection, facts: &Facts, wanted: bool) -> rusqlite::Result<()> {
    db.execute("DELETE FROM RecordType", [])?;
    if !wanted {
        return Ok(());
    }
    let mut insert = db.prepare(
        "INSERT INTO RecordType (Id, SobjectType, DeveloperName, Name, IsActive, IsPersonType, CreatedDate, CreatedById,
           LastModifiedDate, LastModifiedById, SystemModstamp) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?7, ?8, ?7)",
    )?;
    for object in ["Contact", "Account"] {
        for (id, kind) in of(facts, object) {
            let row =
                params![id, object, kind.developer_name, kind.name, kind.active, kind.person, EPOCH, facts.admin_id];
            insert.execute(row)?;
        }
    }
    Ok(())
}
