//! `sobjects/User/{id}/password`: expired or not, a new one, a random one.

use serde_json::{Value, json};

use super::{Context, Request, Response};
use crate::error::ApiError;
use crate::org::{credentials, store};
use crate::rules;

pub(super) fn handle(context: &Context<'_>, request: &Request, id: &str) -> Result<Response, ApiError> {
    let actor = &context.actor;
    let object = super::sobjects::object(context, "User")?;
    let row = rules::existing(actor, object, id).map_err(|_| ApiError::not_found())?;
    let id = store::text(&row, "Id").unwrap_or(id);
    match request.method.as_str() {
        "GET" => {
            let expired = credentials::load(actor.db, id)?.is_some_and(|credential| credential.is_expired);
            Ok(Response::json(200, &json!({"isExpired": expired})))
        }
        "POST" => {
            let Some(password) = request.object()?.get("NewPassword").and_then(Value::as_str) else {
                return Err(ApiError::new(400, "INVALID_NEW_PASSWORD", "Your password cannot be null."));
            };
            let username = store::text(&row, "Username").unwrap_or_default();
            crate::org::savepoint(actor.db, || rules::password::set(actor, id, username, password))?;
            Ok(Response::no_content())
        }
        "DELETE" if id == actor.user_id => Err(ApiError::not_emulated("Resetting the own password")),
        "DELETE" => {
            let password = crate::org::savepoint(actor.db, || rules::password::reset(actor, id))?;
            Ok(Response::json(200, &json!({"NewPassword": password})))
        }
        method => Err(ApiError::method_not_allowed(method, "DELETE,GET,HEAD,POST")),
    }
}
