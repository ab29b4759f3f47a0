//! Reading an application's users into the directory.
//!
//! Nothing takes effect before the last page has arrived, and every step can be repeated: an import that is cut off
//! continues where it was.
//!
//! # Passes
//!
//! 1. **Enter** ([`import()`]). Take the tenant's lock. Finish what an edit of the tenant left to do
//!    ([`finish_chores`]). Read the tenant again, now that nobody else works for it. A paused tenant is refused.
//! 2. **Open a run.** Continue the open run, or start one: full if there is no watermark or the last full import is older
//!    than `schedule.full-import-hours`, otherwise from the watermark. The attributes that the connector lists are stored
//!    with it.
//! 3. **Read** (`read`). Ask for page after page. A page's users are staged, in as many transactions as their number
//!    takes; the last of them also stores the page's cursor. On the last page of a full import, users that no page had are
//!    staged as gone. The last page's transaction stores the watermark *in the run* and moves the run to
//!    [`Settling`](ImportPhase::Settling).
//! 4. **Guard.** Count the links that would vanish or be deactivated. If there are more than the safeguard allows, the run
//!    is [`Halted`](ImportPhase::Halted) and a task asks an admin. Nothing has taken effect.
//! 5. **Settle** (`settle`). Take pending users, as many at a time as a turn allows: each finds its person, becomes one, waits to be
//!    confirmed, or brings its person up to date. Marking the user as settled is part of the transaction that has the
//!    effect.
//! 6. **Close.** One transaction ends the run, moves the tenant's watermark and ends the task that asked about a halted
//!    run.
//!
//! # What a crash leaves
//!
//! The same holds if the sandbox or the network fails.
//!
//! | during | what is left | what repairs it |
//! |---|---|---|
//! | 1 | nothing; the operating system frees the lock | – |
//! | 2 | no run, or an open one without pages | the next import starts one, or reads its first page |
//! | 3, while a page is requested | the pages before it and their cursor | the next import asks for the same page |
//! | 3, between two transactions of one page | some staged users, and the cursor before them | the next import reads the page again; staging a user twice is the same as once |
//! | 3, because the sandbox was stopped over a page | as above | the same import, with a quarter of the page size, up to four times |
//! | 3, because more was read than [`ImportLimits`] allow | the run is given up, with the users that it brought; a failure of the tenant says why | an admin, who raises the limit or mends the connector |
//! | 3 or 5, because the job has had its [turn](import_for) | as after a crash | the next import continues |
//! | 3, because the application no longer knows the cursor or the watermark | the run is given up | the same import starts again with everybody, once |
//! | 4 | a run that is settling but not accepted | the next import guards again |
//! | 4, halted | a run that is halted, with a task | an admin, who accepts it ([`ImportOptions::accept`]) or discards it ([`discard`]) |
//! | 5 | settled users stay settled, the others are still pending | the next import continues with those that are pending |
//! | 6 | everybody is settled and the run is still open | the next import finds nothing pending and closes the run |
//!
//! # Dry runs
//!
//! A dry run reads all pages into a file without a name, then stages, guards and settles them in a transaction that is rolled back. If
//! that takes longer than a turn, it is done again on a private copy of the database, so nobody waits for it.

mod limits;
mod matching;
mod read;
mod settle;
mod spool;

use std::time::{Duration, Instant};

use super::session::Session;
use super::{Applications, Feature, SyncError, ended, finish_chores};
use crate::directory::{
    Actor, Directory, DirectoryError, FailureKind, ImportPhase, ImportRun, ImportScopeKind, JobKind, NewImport,
    NewTask, RemoteStatus, TaskFailure, TaskKind, TenantRecord, Timestamp, WriteTransaction,
};

pub use limits::ImportLimits;
pub(super) use read::schema;
pub(crate) use settle::{Settling, take_over};

/// Users that are fetched at once to settle: a transaction takes as many of these pieces as its turn allows, and may end within one.
const SETTLED_AT_ONCE: u32 = 250;

/// Users that settle in one transaction at most, however fast the machine is: what a crash may undo, and what a commit has to write,
/// stay small.
const SETTLED_AT_MOST: u64 = 2_000;

/// Hours after which everybody is read again, where the tenant does not say.
const FULL_IMPORT_HOURS: u32 = 24;

