//! `person export`: all that is kept about a person.

use clap::Args;

use super::super::context::open_directory;
use super::super::failure::{DONE, Failure};
use super::super::global::Global;
use super::super::output::Output;

#[derive(Args)]
pub(crate) struct Options {
    /// The person, by key or username; somebody who was removed, by key.
    person: String,
}

pub(super) fn run(global: &Global, options: &Options, output: &mut Output) -> Result<u8, Failure> {
    let document = open_directory(global)?.read(|view| view.export_person(&options.person))?;
    output.document(&document)?;
    Ok(DONE)
}
