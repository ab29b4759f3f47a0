//! `tenant add` and `tenant edit`.

use std::path::Path;

use clap::Args;
use serde::Serialize;
use toml::{Table, Value};

use super::super::context::{data_folder, describe, open_directory, open_tenant, runtime, warn_of_egress};
use super::super::failure::{DONE, Failure};
use super::super::global::Global;
use super::super::output::{Output, complain};
use provisioning_directory::config::{ConfigError, Mapping, SecretSource, StandardInput, TenantConfig};
use provisioning_directory::sync::{explain, finish_chores, intents, names};
use provisioning_directory::{DirectoryError, TenantRecord, WriteTransaction};
use provisioning_runtime::wit::{Descriptor, Verdict};
use provisioning_runtime::{Connector, Declaration, EgressPolicy, Runtime, Secret, Tenant};

#[derive(Args)]
pub(crate) struct AddOptions {
    /// The new tenant's name: letters, digits, `-`, `_` and `.`.
    tenant: String,
    #[command(flatten)]
    patch: Patch,
}

#[derive(Args)]
pub(crate) struct EditOptions {
    /// The tenant's name.
    tenant: String,
    #[command(flatten)]
    patch: Patch,
    /// Say what would follow, and change nothing.
    #[arg(long)]
    explain: bool,
    /// Make a change of mastering, whose consequences the command says first.
    #[arg(long)]
    yes: bool,
}

/// What is to be different.
#[derive(Args)]
pub(crate) struct Patch {
    /// Set a value by its path in the TOML of `tenant export`, such as settings.username=api@acme.example or
    /// to-app.push-new-users=true. Lists and tables are written as in TOML.
    #[arg(long = "set", value_name = "PATH=VALUE", value_parser = assignment)]
    set: Vec<(String, String)>,
    /// Take a value away, so that its default holds.
    #[arg(long = "unset", value_name = "PATH")]
    unset: Vec<String>,
    /// Keep a secret, sealed: NAME=env:VARIABLE, NAME=file:PATH or NAME=stdin. Never the secret itself.
    #[arg(long = "secret", value_name = "NAME=SOURCE", value_parser = secret)]
    secrets: Vec<SecretChoice>,
    /// Forget a secret.
    #[arg(long = "forget-secret", value_name = "NAME")]
    forgotten: Vec<String>,
}

fn assignment(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((path, value)) if !path.trim().is_empty() => Ok((path.trim().to_owned(), value.to_owned())),
        _ => Err("write it as PATH=VALUE, such as to-app.push-new-users=true".to_owned()),
    }
}

/// A secret's name and where it comes from, or what is wrong with what was typed. What stands here by mistake may be the secret, and the
/// parser of arguments would quote what it refuses; so it takes everything, and [`Patch::apply`] refuses.
#[derive(Clone)]
struct SecretChoice(Result<(String, SecretSource), String>);

#[expect(clippy::unnecessary_wraps, reason = "the form of a parser of arguments")]
fn secret(text: &str) -> Result<SecretChoice, String> {
    Ok(SecretChoice(named_source(text)))
}

fn named_source(text: &str) -> Result<(String, SecretSource), String> {
    let forms = "write it as NAME=env:VARIABLE, NAME=file:PATH or NAME=stdin; never write the secret itself here";
    let (name, source) = text.split_once('=').ok_or(forms)?;
    Ok((name.to_owned(), secret_source(source).ok_or(forms)?))
}

/// Where a secret comes from, as it is typed. Returns `None` for anything else.
pub(crate) fn secret_source(text: &str) -> Option<SecretSource> {
    match text.split_once(':') {
        Some(("env", variable)) if !variable.is_empty() => Some(SecretSource::Env(variable.to_owned())),
        Some(("file", path)) if !path.is_empty() => Some(SecretSource::File(path.into())),
        None if text == "stdin" => Some(SecretSource::Stdin),
        _ => None,
    }
}

