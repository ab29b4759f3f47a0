//! `init`: a first tenant: asks for its settings, tries them, and keeps them once they hold.

use std::collections::BTreeMap;
use std::io::{self, BufRead as _, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use super::context::{approved, data_folder, declared, describe, open_directory, runtime, warn_of_egress};
use super::failure::{DONE, Failure};
use super::global::Global;
use super::output::{Output, complain, printable};
use super::tenant::edit::{Patch, check};
use super::test_credentials;
use super::view::{ProbeView, setting_kind};
use provisioning_directory::config::{PlainValue, StandardInput, TenantConfig, TenantsFile};
use provisioning_directory::sync::intents;
use provisioning_directory::{DirectoryError, WriteTransaction};
use provisioning_runtime::Secret;
use provisioning_runtime::wit::{Descriptor, Setting, SettingKind};

#[derive(Args)]
pub(crate) struct Options {
    /// The new tenant's name: letters, digits, `-`, `_` and `.`.
    tenant: String,
    /// Take the settings, and where the secrets come from, from this tenants file instead of asking. It names one tenant, or one of
    /// this name.
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
    #[command(flatten)]
    patch: Patch,
    /// Keep it even if the application can't be worked with yet.
    #[arg(long)]
    untested: bool,
}

#[derive(Serialize)]
struct Document<'a> {
    tenant: &'a str,
    kept: bool,
    probes: Vec<ProbeView<'a>>,
}

/// The settings of a tenant that isn't kept yet.
struct Wanted {
    config: TenantConfig,
    secrets: BTreeMap<String, Secret>,
}

pub(crate) async fn run(global: &Global, options: &Options, output: &mut Output) -> Result<u8, Failure> {
    let name = &options.tenant;
    let directory = open_directory(global)?;
    if directory.read(|view| view.find_tenant(name))?.is_some() {
        return Err(Failure::usage(format!("there is a tenant {name} already; `tenant edit {name}` changes it")));
    }
    let runtime = runtime(global)?;
    let base = options.patch.apply(name, &TenantConfig::default())?;
    let (connector, descriptor) = describe(global, &runtime, &base, &data_folder(global), name).await?;
    let mut wanted = match &options.from {
        Some(file) => from_file(file, name)?,
        None => ask(&descriptor, base)?,
    };
    wanted.config = options.patch.apply(name, &wanted.config)?;
    wanted.secrets.extend(options.patch.secrets(&mut StandardInput::process())?);
    let Wanted { mut config, secrets } = wanted;
    let settings: Vec<&str> = config.settings.keys().map(String::as_str).collect();
    let declaration = check(global, name, &config, secrets.keys().map(String::as_str), &settings).await?;
    config.list_hosts(None, &declaration);
    intents::check_config(name, &config)?;
    warn_of_egress(name, &config);

    let mut tenant = config.with_secrets(name, secrets.clone())?;
    tenant.approval = Some(approved(Some(&directory), &tenant, &declared(&runtime, &connector, &descriptor).await?)?);
    let probes = runtime.start(&connector, &tenant).await?.test_credentials().await?;
    let exit = test_credentials::exit(&probes);
    let kept = exit == DONE || options.untested;
    if output.json() {
        output.document(&Document { tenant: name, kept, probes: probes.iter().map(ProbeView::from).collect() })?;
    } else {
        test_credentials::print(&probes, output)?;
    }
    if !kept {
        complain(&format!(
            "Nothing was kept, since not every point holds. Mend what the table says and run `init {name}` again; --untested keeps it as it is."
        ));
        return Ok(exit);
    }
    directory.write(&global.actor(), |change: &WriteTransaction<'_>| -> Result<(), DirectoryError> {
        let tenant = change.add_tenant(name, &config)?;
        secrets.iter().try_for_each(|(secret, value)| change.set_secret(&tenant, secret, Some(value)))
    })?;
    for line in [
        format!("{name} is kept in {}, with its secrets sealed.", directory.folder().display()),
        "What comes next:".to_owned(),
        format!("  import {name} --dry-run     what an import would do; without --dry-run it does"),
        format!("  entitlements {name}         what can be assigned"),
        format!("  tenant edit {name} --set to-app.push-new-users=true     lets pushes make users"),
        "  console                      all of this in a browser".to_owned(),
    ] {
        output.line(&line)?;
    }
    Ok(exit)
}

