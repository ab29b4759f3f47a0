//! Clients and their tokens.

use std::time::Duration;

use clap::Args;
use serde::Serialize;

use crate::context::{open_directory, open_tenant};
use crate::failure::Failure;
use crate::global::Global;
use crate::output::Output;
use provisioning_directory::{
    DirectoryError, ScimClient, ScimPlatform, ScimRequest, ScimSettings, ScimToken, Timestamp, WriteTransaction,
};
use provisioning_runtime::Secret;

#[derive(Args)]
pub(crate) struct SettingOptions {
    /// Which platform it is, where its habits matter: okta, entra, onelogin, authentik, rauthy, canaille or other.
    #[arg(long, value_name = "PLATFORM", value_parser = platform)]
    platform: Option<ScimPlatform>,
    /// Requests per second that it may send for long.
    #[arg(long, value_name = "NUMBER")]
    rate: Option<u32>,
    /// Seconds that an answer waits for the application at most.
    #[arg(long, value_name = "SECONDS")]
    wait: Option<u32>,
    /// Whether its users keep in the application what neither a group nor an assignment gives them: yes or no. Concerns people
    /// who are assigned from then on.
    #[arg(long, value_name = "YES-OR-NO", value_parser = yes_or_no)]
    keep_grants: Option<bool>,
}

impl SettingOptions {
    fn apply(&self, settings: &mut ScimSettings) {
        settings.rate = self.rate.unwrap_or(settings.rate);
        settings.wait_seconds = self.wait.unwrap_or(settings.wait_seconds);
        settings.exact_grants = self.keep_grants.map_or(settings.exact_grants, |keeps| !keeps);
    }
}

fn platform(text: &str) -> Result<ScimPlatform, String> {
    let known = ScimPlatform::ALL.into_iter().find(|one| one.name() == text.to_lowercase());
    known.ok_or_else(|| {
        let names: Vec<&str> = ScimPlatform::ALL.iter().map(|one| one.name()).collect();
        format!("it is one of {}", names.join(", "))
    })
}

fn yes_or_no(text: &str) -> Result<bool, String> {
    match text {
        "yes" | "true" => Ok(true),
        "no" | "false" => Ok(false),
        _ => Err("write yes or no".to_owned()),
    }
}

#[derive(Args)]
pub(crate) struct AddOptions {
    /// The tenant's name in the data folder.
    tenant: String,
    /// A name for the client, such as `okta`; the audit trail calls it `scim:NAME`.
    name: String,
    #[command(flatten)]
    settings: SettingOptions,
    /// Days until its first token ends; without this it doesn't.
    #[arg(long, value_name = "DAYS")]
    days: Option<u32>,
}

#[derive(Args)]
pub(crate) struct EditOptions {
    /// The tenant's name in the data folder.
    tenant: String,
    /// The client's name.
    name: String,
    #[command(flatten)]
    settings: SettingOptions,
}

#[derive(Args)]
pub(crate) struct ListOptions {
    /// The tenant's name in the data folder; all tenants without it.
    tenant: Option<String>,
}

#[derive(Args)]
pub(crate) struct TokenOptions {
    /// The tenant's name in the data folder.
    tenant: String,
    /// The client's name.
    name: String,
    /// Days until it ends; without this it doesn't.
    #[arg(long, value_name = "DAYS")]
    days: Option<u32>,
}

#[derive(Args)]
pub(crate) struct RevokeOptions {
    /// The tenant's name in the data folder.
    tenant: String,
    /// The client's name.
    name: String,
    /// The token's number, which `scim clients` lists.
    token: i64,
}

#[derive(Args)]
pub(crate) struct RemoveOptions {
    /// The tenant's name in the data folder.
    tenant: String,
    /// The client's name.
    name: String,
}

#[derive(Args)]
pub(crate) struct RequestsOptions {
    /// The tenant's name in the data folder.
    tenant: String,
    /// The client's name.
    name: String,
    /// At most so many, the newest first.
    #[arg(long, default_value_t = 20, value_name = "NUMBER")]
    limit: u32,
}

/// A client, as it is printed.
#[derive(Serialize)]
struct ClientDocument {
    tenant: String,
    name: String,
    platform: ScimPlatform,
    settings: ScimSettings,
    users: u64,
    groups: u64,
    tokens: Vec<ScimToken>,
}

fn end(days: Option<u32>) -> Option<Timestamp> {
    days.map(|days| Timestamp::now().after(Duration::from_secs(u64::from(days) * 86_400)))
}

fn tell_token(client: &ScimClient, token: &Secret, output: &mut Output) -> Result<(), Failure> {
    let path = format!("/scim/v2/{}", client.tenant_name);
    if output.json() {
        let document = serde_json::json!({
            "tenant": client.tenant_name, "client": client.name, "path": path, "token": token.expose(),
        });
        output.document(&document)?;
    }
    output.line(&format!(
        "The client {} of {} uses the path {path} of `serve`, and this token:",
        client.name, client.tenant_name
    ))?;
    output.line(token.expose())?;
    output.line("Enter it in the platform now: it is stored nowhere, and can't be shown again.")?;
    Ok(())
}

