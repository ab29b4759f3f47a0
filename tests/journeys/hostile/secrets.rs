//! Attacks on secrets: handles that are guessed, forged or given back twice.

use provisioning_runtime::{SandboxFault, Secret};

use super::attack;
use super::support::{Listener, aimed_at, fault, fault_of, guessing, job_for, mallory};
use crate::support::journey;

#[test]
fn a_secret_of_another_tenant_cannot_be_guessed() {
    journey(async {
        // Another tenant's job holds its handles while the guesses are made.
        let mut victim = mallory();
        victim.name = "victim".to_owned();
        victim.secrets = (0..20).map(|n| (format!("secret-{n}"), Secret::new(format!("victims-secret-{n}")))).collect();
        let mut held = job_for(attack!("none"), &victim).await;
        held.open().await.unwrap();

        let mut tenant = mallory();
        tenant.secrets.clear();
        let server = Listener::start().await;
        let guesses = (0..24).chain([1000, 0x7fff_ffff, 0xffff_ffff_u32]);
        for guess in guesses {
            for (attack, what) in
                [(attack!("guess_to_sign").to_vec(), "sign"), (aimed_at(attack!("guess_to_send"), &server.url), "send")]
            {
                let mut job = job_for(&guessing(&attack, guess), &tenant).await;
                let found = fault(job.open().await.unwrap_err(), "open");
                assert!(
                    matches!(&found, SandboxFault::Trapped(text) if text.contains("handle")),
                    "{what} {guess}: {found}"
                );
            }
        }
        assert_eq!(server.requests(), 0, "nothing was sent");
        assert!(held.describe().await.is_ok());
    });
}

#[test]
fn a_handle_of_another_kind_is_no_secret() {
    journey(async {
        let found = fault_of(attack!("timer_as_secret")).await;
        assert!(matches!(&found, SandboxFault::Trapped(text) if text.contains("handle")), "{found}");
    });
}

#[test]
fn a_handle_cannot_be_given_back_twice() {
    journey(async {
        let found = fault_of(attack!("drop_twice")).await;
        assert!(matches!(&found, SandboxFault::Trapped(text) if text.contains("handle")), "{found}");
    });
}
