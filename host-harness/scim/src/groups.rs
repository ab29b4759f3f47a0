//! Groups: `/Groups`.
//!
//! A platform makes groups; what their members hold in the application, an admin of this host says. So a change of a group is
//! accepted whatever the application says to its members: that is told with each of them.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Map, Value as Json, json};

use crate::answer::Answer;
use crate::protocol::error::{ScimError, ScimType};
use crate::protocol::filter::{self, Filter, Operator, Subject, matches_value};
use crate::protocol::page::{self, From};
use crate::protocol::patch::{self, MOST_TRIALS, Op, Operation};
use crate::protocol::path::Path;
use crate::protocol::projection::Projection;
use crate::protocol::schema::Attribute;
use crate::protocol::{shape, version};
use crate::refusal;
use crate::request::{Conditions, Query, Search};
use crate::service::{Caller, Shared};
use provisioning_directory::sync::scim::{self, GroupNames, MemberChange};
use provisioning_directory::{ReadTransaction, ScimGroup, ScimKey, ScimPlatform, TaskId};

/// Groups that are read at once.
const PIECE: usize = 500;

/// What a request has written.
pub(crate) struct Begun {
    /// The group's id.
    pub(crate) id: String,
    /// Tasks of its members.
    pub(crate) tasks: BTreeSet<TaskId>,
    what: What,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    Created,
    Replaced,
    Patched,
    Deleted,
}

fn store<T>(result: Result<T, provisioning_directory::DirectoryError>) -> Result<T, ScimError> {
    result.map_err(|error| refusal::of_directory(&error))
}

fn members_of(caller: &Caller) -> Result<&Attribute, ScimError> {
    Attribute::find(&caller.schemas.group.core.attributes, "members").ok_or_else(|| {
        ScimError::new(500, "The host's schema of groups has no members; report it to the host's operator.")
    })
}

/// Members as they are sent: each with its id, and with what the client calls it.
fn named(value: Option<&Json>) -> Vec<(String, Option<String>)> {
    let text = |one: &Json, name: &str| one.get(name).and_then(Json::as_str).map(str::to_owned);
    value
        .and_then(Json::as_array)
        .into_iter()
        .flatten()
        .filter_map(|one| {
            let by_address = || Some(text(one, "$ref")?.rsplit('/').next()?.to_owned());
            Some((text(one, "value").or_else(by_address)?, text(one, "display")))
        })
        .collect()
}

fn find(view: &ReadTransaction<'_>, caller: &Caller, id: &str) -> Result<ScimGroup, ScimError> {
    store(view.scim_group_by(caller.client.id, &ScimKey::Id(id.to_owned())))?
        .ok_or_else(|| ScimError::not_found("Group", id))
}

fn location(caller: &Caller, group: &ScimGroup) -> String {
    format!("{}/Groups/{}", caller.base, group.public_id)
}

/// A group without its members.
fn bare(caller: &Caller, group: &ScimGroup) -> Map<String, Json> {
    let mut rendered = Map::new();
    rendered.insert("id".to_owned(), group.public_id.clone().into());
    if let Some(id) = &group.external_id {
        rendered.insert("externalId".to_owned(), id.clone().into());
    }
    rendered.insert("displayName".to_owned(), group.display_name.clone().into());
    let meta = json!({
        "resourceType": "Group",
        "created": group.created_at,
        "lastModified": group.changed_at,
        "location": location(caller, group),
        "version": version::tag(group.version),
    });
    rendered.insert("meta".to_owned(), meta);
    rendered
}

fn with_members(
    view: &ReadTransaction<'_>,
    caller: &Caller,
    group: &ScimGroup,
    rendered: &mut Map<String, Json>,
) -> Result<(), ScimError> {
    let members: Vec<Json> = store(view.scim_members(group))?
        .into_iter()
        .map(|member| {
            let address = format!("{}/Users/{}", caller.base, member.public_id);
            let mut one = json!({ "value": member.public_id, "$ref": address, "type": "User" });
            if let (Some(display), Some(one)) = (member.display, one.as_object_mut()) {
                one.insert("display".to_owned(), display.into());
            }
            one
        })
        .collect();
    if !members.is_empty() {
        rendered.insert("members".to_owned(), members.into());
    }
    Ok(())
}

