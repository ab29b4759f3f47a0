//! `push`: makes and changes users as a CSV file says.

use std::path::PathBuf;

use clap::Args;

use super::context::{Context, TenantSource};
use super::failure::Failure;
use super::global::Global;
use super::grants;
use super::output::Output;
use super::people::{self, EmptyCell, Row};
use super::report::{Entry, RecordsReport};
use super::view::ErrorView;
use provisioning_directory::config::StandardInput;
use provisioning_directory::sync::{Entitlements, is_of_the_connector};
use provisioning_directory::{FailureKind, GrantName};
use provisioning_runtime::JobError;
use provisioning_runtime::wit::{DesiredUser, Grant, PushMode};

/// Users a call. A connector looks a batch up together, so a large one costs few requests: 10,000 unchanged users of
/// Salesforce were measured at 21 requests in calls of 2,000. What a call that is cut short had done is found when it is repeated.
const BATCH: usize = 2_000;

#[derive(Args)]
pub(crate) struct Options {
    /// The tenant's name, in the data folder or the tenants file.
    tenant: String,
    /// A CSV file whose first row names the columns: username, key, id, grant:KIND, and attributes by name. Without one, the
    /// tenant's tasks in the data folder are carried out.
    #[arg(value_name = "PEOPLE.CSV")]
    people: Option<PathBuf>,
    /// Assign this to everybody, beside what the file says, by name or id.
    #[arg(long = "grant", value_name = "KIND=NAME", value_parser = grants::parse)]
    grants: Vec<(String, String)>,
    /// Say what would change and write nothing.
    #[arg(long)]
    plan: bool,
    /// Let an empty cell clear its attribute; otherwise it is left alone.
    #[arg(long)]
    clear_empty: bool,
    /// Ask anew for everybody who is assigned, as after an application has lost its data.
    #[arg(long, conflicts_with_all = ["people", "plan"])]
    everybody: bool,
}

pub(crate) async fn run(global: &Global, options: &Options, output: &mut Output) -> Result<u8, Failure> {
    let place = TenantSource::find(global, &options.tenant)?;
    let path = match (&options.people, place) {
        (None, TenantSource::Directory(kept)) => {
            let (directory, tenant) = *kept;
            if options.plan || options.clear_empty || !options.grants.is_empty() {
                return Err(Failure::usage(
                    "--grant, --plan and --clear-empty go with a CSV file; `plan` works out what the tasks would write, and `assign` grants",
                ));
            }
            return super::sync_push::run(global, &directory, &tenant, options.everybody, output).await;
        }
        (None, TenantSource::File(_)) => {
            return Err(Failure::usage(format!(
                "{} stands in a tenants file, which knows no people; name a CSV file, or add the tenant to the data folder with `tenant import-toml`",
                options.tenant
            )));
        }
        (Some(_), TenantSource::Directory(_)) => {
            return Err(Failure::usage(format!(
                "the people of {} are in the data folder; bring the file in with `person import FILE --assign {}` and push without it",
                options.tenant, options.tenant
            )));
        }
        (Some(path), TenantSource::File(_)) => path,
    };
    let text = std::fs::read(path)
        .map_err(|error| Failure::usage(format!("the file {} cannot be read: {error}", path.display())))?;
    let empty = if options.clear_empty { EmptyCell::Clear } else { EmptyCell::Leave };
    let mut rows = people::read(&text, path, empty)?;
    add_grants(&mut rows, &options.grants);
    let mut context = Context::start(global, &options.tenant, &mut StandardInput::process()).await?;
    check_attributes(&mut context, &rows).await?;
    let mode = if options.plan { PushMode::Plan } else { PushMode::Apply };
    let (entries, ended) = push(&mut context, rows, &mode, output).await?;
    let report = RecordsReport {
        tenant: &context.tenant.name,
        command: "push",
        plan: options.plan,
        usage: context.job.usage(),
        entries,
        ended,
    };
    report.print(output)?;
    Ok(report.finish())
}

