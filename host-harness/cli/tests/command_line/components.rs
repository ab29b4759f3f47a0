//! Components from files and registries: what is checked before one is kept, and what has to be said before one is run.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use provisioning_runtime::digest_of;
use serde_json::{Value as Json, json};

use crate::approval::{grown, patched};
use crate::directory::{done, fails, fixture};
use crate::signing::Keys;
use crate::support::Fixture;

type Content = Arc<Mutex<HashMap<String, Vec<u8>>>>;

/// A registry on loopback with the repository `acme/connector`.
struct Registry {
    port: u16,
    content: Content,
    _executor: tokio::runtime::Runtime,
}

impl Registry {
    fn start() -> Self {
        let executor = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let content = Content::default();
        let router = Router::new().fallback(served).with_state(Arc::clone(&content));
        let listener = executor.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let port = listener.local_addr().unwrap().port();
        executor.spawn(async move { axum::serve(listener, router).await });
        Self { port, content, _executor: executor }
    }

    /// Has bytes under a digest, which need not be theirs.
    fn put(&self, kind: &str, digest: &str, bytes: &[u8]) {
        let path = format!("/v2/acme/connector/{kind}/sha256:{digest}");
        self.content.lock().unwrap().insert(path, bytes.to_vec());
    }

    /// Publishes a component, and gives its address.
    fn publish(&self, component: &[u8], signature: Option<&str>) -> String {
        let descriptor = |media_type: &str, bytes: &[u8]| json!({ "mediaType": media_type, "digest": format!("sha256:{}", digest_of(bytes)), "size": bytes.len() });
        let mut manifest = json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": descriptor("application/vnd.wasm.config.v0+json", b"{}"),
            "layers": [descriptor("application/wasm", component)],
        });
        if let Some(signature) = signature {
            manifest["annotations"] =
                json!({ "dev.provisioning.component.minisig": BASE64_STANDARD.encode(signature) });
        }
        let manifest = manifest.to_string().into_bytes();
        self.put("blobs", &digest_of(component), component);
        self.put("manifests", &digest_of(&manifest), &manifest);
        self.address(&digest_of(&manifest))
    }

    fn address(&self, digest: &str) -> String {
        format!("oci://127.0.0.1:{}/acme/connector@sha256:{digest}", self.port)
    }
}

