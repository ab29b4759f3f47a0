//! Components that break.

use provisioning_runtime::SandboxFault;

use super::attack;
use super::support::{fault, fault_of, job};
use crate::support::journey;

#[test]
fn a_panic_is_told_in_its_own_words() {
    journey(async {
        let found = fault_of(attack!("panic")).await;
        assert_eq!(found, SandboxFault::Panicked("index 7 is out of bounds".to_owned()));
    });
}

#[test]
fn an_abort_without_a_word_is_named_all_the_same() {
    journey(async {
        let found = fault_of(attack!("abort")).await;
        assert!(
            matches!(&found, SandboxFault::Trapped(text) if text.contains("as after a panic, in the function `open`")),
            "{found}"
        );
    });
}

#[test]
fn a_trap_in_the_middle_of_a_job_ends_the_job_and_not_the_connector() {
    journey(async {
        let attack = attack!("trap_mid_job");
        let mut broken = job(attack).await;
        broken.open().await.unwrap();
        let found = fault(broken.list_attributes().await.unwrap_err(), "list-attributes");
        assert!(
            matches!(&found, SandboxFault::Trapped(text) if text.contains("divide by zero, in the function `attributes`")),
            "{found}"
        );
        assert_eq!(fault(broken.session_usage().await.unwrap_err(), "usage"), SandboxFault::Ended);
        let mut next = job(attack).await;
        next.open().await.unwrap();
        assert_eq!(next.session_usage().await.unwrap().calls, 0);
    });
}
