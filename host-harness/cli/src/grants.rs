//! Grants on the command line: `KIND=NAME`, and a refusal of kinds that the connector does not have.

use super::failure::Failure;
use provisioning_directory::{GrantName, nearest};
use provisioning_runtime::wit::Descriptor;

/// `KIND=ID-OR-NAME`, as an option of a command.
pub(crate) fn parse(text: &str) -> Result<GrantName, String> {
    match text.split_once('=') {
        Some((kind, value)) if !kind.is_empty() && !value.is_empty() => {
            Ok(GrantName { kind: kind.trim().to_owned(), name: value.trim().to_owned() })
        }
        _ => Err("write it as KIND=NAME or KIND=ID, such as profile=\"Customer Portal User\"".to_owned()),
    }
}

/// Refuses a kind that the connector does not have before anything is written: it is a slip in the command or in the file.
///
/// # Errors
/// The first stray kind, with those that there are.
pub(crate) fn check_kinds<'a>(
    descriptor: &Descriptor,
    grants: impl Iterator<Item = &'a GrantName>,
) -> Result<(), Failure> {
    let mut used = grants.map(|grant| grant.kind.as_str());
    match used.find(|kind| !descriptor.grants.iter().any(|known| known.name == *kind)) {
        None => Ok(()),
        Some(stray) => {
            let known: Vec<&str> = descriptor.grants.iter().map(|known| known.name.as_str()).collect();
            let meant =
                nearest(stray, known.iter().copied()).map_or(String::new(), |near| format!("; did you mean `{near}`"));
            Err(Failure::usage(format!("the connector has no grant `{stray}`{meant}; it has {}", known.join(", "))))
        }
    }
}
