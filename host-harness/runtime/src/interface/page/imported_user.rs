//! A user of an import by itself, away from its page.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::{Deref, DerefMut};

use crate::wit::{ImportPage, Status, User, Value};

/// A user of an import with its attributes by name, so that it says all of itself without its page. It derefs to [`User`],
/// whose `values` are empty here.
#[derive(Clone, Debug)]
pub struct ImportedUser {
    /// What it is, but for its values.
    pub user: User,
    /// The attributes that it has a value for.
    pub attributes: BTreeMap<String, Value>,
}

impl ImportedUser {
    /// The text of an attribute; none where it is empty or no text.
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.attributes.get(name)? {
            Value::Text(text) if !text.is_empty() => Some(text),
            _ => None,
        }
    }
}

impl Deref for ImportedUser {
    type Target = User;

    fn deref(&self) -> &User {
        &self.user
    }
}

impl DerefMut for ImportedUser {
    fn deref_mut(&mut self) -> &mut User {
        &mut self.user
    }
}

impl ImportPage {
    /// The users of this page, each with its attributes by name.
    pub fn imported(&self) -> impl Iterator<Item = ImportedUser> {
        self.users.iter().map(|user| ImportedUser {
            attributes: self.named(user).map(|(name, value)| (name.to_owned(), value.clone())).collect(),
            user: User { values: Vec::new(), ..user.clone() },
        })
    }
}

impl ImportedUser {
    /// An active user with nothing but its id and its username.
    pub fn new(id: &str, username: &str) -> Self {
        let user = User {
            id: id.to_owned(),
            username: username.to_owned(),
            status: Status::Active,
            modified: String::new(),
            values: Vec::new(),
            grants: Vec::new(),
        };
        Self { user, attributes: BTreeMap::new() }
    }
}

impl ImportPage {
    /// A last page of these users.
    pub fn of(imported: &[ImportedUser]) -> Self {
        let names: BTreeSet<&String> = imported.iter().flat_map(|one| one.attributes.keys()).collect();
        let row = |one: &ImportedUser| {
            let values = names.iter().map(|name| one.attributes.get(*name).cloned());
            User { values: values.collect(), ..one.user.clone() }
        };
        let users = imported.iter().map(row).collect();
        let attributes = names.iter().map(|name| (*name).clone()).collect();
        Self { attributes, users, departed: Vec::new(), next: None, watermark: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_leave_their_page_and_come_back_as_they_were() {
        let mut ada = ImportedUser::new("1", "ada@x");
        let title = Value::Text("Countess".to_owned());
        ada.attributes.insert("title".to_owned(), title);
        let page = ImportPage::of(&[ada, ImportedUser::new("2", "bob@x")]);
        let back: Vec<ImportedUser> = page.imported().collect();
        assert_eq!((back[0].id.as_str(), back[0].text("title"), back[0].text("email")), ("1", Some("Countess"), None));
        assert_eq!((back[1].username.as_str(), back[1].attributes.len()), ("bob@x", 0));
        assert_eq!(format!("{:?}", ImportPage::of(&back)), format!("{page:?}"));
    }
}
