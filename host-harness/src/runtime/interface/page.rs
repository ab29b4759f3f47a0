//! Pages of users: their values stand under the names that the page tells once.

mod imported_user;

use std::collections::HashMap;

pub use imported_user::ImportedUser;

use crate::runtime::wit::{ImportPage, User, Value};

/// A page that contradicts itself, or would take too much memory.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Misshapen {
    #[error("in a page that names {names} attributes, the user {user} has {values} values")]
    Values { user: String, values: usize, names: usize },
    #[error("a page names the attribute `{0}` twice")]
    NameTwice(String),
    #[error("the values of a page would take more than {0} bytes")]
    TooLarge(usize),
}

impl ImportPage {
    /// The attributes that `user`, who is of this page, has a value for, each with its name.
    pub fn named<'a>(&'a self, user: &'a User) -> impl Iterator<Item = (&'a str, &'a Value)> {
        let named = self.attributes.iter().zip(&user.values);
        named.filter_map(|(name, value)| Some((name.as_str(), value.as_ref()?)))
    }

    /// The value that `user`, who is of this page, has for an attribute.
    pub fn value<'a>(&'a self, user: &'a User, name: &str) -> Option<&'a Value> {
        let place = self.attributes.iter().position(|attribute| attribute == name)?;
        user.values.get(place)?.as_ref()
    }

    /// Whether every user has one value or none for each name, and no name stands twice. What a component gives is not
    /// believed before: a value too few would put the others under wrong names.
    pub(crate) fn check(&self) -> Result<(), Misshapen> {
        let names = self.attributes.len();
        if let Some(user) = self.users.iter().find(|user| user.values.len() != names) {
            return Err(Misshapen::Values { user: user.id.clone(), values: user.values.len(), names });
        }
        let mut sorted: Vec<&String> = self.attributes.iter().collect();
        sorted.sort_unstable();
        match sorted.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(pair) => Err(Misshapen::NameTwice(pair[0].clone())),
            None => Ok(()),
        }
    }
}

/// Lines values that come with their names up under names that are told once.
pub(crate) struct Columns {
    names: Vec<String>,
    places: HashMap<String, usize>,
    most_names: usize,
    most_bytes: usize,
}

impl Columns {
    /// Columns for so many users, whose values may take so many bytes.
    pub(crate) fn new(users: usize, most_bytes: usize) -> Self {
        let most_names = most_bytes / size_of::<Option<Value>>() / users.max(1);
        Self { names: Vec::new(), places: HashMap::new(), most_names, most_bytes }
    }

    /// The values of one user, each in the place of its name; of two with one name, the later. It may be shorter than there
    /// are names.
    pub(crate) fn row(
        &mut self,
        named: impl IntoIterator<Item = (String, Value)>,
    ) -> Result<Vec<Option<Value>>, Misshapen> {
        let mut row: Vec<Option<Value>> = Vec::with_capacity(self.names.len());
        for (name, value) in named {
            // Most users have the same attributes in the same order.
            let place = if self.names.get(row.len()) == Some(&name) { row.len() } else { self.place(name)? };
            if place >= row.len() {
                row.resize_with(place + 1, || None);
            }
            row[place] = Some(value);
        }
        Ok(row)
    }

    fn place(&mut self, name: String) -> Result<usize, Misshapen> {
        if let Some(place) = self.places.get(&name) {
            return Ok(*place);
        }
        let place = self.names.len();
        if place == self.most_names {
            return Err(Misshapen::TooLarge(self.most_bytes));
        }
        self.names.push(name.clone());
        self.places.insert(name, place);
        Ok(place)
    }

    /// Makes a row as long as there are names.
    pub(crate) fn complete(&self, row: &mut Vec<Option<Value>>) {
        row.resize_with(self.names.len(), || None);
    }

    /// The names, in the order in which they first appeared.
    pub(crate) fn names(self) -> Vec<String> {
        self.names
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::wit::Status;

    fn user(id: &str, values: &[Option<&str>]) -> User {
        User {
            id: id.to_owned(),
            username: String::new(),
            status: Status::Active,
            modified: String::new(),
            values: values.iter().map(|value| value.map(|value| Value::Text(value.to_owned()))).collect(),
            grants: Vec::new(),
        }
    }

    fn page(attributes: &[&str], users: Vec<User>) -> ImportPage {
        let attributes = attributes.iter().map(|name| (*name).to_owned()).collect();
        ImportPage { attributes, users, departed: Vec::new(), next: None, watermark: None }
    }

    #[test]
    fn values_are_found_by_their_names() {
        let page = page(&["email", "title"], vec![user("1", &[None, Some("Clerk")]), user("2", &[Some("a@x"), None])]);
        assert_eq!(page.check(), Ok(()));
        let names = |user| page.named(user).map(|(name, _)| name).collect::<Vec<_>>();
        assert_eq!((names(&page.users[0]), names(&page.users[1])), (vec!["title"], vec!["email"]));
        let text = |user, name| page.value(user, name).map(|value| format!("{value:?}"));
        assert_eq!(text(&page.users[0], "title").as_deref(), Some("Value::Text(\"Clerk\")"));
        assert_eq!((text(&page.users[0], "email"), text(&page.users[0], "phone")), (None, None));
    }

    #[test]
    fn a_page_that_contradicts_itself_is_told() {
        let short = page(&["email", "title"], vec![user("1", &[None, None]), user("2", &[None])]);
        assert_eq!(short.check(), Err(Misshapen::Values { user: "2".to_owned(), values: 1, names: 2 }));
        let long = page(&[], vec![user("1", &[Some("a@x")])]);
        assert_eq!(long.check(), Err(Misshapen::Values { user: "1".to_owned(), values: 1, names: 0 }));
        let twice = page(&["email", "title", "email"], Vec::new());
        assert_eq!(twice.check(), Err(Misshapen::NameTwice("email".to_owned())));
        // Nothing is found in what is not there, and nothing panics.
        assert_eq!(short.value(&short.users[1], "title").map(|_| ()), None);
        assert_eq!(long.named(&long.users[0]).count(), 0);
    }
}
