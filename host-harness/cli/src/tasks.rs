//! `tasks`: what is still to be done in applications.

use clap::{Args, ValueEnum};
use serde::Serialize;

use super::context::open_directory;
use super::failure::{DONE, Failure};
use super::global::Global;
use super::output::{Output, Tone};
use provisioning_directory::{Task, TaskFilter, TaskState};

#[derive(Args)]
pub(crate) struct Options {
    /// Of this tenant only.
    #[arg(long)]
    tenant: Option<String>,
    /// Of this person only, by key or username.
    #[arg(long)]
    person: Option<String>,
    /// In this state only; without it, those that wait and those that need an admin.
    #[arg(long, value_enum)]
    state: Option<State>,
    /// Ended ones too.
    #[arg(long, conflicts_with = "state")]
    all: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum State {
    Waiting,
    Failed,
    Done,
    Cancelled,
}

impl From<State> for TaskState {
    fn from(state: State) -> Self {
        match state {
            State::Waiting => Self::Waiting,
            State::Failed => Self::Failed,
            State::Done => Self::Done,
            State::Cancelled => Self::Cancelled,
        }
    }
}

#[derive(Serialize)]
struct TaskView<'a> {
    #[serde(flatten)]
    task: &'a Task,
    retry_command: Option<String>,
}

pub(crate) fn run(global: &Global, options: &Options, output: &mut Output) -> Result<u8, Failure> {
    let directory = open_directory(global)?;
    let tasks = directory.read(|view| {
        let filter = TaskFilter {
            tenant: options.tenant.as_deref().map(|name| view.tenant(name)).transpose()?.map(|tenant| tenant.id),
            person: options.person.as_deref().map(|name| view.person(name)).transpose()?.map(|person| person.id),
            state: options.state.map(TaskState::from),
            all: options.all,
            ..TaskFilter::default()
        };
        view.tasks(&filter)
    })?;
    if output.json() {
        let views: Vec<TaskView<'_>> = tasks
            .iter()
            .map(|task| TaskView {
                task,
                retry_command: (task.state == TaskState::Failed).then(|| task.retry_command()),
            })
            .collect();
        output.document(&views)?;
        return Ok(DONE);
    }
    let mut table = output.table(&["Task", "Tenant", "Person", "What", "State", "Why, and what to do"]);
    for task in &tasks {
        let tone = match task.state {
            TaskState::Failed => Tone::Bad,
            TaskState::Done => Tone::Good,
            TaskState::Waiting | TaskState::Cancelled => Tone::Quiet,
        };
        let cause = task.cause.as_deref().unwrap_or_default();
        let mut why = super::report::refusal_text(cause, task.upstream.as_ref(), task.remedy.as_deref());
        match task.state {
            TaskState::Failed => why.push_str(&format!("\n→ then `{}`", task.retry_command())),
            TaskState::Waiting if task.attempts > 0 => {
                why.push_str(&format!("\ntried {} times; again from {}", task.attempts, task.next_attempt_at));
            }
            _ => {}
        }
        table.add_row(vec![
            task.id.to_string().into(),
            task.tenant.clone().into(),
            task.person.clone().unwrap_or_default().into(),
            task.kind.name().into(),
            output.cell(task.state.name(), tone),
            why.into(),
        ]);
    }
    if tasks.is_empty() {
        output.line("No tasks.")?;
    } else {
        output.print_table(&table)?;
    }
    Ok(DONE)
}
