//! The databases that a directory is kept in, behind one way to ask them.
//!
//! The directory's statements are one text for both engines, [`sqlite`] and [`postgres`]: SQL in the subset that both run, with
//! numbered placeholders (`?1`). A [`Session`] runs them inside of a transaction, whichever engine it is of. What differs stays
//! behind this module: how a transaction begins and who waits for whom, the words that tables are made with ([`schema`]), and how
//! values travel ([`value`]).

use std::sync::Arc;

mod copy;
mod error;
mod lending;
pub(super) mod postgres;
pub(super) mod schema;
pub(super) mod sqlite;
mod value;

pub use copy::{Copied, Place, copy_database};
pub use error::StoreError;
pub(super) use value::{FromValue, Params, ToValue, Value, ValueRef, params, params_from_iter, storable};

use self::postgres::Postgres;
use self::sqlite::Connections;
use super::DirectoryError;

/// A database that is open.
#[derive(Debug)]
pub(super) enum Database {
    /// A file of a data folder.
    Sqlite(Box<Connections>),
    /// A server's.
    Postgres(Arc<Postgres>),
}

impl Database {
    /// Runs `work` on a view of one moment.
    pub(super) fn read<T, E: From<DirectoryError>>(
        &self,
        work: impl FnOnce(Session<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        match self {
            Self::Sqlite(connections) => connections.view(|connection| work(Session::Sqlite(connection))),
            Self::Postgres(postgres) => postgres.read(|client| work(Session::Postgres(client))),
        }
    }

    /// Runs `work` in a transaction, which is kept if `keep` and `work` say so. On PostgreSQL it is run again where another one was in
    /// its way.
    pub(super) fn write<T, E: From<DirectoryError>>(
        &self,
        keep: bool,
        work: impl Fn(Session<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        match self {
            Self::Sqlite(connections) => connections.transact(keep, |connection| work(Session::Sqlite(connection))),
            Self::Postgres(postgres) => postgres.write(keep, |client| work(Session::Postgres(client))),
        }
    }

    /// Runs `work` in a transaction that isn't kept, and that takes nobody's turn however long it goes on.
    pub(super) fn rehearse_apart<T, E: From<DirectoryError>>(
        &self,
        work: impl FnOnce(Session<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        match self {
            Self::Sqlite(connections) => work(Session::Sqlite(&connections.copy()?)),
            Self::Postgres(postgres) => postgres.rehearse(|client| work(Session::Postgres(client))),
        }
    }

    /// Has SQLite overwrite its log, in which pages are as they were before. A server sees to its own.
    pub(super) fn forget_log(&self) -> Result<(), DirectoryError> {
        match self {
            Self::Sqlite(connections) => connections.forget_log(),
            Self::Postgres(_) => Ok(()),
        }
    }

    /// Whether somebody waits for the transaction that this thread runs to end, as far as that can be seen.
    pub(super) fn is_waited_for(&self) -> bool {
        match self {
            Self::Sqlite(connections) => connections.is_waited_for(),
            // Nobody can ask a server that; somebody may want the rows that it has locked.
            Self::Postgres(_) => true,
        }
    }
}

/// What the statements of a transaction are run by.
#[derive(Clone, Copy)]
pub(super) enum Session<'c> {
    /// SQLite.
    Sqlite(&'c rusqlite::Connection),
    /// PostgreSQL.
    Postgres(&'c postgres::Client),
}

impl<'c> Session<'c> {
    /// A statement, which stays prepared for the next time.
    pub(super) fn prepare_cached(self, sql: &str) -> Result<Statement<'c>, DirectoryError> {
        Ok(match self {
            Self::Sqlite(connection) => Statement::Sqlite(connection.prepare_cached(sql)?),
            Self::Postgres(client) => Statement::Postgres { client, statement: client.prepare(sql)? },
        })
    }

    /// Runs a statement. Returns how many rows it has changed.
    pub(super) fn execute(self, sql: &str, params: impl Params) -> Result<usize, DirectoryError> {
        self.prepare_cached(sql)?.execute(params)
    }

    /// Runs a statement that gives one row.
    pub(super) fn query_row<T>(
        self,
        sql: &str,
        params: impl Params,
        read: impl FnOnce(Row<'_>) -> Result<T, DirectoryError>,
    ) -> Result<T, DirectoryError> {
        self.prepare_cached(sql)?.query_row(params, read)
    }

    /// What a statement ends with whose row is changed according to what it says, so that nobody else changes it meanwhile. SQLite
    /// has one writer, and views change nothing.
    pub(super) fn to_change(self) -> &'static str {
        match self {
            Self::Postgres(client) if client.writes() => " FOR NO KEY UPDATE",
            _ => "",
        }
    }

    /// Whether nobody else can write before this transaction has ended.
    pub(super) fn has_one_writer(self) -> bool {
        matches!(self, Self::Sqlite(_))
    }

    /// What a statement ends with whose rows are to be this transaction's alone, without those that another one has: whoever would
    /// have to wait goes on to the next row. SQLite has one writer.
    pub(super) fn to_claim(self) -> &'static str {
        match self {
            Self::Postgres(_) => " FOR UPDATE SKIP LOCKED",
            Self::Sqlite(_) => "",
        }
    }

    /// The version that the tables are of.
    pub(super) fn version(self) -> Result<u32, DirectoryError> {
        self.query_row(
            match self {
                Self::Sqlite(_) => "PRAGMA user_version",
                Self::Postgres(_) => "SELECT coalesce(max(version), 0) FROM schema_version",
            },
            params![],
            |row| row.get(0),
        )
    }

    /// Runs statements without values, such as those that mark a part of a transaction.
    pub(super) fn execute_batch(self, sql: &str) -> Result<(), DirectoryError> {
        match self {
            Self::Sqlite(connection) => connection.execute_batch(sql)?,
            Self::Postgres(client) => client.batch(sql)?,
        }
        Ok(())
    }
}

/// A prepared statement.
pub(super) enum Statement<'c> {
    Sqlite(rusqlite::CachedStatement<'c>),
    Postgres { client: &'c postgres::Client, statement: tokio_postgres::Statement },
}

impl Statement<'_> {
    /// Runs it. Returns how many rows it has changed.
    #[expect(clippy::needless_pass_by_value, reason = "values are written where the statement is run")]
    pub(super) fn execute(&mut self, params: impl Params) -> Result<usize, DirectoryError> {
        let values = params.values()?;
        Ok(match self {
            Self::Sqlite(statement) => {
                sqlite::bind(statement, &values)?;
                statement.raw_execute()?
            }
            Self::Postgres { client, statement } => client.execute(statement, &values)?,
        })
    }

    /// Runs it. SQLite finds the rows one by one as they are asked for; PostgreSQL sends them all at once, so a statement that may
    /// give many has a limit.
    #[expect(clippy::needless_pass_by_value, reason = "values are written where the statement is run")]
    pub(super) fn query(&mut self, params: impl Params) -> Result<Rows<'_>, DirectoryError> {
        let values = params.values()?;
        Ok(match self {
            Self::Sqlite(statement) => {
                sqlite::bind(statement, &values)?;
                Rows::Sqlite(statement.raw_query())
            }
            Self::Postgres { client, statement } => Rows::Postgres { rows: client.query(statement, &values)?, next: 0 },
        })
    }

    /// Runs it, and makes something of each row.
    pub(super) fn query_map<T>(
        &mut self,
        params: impl Params,
        mut read: impl FnMut(Row<'_>) -> Result<T, DirectoryError>,
    ) -> Result<std::vec::IntoIter<Result<T, DirectoryError>>, DirectoryError> {
        let mut rows = self.query(params)?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(read(row));
        }
        Ok(found.into_iter())
    }

    /// Runs it, and makes something of its first row.
    ///
    /// # Errors
    /// [`StoreError::NoRow`] if there is none, which [`Optional`] turns into `None`.
    pub(super) fn query_row<T>(
        &mut self,
        params: impl Params,
        read: impl FnOnce(Row<'_>) -> Result<T, DirectoryError>,
    ) -> Result<T, DirectoryError> {
        let mut rows = self.query(params)?;
        let row = rows.next()?.ok_or(StoreError::NoRow)?;
        read(row)
    }
}

/// The rows that a statement has found.
pub(super) enum Rows<'s> {
    Sqlite(rusqlite::Rows<'s>),
    Postgres { rows: Vec<tokio_postgres::Row>, next: usize },
}

impl Rows<'_> {
    /// The next row. Returns `None` behind the last.
    pub(super) fn next(&mut self) -> Result<Option<Row<'_>>, DirectoryError> {
        Ok(match self {
            Self::Sqlite(rows) => rows.next()?.map(Row::Sqlite),
            Self::Postgres { rows, next } => {
                *next += 1;
                rows.get(*next - 1).map(Row::Postgres)
            }
        })
    }
}

