//! What an object's fields are in this organisation (`describe`; its names H).

use salesforce_records::Record;

/// The description of an object.
#[derive(Debug, Clone, Copy)]
pub struct Object<'d>(pub &'d Record<'d>);

/// The description of a field.
#[derive(Debug, Clone, Copy)]
pub struct Field<'d>(&'d Record<'d>);

impl<'d> Object<'d> {
    /// The fields that the user may see.
    pub fn fields(self) -> impl Iterator<Item = Field<'d>> {
        self.0.records("fields").map(Field)
    }

    /// The field of this name.
    pub fn field(self, name: &str) -> Option<Field<'d>> {
        self.fields().find(|field| field.name() == name)
    }
}

impl<'d> Field<'d> {
    /// The API name.
    pub fn name(self) -> &'d str {
        self.0.text("name").unwrap_or_default()
    }

    /// The name that people know it by.
    pub fn label(self) -> &'d str {
        self.0.text("label").unwrap_or_else(|| self.name())
    }

    /// `string`, `boolean`, `int`, `picklist`, `reference` and others.
    pub fn kind(self) -> &'d str {
        self.0.text("type").unwrap_or_default()
    }

    /// In characters; none where it does not apply.
    pub fn length(self) -> Option<u32> {
        let length = u32::try_from(self.0.number("length")?).ok()?;
        (length > 0).then_some(length)
    }

    /// Whether one of the description's truth values holds.
    pub fn is(self, name: &str) -> bool {
        self.0.boolean(name) == Some(true)
    }

    /// Whether the user may set it, on a new record or on one that exists.
    pub fn is_writable(self) -> bool {
        self.is("createable") || self.is("updateable")
    }

    /// Whether a new record needs a value.
    pub fn is_required(self) -> bool {
        self.is("createable") && !self.is("nillable") && !self.is("defaultedOnCreate")
    }

    /// The values of the picklist that may still be chosen.
    pub fn choices(self) -> Vec<String> {
        let active = self.0.records("picklistValues").filter(|choice| choice.boolean("active") == Some(true));
        active.filter_map(|choice| choice.text("value").map(str::to_owned)).collect()
    }
}
