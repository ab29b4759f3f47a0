//! Results that are not what they claim to be.

use provisioning_runtime::SandboxFault;
use provisioning_runtime::wit::{ImportQuery, ImportScope};

use super::attack;
use super::support::{fault, fault_of, job};
use crate::support::journey;

/// The attack ends as a trap whose text says what was wrong.
async fn traps_for(attack: &[u8], part: &str) {
    match fault_of(attack).await {
        SandboxFault::Trapped(text) => assert!(text.contains(part), "{text}"),
        other => panic!("{other}"),
    }
}

#[test]
fn results_outside_the_memory_are_not_read() {
    journey(async {
        traps_for(attack!("pointer_outside"), "pointer").await;
        traps_for(attack!("text_outside"), "out of bounds").await;
    });
}

#[test]
fn arguments_are_not_written_outside_the_memory() {
    journey(async {
        traps_for(attack!("realloc_outside"), "realloc").await;
    });
}

#[test]
fn texts_that_are_no_utf_8_are_refused() {
    journey(async {
        traps_for(attack!("no_utf8"), "utf-8").await;
    });
}

#[test]
fn cases_that_do_not_exist_are_refused() {
    journey(async {
        traps_for(attack!("no_such_case"), "discriminant").await;
    });
}

#[test]
fn a_page_that_contradicts_itself_is_not_read() {
    journey(async {
        let query = ImportQuery { scope: ImportScope::Full, page_size: 10, attributes: Vec::new(), grants: false };
        for (attack, part) in [
            (attack!("values_missing").as_slice(), "names 1 attributes, the user ada has 0 values"),
            (attack!("name_twice"), "names the attribute `email` twice"),
        ] {
            let mut job = job(attack).await;
            let found = fault(job.import_users(&query).await.unwrap_err(), "import-users");
            assert!(matches!(&found, SandboxFault::Contradiction(text) if text.contains(part)), "{found}");
            assert_eq!(fault(job.session_usage().await.unwrap_err(), "usage"), SandboxFault::Ended);
        }
    });
}

#[test]
fn sessions_that_were_never_made_are_refused() {
    journey(async {
        traps_for(attack!("foreign_session"), "handle").await;
    });
}
