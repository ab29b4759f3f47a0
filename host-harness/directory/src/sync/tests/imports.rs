use super::*;
use crate::sync::import::settle_some;
use provisioning_runtime::SandboxFault;

#[tokio::test]
async fn users_become_people_once_and_a_second_import_changes_nothing() {
    let fixture = Fixture::new("[to-idp]\npage-size = 7");
    fixture.seed(30);
    let report = fixture.import().await;
    assert_eq!((report.run.counts.created, report.run.pages, report.run.phase), (30, 5, ImportPhase::Done));
    let before = fixture.directory.read(|view| view.newest_audit()).unwrap();
    let again = fixture.import().await;
    assert_eq!(again.run.counts, ImportCounts::default());
    assert_eq!(fixture.directory.read(|view| view.count_people()).unwrap(), 30);
    assert_eq!(fixture.directory.read(|view| view.newest_audit()).unwrap(), before);
}

#[test]
fn others_write_between_two_pieces_of_an_import_that_settles() {
    use std::sync::atomic::{AtomicUsize, Ordering};

    let fixture = Fixture::new("");
    fixture.seed(4_000);
    let pieces = AtomicUsize::new(0);
    let count = |progress: ImportProgress| {
        if progress.phase == ImportPhase::Settling {
            pieces.fetch_add(1, Ordering::SeqCst);
        }
    };
    // On one thread another gets its turn where the import lets it.
    let executor = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let found_between = executor.block_on(async {
        let (tenant, options) = (fixture.tenant(), ImportOptions::default());
        let import = import(&fixture.directory, &fixture.application, &tenant, &fixture.actor, options, &count);
        let mut import = std::pin::pin!(import);
        let mut between = std::collections::BTreeSet::new();
        loop {
            tokio::select! {
                biased;
                imported = &mut import => {
                    assert_eq!(imported.unwrap().run.counts.created, 4_000);
                    break between.len();
                }
                () = tokio::task::yield_now() => {
                    fixture.write(|change| change.forget_watermark(TenantId::default())).unwrap();
                    between.insert(pieces.load(Ordering::SeqCst));
                }
            }
        }
    });
    let pieces = pieces.into_inner();
    assert!(pieces >= 3, "{pieces}");
    assert!(3 * found_between >= pieces, "another writer came in between {found_between} times in {pieces} pieces");
}

#[tokio::test]
async fn a_piece_of_an_import_that_settles_ends_when_it_has_had_its_turn() {
    let fixture = Fixture::imported("", 3, "2026-02-01").await;
    let tenant = fixture.tenant();
    let settled = fixture.write(|change| {
        change.unsettle_linked(tenant.id, "")?;
        let mut run = change.imports(tenant.id, 1)?.remove(0);
        while !change.has_had_its_turn() {
            std::hint::spin_loop();
        }
        settle_some(change, &tenant, &mut run)
    });
    assert_eq!(settled.unwrap(), 1);
}

#[tokio::test]
async fn an_import_that_is_cut_off_goes_on_from_its_last_page() {
    let fixture = Fixture::new("[to-idp]\npage-size = 10");
    fixture.seed(50);
    // The attributes, two pages, and then the network is gone.
    let gone = JobError::from(refusal(ErrorKind::Unreachable, Retry::Never));
    fixture.application.world().faults = [None, None, None, Some(gone)].into();
    let options = ImportOptions { full: true, ..ImportOptions::default() };
    assert!(fixture.import_with(options).await.is_err());
    assert_eq!(
        fixture.directory.read(|view| view.count_people()).unwrap(),
        0,
        "nothing takes effect before the last page"
    );
    fixture.application.world().calls.clear();
    let report = fixture.import_with(ImportOptions::default()).await.unwrap();
    assert!(report.resumed);
    assert_eq!((report.run.pages, report.run.users, report.run.counts.created), (5, 50, 50));
    assert_eq!(fixture.application.count("import-users"), 3, "the first two pages are not read again");
}

#[tokio::test]
async fn a_passing_error_and_a_stopped_sandbox_are_ridden_out() {
    let fixture = Fixture::new("[to-idp]\npage-size = 16");
    fixture.seed(40);
    let passing = JobError::from(refusal(ErrorKind::Transient, Retry::AtOnce));
    fixture.application.world().faults = [None, Some(passing), None, Some(stopped())].into();
    let report = fixture.import().await;
    assert_eq!(report.run.counts.created, 40);
    assert!(report.run.pages > 3, "the page that ended the sandbox was asked for in smaller ones");
}

