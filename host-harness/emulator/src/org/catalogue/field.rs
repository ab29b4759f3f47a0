//! A field of an object and the small vocabulary to write one down.

use rusqlite::types::Value;

use super::currencies;
use crate::org::addresses;

/// A field's type, in the words of describe's `type` property.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FieldType {
    /// The record's own id.
    Id,
    /// The id of another record.
    Reference,
    /// Free text.
    String,
    /// Text over several lines.
    TextArea,
    /// An e-mail address.
    Email,
    /// A telephone number; Salesforce does not check its form.
    Phone,
    /// A web address.
    Url,
    /// One of a list of values.
    Picklist,
    /// True or false.
    Boolean,
    /// A whole number.
    Int,
    /// A decimal number.
    Double,
    /// An amount of money.
    Currency,
    /// A day, `2022-03-17`.
    Date,
    /// The parts of an address as one object.
    Address,
    /// An instant, shown as `2022-03-17T16:21:26.000+0000`.
    DateTime,
}

impl FieldType {
    /// The name that describe gives the type.
    #[must_use]
    pub(crate) fn api_name(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Reference => "reference",
            Self::String => "string",
            Self::TextArea => "textarea",
            Self::Email => "email",
            Self::Phone => "phone",
            Self::Url => "url",
            Self::Picklist => "picklist",
            Self::Boolean => "boolean",
            Self::Int => "int",
            Self::Double => "double",
            Self::Currency => "currency",
            Self::Date => "date",
            Self::Address => "address",
            Self::DateTime => "datetime",
        }
    }

    /// The XML type that SOAP clients and Bulk jobs see (H).
    #[must_use]
    pub(crate) fn soap_type(self) -> &'static str {
        match self {
            Self::Id | Self::Reference => "tns:ID",
            Self::Boolean => "xsd:boolean",
            Self::Int => "xsd:int",
            Self::Double | Self::Currency => "xsd:double",
            Self::DateTime => "xsd:dateTime",
            Self::Date => "xsd:date",
            Self::Address => "urn:address",
            _ => "xsd:string",
        }
    }

    /// Whether values compare as text, without regard to case.
    #[must_use]
    pub(crate) fn is_text(self) -> bool {
        matches!(self, Self::String | Self::TextArea | Self::Email | Self::Phone | Self::Url | Self::Picklist)
    }

    /// Whether values are decimal numbers.
    #[must_use]
    pub(crate) fn is_decimal(self) -> bool {
        matches!(self, Self::Double | Self::Currency)
    }

    /// Whether values are ids, which compare by case.
    #[must_use]
    pub(crate) fn is_id(self) -> bool {
        matches!(self, Self::Id | Self::Reference)
    }
}

/// Where a reference field points.
#[derive(Debug)]
pub(crate) struct Reference {
    /// The objects it may point at.
    pub(crate) to: &'static [&'static str],
    /// The name a SOQL path follows from child to parent.
    pub(crate) relationship: &'static str,
    /// The name a child subquery follows from parent to children, where Salesforce gives one.
    pub(crate) child_relationship: Option<&'static str>,
}

/// How a field's value comes to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stored {
    /// Written to a column.
    Column,
    /// Computed from other columns of the same row by this SQL expression.
    Formula(&'static str),
    /// Kept in the row's `_aside`, an object of what few rows have, and read by this SQL expression.
    Aside(&'static str),
}

/// What only some organizations have turned on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Feature {
    /// Lists of states and countries.
    StatesAndCountries,
    /// Several currencies.
    Currencies,
    /// Record types of accounts and contacts.
    RecordTypes,
}

/// The features that an organization has turned on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Features {
    /// [`Feature::StatesAndCountries`].
    pub(crate) states_and_countries: bool,
    /// [`Feature::Currencies`].
    pub(crate) currencies: bool,
    /// [`Feature::RecordTypes`].
    pub(crate) record_types: bool,
}

impl Features {
    /// Whether there is what needs this feature, or none.
    #[must_use]
    pub(crate) fn allow(self, needs: Option<Feature>) -> bool {
        match needs {
            None => true,
            Some(Feature::StatesAndCountries) => self.states_and_countries,
            Some(Feature::Currencies) => self.currencies,
            Some(Feature::RecordTypes) => self.record_types,
        }
    }

