use std::time::Duration;

use super::tape::Tape;
use super::*;
use crate::Secret;
use crate::bindings::identity::provisioning::http::{Failure, Response};
use crate::http::Shown;
use crate::placeholders::{Kind, Placeholders};
use crate::placement::{Found, Spot};
use crate::secrets::Masks;

fn request(method: &str, url: &str, body: Option<&[u8]>) -> Shown {
    Shown {
        method: method.to_owned(),
        url: url.to_owned(),
        headers: vec![("authorization".to_owned(), "Bearer 00D!session".to_owned())],
        body: body.map(<[u8]>::to_vec),
    }
}

fn response(body: &[u8]) -> Result<Response, Failure> {
    let headers = vec![("set-cookie".to_owned(), "sid=00D!cookie".to_owned())];
    Ok(Response { status: 200, headers, body: body.to_vec() })
}

fn masks(secret: &str) -> Masks {
    let mut masks = Masks::default();
    masks.add(&Secret::new(secret.to_owned()), "{{password}}");
    masks
}

/// Notes a request that carried no secret.
fn note(tape: &Tape, request: Shown, outcome: &Result<Response, Failure>, duration: Duration) {
    tape.note(request, &[], outcome, duration, &Placeholders::default());
}

#[test]
fn what_was_recorded_is_replayed_once_and_anything_else_fails() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("recording.jsonl");
    let recorder = Recorder::create(&path).unwrap();
    let tape = recorder.tape("acme", "job-1", &Masks::default());
    let get = || request("GET", "https://a.example/x?q=1", None);
    note(&tape, get(), &response(b"first"), Duration::from_millis(7));
    note(&tape, get(), &response(&[0xff, 0]), Duration::ZERO);
    note(&tape, request("POST", "https://a.example/x", Some(b"{}")), &Err(Failure::TooLarge(9)), Duration::ZERO);
    assert_eq!(std::fs::metadata(&path).unwrap().len(), 0, "lines are written when the job ends");
    drop(tape);

    let replay = Replay::read(&path).unwrap();
    let body = |request: Shown| replay.answer(&request).map(|response| response.body);
    let unexpected = body(request("GET", "https://a.example/y", None)).unwrap_err();
    assert!(matches!(&unexpected, Failure::Other(text) if text.contains("GET https://a.example/y")), "{unexpected:?}");
    assert!(body(request("POST", "https://a.example/x", Some(b"{ }"))).is_err());
    assert_eq!(body(get()).unwrap(), b"first");
    assert_eq!(body(get()).unwrap(), [0xff, 0]);
    assert!(body(get()).is_err(), "each line answers once");
    assert_eq!(replay.left(), 1);
    assert!(matches!(body(request("POST", "https://a.example/x", Some(b"{}"))), Err(Failure::TooLarge(9))));
    assert_eq!(replay.left(), 0);
}

#[test]
fn no_credential_is_written_also_not_one_that_is_known_only_later() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("recording.jsonl");
    let recorder = Recorder::create(&path).unwrap();
    let tape = recorder.tape("acme", "job-1", &masks("the-tenants-secret"));
    let mut sign_in = request("POST", "https://a.example/login", Some(b"password={{password}}"));
    sign_in.headers.clear();
    note(&tape, sign_in, &response(b"unnamed token: 00D!session, the-tenants-secret"), Duration::ZERO);
    let mut placeholders = Placeholders::default();
    let session = Secret::new("00D!session".to_owned());
    let placeholder = placeholders.mint_taken("session", &session, 9).ok().unwrap();
    let password = Secret::new("new-pass".to_owned());
    let password = placeholders.mint("new-password", &password, Kind::NewPassword("u".to_owned()), 9).ok().unwrap();
    let (_, held) = placeholders.find(password.as_bytes()).remove(0);
    for (body, answer) in [
        ("a", "{\"access_token\":\"tok-1\",\"id\":1}".to_owned()),
        ("b", "{\"access_token\": \"tok-2\"}".to_owned()),
        ("c", "<sessionId>tok-3</sessionId><n:sessionId>tok-4</n:sessionId>".to_owned()),
        ("grant_type=x&assertion=tok-5&client_secret=tok-6", "ok".to_owned()),
        ("the password that is set: new-pass", format!("00D!session again, or {placeholder}")),
    ] {
        let mut request = request("POST", "https://a.example/x?access_token=tok-7", Some(body.as_bytes()));
        request.headers = vec![("authorization".to_owned(), "Bearer {{session}}".to_owned())];
        let found = [Found { held: std::sync::Arc::clone(&held), spot: Spot::Never("here") }];
        tape.note(request, &found, &response(answer.as_bytes()), Duration::ZERO, &placeholders);
    }
    drop(tape);
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(text.lines().count(), 6);
    for secret in ["the-tenants-secret", "00D!", "tok-", "new-pass\"", "new-pass ", &placeholder] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
    for named in [
        "access_token=***",
        "\"id\\\":1",
        "Bearer {{session}}",
        "{{session}} again, or {{session}}",
        "{{new-password}}",
    ] {
        assert!(text.contains(named), "{named} isn't in {text}");
    }
}

