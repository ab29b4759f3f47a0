//! Where a command's words go: one JSON document or readable text on standard output, everything else on standard error.

use std::io::{self, IsTerminal as _, Write};
use std::time::Duration;

use clap::ValueEnum;
use comfy_table::{Cell, Color, ContentArrangement, LineStyle, Table, TableStyle};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;

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
    out: Box<dyn Write>,
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
        serde_json::to_writer_pretty(&mut self.out, document)?;
        writeln!(self.out)?;
        self.out.flush()
    }

    /// One line of text, where there is no JSON.
    pub(crate) fn line(&mut self, text: &str) -> io::Result<()> {
        if self.json {
            return Ok(());
        }
        writeln!(self.out, "{text}")?;
        self.out.flush()
    }

    /// A heading.
    pub(crate) fn heading(&mut self, text: &str) -> io::Result<()> {
        let (bold, plain) = if self.color { ("\x1b[1m", "\x1b[0m") } else { ("", "") };
        self.line(&format!("\n{bold}{text}{plain}"))
    }

    /// An empty table that fits the terminal, with these columns.
    pub(crate) fn table(&self, columns: &[&str]) -> Table {
        let mut table = Table::new();
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
        table
    }

    /// A cell whose colour says how its thing fared.
    pub(crate) fn cell(&self, text: impl ToString, tone: Tone) -> Cell {
        let cell = Cell::new(text);
        match (self.color, tone) {
            (true, Tone::Good) => cell.fg(Color::Green),
            (true, Tone::Bad) => cell.fg(Color::Red),
            (true, Tone::Quiet) => cell.fg(Color::DarkGrey),
            (false, _) => cell,
        }
    }

    /// A bar for long work on standard error; see [`progress`].
    pub(crate) fn progress(&self, label: &'static str, total: Option<u64>) -> ProgressBar {
        progress(label, total)
    }
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
    let _ = writeln!(io::stderr(), "{text}");
}
