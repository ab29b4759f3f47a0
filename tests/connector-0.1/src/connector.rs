//! The functions of the interface.

use std::cell::Cell;

use self::bindings::exports::identity::provisioning::provisioning_connector::{
    Action, AttributeDefinition, Deactivation, Descriptor, DesiredUser, Entitlement, EntitlementPage, FieldChange,
    GrantKind, Guest, GuestSession, ImportPage, ImportQuery, ImportScope, Outcome, Panel, Probe, PushMode, Seats,
    Session, Setting, SettingKind, Usage, Verdict,
};
use self::bindings::identity::provisioning::http::{self, Escaping, Method, Part, Request, Response};
use self::bindings::identity::provisioning::log::{self, Level};
use self::bindings::identity::provisioning::secrets::Secret;
use self::bindings::identity::provisioning::types::{
    Attribute, Error, ErrorKind, Features, Grant, Retry, Settings, Status, Upstream, User, Value,
};
use self::bindings::wasi::clocks::{monotonic_clock, wall_clock};

mod bindings {
    #![allow(missing_docs, unreachable_pub, unused_qualifications, clippy::all, clippy::pedantic, clippy::restriction)]

    wit_bindgen::generate!({
        path: ["../../wit/deps/io", "../../wit/deps/clocks", "../../wit/released/0.1.0"],
        world: "identity:provisioning/connector@0.1.0",
        generate_all,
    });

    use super::Connector;
    export!(Connector);
}

struct Connector;

/// A session: where the server is, and how often it was asked.
struct SignedIn {
    url: String,
    calls: Cell<u64>,
}

fn error(kind: ErrorKind, message: String) -> Error {
    Error {
        kind,
        message,
        remedy: Some("Look into the register.".to_owned()),
        retry: Retry::AfterRemedy,
        upstream: None,
    }
}

fn setting<'a>(settings: &'a Settings, name: &str) -> Option<&'a str> {
    settings.values.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

fn secret<'a>(settings: &'a Settings, name: &str) -> Option<&'a Secret> {
    settings.secrets.iter().find(|(known, _)| known == name).map(|(_, secret)| secret)
}

/// A request with a secret in its body, in JSON.
fn secretly<'a>(url: String, secret: &'a Secret) -> Request<'a> {
    Request {
        method: Method::Post,
        url,
        headers: vec![("content-type".to_owned(), "application/json".to_owned())],
        body: vec![
            Part::Text("{\"password\":\"".to_owned()),
            Part::Secret((secret, Escaping::Json)),
            Part::Text("\"}".to_owned()),
        ],
    }
}

/// What an answer other than 200 means.
fn refused(response: &Response) -> Error {
    let message = String::from_utf8_lossy(&response.body).into_owned();
    let upstream =
        Upstream { status: response.status, code: "NO".to_owned(), message, fields: vec!["password".to_owned()] };
    Error {
        retry: Retry::After(7),
        upstream: Some(upstream),
        ..error(ErrorKind::PasswordRejected, "the register refused the password".to_owned())
    }
}

fn sign_in(settings: &Settings) -> Result<String, Error> {
    let (Some(url), Some(password)) = (setting(settings, "url"), secret(settings, "password")) else {
        return Err(error(ErrorKind::InvalidSettings, "the setting url or password is missing".to_owned()));
    };
    match http::send(&secretly(format!("{url}/sign-in"), password)) {
        Ok(response) if response.status == 200 => Ok(url.to_owned()),
        Ok(response) => Err(refused(&response)),
        Err(failure) => Err(error(ErrorKind::Unreachable, format!("{failure:?}"))),
    }
}

fn text(name: &str, value: &str) -> Attribute {
    Attribute { name: name.to_owned(), value: Value::Text(value.to_owned()) }
}

/// The three people; the second has no attribute but an e-mail address, and the third has them in another order.
fn people(query: &ImportQuery) -> Vec<User> {
    let wanted = |attribute: &Attribute| query.attributes.is_empty() || query.attributes.contains(&attribute.name);
    let user = |id: &str, status, attributes: Vec<Attribute>| User {
        id: id.to_owned(),
        username: format!("{id}@register.example"),
        status,
        modified: "2026-01-01T00:00:00Z".to_owned(),
        attributes: attributes.into_iter().filter(wanted).collect(),
        grants: if query.grants { vec![Grant { kind: "desk".to_owned(), id: "1".to_owned() }] } else { Vec::new() },
    };
    let ada = vec![
        text("email", "ada@example.com"),
        Attribute { name: "admin".to_owned(), value: Value::Boolean(true) },
        Attribute { name: "floor".to_owned(), value: Value::Integer(-3) },
        Attribute { name: "teams".to_owned(), value: Value::Many(vec!["red".to_owned(), "blue".to_owned()]) },
    ];
    vec![
        user("ada", Status::Active, ada),
        user("bob", Status::Inactive, vec![text("email", "bob@example.com")]),
        user("cleo", Status::Frozen, vec![text("title", "Cook"), text("email", "cleo@example.com")]),
    ]
}