#[tokio::test]
async fn a_page_that_contradicts_itself_is_not_asked_for_again() {
    let fixture = Fixture::new("");
    fixture.seed(4);
    let fault = SandboxFault::Contradiction("a page names the attribute `email` twice".to_owned());
    let wrong = JobError::Stopped { tenant: "acme".to_owned(), call: "import-users", fault };
    fixture.application.world().faults = [None, Some(wrong)].into();
    let error = fixture.import_with(ImportOptions::default()).await.unwrap_err();
    assert!(error.to_string().contains("names the attribute `email` twice"), "{error}");
    assert_eq!(fixture.application.count("import-users"), 1);
}

#[tokio::test]
async fn a_cursor_that_is_of_no_use_any_more_starts_the_import_again() {
    let fixture = Fixture::new("[to-idp]\npage-size = 10");
    fixture.seed(25);
    let gone = JobError::from(refusal(ErrorKind::Unreachable, Retry::Never));
    fixture.application.world().faults = [None, None, Some(gone)].into();
    assert!(fixture.import_with(ImportOptions { full: true, ..ImportOptions::default() }).await.is_err());
    fixture.application.world().stale_cursor = true;
    fixture.edit(|config| config.to_idp.page_size = 100);
    let report = fixture.import_with(ImportOptions::default()).await.unwrap();
    assert_eq!((report.run.users, report.run.counts.created), (25, 25));
    let tenant = fixture.tenant();
    let runs = fixture.directory.read(|view| view.imports(tenant.id, 10)).unwrap();
    assert_eq!(runs.iter().map(|run| run.phase).collect::<Vec<_>>(), [ImportPhase::Done, ImportPhase::Discarded]);
}

#[tokio::test]
async fn a_dry_run_changes_nothing_and_says_what_would() {
    let fixture = Fixture::new("[to-idp]\npage-size = 7\n[to-idp.mastering]\nprofile = true\nlifecycle = true");
    fixture.seed(20);
    fixture.application.world().watermark = Some("w1".to_owned());
    fixture.import().await;
    {
        let mut world = fixture.application.world();
        world.users.remove("U0003");
        world.user("U0099", "new@x.example", &[("familyName", "New")]);
        world.watermark = Some("w2".to_owned());
    }
    fixture.remote("U0001", |user| user.status = Status::Inactive);
    let dump = || {
        let tenant = fixture.tenant();
        fixture
            .directory
            .read(|view| -> Result<String, DirectoryError> {
                let people = view.people(&PersonFilter::default())?;
                let runs = view.imports(tenant.id, 100)?;
                let audit = view.audit(&AuditFilter::default())?;
                Ok(format!("{tenant:?} {people:?} {runs:?} {audit:?} {:?}", view.count_remote_users(tenant.id)?))
            })
            .unwrap()
    };
    let before = dump();
    let options = ImportOptions { full: true, dry_run: true, accept: false };
    let report = fixture.import_with(options).await.unwrap();
    let counts = report.run.counts;
    assert_eq!((counts.created, counts.vanished, counts.deactivated), (1, 1, 1));
    assert!(report.dry_run);
    assert_eq!(dump(), before);
    assert_eq!(fixture.tenant().watermark.as_deref(), Some("w1"));
    let real = fixture.import().await;
    assert_eq!(real.run.counts, counts, "the rehearsal told the truth");
    assert_eq!(fixture.tenant().watermark.as_deref(), Some("w2"));
}

#[tokio::test]
async fn an_increment_reads_changes_alone_and_moves_the_watermark() {
    let fixture = Fixture::new("[to-idp.mastering]\nprofile = true");
    fixture.seed(10);
    fixture.application.world().watermark = Some("2026-02-01".to_owned());
    fixture.import().await;
    fixture.application.world().watermark = Some("2026-03-01".to_owned());
    fixture.remote("U0004", |user| {
        user.modified = "2026-02-15".to_owned();
        user.attributes.retain(|name, _| name != "givenName");
    });
    let report = fixture.import_with(ImportOptions::default()).await.unwrap();
    assert_eq!((report.run.scope, report.run.users, report.run.counts.updated), (ImportScopeKind::Increment, 1, 1));
    assert!(!fixture.person("acme:U0004").attributes.contains_key("givenName"));
    assert_eq!(fixture.tenant().watermark.as_deref(), Some("2026-03-01"));
    assert_eq!(fixture.directory.read(|view| view.count_people()).unwrap(), 10, "an increment makes nobody vanish");
}

