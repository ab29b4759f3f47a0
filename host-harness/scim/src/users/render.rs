//! A user as clients see it.

use serde_json::{Map, Value as Json, json};

use super::store;
use crate::mapping::PROVISIONING;
use crate::protocol::error::ScimError;
use crate::protocol::projection::Projection;
use crate::protocol::version;
use crate::service::Caller;
use provisioning_directory::sync::scim::{Provisioning, provisioning};
use provisioning_directory::{ReadTransaction, ScimUser};

/// The address of a user.
pub(super) fn location(caller: &Caller, user: &ScimUser) -> String {
    format!("{}/Users/{}", caller.base, user.public_id)
}

/// A user without what is looked up elsewhere: what the client has set, and what is known of the record.
pub(super) fn bare(caller: &Caller, user: &ScimUser) -> Map<String, Json> {
    let mut rendered = user.document.clone();
    rendered.insert("id".to_owned(), user.public_id.clone().into());
    let meta = json!({
        "resourceType": "User",
        "created": user.created_at,
        "lastModified": user.changed_at,
        "location": location(caller, user),
        "version": version::tag(user.version),
    });
    rendered.insert("meta".to_owned(), meta);
    rendered
}

/// Adds the user's groups.
pub(super) fn with_groups(
    view: &ReadTransaction<'_>,
    caller: &Caller,
    user: &ScimUser,
    rendered: &mut Map<String, Json>,
) -> Result<(), ScimError> {
    let groups: Vec<Json> = store(view.scim_groups_of(user))?
        .into_iter()
        .map(|(id, name)| {
            json!({ "value": id, "$ref": format!("{}/Groups/{id}", caller.base), "display": name, "type": "direct" })
        })
        .collect();
    if !groups.is_empty() {
        rendered.insert("groups".to_owned(), groups.into());
    }
    Ok(())
}

/// Adds how far the application is: if it has the user or is to do something, or if that was asked for.
pub(super) fn with_provisioning(
    view: &ReadTransaction<'_>,
    caller: &Caller,
    user: &ScimUser,
    is_asked: bool,
    rendered: &mut Map<String, Json>,
) -> Result<(), ScimError> {
    let Provisioning { state, kind, cause, remedy, task, user: remote } =
        store(provisioning(view, &caller.tenant, user.person))?;
    if task.is_none() && remote.is_none() && !is_asked {
        return Ok(());
    }
    let mut parts = Map::from_iter([("state".to_owned(), Json::from(state.name()))]);
    let mut put = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            parts.insert(name.to_owned(), value.into());
        }
    };
    put("kind", kind.map(|kind| kind.name().to_owned()));
    put("cause", cause);
    put("remedy", remedy);
    put("task", task.map(|task| task.to_string()));
    put("user", remote);
    let extension = rendered.entry(caller.schemas.extension.clone()).or_insert_with(|| Json::Object(Map::new()));
    if let Some(extension) = extension.as_object_mut() {
        extension.insert(PROVISIONING.to_owned(), Json::Object(parts));
    }
    Ok(())
}

/// A user as an answer has it.
pub(crate) fn rendered(
    view: &ReadTransaction<'_>,
    caller: &Caller,
    user: &ScimUser,
    projection: &Projection,
) -> Result<Json, ScimError> {
    let mut rendered = bare(caller, user);
    if projection.has("groups") {
        with_groups(view, caller, user, &mut rendered)?;
    }
    let wants_extension = projection.has(PROVISIONING) || projection.has("");
    if wants_extension {
        let is_asked = matches!(projection, Projection::Only(_));
        with_provisioning(view, caller, user, is_asked, &mut rendered)?;
    }
    projection.apply(&caller.schemas.user, &mut rendered);
    Ok(Json::Object(rendered))
}
