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

/// How many requests go side by side: one after the other, as many as by default, and as many as may.
pub(crate) const WIDTHS: [usize; 3] = [1, 8, 25];

thread_local! {
    /// The width that this thread's settings name.
    static WIDTH: Cell<Option<usize>> = const { Cell::new(None) };
}

/// Does work with so many requests side by side.
pub(crate) fn at_width<T>(width: usize, work: impl FnOnce() -> T) -> T {
    WIDTH.set(Some(width));
    let done = work();
    WIDTH.set(None);
    done
}

/// What a host unwinds with where it is told to drop the connector.
struct Dropped;

/// Which of the requests that are under way take effect when a host drops the connector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UnderWay {
    None,
    All,
    /// Some of them, other ones for each seed.
    Some(u64),
}

impl UnderWay {
    /// Each kind.
    pub(crate) fn kinds(seed: u64) -> [Self; 3] {
        [Self::None, Self::All, Self::Some(seed)]
    }

    fn takes_effect(self, number: u64) -> bool {
        match self {
            Self::None => false,
            Self::All => true,
            Self::Some(seed) => {
                // The finalizer of SplitMix64, which makes neighbours differ.
                let mixed = (seed ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15)).wrapping_add(0x9e37_79b9_7f4a_7c15);
                let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
                (mixed ^ (mixed >> 27)) & 1 == 1
            }
        }
    }
}

/// A host over loopback HTTP. Clones share their counts.
///
/// A request that is started is carried out when its answer is waited for, so that what a crash leaves of several that are under
/// way can be chosen. A host that is [real](Native::real) carries it out at once.
#[derive(Clone)]
pub(crate) struct Native {
    agent: ureq::Agent,
    /// Requests left until the connector is dropped.
    left: Rc<Cell<Option<u64>>>,
    /// Whether it is dropped only once the next request has been answered.
    loses_answer: Rc<Cell<bool>>,
    /// What becomes then of the other requests that are under way.
    fate: Rc<Cell<UnderWay>>,
    /// Requests that are under way and have not been carried out, by their numbers.
    under_way: Rc<RefCell<BTreeMap<u64, Carriage>>>,
    started: Rc<Cell<u64>>,
    /// How often an answer takes as long as a request travels.
    rounds: Rc<Cell<u64>>,
    /// Most requests at a time that wrote contacts.
    most_contacts: Rc<Cell<usize>>,
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

impl Sent {
    /// The requests that it consists of: itself, or the parts of a composite, each by method, address and body.
    fn parts(&self) -> Vec<(String, String, Json)> {
        let body = serde_json::from_str::<Json>(&self.body).unwrap_or_default();
        match body["compositeRequest"].as_array() {
            Some(parts) => {
                let text = |part: &Json, name: &str| part[name].as_str().unwrap().to_owned();
                parts.iter().map(|part| (text(part, "method"), text(part, "url"), part["body"].clone())).collect()
            }
            None => vec![(self.method.to_owned(), self.url.clone(), body)],
        }
    }
}

/// A request with the values of its secrets.
struct Carriage {
    request: ureq::http::request::Builder,
    body: Option<String>,
}

/// A request that was started.
pub(crate) struct Started {
    number: u64,
    /// The round with which its answer is there.
    arrives: u64,
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
            fate: Rc::new(Cell::new(UnderWay::None)),
            under_way: Rc::default(),
            started: Rc::default(),
            rounds: Rc::default(),
            most_contacts: Rc::default(),
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
    pub(crate) fn written(&self) -> Vec<(String, Json)> {
        let sent = self.sent.borrow();
        let records = |(method, _, mut body): (String, String, Json)| {
            let records = body["records"].as_array_mut().map(std::mem::take).unwrap_or_default();
            records.into_iter().map(move |record| (method.clone(), record))
        };
        sent.iter().flat_map(Sent::parts).flat_map(records).collect()
    }

