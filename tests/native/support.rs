//! An emulated org, and a host that carries the connector's requests to it.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::Rc;
use std::sync::{Mutex, OnceLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use salesforce_emulator::{Builder, Emulator, JournalEntry};
use salesforce_portal_connector::host::{Failure, Host, Level, Method, Request, Response};
use salesforce_portal_connector::model::{
    Candidate, Change, DesiredUser, Error, Grant, Intent, Outcome, Owner, Progress, PushMode, Settings, Status, Value,
};
use salesforce_portal_connector::operations::Session;
use serde_json::Value as Json;

use crate::ledger::Kept;

/// The values of all placeholders.
static SECRETS: Mutex<BTreeMap<String, String>> = Mutex::new(BTreeMap::new());

/// A placeholder of a value, as a host gives it to a connector.
pub(crate) fn secret(value: &str) -> String {
    let mut secrets = SECRETS.lock().unwrap();
    let placeholder = format!("sk0{:040}", secrets.len());
    secrets.insert(placeholder.clone(), value.to_owned());
    placeholder
}

/// A text with values, written by `escape`, in the place of placeholders.
fn filled(text: &str, escape: impl Fn(&str) -> String) -> String {
    let secrets = SECRETS.lock().unwrap();
    let mut filled = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("sk0") {
        let (before, from) = rest.split_at(at);
        filled.push_str(before);
        match from.get(..43).and_then(|placeholder| secrets.get(placeholder)) {
            Some(value) => {
                filled.push_str(&escape(value));
                rest = &from[43..];
            }
            None => {
                filled.push_str("sk0");
                rest = &from[3..];
            }
        }
    }
    filled + rest
}

/// What a host unwinds with where it is told to drop the connector.
struct Dropped;

/// A host over loopback HTTP. Clones share their counts.
#[derive(Clone)]
pub(crate) struct Native {
    agent: ureq::Agent,
    /// Requests left until the connector is dropped.
    left: Rc<Cell<Option<u64>>>,
    /// Whether it is dropped only once the next request has been answered.
    loses_answer: Rc<Cell<bool>>,
    ledger: Option<Rc<RefCell<Kept>>>,
    sent: Rc<RefCell<Vec<Sent>>>,
    /// How far the clock is ahead.
    ahead: Rc<Cell<Duration>>,
}

/// A request that a host has sent.
struct Sent {
    method: &'static str,
    url: String,
    body: String,
}

impl Native {
    pub(crate) fn new() -> Self {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_global(Some(Duration::from_secs(120)))
            .build();
        Self {
            agent: config.into(),
            left: Rc::default(),
            loses_answer: Rc::default(),
            ledger: None,
            sent: Rc::default(),
            ahead: Rc::default(),
        }
    }

    /// A host that keeps what it is told of single users.
    pub(crate) fn keeping(ledger: &Rc<RefCell<Kept>>) -> Self {
        Self { ledger: Some(Rc::clone(ledger)), ..Self::new() }
    }

    /// The records of the write requests so far, each with its method.
    pub(crate) fn written(&self) -> Vec<(&'static str, Json)> {
        let records = |body: &str| match serde_json::from_str::<Json>(body) {
            Ok(mut body) => body["records"].as_array_mut().map(std::mem::take).unwrap_or_default(),
            Err(_) => Vec::new(),
        };
        let sent = self.sent.borrow();
        sent.iter().flat_map(|sent| records(&sent.body).into_iter().map(|record| (sent.method, record))).collect()
    }

    /// The queries since the last look, alone or as parts of a composite request.
    pub(crate) fn queries(&self) -> Vec<String> {
        let mut urls = Vec::new();
        for sent in self.sent.take() {
            let parts = serde_json::from_str::<Json>(&sent.body).unwrap_or_default();
            let parts = parts["compositeRequest"].as_array().cloned().unwrap_or_default();
            urls.extend(parts.iter().map(|part| part["url"].as_str().unwrap().to_owned()));
            urls.push(sent.url);
        }
        urls.iter().filter_map(|url| Some(decoded(url.split_once("/query?q=")?.1))).collect()
    }

    /// Lets time pass.
    pub(crate) fn wait(&self, time: Duration) {
        self.ahead.set(self.ahead.get() + time);
    }

    /// Drops the connector where it would send another request after these.
    pub(crate) fn drop_after(&self, requests: u64) {
        self.left.set(Some(requests));
    }

    /// Drops the connector where the answer to the request behind these would reach it.
    pub(crate) fn lose_answer_after(&self, requests: u64) {
        self.left.set(Some(requests));
        self.loses_answer.set(true);
    }
}

impl Native {
    fn carry(&self, request: &Request<'_>) -> Result<Response, Failure> {
        assert!(request.url.len() <= 16 * 1024, "a URL of {} bytes", request.url.len());
        let method = match request.method {
            Method::Get => "GET",
            Method::Post => "POST",
            Method::Patch => "PATCH",
            Method::Delete => "DELETE",
        };
        let mut builder = ureq::http::Request::builder().method(method).uri(&request.url);
        for (name, value) in &request.headers {
            builder = builder.header(*name, filled(value, str::to_owned));
        }
        let content_type = request.headers.iter().find(|(name, _)| *name == "content-type");
        let escape = match content_type.map(|(_, value)| value.as_str()) {
            Some(value) if value.contains("json") => json,
            Some(value) if value.contains("xml") => xml,
            _ => form,
        };
        let body = request.body.as_deref().map(|body| filled(body, escape)).unwrap_or_default();
        self.sent.borrow_mut().push(Sent { method, url: request.url.clone(), body: body.clone() });
        let sent = if request.body.is_none() {
            self.agent.run(builder.body(()).unwrap())
        } else {
            self.agent.run(builder.body(body).unwrap())
        };
        let mut response = sent.map_err(failure)?;
        let headers = response.headers().iter();
        let headers = headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect();
        let status = response.status().as_u16();
        let body = response.body_mut().with_config().limit(1 << 30).read_to_vec().map_err(failure)?;
        Ok(Response { status, headers, body })
    }
}

/// Runs a piece of work; none where the host dropped the connector in the middle of it.
pub(crate) fn unless_dropped<T>(work: impl FnOnce() -> T) -> Option<T> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(done) => Some(done),
        Err(reason) if reason.is::<Dropped>() => None,
        Err(reason) => resume_unwind(reason),
    }
}

