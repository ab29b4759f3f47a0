//! `confirm`: lists imported users that wait for an admin, and decides of them.

use clap::Args;
use serde::Serialize;

use super::command_line::Global;
use super::context::{actor, open_tenant};
use super::failure::{DONE, Failure};
use super::output::Output;
use crate::directory::{QueueFilter, Queued};
use crate::sync::{Decision, confirm, confirm_all};

/// Users that are fetched at once, to be confirmed.
const PIECE: u32 = 500;

#[derive(Args)]
pub(crate) struct Options {
    /// The tenant's name in the data folder.
    tenant: String,
    /// The id of a user that waits; without one, all that wait are listed.
    #[arg(value_name = "USER")]
    user: Option<String>,
    /// The user is this person, by key or username.
    #[arg(long, value_name = "PERSON", requires = "user", conflicts_with_all = ["new", "ignore", "all"])]
    person: Option<String>,
    /// The user is a new person; with --all, so is everybody whom nobody matches.
    #[arg(long, conflicts_with = "ignore")]
    new: bool,
    /// The user is nobody's, and is left alone from now on.
    #[arg(long, requires = "user")]
    ignore: bool,
    /// Confirm everybody for whom an exact rule has found one person.
    #[arg(long, conflicts_with = "user")]
    all: bool,
    /// List those that are left alone too.
    #[arg(long, conflicts_with_all = ["user", "all"])]
    ignored: bool,
}

#[derive(Serialize)]
struct Decided<'a> {
    tenant: &'a str,
    user: &'a str,
    person: Option<&'a str>,
}

#[derive(Serialize)]
struct DecidedAll<'a> {
    tenant: &'a str,
    linked: u64,
    made: u64,
    still_waiting: u64,
}

pub(crate) fn run(global: &Global, options: &Options, output: &mut Output) -> Result<u8, Failure> {
    let (directory, tenant) = open_tenant(global, &options.tenant)?;
    if options.all {
        let mut filter = QueueFilter { limit: Some(PIECE), ..QueueFilter::default() };
        let (mut linked, mut made) = (0, 0);
        loop {
            let piece = directory.write(&actor(), |change| confirm_all(change, &tenant, &filter, options.new))?;
            (linked, made) = (linked + piece.linked, made + piece.made);
            if piece.last.is_none() {
                break;
            }
            filter.after = piece.last;
        }
        let still_waiting = directory.read(|view| view.count_queue(tenant.id))?;
        if output.json() {
            output.document(&DecidedAll { tenant: &tenant.name, linked, made, still_waiting })?;
        }
        output.line(&format!("{linked} users linked, {made} people made; {still_waiting} still wait."))?;
        return Ok(DONE);
    }
    let Some(user) = &options.user else {
        if options.new {
            return Err(Failure::usage("--new needs the id of a user, or --all"));
        }
        let queue = directory.read(|view| {
            view.queue(tenant.id, &QueueFilter { with_ignored: options.ignored, ..QueueFilter::default() })
        })?;
        return list(&tenant.name, &queue, output);
    };
    let decision = match (&options.person, options.new, options.ignore) {
        (Some(person), ..) => Decision::Person(person.clone()),
        (None, true, _) => Decision::New,
        (None, false, true) => Decision::Ignore,
        (None, false, false) => {
            return Err(Failure::usage(format!(
                "say what the user {user} is: --person KEY, --new or --ignore; `confirm {}` lists the candidates",
                tenant.name
            )));
        }
    };
    let person = directory.write(&actor(), |change| confirm(change, &tenant, user, &decision))?;
    let key = person.as_ref().map(|person| person.key.as_str());
    if output.json() {
        output.document(&Decided { tenant: &tenant.name, user, person: key })?;
    }
    match key {
        Some(key) => output.line(&format!("The user {user} of {} is the person {key}.", tenant.name))?,
        None => output.line(&format!("The user {user} of {} is left alone.", tenant.name))?,
    }
    Ok(DONE)
}

fn list(tenant: &str, queue: &[Queued], output: &mut Output) -> Result<u8, Failure> {
    if output.json() {
        output.document(&queue)?;
        return Ok(DONE);
    }
    if queue.is_empty() {
        output.line(&format!("No user of {tenant} waits."))?;
        return Ok(DONE);
    }
    let mut table = output.table(&["User", "Username", "Status", "Why it waits", "May be"]);
    for queued in queue {
        let candidates: Vec<String> =
            queued.candidates.iter().map(|(key, username, by)| format!("{key} {username} (by {by})")).collect();
        table.add_row([
            queued.user.remote_id.clone(),
            queued.user.username.clone(),
            queued.user.status.name().to_owned(),
            queued.reason.name().to_owned(),
            candidates.join("\n"),
        ]);
    }
    output.line(&table.to_string())?;
    output.line(&format!(
        "Decide with `confirm {tenant} USER --person KEY`, `--new` or `--ignore`; `confirm {tenant} --all` takes all that are clear."
    ))?;
    Ok(DONE)
}
