//! Moving a directory from one database to another: a data folder's into PostgreSQL, and back.
//!
//! Rows are copied as they are, so what is sealed stays sealed, and opens with the same key wherever it is. Which tables and columns
//! there are is asked of the databases, so a later migration's are copied as well. All of it is read as of one moment, and written in
//! one transaction: a copy that fails leaves nothing.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Serialize;

use super::postgres::{LeaseTimes, Postgres};
use super::sqlite::Connections;
use super::{Database, Row, Session, Value, params, params_from_iter};
use crate::directory::{Directory, DirectoryError, aside, folder};

/// Rows that are read at once.
const PAGE: usize = 500;

/// Rows that one statement writes: PostgreSQL answers each statement.
const AT_ONCE: usize = 25;

/// Tables whose rows mean nothing elsewhere: who works for a tenant at the moment, what is within one transaction, and what browsers
/// wait for.
const LEFT_OUT: [&str; 6] =
    ["schema_version", "tenant_lease", "audit_pruning", "directory_name", "console_shelf", "job_status"];

/// Where a directory is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// The database of a data folder.
    Folder(PathBuf),
    /// A PostgreSQL database, by its URL.
    Postgres(String),
}

impl Place {
    /// A URL of PostgreSQL's, or else a folder.
    pub fn new(text: &str) -> Self {
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            Self::Postgres(text.to_owned())
        } else {
            Self::Folder(PathBuf::from(text))
        }
    }

    fn open(&self) -> Result<Database, DirectoryError> {
        Ok(match self {
            Self::Folder(path) => Database::Sqlite(Box::new(Connections::open(path)?)),
            Self::Postgres(url) => Database::Postgres(Arc::new(Postgres::open(url, LeaseTimes::default())?)),
        })
    }
}

/// What was copied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Copied {
    /// How many rows each table has, which both databases agree about.
    pub tables: BTreeMap<String, u64>,
}

/// A table, as one of the databases describes it.
#[derive(Debug)]
struct Table {
    name: String,
    /// Those that are written; not those that the database works out.
    columns: Vec<String>,
    /// The columns of its primary key.
    key: Vec<String>,
    /// Tables that its rows refer to.
    parents: Vec<String>,
}

/// Copies a directory into a database without one. The key isn't copied: it stays where it is, and whoever opens the copy needs it.
///
/// # Errors
/// If there is no directory, if a host works on it, if the other database isn't empty, and those of the databases. Nothing is kept
/// then.
pub fn copy_database(from: &Place, to: &Place) -> Result<Copied, DirectoryError> {
    if from == to {
        return Err(DirectoryError::Invalid(
            "a directory cannot be copied into itself; name another target".to_owned(),
        ));
    }
    if let Place::Folder(path) = from
        && !Directory::exists(path)
    {
        return Err(no_directory(path));
    }
    if let Place::Folder(path) = to {
        folder::prepare(path)?;
    }
    let (source, target) = (from.open()?, to.open()?);
    aside(|| source.read(|read| target.write(true, |write| copy(read, write))))
}

fn no_directory(path: &Path) -> DirectoryError {
    DirectoryError::NotFound {
        what: "data folder",
        name: path.display().to_string(),
        hint: "name one with a directory in it, or the URL of a database",
    }
}

fn copy(read: Session<'_>, write: Session<'_>) -> Result<Copied, DirectoryError> {
    if let Session::Postgres(_) = read {
        let at_work: u64 =
            read.query_row("SELECT count(*) FROM tenant_lease WHERE until > clock_millis()", params![], |row| {
                row.get(0)
            })?;
        if at_work > 0 {
            return Err(DirectoryError::Invalid(format!(
                "hosts are working for {at_work} tenants; stop all hosts, and wait until their leases are over"
            )));
        }
    }
    let tables = in_order(tables(write)?)?;
    for table in &tables {
        if count(write, &table.name)? > 0 {
            return Err(DirectoryError::Invalid(format!(
                "the target has rows in its table `{}`; name an empty database or a new folder",
                table.name
            )));
        }
    }
    let mut copied = BTreeMap::new();
    for table in &tables {
        let flags = flags(write, &table.name)?;
        copy_rows(read, write, table, &flags)?;
        go_on_counting(read, write, table)?;
        let (had, has) = (count(read, &table.name)?, count(write, &table.name)?);
        if had != has {
            return Err(DirectoryError::Damaged(format!("{has} of {had} rows of `{}` were copied", table.name)));
        }
        copied.insert(table.name.clone(), has);
    }
    // Triggers have seen each task as a new one; the first look works out when tenants are due.
    write.execute("UPDATE tenant SET due_at = 0", params![])?;
    Ok(Copied { tables: copied })
}

