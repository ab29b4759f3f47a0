//! The jobs that the pages start, and what their reports say.

use std::sync::Arc;

use tokio::sync::watch;

use crate::access::Visitor;
use crate::jobs::{JobReport, Line, Reporter, Status, Tone};
use crate::problem::Problem;
use crate::remedy::on_page;
use crate::shared::Shared;
use provisioning_directory::sync::import::{ImportOptions, ImportReport, import_for};
use provisioning_directory::sync::plans::{Planned, apply_with, plan};
use provisioning_directory::sync::push::{PushEntry, PushProgress, PushReport, PushTerms, push_with};
use provisioning_directory::sync::{ComponentApplications, SyncError, refresh_entitlements};
use provisioning_directory::{Actor, Directory, ImportPhase, ImportRun, PlanId, TaskKind, TenantRecord};
use provisioning_runtime::action_name;
use provisioning_runtime::wit::Outcome;

/// What a started job is followed by.
pub(super) type Job = Result<watch::Receiver<Status>, Problem>;

/// Lines of a report that a page shows; failures come first.
const LINES: usize = 100;

/// Starts an import.
pub(super) fn start_import(
    shared: &Arc<Shared>,
    visitor: &Visitor,
    tenant: &TenantRecord,
    options: ImportOptions,
) -> Job {
    let title = match options {
        ImportOptions { dry_run: true, .. } => "Dry run of an import",
        ImportOptions { accept: true, .. } => "Import, past the safeguard",
        ImportOptions { full: true, .. } => "Import of everybody",
        _ => "Import of changes",
    };
    let (actor, tenant) = (visitor.actor(), tenant.clone());
    let (directory, applications) = (shared.directory.clone(), Arc::clone(&shared.applications));
    let (name, record) = (actor.name().to_owned(), tenant.clone());
    shared.jobs.start(&tenant, "import", title, &name, move |reporter| async move {
        let wind_down = reporter.wind_down().clone();
        let report_progress = move |progress: provisioning_directory::sync::import::ImportProgress| {
            reporter.report(progress.words(), progress.done, progress.total);
        };
        let is_over = || wind_down.has_begun();
        let import = import_for(&directory, &*applications, &record, &actor, options, Some(&is_over), &report_progress);
        Ok(import_report(&import.await?))
    })
}

fn import_report(report: &ImportReport) -> JobReport {
    let run = &report.run;
    let halted = run.phase == ImportPhase::Halted;
    let begin = if report.resumed { "Went on with an import that was cut off. " } else { "" };
    let reason = run.reason.as_deref().unwrap_or_default();
    let counts = counts(run);
    let summary = match (report.dry_run, halted) {
        (true, true) => {
            format!("Nothing was changed. The safeguard would halt it: {reason}. Would be, all the same: {counts}.")
        }
        (true, false) => format!("Nothing was changed. Would be: {counts}."),
        (false, true) => format!("{begin}{} users read; it took no effect: {reason}.", run.users),
        (false, false) if run.phase == ImportPhase::Done => format!("{begin}{counts}."),
        (false, false) => format!("{begin}{counts} so far; the console ended, and the next import goes on from there."),
    };
    JobReport::short(!halted && run.counts.failed == 0, summary)
}

