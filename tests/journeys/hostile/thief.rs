//! A connector that is built to steal, against a server that helps it: each attack by its name, and none gets anything.

use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use provisioning_conformance::MemoryKeeper;
use provisioning_runtime::{EgressPolicy, Job, JobError, Recorder, Runtime, Secret, Tenant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use wasmtime::MemoryCreator;

use super::attack;
use super::support::port;
use crate::support::journey;

const PASSWORD: &str = "Hunter2 & \"Correct\" <Horse>";
const TOKEN: &str = "T0KEN!of.the-session_4711";
const COOKIE: &str = "C00KIE-of-the-session";
const KEY: &str = include_str!("../../../host-harness/emulator/tests/it/keys/app.key.pem");
/// A line from the middle of the key.
fn of_the_key() -> &'static str {
    KEY.lines().nth(5).unwrap()
}

/// A request as a server got it.
#[derive(Clone, Debug)]
struct Got {
    method: String,
    target: String,
    head: String,
    body: String,
}

/// A server that keeps what it gets and gives it back in whatever form it is asked for.
struct Server {
    url: String,
    got: Arc<Mutex<Vec<Got>>>,
}

impl Server {
    /// `evil` is the host that it names as its own instance where it is asked to.
    async fn start(evil: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let got = Arc::<Mutex<Vec<Got>>>::default();
        let (kept, own, evil) = (Arc::clone(&got), url.clone(), evil.to_owned());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&kept), own.clone(), evil.clone()));
            }
        });
        Self { url, got }
    }

    fn got(&self) -> Vec<Got> {
        self.got.lock().unwrap().clone()
    }
}

async fn serve(mut stream: TcpStream, kept: Arc<Mutex<Vec<Got>>>, own: String, evil: String) {
    let mut received = Vec::new();
    let mut buffer = [0; 8192];
    while let Ok(read @ 1..) = stream.read(&mut buffer).await {
        received.extend_from_slice(&buffer[..read]);
        let text = String::from_utf8_lossy(&received).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
        if body.len() < length.unwrap_or(0) {
            continue;
        }
        let mut line = head.split(' ');
        let got = Got {
            method: line.next().unwrap().to_owned(),
            target: line.next().unwrap().to_owned(),
            head: head.to_owned(),
            body: body.to_owned(),
        };
        let answer = answer(&got, &kept.lock().unwrap(), &own, &evil);
        kept.lock().unwrap().push(got);
        received.clear();
        if stream.write_all(&answer).await.is_err() {
            return;
        }
    }
}