fn count(db: Session<'_>, table: &str) -> Result<u64, DirectoryError> {
    db.query_row(&format!("SELECT count(*) FROM {table} /* copied */"), params![], |row| row.get(0))
}

/// A value of a row on its way.
type Cell = Option<Value>;

fn copy_rows(read: Session<'_>, write: Session<'_>, table: &Table, flags: &[String]) -> Result<(), DirectoryError> {
    let columns = table.columns.join(", ");
    let key = table.key.join(", ");
    let is_flag: Vec<bool> = table.columns.iter().map(|column| flags.contains(column)).collect();
    let positions: Vec<usize> =
        table.key.iter().filter_map(|name| table.columns.iter().position(|column| column == name)).collect();
    let behind = (1..=table.key.len()).map(|number| format!("?{number}")).collect::<Vec<_>>().join(", ");
    let first = format!("SELECT {columns} FROM {} ORDER BY {key} LIMIT {PAGE} /* copied */", table.name);
    let next = format!(
        "SELECT {columns} FROM {} WHERE ({key}) > ({behind}) ORDER BY {key} LIMIT {PAGE} /* copied */",
        table.name
    );
    let mut last: Vec<Value> = Vec::new();
    loop {
        let mut statement = read.prepare_cached(if last.is_empty() { &first } else { &next })?;
        let rows = statement.query_map(params_from_iter(last.clone()), |row| cells(row, &is_flag))?;
        let rows: Vec<Vec<Cell>> = rows.collect::<Result<_, _>>()?;
        for piece in rows.chunks(AT_ONCE) {
            write
                .execute(&insertion(table, piece.len()), params_from_iter(piece.iter().flatten().cloned().collect()))?;
        }
        let Some(end) = rows.last().filter(|_| rows.len() == PAGE) else { return Ok(()) };
        last = positions.iter().filter_map(|at| end[*at].clone()).collect();
    }
}

fn cells(row: Row<'_>, is_flag: &[bool]) -> Result<Vec<Cell>, DirectoryError> {
    let cell = |(column, is_flag): (usize, &bool)| -> Result<Cell, DirectoryError> {
        Ok(match row.get::<Cell>(column)? {
            // SQLite has numbers for them.
            Some(Value::Integer(number)) if *is_flag => Some(Value::Boolean(number != 0)),
            cell => cell,
        })
    };
    is_flag.iter().enumerate().map(cell).collect()
}

/// A statement that writes so many rows.
fn insertion(table: &Table, rows: usize) -> String {
    let width = table.columns.len();
    let row = |row: usize| {
        let values: Vec<String> = (1..=width).map(|column| format!("?{}", row * width + column)).collect();
        format!("({})", values.join(", "))
    };
    let values: Vec<String> = (0..rows).map(row).collect();
    format!("INSERT INTO {} ({}) VALUES {} /* copied */", table.name, table.columns.join(", "), values.join(", "))
}

/// Has a table's next number be the one that it would be in the source, so that none is ever used again.
fn go_on_counting(read: Session<'_>, write: Session<'_>, table: &Table) -> Result<(), DirectoryError> {
    let mut last = None;
    match read {
        Session::Sqlite(_) => {
            let mut statement = read.prepare_cached("SELECT seq FROM sqlite_sequence WHERE name = ?1 /* copied */")?;
            let mut rows = statement.query([table.name.as_str()])?;
            if let Some(row) = rows.next()? {
                last = Some(row.get::<i64>(0)?);
            }
        }
        Session::Postgres(_) => {
            let sequence: Option<String> = read.query_row(
                "SELECT CASE WHEN EXISTS (SELECT 1 FROM pg_attribute WHERE attrelid = ?1::text::regclass AND attidentity <> '')
                   THEN pg_get_serial_sequence(?1::text, 'id') END",
                [table.name.as_str()],
                |row| row.get(0),
            )?;
            if let Some(sequence) = sequence {
                let used = format!("SELECT CASE WHEN is_called THEN last_value END FROM {sequence}");
                last = read.query_row(&used, params![], |row| row.get(0))?;
            }
        }
    }
    let Some(last) = last else { return Ok(()) };
    match write {
        Session::Sqlite(_) => {
            // There is a row once the table has had one.
            let changed = write.execute(
                "UPDATE sqlite_sequence SET seq = ?2 WHERE name = ?1 /* copied */",
                params![table.name, last],
            )?;
            if changed == 0 && is_counted(write, &table.name)? {
                write.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (?1, ?2)", params![table.name, last])?;
            }
        }
        Session::Postgres(_) => {
            write.query_row(
                "SELECT setval(pg_get_serial_sequence(?1::text, 'id'), ?2)",
                params![table.name, last],
                |row| row.get::<i64>(0),
            )?;
        }
    }
    Ok(())
}

