//! The users' attributes: stable names, and the Salesforce fields that they stand for.
//!
//! Names are those of SCIM (RFC 7643 §4.1, §4.3) where SCIM has one. One attribute may stand for a field of the user and
//! one of its contact: a push writes both, an import reads the user's. Fields, lengths and types are those of the object
//! reference (H), unless marked.
//!
//! An organisation's custom fields are attributes, too, under Salesforce's own names: `Cost_Center__c` is the user's,
//! `Contact.Newsletter__c` its contact's.

use crate::model::{AttributeDefinition, AttributeKind};

/// A field of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// Its API name.
    pub name: &'static str,
    /// In characters.
    pub max_length: u32,
}

/// How a value is checked and compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Any text.
    Plain,
    /// An e-mail address; compared without case.
    Email,
    /// Lines; Salesforce stores their ends as CR LF.
    Lines,
    /// `true` or `false`; never empty.
    Boolean,
    /// A number; compared by its value.
    Number,
    /// A number without a fraction; compared by its value.
    Whole,
    /// A date and time, of any zone; compared by the second that it is.
    Time,
    /// A date.
    Date,
    /// Values with semicolons between them; compared in any order, since Salesforce puts them into its own.
    Many,
}

/// One attribute.
#[derive(Debug)]
pub struct Definition {
    /// The stable name.
    pub name: &'static str,
    /// For a form, in a few words.
    pub label: &'static str,
    /// Its type.
    pub kind: AttributeKind,
    /// Where an import reads it, as a path from the user.
    pub path: &'static str,
    /// The user's field that a push writes.
    pub user: Option<Field>,
    /// The contact's field that a push writes.
    pub contact: Option<Field>,
    /// Whether a new user needs it.
    pub required: bool,
    /// Whether an import that names no attributes gives it.
    pub by_default: bool,
    /// How it is checked and compared.
    pub form: Form,
    /// The allowed values; empty where any is allowed.
    pub choices: &'static [&'static str],
    /// What only some organizations have: where to switch it on.
    pub switch: Option<&'static str>,
    /// Whether the organization's own list of values is looked at before anything is written. A contact would be made and deleted
    /// again otherwise whenever Salesforce refuses the value.
    pub is_listed: bool,
}

impl Definition {
    /// Whether a push may set it.
    pub fn is_writable(&self) -> bool {
        self.user.is_some() || self.contact.is_some() || self.name == ACCOUNT
    }

    /// In characters: what both fields can hold.
    pub fn max_length(&self) -> Option<u32> {
        self.user.iter().chain(&self.contact).map(|field| field.max_length).min()
    }

    /// As `list-attributes` gives it.
    pub fn describe(&self) -> AttributeDefinition {
        AttributeDefinition {
            name: self.name.to_owned(),
            label: self.label.to_owned(),
            kind: self.kind,
            many: false,
            required: self.required,
            writable: self.is_writable(),
            max_length: self.max_length(),
            choices: self.choices.iter().map(|&choice| choice.to_owned()).collect(),
        }
    }
}

const fn field(name: &'static str, max_length: u32) -> Option<Field> {
    Some(Field { name, max_length })
}

/// An optional text of the user alone that imports give only when asked.
const fn text(name: &'static str, label: &'static str, path: &'static str, max_length: u32) -> Definition {
    Definition {
        name,
        label,
        kind: AttributeKind::String,
        path,
        user: field(path, max_length),
        contact: None,
        required: false,
        by_default: false,
        form: Form::Plain,
        choices: &[],
        switch: None,
        is_listed: false,
    }
}

/// A text from a list of the organization's own that only some have.
const fn code(
    name: &'static str,
    label: &'static str,
    path: &'static str,
    length: u32,
    switch: &'static str,
) -> Definition {
    Definition { switch: Some(switch), is_listed: true, ..text(name, label, path, length) }
}

const PICKLISTS: &str = "Switch on the lists under Setup > Company Settings > State and Country/Territory Picklists, or map to region and country";
const CURRENCIES: &str =
    "Switch on multiple currencies under Setup > Company Settings > Company Information, or take it out of the mapping";
const RECORD_TYPES: &str =
    "Give contacts record types under Setup > Object Manager > Contact > Record Types, or take it out of the mapping";

/// A text that cannot be written.
const fn read_only(name: &'static str, label: &'static str, kind: AttributeKind, path: &'static str) -> Definition {
    Definition { kind, user: None, ..text(name, label, path, 0) }
}

