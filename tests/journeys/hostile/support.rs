//! What every attack needs: a tenant, a job, a server to reach, and a process whose memory is its own.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use provisioning_runtime::{
    Approval, Declaration, EgressPolicy, HostEntry, HostSource, Job, JobError, Limits, Runtime, SandboxFault, Secret,
    Tenant,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::support::{host, journey};

/// A tenant of a malicious connector; it has one secret and may reach this machine, at the ports that its attack asks for.
pub(crate) fn mallory() -> Tenant {
    Tenant {
        name: "mallory".to_owned(),
        secrets: BTreeMap::from([("password".to_owned(), Secret::new("mallorys-own-secret".to_owned()))]),
        egress: EgressPolicy { allow: Vec::new(), loopback: vec![1] },
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
    let declaration = addresses(attack);
    if !tenant.egress.loopback.is_empty() {
        tenant.egress.loopback.extend(declaration.hosts.iter().filter_map(|host| match &host.source {
            HostSource::Exact(origin) => Some(port(origin)),
            _ => None,
        }));
    }
    tenant.approval = Some(Approval { component_sha256: connector.digest().to_owned(), declaration });
    runtime.start(&connector, &tenant).await.unwrap()
}

/// The port of an address.
pub(crate) fn port(url: &str) -> u16 {
    EgressPolicy::this_machine(url).loopback.first().copied().unwrap_or(443)
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

/// Does the work of the test of this name in a process of its own, so that what the process takes is what the work takes.
pub(crate) fn alone(test: &str, work: impl Future<Output = ()>) {
    const HERE: &str = "PROVISIONING_TEST_ALONE";
    if std::env::var_os(HERE).is_some() {
        return journey(work);
    }
    let mut process = std::process::Command::new(std::env::current_exe().unwrap());
    let done = process.args(["--exact", test, "--nocapture"]).env(HERE, "1").output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success() && out.contains("1 passed"), "{out}\n{err}");
    out.lines().filter(|line| line.contains(": ")).for_each(|line| println!("{line}"));
}

/// The most memory that this process has had resident, in bytes (proc(5), `VmHWM`).
pub(crate) fn most_resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() << 10
}

/// A server for the thief: it hands out large answers, packed, and tokens, and is slow to read at `/api/slow`.
pub(crate) struct Generous {
    pub(crate) url: String,
}

/// Length of a large answer once it is unpacked.
pub(crate) const LARGE_ANSWER: usize = 15 << 20;

impl Generous {
    pub(crate) async fn start() -> Self {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        std::io::Write::write_all(&mut packer, &vec![b' '; LARGE_ANSWER]).unwrap();
        let packed: Arc<[u8]> = packer.finish().unwrap().into();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(give(stream, Arc::clone(&packed)));
            }
        });
        Self { url }
    }
}

async fn give(mut stream: tokio::net::TcpStream, packed: Arc<[u8]>) {
    let mut received = Vec::new();
    let mut buffer = vec![0; 64 << 10];
    while let Ok(read @ 1..) = stream.read(&mut buffer).await {
        received.extend_from_slice(&buffer[..read]);
        let Some(end) = received.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&received[..end]).to_lowercase();
        if head.starts_with("post /api/slow") {
            // Nobody reads the rest of the body before the client gives up.
            tokio::time::sleep(Duration::from_secs(10)).await;
            return;
        }
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
        if received.len() < end + 4 + length.unwrap_or(0) {
            continue;
        }
        received.clear();
        let (coding, body): (&str, &[u8]) = match head.starts_with("get /api/large") {
            true => ("content-encoding: gzip\r\n", &packed),
            false => ("", br#"{"token":"T0KEN!of.the-session"}"#),
        };
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n{coding}content-length: {}\r\n\r\n",
            body.len()
        );
        if stream.write_all(&[head.as_bytes(), body].concat()).await.is_err() {
            return;
        }
    }
}

/// A job of the thief, which does at `app` what `attack` names.
pub(crate) async fn thief(runtime: &Runtime, attack: &str, app: &str, limits: &Limits, guess: &str) -> Job {
    let connector = runtime.load(super::attack!("thief")).unwrap();
    let setting = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let tenant = Tenant {
        name: "mallory".to_owned(),
        settings: [setting("attack", attack), setting("app", app), setting("guess", guess)].into(),
        secrets: [("password", "mallorys-own-secret"), ("key", KEY)]
            .map(|(name, value)| (name.to_owned(), Secret::new(value.to_owned())))
            .into(),
        egress: EgressPolicy::this_machine(app),
        approval: Some(runtime.approve(&connector).await.unwrap()),
        limits: limits.clone(),
        ..Tenant::default()
    };
    runtime.start(&connector, &tenant).await.unwrap()
}

const KEY: &str = include_str!("../../../host-harness/emulator/tests/it/keys/app.key.pem");
