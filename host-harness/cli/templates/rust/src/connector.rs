//! The interface's side: what a host calls, put into the terms of `application.rs`.
//!
//! `wit/connector.wit` says what each function has to do.

use serde_json::Value as Json;

use crate::application::{ATTRIBUTES, Action, Client, Kind, Plan, Position, Refusal, Wanted, plan, text};
use exports::identity::provisioning::provisioning_connector::{self as api, Guest, GuestSession, Outcome, PushMode};
use identity::provisioning::types::{self, Error, ErrorKind, FieldChange, Retry, Value};
use identity::provisioning::{http, ledger};

wit_bindgen::generate!({ path: "wit", world: "connector", generate_all });

export!(Connector);

struct Connector;

/// One tenant, signed in.
struct Session(Client);

type Settings = Vec<(String, String)>;
type Results<T> = Result<Vec<Result<T, Error>>, Error>;

const SETTINGS: [(&str, &str, &str); 2] = [
    ("address", "Address", "The address of the application, such as https://acme.example"),
    ("api-key", "API key", "Create one in the application, under its settings"),
];

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        let (kind, retry) = match refusal.kind {
            Kind::InvalidSettings => (ErrorKind::InvalidSettings, Retry::AfterRemedy),
            Kind::InvalidCredentials => (ErrorKind::InvalidCredentials, Retry::AfterRemedy),
            Kind::PermissionDenied => (ErrorKind::PermissionDenied, Retry::AfterRemedy),
            Kind::Unreachable => (ErrorKind::Unreachable, Retry::AfterRemedy),
            Kind::RateLimited => (ErrorKind::RateLimited, Retry::After(30)),
            Kind::UsernameTaken => (ErrorKind::UsernameTaken, Retry::AfterRemedy),
            Kind::InvalidValue => (ErrorKind::InvalidValue, Retry::AfterRemedy),
            Kind::MissingValue => (ErrorKind::MissingValue, Retry::AfterRemedy),
            Kind::StaleReference => (ErrorKind::StaleReference, Retry::AfterRemedy),
            Kind::Drifted => (ErrorKind::Drifted, Retry::AfterRemedy),
            Kind::PasswordRejected => (ErrorKind::PasswordRejected, Retry::AfterRemedy),
            Kind::PasswordReused => (ErrorKind::Other("password-reused".to_owned()), Retry::AfterRemedy),
            Kind::Unsupported => (ErrorKind::Unsupported, Retry::Never),
            Kind::Transient => (ErrorKind::Transient, Retry::AtOnce),
        };
        let upstream = refusal.upstream.map(|upstream| types::Upstream {
            status: upstream.status,
            code: upstream.code,
            message: upstream.message,
            fields: upstream.field.into_iter().collect(),
            request_id: None,
        });
        Self { kind, message: refusal.message, remedy: refusal.remedy, retry, upstream }
    }
}

/// Has a panic end the job with its words. On a target of WASI, the standard library writes them to standard error by itself.
fn report_panics() {
    #[cfg(not(target_os = "wasi"))]
    std::panic::set_hook(Box::new(|panic| {
        identity::provisioning::log::write(identity::provisioning::log::Level::Error, &panic.to_string(), &[]);
    }));
}

fn send(
    method: &str,
    url: String,
    headers: Vec<(String, String)>,
    body: Option<Vec<u8>>,
) -> Result<(u16, Vec<u8>), Refusal> {
    let method = match method {
        "POST" => http::Method::Post,
        "PATCH" => http::Method::Patch,
        "PUT" => http::Method::Put,
        _ => http::Method::Get,
    };
    let request = http::Request { method, url, headers, body };
    match http::send(&request) {
        Ok(answer) => Ok((answer.status, answer.body)),
        Err(http::Failure::Denied(reason) | http::Failure::Unreachable(reason) | http::Failure::Tls(reason)) => {
            Err(Refusal::new(Kind::Unreachable, reason, "Check `address`, and that the host may be reached."))
        }
        Err(http::Failure::Other(reason)) => {
            Err(Refusal::new(Kind::InvalidValue, reason, "Report this to the author of the connector."))
        }
        Err(_) => Err(Refusal::new(Kind::Transient, format!("no complete answer came from {}", request.url), "")),
    }
}

fn setting<'a>(settings: &'a Settings, name: &str) -> Option<&'a str> {
    settings.iter().find(|(known, value)| known == name && !value.is_empty()).map(|(_, value)| value.as_str())
}

