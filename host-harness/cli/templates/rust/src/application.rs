//! The application's side: its requests, its users, and what its errors mean.
//!
//! Plain Rust that knows nothing of WebAssembly, so that `cargo test` runs it as it is. `connector.rs` puts it behind the interface.
//! Change this file for your application first.

use std::collections::BTreeSet;

use serde_json::{Map, Value as Json, json};

/// An attribute of a user.
pub struct Attribute {
    pub name: &'static str,
    pub label: &'static str,
    pub required: bool,
    /// In characters.
    pub max_length: u32,
}

const fn attribute(name: &'static str, label: &'static str, required: bool, max_length: u32) -> Attribute {
    Attribute { name, label, required, max_length }
}

pub const ATTRIBUTES: [Attribute; 4] = [
    attribute("givenName", "Given name", false, 40),
    attribute("familyName", "Family name", true, 80),
    attribute("email", "E-mail", false, 80),
    attribute("title", "Title", false, 120),
];

/// Users of a page; the application gives no more.
const PAGE: u32 = 100;

/// What kind of thing went wrong, as the interface names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    InvalidSettings,
    InvalidCredentials,
    PermissionDenied,
    Unreachable,
    RateLimited,
    UsernameTaken,
    InvalidValue,
    MissingValue,
    StaleReference,
    Drifted,
    PasswordRejected,
    PasswordReused,
    Unsupported,
    Transient,
}

/// Why something was not done.
#[derive(Debug)]
pub struct Refusal {
    pub kind: Kind,
    /// One sentence: what happened, to which record.
    pub message: String,
    /// One sentence: what to do.
    pub remedy: Option<String>,
    pub upstream: Option<Upstream>,
}

/// What the application itself answered.
#[derive(Debug)]
pub struct Upstream {
    pub status: u16,
    pub code: String,
    pub message: String,
    pub field: Option<String>,
}

impl Refusal {
    pub fn new(kind: Kind, message: impl Into<String>, remedy: &str) -> Self {
        let remedy = (!remedy.is_empty()).then(|| remedy.to_owned());
        Self { kind, message: message.into(), remedy, upstream: None }
    }
}

/// Sends a request: method, address, fields of the header, body. Gives status and body.
pub type Send = fn(&str, String, Vec<(String, String)>, Option<Vec<u8>>) -> Result<(u16, Vec<u8>), Refusal>;

/// Talks to the application.
pub struct Client {
    address: String,
    /// A placeholder, which the host replaces on the way out.
    key: String,
    send: Send,
    calls: std::cell::Cell<u64>,
}

/// What has to be done to one user.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    pub action: Action,
    pub id: Option<String>,
    /// Attribute, old value, new value.
    pub changes: Vec<(String, Option<String>, Option<String>)>,
    pub body: Map<String, Json>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Action {
    Created,
    Updated,
    #[default]
    Unchanged,
    Deactivated,
    Reactivated,
}

impl Plan {
    /// Nothing has to be done.
    pub fn unchanged(id: Option<String>) -> Self {
        Self { id, ..Self::default() }
    }

    /// Takes a user out of use, or puts it back.
    pub fn switch(user: &Json, active: bool) -> Self {
        let id = text(&user["id"]);
        if user["active"] == active {
            return Self::unchanged(id);
        }
        let action = if active { Action::Reactivated } else { Action::Deactivated };
        let changes = vec![("active".to_owned(), Some((!active).to_string()), Some(active.to_string()))];
        Self { action, id, changes, body: [("active".to_owned(), json!(active))].into_iter().collect() }
    }

    /// The same changes to the same user give the same digest (FNV-1a, 64 bits).
    pub fn digest(&self) -> String {
        let text = format!("{:?}", (self.action, &self.id, &self.changes));
        let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        format!("{hash:016x}")
    }
}

/// A user as the host wants it.
pub struct Wanted<'a> {
    pub key: &'a str,
    pub name: &'a str,
    pub changes: Vec<(String, Option<String>)>,
    pub groups: Vec<String>,
    /// Whether groups that are not listed are taken away.
    pub exact: bool,
}

impl Client {
    pub fn new(address: String, key: String, send: Send) -> Self {
        Self { address, key, send, calls: std::cell::Cell::new(0) }
    }

    /// Requests so far.
    pub fn calls(&self) -> u64 {
        self.calls.get()
    }

    fn request(&self, method: &str, path: &str, body: Option<&Json>, about: &str) -> Result<Json, Refusal> {
        let field = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let mut headers = vec![field("authorization", &format!("Bearer {}", self.key)), field("accept", "application/json")];
        if body.is_some() {
            headers.push(field("content-type", "application/json"));
        }
        self.calls.set(self.calls.get() + 1);
        let body = body.map(|body| body.to_string().into_bytes());
        let (status, answer) = (self.send)(method, format!("{}{path}", self.address), headers, body)?;
        let answer = serde_json::from_slice(&answer).unwrap_or(Json::Null);
        if status >= 400 { Err(refusal(status, &answer, about)) } else { Ok(answer) }
    }

