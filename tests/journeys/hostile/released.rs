//! Attacks by components of an older version of the interface: what it is contained by is the same.

use provisioning_host::runtime::{InterfaceVersion, LoadError, SandboxFault, Secret};

use super::attack;
use super::support::{Listener, aimed_at, fault, fault_of, guessing, job, job_for, mallory, refusal, replaced_all};
use crate::support::{host, journey};

const REACH: &[u8] = attack!("reach" of "0.1.0");

#[test]
fn an_older_component_is_told_as_what_it_is() {
    let interface = |component: &[u8]| host().0.load(component).unwrap().interface();
    assert_eq!(interface(attack!("none" of "0.1.0")), InterfaceVersion::V0_1);
    assert_eq!(interface(attack!("none")), InterfaceVersion::V0_2);
}

#[test]
fn it_ends_when_its_time_its_memory_or_its_luck_is_over() {
    journey(async {
        assert_eq!(fault_of(attack!("spin" of "0.1.0")).await, SandboxFault::Compute(mallory().limits.compute));
        let grown = fault_of(attack!("grow" of "0.1.0")).await;
        assert!(matches!(grown, SandboxFault::Memory(_)), "{grown}");
        let panicked = fault_of(attack!("panic" of "0.1.0")).await;
        assert_eq!(panicked, SandboxFault::Panicked("index 7 is out of bounds".to_owned()));
        let foreign = fault_of(attack!("foreign_session" of "0.1.0")).await;
        assert!(matches!(&foreign, SandboxFault::Trapped(text) if text.contains("handle")), "{foreign}");
    });
}

#[test]
fn handles_end_at_their_limit_and_are_given_back_once() {
    journey(async {
        let mut tenant = mallory();
        tenant.limits.handles = 100;
        let mut flood = job_for(attack!("handle_flood" of "0.1.0"), &tenant).await;
        assert_eq!(fault(flood.open().await.unwrap_err(), "open"), SandboxFault::Handles(100));
        let twice = fault_of(attack!("drop_twice" of "0.1.0")).await;
        assert!(matches!(&twice, SandboxFault::Trapped(text) if text.contains("handle")), "{twice}");
    });
}

#[test]
fn it_reaches_what_its_tenant_allows_and_guesses_no_secret() {
    journey(async {
        let mut tenant = mallory();
        tenant.egress.allow = vec!["login.example.com".parse().unwrap()];
        let mut away = job_for(&aimed_at(REACH, "https://evil.example/x"), &tenant).await;
        let said = refusal(away.open().await.unwrap_err());
        assert!(said.contains("evil.example:443") && said.contains("login.example.com"), "{said}");
        assert_eq!(away.usage().requests, 0);

        let server = Listener::start().await;
        let mut here = job(&aimed_at(REACH, &server.url)).await;
        assert_eq!(refusal(here.open().await.unwrap_err()), "", "it was answered");
        assert_eq!(server.requests(), 1);

        let mut victim = mallory();
        victim.secrets = (0..20).map(|n| (format!("secret-{n}"), Secret::new(format!("victims-secret-{n}")))).collect();
        let mut held = job_for(attack!("none" of "0.1.0"), &victim).await;
        held.open().await.unwrap();
        let mut tenant = mallory();
        tenant.secrets.clear();
        for guess in [0, 1, 2, 7, 1000, 0xffff_ffff] {
            let attack = aimed_at(attack!("guess_to_send" of "0.1.0"), &server.url);
            let mut job = job_for(&guessing(&attack, guess), &tenant).await;
            let found = fault(job.open().await.unwrap_err(), "open");
            assert!(matches!(&found, SandboxFault::Trapped(text) if text.contains("handle")), "{guess}: {found}");
        }
        assert_eq!(server.requests(), 1, "nothing more was sent");
    });
}

#[test]
fn a_component_of_a_version_to_come_is_refused_by_name() {
    let newer = replaced_all(attack!("none"), "identity:provisioning/provisioning-connector@0.2.0", "0.2.0", "0.3.0");
    match host().0.load(&newer).err().unwrap() {
        error @ LoadError::OtherVersion { .. } => {
            let said = error.to_string();
            for part in ["provisioning-connector@0.3.0", "0.1 and 0.2"] {
                assert!(said.contains(part), "{said}");
            }
        }
        other => panic!("{other}"),
    }
}

#[test]
fn host_functions_of_a_version_to_come_are_given_to_nobody() {
    let newer = replaced_all(attack!("reach"), "identity:provisioning/http@0.2.0", "0.2.0", "0.3.0");
    let said = host().0.load(&newer).err().unwrap().to_string();
    assert!(said.contains("identity:provisioning/http@0.3.0"), "{said}");
}

#[test]
fn imports_may_be_of_another_version_than_the_export() {
    journey(async {
        let server = Listener::start().await;
        for (attack, from, to, speaks) in [
            (attack!("reach").as_slice(), "0.2.0", "0.1.0", InterfaceVersion::V0_2),
            (REACH, "0.1.0", "0.2.0", InterfaceVersion::V0_1),
        ] {
            let mixed = replaced_all(attack, &format!("identity:provisioning/http@{from}"), from, to);
            let mixed = replaced_all(&mixed, &format!("identity:provisioning/secrets@{from}"), from, to);
            let connector = host().0.load(&mixed).unwrap();
            assert_eq!(connector.interface(), speaks);
            assert!(connector.imports().iter().any(|import| import.ends_with(&format!("http@{to}"))));
            let mut job = job(&aimed_at(&mixed, &server.url)).await;
            assert_eq!(refusal(job.open().await.unwrap_err()), "", "it was answered");
        }
        assert_eq!(server.requests(), 2);
    });
}
