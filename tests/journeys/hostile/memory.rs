//! Attacks on memory, the component's own and the host's.

use provisioning_runtime::SandboxFault;

use super::attack;
use super::support::{fault, fault_of, job, job_for, mallory};
use crate::support::journey;

fn is_memory(fault: &SandboxFault) -> bool {
    matches!(fault, SandboxFault::Memory(_)) && fault.to_string().contains("limits.memory-mib")
}

#[test]
fn memory_grows_to_its_limit_and_no_further() {
    journey(async {
        let found = fault_of(attack!("grow")).await;
        assert!(is_memory(&found), "{found}");
        // It grew by sixteen pages at a time.
        let text = found.to_string();
        let asked: usize = text.split_whitespace().find_map(|word| word.parse().ok()).unwrap();
        let limit = mallory().limits.memory;
        assert!(asked > limit && asked <= limit + (16 << 16), "{text}");
    });
}

#[test]
fn memory_that_is_asked_for_at_once_is_refused_at_once() {
    journey(async {
        let found = fault_of(attack!("grow_at_once")).await;
        assert!(is_memory(&found), "{found}");
    });
}

#[test]
fn tables_grow_to_their_limit_and_no_further() {
    journey(async {
        let found = fault_of(attack!("grow_table")).await;
        assert!(matches!(&found, SandboxFault::Memory(text) if text.contains("tables")), "{found}");
    });
}

#[test]
fn a_result_that_is_too_large_is_not_taken_over() {
    journey(async {
        let found = fault_of(attack!("return_huge_text")).await;
        assert_eq!(found, SandboxFault::Transfer(mallory().limits.transfer));
    });
}

#[test]
fn a_result_that_is_small_here_and_huge_at_the_host_is_not_taken_over() {
    journey(async {
        let mut job = job(attack!("return_same_text_often")).await;
        let found = fault(job.test_credentials().await.unwrap_err(), "test-credentials");
        assert_eq!(found, SandboxFault::Transfer(mallory().limits.transfer));
    });
}

#[test]
fn a_request_that_is_small_here_and_huge_at_the_host_is_not_taken_over() {
    journey(async {
        let found = fault_of(attack!("send_same_text_often")).await;
        assert_eq!(found, SandboxFault::Transfer(mallory().limits.transfer));
    });
}

#[test]
fn a_log_message_that_is_too_large_is_not_taken_over() {
    journey(async {
        let found = fault_of(attack!("log_huge_text")).await;
        assert_eq!(found, SandboxFault::Transfer(mallory().limits.transfer));
    });
}

#[test]
fn handles_end_at_their_limit() {
    journey(async {
        let mut tenant = mallory();
        tenant.limits.handles = 100;
        let mut job = job_for(attack!("handle_flood"), &tenant).await;
        assert_eq!(fault(job.open().await.unwrap_err(), "open"), SandboxFault::Handles(100));
    });
}
