//! What changed in a span of time.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::client::{Answer, Org};

const DAY: i64 = 86_400;

async fn changes(org: &Org, what: &str, from: i64, until: i64) -> Answer {
    let at = |shift: i64| {
        let at = DateTime::from_timestamp(Utc::now().timestamp() + shift, 0).unwrap();
        at.format("%Y-%m-%dT%H:%M:%S%%2B00:00").to_string()
    };
    org.get(&format!("sobjects/{what}/?start={}&end={}", at(from), at(until))).await
}

fn ids(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|entry| entry.as_str().or(entry["id"].as_str()).unwrap()).collect()
}

#[tokio::test]
async fn changed_and_deleted_rows_are_listed() {
    let mut org = Org::start().await;
    let (kept, gone) = (org.contact("Kept").await, org.contact("Gone").await);
    assert_eq!(org.delete(&format!("sobjects/Contact/{gone}")).await.status, 204);
    let updated = changes(&org, "Contact/updated", -DAY, 3600).await;
    assert_eq!((updated.status, ids(&updated.body["ids"])), (200, vec![kept.as_str()]), "{}", updated.body);
    assert!(updated.body["latestDateCovered"].as_str().unwrap().ends_with(":00.000+0000"));
    let deleted = changes(&org, "Contact/deleted", -DAY, 3600).await;
    assert_eq!(ids(&deleted.body["deletedRecords"]), [gone.as_str()], "{}", deleted.body);
    assert!(deleted.body["deletedRecords"][0]["deletedDate"].is_string());
    assert!(deleted.body["earliestDateAvailable"].is_string() && deleted.body["latestDateCovered"].is_string());
    let before = changes(&org, "Contact/updated", -2 * DAY, -DAY).await;
    assert_eq!(before.body["ids"], json!([]));
    org.emulator.advance_clock(16 * DAY);
    org.sign_in().await;
    let late = changes(&org, "Contact/deleted", -DAY, 17 * DAY).await;
    assert_eq!(late.body["deletedRecords"], json!([]), "deletions are kept for 15 days (H)");
    assert_eq!(ids(&changes(&org, "Contact/updated", -DAY, 17 * DAY).await.body["ids"]), [kept.as_str()]);
}

#[tokio::test]
async fn memberships_that_end_by_themselves_are_listed_as_deleted() {
    let org = Org::start().await;
    let user = org.user("leaver", "Customer Community Plus User").await;
    let group = org.id("Group WHERE Type = 'Regular'");
    let member = json!({"GroupId": group, "UserOrGroupId": user});
    let member = org.post("sobjects/GroupMember", &member).await.body["id"].as_str().unwrap().to_owned();
    assert_eq!(org.patch(&format!("sobjects/User/{user}"), &json!({"IsActive": false})).await.status, 204);
    let deleted = changes(&org, "GroupMember/deleted", -DAY, 3600).await;
    assert_eq!(ids(&deleted.body["deletedRecords"]), [member.as_str()]);
}

#[tokio::test]
async fn spans_have_limits() {
    let org = Org::start().await;
    for (what, from, until, code, confidence) in [
        ("Contact/updated", 0, 0, "INVALID_REPLICATION_DATE", "H"),
        ("Contact/updated", 3600, 0, "INVALID_REPLICATION_DATE", "H"),
        ("Contact/updated", -31 * DAY, 0, "INVALID_REPLICATION_DATE", "H limit, L text"),
        ("Contact/deleted", -31 * DAY, 0, "INVALID_REPLICATION_DATE", "H limit, L text"),
        ("Contact/updated", -40 * 365 * DAY, 0, "INVALID_REPLICATION_DATE", "M"),
        ("UserLicense/updated", -DAY, 0, "INVALID_TYPE", "L"),
    ] {
        let answer = changes(&org, what, from, until).await;
        assert_eq!((answer.status, answer.error().0.as_str()), (400, code), "{what} {from} {until} ({confidence})");
    }
    assert_eq!(org.get("sobjects/Contact/updated?start=2026-01-01T00:00:00Z").await.error().0, "MISSING_ARGUMENT");
    assert_eq!(org.get("sobjects/Contact/updated?start=x&end=y").await.error().0, "INVALID_FIELD");
}
