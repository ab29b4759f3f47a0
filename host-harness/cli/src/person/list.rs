//! `person list` and `person show`.

use clap::Args;
use serde::Serialize;

use super::super::context::open_directory;
use super::super::failure::{DONE, Failure};
use super::super::global::Global;
use super::super::output::{Output, printable};
use super::edit::Status;
use provisioning_directory::sync::intents::read_only;
use provisioning_directory::{Assignment, DirectoryError, Link, Person, PersonFilter, PersonStatus, Task, TaskFilter};

#[derive(Args)]
pub(crate) struct ListOptions {
    /// Assigned to this tenant only.
    #[arg(long)]
    tenant: Option<String>,
    /// In this status only.
    #[arg(long, value_enum)]
    status: Option<Status>,
    /// Whose key, username, e-mail address or full name contains this.
    #[arg(long, value_name = "TEXT")]
    contains: Option<String>,
    /// People to show. Without it, a table has 100, and JSON and CSV have all.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    limit: Option<u32>,
    /// Behind this key.
    #[arg(long, value_name = "KEY")]
    after: Option<String>,
}

#[derive(Args)]
pub(crate) struct ShowOptions {
    /// The person, by key or username.
    person: String,
}

/// People that a table shows, unless more or fewer are wanted.
const ROWS: u32 = 100;

pub(super) fn list(global: &Global, options: &ListOptions, output: &mut Output) -> Result<u8, Failure> {
    let limit = output.rows(options.limit, ROWS);
    let (people, all) = open_directory(global)?.read(|view| -> Result<_, DirectoryError> {
        let filter = PersonFilter {
            status: options.status.map(PersonStatus::from),
            assigned_to: options.tenant.as_deref().map(|name| view.tenant(name)).transpose()?.map(|tenant| tenant.id),
            contains: options.contains.clone(),
            after: options.after.clone(),
            limit: Some(limit),
            ..PersonFilter::default()
        };
        Ok((view.people(&filter)?, view.count_people()?))
    })?;
    if output.json() {
        output.document(&people)?;
        return Ok(DONE);
    }
    let mut table = output.table(&["Key", "Username", "Status", "Given name", "Family name", "E-mail"]);
    for person in &people {
        let attribute = |name: &str| person.attributes.get(name).map(ToString::to_string).unwrap_or_default();
        table.add_row([
            person.key.clone(),
            person.username.clone(),
            person.status.name().to_owned(),
            attribute("givenName"),
            attribute("familyName"),
            attribute("email"),
        ]);
    }
    output.print_table(&table)?;
    output.line(&format!("{} shown of {all} people.", people.len()))?;
    if let (true, Some(last)) = (people.len() == limit as usize, people.last()) {
        output.line(&printable(&format!("Go on with --after '{}'", last.key)))?;
    }
    Ok(DONE)
}

#[derive(Serialize)]
struct Document {
    #[serde(flatten)]
    person: Person,
    users: Vec<(String, Link)>,
    assignments: Vec<(String, Assignment)>,
    tasks: Vec<Task>,
    sourced: Vec<(String, String)>,
}

pub(super) fn show(global: &Global, options: &ShowOptions, output: &mut Output) -> Result<u8, Failure> {
    let shown = open_directory(global)?.read(|view| -> Result<Document, DirectoryError> {
        let person = view.person(&options.person)?;
        let mut assignments = Vec::new();
        for tenant in view.tenants_assigned_to(person.id)? {
            if let Some(assignment) = view.assignment(tenant.id, person.id)? {
                assignments.push((tenant.name, assignment));
            }
        }
        Ok(Document {
            users: view.links_of(person.id)?,
            assignments,
            tasks: view.tasks(&TaskFilter { person: Some(person.id), ..TaskFilter::default() })?,
            sourced: read_only(view, &person)?,
            person,
        })
    })?;
    if output.json() {
        output.document(&shown)?;
        return Ok(DONE);
    }
    let person = &shown.person;
    output.line(&format!("{}  {}  {}", person.key, person.username, person.status))?;
    let mut table = output.table(&["Attribute", "Value", "Comes from"]);
    for (name, value) in &person.attributes {
        let source = shown.sourced.iter().find(|(have, _)| have == name).map(|(_, tenant)| tenant.clone());
        table.add_row([name.clone(), value.to_string(), source.unwrap_or_default()]);
    }
    output.print_table(&table)?;
    for (tenant, link) in &shown.users {
        output.line(&format!("User in {tenant}: {} ({})", link.remote_id, link.reason.name()))?;
    }
    for (tenant, assignment) in &shown.assignments {
        let grants: Vec<String> =
            assignment.grants.iter().map(|grant| format!("{}={}", grant.kind, grant.name)).collect();
        output.line(&format!("Assigned to {tenant}: {}", grants.join(", ")))?;
    }
    for task in &shown.tasks {
        output.line(&format!(
            "Task {} for {}: {} {}{}",
            task.id,
            task.tenant,
            task.kind.name(),
            task.state.name(),
            task.cause.as_ref().map(|cause| format!(", {cause}")).unwrap_or_default()
        ))?;
    }
    Ok(DONE)
}
