use super::*;

impl Fixture {
    /// What was asked today: function, requests, failures.
    fn usage(&self) -> Vec<(String, u64, u64)> {
        let (tenant, today) = (self.tenant(), Day::of(Timestamp::now()));
        let usage = self.directory.read(|view| view.usage(tenant.id, today.before(1))).unwrap();
        usage.into_iter().map(|one| (one.operation, one.times.count(), one.failures)).collect()
    }

    fn asked(&self, operation: &str) -> (u64, u64) {
        let found = self.usage().into_iter().find(|(name, ..)| name == operation);
        found.map_or((0, 0), |(_, calls, failures)| (calls, failures))
    }
}

#[tokio::test]
async fn imports_and_pushes_keep_what_they_asked() {
    let fixture = Fixture::new("[to-idp]\npage-size = 2");
    for n in 0..5 {
        fixture.application.world().user(&format!("U{n}"), &format!("u{n}@x.example"), &[("familyName", "King")]);
    }
    fixture.import().await;
    assert_eq!(fixture.asked("import-users"), (3, 0));
    assert_eq!(fixture.asked("list-attributes"), (1, 0));
    fixture.add("E1", &[("familyName", "Hopper")]);
    fixture.assign("E1");
    fixture.push().await;
    assert_eq!(fixture.asked("push-users"), (1, 0));
    let tenant = fixture.tenant();
    let allowance = fixture.directory.read(|view| view.allowance(tenant.id)).unwrap().unwrap();
    let asked: u64 = fixture.usage().iter().map(|(_, calls, _)| calls).sum();
    assert_eq!((allowance.used, allowance.limit), (asked, 15_000));
}

#[tokio::test]
async fn what_a_failed_job_and_a_dry_run_asked_counts_too() {
    let fixture = Fixture::new("");
    let refused = JobError::from(refusal(ErrorKind::InvalidCredentials, Retry::AfterRemedy));
    fixture.application.world().faults.push_back(Some(refused));
    assert!(fixture.import_with(ImportOptions::default()).await.is_err());
    assert_eq!(fixture.asked("list-attributes"), (1, 1));
    let dry = ImportOptions { dry_run: true, ..ImportOptions::default() };
    fixture.import_with(dry).await.unwrap();
    assert_eq!(fixture.asked("import-users"), (1, 0));
    let tenant = fixture.tenant();
    assert!(fixture.directory.read(|view| view.imports(tenant.id, 1)).unwrap().is_empty());
}
