//! The component reaches the tenant's hosts and no other.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use provisioning_runtime::{EgressPolicy, Permit};

use crate::support::{Org, journey, refused};

#[test]
fn a_host_outside_the_list_is_refused_with_host_and_rule() {
    journey(async {
        let mut org = Org::start(1, 51).await;
        org.tenant.settings.insert("instance-type".to_owned(), "production".to_owned());
        org.tenant.egress =
            EgressPolicy { allow: vec!["acme.my.salesforce.com".parse().unwrap()], loopback: Vec::new() };
        let mut job = org.job().await;
        let error = refused(job.open().await.unwrap_err());
        for part in ["login.salesforce.com", "(acme.my.salesforce.com)", "egress"] {
            assert!(error.message.contains(part), "{part}: {}", error.message);
        }
        assert_eq!(job.usage().requests, 0, "nothing was sent");
    });
}

#[test]
fn loopback_is_refused_where_the_tenant_does_not_say_so() {
    journey(async {
        let mut org = Org::start(1, 52).await;
        org.tenant.egress.loopback.clear();
        let error = refused(org.job().await.open().await.unwrap_err());
        assert!(error.message.contains("127.0.0.1") && error.message.contains("egress.loopback"), "{}", error.message);
        assert!(org.emulator.journal().is_empty());
    });
}

/// The right to work for a tenant, until it is taken away.
#[derive(Debug)]
struct Right(AtomicBool);

impl Permit for Right {
    fn lasts(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

#[test]
fn a_job_whose_tenant_another_host_may_have_taken_over_sends_nothing_any_more() {
    journey(async {
        let mut org = Org::start(1, 54).await;
        let right = Arc::new(Right(AtomicBool::new(true)));
        org.tenant.permit = Some(Arc::clone(&right) as Arc<dyn Permit>);
        let mut job = org.job().await;
        job.open().await.unwrap();
        let sent = org.emulator.journal().len();
        right.0.store(false, Ordering::SeqCst);
        let error = refused(job.list_attributes().await.unwrap_err());
        assert!(error.message.contains("another may work for the tenant by now"), "{}", error.message);
        assert_eq!(org.emulator.journal().len(), sent);
    });
}

#[test]
fn a_job_that_has_used_its_requests_is_told_so() {
    journey(async {
        let mut org = Org::start(30, 53).await;
        org.tenant.limits.requests = 2;
        let mut job = org.job().await;
        let query = provisioning_runtime::wit::ImportQuery {
            scope: provisioning_runtime::wit::ImportScope::Full,
            page_size: 1,
            attributes: Vec::new(),
            grants: false,
        };
        let mut failed = None;
        let mut query = query;
        for _ in 0..5 {
            match job.import_users(&query).await {
                Ok(page) => query.scope = provisioning_runtime::wit::ImportScope::Resume(page.next.unwrap()),
                Err(error) => {
                    failed = Some(refused(error));
                    break;
                }
            }
        }
        let error = failed.expect("the third request is refused");
        assert!(error.message.contains("limits.requests"), "{}", error.message);
        assert_eq!(org.emulator.journal().len(), 2);
    });
}
