//! What a job has come to, as it is kept of it.

use std::collections::BTreeMap;

use super::SyncError;
use super::import::ImportReport;
use super::push::PushReport;
use crate::directory::{EndedJob, ImportPhase, JobKind, JobOutcome};

/// The parts that aren't zero.
fn present<const N: usize>(counts: [(&str, u64); N]) -> BTreeMap<String, u64> {
    counts.into_iter().filter(|(_, count)| *count > 0).map(|(name, count)| (name.to_owned(), count)).collect()
}

fn failed(kind: JobKind) -> EndedJob {
    EndedJob { kind, outcome: JobOutcome::Failed, counts: BTreeMap::new() }
}

/// What an import has come to.
pub(super) fn import(kind: JobKind, result: &Result<ImportReport, SyncError>) -> EndedJob {
    let Ok(report) = result else { return failed(kind) };
    let (run, counts) = (&report.run, &report.run.counts);
    let outcome = match run.phase {
        ImportPhase::Halted => JobOutcome::Halted,
        ImportPhase::Reading | ImportPhase::Settling if !report.dry_run => JobOutcome::Paused,
        _ if counts.failed > 0 => JobOutcome::Partly,
        _ => JobOutcome::Done,
    };
    let counts = present([
        ("read", run.users),
        ("people made", counts.created),
        ("linked", counts.linked),
        ("people updated", counts.updated),
        ("deactivated", counts.deactivated),
        ("gone", counts.vanished),
        ("to be confirmed", counts.queued),
        ("left out", counts.skipped),
        ("refused", counts.failed),
    ]);
    EndedJob { kind, outcome, counts }
}

/// What a push, a plan or the writing of one has come to; none of one that had nothing to do.
pub(super) fn push(kind: JobKind, result: Result<&PushReport, &SyncError>) -> Option<EndedJob> {
    let Ok(report) = result else { return Some(failed(kind)) };
    if report.tried() == 0 {
        return None;
    }
    let counts = report.words.iter().map(|(word, count)| ((*word).to_owned(), *count)).collect();
    let outcome = match report {
        _ if report.is_unfinished => JobOutcome::Paused,
        _ if report.not_done > 0 => JobOutcome::Partly,
        _ => JobOutcome::Done,
    };
    Some(EndedJob { kind, outcome, counts })
}