#[cfg(unix)]
#[test]
fn a_recording_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("recording.jsonl");
    std::fs::write(&path, "old").unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    Recorder::create(&path).unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(std::fs::read(&path).unwrap(), b"");
}

#[test]
fn a_file_that_is_no_recording_is_refused_by_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("recording.jsonl");
    let good = r#"{"version":1,"tenant":"a","job":"j","method":"GET","url":"u","headers":[],"duration_ms":1,"failure":{"kind":"timed-out"}}"#;
    for (second, part) in [
        ("hunter2-hunter2", "line 2"),
        (&*good.replace("\"version\":1", "\"version\":2"), "version is 2"),
        (&*good.replace("timed-out", "no-such-kind"), "neither"),
    ] {
        std::fs::write(&path, format!("{good}\n{second}\n")).unwrap();
        let error = Replay::read(&path).unwrap_err().to_string();
        assert!(error.contains("line 2") && error.contains(part) && !error.contains("hunter2"), "{error}");
    }
}

#[test]
fn each_failure_is_replayed_as_it_was_recorded() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("recording.jsonl");
    let text = || "in its words".to_owned();
    let failures = [
        Failure::Denied(text()),
        Failure::Unreachable(text()),
        Failure::Tls(text()),
        Failure::TimedOut,
        Failure::TooLarge(4_096),
        Failure::Cancelled,
        Failure::Other(text()),
    ];
    let tape = Recorder::create(&path).unwrap().tape("acme", "job-1", &Masks::default());
    for failure in &failures {
        note(&tape, request("GET", "https://a.example/x", None), &Err(failure.clone()), Duration::ZERO);
    }
    drop(tape);
    let replay = Replay::read(&path).unwrap();
    for failure in failures {
        let answer = replay.answer(&request("GET", "https://a.example/x", None)).unwrap_err();
        assert_eq!(format!("{answer:?}"), format!("{failure:?}"));
    }
}

#[test]
fn a_line_answers_the_request_with_its_method_address_and_body_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("recording.jsonl");
    let tape = Recorder::create(&path).unwrap().tape("acme", "job-1", &Masks::default());
    let recorded = || request("POST", "https://a.example/x", Some(b"one"));
    note(&tape, recorded(), &response(b"answer"), Duration::ZERO);
    drop(tape);
    let replay = Replay::read(&path).unwrap();
    for other in [
        request("PUT", "https://a.example/x", Some(b"one")),
        request("POST", "https://a.example/y", Some(b"one")),
        request("POST", "https://a.example/x", Some(b"two")),
        request("POST", "https://a.example/x", None),
    ] {
        let shown = format!("{} {}", other.method, other.url);
        assert!(replay.answer(&other).is_err(), "{shown}");
    }
    assert_eq!(format!("{replay:?}"), "Replay(1 left)");
    assert_eq!(replay.answer(&recorded()).unwrap().body, b"answer");
}

#[test]
fn a_credential_is_masked_by_its_name_in_each_syntax() {
    let names = [
        "access_token",
        "refresh_token",
        "id_token",
        "client_secret",
        "client_assertion",
        "assertion",
        "sessionId",
        "session_id",
    ];
    for name in names {
        for (before, after) in [
            (format!("{{\"{name}\":\""), "\",\"id\":1}"),
            (format!("{{\"{name}\": \""), "\"}"),
            (format!("{{\"{name}\" : \""), "\"}"),
            (format!("<{name}>"), "</x>"),
            (format!("<soap:{name}>"), "</soap:x>"),
            (format!("a=b&{name}="), "&c=d"),
            (format!("a link with {name}="), " in it"),
            (format!("<a href=\"?{name}="), "\">"),
            (format!("<a>{name}="), "</a>"),
            (format!("{name}="), ""),
        ] {
            let masked = without_credentials(&format!("{before}tok-1{after}{before}tok-2{after}"));
            assert!(!masked.contains("tok-"), "{masked}");
            assert!(masked.starts_with(&format!("{before}***{after}")), "{masked}");
            let empty = format!("{before}{after}");
            assert_eq!(without_credentials(&empty), empty, "there is nothing to mask");
        }
    }
    assert_eq!(without_credentials("no token_of_ours: x"), "no token_of_ours: x");
}

#[test]
fn a_field_that_carries_a_credential_is_masked_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("recording.jsonl");
    let tape = Recorder::create(&path).unwrap().tape("acme", "job-1", &Masks::default());
    let mut sent = request("GET", "https://a.example/x", None);
    let mut answer = response(b"").unwrap();
    for name in ["Authorization", "proxy-authorization", "Cookie", "Set-Cookie", "X-Api-Key"] {
        sent.headers.push((name.to_owned(), "tok-sent".to_owned()));
        answer.headers.push((name.to_owned(), "tok-answered".to_owned()));
    }
    for headers in [&mut sent.headers, &mut answer.headers] {
        headers.push(("x-plain".to_owned(), "kept".to_owned()));
    }
    note(&tape, sent, &Ok(answer), Duration::ZERO);
    drop(tape);
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(!text.contains("tok-"), "{text}");
    assert_eq!(text.matches("[\"x-plain\",\"kept\"]").count(), 2, "{text}");
}
