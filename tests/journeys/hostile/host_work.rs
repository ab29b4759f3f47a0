//! Attacks on the processor by what the host does for a component: signing, parsing, preparing.

use std::time::{Duration, Instant};

use provisioning_runtime::{Job, Limits, Metrics, SandboxFault};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

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

#[test]
fn metrics_answer_while_the_host_signs_and_parses_for_others() {
    journey(async {
        let server = Generous::start().await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = provisioning_monitoring::router(Metrics::default(), String::new, || Ok(()), Vec::new);
        let serving = tokio::spawn(provisioning_monitoring::serve(listener, router));
        let ask = async || {
            let began = Instant::now();
            let mut connection = TcpStream::connect(address).await.unwrap();
            let request = format!("GET /metrics HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
            connection.write_all(request.as_bytes()).await.unwrap();
            let mut answer = String::new();
            connection.read_to_string(&mut answer).await.unwrap();
            assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
            began.elapsed()
        };
        let mut alone = Duration::ZERO;
        for _ in 0..20 {
            alone = alone.max(ask().await);
        }
        // The neighbour's bound.
        let bound = 3 * alone + Duration::from_millis(100);
        for attack in ["many-signatures", "many-parts"] {
            // Made before they are measured: a component is compiled on the thread that loads it, in a test.
            let mut jobs = Vec::new();
            for _ in 0..4 {
                jobs.push(thief(&host().0, attack, &server.url, &limits(), "1000000").await);
            }
            let attack_with = |mut job: Job| {
                tokio::spawn(async move {
                    fault(job.open().await.unwrap_err(), "open");
                })
            };
            let attackers: Vec<_> = jobs.into_iter().map(attack_with).collect();
            let mut times = Vec::new();
            while times.len() < 3 || attackers.iter().any(|one| !one.is_finished()) {
                times.push(ask().await);
            }
            times.sort_unstable();
            let (median, worst) = (times[times.len() / 2], times[times.len() - 1]);
            for one in attackers {
                one.await.unwrap();
            }
            let asked = times.len();
            println!(
                "{attack}: /metrics asked {asked} times, alone within {alone:?}, then {median:?} and within {worst:?}"
            );
            assert!(median <= bound, "{attack}: {median:?} of {bound:?}");
            // It was silent for 30 s once. A busy machine keeps a single request waiting for some tenths.
            assert!(worst < Duration::from_secs(2), "{attack}: {worst:?}");
        }
        serving.abort();
    });
}
