//! The sample application: users and groups, behind a JSON API.
//!
//! | request | answer |
//! |---|---|
//! | `GET /api/me` | whom the key belongs to |
//! | `GET /api/groups?after=ID&limit=N` | `groups`, in the order of their ids, and whether there are `more` |
//! | `GET /api/users?after=ID&since=REVISION&limit=N` | `users` likewise, and the `revision` of the application |
//! | `GET /api/users?key=KEY`, `GET /api/users?userName=NAME` | the users that have this key, or this name |
//! | `GET /api/users/ID` | the user |
//! | `POST /api/users` | a new user, from its attributes |
//! | `PATCH /api/users/ID` | the user with these attributes; `null` clears one |
//! | `PUT /api/users/ID/password` | nothing; the body has the `password` |
//!
//! Every change of a user gives it the next revision. An error is `{"error": {"code", "message", "field"}}`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json, json};

/// Groups that it has.
const GROUPS: [&str; 4] = ["Customers", "Partners", "Support", "Trial"];

/// Attributes of a user that hold a text, and the most characters of each.
const TEXTS: [(&str, usize); 4] = [("givenName", 40), ("familyName", 80), ("email", 80), ("title", 120)];

/// Entries of a page, if the request doesn't say, and at most.
const PAGE: usize = 100;

/// The shortest password.
const SHORTEST_PASSWORD: usize = 8;

pub(super) struct Request<'a> {
    pub(super) method: &'a str,
    pub(super) path: &'a str,
    pub(super) query: &'a str,
    pub(super) body: &'a [u8],
}

/// What a request is answered with.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Json,
}

#[derive(Default)]
struct User {
    key: Option<String>,
    user_name: String,
    active: bool,
    revision: u64,
    modified: String,
    texts: BTreeMap<&'static str, String>,
    groups: BTreeSet<String>,
    passwords: Vec<String>,
}

/// Its users by their numbers.
#[derive(Default)]
pub(super) struct Application {
    users: BTreeMap<u64, User>,
    revision: u64,
}

impl Answer {
    fn ok(body: Json) -> Self {
        Self { status: 200, body }
    }

    pub(super) fn refused(status: u16, code: &str, message: impl Into<String>, field: Option<&str>) -> Self {
        Self { status, body: json!({ "error": { "code": code, "message": message.into(), "field": field } }) }
    }

    fn not_found(what: &str) -> Self {
        Self::refused(404, "not-found", format!("there is no {what}"), None)
    }
}

fn time() -> String {
    chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
}

/// The number of an id such as `u17`.
fn number(id: &str) -> Option<u64> {
    id.strip_prefix('u')?.parse().ok()
}

impl Application {
    pub(super) fn with_users(users: u32) -> Self {
        let mut application = Self::default();
        for n in 1..=u64::from(users) {
            let user = json!({
                "userName": format!("user{n}@sample.example"),
                "givenName": "User",
                "familyName": format!("Number {n}"),
                "email": format!("user{n}@sample.example"),
                "groups": [format!("g{}", n % GROUPS.len() as u64 + 1)],
            });
            application.create(&user);
        }
        application
    }

    pub(super) fn answer(&mut self, request: &Request<'_>) -> Answer {
        let query: BTreeMap<String, String> =
            url::form_urlencoded::parse(request.query.as_bytes()).into_owned().collect();
        let body = || serde_json::from_slice::<Json>(request.body).ok().filter(Json::is_object);
        let steps: Vec<&str> = request.path.trim_matches('/').split('/').collect();
        let malformed = || Answer::refused(400, "malformed", "the body isn't a JSON object", None);
        match (request.method, steps.as_slice()) {
            ("GET", ["api", "me"]) => Answer::ok(json!({ "name": "Sample application", "users": self.users.len() })),
            ("GET", ["api", "groups"]) => groups(&query),
            ("GET", ["api", "users"]) => self.list(&query),
            ("GET", ["api", "users", id]) => match self.find(id) {
                Some(n) => Answer::ok(self.view(n)),
                None => Answer::not_found(&format!("user {id}")),
            },
            ("POST", ["api", "users"]) => body().map_or_else(malformed, |body| self.create(&body)),
            ("PATCH", ["api", "users", id]) => body().map_or_else(malformed, |body| self.change(id, &body)),
            ("PUT", ["api", "users", id, "password"]) => {
                body().map_or_else(malformed, |body| self.set_password(id, &body))
            }
            _ => Answer::not_found(&format!("{} {}", request.method, request.path)),
        }
    }

    fn find(&self, id: &str) -> Option<u64> {
        number(id).filter(|n| self.users.contains_key(n))
    }

