//! People in a CSV file.
//!
//! The first row names the columns: `username` (needed), `key` (the host's own key; the username where there is none), `id`
//! (the user's id in the application, where it is known), `grant:KIND` (ids or names, separated by `;`), and any attribute of
//! the connector by its name. Names of columns count without case. An empty cell leaves its attribute alone, or clears it, as
//! the caller says. Rows without any cell that is filled are skipped. An apostrophe before a formula, as exports write it, isn't a
//! part of the value.
//!
//! A row has the types of the directory. A push without a directory makes of it what a connector takes.

mod table;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use table::{Lines, Table};

use super::failure::Failure;
use super::output::complain;
use super::view::ErrorView;
use provisioning_directory::nearest;
use provisioning_directory::spreadsheet;
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
    /// Without a name, as spreadsheets leave behind the last one; its cells must be empty.
    Unnamed,
}

/// Reads people from a file; `path` is named in errors. What was guessed about the file is reported on standard error.
///
/// # Errors
/// If the header isn't usable. A row that isn't usable is a [`Row`] that says so.
pub(crate) fn read(text: &[u8], path: &Path, empty: EmptyCell) -> Result<Vec<Row>, Failure> {
    let unusable = |reason: &str| Failure::usage(format!("{}: {reason}", path.display()));
    let table = Table::of(text).map_err(|reason| unusable(&reason))?;
    if let Some(encoding) = table.guessed {
        complain(&format!(
            "{}: it isn't UTF-8 and was read as {encoding}; look at letters with accents",
            path.display()
        ));
    }
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(table.separator)
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(table.body().as_bytes());
    let header = reader.headers().map_err(|error| unusable(&format!("the header cannot be read: {error}")))?;
    let columns = columns(header).map_err(|reason| unusable(&reason))?;
    let mut lines = table.lines();
    let mut seen: HashMap<String, u64> = HashMap::new();
    let mut rows = Vec::new();
    for record in reader.records() {
        match record {
            Ok(record) if record.iter().all(str::is_empty) => {}
            Ok(record) => {
                let line = line_of(&mut lines, record.position());
                let person = person(&record, &columns, empty, table.separator)
                    .and_then(|person| first(&mut seen, person, line))
                    .map_err(|reason| malformed(&reason));
                let label = person.as_ref().map_or_else(|_| format!("line {line}"), |person| person.username.clone());
                rows.push(Row { label, person });
            }
            Err(error) => {
                let line = line_of(&mut lines, error.position());
                rows.push(Row { label: format!("line {line}"), person: Err(malformed(&error.to_string())) });
            }
        }
    }
    Ok(rows)
}

fn line_of(lines: &mut Lines<'_>, position: Option<&csv::Position>) -> u64 {
    lines.of(position.map_or(0, csv::Position::byte))
}

/// Gives the attributes of all rows the names that are known, whatever the case of letters in the header.
///
/// # Errors
/// A name that is like a known one and probably meant to be it. With `only_known`, any other, too.
pub(crate) fn settle_names(rows: &mut [Row], known: &[&str], only_known: bool) -> Result<(), Failure> {
    let mut renamed = BTreeMap::new();
    for name in attributes(rows) {
        if known.contains(&name) {
            continue;
        }
        if let Some(same) = known.iter().find(|have| have.eq_ignore_ascii_case(name)) {
            renamed.insert(name.to_owned(), (*same).to_owned());
        } else if let Some(near) = nearest(name, known.iter().copied()) {
            return Err(Failure::usage(format!(
                "the column `{name}` doesn't match any attribute; did you mean `{near}`? Rename or remove the column"
            )));
        } else if only_known {
            return Err(Failure::usage(format!(
                "the column `{name}` doesn't match any attribute; rename or remove the column. The attributes are {}",
                known.join(", ")
            )));
        }
    }
    for (name, same) in renamed {
        for person in rows.iter_mut().filter_map(|row| row.person.as_mut().ok()) {
            let Some(value) = person.attributes.remove(&name) else { continue };
            if person.attributes.insert(same.clone(), value).is_some() {
                return Err(Failure::usage(format!("the header names the column `{same}` twice")));
            }
        }
    }
    Ok(())
}

/// The names of all attributes in the rows.
pub(crate) fn attributes(rows: &[Row]) -> BTreeSet<&str> {
    let people = rows.iter().filter_map(|row| row.person.as_ref().ok());
    people.flat_map(|person| person.attributes.keys().map(String::as_str)).collect()
}

fn malformed(reason: &str) -> ErrorView {
    ErrorView::local(FailureKind::InvalidValue.name(), reason.to_owned())
}

