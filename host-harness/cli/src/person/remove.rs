//! `person remove`.

use clap::Args;
use serde::Serialize;

use super::super::context::open_directory;
use super::super::failure::{DONE, Failure, SOME_FAILED};
use super::super::global::Global;
use super::super::output::Output;
use provisioning_directory::Erased;
use provisioning_directory::sync::{Removal, remove_person};

#[derive(Args)]
pub(crate) struct Options {
    /// The person, by key or username.
    person: String,
    /// Take its assignments away first. Where its users are then to be taken out of use, the person stays until a push has
    /// done that; then say this again.
    #[arg(long)]
    unassign: bool,
    /// Erase what else is kept about it: what the audit trail says of it, its users as imports saw them, and requests of SCIM
    /// clients. Somebody who was removed before is named by the key. Nothing brings this back.
    #[arg(long)]
    erase: bool,
}

#[derive(Serialize)]
struct Document<'a> {
    person: &'a str,
    removed: bool,
    users: Vec<UserView>,
    tasks: usize,
    off: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    erased: Option<Erased>,
}

#[derive(Serialize)]
struct UserView {
    tenant: String,
    id: String,
}

pub(super) fn run(global: &Global, options: &Options, output: &mut Output) -> Result<u8, Failure> {
    let person = &options.person;
    let directory = open_directory(global)?;
    let (removal, erased) = if options.erase {
        let (removal, erased) = directory.erase_person(
            &global.actor(),
            person,
            |change, found| remove_person(change, &found.key, options.unassign),
            |removal| matches!(removal, Removal::Removed { .. }),
        )?;
        (removal.unwrap_or(Removal::Removed { users: Vec::new() }), Some(erased))
    } else {
        (directory.write(&global.actor(), |change| remove_person(change, person, options.unassign))?, None)
    };
    let (document, exit) = match removal {
        Removal::Removed { users } => {
            output.line(&format!("{person} is removed."))?;
            if let Some(erased) = erased {
                output.line(&format!(
                    "Erased: the content of {} rows of the audit trail, {} users as imports saw them, {} requests. Recordings and backups are yours to erase.",
                    erased.audit, erased.users, erased.requests
                ))?;
            }
            for (tenant, id) in &users {
                output.line(&format!(
                    "Its user {id} of {tenant} stays there as it is; an import brings it up again when it changes."
                ))?;
            }
            let users = users.into_iter().map(|(tenant, id)| UserView { tenant, id }).collect();
            (Document { person, removed: true, users, tasks: 0, off: Vec::new(), erased }, DONE)
        }
        Removal::Waits(followed) => {
            let tasks = followed.tasks.len();
            output.line(&format!(
                "{person} is not removed yet: {tasks} tasks take its users out of use first. Push, and say `person remove {person}` again; `unlink` gives up a user that cannot be taken out of use."
            ))?;
            (
                Document { person, removed: false, users: Vec::new(), tasks, off: followed.off, erased: None },
                SOME_FAILED,
            )
        }
    };
    if output.json() {
        output.document(&document)?;
    }
    Ok(exit)
}
