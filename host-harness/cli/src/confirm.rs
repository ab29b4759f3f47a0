//! `confirm`: lists users that wait for an admin, since an import or a push, and decides of them.

use std::collections::BTreeSet;

use clap::Args;
use serde::Serialize;

use super::context::open_tenant;
use super::failure::{DONE, Failure};
use super::global::Global;
use super::output::{Output, listed};
use provisioning_directory::sync::{Decided, Decision, OpenClaim, confirm, confirm_all};
use provisioning_directory::{ClaimFilter, DirectoryError, QueueFilter, QueueReason, Queued};

/// Users that are fetched at once, to be confirmed.
const PIECE: u32 = 500;

#[derive(Args)]
pub(crate) struct Options {
    /// The tenant's name in the data folder.
    tenant: String,
    /// The id of a user that waits, or of one that a push could not tell whose it is; without one, all of them are listed.
    #[arg(value_name = "USER")]
    user: Option<String>,
    /// The user is this person, by key or username.
    #[arg(long, value_name = "PERSON", requires = "user", conflicts_with_all = ["new", "ignore", "all"])]
    person: Option<String>,
    /// The user is a new person; with --all, so is everybody whom nobody matches.
    #[arg(long, conflicts_with = "ignore")]
    new: bool,
    /// The user is nobody's, and imports leave it alone from now on; one that a push has found is not that person's.
    #[arg(long, requires = "user")]
    ignore: bool,
    /// Confirm everybody for whom an exact rule has found one person; never what a push could not tell.
    #[arg(long, conflicts_with = "user")]
    all: bool,
    /// List those that are left alone too.
    #[arg(long, conflicts_with_all = ["user", "all"])]
    ignored: bool,
    /// Users to list. Without it, a table has 100, and JSON and CSV have all.
    #[arg(long, conflicts_with_all = ["user", "all"], value_parser = clap::value_parser!(u32).range(1..))]
    limit: Option<u32>,
}

/// Users that a table shows, unless more or fewer are wanted.
const ROWS: u32 = 100;

#[derive(Serialize)]
struct DecidedView<'a> {
    tenant: &'a str,
    user: &'a str,
    person: Option<&'a str>,
    /// People whose user it is not.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    not_of: &'a [String],
    /// What does not follow, because a feature is off.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    off: &'a [String],
}

#[derive(Serialize)]
struct DecidedAll<'a> {
    tenant: &'a str,
    linked: u64,
    made: u64,
    still_waiting: u64,
}

/// What waits for an admin.
#[derive(Serialize)]
struct Waiting<'a> {
    /// Users that imports could not match.
    imported: &'a [Queued],
    /// Users of which a push could not tell whose they are, with the people they may be.
    undecided: &'a [OpenClaim],
}

