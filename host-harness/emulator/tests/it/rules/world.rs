//! An org for one case, and the way from a case's text to a request and back.

use reqwest::Method;
use salesforce_emulator::{Emulator, Fault, Switches};
use serde_json::{Map, Value, json};

use crate::client::{Org, between, plain_http};

/// What happens before the request, or is the request.
#[derive(Clone)]
pub(crate) enum Step {
    Call(&'static str, String, Value),
    /// SOAP login: the header and the password, as the administrator.
    Login(&'static str),
    Seats(&'static str, u32),
    ApiRequests(u64),
    Clock(i64),
    ExpireAdminPassword,
    Inject(Fault),
    /// From here on, requests come from this user, who gets a password for it.
    ActAs(&'static str),
}

pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) confidence: char,
    pub(crate) users: u32,
    pub(crate) switches: Value,
    pub(crate) before: Vec<Step>,
    pub(crate) request: Step,
    pub(crate) status: u16,
    pub(crate) code: &'static str,
    pub(crate) message: String,
    /// Null where the answer must not name fields at all.
    pub(crate) fields: Value,
    /// In a collection, the record that is refused.
    pub(crate) record: Option<usize>,
}

pub(crate) struct World {
    pub(crate) org: Org,
}

impl World {
    /// An org with these switches, and in it: a contact `Spare` on the connector's account, a high-volume user `volume`
    /// and a role-based user `member`.
    pub(crate) async fn new(users: u32, switches: &Value) -> Self {
        let mut merged = serde_json::to_value(Switches::default()).unwrap();
        merged.as_object_mut().unwrap().extend(switches.as_object().cloned().unwrap_or_default());
        let wanted: Switches = serde_json::from_value(merged).unwrap();
        let emulator = Emulator::builder().users(users).seed(21).start().await.unwrap();
        let mut org = Org { emulator, http: plain_http(), session: String::new() };
        org.sign_in().await;
        org.contact("Spare").await;
        org.user("volume", "Customer Community User").await;
        org.user("member", "Customer Portal User").await;
        org.emulator.set_switches(|switches| *switches = wanted);
        Self { org }
    }

    /// Runs a case in an org of its own; the error says what was different.
    pub(crate) async fn meet(case: &Case) -> Result<(), String> {
        let mut world = Self::new(case.users, &case.switches).await;
        for step in &case.before {
            let (status, body) = world.take(step).await;
            if status >= 300 {
                return Err(format!("a step before failed with {status}: {body}"));
            }
        }
        let message = world.fill(&case.message);
        let (status, body) = world.take(&case.request).await;
        let met = world.refusal(case, status, &body);
        let wanted = (case.status, case.code.to_owned(), message, case.fields.clone());
        match met {
            Some(met) if met == wanted => Ok(()),
            Some(met) => Err(format!("\n  wanted {wanted:?}\n  met    {met:?}")),
            None => Err(format!("no refusal but {status}: {body}")),
        }
    }

    fn refusal(&self, case: &Case, status: u16, body: &str) -> Option<(u16, String, String, Value)> {
        if let Step::Login(_) = case.request {
            let code = between(body, "<faultcode>sf:", "<").to_owned();
            let message = between(body, "<sf:exceptionMessage>", "<").replace("&apos;", "'");
            return Some((status, code, message, Value::Null));
        }
        let body: Value = serde_json::from_str(body).ok()?;
        let (error, code) = match case.record {
            Some(record) => (&body[record]["errors"][0], "statusCode"),
            None => (&body[0], "errorCode"),
        };
        let fields = error.get("fields").cloned().unwrap_or(Value::Null);
        Some((status, error[code].as_str()?.to_owned(), error["message"].as_str()?.to_owned(), fields))
    }

    async fn take(&mut self, step: &Step) -> (u16, String) {
        let emulator = &self.org.emulator;
        match step {
            Step::Call(method, path, body) => {
                let method = Method::from_bytes(method.as_bytes()).unwrap();
                let mut request = self.org.request(method, &self.fill(path));
                if !body.is_null() {
                    let body = self.fill_value(body).to_string();
                    request = request.header("content-type", "application/json").body(body);
                }
                let response = request.send().await.unwrap();
                return (response.status().as_u16(), response.text().await.unwrap());
            }
            Step::Login(password) => {
                let connection = emulator.credentials();
                let right = format!("{}{}", connection.password, connection.security_token);
                let password = password.replace("{right}", &right).replace("{without token}", &connection.password);
                return self.org.soap_login("64.0", "", &connection.username, &password).await;
            }
            Step::Seats(licence, seats) => assert!(emulator.set_licence_seats(licence, *seats).unwrap()),
            Step::ApiRequests(limit) => emulator.set_daily_api_requests(*limit),
            Step::Clock(seconds) => emulator.advance_clock(*seconds),
            Step::ExpireAdminPassword => {
                emulator.expire_admin_password().unwrap();
                self.org.sign_in().await;
            }
            Step::Inject(fault) => {
                emulator.inject(fault.clone());
            }
            Step::ActAs(username) => {
                let (username, password) = (self.fill(username), "acting4Test");
                let user = self.org.id(&format!("User WHERE Username = '{username}'"));
                let path = format!("sobjects/User/{user}/password");
                assert_eq!(self.org.post(&path, &json!({"NewPassword": password})).await.status, 204);
                let (status, body) = self.org.soap_login("64.0", "", &username, password).await;
                assert_eq!(status, 200, "{body}");
                self.org.session = between(&body, "<sessionId>", "</sessionId>").to_owned();
            }
        }
        (200, String::new())
    }

    /// Puts values of the org in: `{Contact WHERE …}` is an id, `{15 Contact WHERE …}` its short form, `{Email of User
    /// WHERE …}` another field, `{account}` the connector's account, `{elsewhere}` a username that another org holds.
    pub(crate) fn fill(&self, text: &str) -> String {
        let mut out = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            out.push_str(before);
            let Some((inside, behind)) = after.split_once('}') else { panic!("an open brace in {text}") };
            out.push_str(&self.value(inside));
            rest = behind;
        }
        out + rest
    }

    fn value(&self, inside: &str) -> String {
        let emulator = &self.org.emulator;
        match inside {
            "account" => return emulator.credentials().account_id,
            "admin" => return emulator.credentials().username,
            "elsewhere" => return emulator.usernames_taken_elsewhere().unwrap()[0].clone(),
            "id" => return inside.to_owned(),
            _ => {}
        }
        let inside = inside.replace("<admin>", &emulator.credentials().username);
        if let Some(rest) = inside.strip_prefix("15 ") {
            return self.org.id(rest)[..15].to_owned();
        }
        match inside.split_once(" of ") {
            Some((field, rest)) => self.org.look(field, rest).as_str().unwrap().to_owned(),
            None => self.org.id(&inside),
        }
    }

    fn fill_value(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.fill(text)),
            Value::Array(items) => items.iter().map(|item| self.fill_value(item)).collect(),
            Value::Object(map) => {
                let filled: Map<String, Value> =
                    map.iter().map(|(name, value)| (name.clone(), self.fill_value(value))).collect();
                Value::Object(filled)
            }
            other => other.clone(),
        }
    }
}
