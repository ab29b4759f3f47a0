//! Records by a key's value: which fields are keys, which records have the value, and that unique fields stay unique.

use std::collections::BTreeMap;

use rusqlite::types::Value;

use super::Actor;
use crate::error::ApiError;
use crate::org::catalogue::{Field, FieldType, Object};
use crate::org::store::{self, Row};
use crate::org::{catalogue, ids};

/// The field that upserts and references may find a record by.
///
/// # Errors
/// `INVALID_FIELD` in Salesforce's words (M) when the field is no key, or is not there.
pub(crate) fn key_field(object: &'static Object, name: &str) -> Result<&'static Field, ApiError> {
    object.field(name).filter(|field| field.is_lookup_key()).ok_or_else(|| {
        ApiError::dml(
            "INVALID_FIELD",
            format!(
                "Field name provided, {name} does not match an External ID, Salesforce Id, or indexed field for {}",
                object.name
            ),
            &[],
        )
    })
}

/// The ids of the records that have this value in a key field, in order; those in the recycle bin do not count.
///
/// # Errors
/// When the store fails.
pub(crate) fn matching(
    actor: &Actor<'_>,
    object: &'static Object,
    field: &Field,
    value: &str,
) -> Result<Vec<String>, ApiError> {
    let value = match field.kind {
        FieldType::Id | FieldType::Reference => match ids::normalise(value) {
            Some(id) => id,
            None => return Ok(Vec::new()),
        },
        _ => value.trim().to_owned(),
    };
    Ok(store::ids_by(actor.db, object, field, &Value::Text(value))?)
}

/// The keys of one call's records. Records that share one are all refused, whichever comes first.
pub(crate) struct KeysInUse(BTreeMap<String, usize>);

impl KeysInUse {
    /// Counts the keys; those of texts compare without regard to case.
    pub(crate) fn of(keys: impl Iterator<Item = String>) -> Self {
        let mut counts = BTreeMap::new();
        for key in keys {
            *counts.entry(key.trim().to_lowercase()).or_insert(0) += 1;
        }
        Self(counts)
    }

    fn is_shared(&self, key: &str) -> bool {
        self.0.get(&key.trim().to_lowercase()).is_some_and(|count| *count > 1)
    }

    /// # Errors
    /// `DUPLICATE_VALUE` for an upsert's key that several records have (M; the fields are L).
    pub(crate) fn check_external(&self, key: Option<&str>, field: &Field) -> Result<(), ApiError> {
        match key.filter(|key| self.is_shared(key)) {
            None => Ok(()),
            Some(key) => {
                Err(ApiError::dml("DUPLICATE_VALUE", format!("Duplicate external id specified: {key}"), &[field.name]))
            }
        }
    }

    /// # Errors
    /// `DUPLICATE_VALUE` for an id that several records of an update have (L: by analogy with upserts).
    pub(crate) fn check_id(&self, id: &str) -> Result<(), ApiError> {
        let full = ids::normalise(id).unwrap_or_default();
        if self.is_shared(&full) {
            return Err(ApiError::dml("DUPLICATE_VALUE", format!("Duplicate id specified: {id}"), &["Id"]));
        }
        Ok(())
    }
}

/// The refusal when a key finds more than one record where one is meant (M).
#[must_use]
pub(super) fn ambiguous(field: &Field, found: &[String]) -> ApiError {
    ApiError::dml(
        "DUPLICATE_EXTERNAL_ID",
        format!("{}: more than one record found for external id field: [{}]", field.label, found.join(", ")),
        &[field.name],
    )
}

/// Refuses a value of a unique field that another record has (H; the id in the text has 15 characters).
pub(super) fn check_unique(
    actor: &Actor<'_>,
    object: &'static Object,
    row: &Row,
    own_id: Option<&str>,
) -> Result<(), ApiError> {
    for field in object.fields.iter().filter(|field| field.unique) {
        let Some(value) = store::text(row, field.name) else { continue };
        let holder = matching(actor, object, field, value)?.into_iter().find(|id| Some(id.as_str()) != own_id);
        if let Some(holder) = holder {
            return Err(ApiError::dml(
                "DUPLICATE_VALUE",
                format!(
                    "duplicate value found: {} duplicates value on record with id: {}",
                    field.name,
                    ids::short(&holder)
                ),
                &[],
            ));
        }
    }
    Ok(())
}

/// The object that a nested record of a reference is about: the one its attributes name, or the first possible.
pub(super) fn target_of(field: &Field, wanted: Option<&str>) -> Option<&'static Object> {
    let targets = field.reference.as_ref()?.to;
    let name = wanted
        .and_then(|wanted| targets.iter().find(|target| target.eq_ignore_ascii_case(wanted)))
        .or_else(|| targets.first())?;
    catalogue::object(name)
}