fn rendered(
    view: &ReadTransaction<'_>,
    caller: &Caller,
    group: &ScimGroup,
    projection: &Projection,
) -> Result<Json, ScimError> {
    let mut rendered = bare(caller, group);
    if projection.has("members") {
        with_members(view, caller, group, &mut rendered)?;
    }
    projection.apply(&caller.schemas.group, &mut rendered);
    Ok(Json::Object(rendered))
}

fn names(document: &Map<String, Json>) -> GroupNames<'_> {
    let text = |name: &str| document.get(name).and_then(Json::as_str);
    GroupNames { external_id: text("externalId"), display_name: text("displayName").unwrap_or_default() }
}

fn check_name(caller: &Caller, document: &Map<String, Json>) -> Result<(), ScimError> {
    shape::check_required(&caller.schemas.group, document)?;
    if names(document).display_name.trim().is_empty() {
        return Err(ScimError::value("the group's `displayName` is blank; send a name"));
    }
    Ok(())
}

pub(crate) async fn create(shared: &Shared, caller: &Arc<Caller>, body: &Json) -> Result<Begun, ScimError> {
    let document = shape::document(&caller.schemas.group, body)?;
    check_name(caller, &document)?;
    let id = store(scim::new_id())?;
    let (own, public) = (Arc::clone(caller), id.clone());
    let tasks = shared
        .write(caller, move |change| {
            let names = names(&document);
            let group = store(scim::create_group(change, &own.client, &public, &names))?;
            let members = named(document.get("members"));
            if members.is_empty() {
                return Ok(BTreeSet::new());
            }
            let members = [MemberChange::Add(members)];
            Ok(store(scim::change_group(change, &own.client, &own.tenant, &group, &names, &members))?.tasks)
        })
        .await?;
    Ok(Begun { id, tasks, what: What::Created })
}

pub(crate) async fn replace(
    shared: &Shared,
    caller: &Arc<Caller>,
    id: &str,
    body: &Json,
    conditions: &Conditions,
) -> Result<Begun, ScimError> {
    let document = shape::document(&caller.schemas.group, body)?;
    check_name(caller, &document)?;
    let (own, wanted, conditions) = (Arc::clone(caller), id.to_owned(), conditions.clone());
    let tasks = shared
        .write(caller, move |change| {
            let group = find(change, &own, &wanted)?;
            conditions.check(group.version)?;
            let members = [MemberChange::Replace(named(document.get("members")))];
            let followed = scim::change_group(change, &own.client, &own.tenant, &group, &names(&document), &members);
            Ok(store(followed)?.tasks)
        })
        .await?;
    Ok(Begun { id: id.to_owned(), tasks, what: What::Replaced })
}

/// What is left of operations once those on members are taken out, and those on members.
fn split(caller: &Caller, operations: Vec<Operation>) -> Result<(Vec<Operation>, Vec<Wish>), ScimError> {
    let is_members = |path: &Path| {
        path.attribute.find(&caller.schemas.group).is_some_and(|(_, attribute)| attribute.name == "members")
    };
    let (mut rest, mut wishes) = (Vec::new(), Vec::new());
    for Operation { op, path, value } in operations {
        match path {
            Some(path) if is_members(&path) => wishes.extend(wish(caller, op, &path, &value)?),
            Some(path) => rest.push(Operation { op, path: Some(path), value }),
            None => {
                let mut others = Map::new();
                let Json::Object(parts) = value else { continue };
                for (key, value) in parts {
                    match Path::parse(&key) {
                        Ok(path) if is_members(&path) => wishes.extend(wish(caller, op, &path, &value)?),
                        _ => drop(others.insert(key, value)),
                    }
                }
                rest.push(Operation { op, path: None, value: Json::Object(others) });
            }
        }
    }
    Ok((rest, wishes))
}

