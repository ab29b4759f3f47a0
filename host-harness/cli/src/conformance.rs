//! `conformance`: checks what any connector must do.

use std::borrow::Cow;
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::context::{self, TenantSource, component_bytes, data_folder};
use super::demo;
use super::failure::{DONE, Failure, SOME_FAILED};
use super::global::Global;
use super::output::{Output, Tone, lines, printable, progress};
use super::sample::{self, Sample};
use crate::embedded;
use provisioning_conformance::{CheckVerdict, Checked, ComponentTarget, ConformanceReport, Samples, TargetError};
use provisioning_directory::config::{ComponentChoice, StandardInput, TenantsFile};
use provisioning_directory::{Directory, DirectoryError, Note, WriteTransaction};
use provisioning_runtime::{Approval, Compiler, Tenant};

#[derive(Args)]
pub(crate) struct Options {
    /// A component file, or sha256: and the digest of an added one; by default the tenant's component, or the one that is built in.
    component: Option<PathBuf>,
    /// Try it on this tenant of the data folder or the tenants file. By default, an emulated org is started for the connector that is
    /// built in; any other has to be told where to try.
    #[arg(long, value_name = "NAME")]
    tenant: Option<String>,
    /// Try it on the sample application, which is started for it: what the connectors that `new` makes provision.
    #[arg(long, conflicts_with = "tenant")]
    sample: bool,
    /// Make the checks that write, too: they make some thirty users in the tenant's application and deactivate them
    /// again. For an organization that is there to be tested on.
    #[arg(long, requires = "tenant")]
    writes: bool,
    /// A TOML file that says which users and passwords the application takes and refuses. By default that of the emulated org;
    /// without one, a tenant's checks that need it are skipped.
    #[arg(long, value_name = "FILE")]
    samples: Option<PathBuf>,
    /// Make only the checks whose name begins so, such as `import.`.
    #[arg(long, value_name = "PREFIX")]
    only: Option<String>,
    /// Print the report in this form, for another program.
    #[arg(long, value_enum, value_name = "FORM")]
    report: Option<Form>,
    /// List the checks, and make none.
    #[arg(long)]
    list: bool,
}

/// Users of the emulated org: enough for several pages in every check, few enough for pages of one.
const USERS: u32 = 60;

/// Forms of a report for other programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Form {
    /// As CI systems show them.
    Junit,
    /// As with --json.
    Json,
}

#[derive(Serialize)]
struct CheckView {
    name: &'static str,
    wants: &'static str,
    writes: bool,
}

pub(crate) async fn run(global: &Global, options: &Options, output: &mut Output) -> Result<u8, Failure> {
    let only = options.only.as_deref();
    if provisioning_conformance::chosen(only).next().is_none() {
        return Err(Failure::usage(format!(
            "no check is called `{}`; `conformance --list` has their names",
            only.unwrap_or_default()
        )));
    }
    if options.list {
        return list(only, output);
    }
    let own_samples = options.samples.as_ref().map(|path| {
        std::fs::read_to_string(path)
            .map_err(|error| Failure::usage(format!("the samples {} cannot be read: {error}", path.display())))
    });
    let own_samples = own_samples.transpose()?;
    let mut kept = None;
    let (tenant, component, mut ground) = match &options.tenant {
        Some(name) => {
            let Asked { mut tenant, component, directory } = tenant(global, name, options.component.as_ref())?;
            tenant.approval = approved(global, &tenant, &component, directory.as_ref()).await?;
            kept = directory.map(|directory| (directory, tenant.name.clone()));
            (tenant, component, None)
        }
        None => {
            let choice = options.component.clone().map_or(ComponentChoice::Embedded, ComponentChoice::named);
            let component = component_bytes(global, &choice, std::path::Path::new(""))?;
            let ground = Ground::start(options.sample, &component).await?;
            let mut tenant = ground.tenant();
            tenant.approval = approved(global, &tenant, &component, None).await?;
            (tenant, component, Some(ground))
        }
    };
    let samples = own_samples.as_deref().or(ground.as_ref().map(Ground::samples)).unwrap_or_default();
    let samples = Samples::parse(samples).map_err(|error| Failure::usage(error.to_string()))?;
    let asked =
        provisioning_conformance::Options { writes: options.writes || ground.is_some(), only: options.only.clone() };
    let report = checked(global, &component, tenant, &samples, &asked).await?;
    if let Some(ground) = &mut ground {
        ground.stop().await;
    }
    if let Some((directory, tenant)) = kept.filter(|_| asked.writes) {
        directory.write(&global.actor(), |change| note(change, &tenant, &report))?;
    }
    match options.report {
        Some(Form::Junit) => {
            output.raw().write_all(report.junit().as_bytes())?;
            output.raw().flush()?;
        }
        Some(Form::Json) => output.document(&report.json().map_err(std::io::Error::from)?)?,
        None => print(&report, ground.is_some(), output)?,
    }
    Ok(if report.conforms() { DONE } else { SOME_FAILED })
}

