//! Users: `/Users`.

mod render;
mod search;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Map, Value as Json};

use crate::answer::Answer;
use crate::choices::{LANGUAGE, LOCALE, TIME_ZONE};
use crate::mapping;
use crate::protocol::error::ScimError;
use crate::protocol::projection::Projection;
use crate::protocol::{patch, shape, version};
use crate::pusher::Ended;
use crate::refusal;
use crate::request::{Conditions, Query};
use crate::service::{Caller, Shared};
use provisioning_directory::sync::scim::{self, ProvisioningState, WantedScimUser, provisioning};
use provisioning_directory::{
    AttributeValue, GrantName, PersonStatus, ReadTransaction, ScimPlatform, ScimUser, TaskId,
};
use provisioning_runtime::Secret;

pub(crate) use render::rendered;
pub(crate) use search::{Places, search};

/// The kind of failure of users who can't be made before something is assigned to them.
const MISSING_GRANT: &str = "missing-grant";

/// What a request has written, whose tasks may still be under way.
pub(crate) struct Begun {
    /// The user's id.
    pub(crate) id: String,
    /// Tasks that the answer waits for.
    pub(crate) tasks: BTreeSet<TaskId>,
    what: What,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    Created {
        is_new: bool,
    },
    Replaced,
    Patched,
    /// The user was taken out of use, which is accepted whatever the application says.
    Deactivated {
        patched: bool,
    },
    Deleted,
}

/// What a client wants a user to be, brought into form.
struct Form {
    document: Map<String, Json>,
    password: Option<Secret>,
}

impl Form {
    /// Takes the password out of what was sent, so that nothing else ever sees it.
    fn new(mut document: Map<String, Json>) -> Self {
        let password = match document.remove("password") {
            Some(Json::String(password)) => Some(Secret::new(password)),
            _ => None,
        };
        Self { document, password }
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.document.get(name).and_then(Json::as_str)
    }

    fn is_active(&self) -> bool {
        self.document.get("active").and_then(Json::as_bool).unwrap_or(true)
    }
}

fn store<T>(result: Result<T, provisioning_directory::DirectoryError>) -> Result<T, ScimError> {
    result.map_err(|error| refusal::of_directory(&error))
}

/// The attributes that a change sets, and those of before that it doesn't.
fn changes(
    caller: &Caller,
    view: &ReadTransaction<'_>,
    old: Option<&Map<String, Json>>,
    new: &Map<String, Json>,
) -> Result<BTreeMap<String, Option<AttributeValue>>, ScimError> {
    let mut changes: BTreeMap<String, Option<AttributeValue>> = BTreeMap::new();
    if let Some(old) = old {
        changes.extend(caller.schemas.attributes(old).into_keys().map(|name| (name, None)));
    }
    changes.extend(caller.schemas.attributes(new).into_iter().map(|(name, value)| (name, Some(value))));
    // Every user of an application has these, so one that the client no longer sends, or that the application doesn't have, stays.
    for name in [LOCALE, LANGUAGE, TIME_ZONE] {
        if matches!(changes.get(name), Some(None)) {
            changes.remove(name);
        }
    }
    // Clients name a manager by the id of a user; the connector knows people by their keys. What names no user is left out.
    if let Some(Some(AttributeValue::Text(id))) = changes.get("manager").cloned() {
        let key = match store(view.scim_user(caller.client.id, &id))? {
            Some(user) => Some(AttributeValue::Text(store(view.person_by_id(user.person))?.key)),
            None => None,
        };
        let had = old.is_some();
        match key {
            Some(key) => drop(changes.insert("manager".to_owned(), Some(key))),
            None if had => drop(changes.insert("manager".to_owned(), None)),
            None => drop(changes.remove("manager")),
        }
    }
    Ok(changes)
}

fn grants(
    caller: &Caller,
    view: &ReadTransaction<'_>,
    document: &Map<String, Json>,
) -> Result<Option<Vec<GrantName>>, ScimError> {
    if !document.contains_key("entitlements") && !document.contains_key("roles") {
        return Ok(None);
    }
    let kinds = store(view.entitlement_kinds(caller.tenant.id))?;
    let find = |kind: &str, name: &str| view.entitlements_named(caller.tenant.id, kind, name).unwrap_or_default();
    Ok(mapping::grants(document, &kinds, find))
}

