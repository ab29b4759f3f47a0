//! `database copy`: moves a directory from a data folder into PostgreSQL, and back.

use clap::{Args, Subcommand};

use super::failure::{DONE, Failure};
use super::output::Output;
use provisioning_directory::{Place, copy_database};

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Copies a directory into an empty database or a new data folder. Stop all hosts first. The key isn't copied.
    Copy(CopyOptions),
}

#[derive(Args)]
pub(crate) struct CopyOptions {
    /// Where the directory is: a data folder, the URL of a PostgreSQL database, or env:VARIABLE with either.
    from: String,
    /// Where it is to be, in the same forms.
    to: String,
}

pub(crate) fn run(command: &Command, output: &mut Output) -> Result<u8, Failure> {
    let Command::Copy(options) = command;
    let (from, to) = (place(&options.from)?, place(&options.to)?);
    let copied = copy_database(&from, &to)?;
    if output.json() {
        output.document(&copied)?;
        return Ok(DONE);
    }
    let rows: u64 = copied.tables.values().sum();
    for (table, rows) in copied.tables.iter().filter(|(_, rows)| **rows > 0) {
        output.line(&format!("{table}: {rows}"))?;
    }
    output.line(&format!(
        "{rows} rows of {} tables were copied, and both databases have as many of each.",
        copied.tables.len()
    ))?;
    output
        .line("What is sealed needs the same key: copy the file `key` of the data folder, or set PROVISIONING_KEY.")?;
    Ok(DONE)
}

fn place(text: &str) -> Result<Place, Failure> {
    match text.strip_prefix("env:") {
        None => Ok(Place::new(text)),
        Some(variable) => std::env::var(variable).map(|text| Place::new(&text)).map_err(|_| {
            Failure::usage(format!(
                "the variable {variable} isn't set; set it to a data folder or the URL of a database"
            ))
        }),
    }
}
