//! Runs of imports that are under way: gone on with, given up, or let through.

use std::sync::atomic::{AtomicBool, Ordering};

use super::*;

const FULL: ImportOptions = ImportOptions { full: true, dry_run: false, accept: false };

impl Fixture {
    /// Cuts the next import off when it has listed the attributes and read this many pages.
    async fn cut_off(&self, options: ImportOptions, pages: usize) {
        let gone = JobError::from(refusal(ErrorKind::Unreachable, Retry::Never));
        self.application.world().faults = std::iter::repeat_n(None, 1 + pages).chain([Some(gone)]).collect();
        self.import_with(options).await.unwrap_err();
    }

    /// The runs so far, the newest first.
    fn runs(&self) -> Vec<(ImportScopeKind, ImportPhase)> {
        let tenant = self.tenant();
        let runs = self.directory.read(|view| view.imports(tenant.id, 10)).unwrap();
        runs.iter().map(|run| (run.scope, run.phase)).collect()
    }

    fn discard(&self) -> Result<ImportRun, SyncError> {
        discard(&self.directory, &self.tenant(), &self.actor)
    }
}

#[tokio::test]
async fn an_import_of_changes_that_was_cut_off_goes_on_unless_everybody_is_asked_for() {
    use ImportPhase::{Discarded, Done};
    use ImportScopeKind::{Full, Increment};

    let fixture = Fixture::imported("", 3, "2026-02-01").await;
    fixture.cut_off(ImportOptions::default(), 0).await;
    let report = fixture.import_changes().await;
    assert_eq!((report.resumed, report.run.scope, report.run.users), (true, Increment, 0));
    fixture.cut_off(ImportOptions::default(), 0).await;
    let report = fixture.import_with(FULL).await.unwrap();
    assert_eq!((report.resumed, report.run.scope, report.run.users), (false, Full, 3));
    assert_eq!(fixture.runs(), [(Full, Done), (Increment, Discarded), (Increment, Done), (Full, Done)]);
    let tenant = fixture.tenant();
    let runs = fixture.directory.read(|view| view.imports(tenant.id, 2)).unwrap();
    assert_eq!(runs[1].reason.as_deref(), Some("an import of everybody was asked for"));
    assert_eq!(tenant.watermark.as_deref(), Some("2026-02-01"), "the next one reads changes again");
}

#[tokio::test]
async fn an_import_of_everybody_that_was_cut_off_goes_on_though_everybody_is_asked_for() {
    let fixture = Fixture::new("[to-idp]\npage-size = 2");
    fixture.seed(5);
    fixture.cut_off(FULL, 2).await;
    fixture.application.world().calls.clear();
    let report = fixture.import_with(FULL).await.unwrap();
    assert_eq!((report.resumed, report.run.users, report.run.pages), (true, 5, 3));
    assert_eq!(fixture.application.count("import-users"), 1, "what was read is not read again");
    assert_eq!(fixture.runs(), [(ImportScopeKind::Full, ImportPhase::Done)]);
}

#[tokio::test]
async fn an_import_of_changes_that_the_safeguard_has_halted_is_not_passed_over_by_asking_for_everybody() {
    let fixture = Fixture::imported("[to-idp.safeguard]\npercent = 0\nalways = 0", 3, "2026-02-01").await;
    fixture.application.world().departed = vec!["U0000".to_owned()];
    assert_eq!(fixture.import_changes().await.run.phase, ImportPhase::Halted);
    let refused = fixture.import_with(FULL).await.unwrap_err();
    assert!(matches!(&refused, SyncError::Halted { reason, .. } if reason.contains("1 would vanish")), "{refused}");
    assert!(fixture.link("acme:U0000").is_some());
}

#[tokio::test]
async fn who_lets_an_import_take_effect_beforehand_is_not_asked_again() {
    let fixture = Fixture::imported("[to-idp.safeguard]\npercent = 0\nalways = 0", 3, "2026-02-01").await;
    fixture.application.world().users.clear();
    let report = fixture.import_with(ImportOptions { accept: true, ..FULL }).await.unwrap();
    assert_eq!((report.run.phase, report.run.counts.vanished), (ImportPhase::Done, 3));
    assert!(fixture.tasks().is_empty());
}

#[tokio::test]
async fn an_import_that_reads_can_be_given_up_and_the_next_one_reads_everybody() {
    let fixture = Fixture::imported("", 3, "2026-02-01").await;
    let nothing = fixture.discard().unwrap_err().to_string();
    assert_eq!(nothing, "no import of acme is under way, so there is none to give up");
    fixture.cut_off(ImportOptions::default(), 0).await;
    let lock = fixture.directory.lock_tenant(&fixture.tenant()).unwrap();
    let busy = fixture.discard().unwrap_err();
    assert!(matches!(busy, SyncError::Directory(DirectoryError::Locked { .. })), "{busy}");
    drop(lock);
    let run = fixture.discard().unwrap();
    assert_eq!((run.phase, run.reason.as_deref()), (ImportPhase::Discarded, Some("an admin gave it up")));
    assert_eq!(fixture.tenant().watermark, None);
    let report = fixture.import_changes().await;
    assert_eq!((report.resumed, report.run.scope), (false, ImportScopeKind::Full));
    fixture.discard().unwrap_err();
}

#[test]
fn an_import_that_has_begun_to_take_effect_cannot_be_given_up() {
    let fixture = Fixture::new("");
    // More than settle in two pieces.
    fixture.seed(4_100);
    let executor = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    executor.block_on(async {
        let (tenant, begun) = (fixture.tenant(), AtomicBool::new(false));
        let note = |progress: ImportProgress| {
            begun.fetch_or(progress.phase == ImportPhase::Settling, Ordering::SeqCst);
        };
        let mut import =
            std::pin::pin!(import(&fixture.directory, &fixture.application, &tenant, &fixture.actor, FULL, &note));
        while !begun.load(Ordering::SeqCst) {
            tokio::select! {
                biased;
                ended = &mut import => panic!("it ended at once: {ended:?}"),
                () = tokio::task::yield_now() => {}
            }
        }
    });
    let refused = fixture.discard().unwrap_err().to_string();
    assert!(refused.contains("has begun to take effect and cannot be given up"), "{refused}");
    let report = executor.block_on(fixture.import_changes());
    assert_eq!((report.resumed, report.run.counts.created), (true, 4_100));
}
