//! Rows of queries.
//!
//! Which columns a row has depends on the tenant's mapping and on the organization's own fields, so it is what was sent and
//! no fixed struct. Texts are borrowed from the answer wherever they hold no escapes; related records stand inside and are
//! reached by a path. Answers of a fixed shape are structs instead.
//!
//! A number keeps all of its digits, of which a double has too few. Few answers hold a number with a fraction, and the parser
//! gives only its value; such an answer is read once more, by the text of each value ([`Row`] with `EXACT`).

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::number::decimal;
use super::path::Path;

/// A field's value.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell<'a> {
    /// Empty; also a list, which no field of ours is.
    Null,
    /// A truth value.
    Boolean(bool),
    /// A text, a picklist value, an id, a date; also a number, with all its digits.
    Text(Cow<'a, str>),
    /// A related record.
    Record(Record<'a>),
}

impl Cell<'_> {
    /// The text; none where it is empty.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) if !text.is_empty() => Some(text),
            _ => None,
        }
    }

    /// The truth value.
    pub fn boolean(&self) -> Option<bool> {
        match self {
            Self::Boolean(value) => Some(*value),
            _ => None,
        }
    }
}

/// A record: the names of its fields as selected, and their values.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Record<'a> {
    fields: Vec<(Cow<'a, str>, Cell<'a>)>,
}

impl<'a> Record<'a> {
    /// A record of these fields; a name may be a path.
    pub fn of(fields: Vec<(Cow<'a, str>, Cell<'a>)>) -> Self {
        Self { fields }
    }

    /// The value under a name or path (`Contact.Email`); names are compared without case, as Salesforce does.
    pub fn cell(&self, path: &str) -> Option<&Cell<'a>> {
        let Some((name, rest)) = path.split_once('.') else { return self.field(path) };
        match self.field(name) {
            Some(Cell::Record(record)) => record.cell(rest),
            _ => None,
        }
    }

    /// Whether the record says anything under a name or path, be it that the field is empty. A related record that isn't there has
    /// no fields, which is known as well.
    pub fn tells(&self, path: &str) -> bool {
        let Some((name, rest)) = path.split_once('.') else { return self.field(path).is_some() };
        match self.field(name) {
            Some(Cell::Record(record)) => record.tells(rest),
            field => field.is_some(),
        }
    }

    fn field(&self, name: &str) -> Option<&Cell<'a>> {
        self.place(name).map(|(_, cell)| cell)
    }

    /// Where a field stands, and its value. Letters are folded only where no name is the same: Salesforce gives the names
    /// that it was asked for.
    fn place(&self, name: &str) -> Option<(usize, &Cell<'a>)> {
        let fields = &self.fields;
        let at = fields.iter().position(|(have, _)| same(have, name));
        let at = at.or_else(|| fields.iter().position(|(have, _)| have.eq_ignore_ascii_case(name)))?;
        self.fields.get(at).map(|(_, cell)| (at, cell))
    }

    /// The value under a path that is looked up in many records, as [`Record::cell`] finds it.
    pub fn at(&self, path: &Path) -> Option<&Cell<'a>> {
        let (name, rest) = path.parts();
        if let Some((have, cell)) = self.fields.get(path.outer.get()) {
            if rest.is_none() && same(have, name) {
                return Some(cell);
            }
            if let Some(rest) = rest
                && same(have, name)
            {
                let Cell::Record(record) = cell else { return None };
                if let Some((have, cell)) = record.fields.get(path.inner.get())
                    && same(have, rest)
                {
                    return Some(cell);
                }
            }
        }
        self.remember(path);
        self.cell(path.as_str())
    }

    #[cold]
    fn remember(&self, path: &Path) {
        let (name, rest) = path.parts();
        if let Some((at, cell)) = self.place(name) {
            path.outer.set(at);
            if let (Some(rest), Cell::Record(record)) = (rest, cell)
                && let Some((at, _)) = record.place(rest)
            {
                path.inner.set(at);
            }
        }
    }

    /// The text under a name or path; none where it is empty.
    pub fn text(&self, path: &str) -> Option<&str> {
        self.cell(path)?.text()
    }

    /// The number under a name or path.
    pub fn number(&self, path: &str) -> Option<u64> {
        self.text(path)?.parse().ok()
    }

    /// The truth value under a name or path.
    pub fn boolean(&self, path: &str) -> Option<bool> {
        self.cell(path)?.boolean()
    }
}

/// Whether two names are equal, by words: the comparison that the compiler calls goes by bytes in WebAssembly.
#[inline]
fn same(one: &str, other: &str) -> bool {
    let ((one, one_rest), (other, other_rest)) = (one.as_bytes().as_chunks::<8>(), other.as_bytes().as_chunks::<8>());
    one.len() == other.len()
        && one_rest.len() == other_rest.len()
        && one.iter().zip(other).all(|(one, other)| u64::from_le_bytes(*one) == u64::from_le_bytes(*other))
        && one_rest.iter().zip(other_rest).all(|(one, other)| one == other)
}

/// A field's name.
#[derive(Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

