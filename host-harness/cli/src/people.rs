//! People in a CSV file.
//!
//! The first row names the columns: `username` (needed), `key` (the host's own key; the username where there is none), `id`
//! (the user's id in the application, where it is known), `grant:KIND` (ids or names, separated by `;`), and any attribute of
//! the connector by its name. An empty cell leaves its attribute alone, or clears it, as the caller says.
//!
//! A row has the types of the directory. A push without a directory makes of it what a connector takes.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use super::failure::Failure;
use super::view::ErrorView;
use provisioning_directory::{AttributeValue, FailureKind, GrantName, NewPerson, PersonEdit};

/// What an empty cell means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EmptyCell {
    Leave,
    Clear,
}

/// A row: a person, or why it is none.
#[derive(Debug)]
pub(crate) struct Row {
    /// What the row is called in reports.
    pub(crate) label: String,
    pub(crate) person: Result<RowPerson, ErrorView>,
}

/// A person as a row has it.
#[derive(Clone, Debug)]
pub(crate) struct RowPerson {
    /// The username if the row has no key of its own.
    pub(crate) key: String,
    /// The id of the person's user in the application, if the row has it.
    pub(crate) id: Option<String>,
    pub(crate) username: String,
    /// `None` clears the attribute.
    pub(crate) attributes: BTreeMap<String, Option<AttributeValue>>,
    pub(crate) grants: Vec<GrantName>,
}

impl RowPerson {
    /// The person as the directory adds it.
    pub(crate) fn to_new(&self) -> NewPerson {
        let filled = self.attributes.iter().filter_map(|(name, value)| Some((name.clone(), value.clone()?)));
        NewPerson { key: self.key.clone(), username: self.username.clone(), attributes: filled.collect() }
    }

    /// What the row changes about a person that the directory has.
    pub(crate) fn to_edit(&self) -> PersonEdit {
        PersonEdit { username: Some(self.username.clone()), status: None, attributes: self.attributes.clone() }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Column {
    Key,
    Id,
    Username,
    Grant(String),
    Attribute(String),
}

/// Reads people from `text`; `path` stands in errors.
///
/// # Errors
/// When the header is not usable. A row that is not usable is a [`Row`] that says so.
pub(crate) fn read(text: &[u8], path: &Path, empty: EmptyCell) -> Result<Vec<Row>, Failure> {
    // Spreadsheets write a byte order mark before UTF-8.
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text);
    let unusable = |reason: &str| Failure::usage(format!("{}: {reason}", path.display()));
    let header = reader.headers().map_err(|error| unusable(&format!("the header cannot be read: {error}")))?;
    let columns = columns(header).map_err(|reason| unusable(&reason))?;
    let mut seen: HashMap<String, u64> = HashMap::new();
    let mut rows = Vec::new();
    for record in reader.records() {
        let row = match record {
            Ok(record) => {
                let line = record.position().map_or(0, csv::Position::line);
                let person = person(&record, &columns, empty, line).and_then(|person| first(&mut seen, person, line));
                let label = person.as_ref().map_or_else(|_| format!("line {line}"), |person| person.username.clone());
                Row { label, person }
            }
            Err(error) => {
                let line = error.position().map_or(0, csv::Position::line);
                let reason = match error.kind() {
                    csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
                        format!("it has {len} cells and the header has {expected_len}; quote a cell that holds a comma")
                    }
                    csv::ErrorKind::Utf8 { .. } => "it is not UTF-8; save the file as UTF-8".to_owned(),
                    other => format!("{other:?}"),
                };
                Row { label: format!("line {line}"), person: Err(malformed(line, &reason)) }
            }
        };
        rows.push(row);
    }
    Ok(rows)
}

/// The names of all attributes in the rows.
pub(crate) fn attributes(rows: &[Row]) -> BTreeSet<&str> {
    let people = rows.iter().filter_map(|row| row.person.as_ref().ok());
    people.flat_map(|person| person.attributes.keys().map(String::as_str)).collect()
}

fn malformed(line: u64, reason: &str) -> ErrorView {
    ErrorView::local(FailureKind::InvalidValue.name(), format!("line {line}: {reason}"))
}

fn columns(header: &csv::StringRecord) -> Result<Vec<Column>, String> {
    let mut columns = Vec::with_capacity(header.len());
    let mut names = BTreeMap::new();
    for (index, name) in header.iter().enumerate() {
        if name.is_empty() {
            return Err(format!("column {} has no name in the header", index + 1));
        }
        if names.insert(name, index).is_some() {
            return Err(format!("the header names the column `{name}` twice"));
        }
        columns.push(match name {
            "key" => Column::Key,
            "id" => Column::Id,
            "username" => Column::Username,
            _ => match name.strip_prefix("grant:") {
                Some("") => {
                    return Err("the header has a column `grant:` without a kind, such as `grant:profile`".to_owned());
                }
                Some(kind) => Column::Grant(kind.to_owned()),
                None => Column::Attribute(name.to_owned()),
            },
        });
    }
    if !columns.contains(&Column::Username) {
        return Err("the header has no column `username`; the first row must name the columns".to_owned());
    }
    Ok(columns)
}