fn known(id: &str) -> bool {
    ["ada", "bob", "cleo"].contains(&id)
}

fn outcome(id: &str, action: Action, mode: &PushMode) -> Outcome {
    let digest = match mode {
        PushMode::Plan => "planned".to_owned(),
        PushMode::Apply => "applied".to_owned(),
        PushMode::ApplyPlanned(digests) => digests.join("+"),
    };
    Outcome { id: Some(id.to_owned()), action, changes: Vec::new(), side_effects: Vec::new(), digest }
}

fn each(ids: Vec<String>, action: Action, mode: &PushMode) -> Vec<Result<Outcome, Error>> {
    let one = |id: String| {
        if known(&id) {
            Ok(outcome(&id, action, mode))
        } else {
            Err(error(ErrorKind::NotFound, format!("nobody is {id}")))
        }
    };
    ids.into_iter().map(one).collect()
}

fn push(user: &DesiredUser, mode: &PushMode) -> Result<Outcome, Error> {
    if user.username.starts_with("taken") {
        let upstream = Upstream {
            status: 409,
            code: "TAKEN".to_owned(),
            message: format!("{} is there", user.username),
            fields: vec!["username".to_owned()],
        };
        return Err(Error {
            upstream: Some(upstream),
            ..error(ErrorKind::UsernameTaken, format!("{} belongs to somebody else", user.username))
        });
    }
    let shown = |value: &Value| match value {
        Value::Text(text) => text.clone(),
        Value::Boolean(flag) => flag.to_string(),
        Value::Integer(number) => number.to_string(),
        Value::Many(texts) => texts.join("+"),
    };
    let changes = user.changes.iter().map(|change| FieldChange {
        object: "Person".to_owned(),
        field: change.name.clone(),
        old: Some("before".to_owned()),
        new: change.value.as_ref().map(shown),
    });
    let grants = user.grants.iter().map(|grant| format!("{} {} is given", grant.kind, grant.id));
    let id = user.id.as_deref().unwrap_or(&user.key);
    Ok(Outcome {
        changes: changes.collect(),
        side_effects: grants.collect(),
        ..outcome(id, if user.id.is_some() { Action::Updated } else { Action::Created }, mode)
    })
}

impl Guest for Connector {
    type Session = SignedIn;

    fn describe() -> Descriptor {
        let setting = |name: &str, kind| Setting {
            name: name.to_owned(),
            label: name.to_owned(),
            help: "Ask the register's keeper".to_owned(),
            kind,
            required: true,
            panel: Panel::Integration,
            multiline: false,
        };
        Descriptor {
            name: "Register".to_owned(),
            version: "0.1.0".to_owned(),
            features: Features::IMPORT_NEW_USERS
                | Features::IMPORT_PROFILE_UPDATES
                | Features::INCREMENTAL_IMPORT
                | Features::PUSH_NEW_USERS
                | Features::PUSH_PROFILE_UPDATES
                | Features::PUSH_USER_DEACTIVATION
                | Features::REACTIVATE_USERS
                | Features::SYNC_PASSWORD
                | Features::PROFILE_SOURCING
                | Features::PLAN,
            settings: vec![setting("url", SettingKind::Text), setting("password", SettingKind::Secret)],
            grants: vec![GrantKind { name: "desk".to_owned(), label: "Desk".to_owned(), many: true }],
        }
    }

    fn test_credentials(settings: Settings) -> Vec<Probe> {
        let signed_in = sign_in(&settings);
        let failed = signed_in.as_ref().err();
        let signs = secret(&settings, "password").map(|password| password.sign_rs256(b"message"));
        vec![
            Probe {
                name: "signed-in".to_owned(),
                verdict: if failed.is_none() { Verdict::Passed } else { Verdict::Failed },
                kind: failed.map(|error| error.kind.clone()),
                detail: failed.map_or_else(|| "the register let us in".to_owned(), |error| error.message.clone()),
                remedy: failed.and_then(|error| error.remedy.clone()),
            },
            Probe {
                name: "signs".to_owned(),
                verdict: Verdict::Skipped,
                kind: None,
                detail: format!("{signs:?}"),
                remedy: None,
            },
            Probe {
                name: "clock".to_owned(),
                verdict: Verdict::Passed,
                kind: None,
                detail: wall_clock::now().seconds.to_string(),
                remedy: None,
            },
        ]
    }
}

