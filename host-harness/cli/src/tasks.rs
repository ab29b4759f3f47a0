//! `tasks`: what is still to be done in applications.

use clap::{Args, ValueEnum};
use serde::Serialize;

use super::context::open_directory;
use super::failure::{DONE, Failure};
use super::global::Global;
use super::output::{Output, Tone, lines};
use provisioning_directory::{Directory, DirectoryError, Task, TaskFilter, TaskId, TaskState};

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
    /// Tasks to show. Without it, a table has 100, and JSON and CSV have all.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    limit: Option<u32>,
    /// Behind this task, by its number.
    #[arg(long, value_name = "NUMBER")]
    after: Option<i64>,
}

/// Tasks that a table shows, unless more or fewer are wanted.
const ROWS: u32 = 100;

/// Tasks that are read at a time for a document.
const PIECE: u32 = 500;

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
    let filter = directory.read(|view| -> Result<_, DirectoryError> {
        Ok(TaskFilter {
            tenant: options.tenant.as_deref().map(|name| view.tenant(name)).transpose()?.map(|tenant| tenant.id),
            person: options.person.as_deref().map(|name| view.person(name)).transpose()?.map(|person| person.id),
            state: options.state.map(TaskState::from),
            all: options.all,
            after: options.after.map(TaskId::from_number),
            ..TaskFilter::default()
        })
    })?;
    if output.json() {
        json(&directory, filter, options.limit, output)
    } else {
        let limit = output.rows(options.limit, ROWS);
        table(&directory, filter, limit, output)
    }
}

/// Writes a list of tasks piece by piece, since there may be hundreds of thousands.
fn json(directory: &Directory, mut filter: TaskFilter, limit: Option<u32>, output: &mut Output) -> Result<u8, Failure> {
    let mut left = limit.unwrap_or(u32::MAX);
    let mut list = output.list()?;
    while left > 0 {
        filter.limit = Some(left.min(PIECE));
        let tasks = directory.read(|view| view.tasks(&filter))?;
        let Some(last) = tasks.last() else { break };
        filter.after = Some(last.id);
        left -= u32::try_from(tasks.len()).unwrap_or(left).min(left);
        for task in &tasks {
            let retry_command = (task.state == TaskState::Failed).then(|| task.retry_command());
            list.add(&TaskView { task, retry_command })?;
        }
        if list.is_closed() {
            break;
        }
    }
    list.end()?;
    Ok(DONE)
}

fn table(directory: &Directory, filter: TaskFilter, limit: u32, output: &mut Output) -> Result<u8, Failure> {
    let filter = TaskFilter { limit: Some(limit), ..filter };
    let (tasks, count) = directory
        .read(|view| -> Result<_, DirectoryError> { Ok((view.tasks(&filter)?, view.count_tasks(&filter)?)) })?;
    let mut table = output.table(&["Task", "Tenant", "Person", "What", "State", "Why, and what to do"]);
    for task in &tasks {
        let tone = match task.state {
            TaskState::Failed => Tone::Bad,
            TaskState::Done => Tone::Good,
            TaskState::Waiting | TaskState::Cancelled => Tone::Quiet,
        };
        table.add_row(vec![
            task.id.to_string().into(),
            task.tenant.clone().into(),
            task.person.clone().unwrap_or_default().into(),
            task.kind.name().into(),
            output.cell(task.state.name(), tone),
            lines(why(task)),
        ]);
    }
    let Some(last) = tasks.last() else {
        output.line("No tasks.")?;
        return Ok(DONE);
    };
    output.print_table(&table)?;
    output.more(count - tasks.len() as u64, &format!("--after {}", last.id))?;
    Ok(DONE)
}

/// Why a task is as it is, and what to do about it.
fn why(task: &Task) -> String {
    let cause = task.cause.as_deref().unwrap_or_default();
    let mut why = super::report::refusal_text(cause, task.upstream.as_ref(), task.remedy.as_deref());
    match task.state {
        TaskState::Failed => why.push_str(&format!("\n→ then `{}`", task.retry_command())),
        TaskState::Waiting if task.attempts > 0 => {
            why.push_str(&format!("\ntried {} times; again from {}", task.attempts, task.next_attempt_at));
        }
        _ => {}
    }
    why
}
