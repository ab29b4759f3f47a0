//! Components of another version of the interface are refused by name before anything of them runs.

use provisioning_runtime::{InterfaceVersion, LoadError};

use super::attack;
use super::support::replaced_all;
use crate::support::host;

#[test]
fn a_component_is_told_as_what_it_is() {
    assert_eq!(host().0.load(attack!("none")).unwrap().interface(), InterfaceVersion::V0_3);
}

#[test]
fn a_component_of_another_version_is_refused_by_name() {
    for other in ["0.1.0", "0.2.0"] {
        let name = "identity:provisioning/provisioning-connector@0.3.0";
        match host().0.load(&replaced_all(attack!("none"), name, "0.3.0", other)).err().unwrap() {
            error @ LoadError::OtherVersion { .. } => {
                let said = error.to_string();
                for part in [&format!("provisioning-connector@{other}"), "0.3"] {
                    assert!(said.contains(part), "{said}");
                }
            }
            unexpected => panic!("{unexpected}"),
        }
    }
}

#[test]
fn host_functions_of_another_version_are_given_to_nobody() {
    for other in ["0.1.0", "0.2.0"] {
        let mixed = replaced_all(attack!("reach"), "identity:provisioning/http@0.3.0", "0.3.0", other);
        let said = host().0.load(&mixed).err().unwrap().to_string();
        assert!(said.contains(&format!("identity:provisioning/http@{other}")), "{said}");
    }
}
