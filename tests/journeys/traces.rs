//! No trace of a secret: not on disk, not in logs, metrics or recordings, not in the component's memory; neither plain nor in
//! a form that hides it only from the eye.

use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use host_harness::embedded;
use provisioning_conformance::MemoryKeeper;
use provisioning_runtime::wit::{Deactivation, PushMode};
use provisioning_runtime::{ComponentCache, Recorder, Replay, Runtime, Secret};
use wasmtime::MemoryCreator;

use crate::support::{Org, import_all, observed, only, person};

/// A log that is kept.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The forms in which a secret could stand somewhere: as it is, escaped as XML, JSON or form, and in base64 at each of the
/// three places where it can begin in a longer text.
fn forms(secret: &str) -> Vec<String> {
    let xml = secret.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
    let json = serde_json::Value::from(secret).to_string();
    let mut forms = vec![secret.to_owned(), xml, json[1..json.len() - 1].to_owned()];
    for engine in [STANDARD, URL_SAFE] {
        for before in 0..3 {
            let text = engine.encode([&vec![0; before], secret.as_bytes()].concat());
            // The first and the last characters depend on the neighbours.
            let whole = (before * 8).div_ceil(6)..(before + secret.len()) * 8 / 6;
            forms.push(text[whole].to_owned());
        }
    }
    forms.sort();
    forms.dedup();
    forms
}

/// Every file below `folder`, with its name.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push((path.display().to_string(), std::fs::read(&path).unwrap()));
        }
    }
    found
}

fn holds(bytes: &[u8], needle: &str) -> bool {
    bytes.windows(needle.len()).any(|window| window == needle.as_bytes())
}

#[test]
fn the_forms_of_a_secret_are_found_in_any_base64() {
    let found = |text: &str| forms("hunter2-hunter2").iter().any(|form| text.contains(form.as_str()));
    for before in 0..7 {
        let text = STANDARD.encode(format!("{}hunter2-hunter2 and more", "x".repeat(before)));
        assert!(found(&text), "{text}");
        assert!(!found(&STANDARD.encode(format!("{}hunter3-hunter3 and more", "x".repeat(before)))));
    }
}

#[test]
fn no_secret_leaves_a_trace() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().to_owned();
    let log = Log::default();
    let written = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || written.clone())
        .with_ansi(false)
        .finish();
    let keeper = Arc::new(MemoryKeeper::default());
    // On this thread, with everything that is logged.
    let (secrets, username) = observed(subscriber, || {
        let executor = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        executor.block_on(main_job(&folder, &keeper))
    });

    std::fs::write(folder.join("host.log"), &*log.0.lock().unwrap()).unwrap();
    let files = files(&folder);
    for secret in &secrets {
        for form in forms(secret) {
            for (name, bytes) in &files {
                assert!(!holds(bytes, &form), "a secret of {} characters stands in {name}", secret.len());
            }
            assert_eq!(keeper.find(&form), 0, "a secret of {} characters stands in guest memory", secret.len());
        }
    }
    // What is no secret is found, so the search finds things.
    for name in ["recording.jsonl", "host.log", "metrics.txt"] {
        let (_, bytes) = files.iter().find(|(path, _)| path.ends_with(name)).unwrap();
        let known = if name == "recording.jsonl" { username.as_str() } else { "acme" };
        assert!(holds(bytes, known), "{known} is not in {name}");
    }
    assert!(files.iter().any(|(name, _)| name.contains("/cache/")));
    assert!(keeper.find(&username) > 0);
}

/// Does what a host does in a tenant's life, with everything written down that can be. Returns the secrets that were used, and
/// the admin's username.
async fn main_job(folder: &Path, keeper: &Arc<MemoryKeeper>) -> (Vec<String>, String) {
    let org = Org::start(30, 43).await;
    let recording = folder.join("recording.jsonl");
    let runtime = Runtime::builder()
        .memory(Arc::clone(keeper) as Arc<dyn MemoryCreator>)
        .cache(ComponentCache::open(&folder.join("cache")).unwrap())
        .record(Recorder::create(&recording).unwrap())
        .build()
        .unwrap();
    let connector = runtime.load(embedded::CONNECTOR).unwrap();
    let mut job = runtime.start(&connector, &org.tenant).await.unwrap();
    assert!(!job.test_credentials().await.unwrap().is_empty());
    let (users, _) = import_all(&mut job, 20, true).await;
    let profile = users[0].grants.iter().find(|grant| grant.kind == "profile").unwrap().id.clone();
    let made = only(job.push_users(&[person("Grace", &profile)], &PushMode::Apply).await.unwrap()).unwrap();
    let id = made.id.unwrap();
    let (accepted, rejected) = ("N0-trace of <\"this'&> left", "short&2");
    for (password, fine) in [(accepted, true), (rejected, false)] {
        let secret = Secret::new(password.to_owned());
        assert_eq!(job.sync_passwords(&[(id.clone(), secret)]).await.unwrap().remove(0).is_ok(), fine);
    }
    org.emulator.expire_sessions();
    only(job.deactivate_users(&[id], Deactivation::Deactivate, &PushMode::Apply).await.unwrap()).unwrap();
    job.session_usage().await.unwrap();
    drop(job);
    // And once with credentials that do not hold: errors quote most.
    let mut tenant = org.tenant.clone();
    let wrong = "a-wrong-Passw0rd&more";
    tenant.secrets.insert("password".to_owned(), Secret::new(wrong.to_owned()));
    let mut job = runtime.start(&connector, &tenant).await.unwrap();
    let error = job.open().await.unwrap_err();
    tracing::error!(%error, ?error, ?tenant, "as a host would log it");
    drop(job);

    assert!(Replay::read(&recording).unwrap().left() > 10);
    std::fs::write(folder.join("metrics.txt"), runtime.metrics().render()).unwrap();
    let access = org.emulator.credentials();
    let secrets = [&access.password, &access.security_token, accepted, rejected, wrong].map(str::to_owned);
    (secrets.to_vec(), access.username)
}
