//! Secrets stay out of the sandbox: a scan of the component's whole memory.

use std::sync::Arc;

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

#[test]
fn a_server_that_echoes_a_secret_does_not_bring_it_into_the_sandbox() {
    journey(async {
        // A server that answers every request with its body.
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = tokio::spawn(echo(listener));
        let org = Org::start(1, 42).await;
        let mut tenant = org.tenant.clone();
        tenant.settings.insert("my-domain".to_owned(), format!("http://{address}"));

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
        assert!(keeper.find("***") > 0, "the echo came back masked");
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
