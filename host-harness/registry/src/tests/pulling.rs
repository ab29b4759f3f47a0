use std::time::Duration;

use axum::body::Body;
use axum::http::header::{AUTHORIZATION, LOCATION, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use serde_json::json;

use super::{CONFIGURATION, Registry, descriptor, manifest, sha256};
use crate::{Bounds, Login, PullError, Pulled, pull};

const COMPONENT: &[u8] = b"a component, as far as a registry can tell";
const PASSWORD: &str = "hunter2-hunter2";

async fn pulled(registry: &Registry, digest: &str) -> Result<Pulled, PullError> {
    pull(&registry.address(digest), None, &Bounds::default()).await
}

async fn refused(registry: &Registry, digest: &str) -> String {
    match pulled(registry, digest).await {
        Ok(_) => panic!("{digest} was pulled"),
        Err(error) => error.to_string(),
    }
}

#[tokio::test]
async fn a_component_is_pulled_by_the_digest_of_its_manifest() {
    let registry = Registry::start().await;
    let digest = registry.publish(COMPONENT, Some("signed"));
    let pulled = pulled(&registry, &digest).await.unwrap();
    assert!(pulled.bytes == COMPONENT);
    assert_eq!((pulled.digest, pulled.signature.as_deref()), (sha256(COMPONENT), Some("signed")));
    // Nobody was told who asks.
    assert!(registry.asked("/").iter().all(Option::is_none));
}

#[tokio::test]
async fn a_component_is_pulled_by_its_own_digest() {
    let registry = Registry::start().await;
    registry.publish(COMPONENT, Some("signed"));
    let pulled = pulled(&registry, &sha256(COMPONENT)).await.unwrap();
    assert!(pulled.bytes == COMPONENT);
    assert_eq!((pulled.digest, pulled.signature), (sha256(COMPONENT), None));
    // Debian's registry takes the component for a manifest, and fails.
    let path = format!("/v2/acme/connector/manifests/sha256:{}", sha256(COMPONENT));
    registry.answer(&path, |_| StatusCode::INTERNAL_SERVER_ERROR.into_response());
    assert!(self::pulled(&registry, &sha256(COMPONENT)).await.unwrap().bytes == COMPONENT);
    // A registry that fails for good says so, and not that it has nothing.
    let path = format!("/v2/acme/connector/manifests/sha256:{}", sha256(b"other"));
    registry.answer(&path, |_| StatusCode::INTERNAL_SERVER_ERROR.into_response());
    assert!(refused(&registry, &sha256(b"other")).await.contains("the status 500"));
}

#[tokio::test]
async fn a_changed_byte_is_refused() {
    let registry = Registry::start().await;
    let digest = registry.publish(COMPONENT, None);
    let mut changed = COMPONENT.to_vec();
    changed[3] ^= 1;
    registry.blob(&sha256(COMPONENT), &changed);
    for digest in [digest, sha256(COMPONENT)] {
        let error = refused(&registry, &digest).await;
        assert!(error.contains("the component of oci://") && error.contains("was changed"), "{error}");
        assert!(error.contains(&sha256(COMPONENT)), "{error}");
    }
}

#[tokio::test]
async fn a_component_that_is_cut_short_is_refused() {
    let registry = Registry::start().await;
    let digest = registry.publish(COMPONENT, None);
    for bytes in [&COMPONENT[..COMPONENT.len() - 1], b""] {
        registry.blob(&sha256(COMPONENT), bytes);
        let error = refused(&registry, &digest).await;
        assert!(error.contains("was changed"), "{error}");
    }
}

#[tokio::test]
async fn a_changed_manifest_is_refused() {
    let registry = Registry::start().await;
    let digest = registry.publish(COMPONENT, None);
    let other = b"another component".as_slice();
    registry.blob(&sha256(other), other);
    registry.manifest_at(&digest, serde_json::to_vec(&manifest(other, None)).unwrap());
    let error = refused(&registry, &digest).await;
    assert!(error.contains("the manifest of oci://") && error.contains("was changed"), "{error}");
    assert!(registry.asked("/v2/acme/connector/blobs/").is_empty());
}

#[tokio::test]
async fn a_registry_that_has_nothing_says_so() {
    let registry = Registry::start().await;
    let error = refused(&registry, &sha256(COMPONENT)).await;
    assert!(error.contains("has nothing with the digest of oci://127.0.0.1"), "{error}");
    // A layer that is missing is the same to whoever asks.
    let digest = registry.manifest(&manifest(COMPONENT, None));
    assert!(refused(&registry, &digest).await.contains("has nothing with the digest"));
}

#[tokio::test]
async fn what_isnt_a_component_is_refused_before_it_is_fetched() {
    let registry = Registry::start().await;
    registry.blob(&sha256(COMPONENT), COMPONENT);
    let layer = descriptor("application/wasm", COMPONENT);
    let with = |layers: serde_json::Value| {
        let mut manifest = manifest(COMPONENT, None);
        manifest["layers"] = layers;
        registry.manifest(&manifest)
    };
    let mut sha512 = layer.clone();
    sha512["digest"] = json!(format!("sha512:{}", "ab".repeat(64)));
    let mut elsewhere = layer.clone();
    elsewhere["digest"] = json!("sha256:../../../secret");
    for (digest, words) in [
        (with(json!([])), "0 layers"),
        (with(json!([layer, layer])), "2 layers"),
        (with(json!([descriptor("application/vnd.oci.image.layer.v1.tar+gzip", COMPONENT)])), "tar+gzip"),
        (with(json!([sha512])), "isn't a SHA-256"),
        (with(json!([elsewhere])), "isn't a SHA-256"),
    ] {
        let error = refused(&registry, &digest).await;
        assert!(error.contains("isn't a component") && error.contains(words), "{error}");
    }
    let index = registry.manifest(&json!({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [descriptor("application/vnd.oci.image.manifest.v1+json", CONFIGURATION)],
    }));
    assert!(refused(&registry, &index).await.contains("an index of several manifests"));
    let words = b"not a manifest at all".to_vec();
    registry.manifest_at(&sha256(&words), words.clone());
    assert!(refused(&registry, &sha256(&words)).await.contains("a manifest that can't be read"));
    assert!(registry.asked("/v2/acme/connector/blobs/").is_empty());
}

#[tokio::test]
async fn a_component_that_is_too_large_is_refused_before_it_fills_the_memory() {
    let registry = Registry::start().await;
    let bounds = Bounds { bytes: 1000, ..Bounds::default() };
    let large = vec![7; 1001];
    let refused = async |digest: &str| match pull(&registry.address(digest), None, &bounds).await {
        Ok(_) => panic!("it was pulled"),
        Err(error) => error,
    };
    // The manifest says it.
    let digest = registry.publish(&large, None);
    assert!(matches!(refused(&digest).await, PullError::TooLarge { most: 1000, .. }));
    assert!(registry.asked("/v2/acme/connector/blobs/").is_empty());
    // The manifest lies, and the answer says it.
    let mut lying = manifest(&large, None);
    lying["layers"][0]["size"] = json!(10);
    let digest = registry.manifest(&lying);
    assert!(matches!(refused(&digest).await, PullError::TooLarge { .. }));
    // Nobody says it, and it doesn't end.
    let path = format!("/v2/acme/connector/blobs/sha256:{}", sha256(&large));
    registry.answer(&path, |_| {
        let endless = futures_util::stream::repeat_with(|| Ok::<_, std::io::Error>(Bytes::from_static(&[7; 100])));
        Body::from_stream(endless).into_response()
    });
    assert!(matches!(refused(&digest).await, PullError::TooLarge { .. }));
    // One that fits is pulled.
    let fits = vec![7; 1000];
    let digest = registry.publish(&fits, None);
    assert!(pull(&registry.address(&digest), None, &bounds).await.unwrap().bytes == fits);
}

fn leads(to: String) -> impl Fn(&HeaderMap) -> Response {
    move |_| (StatusCode::TEMPORARY_REDIRECT, [(LOCATION, to.clone())]).into_response()
}

/// Has a registry answer only whoever signs in with the password.
fn close(registry: &Registry, path: &str, bytes: &[u8]) {
    let bytes = bytes.to_vec();
    registry.answer(path, move |headers| match headers.get(AUTHORIZATION) {
        // `ada:hunter2-hunter2`
        Some(value) if value == "Basic YWRhOmh1bnRlcjItaHVudGVyMg==" => bytes.clone().into_response(),
        Some(value) => (StatusCode::UNAUTHORIZED, value.to_str().unwrap().to_owned()).into_response(),
        None => StatusCode::UNAUTHORIZED.into_response(),
    });
}

fn wants_password(registry: &Registry) {
    registry.answer("/v2/", |_| {
        (StatusCode::UNAUTHORIZED, [(WWW_AUTHENTICATE, "Basic realm=\"registry\"")]).into_response()
    });
}

#[tokio::test]
async fn a_redirect_is_followed_without_the_password() {
    let (registry, storage) = (Registry::start().await, Registry::start().await);
    wants_password(&registry);
    let digest = registry.manifest(&manifest(COMPONENT, None));
    let bytes = serde_json::to_vec(&manifest(COMPONENT, None)).unwrap();
    close(&registry, &format!("/v2/acme/connector/manifests/sha256:{digest}"), &bytes);
    storage.answer("/stored", |_| COMPONENT.into_response());
    let to = format!("http://127.0.0.1:{}/stored?token=presigned-presigned", storage.port);
    registry.answer(&format!("/v2/acme/connector/blobs/sha256:{}", sha256(COMPONENT)), leads(to));
    let login = Login { user: "ada", password: PASSWORD };
    let pulled = pull(&registry.address(&digest), Some(login), &Bounds::default()).await.unwrap();
    assert!(pulled.bytes == COMPONENT);
    assert_eq!(storage.asked("/stored"), [None]);
    // An error at the other end doesn't quote what leads there.
    storage.answer("/stored", |_| StatusCode::INTERNAL_SERVER_ERROR.into_response());
    let error = pull(&registry.address(&digest), Some(login), &Bounds::default()).await.err().unwrap().to_string();
    assert!(error.contains("the status 500") && !error.contains("presigned"), "{error}");
}

#[tokio::test]
async fn redirects_without_an_end_are_an_error() {
    let registry = Registry::start().await;
    let digest = registry.publish(COMPONENT, None);
    let path = format!("/v2/acme/connector/blobs/sha256:{}", sha256(COMPONENT));
    registry.answer(&path, leads(format!("http://127.0.0.1:{}{path}?again=presigned", registry.port)));
    let error = refused(&registry, &digest).await;
    assert!(error.contains("too many redirects") && !error.contains("presigned"), "{error}");
}

#[tokio::test]
async fn whoever_may_read_it_signs_in() {
    let registry = Registry::start().await;
    let digest = registry.publish(COMPONENT, None);
    wants_password(&registry);
    let bytes = serde_json::to_vec(&manifest(COMPONENT, None)).unwrap();
    close(&registry, &format!("/v2/acme/connector/manifests/sha256:{digest}"), &bytes);
    close(&registry, &format!("/v2/acme/connector/blobs/sha256:{}", sha256(COMPONENT)), COMPONENT);
    let error = refused(&registry, &digest).await;
    assert!(error.contains("to strangers") && error.contains("--user"), "{error}");
    let address = registry.address(&digest);
    let login = |password| Some(Login { user: "ada", password });
    assert!(pull(&address, login(PASSWORD), &Bounds::default()).await.unwrap().bytes == COMPONENT);
    let error = pull(&address, login("hunter3-hunter3"), &Bounds::default()).await.err().unwrap();
    let shown = format!("{error} {error:?}");
    assert!(shown.contains("to this user"), "{shown}");
    // This registry says what it was sent.
    assert!(!shown.contains("hunter3") && !shown.contains("YWRhOmh1bnRlcj"), "{shown}");
}

#[tokio::test]
async fn a_token_is_fetched_where_the_registry_says() {
    let (registry, tokens) = (Registry::start().await, Registry::start().await);
    let digest = registry.publish(COMPONENT, None);
    let challenge = format!("Bearer realm=\"http://127.0.0.1:{}/token\",service=\"registry\"", tokens.port);
    registry
        .answer("/v2/", move |_| (StatusCode::UNAUTHORIZED, [(WWW_AUTHENTICATE, challenge.clone())]).into_response());
    close(&tokens, "/token", br#"{"token":"for-this-repository"}"#);
    let login = Some(Login { user: "ada", password: PASSWORD });
    assert!(pull(&registry.address(&digest), login, &Bounds::default()).await.unwrap().bytes == COMPONENT);
    let asked = registry.asked("/v2/acme/");
    assert!(asked.iter().all(|who| who.as_deref() == Some("Bearer for-this-repository")), "{asked:?}");
}

#[tokio::test]
async fn further_places_that_a_manifest_names_arent_asked() {
    let (registry, elsewhere) = (Registry::start().await, Registry::start().await);
    elsewhere.answer("/component", |_| COMPONENT.into_response());
    let mut manifest = manifest(COMPONENT, None);
    manifest["layers"][0]["urls"] = json!([format!("http://127.0.0.1:{}/component", elsewhere.port)]);
    let digest = registry.manifest(&manifest);
    assert!(refused(&registry, &digest).await.contains("has nothing with the digest"));
    assert!(elsewhere.asked("/").is_empty());
}

#[tokio::test]
async fn nobody_waits_for_ever() {
    let registry = Registry::start().await;
    let digest = registry.publish(COMPONENT, None);
    registry.answer(&format!("/v2/acme/connector/blobs/sha256:{}", sha256(COMPONENT)), |_| {
        Body::from_stream(futures_util::stream::pending::<Result<Bytes, std::io::Error>>()).into_response()
    });
    let bounds = Bounds { whole: Duration::from_millis(300), ..Bounds::default() };
    let error = pull(&registry.address(&digest), None, &bounds).await.err().unwrap();
    assert!(matches!(error, PullError::TooSlow { .. }), "{error}");
    let bounds = Bounds { silence: Duration::from_millis(300), ..Bounds::default() };
    let error = pull(&registry.address(&digest), None, &bounds).await.err().unwrap().to_string();
    assert!(error.contains("timed out"), "{error}");
}

#[tokio::test]
async fn a_registry_that_isnt_there_is_named() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let registry = Registry { port: listener.local_addr().unwrap().port(), ..Registry::default() };
    drop(listener);
    let error = refused(&registry, &sha256(COMPONENT)).await;
    assert!(error.contains(&format!("127.0.0.1:{} can't be reached", registry.port)), "{error}");
}