/// A row.
#[derive(Clone, Copy)]
pub(super) enum Row<'r> {
    Sqlite(&'r rusqlite::Row<'r>),
    Postgres(&'r tokio_postgres::Row),
}

impl<'r> Row<'r> {
    /// The value of a column, counted from 0.
    pub(super) fn get<T: FromValue>(self, column: usize) -> Result<T, DirectoryError> {
        let value = self.value(column)?;
        T::from_value(&value).ok_or_else(|| StoreError::Kind { column, found: value.kind() }.into())
    }

    /// The text of a column that is never null, counted from 0.
    pub(super) fn text(self, column: usize) -> Result<&'r str, DirectoryError> {
        match self {
            Self::Sqlite(row) => Ok(row.get_ref(column)?.as_str().map_err(rusqlite::Error::from)?),
            Self::Postgres(row) => Ok(postgres::text(row, column)?),
        }
    }

    fn value(self, column: usize) -> Result<ValueRef<'r>, StoreError> {
        match self {
            Self::Sqlite(row) => sqlite::value(row, column),
            Self::Postgres(row) => postgres::value(row, column),
        }
    }
}

/// A result whose row may not be there.
pub(super) trait Optional<T> {
    /// `None` if there was no row.
    fn optional(self) -> Result<Option<T>, DirectoryError>;
}

impl<T> Optional<T> for Result<T, DirectoryError> {
    fn optional(self) -> Result<Option<T>, DirectoryError> {
        match self {
            Ok(value) => Ok(Some(value)),
            Err(DirectoryError::Store(StoreError::NoRow)) => Ok(None),
            Err(error) => Err(error),
        }
    }
}
