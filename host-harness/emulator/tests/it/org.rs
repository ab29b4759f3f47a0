//! The library's own view of an org.

use std::time::{Duration, Instant};

use salesforce_emulator::Emulator;
use serde_json::json;

use crate::client::Org;

#[tokio::test]
async fn requests_and_rows_take_their_time_by_a_switch() {
    let org = Org::start().await;
    let taken = async || {
        let start = Instant::now();
        assert_eq!(org.soql("SELECT Id FROM User LIMIT 50").await.status, 200);
        start.elapsed()
    };
    org.emulator.set_switches(|switches| switches.latency_milliseconds = 300);
    let late = taken().await;
    assert!(late >= Duration::from_millis(300), "{late:?}");
    org.emulator.set_switches(|switches| {
        switches.latency_milliseconds = 0;
        switches.rows_per_second = Some(100);
    });
    let slow = taken().await;
    assert!(slow >= Duration::from_millis(500), "{slow:?}");
}

#[tokio::test]
async fn the_same_seed_is_the_same_org() {
    let start = || Emulator::builder().users(40).seed(11).start();
    let (a, b) = (start().await.unwrap(), start().await.unwrap());
    let soql =
        "SELECT Id, Username, Name, ContactId, UserRoleId, ProfileId, IsActive, CreatedDate FROM User ORDER BY Id";
    assert_eq!(a.query(soql).unwrap(), b.query(soql).unwrap());
    let (a, b) = (a.credentials(), b.credentials());
    assert_eq!((a.password, a.security_token, a.organization_id), (b.password, b.security_token, b.organization_id));
    assert_ne!(a.url, b.url);
}

#[tokio::test]
async fn an_org_has_everyone_an_import_must_tell_apart() {
    let org = Org::start().await;
    let types = org.emulator.query("SELECT UserType FROM User GROUP BY UserType").unwrap();
    let types: Vec<&str> = types.as_array().unwrap().iter().map(|row| row["UserType"].as_str().unwrap()).collect();
    for wanted in ["Standard", "CsnOnly", "CspLitePortal", "CustomerSuccess", "PowerCustomerSuccess", "PowerPartner"] {
        assert!(types.contains(&wanted), "{wanted} is not in {types:?}");
    }
    let account = org.emulator.credentials().account_id;
    assert_eq!(
        org.look("Owner.Username", &format!("Account WHERE Id = '{account}'")),
        org.emulator.credentials().username.as_str()
    );
    assert!(org.look("Owner.UserRoleId", &format!("Account WHERE Id = '{account}'")).is_string());
    for some in [
        "User WHERE IsActive = false AND ContactId != null",
        "Contact WHERE Id NOT IN (SELECT ContactId FROM User)",
        "Contact WHERE AccountId = null",
        "PermissionSet WHERE IsOwnedByProfile = true",
        "GroupMember WHERE Group.Type = 'Regular'",
    ] {
        assert!(org.id(some).len() == 18, "{some}");
    }
    let unbalanced = "SELECT Id FROM User WHERE ContactId != null AND AccountId = null";
    assert_eq!(org.emulator.query(unbalanced).unwrap(), json!([]));
}

#[tokio::test]
async fn the_journal_counts_calls_and_keeps_no_secret() {
    let org = Org::start().await;
    org.soql("SELECT Id FROM Organization").await;
    let journal = org.emulator.journal();
    assert_eq!(journal.len(), 2);
    assert_eq!(
        (journal[0].method.as_str(), journal[0].path.as_str(), journal[0].status),
        ("POST", "/services/Soap/u/64.0", 200)
    );
    assert_eq!(journal[1].soql.as_deref(), Some("SELECT Id FROM Organization"));
    assert_eq!(journal[1].path, "/services/data/v64.0/query");
    let shown = format!("{journal:?} {:?} {:?}", org.emulator, org.emulator.credentials());
    let connection = org.emulator.credentials();
    for secret in [&connection.password, &connection.security_token, &org.session] {
        assert!(!shown.contains(secret.as_str()));
    }
    org.emulator.clear_journal();
    assert!(org.emulator.journal().is_empty());
}

#[tokio::test]
async fn a_data_file_keeps_the_org() {
    let folder = std::env::temp_dir().join(format!("salesforce-emulator-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("org.sqlite");
    let mut org = Org {
        emulator: Emulator::builder().users(10).seed(5).data(&file).start().await.unwrap(),
        http: crate::client::plain_http(),
        session: String::new(),
    };
    org.sign_in().await;
    let contact = org.contact("Kept").await;
    let password = org.emulator.credentials().password;
    org.emulator.shutdown().await;
    let again = Emulator::builder().users(99).seed(6).data(&file).start().await.unwrap();
    assert_eq!(again.query("SELECT Id FROM Contact WHERE LastName = 'Kept'").unwrap()[0]["Id"], contact.as_str());
    assert_eq!(again.credentials().password, password);
    again.shutdown().await;
    rusqlite::Connection::open(&file).unwrap().pragma_update(None, "user_version", 1).unwrap();
    let outdated = Emulator::builder().data(&file).start().await;
    assert!(matches!(outdated, Err(salesforce_emulator::Error::OutdatedData)));
    std::fs::remove_dir_all(&folder).unwrap();
}