impl GuestSession for SignedIn {
    fn open(settings: Settings) -> Result<Session, Error> {
        let url = sign_in(&settings)?;
        // The register is slow to remember.
        monotonic_clock::subscribe_duration(2_000_000).block();
        log::write(Level::Info, "signed in to the register", &[("url".to_owned(), url.clone())]);
        Ok(Session::new(Self { url, calls: Cell::new(1) }))
    }

    fn list_attributes(&self) -> Result<Vec<AttributeDefinition>, Error> {
        let definition = |name: &str, kind: &str, many| AttributeDefinition {
            name: name.to_owned(),
            label: name.to_owned(),
            kind: kind.to_owned(),
            many,
            required: false,
            writable: true,
            max_length: Some(80),
            choices: vec!["any".to_owned()],
        };
        Ok(vec![
            definition("email", "string", false),
            definition("admin", "boolean", false),
            definition("floor", "integer", false),
            definition("teams", "string", true),
            definition("title", "string", false),
        ])
    }

    fn list_entitlements(&self, kind: String, cursor: Option<String>) -> Result<EntitlementPage, Error> {
        if kind != "desk" {
            return Err(error(ErrorKind::InvalidValue, format!("{kind} is no kind of grant")));
        }
        let at = cursor.is_some();
        let desk = Entitlement {
            kind,
            id: if at { "2" } else { "1" }.to_owned(),
            name: if at { "Window" } else { "Door" }.to_owned(),
            compatibility: vec!["office".to_owned()],
            seats: at.then_some(Seats { used: 1, total: 2 }),
        };
        Ok(EntitlementPage { entitlements: vec![desk], next: (!at).then(|| "second".to_owned()) })
    }

    fn import_users(&self, query: ImportQuery) -> Result<ImportPage, Error> {
        let from = match &query.scope {
            ImportScope::Full => 0,
            ImportScope::Since(_) => 2,
            ImportScope::Resume(cursor) => cursor
                .parse()
                .map_err(|_| error(ErrorKind::StaleReference, format!("the cursor {cursor} is none of ours")))?,
        };
        let all = people(&query);
        let end = all.len().min(from + query.page_size as usize);
        let last = end == all.len();
        Ok(ImportPage {
            users: all.into_iter().skip(from).take(end - from).collect(),
            departed: if last { vec!["dora".to_owned()] } else { Vec::new() },
            next: (!last).then(|| end.to_string()),
            watermark: last.then(|| "mark".to_owned()),
        })
    }

    fn push_users(&self, users: Vec<DesiredUser>, mode: PushMode) -> Result<Vec<Result<Outcome, Error>>, Error> {
        Ok(users.iter().map(|user| push(user, &mode)).collect())
    }

    fn deactivate_users(
        &self,
        ids: Vec<String>,
        how: Deactivation,
        mode: PushMode,
    ) -> Result<Vec<Result<Outcome, Error>>, Error> {
        let action = match how {
            Deactivation::Deactivate => Action::Deactivated,
            Deactivation::Freeze | Deactivation::DeactivateOrFreeze => Action::Frozen,
            Deactivation::Unlink => Action::Unlinked,
        };
        Ok(each(ids, action, &mode))
    }

    fn reactivate_users(&self, ids: Vec<String>, mode: PushMode) -> Result<Vec<Result<Outcome, Error>>, Error> {
        Ok(each(ids, Action::Reactivated, &mode))
    }

    fn sync_passwords(&self, passwords: Vec<(String, Secret)>) -> Result<Vec<Result<(), Error>>, Error> {
        let requests: Vec<_> =
            passwords.iter().map(|(id, password)| secretly(format!("{}/password/{id}", self.url), password)).collect();
        self.calls.set(self.calls.get() + requests.len() as u64);
        let answers = http::send_all(&requests).into_iter().map(|answer| match answer {
            Ok(response) if response.status == 200 => Ok(()),
            Ok(response) => Err(refused(&response)),
            Err(failure) => Err(error(ErrorKind::Unreachable, format!("{failure:?}"))),
        });
        Ok(answers.collect())
    }

    fn usage(&self) -> Usage {
        Usage { calls: self.calls.get(), used: Some(41), limit: None }
    }
}