/// A tenant of a file, with its secrets.
fn from_file(file: &Path, name: &str) -> Result<Wanted, Failure> {
    let tenants = TenantsFile::read(file)?;
    let names: Vec<&str> = tenants.names().collect();
    let found = match names.as_slice() {
        [only] => only,
        names => names.iter().find(|one| **one == name).ok_or_else(|| {
            Failure::usage(format!("{} has no tenant {name}; it has {}", file.display(), names.join(", ")))
        })?,
    };
    let mut config = tenants.tenant(found)?.clone();
    let mut input = StandardInput::process();
    let mut secrets = BTreeMap::new();
    for (secret, source) in &config.secrets {
        secrets.insert(secret.clone(), source.read(secret, tenants.folder(), &mut input)?);
    }
    // What is kept knows its secrets, not where they came from.
    config.secrets.clear();
    config.make_component_absolute(tenants.folder());
    Ok(Wanted { config, secrets })
}

/// Asks for each setting in turn, on standard error; an answer is a line of standard input. On a terminal, secrets don't show.
fn ask(descriptor: &Descriptor, mut config: TenantConfig) -> Result<Wanted, Failure> {
    let mut secrets = BTreeMap::new();
    for setting in descriptor.settings.iter().filter(|one| !config.settings.contains_key(&one.name)).collect::<Vec<_>>()
    {
        let Some(answer) = answer(setting)? else { continue };
        if matches!(setting.kind, SettingKind::Secret) {
            secrets.insert(setting.name.clone(), Secret::new(answer));
        } else {
            config.settings.insert(setting.name.clone(), PlainValue(answer));
        }
    }
    Ok(Wanted { config, secrets })
}

/// Asks for a setting. Returns `None` if it is left out.
fn answer(setting: &Setting) -> Result<Option<String>, Failure> {
    let (_, choices) = setting_kind(&setting.kind);
    let mut hint = vec![format!("{} ({})", setting.label, setting.name), setting.help.clone()];
    if !choices.is_empty() {
        hint.push(format!("One of {}.", choices.join(", ")));
    }
    if setting.multiline {
        hint.push("Name a file that has it.".to_owned());
    }
    if !setting.required {
        hint.push("An empty line leaves it out.".to_owned());
    }
    complain(&hint.iter().map(|part| printable(part).into_owned()).collect::<Vec<_>>().join("\n  "));
    loop {
        let line = read_line(matches!(setting.kind, SettingKind::Secret) && !setting.multiline)?;
        let Some(line) = line else {
            return match setting.required {
                true => Err(Failure::usage(format!("{} is needed, and standard input has ended", setting.name))),
                false => Ok(None),
            };
        };
        match line.trim() {
            "" if setting.required => complain(&format!("{} is needed.", setting.name)),
            "" => return Ok(None),
            path if setting.multiline => match std::fs::read_to_string(path) {
                Ok(text) => return Ok(Some(text)),
                Err(error) => complain(&format!("{path} can't be read: {error}")),
            },
            answer if choices.is_empty() || choices.iter().any(|choice| choice == answer) => {
                return Ok(Some(answer.to_owned()));
            }
            _ => complain(&format!("It is one of {}.", choices.join(", "))),
        }
    }
}

/// A line of standard input, or `None` at its end.
fn read_line(hidden: bool) -> Result<Option<String>, Failure> {
    let unreadable = |error: io::Error| Failure::usage(format!("standard input can't be read: {error}"));
    let mut stderr = io::stderr();
    // Where standard error is closed, nobody sees a prompt.
    let _ = stderr.write_all(b"> ").and_then(|()| stderr.flush());
    if hidden && io::stdin().is_terminal() {
        return rpassword::read_password().map(Some).map_err(unreadable);
    }
    let mut line = String::new();
    let read = io::stdin().lock().read_line(&mut line).map_err(unreadable)?;
    Ok((read > 0).then_some(line))
}