impl Patch {
    /// The settings with this patch.
    pub(crate) fn apply(&self, name: &str, config: &TenantConfig) -> Result<TenantConfig, Failure> {
        let wrong = |reason: String| Failure::usage(format!("tenant {name}: {reason}"));
        if let Some(SecretChoice(Err(reason))) = self.secrets.iter().find(|SecretChoice(one)| one.is_err()) {
            return Err(wrong(format!("--secret: {reason}")));
        }
        let mut table = Table::try_from(config).map_err(|error| wrong(error.to_string()))?;
        for (path, text) in &self.set {
            set(&mut table, path, value(path, text)).map_err(wrong)?;
        }
        for path in &self.unset {
            unset(&mut table, path).map_err(wrong)?;
        }
        let paths: Vec<&str> = self.set.iter().map(|(path, _)| path.as_str()).collect();
        table.try_into().map_err(|error: toml::de::Error| {
            let reason = provisioning_directory::config::without_value(error.message());
            wrong(format!("{reason}; it is one of {}", paths.join(", ")))
        })
    }

    /// Fetches the secrets.
    pub(crate) fn secrets(&self, input: &mut StandardInput<'_>) -> Result<Vec<(String, Secret)>, ConfigError> {
        let sound = self.secrets.iter().filter_map(|SecretChoice(one)| one.as_ref().ok());
        sound.map(|(name, source)| Ok((name.clone(), source.read(name, Path::new(""), input)?))).collect()
    }

    /// The names of the settings that it sets.
    fn settings(&self) -> Vec<&str> {
        self.set.iter().filter_map(|(path, _)| path.strip_prefix("settings.")).collect()
    }

    fn names_of_secrets(&self) -> impl Iterator<Item = &str> {
        self.secrets.iter().filter_map(|SecretChoice(one)| one.as_ref().ok()).map(|(name, _)| name.as_str())
    }
}

/// What stands behind `=`, as TOML where it is a flag, a number, a list, a table or a quoted text, and else as it is.
/// Settings are texts whatever they look like.
fn value(path: &str, text: &str) -> Value {
    if path.starts_with("settings.") {
        return Value::String(text.to_owned());
    }
    let parsed = format!("value = {text}").parse::<Table>().ok().and_then(|mut table| table.remove("value"));
    match parsed {
        Some(
            value @ (Value::Boolean(_) | Value::Integer(_) | Value::Array(_) | Value::Table(_) | Value::String(_)),
        ) => value,
        _ => Value::String(text.to_owned()),
    }
}

fn set(table: &mut Table, path: &str, value: Value) -> Result<(), String> {
    let (last, folders) = split(path)?;
    let mut inner = table;
    for folder in folders {
        inner = inner.entry(folder).or_insert_with(|| Value::Table(Table::new())).as_table_mut().ok_or_else(|| {
            format!("`{path}` goes through `{folder}`, which is a value; `tenant export` shows the paths")
        })?;
    }
    inner.insert(last.to_owned(), value);
    Ok(())
}

fn unset(table: &mut Table, path: &str) -> Result<(), String> {
    let (last, folders) = split(path)?;
    let mut inner = table;
    for folder in folders {
        match inner.get_mut(folder).and_then(Value::as_table_mut) {
            Some(table) => inner = table,
            None => return Err(format!("`{path}` is not set; `tenant export` shows what is")),
        }
    }
    inner.remove(last).map(drop).ok_or_else(|| format!("`{path}` is not set; `tenant export` shows what is"))
}

fn split(path: &str) -> Result<(&str, Vec<&str>), String> {
    let mut parts: Vec<&str> = path.split('.').collect();
    match parts.pop() {
        Some(last) if !last.is_empty() && parts.iter().all(|part| !part.is_empty()) => Ok((last, parts)),
        _ => Err(format!("`{path}` isn't a path; write names with dots between them")),
    }
}

