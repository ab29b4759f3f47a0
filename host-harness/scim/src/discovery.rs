//! What the service is: `/ServiceProviderConfig`, `/ResourceTypes`, `/Schemas`, and what can be assigned.

use std::sync::Arc;

use serde_json::{Map, Value as Json, json};

use crate::answer::Answer;
use crate::bulk;
use crate::protocol::error::ScimError;
use crate::protocol::filter::{self, Subject};
use crate::protocol::page::{self, From, MOST, USUAL};
use crate::protocol::schema::{self, ENTITLEMENT, ROLE, Resource, entitlement};
use crate::refusal;
use crate::request::Search;
use crate::service::{Caller, Shared};
use provisioning_directory::{EntitlementFilter, EntitlementKind, ListedEntitlement, ScimPlatform};

/// The longest body, in bytes. A group of 20,000 members is about three million.
pub(crate) const LONGEST_BODY: usize = 4 * 1024 * 1024;

/// What the service can do (RFC 7643 §5, RFC 9865 §4).
pub(crate) fn config(caller: &Caller) -> Answer {
    let mut body = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
        "documentationUri": "https://www.rfc-editor.org/rfc/rfc7644",
        "patch": { "supported": true },
        "bulk": { "supported": true, "maxOperations": bulk::MOST_OPERATIONS, "maxPayloadSize": LONGEST_BODY },
        "filter": { "supported": true, "maxResults": MOST },
        "changePassword": { "supported": caller.tenant.config.to_app.sync_password },
        "sort": { "supported": true },
        "etag": { "supported": true },
        "authenticationSchemes": [{
            "type": "oauthbearertoken",
            "name": "Bearer token",
            "description": "A token that an admin of the host has made for this client",
            "specUri": "https://www.rfc-editor.org/rfc/rfc6750",
            "primary": true,
        }],
        "meta": {
            "resourceType": "ServiceProviderConfig",
            "location": format!("{}/ServiceProviderConfig", caller.base),
        },
    });
    // Canaille's library refuses what it doesn't know, and knows nothing of RFC 9865.
    if caller.client.platform != ScimPlatform::Canaille
        && let Some(body) = body.as_object_mut()
    {
        let pagination = json!({
            "cursor": true,
            "index": true,
            "defaultPaginationMethod": "index",
            "defaultPageSize": USUAL,
            "maxPageSize": MOST,
        });
        body.insert("pagination".to_owned(), pagination);
    }
    Answer::new(200, body)
}

/// The kinds of grants that the application has, each as a type of resources in Okta's way.
async fn kinds(shared: &Shared, caller: &Caller) -> Result<Vec<(EntitlementKind, Resource)>, ScimError> {
    let tenant = caller.tenant.id;
    let kinds =
        shared.read(move |view| view.entitlement_kinds(tenant).map_err(|error| refusal::of_directory(&error))).await?;
    Ok(kinds
        .into_iter()
        .filter(|kind| kind.listed)
        .map(|kind| {
            let urn = if kind.name == "role" { ROLE } else { ENTITLEMENT };
            let resource = entitlement(&kind.name, &format!("/Entitlements/{}", kind.name), &kind.label, urn);
            (kind, resource)
        })
        .collect())
}

fn listing(resources: Vec<Json>) -> Answer {
    let page = page::Page { from: From::Index(1), count: resources.len() };
    Answer::new(200, page::answer(&page, resources.len() as u64, resources, None))
}

/// The kinds that are listed among the types of resources: to Okta, which looks for them there. Other clients take every type that is
/// listed for one that they can create; to them, `/Entitlements/KIND` is there as well.
async fn listed_kinds(shared: &Shared, caller: &Caller) -> Result<Vec<(EntitlementKind, Resource)>, ScimError> {
    if caller.client.platform == ScimPlatform::Okta { kinds(shared, caller).await } else { Ok(Vec::new()) }
}

/// All types of resources, or the one of this name.
pub(crate) async fn resource_types(shared: &Shared, caller: &Caller, name: Option<&str>) -> Result<Answer, ScimError> {
    let kinds = listed_kinds(shared, caller).await?;
    let all =
        [&caller.schemas.user, &caller.schemas.group].into_iter().chain(kinds.iter().map(|(_, resource)| resource));
    match name {
        None => Ok(listing(all.map(|one| schema::resource_type(one, &caller.base)).collect())),
        Some(name) => all
            .into_iter()
            .find(|one| one.name == name)
            .map(|one| Answer::new(200, schema::resource_type(one, &caller.base)))
            .ok_or_else(|| ScimError::not_found("ResourceType", name)),
    }
}

