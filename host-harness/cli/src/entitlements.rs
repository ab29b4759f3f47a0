//! `entitlements`: what can be assigned to users.

use clap::Args;
use serde::Serialize;

use super::context::Context;
use super::failure::Failure;
use super::global::Global;
use super::output::Output;
use provisioning_directory::config::StandardInput;
use provisioning_directory::sync::list_entitlements;
use provisioning_runtime::wit::Entitlement;

#[derive(Args)]
pub(crate) struct Options {
    /// The tenant's name, in the data folder or the tenants file.
    tenant: String,
    /// The kind of grant, as `describe` names it; all kinds where there is none.
    kind: Option<String>,
}

#[derive(Serialize)]
struct ReadTransaction<'a> {
    kind: &'a str,
    id: &'a str,
    name: &'a str,
    compatibility: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    seats: Option<SeatsView>,
}

#[derive(Serialize)]
struct SeatsView {
    used: u64,
    total: u64,
}

pub(crate) async fn run(global: &Global, options: &Options, output: &mut Output) -> Result<(), Failure> {
    let mut context = Context::start(global, &options.tenant, &mut StandardInput::process()).await?;
    let kinds = match &options.kind {
        Some(kind) => vec![kind.clone()],
        None => context.descriptor.grants.iter().map(|grant| grant.name.clone()).collect(),
    };
    let mut found: Vec<Entitlement> = Vec::new();
    let mut failure = None;
    for kind in kinds {
        match list_entitlements(&mut context.job, &kind).await {
            Ok(of_kind) => found.extend(of_kind),
            Err(error) => {
                failure = Some(error);
                break;
            }
        }
    }
    context.keep_usage().await?;
    if let Some(error) = failure {
        return Err(error.into());
    }
    if output.json() {
        let views: Vec<ReadTransaction<'_>> = found.iter().map(ReadTransaction::from).collect();
        output.document(&views)?;
        return Ok(());
    }
    let mut table = output.table(&["Kind", "Name", "Id", "Seats", "Fits with"]);
    for entitlement in &found {
        let seats =
            entitlement.seats.as_ref().map_or(String::new(), |seats| format!("{} of {}", seats.used, seats.total));
        table.add_row([
            &entitlement.kind,
            &entitlement.name,
            &entitlement.id,
            &seats,
            &entitlement.compatibility.join(", "),
        ]);
    }
    output.print_table(&table)?;
    Ok(())
}

impl<'a> From<&'a Entitlement> for ReadTransaction<'a> {
    fn from(entitlement: &'a Entitlement) -> Self {
        Self {
            kind: &entitlement.kind,
            id: &entitlement.id,
            name: &entitlement.name,
            compatibility: &entitlement.compatibility,
            seats: entitlement.seats.as_ref().map(|seats| SeatsView { used: seats.used, total: seats.total }),
        }
    }
}