fn client(settings: &Settings) -> Result<Client, Refusal> {
    let missing: Vec<&str> =
        SETTINGS.iter().map(|(name, ..)| *name).filter(|name| setting(settings, name).is_none()).collect();
    let (Some(address), Some(key)) = (setting(settings, "address"), setting(settings, "api-key")) else {
        let missing = missing.join(", ");
        let message = format!("these settings are missing: {missing}");
        return Err(Refusal::new(Kind::InvalidSettings, message, &format!("Fill in {missing}.")));
    };
    Ok(Client::new(address.to_owned(), key.to_owned(), send))
}

impl Guest for Connector {
    type Session = Session;

    fn describe() -> api::Descriptor {
        use types::Features;
        let put = |secret: &str, place| api::Put { secret: secret.to_owned(), form: api::SecretForm::Plain, place };
        let key = || put("api-key", api::Place::Header(("authorization".to_owned(), "Bearer ".to_owned())));
        let usage = |name: &str, methods: &[http::Method], path: &str, puts| api::SecretUse {
            name: name.to_owned(),
            hosts: vec!["application".to_owned()],
            methods: methods.to_vec(),
            path: path.to_owned(),
            puts,
            takes: Vec::new(),
            learns: None,
        };
        let setting = |(name, label, help): (&str, &str, &str)| api::Setting {
            name: name.to_owned(),
            label: label.to_owned(),
            help: help.to_owned(),
            kind: if name == "api-key" { api::SettingKind::Secret } else { api::SettingKind::Host },
            required: true,
            panel: api::Panel::Integration,
            multiline: false,
        };
        let new_password = put("new-password", api::Place::Json("/password".to_owned()));
        api::Descriptor {
            name: "Sample application".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            features: Features::all() - Features::PROFILE_SOURCING,
            settings: SETTINGS.into_iter().map(setting).collect(),
            grants: vec![api::GrantKind { name: "group".to_owned(), label: "Groups".to_owned(), many: true }],
            hosts: vec![api::HostEntry {
                name: "application".to_owned(),
                source: api::HostSource::Setting("address".to_owned()),
                when: None,
            }],
            uses: vec![
                usage("manage-users", &[http::Method::Get, http::Method::Post, http::Method::Patch], "/api/**", vec![key()]),
                usage("set-password", &[http::Method::Put], "/api/users/{id}/password", vec![key(), new_password]),
            ],
        }
    }

    fn test_credentials(settings: Settings) -> Vec<api::Probe> {
        report_panics();
        let probe = |name: &str, verdict, detail: String| api::Probe {
            name: name.to_owned(),
            verdict,
            kind: None,
            detail,
            remedy: None,
        };
        let mut probes: Vec<api::Probe> = SETTINGS
            .iter()
            .map(|(name, ..)| match setting(&settings, name) {
                Some(_) => probe(name, api::Verdict::Passed, format!("`{name}` is filled in")),
                None => api::Probe {
                    kind: Some(ErrorKind::InvalidSettings),
                    remedy: Some(format!("Fill in `{name}`.")),
                    ..probe(name, api::Verdict::Failed, format!("`{name}` is missing"))
                },
            })
            .collect();
        let signed_in = if probes.iter().any(|probe| probe.verdict == api::Verdict::Failed) {
            probe("sign-in", api::Verdict::Skipped, "a setting is missing".to_owned())
        } else {
            match client(&settings).and_then(|client| client.sign_in()) {
                Ok(found) => {
                    let name = text(&found["name"]).unwrap_or_default();
                    probe("sign-in", api::Verdict::Passed, format!("the key opens {name}"))
                }
                Err(refusal) => {
                    let error = Error::from(refusal);
                    api::Probe {
                        kind: Some(error.kind),
                        remedy: error.remedy.or(Some("Try again later.".to_owned())),
                        ..probe("sign-in", api::Verdict::Failed, error.message)
                    }
                }
            }
        };
        probes.push(signed_in);
        probes
    }

    fn open(settings: Settings) -> Result<api::Session, Error> {
        report_panics();
        let client = client(&settings)?;
        client.sign_in()?;
        Ok(api::Session::new(Session(client)))
    }
}

impl GuestSession for Session {
    fn list_attributes(&self) -> Result<Vec<api::AttributeDefinition>, Error> {
        let definition = |attribute: &crate::application::Attribute| api::AttributeDefinition {
            name: attribute.name.to_owned(),
            label: attribute.label.to_owned(),
            kind: "string".to_owned(),
            many: false,
            required: attribute.required,
            writable: true,
            max_length: Some(attribute.max_length),
            choices: Vec::new(),
        };
        Ok(ATTRIBUTES.iter().map(definition).collect())
    }

