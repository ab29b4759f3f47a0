//! Why the directory could not do something.

use std::path::PathBuf;

use super::database::StoreError;

/// Each says what happened, to which record, and what to do; none quotes a secret.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    /// The data folder cannot be made, read or written.
    #[error("the data folder {path} cannot be used: {reason}; name another with --data or in PROVISIONING_DATA")]
    Folder {
        /// The folder.
        path: PathBuf,
        /// The operating system's words.
        reason: std::io::Error,
    },
    /// Others than its owner can read the key.
    #[error(
        "the key file {path} can be read by others (mode {mode:o}); run `chmod 600 {path}`, and change the secrets it has kept"
    )]
    KeyExposed {
        /// The key file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// There is a key, and it cannot be used.
    #[error("the key in {place} cannot be used: {reason}")]
    Key {
        /// The file or variable.
        place: String,
        /// What is wrong and what to do.
        reason: String,
    },
    /// The directory is sealed with another key.
    #[error(
        "the key in {place} isn't the one that this directory is sealed with ({wanted}); put that one back, or name it with PROVISIONING_KEY or --key-command. If it is lost, `key lost` has this one take its place, and secrets have to be set again"
    )]
    WrongKey {
        /// Where the key comes from.
        place: String,
        /// The id of the right one.
        wanted: String,
    },
    /// A sealed secret does not open with this key.
    #[error(
        "the secret `{name}` of tenant {tenant} does not open with this key; use the key that it was stored with, or set the secret again with `tenant edit {tenant} --secret {name}=file:PATH`"
    )]
    Sealed {
        /// The tenant.
        tenant: String,
        /// The secret's name.
        name: String,
    },
    /// Another process works for the tenant.
    #[error("another process is working for tenant {tenant}; wait for its end, or stop it")]
    Locked {
        /// The tenant.
        tenant: String,
    },
    /// Another host has taken over the tenant of a job.
    #[error(
        "this host was silent for longer than its lease lasts, and another may work for the tenant now; what was kept stays, and the next job goes on from there"
    )]
    LeaseLost,
    /// Others write to the data folder all the time.
    #[error(
        "other processes have been writing to the data folder for {seconds} seconds, and nothing was changed here; try again when they are done, or look for one that hangs"
    )]
    Busy {
        /// How long this one has waited.
        seconds: u64,
    },
    /// The directory is of a newer version.
    #[error(
        "the directory was written by a newer version of this program (schema {found}, this one knows {known}); update the program"
    )]
    Newer {
        /// The schema version found.
        found: u32,
        /// The newest one known.
        known: u32,
    },
    /// A version of this program from before the first release has written it.
    #[error(
        "the directory was written by a version of this program from before the first release (schema {found}), which this one doesn't read; move the data folder away, or name an empty database"
    )]
    Older {
        /// The schema version found.
        found: u32,
    },
    /// The record does not exist.
    #[error("there is no {what} `{name}`; {hint}")]
    NotFound {
        /// The kind of record.
        what: &'static str,
        /// What it was looked for by.
        name: String,
        /// Where to look.
        hint: &'static str,
    },
    /// There is one already.
    #[error("there is a {what} `{name}` already; {hint}")]
    Exists {
        /// The kind of record.
        what: &'static str,
        /// Its name.
        name: String,
        /// What to do.
        hint: &'static str,
    },
    /// A tenant is the source of what should be edited.
    #[error(
        "{what} of {person} comes from tenant {tenant} and cannot be changed here; change it in that application, or let this one be no source with `tenant edit {tenant} --set to-idp.mastering.{}=false`", if what == "the status" { "lifecycle" } else { "profile" }
    )]
    Sourced {
        /// The person's key.
        person: String,
        /// The attribute, or `the status`.
        what: String,
        /// The source.
        tenant: String,
    },
    /// A SCIM client is the source of what should be edited.
    #[error(
        "{person} comes from the SCIM client {client} of tenant {tenant} and cannot be changed here; change it in that platform, or remove the client with `scim remove {tenant} {client}`"
    )]
    OfClient {
        /// The person's key.
        person: String,
        /// The client.
        client: String,
        /// The client's tenant.
        tenant: String,
    },
    /// A value that cannot be.
    #[error("{0}")]
    Invalid(String),
    /// What the database says.
    #[error("the directory's database failed: {0}")]
    Store(#[from] StoreError),
    /// A row that this program did not write.
    #[error("the directory holds a damaged record: {0}; restore it from a backup")]
    Damaged(String),
}

impl DirectoryError {
    /// Whether the database may be of use again in a moment: its server couldn't be reached or ended the connection, or somebody else
    /// had it for longer than one waits.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Busy { .. } => true,
            Self::Store(error) => {
                error.is_lost() || error.is_busy() || matches!(error, StoreError::Connect { .. } | StoreError::Unknown)
            }
            _ => false,
        }
    }
}

impl From<rusqlite::Error> for DirectoryError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}

impl From<serde_json::Error> for DirectoryError {
    fn from(error: serde_json::Error) -> Self {
        // Only the place: the text could quote a value.
        Self::Damaged(format!("JSON at line {}, column {}", error.line(), error.column()))
    }
}