fn answer(got: &Got, before: &[Got], own: &str, evil: &str) -> Vec<u8> {
    // What it was sent at a sign-in, which it was to be sent, it gives to nobody: an approved host that did would be the thief itself.
    let mut others = before.iter().filter(|got| got.target != "/token");
    let last = others.next_back().map(|got| got.body.clone()).unwrap_or_default();
    let sent: serde_json::Value = serde_json::from_str(&got.body).unwrap_or_default();
    let mut coding = "";
    let body = match got.target.as_str() {
        "/token" => match sent["username"].as_str() {
            Some("as-base64") => {
                let password = sent["password"].as_str().unwrap();
                format!(r#"{{"token":"{TOKEN}","other":"{}"}}"#, STANDARD.encode(password))
            }
            Some("at-evil") => format!(r#"{{"token":"{TOKEN}","instance":"{evil}"}}"#),
            Some("twice") => format!(
                r#"{{"copy":"{TOKEN}","token":"{TOKEN}","access_token":"{TOKEN}","in":["x {TOKEN} y"],"instance":"{own}"}}"#
            ),
            Some("broken") => format!(r#"{{"token":"{TOKEN}","refresh_token":"{TOKEN}", broken"#),
            _ => format!(
                r#"{{"token":"{TOKEN}","instance":"{own}","echo":{}}}"#,
                serde_json::to_string(&got.body).unwrap()
            ),
        },
        "/store?as=base64" => STANDARD.encode(last),
        "/deflated" => {
            coding = "content-encoding: deflate\r\n";
            last
        }
        "/api/whoami" => got.head.clone(),
        target => match target.split_once("?of=") {
            Some((_, asked)) => format!("you said {asked}"),
            None => last,
        },
    };
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nset-cookie: sid={COOKIE}\r\nx-echo: {}\r\n{coding}content-length: {}\r\n\r\n",
        got.head.lines().last().unwrap_or_default(),
        body.len()
    );
    [head.into_bytes(), body.into_bytes()].concat()
}

struct World {
    app: Server,
    evil: Server,
    keeper: Arc<MemoryKeeper>,
    runtime: Runtime,
    recording: tempfile::NamedTempFile,
}

impl World {
    async fn start() -> Self {
        let evil = Server::start("").await;
        let app = Server::start(&evil.url).await;
        let keeper = Arc::new(MemoryKeeper::default());
        let recording = tempfile::NamedTempFile::new().unwrap();
        let runtime = Runtime::builder()
            .memory(Arc::clone(&keeper) as Arc<dyn MemoryCreator>)
            .record(Recorder::create(recording.path()).unwrap())
            .build()
            .unwrap();
        Self { app, evil, keeper, runtime, recording }
    }

    async fn job(&self, attack: &str, more: &[(&str, &str)]) -> Job {
        let connector = self.runtime.load(attack!("thief")).unwrap();
        let setting = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let mut tenant = Tenant {
            name: "victim".to_owned(),
            settings: [setting("attack", attack), setting("app", &self.app.url), setting("evil", &self.evil.url)]
                .into(),
            secrets: [("password", PASSWORD), ("key", KEY)]
                .map(|(name, value)| (name.to_owned(), Secret::new(value.to_owned())))
                .into(),
            egress: EgressPolicy {
                allow: Vec::new(),
                loopback: [&self.app.url, &self.evil.url].map(|url| port(url)).to_vec(),
            },
            approval: Some(self.runtime.approve(&connector).await.unwrap()),
            ..Tenant::default()
        };
        tenant.settings.extend(more.iter().map(|(name, value)| setting(name, value)));
        self.runtime.start(&connector, &tenant).await.unwrap()
    }

    /// What an attack has got hold of.
    async fn loot(&self, attack: &str, more: &[(&str, &str)]) -> String {
        let mut job = self.job(attack, more).await;
        match job.open().await.unwrap_err() {
            JobError::Refused(error) => error.message,
            stopped @ JobError::Stopped { .. } => panic!("{attack}: {stopped}"),
        }
    }

    /// Nobody has got a secret who shouldn't: the component, its words, the recording, or a server at another place than the approved.
    fn nothing_is_stolen(&self, attack: &str, loot: &str) {
        let recording = std::fs::read_to_string(self.recording.path()).unwrap();
        for secret in [PASSWORD, TOKEN, COOKIE, of_the_key()] {
            let json = serde_json::to_string(secret).unwrap();
            let form: String = secret.bytes().map(|byte| format!("%{byte:02X}")).collect();
            let hexadecimal: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
            let forms = [
                secret.to_owned(),
                json[1..json.len() - 1].to_owned(),
                STANDARD.encode(secret),
                URL_SAFE_NO_PAD.encode(secret),
                hexadecimal,
                form,
            ];
            for form in &forms {
                assert!(!loot.contains(form), "{attack} got {form}: {loot}");
                assert!(!recording.contains(form), "{attack}: {form} is in the recording");
                assert_eq!(self.keeper.find(form), 0, "{attack}: {form} is in the component's memory");
            }
            for got in self.evil.got() {
                assert!(!format!("{got:?}").contains(secret), "{attack}: another host got {secret}");
            }
            for got in self.app.got().iter().filter(|got| got.target != "/token") {
                let in_its_place =
                    secret == TOKEN && (got.target.starts_with("/api/") || got.target.starts_with("/users/"));
                let whole = format!("{} {} {}", got.target, got.body, if in_its_place { "" } else { &got.head });
                assert!(!whole.contains(secret), "{attack}: {got:?}");
            }
        }
    }
}

/// Each attack, whether it signs in as an honest connector would on the way, and what the loot has to say.
const ATTACKS: [(&str, bool, &[&str]); 23] = [
    ("echo", false, &["Denied", "`password`", "POST", "/store", "`uses`"]),
    ("base64", false, &["Denied", "`password`", "/store"]),
    ("range", true, &["`range` belongs to the host"]),
    ("deflate", true, &["content coding `deflate`"]),
    ("answer-in-base64", true, &["sk0"]),
    ("other-host", false, &["Denied", "none of those that an admin has approved"]),
    ("other-path", false, &["Denied", "`password`"]),
    ("other-method", false, &["Denied", "PUT"]),
    ("contact-field", true, &["Denied", "/note", "`session`"]),
    ("other-header", false, &["Denied", "the header field x-note"]),
    ("jwt-subject", false, &["for the issuer client, the subject root", "Denied", "`key`"]),
    ("jwt-message", false, &["no JSON object"]),
    ("basic", false, &["in the form `basic`"]),
    ("learned-host", true, &["nobody has confirmed"]),
    ("split", true, &["200"]),
    ("escaped", true, &["200"]),
    ("in-the-address", false, &["Denied", "the address"]),
    ("hidden-token", true, &["copy", "sk0"]),
    ("broken-answer", true, &["200", "***"]),
    ("cookie", true, &["`cookie` belongs to the host"]),
    ("twice-in-the-body", false, &["Denied", "stands twice"]),
    ("as-plain-text", false, &["Denied", "content-type"]),
    ("started", false, &["Denied", "`password`", "/store", "none of those that an admin has approved"]),
];

#[test]
fn no_attack_gets_a_secret() {
    journey(async {
        for (attack, signs_in, words) in ATTACKS {
            let world = World::start().await;
            let loot = world.loot(attack, &[]).await;
            for word in words {
                // Placeholders are written as the names of their secrets wherever people read.
                let word = if *word == "sk0" { "{{" } else { word };
                assert!(loot.contains(word), "{attack}: {word} isn't in {loot}");
            }
            assert!(!loot.contains("no such attack"), "{attack}");
            let honest = world.app.got().iter().any(|got| {
                let sent: serde_json::Value = serde_json::from_str(&got.body).unwrap_or_default();
                got.target == "/token" && got.method == "POST" && sent["password"] == PASSWORD
            });
            assert_eq!(honest, signs_in, "{attack}: {:?}", world.app.got());
            world.nothing_is_stolen(attack, &loot);
        }
    });
}

#[test]
fn requests_that_are_started_are_bounded_and_answered_once() {
    journey(async {
        let world = World::start().await;
        let loot = world.loot("many-started", &[]).await;
        let told: Vec<&str> = loot.lines().collect();
        assert_eq!(told.len(), 72, "{loot}");
        for (number, told) in told.iter().enumerate() {
            if number < 64 {
                assert!(told.contains(&format!("you said {number}.")), "{number}: {told}");
            } else {
                assert!(told.contains("has no answer: either it was never started"), "{number}: {told}");
            }
        }
        assert_eq!(world.app.got().len(), 64);
    });
}

#[test]
fn a_password_goes_to_its_own_user_alone() {
    journey(async {
        let world = World::start().await;
        let mut job = world.job("other-user", &[]).await;
        let passwords = [("u1", "first-New-1"), ("u2", "second-New-2")]
            .map(|(id, text)| (id.to_owned(), Secret::new(text.to_owned())));
        let results = job.sync_passwords(&passwords).await.unwrap();
        for (result, (id, _)) in results.iter().zip(&passwords) {
            let said = &result.as_ref().unwrap_err().message;
            let of_another = if id == "u1" { "the password of the user u2" } else { "the password of the user u1" };
            assert!(said.contains(of_another) && said.contains("Denied") && said.contains("its own was set"), "{said}");
            world.nothing_is_stolen("other-user", said);
        }
        let set: Vec<_> = world.app.got().iter().filter(|got| got.target.starts_with("/users/")).cloned().collect();
        let [first, second] = set.as_slice() else { panic!("{set:?}") };
        assert_eq!((first.target.as_str(), first.body.as_str()), ("/users/u1/password", r#"{"new":"first-New-1"}"#));
        assert_eq!((second.target.as_str(), second.body.as_str()), ("/users/u2/password", r#"{"new":"second-New-2"}"#));
        assert!(first.head.contains(&format!("authorization: Bearer {TOKEN}")), "{}", first.head);
        for (_, password) in &passwords {
            assert_eq!(world.keeper.find(password.expose()), 0);
        }
    });
}

#[test]
fn masking_says_nothing_of_secrets_that_a_request_does_not_carry() {
    journey(async {
        // The right guess and a wrong one come back alike, as they were sent.
        for guess in ["Hunter2", "T0KEN", "wrong"] {
            let world = World::start().await;
            let loot = world.loot("oracle", &[("guess", guess)]).await;
            assert!(loot.contains(&format!("you said {guess}")), "{loot}");
        }
        let world = World::start().await;
        let loot = world.loot("oracle", &[("guess", &STANDARD.encode(PASSWORD))]).await;
        assert!(loot.contains(&format!("you said {}", STANDARD.encode(PASSWORD))), "{loot}");
    });
}
