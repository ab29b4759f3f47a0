//! Pages of users: their values stand under the names that the page tells once.

mod imported_user;

pub use imported_user::ImportedUser;

use crate::wit::{ImportPage, User, Value};

/// A page that contradicts itself.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum MalformedPage {
    /// A user has more or fewer values than the page has names.
    #[error("in a page that names {names} attributes, the user {user} has {values} values")]
    Values {
        /// The user's id.
        user: String,
        /// How many values it has.
        values: usize,
        /// How many names the page has.
        names: usize,
    },
    /// A name stands twice.
    #[error("a page names the attribute `{0}` twice")]
    NameTwice(String),
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
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check(&self) -> Result<(), MalformedPage> {
        let names = self.attributes.len();
        if let Some(user) = self.users.iter().find(|user| user.values.len() != names) {
            return Err(MalformedPage::Values { user: user.id.clone(), values: user.values.len(), names });
        }
        let mut sorted: Vec<&String> = self.attributes.iter().collect();
        sorted.sort_unstable();
        match sorted.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(pair) => Err(MalformedPage::NameTwice(pair[0].clone())),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wit::Status;

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
        assert_eq!(short.check(), Err(MalformedPage::Values { user: "2".to_owned(), values: 1, names: 2 }));
        let long = page(&[], vec![user("1", &[Some("a@x")])]);
        assert_eq!(long.check(), Err(MalformedPage::Values { user: "1".to_owned(), values: 1, names: 0 }));
        let twice = page(&["email", "title", "email"], Vec::new());
        assert_eq!(twice.check(), Err(MalformedPage::NameTwice("email".to_owned())));
        // Nothing is found in what is not there, and nothing panics.
        assert_eq!(short.value(&short.users[1], "title").map(|_| ()), None);
        assert_eq!(long.named(&long.users[0]).count(), 0);
    }
}
