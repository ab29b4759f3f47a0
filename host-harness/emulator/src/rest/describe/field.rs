//! A field in describe's words.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use crate::org::addresses::COUNTRIES;
use crate::org::catalogue::{Feature, Field, FieldType, Object, currencies};
use crate::org::decimals;

/// Up to three bytes for a character; ids are plain ASCII (H).
fn byte_length(field: &Field) -> u32 {
    if field.kind.is_id() { field.length } else { field.length * 3 }
}

/// The default as JSON, from the SQL literal that the store uses.
fn default_value(field: &Field) -> Value {
    match (field.kind, field.default_sql) {
        (FieldType::Boolean, Some(sql)) => json!(sql == "1"),
        (FieldType::Picklist, _) if field.needs == Some(Feature::Currencies) => json!(currencies::CORPORATE),
        _ => Value::Null,
    }
}

/// Which countries a state belongs to: a bit for each, from the left, in base 64 (H).
fn valid_for(country: usize) -> String {
    let mut bits = vec![0_u8; COUNTRIES.len().div_ceil(8)];
    bits[country / 8] = 0x80 >> (country % 8);
    BASE64_STANDARD.encode(bits)
}

/// The states of all countries. Codes that several countries share come once for each (U).
fn states() -> Value {
    let states = COUNTRIES.iter().enumerate().flat_map(|(country, found)| {
        found.states.iter().map(move |(code, name)| {
            json!({
                "active": true,
                "defaultValue": false,
                "label": name,
                "validFor": valid_for(country),
                "value": code,
            })
        })
    });
    states.collect()
}

fn picklist(field: &Field) -> Value {
    if field.controller.is_some() {
        return states();
    }
    let default = match field.needs {
        Some(Feature::Currencies) => Some(currencies::CORPORATE),
        _ => field.default_sql.map(|sql| sql.trim_matches('\'')),
    };
    field
        .picklist
        .iter()
        .map(|value| {
            json!({
                "active": true,
                "defaultValue": default == Some(*value),
                "label": field.picklist_label(value),
                "validFor": null,
                "value": value,
            })
        })
        .collect()
}

/// A person's name and an address come in parts, which describe ties together (H).
fn compound(object: &Object, field: &Field) -> Option<&'static str> {
    const PARTS: [&str; 10] = [
        "Street",
        "City",
        "State",
        "StateCode",
        "PostalCode",
        "Country",
        "CountryCode",
        "Latitude",
        "Longitude",
        "GeocodeAccuracy",
    ];
    let person = object.field("LastName").is_some();
    if person && matches!(field.name, "FirstName" | "LastName" | "Salutation") {
        return Some("Name");
    }
    let prefix = PARTS.iter().find_map(|part| field.name.strip_suffix(part))?;
    let address = object.field(&format!("{prefix}Address"))?;
    (address.kind == FieldType::Address).then_some(address.name)
}

/// What a text is, beyond its type (H).
fn extra_type(object: &Object, field: &Field) -> Option<&'static str> {
    match (object.name, field.name) {
        (_, "Name") if object.field("LastName").is_some() => Some("personname"),
        ("Account", "Name") => Some("switchablepersonname"),
        _ => (field.kind == FieldType::TextArea).then_some("plaintextarea"),
    }
}

/// Whether profiles say who may see and write it. Currencies are everybody's (H).
fn is_permissionable(object: &Object, field: &Field) -> bool {
    let own = compound(object, field) == Some("Name") || field.needs == Some(Feature::Currencies);
    field.nillable && (field.createable || field.updateable) && !own
}

/// References to users that searches aren't narrowed by (H).
const PEOPLE: [&str; 3] = ["OwnerId", "CreatedById", "LastModifiedById"];

/// What no field of the org is or has.
const FALSE: [&str; 13] = [
    "aiPredictionField",
    "autoNumber",
    "calculated",
    "cascadeDelete",
    "caseSensitive",
    "deprecatedAndHidden",
    "displayLocationInDecimal",
    "encrypted",
    "formulaTreatNullNumberAsZero",
    "highScaleNumber",
    "htmlFormatted",
    "queryByDistance",
    "restrictedDelete",
];
const NULL: [&str; 8] = [
    "calculatedFormula",
    "defaultValueFormula",
    "filteredLookupInfo",
    "inlineHelpText",
    "mask",
    "maskType",
    "referenceTargetField",
    "relationshipOrder",
];

/// One element of describe's `fields`.
pub(super) fn describe(object: &Object, field: &Field) -> Value {
    let (targets, relationship) =
        field.reference.as_ref().map_or((&[][..], None), |reference| (reference.to, Some(reference.relationship)));
    let own = [
        ("aggregatable", json!(field.is_sortable() && field.kind != FieldType::Boolean)),
        ("byteLength", json!(byte_length(field))),
        ("compoundFieldName", json!(compound(object, field))),
        ("controllerName", json!(field.controller)),
        ("createable", json!(field.createable)),
        ("custom", json!(field.is_custom())),
        ("defaultValue", default_value(field)),
        ("defaultedOnCreate", json!(field.defaulted)),
        ("dependentPicklist", json!(field.controller.is_some())),
        ("digits", json!(if field.kind == FieldType::Int { 9 } else { 0 })),
        ("externalId", json!(field.external_id)),
        ("extraTypeInfo", json!(extra_type(object, field))),
        ("filterable", json!(field.is_filterable())),
        ("groupable", json!(field.is_groupable())),
        ("idLookup", json!(field.id_lookup)),
        ("label", json!(field.label)),
        ("length", json!(field.length)),
        ("name", json!(field.name)),
        ("nameField", json!(field.name == "Name")),
        ("namePointing", json!(targets.len() > 1)),
        ("nillable", json!(field.nillable)),
        ("permissionable", json!(is_permissionable(object, field))),
        ("picklistValues", picklist(field)),
        ("polymorphicForeignKey", json!(targets.len() > 1)),
        ("precision", json!(if field.kind.is_decimal() { decimals::DIGITS } else { 0 })),
        ("referenceTo", json!(targets)),
        ("relationshipName", json!(relationship)),
        ("restrictedPicklist", json!(field.restricted)),
        ("scale", json!(if field.kind.is_decimal() { decimals::PLACES } else { 0 })),
        ("searchPrefilterable", json!(field.kind == FieldType::Reference && !PEOPLE.contains(&field.name))),
        ("soapType", json!(field.kind.soap_type())),
        ("sortable", json!(field.is_sortable())),
        ("type", json!(field.kind.api_name())),
        ("unique", json!(field.unique)),
        ("updateable", json!(field.updateable)),
        ("writeRequiresMasterRead", json!(false)),
    ];
    let constant = FALSE.map(|name| (name, json!(false))).into_iter().chain(NULL.map(|name| (name, Value::Null)));
    Value::Object(own.into_iter().chain(constant).map(|(name, value)| (name.to_owned(), value)).collect())
}
