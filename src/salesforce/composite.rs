//! Several reads in one call (`composite`), or several collections of records to write.
//!
//! A call takes up to 25 parts, of which five may be queries or collections (H); parts succeed and fail on their own, and all
//! together are one API call. Longer queries fit here than fit a URL, since the addresses stand in the body.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::client::{Call, Client, Repeat};
use super::error::{self, Fault};
use super::json;
use super::query::{Page, WholePage, unreadable};
use super::soql::Select;
use super::url::encode_query;
use crate::diagnosis;
use crate::host::{Host, Method, Response};
use crate::model::Result;

/// Most queries of one call (H).
pub const MOST_QUERIES: usize = 5;

/// Most collections of one call (H).
pub const MOST_COLLECTIONS: usize = 5;

/// What a part of a call reads.
#[derive(Debug)]
pub enum Read<'a> {
    /// A query; at most [`MOST_QUERIES`] of them.
    Query(&'a Select),
    /// A resource below the root of the API, such as `sobjects/User/describe`.
    Resource(&'a str),
}

/// A part of a call.
#[derive(Debug)]
pub struct Part {
    /// What to do.
    pub method: &'static str,
    /// Below the root of the API.
    pub path: String,
    /// JSON. `None` if there is no body.
    pub body: Option<Box<RawValue>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    all_or_none: bool,
    composite_request: Vec<Subrequest<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Subrequest<'a> {
    method: &'static str,
    reference_id: String,
    url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<&'a RawValue>,
}

/// The answer to a call.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answers<'a> {
    #[serde(borrow)]
    composite_response: Vec<Answered<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answered<'a> {
    http_status_code: u16,
    #[serde(borrow)]
    body: Option<&'a RawValue>,
}

/// The answer to one part.
#[derive(Debug)]
pub struct Answer<'a> {
    status: u16,
    body: Content<'a>,
    /// The id of the whole call.
    request_id: Option<&'a str>,
}

#[derive(Debug)]
enum Content<'a> {
    /// Of a query.
    Page(Page<'a>),
    /// JSON, whose shape depends on what was asked for and on whether it was refused.
    Json(&'a str),
}

/// The answer to a call of which all parts are pages of queries.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Pages<'a> {
    #[serde(borrow)]
    composite_response: Vec<AnsweredPage<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AnsweredPage<'a> {
    http_status_code: u16,
    #[serde(borrow)]
    body: WholePage<'a>,
}

/// The call that has these parts; [`answers`] reads what comes back.
pub fn call<H: Host>(client: &Client<H>, parts: &[Part], repeat: Repeat) -> Call<'static> {
    let root = client.root();
    let composite_request = parts.iter().enumerate().map(|(at, part)| Subrequest {
        method: part.method,
        reference_id: format!("r{at}"),
        url: format!("{root}{}", part.path),
        body: part.body.as_deref(),
    });
    let composite_request = composite_request.collect();
    let body = json::body(&Body { all_or_none: false, composite_request });
    Call { method: Method::Post, path: Cow::Borrowed("composite"), body, repeat }
}

/// The call that reads these together; [`answers`] reads what comes back.
pub fn reading<H: Host>(client: &Client<H>, reads: &[Read<'_>]) -> Call<'static> {
    let part = |read: &Read<'_>| {
        let path = match read {
            Read::Query(query) => format!("query?q={}", encode_query(&query.to_string())),
            Read::Resource(path) => (*path).to_owned(),
        };
        Part { method: "GET", path, body: None }
    };
    call(client, &reads.iter().map(part).collect::<Vec<_>>(), Repeat::Always)
}

/// Sends reads together; [`answers`] reads what comes back. `subject` says what is asked for, for errors.
///
/// # Errors
///
/// As [`Client::call`].
pub fn send<H: Host>(client: &Client<H>, reads: &[Read<'_>], subject: &str) -> Result<Response> {
    client.call(&reading(client, reads), subject)
}

/// Reads the answers to `count` parts, which stand in the order of the parts (H).
///
/// # Errors
///
/// When the answer is not what Salesforce documents.
pub fn answers<'a>(response: &'a Response, count: usize, subject: &str) -> Result<Vec<Answer<'a>>> {
    let answers = parts(response, subject)?;
    if answers.len() == count { Ok(answers) } else { Err(unreadable(subject)) }
}

