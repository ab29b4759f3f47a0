//! The SOAP partner API: one address, and the operation is the body's first element.
//!
//! Besides `login`, the calls that concern the user and their password are built; whatever reads or writes records
//! answers 501, because REST does that.

mod envelope;
mod login;
mod password;
mod session;
mod user_info;

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::{Shared, origin};
use crate::rest::Version;
use envelope::Envelope;

pub(super) use envelope::Fault;

/// The last version with `login` (H).
const NEWEST_LOGIN: u32 = 64;

#[derive(serde::Deserialize)]
pub(super) struct Address {
    version: String,
}

pub(super) async fn handle(
    State(shared): State<Arc<Shared>>,
    Path(address): Path<Address>,
    method: Method,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if method != Method::POST {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    let origin = origin(&headers);
    let answered = tokio::task::spawn_blocking(move || answer(&shared, &address.version, &origin, &body)).await;
    let (status, body) = match answered {
        Ok(Ok(body)) => (StatusCode::OK, body),
        Ok(Err(fault)) => (fault.status(), fault.into_xml()),
        Err(error) => {
            tracing::error!(%error, "a request failed inside the emulator");
            let fault = Fault::unexpected("UNKNOWN_EXCEPTION", "An unexpected error occurred.");
            (fault.status(), fault.into_xml())
        }
    };
    (status, [(header::CONTENT_TYPE, "text/xml; charset=utf-8")], body).into_response()
}

/// A refusal before the envelope is even read.
pub(super) fn refused(code: &'static str, message: String) -> Response {
    let fault = Fault::unexpected(code, message);
    (fault.status(), [(header::CONTENT_TYPE, "text/xml; charset=utf-8")], fault.into_xml()).into_response()
}

/// The answer as XML.
fn answer(shared: &Shared, version: &str, origin: &str, body: &[u8]) -> Result<String, Fault> {
    let unsupported = || Fault::unexpected("UNSUPPORTED_API_VERSION", "Invalid Api version specified on URL");
    let version = Version::parse(version)
        .filter(|version| (crate::rest::OLDEST..=crate::rest::NEWEST).contains(&version.0))
        .ok_or_else(unsupported)?;
    let envelope = Envelope::read(body)?;
    let operation: fn(&Shared, &Envelope) -> Result<String, Fault> = match envelope.operation.name.as_str() {
        "login" if version.0 > NEWEST_LOGIN => return Err(unsupported()),
        "login" => return Ok(envelope::wrap(&login::answer(shared, version, origin, &envelope)?, None)),
        "logout" => session::logout,
        "getServerTimestamp" => session::timestamp,
        "getUserInfo" => user_info::answer,
        "setPassword" => password::set,
        "changeOwnPassword" => password::change_own,
        "resetPassword" => password::reset,
        other => return Err(Fault::not_emulated(other)),
    };
    let content = operation(shared, &envelope)?;
    Ok(envelope::wrap(&content, Some(shared.usage.read())))
}
