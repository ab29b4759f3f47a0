//! Attacks on the host's memory by what waits in it: answers that unpack, and bodies that nobody takes.

use std::time::{Duration, Instant};

use provisioning_runtime::{Limits, Runtime};

use super::neighbour;
use super::support::{Generous, LARGE_ANSWER, alone, most_resident, refusal, thief};
use crate::support::{host, journey};

/// What an attack may add to the memory of the process.
const MOST: usize = 64 << 20;

/// What the thief told, and by how much its attack raised the memory of the process.
async fn attacked(attack: &str) -> (String, usize) {
    let server = Generous::start().await;
    let runtime = Runtime::builder().jobs(4).build().unwrap();
    // Whatever is made once is made by the first job.
    refusal(thief(&runtime, "none", &server.url, &Limits::default(), "").await.open().await.unwrap_err());
    let before = most_resident();
    let began = Instant::now();
    let limits = Limits { request: Duration::from_secs(3), ..Limits::default() };
    let mut job = thief(&runtime, attack, &server.url, &limits, "").await;
    let told = refusal(job.open().await.unwrap_err());
    let more = most_resident() - before;
    println!("{attack}: {told}; {} MiB over the start, in {} ms", more >> 20, began.elapsed().as_millis());
    (told, more)
}

#[test]
fn answers_that_unpack_share_one_room() {
    alone("hostile::room::answers_that_unpack_share_one_room", async {
        for (attack, of) in [("many-answers", 300), ("many-answers-started", 64)] {
            let (told, more) = attacked(attack).await;
            let whole: usize = told.split(' ').next().unwrap().parse().unwrap();
            assert_eq!(told, format!("{whole} whole, {} too large, of {of}", of - whole));
            assert!(whole * LARGE_ANSWER <= Limits::default().answers, "{told}");
            assert!(more <= MOST, "{attack} took {} MiB", more >> 20);
        }
    });
}

#[test]
fn bodies_that_nobody_takes_share_one_room() {
    alone("hostile::room::bodies_that_nobody_takes_share_one_room", async {
        let (told, more) = attacked("many-bodies").await;
        let refused: usize = told.split(' ').next().unwrap().parse().unwrap();
        assert!((40..64).contains(&refused), "{told}");
        assert!(more <= MOST, "{} MiB", more >> 20);
    });
}

#[test]
fn a_neighbour_of_answers_that_unpack_gets_its_own() {
    journey(async {
        let server = Generous::start().await;
        let attack = move || {
            let url = server.url.clone();
            async move {
                let mut job = thief(&host().0, "many-answers", &url, &Limits::default(), "").await;
                refusal(job.open().await.unwrap_err());
            }
        };
        neighbour::is_not_held_up("answers that unpack", attack).await;
    });
}
