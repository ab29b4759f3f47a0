//! Who calls, by the `SessionHeader`; and the calls that need nothing but that.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use super::envelope::{Envelope, Fault};
use crate::http::Shared;
use crate::login::{self, ApiRefusal};
use crate::org::{Org, clock};

/// The user behind a call.
pub(super) struct Caller {
    pub(super) user_id: String,
    pub(super) session_id: String,
    /// Whether the user's password has expired, so that only a new one may be set.
    restricted: bool,
}

impl Caller {
    /// The caller of a request, which counts as one of the day's.
    ///
    /// # Errors
    /// `INVALID_SESSION_ID`, `REQUEST_LIMIT_EXCEEDED`, or the API is off.
    pub(super) fn of(shared: &Shared, envelope: &Envelope) -> Result<Self, Fault> {
        let session_id = envelope.headers.child("SessionHeader").map(|header| header.text_of("sessionId").trim());
        let session_id = session_id.unwrap_or_default();
        let (org, now) = (&shared.org, shared.org.clock.now());
        let session = shared
            .sessions
            .find(session_id, now, org.switches().session_seconds)
            .ok_or_else(|| invalid_session(session_id))?;
        if !org.transact(|db| login::may_act(db, &session.user_id))?? {
            shared.sessions.end(session_id);
            return Err(invalid_session(session_id));
        }
        shared.usage.count()?;
        org.transact(|db| login::may_use_api(org, db, &session.user_id))??.map_err(api_refused)?;
        Ok(Self { user_id: session.user_id, session_id: session_id.to_owned(), restricted: session.password_expired })
    }

    /// Whether the user's password has expired, so that only a new one may be set.
    pub(super) fn is_restricted(&self) -> bool {
        self.restricted
    }

    /// Refuses what may not be called with an expired password (H).
    pub(super) fn check_unrestricted(&self, org: &Org) -> Result<(), Fault> {
        if self.restricted {
            return Err(login::expired_password(&org.switches()).into());
        }
        Ok(())
    }
}

/// What SOAP says where the API is off (H for the codes, M for the words).
pub(super) fn api_refused(refusal: ApiRefusal) -> Fault {
    let message = match refusal {
        ApiRefusal::Organization => "API is not enabled for this Organization or Partner",
        ApiRefusal::User => "API is disabled for this User",
    };
    Fault::unexpected(refusal.code(), message)
}

/// A session that is over or never was (H). The hash is the given id's, so it gives nothing away.
fn invalid_session(session_id: &str) -> Fault {
    const START: &str = "Invalid Session ID found in SessionHeader: Illegal Session";
    if session_id.is_empty() {
        return Fault::unexpected("INVALID_SESSION_ID", START);
    }
    let hash = STANDARD.encode(Sha256::digest(session_id));
    Fault::unexpected(
        "INVALID_SESSION_ID",
        format!(
            "{START}. Session not found, missing session hash: {hash}\n\
             This error usually occurs after a session expires or a user logs out."
        ),
    )
}

/// `logout` ends the session of its own header.
pub(super) fn logout(shared: &Shared, envelope: &Envelope) -> Result<String, Fault> {
    let caller = Caller::of(shared, envelope)?;
    shared.sessions.end(&caller.session_id);
    Ok("<logoutResponse/>".to_owned())
}

/// `getServerTimestamp` tells the org's clock.
pub(super) fn timestamp(shared: &Shared, envelope: &Envelope) -> Result<String, Fault> {
    Caller::of(shared, envelope)?.check_unrestricted(&shared.org)?;
    let now = clock::rest_datetime(shared.org.clock.now()).replace("+0000", "Z");
    Ok(format!(
        "<getServerTimestampResponse><result><timestamp>{now}</timestamp></result></getServerTimestampResponse>"
    ))
}
