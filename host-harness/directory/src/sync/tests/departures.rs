//! Users that an increment says have left.

use super::*;

const LIFECYCLE: &str = "[to-idp.mastering]\nlifecycle = true";

impl Fixture {
    /// Has the next increments say that these have left, and read no longer.
    fn departs(&self, ids: &[&str]) {
        let mut world = self.application.world();
        world.departed = ids.iter().map(|id| (*id).to_owned()).collect();
        world.users.retain(|id, _| !ids.contains(&id.as_str()));
    }

    fn count_remote_users(&self) -> u64 {
        let tenant = self.tenant();
        self.directory.read(|view| view.count_remote_users(tenant.id)).unwrap()
    }
}

#[tokio::test]
async fn whoever_an_increment_says_has_left_is_gone() {
    let fixture = Fixture::imported(LIFECYCLE, 3, "2026-02-01").await;
    fixture.departs(&["U0001", "nobody-we-know"]);
    let report = fixture.import_changes().await;
    assert_eq!((report.run.scope, report.run.users), (ImportScopeKind::Increment, 0));
    assert_eq!(report.run.counts, ImportCounts { vanished: 1, updated: 1, ..ImportCounts::default() });
    assert_eq!(fixture.link("acme:U0001"), None);
    assert_eq!(fixture.person("acme:U0001").status, PersonStatus::Suspended);
    assert_eq!((fixture.link("acme:U0000"), fixture.count_remote_users()), (Some("U0000".to_owned()), 2));
    assert_eq!(fixture.import_changes().await.run.counts, ImportCounts::default(), "it has left once");
}

#[tokio::test]
async fn of_two_tenants_with_the_same_ids_only_its_own_user_has_left() {
    let fixture = Fixture::imported("", 1, "2026-02-01").await;
    fixture.add_tenant("other", "");
    let other = fixture.directory.read(|view| view.tenant("other")).unwrap();
    let options = ImportOptions::default();
    import(&fixture.directory, &fixture.application, &other, &fixture.actor, options, &|_| {}).await.unwrap();
    fixture.departs(&["U0000"]);
    assert_eq!(fixture.import_changes().await.run.counts.vanished, 1);
    assert_eq!(fixture.directory.read(|view| view.count_remote_users(other.id)).unwrap(), 1);
    assert_eq!(fixture.directory.read(|view| view.count_links(other.id)).unwrap(), 1);
}

#[tokio::test]
async fn whoever_comes_back_after_leaving_is_read_as_anybody_else() {
    let fixture = Fixture::imported("", 2, "2026-02-01").await;
    fixture.departs(&["U0001"]);
    fixture.import_changes().await;
    fixture.application.world().departed.clear();
    fixture.seed(2);
    fixture.remote("U0001", |user| user.modified = "2026-02-15".to_owned());
    let report = fixture.import_changes().await;
    assert_eq!((report.run.counts.linked, fixture.count_remote_users()), (1, 2));
    assert_eq!(fixture.link("acme:U0001").as_deref(), Some("U0001"));
}

#[tokio::test]
async fn a_user_that_waited_to_be_confirmed_and_has_left_waits_no_longer() {
    let fixture = Fixture::imported("[to-idp.matching]\nauto-create = false", 2, "2026-02-01").await;
    assert_eq!(fixture.queue().len(), 2);
    fixture.departs(&["U0000"]);
    assert_eq!(fixture.import_changes().await.run.counts, ImportCounts::default(), "nobody was linked to it");
    assert_eq!(fixture.queue().iter().map(|one| one.user.remote_id.as_str()).collect::<Vec<_>>(), ["U0001"]);
}

#[tokio::test]
async fn the_safeguard_counts_whoever_an_increment_says_has_left() {
    let fixture = Fixture::imported("[to-idp.safeguard]\npercent = 20\nalways = 0", 10, "2026-02-01").await;
    fixture.departs(&["U0000", "U0001", "U0002"]);
    let report = fixture.import_changes().await;
    assert_eq!(report.run.phase, ImportPhase::Halted);
    assert!(report.run.reason.unwrap().starts_with("of 10 linked users 3 would vanish and 0 be deactivated"));
    assert!(fixture.link("acme:U0000").is_some());
    let accept = ImportOptions { accept: true, ..ImportOptions::default() };
    assert_eq!(fixture.import_with(accept).await.unwrap().run.counts.vanished, 3);
}

#[tokio::test]
async fn a_dry_run_tells_who_would_leave_and_lets_nobody_go() {
    let fixture = Fixture::imported("", 3, "2026-02-01").await;
    fixture.departs(&["U0002"]);
    let dry = ImportOptions { dry_run: true, ..ImportOptions::default() };
    assert_eq!(fixture.import_with(dry).await.unwrap().run.counts.vanished, 1);
    assert_eq!((fixture.link("acme:U0002"), fixture.count_remote_users()), (Some("U0002".to_owned()), 3));
}
