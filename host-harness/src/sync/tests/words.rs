//! The application's own words, on their way to the admin.

use super::*;
use crate::runtime::wit;

fn said() -> wit::Upstream {
    wit::Upstream {
        status: 400,
        code: "FIELD_CUSTOM_VALIDATION_EXCEPTION".to_owned(),
        message: "Telefonnummern beginnen mit +.".to_owned(),
        fields: vec!["Phone".to_owned()],
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
    assert_eq!((failure.kind.as_str(), failure.upstream), ("permission-denied", Some(Upstream::from(&said()))));
}
