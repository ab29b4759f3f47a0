//! Importing the portal's users.

use std::collections::BTreeSet;

use provisioning_runtime::ImportedUser;
use provisioning_runtime::wit::{Deactivation, ErrorKind, ImportQuery, ImportScope, PushMode, Status};

use crate::support::{Org, import_all, journey, only, refused};

#[test]
fn a_full_import_reads_each_portal_user_once_with_its_contact() {
    journey(async {
        let org = Org::start(730, 11).await;
        let expected = org.query("SELECT Id, Username, IsActive, Contact.AccountId FROM User WHERE ContactId != null AND UserType IN ('PowerPartner','CspLitePortal','CustomerSuccess','PowerCustomerSuccess')");
        assert!(expected.len() >= 700);
        let (users, pages) = import_all(&mut org.job().await, 100, true).await;
        assert_eq!(users.len(), expected.len());
        assert!(pages as usize >= expected.len() / 100);
        let ids: BTreeSet<&str> = users.iter().map(|user| user.id.as_str()).collect();
        assert_eq!(ids.len(), users.len(), "no user twice");
        for row in &expected {
            let user = users.iter().find(|user| user.id == row["Id"].as_str().unwrap()).unwrap();
            assert_eq!(user.username, row["Username"].as_str().unwrap());
            assert_eq!(user.status == Status::Inactive, row["IsActive"] == false, "{}", user.username);
            assert_eq!(user.text("accountId"), row["Contact"]["AccountId"].as_str());
            assert_eq!(user.grants.iter().filter(|grant| grant.kind == "profile").count(), 1);
        }
        assert_eq!(org.writes(), Vec::<String>::new());
    });
}

#[test]
fn an_import_goes_on_from_any_page_in_another_job() {
    journey(async {
        let org = Org::start(90, 12).await;
        let (whole, _) = import_all(&mut org.job().await, 2000, false).await;
        let mut query = ImportQuery { scope: ImportScope::Full, page_size: 20, attributes: Vec::new(), grants: false };
        let mut pieces = Vec::new();
        loop {
            // A new job each page: nothing but the cursor is carried over. Locators are gone too.
            org.emulator.expire_query_locators();
            let page = org.job().await.import_users(&query).await.unwrap();
            pieces.extend(page.imported());
            match page.next {
                Some(next) => query.scope = ImportScope::Resume(next),
                None => break,
            }
        }
        let ids = |users: &[ImportedUser]| users.iter().map(|user| user.id.clone()).collect::<Vec<_>>();
        assert_eq!(ids(&pieces), ids(&whole));
    });
}

#[test]
fn a_full_import_of_a_page_costs_at_most_two_calls() {
    journey(async {
        let org = Org::start(3000, 13).await;
        let mut job = org.job().await;
        job.open().await.unwrap();
        org.emulator.clear_journal();
        let (users, pages) = import_all(&mut job, 2000, true).await;
        assert!(users.len() >= 2900);
        let calls = org.emulator.journal().len();
        // And one for the fields of this organization, and one for how many users it has.
        assert!(calls <= 2 * pages as usize + 2, "{calls} calls for {pages} pages");
    });
}

#[test]
fn only_the_attributes_asked_for_are_read() {
    journey(async {
        let org = Org::start(5, 14).await;
        let query = ImportQuery {
            scope: ImportScope::Full,
            page_size: 5,
            attributes: vec!["email".to_owned(), "familyName".to_owned()],
            grants: false,
        };
        let page = org.job().await.import_users(&query).await.unwrap();
        let mut names = page.attributes;
        names.sort_unstable();
        assert_eq!(names, ["email", "familyName"]);
        let unknown = ImportQuery { attributes: vec!["shoeSize".to_owned()], ..query };
        let error = refused(org.job().await.import_users(&unknown).await.unwrap_err());
        assert!(error.message.contains("shoeSize"), "{}", error.message);
    });
}

#[test]
fn a_cursor_of_nobody_is_refused() {
    journey(async {
        let org = Org::start(5, 15).await;
        for cursor in ["", "nonsense", "9|x", "' OR Id != '"] {
            let scope = ImportScope::Resume(cursor.to_owned());
            let query = ImportQuery { scope, page_size: 5, attributes: Vec::new(), grants: false };
            let error = refused(org.job().await.import_users(&query).await.unwrap_err());
            assert!(matches!(error.kind, ErrorKind::StaleReference), "{cursor}: {error:?}");
        }
    });
}

#[test]
fn an_increment_reads_what_changed_since_the_watermark_and_nothing_else() {
    journey(async {
        let org = Org::start(60, 16).await;
        let mut job = org.job().await;
        let query = |scope| ImportQuery { scope, page_size: 2000, attributes: Vec::new(), grants: true };
        let page = job.import_users(&query(ImportScope::Full)).await.unwrap();
        let watermark = page.watermark.unwrap();
        org.emulator.advance_clock(3_600);
        let user = page.users.iter().find(|user| user.status == Status::Active).unwrap();
        let ids = [user.id.clone()];
        only(job.deactivate_users(&ids, Deactivation::Freeze, &PushMode::Apply).await.unwrap()).unwrap();
        org.emulator.clear_journal();
        let increment = org.job().await.import_users(&query(ImportScope::Since(watermark))).await.unwrap();
        assert!(org.emulator.journal().len() <= 4, "{} calls", org.emulator.journal().len());
        assert_eq!(increment.users.iter().map(|user| user.id.as_str()).collect::<Vec<_>>(), [ids[0].as_str()]);
        assert_eq!(increment.users[0].status, Status::Frozen);
        assert!(increment.next.is_none() && increment.watermark.is_some());
    });
}

#[test]
fn every_kind_of_grant_is_listed_with_the_licences_it_fits() {
    journey(async {
        let org = Org::start(20, 17).await;
        let mut job = org.job().await;
        for kind in ["profile", "role", "permission-set", "permission-set-group", "feature-license", "public-group"] {
            let page = job.list_entitlements(kind, None).await.unwrap();
            assert!(!page.entitlements.is_empty(), "{kind}");
            assert!(page.entitlements.iter().all(|one| one.kind == kind), "{kind}");
            let tagged = page.entitlements.iter().all(|one| !one.compatibility.is_empty());
            assert!(tagged || kind != "profile", "{kind}");
        }
    });
}