    pub fn sign_in(&self) -> Result<Json, Refusal> {
        self.request("GET", "/api/me", None, "the sign-in")
    }

    pub fn user(&self, id: &str) -> Result<Json, Refusal> {
        self.request("GET", &format!("/api/users/{}", encoded(id)), None, &format!("the user {id}"))
    }

    /// The user of a key, or else the one of a name.
    pub fn find(&self, key: &str, name: &str) -> Result<Option<Json>, Refusal> {
        for query in [format!("key={}", encoded(key)), format!("userName={}", encoded(name))] {
            let about = format!("the search for {name}");
            let found = self.request("GET", &format!("/api/users?{query}"), None, &about)?;
            if let Some(user) = found["users"].get(0) {
                return Ok(Some(user.clone()));
            }
        }
        Ok(None)
    }

    pub fn users(&self, position: &Position, limit: u32) -> Result<Json, Refusal> {
        let mut path = format!("/api/users?since={}&limit={}", position.since, limit.clamp(1, PAGE));
        if !position.after.is_empty() {
            path.push_str(&format!("&after={}", position.after));
        }
        self.request("GET", &path, None, "a page of users")
    }

    pub fn groups(&self, after: Option<&str>) -> Result<Json, Refusal> {
        let query = after.map(|after| format!("?after={}", encoded(after))).unwrap_or_default();
        self.request("GET", &format!("/api/groups{query}"), None, "the groups")
    }

    /// Does what a plan says; gives the user's id.
    pub fn write(&self, plan: &Plan, about: &str) -> Result<Option<String>, Refusal> {
        let body = Some(Json::Object(plan.body.clone()));
        let user = match &plan.id {
            None => self.request("POST", "/api/users", body.as_ref(), about)?,
            Some(id) => self.request("PATCH", &format!("/api/users/{}", encoded(id)), body.as_ref(), about)?,
        };
        Ok(text(&user["id"]))
    }

    pub fn set_password(&self, id: &str, password: &str) -> Result<(), Refusal> {
        let path = format!("/api/users/{}/password", encoded(id));
        self.request("PUT", &path, Some(&json!({ "password": password })), &format!("the password of {id}")).map(drop)
    }
}

/// A JSON string that isn't empty.
pub fn text(value: &Json) -> Option<String> {
    value.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

/// Percent-encodes all but the unreserved characters of RFC 3986.
fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => encoded.push(byte.into()),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
        encoded
    })
}

/// What an answer of the application means. Its own words are kept beside ours.
fn refusal(status: u16, answer: &Json, about: &str) -> Refusal {
    let error = &answer["error"];
    let code = text(&error["code"]).unwrap_or_else(|| status.to_string());
    let message = text(&error["message"]).unwrap_or_else(|| format!("HTTP status {status}"));
    let field = text(&error["field"]);
    let (kind, remedy) = match (status, code.as_str()) {
        (401, _) => (Kind::InvalidCredentials, "Create a key in the application and store it as `api-key`.".to_owned()),
        (403, _) => (Kind::PermissionDenied, "Give the key the right to manage users.".to_owned()),
        (429, _) => (Kind::RateLimited, String::new()),
        (500.., _) => (Kind::Transient, String::new()),
        (_, "not-found") => (Kind::StaleReference, "Import the users again; this one is gone.".to_owned()),
        (_, "name-taken") => {
            (Kind::UsernameTaken, "Choose another username, or confirm that the user is this person's.".to_owned())
        }
        (_, "missing") => {
            (Kind::MissingValue, format!("Give the person a value for `{}`.", field.as_deref().unwrap_or_default()))
        }
        (_, "weak-password") => (Kind::PasswordRejected, "Choose a password of 8 characters with a digit.".to_owned()),
        (_, "password-reused") => {
            (Kind::PasswordReused, "Choose a password that the user has not had before.".to_owned())
        }
        _ => (Kind::InvalidValue, format!("Correct the value of `{}`.", field.as_deref().unwrap_or("the request"))),
    };
    let refusal = Refusal::new(kind, format!("{about} was refused: {message}"), &remedy);
    Refusal { upstream: Some(Upstream { status, code, message, field }), ..refusal }
}