async fn served(State(content): State<Content>, uri: Uri) -> Response {
    match content.lock().unwrap().get(uri.path()) {
        Some(bytes) => bytes.clone().into_response(),
        None if uri.path() == "/v2/" => StatusCode::OK.into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// A key whose public half is in a file of this name.
fn key(fixture: &Fixture, name: &str) -> Keys {
    let keys = Keys::new();
    fixture.write(name, &keys.public());
    keys
}

fn sign(keys: &Keys, bytes: &[u8]) -> String {
    keys.sign(bytes, "release 1.2")
}

/// A component that isn't the built-in one, and does more with secrets.
fn more(fixture: &Fixture) -> Vec<u8> {
    grown(fixture);
    std::fs::read(fixture.path("grown.wasm")).unwrap()
}

/// One that does the same with them.
fn same(fixture: &Fixture) -> Vec<u8> {
    patched(fixture, "same.wasm", "Choose my-domain for", "Select my-domain for");
    std::fs::read(fixture.path("same.wasm")).unwrap()
}

fn listed(fixture: &Fixture) -> Json {
    done(fixture, &["component", "list"])
}

#[test]
fn a_component_from_a_registry_runs_once_it_is_signed_and_approved() {
    let fixture = fixture(5, 191);
    let (registry, keys, component) = (Registry::start(), key(&fixture, "acme.pub"), more(&fixture));
    let address = registry.publish(&component, Some(&sign(&keys, &component)));
    let digest = digest_of(&component);
    let added = done(&fixture, &["component", "add", &address, "--key", "acme.pub"]);
    assert_eq!((added["sha256"].as_str(), added["approved"].as_bool()), (Some(digest.as_str()), Some(false)));
    assert_eq!((&added["signed_by"], &added["signed_comment"]), (&json!("acme"), &json!("release 1.2")));
    assert!(added["uses"].to_string().contains("/services/*/*/*/*"), "{added}");

    // A tenant of a real organization wants it.
    let named = format!("component=sha256:{digest}");
    fixture.write("secret", "hunter2-hunter2");
    let settings = [
        "instance-type=production",
        "username=api@acme.example",
        "organization-id=00D000000000001EAA",
        "portal-id=060000000000001AAA",
        "account-id=001000000000001AAA",
    ];
    let set: Vec<String> = settings.iter().map(|one| format!("settings.{one}")).chain([named.clone()]).collect();
    let mut add = vec!["tenant", "add", "real", "--secret", "password=file:secret"];
    add.extend(set.iter().flat_map(|set| ["--set", set]));
    done(&fixture, &add);
    for command in ["import", "test-credentials"] {
        let said = fails(&fixture, &[command, "real"], 2);
        assert!(said.contains("nobody has approved") && said.contains("/services/*/*/*/*"), "{command}: {said}");
    }
    let approved = done(&fixture, &["component", "approve", &format!("sha256:{digest}")]);
    assert_eq!(approved["approved"], true);
    // It goes further now, and fails because the organization can't be reached.
    let said = fails(&fixture, &["test-credentials", "real"], 3);
    assert!(said.contains("login.salesforce.com") && !said.contains("approved"), "{said}");

    assert_eq!(done(&fixture, &["describe", &format!("sha256:{digest}")])["component"]["sha256"], json!(digest));

    let one = listed(&fixture)[0].clone();
    assert_eq!((&one["sha256"], &one["approved"]), (&json!(digest), &json!(true)));
    assert_eq!((&one["added"]["source"], &one["added"]["signed_by"]), (&json!(address), &json!("acme")));
    assert_eq!(one["used_by"], json!(["real"]));
    let said = fails(&fixture, &["component", "remove", &digest], 2);
    assert!(said.contains("is used by real"), "{said}");
    done(&fixture, &["tenant", "remove", "real", "--yes"]);
    done(&fixture, &["component", "remove", &format!("sha256:{digest}")]);
    let said = fails(&fixture, &["tenant", "edit", "acme", "--set", &named], 2);
    assert!(said.contains("there is no component") && said.contains("component add"), "{said}");
    let audit = done(&fixture, &["audit"]);
    let actions: Vec<&str> = audit.as_array().unwrap().iter().filter_map(|row| row["action"].as_str()).collect();
    for action in ["component.add", "component.approve", "component.remove"] {
        assert!(actions.contains(&action), "{action}: {actions:?}");
    }
}

#[test]
fn a_component_from_a_registry_that_does_no_more_runs_at_once() {
    let fixture = fixture(5, 196);
    let (registry, keys, component) = (Registry::start(), key(&fixture, "acme.pub"), same(&fixture));
    registry.publish(&component, None);
    fixture.write("acme.minisig", &sign(&keys, &component));
    let digest = digest_of(&component);
    // By its own digest, which the registry has no signature for.
    let add = ["component", "add", &registry.address(&digest), "--key", "acme.pub"];
    assert!(fails(&fixture, &add, 2).contains("isn't signed"));
    let added = done(&fixture, &[&add[..], &["--signature", "acme.minisig"]].concat());
    assert_eq!(added["approved"], true);
    let table = fixture.run(&["component", "list", "--columns", "comp,signed,used", "--data", "data"]).stdout;
    assert!(table.contains("Salesforce") && table.contains("acme"), "{table}");

    let named = format!("component=sha256:{digest}");
    done(&fixture, &["tenant", "edit", "acme", "--set", &named]);
    assert_eq!(done(&fixture, &["tenant", "show", "acme"])["component"], json!(format!("sha256:{digest}")));
    done(&fixture, &["test-credentials", "acme"]);
    let imported = done(&fixture, &["import", "acme"]);
    assert_eq!(imported["import"]["users"], json!(5), "{imported}");
    // Taken back is taken back.
    done(&fixture, &["component", "take-back", &format!("sha256:{digest}")]);
    assert_eq!(listed(&fixture)[0]["approved"], false);
}

#[test]
fn what_isnt_as_its_maker_signed_it_is_refused_and_not_kept() {
    let fixture = fixture(5, 192);
    let (registry, keys, stranger) = (Registry::start(), key(&fixture, "acme.pub"), key(&fixture, "stranger.pub"));
    let component = more(&fixture);
    let mut changed = component.clone();
    *changed.last_mut().unwrap() ^= 1;
    let signature = sign(&keys, &component);
    let add = |address: &str| fails(&fixture, &["component", "add", address, "--key", "acme.pub"], 2);

    for (address, words) in [
        (registry.publish(&component, None), "the component isn't signed"),
        (registry.publish(&component, Some("signed by ada")), "isn't one of minisign's"),
        (
            registry.publish(&component, Some(&sign(&stranger, &component))),
            "a key that isn't among the trusted ones (acme)",
        ),
        // Its digest is right, and nobody has signed these bytes.
        (registry.publish(&changed, Some(&signature)), "the signature by acme isn't for this component"),
        (registry.address(&"0".repeat(64)), "has nothing with the digest"),
        (format!("oci://127.0.0.1:{}/acme/connector:latest", registry.port), "names no digest"),
    ] {
        let said = add(&address);
        assert!(said.contains(words), "{words}: {said}");
    }
    // A registry that hands out other bytes than it was given.
    let address = registry.publish(&component, Some(&signature));
    registry.put("blobs", &digest_of(&component), &changed);
    for address in [address, registry.address(&digest_of(&component))] {
        let said = add(&address);
        assert!(said.contains("was changed") && said.contains(&digest_of(&component)), "{said}");
    }
    // Nothing says whose it may be.
    let said = fails(&fixture, &["component", "add", &registry.publish(&component, Some(&signature))], 2);
    assert!(said.contains("--key") && said.contains("--unsigned"), "{said}");
    // It is signed, and no component.
    let text = b"a text".as_slice();
    assert!(add(&registry.publish(text, Some(&sign(&keys, text)))).contains("not a WebAssembly component"));
    assert_eq!(listed(&fixture), json!([]));
}

#[test]
fn a_component_file_is_added_with_the_signature_beside_it() {
    let fixture = fixture(5, 193);
    let (keys, component) = (key(&fixture, "acme.pub"), same(&fixture));
    let add = ["component", "add", "same.wasm", "--key", "acme.pub"];
    assert!(fails(&fixture, &add, 2).contains("isn't signed"));
    fixture.write("same.wasm.minisig", &sign(&keys, b"another"));
    assert!(fails(&fixture, &add, 2).contains("isn't for this component"));
    // One that is named counts.
    fixture.write("elsewhere.minisig", &sign(&keys, &component));
    let added = done(&fixture, &[&add[..], &["--signature", "elsewhere.minisig", "--approve"]].concat());
    assert_eq!((&added["known"], &added["approved"]), (&json!(false), &json!(true)));
    fixture.write("same.wasm.minisig", &sign(&keys, &component));
    assert_eq!(done(&fixture, &add)["known"], true);
    assert_eq!(listed(&fixture).as_array().unwrap().len(), 1);
    // What was added doesn't depend on its file any more.
    std::fs::remove_file(fixture.path("same.wasm")).unwrap();
    done(&fixture, &["tenant", "edit", "acme", "--set", &format!("component=sha256:{}", digest_of(&component))]);
    done(&fixture, &["test-credentials", "acme"]);
}

#[test]
fn a_tenants_file_may_name_a_component_that_was_added() {
    let fixture = Fixture::new(5, 194);
    let digest = digest_of(&same(&fixture));
    let named = format!("[tenants.acme]\ncomponent = \"sha256:{digest}\"\n[tenants.acme.settings]");
    fixture.edit_tenants("[tenants.acme.settings]", &named);
    let run = fixture.run(&["test-credentials", "acme", "--data", "data"]);
    assert!(run.code == 2 && run.stderr.contains("component add"), "{run:?}");
    done(&fixture, &["component", "add", "same.wasm", "--unsigned"]);
    let run = fixture.run(&["test-credentials", "acme", "--data", "data"]);
    assert_eq!(run.code, 0, "{run:?}");
}

#[test]
fn a_password_for_a_registry_is_named_and_never_quoted() {
    let fixture = fixture(5, 195);
    let registry = Registry::start();
    let address = registry.address(&"0".repeat(64));
    let add = |password: &str, code: i32| {
        fails(&fixture, &["component", "add", &address, "--unsigned", "--user", "ada", "--password", password], code)
    };
    let said = add("hunter2-hunter2", 2);
    assert!(said.contains("env:VARIABLE") && !said.contains("hunter2"), "{said}");
    assert!(add("env:NO_SUCH_VARIABLE_HERE", 2).contains("NO_SUCH_VARIABLE_HERE"));
    fixture.write("registry-password", "hunter2-hunter2\n");
    let said = add("file:registry-password", 2);
    assert!(said.contains("has nothing with the digest") && !said.contains("hunter2"), "{said}");
    let text = address.replace("oci://", "oci://ada:hunter2-hunter2@");
    let said = fails(&fixture, &["component", "add", &text, "--unsigned"], 2);
    assert!(said.contains("oci://HOST/NAME") || said.contains("names no registry"), "{said}");
    assert!(!said.contains("hunter2"), "{said}");
}
