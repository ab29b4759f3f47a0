//! Why a configuration cannot be used.

use std::path::PathBuf;

/// Each names the file or the setting, says what is wrong and what to do, and quotes no value that could be a secret.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("the tenants file {path} cannot be read: {reason}; name it with --tenants or in PROVISIONING_TENANTS")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The operating system's words.
        reason: std::io::Error,
    },
    /// The file is no TOML, or not of the shape that is read.
    #[error("{path}, line {line}: {reason}")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// What is wrong, in words that quote no value.
        reason: String,
    },
    /// No tenant of that name.
    #[error("no tenant `{name}` in {path}; it has {known}")]
    UnknownTenant {
        /// The name asked for.
        name: String,
        /// The file.
        path: PathBuf,
        /// The names there are.
        known: String,
    },
    /// A secret cannot be had from where it is said to be.
    #[error("the secret `{secret}` cannot be had from {source_name}: {reason}")]
    Secret {
        /// Its name.
        secret: String,
        /// Where it was looked for.
        source_name: String,
        /// What is wrong and what to do.
        reason: String,
    },
    /// A setting stands in the wrong place or is not the connector's.
    #[error("tenant {tenant}: {reason}")]
    Setting {
        /// Whose setting it is.
        tenant: String,
        /// What is wrong and what to do.
        reason: String,
    },
}
