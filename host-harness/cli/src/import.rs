//! `import`: reads the application's users, into the data folder if the tenant is kept there.

use std::sync::Mutex;

use clap::Args;
use indicatif::ProgressBar;
use serde::Serialize;

use super::context::{COMMAND, TenantSource, applications};
use super::direct;
use super::failure::{DONE, Failure, SOME_FAILED};
use super::global::Global;
use super::interrupt::Leaves;
use super::output::{self, Output, complain};
use provisioning_directory::sync::import::{ImportOptions, ImportProgress, discard, import};
use provisioning_directory::{Directory, ImportPhase, ImportRun, TenantRecord};

#[derive(Args)]
pub(crate) struct Options {
    /// The tenant's name, in the data folder or the tenants file.
    tenant: String,
    #[command(flatten)]
    direct: direct::import::ReadOptions,
    #[command(flatten)]
    sync: SyncOptions,
}

impl Options {
    /// What is left if the command is interrupted.
    pub(crate) fn leaves(&self) -> Leaves {
        if self.sync.dry_run { Leaves::Unchanged } else { Leaves::Import(self.tenant.clone()) }
    }
}

/// What only imports into the data folder know.
#[derive(Args)]
struct SyncOptions {
    /// Read everybody, also where only changes could be read: shows what left no trace, such as a grant taken away.
    #[arg(long)]
    full: bool,
    /// Change nothing, and say what would happen.
    #[arg(long)]
    dry_run: bool,
    /// Let an import take effect that the safeguard has halted.
    #[arg(long, conflicts_with_all = ["dry_run", "discard"])]
    accept: bool,
    /// Give up the import that is under way or halted.
    #[arg(long, conflicts_with_all = ["full", "dry_run"])]
    discard: bool,
}

impl SyncOptions {
    /// The first of these options that was given.
    fn stray(&self) -> Option<&'static str> {
        [(self.full, "--full"), (self.dry_run, "--dry-run"), (self.accept, "--accept"), (self.discard, "--discard")]
            .into_iter()
            .find_map(|(given, name)| given.then_some(name))
    }
}

#[derive(Serialize)]
struct Document<'a> {
    tenant: &'a str,
    dry_run: bool,
    resumed: bool,
    import: &'a ImportRun,
}

pub(crate) async fn run(global: &Global, options: &Options, output: &mut Output) -> Result<u8, Failure> {
    match TenantSource::find(global, &options.tenant)? {
        TenantSource::Directory(kept) => {
            if let Some(stray) = options.direct.stray() {
                return Err(Failure::usage(format!(
                    "{stray} is for tenants of a tenants file; for a tenant of the data folder, the to-idp settings say what an import reads"
                )));
            }
            let (directory, tenant) = *kept;
            import_into(global, &directory, &tenant, &options.sync, output).await
        }
        TenantSource::File(_) => {
            if let Some(stray) = options.sync.stray() {
                return Err(Failure::usage(format!(
                    "{stray} is for tenants of the data folder, and {} isn't one; add it with `tenant add` or `tenant import-toml`",
                    options.tenant
                )));
            }
            direct::import::run(global, &options.tenant, &options.direct, output).await
        }
    }
}

/// Imports into the data folder.
async fn import_into(
    global: &Global,
    directory: &Directory,
    tenant: &TenantRecord,
    options: &SyncOptions,
    output: &mut Output,
) -> Result<u8, Failure> {
    let actor = global.actor();
    if options.discard {
        let run = discard(directory, tenant, &actor)?;
        if output.json() {
            output.document(&Document { tenant: &tenant.name, dry_run: false, resumed: false, import: &run })?;
        }
        output.line(&format!("The import of {} was given up; the next one reads everybody.", tenant.name))?;
        return Ok(DONE);
    }
    let applications = applications(global, directory)?;
    let bar = Bar(Mutex::new(None));
    let wanted = ImportOptions { full: options.full, dry_run: options.dry_run, accept: options.accept };
    let teller = directory.tell_job(tenant.id, COMMAND, "Import by a command", &actor);
    let show = |progress: ImportProgress| {
        teller.progress(progress.words(), progress.done, progress.total);
        bar.show(progress);
    };
    let result = import(directory, &applications, tenant, &actor, wanted, &show).await;
    drop(teller);
    bar.end();
    let report = result?;
    let run = &report.run;
    if output.json() {
        let (dry_run, resumed) = (report.dry_run, report.resumed);
        output.document(&Document { tenant: &tenant.name, dry_run, resumed, import: run })?;
    }
    if report.resumed {
        output.line("Went on with an import that was cut off.")?;
    }
    let counts = &run.counts;
    let (prefix, halted) =
        (if report.dry_run { "Nothing was changed. Would be: " } else { "" }, run.phase == ImportPhase::Halted);
    output.line(&format!("{} users read in {} pages.", run.users, run.pages))?;
    if !halted || report.dry_run {
        output.line(&format!(
            "{prefix}{} people made, {} users linked, {} people updated, {} users deactivated, {} gone, {} waiting to be confirmed, {} left out, {} refused.",
            counts.created,
            counts.linked,
            counts.updated,
            counts.deactivated,
            counts.vanished,
            counts.queued,
            counts.skipped,
            counts.failed
        ))?;
    }
    if counts.queued > 0 && !report.dry_run {
        output.line(&format!("`confirm {}` lists those that wait.", tenant.name))?;
    }
    if counts.failed > 0 && !report.dry_run {
        output.line(&format!(
            "`audit --tenant {} --action import.refuse` shows who was refused, and why.",
            tenant.name
        ))?;
    }
    if halted {
        complain(&format!(
            "error: the import took no effect: {}\n  what to do: look at it with `import {name} --dry-run`; then `import {name} --accept` lets it take effect, and `import {name} --discard` gives it up",
            run.reason.as_deref().unwrap_or_default(),
            name = tenant.name
        ));
        return Ok(SOME_FAILED);
    }
    Ok(if counts.failed > 0 { SOME_FAILED } else { DONE })
}

/// The bar of the phase under way.
struct Bar(Mutex<Option<(ImportPhase, ProgressBar)>>);

impl Bar {
    fn show(&self, progress: ImportProgress) {
        let Ok(mut shown) = self.0.lock() else { return };
        if shown.as_ref().is_none_or(|(phase, _)| *phase != progress.phase) {
            if let Some((_, bar)) = shown.take() {
                bar.finish_and_clear();
            }
            let label = if progress.phase == ImportPhase::Settling { "users settled" } else { "users read" };
            *shown = Some((progress.phase, output::progress(label, progress.done, progress.total)));
        }
        if let Some((_, bar)) = &*shown {
            bar.set_position(progress.done);
        }
    }

    fn end(self) {
        if let Ok(Some((_, bar))) = self.0.into_inner() {
            bar.finish_and_clear();
        }
    }
}