impl Host for Native {
    /// The answer, which is there at once.
    type Started = Result<Response, Failure>;

    fn send(&self, request: Request<'_>) -> Result<Response, Failure> {
        let Some(left) = self.left.get() else { return self.carry(&request) };
        if left > 0 {
            self.left.set(Some(left - 1));
            return self.carry(&request);
        }
        if self.loses_answer.get() {
            // What was answered nobody hears.
            let _ = self.carry(&request);
        }
        resume_unwind(Box::new(Dropped));
    }
    fn start(&self, request: Request<'_>) -> Self::Started {
        self.send(request)
    }

    fn finish(&self, started: Self::Started) -> Result<Response, Failure> {
        started
    }

    fn sign_jwt(&self, key: &str, claims: &str) -> Result<String, String> {
        let key = SECRETS.lock().unwrap()[key].clone();
        let base64: String = key.lines().filter(|line| !line.starts_with("-----")).collect();
        let der = STANDARD.decode(base64).map_err(|error| error.to_string())?;
        let pair = RsaKeyPair::from_pkcs8(&der).map_err(|error| error.to_string())?;
        let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(r#"{"alg":"RS256"}"#), URL_SAFE_NO_PAD.encode(claims));
        let mut signature = vec![0; pair.public().modulus_len()];
        pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature)
            .map_err(|error| error.to_string())?;
        Ok(secret(&format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))))
    }

    fn log(&self, _: Level, _: &str, _: &[(&str, &str)]) {}

    fn now(&self) -> Duration {
        SystemTime::now().duration_since(UNIX_EPOCH).unwrap() + self.ahead.get()
    }

    /// Nobody waits for a test.
    fn sleep(&self, _: Duration) {}

    fn owners(&self, ids: &[String]) -> Vec<Option<Owner>> {
        let kept = self.ledger.as_ref().map(|kept| kept.borrow());
        ids.iter().map(|id| kept.as_ref()?.owners.get(id).cloned()).collect()
    }

    fn undecided(&self, subject: &str, candidates: &[Candidate]) {
        if let Some(kept) = &self.ledger {
            kept.borrow_mut().undecided.insert(subject.to_owned(), candidates.to_vec());
        }
    }

    fn out_of_use(&self, subjects: &[(String, Status)]) {
        if let Some(kept) = &self.ledger {
            kept.borrow_mut().out_of_use.extend_from_slice(subjects);
        }
    }

    fn begin(&self, intents: Vec<Intent>) -> Vec<bool> {
        let begin = |intent| self.ledger.as_ref().is_none_or(|kept| kept.borrow_mut().begin(intent));
        intents.into_iter().map(begin).collect()
    }

    fn written(&self, progress: &[Progress]) {
        if let Some(kept) = &self.ledger {
            progress.iter().for_each(|one| kept.borrow_mut().written(one));
        }
    }
}

/// A percent-encoded value.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let digits = [rest.next().unwrap(), rest.next().unwrap()];
                u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap()
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).unwrap()
}

fn failure(error: ureq::Error) -> Failure {
    match error {
        ureq::Error::Timeout(_) => Failure::TimedOut,
        other => Failure::Unreachable(other.to_string()),
    }
}

fn json(value: &str) -> String {
    let quoted = serde_json::to_string(value).unwrap();
    quoted[1..quoted.len() - 1].to_owned()
}

