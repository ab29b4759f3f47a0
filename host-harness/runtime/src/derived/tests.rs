use std::collections::BTreeMap;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};

use tokio::sync::Semaphore;

use super::*;
use crate::access::{
    Access, Approval, Declaration, HostEntry, HostSource, JwtBounds, Place, Put, SecretForm, SecretUse,
};
use crate::clients::Clients;
use crate::egress::EgressPolicy;
use crate::limits::Limits;
use crate::metrics::Metrics;
use crate::placeholders::Placeholders;
use crate::room::Room;
use crate::spent::RequestLog;

const KEY: &str = include_str!("../../../emulator/tests/it/keys/app.key.pem");

fn gate() -> (Gate, String, String) {
    let put = |secret: &str, form, place| Put { secret: secret.to_owned(), form, place };
    let bounds = JwtBounds {
        issuer: "{client}".to_owned(),
        subject: "api".to_owned(),
        audience: "{host}".to_owned(),
        lifetime: 180,
    };
    let declaration = Declaration {
        application: "Example".to_owned(),
        hosts: vec![HostEntry {
            name: "login".to_owned(),
            source: HostSource::Exact("login.example.com".to_owned()),
            when: None,
        }],
        uses: vec![SecretUse {
            name: "sign-in".to_owned(),
            hosts: vec!["login".to_owned()],
            methods: vec!["POST".to_owned()],
            path: "/token".to_owned(),
            puts: vec![
                put("key", SecretForm::Jwt(bounds), Place::Form("assertion".to_owned())),
                put("password", SecretForm::Basic, Place::Header("authorization".to_owned(), "Basic ".to_owned())),
            ],
            takes: Vec::new(),
            learns: None,
        }],
    };
    let approval = Approval { component_sha256: String::new(), declaration: Arc::new(declaration) };
    let settings = BTreeMap::from([("client".to_owned(), "c1".to_owned())]);
    let names = vec!["key".to_owned(), "password".to_owned()];
    let mut placeholders = Placeholders::default();
    let mut mint = |name: &str, value: &str| {
        placeholders.mint(name, &Secret::new(value.to_owned()), Kind::Setting, 9).ok().unwrap()
    };
    let (key, password) = (mint("key", KEY), mint("password", "p:w"));
    let tenant: Arc<str> = "acme".into();
    let gate = Gate {
        permit: None,
        tenant: Arc::clone(&tenant),
        client: Clients::new(Vec::new(), 1, 1).unwrap().of(&tenant),
        metrics: Metrics::default(),
        tape: None,
        replay: None,
        access: Mutex::new(Access::new(Some(&approval), &settings, names, EgressPolicy::default())),
        placeholders: Mutex::new(placeholders),
        limits: Limits { handles: 6, ..Limits::default() },
        meter: crate::meter::Meter::new(std::time::Duration::from_secs(10)),
        own_turn: Arc::new(Semaphore::new(1)),
        apart_turns: crate::apart::turns(),
        answers: Room::new(1 << 20).share(1 << 20),
        bodies: Room::new(1 << 20).share(1 << 20),
        turns: Semaphore::new(1),
        sent: AtomicU64::new(0),
        received_bytes: AtomicU64::new(0),
        log: RequestLog::default(),
    };
    (gate, key, password)
}

fn value(gate: &Gate, placeholder: &str) -> String {
    gate.placeholders().get(placeholder).unwrap().value.expose().to_owned()
}

fn claims(subject: &str) -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    format!(r#"{{"iss":"c1","sub":"{subject}","aud":"https://login.example.com","exp":{}}}"#, now + 100)
}

#[test]
fn a_basic_credential_is_base64_of_username_and_secret() {
    let (gate, key, password) = gate();
    let placeholder = gate.basic("ada", &password).unwrap();
    assert_eq!(value(&gate, &placeholder), STANDARD.encode("ada:p:w"));
    assert!(gate.basic("a:b", &password).unwrap_err().contains("colon"));
    assert!(gate.basic("ada", &key).unwrap_err().contains("`key` in the form `basic`"));
    assert!(gate.basic("ada", "sk0").unwrap_err().contains("no placeholder"));
    assert!(gate.basic("ada", &placeholder).unwrap_err().contains("no placeholder"), "not of what was derived");
}

#[test]
fn a_token_is_signed_for_whom_it_was_approved() {
    let (gate, key, password) = gate();
    let token = value(&gate, &gate.sign_jwt(&key, Some("k1"), &claims("api")).unwrap());
    let parts: Vec<&str> = token.split('.').collect();
    let part = |at: usize| URL_SAFE_NO_PAD.decode(parts[at]).unwrap();
    assert_eq!(part(0), br#"{"alg":"RS256","kid":"k1"}"#);
    let signed: Value = serde_json::from_slice(&part(1)).unwrap();
    assert_eq!((signed["sub"].as_str(), signed["iss"].as_str()), (Some("api"), Some("c1")));
    let signature = Secret::new(KEY.to_owned()).sign_rs256(format!("{}.{}", parts[0], parts[1]).as_bytes()).unwrap();
    assert_eq!(part(2), signature);

    for (claims, reason) in [
        (claims("root"), "the subject root"),
        ("no json".to_owned(), "no JSON object"),
        ("[]".to_owned(), "no JSON object"),
        (r#"{"iss":"c1","sub":"api","aud":"https://login.example.com"}"#.to_owned(), "`exp`"),
        (r#"{"iss":"c1","sub":"api","aud":["https://login.example.com"],"exp":1}"#.to_owned(), "`aud`"),
    ] {
        assert!(gate.sign_jwt(&key, None, &claims).unwrap_err().contains(reason), "{claims}");
    }
    assert!(gate.sign_jwt(&password, None, &claims("api")).is_err());
}

#[test]
fn there_are_no_more_than_the_job_may_hold() {
    let (gate, _, password) = gate();
    let made = (0..10).filter(|_| gate.basic("ada", &password).is_ok()).count();
    assert_eq!(made, 4, "beside the two settings");
}
