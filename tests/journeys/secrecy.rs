//! Secrets stay out of the sandbox: a scan of the component's whole memory.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use host_harness::embedded;
use provisioning_conformance::MemoryKeeper;
use provisioning_runtime::wit::{Deactivation, PushMode};
use provisioning_runtime::{Runtime, Secret};
use wasmtime::MemoryCreator;

use crate::support::{Org, import_all, journey, only, person};

#[test]
fn no_secret_enters_the_memory_of_the_component() {
    journey(async {
        let org = Org::start(50, 41).await;
        let keeper = Arc::new(MemoryKeeper::default());
        let runtime = Runtime::builder().memory(Arc::clone(&keeper) as Arc<dyn MemoryCreator>).build().unwrap();
        let connector = runtime.load(embedded::CONNECTOR).unwrap();
        let mut job = runtime.start(&connector, &org.tenant).await.unwrap();

        assert!(!job.test_credentials().await.unwrap().is_empty());
        let (users, _) = import_all(&mut job, 20, true).await;
        assert!(users.len() > 20);
        let profile = users[0].grants.iter().find(|grant| grant.kind == "profile").unwrap().id.clone();
        let made = only(job.push_users(&[person("Ada", &profile)], &PushMode::Apply).await.unwrap()).unwrap();
        let id = made.id.unwrap();
        let accepted = "Kept-0utside <&\"%> 4711";
        let rejected = "short&1";
        for (password, fine) in [(accepted, true), (rejected, false)] {
            let secret = Secret::new(password.to_owned());
            let result = job.sync_passwords(&[(id.clone(), secret)]).await.unwrap().remove(0);
            assert_eq!(result.is_ok(), fine, "{password}");
            if let Err(error) = result {
                assert!(!format!("{error:?}").contains(password), "{error:?}");
            }
        }
        assert!(org.emulator.check_password("ada@lighthouse.example", accepted), "the password did arrive");
        // A session that expires makes the connector sign in again, so the password is sent once more.
        org.emulator.expire_sessions();
        only(job.deactivate_users(&[id], Deactivation::Deactivate, &PushMode::Apply).await.unwrap()).unwrap();
        drop(job);

        let secrets = org.emulator.credentials();
        for secret in [&secrets.password, &secrets.security_token, accepted, rejected] {
            assert_eq!(
                keeper.find(secret),
                0,
                "a secret of {} characters stands in the component's memory",
                secret.len()
            );
        }
        // What the session keeps to its end shows that the search finds things.
        assert!(keeper.find(&secrets.username) > 0);
        assert!(keeper.find(&secrets.account_id) > 0);
    });
}

/// A text in the forms in which a program may have it.
fn forms(text: &str) -> [String; 5] {
    let json = serde_json::to_string(text).unwrap();
    [
        text.to_owned(),
        json[1..json.len() - 1].to_owned(),
        // Without what hangs on the text behind it.
        STANDARD.encode(&text.as_bytes()[..text.len() / 3 * 3]),
        text.bytes().map(|byte| format!("{byte:02x}")).collect(),
        text.bytes()
            .map(
                |byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") },
            )
            .collect(),
    ]
}