/// How an import is to be done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ImportOptions {
    /// Read everybody, also where only changes could be read. A run under way that reads changes is given up.
    pub full: bool,
    /// Change nothing, the watermark included, and say what would happen. The users are held in a file meanwhile. What it asked
    /// of the application counts as used all the same.
    pub dry_run: bool,
    /// Let a run take effect that the safeguard has halted, or would halt.
    pub accept: bool,
}

/// How far an import is; told after each page and each piece that settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImportProgress {
    /// Reading or settling.
    pub phase: ImportPhase,
    /// Users read, or settled.
    pub done: u64,
    /// Users in all; while reading, as many as the last import saw.
    pub total: Option<u64>,
}

impl ImportProgress {
    /// What is being done, in a few words.
    pub fn words(&self) -> &'static str {
        if self.phase == ImportPhase::Settling { "Users settled" } else { "Users read" }
    }
}

/// What an import has come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportReport {
    /// The run. Of a dry run, what it would have been.
    pub run: ImportRun,
    /// Whether it went on from a run that was cut off.
    pub resumed: bool,
    /// Whether nothing was changed.
    pub dry_run: bool,
}

/// Imports a tenant's users, or goes on with the run under way.
///
/// # Errors
/// When both import features are off, another process works for the tenant, the safeguard has halted the last run, or the
/// application cannot be read. What was staged stays, and the next import goes on from there.
pub async fn import<A: Applications>(
    directory: &Directory,
    applications: &A,
    tenant: &TenantRecord,
    actor: &Actor,
    options: ImportOptions,
    progress: &(dyn Fn(ImportProgress) + Sync),
) -> Result<ImportReport, SyncError> {
    import_for(directory, applications, tenant, actor, options, None, progress).await
}

/// When an import is to end with the page or the piece that is under way.
pub type IsOver<'a> = &'a (dyn Fn() -> bool + Sync);

/// A job's time.
#[derive(Clone, Copy)]
struct Turn<'a> {
    began: Instant,
    is_over: Option<IsOver<'a>>,
}

impl Turn<'_> {
    fn is_over(self) -> bool {
        self.is_over.is_some_and(|is_over| is_over())
    }
}

/// As [`import`], for the time of a turn: once `is_over`, the import ends with the page or the piece that is under way, and the next
/// one goes on from there. The phase in the report says how far it is. A dry run has no turns.
///
/// # Errors
/// As [`import`].
pub async fn import_for<A: Applications>(
    directory: &Directory,
    applications: &A,
    tenant: &TenantRecord,
    actor: &Actor,
    options: ImportOptions,
    is_over: Option<IsOver<'_>>,
    progress: &(dyn Fn(ImportProgress) + Sync),
) -> Result<ImportReport, SyncError> {
    let turn = Turn { began: Instant::now(), is_over };
    let switches = [Feature::ImportNewUsers, Feature::ImportProfileUpdates];
    if !switches.iter().any(|feature| feature.is_on(&tenant.config)) {
        let other = switches[1].off(&tenant.name, "nothing is imported");
        return Err(SyncError::Off(format!("{} is off too; {other}", switches[0].title())));
    }
    let lock = directory.lock_tenant(tenant)?;
    let directory = &*lock;
    finish_chores(directory, actor, tenant)?;
    // As it is now that nobody else works for it.
    let tenant = &directory.read(|view| view.tenant(&tenant.name))?;
    let mut session = Session::new(directory, applications, tenant)?;
    let result = if options.dry_run {
        read::rehearse(directory, &mut session, tenant, actor, options, progress).await
    } else {
        run(directory, &mut session, tenant, actor, options, turn, progress).await
    };
    let kind = if options.dry_run { JobKind::DryRun } else { JobKind::Import };
    let came_to = ended::import(kind, &result);
    session.end(directory, actor, result, Some(came_to)).await
}

