//! What the demo does, step by step, and what it says of it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::org::Org;
use super::{Options, PEOPLE};
use crate::context::Context;

use crate::direct::{Entry, RecordsReport, import, push};
use crate::failure::{DONE, Failure, SOME_FAILED};
use crate::global::Global;
use crate::output::{Output, Tone, lines, printable};
use crate::people::{self, EmptyCell, Row, RowPerson};
use crate::report::refusal_text;
use crate::test_credentials;
use crate::view::{ErrorView, action_name, attribute_texts, status_name};
use provisioning_directory::config::{SecretSource, StandardInput};
use provisioning_directory::{AttributeValue, GrantName};
use provisioning_runtime::wit::{Action, Deactivation, ImportQuery, ImportScope, PushMode, User};

/// The demo in figures.
#[derive(Serialize)]
struct Summary {
    org: String,
    organization_id: String,
    users_before: usize,
    users_after: usize,
    created: usize,
    refused: usize,
    unchanged_when_repeated: usize,
    updated: Option<String>,
    deactivated: Option<String>,
    password_set: Option<String>,
    statuses: BTreeMap<&'static str, usize>,
    requests: u64,
}

pub(super) async fn play(
    global: &Global,
    options: &Options,
    tenants: &Path,
    org: &Org,
    output: &mut Output,
) -> Result<u8, Failure> {
    let (text, path) = match &options.people {
        None => (PEOPLE.as_bytes().to_vec(), PathBuf::from("people.csv")),
        Some(path) => {
            let text = std::fs::read(path)
                .map_err(|error| Failure::usage(format!("the file {} cannot be read: {error}", path.display())))?;
            (text, path.clone())
        }
    };
    let rows = || people::read(&text, &path, EmptyCell::Leave);
    rows()?;

    output.line(&format!(
        "A Salesforce org with {} users runs at {} in a process of its own.",
        options.users,
        org.connection().url
    ))?;
    output.line(&format!("The tenant `demo` in {} may reach this machine and nothing else.", tenants.display()))?;
    let mut context =
        Context::start_from_file(global, tenants, "demo", &mut StandardInput(Box::new(std::io::empty()))).await?;

    output.heading("1. Test the credentials")?;
    let probes = context.job.test_credentials().await?;
    test_credentials::print(&probes, output)?;
    if test_credentials::exit(&probes) != DONE {
        return Err(Failure {
            exit: test_credentials::exit(&probes),
            error: ErrorView::local("invalid-settings", "the demo's own credentials do not hold".to_owned()),
        });
    }

    output.heading("2. Import the portal's users")?;
    let before = read_all(&mut context).await?;
    output.line(&format!("{} users in {} pages.", before.users.len(), before.pages))?;
    let profile = commonest_profile(&before.users)?;

    output.heading("3. Push new people: a contact under the account, and a user on it")?;
    let pushed = push_all(&mut context, with_profile(rows()?, &profile), &PushMode::Apply, output).await?;
    brief(&pushed, output)?;

    output.heading("4. Push the same people again: nothing to do")?;
    let sound: Vec<Row> = rows()?.into_iter().filter(|row| created(&pushed, &row.label).is_some()).collect();
    let again = push_all(&mut context, with_profile(sound, &profile), &PushMode::Apply, output).await?;
    brief(&again, output)?;

    let people: Vec<(String, String)> =
        pushed.iter().filter_map(|entry| Some((entry.label.clone(), created(&pushed, &entry.label)?))).collect();
    let mut people = people.into_iter();
    let (mut updated, mut deactivated, mut password_set) = (None, None, None);
    let mut failures = 0;
    if let Some((username, id)) = people.next() {
        output.heading(&format!("5. Update {username}: first the plan, then the change"))?;
        let title = Some(AttributeValue::from("Director of Operations"));
        let person = RowPerson {
            key: username.clone(),
            id: Some(id),
            username: username.clone(),
            attributes: BTreeMap::from([("title".to_owned(), title)]),
            grants: Vec::new(),
        };
        for mode in [PushMode::Plan, PushMode::Apply] {
            let row = Row { label: username.clone(), person: Ok(person.clone()) };
            let entries = push_all(&mut context, vec![row], &mode, output).await?;
            let plan = matches!(mode, PushMode::Plan);
            failures += entries.iter().filter(|entry| entry.result.is_err()).count();
            let report = RecordsReport {
                tenant: "demo",
                command: "push",
                plan,
                entries,
                usage: context.job.usage(),
                ended: None,
            };
            if !output.json() {
                report.print(output)?;
            }
        }
        updated = Some(username);
    }
    if let Some((username, id)) = people.next() {
        output.heading(&format!("6. Deactivate {username}"))?;
        let results = context.job.deactivate_users(&[id], Deactivation::Deactivate, &PushMode::Apply).await?;
        let entries: Vec<Entry> = results
            .into_iter()
            .map(|result| Entry { label: username.clone(), result: result.map_err(|error| ErrorView::from(&error)) })
            .collect();
        failures += entries.iter().filter(|entry| entry.result.is_err()).count();
        brief(&entries, output)?;
        deactivated = Some(username);
    }
    if let Some((username, id)) = people.next() {
        output.heading(&format!("7. Set the password of {username}"))?;
        let password = SecretSource::File("new-password".into()).read(
            "new password",
            &options.folder,
            &mut StandardInput(Box::new(std::io::empty())),
        )?;
        match context.job.sync_passwords(&[(id, password)]).await?.into_iter().next() {
            Some(Ok(())) => {
                output.line(
                    "Done. The password went from the host into the request; the connector held only a placeholder for it.",
                )?;
                password_set = Some(username);
            }
            Some(Err(error)) => {
                failures += 1;
                output.line(&error.message)?;
            }
            None => failures += 1,
        }
    }

    output.heading("What is in the org now")?;
    let after = read_all(&mut context).await?;
    let mut statuses = BTreeMap::new();
    for Seen { user, .. } in &after.users {
        *statuses.entry(status_name(user.status)).or_insert(0) += 1;
    }
    show(&after.users, &pushed, output)?;
    let summary = Summary {
        org: org.connection().url.clone(),
        organization_id: org.connection().organization_id.clone(),
        users_before: before.users.len(),
        users_after: after.users.len(),
        created: count(&pushed, Action::Created),
        refused: pushed.iter().filter(|entry| entry.result.is_err()).count(),
        unchanged_when_repeated: count(&again, Action::Unchanged),
        updated,
        deactivated,
        password_set,
        statuses,
        requests: context.job.usage().requests,
    };
    if output.json() {
        output.document(&summary)?;
    } else {
        output.line(&format!(
            "{} portal users before, {} after: {} made, {} refused with the reason, {} unchanged when pushed again; \
             one updated, one deactivated, one password set; {} requests in all.",
            summary.users_before,
            summary.users_after,
            summary.created,
            summary.refused,
            summary.unchanged_when_repeated,
            summary.requests
        ))?;
    }
    Ok(if failures == 0 { DONE } else { SOME_FAILED })
}

