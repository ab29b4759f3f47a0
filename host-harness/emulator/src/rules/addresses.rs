//! Addresses of an organization with lists of states and countries: what is not in the lists is refused, and codes and
//! integration values are kept in step.

use rusqlite::types::Value;

use super::Actor;
use crate::error::ApiError;
use crate::org::addresses::{self, Country};
use crate::org::catalogue::{Field, FieldType, Object};
use crate::org::store::{self, Row};

const INTEGRITY: &str = "FIELD_INTEGRITY_EXCEPTION";

/// Brings the addresses of a row, or of the changes to one, in order. What the record has already counts, too: a record
/// whose country isn't in the list is refused whatever is changed (M).
///
/// # Errors
/// `FIELD_INTEGRITY_EXCEPTION` for a state or country that isn't in the lists (H).
pub(super) fn settle(
    actor: &Actor<'_>,
    object: &'static Object,
    before: Option<&Row>,
    changes: &mut Row,
) -> Result<(), ApiError> {
    if !actor.org.switches().state_and_country_picklists {
        return Ok(());
    }
    let addresses = object.fields.iter().filter(|field| field.kind == FieldType::Address);
    for prefix in addresses.filter_map(|field| field.name.strip_suffix("Address")) {
        let field = |part: &str| object.field(&format!("{prefix}{part}"));
        let parts = (field("Country"), field("CountryCode"), field("State"), field("StateCode"));
        if let (Some(country), Some(country_code), Some(state), Some(state_code)) = parts {
            Address { country, country_code, state, state_code, before }.settle(changes)?;
        }
    }
    Ok(())
}

/// The fields of an address that are in lists, and the record's row before it is changed.
struct Address<'a> {
    country: &'static Field,
    country_code: &'static Field,
    state: &'static Field,
    state_code: &'static Field,
    before: Option<&'a Row>,
}

/// What a request says of a part of an address.
enum Given {
    /// Nothing.
    No,
    /// That it is empty.
    Empty,
    /// Its code, its integration value, or both.
    Some { code: Option<String>, name: Option<String> },
}

impl Address<'_> {
    fn settle(&self, changes: &mut Row) -> Result<(), ApiError> {
        let given = take(changes, self.country, self.country_code);
        let (country, is_empty) = match given {
            Given::No => (self.country_before()?, false),
            Given::Empty => (None, true),
            Given::Some { code, name } => {
                let country = match &code {
                    // The field's own check has let the code through.
                    Some(code) => addresses::by_code(code),
                    None => name.as_deref().and_then(addresses::by_name),
                };
                let country = country.ok_or_else(|| no_country(self.country))?;
                // A new record follows the code; an old one is refused (H; in which words is U).
                if self.before.is_some() && code.is_some() && name.is_some_and(|name| name != country.name) {
                    return Err(no_country(self.country));
                }
                changes.insert(self.country.name, Value::Text(country.name.to_owned()));
                (Some(country), false)
            }
        };
        if is_empty {
            changes.insert(self.country.name, Value::Null);
        }
        self.settle_state(country, is_empty, changes)
    }

    /// The country that the record has.
    fn country_before(&self) -> Result<Option<&'static Country>, ApiError> {
        let Some(name) = self.before.and_then(|row| store::text(row, self.country.name)) else { return Ok(None) };
        addresses::by_name(name).map(Some).ok_or_else(|| no_country(self.country))
    }

    fn settle_state(&self, country: Option<&Country>, emptied: bool, changes: &mut Row) -> Result<(), ApiError> {
        let (code, name) = match take(changes, self.state, self.state_code) {
            // The state goes with its country (H).
            Given::No if emptied => {
                changes.insert(self.state.name, Value::Null);
                return Ok(());
            }
            Given::No => {
                let Some(name) = self.before.and_then(|row| store::text(row, self.state.name)) else { return Ok(()) };
                let country = country.ok_or_else(|| without_country(self.state))?;
                return match country.state_code(name) {
                    Some(_) => Ok(()),
                    None => Err(of_another_country(self.state_code)),
                };
            }
            Given::Empty => {
                changes.insert(self.state.name, Value::Null);
                return Ok(());
            }
            Given::Some { code, name } => (code, name),
        };
        let field = if code.is_some() { self.state_code } else { self.state };
        let country = country.ok_or_else(|| without_country(field))?;
        let state = match (&code, &name) {
            (Some(code), _) => country.state_name(code).ok_or_else(|| of_another_country(self.state_code))?,
            (None, Some(name)) if country.state_code(name).is_some() => name.as_str(),
            (None, _) => return Err(no_state(self.state)),
        };
        if self.before.is_some() && code.is_some() && name.as_deref().is_some_and(|name| name != state) {
            return Err(no_state(self.state));
        }
        changes.insert(self.state.name, Value::Text(state.to_owned()));
        Ok(())
    }
}

/// Takes what a request says of a part out of the changes.
fn take(changes: &mut Row, name: &Field, code: &Field) -> Given {
    let (name, code) = (changes.remove(name.name), changes.remove(code.name));
    let text = |value: Option<Value>| match value {
        Some(Value::Text(text)) => Some(text),
        _ => None,
    };
    if name.is_none() && code.is_none() {
        return Given::No;
    }
    match (text(code), text(name)) {
        (None, None) => Given::Empty,
        (code, name) => Given::Some { code, name },
    }
}

fn no_country(field: &Field) -> ApiError {
    ApiError::dml(
        INTEGRITY,
        format!(
            "There's a problem with this country, even though it may appear correct. Please select a country/territory \
             from the list of valid countries.: {}",
            field.label
        ),
        &[field.name],
    )
}

fn no_state(field: &Field) -> ApiError {
    ApiError::dml(
        INTEGRITY,
        format!(
            "There's a problem with this state, even though it may appear correct. Please select a state from the list \
             of valid states.: {}",
            field.label
        ),
        &[field.name],
    )
}

fn without_country(field: &Field) -> ApiError {
    ApiError::dml(
        INTEGRITY,
        format!("A country/territory must be specified before specifying a state value for field: {}", field.label),
        &[field.name],
    )
}

fn of_another_country(field: &Field) -> ApiError {
    ApiError::dml(
        INTEGRITY,
        format!("The existing country/territory doesn't recognize the state value for field: {}", field.label),
        &[field.name],
    )
}
