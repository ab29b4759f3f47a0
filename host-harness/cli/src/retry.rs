//! `retry`: has failed tasks tried again.

use clap::Args;
use serde::Serialize;

use super::context::open_directory;
use super::failure::{DONE, Failure};
use super::global::Global;
use super::output::Output;
use provisioning_directory::sync::intents::retry_failed;
use provisioning_directory::{DirectoryError, Task, TaskFilter, TaskId, WriteTransaction};

#[derive(Args)]
pub(crate) struct Options {
    /// The tasks' numbers.
    #[arg(required_unless_present = "all", value_name = "TASK")]
    tasks: Vec<i64>,
    /// All failed tasks of this tenant.
    #[arg(long, value_name = "TENANT", conflicts_with = "tasks")]
    all: Option<String>,
}

#[derive(Serialize)]
struct Document {
    retried: Vec<TaskId>,
}

pub(crate) fn run(global: &Global, options: &Options, output: &mut Output) -> Result<u8, Failure> {
    let directory = open_directory(global)?;
    let retried = match &options.all {
        Some(name) => {
            let tenant = Some(directory.read(|view| view.tenant(name))?.id);
            retry_failed(&directory, &global.actor(), &TaskFilter { tenant, ..TaskFilter::default() })?
        }
        None => directory.write(
            &global.actor(),
            |change: &WriteTransaction<'_>| -> Result<Vec<TaskId>, DirectoryError> {
                let ids = options.tasks.iter().map(|number| change.task(TaskId::from_number(*number)));
                let tasks: Vec<Task> = ids.collect::<Result<_, _>>()?;
                for task in &tasks {
                    change.retry_task(task)?;
                }
                Ok(tasks.into_iter().map(|task| task.id).collect())
            },
        )?,
    };
    output.line(&format!("{} tasks are tried again with the next push.", retried.len()))?;
    if output.json() {
        output.document(&Document { retried })?;
    }
    Ok(DONE)
}