#[tokio::test]
async fn the_safeguard_halts_before_anything_takes_effect() {
    let fixture = Fixture::new("[to-idp.safeguard]\npercent = 20\nalways = 0\n[to-idp.mastering]\nlifecycle = true");
    fixture.seed(20);
    fixture.import().await;
    {
        let mut world = fixture.application.world();
        for n in 0..3 {
            world.users.remove(&format!("U{n:04}"));
        }
    }
    for n in 3..5 {
        fixture.remote(&format!("U{n:04}"), |user| user.status = Status::Inactive);
    }
    let report = fixture.import().await;
    assert_eq!(report.run.phase, ImportPhase::Halted);
    assert!(report.run.reason.unwrap().contains("of 20 linked users 3 would vanish and 2 be deactivated"));
    assert!(fixture.link("acme:U0000").is_some());
    assert_eq!(fixture.person("acme:U0004").status, PersonStatus::Active);
    let tasks = fixture.tasks();
    assert_eq!((tasks.len(), tasks[0].kind, tasks[0].state), (1, TaskKind::Import, TaskState::Failed));
    let again = fixture.import_with(ImportOptions::default()).await.unwrap_err();
    assert!(matches!(again, SyncError::Halted { .. }), "{again}");
    let accepted = fixture.import_with(ImportOptions { accept: true, ..ImportOptions::default() }).await.unwrap();
    assert_eq!((accepted.run.counts.vanished, accepted.run.counts.deactivated), (3, 2));
    assert_eq!(fixture.person("acme:U0004").status, PersonStatus::Deactivated);
    assert_eq!(fixture.person("acme:U0000").status, PersonStatus::Suspended);
    assert!(fixture.tasks().is_empty());
}

#[tokio::test]
async fn what_the_safeguard_halted_can_be_given_up_and_imported_anew() {
    let fixture = Fixture::new("[to-idp.safeguard]\npercent = 10\nalways = 0");
    fixture.seed(10);
    fixture.import().await;
    let users = std::mem::take(&mut fixture.application.world().users);
    assert_eq!(fixture.import().await.run.phase, ImportPhase::Halted);
    discard(&fixture.directory, &fixture.tenant(), &fixture.actor).unwrap();
    assert!(fixture.tasks().is_empty());
    fixture.application.world().users = users;
    let report = fixture.import().await;
    assert_eq!((report.run.phase, report.run.counts), (ImportPhase::Done, ImportCounts::default()));
    assert!(fixture.link("acme:U0000").is_some());
}

#[tokio::test]
async fn one_vanished_user_of_a_small_tenant_does_not_halt() {
    let fixture = Fixture::new("");
    fixture.seed(3);
    fixture.import().await;
    fixture.application.world().users.remove("U0000");
    assert_eq!(fixture.import().await.run.counts.vanished, 1);
}

#[tokio::test]
async fn users_that_are_unclear_wait_and_are_decided() {
    let fixture = Fixture::new("[to-idp.matching]\nauto-create = false");
    fixture.add("E1", &[("email", "shared@x.example")]);
    fixture.add("E2", &[("email", "shared@x.example")]);
    fixture.add("E3", &[("givenName", "Grace"), ("familyName", "Hopper")]);
    fixture.add("E4", &[("email", "own@x.example")]);
    {
        let mut world = fixture.application.world();
        world.user("U1", "a@app.example", &[("email", "Shared@X.example")]);
        world.user("U2", "b@app.example", &[("givenName", "GRACE"), ("familyName", "hopper")]);
        world.user("U3", "c@app.example", &[("email", "nobody@x.example")]);
        world.user("U4", "d@app.example", &[("email", "own@x.example")]);
    }
    let report = fixture.import().await;
    assert_eq!((report.run.counts.linked, report.run.counts.queued, report.run.counts.created), (1, 3, 0));
    assert_eq!(fixture.link("E4").as_deref(), Some("U4"));
    let reasons: Vec<_> = fixture.queue().iter().map(|one| (one.user.remote_id.clone(), one.reason)).collect();
    let expected = [("U1", QueueReason::Ambiguous), ("U2", QueueReason::Similar), ("U3", QueueReason::Nobody)];
    assert_eq!(reasons, expected.map(|(id, reason)| (id.to_owned(), reason)));
    assert_eq!(fixture.queue()[0].candidates.len(), 2);
    let tenant = fixture.tenant();
    let decide = |id: &str, decision: Decision| fixture.write(|change| confirm(change, &tenant, id, &decision));
    decide("U1", Decision::Person("E2".to_owned())).unwrap();
    decide("U2", Decision::Ignore).unwrap();
    decide("U3", Decision::New).unwrap();
    assert_eq!(fixture.link("E2").as_deref(), Some("U1"));
    assert_eq!(fixture.person("acme:U3").username, "c@app.example");
    assert!(decide("U1", Decision::New).unwrap_err().to_string().contains("does not wait"));
    fixture.remote("U2", |user| user.status = Status::Frozen);
    fixture.import().await;
    assert!(fixture.queue().is_empty(), "what is ignored stays so");
}