    fn view(&self, n: u64) -> Json {
        let Some(user) = self.users.get(&n) else { return Json::Null };
        let mut view = json!({
            "id": format!("u{n}"), "key": user.key, "userName": user.user_name, "active": user.active,
            "revision": user.revision, "modified": user.modified, "groups": user.groups,
        });
        for (name, _) in TEXTS {
            view[name] = json!(user.texts.get(name));
        }
        view
    }

    fn list(&self, query: &BTreeMap<String, String>) -> Answer {
        let key = query.get("key");
        let name = query.get("userName").map(|name| name.to_lowercase());
        let after = query.get("after").map_or(Some(0), |after| number(after));
        let since = query.get("since").map_or(Ok(0), |since| since.parse::<u64>());
        let (Some(after), Ok(since)) = (after, since) else {
            return Answer::refused(400, "malformed", "`after` isn't an id, or `since` isn't a revision", None);
        };
        let limit = limit(query);
        let fits = |user: &User| {
            user.revision > since
                && key.is_none_or(|key| user.key.as_ref() == Some(key))
                && name.as_ref().is_none_or(|name| user.user_name.to_lowercase() == *name)
        };
        let mut found = self.users.range(after + 1..).filter(|(_, user)| fits(user)).map(|(n, _)| *n);
        let page: Vec<Json> = found.by_ref().take(limit).map(|n| self.view(n)).collect();
        Answer::ok(json!({ "users": page, "more": found.next().is_some(), "revision": self.revision }))
    }

    fn create(&mut self, body: &Json) -> Answer {
        let n = self.users.last_key_value().map_or(1, |(n, _)| n + 1);
        let user = User { active: true, ..User::default() };
        match self.changed(n, user, body) {
            Ok(user) if user.user_name.is_empty() => missing("userName"),
            Ok(user) if !user.texts.contains_key("familyName") => missing("familyName"),
            Ok(user) => self.keep(n, user, 201),
            Err(refused) => refused,
        }
    }

    fn change(&mut self, id: &str, body: &Json) -> Answer {
        let Some(n) = self.find(id) else { return Answer::not_found(&format!("user {id}")) };
        let Some(user) = self.users.remove(&n) else { return Answer::not_found(&format!("user {id}")) };
        let before = User {
            key: user.key.clone(),
            user_name: user.user_name.clone(),
            texts: user.texts.clone(),
            groups: user.groups.clone(),
            modified: user.modified.clone(),
            passwords: user.passwords.clone(),
            ..user
        };
        match self.changed(n, user, body) {
            Ok(user) if user.texts.contains_key("familyName") => self.keep(n, user, 200),
            Ok(_) => {
                self.users.insert(n, before);
                missing("familyName")
            }
            Err(refused) => {
                self.users.insert(n, before);
                refused
            }
        }
    }

    fn keep(&mut self, n: u64, mut user: User, status: u16) -> Answer {
        self.revision += 1;
        user.revision = self.revision;
        user.modified = time();
        self.users.insert(n, user);
        Answer { status, body: self.view(n) }
    }

    /// A user with the attributes of a body.
    fn changed(&self, n: u64, mut user: User, body: &Json) -> Result<User, Answer> {
        let none = Map::new();
        for (name, value) in body.as_object().unwrap_or(&none) {
            let wrong = |reason: String| Answer::refused(422, "invalid", reason, Some(name));
            match (name.as_str(), value) {
                ("active", Json::Bool(active)) => user.active = *active,
                ("key", Json::String(key)) => user.key = Some(key.clone()),
                ("userName", Json::String(wanted)) => {
                    let same = |other: &User| other.user_name.to_lowercase() == wanted.to_lowercase();
                    if self.users.iter().any(|(other, user)| *other != n && same(user)) {
                        let reason = format!("the name {wanted} belongs to another user");
                        return Err(Answer::refused(409, "name-taken", reason, Some(name)));
                    }
                    user.user_name.clone_from(wanted);
                }
                ("groups", Json::Array(groups)) => {
                    user.groups.clear();
                    for group in groups {
                        let id = group.as_str().filter(|id| group_name(id).is_some());
                        let id = id.ok_or_else(|| wrong(format!("there is no group {group}")))?;
                        user.groups.insert(id.to_owned());
                    }
                }
                (text, value) => {
                    let Some((text, most)) = TEXTS.into_iter().find(|(known, _)| *known == text) else {
                        return Err(wrong(format!("a user has no attribute {name}")));
                    };
                    match value.as_str() {
                        None if value.is_null() => drop(user.texts.remove(text)),
                        Some("") => drop(user.texts.remove(text)),
                        Some(value) if value.chars().count() <= most => drop(user.texts.insert(text, value.to_owned())),
                        _ => return Err(wrong(format!("{name} is a text of up to {most} characters"))),
                    }
                }
            }
        }
        Ok(user)
    }