/// Runs an import to its end, or goes on with the one under way.
async fn run<A: Applications>(
    directory: &Directory,
    session: &mut Session<'_, A>,
    tenant: &TenantRecord,
    actor: &Actor,
    options: ImportOptions,
    turn: Turn<'_>,
    progress: &(dyn Fn(ImportProgress) + Sync),
) -> Result<ImportReport, SyncError> {
    let open = directory.read(|view| view.open_import(tenant.id))?;
    let mut resumed = open.is_some();
    let mut run = match open {
        Some(run) if run.phase == ImportPhase::Halted && !options.accept => {
            return Err(SyncError::Halted { tenant: tenant.name.clone(), reason: run.reason.unwrap_or_default() });
        }
        Some(run) if options.full && run.phase == ImportPhase::Reading && run.scope != ImportScopeKind::Full => {
            resumed = false;
            discard_run(directory, tenant, actor, run, "an import of everybody was asked for")?;
            read::start(directory, session, tenant, actor, true).await?
        }
        Some(run) => run,
        None => read::start(directory, session, tenant, actor, options.full).await?,
    };
    let read_before = run.pages;
    if run.phase == ImportPhase::Reading {
        run = read::read(directory, session, tenant, actor, run, turn, progress).await?;
        if run.phase == ImportPhase::Reading {
            return Ok(ImportReport { run, resumed, dry_run: false });
        }
    }
    if options.accept && !run.accepted {
        run.accepted = true;
        run.phase = ImportPhase::Settling;
        directory.write(actor, |change| change.store_import(&run))?;
    }
    if !run.accepted {
        run = directory.write(actor, |change| guard(change, tenant, run.clone()))?;
        if run.phase == ImportPhase::Halted {
            return Ok(ImportReport { run, resumed, dry_run: false });
        }
    }
    let total = run.users;
    let mut done = 0;
    // As a turn has a page at least, it has a piece, unless it had pages.
    let has_read = read_before != run.pages;
    while run.phase != ImportPhase::Done && (done == 0 && !has_read || !turn.is_over()) {
        let settled;
        (run, settled) = directory.write(actor, |change| -> Result<_, DirectoryError> {
            let mut run = run.clone();
            let settled = settle_some(change, tenant, &mut run)?;
            Ok((run, settled))
        })?;
        done += settled;
        progress(ImportProgress { phase: ImportPhase::Settling, done, total: Some(total.max(done)) });
        tokio::task::yield_now().await;
    }
    Ok(ImportReport { run, resumed, dry_run: false })
}

/// Gives up the run under way: what it has staged takes no effect, and the next import starts anew, with everybody.
///
/// # Errors
/// When there is none, or another process is at it.
pub fn discard(directory: &Directory, tenant: &TenantRecord, actor: &Actor) -> Result<ImportRun, SyncError> {
    let lock = directory.lock_tenant(tenant)?;
    let directory = &*lock;
    let run = directory.read(|view| view.open_import(tenant.id))?.ok_or_else(|| {
        SyncError::Invalid(format!("no import of {} is under way, so there is none to give up", tenant.name))
    })?;
    if run.phase == ImportPhase::Settling && run.accepted {
        return Err(SyncError::Invalid(format!(
            "the import of {} has begun to take effect and cannot be given up; let it end with `import {}`",
            tenant.name, tenant.name
        )));
    }
    Ok(discard_run(directory, tenant, actor, run, "an admin gave it up")?)
}

fn discard_run(
    directory: &Directory,
    tenant: &TenantRecord,
    actor: &Actor,
    mut run: ImportRun,
    why: &str,
) -> Result<ImportRun, DirectoryError> {
    run.phase = ImportPhase::Discarded;
    run.reason = Some(why.to_owned());
    directory.write(actor, |change| {
        change.store_import(&run)?;
        change.cancel(tenant.id, TaskKind::Import, None)?;
        // What it has staged is half of a picture; only another look at everybody makes it whole.
        change.forget_watermark(tenant.id)
    })?;
    Ok(run)
}

/// When a scheduled import is due, by the tenant's settings. Returns `None` if there is no schedule.
pub(crate) fn due_at(tenant: &TenantRecord) -> Option<Timestamp> {
    let minutes = tenant.config.schedule.import_minutes?;
    let after = |last: Timestamp| last.after(Duration::from_secs(u64::from(minutes) * 60));
    Some(tenant.imported_at.map_or(Timestamp::default(), after))
}

/// Whether a scheduled import is due.
pub(crate) fn is_due(tenant: &TenantRecord, now: Timestamp) -> bool {
    due_at(tenant).is_some_and(|at| at <= now)
}

