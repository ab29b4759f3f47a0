//! `unassign`: takes assignments away, or grants from them.

use clap::Args;

use super::assign::report_changes;
use super::context::open_tenant;
use super::failure::Failure;
use super::global::Global;
use super::grants;
use super::output::Output;
use provisioning_directory::sync::intents::{self, Followed};
use provisioning_directory::{DirectoryError, GrantName, NewAssignment, WriteTransaction};

#[derive(Args)]
pub(crate) struct Options {
    /// The tenant's name in the data folder.
    tenant: String,
    /// People, by key or username.
    #[arg(required = true)]
    people: Vec<String>,
    /// Take only this away, by the name it was assigned by; the person stays assigned.
    #[arg(long = "grant", value_name = "KIND=NAME", value_parser = grants::parse)]
    grants: Vec<GrantName>,
    /// Take only this attribute of the assignment away.
    #[arg(long = "clear", value_name = "NAME")]
    clear: Vec<String>,
}

pub(crate) fn run(global: &Global, options: &Options, output: &mut Output) -> Result<u8, Failure> {
    let (directory, tenant) = open_tenant(global, &options.tenant)?;
    let followed = directory.write(&global.actor(), |change: &WriteTransaction<'_>| -> Result<Followed, DirectoryError> {
        let mut followed = Followed::default();
        for name in &options.people {
            let person = change.person(name)?;
            let one = if options.grants.is_empty() && options.clear.is_empty() {
                intents::unassign(change, &tenant, &person)?
            } else {
                let old = change.assignment(tenant.id, person.id)?.ok_or_else(|| {
                    DirectoryError::Invalid(format!(
                        "the person {} is not assigned to {}; `person list --tenant {}` shows who is",
                        person.key, tenant.name, tenant.name
                    ))
                })?;
                let mut new =
                    NewAssignment { grants: old.grants, attributes: old.attributes, exact_grants: old.exact_grants };
                for GrantName { kind, name } in &options.grants {
                    let before = new.grants.len();
                    new.grants.retain(|have| have.kind != *kind || have.name.to_lowercase() != name.to_lowercase());
                    if new.grants.len() == before {
                        return Err(DirectoryError::Invalid(format!(
                            "the person {} is not assigned the {kind} `{name}` of {}; `person show {}` lists what is",
                            person.key, tenant.name, person.key
                        )));
                    }
                }
                for name in &options.clear {
                    new.attributes.remove(name);
                }
                intents::assign(change, &tenant, &person, &new)?
            };
            followed.merge(one);
        }
        Ok(followed)
    })?;
    report_changes(&tenant.name, &options.people, &followed, output)
}
