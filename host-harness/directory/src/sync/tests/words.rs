//! The application's own words, on their way to the admin.

use super::*;
use provisioning_runtime::wit;

fn said() -> wit::Upstream {
    wit::Upstream {
        status: 400,
        code: "FIELD_CUSTOM_VALIDATION_EXCEPTION".to_owned(),
        message: "Telefonnummern beginnen mit +.".to_owned(),
        fields: vec!["Phone".to_owned()],
        request_id: Some("9f86d081".to_owned()),
    }
}

#[tokio::test]
async fn what_the_application_said_of_a_record_stays_with_the_task_and_the_audit_row() {
    let fixture = Fixture::new("");
    fixture.add("E1", &[("familyName", "King")]);
    fixture.assign("E1");
    let refused = wit::Error { upstream: Some(said()), ..refusal(ErrorKind::RejectedByRule, Retry::AfterRemedy) };
    fixture.application.world().refused.insert("E1".to_owned(), refused);
    let report = fixture.push().await;
    let kept = Some(Upstream::from(&said()));
    assert_eq!(report.entries[0].result.as_ref().unwrap_err().upstream, kept);
    let task = fixture.tasks().remove(0);
    assert_eq!((task.cause.as_deref(), &task.upstream), (Some("it was refused"), &kept));
    let json = serde_json::to_value(&task).unwrap();
    assert_eq!(json["upstream"]["message"], "Telefonnummern beginnen mit +.");
    assert_eq!(json["upstream"]["fields"], serde_json::json!(["Phone"]));
    assert_eq!(json["upstream"]["request_id"], "9f86d081");
    let row = fixture.directory.read(|view| view.audit(&AuditFilter::default())).unwrap().remove(0);
    assert_eq!((row.action.as_str(), &row.upstream), ("user.push", &kept));
    // The words go with what they speak of.
    fixture.application.world().refused.clear();
    fixture.write(|change| change.retry_task(&task)).unwrap();
    fixture.push().await;
    let done = fixture.directory.read(|view| view.task(task.id)).unwrap();
    assert_eq!((done.state, done.upstream), (TaskState::Done, None));
    let row = fixture.directory.read(|view| view.audit(&AuditFilter::default())).unwrap().remove(0);
    assert_eq!((row.result.as_str(), row.upstream), ("created", None));
}

#[tokio::test]
async fn what_the_application_said_of_the_whole_job_stays_with_the_tenant() {
    let fixture = Fixture::new("");
    fixture.add("E1", &[("familyName", "King")]);
    fixture.assign("E1");
    let refused = wit::Error { upstream: Some(said()), ..refusal(ErrorKind::PermissionDenied, Retry::AfterRemedy) };
    fixture.application.world().faults.push_back(Some(JobError::from(refused)));
    push(&fixture.directory, &fixture.application, &fixture.tenant(), &fixture.actor, &|_| {}).await.unwrap_err();
    let failure = fixture.tenant().last_failure.unwrap();
    assert_eq!((failure.kind, failure.upstream), (FailureKind::PermissionDenied, Some(Upstream::from(&said()))));
}

#[tokio::test]
async fn what_the_application_refuses_is_not_taken_for_what_the_connector_cannot() {
    let fixture = Fixture::new("");
    fixture.add("E1", &[("familyName", "King")]);
    fixture.assign("E1");
    for (calls_before, kind) in [
        (0, ErrorKind::Unsupported),
        (1, ErrorKind::Unsupported),
        (1, ErrorKind::NotFound),
        (1, ErrorKind::InvalidValue),
    ] {
        let refused = wit::Error { upstream: Some(said()), ..refusal(kind, Retry::AfterRemedy) };
        let faults = std::iter::repeat_n(None, calls_before).chain([Some(JobError::from(refused))]);
        fixture.application.world().faults.extend(faults);
        push(&fixture.directory, &fixture.application, &fixture.tenant(), &fixture.actor, &|_| {}).await.unwrap_err();
        let task = fixture.tasks().remove(0);
        assert_eq!((task.state, task.attempts), (TaskState::Waiting, 0));
        assert_eq!(fixture.tenant().last_failure.unwrap().upstream, Some(Upstream::from(&said())));
    }
    // A connector that has no list of its own says so itself; what is assigned are ids then.
    let own = JobError::from(refusal(ErrorKind::Unsupported, Retry::Never));
    fixture.application.world().faults.extend([None, Some(own)]);
    assert_eq!(actions(&fixture.push().await), [("E1", Some(Action::Created))]);
}

