//! `worker`: imports and pushes by the tenants' schedules.

use std::sync::Arc;

use clap::Args;

use super::command_line::Global;
use super::context::{data_folder, open_directory, runtime_for};
use super::failure::{DONE, Failure};
use super::output::{Output, complain};
use crate::sync::ComponentApplications;
use crate::sync::worker::{WorkerOptions, work};

#[derive(Args)]
pub(crate) struct Options {
    /// Tenants that are worked for at once.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=1024))]
    jobs: u32,
}

pub(crate) async fn run(global: &Global, options: &Options, output: &mut Output) -> Result<u8, Failure> {
    let directory = Arc::new(open_directory(global)?);
    let applications = Arc::new(ComponentApplications::new(runtime_for(global, options.jobs)?, data_folder(global)));
    output.line(&format!(
        "Working by the schedules of the tenants in {} until it is interrupted.",
        directory.folder().display()
    ))?;
    let wanted = WorkerOptions { jobs: options.jobs as usize, ..WorkerOptions::default() };
    work(directory, applications, wanted, super::emulator::interrupted(), |finished| match finished.result {
        Ok(said) => {
            // A closed terminal does not stop the work.
            let _ = output.line(&format!("{} {}: {said}", finished.tenant, finished.job));
        }
        Err(error) => complain(&format!("{} {}: error: {error}", finished.tenant, finished.job)),
    })
    .await?;
    Ok(DONE)
}
