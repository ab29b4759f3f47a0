//! Statements and values as PostgreSQL has them.

use std::error::Error;

use bytes::BytesMut;
use tokio_postgres::Row;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};

use super::super::{StoreError, ValueRef};

/// The one hint that SQLite needs: it knows no statistics of the tables, and PostgreSQL does. No other statement has one.
const HINT: &str = " INDEXED BY person_search";

/// A statement with its placeholders as PostgreSQL writes them: `$1` where SQLite has `?1`. Nothing else is translated. No text
/// of a statement has a question mark in it.
pub(super) fn numbered(sql: &str) -> String {
    sql.replace(HINT, "").replace('?', "$")
}

/// The text of a column that is never null.
pub(in super::super) fn text(row: &Row, column: usize) -> Result<&str, StoreError> {
    Ok(row.try_get(column)?)
}

/// The value of a column.
pub(in super::super) fn value(row: &Row, column: usize) -> Result<ValueRef<'_>, StoreError> {
    Ok(row.try_get::<_, Column<'_>>(column)?.0)
}

struct Column<'r>(ValueRef<'r>);

impl<'r> FromSql<'r> for Column<'r> {
    fn from_sql(kind: &Type, raw: &'r [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(match *kind {
            Type::BOOL => ValueRef::Boolean(bool::from_sql(kind, raw)?),
            Type::INT8 => ValueRef::Integer(i64::from_sql(kind, raw)?),
            Type::INT4 => ValueRef::Integer(i32::from_sql(kind, raw)?.into()),
            Type::BYTEA => ValueRef::Blob(<&[u8]>::from_sql(kind, raw)?),
            _ => ValueRef::Text(<&str>::from_sql(kind, raw)?.into()),
        }))
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(ValueRef::Null))
    }

    fn accepts(kind: &Type) -> bool {
        matches!(*kind, Type::BOOL | Type::INT8 | Type::INT4 | Type::BYTEA) || <&str as FromSql>::accepts(kind)
    }
}

impl ToSql for ValueRef<'_> {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match (self, kind) {
            (Self::Null, _) => Ok(IsNull::Yes),
            (Self::Boolean(flag), &Type::BOOL) => flag.to_sql(kind, out),
            (Self::Integer(number), &Type::INT8) => number.to_sql(kind, out),
            (Self::Integer(number), &Type::INT4) => i32::try_from(*number)?.to_sql(kind, out),
            (Self::Text(text), kind) if <&str as ToSql>::accepts(kind) => text.as_ref().to_sql(kind, out),
            (Self::Blob(bytes), &Type::BYTEA) => bytes.to_sql(kind, out),
            (value, kind) => Err(format!("a statement has {} where PostgreSQL expects {kind}", value.kind()).into()),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}