/// What is assigned by a user's own entitlements: `None` if the client has never sent any, an empty list if it has taken them away.
fn wanted_grants(
    caller: &Caller,
    view: &ReadTransaction<'_>,
    old: Option<&Map<String, Json>>,
    new: &Map<String, Json>,
) -> Result<Option<Vec<GrantName>>, ScimError> {
    let has = |document: &Map<String, Json>| document.contains_key("entitlements") || document.contains_key("roles");
    match grants(caller, view, new)? {
        Some(grants) => Ok(Some(grants)),
        None if old.is_some_and(has) => Ok(Some(Vec::new())),
        None => Ok(None),
    }
}

pub(crate) async fn create(shared: &Shared, caller: &Arc<Caller>, body: &Json) -> Result<Begun, ScimError> {
    let mut form = Form::new(shape::document(&caller.schemas.user, body)?);
    shape::check_required(&caller.schemas.user, &form.document)?;
    form.document.entry("active").or_insert(Json::Bool(true));
    let id = store(scim::new_id())?;
    let (own, public) = (Arc::clone(caller), id.clone());
    let created = shared
        .write(caller, move |change| {
            let attributes = changes(&own, change, None, &form.document)?;
            let grants = wanted_grants(&own, change, None, &form.document)?;
            let wanted = WantedScimUser {
                external_id: form.text("externalId"),
                username: form.text("userName").unwrap_or_default(),
                active: form.is_active(),
                attributes: &attributes,
                document: &form.document,
                grants: grants.as_deref(),
                password: form.password.as_ref(),
            };
            store(scim::create_user(change, &own.client, &own.tenant, &public, &wanted))
        })
        .await?;
    Ok(Begun { id, tasks: created.followed.tasks, what: What::Created { is_new: created.is_new } })
}

/// Changes a user by what `edit` makes of what it was.
async fn update(
    shared: &Shared,
    caller: &Arc<Caller>,
    id: &str,
    conditions: &Conditions,
    patched: bool,
    edit: impl Fn(&ScimUser) -> Result<Map<String, Json>, ScimError> + Send + 'static,
) -> Result<Begun, ScimError> {
    let (own, wanted_id, conditions) = (Arc::clone(caller), id.to_owned(), conditions.clone());
    let (tasks, is_out_of_use) = shared
        .write(caller, move |change| {
            let user = store(change.scim_user(own.client.id, &wanted_id))?
                .ok_or_else(|| ScimError::not_found("User", &wanted_id))?;
            conditions.check(user.version)?;
            let mut form = Form::new(edit(&user)?);
            shape::check_required(&own.schemas.user, &form.document)?;
            let status = store(change.person_by_id(user.person))?.status;
            let was_active = status == PersonStatus::Active;
            // A whole user that doesn't say whether it is in use stays as it is, and the answer says so.
            if !patched {
                form.document.entry("active").or_insert(Json::Bool(was_active));
            }
            let active = form.document.get("active").and_then(Json::as_bool).unwrap_or(was_active);
            let attributes = changes(&own, change, Some(&user.document), &form.document)?;
            let grants = wanted_grants(&own, change, Some(&user.document), &form.document)?;
            let wanted = WantedScimUser {
                external_id: form.text("externalId"),
                username: form.text("userName").unwrap_or_default(),
                active,
                attributes: &attributes,
                document: &form.document,
                grants: grants.as_deref(),
                password: form.password.as_ref(),
            };
            let followed = store(scim::update_user(change, &own.client, &own.tenant, &user, &wanted))?;
            Ok((followed.tasks, !wanted.active))
        })
        .await?;
    let what = match (is_out_of_use, patched) {
        (true, patched) => What::Deactivated { patched },
        (false, true) => What::Patched,
        (false, false) => What::Replaced,
    };
    Ok(Begun { id: id.to_owned(), tasks, what })
}

pub(crate) async fn replace(
    shared: &Shared,
    caller: &Arc<Caller>,
    id: &str,
    body: &Json,
    conditions: &Conditions,
) -> Result<Begun, ScimError> {
    let document = shape::document(&caller.schemas.user, body)?;
    update(shared, caller, id, conditions, false, move |_| Ok(document.clone())).await
}

pub(crate) async fn patch(
    shared: &Shared,
    caller: &Arc<Caller>,
    id: &str,
    body: &Json,
    conditions: &Conditions,
) -> Result<Begun, ScimError> {
    let operations = patch::parse(body)?;
    let schemas = Arc::clone(&caller.schemas);
    let edit = move |user: &ScimUser| {
        let mut document = user.document.clone();
        patch::apply(&schemas.user, &mut document, &operations)?;
        Ok(document)
    };
    update(shared, caller, id, conditions, true, edit).await
}