/// An application that is started for the checks and may be written to.
enum Ground {
    Emulated(Box<demo::Org>),
    Sample(Sample),
}

impl Ground {
    /// Starts what the component is for. Nobody knows that of a component that isn't built in, unless it is said.
    async fn start(sample: bool, component: &[u8]) -> Result<Self, Failure> {
        if sample {
            return Sample::start(USERS).await.map(Self::Sample);
        }
        if component != embedded::CONNECTOR {
            return Err(Failure::usage(
                "what this component connects to isn't known here; name a tenant to try it on with --tenant (and allow writing with --writes), or use --sample if it is for the sample application",
            ));
        }
        demo::Org::start(USERS, 7, None).await.map(|org| Self::Emulated(Box::new(org)))
    }

    fn tenant(&self) -> Tenant {
        const NAME: &str = "conformance";
        match self {
            Self::Emulated(org) => org.tenant(NAME),
            Self::Sample(sample) => sample.tenant(NAME),
        }
    }

    fn samples(&self) -> &'static str {
        match self {
            Self::Emulated(_) => demo::SAMPLES,
            Self::Sample(_) => sample::SAMPLES,
        }
    }

    async fn stop(&mut self) {
        if let Self::Emulated(org) = self {
            org.stop().await;
        }
    }
}

/// The approval that the checks run with. Returns `None` for a component that can't be asked, which the checks say more of.
async fn approved(
    global: &Global,
    tenant: &Tenant,
    component: &[u8],
    directory: Option<&Directory>,
) -> Result<Option<Approval>, Failure> {
    let runtime = context::runtime(global)?;
    let Ok(connector) = context::load_bytes(&runtime, component) else { return Ok(None) };
    let Ok(descriptor) = runtime.describe(&connector).await else { return Ok(None) };
    let Ok(declared) = context::declared(&runtime, &connector, &descriptor).await else { return Ok(None) };
    context::approved(directory, tenant, &declared).map(Some)
}

async fn checked(
    global: &Global,
    component: &[u8],
    tenant: Tenant,
    samples: &Samples,
    options: &provisioning_conformance::Options,
) -> Result<ConformanceReport, Failure> {
    // A few jobs stand side by side in some checks.
    let mut builder = context::builder(global, 8)?;
    if component == embedded::CONNECTOR {
        builder = builder.compiler(Compiler::InProcess);
    }
    let target = match ComponentTarget::load(&builder, component, tenant) {
        Ok(target) => target,
        Err(TargetError::Load(error)) => return Ok(ConformanceReport::of_unloadable(&error, options.only.as_deref())),
        Err(TargetError::Engine(error)) => return Err(error.into()),
    };
    let bar = progress("checks", 0, Some(provisioning_conformance::chosen(options.only.as_deref()).count() as u64));
    let report = provisioning_conformance::run(&target, samples, options, &mut |_| bar.inc(1)).await;
    bar.finish_and_clear();
    Ok(report)
}

