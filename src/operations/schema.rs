//! What this organisation's users have beyond the standard: custom fields, feature licences, permission set groups.

use std::cell::OnceCell;
use std::time::Duration;

use super::describe::FEATURE_LICENSE;
use crate::attributes::{self, Form};
use crate::host::Host;
use crate::model::{AttributeDefinition, AttributeKind, Result};
use crate::salesforce::client::Client;
use crate::salesforce::composite::{self, Read};
use crate::salesforce::describe::{Field, Object, RecordType};
use crate::salesforce::record::Record;
use crate::salesforce::time;

const SUBJECT: &str = "the fields of users and contacts";

/// Feature licences are flags on the user whose names begin so (H); a flag is there only where the organisation has the
/// feature (H).
const FLAG: &str = "UserPermissions";

/// The field of an assignment of a permission set that says when it ends. Salesforce keeps the row (U), so that it still has to be
/// told from one that holds.
pub(super) const END: &str = "ExpirationDate";

/// Whether an assignment has ended by now.
pub(super) fn has_ended(assignment: &Record<'_>, now: Duration) -> bool {
    let end = assignment.text(END).and_then(time::moment);
    end.is_some_and(|end| i64::try_from(now.as_secs()).is_ok_and(|now| end <= now))
}

/// A feature licence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Flag {
    /// The user's field, which is also the id of the grant.
    pub(super) field: String,
    /// The name that people know it by.
    pub(super) label: String,
}

/// The organisation's own shape.
#[derive(Debug, Default)]
pub(super) struct Schema {
    /// All attributes, the custom ones last; those are named as Salesforce names the field.
    pub(super) attributes: Vec<AttributeDefinition>,
    /// How the custom attributes are checked and compared: as many, and in their order.
    forms: Vec<Form>,
    /// The feature licences, in the order of their fields.
    pub(super) flags: Vec<Flag>,
    /// The record types that the admin user may give to contacts.
    pub(super) record_types: Vec<RecordType>,
    /// Whether assignments tell of permission set groups (API 45.0 and later, H).
    pub(super) has_set_groups: bool,
    /// Whether assignments of permission sets tell when they end (H).
    pub(super) has_ends: bool,
}

impl Schema {
    /// A custom attribute, and how it is checked and compared.
    pub(super) fn custom(&self, name: &str) -> Option<(&AttributeDefinition, Form)> {
        let custom = self.attributes.get(self.attributes.len().checked_sub(self.forms.len())?..)?;
        custom.iter().zip(&self.forms).find(|(known, _)| known.name == name).map(|(known, form)| (known, *form))
    }
}

/// The schema, asked for once in a session.
#[derive(Debug, Default)]
pub(super) struct Cached(OnceCell<Schema>);

impl Cached {
    /// The schema; the first call asks for it.
    pub(super) fn get<H: Host>(&self, client: &Client<H>) -> Result<&Schema> {
        client.wait_for(self.answer(client))
    }

    /// As [`Cached::get`], beside other work.
    pub(super) async fn answer<H: Host>(&self, client: &Client<H>) -> Result<&Schema> {
        match self.0.get() {
            Some(schema) => Ok(schema),
            None => {
                let schema = load(client).await?;
                Ok(self.0.get_or_init(|| schema))
            }
        }
    }
}

async fn load<H: Host>(client: &Client<H>) -> Result<Schema> {
    let objects = ["User", "Contact", "PermissionSetAssignment"];
    let paths = objects.map(|object| format!("sobjects/{object}/describe"));
    let reads: Vec<Read<'_>> = paths.iter().map(|path| Read::Resource(path)).collect();
    let response = client.answer(composite::reading(client, &reads), SUBJECT).await.map_err(|failed| failed.error)?;
    let answers = composite::answers(&response, reads.len(), SUBJECT)?;
    let (user, contact): (Object<'_>, Object<'_>) = (answers[0].resource(SUBJECT)?, answers[1].resource(SUBJECT)?);
    // Whoever may not see assignments learns that where they are asked for.
    let assignment: Object<'_> = answers[2].resource(SUBJECT).unwrap_or_default();
    let has_set_groups = assignment.field("PermissionSetGroupId").is_some();
    let has_ends = assignment.field(END).is_some();
    let (mut attributes, mut forms) = (fixed(&user, &contact), Vec::new());
    for (object, prefix) in [(&user, ""), (&contact, "Contact.")] {
        for (attribute, form) in object.fields.iter().filter_map(|field| custom(field, prefix)) {
            attributes.push(attribute);
            forms.push(form);
        }
    }
    let flags = flags(&user);
    let record_types: Vec<RecordType> = contact.record_types.into_iter().filter(RecordType::is_usable).collect();
    if let Some(known) = attributes.iter_mut().find(|known| known.name == attributes::RECORD_TYPE) {
        known.choices = record_types.iter().map(|one| one.name.clone()).collect();
    }
    Ok(Schema { attributes, forms, flags, record_types, has_set_groups, has_ends })
}

fn flags(user: &Object<'_>) -> Vec<Flag> {
    let flags = user.fields.iter().filter(|field| field.kind == "boolean" && field.name.starts_with(FLAG));
    flags.map(|field| Flag { field: field.name.to_string(), label: field.label().to_owned() }).collect()
}

/// The attributes that every organisation has, as it describes them.
fn fixed(user: &Object<'_>, contact: &Object<'_>) -> Vec<AttributeDefinition> {
    let mut all = Vec::with_capacity(attributes::ALL.len());
    for definition in &attributes::ALL {
        let field = match definition.path.strip_prefix("Contact.") {
            Some(name) => contact.field(name),
            None => user.field(definition.path),
        };
        // A field that the admin user may not see can be neither read nor written.
        let Some(field) = field else { continue };
        let mut described = definition.describe();
        described.writable &= field.is_writable();
        if let Some(length) = field.length() {
            described.max_length = described.max_length.map(|own| own.min(length));
        }
        if let Some(choices) = field.choices() {
            described.choices = choices;
        }
        all.push(described);
    }
    all
}

/// A custom field as an attribute. Returns `None` if the field is a standard one, or if its type has no counterpart, as a
/// location's.
fn custom(field: &Field<'_>, prefix: &str) -> Option<(AttributeDefinition, Form)> {
    if !field.custom {
        return None;
    }
    let (kind, form) = match &*field.kind {
        "string" | "textarea" | "email" | "phone" | "url" | "picklist" | "combobox" | "encryptedstring" | "time" => {
            (AttributeKind::String, Form::Plain)
        }
        "date" => (AttributeKind::String, Form::Date),
        "multipicklist" => (AttributeKind::String, Form::Many),
        "boolean" => (AttributeKind::Boolean, Form::Boolean),
        "int" | "long" => (AttributeKind::Integer, Form::Whole),
        "double" | "currency" | "percent" => (AttributeKind::Decimal, Form::Number),
        "datetime" => (AttributeKind::DateTime, Form::Time),
        "reference" => (AttributeKind::Reference, Form::Plain),
        _ => return None,
    };
    let attribute = AttributeDefinition {
        name: format!("{prefix}{}", field.name),
        label: field.label().to_owned(),
        kind,
        many: form == Form::Many,
        required: field.is_required(),
        writable: field.is_writable(),
        max_length: if kind == AttributeKind::String { field.length() } else { None },
        choices: field.choices().unwrap_or_default(),
    };
    Some((attribute, form))
}

impl Flag {
    /// As a grant of a user who has it.
    pub(super) fn grant(&self) -> crate::model::Grant {
        crate::model::Grant { kind: FEATURE_LICENSE.to_owned(), id: self.field.clone() }
    }
}