struct All {
    users: Vec<Seen>,
    pages: u32,
}

/// A user as the org has it.
struct Seen {
    user: User,
    /// Its title, contact and account.
    attributes: [String; 3],
}

async fn read_all(context: &mut Context) -> Result<All, Failure> {
    let query = ImportQuery { scope: ImportScope::Full, page_size: 500, attributes: Vec::new(), grants: true };
    let mut users = Vec::new();
    let (imported, ended) = import::pages(context, query, None, |page, user| {
        let attributes = attribute_texts(page, user, ["title", "contactId", "accountId"]);
        users.push(Seen { user: user.clone(), attributes });
        Ok(())
    })
    .await?;
    match ended {
        Some(failure) => Err(failure),
        None => Ok(All { users, pages: imported.pages }),
    }
}

/// The profile that most active users have; new people get the same.
fn commonest_profile(users: &[Seen]) -> Result<String, Failure> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for user in users.iter().map(|seen| &seen.user).filter(|user| status_name(user.status) == "active") {
        for grant in user.grants.iter().filter(|grant| grant.kind == "profile") {
            *counts.entry(&grant.id).or_insert(0) += 1;
        }
    }
    let commonest = counts.into_iter().max_by_key(|(_, count)| *count);
    commonest
        .map(|(id, _)| id.to_owned())
        .ok_or_else(|| Failure::usage("the org has no active portal user; start it with more --users"))
}

fn with_profile(mut rows: Vec<Row>, profile: &str) -> Vec<Row> {
    let profile = GrantName { kind: "profile".to_owned(), name: profile.to_owned() };
    push::add_grants(&mut rows, &[profile]);
    rows
}

async fn push_all(
    context: &mut Context,
    rows: Vec<Row>,
    mode: &PushMode,
    output: &Output,
) -> Result<Vec<Entry>, Failure> {
    let (entries, ended) = push::push(context, rows, mode, output).await?;
    match ended {
        Some(failure) => Err(failure),
        None => Ok(entries),
    }
}

fn created(entries: &[Entry], label: &str) -> Option<String> {
    let entry = entries.iter().find(|entry| entry.label == label)?;
    entry.result.as_ref().ok().and_then(|outcome| outcome.id.clone())
}

fn count(entries: &[Entry], action: Action) -> usize {
    entries.iter().filter(|entry| entry.result.as_ref().is_ok_and(|outcome| outcome.action == action)).count()
}

/// A line a record, without the single fields.
fn brief(entries: &[Entry], output: &mut Output) -> Result<(), Failure> {
    let mut table = output.table(&["Person", "Result", "Id, or why not"]);
    for entry in entries {
        let (result, tone, detail) = match &entry.result {
            Ok(outcome) => {
                let mut detail = printable(outcome.id.as_deref().unwrap_or_default()).into_owned();
                for effect in &outcome.side_effects {
                    detail.push('\n');
                    detail.push_str(&printable(effect));
                }
                (action_name(outcome.action), Tone::Good, detail)
            }
            Err(error) => ("refused", Tone::Bad, refusal_text(&error.message, None, error.remedy.as_deref())),
        };
        table.add_row(vec![entry.label.clone().into(), output.cell(result, tone), lines(detail)]);
    }
    output.print_table(&table)?;
    Ok(())
}

/// The demo's people as the org has them.
fn show(users: &[Seen], pushed: &[Entry], output: &mut Output) -> Result<(), Failure> {
    let mine = pushed
        .iter()
        .filter_map(|entry| created(pushed, &entry.label))
        .filter_map(|id| users.iter().find(|seen| seen.user.id == id));
    let mut table = output.table(&["Id", "Username", "Status", "Title", "Contact", "Account"]);
    for Seen { user, attributes } in mine {
        let mut row = vec![user.id.clone(), user.username.clone(), status_name(user.status).to_owned()];
        row.extend(attributes.iter().cloned());
        table.add_row(row);
    }
    output.print_table(&table)?;
    Ok(())
}