/// Checks settings, names of secrets and the values of the settings `changed` against the tenant's connector, before anything is
/// kept. Returns what the connector declares.
pub(crate) async fn check<'a>(
    global: &Global,
    name: &str,
    config: &TenantConfig,
    secrets: impl Iterator<Item = &'a str>,
    changed: &[&str],
) -> Result<Declaration, Failure> {
    let runtime = runtime(global)?;
    let (connector, descriptor) = describe(global, &runtime, config, &data_folder(global), name).await?;
    let mut config = config.clone();
    // Where they come from does not matter here; that they are the connector's does.
    config.secrets = secrets.map(|name| (name.to_owned(), SecretSource::Stdin)).collect();
    config.check(name, &descriptor)?;
    refuse_values(&runtime, &connector, &descriptor, name, &config, changed).await?;
    Ok(runtime.declaration(&connector).await?)
}

/// Refuses values of the settings `changed` that the connector doesn't take. It is asked by its probes, in a sandbox that can
/// reach nothing; of what they say, only the sentences on these settings count, because others may still be set.
async fn refuse_values(
    runtime: &Runtime,
    connector: &Connector,
    descriptor: &Descriptor,
    name: &str,
    config: &TenantConfig,
    changed: &[&str],
) -> Result<(), Failure> {
    if changed.is_empty() {
        return Ok(());
    }
    let secrets = config.secrets.keys().map(|name| (name.clone(), Secret::new("none".to_owned()))).collect();
    let tenant = Tenant { egress: EgressPolicy::default(), ..config.with_secrets(name, secrets)? };
    let probes = runtime.start(connector, &tenant).await?.test_credentials().await?;
    let names: Vec<&str> = descriptor.settings.iter().map(|setting| setting.name.as_str()).collect();
    for probe in probes.iter().filter(|probe| probe.verdict == Verdict::Failed) {
        if let Some(sentence) = sentence_on(&probe.detail, changed, &names) {
            return Err(Failure::usage(format!("tenant {name}: {sentence}")));
        }
    }
    Ok(())
}

/// The sentence of a probe's detail that begins with one of the settings `changed`; the next one begins with another of `names`.
fn sentence_on<'a>(detail: &'a str, changed: &[&str], names: &[&str]) -> Option<&'a str> {
    let begins = |text: &str, names: &[&str]| text.split(' ').next().is_some_and(|first| names.contains(&first));
    let place = |separator: &str, names: &[&str]| {
        let mut places = detail.match_indices(separator).map(|(place, _)| place + separator.len());
        places.find(|place| begins(&detail[*place..], names))
    };
    let start = [": ", "; "].iter().filter_map(|separator| place(separator, changed)).min()?;
    let sentence = &detail[start..];
    let mut ends = sentence.match_indices("; ").map(|(place, _)| place);
    let end = ends.find(|place| begins(&sentence[place + 2..], names)).unwrap_or(sentence.len());
    Some(sentence[..end].trim_end_matches('.'))
}

pub(super) async fn add(global: &Global, options: &AddOptions, output: &mut Output) -> Result<u8, Failure> {
    let mut config = options.patch.apply(&options.tenant, &TenantConfig::default())?;
    let (secrets, settings) = (options.patch.names_of_secrets(), options.patch.settings());
    let declaration = check(global, &options.tenant, &config, secrets, &settings).await?;
    let hosts = config.list_hosts(None, &declaration);
    intents::check_config(&options.tenant, &config)?;
    warn_of_egress(&options.tenant, &config);
    let secrets = options.patch.secrets(&mut StandardInput::process())?;
    let directory = open_directory(global)?;
    let known = directory.read(names::known_attributes)?;
    names::check_templates(&config.mapping, &Mapping::new(), &known)?;
    let tenant =
        directory.write(&global.actor(), |change: &WriteTransaction<'_>| -> Result<TenantRecord, DirectoryError> {
            let tenant = change.add_tenant(&options.tenant, &config)?;
            for (name, secret) in &secrets {
                change.set_secret(&tenant, name, Some(secret))?;
            }
            Ok(tenant)
        })?;
    if !hosts.is_empty() {
        output.line(&format!(
            "The connector may reach {}, which its settings name, and no other host.",
            hosts.join(", ")
        ))?;
    }
    output.line(&format!(
        "{} was added. `test-credentials {}` tries it; `tenant edit {} --set to-app.push-new-users=true` and its like switch features on.",
        tenant.name, tenant.name, tenant.name
    ))?;
    if output.json() {
        output.document(&Changed { tenant: &tenant.name, changed: true, tasks: 0, consequences: &[] })?;
    }
    Ok(DONE)
}