fn person(record: &csv::StringRecord, columns: &[Column], empty: EmptyCell, line: u64) -> Result<RowPerson, ErrorView> {
    let (mut key, mut id, mut username) = (None, None, "");
    let (mut attributes, mut grants) = (BTreeMap::new(), Vec::new());
    for (column, cell) in columns.iter().zip(record) {
        let filled = (!cell.is_empty()).then_some(cell);
        match column {
            Column::Key => key = filled,
            Column::Id => id = filled.map(str::to_owned),
            Column::Username => username = cell,
            Column::Grant(kind) => {
                let names = cell.split(';').map(str::trim).filter(|name| !name.is_empty());
                grants.extend(names.map(|name| GrantName { kind: kind.clone(), name: name.to_owned() }));
            }
            Column::Attribute(name) => {
                if filled.is_some() || empty == EmptyCell::Clear {
                    attributes.insert(name.clone(), filled.map(AttributeValue::from));
                }
            }
        }
    }
    if username.is_empty() {
        return Err(malformed(line, "it has no username; fill the column `username`"));
    }
    Ok(RowPerson { key: key.unwrap_or(username).to_owned(), id, username: username.to_owned(), attributes, grants })
}

/// Refuses a second row with the same key or username: pushed in another batch, it would overwrite the first.
fn first(seen: &mut HashMap<String, u64>, person: RowPerson, line: u64) -> Result<RowPerson, ErrorView> {
    for (what, value) in [("key", &person.key), ("username", &person.username)] {
        if let Some(earlier) = seen.insert(format!("{what}\0{}", value.to_lowercase()), line) {
            return Err(malformed(
                line,
                &format!("its {what} `{value}` stands on line {earlier} already; keep one of the two"),
            ));
        }
    }
    Ok(person)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str, empty: EmptyCell) -> Vec<Row> {
        read(text.as_bytes(), Path::new("people.csv"), empty).unwrap()
    }

    #[test]
    fn columns_become_key_grants_and_attributes() {
        let rows = rows(
            "\u{feff}key,username,familyName,phone,grant:profile,grant:permission-set\nE1,ada@x.example,\"Lovelace, Lady\",,P1, A; B ;\n",
            EmptyCell::Leave,
        );
        let person = rows[0].person.as_ref().unwrap();
        assert_eq!(
            (person.key.as_str(), person.username.as_str(), person.id.as_deref()),
            ("E1", "ada@x.example", None)
        );
        let family_name = Some(AttributeValue::from("Lovelace, Lady"));
        assert_eq!(person.attributes, BTreeMap::from([("familyName".to_owned(), family_name)]));
        let grants: Vec<_> = person.grants.iter().map(|grant| format!("{}={}", grant.kind, grant.name)).collect();
        assert_eq!(grants, ["profile=P1", "permission-set=A", "permission-set=B"]);
    }

    #[test]
    fn an_empty_cell_clears_only_where_asked() {
        let text = "username,phone\na@x.example,\n";
        let attributes = |empty| rows(text, empty)[0].person.as_ref().unwrap().attributes.clone();
        assert_eq!(attributes(EmptyCell::Leave), BTreeMap::new());
        assert_eq!(attributes(EmptyCell::Clear), BTreeMap::from([("phone".to_owned(), None)]));
    }

    #[test]
    fn a_bad_row_says_its_line_and_leaves_its_neighbours() {
        let rows = rows(
            "username,familyName\na@x.example,A\n,B\nc@x.example\nA@X.example,again\nd@x.example,D\n",
            EmptyCell::Leave,
        );
        let said: Vec<_> = rows
            .iter()
            .map(|row| row.person.as_ref().map_or_else(|error| error.message.clone(), |person| person.username.clone()))
            .collect();
        assert_eq!(
            said,
            [
                "a@x.example",
                "line 3: it has no username; fill the column `username`",
                "line 4: it has 1 cells and the header has 2; quote a cell that holds a comma",
                "line 5: its key `A@X.example` stands on line 2 already; keep one of the two",
                "d@x.example",
            ]
        );
    }

    #[test]
    fn a_bad_header_is_refused() {
        for (header, reason) in [
            ("name,mail", "no column `username`"),
            ("username,,x", "column 2 has no name"),
            ("username,username", "twice"),
            ("username,grant:", "without a kind"),
        ] {
            let failure = read(header.as_bytes(), Path::new("people.csv"), EmptyCell::Leave).unwrap_err();
            assert!(
                failure.error.message.starts_with("people.csv: ") && failure.error.message.contains(reason),
                "{}",
                failure.error.message
            );
            assert_eq!(failure.exit, 2);
        }
    }
}