/// Whether SQLite never uses a number of a table again.
fn is_counted(db: Session<'_>, table: &str) -> Result<bool, DirectoryError> {
    db.query_row(
        "SELECT count(*) FROM sqlite_schema WHERE name = ?1 AND sql LIKE '%AUTOINCREMENT%' /* copied */",
        [table],
        |row| Ok(row.get::<u64>(0)? > 0),
    )
}

/// The tables that are copied.
fn tables(db: Session<'_>) -> Result<Vec<Table>, DirectoryError> {
    let names = names(
        db,
        match db {
            Session::Sqlite(_) => {
                "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY name /* copied */"
            }
            Session::Postgres(_) => {
                "SELECT relname::text FROM pg_class
                 WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r' ORDER BY relname"
            }
        },
        None,
    )?;
    let is_copied = |name: &String| !LEFT_OUT.contains(&name.as_str());
    names.into_iter().filter(is_copied).map(|name| describe(db, name)).collect()
}

fn describe(db: Session<'_>, name: String) -> Result<Table, DirectoryError> {
    let [columns, key, parents] = match db {
        Session::Sqlite(_) => [
            "SELECT name FROM pragma_table_info(?1) ORDER BY cid /* copied */",
            "SELECT name FROM pragma_table_info(?1) WHERE pk > 0 ORDER BY pk /* copied */",
            "SELECT DISTINCT \"table\" FROM pragma_foreign_key_list(?1) /* copied */",
        ],
        Session::Postgres(_) => [
            "SELECT attname::text FROM pg_attribute
             WHERE attrelid = ?1::text::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = '' ORDER BY attnum",
            "SELECT a.attname::text FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
             WHERE i.indrelid = ?1::text::regclass AND i.indisprimary ORDER BY array_position(i.indkey::int2[], a.attnum)",
            "SELECT DISTINCT c.relname::text FROM pg_constraint f JOIN pg_class c ON c.oid = f.confrelid
             WHERE f.conrelid = ?1::text::regclass AND f.contype = 'f'",
        ],
    };
    Ok(Table {
        columns: names(db, columns, Some(&name))?,
        key: names(db, key, Some(&name))?,
        parents: names(db, parents, Some(&name))?,
        name,
    })
}

/// The columns of a table that are flags where they aren't numbers.
fn flags(db: Session<'_>, table: &str) -> Result<Vec<String>, DirectoryError> {
    match db {
        Session::Sqlite(_) => Ok(Vec::new()),
        Session::Postgres(_) => names(
            db,
            "SELECT attname::text FROM pg_attribute
             WHERE attrelid = ?1::text::regclass AND attnum > 0 AND atttypid = 'boolean'::regtype",
            Some(table),
        ),
    }
}

fn names(db: Session<'_>, sql: &str, of: Option<&str>) -> Result<Vec<String>, DirectoryError> {
    let mut statement = db.prepare_cached(sql)?;
    let name = |row: Row<'_>| row.get::<String>(0);
    match of {
        Some(of) => statement.query_map([of], name)?.collect(),
        None => statement.query_map(params![], name)?.collect(),
    }
}

/// Each table behind those that its rows refer to.
fn in_order(mut tables: Vec<Table>) -> Result<Vec<Table>, DirectoryError> {
    let mut ordered: Vec<Table> = Vec::with_capacity(tables.len());
    while !tables.is_empty() {
        let is_ready = |table: &Table| {
            table.parents.iter().all(|parent| *parent == table.name || ordered.iter().any(|one| one.name == *parent))
        };
        let (ready, waiting): (Vec<Table>, Vec<Table>) = tables.into_iter().partition(is_ready);
        if ready.is_empty() {
            let names: Vec<&str> = waiting.iter().map(|table| table.name.as_str()).collect();
            return Err(DirectoryError::Damaged(format!("the tables {} refer to each other", names.join(", "))));
        }
        ordered.extend(ready);
        tables = waiting;
    }
    Ok(ordered)
}