/// What a run has come to, in words.
pub(super) fn counts(run: &ImportRun) -> String {
    let counts = &run.counts;
    let named = [
        (counts.created, "people made"),
        (counts.linked, "linked"),
        (counts.updated, "people updated"),
        (counts.deactivated, "deactivated"),
        (counts.vanished, "gone"),
        (counts.queued, "waiting to be confirmed"),
        (counts.skipped, "left out"),
        (counts.failed, "refused"),
    ];
    let mut parts = vec![format!("{} users read", run.users)];
    parts.extend(named.into_iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")));
    parts.join(", ")
}

/// Starts a push.
pub(super) fn start_push(shared: &Arc<Shared>, visitor: &Visitor, tenant: &TenantRecord) -> Job {
    let (actor, tenant) = (visitor.actor(), tenant.clone());
    let (directory, applications) = (shared.directory.clone(), Arc::clone(&shared.applications));
    let (name, record) = (actor.name().to_owned(), tenant.clone());
    shared.jobs.start(&tenant, "push", "Push", &name, move |reporter| async move {
        Ok(push_report(&push_now(&directory, &applications, &record, &actor, &reporter).await?, ""))
    })
}

async fn push_now(
    directory: &Directory,
    applications: &ComponentApplications,
    tenant: &TenantRecord,
    actor: &Actor,
    reporter: &Reporter,
) -> Result<PushReport, SyncError> {
    let report_progress =
        |progress: PushProgress| reporter.report(progress.words(), progress.done, Some(progress.total));
    let terms = PushTerms { wind_down: reporter.wind_down().clone(), ..PushTerms::default() };
    push_with(directory, applications, tenant, actor, &report_progress, &mut |_| {}, &terms).await
}

async fn plan_now(
    directory: &Directory,
    applications: &ComponentApplications,
    tenant: &TenantRecord,
    actor: &Actor,
    reporter: &Reporter,
) -> Result<Planned, SyncError> {
    reporter.report("Working out what would be written", 0, None);
    plan(directory, applications, tenant, actor).await
}

fn plan_report(planned: &Planned, begin: &str) -> JobReport {
    push_report(&planned.report, &format!("{begin}Plan {} was made; nothing was written. ", planned.id))
}

/// Pushes, or makes a plan where the tenant wants pushes approved, as the last step of a job that has done something already:
/// `begin` says what that was, and opens the report however this ends.
pub(super) async fn carry_out(
    directory: &Directory,
    applications: &ComponentApplications,
    tenant: &TenantRecord,
    actor: &Actor,
    reporter: &Reporter,
    begin: &str,
) -> JobReport {
    let result = if tenant.config.to_app.approval {
        let planned = plan_now(directory, applications, tenant, actor, reporter).await;
        planned.map(|planned| plan_report(&planned, begin))
    } else {
        let pushed = push_now(directory, applications, tenant, actor, reporter).await;
        pushed.map(|report| push_report(&report, begin))
    };
    result.unwrap_or_else(|error| JobReport::short(false, format!("{begin}{}", Problem::from(error).sentence())))
}

/// Starts the making of a plan.
pub(super) fn start_plan(shared: &Arc<Shared>, visitor: &Visitor, tenant: &TenantRecord) -> Job {
    let (actor, tenant) = (visitor.actor(), tenant.clone());
    let (directory, applications) = (shared.directory.clone(), Arc::clone(&shared.applications));
    let (name, record) = (actor.name().to_owned(), tenant.clone());
    shared.jobs.start(&tenant, "push", "Making of a plan", &name, move |reporter| async move {
        Ok(plan_report(&plan_now(&directory, &applications, &record, &actor, &reporter).await?, ""))
    })
}

/// Starts the writing of exactly what a plan says.
pub(super) fn start_apply(shared: &Arc<Shared>, visitor: &Visitor, tenant: &TenantRecord, id: PlanId) -> Job {
    let (actor, tenant) = (visitor.actor(), tenant.clone());
    let (directory, applications) = (shared.directory.clone(), Arc::clone(&shared.applications));
    let (name, record) = (actor.name().to_owned(), tenant.clone());
    let title = format!("Writing of plan {id}");
    shared.jobs.start(&tenant, "push", &title, &name, move |reporter| async move {
        reporter.report("Writing what was approved", 0, None);
        let (id, wind_down) = (Some(id), reporter.wind_down());
        let (_, report) = apply_with(&directory, &*applications, &record, &actor, id, &mut |_| {}, wind_down).await?;
        Ok(push_report(&report, ""))
    })
}

/// Starts the listing of what can be assigned.
pub(super) fn start_entitlements(shared: &Arc<Shared>, visitor: &Visitor, tenant: &TenantRecord) -> Job {
    let (actor, tenant) = (visitor.actor(), tenant.clone());
    let (directory, applications) = (shared.directory.clone(), Arc::clone(&shared.applications));
    let (name, record) = (actor.name().to_owned(), tenant.clone());
    shared.jobs.start(&tenant, "entitlements", "Listing of what can be assigned", &name, move |reporter| async move {
        reporter.report("Asking the application", 0, None);
        refresh_entitlements(&directory, &*applications, &record, &actor).await?;
        Ok(JobReport::short(true, "What can be assigned was listed anew."))
    })
}

/// What was done for a person, in a word.
pub(super) fn done(outcome: Option<&Outcome>) -> &'static str {
    outcome.map_or("password set", |outcome| action_name(outcome.action))
}

