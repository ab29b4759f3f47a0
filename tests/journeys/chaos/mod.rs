//! Random sequences of everything that can happen to people, their users and the jobs that keep them in step: intents, pushes,
//! plans and imports that are cut off at any request, requests whose answers are lost, intents that are taken back while a push
//! is at any request, and edits by the organization's own admin. Afterwards everything heals, and what must always hold is
//! looked at.
//!
//! Sequences come from a seed and shrink to the shortest that fails. `PROVISIONING_SOAK=1` plays many; `PROVISIONING_SEED`
//! chooses others.

mod invariants;
mod steps;
mod world;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};

use self::steps::{Step, step};
use self::world::World;
use crate::support::journey;

/// How many sequences are played, and how long they are.
fn size() -> (u32, usize) {
    if std::env::var_os("PROVISIONING_SOAK").is_some() { (400, 30) } else { (16, 16) }
}

fn seed() -> u64 {
    std::env::var("PROVISIONING_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(20)
}

fn runner(cases: u32, seed: u64) -> TestRunner {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 150, ..Config::default() };
    TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes))
}

/// Plays a sequence with a key field or without, heals, and says what does not hold.
fn play(steps: &[Step], keyed: bool) -> Result<(), String> {
    let mut verdict = Ok(());
    journey(async {
        let mut world = World::new(keyed).await;
        for step in steps {
            world.play(step).await;
        }
        let held = match world.heal().await {
            Ok(()) => invariants::check(&world).await,
            Err(reason) => Err(reason),
        };
        verdict = held.map_err(|reason| format!("{reason}\n{}", world.story()));
    });
    verdict
}

fn holds(keyed: bool, seed: u64) {
    let (cases, steps) = size();
    let result = runner(cases, seed)
        .run(&prop::collection::vec(step(), 1..=steps), |steps| play(&steps, keyed).map_err(TestCaseError::fail));
    if let Err(error) = result {
        panic!("with seed {seed}: {error}");
    }
}

#[test]
fn whatever_happens_everybody_ends_with_what_they_are_to_have() {
    holds(false, seed());
}

#[test]
fn whatever_happens_with_a_key_field_everybody_ends_with_what_they_are_to_have() {
    holds(true, seed() + 1);
}

/// Sequences that once broke an invariant.
mod found {
    use super::steps::{Cut, Intent, Job};
    use super::*;

    fn play_both(steps: &[Step]) {
        for keyed in [false, true] {
            if let Err(reason) = play(steps, keyed) {
                panic!("with a key field: {keyed}: {reason}");
            }
        }
    }

    #[test]
    fn a_leaver_whose_user_was_made_when_the_push_was_cut_off_keeps_no_active_user() {
        for request in 0..14 {
            play_both(&[
                Step::Intent(Intent::Hire { person: 0, name: 0 }),
                Step::Job { job: Job::Push, cut: Some(Cut::Kill { request }) },
                Step::Intent(Intent::Unassign { person: 0 }),
            ]);
        }
    }

    #[test]
    fn an_intent_that_is_taken_back_while_a_push_runs_leaves_no_active_user() {
        for request in 0..14 {
            for back in [
                Intent::Unassign { person: 0 },
                Intent::Remove { person: 0 },
                Intent::Status { person: 0, active: false },
            ] {
                play_both(&[
                    Step::Intent(Intent::Hire { person: 0, name: 0 }),
                    Step::Intent(Intent::Hire { person: 1, name: 1 }),
                    Step::Job { job: Job::Push, cut: Some(Cut::Meanwhile { request, intent: back }) },
                ]);
            }
        }
    }

    #[test]
    fn a_leaver_whose_users_answer_was_lost_keeps_no_active_user() {
        for request in 0..14 {
            play_both(&[
                Step::Intent(Intent::Hire { person: 0, name: 0 }),
                Step::Job { job: Job::Push, cut: Some(Cut::LoseAnswer { request }) },
                Step::Intent(Intent::Remove { person: 0 }),
                Step::Job { job: Job::Import, cut: None },
            ]);
        }
    }

    #[test]
    fn a_name_that_goes_to_somebody_new_does_not_take_the_old_ones_user_along() {
        play_both(&[
            Step::Intent(Intent::Hire { person: 0, name: 0 }),
            Step::Job { job: Job::Push, cut: None },
            Step::Intent(Intent::Rename { person: 0, name: 1 }),
            Step::Intent(Intent::Hire { person: 1, name: 0 }),
        ]);
        play_both(&[
            Step::Intent(Intent::Hire { person: 0, name: 0 }),
            Step::Job { job: Job::Push, cut: None },
            Step::Intent(Intent::Remove { person: 0 }),
            Step::Job { job: Job::Push, cut: None },
            Step::Intent(Intent::Remove { person: 0 }),
            Step::Intent(Intent::Hire { person: 1, name: 0 }),
            Step::Job { job: Job::Import, cut: None },
        ]);
    }

    #[test]
    fn somebody_who_comes_back_is_put_back_into_use() {
        for back in [Intent::Unassign { person: 0 }, Intent::Unlink { person: 0 }, Intent::Remove { person: 0 }] {
            play_both(&[
                Step::Intent(Intent::Hire { person: 0, name: 0 }),
                Step::Job { job: Job::Push, cut: None },
                Step::Intent(Intent::Unassign { person: 0 }),
                Step::Job { job: Job::Push, cut: None },
                Step::Intent(back),
                Step::Intent(Intent::Hire { person: 0, name: 0 }),
            ]);
        }
    }

    #[test]
    fn a_contact_that_appears_after_the_next_push_has_looked_is_cleared_away() {
        play_both(&[
            Step::Intent(Intent::Hire { person: 0, name: 1 }),
            Step::Job { job: Job::Push, cut: Some(Cut::Kill { request: 6 }) },
            Step::Job { job: Job::Push, cut: Some(Cut::Kill { request: 8 }) },
            Step::Intent(Intent::Unassign { person: 0 }),
            Step::Job {
                job: Job::Push,
                cut: Some(Cut::MeanwhileAndKill { request: 4, intent: Intent::Hire { person: 0, name: 1 } }),
            },
        ]);
    }
}