    fn set_password(&mut self, id: &str, body: &Json) -> Answer {
        let Some(user) = number(id).and_then(|n| self.users.get_mut(&n)) else {
            return Answer::not_found(&format!("user {id}"));
        };
        let password = body["password"].as_str().unwrap_or_default();
        if password.chars().count() < SHORTEST_PASSWORD || !password.bytes().any(|byte| byte.is_ascii_digit()) {
            let reason = format!("a password has {SHORTEST_PASSWORD} characters and a digit");
            return Answer::refused(422, "weak-password", reason, Some("password"));
        }
        if user.passwords.iter().any(|old| old == password) {
            return Answer::refused(422, "password-reused", "the user has had this password before", Some("password"));
        }
        user.passwords.push(password.to_owned());
        Answer { status: 200, body: json!({}) }
    }
}

fn missing(field: &str) -> Answer {
    Answer::refused(422, "missing", format!("a user needs {field}"), Some(field))
}

fn group_name(id: &str) -> Option<&'static str> {
    let at = id.strip_prefix('g')?.parse::<usize>().ok()?.checked_sub(1)?;
    GROUPS.get(at).copied()
}

fn limit(query: &BTreeMap<String, String>) -> usize {
    query.get("limit").and_then(|limit| limit.parse().ok()).unwrap_or(PAGE).clamp(1, PAGE)
}

fn groups(query: &BTreeMap<String, String>) -> Answer {
    let ids = (1..=GROUPS.len()).map(|n| format!("g{n}"));
    let after = query.get("after").cloned().unwrap_or_default();
    let mut rest =
        ids.skip_while(|id| *id <= after).filter_map(|id| Some(json!({ "name": group_name(&id)?, "id": id })));
    let page: Vec<Json> = rest.by_ref().take(limit(query)).collect();
    Answer::ok(json!({ "groups": page, "more": rest.next().is_some() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(application: &mut Application, method: &str, path: &str, body: &Json) -> (u16, Json) {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let body = body.to_string();
        let answer = application.answer(&Request { method, path, query, body: body.as_bytes() });
        (answer.status, answer.body)
    }

    #[test]
    fn users_come_page_by_page_and_since_a_revision() {
        let mut app = Application::with_users(5);
        let (_, first) = ask(&mut app, "GET", "/api/users?limit=3", &Json::Null);
        assert_eq!((first["users"].as_array().unwrap().len(), &first["more"]), (3, &json!(true)));
        let (_, rest) = ask(&mut app, "GET", "/api/users?limit=3&after=u3", &Json::Null);
        assert_eq!((rest["users"][0]["id"].as_str(), &rest["more"]), (Some("u4"), &json!(false)));
        ask(&mut app, "PATCH", "/api/users/u2", &json!({ "title": "Clerk" }));
        let (_, changed) = ask(&mut app, "GET", &format!("/api/users?since={}", rest["revision"]), &Json::Null);
        assert_eq!(changed["users"].as_array().unwrap().len(), 1);
        assert_eq!(changed["users"][0]["title"], "Clerk");
        assert_eq!(ask(&mut app, "GET", "/api/users?since=x", &Json::Null).0, 400);
    }

    #[test]
    fn what_breaks_a_rule_is_refused_and_changes_nothing() {
        let mut app = Application::with_users(2);
        for (method, path, body, code) in [
            ("POST", "/api/users", json!({ "userName": "x" }), "missing"),
            ("POST", "/api/users", json!({ "userName": "USER1@sample.example", "familyName": "X" }), "name-taken"),
            ("PATCH", "/api/users/u1", json!({ "familyName": null }), "missing"),
            ("PATCH", "/api/users/u1", json!({ "groups": ["g9"] }), "invalid"),
            ("PATCH", "/api/users/u1", json!({ "shoeSize": "9" }), "invalid"),
            ("PATCH", "/api/users/u9", json!({}), "not-found"),
            ("PUT", "/api/users/u1/password", json!({ "password": "letters-only" }), "weak-password"),
        ] {
            let before = app.view(1);
            let (_, answer) = ask(&mut app, method, path, &body);
            assert_eq!(answer["error"]["code"], code, "{method} {path} {body}");
            assert_eq!((before, app.users.len()), (app.view(1), 2), "{method} {path} {body}");
        }
        assert_eq!(ask(&mut app, "PUT", "/api/users/u1/password", &json!({ "password": "Lantern-4711" })).0, 200);
        let again = ask(&mut app, "PUT", "/api/users/u1/password", &json!({ "password": "Lantern-4711" })).1;
        assert_eq!(again["error"]["code"], "password-reused");
    }
}