    /// The column as SQL for a reader: without the lists, addresses have no codes (H).
    #[must_use]
    pub(crate) fn seen(self, field: &Field, column: String) -> String {
        if field.kind == FieldType::Address && !self.states_and_countries {
            return format!("json_remove({column}, '$.countryCode', '$.stateCode')");
        }
        column
    }

    /// The same for a value that is already read.
    #[must_use]
    pub(crate) fn shown(self, field: &Field, value: Option<Value>) -> Value {
        match value {
            Some(Value::Text(text)) if field.kind == FieldType::Address && !self.states_and_countries => {
                let mut address: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
                if let Some(parts) = address.as_object_mut() {
                    parts.retain(|name, _| !matches!(name.as_str(), "countryCode" | "stateCode"));
                }
                Value::Text(address.to_string())
            }
            value => value.unwrap_or(Value::Null),
        }
    }
}

/// One field of an object.
#[derive(Debug)]
pub(crate) struct Field {
    /// API name.
    pub(crate) name: &'static str,
    /// Label, as describe and error texts show it.
    pub(crate) label: &'static str,
    /// Type.
    pub(crate) kind: FieldType,
    /// Maximum length in characters; 0 where the type has none.
    pub(crate) length: u32,
    /// Whether it may be empty.
    pub(crate) nillable: bool,
    /// Whether it may be given on create.
    pub(crate) createable: bool,
    /// Whether it may be given on update.
    pub(crate) updateable: bool,
    /// Whether Salesforce fills it in when a create leaves it out.
    pub(crate) defaulted: bool,
    /// Whether a record can be addressed by it in an upsert.
    pub(crate) id_lookup: bool,
    /// Whether it is marked as an external id.
    pub(crate) external_id: bool,
    /// Whether no two records may have the same value.
    pub(crate) unique: bool,
    /// The picklist's values.
    pub(crate) picklist: &'static [&'static str],
    /// What people see instead of a value, where that differs.
    pub(crate) picklist_labels: &'static [(&'static str, &'static str)],
    /// Whether other values than the picklist's are refused.
    pub(crate) restricted: bool,
    /// Whether queries may not filter by it, though it is short enough.
    pub(crate) unfilterable: bool,
    /// Where a reference points.
    pub(crate) reference: Option<Reference>,
    /// How the value comes to be.
    pub(crate) stored: Stored,
    /// The value a create without the field gets, as an SQL literal.
    pub(crate) default_sql: Option<&'static str>,
    /// The picklist on whose value this one's values depend.
    pub(crate) controller: Option<&'static str>,
    /// The feature without which an organization doesn't have the field.
    pub(crate) needs: Option<Feature>,
}

/// System fields, which are the same for every object that has them (H).
impl Field {
    pub(super) const IS_DELETED: Self = Self::boolean("IsDeleted", "Deleted").read_only();
    pub(super) const CREATED_DATE: Self =
        Self::datetime("CreatedDate", "Created Date").required().read_only().with_default();
    pub(super) const CREATED_BY: Self =
        Self::reference("CreatedById", "Created By ID", "CreatedBy", &["User"]).required().read_only().with_default();
    pub(super) const LAST_MODIFIED_DATE: Self =
        Self::datetime("LastModifiedDate", "Last Modified Date").required().read_only().with_default();
    pub(super) const LAST_MODIFIED_BY: Self =
        Self::reference("LastModifiedById", "Last Modified By ID", "LastModifiedBy", &["User"])
            .required()
            .read_only()
            .with_default();
    pub(super) const SYSTEM_MODSTAMP: Self =
        Self::datetime("SystemModstamp", "System Modstamp").required().read_only().with_default();
}

impl Field {
    /// A nillable, writable field of this type.
    pub(super) const fn new(name: &'static str, label: &'static str, kind: FieldType, length: u32) -> Self {
        Self {
            name,
            label,
            kind,
            length,
            nillable: true,
            createable: true,
            updateable: true,
            defaulted: false,
            id_lookup: false,
            external_id: false,
            unique: false,
            picklist: &[],
            picklist_labels: &[],
            restricted: false,
            unfilterable: false,
            reference: None,
            stored: Stored::Column,
            default_sql: None,
            controller: None,
            needs: None,
        }
    }

