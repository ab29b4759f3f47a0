//! Tables: for a terminal of any width, for a pipe, and as CSV.
//!
//! A table that fits has a line per row. Where it doesn't, its cells are wrapped between words; where there isn't room even for the
//! words, as on 40 columns, each row becomes a few lines of its own, with the column's name before each value. In a pipe nothing is
//! wrapped, and no line ends with blanks.

use std::io::{self, Write};

use comfy_table::{Cell, Color, ColumnConstraint, ContentArrangement, LineStyle, TableStyle, Width};

use super::Tone;
use super::escape::{printable, printable_lines};
use crate::failure::Failure;
use provisioning_directory::spreadsheet;

/// A rule under the header and nothing else: long tables stay readable, and copy well.
const STYLE: TableStyle = TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));
/// No lines at all.
const PLAIN: TableStyle = TableStyle::new();

/// The longest word that a column is made wide enough for. A moment has 24; what is longer, such as a path, is broken.
const WORD: usize = 24;
/// Columns that a cell takes beside its text: a blank on each side, and the line between two cells.
const FRAME: usize = 3;

/// A table whose cells are safe to print.
pub(crate) struct Table {
    columns: Vec<String>,
    rows: Vec<Vec<TableCell>>,
}

/// A cell of a [`Table`].
#[derive(Clone)]
pub(crate) struct TableCell {
    text: String,
    tone: Option<Tone>,
}

impl<T: AsRef<str>> From<T> for TableCell {
    fn from(text: T) -> Self {
        Self { text: printable(text.as_ref()).into_owned(), tone: None }
    }
}

/// A cell of several lines. Whatever in `text` comes from elsewhere has gone through [`printable`]; its line breaks are ours.
pub(crate) fn lines(text: impl AsRef<str>) -> TableCell {
    TableCell { text: printable_lines(text.as_ref()).into_owned(), tone: None }
}

/// A cell of a line for each of these.
pub(crate) fn listed(parts: impl IntoIterator<Item = impl AsRef<str>>) -> TableCell {
    lines(parts.into_iter().map(|part| printable(part.as_ref()).into_owned()).collect::<Vec<_>>().join("\n"))
}

impl TableCell {
    /// The cell, with a colour that says how its thing fared.
    pub(super) fn toned(self, tone: Tone) -> Self {
        Self { tone: Some(tone), ..self }
    }

    /// The cell as the library draws it.
    fn drawn(&self, color: bool) -> Cell {
        let cell = Cell::new(&self.text);
        match self.tone.filter(|_| color) {
            Some(Tone::Good) => cell.fg(Color::Green),
            Some(Tone::Bad) => cell.fg(Color::Red),
            Some(Tone::Quiet) => cell.fg(Color::DarkGrey),
            None => cell,
        }
    }
}

impl Table {
    pub(super) fn new(columns: &[&str]) -> Self {
        Self { columns: columns.iter().map(|&column| column.to_owned()).collect(), rows: Vec::new() }
    }

    pub(crate) fn add_row(&mut self, cells: impl IntoIterator<Item = impl Into<TableCell>>) {
        self.rows.push(cells.into_iter().map(Into::into).collect());
    }

    /// The table with these columns alone, in this order. A column is named by how its header begins, in any case.
    ///
    /// # Errors
    /// If a name matches no column, or several; the sentence lists the columns.
    pub(super) fn of_columns(&self, wanted: &[String]) -> Result<Self, Failure> {
        let mut places = Vec::new();
        for name in wanted {
            let begins = |column: &str| column.to_lowercase().starts_with(&name.to_lowercase());
            let exact = self.columns.iter().position(|column| column.to_lowercase() == name.to_lowercase());
            let mut found =
                self.columns.iter().enumerate().filter(|(_, column)| begins(column)).map(|(place, _)| place);
            match (exact, found.next(), found.next()) {
                (Some(place), ..) | (None, Some(place), None) => places.push(place),
                (None, None, _) => return Err(self.no_column(name, "isn't a column")),
                (None, Some(_), Some(_)) => return Err(self.no_column(name, "could be several columns")),
            }
        }
        let pick = |row: &Vec<TableCell>| places.iter().filter_map(|&place| row.get(place).cloned()).collect();
        Ok(Self {
            columns: places.iter().filter_map(|&place| self.columns.get(place).cloned()).collect(),
            rows: self.rows.iter().map(pick).collect(),
        })
    }