    /// The queries since the last look, alone or as parts of a composite request.
    pub(crate) fn queries(&self) -> Vec<String> {
        let parts = self.sent.take().into_iter().flat_map(|sent| sent.parts());
        parts.filter_map(|(_, url, _)| Some(decoded(url.split_once("/query?q=")?.1))).collect()
    }

    /// How many requests were waited for one after the other so far. Those that were under way together count as one.
    pub(crate) fn rounds(&self) -> u64 {
        self.rounds.get()
    }

    /// How many requests that wrote contacts were under way at a time, at most.
    pub(crate) fn most_contacts(&self) -> usize {
        self.most_contacts.get()
    }

    /// Requests that were started and not finished.
    pub(crate) fn open_requests(&self) -> usize {
        self.under_way.borrow().len()
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

    /// Lets these of the other requests take effect that are under way when the connector is dropped.
    pub(crate) fn leave(&self, fate: UnderWay) {
        self.fate.set(fate);
    }
}

impl Native {
    fn load(&self, request: &Request<'_>) -> Carriage {
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
        let body = request.body.as_deref().map(|body| filled(body, escape));
        let sent = Sent { method, url: request.url.clone(), body: body.clone().unwrap_or_default() };
        self.sent.borrow_mut().push(sent);
        Carriage { request: builder, body }
    }

    /// Drops the connector.
    fn end(&self) -> ! {
        for (number, request) in self.under_way.take() {
            if self.fate.get().takes_effect(number) {
                // What was answered nobody hears.
                let _ = request.carry(&self.agent);
            }
        }
        resume_unwind(Box::new(Dropped));
    }
}

impl Carriage {
    fn writes_contacts(&self) -> bool {
        self.body.as_ref().is_some_and(|body| body.contains(r#""type":"Contact""#))
    }

    fn carry(self, agent: &ureq::Agent) -> Result<Response, Failure> {
        let sent = match self.body {
            None => agent.run(self.request.body(()).unwrap()),
            Some(body) => agent.run(self.request.body(body).unwrap()),
        };
        let mut response = sent.map_err(failure)?;
        let headers = response.headers().iter();
        let headers = headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect();
        let status = response.status().as_u16();
        let body = response.body_mut().with_config().limit(1 << 30).read_to_vec().map_err(failure)?;
        Ok(Response { status, headers, body })
    }
}

/// Runs a piece of work. Returns `None` if the host dropped the connector in the middle of it.
pub(crate) fn unless_dropped<T>(work: impl FnOnce() -> T) -> Option<T> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(done) => Some(done),
        Err(reason) if reason.is::<Dropped>() => None,
        Err(reason) => resume_unwind(reason),
    }
}

impl Host for Native {
    type Started = Started;

    fn send(&self, request: Request<'_>) -> Result<Response, Failure> {
        let started = self.start(request);
        self.finish(started)
    }

    fn start(&self, request: Request<'_>) -> Started {
        let number = self.started.replace(self.started.get() + 1);
        let is_last = self.left.get() == Some(0);
        if is_last && !self.loses_answer.get() {
            self.end();
        }
        let request = self.load(&request);
        if is_last {
            let _ = request.carry(&self.agent);
            self.end();
        }
        self.left.set(self.left.get().map(|left| left - 1));
        let arrives = self.rounds.get() + 1;
        let mut under_way = self.under_way.borrow_mut();
        under_way.insert(number, request);
        let contacts = under_way.values().filter(|request| request.writes_contacts()).count();
        self.most_contacts.set(self.most_contacts.get().max(contacts));
        Started { number, arrives }
    }

    fn finish(&self, started: Started) -> Result<Response, Failure> {
        self.rounds.set(self.rounds.get().max(started.arrives));
        let request = self.under_way.borrow_mut().remove(&started.number);
        request.unwrap().carry(&self.agent)
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
        let mut settings = [
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
        .to_vec();
        settings.extend(WIDTH.get().map(|width| ("requests-in-flight".to_owned(), width.to_string())));
        settings
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
/// several queries by one `composite`. By that the connector also writes, but only more than 200 records, of which a journal
/// doesn't tell: [`Native::written`] does.
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
