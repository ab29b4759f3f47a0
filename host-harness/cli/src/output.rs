//! Where a command's words go: one JSON document or readable text on standard output, everything else on standard error.
//!
//! Text may come from an application or from other people, so nothing reaches the terminal that could steer it: whatever is
//! printed goes through [`printable_lines`], and a part that must not begin a line of its own through [`printable`]. A cell of a table
//! is such a part unless it is made of [`lines`]. JSON has its control characters escaped, those that it would not have to escape as
//! well ([`Harmless`]), and so has the log ([`EscapedLog`]).

use std::borrow::Cow;
use std::fmt;
use std::io::{self, IsTerminal as _, Write};
use std::time::Duration;

use clap::ValueEnum;
use comfy_table::{Cell, Color, ContentArrangement, LineStyle, TableStyle};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter, PrettyFormatter};

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

/// A rule under the header and nothing else: long tables stay readable, and copy well.
const STYLE: TableStyle = TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));

/// The two streams and how they are used.
pub(crate) struct Output {
    json: bool,
    color: bool,
    out: Box<dyn Write + Send>,
}

impl Output {
    pub(crate) fn new(json: bool, choice: ColorChoice) -> Self {
        let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let color = match choice {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => !plain && io::stdout().is_terminal(),
        };
        Self { json, color: color && !json, out: Box::new(io::BufWriter::new(io::stdout())) }
    }

    /// Whether standard output is one JSON document.
    pub(crate) fn json(&self) -> bool {
        self.json
    }

    /// Writes raw pieces of a JSON document that is too long to be built first.
    pub(crate) fn raw(&mut self) -> &mut dyn Write {
        &mut self.out
    }

    /// The JSON document.
    pub(crate) fn document(&mut self, document: &impl Serialize) -> io::Result<()> {
        let mut serializer = serde_json::Serializer::with_formatter(&mut self.out, Harmless(PrettyFormatter::new()));
        document.serialize(&mut serializer)?;
        writeln!(self.out)?;
        self.out.flush()
    }

    /// A JSON document that is a list, and is written as its entries come.
    pub(crate) fn list(&mut self) -> io::Result<List<'_>> {
        write!(self.out, "[")?;
        Ok(List { out: &mut *self.out, is_empty: true })
    }

    /// Says how much a table doesn't show, and with what the command shows it; nothing where it shows all.
    pub(crate) fn more(&mut self, more: u64, with: &str) -> io::Result<()> {
        if more == 0 {
            return Ok(());
        }
        self.line(&format!("… and {more} more: go on with {with}, or show more at once with --limit"))
    }

    /// One line of text, where there is no JSON.
    pub(crate) fn line(&mut self, text: &str) -> io::Result<()> {
        if self.json {
            return Ok(());
        }
        self.write(&printable_lines(text))
    }

    /// A heading.
    pub(crate) fn heading(&mut self, text: &str) -> io::Result<()> {
        let (bold, plain) = if self.color { ("\x1b[1m", "\x1b[0m") } else { ("", "") };
        self.write(&format!("\n{bold}{}{plain}", printable_lines(text)))
    }

    /// Prints a table, unless the output is JSON.
    pub(crate) fn print_table(&mut self, table: &Table) -> io::Result<()> {
        self.write(&table.0.to_string())
    }

    fn write(&mut self, text: &str) -> io::Result<()> {
        if self.json {
            return Ok(());
        }
        writeln!(self.out, "{text}")?;
        self.out.flush()
    }

    /// An empty table that fits the terminal, with these columns.
    pub(crate) fn table(&self, columns: &[&str]) -> Table {
        let mut table = comfy_table::Table::new();
        table.load_style(STYLE).set_content_arrangement(ContentArrangement::Dynamic);
        if self.color {
            table.enforce_styling();
        }
        if let (false, Some(width)) =
            (io::stdout().is_terminal(), std::env::var("COLUMNS").ok().and_then(|w| w.parse().ok()))
        {
            table.set_width(width);
        }
        table.set_header(columns.iter().copied().map(Cell::new).collect::<Vec<_>>());
        Table(table)
    }

    /// A cell whose colour says how its thing fared.
    pub(crate) fn cell(&self, content: impl Into<TableCell>, tone: Tone) -> TableCell {
        let TableCell(cell) = content.into();
        TableCell(match (self.color, tone) {
            (true, Tone::Good) => cell.fg(Color::Green),
            (true, Tone::Bad) => cell.fg(Color::Red),
            (true, Tone::Quiet) => cell.fg(Color::DarkGrey),
            (false, _) => cell,
        })
    }

    /// A bar for long work on standard error; see [`progress`].
    pub(crate) fn progress(&self, label: &'static str, total: Option<u64>) -> ProgressBar {
        progress(label, total)
    }
}

/// A list that is being written.
pub(crate) struct List<'a> {
    out: &'a mut (dyn Write + Send),
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
}

/// A table whose cells are safe to print.
pub(crate) struct Table(comfy_table::Table);

/// A cell of a [`Table`].
pub(crate) struct TableCell(Cell);