#[tokio::test]
async fn a_plan_keeps_with_each_task_why_it_could_not_be_planned_and_counts_no_attempt() {
    let fixture = Fixture::new("[to-app]\napproval = true");
    for key in ["E1", "E2", "E3", "E4"] {
        fixture.add(key, &[("familyName", "King")]);
        fixture.assign(key);
    }
    let refused = wit::Error { upstream: Some(said()), ..refusal(ErrorKind::LicenseExhausted, Retry::AfterRemedy) };
    for key in ["E2", "E3"] {
        fixture.application.world().refused.insert(key.to_owned(), refused.clone());
    }
    let tenant = fixture.tenant();
    let plan = || plan(&fixture.directory, &fixture.application, &tenant, &fixture.actor);
    let apply = || apply(&fixture.directory, &fixture.application, &tenant, &fixture.actor, None);
    let waiting = "2 wait (license-exhausted), such as: it was refused";
    let planned = plan().await.unwrap().report;
    assert_eq!((planned.waiting, planned.failed, planned.open()), (4, 0, vec![waiting.to_owned()]));
    let words: Vec<&str> = planned.entries.iter().map(|entry| planned.word(entry)).collect();
    assert_eq!(words, ["created", "cannot be planned", "cannot be planned", "created"]);
    let task = |key: &str| fixture.tasks().into_iter().find(|task| task.person.as_deref() == Some(key)).unwrap();
    let kept = task("E2");
    assert_eq!(
        (kept.state, kept.attempts, kept.error_kind),
        (TaskState::Waiting, 0, Some(FailureKind::LicenseExhausted))
    );
    assert_eq!((kept.cause.as_deref(), kept.remedy.as_deref()), (Some("it was refused"), Some("Mend it")));
    assert_eq!(kept.upstream, Some(Upstream::from(&said())));
    assert_eq!(task("E1").cause, None);

    // One is asked for anew before the plan is written.
    fixture.set("E4", "familyName", Some("Other")).unwrap();
    let (_, applied) = apply().await.unwrap();
    let words: Vec<_> = applied.entries.iter().map(|entry| (entry.person.as_str(), applied.word(entry))).collect();
    assert_eq!(words, [("E2", "needs another plan"), ("E3", "needs another plan"), ("E1", "created")]);
    assert_eq!((applied.waiting, applied.failed), (3, 0));
    let left = "1 waits (not-in-plan): it was asked for after plan 1 had been made, which says nothing of it";
    assert_eq!(applied.open(), [waiting, left]);
    assert_eq!(task("E4").remedy.unwrap(), "Make another plan with `plan acme`, and write it with `apply acme`");
    assert_eq!((task("E2").attempts, task("E4").attempts), (0, 0));

    // What is cured is planned, and its cause goes.
    fixture.application.world().refused.clear();
    assert_eq!(plan().await.unwrap().report.open(), Vec::<String>::new());
    assert_eq!((task("E2").cause, task("E2").upstream, task("E4").remedy), (None, None, None));
    let (_, applied) = apply().await.unwrap();
    assert!(applied.entries.iter().all(|entry| entry.result.is_ok()) && applied.waiting == 0);
}

#[tokio::test]
async fn tasks_that_a_feature_keeps_back_say_so() {
    let fixture = Fixture::new("");
    fixture.add("E1", &[("familyName", "King")]);
    fixture.assign("E1");
    fixture.edit(|config| config.to_app.push_new_users = false);
    let report = fixture.push().await;
    let task = fixture.tasks().remove(0);
    assert_eq!((task.state, task.attempts, task.error_kind), (TaskState::Waiting, 0, Some(FailureKind::FeatureOff)));
    assert!(task.cause.unwrap().contains("`tenant edit acme --set to-app.push-new-users=true`"));
    assert!(report.open()[0].starts_with("1 waits (feature-off): Push New Users is off"), "{:?}", report.open());
    fixture.edit(|config| config.to_app.push_new_users = true);
    assert_eq!(actions(&fixture.push().await), [("E1", Some(Action::Created))]);
}
