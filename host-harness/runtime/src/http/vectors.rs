//! Plays `wit/placement-vectors.json`, as the hosts in Python and Node do: three hosts agree on what leaves and on what a guest sees.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::*;
use crate::access::{Approval, Declaration, NEW_PASSWORD};
use crate::apart;
use crate::clients::Clients;
use crate::egress::EgressPolicy;
use crate::placeholders::Kind;
use crate::room::Room;
use crate::secrets::Secret;

#[derive(Deserialize)]
struct Vectors {
    settings: BTreeMap<String, String>,
    secrets: BTreeMap<String, String>,
    declaration: Declaration,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Case {
    name: String,
    request: Message,
    leaves: Option<Message>,
    denied: Option<Vec<String>>,
    answer: Option<Message>,
    reaches: Option<Message>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Message {
    method: String,
    url: String,
    status: u16,
    headers: Option<Vec<(String, String)>>,
    body: Option<String>,
}

/// What a job of the vectors' tenant sends with, and its placeholders by the names of their secrets.
fn gate(vectors: &Vectors) -> (Arc<Gate>, BTreeMap<String, String>) {
    let plain = |name: &&String| !name.contains(':');
    let approval = Approval { component_sha256: String::new(), declaration: Arc::new(vectors.declaration.clone()) };
    let egress = EgressPolicy { loopback: vec![8081], ..EgressPolicy::this_machine(&vectors.settings["app"]) };
    let egress = EgressPolicy { loopback: [egress.loopback, vec![8080]].concat(), ..egress };
    let secrets = vectors.secrets.keys().filter(plain).cloned().collect();
    let access = Access::new(Some(&approval), &vectors.settings, secrets, egress);
    let mut placeholders = Placeholders::default();
    let mut given = BTreeMap::new();
    for (name, value) in &vectors.secrets {
        let secret = Secret::new(value.clone());
        let minted = match name.split_once(':') {
            Some((_, id)) => placeholders.mint(NEW_PASSWORD, &secret, Kind::NewPassword(id.to_owned()), 99),
            None => placeholders.mint(name, &secret, Kind::Setting, 99),
        };
        given.insert(name.clone(), minted.ok().unwrap());
    }
    let tenant: Arc<str> = "vectors".into();
    let (limits, room) = (Limits::default(), Room::new(64 << 20));
    let gate = Gate {
        client: Clients::new(Vec::new(), 1, 1).unwrap().of(&tenant),
        tenant,
        metrics: Metrics::default(),
        tape: None,
        replay: None,
        access: Mutex::new(access),
        placeholders: Mutex::new(placeholders),
        meter: Meter::new(limits.compute),
        own_turn: Arc::new(Semaphore::new(1)),
        apart_turns: apart::turns(),
        answers: room.share(limits.answers),
        bodies: room.share(limits.transfer),
        turns: Semaphore::new(1),
        permit: None,
        sent: AtomicU64::new(0),
        received_bytes: AtomicU64::new(0),
        log: RequestLog::default(),
        limits,
    };
    (Arc::new(gate), given)
}

/// A text with placeholders in the place of `{{name}}`.
fn put(text: &str, given: &BTreeMap<String, String>) -> String {
    given
        .iter()
        .fold(text.to_owned(), |text, (name, placeholder)| text.replace(&format!("{{{{{name}}}}}"), placeholder))
}

fn same(found: &[u8], wanted: &str, case: &str) {
    let found = str::from_utf8(found).unwrap();
    match (serde_json::from_str::<serde_json::Value>(found), serde_json::from_str::<serde_json::Value>(wanted)) {
        (Ok(found), Ok(wanted)) => assert_eq!(found, wanted, "{case}"),
        _ => assert_eq!(found, wanted, "{case}"),
    }
}

fn method_of(name: &str) -> Method {
    match name {
        "GET" => Method::Get,
        "POST" => Method::Post,
        "PATCH" => Method::Patch,
        "PUT" => Method::Put,
        other => panic!("the vectors have the method {other}"),
    }
}

#[test]
fn requests_leave_and_answers_arrive_as_the_vectors_say() {
    let vectors: Vectors = serde_json::from_str(include_str!("../../wit/placement-vectors.json")).unwrap();
    assert!(vectors.cases.len() >= 19);
    for case in &vectors.cases {
        let (gate, given) = gate(&vectors);
        let headers = case.request.headers.iter().flatten();
        let request = Request {
            method: method_of(&case.request.method),
            url: put(&case.request.url, &given),
            headers: headers.map(|(name, value)| (name.clone(), put(value, &given))).collect(),
            body: case.request.body.as_deref().map(|body| put(body, &given).into_bytes()),
        };
        let prepared = match (gate.checked(request), &case.denied) {
            (Ok(prepared), None) => prepared,
            (Err(Failure::Denied(said)), Some(words)) => {
                assert!(words.iter().all(|word| said.contains(word)), "{}: {said}", case.name);
                continue;
            }
            (Ok(_), Some(_)) => panic!("{}: it was sent", case.name),
            (Err(failure), _) => panic!("{}: {failure:?}", case.name),
        };
        let leaves = case.leaves.as_ref().unwrap();
        for (name, value) in leaves.headers.iter().flatten() {
            assert_eq!(prepared.headers[name.as_str()], value.as_str(), "{}", case.name);
        }
        if let Some(body) = &leaves.body {
            same(prepared.body.as_ref().unwrap().as_ref(), body, &case.name);
        }
        let (Some(answer), Some(reaches)) = (&case.answer, &case.reaches) else { continue };
        let headers = answer.headers.iter().flatten();
        let answer = Response {
            status: answer.status,
            headers: headers.map(|(name, value)| (name.to_lowercase(), value.clone())).collect(),
            body: answer.body.clone().unwrap_or_default().into_bytes(),
        };
        let seen = gate.received(answer, "app", prepared.secret_use.as_ref(), &prepared.found).unwrap();
        assert_eq!(Some(&seen.headers), reaches.headers.as_ref(), "{}", case.name);
        let named = gate.placeholders().named(&seen.body).into_owned();
        same(&named, reaches.body.as_deref().unwrap(), &case.name);
    }
}
