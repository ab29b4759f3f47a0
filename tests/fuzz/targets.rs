//! What each fuzz target tries. `tests/journeys/fuzz.rs` tries the same on what is in `corpus/`.
#![allow(dead_code, reason = "each target is a program that includes all of them")]

use provisioning_registry::{Address, Signer, Signers};
use provisioning_scim::protocol::filter::{Subject, matches, parse};
use provisioning_scim::protocol::schema::user;
use provisioning_scim::protocol::{patch, shape};
use salesforce_portal_connector::host::Response;
use salesforce_portal_connector::salesforce::error::Detour;
use salesforce_portal_connector::salesforce::{composite, error, login, oauth, query};
use serde_json::{Value, json};

/// What a target tries on bytes.
pub(crate) type Target = fn(&[u8]);

/// Every target by its name.
pub(crate) const TARGETS: [(&str, Target); 14] = [
    ("component", component),
    ("egress", egress),
    ("echo", echo),
    ("placement", placement),
    ("recording", recording),
    ("soap", soap),
    ("json", json),
    ("bulk_csv", bulk_csv),
    ("cursor", cursor),
    ("people_csv", people_csv),
    ("forms", forms),
    ("scim_filter", scim_filter),
    ("scim_patch", scim_patch),
    ("registry", registry),
];

/// Tries `work` on bytes that are text.
fn on_text(bytes: &[u8], work: impl FnOnce(&str)) {
    if let Ok(text) = str::from_utf8(bytes) {
        work(text);
    }
}

pub(crate) fn component(bytes: &[u8]) {
    provisioning_runtime::fuzzing::component(bytes);
}

pub(crate) fn egress(bytes: &[u8]) {
    on_text(bytes, provisioning_runtime::fuzzing::egress);
}

pub(crate) fn echo(bytes: &[u8]) {
    provisioning_runtime::fuzzing::echo(bytes);
}

pub(crate) fn placement(bytes: &[u8]) {
    provisioning_runtime::fuzzing::placement(bytes);
}

pub(crate) fn recording(bytes: &[u8]) {
    on_text(bytes, provisioning_runtime::fuzzing::recording);
}

/// An address, a key and a signature: what is read is written as it was, and nothing is a signature of what nobody has signed.
pub(crate) fn registry(bytes: &[u8]) {
    on_text(bytes, |text| {
        if let Ok(address) = text.parse::<Address>() {
            let written = address.to_string();
            assert_eq!(written.parse::<Address>().map(|again| again.to_string()), Ok(written));
        }
        let trusted = Signer::parse("trusted", "RWRUnRElD6MYrLouXZs/GRRMJKCmqp3WoiArVqFticat7pq7ZmThgg6x");
        let signers: Signers = trusted.into_iter().chain(Signer::parse("fuzzed", text)).collect();
        assert!(signers.check(b"what nobody has signed", Some(text)).is_err());
    });
}

/// The first byte chooses the status.
fn answered(bytes: &[u8]) -> Option<Response> {
    let (kind, body) = bytes.split_first()?;
    let status = [200, 201, 400, 401, 410, 500, 503, 302][usize::from(*kind) % 8];
    let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    Some(Response { status, headers, body: body.to_vec() })
}

pub(crate) fn soap(bytes: &[u8]) {
    let Some(answer) = answered(bytes) else { return };
    let _ = Detour::of(&answer);
    match login::parse(answer.status, &answer.body) {
        Ok(signed_in) => assert!(!signed_in.session_id.is_empty()),
        Err(fault) => assert_eq!(fault.status, answer.status),
    }
}

pub(crate) fn json(bytes: &[u8]) {
    let Some(answer) = answered(bytes) else { return };
    let _ = Detour::of(&answer);
    let _ = oauth::parse(answer.status, &answer.body);
    assert_eq!(error::parse(answer.status, &answer.body).status, answer.status);
    if let Ok(page) = query::page(&answer, "a test") {
        let _ = page.rest();
        for record in &page.records {
            let _ = (record.text("Id"), record.boolean("IsActive"), record.number("Count"));
        }
    }
    for part in composite::parts(&answer, "a test").unwrap_or_default() {
        let _ = (part.status(), part.json().map(str::len), part.fault(), part.page("a test").is_ok());
    }
}

pub(crate) fn bulk_csv(bytes: &[u8]) {
    salesforce_emulator::fuzzing::bulk(bytes);
}

pub(crate) fn cursor(bytes: &[u8]) {
    on_text(bytes, salesforce_portal_connector::operations::fuzz_cursor);
}

pub(crate) fn people_csv(bytes: &[u8]) {
    host_harness::fuzzing::people(bytes);
}

pub(crate) fn forms(bytes: &[u8]) {
    provisioning_console::fuzzing::forms(bytes);
}

pub(crate) fn scim_filter(bytes: &[u8]) {
    on_text(bytes, |text| {
        let Ok(filter) = parse(text) else { return };
        let schema = user(None);
        let resource = ada();
        let _ = matches(&filter, Subject { schema: &schema, resource: &resource });
    });
}

pub(crate) fn scim_patch(bytes: &[u8]) {
    let Ok(body) = serde_json::from_slice::<Value>(bytes) else { return };
    let Ok(operations) = patch::parse(&body) else { return };
    let schema = user(None);
    let mut document = ada();
    document.remove("id");
    if patch::apply(&schema, &mut document, &operations).is_ok() {
        let again = shape::document(&schema, &Value::Object(document.clone()));
        assert_eq!(again.ok().as_ref(), Some(&document), "what is left is in form");
    }
}

fn ada() -> serde_json::Map<String, Value> {
    let ada = json!({
        "id": "1", "userName": "ada", "active": true, "name": { "givenName": "Ada" },
        "emails": [{ "value": "a@x.example", "type": "work", "primary": true }],
    });
    ada.as_object().cloned().unwrap_or_default()
}
