//! Controls of the org's state: switches, seats, the day's requests, the clock, sessions.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::body::Body;
use super::{Answer, Org, Refusal};
use crate::http::Shared;
use crate::org::switches::Switches;
use crate::org::{clock as time, credentials};

fn shown(value: impl serde::Serialize) -> Answer {
    serde_json::to_value(value).map(Json).map_err(|error| Refusal::bad(error.to_string()))
}

pub(super) async fn switches(State(shared): Org) -> Answer {
    shown(&*shared.org.switches())
}

pub(super) async fn set_switches(State(shared): Org, Body(changes): Body<Map<String, Value>>) -> Answer {
    let mut merged = serde_json::to_value(&*shared.org.switches()).map_err(|error| Refusal::bad(error.to_string()))?;
    if let Some(merged) = merged.as_object_mut() {
        merged.extend(changes);
    }
    let switches: Switches = serde_json::from_value(merged)
        .map_err(|error| Refusal::bad(format!("The switches were not understood: {error}.")))?;
    shared.set_switches(switches.clone());
    shown(switches)
}

pub(super) async fn licences(State(shared): Org) -> Answer {
    on_store(&shared, |shared| {
        let seats = shared.org.transact(crate::org::seats::list)??;
        shown(seats)
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Seats {
    total: u32,
}

pub(super) async fn set_licence(
    State(shared): Org,
    Path(name): Path<String>,
    Body(seats): Body<Seats>,
) -> Result<StatusCode, Refusal> {
    on_store(&shared, |shared| {
        if shared.org.transact(|db| crate::org::seats::set(db, &name, seats.total))?? {
            return Ok(StatusCode::NO_CONTENT);
        }
        Err(Refusal::missing(format!("The org has no licence {name}; GET /licences lists them.")))
    })
}

/// Runs something that waits for the store, without holding up the other connections of this worker.
fn on_store<T>(shared: &Shared, work: impl FnOnce(&Shared) -> T) -> T {
    match tokio::runtime::Handle::try_current().map(|handle| handle.runtime_flavor()) {
        Ok(tokio::runtime::RuntimeFlavor::MultiThread) => tokio::task::block_in_place(|| work(shared)),
        _ => work(shared),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ApiRequests {
    used: Option<u64>,
    max: Option<u64>,
}

pub(super) async fn api_requests(State(shared): Org) -> Answer {
    let (used, max) = shared.usage.read();
    Ok(Json(json!({"used": used, "max": max})))
}

pub(super) async fn set_api_requests(State(shared): Org, Body(wanted): Body<ApiRequests>) -> Answer {
    if let Some(max) = wanted.max {
        shared.set_daily_api_requests(max);
    }
    if let Some(used) = wanted.used {
        shared.usage.set_used(used);
    }
    api_requests(State(shared)).await
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Movement {
    advance_seconds: Option<i64>,
    now: Option<String>,
}

pub(super) async fn clock(State(shared): Org) -> Answer {
    Ok(Json(json!({"now": time::rest_datetime(shared.org.clock.now())})))
}

pub(super) async fn move_clock(State(shared): Org, Body(movement): Body<Movement>) -> Answer {
    let seconds = match (movement.advance_seconds, movement.now) {
        (Some(seconds), None) => seconds,
        (None, Some(now)) => {
            let wanted = time::parse_datetime(&now)
                .ok_or_else(|| Refusal::bad(format!("{now} is no instant; write 2026-01-31T12:00:00Z.")))?;
            wanted - shared.org.clock.now()
        }
        _ => return Err(Refusal::bad("Give either advanceSeconds or now.")),
    };
    shared.org.clock.advance(seconds);
    clock(State(shared)).await
}

pub(super) async fn expire_sessions(State(shared): Org) -> StatusCode {
    shared.sessions.clear();
    StatusCode::NO_CONTENT
}

pub(super) async fn expire_query_locators(State(shared): Org) -> StatusCode {
    shared.locators.clear();
    StatusCode::NO_CONTENT
}

pub(super) async fn expire_admin_password(State(shared): Org) -> Result<StatusCode, Refusal> {
    on_store(&shared, |shared| {
        shared.org.transact(|db| credentials::expire(db, &shared.org.facts.admin_id))??;
        Ok(StatusCode::NO_CONTENT)
    })
}
