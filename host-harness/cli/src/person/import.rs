//! `person import`: people from a CSV file.

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::super::assign::{faults, merged};
use super::super::context::open_directory;
use super::super::failure::{DONE, Failure, SOME_FAILED};
use super::super::global::Global;
use super::super::grants;
use super::super::output::{Output, complain, printable};
use super::super::people::{self, EmptyCell, Row, RowPerson};
use super::super::view::ErrorView;
use provisioning_directory::sync::intents::{self, Followed};
use provisioning_directory::sync::names;
use provisioning_directory::{Directory, DirectoryError, FailureKind, GrantName, TenantRecord, WriteTransaction};

#[derive(Args)]
pub(crate) struct Options {
    /// A CSV file whose first row names the columns: username, key (the username where there is none), grant:KIND, and
    /// attributes by the directory's names. People whose key is known are changed, others are added.
    file: PathBuf,
    /// Assign everybody in it to this tenant, with the grants of its row.
    #[arg(long, value_name = "TENANT")]
    assign: Option<String>,
    /// Assign this to everybody, beside what the file says, by name or id.
    #[arg(long = "grant", value_name = "KIND=NAME", value_parser = grants::parse, requires = "assign")]
    grants: Vec<GrantName>,
    /// Let an empty cell clear its attribute; otherwise it is left alone.
    #[arg(long)]
    clear_empty: bool,
}

/// The column of an export that isn't taken in.
const STATUS: &str = "status";

#[derive(Default, Serialize)]
struct Document {
    added: u64,
    changed: u64,
    unchanged: u64,
    assigned: u64,
    tasks: usize,
    off: Vec<String>,
    refused: Vec<Refused>,
}

impl Document {
    /// Adds what became of another row.
    fn merge(&mut self, other: Self) {
        self.added += other.added;
        self.changed += other.changed;
        self.unchanged += other.unchanged;
        self.assigned += other.assigned;
        self.refused.extend(other.refused);
    }
}

#[derive(Serialize)]
struct Refused {
    record: String,
    error: ErrorView,
}

pub(super) async fn run(global: &Global, options: &Options, output: &mut Output) -> Result<u8, Failure> {
    let text = std::fs::read(&options.file)
        .map_err(|error| Failure::usage(format!("the file {} cannot be read: {error}", options.file.display())))?;
    let empty = if options.clear_empty { EmptyCell::Clear } else { EmptyCell::Leave };
    let mut rows = people::read(&text, &options.file, empty)?;
    // What an export has, and what a file doesn't change: whoever is taken out of use is so with what follows.
    if people::attributes(&rows).iter().any(|name| name.eq_ignore_ascii_case(STATUS)) {
        return Err(Failure::usage(format!(
            "{}: a file doesn't change the status of people; remove the column `{STATUS}`, and use `person edit PERSON --status suspended`",
            options.file.display()
        )));
    }
    let directory = open_directory(global)?;
    let tenant = options.assign.as_deref().map(|name| directory.read(|view| view.tenant(name))).transpose()?;
    let known = directory.read(names::known_attributes)?;
    people::settle_names(&mut rows, &known.iter().map(String::as_str).collect::<Vec<_>>(), false)?;
    refuse_unknown_grants(global, &directory, tenant.as_ref(), &options.grants, &mut rows).await?;
    let actor = global.actor();
    let mut done = Document::default();
    let mut followed = Followed::default();
    let progress = output.progress("people", Some(rows.len() as u64));
    let each =
        directory.write_in_turns(&actor, &rows, |change, Row { label, person }| -> Result<_, DirectoryError> {
            let (mut done, mut followed) = (Document::default(), Followed::default());
            let taken = match person {
                Ok(person) => take(change, person, tenant.as_ref(), &options.grants, &mut done, &mut followed)?,
                Err(error) => Err(error.clone()),
            };
            if let Err(error) = taken {
                done.refused.push(Refused { record: label.clone(), error });
            }
            progress.inc(1);
            Ok((done, followed))
        })?;
    for (one, of_one) in each {
        done.merge(one);
        followed.merge(of_one);
    }
    progress.finish_and_clear();
    done.tasks = followed.tasks.len();
    done.off = followed.off;
    if output.json() {
        output.document(&done)?;
    }
    for refused in &done.refused {
        complain(&format!("{}: {}", printable(&refused.record), printable(&refused.error.message)));
    }
    output.line(&format!(
        "{} people added, {} changed, {} as they were, {} refused; {} assigned, {} tasks wait for the next push.",
        done.added,
        done.changed,
        done.unchanged,
        done.refused.len(),
        done.assigned,
        done.tasks
    ))?;
    for sentence in &done.off {
        output.line(sentence)?;
    }
    Ok(if done.refused.is_empty() { DONE } else { SOME_FAILED })
}

/// Refuses rows with a grant that the tenant doesn't have. One of the command line would concern every row and ends it.
async fn refuse_unknown_grants(
    global: &Global,
    directory: &Directory,
    tenant: Option<&TenantRecord>,
    extra: &[GrantName],
    rows: &mut [Row],
) -> Result<(), Failure> {
    let Some(tenant) = tenant else { return Ok(()) };
    let people = rows.iter().filter_map(|row| row.person.as_ref().ok());
    let all: BTreeSet<&GrantName> = people.flat_map(|person| &person.grants).chain(extra).collect();
    let all: Vec<GrantName> = all.into_iter().cloned().collect();
    let found = faults(global, directory, tenant, &all, &[]).await?;
    for fault in &found {
        if fault.grant.as_ref().is_some_and(|grant| extra.contains(grant)) {
            return Err(Failure::usage(fault.sentence(&tenant.name)));
        }
    }
    for row in rows {
        let Ok(person) = &row.person else { continue };
        let fault = found.iter().find(|fault| fault.grant.as_ref().is_some_and(|grant| person.grants.contains(grant)));
        if let Some(fault) = fault {
            row.person = Err(ErrorView::local(FailureKind::InvalidValue.name(), fault.sentence(&tenant.name)));
        }
    }
    Ok(())
}

/// Takes one row. The outer error ends the transaction, the inner one concerns the row alone.
fn take(
    change: &WriteTransaction<'_>,
    row: &RowPerson,
    tenant: Option<&TenantRecord>,
    extra: &[GrantName],
    done: &mut Document,
    followed: &mut Followed,
) -> Result<Result<(), ErrorView>, DirectoryError> {
    let known = change.find_person(&row.key)?.filter(|person| person.key == row.key);
    let kept = match known {
        None => change.add_person(&row.to_new()).map(|_| done.added += 1),
        Some(person) => intents::edit_person(change, &person.key, &row.to_edit()).map(|one| {
            if one.changed {
                done.changed += 1;
            } else {
                done.unchanged += 1;
            }
            followed.merge(one);
        }),
    };
    let assigned = kept.and_then(|()| {
        let Some(tenant) = tenant else { return Ok(()) };
        let grants = row.grants.iter().chain(extra).cloned().collect();
        let person = change.person(&row.key)?;
        let assignment = merged(change.assignment(tenant.id, person.id)?, grants, Vec::new(), None);
        let one = intents::assign(change, tenant, &person, &assignment)?;
        done.assigned += u64::from(one.changed);
        followed.merge(one);
        Ok(())
    });
    match assigned {
        Ok(()) => Ok(Ok(())),
        Err(error @ (DirectoryError::Store(_) | DirectoryError::Damaged(_))) => Err(error),
        Err(error) => Ok(Err(ErrorView::local(FailureKind::InvalidValue.name(), error.to_string()))),
    }
}