/// Adds grants to every row.
pub(crate) fn add_grants(rows: &mut [Row], grants: &[(String, String)]) {
    for user in rows.iter_mut().filter_map(|row| row.user.as_mut().ok()) {
        user.grants.extend(grants.iter().map(|(kind, id)| Grant { kind: kind.clone(), id: id.clone() }));
    }
}

/// Puts ids in the place of the names of grants.
fn with_ids(
    mut user: DesiredUser,
    tenant: &str,
    label: &str,
    entitlements: &Entitlements,
) -> Result<DesiredUser, ErrorView> {
    let named: Vec<GrantName> =
        user.grants.into_iter().map(|grant| GrantName { kind: grant.kind, name: grant.id }).collect();
    user.grants = entitlements.resolve(tenant, label, &named).map_err(ErrorView::from)?;
    Ok(user)
}

/// Refuses a column that is no attribute before anything is written: it would fail every row.
async fn check_attributes(context: &mut Context, rows: &[Row]) -> Result<(), Failure> {
    let known = match context.job.list_attributes().await {
        Ok(known) => known,
        // Then each row is told by itself.
        Err(JobError::Refused(error)) if is_of_the_connector(&error, &[FailureKind::Unsupported]) => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    match people::attributes(rows).iter().find(|name| !known.iter().any(|one| one.name == **name)) {
        None => Ok(()),
        Some(stray) => {
            let names: Vec<&str> = known.iter().filter(|one| one.writable).map(|one| one.name.as_str()).collect();
            Err(Failure::usage(format!(
                "the column `{stray}` is no attribute of the connector; it has {}",
                names.join(", ")
            )))
        }
    }
}

/// Pushes the rows in batches. Returns an entry for each row, and what ended the push early.
pub(crate) async fn push(
    context: &mut Context,
    rows: Vec<Row>,
    mode: &PushMode,
    output: &Output,
) -> Result<(Vec<Entry>, Option<Failure>), Failure> {
    let users = || rows.iter().filter_map(|row| row.user.as_ref().ok());
    grants::check_kinds(&context.descriptor, users())?;
    let mut entitlements = Entitlements::default();
    let kinds = entitlements.unknown(users().flat_map(|user| user.grants.iter().map(|grant| grant.kind.as_str())));
    entitlements.look_up(&mut context.job, kinds).await?;
    let mut entries: Vec<(String, Option<Result<_, ErrorView>>)> = Vec::with_capacity(rows.len());
    let mut sound: Vec<(usize, DesiredUser)> = Vec::with_capacity(rows.len());
    for (index, Row { label, user }) in rows.into_iter().enumerate() {
        let user = user.and_then(|user| with_ids(user, &context.tenant.name, &label, &entitlements));
        match user {
            Ok(user) => {
                sound.push((index, user));
                entries.push((label, None));
            }
            Err(error) => entries.push((label, Some(Err(error)))),
        }
    }
    let progress = output.progress("people pushed", Some(sound.len() as u64));
    let mut ended = None;
    let mut indices = Vec::with_capacity(BATCH);
    let mut batch = Vec::with_capacity(BATCH);
    let mut rest = sound.into_iter().peekable();
    while rest.peek().is_some() && ended.is_none() {
        indices.clear();
        batch.clear();
        for (index, user) in rest.by_ref().take(BATCH) {
            indices.push(index);
            batch.push(user);
        }
        match context.job.push_users(&batch, mode).await {
            Ok(results) => {
                for (index, result) in indices.iter().zip(results) {
                    entries[*index].1 = Some(result.map_err(|error| ErrorView::from(&error)));
                }
            }
            Err(error) => ended = Some(Failure::from(error)),
        }
        progress.inc(batch.len() as u64);
    }
    progress.finish_and_clear();
    let entries = entries
        .into_iter()
        .map(|(label, result)| Entry {
            label,
            result: result.unwrap_or_else(|| Err(ErrorView::local("not-attempted", NOT_ATTEMPTED.to_owned()))),
        })
        .collect();
    Ok((entries, ended))
}

/// What stands at a record that a command did not come to, or whose call was cut short.
pub(crate) const NOT_ATTEMPTED: &str =
    "the command ended before this record was finished; run it again, which repeats nothing that was done";