    pub(super) const fn text(name: &'static str, label: &'static str, length: u32) -> Self {
        Self::new(name, label, FieldType::String, length)
    }

    pub(super) const fn email(name: &'static str, label: &'static str) -> Self {
        Self::new(name, label, FieldType::Email, 80)
    }

    pub(super) const fn phone(name: &'static str, label: &'static str) -> Self {
        Self::new(name, label, FieldType::Phone, 40)
    }

    pub(super) const fn int(name: &'static str, label: &'static str) -> Self {
        Self::new(name, label, FieldType::Int, 0)
    }

    pub(super) const fn datetime(name: &'static str, label: &'static str) -> Self {
        Self::new(name, label, FieldType::DateTime, 0)
    }

    pub(super) const fn date(name: &'static str, label: &'static str) -> Self {
        Self::new(name, label, FieldType::Date, 0)
    }

    /// A latitude or a longitude.
    pub(super) const fn coordinate(name: &'static str, label: &'static str) -> Self {
        Self::new(name, label, FieldType::Double, 0)
    }

    /// The compound field of an address, as SQL makes it of its parts.
    pub(super) const fn address(name: &'static str, label: &'static str, sql: &'static str) -> Self {
        Self::new(name, label, FieldType::Address, 0).formula(sql)
    }

    /// The address of a picture, which is the same for all records or follows from the id.
    pub(super) const fn photo(name: &'static str, label: &'static str, sql: &'static str) -> Self {
        Self::new(name, label, FieldType::Url, 1024).formula(sql)
    }

    /// One of a user's preferences. Its label is its name without what all of them begin with (M).
    ///
    /// Nearly all users have the defaults, so those that differ are kept aside: 87 columns of their own made a million users a
    /// quarter slower to make.
    pub(super) const fn preference(name: &'static str, sql: &'static str, default: &'static str) -> Self {
        let (_, label) = name.split_at("UserPreferences".len());
        let mut field = Self::boolean(name, label).default_to(default);
        field.stored = Stored::Aside(sql);
        field
    }

    /// The code of an address's country, which follows from the country.
    pub(super) const fn country_code(name: &'static str, label: &'static str, sql: &'static str) -> Self {
        let mut field = Self::picklist(name, label, 10, &addresses::COUNTRY_CODES).labels(&addresses::COUNTRY_LABELS);
        field.stored = Stored::Formula(sql);
        field.needs = Some(Feature::StatesAndCountries);
        field.strict()
    }

    /// The code of an address's state, which follows from country and state; the values depend on the country's code.
    pub(super) const fn state_code(
        name: &'static str,
        label: &'static str,
        controller: &'static str,
        sql: &'static str,
    ) -> Self {
        let mut field = Self::picklist(name, label, 10, &addresses::STATE_CODES);
        field.stored = Stored::Formula(sql);
        field.controller = Some(controller);
        field.needs = Some(Feature::StatesAndCountries);
        field.strict()
    }

    /// A currency of the organization, by default its corporate one (H but for the labels of the user's own).
    pub(super) const fn currency(name: &'static str, label: &'static str, sql: &'static str) -> Self {
        let mut field =
            Self::picklist(name, label, 3, currencies::ACTIVE).labels(currencies::LABELS).strict().with_default();
        field.stored = Stored::Aside(sql);
        field.needs = Some(Feature::Currencies);
        field
    }

    /// The record's type.
    pub(super) const fn record_type() -> Self {
        let mut field = Self::reference("RecordTypeId", "Record Type ID", "RecordType", &["RecordType"]).with_default();
        field.stored = Stored::Aside("json_extract(_aside, '$.RecordTypeId')");
        field.needs = Some(Feature::RecordTypes);
        field
    }

    /// Booleans are never null: they default to false.
    pub(super) const fn boolean(name: &'static str, label: &'static str) -> Self {
        let mut field = Self::new(name, label, FieldType::Boolean, 0);
        field.nillable = false;
        field.defaulted = true;
        field.default_sql = Some("0");
        field
    }