/// All schemas, or the one of this URN.
pub(crate) async fn schemas(shared: &Shared, caller: &Caller, urn: Option<&str>) -> Result<Answer, ScimError> {
    let kinds = listed_kinds(shared, caller).await?;
    let mut all: Vec<&schema::Schema> = Vec::new();
    let resources = [&caller.schemas.user, &caller.schemas.group].into_iter().chain(kinds.iter().map(|(_, one)| one));
    for one in resources.flat_map(|resource| std::iter::once(&resource.core).chain(&resource.extensions)) {
        if !all.iter().any(|have| have.id == one.id) {
            all.push(one);
        }
    }
    match urn {
        None => Ok(listing(all.into_iter().map(|one| schema::schema(one, &caller.base)).collect())),
        Some(urn) => all
            .into_iter()
            .find(|one| one.id.eq_ignore_ascii_case(urn))
            .map(|one| Answer::new(200, schema::schema(one, &caller.base)))
            .ok_or_else(|| ScimError::not_found("Schema", urn)),
    }
}

/// What can be assigned of a kind: all that a search finds, or one by its id.
pub(crate) async fn entitlements(
    shared: &Shared,
    caller: &Arc<Caller>,
    kind: &str,
    id: Option<&str>,
    search: Search,
) -> Result<Answer, ScimError> {
    let kinds = kinds(shared, caller).await?;
    let (kind, resource) = kinds
        .into_iter()
        .find(|(own, _)| own.name.eq_ignore_ascii_case(kind))
        .ok_or_else(|| ScimError::not_found("kind of entitlements", kind))?;
    let (own, id) = (Arc::clone(caller), id.map(str::to_owned));
    shared
        .read(move |view| {
            let listed = view
                .entitlements(own.tenant.id, &kind.name, &EntitlementFilter::default())
                .map_err(|error| refusal::of_directory(&error))?;
            let render = |one: &ListedEntitlement| rendered(&own, &resource, &kind, one);
            if let Some(id) = id {
                let found = listed.iter().find(|one| one.id == id);
                let mut found = render(found.ok_or_else(|| ScimError::not_found(&kind.label, &id))?);
                search.projection.apply(&resource, &mut found);
                return Ok(Answer::new(200, found.into()));
            }
            let mut hits = Vec::new();
            for one in listed.iter().map(render) {
                let fits = match &search.filter {
                    Some(filter) => filter::matches(filter, Subject { schema: &resource, resource: &one })?,
                    None => true,
                };
                if fits {
                    hits.push(one);
                }
            }
            if let Some(order) = &search.order {
                hits.sort_by(|one, other| order.compare(&order.key(&resource, one), &order.key(&resource, other)));
            }
            let start = match &search.page.from {
                From::Index(start) => start - 1,
                From::Cursor(position) => position.as_ref().and_then(|position| position.parse().ok()).unwrap_or(0),
            };
            let (total, count) = (hits.len(), search.page.count);
            let end = start.saturating_add(count);
            let next = (end < total && count > 0).then(|| page::encode(&end.to_string(), &search.mark));
            let resources = hits
                .into_iter()
                .skip(start)
                .take(count)
                .map(|mut one| {
                    search.projection.apply(&resource, &mut one);
                    Json::Object(one)
                })
                .collect();
            Ok(Answer::new(200, page::answer(&search.page, total as u64, resources, next)))
        })
        .await
}

fn rendered(
    caller: &Caller,
    resource: &Resource,
    kind: &EntitlementKind,
    one: &ListedEntitlement,
) -> Map<String, Json> {
    let mut parts = Map::new();
    parts.insert("id".to_owned(), one.id.clone().into());
    parts.insert("displayName".to_owned(), one.name.clone().into());
    parts.insert("type".to_owned(), kind.name.clone().into());
    let mut facts = Vec::new();
    if let Some((used, total)) = one.seats {
        parts.insert("seats".to_owned(), json!({ "used": used, "total": total }));
        facts.push(format!("{} of {total} seats are free", total.saturating_sub(used)));
    }
    if !one.compatibility.is_empty() {
        parts.insert("compatibility".to_owned(), one.compatibility.clone().into());
        facts.push(format!("goes together with {}", one.compatibility.join(", ")));
    }
    if !facts.is_empty() {
        parts.insert("description".to_owned(), facts.join("; ").into());
    }
    let location = format!("{}{}/{}", caller.base, resource.endpoint, one.id);
    parts.insert("meta".to_owned(), json!({ "resourceType": resource.name, "location": location }));
    parts
}
