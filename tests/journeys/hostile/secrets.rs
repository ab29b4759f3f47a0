//! Attacks on handles: one that is given back twice.

use provisioning_runtime::SandboxFault;

use super::attack;
use super::support::fault_of;
use crate::support::journey;

#[test]
fn a_handle_cannot_be_given_back_twice() {
    journey(async {
        let found = fault_of(attack!("drop_twice")).await;
        assert!(matches!(&found, SandboxFault::Trapped(text) if text.contains("handle")), "{found}");
    });
}
