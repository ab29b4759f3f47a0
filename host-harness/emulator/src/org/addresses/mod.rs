//! States and countries of addresses, for organizations that have their lists turned on.
//!
//! The store keeps the integration value alone; a code follows from it, as Salesforce keeps the two in step (H).

mod countries;

use rusqlite::Connection;
use rusqlite::functions::FunctionFlags;

use super::catalogue;

pub(crate) use countries::{COUNTRIES, Country};

const STATES: usize = {
    let (mut count, mut at) = (0, 0);
    while at < COUNTRIES.len() {
        count += COUNTRIES[at].states.len();
        at += 1;
    }
    count
};

/// The codes of all countries.
pub(crate) static COUNTRY_CODES: [&str; COUNTRIES.len()] = catalogue::values(&COUNTRY_LABELS);

/// The countries' codes with their names.
pub(crate) static COUNTRY_LABELS: [(&str, &str); COUNTRIES.len()] = {
    let (mut labels, mut at) = ([("", ""); COUNTRIES.len()], 0);
    while at < labels.len() {
        labels[at] = (COUNTRIES[at].code, COUNTRIES[at].name);
        at += 1;
    }
    labels
};

/// The codes of all states, one after another for each country; some countries share codes.
pub(crate) static STATE_CODES: [&str; STATES] = {
    let (mut codes, mut next, mut at) = ([""; STATES], 0, 0);
    while at < COUNTRIES.len() {
        let (states, mut state) = (COUNTRIES[at].states, 0);
        while state < states.len() {
            codes[next] = states[state].0;
            next += 1;
            state += 1;
        }
        at += 1;
    }
    codes
};

/// The country of this integration value.
pub(crate) fn by_name(name: &str) -> Option<&'static Country> {
    COUNTRIES.iter().find(|country| country.name == name)
}

/// The country of this code.
pub(crate) fn by_code(code: &str) -> Option<&'static Country> {
    COUNTRIES.iter().find(|country| country.code == code)
}

impl Country {
    /// The code of the state of this integration value.
    pub(crate) fn state_code(&self, name: &str) -> Option<&'static str> {
        self.states.iter().find(|(_, found)| *found == name).map(|(code, _)| *code)
    }

    /// The integration value of the state of this code.
    pub(crate) fn state_name(&self, code: &str) -> Option<&'static str> {
        self.states.iter().find(|(found, _)| *found == code).map(|(_, name)| *name)
    }
}

/// Lets SQL find codes: `country_code(country)` and `state_code(country, state)`, each null if there is none.
///
/// # Errors
/// When SQLite refuses.
pub(super) fn register(db: &Connection) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    db.create_scalar_function("country_code", 1, flags, |context| {
        let country: Option<String> = context.get(0)?;
        Ok(country.and_then(|name| by_name(&name)).map(|country| country.code))
    })?;
    db.create_scalar_function("state_code", 2, flags, |context| {
        let (country, state): (Option<String>, Option<String>) = (context.get(0)?, context.get(1)?);
        let country = country.and_then(|name| by_name(&name));
        Ok(country.zip(state).and_then(|(country, state)| country.state_code(&state)))
    })
}