/// A record as an answer has it. If not `EXACT`, a number that isn't a whole one is an error.
pub(super) struct Row<'a, const EXACT: bool>(pub(super) Record<'a>);

impl<'de: 'a, 'a, const EXACT: bool> Deserialize<'de> for Row<'a, EXACT> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(RowVisitor::<EXACT>).map(Self)
    }
}

struct RowVisitor<const EXACT: bool>;

impl<'de, const EXACT: bool> Visitor<'de> for RowVisitor<EXACT> {
    type Value = Record<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a record")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut fields = Vec::with_capacity(24);
        while let Some(Key(name)) = map.next_key()? {
            if name == "attributes" {
                // The record's type and address, both of which are known from the query and the id.
                map.next_value::<IgnoredAny>()?;
            } else {
                fields.push((name, map.next_value::<Value<'de, EXACT>>()?.0));
            }
        }
        Ok(Record::of(fields))
    }
}

struct Value<'a, const EXACT: bool>(Cell<'a>);

impl<'de: 'a, 'a, const EXACT: bool> Deserialize<'de> for Value<'a, EXACT> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if !EXACT {
            return deserializer.deserialize_any(ValueVisitor).map(Self);
        }
        let text = <&RawValue>::deserialize(deserializer)?.get();
        let cell = match text.as_bytes().first() {
            Some(b'-' | b'0'..=b'9') => Ok(number(text)),
            Some(b'{') => serde_json::from_str::<Row<'de, true>>(text).map(|Row(record)| Cell::Record(record)),
            _ => serde_json::from_str::<Value<'de, false>>(text).map(|Value(cell)| cell),
        };
        cell.map(Self).map_err(Error::custom)
    }
}

