//! A connection, and the statements that it has prepared.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;

use tokio_postgres::types::ToSql;
use tokio_postgres::{Row, Statement};

use super::super::{StoreError, ValueRef};
use super::convert::numbered;

/// Statements that a connection keeps prepared; when there are more, it begins anew.
const STATEMENTS: usize = 256;

/// A connection that one thread has for itself.
pub(in super::super::super) struct Client {
    inner: tokio_postgres::Client,
    prepared: RefCell<HashMap<String, Statement>>,
    failed: Cell<Option<Failed>>,
    within: Cell<bool>,
    /// Whether the transaction under way is one that writes.
    writes: Cell<bool>,
}

/// Why a transaction cannot be kept any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failed {
    /// Another transaction was in its way, or the connection ended: it may be run again.
    InTheWay,
    /// What a row needed to be so was changed meanwhile: it may be run again, too, unless that part of it was undone.
    Raced,
    /// A statement failed.
    Otherwise,
}

impl Client {
    pub(super) fn new(inner: tokio_postgres::Client) -> Self {
        Self {
            inner,
            prepared: RefCell::default(),
            failed: Cell::new(None),
            within: Cell::new(false),
            writes: Cell::new(false),
        }
    }

    /// Whether it can be used for another transaction.
    pub(super) fn is_usable(&self) -> bool {
        !self.inner.is_closed() && !self.within.get()
    }

    /// Begins a view of one moment.
    pub(super) fn begin_view(&self) -> Result<(), StoreError> {
        self.begin("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", false)
    }

    /// Begins a transaction that writes.
    pub(super) fn begin_change(&self) -> Result<(), StoreError> {
        self.begin("BEGIN ISOLATION LEVEL READ COMMITTED", true)
    }

    /// Begins a transaction that changes what it has made itself.
    pub(super) fn begin_rehearsal(&self) -> Result<(), StoreError> {
        self.begin("BEGIN ISOLATION LEVEL REPEATABLE READ", false)
    }

    fn begin(&self, how: &str, writes: bool) -> Result<(), StoreError> {
        self.failed.set(None);
        self.writes.set(writes);
        // A connection that can't even begin isn't lent again.
        self.within.set(true);
        self.batch(how)
    }

    /// Keeps the transaction.
    pub(super) fn keep(&self) -> Result<(), StoreError> {
        self.batch("COMMIT")?;
        self.within.set(false);
        Ok(())
    }

    /// Undoes the transaction. A connection on which that fails is closed, which undoes it as well.
    pub(super) fn give_up(&self) {
        if self.batch("ROLLBACK").is_ok() {
            self.within.set(false);
        }
    }

    /// Whether the transaction under way is one that writes.
    pub(in super::super) fn writes(&self) -> bool {
        self.writes.get()
    }

    /// Why the transaction under way cannot be kept; `None` if it can.
    pub(super) fn failed(&self) -> Option<Failed> {
        self.failed.get()
    }

    pub(in super::super) fn prepare(&self, sql: &str) -> Result<Statement, StoreError> {
        if let Some(statement) = self.prepared.borrow().get(sql) {
            return Ok(statement.clone());
        }
        let statement = self.noted(pollster::block_on(self.inner.prepare(&numbered(sql))))?;
        let mut prepared = self.prepared.borrow_mut();
        if prepared.len() >= STATEMENTS {
            prepared.clear();
        }
        prepared.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }

    pub(in super::super) fn execute(
        &self,
        statement: &Statement,
        values: &[ValueRef<'_>],
    ) -> Result<usize, StoreError> {
        let rows = self.noted(pollster::block_on(self.inner.execute(statement, &borrowed(values))))?;
        usize::try_from(rows).map_err(|_| StoreError::Number)
    }

    pub(in super::super) fn query(
        &self,
        statement: &Statement,
        values: &[ValueRef<'_>],
    ) -> Result<Vec<Row>, StoreError> {
        self.noted(pollster::block_on(self.inner.query(statement, &borrowed(values))))
    }

    pub(in super::super) fn batch(&self, sql: &str) -> Result<(), StoreError> {
        self.noted(pollster::block_on(self.inner.batch_execute(sql)))?;
        // What went wrong after the mark is undone with what came after it.
        if sql.starts_with("ROLLBACK TO") && self.failed.get() != Some(Failed::InTheWay) {
            self.failed.set(None);
        }
        Ok(())
    }

    fn noted<T>(&self, result: Result<T, tokio_postgres::Error>) -> Result<T, StoreError> {
        result.map_err(|error| {
            let error = StoreError::from(error);
            let failed = match () {
                () if error.is_conflict() || error.is_lost() => Failed::InTheWay,
                () if error.is_race() => Failed::Raced,
                () => Failed::Otherwise,
            };
            if self.failed.get() != Some(Failed::InTheWay) {
                self.failed.set(Some(failed));
            }
            error
        })
    }
}

fn borrowed<'v>(values: &'v [ValueRef<'_>]) -> Vec<&'v (dyn ToSql + Sync)> {
    values.iter().map(|value| value as &(dyn ToSql + Sync)).collect()
}