/// The username; a push sets it by `desired-user.username`.
pub const USERNAME: &str = "username";
/// The user's and the contact's e-mail address.
pub const EMAIL: &str = "email";
/// The first name.
pub const GIVEN_NAME: &str = "givenName";
/// The last name.
pub const FAMILY_NAME: &str = "familyName";
/// The user's id in the identity provider's assertions.
pub const FEDERATION_ID: &str = "federationId";

/// The record type of the contact.
pub const RECORD_TYPE: &str = "contactRecordType";

/// The account of a new contact; one that is there stays where it is.
pub const ACCOUNT: &str = "account";
/// The user's manager.
pub const MANAGER: &str = "manager";

/// All attributes, in the order of a form.
pub static ALL: [Definition; 38] = [
    Definition { required: true, form: Form::Email, ..text(USERNAME, "Username", "Username", 80) },
    Definition {
        required: true,
        by_default: true,
        form: Form::Email,
        contact: field("Email", 80),
        ..text(EMAIL, "E-mail address", "Email", 128)
    },
    Definition { by_default: true, contact: field("FirstName", 40), ..text(GIVEN_NAME, "First name", "FirstName", 40) },
    Definition {
        required: true,
        by_default: true,
        contact: field("LastName", 80),
        ..text(FAMILY_NAME, "Last name", "LastName", 80)
    },
    Definition { by_default: true, ..read_only("displayName", "Full name", AttributeKind::String, "Name") },
    Definition { by_default: true, contact: field("Title", 128), ..text("title", "Title", "Title", 80) },
    Definition {
        by_default: true,
        contact: field("Department", 80),
        ..text("department", "Department", "Department", 80)
    },
    text("division", "Division", "Division", 80),
    text("organization", "Company name", "CompanyName", 80),
    text("employeeNumber", "Employee number", "EmployeeNumber", 20),
    Definition { by_default: true, contact: field("Phone", 40), ..text("phoneNumber", "Phone", "Phone", 40) },
    Definition {
        by_default: true,
        contact: field("MobilePhone", 40),
        ..text("mobilePhone", "Mobile phone", "MobilePhone", 40)
    },
    Definition { contact: field("Fax", 40), ..text("fax", "Fax", "Fax", 40) },
    Definition {
        form: Form::Lines,
        contact: field("MailingStreet", 255),
        ..text("streetAddress", "Street", "Street", 255)
    },
    Definition { contact: field("MailingCity", 40), ..text("locality", "City", "City", 40) },
    Definition { contact: field("MailingState", 80), ..text("region", "State or province", "State", 80) },
    Definition {
        contact: field("MailingStateCode", 10),
        ..code("regionCode", "State or province code", "StateCode", 10, PICKLISTS)
    },
    Definition { contact: field("MailingPostalCode", 20), ..text("postalCode", "Postal code", "PostalCode", 20) },
    Definition { contact: field("MailingCountry", 80), ..text("country", "Country", "Country", 80) },
    Definition {
        contact: field("MailingCountryCode", 10),
        ..code("countryCode", "Country code", "CountryCode", 10, PICKLISTS)
    },
    Definition { by_default: true, ..text("alias", "Alias", "Alias", 8) },
    Definition { by_default: true, ..text("nickName", "Nickname", "CommunityNickname", 40) },
    Definition { by_default: true, is_listed: true, ..text("timezone", "Time zone", "TimeZoneSidKey", 40) },
    Definition { by_default: true, is_listed: true, ..text("locale", "Locale", "LocaleSidKey", 40) },
    Definition { by_default: true, is_listed: true, ..text("preferredLanguage", "Language", "LanguageLocaleKey", 40) },
    Definition {
        choices: &[
            "UTF-8",
            "ISO-8859-1",
            "Shift_JIS",
            "ISO-2022-JP",
            "EUC-JP",
            "ks_c_5601-1987",
            "Big5",
            "GB2312",
            "Big5-HKSCS",
            "x-SJIS_0213",
        ],
        ..text("emailEncoding", "E-mail encoding", "EmailEncodingKey", 40)
    },
    Definition {
        contact: field("CurrencyIsoCode", 3),
        ..code("currency", "Currency", "CurrencyIsoCode", 3, CURRENCIES)
    },
    code("defaultCurrency", "Currency of new records", "DefaultCurrencyIsoCode", 3, CURRENCIES),
    // By id, username or the host's key; imports give the id.
    Definition { kind: AttributeKind::Reference, ..text(MANAGER, "Manager", "ManagerId", 255) },
    // By id, `Field__c=value` or name; imports give the id.
    Definition { user: None, kind: AttributeKind::Reference, ..text(ACCOUNT, "Account", "Contact.AccountId", 255) },
    // By name or id; imports give the id.
    Definition {
        user: None,
        kind: AttributeKind::Reference,
        contact: field("RecordTypeId", 255),
        ..code(RECORD_TYPE, "Record type of the contact", "Contact.RecordTypeId", 255, RECORD_TYPES)
    },
    Definition { by_default: true, ..text(FEDERATION_ID, "Federation ID", "FederationIdentifier", 512) },
    // Executive, Manager, and User, which the API may call Worker (U), so no choices are declared.
    text("portalRole", "Portal role", "PortalRole", 40),
    Definition { by_default: true, ..read_only("userType", "User type", AttributeKind::String, "UserType") },
    Definition { by_default: true, ..read_only("contactId", "Contact", AttributeKind::Reference, "ContactId") },
    Definition { by_default: true, ..read_only("accountId", "Account", AttributeKind::Reference, "Contact.AccountId") },
    Definition {
        by_default: true,
        ..read_only("contactEmail", "Contact's e-mail address", AttributeKind::String, "Contact.Email")
    },
    read_only("lastLogin", "Last sign-in", AttributeKind::DateTime, "LastLoginDate"),
];

