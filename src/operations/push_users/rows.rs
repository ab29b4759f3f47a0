//! Users and contacts, as a push reads them.

use crate::operations::rows::{Extra, Row, id, is, text};
use crate::salesforce::id::Id;
use crate::salesforce::record::Record;

/// A user.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct UserRow {
    pub(super) id: Id,
    pub(super) username: String,
    pub(super) is_active: bool,
    pub(super) user_type: String,
    pub(super) profile: Option<Id>,
    pub(super) role: Option<Id>,
    pub(super) federation_id: Option<String>,
    pub(super) contact: Option<Id>,
    /// The account of the contact.
    pub(super) account: Option<Id>,
    /// What the mapping writes, the host's keys of user and contact, and feature licences.
    pub(super) extra: Extra,
}

impl Row for UserRow {
    const OBJECT: &'static str = "User";
    const COLUMNS: &'static [&'static str] = &[
        "Username",
        "IsActive",
        "UserType",
        "ProfileId",
        "UserRoleId",
        "FederationIdentifier",
        "ContactId",
        "Contact.AccountId",
    ];

    fn read(record: &Record<'_>, extra: Extra) -> Option<Self> {
        Some(Self {
            id: id(record, "Id")?,
            username: text(record, "Username").unwrap_or_default(),
            is_active: is(record, "IsActive"),
            user_type: text(record, "UserType").unwrap_or_default(),
            profile: id(record, "ProfileId"),
            role: id(record, "UserRoleId"),
            federation_id: text(record, "FederationIdentifier"),
            contact: id(record, "ContactId"),
            account: id(record, "Contact.AccountId"),
            extra,
        })
    }

    fn id(&self) -> Id {
        self.id
    }
}

/// The user of a contact, of whom only what tells who it is has been read.
pub(super) struct ContactUser(pub(super) UserRow);

impl Row for ContactUser {
    const OBJECT: &'static str = "User";
    const COLUMNS: &'static [&'static str] = &["Username", "IsActive", "ContactId"];

    fn read(record: &Record<'_>, extra: Extra) -> Option<Self> {
        UserRow::read(record, extra).map(Self)
    }

    fn id(&self) -> Id {
        self.0.id
    }
}

/// A contact.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ContactRow {
    pub(super) id: Id,
    pub(super) email: Option<String>,
    pub(super) name: Option<String>,
    /// What the mapping writes, and the host's key.
    pub(super) extra: Extra,
}

impl Row for ContactRow {
    const OBJECT: &'static str = "Contact";
    const COLUMNS: &'static [&'static str] = &["Email", "Name"];

    fn read(record: &Record<'_>, extra: Extra) -> Option<Self> {
        Some(Self { id: id(record, "Id")?, email: text(record, "Email"), name: text(record, "Name"), extra })
    }

    fn id(&self) -> Id {
        self.id
    }
}