/// What has to be done so that `current` is as wanted.
pub fn plan(wanted: &Wanted<'_>, current: Option<&Json>) -> Result<Plan, Refusal> {
    let name = wanted.name;
    for (attribute, _) in &wanted.changes {
        if !ATTRIBUTES.iter().any(|known| known.name == attribute) {
            let known: Vec<&str> = ATTRIBUTES.iter().map(|known| known.name).collect();
            let message = format!("{name} can't have the attribute `{attribute}`");
            return Err(Refusal::new(Kind::InvalidValue, message, &format!("Use one of {}.", known.join(", "))));
        }
    }
    let value = |value: &Option<String>| value.clone().filter(|text| !text.is_empty());
    let has_family_name = wanted.changes.iter().any(|(name, new)| name == "familyName" && value(new).is_some());
    if current.is_none() && !has_family_name {
        let message = format!("{name} has no `familyName`");
        return Err(Refusal::new(Kind::MissingValue, message, "Give the person a family name."));
    }
    let mut plan = Plan { id: current.and_then(|user| text(&user["id"])), ..Plan::default() };
    let own = [("userName", name), ("key", wanted.key)].map(|(name, value)| (name.to_owned(), Some(value.to_owned())));
    for (attribute, new) in own.into_iter().chain(wanted.changes.iter().map(|(name, new)| (name.clone(), value(new)))) {
        let old = current.and_then(|user| text(&user[&attribute]));
        if old != new {
            plan.body.insert(attribute.clone(), json!(new));
            plan.changes.push((attribute, old, new));
        }
    }
    let list = |groups: &BTreeSet<String>| {
        let list = groups.iter().map(String::as_str).collect::<Vec<_>>().join(" ");
        (!list.is_empty()).then_some(list)
    };
    let held: BTreeSet<String> =
        current.and_then(|user| user["groups"].as_array()).into_iter().flatten().filter_map(text).collect();
    let mut after: BTreeSet<String> = wanted.groups.iter().cloned().collect();
    if !wanted.exact {
        after.extend(held.iter().cloned());
    }
    if after != held {
        plan.changes.push(("groups".to_owned(), list(&held), list(&after)));
        plan.body.insert("groups".to_owned(), json!(after));
    }
    plan.action = match current {
        None => Action::Created,
        Some(_) if plan.changes.is_empty() => Action::Unchanged,
        Some(_) => Action::Updated,
    };
    Ok(plan)
}

/// A position in an import, which another job can go on from, on another day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// Only users that have changed since this revision.
    pub since: u64,
    /// The application's revision when the first page was read.
    pub revision: Option<u64>,
    /// The id of the last user so far.
    pub after: String,
}

impl Position {
    pub fn cursor(&self) -> String {
        format!("users:{}:{}:{}", self.since, self.revision.unwrap_or_default(), self.after)
    }

    /// The position in a cursor.
    pub fn read(cursor: &str) -> Result<Self, Refusal> {
        let parts: Vec<&str> = cursor.split(':').collect();
        if let ["users", since, revision, after] = parts.as_slice()
            && let (Ok(since), Ok(revision)) = (since.parse(), revision.parse())
        {
            return Ok(Self { since, revision: Some(revision), after: (*after).to_owned() });
        }
        let begun: String = cursor.chars().take(40).collect();
        let message = format!("`{begun}` isn't a cursor of this connector");
        Err(Refusal::new(Kind::StaleReference, message, "Start the import again."))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mary() -> Json {
        json!({ "id": "u1", "key": "E1", "userName": "mary", "familyName": "Jones", "title": null, "groups": ["g1"] })
    }

    fn wanted(changes: &[(&str, &str)], groups: &[&str]) -> Wanted<'static> {
        Wanted {
            key: "E1",
            name: "mary",
            changes: changes.iter().map(|(name, value)| ((*name).to_owned(), Some((*value).to_owned()))).collect(),
            groups: groups.iter().map(|group| (*group).to_owned()).collect(),
            exact: false,
        }
    }

    #[test]
    fn only_what_differs_is_written() {
        let found = plan(&wanted(&[("familyName", "Jones"), ("title", "Clerk")], &["g2"]), Some(&mary())).unwrap();
        assert_eq!(found.action, Action::Updated);
        assert_eq!(Json::Object(found.body), json!({ "title": "Clerk", "groups": ["g1", "g2"] }));
        let same = plan(&wanted(&[("familyName", "Jones")], &[]), Some(&mary())).unwrap();
        assert_eq!(same.action, Action::Unchanged);
    }

    #[test]
    fn an_attribute_that_nobody_has_is_named() {
        let refused = plan(&wanted(&[("familyName", "Doe"), ("shoeSize", "9")], &[]), None).unwrap_err();
        assert!(refused.message.contains("shoeSize"), "{refused:?}");
    }

    #[test]
    fn the_words_of_the_application_are_kept() {
        let client = Client::new("http://app".to_owned(), "key".to_owned(), |_, _, _, _| {
            let error = json!({ "error": { "code": "name-taken", "message": "mary is taken", "field": "userName" } });
            Ok((409, error.to_string().into_bytes()))
        });
        let refused = client.user("u1").unwrap_err();
        assert_eq!(refused.kind, Kind::UsernameTaken);
        assert_eq!(refused.upstream.unwrap().message, "mary is taken");
    }

    #[test]
    fn a_cursor_is_read_back_and_anything_else_is_refused() {
        let position = Position { since: 3, revision: Some(9), after: "u7".to_owned() };
        assert_eq!(Position::read(&position.cursor()).unwrap(), position);
        assert!(Position::read("no cursor at all").is_err());
    }
}
