//! `man`: the manual pages.

use std::path::PathBuf;

use clap::Args;
use clap_mangen::Man;

use super::command_line::definition;
use super::failure::Failure;
use super::output::Output;

#[derive(Args)]
pub(crate) struct Options {
    /// Write a page for each command into this folder, such as ~/.local/share/man/man1; without one, the page that lists the
    /// commands is printed.
    #[arg(value_name = "FOLDER")]
    folder: Option<PathBuf>,
}

pub(crate) fn run(options: &Options, output: &mut Output) -> Result<(), Failure> {
    let Some(folder) = &options.folder else {
        let mut page = Vec::new();
        Man::new(definition()).render(&mut page)?;
        output.raw().write_all(&page)?;
        output.raw().flush()?;
        return Ok(());
    };
    let written = std::fs::create_dir_all(folder).and_then(|()| clap_mangen::generate_to(definition(), folder));
    written.map_err(|error| {
        Failure::usage(format!("the manual pages cannot be written to {}: {error}", folder.display()))
    })?;
    output.line(&format!(
        "The manual pages are in {}; `man -M` reads them from the folder above man1.",
        folder.display()
    ))?;
    Ok(())
}
