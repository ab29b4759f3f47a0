//! Attacks on the processor.

use std::time::{Duration, Instant};

use provisioning_runtime::SandboxFault;

use super::attack;
use super::support::{fault, fault_of, job, job_for, mallory};
use crate::support::{host, journey};

const SPIN: &[u8] = attack!("spin");

#[test]
fn an_endless_loop_ends_when_its_time_to_compute_is_over() {
    journey(async {
        let started = Instant::now();
        assert_eq!(fault_of(SPIN).await, SandboxFault::Compute(mallory().limits.compute));
        assert!(started.elapsed() >= 2 * Duration::from_millis(190), "both jobs had their time");
    });
}

#[test]
fn an_endless_loop_of_host_calls_ends_as_well() {
    journey(async {
        let found = fault_of(attack!("spin_in_calls")).await;
        assert_eq!(found, SandboxFault::Compute(mallory().limits.compute));
    });
}

#[test]
fn an_endless_loop_before_the_first_call_is_named_as_such() {
    journey(async {
        let connector = host().0.load(attack!("spin_at_start")).unwrap();
        let error = host().0.start(&connector, &mallory()).await.err().unwrap();
        assert_eq!(fault(error, "instantiate"), SandboxFault::Compute(mallory().limits.compute));
    });
}

#[test]
fn an_endless_loop_in_the_allocator_ends_as_well() {
    journey(async {
        // Only arguments are allocated, and only a tenant with secrets or settings has some.
        let found = fault_of(attack!("spin_in_realloc")).await;
        assert_eq!(found, SandboxFault::Compute(mallory().limits.compute));
    });
}

#[test]
fn recursion_without_end_is_a_stack_overflow_of_its_own() {
    journey(async {
        assert_eq!(fault_of(attack!("recurse")).await, SandboxFault::Stack);
    });
}

#[test]
fn sleeping_for_ever_ends_at_the_deadline_of_the_call() {
    journey(async {
        let mut tenant = mallory();
        tenant.limits.call = Duration::from_millis(100);
        let mut job = job_for(attack!("sleep"), &tenant).await;
        let error = job.open().await.unwrap_err();
        assert!(error.to_string().contains("limits.call-seconds"), "{error}");
        assert_eq!(fault(error, "open"), SandboxFault::Deadline(Duration::from_millis(100)));
    });
}

#[test]
fn a_job_that_spins_is_cancelled_by_dropping_its_call() {
    journey(async {
        let mut tenant = mallory();
        tenant.limits.compute = Duration::from_secs(3600);
        tenant.limits.call = Duration::from_secs(3600);
        let mut job = job_for(SPIN, &tenant).await;
        let cut_short = tokio::time::timeout(Duration::from_millis(50), job.open()).await;
        assert!(cut_short.is_err());
        assert_eq!(fault(job.open().await.unwrap_err(), "open"), SandboxFault::Ended);
    });
}

#[test]
fn what_a_connector_of_its_own_accord_does_well_is_not_hindered() {
    journey(async {
        let mut job = job(attack!("none")).await;
        job.open().await.unwrap();
        assert_eq!(job.session_usage().await.unwrap().calls, 0);
        assert!(job.describe().await.unwrap().settings.is_empty());
    });
}