fn columns(header: &csv::StringRecord) -> Result<Vec<Column>, String> {
    let mut columns = Vec::with_capacity(header.len());
    let mut names = BTreeMap::new();
    let named = header.iter().enumerate().filter(|(_, name)| !name.is_empty()).last().map_or(0, |(last, _)| last + 1);
    for (index, name) in header.iter().enumerate() {
        if index >= named {
            columns.push(Column::Unnamed);
            continue;
        }
        if name.is_empty() {
            return Err(format!("column {} has no name in the header", index + 1));
        }
        if let Some(letter) = unseen(name) {
            return Err(format!("the name of column {}, `{}`, has {letter}; take it out", index + 1, visible(name)));
        }
        if names.insert(name.to_ascii_lowercase(), index).is_some() {
            return Err(format!("the header names the column `{name}` twice"));
        }
        let grant =
            name.get(..GRANT.len()).filter(|start| start.eq_ignore_ascii_case(GRANT)).map(|_| &name[GRANT.len()..]);
        columns.push(match (name, grant) {
            (_, Some("")) => {
                return Err("the header has a column `grant:` without a kind, such as `grant:profile`".to_owned());
            }
            // All kinds of grants are in lower case.
            (_, Some(kind)) => Column::Grant(kind.trim().to_ascii_lowercase()),
            _ if name.eq_ignore_ascii_case("key") => Column::Key,
            _ if name.eq_ignore_ascii_case("id") => Column::Id,
            _ if name.eq_ignore_ascii_case("username") => Column::Username,
            _ => Column::Attribute(name.to_owned()),
        });
    }
    if !columns.contains(&Column::Username) {
        let mut names: Vec<&str> = header.iter().filter(|name| !name.is_empty()).take(12).collect();
        if header.len() > names.len() {
            names.push("…");
        }
        return Err(format!(
            "the header has no column `username`; the first row must name the columns, and it has `{}`",
            visible(&names.join("`, `"))
        ));
    }
    Ok(columns)
}

/// What a column of grants begins with.
const GRANT: &str = "grant:";

/// A character of a name that nobody sees, told by its number.
fn unseen(text: &str) -> Option<String> {
    text.chars()
        .find(|letter| is_unseen(*letter))
        .map(|letter| format!("a character that can't be seen (U+{:04X})", u32::from(letter)))
}

