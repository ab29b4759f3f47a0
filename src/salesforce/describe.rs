//! What an object's fields are in this organisation (`describe`; its names H).

use std::borrow::Cow;

use serde::Deserialize;

/// The description of an object. What a description lacks is as if Salesforce said no.
#[derive(Debug, Default, Deserialize)]
pub struct Object<'a> {
    /// The fields that the user may see.
    #[serde(borrow, default)]
    pub fields: Vec<Field<'a>>,
    /// The record types; the one of an object without any is the master.
    #[serde(default, rename = "recordTypeInfos")]
    pub record_types: Vec<RecordType>,
}

/// A record type of an object.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RecordType {
    /// Its id.
    #[serde(rename = "recordTypeId")]
    pub id: String,
    /// The name that people know it by.
    pub name: String,
    /// The API name.
    pub developer_name: String,
    /// Whether records may still get it.
    active: bool,
    /// Whether the user may give it to records.
    available: bool,
    /// Whether it stands for having none.
    master: bool,
}

impl RecordType {
    /// Whether the user may give it to a record.
    pub fn is_usable(&self) -> bool {
        self.active && self.available && !self.master
    }
}

/// The description of a field.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Field<'a> {
    /// The API name.
    #[serde(borrow)]
    pub name: Cow<'a, str>,
    label: Option<String>,
    /// `string`, `boolean`, `int`, `picklist`, `reference` and others.
    #[serde(borrow, rename = "type")]
    pub kind: Cow<'a, str>,
    length: Option<u32>,
    /// Whether the organisation itself has made it.
    pub custom: bool,
    createable: bool,
    updateable: bool,
    nillable: bool,
    defaulted_on_create: bool,
    restricted_picklist: bool,
    picklist_values: Option<Vec<Choice>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Choice {
    active: bool,
    value: Option<String>,
}

impl<'a> Object<'a> {
    /// The field of this name.
    pub fn field(&self, name: &str) -> Option<&Field<'a>> {
        self.fields.iter().find(|field| field.name == name)
    }
}

impl Field<'_> {
    /// The name that people know it by.
    pub fn label(&self) -> &str {
        self.label.as_deref().filter(|label| !label.is_empty()).unwrap_or(&self.name)
    }

    /// In characters. Returns `None` if it does not apply.
    pub fn length(&self) -> Option<u32> {
        self.length.filter(|length| *length > 0)
    }

    /// Whether the user may set it, on a new record or on one that exists.
    pub fn is_writable(&self) -> bool {
        self.createable || self.updateable
    }

    /// Whether a new record needs a value.
    pub fn is_required(&self) -> bool {
        self.createable && !self.nillable && !self.defaulted_on_create
    }

    /// The values that may still be chosen, if the field takes no others.
    pub fn choices(&self) -> Option<Vec<String>> {
        let choices = self.picklist_values.iter().flatten().filter(|choice| choice.active);
        self.restricted_picklist.then(|| choices.filter_map(|choice| choice.value.clone()).collect())
    }
}