pub(crate) async fn delete(
    shared: &Shared,
    caller: &Arc<Caller>,
    id: &str,
    conditions: &Conditions,
) -> Result<Begun, ScimError> {
    let (own, wanted, conditions) = (Arc::clone(caller), id.to_owned(), conditions.clone());
    let tasks = shared
        .write(caller, move |change| {
            let user = store(change.scim_user(own.client.id, &wanted))?
                .ok_or_else(|| ScimError::not_found("User", &wanted))?;
            conditions.check(user.version)?;
            Ok(store(scim::delete_user(change, &own.tenant, &user))?.tasks)
        })
        .await?;
    Ok(Begun { id: id.to_owned(), tasks, what: What::Deleted })
}

pub(crate) async fn get(
    shared: &Shared,
    caller: &Arc<Caller>,
    id: &str,
    query: &Query,
    conditions: &Conditions,
) -> Result<Answer, ScimError> {
    let (own, wanted, projection, seen) =
        (Arc::clone(caller), id.to_owned(), query.projection(), conditions.if_none_match.clone());
    shared
        .read(move |view| {
            let user =
                store(view.scim_user(own.client.id, &wanted))?.ok_or_else(|| ScimError::not_found("User", &wanted))?;
            let location = render::location(&own, &user);
            // How far the application is may change without the user.
            let is_settled = || -> Result<bool, ScimError> {
                let state = store(provisioning(view, &own.tenant, user.person))?.state;
                Ok(matches!(state, ProvisioningState::Done | ProvisioningState::Nothing))
            };
            if seen.is_some_and(|seen| version::is_in(&seen, user.version)) && is_settled()? {
                return Ok(Answer::empty(304).at(location, user.version));
            }
            let body = rendered(view, &own, &user, &projection)?;
            Ok(Answer::new(200, body).at(location, user.version))
        })
        .await
}

/// The answer to what a request has begun, once its tasks have ended, or its time has.
pub(crate) async fn finish(
    shared: &Shared,
    caller: &Arc<Caller>,
    begun: Begun,
    ended: Ended,
    projection: &Projection,
) -> Result<Answer, ScimError> {
    let Begun { id, what, .. } = begun;
    if what == What::Deleted {
        return Ok(Answer::empty(204));
    }
    let refused = match ended {
        // Platforms create users first, and then make them members of the groups by which they get what they need. The user stays,
        // and says what it waits for.
        Ended::Failed(task) if task.error_kind.as_ref().is_some_and(|kind| kind.name() == MISSING_GRANT) => None,
        Ended::Failed(task) => {
            let kind = task.error_kind.clone().unwrap_or(provisioning_directory::FailureKind::Unkept);
            let cause = task.cause.clone().unwrap_or_else(|| "the application refused the user".to_owned());
            Some((kind, cause, task.remedy.clone(), Some(task.id), None))
        }
        Ended::Stopped(error) => {
            Some((provisioning_directory::FailureKind::Transient, String::new(), None, None, Some(error)))
        }
        Ended::Done | Ended::Waits => None,
    };
    if let Some((kind, cause, remedy, task, whole)) = refused
        && !matches!(what, What::Deactivated { .. })
    {
        let is_undone = match what {
            What::Created { is_new: true } => {
                let (own, id) = (Arc::clone(caller), id.clone());
                shared
                    .write(caller, move |change| store(scim::undo_create(change, &own.client, &own.tenant, &id)))
                    .await?
            }
            _ => false,
        };
        // The task of a creation that was taken back went with it.
        let task = task.filter(|_| !is_undone);
        return Err(whole.unwrap_or_else(|| refusal::of_failure(&kind, &cause, remedy.as_deref(), task)));
    }
    let patched = matches!(what, What::Patched | What::Deactivated { patched: true });
    let (own, wanted, own_projection) = (Arc::clone(caller), id.clone(), projection.clone());
    let (body, location, version) = shared
        .read(move |view| {
            let user =
                store(view.scim_user(own.client.id, &wanted))?.ok_or_else(|| ScimError::not_found("User", &wanted))?;
            Ok((rendered(view, &own, &user, &own_projection)?, render::location(&own, &user), user.version))
        })
        .await?;
    // Entra wants no body with a PATCH, unless it asks for attributes (RFC 7644 §3.5.2).
    if patched && caller.client.platform == ScimPlatform::Entra && *projection == Projection::All {
        return Ok(Answer::empty(204).at(location, version));
    }
    let status = if matches!(what, What::Created { .. }) { 201 } else { 200 };
    Ok(Answer::new(status, body).at(location, version))
}