    fn list_entitlements(&self, kind: String, cursor: Option<String>) -> Result<api::EntitlementPage, Error> {
        if kind != "group" {
            let message = format!("there is no kind of grant `{kind}`");
            return Err(Refusal::new(Kind::InvalidValue, message, "Ask for `group`.").into());
        }
        let after = match &cursor {
            Some(cursor) => Some(cursor.strip_prefix("groups:").ok_or_else(|| {
                let begun: String = cursor.chars().take(40).collect();
                let message = format!("`{begun}` isn't a cursor of groups");
                Refusal::new(Kind::StaleReference, message, "List them again.")
            })?),
            None => None,
        };
        let page = self.0.groups(after)?;
        let entitlements: Vec<api::Entitlement> = list(&page["groups"])
            .map(|group| api::Entitlement {
                kind: kind.clone(),
                id: text(&group["id"]).unwrap_or_default(),
                name: text(&group["name"]).unwrap_or_default(),
                compatibility: Vec::new(),
                seats: None,
            })
            .collect();
        let last = entitlements.last().filter(|_| page["more"] == true);
        let next = last.map(|last| format!("groups:{}", last.id));
        Ok(api::EntitlementPage { entitlements, next })
    }

    fn import_users(&self, query: api::ImportQuery) -> Result<api::ImportPage, Error> {
        let mut position = match &query.scope {
            api::ImportScope::Full => Position::default(),
            api::ImportScope::Since(watermark) => {
                Position { since: Position::read(watermark)?.since, ..Position::default() }
            }
            api::ImportScope::Resume(cursor) => Position::read(cursor)?,
        };
        let wanted = |name: &&str| query.attributes.is_empty() || query.attributes.iter().any(|one| one == name);
        let names: Vec<&str> = ATTRIBUTES.iter().map(|attribute| attribute.name).filter(wanted).collect();
        let page = self.0.users(&position, query.page_size)?;
        // What changes while the pages are read comes again next time: the watermark is that of the first page.
        let revision = position.revision.or(page["revision"].as_u64()).unwrap_or_default();
        position.revision = Some(revision);
        let last = list(&page["users"]).last().and_then(|user| text(&user["id"]));
        let (next, watermark) = match last.filter(|_| page["more"] == true) {
            Some(after) => (Some(Position { after, ..position }.cursor()), None),
            None => (None, Some(Position { since: revision, after: String::new(), ..position }.cursor())),
        };
        Ok(api::ImportPage {
            users: list(&page["users"]).map(|user| imported(user, &names, query.grants)).collect(),
            attributes: names.into_iter().map(str::to_owned).collect(),
            departed: Vec::new(),
            next,
            watermark,
        })
    }

    fn push_users(&self, users: Vec<api::DesiredUser>, mode: PushMode) -> Results<Outcome> {
        Ok(users.iter().enumerate().map(|(at, user)| Ok(self.push(user, &mode, at)?)).collect())
    }

    fn deactivate_users(&self, ids: Vec<String>, how: api::Deactivation, mode: PushMode) -> Results<Outcome> {
        if matches!(how, api::Deactivation::Freeze | api::Deactivation::Unlink) {
            let message = "the application can only deactivate";
            return Err(Refusal::new(Kind::Unsupported, message, "Choose `deactivate`.").into());
        }
        Ok(ids.iter().enumerate().map(|(at, id)| Ok(self.switch(&self.0.user(id)?, false, id, &mode, at)?)).collect())
    }

    fn reactivate_users(&self, ids: Vec<String>, mode: PushMode) -> Results<Outcome> {
        Ok(ids.iter().enumerate().map(|(at, id)| Ok(self.switch(&self.0.user(id)?, true, id, &mode, at)?)).collect())
    }

    fn take_back_users(&self, people: Vec<api::Abandoned>, _: api::Deactivation, mode: PushMode) -> Results<Outcome> {
        let take_back = |(at, person): (usize, &api::Abandoned)| {
            // A user that the person has by now stays. Only one that carries this key can have come from the push that was cut off.
            let found = if person.id.is_none() { self.0.find(&person.key, "")? } else { None };
            Ok(match found {
                Some(user) => self.switch(&user, false, &person.key, &mode, at)?,
                None => outcome(&Plan::unchanged(person.id.clone())),
            })
        };
        Ok(people.iter().enumerate().map(take_back).collect())
    }

    fn sync_passwords(&self, passwords: Vec<(String, String)>) -> Results<()> {
        Ok(passwords.iter().map(|(id, password)| Ok(self.0.set_password(id, password)?)).collect())
    }

    fn usage(&self) -> api::Usage {
        api::Usage { calls: self.0.calls(), used: None, limit: None }
    }
}

