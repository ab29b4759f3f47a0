//! Several reads in one call (`composite`).
//!
//! A call takes up to 25 parts, of which five may be queries (H); parts succeed and fail on their own, and all together are
//! one API call. Longer queries fit here than fit a URL, since the addresses stand in the body.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::client::{Call, Client, Repeat};
use super::error::{self, Fault};
use super::json;
use super::query::{Page, unreadable};
use super::soql::Select;
use super::url::encode_query;
use crate::diagnosis;
use crate::host::{Host, Method, Part, Response};
use crate::model::Result;

/// Most queries of one call (H).
pub const MOST_QUERIES: usize = 5;

/// What a part of a call reads.
#[derive(Debug)]
pub enum Read<'a> {
    /// A query; at most [`MOST_QUERIES`] of them.
    Query(&'a Select),
    /// A resource below the root of the API, such as `sobjects/User/describe`.
    Resource(&'a str),
}

#[derive(Serialize)]
struct Body<'a> {
    #[serde(rename = "allOrNone")]
    all_or_none: bool,
    #[serde(rename = "compositeRequest")]
    parts: &'a [Subrequest],
}

#[derive(Serialize)]
struct Subrequest {
    method: &'static str,
    #[serde(rename = "referenceId")]
    reference: String,
    url: String,
}

/// The answer to one part.
#[derive(Debug, Deserialize)]
pub struct Answer<'a> {
    #[serde(borrow)]
    body: Option<&'a RawValue>,
    #[serde(rename = "httpStatusCode")]
    status: u16,
}

/// Sends reads together; [`answers`] reads what comes back. `subject` says what is asked for, for errors.
///
/// # Errors
///
/// As [`Client::call`].
pub fn send<H: Host>(client: &Client<H>, reads: &[Read<'_>], subject: &str) -> Result<Response> {
    let parts: Vec<Subrequest> = reads
        .iter()
        .enumerate()
        .map(|(at, read)| {
            let root = client.root();
            let url = match read {
                Read::Query(query) => format!("{root}query?q={}", encode_query(&query.to_string())),
                Read::Resource(path) => format!("{root}{path}"),
            };
            Subrequest { method: "GET", reference: format!("r{at}"), url }
        })
        .collect();
    let body = json::encode(&Body { all_or_none: false, parts: &parts });
    let body = vec![Part::Text(Cow::Owned(body))];
    client.call(&Call { method: Method::Post, path: Cow::Borrowed("composite"), body, repeat: Repeat::Always }, subject)
}

/// Reads the answers to `count` parts, which stand in the order of the parts (H).
///
/// # Errors
///
/// When the answer is not what Salesforce documents.
pub fn answers<'a>(response: &'a Response, count: usize, subject: &str) -> Result<Vec<Answer<'a>>> {
    #[derive(Deserialize)]
    struct Answers<'a> {
        #[serde(rename = "compositeResponse", borrow)]
        answers: Vec<Answer<'a>>,
    }
    match serde_json::from_slice::<Answers<'a>>(&response.body) {
        Ok(Answers { answers }) if answers.len() == count => Ok(answers),
        _ => Err(unreadable(subject)),
    }
}

impl<'a> Answer<'a> {
    /// What the part was refused with, if it was.
    pub fn fault(&self) -> Option<Fault> {
        (self.status >= 300).then(|| error::parse(self.status, self.text().as_bytes()))
    }

    /// The answer's body as what it should be.
    ///
    /// # Errors
    ///
    /// When the part was refused, or its answer is not what Salesforce documents.
    pub fn read<T: Deserialize<'a>>(&self, subject: &str) -> Result<T> {
        match self.fault() {
            Some(fault) => Err(diagnosis::diagnose(fault, subject)),
            None => serde_json::from_str(self.text()).map_err(|_| unreadable(subject)),
        }
    }

    /// The answer to a query.
    ///
    /// # Errors
    ///
    /// As [`Answer::read`].
    pub fn page(&self, subject: &str) -> Result<Page<'a>> {
        self.read(subject)
    }

    fn text(&self) -> &'a str {
        self.body.map_or("", RawValue::get)
    }
}

#[cfg(test)]
mod tests {
    use super::super::soql::Name;
    use super::*;
    use crate::model::ErrorKind;
    use crate::scripted::{Script, settings};

    fn client(script: &Script) -> Client<Script> {
        script.sign_in();
        let settings = crate::settings::check(settings()).complete().unwrap();
        Client::<Script>::sign_in(script.clone(), settings.credentials, "66.0")
            .unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn parts_are_read_each_for_itself() {
        let script = Script::new();
        let client = client(&script);
        script.rest(
            "POST",
            "composite",
            r#"{"allOrNone":false,"compositeRequest":[{"method":"GET","referenceId":"r0","url":"/services/data/v66.0/query?q=SELECT%20Id%20FROM%20User"},{"method":"GET","referenceId":"r1","url":"/services/data/v66.0/sobjects/Nothing"}]}"#,
            200,
            r#"{"compositeResponse":[{"body":{"totalSize":1,"done":true,"records":[{"Id":"005"}]},"httpHeaders":{},"httpStatusCode":200,"referenceId":"r0"},{"body":[{"errorCode":"NOT_FOUND","message":"The requested resource does not exist"}],"httpHeaders":{},"httpStatusCode":404,"referenceId":"r1"}]}"#,
        );
        let query = Select::new(Name::fixed("User"), vec![Name::fixed("Id")]);
        let response = send(&client, &[Read::Query(&query), Read::Resource("sobjects/Nothing")], "two things").unwrap();
        let answers = answers(&response, 2, "two things").unwrap();
        assert_eq!(answers[0].page("users").unwrap().records[0].text("Id"), Some("005"));
        assert_eq!(answers[1].page("nothing").unwrap_err().kind, ErrorKind::NotFound);
        assert_eq!(answers[1].fault().unwrap().code, "NOT_FOUND");
    }

    #[test]
    fn an_answer_with_fewer_parts_is_none() {
        for body in ["", "{}", "[]", r#"{"compositeResponse":[]}"#, r#"{"compositeResponse":[{"httpStatusCode":"x"}]}"#]
        {
            let response = Response { status: 200, headers: Vec::new(), body: body.as_bytes().to_vec() };
            assert_eq!(answers(&response, 1, "a thing").unwrap_err().kind, ErrorKind::Transient, "{body}");
        }
        let response = Response {
            status: 200,
            headers: Vec::new(),
            body: br#"{"compositeResponse":[{"body":null,"httpStatusCode":200}]}"#.to_vec(),
        };
        let answers = answers(&response, 1, "a thing").unwrap();
        assert_eq!(answers[0].page("a thing").unwrap_err().kind, ErrorKind::Transient);
    }
}