pub(crate) fn run(global: &Global, options: &Options, output: &mut Output) -> Result<u8, Failure> {
    let (directory, tenant) = open_tenant(global, &options.tenant)?;
    if options.all {
        let mut filter = QueueFilter { limit: Some(PIECE), ..QueueFilter::default() };
        let (mut linked, mut made) = (0, 0);
        loop {
            let piece =
                directory.write(&global.actor(), |change| confirm_all(change, &tenant, &filter, options.new))?;
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
        let limit = Some(output.rows(options.limit, ROWS));
        let (queue, claims, more) = directory.read(|view| -> Result<_, DirectoryError> {
            let filter = QueueFilter { with_ignored: options.ignored, limit, ..QueueFilter::default() };
            let queue = view.queue(tenant.id, &filter)?;
            let all = view.count_queue_by_reason(tenant.id)?.into_iter();
            let waiting = all.filter(|(reason, _)| options.ignored || *reason != QueueReason::Ignored);
            let imported = waiting.map(|(_, count)| count).sum::<u64>().saturating_sub(queue.len() as u64);
            let claims = view.claims(tenant.id, &ClaimFilter { limit, ..ClaimFilter::default() })?;
            let shown = claims.iter().map(|claim| &claim.remote_id).collect::<BTreeSet<_>>().len() as u64;
            let undecided = view.count_claimed_users(tenant.id)?.saturating_sub(shown);
            let claims = claims.into_iter().map(|claim| OpenClaim::of(view, &tenant, claim));
            Ok((
                queue,
                claims.collect::<Result<Vec<_>, _>>()?,
                [(undecided, "a push has"), (imported, "an import has")],
            ))
        })?;
        list(&tenant.name, &queue, &claims, output)?;
        for (more, who) in more.into_iter().filter(|(more, _)| *more > 0) {
            output.line(&format!("… and {more} more that {who} found; show more at once with --limit"))?;
        }
        return Ok(DONE);
    };
    let decision = match (&options.person, options.new, options.ignore) {
        (Some(person), ..) => Decision::Person(person.clone()),
        (None, true, _) => Decision::New,
        (None, false, true) => Decision::Ignore,
        (None, false, false) => {
            return Err(Failure::usage(format!(
                "say what the user {user} is: --person KEY, --new or --ignore; `confirm {}` lists whose it may be",
                tenant.name
            )));
        }
    };
    let decided = directory.write(&global.actor(), |change| confirm(change, &tenant, user, &decision))?;
    let name = &tenant.name;
    let (person, not_of, off, sentence) = match &decided {
        Decided::Linked { person, off } => {
            let sentence = format!("The user {user} of {name} is the person {}.", person.key);
            (Some(person.key.as_str()), [].as_slice(), off.as_slice(), sentence)
        }
        Decided::LeftAlone => (
            None,
            [].as_slice(),
            [].as_slice(),
            format!("The user {user} of {name} is left alone, also by later imports."),
        ),
        Decided::NotTheirs { people } => {
            let sentence = format!(
                "The user {user} of {name} stays as it is, and is not {}'s; a push that finds it again asks again.",
                people.join("'s or ")
            );
            (None, people.as_slice(), [].as_slice(), sentence)
        }
    };
    if output.json() {
        output.document(&DecidedView { tenant: name, user, person, not_of, off })?;
    }
    output.line(&sentence)?;
    for sentence in off {
        output.line(sentence)?;
    }
    Ok(DONE)
}

fn list(tenant: &str, queue: &[Queued], claims: &[OpenClaim], output: &mut Output) -> Result<(), Failure> {
    if output.json() {
        output.document(&Waiting { imported: queue, undecided: claims })?;
        return Ok(());
    }
    if queue.is_empty() && claims.is_empty() {
        output.line(&format!("No user of {tenant} waits."))?;
        return Ok(());
    }
    if !claims.is_empty() {
        output.heading("Found by a push, which could not tell whose they are")?;
        let mut table = output.table(&["User", "Username", "Status", "May be", "For, against, and how to decide"]);
        for OpenClaim { claim, commands, otherwise, .. } in claims {
            let mut clauses: Vec<String> = claim.evidence.iter().map(|clause| format!("for: {clause}")).collect();
            clauses.extend(claim.objections.iter().map(|clause| format!("against: {clause}")));
            clauses.push(format!("→ it is: `{}`", commands.join("`, then `")));
            clauses.push(format!("→ it isn't: `{otherwise}`"));
            table.add_row(vec![
                claim.remote_id.clone().into(),
                claim.username.clone().into(),
                claim.status.name().into(),
                listed([&claim.person, &claim.person_username]),
                listed(clauses),
            ]);
        }
        output.print_table(&table)?;
    }
    if queue.is_empty() {
        return Ok(());
    }
    if !claims.is_empty() {
        output.heading("Found by an import")?;
    }
    let mut table = output.table(&["User", "Username", "Status", "Why it waits", "May be"]);
    for queued in queue {
        let candidates: Vec<String> =
            queued.candidates.iter().map(|(key, username, by)| format!("{key} {username} (by {by})")).collect();
        table.add_row(vec![
            queued.user.remote_id.clone().into(),
            queued.user.username.clone().into(),
            queued.user.status.name().into(),
            queued.reason.name().into(),
            listed(candidates),
        ]);
    }
    output.print_table(&table)?;
    output.line(&format!(
        "Decide with `confirm {tenant} USER --person KEY`, `--new` or `--ignore`; `confirm {tenant} --all` takes all that are clear."
    ))?;
    Ok(())
}
