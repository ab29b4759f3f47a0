//! Where a command's words go: one JSON document, CSV or readable text on standard output, everything else on standard error.
//!
//! Text may come from an application or from other people, so nothing reaches the terminal that could steer it: whatever is
//! printed goes through [`printable_lines`], and a part that must not begin a line of its own through [`printable`]. A cell of a table
//! is such a part unless it is made of [`lines`]. JSON has its control characters escaped ([`json_text`]), and so has the log
//! ([`EscapedLog`]).

mod escape;
mod json;
mod progress;
mod stream;
mod table;

use std::io::{self, IsTerminal as _, Write};

use clap::ValueEnum;
use indicatif::ProgressBar;
use serde::Serialize;

use super::failure::Failure;
pub(crate) use escape::{EscapedLog, printable, printable_lines, printable_words};
pub(crate) use json::{json_text, write_json};
pub(crate) use progress::progress;
use stream::Stream;
pub(crate) use stream::is_paged;
pub(crate) use table::{Table, TableCell, lines, listed};

/// What is printed on standard output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Tables and sentences.
    #[default]
    Table,
    /// One document.
    Json,
    /// The rows of tables, for spreadsheets; sentences go to standard error.
    Csv,
}

/// When colour is used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ColorChoice {
    /// On a terminal, unless NO_COLOR is set.
    #[default]
    Auto,
    Always,
    Never,
}

/// How a thing fared; decides the colour of its cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    Good,
    Bad,
    Quiet,
}

/// How a command's words are wanted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wishes {
    pub(crate) format: Format,
    pub(crate) color: ColorChoice,
    /// Columns of tables, in their order; none means all.
    pub(crate) columns: Vec<String>,
    /// Whether a pager may show what is longer than the terminal.
    pub(crate) paged: bool,
}

/// The two streams and how they are used.
pub(crate) struct Output {
    format: Format,
    color: bool,
    columns: Vec<String>,
    paged: bool,
    out: Stream,
}

impl Output {
    pub(crate) fn new(wishes: Wishes) -> Self {
        let Wishes { format, color, columns, paged } = wishes;
        let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let color = match color {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => !plain && io::stdout().is_terminal(),
        };
        Self { format, color: color && format == Format::Table, columns, paged, out: Stream::standard() }
    }

    /// Whether standard output is one JSON document.
    pub(crate) fn json(&self) -> bool {
        self.format == Format::Json
    }

    /// How many rows are listed: as many as were asked for; by default so many on a terminal, and all in a file.
    pub(crate) fn rows(&self, wanted: Option<u32>, by_default: u32) -> u32 {
        wanted.unwrap_or(if self.format == Format::Table { by_default } else { u32::MAX })
    }

    /// Writes raw pieces of a JSON document that is too long to be built first.
    pub(crate) fn raw(&mut self) -> &mut dyn Write {
        &mut self.out
    }

    /// The JSON document.
    pub(crate) fn document(&mut self, document: &impl Serialize) -> io::Result<()> {
        json::write_pretty(&mut self.out, document)?;
        writeln!(self.out)?;
        self.out.flush()
    }

    /// A JSON document that is a list, and is written as its entries come.
    pub(crate) fn list(&mut self) -> io::Result<List<'_>> {
        write!(self.out, "[")?;
        Ok(List { out: &mut self.out, is_empty: true })
    }

    /// Says how many rows a table leaves out, and what shows them. Says nothing if it shows all.
    pub(crate) fn more(&mut self, more: u64, with: &str) -> io::Result<()> {
        if more == 0 {
            return Ok(());
        }
        self.line(&format!("… and {more} more: go on with {with}, or show more at once with --limit"))
    }

    /// Prints a line of text: to standard error if standard output is CSV, and not at all if it is JSON.
    pub(crate) fn line(&mut self, text: &str) -> io::Result<()> {
        match self.format {
            Format::Table => self.write(&printable_lines(text)),
            Format::Csv => {
                complain(text);
                Ok(())
            }
            Format::Json => Ok(()),
        }
    }

    /// A heading.
    pub(crate) fn heading(&mut self, text: &str) -> io::Result<()> {
        if self.format == Format::Csv {
            return self.line(text);
        }
        let (bold, plain) = if self.color { ("\x1b[1m", "\x1b[0m") } else { ("", "") };
        self.write(&format!("\n{bold}{}{plain}", printable_lines(text)))
    }

    /// Prints a table, unless the output is JSON.
    ///
    /// # Errors
    /// What columns there are, if one was asked for that isn't among them.
    pub(crate) fn print_table(&mut self, table: &Table) -> Result<(), Failure> {
        let chosen = if self.columns.is_empty() { None } else { Some(table.of_columns(&self.columns)?) };
        let table = chosen.as_ref().unwrap_or(table);
        match self.format {
            Format::Json => {}
            Format::Csv => table.write_csv(&mut self.out)?,
            Format::Table => {
                let text = table.text(width(), self.color);
                if self.paged {
                    self.out.page(text.lines().count());
                }
                self.out.write_all(text.as_bytes())?;
                self.out.flush()?;
            }
        }
        Ok(())
    }

    fn write(&mut self, text: &str) -> io::Result<()> {
        if self.format != Format::Table {
            return Ok(());
        }
        writeln!(self.out, "{text}")?;
        self.out.flush()
    }

    /// Ends the output: waits until its reader has left the pager.
    pub(crate) fn finish(&mut self) {
        self.out.finish();
    }

    /// An empty table with these columns.
    pub(crate) fn table(&self, columns: &[&str]) -> Table {
        Table::new(columns)
    }

    /// A cell whose colour says how its thing fared.
    pub(crate) fn cell(&self, content: impl Into<TableCell>, tone: Tone) -> TableCell {
        content.into().toned(tone)
    }

    /// A bar for long work on standard error; see [`progress()`].
    pub(crate) fn progress(&self, label: &'static str, total: Option<u64>) -> ProgressBar {
        progress(label, 0, total)
    }
}

/// How many columns a table may have: those of the terminal; in a pipe as many as COLUMNS says, or as it takes.
fn width() -> Option<usize> {
    let stdout = io::stdout();
    let said = || std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    match terminal_size::terminal_size_of(&stdout).filter(|_| stdout.is_terminal()) {
        Some((width, _)) => Some(usize::from(width.0)),
        None => said(),
    }
    .filter(|&width| width > 0)
}

/// A list that is being written.
pub(crate) struct List<'a> {
    out: &'a mut Stream,
    is_empty: bool,
}

impl List<'_> {
    /// Writes an entry.
    pub(crate) fn add(&mut self, entry: &impl Serialize) -> io::Result<()> {
        let separator = if std::mem::replace(&mut self.is_empty, false) { "\n  " } else { ",\n  " };
        self.out.write_all(separator.as_bytes())?;
        Ok(write_json(&mut self.out, entry)?)
    }

    /// Ends the list.
    pub(crate) fn end(self) -> io::Result<()> {
        writeln!(self.out, "{}]", if self.is_empty { "" } else { "\n" })?;
        self.out.flush()
    }

    /// Whether nobody reads the list any more.
    pub(crate) fn is_closed(&self) -> bool {
        self.out.is_closed()
    }
}

/// Writes to standard error, also where that is closed.
pub(crate) fn complain(text: &str) {
    let _ = writeln!(io::stderr(), "{}", printable_lines(text));
}

#[cfg(test)]
mod tests;