#[derive(Serialize)]
struct Changed<'a> {
    tenant: &'a str,
    changed: bool,
    tasks: usize,
    #[serde(rename = "told")]
    consequences: &'a [String],
}

/// Refuses an edit after which secrets would go to another host, unless it comes with them: whoever moves a host has to know them.
pub(super) fn enter_again<'a>(
    tenant: &TenantRecord,
    config: &TenantConfig,
    declaration: &Declaration,
    entered: &[&str],
    kept: impl Iterator<Item = &'a str>,
) -> Result<(), Failure> {
    let again = config.secrets_to_enter_again(&tenant.config, declaration, kept);
    let missing: Vec<&str> = again.into_iter().filter(|name| !entered.contains(name)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let options: Vec<String> = missing.iter().map(|name| format!("--secret {name}=stdin")).collect();
    Err(Failure::usage(format!(
        "{} would send {} to another host than before; enter what goes there again, with {}, or take it away with --forget-secret",
        tenant.name,
        missing.join(" and "),
        options.join(" ")
    )))
}

pub(super) async fn edit(global: &Global, options: &EditOptions, output: &mut Output) -> Result<u8, Failure> {
    let (directory, tenant) = open_tenant(global, &options.tenant)?;
    let mut config = options.patch.apply(&tenant.name, &tenant.config)?;
    let kept = directory.read(|view| view.secret_names(&tenant))?;
    let forgotten = |name: &&str| !options.patch.forgotten.iter().any(|one| one == name);
    let names = kept.keys().map(String::as_str).filter(forgotten).chain(options.patch.names_of_secrets());
    let declaration = check(global, &tenant.name, &config, names, &options.patch.settings()).await?;
    let hosts = config.list_hosts(Some(&tenant.config), &declaration);
    let forgotten = options.patch.forgotten.iter().map(String::as_str);
    let entered: Vec<&str> = options.patch.names_of_secrets().chain(forgotten).collect();
    enter_again(&tenant, &config, &declaration, &entered, kept.keys().map(String::as_str))?;
    if let Some(unknown) = options.patch.forgotten.iter().find(|name| !kept.contains_key(*name)) {
        return Err(Failure::usage(format!("{} has no secret `{unknown}` to forget", tenant.name)));
    }
    let consequences = directory.read(|view| explain(view, &tenant, &config))?;
    warn_of_egress(&tenant.name, &config);
    if options.explain {
        if output.json() {
            output.document(&Changed {
                tenant: &tenant.name,
                changed: false,
                tasks: 0,
                consequences: &consequences,
            })?;
        }
        if consequences.is_empty() {
            output.line("No feature and no source changes.")?;
        }
        for sentence in &consequences {
            output.line(sentence)?;
        }
        return Ok(DONE);
    }
    guard_mastering(&tenant, &config, &consequences, options.yes)?;
    let secrets = options.patch.secrets(&mut StandardInput::process())?;
    let mut followed =
        directory.write(&global.actor(), |change: &WriteTransaction<'_>| -> Result<_, DirectoryError> {
            let tenant = change.tenant(&tenant.name)?;
            let mut followed = intents::edit_tenant(change, &tenant, &config)?;
            for (name, secret) in &secrets {
                change.set_secret(&tenant, name, Some(secret))?;
                followed.changed = true;
            }
            for name in &options.patch.forgotten {
                change.set_secret(&tenant, name, None)?;
                followed.changed = true;
            }
            Ok(followed)
        })?;
    followed.merge(finish_chores(&directory, &global.actor(), &tenant)?);
    if output.json() {
        let tasks = followed.tasks.len();
        output.document(&Changed {
            tenant: &tenant.name,
            changed: followed.changed,
            tasks,
            consequences: &consequences,
        })?;
    }
    if !hosts.is_empty() {
        output.line(&format!("The connector may now reach {}, which its settings name.", hosts.join(", ")))?;
    }
    for sentence in &consequences {
        output.line(sentence)?;
    }
    output.line(&match (followed.changed, followed.tasks.len()) {
        (false, _) => format!("{} is as it was.", tenant.name),
        (true, 0) => format!("{} was changed.", tenant.name),
        (true, tasks) => format!("{} was changed; {tasks} tasks wait for the next push.", tenant.name),
    })?;
    Ok(DONE)
}

