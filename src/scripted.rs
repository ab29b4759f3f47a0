//! A host that plays a script: each request is compared with the next expectation and gets its answer. A request that the
//! script does not expect fails the test, and so does an expectation that nobody met.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use crate::host::{Failure, Host, Level, Method, Request, Response};
use crate::model::{Candidate, Intent, Owner, Progress, Settings, Status};
use crate::operations::Session;
use crate::salesforce::client::Client;

/// The placeholder of a secret. There is no value behind it, just as in the component. Requests in scripts have `{name}` there.
pub(crate) fn placeholder(name: &str) -> String {
    let name = name.replace(' ', "");
    assert!(name.len() < 40 && name.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{name}");
    format!("sk0{name:0<40}")
}

/// Puts `{name}` in the place of each placeholder.
fn named(text: &str) -> String {
    let mut named = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("sk0") {
        let (before, from) = rest.split_at(at);
        let Some(placeholder) = from.get(..43).filter(|text| text.bytes().all(|byte| byte.is_ascii_alphanumeric()))
        else {
            break;
        };
        named.push_str(&format!("{before}{{{}}}", placeholder[3..].trim_end_matches('0')));
        rest = &from[43..];
    }
    named + rest
}

/// One exchange of the script.
struct Exchange {
    expected: String,
    answer: Result<(u16, Vec<u8>), Failure>,
}

/// Everything that is shared between the script and its hosts.
#[derive(Default)]
struct State {
    script: RefCell<VecDeque<Exchange>>,
    logged: RefCell<Vec<String>>,
    pauses: RefCell<Vec<Duration>>,
    /// Requests that were started and not finished.
    open: Cell<usize>,
    /// What the clock has beyond whole seconds.
    nanos: Cell<u32>,
    /// Whether rows of answers stay as the script has them.
    as_given: Cell<bool>,
    /// The field `Date` of every answer.
    date: RefCell<Option<String>>,
    ledger: Ledger,
}

/// What the host keeps of single users, and what happened in order.
#[derive(Default)]
struct Ledger {
    owners: RefCell<Vec<(String, Owner)>>,
    /// Subjects that are no longer wanted.
    given_up: RefCell<Vec<String>>,
    /// How many answers `begin` gives at most.
    answers: Cell<Option<usize>>,
    /// The fields of each subject's intent.
    begun: RefCell<Vec<(String, Vec<String>)>>,
    events: RefCell<Vec<String>>,
}

/// The script of a test, and the host that plays it. Clones play the same script.
#[derive(Clone, Default)]
pub(crate) struct Script(Rc<State>);

/// The root of REST requests in scripts.
pub(crate) const ROOT: &str = "https://acme.my.salesforce.com/services/data/v66.0/";

/// The whole seconds of the clock in scripts.
pub(crate) const NOW: u64 = 1_700_000_000;

/// The session id of the first sign-in in scripts.
pub(crate) const SESSION: &str = "00D5e0000012AbC!AQcAQFirst.session";

/// The session id of a renewed sign-in in scripts.
pub(crate) const SECOND_SESSION: &str = "00D5e0000012AbC!AQcAQSecond.session";

impl Script {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Expects a request, written as [`render`] writes it, and answers it.
    pub(crate) fn answer(&self, request: &str, status: u16, body: impl AsRef<[u8]>) -> &Self {
        self.push(request, Ok((status, body.as_ref().to_vec())))
    }

    /// Expects a request and fails it.
    pub(crate) fn fail(&self, request: &str, failure: Failure) -> &Self {
        self.push(request, Err(failure))
    }

    fn push(&self, request: &str, answer: Result<(u16, Vec<u8>), Failure>) -> &Self {
        let expected = request.trim_end().to_owned();
        self.0.script.borrow_mut().push_back(Exchange { expected, answer });
        self
    }

    /// Expects the golden sign-in, and answers it.
    pub(crate) fn sign_in(&self) -> &Self {
        self.answer(golden("login/request.txt").as_str(), 200, golden("login/success.xml"))
    }

    /// Leaves the rows of further answers as they are given. Otherwise, columns that a row leaves out are empty, since Salesforce
    /// gives all that are selected (H).
    pub(crate) fn incomplete(&self) -> &Self {
        self.0.as_given.set(true);
        self
    }

    /// The answer to a query, as [`Script::incomplete`] has it.
    fn page<'a>(&self, soql: &str, status: u16, body: &'a [u8]) -> Cow<'a, [u8]> {
        match str::from_utf8(body) {
            Ok(text) if status == 200 && !self.0.as_given.get() => Cow::Owned(completed(soql, text).into_bytes()),
            _ => Cow::Borrowed(body),
        }
    }

    /// Expects a query by its SOQL.
    pub(crate) fn query(&self, soql: &str, status: u16, body: impl AsRef<[u8]>) -> &Self {
        self.query_as(SESSION, soql, status, body)
    }

    /// Expects a query in a session.
    pub(crate) fn query_as(&self, session: &str, soql: &str, status: u16, body: impl AsRef<[u8]>) -> &Self {
        let body = self.page(soql, status, body.as_ref());
        self.get_as(session, &format!("query?q={}", crate::salesforce::url::encode_query(soql)), status, body)
    }

    /// Expects a call with a JSON body, which may be empty.
    pub(crate) fn rest(&self, method: &str, path: &str, body: &str, status: u16, answer: impl AsRef<[u8]>) -> &Self {
        self.answer(&rest(SESSION, method, path, body), status, answer)
    }

    /// Expects a call with a JSON body, which may be empty, and gives it no answer.
    pub(crate) fn unanswered(&self, method: &str, path: &str, body: &str, failure: Failure) -> &Self {
        self.fail(&rest(SESSION, method, path, body), failure)
    }

    /// Expects a call in a session, without a body.
    pub(crate) fn get_as(&self, session: &str, path: &str, status: u16, answer: impl AsRef<[u8]>) -> &Self {
        self.answer(&rest(session, "GET", path, ""), status, answer)
    }

    /// Expects a composite request of reads, each a query or the path of a resource, and answers each by its status and body.
    pub(crate) fn composite(&self, parts: &[(&str, u16, &str)]) -> &Self {
        let (mut requests, mut answers) = (Vec::new(), Vec::new());
        for (at, (read, status, answer)) in parts.iter().enumerate() {
            let path = match read.starts_with("SELECT ") {
                true => format!("query?q={}", crate::salesforce::url::encode_query(read)),
                false => (*read).to_owned(),
            };
            requests.push(format!(r#"{{"method":"GET","referenceId":"r{at}","url":"/services/data/v66.0/{path}"}}"#));
            let answer = self.page(read, *status, answer.as_bytes());
            let answer = String::from_utf8_lossy(&answer);
            answers.push(format!(
                r#"{{"body":{answer},"httpHeaders":{{}},"httpStatusCode":{status},"referenceId":"r{at}"}}"#
            ));
        }
        let request = format!(r#"{{"allOrNone":false,"compositeRequest":[{}]}}"#, requests.join(","));
        let answer = format!(r#"{{"compositeResponse":[{}]}}"#, answers.join(","));
        self.rest("POST", "composite", &request, 200, answer)
    }

    /// What was logged so far.
    pub(crate) fn logged(&self) -> Vec<String> {
        self.0.logged.borrow().clone()
    }

    /// How long was waited so far, each time for itself.
    pub(crate) fn pauses(&self) -> Vec<Duration> {
        self.0.pauses.borrow().clone()
    }

    /// How many requests were started and not finished.
    pub(crate) fn open(&self) -> usize {
        self.0.open.get()
    }

    /// Sets what the clock has beyond whole seconds.
    pub(crate) fn nanos(&self, nanos: u32) -> &Self {
        self.0.nanos.set(nanos);
        self
    }

    /// Dates all answers from now on.
    pub(crate) fn date(&self, date: &str) -> &Self {
        *self.0.date.borrow_mut() = Some(date.to_owned());
        self
    }

    /// Knows whose user a user is.
    pub(crate) fn owner(&self, id: &str, key: &str, linked: bool, confirmed: bool) -> &Self {
        self.0.ledger.owners.borrow_mut().push((id.to_owned(), Owner { key: key.to_owned(), linked, confirmed }));
        self
    }

    /// Wants nothing any more for a subject.
    pub(crate) fn give_up(&self, subject: &str) -> &Self {
        self.0.ledger.given_up.borrow_mut().push(subject.to_owned());
        self
    }

    /// Answers no more than so many intents.
    pub(crate) fn answer_at_most(&self, answers: usize) -> &Self {
        self.0.ledger.answers.set(Some(answers));
        self
    }

    /// The writes and what the ledger was told since the last look, in order. Positions are told by the fields that stand there.
    pub(crate) fn events(&self) -> Vec<String> {
        self.0.ledger.events.take()
    }

    fn event(&self, event: String) {
        self.0.ledger.events.borrow_mut().push(event);
    }

    fn play(&self, request: &Request<'_>) -> Result<Response, Failure> {
        let sent = render(request);
        if request.url.contains("composite/sobjects") {
            self.event(sent.split([' ', '\n']).next().unwrap_or_default().to_owned());
        }
        let Some(exchange) = self.0.script.borrow_mut().pop_front() else {
            panic!("a request after the end of the script:\n{sent}");
        };
        assert_eq!(sent, exchange.expected, "another request than the script expects");
        exchange.answer.map(|(status, body)| {
            let mut headers = vec![("sforce-limit-info".to_owned(), "api-usage=18/15000".to_owned())];
            headers.extend(self.0.date.borrow().iter().map(|date| ("date".to_owned(), date.clone())));
            Response { status, headers, body }
        })
    }
}

impl Drop for State {
    fn drop(&mut self) {
        let left = self.script.borrow().len();
        // A test that fails already should say why, and not this.
        if !std::thread::panicking() {
            assert_eq!(left, 0, "requests of the script that were never sent");
        }
    }
}

impl Host for Script {
    /// The answer, which is there at once.
    type Started = Result<Response, Failure>;

    fn send(&self, request: Request<'_>) -> Result<Response, Failure> {
        self.play(&request)
    }

    fn start(&self, request: Request<'_>) -> Self::Started {
        self.0.open.set(self.0.open.get() + 1);
        self.play(&request)
    }

    fn finish(&self, started: Self::Started) -> Result<Response, Failure> {
        self.0.open.set(self.0.open.get() - 1);
        started
    }

    fn sign_jwt(&self, key: &str, claims: &str) -> Result<String, String> {
        if key == placeholder("no key") {
            return Err("the secret is no PEM-encoded RSA private key".to_owned());
        }
        self.event(format!("{} signs {claims}", named(key)));
        Ok(placeholder("signed"))
    }

    fn log(&self, level: Level, message: &str, fields: &[(&str, &str)]) {
        self.0.logged.borrow_mut().push(format!("{level:?} {message} {fields:?}"));
    }

    fn now(&self) -> Duration {
        Duration::new(NOW, self.0.nanos.get())
    }

    fn sleep(&self, duration: Duration) {
        self.0.pauses.borrow_mut().push(duration);
    }

    fn owners(&self, ids: &[String]) -> Vec<Option<Owner>> {
        let owners = self.0.ledger.owners.borrow();
        let owner = |id: &String| owners.iter().find(|(user, _)| user == id).map(|(_, owner)| owner.clone());
        ids.iter().map(owner).collect()
    }

    fn undecided(&self, subject: &str, candidates: &[Candidate]) {
        for one in candidates {
            let (status, evidence, objections) = (one.status, one.evidence.join(", "), one.objections.join(", "));
            self.event(format!("undecided {subject}: {} {status:?}, for: {evidence}; against: {objections}", one.id));
        }
    }

    fn out_of_use(&self, subjects: &[(String, Status)]) {
        for (subject, status) in subjects {
            self.event(format!("out of use {subject}: {status:?}"));
        }
    }

    fn begin(&self, intents: Vec<Intent>) -> Vec<bool> {
        let ledger = &self.0.ledger;
        let mut answers = Vec::new();
        for intent in intents {
            let fields: Vec<String> =
                intent.changes.iter().map(|change| format!("{}.{}", change.object, change.field)).collect();
            self.event(format!(
                "begin {} {}: {}",
                intent.subject,
                intent.id.as_deref().unwrap_or("new"),
                fields.join(" ")
            ));
            answers.push(!ledger.given_up.borrow().contains(&intent.subject));
            ledger.begun.borrow_mut().push((intent.subject, fields));
        }
        answers.truncate(ledger.answers.get().unwrap_or(usize::MAX));
        answers
    }

    fn written(&self, progress: &[Progress]) {
        let begun = self.0.ledger.begun.borrow();
        for one in progress {
            let intent = begun.iter().rev().find(|(subject, _)| *subject == one.subject);
            let (_, fields) = intent.unwrap_or_else(|| panic!("{} was never begun", one.subject));
            let written: Vec<&str> = one.written.iter().map(|at| fields[*at as usize].as_str()).collect();
            let id = one.id.as_deref().unwrap_or("new");
            self.event(format!("written {} {id}: {}", one.subject, written.join(" ")));
        }
    }
}

/// A request as text: the request line, the headers, an empty line and the body, with placeholders as `{name}`.
fn render(request: &Request<'_>) -> String {
    let method = match request.method {
        Method::Get => "GET",
        Method::Post => "POST",
        Method::Patch => "PATCH",
        Method::Delete => "DELETE",
    };
    let mut text = format!("{method} {}\n", request.url);
    for (name, value) in &request.headers {
        text.push_str(&format!("{name}: {value}\n"));
    }
    text.push('\n');
    text.push_str(request.body.as_deref().unwrap_or_default());
    let text = named(&text);
    text.trim_end().to_owned()
}

/// A REST request as [`render`] writes it.
fn rest(session: &str, method: &str, path: &str, body: &str) -> String {
    let content_type = if body.is_empty() { "" } else { "content-type: application/json; charset=UTF-8\n" };
    let url =
        if path.starts_with('/') { format!("https://acme.my.salesforce.com{path}") } else { format!("{ROOT}{path}") };
    format!("{method} {url}\nauthorization: Bearer {session}\naccept: application/json\n{content_type}\n{body}")
}

/// A file of the golden folder.
pub(crate) fn golden(path: &str) -> String {
    let full = format!("{}/tests/golden/connector/{path}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&full).unwrap_or_else(|error| panic!("{full}: {error}"))
}

/// Holds a text equal to a file of the golden folder. `GOLDEN=renew cargo test` writes the file anew.
pub(crate) fn hold(path: &str, actual: &str) {
    if std::env::var_os("GOLDEN").is_some_and(|wish| wish == "renew") {
        let full = format!("{}/tests/golden/connector/{path}", env!("CARGO_MANIFEST_DIR"));
        std::fs::write(&full, actual).unwrap_or_else(|error| panic!("{full}: {error}"));
        return;
    }
    let expected = golden(path);
    let (mut old, mut new) = (expected.lines(), actual.lines());
    let mut number = 0;
    loop {
        number += 1;
        let (old, new) = (old.next(), new.next());
        assert_eq!(
            new, old,
            "line {number} is not the one of tests/golden/connector/{path}; where the change is meant, \
             `GOLDEN=renew cargo test -p salesforce-portal-connector` writes the file anew, and the diff shows what it means"
        );
        if old.is_none() {
            return;
        }
    }
}

/// Settings that hold.
pub(crate) fn settings() -> Settings {
    let mut settings: Settings = [
        ("instance-type", "my-domain"),
        ("my-domain", "acme.my.salesforce.com"),
        ("username", "api@acme.example"),
        ("organization-id", "00D5e0000012AbC"),
        ("portal-id", "0605e0000012AbC"),
        ("account-id", "0015e00000AcmeA"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .to_vec();
    settings.push(("password".to_owned(), placeholder("password")));
    settings.push(("security-token".to_owned(), placeholder("token")));
    settings
}

/// A client that has signed in.
pub(crate) fn client(script: &Script) -> Client<Script> {
    script.sign_in();
    let settings = crate::settings::check(settings()).complete().unwrap();
    Client::sign_in(script.clone(), settings.credentials, "66.0").unwrap_or_else(|error| panic!("{error}"))
}

/// A session that has signed in, with some more settings.
pub(crate) fn session_with(script: &Script, more: &[(&str, &str)]) -> Session<Script> {
    script.sign_in();
    let mut settings = settings();
    settings.extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    Session::open(script.clone(), settings).unwrap_or_else(|error| panic!("{error}"))
}

/// A session that has signed in.
pub(crate) fn session(script: &Script) -> Session<Script> {
    session_with(script, &[])
}

/// An answer to a query, with `null` in the columns that its rows leave out. Numbers stay as they are written.
fn completed(soql: &str, body: &str) -> String {
    #[derive(serde::Deserialize)]
    struct Page<'a> {
        #[serde(borrow)]
        records: Vec<&'a serde_json::value::RawValue>,
    }
    let columns = soql.strip_prefix("SELECT ").and_then(|rest| Some(rest.split_once(" FROM ")?.0));
    let columns = columns.filter(|columns| !columns.contains(['(', ' ']));
    let (Some(columns), Ok(page)) = (columns, serde_json::from_str::<Page<'_>>(body)) else { return body.to_owned() };
    let mut whole = body.to_owned();
    for row in page.records {
        let mut text = row.get().to_owned();
        for path in columns.split(',') {
            let is_lacking = crate::salesforce::record::parse(&text).is_some_and(|record| !record.tells(path));
            if !is_lacking {
                continue;
            }
            let (outer, inner) = path.split_once('.').unwrap_or((path, ""));
            let related = format!("\"{outer}\":{{");
            text = match text.contains(&related) {
                true => text.replacen(&related, &format!("{related}\"{inner}\":null,"), 1),
                false => text.replacen('{', &format!("{{\"{outer}\":null,"), 1),
            }
            .replace(",}", "}");
        }
        whole = whole.replacen(row.get(), &text, 1);
    }
    whole
}

/// An answer to a query with these records, as JSON objects.
pub(crate) fn records(records: &[&str]) -> String {
    format!("{{\"totalSize\":{},\"done\":true,\"records\":[{}]}}", records.len(), records.join(","))
}