/// Reads the answers to all parts, whose number doesn't matter.
///
/// # Errors
///
/// When the answer is not what Salesforce documents.
pub fn parts<'a>(response: &'a Response, subject: &str) -> Result<Vec<Answer<'a>>> {
    let (text, request_id) = (str::from_utf8(&response.body).unwrap_or_default(), error::request_id(response));
    let answers: Vec<Answer<'_>> = if let Ok(Pages { composite_response }) = serde_json::from_str(text) {
        // What an import reads: the parts are gone through once.
        let answer = |AnsweredPage { http_status_code: status, body }| {
            let body = Content::Page(body.into());
            Answer { status, body, request_id }
        };
        composite_response.into_iter().map(answer).collect()
    } else {
        let Answers { composite_response } = serde_json::from_str(text).map_err(|_| unreadable(subject))?;
        let answer = |Answered { http_status_code: status, body }| {
            let body = Content::Json(body.map_or("null", RawValue::get));
            Answer { status, body, request_id }
        };
        composite_response.into_iter().map(answer).collect()
    };
    Ok(answers)
}

impl<'a> Answer<'a> {
    /// The HTTP status of the part.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The id of the whole call.
    pub fn request_id(&self) -> Option<&'a str> {
        self.request_id
    }

    /// The part's JSON. Returns `None` for a page of a query.
    pub fn json(&self) -> Option<&'a str> {
        match self.body {
            Content::Page(_) => None,
            Content::Json(body) => Some(body),
        }
    }

    /// What the part was refused with, if it was.
    pub fn fault(&self) -> Option<Fault> {
        if self.status < 300 {
            return None;
        }
        let fault = match self.body {
            Content::Page(_) => Fault { status: self.status, ..Fault::default() },
            Content::Json(body) => error::read(self.status, body),
        };
        Some(Fault { request_id: self.request_id.map(str::to_owned), ..fault })
    }

    /// The answer to a resource.
    ///
    /// # Errors
    ///
    /// When the part was refused, or its answer is not what Salesforce documents.
    pub fn resource<T: Deserialize<'a>>(&self, subject: &str) -> Result<T> {
        match (self.fault(), &self.body) {
            (Some(fault), _) => Err(diagnosis::diagnose(fault, subject)),
            (None, Content::Json(body)) => serde_json::from_str(body).map_err(|_| unreadable(subject)),
            (None, Content::Page(_)) => Err(unreadable(subject)),
        }
    }

    /// The answer to a query.
    ///
    /// # Errors
    ///
    /// As [`Answer::resource`].
    pub fn page(&self, subject: &str) -> Result<Cow<'_, Page<'a>>> {
        match (self.fault(), &self.body) {
            (Some(fault), _) => Err(diagnosis::diagnose(fault, subject)),
            (None, Content::Page(page)) => Ok(Cow::Borrowed(page)),
            (None, Content::Json(body)) => Page::parse(body).map(Cow::Owned).ok_or_else(|| unreadable(subject)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ErrorKind;
    use crate::scripted::{Script, client};

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
        let query = Select::new("User", &["Id"]);
        let response = send(&client, &[Read::Query(&query), Read::Resource("sobjects/Nothing")], "two things").unwrap();
        let answers = answers(&response, 2, "two things").unwrap();
        assert_eq!(answers[0].page("users").unwrap().records[0].text("Id"), Some("005"));
        assert_eq!(answers[1].resource::<serde_json::Value>("nothing").unwrap_err().kind, ErrorKind::NotFound);
        assert_eq!(answers[1].fault().unwrap().code, "NOT_FOUND");
    }

    #[test]
    fn what_a_part_is_refused_with_has_the_id_of_the_whole_request() {
        for part in [r#"[{"errorCode":"NOT_FOUND","message":"m"}]"#, r#"{"records":[],"done":true}"#] {
            let body = format!(r#"{{"compositeResponse":[{{"body":{part},"httpStatusCode":404}}]}}"#);
            let headers = vec![("x-sfdc-request-id".to_owned(), "9f86d081".to_owned())];
            let response = Response { status: 200, headers, body: body.into_bytes() };
            let answers = answers(&response, 1, "a thing").unwrap();
            assert_eq!(answers[0].fault().unwrap().request_id.as_deref(), Some("9f86d081"), "{part}");
        }
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