/// A number as it is written, in one form for all ways to write it. One that no field can hold stays as it is.
fn number(text: &str) -> Cell<'_> {
    Cell::Text(decimal(text).map_or(Cow::Borrowed(text), |number| Cow::Owned(number.to_string())))
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Cell<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a field's value")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Cell::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Cell::Boolean(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Cell::Text(Cow::Owned(value.to_string())))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
        Ok(Cell::Text(Cow::Owned(value.to_string())))
    }

    /// A number with a fraction or an exponent, or a whole one of twenty digits: as a double it has lost digits.
    fn visit_f64<E: Error>(self, _: f64) -> Result<Self::Value, E> {
        Err(E::custom("a number that is no whole one"))
    }

    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Self::Value, E> {
        Ok(Cell::Text(Cow::Borrowed(value)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Self::Value, E> {
        Ok(Cell::Text(Cow::Owned(value.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Cell::Null)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        RowVisitor::<false>.visit_map(map).map(Cell::Record)
    }
}

/// Reads one record.
#[cfg(test)]
pub(crate) fn parse(text: &str) -> Option<Record<'_>> {
    match serde_json::from_str::<Row<'_, false>>(text) {
        Err(error) if error.is_data() => serde_json::from_str::<Row<'_, true>>(text).ok().map(|Row(record)| record),
        row => row.ok().map(|Row(record)| record),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ROW: &str = r#"{"attributes":{"type":"User","url":"/x"},"Id":"005","Name":"Ad\u00e9 \"A\"","IsActive":true,
        "Contact":{"attributes":{"type":"Contact"},"Email":"a@b.example","Account":{"Name":"Acme"}},
        "UserRole":null,"Seats":3,"Score":1.5,"Tags":[1,2]}"#;

    /// How a number of an answer is read.
    fn number(written: &str) -> Option<String> {
        parse(&format!(r#"{{"N":{written}}}"#))?.text("N").map(str::to_owned)
    }

    #[test]
    fn a_record_tells_of_what_is_empty_and_not_of_what_it_lacks() {
        let record = parse(r#"{"Empty":null,"Flag":false,"Contact":{"Email":null},"Manager":null}"#).unwrap();
        for known in
            ["Empty", "flag", "Contact", "Contact.Email", "contact.EMAIL", "Manager.Email", "Contact.Email.Domain"]
        {
            assert!(record.tells(known), "{known}");
        }
        for unknown in ["Title", "Contact.Title", "Owner.Email"] {
            assert!(!record.tells(unknown), "{unknown}");
        }
    }

    #[test]
    fn numbers_of_answers_keep_all_digits() {
        for (written, read) in [
            ("1234567890123456.78", "1234567890123456.78"),
            ("-0.1", "-0.1"),
            ("0.10", "0.1"),
            ("42.0", "42"),
            ("-0", "0"),
            ("-0.0", "0"),
            ("1e21", "1000000000000000000000"),
            ("1.0E21", "1000000000000000000000"),
            ("1.23456789012345678E17", "123456789012345678"),
            ("999999999999999999", "999999999999999999"),
            ("-999999999999999999", "-999999999999999999"),
            ("100000000000000.001", "100000000000000.001"),
            ("0.100000000000000006", "0.100000000000000006"),
            ("99999999999999999999", "99999999999999999999"),
            // Larger than any field: as it is written.
            ("1e300", "1e300"),
        ] {
            assert_eq!(number(written).as_deref(), Some(read), "{written}");
        }
        assert_eq!(number("1e999"), None);
        assert_eq!(number("1.5.5"), None);
        assert_eq!(number("1.5}garbage"), None);
    }

    #[test]
    fn each_number_keeps_its_own_digits() {
        let json = r#"{"attributes":{"n":0.25,"type":"1.5"},"A":"2.5 \"3.5","B":1,"C":{"D":-2,"E":1234567890123456.78,"L":[0.1]},"F":7.50,"G":true,"H":null}"#;
        let row = parse(json).unwrap();
        assert_eq!(row.text("A"), Some("2.5 \"3.5"));
        assert_eq!((row.text("B"), row.text("F")), (Some("1"), Some("7.5")));
        assert_eq!((row.text("C.D"), row.text("C.E")), (Some("-2"), Some("1234567890123456.78")));
        assert_eq!(
            (row.boolean("G"), row.cell("H"), row.cell("C.L")),
            (Some(true), Some(&Cell::Null), Some(&Cell::Null))
        );
    }

    proptest! {
        #[test]
        fn any_number_of_a_field_is_read_as_it_is_written(whole in "-?(0|[1-9][0-9]{0,11})", fraction in "[0-9]{1,6}") {
            let written = format!("{whole}.{fraction}");
            let canonical = decimal(&written).unwrap().to_string();
            prop_assert_eq!(number(&written), Some(canonical));
        }

        #[test]
        fn a_row_is_read_as_any_json_is(fields in proptest::collection::btree_map(any::<String>(), value(), 0..8)) {
            let json = serde_json::to_string(&fields).unwrap();
            let row = parse(&json).unwrap();
            for (name, value) in fields.iter().filter(|(name, _)| *name != "attributes") {
                let cell = row.fields.iter().find(|(have, _)| have == name).map(|(_, cell)| cell);
                let written = value.to_string();
                let expected = match value {
                    serde_json::Value::Bool(value) => Cell::Boolean(*value),
                    serde_json::Value::String(text) => Cell::Text(text.as_str().into()),
                    serde_json::Value::Number(_) => super::number(&written),
                    serde_json::Value::Object(_) => Cell::Record(parse(&written).unwrap()),
                    _ => Cell::Null,
                };
                prop_assert_eq!(cell, Some(&expected));
            }
        }
    }

    fn value() -> impl Strategy<Value = serde_json::Value> {
        use serde_json::{Value, json};
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
            (-1e6..1e6_f64).prop_map(Value::from),
            Just(json!([1, "x", [0.5]])),
        ];
        leaf.prop_recursive(2, 12, 4, |inner| {
            proptest::collection::btree_map("[A-Z][a-z]{0,5}", inner, 0..4).prop_map(|fields| json!(fields))
        })
    }

    #[test]
    fn fields_are_reached_by_name_and_path() {
        let row = parse(ROW).unwrap();
        assert_eq!(row.text("Id"), Some("005"));
        assert_eq!(row.text("id"), Some("005"));
        assert_eq!(row.text("Name"), Some("Adé \"A\""));
        assert_eq!(row.boolean("IsActive"), Some(true));
        assert_eq!(row.text("Contact.Email"), Some("a@b.example"));
        assert_eq!(row.text("Contact.Account.Name"), Some("Acme"));
        assert_eq!(row.text("UserRole.Name"), None);
        assert_eq!(row.text("Seats"), Some("3"));
        assert_eq!(row.text("Score"), Some("1.5"));
        assert_eq!(row.text("Nothing"), None);
        assert_eq!(row.cell("Tags"), Some(&Cell::Null));
        assert_eq!(row.number("Seats"), Some(3));
    }

    #[test]
    fn a_path_finds_what_a_name_finds_in_records_of_any_shape() {
        let rows = [
            ROW.to_owned(),
            r#"{"Id":"006","Contact":null,"Name":"B"}"#.to_owned(),
            r#"{"Contact":{"Account":{"Name":"Other"},"Email":"c@d.example"},"id":"007"}"#.to_owned(),
            "{}".to_owned(),
            r#"{"Contact.Email":"flat@x.example","Id":"008","Contact.Account.Name":"Flat"}"#.to_owned(),
            r#"{"Contact":"no record"}"#.to_owned(),
        ];
        let paths = ["Id", "Name", "Contact", "Contact.Email", "Contact.Account.Name", "Nothing", "Nothing.At.All", ""];
        let kept: Vec<Path> = paths.into_iter().map(Path::new).collect();
        // Each shape after each other one.
        for row in rows.iter().chain(rows.iter().rev()).chain([&rows[0], &rows[4], &rows[2]]) {
            let record = parse(row).unwrap();
            for path in &kept {
                assert_eq!(record.at(path), record.cell(path.as_str()), "{} of {row}", path.as_str());
            }
        }
    }

    #[test]
    fn plain_texts_and_names_are_borrowed_from_the_answer() {
        let row = parse(ROW).unwrap();
        assert!(matches!(row.cell("Id"), Some(Cell::Text(Cow::Borrowed(_)))));
        assert!(row.fields.iter().all(|(name, _)| matches!(name, Cow::Borrowed(_))));
    }
}
