//! The currencies of an organization that has several.

use rusqlite::{Connection, params};

use super::{Field, FieldType, Object};
use crate::org::ids;
use crate::org::seed::EPOCH;

/// The organization's own currency.
pub(crate) const CORPORATE: &str = "GBP";

/// The currencies that records may have.
pub(super) const ACTIVE: &[&str] = &["EUR", "GBP", "USD"];

/// Their labels are those of a recorded describe (H for the dollar).
pub(super) const LABELS: &[(&str, &str)] = &[("EUR", "Euro"), ("GBP", "British Pound"), ("USD", "U.S. Dollar")];

/// Code, rate, decimal places, and whether it is in use.
const CURRENCIES: [(&str, &str, i64, bool); 4] =
    [("GBP", "1", 2, true), ("EUR", "1.17", 2, true), ("USD", "1.27", 2, true), ("JPY", "191", 0, false)];

pub(super) static CURRENCY_TYPE: Object = Object {
    name: "CurrencyType",
    label: "Currency Type",
    label_plural: "Currency Types",
    key_prefix: "01L",
    setup: true,
    fields: &[
        Field::id("Currency Type ID"),
        Field::text("IsoCode", "Currency ISO Code", 3).required().read_only(),
        Field::new("ConversionRate", "Conversion Rate", FieldType::Double, 0).required().read_only(),
        Field::int("DecimalPlaces", "Decimal Places").required().read_only(),
        Field::boolean("IsActive", "Active").read_only(),
        Field::boolean("IsCorporate", "Corporate Currency").read_only(),
        Field::CREATED_DATE,
        Field::CREATED_BY,
        Field::LAST_MODIFIED_DATE,
        Field::LAST_MODIFIED_BY,
        Field::SYSTEM_MODSTAMP,
    ],
    ..Object::READ_ONLY
};

/// Makes the rows.
///
/// # Errors
/// When SQLite fails.
pub(crate) fn seed(db: &Connection, pod: &str, admin: &str) -> rusqlite::Result<()> {
    let mut insert = db.prepare(
        "INSERT INTO CurrencyType (Id, IsoCode, ConversionRate, DecimalPlaces, IsActive, IsCorporate, CreatedDate,
           CreatedById, LastModifiedDate, LastModifiedById, SystemModstamp)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?7, ?8, ?7)",
    )?;
    for (serial, (code, rate, places, active)) in (1..).zip(CURRENCIES) {
        let id = ids::record_id(CURRENCY_TYPE.key_prefix, pod, serial);
        insert.execute(params![id, code, rate, places, active, code == CORPORATE, EPOCH, admin])?;
    }
    Ok(())
}