    fn no_column(&self, name: &str, why: &str) -> Failure {
        Failure::usage(format!("--columns: `{name}` {why}; there are {}", self.columns.join("; ")))
    }

    /// The table as text: for a terminal or a reader of so many columns, or, without a width, with a line for each line of a cell.
    pub(super) fn text(&self, width: Option<usize>, color: bool) -> String {
        let text = match width {
            Some(width)
                if self.whole() > width && self.least().iter().map(|least| least + FRAME).sum::<usize>() > width =>
            {
                self.cards(width, color)
            }
            width => self.grid(width, color),
        };
        let mut trimmed = String::with_capacity(text.len());
        for line in text.lines() {
            trimmed.push_str(line.trim_end());
            trimmed.push('\n');
        }
        trimmed
    }

    /// Writes the table as CSV (RFC 4180) whose cells no spreadsheet takes for formulas.
    pub(super) fn write_csv(&self, out: impl Write) -> io::Result<()> {
        let columns = self.columns.iter().map(String::as_str);
        spreadsheet::write(out, columns, self.rows.iter().map(|row| row.iter().map(|cell| cell.text.as_str())))
    }

    /// The texts of a column, its header among them.
    fn column(&self, place: usize) -> impl Iterator<Item = &str> {
        let cells = self.rows.iter().filter_map(move |row| row.get(place)).map(|cell| cell.text.as_str());
        self.columns.get(place).map(String::as_str).into_iter().chain(cells)
    }

    /// How wide the table is if no cell is wrapped.
    fn whole(&self) -> usize {
        let widest = |place| self.column(place).flat_map(str::lines).map(measured).max().unwrap_or(0);
        (0..self.columns.len()).map(|place| widest(place) + FRAME).sum()
    }

    /// How wide each column has to be for its words, without its frame.
    fn least(&self) -> Vec<usize> {
        let longest = |place| self.column(place).flat_map(str::split_whitespace).map(measured).max().unwrap_or(0);
        (0..self.columns.len()).map(|place| longest(place).min(WORD)).collect()
    }

    /// A line per row, wrapped where there is a width.
    fn grid(&self, width: Option<usize>, color: bool) -> String {
        let mut grid = drawn(STYLE, width, color);
        grid.set_header(self.columns.iter().map(Cell::new).collect::<Vec<_>>());
        for row in &self.rows {
            grid.add_row(row.iter().map(|cell| cell.drawn(color)).collect::<Vec<_>>());
        }
        if width.is_some_and(|width| self.whole() > width) {
            for (column, least) in grid.column_iter_mut().zip(self.least()) {
                // The line between two cells isn't a column's own.
                let least = u16::try_from(least + FRAME - 1).unwrap_or(u16::MAX);
                column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(least)));
            }
        }
        grid.to_string()
    }

    /// Lines of their own for each row: a column's name, and the value behind it.
    fn cards(&self, width: usize, color: bool) -> String {
        let mut text = String::new();
        for row in &self.rows {
            let mut card = drawn(PLAIN, Some(width), color);
            for (column, cell) in self.columns.iter().zip(row).filter(|(_, cell)| !cell.text.is_empty()) {
                card.add_row(vec![Cell::new(column), cell.drawn(color)]);
            }
            if let Some(names) = card.column_mut(0) {
                // Long names, of which there are few, take two lines rather than the room of the values.
                names.set_constraint(ColumnConstraint::UpperBoundary(Width::Percentage(35)));
            }
            text.push_str(&card.to_string());
            text.push_str("\n\n");
        }
        text
    }
}

fn drawn(style: TableStyle, width: Option<usize>, color: bool) -> comfy_table::Table {
    let mut table = comfy_table::Table::new();
    table.load_style(style).set_content_arrangement(ContentArrangement::Disabled);
    if let Some(width) = width {
        table.set_width(u16::try_from(width).unwrap_or(u16::MAX)).set_content_arrangement(ContentArrangement::Dynamic);
    }
    if color {
        table.enforce_styling();
    } else {
        table.force_no_tty();
    }
    table
}

/// How many columns of a terminal a text takes.
fn measured(text: &str) -> usize {
    unicode_width::UnicodeWidthStr::width(text)
}
