//! Who asks.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use super::SessionId;
use provisioning_directory::Actor;

/// The name in the audit trail of somebody who did not have to sign in.
const NOBODY: &str = "console";

/// A browser that has passed the gate.
#[derive(Clone, Debug)]
pub(crate) struct Visitor {
    session: SessionId,
    name: Option<Arc<str>>,
}

impl Visitor {
    pub(super) fn new(session: SessionId, name: Option<Arc<str>>) -> Self {
        Self { session, name }
    }

    pub(crate) fn session(&self) -> &SessionId {
        &self.session
    }

    /// Who is signed in; none where nobody has to.
    pub(crate) fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Whom the audit trail names.
    pub(crate) fn actor(&self) -> Actor {
        self.name.as_deref().map_or_else(|| Actor::new(NOBODY), Self::actor_of)
    }

    /// Whom the audit trail names if an admin of this name has signed in.
    pub(crate) fn actor_of(name: &str) -> Actor {
        Actor::new(format!("{name} ({NOBODY})"))
    }
}

impl<S: Sync> FromRequestParts<S> for Visitor {
    type Rejection = super::super::problem::Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let visitor = parts.extensions.get::<Self>().cloned();
        visitor.ok_or_else(|| super::super::problem::Problem::internal(&"a request went past the gate"))
    }
}
