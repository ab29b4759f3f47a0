//! *SCIM*: platforms that bring people, their tokens, what their groups give, and their last requests.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::get;

use super::people::lines;
use crate::access::{Fields, Submission, Visitor};
use crate::chrome::{Chrome, html};
use crate::problem::Problem;
use crate::remedy::on_page;
use crate::shared::Shared;
use provisioning_directory::sync::names::Assignable;
use provisioning_directory::sync::scim::map_group;
use provisioning_directory::{
    Actor, Directory, DirectoryError, GrantName, ReadTransaction, ScimGroup, ScimKey, ScimPlatform, ScimRequest,
    ScimSettings, ScimToken, TenantRecord,
};

/// Requests that are shown of each client.
const REQUESTS: u32 = 20;
/// Groups that are shown of each client; the command lists all.
const GROUPS: usize = 200;

struct Group {
    group: ScimGroup,
    members: usize,
    /// A line each, as the form takes them.
    grants: String,
}

struct Client {
    name: String,
    platform: &'static str,
    users: u64,
    tokens: Vec<ScimToken>,
    groups: Vec<Group>,
    requests: Vec<ScimRequest>,
}

#[derive(Template)]
#[template(path = "scim.html")]
struct Page {
    chrome: Chrome,
    tenant: String,
    token: String,
    clients: Vec<Client>,
}

impl Page {
    fn platforms(&self) -> impl Iterator<Item = &'static str> {
        ScimPlatform::ALL.into_iter().map(ScimPlatform::name)
    }
}

/// Its routes.
pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new().route("/applications/{tenant}/scim", get(show).post(act))
}

fn clients(view: &ReadTransaction<'_>, tenant: &TenantRecord) -> Result<Vec<Client>, DirectoryError> {
    let mut clients = Vec::new();
    for client in view.scim_clients(Some(tenant.id))? {
        let mut groups = Vec::new();
        for group in view.scim_groups(client.id, 0, GROUPS)? {
            let grants = view.scim_group_grants(&group)?;
            let grants: Vec<String> = grants.iter().map(|grant| format!("{}={}", grant.kind, grant.name)).collect();
            groups.push(Group { members: view.scim_members(&group)?.len(), grants: grants.join("\n"), group });
        }
        clients.push(Client {
            users: view.count_scim_users(client.id)?,
            tokens: view.scim_tokens(client.id)?,
            requests: view.scim_requests(client.id, REQUESTS)?,
            platform: client.platform.name(),
            name: client.name,
            groups,
        });
    }
    Ok(clients)
}

async fn show(
    State(shared): State<Arc<Shared>>,
    Path(tenant): Path<String>,
    visitor: Visitor,
) -> Result<Response, Problem> {
    let tenant = shared.tenant(&tenant).await?;
    let own = tenant.clone();
    let clients = shared.read(move |view| Ok(clients(view, &own)?)).await?;
    let token = shared.access.token(visitor.session());
    let chrome = Chrome::tenant(&shared, &visitor, "SCIM", &tenant.name, "scim");
    Ok(html(&Page { chrome, tenant: tenant.name, token, clients }))
}

async fn act(
    State(shared): State<Arc<Shared>>,
    Path(tenant): Path<String>,
    submission: Submission,
) -> Result<Response, Problem> {
    let Submission { visitor, fields } = submission;
    let tenant = shared.tenant(&tenant).await?;
    let (directory, actor, own) = (shared.directory.clone(), visitor.actor(), tenant.clone());
    let done = tokio::task::spawn_blocking(move || carry_out(&directory, &actor, &own, &fields)).await;
    let (good, text) = match done.map_err(|error| Problem::internal(&error))? {
        Ok(text) => (true, text),
        Err(error @ (DirectoryError::Store(_) | DirectoryError::Damaged(_))) => return Err(error.into()),
        Err(error) => (false, format!("{}.", on_page(&error.to_string()))),
    };
    shared.access.sessions.flash(visitor.session(), good, text);
    Ok(Redirect::to(&format!("/applications/{}/scim", tenant.name)).into_response())
}

/// Does what a button says, and says what was done.
fn carry_out(
    directory: &Directory,
    actor: &Actor,
    tenant: &TenantRecord,
    fields: &Fields,
) -> Result<String, DirectoryError> {
    let told = |name: &str, token: &str| {
        format!("The token of {name} is {token} . Enter it in the platform now: it can't be shown again.")
    };
    if fields.has("add") {
        let name = fields.get("name").unwrap_or_default().trim();
        let platform = ScimPlatform::parse(fields.get("platform").unwrap_or_default());
        let token = directory.write(actor, |change| {
            let client = change.add_scim_client(tenant, name, platform, &ScimSettings::default())?;
            change.add_scim_token(tenant, &client, None)
        })?;
        return Ok(told(name, token.expose()));
    }
    if let Some(name) = fields.get("token") {
        let token = directory.write(actor, |change| {
            let client = change.scim_client(tenant, name)?;
            change.add_scim_token(tenant, &client, None)
        })?;
        return Ok(told(name, token.expose()));
    }
    if let Some((name, number)) = fields.get("revoke").and_then(|value| value.split_once(' ')) {
        let number = number.parse().unwrap_or_default();
        directory.write(actor, |change| {
            let client = change.scim_client(tenant, name)?;
            change.revoke_scim_token(tenant, &client, number)
        })?;
        return Ok(format!("The token of {name} has ended."));
    }
    if let Some((name, id)) = fields.get("map").and_then(|value| value.split_once(' ')) {
        return map(directory, actor, tenant, fields, name, id);
    }
    Err(DirectoryError::Invalid("the form says nothing that could be done; use the buttons of the page".to_owned()))
}

fn map(
    directory: &Directory,
    actor: &Actor,
    tenant: &TenantRecord,
    fields: &Fields,
    name: &str,
    id: &str,
) -> Result<String, DirectoryError> {
    let (client, group, known) = directory.read(|view| -> Result<_, DirectoryError> {
        let client = view.scim_client(tenant, name)?;
        let group = view.scim_group_by(client.id, &ScimKey::Id(id.to_owned()))?;
        Ok((client, group, Assignable::of(view, tenant)?))
    })?;
    let group = group.ok_or_else(|| DirectoryError::NotFound {
        what: "group",
        name: id.to_owned(),
        hint: "the platform may have deleted it",
    })?;
    let pairs = lines(fields.get("grants").unwrap_or_default()).map_err(DirectoryError::Invalid)?;
    let grants: Vec<GrantName> = pairs.into_iter().map(|(kind, name)| GrantName { kind, name }).collect();
    if let Some(fault) = grants.iter().find_map(|grant| known.fault_of_grant(grant)) {
        return Err(DirectoryError::Invalid(fault));
    }
    let priority = fields.get("priority").and_then(|text| text.trim().parse::<u32>().ok()).ok_or_else(|| {
        DirectoryError::Invalid(format!(
            "the priority of {} isn't a whole number; enter one, such as 100",
            group.display_name
        ))
    })?;
    let followed = map_group(directory, actor, &client, tenant, &group, &grants, priority.into())?;
    Ok(format!(
        "{} gives {}; {} tasks wait for the next push.",
        group.display_name,
        if grants.is_empty() { "nothing" } else { "what was entered" },
        followed.tasks.len()
    ))
}
