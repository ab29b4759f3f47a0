//! Bulk API 2.0 queries: Salesforce finds all rows once, and hands them out in pieces of any size for seven days (H).

use std::borrow::Cow;
use std::io::Read;
use std::time::Duration;

use csv::{ReaderBuilder, StringRecord};
use serde::{Deserialize, Serialize};

use super::client::{Call, Client, Repeat};
use super::json;
use super::query::unreadable;
use super::record::{Cell, Record};
use super::soql::Select;
use crate::host::{Host, Method, Response};
use crate::model::Result;

/// How often a job is looked at before it is given up, with a pause that doubles from half a second: a minute in all.
const LOOKS: u32 = 7;

/// Starts a job and waits for it; its id, or none where Salesforce does not finish it soon or refuses the query.
///
/// # Errors
///
/// When the job cannot be started or looked at.
pub fn run<H: Host>(client: &Client<H>, query: &Select, subject: &str) -> Result<Option<String>> {
    let body = json::body(&Start { operation: "query", query: query.to_string() });
    let call = Call { method: Method::Post, path: Cow::Borrowed("jobs/query"), body, repeat: Repeat::Always };
    let response = client.call(&call, subject)?;
    let id = job(&response, subject)?.id.ok_or_else(|| unreadable(subject))?;
    for look in 0..LOOKS {
        let response = client.call(&Call::get(format!("jobs/query/{id}")), subject)?;
        match job(&response, subject)?.state.as_deref() {
            Some("JobComplete") => return Ok(Some(id)),
            Some("Failed" | "Aborted") | None => return Ok(None),
            Some(_) => client.host().sleep(Duration::from_millis(500 << look)),
        }
    }
    Ok(None)
}

#[derive(Serialize)]
struct Start {
    operation: &'static str,
    query: String,
}

/// What is said of a job.
#[derive(Deserialize)]
struct Job {
    id: Option<String>,
    state: Option<String>,
}

fn job(response: &Response, subject: &str) -> Result<Job> {
    serde_json::from_slice(&response.body).map_err(|_| unreadable(subject))
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

/// What is put behind a piece to see that it is whole: if it is cut within quotes, this is no line of its own.
const END: &str = "\0";

/// Returns the rows of a piece. `fields` are those of the query, in order, for pieces that do not repeat them (U whether any
/// does not).
///
/// # Errors
///
/// When the piece is cut off or no CSV (RFC 4180), or has other columns than the query.
pub fn rows<'f>(response: &Response, fields: &[&'f str], subject: &str) -> Result<Vec<Record<'f>>> {
    let unreadable = || unreadable(subject);
    if !response.body.is_empty() && !response.body.ends_with(b"\n") {
        return Err(unreadable());
    }
    let mut lines =
        ReaderBuilder::new().has_headers(false).flexible(true).from_reader(response.body.chain(END.as_bytes()));
    let mut line = StringRecord::new();
    let mut next = |line: &mut StringRecord| match lines.read_record(line) {
        Ok(true) if line.len() == 1 && line.get(0) == Some(END) => Ok(false),
        Ok(true) => Ok(true),
        Ok(false) | Err(_) => Err(unreadable()),
    };
    let mut is_more = next(&mut line)?;
    let mut names = Cow::Borrowed(fields);
    if is_more && line.get(0).is_some_and(|name| name.eq_ignore_ascii_case("Id")) {
        let field = |name: &str| fields.iter().copied().find(|field| field.eq_ignore_ascii_case(name));
        names = Cow::Owned(line.iter().map(field).collect::<Option<_>>().ok_or_else(unreadable)?);
        is_more = next(&mut line)?;
    }
    let mut rows = Vec::new();
    while is_more {
        if line.len() != names.len() {
            return Err(unreadable());
        }
        let cells = names.iter().zip(&line).map(|(name, value)| {
            let cell = if value.is_empty() { Cell::Null } else { Cell::Text(Cow::Owned(value.to_owned())) };
            (Cow::Borrowed(*name), cell)
        });
        rows.push(Record::of(cells.collect()));
        is_more = next(&mut line)?;
    }
    Ok(rows)
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
    fn names_count_in_the_order_of_the_piece_and_no_others_may_be_there() {
        let rows_of = |header: &str| rows(&answer(&format!("{header}\n1,2\n")), &["Id", "Name"], "rows");
        assert_eq!(rows_of("\"ID\",\"NAME\"").unwrap()[0].text("Name"), Some("2"));
        assert!(rows_of("Id,Other").is_err());
        assert_eq!(rows(&answer("Id,Name\n"), &["Id", "Name"], "rows").unwrap(), []);
        assert_eq!(rows(&answer(""), &["Id", "Name"], "rows").unwrap(), []);
    }

    /// The reader before took a quote inside a bare value for the start of a quoted part, so that the value lost it and what
    /// followed could swallow the rest of the line; and it dropped a bare CR.
    #[test]
    fn quotes_and_line_ends_within_a_value_stay_or_end_the_line_and_are_never_dropped() {
        let read = rows(&answer("005,6\" by 4\"\n006,a \"b\"c\n"), &["Id", "Name"], "rows").unwrap();
        assert_eq!((read[0].text("Name"), read[1].text("Name")), (Some("6\" by 4\""), Some("a \"b\"c")));
        let read = rows(&answer("\"005\",\"a\rb\"\n"), &["Id", "Name"], "rows").unwrap();
        assert_eq!(read[0].text("Name"), Some("a\rb"));
        assert!(rows(&answer("005,a\rb\n"), &["Id", "Name"], "rows").is_err());
    }

    #[test]
    fn what_is_cut_is_an_error() {
        for body in [
            "\"005\",\"a",
            "\"005\",\"a\"",
            "\"005\",\"a\n",
            "\"005\",\"a\"\"\n",
            "\"005\",\"a\"\n\"006\",\"b",
            "\"005\"\n",
            "005,a",
            "<html>",
        ] {
            assert!(rows(&answer(body), &["Id", "Name"], "rows").is_err(), "{body}");
        }
        assert!(rows(&Response { body: b"005,\xff\n".to_vec(), ..answer("") }, &["Id", "Name"], "rows").is_err());
    }

    proptest! {
        #[test]
        fn any_values_survive_their_quotes(values in proptest::collection::vec(("[0-9]{1,18}", any::<String>()), 0..5)) {
            let quote = |value: &str| format!("\"{}\"", value.replace('"', "\"\""));
            let line = |(id, name): &(String, String)| format!("{},{}\n", quote(id), quote(name));
            let body: String = values.iter().map(line).collect();
            let read = rows(&answer(&body), &["Id", "Name"], "rows").unwrap();
            let text = |row: &Record<'_>, name| row.text(name).unwrap_or_default().to_owned();
            let read: Vec<_> = read.iter().map(|row| (text(row, "Id"), text(row, "Name"))).collect();
            prop_assert_eq!(read, values);
        }

        #[test]
        fn a_piece_that_is_cut_anywhere_within_a_line_is_an_error(name in any::<String>(), cut in any::<prop::sample::Index>()) {
            let body = format!("\"005\",\"{}\"\n", name.replace('"', "\"\""));
            let body = &body.as_bytes()[..cut.index(body.len() - 1) + 1];
            let cut = Response { body: body.to_vec(), ..answer("") };
            prop_assert!(body.is_empty() || rows(&cut, &["Id", "Name"], "rows").is_err());
        }
    }
}