fn push_report(report: &PushReport, begin: &str) -> JobReport {
    let (tried, failed) = (report.tried(), report.not_done);
    let well = tried - failed;
    let mut summary = if tried == 0 {
        format!("{begin}Nothing was to be done")
    } else {
        format!("{begin}{well} went well, {failed} failed")
    };
    summary.push_str(&format!("; {} tasks wait, {} need an admin.", report.waiting, report.failed));
    if report.is_unfinished {
        summary.push_str(" The console ended before all was tried; the next push does the rest.");
    }
    for sentence in &report.off {
        summary.push_str(&format!(" {}.", on_page(sentence)));
    }
    for sentence in report.open() {
        summary.push_str(&format!(" {}.", on_page(sentence.trim_end_matches('.'))));
    }
    let (bad, good): (Vec<_>, Vec<_>) = report.entries.iter().partition(|entry| entry.result.is_err());
    let hidden = tried.saturating_sub(LINES as u64);
    if hidden > 0 {
        summary.push_str(&format!(" {hidden} are not shown here; the audit trail and the tasks have all."));
    }
    JobReport {
        good: failed == 0,
        summary,
        lines: bad.into_iter().chain(good).take(LINES).map(|entry| line(report, entry)).collect(),
    }
}

fn line(report: &PushReport, entry: &PushEntry) -> Line {
    let name = format!("{} ({})", entry.person, entry.username);
    match &entry.result {
        Ok(outcome) => Line {
            name,
            verdict: Tone::Good,
            word: report.word(entry).into(),
            detail: outcome.as_ref().map(changes).unwrap_or_default(),
            said: None,
            remedy: None,
        },
        Err(failure) => Line {
            name,
            verdict: Tone::Bad,
            word: report.word(entry).into(),
            detail: format!("{} ({})", on_page(&failure.cause), failure.kind),
            said: failure.upstream.clone(),
            remedy: failure.remedy.as_deref().map(on_page),
        },
    }
}

/// What was written, in one text.
fn changes(outcome: &Outcome) -> String {
    let mut parts: Vec<String> = outcome
        .changes
        .iter()
        .map(|one| {
            let old = one.old.as_deref().map_or(String::new(), |old| format!("{old} → "));
            format!("{}.{}: {old}{}", one.object, one.field, one.new.as_deref().unwrap_or("(cleared)"))
        })
        .collect();
    parts.extend(outcome.side_effects.iter().cloned());
    parts.join("; ")
}

/// What a kind of task does, for a list.
pub(super) fn kind_words(kind: TaskKind) -> &'static str {
    match kind {
        TaskKind::Push => "Make or bring up to date",
        TaskKind::Deactivate => "Take out of use",
        TaskKind::Reactivate => "Put back into use",
        TaskKind::Password => "Set a password",
        TaskKind::Vanished => "Decide of a user that has gone",
        TaskKind::Import => "Decide of a halted import",
        TaskKind::Grants => "Decide what contradicting groups give",
    }
}