/// An operation on members.
enum Wish {
    Change(MemberChange),
    /// Members that fulfil a filter go.
    RemoveThose(Filter),
}

fn wish(caller: &Caller, op: Op, path: &Path, value: &Json) -> Result<Option<Wish>, ScimError> {
    let attribute = members_of(caller)?;
    // What a member is called isn't the group's to change.
    if path.attribute.sub.is_some() {
        return Ok(None);
    }
    if let Some(filter) = &path.filter {
        return Ok(match op {
            Op::Remove => Some(match ids(filter) {
                Some(ids) => Wish::Change(MemberChange::Remove(ids)),
                None => Wish::RemoveThose(filter.clone()),
            }),
            Op::Add | Op::Replace => {
                ids(filter).map(|ids| Wish::Change(MemberChange::Add(ids.into_iter().map(|id| (id, None)).collect())))
            }
        });
    }
    let sent = named(shape::of_attribute(attribute, value)?.as_ref());
    Ok(Some(Wish::Change(match op {
        Op::Add => MemberChange::Add(sent),
        Op::Replace => MemberChange::Replace(sent),
        Op::Remove if value.is_null() => MemberChange::Replace(Vec::new()),
        Op::Remove => MemberChange::Remove(sent.into_iter().map(|(id, _)| id).collect()),
    })))
}

/// The ids that a filter of equations names.
fn ids(filter: &Filter) -> Option<Vec<String>> {
    match filter {
        Filter::Or(one, other) => {
            let mut found = ids(one)?;
            found.extend(ids(other)?);
            Some(found)
        }
        Filter::Compare(name, Operator::Eq, Json::String(id)) if name.name.eq_ignore_ascii_case("value") => {
            Some(vec![id.clone()])
        }
        _ => None,
    }
}

pub(crate) async fn patch(
    shared: &Shared,
    caller: &Arc<Caller>,
    id: &str,
    body: &Json,
    conditions: &Conditions,
) -> Result<Begun, ScimError> {
    let (operations, wishes) = split(caller, patch::parse(body)?)?;
    let (own, wanted, conditions) = (Arc::clone(caller), id.to_owned(), conditions.clone());
    let tasks = shared
        .write(caller, move |change| {
            let group = find(change, &own, &wanted)?;
            conditions.check(group.version)?;
            let mut document = bare(&own, &group);
            patch::apply(&own.schemas.group, &mut document, &operations)?;
            check_name(&own, &document)?;
            let mut members = Vec::with_capacity(wishes.len());
            let mut trials = 0;
            for wish in &wishes {
                members.push(match wish {
                    Wish::Change(change) => change.clone(),
                    Wish::RemoveThose(filter) => {
                        MemberChange::Remove(those(change, &own, &group, filter, &members, &mut trials)?)
                    }
                });
            }
            let followed = scim::change_group(change, &own.client, &own.tenant, &group, &names(&document), &members);
            Ok(store(followed)?.tasks)
        })
        .await?;
    Ok(Begun { id: id.to_owned(), tasks, what: What::Patched })
}

/// The members that fulfil a filter: those that are there, and those that operations before it add.
fn those(
    view: &ReadTransaction<'_>,
    caller: &Caller,
    group: &ScimGroup,
    filter: &Filter,
    before: &[MemberChange],
    trials: &mut usize,
) -> Result<Vec<String>, ScimError> {
    let attribute = members_of(caller)?;
    let mut known: Vec<(String, Option<String>)> =
        store(view.scim_members(group))?.into_iter().map(|member| (member.public_id, member.display)).collect();
    for change in before {
        if let MemberChange::Add(more) | MemberChange::Replace(more) = change {
            known.extend(more.iter().cloned());
        }
    }
    *trials += known.len();
    if *trials > MOST_TRIALS {
        return Err(ScimError::bad(
            ScimType::TooMany,
            format!("the operations compare members more than {MOST_TRIALS} times; name members by `value eq`"),
        ));
    }
    let mut found = Vec::new();
    for (id, display) in known {
        let member = json!({ "value": id, "display": display, "type": "User" });
        if matches_value(filter, attribute, &member)? {
            found.push(id);
        }
    }
    Ok(found)
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
            let group = find(change, &own, &wanted)?;
            conditions.check(group.version)?;
            Ok(store(scim::delete_group(change, &own.client, &own.tenant, &group))?.tasks)
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
            let group = find(view, &own, &wanted)?;
            let address = location(&own, &group);
            if seen.is_some_and(|seen| version::is_in(&seen, group.version)) {
                return Ok(Answer::empty(304).at(address, group.version));
            }
            Ok(Answer::new(200, rendered(view, &own, &group, &projection)?).at(address, group.version))
        })
        .await
}

