//! Groups of clients, and what they give.

use clap::Args;
use serde::Serialize;

use crate::assign::faults;
use crate::context::open_tenant;
use crate::failure::Failure;
use crate::global::Global;
use crate::grants;
use crate::output::Output;
use provisioning_directory::sync::scim::map_group;
use provisioning_directory::{DirectoryError, GrantName, ScimGroup, ScimKey};

#[derive(Args)]
pub(crate) struct ListOptions {
    /// The tenant's name in the data folder.
    tenant: String,
    /// The client's name.
    client: String,
}

#[derive(Args)]
pub(crate) struct MapOptions {
    /// The tenant's name in the data folder.
    tenant: String,
    /// The client's name.
    client: String,
    /// The group, by its name or its id.
    group: String,
    /// What members hold, by name or id, such as profile="Customer Community User". Without any, the group gives nothing.
    #[arg(long = "grant", value_name = "KIND=NAME", value_parser = grants::parse)]
    grants: Vec<GrantName>,
    /// Of two groups that give different things of which a user has one, the one with the lower number counts. 100 by default.
    #[arg(long, value_name = "NUMBER")]
    priority: Option<u32>,
}

#[derive(Serialize)]
struct GroupDocument {
    id: String,
    name: String,
    members: usize,
    priority: i64,
    grants: Vec<GrantName>,
}

pub(super) fn list(global: &Global, options: &ListOptions, output: &mut Output) -> Result<(), Failure> {
    let (directory, tenant) = open_tenant(global, &options.tenant)?;
    let documents = directory.read(|view| -> Result<Vec<GroupDocument>, DirectoryError> {
        let client = view.scim_client(&tenant, &options.client)?;
        let mut documents = Vec::new();
        for group in view.scim_groups(client.id, 0, usize::MAX)? {
            documents.push(GroupDocument {
                members: view.scim_members(&group)?.len(),
                grants: view.scim_group_grants(&group)?,
                id: group.public_id,
                name: group.display_name,
                priority: group.priority,
            });
        }
        Ok(documents)
    })?;
    if output.json() {
        output.document(&documents)?;
    }
    for one in documents {
        let given: Vec<String> = one.grants.iter().map(|grant| format!("{} `{}`", grant.kind, grant.name)).collect();
        let gives = if given.is_empty() { "gives nothing".to_owned() } else { format!("gives {}", given.join(", ")) };
        output
            .line(&format!("{} ({}): {} members, priority {}, {gives}", one.name, one.id, one.members, one.priority))?;
    }
    Ok(())
}

pub(super) async fn map(global: &Global, options: &MapOptions, output: &mut Output) -> Result<(), Failure> {
    let (directory, tenant) = open_tenant(global, &options.tenant)?;
    let (client, group) = directory.read(|view| -> Result<_, DirectoryError> {
        let client = view.scim_client(&tenant, &options.client)?;
        let by = |key: ScimKey| view.scim_group_by(client.id, &key);
        let group = match by(ScimKey::Name(options.group.clone()))? {
            Some(group) => Some(group),
            None => by(ScimKey::Id(options.group.clone()))?,
        };
        let group: ScimGroup = group.ok_or_else(|| DirectoryError::NotFound {
            what: "group",
            name: options.group.clone(),
            hint: "`scim groups` lists those that the platform has made",
        })?;
        Ok((client, group))
    })?;
    if let Some(fault) = faults(global, &directory, &tenant, &options.grants, &[]).await?.into_iter().next() {
        return Err(Failure::usage(fault.sentence(&tenant.name)));
    }
    let priority = options.priority.map_or(group.priority, i64::from);
    let followed = map_group(&directory, &global.actor(), &client, &tenant, &group, &options.grants, priority)?;
    if output.json() {
        output.document(
            &serde_json::json!({ "group": group.display_name, "tasks": followed.tasks.len(), "off": followed.off }),
        )?;
    }
    output.line(&match followed.tasks.len() {
        0 => "Done.".to_owned(),
        tasks => format!("Done; {tasks} tasks wait for `push {}`.", tenant.name),
    })?;
    for sentence in &followed.off {
        output.line(sentence)?;
    }
    Ok(())
}
