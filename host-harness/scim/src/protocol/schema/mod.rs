//! The attributes of resources (RFC 7643 §2, §7).

mod core;
mod render;

use std::fmt;

pub use self::core::{CORE_GROUP, CORE_USER, ENTERPRISE, ENTITLEMENT, ROLE, entitlement, group, user};
pub use render::{resource_type, schema};

/// The type of an attribute's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A text.
    String,
    /// `true` or `false`.
    Boolean,
    /// A whole number.
    Integer,
    /// A number.
    Decimal,
    /// A point in time, in the form of RFC 3339.
    DateTime,
    /// The address or id of something.
    Reference,
    /// Bytes in base64.
    Binary,
    /// Several named parts.
    Complex,
}

/// Who may change an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutability {
    /// The server alone.
    ReadOnly,
    /// Everybody.
    ReadWrite,
    /// Everybody; nobody may read it.
    WriteOnly,
    /// Everybody, once.
    Immutable,
}

/// When an attribute is part of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Returned {
    /// Whatever the request says.
    Always,
    /// Never.
    Never,
    /// Unless the request leaves it out.
    Default,
}

/// Among which resources a value is unique.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Uniqueness {
    /// Among none.
    None,
    /// Among those of one client.
    Server,
}

/// An attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// Its name, in the case in which answers have it.
    pub name: String,
    /// The type of a value.
    pub kind: Kind,
    /// Whether it has a list of values.
    pub many: bool,
    /// For people.
    pub description: String,
    /// Whether a resource needs it.
    pub required: bool,
    /// Whether comparisons regard case.
    pub case_exact: bool,
    /// Who may change it.
    pub mutability: Mutability,
    /// When it is part of an answer.
    pub returned: Returned,
    /// Among which resources it is unique.
    pub uniqueness: Uniqueness,
    /// Values that are usual or, for the application's own lists, possible.
    pub canonical: Vec<String>,
    /// What a reference refers to.
    pub references: Vec<String>,
    /// The parts of a complex value.
    pub sub: Vec<Attribute>,
}

impl Attribute {
    /// An optional text that everybody may change.
    pub fn new(name: impl Into<String>, description: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            kind: Kind::String,
            many: false,
            description: description.into(),
            required: false,
            case_exact: false,
            mutability: Mutability::ReadWrite,
            returned: Returned::Default,
            uniqueness: Uniqueness::None,
            canonical: Vec::new(),
            references: Vec::new(),
            sub: Vec::new(),
        }
    }

    /// The attribute of this name in a list, without regard to case.
    pub fn find<'a>(attributes: &'a [Self], name: &str) -> Option<&'a Self> {
        attributes.iter().find(|attribute| attribute.name.eq_ignore_ascii_case(name))
    }

    /// Whether clients may set it.
    pub fn is_writable(&self) -> bool {
        self.mutability != Mutability::ReadOnly
    }
}

/// A schema: a name for a list of attributes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schema {
    /// Its URN.
    pub id: String,
    /// For people.
    pub name: String,
    /// For people.
    pub description: String,
    /// The attributes.
    pub attributes: Vec<Attribute>,
}

/// What a type of resources consists of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    /// Its name, such as `User`.
    pub name: String,
    /// Where it is, such as `/Users`.
    pub endpoint: String,
    /// For people.
    pub description: String,
    /// `id`, `externalId`, `schemas` and `meta`, which every resource has and no schema lists (RFC 7643 §3.1).
    pub common: Vec<Attribute>,
    /// The schema whose attributes are at the top.
    pub core: Schema,
    /// Schemas whose attributes are below their URNs.
    pub extensions: Vec<Schema>,
}

impl Resource {
    /// The extension of this URN, without regard to case.
    pub fn extension(&self, urn: &str) -> Option<&Schema> {
        self.extensions.iter().find(|schema| schema.id.eq_ignore_ascii_case(urn))
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::String => "string",
            Self::Boolean => "boolean",
            Self::Integer => "integer",
            Self::Decimal => "decimal",
            Self::DateTime => "dateTime",
            Self::Reference => "reference",
            Self::Binary => "binary",
            Self::Complex => "complex",
        })
    }
}
