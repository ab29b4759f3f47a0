//! What every attack needs: a tenant, a job, a server to reach.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use provisioning_runtime::{
    Approval, Declaration, EgressPolicy, HostEntry, HostSource, Job, JobError, Limits, SandboxFault, Secret, Tenant,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::support::host;

/// A tenant of a malicious connector; it has one secret and may reach this machine.
pub(crate) fn mallory() -> Tenant {
    Tenant {
        name: "mallory".to_owned(),
        secrets: BTreeMap::from([("password".to_owned(), Secret::new("mallorys-own-secret".to_owned()))]),
        egress: EgressPolicy { allow: Vec::new(), loopback: true },
        limits: Limits { compute: Duration::from_millis(200), call: Duration::from_secs(30), ..Limits::default() },
        ..Tenant::default()
    }
}

/// A job of `attack` for [`mallory`].
pub(crate) async fn job(attack: &[u8]) -> Job {
    job_for(attack, &mallory()).await
}

/// A job of `attack`.
pub(crate) async fn job_for(attack: &[u8], tenant: &Tenant) -> Job {
    let (runtime, _) = host();
    let connector = runtime.load(attack).unwrap();
    let mut tenant = tenant.clone();
    tenant.approval =
        Some(Approval { component_sha256: connector.digest().to_owned(), declaration: addresses(attack) });
    runtime.start(&connector, &tenant).await.unwrap()
}

/// A declaration of the addresses that an attack has in it, as if an admin had approved those: what stops it then is something else.
pub(crate) fn addresses(attack: &[u8]) -> Arc<Declaration> {
    let text = String::from_utf8_lossy(attack);
    let origins = text.match_indices("http").filter_map(|(at, _)| {
        let address = text[at..].split(|c: char| !c.is_ascii_graphic()).next()?;
        let (scheme, rest) = address.split_once("://")?;
        Some(format!("{scheme}://{}", rest.split('/').next()?))
    });
    let host = |origin: String| HostEntry { name: "target".to_owned(), source: HostSource::Exact(origin), when: None };
    Arc::new(Declaration { hosts: origins.map(host).collect(), ..Declaration::default() })
}

/// How the sandbox ended a job; the error must name tenant and call.
pub(crate) fn fault(error: JobError, call: &str) -> SandboxFault {
    let text = error.to_string();
    assert!(text.contains("mallory") && text.contains(&format!("`{call}`")), "{text}");
    match error {
        JobError::Stopped { fault, .. } => fault,
        JobError::Refused(error) => panic!("it was not stopped, but said: {}", error.message),
    }
}

/// How the sandbox ended `attack` in its `open`. The job is over, and the next job of the same connector is as the first.
pub(crate) async fn fault_of(attack: &[u8]) -> SandboxFault {
    let mut first = job(attack).await;
    let found = fault(first.open().await.unwrap_err(), "open");
    assert_eq!(fault(first.open().await.unwrap_err(), "open"), SandboxFault::Ended);
    assert_eq!(fault(job(attack).await.open().await.unwrap_err(), "open"), found);
    found
}

/// What the connector said when it refused.
pub(crate) fn refusal(error: JobError) -> String {
    match error {
        JobError::Refused(error) => error.message,
        stopped @ JobError::Stopped { .. } => panic!("{stopped}"),
    }
}

/// The attack with the address that it asks for.
pub(crate) fn aimed_at(attack: &[u8], url: &str) -> Vec<u8> {
    // The place is as long as the longest address; an address is read without the blanks at its end.
    let place = format!("{:.<64}", "@ADDRESS@");
    replaced(attack, place.as_bytes(), format!("{url:<64}").as_bytes())
}

/// The attack with the handle that it guesses.
pub(crate) fn guessing(attack: &[u8], handle: u32) -> Vec<u8> {
    replaced(attack, b"@NO@", &handle.to_le_bytes())
}

fn replaced(attack: &[u8], place: &[u8], content: &[u8]) -> Vec<u8> {
    assert_eq!(place.len(), content.len());
    let mut places = attack.windows(place.len()).enumerate().filter(|(_, window)| *window == place);
    let (at, _) = places.next().expect("the attack has the place");
    assert!(places.next().is_none(), "and has it once");
    let mut attack = attack.to_vec();
    attack[at..at + place.len()].copy_from_slice(content);
    attack
}

/// The component with another version wherever it has `name`, which ends with the one it has.
pub(crate) fn replaced_all(component: &[u8], name: &str, version: &str, other: &str) -> Vec<u8> {
    assert!(name.ends_with(version) && version.len() == other.len());
    let mut component = component.to_vec();
    let mut found = 0;
    for at in 0..=component.len() - name.len() {
        if component[at..].starts_with(name.as_bytes()) {
            component[at + name.len() - other.len()..at + name.len()].copy_from_slice(other.as_bytes());
            found += 1;
        }
    }
    assert!(found > 0, "the component names {name}");
    component
}

/// A server that counts the requests that it gets, none of which has a body, and answers each.
pub(crate) struct Listener {
    pub(crate) url: String,
    pub(crate) requests: Arc<AtomicUsize>,
}

impl Listener {
    pub(crate) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let requests = Arc::<AtomicUsize>::default();
        let count = Arc::clone(&requests);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let count = Arc::clone(&count);
                tokio::spawn(async move {
                    let mut received = Vec::new();
                    let mut buffer = [0; 4096];
                    while let Ok(read @ 1..) = stream.read(&mut buffer).await {
                        received.extend_from_slice(&buffer[..read]);
                        while let Some(end) = received.windows(4).position(|four| four == b"\r\n\r\n") {
                            count.fetch_add(1, Ordering::SeqCst);
                            received.drain(..end + 4);
                            if stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await.is_err() {
                                return;
                            }
                        }
                    }
                });
            }
        });
        Self { url, requests }
    }

    pub(crate) fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}
