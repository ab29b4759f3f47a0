//! What the org's objects are: the one source for the SQL schema, SOQL translation, describe and DML validation.
//!
//! Each object is a constant table of [`Field`]s. Nothing else in the crate may know a field's type, length or
//! writability; adding a field here makes it stored, queryable, described and checked.

mod access;
mod audit;
pub(crate) mod currencies;
mod field;
mod identity;
mod left_out;
mod lists;
mod people;
pub(crate) mod record_types;
mod set_groups;

pub(crate) use field::{Feature, Features, Field, FieldType, Reference, Stored};
pub(crate) use lists::values;

/// One kind of record (an sObject).
#[derive(Debug)]
pub(crate) struct Object {
    /// API name, in Salesforce's spelling.
    pub(crate) name: &'static str,
    /// Singular label, as describe and error texts show it.
    pub(crate) label: &'static str,
    /// Plural label.
    pub(crate) label_plural: &'static str,
    /// The three characters every id of this object starts with.
    pub(crate) key_prefix: &'static str,
    /// Whether the API may create rows.
    pub(crate) createable: bool,
    /// Whether the API may change rows.
    pub(crate) updateable: bool,
    /// Whether the API may delete rows.
    pub(crate) deletable: bool,
    /// Whether deletion goes to the recycle bin (`IsDeleted`) instead of removing the row.
    pub(crate) recycled: bool,
    /// Whether it is a setup object in the sense of the mixed DML rule (H).
    pub(crate) setup: bool,
    /// The fields, system fields first.
    pub(crate) fields: &'static [Field],
}

impl Object {
    /// What is the same of all objects that the API only reads; the rest is each one's own.
    pub(crate) const READ_ONLY: Self = Self {
        name: "",
        label: "",
        label_plural: "",
        key_prefix: "",
        createable: false,
        updateable: false,
        deletable: false,
        recycled: false,
        setup: false,
        fields: &[],
    };

    /// The field with this API name; Salesforce compares names without regard to case.
    #[must_use]
    pub(crate) fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.name.eq_ignore_ascii_case(name))
    }

    /// The field with this API name in an organization with these features.
    #[must_use]
    pub(crate) fn field_in(&self, features: Features, name: &str) -> Option<&'static Field> {
        self.field(name).filter(|field| features.allow(field.needs))
    }

    /// The fields that an organization with these features has.
    pub(crate) fn fields_in(&self, features: Features) -> impl Iterator<Item = &'static Field> {
        self.fields.iter().filter(move |field| features.allow(field.needs))
    }

    /// Whether an organization with these features has the object. One without multiple currencies has no list of them (H).
    #[must_use]
    pub(crate) fn is_in(&self, features: Features) -> bool {
        self.name != "CurrencyType" || features.currencies
    }

    /// Whether Salesforce has a field of this name that the emulator has not.
    #[must_use]
    pub(crate) fn lacks(&self, name: &str) -> bool {
        let fits = |known: &str| match known.strip_suffix('*') {
            Some(start) => name.get(..start.len()).is_some_and(|found| found.eq_ignore_ascii_case(start)),
            None => name.eq_ignore_ascii_case(known),
        };
        self.field(name).is_none()
            && left_out::FIELDS
                .iter()
                .any(|(object, names)| *object == self.name && names.iter().any(|known| fits(known)))
    }

    /// The reference field that a relationship path such as `Account` in `Account.Name` follows.
    #[must_use]
    pub(crate) fn relationship(&self, name: &str) -> Option<(&'static Field, &'static Reference)> {
        self.fields.iter().find_map(|field| {
            let reference = field.reference.as_ref()?;
            reference.relationship.eq_ignore_ascii_case(name).then_some((field, reference))
        })
    }

    /// As [`relationship`](Self::relationship), in an organization with these features.
    #[must_use]
    pub(crate) fn relationship_in(
        &self,
        features: Features,
        name: &str,
    ) -> Option<(&'static Field, &'static Reference)> {
        self.relationship(name).filter(|(field, _)| features.allow(field.needs))
    }

    /// Whether `updated` and `deleted` list its rows, after the calls that the object reference gives it (M).
    #[must_use]
    pub(crate) fn is_replicateable(&self) -> bool {
        const NAMES: &[&str] =
            &["Organization", "Account", "Contact", "User", "UserRole", "Profile", "Group", "GroupMember"];
        NAMES.contains(&self.name)
    }

    /// Whether it has page layouts, and with them record types (M).
    #[must_use]
    pub(crate) fn is_layoutable(&self) -> bool {
        matches!(self.name, "Account" | "Contact" | "User")
    }

    /// Whether Salesforce's API creates, changes and deletes its rows where the emulator only shows them (H).
    #[must_use]
    pub(crate) fn is_set_up_by_api(&self) -> bool {
        matches!(
            self.name,
            "CurrencyType"
                | "PermissionSet"
                | "PermissionSetGroup"
                | "PermissionSetGroupComponent"
                | "Profile"
                | "RecordType"
        )
    }

    /// The child objects whose reference fields point here, with these fields.
    pub(crate) fn children(&self) -> impl Iterator<Item = (&'static Object, &'static Field, &'static Reference)> {
        let name = self.name;
        OBJECTS.iter().flat_map(move |child| {
            child.fields.iter().filter_map(move |field| {
                let reference = field.reference.as_ref().filter(|reference| reference.to.contains(&name))?;
                Some((*child, field, reference))
            })
        })
    }

    /// The child object and its reference field behind a child relationship such as `Contacts` on Account.
    #[must_use]
    pub(crate) fn child_relationship(&self, name: &str) -> Option<(&'static Object, &'static Field)> {
        self.children().find_map(|(child, field, reference)| {
            reference.child_relationship.is_some_and(|found| found.eq_ignore_ascii_case(name)).then_some((child, field))
        })
    }
}