/// Blanks other than the plain one, characters without width, marks of direction, and control characters.
fn is_unseen(letter: char) -> bool {
    letter.is_control()
        || (letter.is_whitespace() && letter != ' ')
        || matches!(letter, '\u{ad}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// The text with characters that nobody sees written as their numbers.
fn visible(text: &str) -> String {
    let mut seen = String::with_capacity(text.len());
    for letter in text.chars() {
        if is_unseen(letter) {
            seen.extend(letter.escape_unicode());
        } else {
            seen.push(letter);
        }
    }
    seen
}

fn person(
    record: &csv::StringRecord,
    columns: &[Column],
    empty: EmptyCell,
    separator: u8,
) -> Result<RowPerson, String> {
    let is_short = record.len() < columns.len();
    if is_short || record.iter().skip(columns.len()).any(|cell| !cell.is_empty()) {
        let separator = match separator {
            b',' => "comma",
            b';' => "semicolon",
            b'\t' => "tab",
            _ => "separator",
        };
        return Err(format!(
            "it has {} cells and the header has {}; quote a cell that holds a {separator}",
            record.len(),
            columns.len()
        ));
    }
    let (mut key, mut id, mut username) = (None, None, "");
    let (mut attributes, mut grants) = (BTreeMap::new(), Vec::new());
    for (index, (column, cell)) in columns.iter().zip(record).enumerate() {
        let cell = spreadsheet::text(cell);
        let filled = (!cell.is_empty()).then_some(cell);
        let plain = |what: &str| match unseen(cell) {
            Some(letter) => Err(format!("its {what} `{}` has {letter}; take it out", visible(cell))),
            None => Ok(()),
        };
        match column {
            Column::Key => {
                plain("key")?;
                key = filled;
            }
            Column::Id => {
                plain("id")?;
                id = filled.map(str::to_owned);
            }
            Column::Username => {
                plain("username")?;
                username = cell;
            }
            Column::Grant(kind) => {
                plain(kind)?;
                let names = cell.split(';').map(str::trim).filter(|name| !name.is_empty());
                grants.extend(names.map(|name| GrantName { kind: kind.clone(), name: name.to_owned() }));
            }
            Column::Attribute(name) => {
                if filled.is_some() || empty == EmptyCell::Clear {
                    attributes.insert(name.clone(), filled.map(AttributeValue::from));
                }
            }
            Column::Unnamed if filled.is_some() => {
                return Err(format!("its cell {} stands in a column without a name", index + 1));
            }
            Column::Unnamed => {}
        }
    }
    if username.is_empty() {
        return Err("it has no username; fill the column `username`".to_owned());
    }
    Ok(RowPerson { key: key.unwrap_or(username).to_owned(), id, username: username.to_owned(), attributes, grants })
}

/// Refuses a second row with the same key or username: pushed in another batch, it would overwrite the first.
fn first(seen: &mut HashMap<String, u64>, person: RowPerson, line: u64) -> Result<RowPerson, String> {
    for (what, value) in [("key", &person.key), ("username", &person.username)] {
        if let Some(earlier) = seen.insert(format!("{what}\0{}", value.to_lowercase()), line) {
            return Err(format!("its {what} `{value}` is on line {earlier} already; keep one of the two"));
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
            .map(|row| match &row.person {
                Ok(person) => person.username.clone(),
                Err(error) => format!("{}: {}", row.label, error.message),
            })
            .collect();
        assert_eq!(
            said,
            [
                "a@x.example",
                "line 3: it has no username; fill the column `username`",
                "line 4: it has 1 cells and the header has 2; quote a cell that holds a comma",
                "line 5: its key `A@X.example` is on line 2 already; keep one of the two",
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

    /// What became of each row: the username, or the line and the reason.
    fn told(rows: &[Row]) -> Vec<String> {
        let told = |row: &Row| match &row.person {
            Ok(person) => person.username.clone(),
            Err(error) => format!("{}: {}", row.label, error.message),
        };
        rows.iter().map(told).collect()
    }

    // Lines of files with CRLF were one too low, and those of files with CR always 1.
    #[test]
    fn lines_are_those_of_the_file_whatever_ends_them() {
        let lines = ["username,familyName", "a@x.example,\"two", "lines\"", "", ",,", "c@x.example", "d@x.example,D"];
        for end in ["\n", "\r\n", "\r"] {
            let rows = rows(&lines.join(end), EmptyCell::Leave);
            let short = "line 6: it has 1 cells and the header has 2; quote a cell that holds a comma";
            assert_eq!(told(&rows), ["a@x.example", short, "d@x.example"], "{end:?}");
        }
    }

    #[test]
    fn semicolons_tabs_and_any_case_of_the_header_are_read() {
        for text in [
            "USERNAME;Key;GRANT:Profile;familyName\na@x.example;E1;P1;King, Ada\n",
            "Username\tkey\tgrant:profile\tfamilyName\na@x.example\tE1\tP1\tKing, Ada\n",
            "sep=;\r\nusername;key;grant:profile;familyName;;\r\na@x.example;E1;P1;King, Ada;;\r\n;;;;;\r\n",
        ] {
            let rows = rows(text, EmptyCell::Leave);
            let person = rows[0].person.as_ref().unwrap();
            assert_eq!((person.key.as_str(), person.username.as_str(), rows.len()), ("E1", "a@x.example", 1), "{text}");
            assert_eq!(person.grants, [GrantName { kind: "profile".to_owned(), name: "P1".to_owned() }], "{text}");
            assert_eq!(person.attributes["familyName"], Some("King, Ada".into()), "{text}");
        }
    }

    #[test]
    fn what_nobody_sees_is_shown() {
        let rows =
            rows("username,key\na@x.example\u{200b},E1\nb@x.example,E\u{a0}2\nc@x.example,E3\n", EmptyCell::Leave);
        assert_eq!(
            told(&rows),
            [
                "line 2: its username `a@x.example\\u{200b}` has a character that can't be seen (U+200B); take it out",
                "line 3: its key `E\\u{a0}2` has a character that can't be seen (U+00A0); take it out",
                "c@x.example",
            ]
        );
        let failure = read("user\u{ad}name,key\n".as_bytes(), Path::new("p.csv"), EmptyCell::Leave).unwrap_err();
        assert!(failure.error.message.contains("`user\\u{ad}name`"), "{}", failure.error.message);
    }

    #[test]
    fn a_column_that_is_nearly_an_attribute_is_caught_and_one_in_another_case_is_taken() {
        let known = ["givenName", "familyName", "title"];
        for column in ["familyNam", "familiyName", "famlyname", "Titel"] {
            let mut rows = rows(&format!("username,{column}\na@x.example,A\n"), EmptyCell::Leave);
            let failure = settle_names(&mut rows, &known, false).unwrap_err();
            let near = if column == "Titel" { "`title`" } else { "`familyName`" };
            assert!(failure.error.message.contains(near), "{}", failure.error.message);
        }
        let mut rows = rows("username,FAMILYNAME,shoeSize\na@x.example,A,43\n", EmptyCell::Leave);
        settle_names(&mut rows, &known, false).unwrap();
        let names: Vec<_> = rows[0].person.as_ref().unwrap().attributes.keys().cloned().collect();
        assert_eq!(names, ["familyName", "shoeSize"]);
        assert!(settle_names(&mut rows, &known, true).unwrap_err().error.message.contains("`shoeSize`"));
    }
}