/// A change of mastering is explained before it is made.
pub(super) fn guard_mastering(
    tenant: &TenantRecord,
    config: &TenantConfig,
    consequences: &[String],
    yes: bool,
) -> Result<(), Failure> {
    if yes || tenant.config.to_idp.mastering == config.to_idp.mastering {
        return Ok(());
    }
    for sentence in consequences {
        complain(sentence);
    }
    Err(Failure::usage(format!(
        "the source of people's data would change for {}, with the consequences above; repeat the command with --yes",
        tenant.name
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patch(set: &[&str], unset: &[&str]) -> Patch {
        Patch {
            set: set.iter().map(|text| assignment(text).unwrap()).collect(),
            unset: unset.iter().map(|path| (*path).to_owned()).collect(),
            secrets: Vec::new(),
            forgotten: Vec::new(),
        }
    }

    #[test]
    fn paths_set_and_unset_values_of_every_kind() {
        let first = patch(
            &[
                "settings.username=true",
                "to-app.push-new-users=true",
                "to-app.deactivation=freeze",
                "to-idp.page-size=500",
                "to-idp.matching.exact=[\"email\"]",
                "egress.allow=[\"login.example.com\"]",
                "mapping.department=costCenter",
                "mapping.nickName={ template = \"{givenName}\" }",
                "schedule.import-minutes=5",
            ],
            &[],
        );
        let config = first.apply("acme", &TenantConfig::default()).unwrap();
        assert_eq!(config.settings["username"].0, "true");
        assert!(config.to_app.push_new_users);
        assert_eq!(config.to_idp.page_size, 500);
        assert_eq!(config.mapping["department"].from.as_deref(), Some("costCenter"));
        assert_eq!(config.schedule.import_minutes, Some(5));
        let back = patch(
            &[],
            &[
                "settings.username",
                "to-app",
                "to-idp",
                "egress.allow",
                "mapping.department",
                "mapping.nickName",
                "schedule",
            ],
        )
        .apply("acme", &config)
        .unwrap();
        assert_eq!(back, TenantConfig::default());
    }

    #[test]
    fn of_a_probe_only_the_sentence_on_a_changed_setting_is_taken() {
        let detail = "Settings do not hold: instance-type is missing; account-id is a whole address; only the id in it is wanted; portal-id is missing.";
        let names = ["instance-type", "account-id", "portal-id", "username"];
        for (changed, sentence) in [
            ("account-id", Some("account-id is a whole address; only the id in it is wanted")),
            ("portal-id", Some("portal-id is missing")),
            ("instance-type", Some("instance-type is missing")),
            ("username", None),
            ("id", None),
        ] {
            assert_eq!(sentence_on(detail, &[changed], &names), sentence, "{changed}");
        }
    }

    #[test]
    fn a_patch_that_does_not_fit_names_what_and_quotes_no_value() {
        for (set, unset, words) in [
            (vec!["to-app.push-new-users=hunter2"], vec![], "boolean"),
            (vec!["to-app.pus-new-users=true"], vec![], "unknown field"),
            (vec!["to-idp.page-size=1", "to-idp.page-size.x=1"], vec![], "which is a value"),
            (vec!["a..b=1"], vec![], "isn't a path"),
            (vec![], vec!["settings.nothing"], "is not set"),
        ] {
            let error = patch(&set, &unset).apply("acme", &TenantConfig::default()).unwrap_err().error.message;
            assert!(error.contains(words) && !error.contains("hunter2"), "{error}");
        }
        for text in ["password=hunter2", "password=env:", "password", "password=vault:x"] {
            assert!(!named_source(text).unwrap_err().contains("hunter2"));
        }
    }
}
