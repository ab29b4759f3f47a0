//! `attributes`: what the application knows of a user, and where each attribute comes from.

use clap::Args;
use serde::Serialize;

use super::context::{Context, TenantSource};
use super::failure::Failure;
use super::global::Global;
use super::output::Output;
use provisioning_directory::config::{AttributeMapping, Direction, Mapping, PushWhen, StandardInput, TenantsFile};

#[derive(Args)]
pub(crate) struct Options {
    /// The tenant's name, in the data folder or the tenants file.
    tenant: String,
}

#[derive(Serialize)]
struct AttributeView {
    name: String,
    label: String,
    kind: String,
    many: bool,
    required: bool,
    writable: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_length: Option<u32>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    choices: Vec<String>,
    /// The rule of the tenant's mapping, if it isn't the default.
    #[serde(skip_serializing_if = "Option::is_none")]
    mapping: Option<AttributeMapping>,
}

pub(crate) async fn run(global: &Global, options: &Options, output: &mut Output) -> Result<(), Failure> {
    let mapping = mapping(global, &options.tenant)?;
    let mut context = Context::start(global, &options.tenant, &mut StandardInput::process()).await?;
    let listed = context.job.list_attributes().await;
    context.keep_usage().await?;
    let views = listed?.into_iter().map(|one| AttributeView {
        mapping: mapping.get(&one.name).cloned(),
        name: one.name,
        label: one.label,
        kind: one.kind,
        many: one.many,
        required: one.required,
        writable: one.writable,
        max_length: one.max_length,
        choices: one.choices,
    });
    let views: Vec<AttributeView> = views.collect();
    if output.json() {
        output.document(&views)?;
        return Ok(());
    }
    let mut table = output.table(&["Attribute", "Label", "Type", "New users need it", "Pushed", "Comes from"]);
    let yes = |yes: bool| if yes { "yes" } else { "" }.to_owned();
    for view in &views {
        let kind = if view.many { format!("{}, several", view.kind) } else { view.kind.clone() };
        table.add_row([view.name.clone(), view.label.clone(), kind, yes(view.required), pushed(view), source(view)]);
    }
    output.print_table(&table)?;
    Ok(())
}

/// The tenant's mapping, wherever the tenant is kept.
fn mapping(global: &Global, name: &str) -> Result<Mapping, Failure> {
    Ok(match TenantSource::find(global, name)? {
        TenantSource::File(file) => TenantsFile::read(&file)?.tenant(name)?.mapping.clone(),
        TenantSource::Directory(kept) => kept.1.config.mapping,
    })
}

/// When the attribute is pushed.
fn pushed(view: &AttributeView) -> String {
    let rule = view.mapping.clone().unwrap_or_default();
    match (view.writable && !rule.off && rule.direction != Direction::ToIdp, rule.push) {
        (false, _) => String::new(),
        (true, PushWhen::Create) => "when made".to_owned(),
        (true, _) => "yes".to_owned(),
    }
}

/// What its value is made from.
fn source(view: &AttributeView) -> String {
    match &view.mapping {
        Some(rule) if rule.off => "off".to_owned(),
        Some(AttributeMapping { template: Some(template), .. }) => template.clone(),
        Some(AttributeMapping { from: Some(from), .. }) => from.clone(),
        _ => view.name.clone(),
    }
}