/// The attribute of this name.
pub fn find(name: &str) -> Option<&'static Definition> {
    ALL.iter().find(|definition| definition.name == name)
}

/// What the refresh of a sandbox puts behind every e-mail address, so that nobody gets mail from it (H, Salesforce Help 005322018).
pub const MUTED: &str = ".invalid";

/// The address without what a refresh of a sandbox has put behind it.
pub fn unmuted(address: &str) -> &str {
    let end = address.len().saturating_sub(MUTED.len());
    match address.split_at_checked(end) {
        Some((own, muted)) if muted.eq_ignore_ascii_case(MUTED) && own.contains('@') => own,
        _ => address,
    }
}

/// Whether a text has the form of an e-mail address as far as Salesforce checks it: one `@`, a name before it, a domain
/// with a dot behind it, no blanks.
pub fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else { return false };
    let plain = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && !part.ends_with('.')
            && !part.contains("..")
            && !part.contains(|letter: char| {
                letter.is_whitespace()
                    || letter.is_control()
                    || matches!(letter, '@' | '<' | '>' | '(' | ')' | ',' | ';' | ':' | '"' | '\\' | '[' | ']')
            })
    };
    plain(local) && plain(domain) && domain.contains('.')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::salesforce::soql::Name;

    #[test]
    fn names_and_written_fields_are_each_used_once() {
        for (at, one) in ALL.iter().enumerate() {
            for other in &ALL[..at] {
                assert_ne!(one.name, other.name);
                assert!(one.user.is_none() || one.user != other.user, "{}", one.name);
                assert!(one.contact.is_none() || one.contact != other.contact, "{}", one.name);
            }
        }
    }

    #[test]
    fn every_path_can_be_selected() {
        for definition in &ALL {
            assert!(Name::parse(definition.path).is_some(), "{}", definition.name);
        }
    }

    #[test]
    fn an_attribute_is_as_long_as_its_shortest_field() {
        assert_eq!(find(EMAIL).unwrap().max_length(), Some(80));
        assert_eq!(find("title").unwrap().max_length(), Some(80));
        assert_eq!(find("userType").unwrap().max_length(), None);
    }

    #[test]
    fn an_address_of_a_sandbox_is_the_one_that_it_was() {
        for (muted, own) in [
            ("ada@example.com.invalid", "ada@example.com"),
            ("ADA@example.com.INVALID", "ADA@example.com"),
            ("ada@example.com", "ada@example.com"),
            ("ada@invalid", "ada@invalid"),
            (".invalid", ".invalid"),
            ("é.invalid", "é.invalid"),
            ("", ""),
        ] {
            assert_eq!(unmuted(muted), own, "{muted}");
        }
    }

    #[test]
    fn the_form_of_an_email_address_is_checked() {
        for good in ["a@b.co", "ada.king+x@mail.example.com", "o'neil@example.com", "jürgen@example.de"] {
            assert!(is_email(good), "{good}");
        }
        for bad in [
            "",
            "a",
            "a@b",
            "@b.co",
            "a@",
            "a b@c.de",
            "a@b@c.de",
            "a@.de",
            ".a@b.de",
            "a@b.de.",
            "a..b@c.de",
            "a@b.de\n",
            "a,b@c.de",
        ] {
            assert!(!is_email(bad), "{bad}");
        }
    }
}
