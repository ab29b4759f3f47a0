//! One record of an answer: of a query's, a description's, or the answer itself.
//!
//! The fields wanted differ from call to call, so a record is what was sent and no fixed struct. Texts are borrowed from the
//! answer wherever they hold no escapes; related records stand inside and are reached by a path. Since all answers to reads
//! are records, they share one parser (measured: a struct for each costs the component some ten kilobytes more).

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::numbers::Numbers;
use super::{Decimal, Path};

/// Reads a whole answer; none where it is no JSON. Numbers keep all of their digits.
pub fn parse(body: &[u8]) -> Option<Cell<'_>> {
    let text = str::from_utf8(body).ok()?;
    // Few answers have a number with a fraction. Only those are gone through once more, for the digits as they are written.
    match read(text, Reader { written: None }) {
        Err(error) if error.is_data() => read(text, Reader { written: Some(&Numbers::of(text)) }).ok(),
        read => read.ok(),
    }
}

fn read<'a>(text: &'a str, reader: Reader<'_, 'a>) -> serde_json::Result<Cell<'a>> {
    let mut json = serde_json::Deserializer::from_str(text);
    let cell = reader.deserialize(&mut json)?;
    json.end()?;
    Ok(cell)
}

/// A field's value.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell<'a> {
    /// Empty.
    Null,
    /// A truth value.
    Boolean(bool),
    /// A text, a picklist value, an id, a date; also a number, as written.
    Text(Cow<'a, str>),
    /// A related record.
    Record(Record<'a>),
    /// Several values.
    List(Vec<Cell<'a>>),
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
            // As the rows of a Bulk query have it.
            Self::Text(text) => text.parse().ok(),
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
    /// Reads an answer that is one record; none where it is something else.
    pub fn parse(body: &'a [u8]) -> Option<Self> {
        match parse(body)? {
            Cell::Record(record) => Some(record),
            _ => None,
        }
    }

    /// A record of these fields; a name may be a path.
    pub fn of(fields: Vec<(Cow<'a, str>, Cell<'a>)>) -> Self {
        Self { fields }
    }

    /// The value under a name or path (`Contact.Email`); names are compared without case, as Salesforce does.
    pub fn cell(&self, path: &str) -> Option<&Cell<'a>> {
        let Some((name, rest)) = path.split_once('.') else { return self.field(path) };
        match self.field(name) {
            Some(Cell::Record(record)) => record.cell(rest),
            Some(_) => None,
            // The rows of a Bulk query have paths for names.
            None => self.field(path),
        }
    }

    fn field(&self, name: &str) -> Option<&Cell<'a>> {
        self.place(name).map(|(_, cell)| cell)
    }

    /// Where a field stands, and its value. Letters are folded only where no name is the same: Salesforce gives the names
    /// that it was asked for.
    fn place(&self, name: &str) -> Option<(usize, &Cell<'a>)> {
        let find = |fits: &dyn Fn(&str) -> bool| self.fields.iter().position(|(have, _)| fits(have));
        let at = find(&|have| same(have, name)).or_else(|| find(&|have| have.eq_ignore_ascii_case(name)))?;
        self.fields.get(at).map(|(_, cell)| (at, cell))
    }

    /// The value under a path that is looked up in many records, as [`Record::cell`] finds it.
    pub fn at(&self, path: &Path) -> Option<&Cell<'a>> {
        let (name, rest) = path.parts();
        if let Some((have, cell)) = self.fields.get(path.outer.get()) {
            // The rows of a Bulk query have paths for names.
            if same(have, path.as_str()) {
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
        if let Some((at, cell)) = self.place(name).or_else(|| self.place(path.as_str())) {
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

    /// The records of the list under a name or path; none where it is no list, or one of something else.
    pub fn records(&self, path: &str) -> impl Iterator<Item = &Record<'a>> {
        let list = match self.cell(path) {
            Some(Cell::List(list)) => list.as_slice(),
            _ => &[],
        };
        list.iter().filter_map(|cell| match cell {
            Cell::Record(record) => Some(record),
            _ => None,
        })
    }

    /// Takes out the value under a name.
    pub fn take(&mut self, name: &str) -> Option<Cell<'a>> {
        let (_, cell) = self.fields.iter_mut().find(|(have, _)| have == name)?;
        Some(std::mem::replace(cell, Cell::Null))
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

/// A key that is borrowed where it can be; `Cow` alone would always copy.
struct Key<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Key<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(KeyVisitor)
    }
}

struct KeyVisitor;

impl<'de> Visitor<'de> for KeyVisitor {
    type Value = Key<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a field's name")
    }

    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Self::Value, E> {
        Ok(Key(Cow::Borrowed(value)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Self::Value, E> {
        Ok(Key(Cow::Owned(value.to_owned())))
    }
}

/// Reads a value.
#[derive(Clone, Copy)]
struct Reader<'n, 'a> {
    /// The answer's numbers as they are written; none while it is taken to have whole ones only.
    written: Option<&'n Numbers<'a>>,
}

impl<'a> Reader<'_, 'a> {
    /// The text of the number that is being read, where it is known.
    fn written(&self) -> Option<&'a str> {
        self.written?.next()
    }
}

impl<'de> DeserializeSeed<'de> for Reader<'_, 'de> {
    type Value = Cell<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reader<'_, 'de> {
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
        self.written();
        let sign = if value < 0 { "-" } else { "" };
        Ok(Cell::Text(Cow::Owned(format!("{sign}{}", value.unsigned_abs()))))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
        self.written();
        Ok(Cell::Text(Cow::Owned(value.to_string())))
    }

    /// A number with a fraction or an exponent, or a whole one of twenty digits: as a double it has lost digits.
    fn visit_f64<E: serde::de::Error>(self, _: f64) -> Result<Self::Value, E> {
        let written = self.written().ok_or_else(|| E::custom("a number that is no whole one"))?;
        Ok(Cell::Text(Decimal::parse(written).map_or(Cow::Borrowed(written), |number| Cow::Owned(number.to_string()))))
    }

    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Self::Value, E> {
        Ok(Cell::Text(Cow::Borrowed(value)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Self::Value, E> {
        Ok(Cell::Text(Cow::Owned(value.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut list = Vec::new();
        while let Some(cell) = seq.next_element_seed(self)? {
            list.push(cell);
        }
        Ok(Cell::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut fields = Vec::with_capacity(map.size_hint().unwrap_or(24));
        while let Some(Key(name)) = map.next_key()? {
            // The record's type and address; both are known from the query and the id.
            match (name == "attributes", self.written) {
                (false, _) => fields.push((name, map.next_value_seed(self)?)),
                (true, None) => drop(map.next_value::<IgnoredAny>()?),
                // Read all the same, so that no number in them is taken for a later one.
                (true, Some(_)) => drop(map.next_value_seed(self)?),
            }
        }
        Ok(Cell::Record(Record::of(fields)))
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
        Record::parse(format!(r#"{{"N":{written}}}"#).as_bytes())?.text("N").map(str::to_owned)
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
        let json = r#"{"attributes":{"n":0.25,"type":"1.5"},"A":"2.5 \"3.5","B":1,"C":[0.1,{"D":-2,"E":1234567890123456.78}],"F":7.50}"#;
        let row = Record::parse(json.as_bytes()).unwrap();
        assert_eq!(row.text("A"), Some("2.5 \"3.5"));
        assert_eq!((row.text("B"), row.text("F")), (Some("1"), Some("7.5")));
        let Some(Cell::List(list)) = row.cell("C") else { panic!("{row:?}") };
        assert_eq!(list[0], Cell::Text("0.1".into()));
        let Cell::Record(inner) = &list[1] else { panic!("{list:?}") };
        assert_eq!((inner.text("D"), inner.text("E")), (Some("-2"), Some("1234567890123456.78")));
    }

    proptest! {
        #[test]
        fn any_number_of_a_field_is_read_as_it_is_written(whole in "-?(0|[1-9][0-9]{0,11})", fraction in "[0-9]{1,6}") {
            let written = format!("{whole}.{fraction}");
            let canonical = Decimal::parse(&written).unwrap().to_string();
            prop_assert_eq!(number(&written), Some(canonical));
        }

        #[test]
        fn any_texts_between_numbers_are_passed_over(texts in proptest::collection::vec(any::<String>(), 0..8)) {
            let quoted = |text: &String| serde_json::to_string(text).unwrap();
            let list: Vec<String> = texts.iter().map(|text| format!("{},0.5", quoted(text))).collect();
            let json = format!("[{}]", list.join(","));
            let Some(Cell::List(cells)) = parse(json.as_bytes()) else { panic!("{json}") };
            let expected: Vec<Cell<'_>> = texts
                .iter()
                .flat_map(|text| [Cell::Text(text.as_str().into()), Cell::Text("0.5".into())])
                .collect();
            prop_assert_eq!(cells, expected);
        }
    }

    #[test]
    fn fields_are_reached_by_name_and_path() {
        let row = Record::parse(ROW.as_bytes()).unwrap();
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
        assert_eq!(row.cell("Tags"), Some(&Cell::List(vec![Cell::Text("1".into()), Cell::Text("2".into())])));
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
            let record = Record::parse(row.as_bytes()).unwrap();
            for path in &kept {
                assert_eq!(record.at(path), record.cell(path.as_str()), "{} of {row}", path.as_str());
            }
        }
    }

    #[test]
    fn plain_texts_and_names_are_borrowed_from_the_answer() {
        let row = Record::parse(ROW.as_bytes()).unwrap();
        assert!(matches!(row.cell("Id"), Some(Cell::Text(Cow::Borrowed(_)))));
        assert!(row.fields.iter().all(|(name, _)| matches!(name, Cow::Borrowed(_))));
    }
}