/// The answer to what a request has begun.
pub(crate) async fn finish(
    shared: &Shared,
    caller: &Arc<Caller>,
    begun: Begun,
    projection: &Projection,
) -> Result<Answer, ScimError> {
    let Begun { id, what, .. } = begun;
    if what == What::Deleted {
        return Ok(Answer::empty(204));
    }
    let is_terse =
        what == What::Patched && caller.client.platform == ScimPlatform::Entra && *projection == Projection::All;
    let (own, projection) = (Arc::clone(caller), projection.clone());
    shared
        .read(move |view| {
            let group = find(view, &own, &id)?;
            let address = location(&own, &group);
            if is_terse {
                return Ok(Answer::empty(204).at(address, group.version));
            }
            let status = if what == What::Created { 201 } else { 200 };
            Ok(Answer::new(status, rendered(view, &own, &group, &projection)?).at(address, group.version))
        })
        .await
}

pub(crate) async fn search(shared: &Shared, caller: &Arc<Caller>, search: Search) -> Result<Answer, ScimError> {
    let own = Arc::clone(caller);
    shared.read(move |view| found(view, &own, &search)).await
}

/// Groups are few beside users, so those that are found are all in memory, without their members unless the search needs them.
fn found(view: &ReadTransaction<'_>, caller: &Caller, search: &Search) -> Result<Answer, ScimError> {
    let Search { filter, order, page, projection, mark } = search;
    let schema = &caller.schemas.group;
    let needs_members = filter.as_ref().is_some_and(names_members);
    let mut hits = Vec::new();
    let mut after = 0;
    loop {
        let piece = store(view.scim_groups(caller.client.id, after, PIECE))?;
        let Some(last) = piece.last() else { break };
        after = last.number;
        for group in piece {
            let mut resource = bare(caller, &group);
            if needs_members {
                with_members(view, caller, &group, &mut resource)?;
            }
            if let Some(filter) = filter
                && !filter::matches(filter, Subject { schema, resource: &resource })?
            {
                continue;
            }
            hits.push((order.as_ref().map(|order| order.key(schema, &resource)), group));
        }
    }
    if let Some(order) = order {
        hits.sort_by(|(one, a), (other, b)| match (one, other) {
            (Some(one), Some(other)) => order.compare(one, other).then(a.number.cmp(&b.number)),
            _ => a.number.cmp(&b.number),
        });
    }
    let start = match &page.from {
        From::Index(start) => start - 1,
        From::Cursor(None) => 0,
        From::Cursor(Some(position)) => position.parse().map_err(|_| {
            ScimError::bad(ScimType::InvalidCursor, "the cursor is damaged; begin again with an empty one")
        })?,
    };
    let end = start.saturating_add(page.count);
    let next = (end < hits.len() && page.count > 0).then(|| page::encode(&end.to_string(), mark));
    let mut resources = Vec::new();
    for (_, group) in hits.iter().skip(start).take(page.count) {
        resources.push(rendered(view, caller, group, projection)?);
    }
    Ok(Answer::new(200, page::answer(page, hits.len() as u64, resources, next)))
}

fn names_members(filter: &Filter) -> bool {
    match filter {
        Filter::And(one, other) | Filter::Or(one, other) => names_members(one) || names_members(other),
        Filter::Not(inner) => names_members(inner),
        Filter::Present(name) | Filter::Compare(name, ..) | Filter::Within(name, _) => {
            name.name.eq_ignore_ascii_case("members")
        }
    }
}
