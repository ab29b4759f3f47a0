//! Numbers of up to 18 digits, on their way to Salesforce and back.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use salesforce_portal_connector::model::{Action, DesiredUser, ImportQuery, ImportScope, PushMode, Value};
use salesforce_portal_connector::operations::Session;
use salesforce_portal_connector::salesforce::number::decimal;

use crate::support::{Native, Org, person, set, writes};

/// A number field of the user and one of its contact.
const FIELDS: [&str; 2] = ["Score__c", "Contact.Credit_Limit__c"];

struct Ada {
    org: Org,
    session: Session<Native>,
    user: DesiredUser,
}

impl Ada {
    fn new(seed: u64) -> Self {
        let org = Org::start(5, seed);
        let user = person("Ada", &org.profile("Customer Community Plus User"));
        Self { session: org.session(), user, org }
    }

    /// Pushes a number into both fields, and pushes it again, which must write nothing.
    fn push_twice(&mut self, number: &str) {
        self.user.changes.retain(|change| !FIELDS.contains(&change.name.as_str()));
        self.user.changes.extend(FIELDS.map(|name| set(name, number)));
        let push = || self.session.push_users(std::slice::from_ref(&self.user), &PushMode::Apply).unwrap().remove(0);
        push().unwrap();
        let (again, journal) = self.org.observe(push);
        let again = again.unwrap();
        assert_eq!((again.action, again.changes), (Action::Unchanged, Vec::new()), "{number}");
        assert_eq!(writes(&journal), [""; 0], "{number}");
    }

    /// What an import reads in both fields.
    fn imported(&self) -> [Option<Value>; 2] {
        let attributes = FIELDS.map(str::to_owned).to_vec();
        let query = ImportQuery { scope: ImportScope::Full, page_size: 2_000, attributes, grants: false };
        let page = self.session.import_users(&query).unwrap();
        let user = page.users.iter().find(|user| user.username == self.user.username).unwrap();
        FIELDS.map(|name| page.value(user, name).cloned())
    }

    fn holds(&mut self, pushed: &str, read: &str) {
        self.push_twice(pushed);
        let expected = Some(Value::Text(read.to_owned()));
        assert_eq!(self.imported(), [expected.clone(), expected], "{pushed}");
        let condition = format!("User WHERE Score__c = {read} AND Contact.Credit_Limit__c = {read}");
        assert_eq!(self.org.count(&condition), 1, "{pushed}");
    }
}

#[test]
fn a_number_keeps_all_of_its_digits_and_is_written_once() {
    let mut ada = Ada::new(961);
    for (pushed, read) in [
        ("1234567890123456.78", "1234567890123456.78"),
        ("-0.1", "-0.1"),
        ("0.10", "0.1"),
        ("1e21", "1000000000000000000000"),
        ("1.5E+7", "15000000"),
        ("-1.23456789012345678e16", "-12345678901234567.8"),
        ("999999999999999999", "999999999999999999"),
        ("9007199254740993", "9007199254740993"),
        ("0.000000000000000001", "0.000000000000000001"),
        ("100000000000000.001", "100000000000000.001"),
        ("0", "0"),
    ] {
        ada.holds(pushed, read);
    }
}

#[test]
fn a_number_that_differs_in_its_last_digit_is_written() {
    let mut ada = Ada::new(962);
    ada.holds("1234567890123456.78", "1234567890123456.78");
    ada.holds("1234567890123456.77", "1234567890123456.77");
}

#[test]
fn any_number_of_up_to_18_digits_keeps_them() {
    let mut ada = Ada::new(963);
    let number =
        (any::<bool>(), 0..=999_999_999_999_999_999_u64, 0..=18_usize).prop_map(|(is_negative, digits, places)| {
            let digits = format!("{digits:0width$}", width = places + 1);
            let (whole, fraction) = digits.split_at(digits.len() - places);
            let sign = if is_negative { "-" } else { "" };
            if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
        });
    let mut runner = TestRunner::new(Config { cases: 64, failure_persistence: None, ..Config::default() });
    let numbers = std::cell::RefCell::new(&mut ada);
    runner
        .run(&number, |number| {
            let read = decimal(&number).unwrap().to_string();
            numbers.borrow_mut().holds(&number, &read);
            Ok(())
        })
        .unwrap();
}
