//! A page of users as it was, and how it becomes one of today.

use wasmtime::component::{ComponentType, Lift};

use crate::runtime::interface::page::{Columns, Misshapen};
use crate::runtime::wit;
use crate::runtime::wit::{Grant, Status, Value};

/// `import-page`.
#[derive(Clone, Debug, ComponentType, Lift)]
#[component(record)]
pub(crate) struct ImportPage {
    users: Vec<User>,
    departed: Vec<String>,
    next: Option<String>,
    watermark: Option<String>,
}

/// `user`.
#[derive(Clone, Debug, ComponentType, Lift)]
#[component(record)]
pub(crate) struct User {
    id: String,
    username: String,
    status: Status,
    modified: String,
    attributes: Vec<Attribute>,
    grants: Vec<Grant>,
}

/// `attribute`.
#[derive(Clone, Debug, ComponentType, Lift)]
#[component(record)]
pub(crate) struct Attribute {
    name: String,
    value: Value,
}

impl ImportPage {
    /// The page with its names told once, in the order in which they first appear.
    ///
    /// Where a user has an attribute twice, the later value counts: 0.1 does not forbid it, and this is what hosts that knew
    /// nothing newer made of it.
    ///
    /// # Errors
    /// When the values would take more than `most` bytes: a user has a place for each name of the page, so a component
    /// could else make few names into much memory.
    pub(crate) fn lined_up(self, most: usize) -> Result<wit::ImportPage, Misshapen> {
        let Self { users: named, departed, next, watermark } = self;
        let mut columns = Columns::new(named.len(), most);
        let mut users = Vec::with_capacity(named.len());
        for User { id, username, status, modified, attributes, grants } in named {
            let values = columns.row(attributes.into_iter().map(|Attribute { name, value }| (name, value)))?;
            users.push(wit::User { id, username, status, modified, values, grants });
        }
        users.iter_mut().for_each(|user| columns.complete(&mut user.values));
        Ok(wit::ImportPage { attributes: columns.names(), users, departed, next, watermark })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::{Just, Strategy, prop_oneof};

    use super::*;

    fn page(users: &[Vec<(String, Value)>]) -> ImportPage {
        let user = |(n, attributes): (usize, &Vec<(String, Value)>)| User {
            id: n.to_string(),
            username: format!("{n}@x"),
            status: Status::Frozen,
            modified: "2026-01-01T00:00:00Z".to_owned(),
            attributes: attributes
                .iter()
                .map(|(name, value)| Attribute { name: name.clone(), value: value.clone() })
                .collect(),
            grants: vec![Grant { kind: "profile".to_owned(), id: n.to_string() }],
        };
        ImportPage {
            users: users.iter().enumerate().map(user).collect(),
            departed: vec!["gone".to_owned()],
            next: Some("cursor".to_owned()),
            watermark: Some("mark".to_owned()),
        }
    }

    fn text(name: &str, value: &str) -> (String, Value) {
        (name.to_owned(), Value::Text(value.to_owned()))
    }

    #[test]
    fn names_are_told_once_in_the_order_in_which_they_first_appear() {
        let old = page(&[
            vec![text("email", "a@x"), text("title", "Clerk")],
            vec![],
            vec![text("phone", "1"), text("title", "Cook"), text("email", "c@x")],
        ]);
        let new = old.lined_up(1 << 20).unwrap();
        assert_eq!(new.attributes, ["email", "title", "phone"]);
        let values = |user: usize| format!("{:?}", new.users[user].values);
        assert_eq!(values(0), r#"[Some(Value::Text("a@x")), Some(Value::Text("Clerk")), None]"#);
        assert_eq!(values(1), "[None, None, None]");
        assert_eq!(values(2), r#"[Some(Value::Text("c@x")), Some(Value::Text("Cook")), Some(Value::Text("1"))]"#);
        let user = &new.users[2];
        assert_eq!((user.id.as_str(), user.username.as_str(), user.status), ("2", "2@x", Status::Frozen));
        assert_eq!((user.modified.as_str(), user.grants[0].id.as_str()), ("2026-01-01T00:00:00Z", "2"));
        assert_eq!(new.departed, ["gone"]);
        assert_eq!((new.next.as_deref(), new.watermark.as_deref()), (Some("cursor"), Some("mark")));
    }

    #[test]
    fn the_later_of_two_values_counts() {
        let old = page(&[vec![text("email", "old@x"), text("title", "Clerk"), text("email", "new@x")]]);
        let new = old.lined_up(1 << 20).unwrap();
        assert_eq!(new.attributes, ["email", "title"]);
        let email = new.value(&new.users[0], "email").map(|value| format!("{value:?}"));
        assert_eq!(email.as_deref(), Some("Value::Text(\"new@x\")"));
    }

    #[test]
    fn names_that_would_make_little_into_much_are_refused() {
        // Ten thousand users with a name of their own each would have a hundred million places.
        let many: Vec<_> = (0..10_000).map(|n| vec![text(&n.to_string(), "")]).collect();
        let started = std::time::Instant::now();
        assert_eq!(page(&many).lined_up(32 << 20).err(), Some(Misshapen::TooLarge(32 << 20)));
        assert!(started.elapsed() < std::time::Duration::from_secs(5));
        // What an application has is nowhere near: 2,000 users with 100 attributes each.
        let usual: Vec<_> = (0..2_000).map(|_| (0..100).map(|n| text(&n.to_string(), "")).collect()).collect();
        assert_eq!(page(&usual).lined_up(32 << 20).unwrap().attributes.len(), 100);
    }

    fn any_value() -> impl Strategy<Value = Value> {
        let texts = || proptest::collection::vec(".{0,3}", 0..3);
        prop_oneof![
            ".{0,5}".prop_map(Value::Text),
            proptest::bool::ANY.prop_map(Value::Boolean),
            proptest::num::i64::ANY.prop_map(Value::Integer),
            texts().prop_map(Value::Many),
        ]
    }

    fn any_name() -> impl Strategy<Value = String> {
        prop_oneof![Just("email"), Just("title"), Just("phone"), Just("city"), Just("")].prop_map(str::to_owned)
    }

    proptest::proptest! {
        #[test]
        fn every_user_keeps_what_it_has(
            users in proptest::collection::vec(proptest::collection::vec((any_name(), any_value()), 0..8), 0..8),
        ) {
            let new = page(&users).lined_up(1 << 20).unwrap();
            proptest::prop_assert_eq!(new.check(), Ok(()));
            proptest::prop_assert_eq!(new.users.len(), users.len());
            for (had, user) in users.iter().zip(&new.users) {
                let had: BTreeMap<&str, String> = had.iter().map(|(name, value)| (name.as_str(), format!("{value:?}"))).collect();
                let has: BTreeMap<&str, String> = new.named(user).map(|(name, value)| (name, format!("{value:?}"))).collect();
                proptest::prop_assert_eq!(had, has);
            }
        }
    }
}