fn form(value: &str) -> String {
    value.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

fn xml(value: &str) -> String {
    value.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Orgs live on it; the connector runs on the test's own thread.
fn executor() -> &'static tokio::runtime::Runtime {
    static EXECUTOR: OnceLock<tokio::runtime::Runtime> = OnceLock::new();
    EXECUTOR.get_or_init(|| tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap())
}

/// An emulated org.
pub(crate) struct Org {
    pub(crate) emulator: Emulator,
}

impl Org {
    /// An org with `users` portal users; each `seed` another org.
    pub(crate) fn start(users: u32, seed: u64) -> Self {
        Self::build(Emulator::builder().users(users).seed(seed))
    }

    /// An org made in another way.
    pub(crate) fn build(builder: Builder) -> Self {
        let emulator = executor().block_on(builder.start()).unwrap();
        // The stricter of the two answers that are told of: who gets along with it gets along with both.
        emulator.set_switches(|switches| switches.boolean_texts = false);
        Self { emulator }
    }

    /// Settings for this org that sign in with the admin's password.
    pub(crate) fn settings(&self) -> Settings {
        let org = self.emulator.credentials();
        [
            ("instance-type", "my-domain".to_owned()),
            ("my-domain", org.url),
            ("username", org.username),
            ("organization-id", org.organization_id),
            ("portal-id", org.portal_id),
            ("account-id", org.account_id),
            ("password", secret(&org.password)),
            ("security-token", secret(&org.security_token)),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec()
    }

    /// Settings with some more, or others.
    pub(crate) fn settings_with(&self, more: &[(&str, &str)]) -> Settings {
        let mut settings = self.settings();
        for (name, value) in more {
            settings.retain(|(have, _)| have != name);
            settings.push(((*name).to_owned(), (*value).to_owned()));
        }
        settings
    }

    /// A session of its own host.
    pub(crate) fn session(&self) -> Session<Native> {
        self.session_with(&[])
    }

    /// A session with some more settings.
    pub(crate) fn session_with(&self, more: &[(&str, &str)]) -> Session<Native> {
        Session::open(Native::new(), self.settings_with(more)).unwrap()
    }

    /// The records that a query finds, looked at from behind the API.
    pub(crate) fn query(&self, soql: &str) -> Vec<Json> {
        self.emulator.query(soql).unwrap().as_array().unwrap().clone()
    }

    /// How many records a query finds.
    pub(crate) fn count(&self, object: &str) -> usize {
        self.query(&format!("SELECT Id FROM {object}")).len()
    }

    /// The id of the record that fulfils a condition, of which there is one.
    pub(crate) fn id(&self, object: &str, condition: &str) -> String {
        let found = self.query(&format!("SELECT Id FROM {object} WHERE {condition}"));
        assert_eq!(found.len(), 1, "{object} with {condition}");
        found[0]["Id"].as_str().unwrap().to_owned()
    }

    /// The id of the profile of this name.
    pub(crate) fn profile(&self, name: &str) -> String {
        self.id("Profile", &format!("Name = '{name}'"))
    }

    /// Pushes one person in a session of its own.
    pub(crate) fn push(&self, user: &DesiredUser) -> Result<Outcome, Error> {
        self.session().push_users(std::slice::from_ref(user), &PushMode::Apply).unwrap().remove(0)
    }

    /// What a piece of work costs: its result and its requests.
    pub(crate) fn observe<T>(&self, work: impl FnOnce() -> T) -> (T, Vec<JournalEntry>) {
        self.emulator.clear_journal();
        let done = work();
        (done, self.emulator.journal())
    }
}

/// Of some requests, those that write something, as `METHOD path`. Signing in writes nothing, and neither does asking
/// several queries by one `composite`, which the connector uses for nothing else.
pub(crate) fn writes(journal: &[JournalEntry]) -> Vec<String> {
    let reads = |entry: &&JournalEntry| {
        entry.method == "GET"
            || entry.path.contains("/services/Soap/")
            || entry.path.contains("/oauth2/")
            || entry.path.ends_with("/composite")
    };
    let writes = journal.iter().filter(|entry| !reads(entry));
    writes.map(|entry| format!("{} {}", entry.method, entry.path)).collect()
}

/// A person to be pushed, with a profile and the attributes that a new user needs.
pub(crate) fn person(name: &str, profile: &str) -> DesiredUser {
    let username = format!("{}@lighthouse.example", name.to_lowercase());
    DesiredUser {
        key: name.to_owned(),
        id: None,
        username: username.clone(),
        changes: vec![
            set("givenName", name),
            set("familyName", "Tester"),
            set("email", &username),
            set("federationId", &format!("F-{name}")),
        ],
        grants: vec![grant("profile", profile)],
        exact_grants: false,
    }
}

/// A change that sets a text.
pub(crate) fn set(name: &str, value: &str) -> Change {
    Change { name: name.to_owned(), value: Some(Value::Text(value.to_owned())) }
}

/// A grant.
pub(crate) fn grant(kind: &str, id: &str) -> Grant {
    Grant { kind: kind.to_owned(), id: id.to_owned() }
}