/// Keeps in the audit trail that the checks have written in the tenant's application, and which users they made there.
fn note(change: &WriteTransaction<'_>, tenant: &str, report: &ConformanceReport) -> Result<(), DirectoryError> {
    let failed = report.count(CheckVerdict::Failed);
    change.note(&Note {
        tenant: Some(tenant),
        person: None,
        action: "user.conformance",
        old: None,
        new: Some(serde_json::json!({ "users": report.left_behind })),
        result: &format!("{} users made and deactivated by checks, {failed} of which failed", report.left_behind.len()),
    })
}

/// What a named tenant is checked with.
struct Asked {
    /// With its secrets.
    tenant: Tenant,
    component: Cow<'static, [u8]>,
    /// Where the tenant is kept in one.
    directory: Option<Directory>,
}

/// Finds a tenant, and the component that is to be checked on it.
fn tenant(global: &Global, name: &str, component: Option<&PathBuf>) -> Result<Asked, Failure> {
    let (mut tenant, own, folder, directory) = match TenantSource::find(global, name)? {
        TenantSource::File(path) => {
            let file = TenantsFile::read(&path)?;
            let config = file.tenant(name)?;
            context::warn_of_egress(name, config);
            let tenant = config.resolve(name, file.folder(), &mut StandardInput::process())?;
            (tenant, config.component(), file.folder().to_owned(), None)
        }
        TenantSource::Directory(kept) => {
            let (directory, record) = *kept;
            let tenant = directory.read(|view| view.runtime_tenant(&record))?;
            (tenant, record.config.component(), data_folder(global), Some(directory))
        }
    };
    let bytes = match component {
        Some(path) => {
            // The pin is for the tenant's own component.
            tenant.component_sha256 = None;
            component_bytes(global, &ComponentChoice::named(path.clone()), std::path::Path::new(""))?
        }
        None => component_bytes(global, &own, &folder)?,
    };
    Ok(Asked { tenant, component: bytes, directory })
}

fn list(only: Option<&str>, output: &mut Output) -> Result<u8, Failure> {
    let checks = || provisioning_conformance::chosen(only);
    if output.json() {
        let views: Vec<CheckView> =
            checks().map(|check| CheckView { name: check.name, wants: check.wants, writes: check.writes }).collect();
        output.document(&views)?;
        return Ok(DONE);
    }
    let mut table = output.table(&["Check", "What it wants", "Writes"]);
    for check in checks() {
        table.add_row([check.name, check.wants, if check.writes { "yes" } else { "" }]);
    }
    output.print_table(&table)?;
    Ok(DONE)
}

fn print(report: &ConformanceReport, emulated: bool, output: &mut Output) -> Result<(), Failure> {
    let (passed, failed, skipped) =
        (report.count(CheckVerdict::Passed), report.count(CheckVerdict::Failed), report.count(CheckVerdict::Skipped));
    if output.json() {
        output.document(&report.json().map_err(std::io::Error::from)?)?;
        return Ok(());
    }
    let mut table = output.table(&["Check", "Result", "What was seen"]);
    for Checked { name, wants, verdict, detail } in &report.checks {
        let (result, tone, seen) = match verdict {
            CheckVerdict::Passed => ("passed", Tone::Good, printable(detail).into_owned()),
            CheckVerdict::Failed => ("failed", Tone::Bad, format!("{}\nWanted: {wants}", printable(detail))),
            CheckVerdict::Skipped => ("skipped", Tone::Quiet, printable(detail).into_owned()),
        };
        table.add_row(vec![(*name).into(), output.cell(result, tone), lines(seen)]);
    }
    output.print_table(&table)?;
    output.line(&format!("{passed} passed, {failed} failed, {skipped} skipped."))?;
    if !emulated && !report.left_behind.is_empty() {
        output.line(&format!(
            "The checks have made {} users in the tenant's application, which are deactivated now: {}.",
            report.left_behind.len(),
            report.left_behind.join(", ")
        ))?;
    }
    Ok(())
}
