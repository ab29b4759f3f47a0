//! What an object's fields are in this organisation (`describe`).

use std::borrow::Cow;

use serde::Deserialize;

/// An object; borrows from the answer.
#[derive(Debug, Deserialize)]
pub struct Object<'a> {
    /// Its fields that the user may see.
    #[serde(borrow)]
    pub fields: Vec<Field<'a>>,
}

/// A field.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Field<'a> {
    /// The API name.
    #[serde(borrow)]
    pub name: Cow<'a, str>,
    /// The name that people know it by.
    #[serde(borrow)]
    pub label: Cow<'a, str>,
    /// `string`, `boolean`, `int`, `picklist`, `reference` and others (H).
    #[serde(rename = "type", borrow)]
    pub kind: Cow<'a, str>,
    /// In characters; 0 where it does not apply.
    #[serde(default)]
    pub length: u32,
    /// Whether the organisation or a package added it.
    #[serde(default)]
    pub custom: bool,
    /// Whether it may be empty.
    #[serde(default)]
    pub nillable: bool,
    /// Whether the user may set it on a new record.
    #[serde(default)]
    pub createable: bool,
    /// Whether the user may change it.
    #[serde(default)]
    pub updateable: bool,
    /// Whether Salesforce fills it in where a new record has no value.
    #[serde(default)]
    pub defaulted_on_create: bool,
    /// Whether no other value than those of the picklist is taken.
    #[serde(default)]
    pub restricted_picklist: bool,
    /// The values to choose from.
    #[serde(default, borrow)]
    pub picklist_values: Vec<Choice<'a>>,
}

/// A value of a picklist.
#[derive(Debug, Deserialize)]
pub struct Choice<'a> {
    /// Whether it may still be chosen.
    #[serde(default)]
    pub active: bool,
    /// As the API has it.
    #[serde(borrow)]
    pub value: Cow<'a, str>,
}

impl Field<'_> {
    /// Whether a new record needs a value.
    pub fn is_required(&self) -> bool {
        self.createable && !self.nillable && !self.defaulted_on_create
    }
}
