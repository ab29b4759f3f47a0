//! What databases say when something fails.

use std::error::Error as _;

use tokio_postgres::error::{Severity, SqlState};

/// Why a database couldn't do something. None quotes a value, which could be somebody's data.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// What SQLite says.
    #[error("{0}; check the disk, and that no other program writes the file")]
    Sqlite(#[from] rusqlite::Error),
    /// What PostgreSQL, or the way to it, says.
    #[error("{}", words(.0))]
    Postgres(#[from] tokio_postgres::Error),
    /// The server cannot be reached, or doesn't let this program in.
    #[error("{place} cannot be used: {reason}")]
    Connect {
        /// Where it is: host, port and database, without a password.
        place: String,
        /// What is wrong, and what to do.
        reason: String,
    },
    /// The connection ended while a transaction was being kept, so nobody knows whether it was.
    #[error("the connection to PostgreSQL ended while a change was being kept; look whether it was, and try again")]
    Unknown,
    /// A statement of a transaction failed, and whoever ran it went on.
    #[error("a change was given up, since a part of it failed; report this with the command that was run")]
    Unfinished,
    /// The row doesn't exist.
    #[error("a row that must be there is missing; restore the database from a backup")]
    NoRow,
    /// A column holds another kind of value than this program puts there.
    #[error(
        "column {column} of a row is {found}, which this program doesn't put there; restore the database from a backup"
    )]
    Kind {
        /// The column, counted from 0.
        column: usize,
        /// What it is.
        found: &'static str,
    },
    /// A number that no column holds.
    #[error("a number is too large for the database; report this with the command that was run")]
    Number,
}

/// PostgreSQL's own words, with its code, without the row that they are about: its `DETAIL` quotes values.
fn words(error: &tokio_postgres::Error) -> String {
    match error.as_db_error() {
        Some(said) => {
            let place = said.constraint().or(said.table()).map(|name| format!(" (`{name}`)")).unwrap_or_default();
            format!("PostgreSQL says {} {}{place}; its log says more", said.code().code(), said.message())
        }
        None => {
            let why = error.source().map(|source| format!(": {source}")).unwrap_or_default();
            format!("the connection to PostgreSQL failed: {error}{why}; check that the server runs and can be reached")
        }
    }
}

impl StoreError {
    /// Whether the same transaction may go through if it is run again: two of them were in each other's way.
    pub(crate) fn is_conflict(&self) -> bool {
        self.has_code(&[SqlState::T_R_SERIALIZATION_FAILURE, SqlState::T_R_DEADLOCK_DETECTED])
    }

    /// Whether a row was refused over another one. What is taken, and what is gone, is looked for before a row is written, so that the
    /// database finds it only where another transaction came in between: run again, this one fails with a better reason.
    pub(crate) fn is_race(&self) -> bool {
        self.has_code(&[SqlState::UNIQUE_VIOLATION, SqlState::FOREIGN_KEY_VIOLATION])
    }

    fn has_code(&self, codes: &[SqlState]) -> bool {
        match self {
            Self::Postgres(error) => error.code().is_some_and(|code| codes.contains(code)),
            _ => false,
        }
    }

    /// Whether the connection has ended, and nothing of its transaction was kept. PostgreSQL ends a connection with whatever it calls
    /// fatal, such as a transaction that was idle for too long because this host was stopped (25P03).
    pub(crate) fn is_lost(&self) -> bool {
        let Self::Postgres(error) = self else { return false };
        match error.as_db_error() {
            Some(said) => {
                matches!(said.parsed_severity(), Some(Severity::Fatal | Severity::Panic))
                    || said.code().code().starts_with("08")
            }
            None => true,
        }
    }

    /// Whether somebody else had what a transaction needed, for longer than one waits.
    pub(crate) fn is_busy(&self) -> bool {
        self.has_code(&[SqlState::LOCK_NOT_AVAILABLE])
    }
}
