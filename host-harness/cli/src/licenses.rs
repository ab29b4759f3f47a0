//! `licenses`: the software of others that is in this program, and the licences that it comes under.
//!
//! Most of these licences ask that their text, with the names of the authors, goes with the program. `third-party.json` has
//! them for all that the program and the connector in it are built from, on Linux and with all features; a test holds it equal
//! to what Cargo.lock says.

use serde::{Deserialize, Serialize};

use super::failure::Failure;
use super::output::Output;

const NOTICES: &str = include_str!("../third-party.json");

/// What the file holds.
#[derive(Serialize, Deserialize)]
struct Notices {
    packages: Vec<Package>,
    /// Licence texts, each once.
    texts: Vec<String>,
}

/// A package that the program is built from.
#[derive(Serialize, Deserialize)]
struct Package {
    name: String,
    version: String,
    /// An SPDX expression.
    license: String,
    repository: String,
    /// Positions in `texts`.
    texts: Vec<usize>,
}

pub(crate) fn run(output: &mut Output) -> Result<(), Failure> {
    let notices: Notices = serde_json::from_str(NOTICES)
        .map_err(|error| Failure::internal(format!("the notices in this program cannot be read: {error}")))?;
    if output.json() {
        output.document(&notices)?;
        return Ok(());
    }
    output.line(&format!(
        "host-harness {} is licensed under Apache-2.0. It contains {} packages of others. Behind each are the numbers of its \
         licence texts, which follow. SQLite, which libsqlite3-sys brings, is in the public domain; Rust's standard library is \
         licensed under MIT OR Apache-2.0.\n",
        env!("CARGO_PKG_VERSION"),
        notices.packages.len(),
    ))?;
    let mut table = output.table(&["Package", "Version", "Licence", "Texts", "Source"]);
    for package in &notices.packages {
        let texts: Vec<String> = package.texts.iter().map(|at| (at + 1).to_string()).collect();
        table.add_row([&package.name, &package.version, &package.license, &texts.join(" "), &package.repository]);
    }
    output.print_table(&table)?;
    for (number, text) in (1..).zip(&notices.texts) {
        output.heading(&format!("[{number}]"))?;
        writeln!(output.raw(), "{text}")?;
    }
    output.raw().flush()?;
    Ok(())
}
