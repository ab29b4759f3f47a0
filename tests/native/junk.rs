//! Answers that Salesforce never documents: cut, of the wrong type, pages of HTML, empty, with huge numbers and unknown codes.
//! Whatever comes, every operation ends with an error, and none with a panic or an endless loop.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use salesforce_portal_connector::host::{Failure, Host, Level, Request, Response};
use salesforce_portal_connector::model::{Deactivation, Error, ImportQuery, ImportScope, PushMode, Settings, Verdict};
use salesforce_portal_connector::operations::{Session, test_credentials};

use crate::support::{Native, Org, WIDTHS, person, secret};

/// Answers to each operation.
const ANSWERS: u64 = 10_000;

const SIGN_IN: &str = r#"<?xml version="1.0"?><e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body><loginResponse><result><passwordExpired>false</passwordExpired><serverUrl>https://acme.my.salesforce.com/services/Soap/u/64.0/00D5e0000012AbC</serverUrl><sessionId>00D5e0000012AbC!x</sessionId><userId>0055e000001AdmNAAS</userId><userInfo><organizationId>00D5e0000012AbCEAU</organizationId><userTimeZone>GMT</userTimeZone><userLocale>en_US</userLocale><userLanguage>en_US</userLanguage></userInfo></result></loginResponse></e:Body></e:Envelope>"#;

/// What Salesforce does answer, for a part of the junk to look like it.
const SOUND: [&str; 5] = [
    r#"{"totalSize":1,"done":true,"records":[{"attributes":{"type":"User"},"Id":"0055e000001UsrAAAS","Username":"a@b.example","IsActive":true,"UserType":"CspLitePortal","ContactId":null}]}"#,
    r#"{"compositeResponse":[{"body":{"totalSize":0,"done":true,"records":[]},"httpHeaders":{},"httpStatusCode":200,"referenceId":"r0"},{"body":[{"errorCode":"NOT_FOUND","message":"x"}],"httpHeaders":{},"httpStatusCode":404,"referenceId":"r1"}]}"#,
    r#"[{"id":"0055e000001UsrAAAS","success":true,"errors":[]},{"success":false,"errors":[{"statusCode":"UNABLE_TO_LOCK_ROW","message":"locked","fields":[]}]}]"#,
    r#"{"fields":[{"name":"Username","type":"string","length":80,"picklistValues":[{"active":true,"value":"x"}]}]}"#,
    r#"[{"message":"Session expired or invalid","errorCode":"INVALID_SESSION_ID"}]"#,
];

/// Marsaglia's xorshift: the same numbers for the same seed.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).unwrap()
    }

    fn pick<'a, T: ?Sized>(&mut self, choices: &[&'a T]) -> &'a T {
        choices[self.below(choices.len())]
    }

    /// An answer that is none.
    fn junk(&mut self) -> Result<(u16, Vec<u8>), Failure> {
        let statuses = [200, 200, 201, 204, 300, 302, 400, 401, 403, 404, 409, 410, 414, 420, 429, 500, 502, 503];
        let status = statuses[self.below(statuses.len())];
        let body = match self.below(9) {
            0 => Vec::new(),
            1 => b"<!DOCTYPE html><html><head><title>We are down for maintenance.</title></head><body><h1>".to_vec(),
            2 => (0..self.below(400)).map(|_| self.next().to_le_bytes()[0]).collect(),
            3 => {
                let sound = self.pick(&SOUND);
                sound.as_bytes()[..self.below(sound.len())].to_vec()
            }
            4 => self
                .pick(&[
                    "null",
                    "0",
                    "true",
                    "\"\"",
                    "[]",
                    "{}",
                    "[[]]",
                    "[null]",
                    r#"{"done":"yes","records":{}}"#,
                    r#"{"done":true,"records":5}"#,
                    r#"{"done":true,"records":[7]}"#,
                    r#"{"compositeResponse":{}}"#,
                    r#"{"compositeResponse":[1,2,3,4,5]}"#,
                    r#"[{"success":"yes","id":7}]"#,
                    r#"{"fields":{}}"#,
                    r#"{"error":[],"error_description":{}}"#,
                ])
                .as_bytes()
                .to_vec(),
            5 => self
                .pick(&[
                    r#"{"totalSize":1e999,"done":true,"records":[]}"#,
                    r#"{"compositeResponse":[{"httpStatusCode":99999999999999999999,"body":{}}]}"#,
                    r#"[{"id":123456789012345678901234567890,"success":1e30}]"#,
                ])
                .as_bytes()
                .to_vec(),
            6 => {
                format!(r#"[{{"errorCode":"CODE_{}","message":"words {}","fields":[]}}]"#, self.below(999), self.next())
                    .into_bytes()
            }
            7 => format!("{}1{}", "[".repeat(self.below(5_000)), "]".repeat(self.below(5_000))).into_bytes(),
            _ => {
                let failures = [
                    Failure::TimedOut,
                    Failure::Cancelled,
                    Failure::TooLarge(9),
                    Failure::Unreachable("cut".to_owned()),
                    Failure::Tls("none".to_owned()),
                    Failure::Other("odd".to_owned()),
                ];
                return Err(failures[self.below(failures.len())].clone());
            }
        };
        Ok((status, body))
    }
}

