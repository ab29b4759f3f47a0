//! Why an emulator did not start, or a look into its org failed.

use std::net::SocketAddr;

use crate::error::ApiError;
use crate::org::OpenError;

/// Why an emulator did not start or a look into its org failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address could not be listened on.
    #[error("the emulator cannot listen on {address}: {source}; choose another address")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The org's store failed.
    #[error("the org's store failed: {0}; check that the data file is an emulator's and can be written")]
    Store(#[from] rusqlite::Error),
    /// The data file's org was made by another version of the emulator.
    #[error("the data file holds an org of another version of the emulator; remove the file or name another")]
    OutdatedData,
    /// The connected app's certificate or public key is none.
    #[error("the connected app's key cannot be used: {0}; give an RSA certificate or public key in PEM")]
    AppKey(String),
    /// A query was refused, in Salesforce's words.
    #[error("{code}: {message}")]
    Query {
        /// Salesforce's error code.
        code: &'static str,
        /// Salesforce's text.
        message: String,
    },
    /// The work was cut off because the runtime is shutting down.
    #[error("the emulator was stopped while it was starting; start it again")]
    Stopped,
}

impl From<OpenError> for Error {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Store(error) => Self::Store(error),
            OpenError::Outdated => Self::OutdatedData,
        }
    }
}

impl From<ApiError> for Error {
    fn from(error: ApiError) -> Self {
        Self::Query { code: error.code, message: error.message }
    }
}