impl Session {
    fn push(&self, user: &api::DesiredUser, mode: &PushMode, at: usize) -> Result<Outcome, Refusal> {
        let current = match &user.id {
            Some(id) => Some(self.0.user(id)?),
            None => self.0.find(&user.key, &user.username)?,
        };
        if let (Some(current), None) = (&current, &user.id) {
            check_owner(current, user)?;
        }
        let mut changes = Vec::with_capacity(user.changes.len());
        for change in &user.changes {
            let value = match &change.value {
                None => None,
                Some(Value::Text(text)) => Some(text.clone()),
                Some(_) => {
                    let message = "every attribute of the application is a text";
                    return Err(Refusal::new(Kind::InvalidValue, message, "Map it to a text."));
                }
            };
            changes.push((change.name.clone(), value));
        }
        let groups = user.grants.iter().filter(|grant| grant.kind == "group").map(|grant| grant.id.clone()).collect();
        let wanted = Wanted { key: &user.key, name: &user.username, changes, groups, exact: user.exact_grants };
        self.carry_out(&plan(&wanted, current.as_ref())?, &user.key, mode, at)
    }

    fn switch(&self, user: &Json, active: bool, subject: &str, mode: &PushMode, at: usize) -> Result<Outcome, Refusal> {
        self.carry_out(&Plan::switch(user, active), subject, mode, at)
    }

    fn carry_out(&self, plan: &Plan, subject: &str, mode: &PushMode, at: usize) -> Result<Outcome, Refusal> {
        let mut outcome = outcome(plan);
        if let PushMode::ApplyPlanned(digests) = mode
            && digests.get(at) != Some(&outcome.digest)
        {
            let message = format!("{subject} has changed since the plan was made");
            return Err(Refusal::new(Kind::Drifted, message, "Plan again."));
        }
        if matches!(mode, PushMode::Plan) || plan.action == Action::Unchanged {
            return Ok(outcome);
        }
        let intent =
            ledger::Intent { subject: subject.to_owned(), id: plan.id.clone(), changes: outcome.changes.clone() };
        if ledger::begin(&[intent]) != [true] {
            return Err(Refusal::new(Kind::Drifted, format!("{subject} is no longer wanted"), "Nothing has to be done."));
        }
        outcome.id = self.0.write(plan, &format!("the user {subject}"))?;
        let written = (0..).take(outcome.changes.len()).collect();
        ledger::written(&[ledger::Progress { subject: subject.to_owned(), id: outcome.id.clone(), written }]);
        Ok(outcome)
    }
}

/// A user that carries another person's key, or that the host knows to be somebody else's, isn't touched.
fn check_owner(current: &Json, user: &api::DesiredUser) -> Result<(), Refusal> {
    let id = text(&current["id"]).unwrap_or_default();
    let is_others = match ledger::owners(&[id]).into_iter().next().flatten() {
        Some(owner) => owner.key != user.key,
        None => text(&current["key"]).is_some_and(|key| key != user.key),
    };
    if !is_others {
        return Ok(());
    }
    let message = format!("the user {} belongs to another person", user.username);
    Err(Refusal::new(Kind::UsernameTaken, message, "Choose another username, or decide whose the user is."))
}

fn outcome(plan: &Plan) -> Outcome {
    let change = |(field, old, new): &(String, Option<String>, Option<String>)| FieldChange {
        object: "user".to_owned(),
        field: field.clone(),
        old: old.clone(),
        new: new.clone(),
    };
    Outcome {
        id: plan.id.clone(),
        action: match plan.action {
            Action::Created => api::Action::Created,
            Action::Updated => api::Action::Updated,
            Action::Unchanged => api::Action::Unchanged,
            Action::Deactivated => api::Action::Deactivated,
            Action::Reactivated => api::Action::Reactivated,
        },
        changes: plan.changes.iter().map(change).collect(),
        side_effects: Vec::new(),
        digest: plan.digest(),
    }
}

fn list(value: &Json) -> impl Iterator<Item = &Json> {
    value.as_array().into_iter().flatten()
}

fn imported(user: &Json, names: &[&str], grants: bool) -> types::User {
    let held = list(&user["groups"]).filter(|_| grants).filter_map(text);
    types::User {
        id: text(&user["id"]).unwrap_or_default(),
        username: text(&user["userName"]).unwrap_or_default(),
        status: if user["active"] == true { types::Status::Active } else { types::Status::Inactive },
        modified: text(&user["modified"]).unwrap_or_default(),
        values: names.iter().map(|name| text(&user[*name]).map(Value::Text)).collect(),
        grants: held.map(|id| types::Grant { kind: "group".to_owned(), id }).collect(),
    }
}
