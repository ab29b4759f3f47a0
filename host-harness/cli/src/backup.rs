//! `backup`: a consistent copy of the data folder.

use std::path::PathBuf;

use clap::Args;

use super::context::open_directory;
use super::failure::{DONE, Failure};
use super::global::Global;
use super::output::Output;

#[derive(Args)]
pub(crate) struct Options {
    /// The folder to copy to, which must be new or empty.
    folder: PathBuf,
    /// Copy the key, too. Whoever has it with the copy has the secrets.
    #[arg(long)]
    with_key: bool,
}

pub(crate) fn run(global: &Global, options: &Options, output: &mut Output) -> Result<u8, Failure> {
    let done = open_directory(global)?.back_up(&options.folder, options.with_key)?;
    if output.json() {
        output.document(&done)?;
    }
    let folder = options.folder.display();
    match (done.database, done.key) {
        (true, true) => output.line(&format!("{folder} has everything, the key too. Keep it as secret as the key."))?,
        (true, false) => output.line(&format!(
            "{folder} has everything but the key. Its secrets open with the key of today alone: keep that elsewhere, and name it or put it there before `--data {folder}` is used."
        ))?,
        (false, _) => output.line(&format!(
            "{folder} has the files of the data folder. The database is on its server: copy it with pg_dump."
        ))?,
    }
    Ok(DONE)
}