    pub(super) const fn picklist(
        name: &'static str,
        label: &'static str,
        length: u32,
        values: &'static [&'static str],
    ) -> Self {
        let mut field = Self::new(name, label, FieldType::Picklist, length);
        field.picklist = values;
        field
    }

    pub(super) const fn reference(
        name: &'static str,
        label: &'static str,
        relationship: &'static str,
        to: &'static [&'static str],
    ) -> Self {
        let mut field = Self::new(name, label, FieldType::Reference, 18);
        field.reference = Some(Reference { to, relationship, child_relationship: None });
        field
    }

    /// The record's own id.
    pub(super) const fn id(label: &'static str) -> Self {
        let mut field = Self::new("Id", label, FieldType::Id, 18);
        field.id_lookup = true;
        field.required().read_only().with_default()
    }

    pub(super) const fn required(mut self) -> Self {
        self.nillable = false;
        self
    }

    pub(super) const fn read_only(mut self) -> Self {
        self.createable = false;
        self.updateable = false;
        self
    }

    pub(super) const fn create_only(mut self) -> Self {
        self.updateable = false;
        self
    }

    pub(super) const fn update_only(mut self) -> Self {
        self.createable = false;
        self
    }

    pub(super) const fn with_default(mut self) -> Self {
        self.defaulted = true;
        self
    }

    pub(super) const fn default_to(mut self, sql: &'static str) -> Self {
        self.defaulted = true;
        self.default_sql = Some(sql);
        self
    }

    pub(super) const fn lookup(mut self) -> Self {
        self.id_lookup = true;
        self
    }

    pub(super) const fn external(mut self) -> Self {
        self.external_id = true;
        self.id_lookup = true;
        self
    }

    /// No two records may have the same value; compared without regard to case.
    pub(super) const fn unique(mut self) -> Self {
        self.unique = true;
        self
    }

    pub(super) const fn labels(mut self, labels: &'static [(&'static str, &'static str)]) -> Self {
        self.picklist_labels = labels;
        self
    }

    pub(super) const fn strict(mut self) -> Self {
        self.restricted = true;
        self
    }

    /// Kept in `_aside`, where this SQL expression finds it.
    pub(super) const fn aside(mut self, sql: &'static str) -> Self {
        self.stored = Stored::Aside(sql);
        self
    }

    pub(super) const fn unfilterable(mut self) -> Self {
        self.unfilterable = true;
        self
    }

    pub(super) const fn children(mut self, name: &'static str) -> Self {
        if let Some(reference) = &mut self.reference {
            reference.child_relationship = Some(name);
        }
        self
    }

    pub(super) const fn formula(mut self, sql: &'static str) -> Self {
        self.stored = Stored::Formula(sql);
        self.read_only()
    }

    /// Whether it is a long text, by which queries neither filter, sort nor group (H).
    fn is_long(&self) -> bool {
        self.kind == FieldType::TextArea && self.length > 4_000
    }

    /// Whether queries may filter by it.
    #[must_use]
    pub(crate) fn is_filterable(&self) -> bool {
        !self.is_long() && !self.unfilterable
    }

    /// Whether queries may sort by it.
    #[must_use]
    pub(crate) fn is_sortable(&self) -> bool {
        !self.is_long() && self.kind != FieldType::Address
    }

    /// Whether queries may group by it: not by instants, decimal numbers and texts of more than 255 characters (H).
    #[must_use]
    pub(crate) fn is_groupable(&self) -> bool {
        !matches!(self.kind, FieldType::DateTime | FieldType::Address) && !self.kind.is_decimal() && self.length <= 255
    }

    /// Whether an administrator made the field.
    #[must_use]
    pub(crate) fn is_custom(&self) -> bool {
        self.name.ends_with("__c")
    }

    /// What people see for a picklist value.
    #[must_use]
    pub(crate) fn picklist_label(&self, value: &'static str) -> &'static str {
        self.picklist_labels.iter().find(|(found, _)| *found == value).map_or(value, |(_, label)| label)
    }

    /// Whether upserts and references may find a record by it.
    #[must_use]
    pub(crate) fn is_lookup_key(&self) -> bool {
        self.id_lookup || self.external_id
    }

    /// Whether a create must give the field.
    #[must_use]
    pub(crate) fn is_required_on_create(&self) -> bool {
        self.createable && !self.nillable && !self.defaulted
    }
}
