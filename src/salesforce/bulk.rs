//! Bulk API 2.0 queries: Salesforce finds all rows once, and hands them out in pieces of any size for seven days (H).

use std::borrow::Cow;
use std::time::Duration;

use salesforce_records::{Cell, Record};

use super::client::{Call, Client, Repeat};
use super::json::Object;
use super::query::unreadable;
use super::soql::Select;
use crate::host::{Host, Method, Part, Response};
use crate::model::Result;

/// How often a job is looked at before it is given up, with a pause that doubles from half a second: a minute in all.
const LOOKS: u32 = 7;

/// Starts a job and waits for it; its id, or none where Salesforce does not finish it soon or refuses the query.
///
/// # Errors
///
/// When the job cannot be started or looked at.
pub fn run<H: Host>(client: &Client<H>, query: &Select, subject: &str) -> Result<Option<String>> {
    let body = Object::default().text("operation", "query").text("query", &query.to_string()).end();
    let body = vec![Part::Text(Cow::Owned(body))];
    let call = Call { method: Method::Post, path: Cow::Borrowed("jobs/query"), body, repeat: Repeat::Always };
    let response = client.call(&call, subject)?;
    let id = job(&response, subject)?.text("id").map(str::to_owned).ok_or_else(|| unreadable(subject))?;
    for look in 0..LOOKS {
        let response = client.call(&Call::get(format!("jobs/query/{id}")), subject)?;
        match job(&response, subject)?.text("state") {
            Some("JobComplete") => return Ok(Some(id)),
            Some("Failed" | "Aborted") | None => return Ok(None),
            Some(_) => client.host().sleep(Duration::from_millis(500 << look)),
        }
    }
    Ok(None)
}

fn job<'a>(response: &'a Response, subject: &str) -> Result<Record<'a>> {
    Record::parse(&response.body).ok_or_else(|| unreadable(subject))
}

/// Reads a piece of a job's rows, from a locator or from the start.
///
/// # Errors
///
/// As [`Client::call`]; also when the job or its rows are gone.
pub fn results<H: Host>(
    client: &Client<H>,
    id: &str,
    locator: Option<&str>,
    most: u32,
    subject: &str,
) -> Result<Response> {
    let locator = locator.map_or_else(String::new, |locator| format!("&locator={locator}"));
    client.call(&Call::get(format!("jobs/query/{id}/results?maxRecords={most}{locator}")), subject)
}

/// Where the rows go on; none at their end, which Salesforce writes as `null` (H).
pub fn locator(response: &Response) -> Option<&str> {
    response.header("sforce-locator").filter(|locator| !locator.is_empty() && *locator != "null")
}

/// The rows of a piece; `fields` are those of the query, in order, for pieces that do not repeat them (U whether any does
/// not).
///
/// # Errors
///
/// When the piece is cut off or no CSV (RFC 4180).
pub fn rows(response: &Response, fields: &[&str], subject: &str) -> Result<Vec<Record<'static>>> {
    let text = std::str::from_utf8(&response.body).map_err(|_| unreadable(subject))?;
    let mut lines = parse(text).ok_or_else(|| unreadable(subject))?.into_iter().peekable();
    let is_header = |line: &Vec<String>| line.first().is_some_and(|name| name.eq_ignore_ascii_case("Id"));
    let names: Vec<String> = match lines.next_if(is_header) {
        Some(header) => header,
        None => fields.iter().map(|name| (*name).to_owned()).collect(),
    };
    let mut rows = Vec::with_capacity(lines.len());
    for line in lines {
        if line.len() != names.len() {
            return Err(unreadable(subject));
        }
        let cells = names.iter().zip(line).map(|(name, value)| {
            let cell = if value.is_empty() { Cell::Null } else { Cell::Text(Cow::Owned(value)) };
            (Cow::Owned(name.clone()), cell)
        });
        rows.push(Record::of(cells.collect()));
    }
    Ok(rows)
}

/// The lines of a CSV text; none where it ends inside quotes or its last line is not ended.
fn parse(text: &str) -> Option<Vec<Vec<String>>> {
    let (mut lines, mut line, mut value) = (Vec::new(), Vec::new(), String::new());
    let mut letters = text.chars().peekable();
    let mut quoted = false;
    while let Some(letter) = letters.next() {
        match letter {
            '"' if quoted && letters.next_if_eq(&'"').is_some() => value.push('"'),
            '"' => quoted = !quoted,
            letter if quoted => value.push(letter),
            ',' => line.push(std::mem::take(&mut value)),
            '\n' => {
                line.push(std::mem::take(&mut value));
                lines.push(std::mem::take(&mut line));
            }
            '\r' => {}
            letter => value.push(letter),
        }
    }
    (!quoted && line.is_empty() && value.is_empty()).then_some(lines)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn answer(body: &str) -> Response {
        Response { status: 200, headers: Vec::new(), body: body.as_bytes().to_vec() }
    }

    #[test]
    fn rows_are_read_with_and_without_their_names() {
        for header in ["\"Id\",\"Contact.Email\",\"IsActive\"\n", ""] {
            let body = format!("{header}\"005\",\"a \"\"b\"\", c\nd\",\"true\"\r\n\"006\",\"\",\"false\"\n");
            let rows = rows(&answer(&body), &["Id", "Contact.Email", "IsActive"], "rows").unwrap();
            assert_eq!(rows.len(), 2);
            assert_eq!(rows[0].text("Contact.Email"), Some("a \"b\", c\nd"));
            assert_eq!(rows[0].boolean("IsActive"), Some(true));
            assert_eq!((rows[1].text("Contact.Email"), rows[1].boolean("IsActive")), (None, Some(false)));
        }
    }

    #[test]
    fn what_is_cut_is_an_error() {
        for body in ["\"005\",\"a", "\"005\",\"a\"", "\"005\"\n", "<html>"] {
            assert!(rows(&answer(body), &["Id", "Name"], "rows").is_err(), "{body}");
        }
    }

    proptest! {
        #[test]
        fn any_value_survives_its_quotes(values in proptest::collection::vec("[^\\r]*", 2)) {
            let quote = |value: &String| format!("\"{}\"", value.replace('"', "\"\""));
            let text = format!("{},{}\n", quote(&values[0]), quote(&values[1]));
            prop_assert_eq!(parse(&text), Some(vec![values]));
        }
    }
}
