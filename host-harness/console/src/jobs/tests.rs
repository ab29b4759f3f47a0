use super::*;
use provisioning_directory::{Actor, Directory};

fn tenant() -> (tempfile::TempDir, Jobs, TenantRecord) {
    let folder = tempfile::tempdir().unwrap();
    let directory = Directory::open(folder.path()).unwrap();
    let tenant = directory
        .write(&Actor::new("test"), |change| {
            change.add_tenant("acme", &provisioning_directory::config::TenantConfig::default())
        })
        .unwrap();
    (folder, Jobs::of(&directory), tenant)
}

#[tokio::test]
async fn a_tenant_has_one_job_at_a_time_and_its_end_is_remembered() {
    let (_folder, jobs, tenant) = tenant();
    let (go, gone) = oneshot::channel::<()>();
    let first = jobs.start(&tenant, "import", "The import", "ada", |reporter| async move {
        reporter.report("Users read", 5, Some(10));
        gone.await.unwrap();
        Ok(JobReport::short(true, "10 users"))
    });
    let mut first = first.unwrap();
    first.wait_for(|status| status.progress.done == 5).await.unwrap();
    let refused =
        jobs.start(&tenant, "push", "The push", "ada", |_| async { Ok(JobReport::short(true, "")) }).unwrap_err();
    assert_eq!(refused.kind, "busy");
    assert!(refused.what.starts_with("The import of acme is running since "), "{}", refused.what);
    assert!(jobs.is_running(tenant.id).unwrap());
    go.send(()).unwrap();
    wait(first, Duration::from_secs(60)).await;
    let status = jobs.last(tenant.id, Some("import")).unwrap().unwrap();
    assert_eq!(status.ended.unwrap().result.unwrap().summary, "10 users");
    assert!(!jobs.is_running(tenant.id).unwrap());
}

#[tokio::test]
async fn a_job_that_fails_or_panics_says_so() {
    let (_folder, jobs, tenant) = tenant();
    for (kind, panics) in [("import", false), ("push", true)] {
        let job = jobs.start(&tenant, kind, "The job", "ada", |_| async move {
            assert!(!panics, "a panic that is meant");
            Err(Problem::refused("it will not do"))
        });
        wait(job.unwrap(), Duration::from_secs(60)).await;
        let ended = jobs.last(tenant.id, Some(kind)).unwrap().unwrap().ended.unwrap();
        assert_eq!(ended.result.unwrap_err().kind, if panics { "internal" } else { "invalid-value" });
    }
}

#[tokio::test]
async fn the_end_of_the_console_ends_a_job_that_would_go_on() {
    let (_folder, jobs, tenant) = tenant();
    let job = jobs.start(&tenant, "import", "The import", "ada", |_| async {
        std::future::pending::<()>().await;
        Ok(JobReport::short(true, ""))
    });
    assert_eq!(jobs.scheduler.shutdown(Duration::ZERO).await.cut_short, 1);
    wait(job.unwrap(), Duration::from_secs(60)).await;
    assert_eq!(
        jobs.last(tenant.id, Some("import")).unwrap().unwrap().ended.unwrap().result.unwrap_err().kind,
        "stopped"
    );
}

#[tokio::test]
async fn a_job_is_asked_to_end_when_the_console_does() {
    let (_folder, jobs, tenant) = tenant();
    let job = jobs.start(&tenant, "push", "The push", "ada", |reporter| async move {
        reporter.wind_down().begun().await;
        Ok(JobReport::short(true, "2 of 5"))
    });
    assert_eq!(jobs.shutdown().await.cut_short, 0);
    let mut job = job.unwrap();
    let ended = job.wait_for(|status| status.ended.is_some()).await.unwrap().ended.clone();
    assert_eq!(ended.unwrap().result.unwrap().summary, "2 of 5");
}

#[tokio::test]
async fn another_console_shows_how_far_a_job_is_and_what_came_of_it() {
    let (_folder, jobs, tenant) = tenant();
    let elsewhere = Jobs::of(&jobs.directory);
    let (go, gone) = oneshot::channel::<()>();
    let job = jobs.start(&tenant, "push", "The push", "ada", |reporter| async move {
        reporter.report("Tasks tried", 5, Some(10));
        gone.await.unwrap();
        Err(Problem::refused("it will not do"))
    });
    let told = elsewhere.last(tenant.id, None).unwrap().unwrap();
    assert_eq!((told.title.as_str(), told.actor.as_str(), told.ended.is_none()), ("The push", "ada", true));
    assert!(elsewhere.is_running(tenant.id).unwrap() && elsewhere.running_here(tenant.id).is_none());
    go.send(()).unwrap();
    wait(job.unwrap(), Duration::from_secs(60)).await;
    let told = elsewhere.last(tenant.id, Some("push")).unwrap().unwrap();
    let problem = told.ended.unwrap().result.unwrap_err();
    assert_eq!(
        (problem.kind.as_str(), problem.status.as_u16(), problem.what.as_str()),
        ("invalid-value", 400, "it will not do")
    );
    assert!(!elsewhere.is_running(tenant.id).unwrap());
    assert!(elsewhere.last(tenant.id, Some("import")).unwrap().is_none());
}