/// A host whose Salesforce signs in and answers junk from then on.
#[derive(Clone)]
struct Junk {
    random: Rc<RefCell<Random>>,
    answers: Rc<Cell<u64>>,
    sign_in: bool,
}

impl Host for Junk {
    /// The answer, which is there at once.
    type Started = Result<Response, Failure>;

    fn send(&self, request: Request<'_>) -> Result<Response, Failure> {
        if self.sign_in && request.url.contains("/services/Soap/") {
            return Ok(Response { status: 200, headers: Vec::new(), body: SIGN_IN.as_bytes().to_vec() });
        }
        self.answers.set(self.answers.get() + 1);
        let mut random = self.random.borrow_mut();
        let limits = ["api-usage=1/100000", "api-usage=99999999999999999999/1", "api-usage=x", ""];
        let headers = vec![
            ("sforce-limit-info".to_owned(), random.pick(&limits).to_owned()),
            ("date".to_owned(), "junk".to_owned()),
        ];
        random.junk().map(|(status, body)| Response { status, headers, body })
    }

    fn start(&self, request: Request<'_>) -> Self::Started {
        self.send(request)
    }

    fn finish(&self, started: Self::Started) -> Result<Response, Failure> {
        started
    }

    fn sign_jwt(&self, _: &str, _: &str) -> Result<String, String> {
        Err("no key".to_owned())
    }

    fn log(&self, _: Level, _: &str, _: &[(&str, &str)]) {}

    fn now(&self) -> Duration {
        Duration::from_secs(1_700_000_000)
    }

    fn sleep(&self, _: Duration) {}
}

