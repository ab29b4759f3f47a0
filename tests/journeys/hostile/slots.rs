//! A tenant that takes all the jobs it can get, of a host that schedules none.

use std::time::{Duration, Instant};

use provisioning_runtime::Runtime;

use super::attack;
use super::support::mallory;
use crate::support::journey;

#[test]
fn a_tenant_has_its_share_of_the_slots_and_others_have_theirs() {
    journey(async {
        let runtime = Runtime::builder().jobs(8).build().unwrap();
        let connector = runtime.load(attack!("none")).unwrap();
        let tenant = mallory();
        let mut held = Vec::new();
        let mut waiting = Vec::new();
        for _ in 0..100 {
            let (runtime, connector, tenant) = (runtime.clone(), connector.clone(), tenant.clone());
            let start = tokio::spawn(async move { runtime.start(&connector, &tenant).await });
            waiting.push(start);
        }
        // Those that get one keep it.
        while held.len() < 2 {
            tokio::task::yield_now().await;
            let started = waiting.iter().position(tokio::task::JoinHandle::is_finished);
            if let Some(at) = started {
                held.push(waiting.swap_remove(at).await.unwrap().unwrap());
            }
        }
        let mut other = mallory();
        other.name = "other".to_owned();
        let began = Instant::now();
        for _ in 0..6 {
            let mut job = tokio::time::timeout(Duration::from_secs(10), runtime.start(&connector, &other)).await;
            job.as_mut().expect("all slots are the first tenant's").as_mut().unwrap().open().await.unwrap();
        }
        println!("six jobs of a tenant beside one that wants 100 of 8 slots: {:?}", began.elapsed());
        assert!(!waiting.iter().any(tokio::task::JoinHandle::is_finished), "more than a quarter of the slots");
        // One that ends makes room for the tenant's next.
        held.pop();
        while !waiting.iter().any(tokio::task::JoinHandle::is_finished) {
            tokio::task::yield_now().await;
        }
        waiting.iter().for_each(tokio::task::JoinHandle::abort);
    });
}
