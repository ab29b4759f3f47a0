//! `push` without a directory: makes and changes users as the rows of a CSV file say.

use super::{Entry, RecordsReport, in_batches};
use crate::context::Context;
use crate::failure::Failure;
use crate::global::Global;
use crate::grants;
use crate::output::Output;
use crate::people::{self, Row, RowPerson};
use crate::view::ErrorView;
use provisioning_directory::config::StandardInput;
use provisioning_directory::sync::{Entitlements, is_of_the_connector};
use provisioning_directory::{FailureKind, GrantName};
use provisioning_runtime::JobError;
use provisioning_runtime::wit::{Change, DesiredUser, PushMode, Value};

/// Users a call. A connector looks a batch up together and writes parts of it side by side, so a large one costs few requests, of
/// which few wait for each other: 10,000 new users of Salesforce were measured at 66 requests and 16 round trips in one call, and
/// are reckoned to take about half of the memory that a sandbox has by default. What a call that is cut short had done is found when it is repeated.
const BATCH: usize = 10_000;

/// Pushes the rows to a tenant and prints what became of each.
pub(crate) async fn run(
    global: &Global,
    tenant: &str,
    rows: Vec<Row>,
    plan: bool,
    output: &mut Output,
) -> Result<u8, Failure> {
    let mut context = Context::start(global, tenant, &mut StandardInput::process()).await?;
    let mut rows = rows;
    check_attributes(&mut context, &mut rows).await?;
    let mode = if plan { PushMode::Plan } else { PushMode::Apply };
    let (entries, ended) = push(&mut context, rows, &mode, output).await?;
    let usage = context.job.usage();
    RecordsReport { tenant: &context.tenant.name, command: "push", plan, usage, entries, ended }.print(output)
}

/// Adds grants to every row.
pub(crate) fn add_grants(rows: &mut [Row], grants: &[GrantName]) {
    for person in rows.iter_mut().filter_map(|row| row.person.as_mut().ok()) {
        person.grants.extend_from_slice(grants);
    }
}

/// What a connector takes of a row, with ids in place of the names of grants.
fn desired(
    person: RowPerson,
    tenant: &str,
    label: &str,
    entitlements: &Entitlements,
) -> Result<DesiredUser, ErrorView> {
    let change = |(name, value): (String, Option<_>)| Change { name, value: value.map(Value::from) };
    Ok(DesiredUser {
        grants: entitlements.resolve(tenant, label, &person.grants).map_err(ErrorView::from)?,
        changes: person.attributes.into_iter().map(change).collect(),
        key: person.key,
        id: person.id,
        username: person.username,
        exact_grants: false,
    })
}

/// Refuses a column that isn't an attribute before anything is written, since it would fail every row.
async fn check_attributes(context: &mut Context, rows: &mut [Row]) -> Result<(), Failure> {
    let known = match context.job.list_attributes().await {
        Ok(known) => known,
        // Then each row reports its own error.
        Err(JobError::Refused(error)) if is_of_the_connector(&error, &[FailureKind::Unsupported]) => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    let names: Vec<&str> = known.iter().map(|one| one.name.as_str()).collect();
    people::settle_names(rows, &names, true)
}

/// Pushes the rows in batches. Returns an entry for each row, and what ended the push early.
pub(crate) async fn push(
    context: &mut Context,
    rows: Vec<Row>,
    mode: &PushMode,
    output: &Output,
) -> Result<(Vec<Entry>, Option<Failure>), Failure> {
    let used = || rows.iter().filter_map(|row| row.person.as_ref().ok()).flat_map(|person| &person.grants);
    grants::check_kinds(&context.descriptor, used())?;
    let mut entitlements = Entitlements::default();
    let kinds = entitlements.unknown(used().map(|grant| grant.kind.as_str()));
    entitlements.look_up(&mut context.job, kinds).await?;
    let records = rows.into_iter().map(|Row { label, person }| {
        let user = person.and_then(|person| desired(person, &context.tenant.name, &label, &entitlements));
        (label, user)
    });
    let records = records.collect();
    let progress = output.progress("people pushed", Some(0));
    Ok(in_batches(context, records, BATCH, &progress, async |context, users: &[DesiredUser]| {
        Ok(context.job.push_users(users, mode).await?)
    })
    .await)
}