#[test]
fn no_credential_of_any_sign_in_enters_the_memory_a_recording_or_an_error() {
    journey(async {
        const KEY: &str = include_str!("../../host-harness/emulator/tests/it/keys/app.key.pem");
        const CERTIFICATE: &str = include_str!("../../host-harness/emulator/tests/it/keys/app.cert.pem");
        let emulator = salesforce_emulator::Emulator::builder()
            .users(30)
            .seed(43)
            .connected_app_key(CERTIFICATE)
            .start()
            .await
            .unwrap();
        let org = emulator.credentials();
        for way in ["soap", "client-credentials", "jwt-bearer", "password-flow"] {
            let mut tenant = crate::support::tenant(&emulator);
            tenant.settings.insert("sign-in".to_owned(), way.to_owned());
            tenant.settings.insert("client-id".to_owned(), org.client_id.clone());
            tenant.settings.insert("verify-passwords".to_owned(), "true".to_owned());
            for (name, value) in [("client-secret", org.client_secret.as_str()), ("private-key", KEY)] {
                tenant.secrets.insert(name.to_owned(), Secret::new(value.to_owned()));
            }
            let keeper = Arc::new(MemoryKeeper::default());
            let recording = tempfile::NamedTempFile::new().unwrap();
            let runtime = Runtime::builder()
                .memory(Arc::clone(&keeper) as Arc<dyn MemoryCreator>)
                .record(provisioning_runtime::Recorder::create(recording.path()).unwrap())
                .build()
                .unwrap();
            let connector = runtime.load(embedded::CONNECTOR).unwrap();
            let mut job = runtime.start(&connector, &tenant).await.unwrap();
            let probes = job.test_credentials().await.unwrap();
            assert!(!probes.is_empty(), "{way}");
            let (users, _) = import_all(&mut job, 20, true).await;
            assert!(users.len() > 10, "{way}");
            emulator.expire_sessions();
            let profile = users[0].grants.iter().find(|grant| grant.kind == "profile").unwrap().id.clone();
            let pushed = job.push_users(&[person(&format!("Ada-{way}"), &profile)], &PushMode::Apply).await.unwrap();
            assert!(pushed[0].is_ok(), "{way}: it signs in again, and makes the user: {pushed:?}");
            let new = "Kept-0utside <&\"%> 4712";
            let set = job.sync_passwords(&[(users[0].id.clone(), Secret::new(new.to_owned()))]).await.unwrap();
            assert_eq!(set.len(), 1);
            drop(job);
            let recorded = std::fs::read_to_string(recording.path()).unwrap();
            assert!(recorded.contains("Bearer {{session}}"), "{way}: the recording holds the names");
            // A session id, and an access token, begin with the organization's id and a mark.
            let session = format!("{}!", &org.organization_id[..15]);
            let of_the_key = KEY.lines().nth(5).unwrap();
            for secret in [&org.password, &org.security_token, &org.client_secret, new, &session, of_the_key] {
                for form in forms(secret) {
                    assert_eq!(keeper.find(&form), 0, "{way}: {form} is in the component's memory");
                    assert!(!recorded.contains(&form), "{way}: {form} is in the recording");
                    assert!(!format!("{probes:?} {set:?}").contains(&form), "{way}: {form}");
                }
            }
            assert!(keeper.find(&org.organization_id[..15]) > 0, "{way}: the search finds things");
        }
    });
}

#[test]
fn a_server_that_echoes_a_secret_does_not_bring_it_into_the_sandbox() {
    journey(async {
        // A server that answers every request with its body.
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = tokio::spawn(echo(listener));
        let org = Org::start(1, 42).await;
        let mut tenant = org.tenant.clone();
        crate::support::lead_to(&mut tenant, &format!("http://{address}"));

        let keeper = Arc::new(MemoryKeeper::default());
        let runtime = Runtime::builder().memory(Arc::clone(&keeper) as Arc<dyn MemoryCreator>).build().unwrap();
        let connector = runtime.load(embedded::CONNECTOR).unwrap();
        let mut job = runtime.start(&connector, &tenant).await.unwrap();
        let error = job.open().await.unwrap_err();
        drop(job);
        let secrets = org.emulator.credentials();
        for secret in [&secrets.password, &secrets.security_token] {
            assert!(!format!("{error:?} {error}").contains(secret.as_str()));
            assert_eq!(keeper.find(secret), 0);
        }
        server.abort();
    });
}

async fn echo(listener: tokio::net::TcpListener) {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    while let Ok((mut stream, _)) = listener.accept().await {
        let mut request = Vec::new();
        let mut buffer = [0; 4096];
        loop {
            let read = stream.read(&mut buffer).await.unwrap();
            request.extend_from_slice(&buffer[..read]);
            let text = String::from_utf8_lossy(&request);
            let whole = text.split_once("\r\n\r\n").is_some_and(|(head, body)| {
                let length = head
                    .lines()
                    .find_map(|line| line.to_lowercase().strip_prefix("content-length: ").map(str::to_owned));
                length.is_none_or(|length| body.len() >= length.parse().unwrap())
            });
            if read == 0 || whole {
                break;
            }
        }
        let text = String::from_utf8_lossy(&request).into_owned();
        let body = text.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len());
        stream.write_all(answer.as_bytes()).await.unwrap();
    }
}