impl<T: AsRef<str>> From<T> for TableCell {
    fn from(text: T) -> Self {
        Self(Cell::new(printable(text.as_ref())))
    }
}

/// A cell of several lines. Whatever in `text` comes from elsewhere has gone through [`printable`]; its line breaks are ours.
pub(crate) fn lines(text: impl AsRef<str>) -> TableCell {
    TableCell(Cell::new(printable_lines(text.as_ref())))
}

/// A cell of a line for each of these.
pub(crate) fn listed(parts: impl IntoIterator<Item = impl AsRef<str>>) -> TableCell {
    lines(parts.into_iter().map(|part| printable(part.as_ref()).into_owned()).collect::<Vec<_>>().join("\n"))
}

/// Writes a value as JSON in one line.
pub(crate) fn write_json(out: impl Write, value: &impl Serialize) -> serde_json::Result<()> {
    value.serialize(&mut serde_json::Serializer::with_formatter(out, Harmless(CompactFormatter)))
}

/// A value as JSON in one line, as [`write_json`].
pub(crate) fn json_text(value: &impl Serialize) -> serde_json::Result<String> {
    let mut text = Vec::new();
    write_json(&mut text, value)?;
    Ok(String::from_utf8(text).unwrap_or_default())
}

/// Writes JSON in which nothing steers a terminal: RFC 8259 wants control characters up to U+001F escaped, and takes others that are.
struct Harmless<F>(F);

impl<F: Formatter> Formatter for Harmless<F> {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        let mut rest = fragment;
        while let Some(at) = rest.find(steers) {
            let (before, from) = rest.split_at(at);
            self.0.write_string_fragment(writer, before)?;
            let mut characters = from.chars();
            // All of them are in the basic plane.
            let code = characters.next().map_or(0, u32::from);
            write!(writer, "\\u{code:04x}")?;
            rest = characters.as_str();
        }
        self.0.write_string_fragment(writer, rest)
    }

    fn begin_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_array(writer)
    }

    fn end_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array(writer)
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_array_value(writer, first)
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array_value(writer)
    }

    fn begin_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object(writer)
    }

    fn end_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object(writer)
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_object_key(writer, first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object_value(writer)
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object_value(writer)
    }
}

/// Standard error for the log: an event is one line, whatever stands in its fields.
pub(crate) struct EscapedLog;

impl Write for EscapedLog {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(event);
        let (line, end) = text.strip_suffix('\n').map_or((&*text, ""), |line| (line, "\n"));
        io::stderr().write_all(format!("{}{end}", printable(line)).as_bytes())?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

impl Table {
    pub(crate) fn add_row(&mut self, cells: impl IntoIterator<Item = impl Into<TableCell>>) {
        let cells = cells.into_iter().map(|cell| cell.into().0);
        self.0.add_row(cells.collect::<Vec<_>>());
    }
}

/// The text in one line that does nothing to a terminal. Control characters, line breaks among them, and characters that turn the
/// direction of the text around them are written as Rust escapes them.
pub(crate) fn printable(text: &str) -> Cow<'_, str> {
    escaped(text, |_| false)
}

/// As [`printable`], with line breaks as they are.
pub(crate) fn printable_lines(text: &str) -> Cow<'_, str> {
    escaped(text, |c| c == '\n')
}

/// Something that is displayed, as [`printable`].
pub(crate) fn printable_words(words: &impl fmt::Display) -> String {
    printable(&words.to_string()).into_owned()
}

fn escaped(text: &str, is_kept: impl Fn(char) -> bool) -> Cow<'_, str> {
    let is_escaped = |c: char| steers(c) && !is_kept(c);
    if !text.contains(is_escaped) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_escaped(c) {
            safe.extend(c.escape_default());
        } else {
            safe.push(c);
        }
    }
    Cow::Owned(safe)
}

/// Whether a character does something to a terminal, or to the text around it.
fn steers(c: char) -> bool {
    c.is_control() || turns_direction(c)
}

/// Whether a character embeds, overrides or isolates a direction, or breaks a line as Unicode has it (UAX #9, UAX #14). Plain marks
/// of direction, which names in Hebrew and Arabic use, turn nothing around.
fn turns_direction(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}')
}

/// A bar for long work on standard error; shown on a terminal only. Without a known `total` it counts.
pub(crate) fn progress(label: &'static str, total: Option<u64>) -> ProgressBar {
    let bar = match total {
        Some(total) => ProgressBar::new(total).with_style(style("{msg} {bar:30} {pos}/{len} ({per_sec}, {eta} left)")),
        None => ProgressBar::no_length().with_style(style("{spinner} {msg} {pos} ({per_sec})")),
    };
    bar.set_draw_target(if io::stderr().is_terminal() {
        ProgressDrawTarget::stderr()
    } else {
        ProgressDrawTarget::hidden()
    });
    bar.set_message(label);
    bar.enable_steady_tick(Duration::from_millis(120));
    bar
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

/// Writes to standard error, also where that is closed.
pub(crate) fn complain(text: &str) {
    let _ = writeln!(io::stderr(), "{}", printable_lines(text));
}

#[cfg(test)]
mod tests;
