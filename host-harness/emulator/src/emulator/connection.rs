//! What a client needs to know of an org.

use serde::{Deserialize, Serialize};

/// What a client needs to reach the org. `Debug` hides the secrets; serialising shows them.
#[derive(Clone, Serialize, Deserialize)]
pub struct Connection {
    /// `http://127.0.0.1:PORT`.
    pub url: String,
    /// The administrator's username.
    pub username: String,
    /// The administrator's password, without the token.
    pub password: String,
    /// The administrator's security token.
    pub security_token: String,
    /// The organisation's id, 18 characters.
    pub organization_id: String,
    /// The customer portal's id, 18 characters.
    pub portal_id: String,
    /// The account that new portal users' contacts go to, 18 characters.
    pub account_id: String,
    /// The connected app's consumer key, for OAuth.
    pub client_id: String,
    /// The connected app's consumer secret.
    pub client_secret: String,
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Connection")
            .field("url", &self.url)
            .field("username", &self.username)
            .field("organization_id", &self.organization_id)
            .finish_non_exhaustive()
    }
}
