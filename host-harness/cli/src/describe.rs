//! `describe`: what a connector is.

use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use super::context::{load, runtime};
use super::failure::Failure;
use super::global::Global;
use super::output::Output;
use super::view::{DescriptorView, feature_names, setting_kind};
use provisioning_directory::config::ComponentChoice;
use provisioning_runtime::Given;

#[derive(Args)]
pub(crate) struct Options {
    /// A component file, or sha256: and the digest of an added one; by default the connector that is built in.
    component: Option<PathBuf>,
    /// List only the interfaces that the component imports: what it is given, and nothing else.
    #[arg(long)]
    imports: bool,
}

/// An interface that a component imports.
#[derive(Serialize)]
struct ImportView<'a> {
    name: &'a str,
    /// `world`, or `empty-wasi` for what the toolchain imports and has nothing behind it here.
    given: &'static str,
}

impl<'a> ImportView<'a> {
    fn new((name, given): (&'a str, Given)) -> Self {
        let given = match given {
            Given::World => "world",
            Given::EmptyWasi => "empty-wasi",
        };
        Self { name, given }
    }
}

pub(crate) async fn run(global: &Global, options: &Options, output: &mut Output) -> Result<(), Failure> {
    let runtime = runtime(global)?;
    let component = options.component.clone().map_or(ComponentChoice::Embedded, ComponentChoice::named);
    let connector = load(global, &runtime, &component, Path::new(""))?;
    if options.imports {
        if output.json() {
            output.document(&connector.given().map(ImportView::new).collect::<Vec<_>>())?;
        } else {
            for (import, given) in connector.given() {
                output.line(&match given {
                    Given::World => import.to_owned(),
                    Given::EmptyWasi => format!("{import}  (empty WASI)"),
                })?;
            }
        }
        return Ok(());
    }
    let descriptor = runtime.describe(&connector).await?;
    if output.json() {
        output.document(&DescriptorView::new(&descriptor, &connector))?;
        return Ok(());
    }
    output.line(&format!("{} (connector {})", descriptor.name, descriptor.version))?;
    output.line(&format!("Component  {} bytes, SHA-256 {}", connector.size(), connector.digest()))?;
    output.line(&format!("Interface  identity:provisioning {}", connector.interface()))?;
    output.line(&format!("Features   {}", feature_names(descriptor.features).join(", ")))?;
    let grants: Vec<&str> = descriptor.grants.iter().map(|grant| grant.name.as_str()).collect();
    output.line(&format!("Grants     {}", grants.join(", ")))?;
    let mut table = output.table(&["Setting", "Kind", "Needed", "What it is"]);
    for setting in &descriptor.settings {
        let (kind, choices) = setting_kind(&setting.kind);
        let kind = if choices.is_empty() { kind.to_owned() } else { choices.join(" | ") };
        let needed = if setting.required { "yes" } else { "" };
        table.add_row([&setting.name, kind.as_str(), needed, &format!("{}. {}", setting.label, setting.help)]);
    }
    output.print_table(&table)?;
    Ok(())
}