#[tokio::test]
async fn exact_matches_wait_where_the_tenant_wants_them_confirmed() {
    let fixture = Fixture::new("[to-idp.matching]\nauto-confirm = false");
    fixture.add("E1", &[]);
    fixture.application.world().user("U1", "E1@X.example", &[]);
    fixture.application.world().user("U2", "other@x.example", &[]);
    let report = fixture.import().await;
    assert_eq!((report.run.counts.queued, report.run.counts.created), (1, 1));
    assert_eq!(fixture.queue()[0].reason, QueueReason::Matched);
    let tenant = fixture.tenant();
    let decided = fixture.write(|change| confirm_all(change, &tenant, &QueueFilter::default(), false)).unwrap();
    assert_eq!((decided.linked, decided.made), (1, 0));
    assert_eq!(fixture.link("E1").as_deref(), Some("U1"));
}

#[tokio::test]
async fn confirming_many_ends_after_its_turn_and_goes_on_behind() {
    let fixture = Fixture::new("[to-idp.matching]\nauto-create = false");
    fixture.seed(3);
    fixture.import().await;
    let tenant = fixture.tenant();
    let mut filter = QueueFilter::default();
    let late = |change: &WriteTransaction<'_>, filter: &QueueFilter| {
        while !change.has_had_its_turn() {
            std::hint::spin_loop();
        }
        confirm_all(change, &tenant, filter, true)
    };
    for expected in [1, 1, 1, 0] {
        let piece = fixture.write(|change| late(change, &filter)).unwrap();
        assert_eq!((piece.looked, piece.made, piece.last.is_some()), (expected, expected, expected == 1));
        filter.after = piece.last;
    }
    assert!(fixture.queue().is_empty());
}

#[tokio::test]
async fn with_both_features_off_an_import_says_so_and_calls_nobody() {
    let fixture = Fixture::new("[to-idp]\nimport-new-users = false\nimport-profile-updates = false");
    let error = fixture.import_with(ImportOptions::default()).await.unwrap_err().to_string();
    assert!(error.contains("Import New Users is off") && error.contains("--set to-idp.import-profile-updates=true"));
    assert!(fixture.application.world().calls.is_empty());
}

#[tokio::test]
async fn users_nobody_stands_for_are_left_out_until_the_feature_is_on() {
    let fixture = Fixture::new("[to-idp]\nimport-new-users = false");
    fixture.add("E1", &[]);
    fixture.application.world().user("U1", "e1@x.example", &[]);
    fixture.application.world().user("U2", "u2@x.example", &[]);
    let report = fixture.import().await;
    assert_eq!((report.run.counts.linked, report.run.counts.skipped), (1, 1));
    assert_eq!(fixture.directory.read(|view| view.count_people()).unwrap(), 1);
    fixture.edit(|config| config.to_idp.import_new_users = true);
    assert_eq!(fixture.import().await.run.counts.created, 1);
}

#[tokio::test]
async fn an_inactive_user_becomes_a_person_once_it_is_active() {
    let fixture = Fixture::new("");
    fixture.application.world().user("U1", "u1@x.example", &[]);
    fixture.remote("U1", |user| user.status = Status::Inactive);
    assert_eq!(fixture.import().await.run.counts.skipped, 1);
    fixture.remote("U1", |user| user.status = Status::Active);
    assert_eq!(fixture.import().await.run.counts.created, 1);
}

#[tokio::test]
async fn a_vanished_user_of_somebody_assigned_asks_an_admin() {
    let fixture = Fixture::new("");
    fixture.add("E1", &[("familyName", "King")]);
    fixture.assign("E1");
    fixture.push().await;
    let id = fixture.link("E1").unwrap();
    fixture.import().await;
    fixture.application.world().users.clear();
    assert_eq!(fixture.import().await.run.counts.vanished, 1);
    assert_eq!(fixture.link("E1"), None);
    assert!(fixture.push().await.entries.is_empty(), "nobody makes it again by themselves");
    let tasks = fixture.tasks();
    assert_eq!((tasks[0].kind, tasks[0].state), (TaskKind::Vanished, TaskState::Failed));
    assert!(tasks[0].cause.as_ref().unwrap().contains(&id));
    fixture.write(|change| change.retry_task(&tasks[0])).unwrap();
    assert_eq!(actions(&fixture.push().await), [("E1", Some(Action::Created))]);
}

