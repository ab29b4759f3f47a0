//! Attacks on the processor by what the host does for a component: signing, parsing, preparing.

use std::time::{Duration, Instant};

use provisioning_runtime::{Limits, SandboxFault};

use super::neighbour;
use super::support::{Generous, fault, refusal, thief};
use crate::support::{host, journey};

fn limits() -> Limits {
    Limits { compute: Duration::from_millis(500), call: Duration::from_secs(60), ..Limits::default() }
}

#[test]
fn what_the_host_is_asked_to_sign_and_to_send_together_is_bounded() {
    journey(async {
        let server = Generous::start().await;
        for (attack, part) in [("long-claims", "8192 are the most"), ("many-requests", "1000 are the most")] {
            let began = Instant::now();
            let limits = Limits { memory: 128 << 20, ..Limits::default() };
            let mut job = thief(&host().0, attack, &server.url, &limits, "").await;
            let told = refusal(job.open().await.unwrap_err());
            println!("{attack}: {told}; after {} ms", began.elapsed().as_millis());
            assert!(told.contains(part), "{attack}: {told}");
        }
    });
}

#[test]
fn signing_counts_as_computing() {
    journey(async {
        let server = Generous::start().await;
        let began = Instant::now();
        let mut job = thief(&host().0, "many-signatures", &server.url, &limits(), "").await;
        let found = fault(job.open().await.unwrap_err(), "open");
        println!("signing without end: {found}; after {} ms", began.elapsed().as_millis());
        assert_eq!(found, SandboxFault::Compute(limits().compute));
    });
}

#[test]
fn a_body_has_a_bounded_number_of_parts_and_taking_it_apart_counts_as_computing() {
    journey(async {
        let server = Generous::start().await;
        let mut job = thief(&host().0, "many-parts", &server.url, &limits(), "").await;
        let told = refusal(job.open().await.unwrap_err());
        assert!(told.contains("it has more than 10000 parts"), "{told}");
        assert!(told.contains("the names on the way to a part of it are longer than 2048 bytes"), "{told}");
        let began = Instant::now();
        let mut job = thief(&host().0, "many-parts", &server.url, &limits(), "1000000").await;
        let found = fault(job.open().await.unwrap_err(), "open");
        println!("parts without end: {found}; after {} ms", began.elapsed().as_millis());
        assert_eq!(found, SandboxFault::Compute(limits().compute));
    });
}

#[test]
fn a_neighbour_of_signing_and_parsing_is_not_held_up() {
    journey(async {
        let server = Generous::start().await;
        for attack in ["many-signatures", "many-parts"] {
            let url = server.url.clone();
            let attacking = move || {
                let url = url.clone();
                async move {
                    let mut job = thief(&host().0, attack, &url, &limits(), "1000000").await;
                    fault(job.open().await.unwrap_err(), "open");
                }
            };
            neighbour::is_not_held_up(attack, attacking).await;
        }
    });
}