fn settings(width: usize) -> Settings {
    let mut settings = [
        ("instance-type", "my-domain"),
        ("my-domain", "acme.my.salesforce.com"),
        ("username", "api@acme.example"),
        ("organization-id", "00D5e0000012AbC"),
        ("portal-id", "0605e0000012AbC"),
        ("account-id", "0015e00000AcmeA"),
        ("api-reserve", "0"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .to_vec();
    settings.push(("password".to_owned(), secret("x")));
    settings.push(("requests-in-flight".to_owned(), width.to_string()));
    settings
}

/// Runs an operation until it has met all its answers, with one request at a time and with several. It says whether all that it
/// returned was errors.
fn feed(seed: u64, operation: impl Fn(&Session<Junk>) -> bool) {
    let answers = Rc::<Cell<u64>>::default();
    let random = Rc::new(RefCell::new(Random(seed)));
    let host = Junk { random, answers: Rc::clone(&answers), sign_in: true };
    let mut widths = WIDTHS.iter().cycle();
    while answers.get() < ANSWERS {
        let before = answers.get();
        let session = Session::open(host.clone(), settings(*widths.next().unwrap())).unwrap();
        assert!(operation(&session), "after {before} answers");
        let met = answers.get() - before;
        assert!((1..200).contains(&met), "{met} answers in one call");
    }
}

fn user() -> Vec<String> {
    vec!["0055e000001UsrA".to_owned()]
}

fn import(scope: ImportScope, grants: bool) -> ImportQuery {
    ImportQuery { scope, page_size: 100, attributes: Vec::new(), grants }
}

#[test]
fn signing_in_survives_any_answer() {
    let answers = Rc::<Cell<u64>>::default();
    let host = Junk { random: Rc::new(RefCell::new(Random(1))), answers: Rc::clone(&answers), sign_in: false };
    while answers.get() < ANSWERS {
        let before = answers.get();
        let error = Session::open(host.clone(), settings(8)).map(|_| ()).unwrap_err();
        assert_eq!(answers.get(), before + 1, "one answer to one sign-in");
        assert!(!error.message.is_empty() && !error.message.contains("hunter2"), "{error:?}");
    }
}

#[test]
fn the_probes_survive_any_answer() {
    let answers = Rc::<Cell<u64>>::default();
    let host = Junk { random: Rc::new(RefCell::new(Random(2))), answers: Rc::clone(&answers), sign_in: true };
    while answers.get() < ANSWERS {
        let before = answers.get();
        let probes = test_credentials(host.clone(), settings(8));
        assert!(answers.get() > before, "no answer was met");
        assert!(probes.len() == 17 && probes.iter().any(|probe| probe.verdict == Verdict::Failed), "{probes:?}");
    }
}

#[test]
fn lists_survive_any_answer() {
    feed(3, |session| session.list_attributes().is_err());
    for (seed, kind) in
        (4..).zip(["profile", "role", "permission-set", "permission-set-group", "feature-license", "public-group"])
    {
        feed(seed, |session| session.list_entitlements(kind, None).is_err());
    }
}

#[test]
fn imports_survive_any_answer() {
    feed(10, |session| session.import_users(&import(ImportScope::Full, false)).is_err());
    feed(11, |session| session.import_users(&import(ImportScope::Full, true)).is_err());
    feed(12, |session| session.import_users(&import(ImportScope::Since("3.since.15.5".to_owned()), false)).is_err());
    feed(13, |session| {
        session.import_users(&import(ImportScope::Resume("3.full.15.5.0055e000001UsrA--1".to_owned()), false)).is_err()
    });
}

#[test]
fn pushes_survive_any_answer() {
    let people = [person("Ada", "00e5e000001PrtA")];
    for (seed, mode) in [(20, PushMode::Plan), (21, PushMode::Apply)] {
        feed(seed, |session| match session.push_users(&people, &mode) {
            Ok(results) => results.iter().all(Result::is_err),
            Err(_) => true,
        });
    }
}

#[test]
fn lifecycle_and_passwords_survive_any_answer() {
    let ways = [Deactivation::Deactivate, Deactivation::Freeze, Deactivation::DeactivateOrFreeze, Deactivation::Unlink];
    for (seed, how) in (30..).zip(ways) {
        feed(seed, |session| match session.deactivate_users(&user(), how, &PushMode::Apply) {
            Ok(results) => results.iter().all(Result::is_err),
            Err(_) => true,
        });
    }
    feed(40, |session| match session.reactivate_users(&user(), &PushMode::Apply) {
        Ok(results) => results.iter().all(Result::is_err),
        Err(_) => true,
    });
    feed(41, |session| {
        let passwords = [(user()[0].clone(), secret("Aa1!aaaa"))];
        // A bare 204 is all that Salesforce says of a password that it took, so the answers may well say that.
        session.sync_passwords(&passwords).map_or(true, |results| results.len() == 1)
    });
}

/// A host whose org is sound up to some answer, and spoils that one.
#[derive(Clone)]
struct Spoiling {
    inner: Native,
    left: Rc<Cell<u64>>,
    random: Rc<RefCell<Random>>,
}

impl Host for Spoiling {
    /// The answer, which is there at once.
    type Started = Result<Response, Failure>;

    fn send(&self, request: Request<'_>) -> Result<Response, Failure> {
        let mut response = self.inner.send(request)?;
        let left = self.left.get();
        self.left.set(left.wrapping_sub(1));
        if left == 0 {
            let mut random = self.random.borrow_mut();
            match random.below(3) {
                0 => response.body.truncate(random.below(response.body.len() + 1)),
                1 if !response.body.is_empty() => {
                    let at = random.below(response.body.len());
                    response.body[at] = random.next().to_le_bytes()[0];
                }
                _ => (response.status, response.body) = random.junk()?,
            }
        }
        Ok(response)
    }

    fn start(&self, request: Request<'_>) -> Self::Started {
        self.send(request)
    }

    fn finish(&self, started: Self::Started) -> Result<Response, Failure> {
        started
    }

    fn sign_jwt(&self, key: &str, claims: &str) -> Result<String, String> {
        self.inner.sign_jwt(key, claims)
    }

    fn log(&self, _: Level, _: &str, _: &[(&str, &str)]) {}

    fn now(&self) -> Duration {
        self.inner.now()
    }

    fn sleep(&self, _: Duration) {}
}

/// How often an operation that met a spoilt answer succeeded all the same, and failed.
#[derive(Default)]
struct Ends {
    done: u32,
    failed: u32,
}

impl Ends {
    /// Counts one end, which says something if it is an error.
    fn note<T>(&mut self, case: &str, result: Result<T, Error>) -> Option<T> {
        match result {
            Ok(done) => {
                self.done += 1;
                Some(done)
            }
            Err(error) => {
                self.failed += 1;
                // Whatever the answer says is told of as refused, as unreadable, or by a kind of its own with a remedy.
                assert!(!error.message.is_empty(), "{case}");
                let words = ["cut off", "garbled", "refused", "no answer", "Salesforce answered", "did not answer"];
                let is_told = words.iter().any(|words| error.message.contains(words));
                assert!(is_told || error.remedy.is_some() || error.upstream.is_some(), "{case}: {error:?}");
                None
            }
        }
    }
}

#[test]
fn one_spoilt_answer_anywhere_never_panics_and_every_operation_ends_as_it_is_or_with_an_error() {
    let org = Org::start(60, 45);
    let profile = org.id("Profile", "Name = 'Customer Community User'");
    org.emulator.set_licence_seats("Customer Community", 1_000).unwrap();
    let roles = org.session().list_entitlements("role", None).unwrap().entitlements.len();
    let whole = |scope: ImportScope| ImportQuery { page_size: 2_000, ..import(scope, true) };
    let (full, changes) = (whole(ImportScope::Full), whole(ImportScope::Since("3.since.15.1700000000".to_owned())));
    let random = Rc::new(RefCell::new(Random(46)));
    let mut ends: [Ends; 4] = Default::default();
    for round in 0..150 {
        let left = Rc::new(Cell::new(u64::MAX));
        let host = Spoiling { inner: Native::new(), left: Rc::clone(&left), random: Rc::clone(&random) };
        left.set(round % 9);
        let width = WIDTHS[usize::try_from(round).unwrap() / 9 % WIDTHS.len()];
        let settings = org.settings_with(&[("requests-in-flight", &width.to_string())]);
        let Some(session) = ends[0].note("sign-in", Session::open(host.clone(), settings)) else { continue };
        let people = [person(&format!("Round{round}"), &profile), person("Ada", &profile)];
        if let Ok(results) = session.push_users(&people, &PushMode::Apply) {
            assert_eq!(results.len(), 2);
            for (person, result) in people.iter().zip(results) {
                let done = ends[1].note("push", result);
                let users = org.count(&format!("User WHERE Username = '{}'", person.username));
                assert!(users == 1 || done.is_none() && users == 0, "round {round}: {users} users, {done:?}");
            }
        }
        let portal_users = org.count("User WHERE ContactId != null");
        left.set(round % 4);
        if let Some(page) = ends[2].note("import", session.import_users(&full)) {
            assert_eq!(page.users.len(), portal_users, "round {round}");
            assert!(page.next.is_none() && page.watermark.is_some(), "round {round}");
        }
        left.set(round % 3);
        if let Some(page) = ends[2].note("increment", session.import_users(&changes)) {
            assert!(page.users.len() + page.departed.len() <= portal_users, "round {round}");
        }
        left.set(round % 2);
        if let Some(page) = ends[3].note("roles", session.list_entitlements("role", None)) {
            assert!((roles - 1..=roles).contains(&page.entitlements.len()), "round {round}");
        }
        left.set(round % 4);
        let probes = test_credentials(host, org.settings());
        assert_eq!(probes.len(), 17, "round {round}");
        for probe in probes {
            // One that passed may warn.
            let is_failed = probe.verdict == Verdict::Failed;
            assert!(
                probe.remedy.is_some() == is_failed || probe.verdict == Verdict::Passed,
                "round {round}: {probe:?}"
            );
        }
    }
    for (what, ends) in ["sign-ins", "pushes", "imports", "lists"].iter().zip(&ends) {
        assert!(ends.done > 20 && ends.failed > 5, "{what}: {} done and {} failed", ends.done, ends.failed);
    }
}