/// Whether everybody is to be read: users who have gone show in no other way, unless the connector reports them.
pub(super) fn full_is_due(tenant: &TenantRecord, now: Timestamp) -> bool {
    let hours = tenant.config.schedule.full_import_hours.unwrap_or(FULL_IMPORT_HOURS);
    tenant.watermark.is_none()
        || tenant.fully_imported_at.is_none_or(|last| now.since(last) >= Duration::from_secs(u64::from(hours) * 3600))
}

/// Lets a run settle, or halts it.
fn guard(
    change: &WriteTransaction<'_>,
    tenant: &TenantRecord,
    mut run: ImportRun,
) -> Result<ImportRun, DirectoryError> {
    let (links, vanish, deactivate) = change.threatened_links(tenant.id)?;
    let rules = tenant.config.to_idp.safeguard;
    let taken = vanish + deactivate;
    // In whole numbers: of 7 links, 20 percent are 1.4, and 1 may go.
    if taken <= rules.always.into() || taken * 100 <= links * u64::from(rules.percent) {
        run.accepted = true;
        change.store_import(&run)?;
        return Ok(run);
    }
    let reason = format!(
        "of {links} linked users {vanish} would vanish and {deactivate} be deactivated, more than the {} percent that the safeguard lets pass",
        rules.percent
    );
    run.phase = ImportPhase::Halted;
    run.reason = Some(reason.clone());
    change.store_import(&run)?;
    change.ask_admin(
        NewTask { tenant, person: None, kind: TaskKind::Import, password: None },
        &TaskFailure::new(FailureKind::Safeguard, format!("the import was halted before it took effect: {reason}")).with_remedy(
            format!(
                "Look at it with `import {name} --dry-run`; then `import {name} --accept` lets it take effect, and `import {name} --discard` gives it up",
                name = tenant.name
            ),
        ),
    )?;
    Ok(run)
}

/// Settles at least one user and goes on until the transaction has had its turn, or ends the run where nothing is pending.
/// Returns how many have settled.
pub(super) fn settle_some(
    change: &WriteTransaction<'_>,
    tenant: &TenantRecord,
    run: &mut ImportRun,
) -> Result<u64, DirectoryError> {
    let settling = Settling::new(change, tenant)?;
    let mut settled = 0;
    while settled == 0 || settled < SETTLED_AT_MOST && !change.has_had_its_turn() {
        let pending = change.pending_users(tenant.id, SETTLED_AT_ONCE)?;
        if pending.is_empty() {
            break;
        }
        for staged in &pending {
            settling.settle(change, staged, &mut run.counts)?;
            settled += 1;
            if change.has_had_its_turn() {
                break;
            }
        }
    }
    if settled == 0 {
        run.phase = ImportPhase::Done;
        change.store_watermark(tenant.id, run.watermark.as_deref(), run.scope == ImportScopeKind::Full)?;
        change.cancel(tenant.id, TaskKind::Import, None)?;
    }
    change.store_import(run)?;
    Ok(settled)
}

/// Settles all of it, for a rehearsal; nothing of it is kept, so it can't be split. None where the transaction has had its turn
/// before that.
fn run_whole(
    change: &WriteTransaction<'_>,
    tenant: &TenantRecord,
    mut run: ImportRun,
    accept: bool,
) -> Result<Option<ImportRun>, DirectoryError> {
    let mut halted = None;
    if !accept {
        run = guard(change, tenant, run)?;
        if run.phase == ImportPhase::Halted {
            // A rehearsal shows what would come of it all the same.
            halted = Some(run.clone());
            run.accepted = true;
            run.phase = ImportPhase::Settling;
        }
    }
    while run.phase != ImportPhase::Done {
        if change.has_had_its_turn() {
            return Ok(None);
        }
        settle_some(change, tenant, &mut run)?;
    }
    Ok(Some(match halted {
        Some(halted) => ImportRun { counts: run.counts, ..halted },
        None => run,
    }))
}

/// Whether a status keeps a user from signing in.
fn is_out_of_use(status: RemoteStatus) -> bool {
    status != RemoteStatus::Active
}

fn new_import(tenant: &TenantRecord, full: bool) -> NewImport<'_> {
    let full = full || full_is_due(tenant, Timestamp::now());
    NewImport { since: if full { None } else { tenant.watermark.as_deref() } }
}