pub(super) fn add(global: &Global, options: &AddOptions, output: &mut Output) -> Result<(), Failure> {
    let (directory, tenant) = open_tenant(global, &options.tenant)?;
    let mut settings = ScimSettings::default();
    options.settings.apply(&mut settings);
    let platform = options.settings.platform.unwrap_or_default();
    let add = |change: &WriteTransaction<'_>| -> Result<(ScimClient, Secret), DirectoryError> {
        let client = change.add_scim_client(&tenant, &options.name, platform, &settings)?;
        let token = change.add_scim_token(&tenant, &client, end(options.days))?;
        Ok((client, token))
    };
    let (client, token) = directory.write(&global.actor(), add)?;
    tell_token(&client, &token, output)
}

pub(super) fn edit(global: &Global, options: &EditOptions, output: &mut Output) -> Result<(), Failure> {
    let (directory, tenant) = open_tenant(global, &options.tenant)?;
    let edit = |change: &WriteTransaction<'_>| -> Result<(), DirectoryError> {
        let client = change.scim_client(&tenant, &options.name)?;
        let mut settings = client.settings.clone();
        options.settings.apply(&mut settings);
        change.edit_scim_client(&tenant, &client, options.settings.platform.unwrap_or(client.platform), &settings)
    };
    directory.write(&global.actor(), edit)?;
    done(output)
}

fn done(output: &mut Output) -> Result<(), Failure> {
    if output.json() {
        output.document(&serde_json::json!({ "done": true }))?;
    }
    output.line("Done.")?;
    Ok(())
}

pub(super) fn list(global: &Global, options: &ListOptions, output: &mut Output) -> Result<(), Failure> {
    let directory = open_directory(global)?;
    let documents = directory.read(|view| -> Result<Vec<ClientDocument>, DirectoryError> {
        let tenant = options.tenant.as_deref().map(|name| view.tenant(name)).transpose()?;
        let mut documents = Vec::new();
        for client in view.scim_clients(tenant.map(|tenant| tenant.id))? {
            documents.push(ClientDocument {
                users: view.count_scim_users(client.id)?,
                groups: view.count_scim_groups(client.id)?,
                tokens: view.scim_tokens(client.id)?,
                tenant: client.tenant_name,
                name: client.name,
                platform: client.platform,
                settings: client.settings,
            });
        }
        Ok(documents)
    })?;
    if output.json() {
        output.document(&documents)?;
    }
    if documents.is_empty() {
        output.line("No client brings people by SCIM; `scim add TENANT NAME` adds one.")?;
    }
    for one in documents {
        output.line(&format!(
            "{} {}: {}, {} users, {} groups, {} requests per second, answers wait {} s",
            one.tenant,
            one.name,
            one.platform.name(),
            one.users,
            one.groups,
            one.settings.rate,
            one.settings.wait_seconds
        ))?;
        for token in one.tokens {
            let ends = token.expires_at.map_or("doesn't end".to_owned(), |end| format!("ends {end}"));
            let used = token.used_at.map_or("never used".to_owned(), |used| format!("last used {used}"));
            output.line(&format!("  token {} ({}…): {ends}, {used}", token.id, token.hint))?;
        }
    }
    Ok(())
}

pub(super) fn token(global: &Global, options: &TokenOptions, output: &mut Output) -> Result<(), Failure> {
    let (directory, tenant) = open_tenant(global, &options.tenant)?;
    let make = |change: &WriteTransaction<'_>| -> Result<(ScimClient, Secret), DirectoryError> {
        let client = change.scim_client(&tenant, &options.name)?;
        let token = change.add_scim_token(&tenant, &client, end(options.days))?;
        Ok((client, token))
    };
    let (client, token) = directory.write(&global.actor(), make)?;
    tell_token(&client, &token, output)
}

pub(super) fn revoke(global: &Global, options: &RevokeOptions, output: &mut Output) -> Result<(), Failure> {
    let (directory, tenant) = open_tenant(global, &options.tenant)?;
    let revoke = |change: &WriteTransaction<'_>| -> Result<(), DirectoryError> {
        let client = change.scim_client(&tenant, &options.name)?;
        change.revoke_scim_token(&tenant, &client, options.token)
    };
    directory.write(&global.actor(), revoke)?;
    done(output)
}

pub(super) fn remove(global: &Global, options: &RemoveOptions, output: &mut Output) -> Result<(), Failure> {
    let (directory, tenant) = open_tenant(global, &options.tenant)?;
    let remove = |change: &WriteTransaction<'_>| -> Result<(), DirectoryError> {
        let client = change.scim_client(&tenant, &options.name)?;
        change.remove_scim_client(&tenant, &client)
    };
    directory.write(&global.actor(), remove)?;
    done(output)
}

pub(super) fn requests(global: &Global, options: &RequestsOptions, output: &mut Output) -> Result<(), Failure> {
    let (directory, tenant) = open_tenant(global, &options.tenant)?;
    let requests = directory.read(|view| -> Result<Vec<ScimRequest>, DirectoryError> {
        let client = view.scim_client(&tenant, &options.name)?;
        view.scim_requests(client.id, options.limit)
    })?;
    if output.json() {
        output.document(&requests)?;
    }
    for one in requests {
        output.line(&format!("{} {} {} → {} in {} ms", one.at, one.method, one.path, one.status, one.millis))?;
        if let Some(answer) = one.answer {
            output.line(&format!("  {answer}"))?;
        }
    }
    Ok(())
}
