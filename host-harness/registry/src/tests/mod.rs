//! A registry on loopback, with the faults that a registry may have.

mod address;
mod pulling;
mod signatures;
#[path = "../../../../tests/signing.rs"]
mod signing;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use ring::digest::{SHA256, digest};
use serde_json::{Value as Json, json};

/// An empty configuration, which no test looks at.
const CONFIGURATION: &[u8] = b"{}";

/// Paths, and what was sent there as authorization.
type Asked = Vec<(String, Option<String>)>;
type Answer = Arc<dyn Fn(&HeaderMap) -> Response + Send + Sync>;

/// What is served: an answer for each path, and who has asked for what.
#[derive(Clone, Default)]
struct Registry {
    answers: Arc<Mutex<HashMap<String, Answer>>>,
    asked: Arc<Mutex<Asked>>,
    port: u16,
}

fn sha256(bytes: &[u8]) -> String {
    digest(&SHA256, bytes).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn descriptor(media_type: &str, bytes: &[u8]) -> Json {
    json!({ "mediaType": media_type, "digest": format!("sha256:{}", sha256(bytes)), "size": bytes.len() })
}

/// A manifest about a component.
fn manifest(component: &[u8], signature: Option<&str>) -> Json {
    let mut manifest = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": descriptor("application/vnd.wasm.config.v0+json", CONFIGURATION),
        "layers": [descriptor("application/wasm", component)],
    });
    if let Some(signature) = signature {
        manifest["annotations"] = json!({ crate::SIGNATURE_ANNOTATION: BASE64_STANDARD.encode(signature) });
    }
    manifest
}

impl Registry {
    async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let registry = Self { port: listener.local_addr().unwrap().port(), ..Self::default() };
        registry.answer("/v2/", |_| StatusCode::OK.into_response());
        let router = Router::new().fallback(served).with_state(registry.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        registry
    }

    fn answer(&self, path: &str, answer: impl Fn(&HeaderMap) -> Response + Send + Sync + 'static) {
        self.answers.lock().unwrap().insert(path.to_owned(), Arc::new(answer));
    }

    /// Has bytes under a digest, which need not be theirs.
    fn blob(&self, digest: &str, bytes: &[u8]) {
        let bytes = bytes.to_vec();
        self.answer(&format!("/v2/acme/connector/blobs/sha256:{digest}"), move |_| bytes.clone().into_response());
    }

    /// Has a manifest, and gives its digest.
    fn manifest(&self, manifest: &Json) -> String {
        let bytes = serde_json::to_vec(manifest).unwrap();
        let digest = sha256(&bytes);
        self.manifest_at(&digest, bytes);
        digest
    }

    fn manifest_at(&self, digest: &str, bytes: Vec<u8>) {
        self.answer(&format!("/v2/acme/connector/manifests/sha256:{digest}"), move |_| bytes.clone().into_response());
    }

    /// Publishes a component, and gives the digest of its manifest.
    fn publish(&self, component: &[u8], signature: Option<&str>) -> String {
        self.blob(&sha256(component), component);
        self.manifest(&manifest(component, signature))
    }

    fn address(&self, digest: &str) -> crate::Address {
        format!("oci://127.0.0.1:{}/acme/connector@sha256:{digest}", self.port).parse().unwrap()
    }

    /// Who has asked for something under a path, as far as they have said.
    fn asked(&self, path: &str) -> Vec<Option<String>> {
        let asked = self.asked.lock().unwrap();
        asked.iter().filter(|(one, _)| one.starts_with(path)).map(|(_, who)| who.clone()).collect()
    }
}

async fn served(State(registry): State<Registry>, request: Request<Body>) -> Response {
    let path = request.uri().path().to_owned();
    let who = request.headers().get("authorization").map(|value| value.to_str().unwrap().to_owned());
    registry.asked.lock().unwrap().push((path.clone(), who));
    let answer = registry.answers.lock().unwrap().get(&path).cloned();
    match answer {
        Some(answer) => answer(request.headers()),
        None => {
            let code = if path.contains("/manifests/") { "MANIFEST_UNKNOWN" } else { "BLOB_UNKNOWN" };
            let words = json!({ "errors": [{ "code": code, "message": "unknown" }] }).to_string();
            (StatusCode::NOT_FOUND, words).into_response()
        }
    }
}