/// Every object of the org.
pub(crate) static OBJECTS: [&Object; 20] = [
    &identity::ORGANIZATION,
    &people::ACCOUNT,
    &people::CONTACT,
    &people::USER,
    &people::USER_LOGIN,
    &identity::USER_ROLE,
    &identity::PROFILE,
    &identity::USER_LICENSE,
    &access::PERMISSION_SET,
    &access::PERMISSION_SET_ASSIGNMENT,
    &access::USER_PERMISSION_ACCESS,
    &set_groups::PERMISSION_SET_GROUP,
    &set_groups::PERMISSION_SET_GROUP_COMPONENT,
    &access::PERMISSION_SET_LICENSE,
    &access::PERMISSION_SET_LICENSE_ASSIGN,
    &access::GROUP,
    &access::GROUP_MEMBER,
    &audit::SETUP_AUDIT_TRAIL,
    &record_types::RECORD_TYPE,
    &currencies::CURRENCY_TYPE,
];

/// The object with this API name, without regard to case.
#[must_use]
pub(crate) fn object(name: &str) -> Option<&'static Object> {
    OBJECTS.iter().copied().find(|object| object.name.eq_ignore_ascii_case(name))
}

/// The object whose ids start with this id's prefix.
#[must_use]
pub(crate) fn object_of_id(id: &str) -> Option<&'static Object> {
    let prefix = id.get(..3)?;
    OBJECTS.iter().copied().find(|object| object.key_prefix == prefix)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_prefixes_are_unique() {
        for (index, object) in OBJECTS.iter().enumerate() {
            assert!(OBJECTS[index + 1..].iter().all(|other| other.key_prefix != object.key_prefix), "{}", object.name);
        }
    }

    /// Objects that Salesforce has and the emulator has not.
    const ELSEWHERE: [&str; 3] = ["BusinessProcess", "CallCenter", "Individual"];

    #[test]
    fn every_reference_points_at_known_objects() {
        for object in OBJECTS {
            for reference in object.fields.iter().filter_map(|field| field.reference.as_ref()) {
                for target in reference.to.iter().filter(|target| !ELSEWHERE.contains(target)) {
                    assert!(super::object(target).is_some(), "{} refers to {target}", object.name);
                }
            }
        }
    }

    #[test]
    fn what_is_kept_aside_is_found_by_its_own_name() {
        for field in OBJECTS.iter().flat_map(|object| object.fields) {
            if let Stored::Aside(sql) = field.stored {
                assert!(sql.contains(&format!("'$.{}'", field.name)), "{} is read by {sql}", field.name);
            }
        }
    }

    #[test]
    fn names_are_found_without_regard_to_case() {
        let contact = object("contact").unwrap();
        assert_eq!(contact.field("LASTNAME").unwrap().name, "LastName");
        assert_eq!(contact.relationship("account").unwrap().1.to, ["Account"]);
        assert_eq!(object("Account").unwrap().child_relationship("contacts").unwrap().0.name, "Contact");
    }
}
