//! A user as applications of tests hold it.

use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};

use super::Columns;
use crate::runtime::wit::{ImportPage, User, Value};

/// A user with its attributes by name.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    /// The user; its values are put in when a page is made.
    pub(crate) user: User,
    pub(crate) attributes: BTreeMap<String, Value>,
}

impl Deref for Person {
    type Target = User;

    fn deref(&self) -> &User {
        &self.user
    }
}

impl DerefMut for Person {
    fn deref_mut(&mut self) -> &mut User {
        &mut self.user
    }
}

impl ImportPage {
    /// A last page of these people.
    pub(crate) fn of(people: &[Person]) -> Self {
        let mut columns = Columns::new(people.len(), usize::MAX);
        let row = |person: &Person| {
            let values = columns.row(person.attributes.clone()).unwrap();
            User { values, ..person.user.clone() }
        };
        let mut users: Vec<User> = people.iter().map(row).collect();
        users.iter_mut().for_each(|user| columns.complete(&mut user.values));
        Self { attributes: columns.names(), users, departed: Vec::new(), next: None, watermark: None }
    }
}