#[tokio::test]
async fn a_connector_that_goes_in_circles_is_stopped() {
    let fixture = Fixture::new("[to-idp]\npage-size = 1");
    fixture.seed(3);
    fixture.application.world().circle = true;
    let options = ImportOptions { full: true, ..ImportOptions::default() };
    let error = fixture.import_with(options).await.unwrap_err();
    assert!(matches!(error, SyncError::Misbehaved { .. }), "{error}");
}

#[tokio::test]
async fn a_suffix_that_the_mapping_adds_is_taken_off_again() {
    let fixture = Fixture::new("[mapping]\nusername = { template = \"{username}.acme\" }");
    fixture.add("E1", &[("familyName", "King")]);
    fixture.application.world().user("U1", "e1@x.example.acme", &[]);
    fixture.application.world().user("U2", "new@x.example.acme", &[]);
    let counts = fixture.import().await.run.counts;
    assert_eq!((counts.linked, counts.created), (1, 1));
    assert_eq!(fixture.link("E1").as_deref(), Some("U1"));
    assert_eq!(fixture.person("acme:U2").username, "new@x.example");
    fixture.assign("acme:U2");
    fixture.push().await;
    assert_eq!(fixture.application.world().users["U2"].username, "new@x.example.acme");
    assert_eq!(fixture.application.world().users.len(), 2);
}

#[tokio::test]
async fn cut_off_at_any_call_and_resumed_an_import_ends_the_same() {
    let state = |fixture: &Fixture| {
        fixture
            .directory
            .read(|view| -> Result<Vec<String>, DirectoryError> {
                let tenant = view.tenant("acme")?;
                let people = view.people(&PersonFilter::default())?.into_iter().map(|person| {
                    let link = view.link(tenant.id, person.id)?.map(|link| link.remote_id);
                    Ok(format!("{} {} {:?} {link:?}", person.key, person.username, person.attributes))
                });
                people.collect()
            })
            .unwrap()
    };
    let settings = "[to-idp]\npage-size = 9";
    let undisturbed = Fixture::new(settings);
    undisturbed.seed(40);
    undisturbed.import().await;
    let calls = undisturbed.application.world().calls.iter().filter(|call| **call != "connect").count();
    for at in 0..calls {
        let fixture = Fixture::new(settings);
        fixture.seed(40);
        let gone = JobError::from(refusal(ErrorKind::Unreachable, Retry::Never));
        fixture.application.world().faults = std::iter::repeat_n(None, at).chain([Some(gone)]).collect();
        let options = ImportOptions { full: true, ..ImportOptions::default() };
        assert!(fixture.import_with(options).await.is_err(), "{at}");
        let report = fixture.import_with(ImportOptions::default()).await.unwrap();
        assert_eq!(report.run.counts.created, 40, "{at}");
        assert_eq!(state(&fixture), state(&undisturbed), "{at}");
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { cases: 24, ..proptest::prelude::ProptestConfig::default() })]

    #[test]
    fn the_safeguard_halts_exactly_above_its_share_and_lets_nothing_through(
        users in 1u32..20, gone in 0u32..8, inactive in 0u32..8, percent in 0u8..=100, always in 0u32..4,
    ) {
        let executor = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        executor.block_on(async {
            let fixture = Fixture::new(&format!(
                "[to-idp.safeguard]\npercent = {percent}\nalways = {always}\n[to-idp.mastering]\nlifecycle = true"
            ));
            fixture.seed(users);
            fixture.import().await;
            let gone = gone.min(users);
            let inactive = inactive.min(users - gone);
            for n in 0..gone {
                fixture.application.world().users.remove(&format!("U{n:04}"));
            }
            for n in gone..gone + inactive {
                fixture.remote(&format!("U{n:04}"), |user| user.status = Status::Inactive);
            }
            let taken = gone + inactive;
            let halts = taken > always && taken * 100 > users * u32::from(percent);
            let before = fixture.directory.read(|view| view.people(&PersonFilter::default())).unwrap();
            let report = fixture.import().await;
            assert_eq!(report.run.phase == ImportPhase::Halted, halts);
            let after = fixture.directory.read(|view| view.people(&PersonFilter::default())).unwrap();
            let tenant = fixture.tenant();
            let links = fixture.directory.read(|view| view.count_links(tenant.id)).unwrap();
            if halts {
                assert_eq!((after, links), (before, u64::from(users)));
            } else {
                let active = after.iter().filter(|person| person.status == PersonStatus::Active).count();
                assert_eq!((active, links), ((users - taken) as usize, u64::from(users - gone)));
            }
        });
    }
}
