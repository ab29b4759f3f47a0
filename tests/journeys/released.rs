//! A connector of a version of the interface that was released before: it runs beside one of the newest, in the same runtime,
//! and every function of it works.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{SystemTime, UNIX_EPOCH};

use provisioning_host::conformance::{self, ComponentTarget, Options, Samples};
use provisioning_host::runtime::wit::{
    Action, Change, Deactivation, DesiredUser, ErrorKind, Features, Grant, ImportQuery, ImportScope, PushMode, Retry,
    Status, Value, Verdict,
};
use provisioning_host::runtime::{
    Connector, EgressPolicy, InterfaceVersion, Job, JobError, Runtime, SandboxFault, Secret, Tenant,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tracing_subscriber::layer::SubscriberExt as _;

use crate::support::{Org, host, import_all, journey, observed, only, refused, set};

const COMPONENT: &[u8] = include_bytes!(env!("CONNECTOR_OF_0_1"));

const PASSWORD: &str = "the \"register's\" password";

/// Loaded once, into the runtime that has the newest connector too.
fn connector() -> &'static Connector {
    static CONNECTOR: OnceLock<Connector> = OnceLock::new();
    CONNECTOR.get_or_init(|| host().0.load(COMPONENT).unwrap())
}

/// The register's server: it keeps what it is sent by path, and refuses whoever is called `short`.
#[derive(Clone)]
struct Register {
    url: String,
    received: Arc<Mutex<Vec<(String, String)>>>,
}

impl Register {
    async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let register = Self { url, received: Arc::default() };
        let serving = register.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let register = serving.clone();
                tokio::spawn(async move {
                    let mut read = Vec::new();
                    let mut buffer = [0; 4096];
                    while let Ok(length @ 1..) = stream.read(&mut buffer).await {
                        read.extend_from_slice(&buffer[..length]);
                        while let Some((path, body, end)) = request(&read) {
                            read.drain(..end);
                            let (status, answer) =
                                if path.ends_with("/short") { ("400 No", "too short") } else { ("200 OK", "ok") };
                            register.received.lock().unwrap().push((path, body));
                            let answer =
                                format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n{answer}", answer.len());
                            if stream.write_all(answer.as_bytes()).await.is_err() {
                                return;
                            }
                        }
                    }
                });
            }
        });
        register
    }

    /// What was sent since the last look, in the order of the paths.
    fn received(&self) -> Vec<(String, String)> {
        let mut received = std::mem::take(&mut *self.received.lock().unwrap());
        received.sort();
        received
    }

    fn tenant(&self) -> Tenant {
        Tenant {
            name: "register".to_owned(),
            settings: BTreeMap::from([("url".to_owned(), self.url.clone())]),
            secrets: BTreeMap::from([("password".to_owned(), Secret::new(PASSWORD.to_owned()))]),
            egress: EgressPolicy { allow: Vec::new(), loopback: true },
            ..Tenant::default()
        }
    }

    async fn job(&self) -> Job {
        host().0.start(connector(), &self.tenant()).await.unwrap()
    }
}

/// Path, body and length of the first request, once it is whole.
fn request(read: &[u8]) -> Option<(String, String, usize)> {
    let text = std::str::from_utf8(read).ok()?;
    let (head, _) = text.split_once("\r\n\r\n")?;
    let length = head
        .to_lowercase()
        .split_once("content-length: ")
        .map_or(0, |(_, rest)| rest.split("\r\n").next().and_then(|digits| digits.parse().ok()).unwrap_or_default());
    let (start, end) = (head.len() + 4, head.len() + 4 + length);
    let path = head.split(' ').nth(1)?.to_owned();
    Some((path, text.get(start..end)?.to_owned(), end))
}

fn query(scope: ImportScope, page_size: u32) -> ImportQuery {
    ImportQuery { scope, page_size, attributes: Vec::new(), grants: true }
}

#[test]
fn it_says_what_it_is_and_tries_its_settings() {
    journey(async {
        assert_eq!(connector().interface(), InterfaceVersion::V0_1);
        for import in ["types", "http", "log", "secrets"] {
            let import = format!("identity:provisioning/{import}@0.1.0");
            assert!(connector().imports().contains(&import), "{import}: {:?}", connector().imports());
        }
        let register = Register::start().await;
        let mut job = register.job().await;
        let descriptor = job.describe().await.unwrap();
        assert_eq!((descriptor.name.as_str(), descriptor.version.as_str()), ("Register", "0.1.0"));
        assert_eq!(descriptor.features, Features::all());
        let settings: Vec<&str> = descriptor.settings.iter().map(|setting| setting.name.as_str()).collect();
        assert_eq!((settings, descriptor.grants[0].name.as_str()), (vec!["url", "password"], "desk"));

        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        let probes = job.test_credentials().await.unwrap();
        let [signed_in, signs, clock] = probes.as_slice() else { panic!("{probes:?}") };
        assert_eq!((signed_in.verdict, signs.verdict), (Verdict::Passed, Verdict::Skipped));
        assert!(signs.detail.contains("BEGIN PRIVATE KEY"), "the host was asked to sign: {}", signs.detail);
        assert!(clock.detail.parse::<u64>().unwrap().abs_diff(now) < 60, "{}", clock.detail);
        let body = r#"{"password":"the \"register's\" password"}"#;
        assert_eq!(register.received(), [("/sign-in".to_owned(), body.to_owned())]);
        assert_eq!(job.usage().requests, 1);
    });
}

#[test]
fn a_setting_that_is_missing_is_refused_in_its_own_words() {
    journey(async {
        let mut tenant = Register::start().await.tenant();
        tenant.settings.clear();
        let mut job = host().0.start(connector(), &tenant).await.unwrap();
        let probes = job.test_credentials().await.unwrap();
        assert_eq!(probes[0].verdict, Verdict::Failed);
        assert!(matches!(probes[0].kind, Some(ErrorKind::InvalidSettings)), "{probes:?}");
        assert_eq!(probes[0].remedy.as_deref(), Some("Look into the register."));
        let error = refused(job.open().await.unwrap_err());
        assert!(error.message.contains("url or password"), "{error:?}");
        assert!(matches!(error.retry, Retry::AfterRemedy), "{error:?}");
    });
}

#[test]
fn its_pages_become_those_of_the_newest_version() {
    journey(async {
        let mut job = Register::start().await.job().await;
        let first = job.import_users(&query(ImportScope::Full, 2)).await.unwrap();
        assert_eq!(first.attributes, ["email", "admin", "floor", "teams"]);
        assert_eq!((first.next.as_deref(), first.watermark.as_deref()), (Some("2"), None));
        let [ada, bob] = first.users.as_slice() else { panic!("{first:?}") };
        assert_eq!(
            (ada.id.as_str(), ada.username.as_str(), ada.status),
            ("ada", "ada@register.example", Status::Active)
        );
        assert_eq!((ada.modified.as_str(), ada.grants[0].kind.as_str()), ("2026-01-01T00:00:00Z", "desk"));
        assert!(matches!(first.value(ada, "email"), Some(Value::Text(text)) if text == "ada@example.com"));
        assert!(matches!(first.value(ada, "admin"), Some(Value::Boolean(true))));
        assert!(matches!(first.value(ada, "floor"), Some(Value::Integer(-3))));
        assert!(matches!(first.value(ada, "teams"), Some(Value::Many(texts)) if *texts == ["red", "blue"]));
        assert_eq!((bob.status, bob.values.len(), first.named(bob).count()), (Status::Inactive, 4, 1));
        assert!(matches!(first.value(bob, "email"), Some(Value::Text(text)) if text == "bob@example.com"));

        let last = job.import_users(&query(ImportScope::Resume("2".to_owned()), 2)).await.unwrap();
        assert_eq!(last.attributes, ["title", "email"]);
        assert_eq!((last.next.as_deref(), last.watermark.as_deref()), (None, Some("mark")));
        assert_eq!((last.departed.as_slice(), last.users[0].status), (["dora".to_owned()].as_slice(), Status::Frozen));

        let wanted = ImportQuery {
            attributes: vec!["title".to_owned()],
            grants: false,
            ..query(ImportScope::Since("mark".to_owned()), 10)
        };
        let since = job.import_users(&wanted).await.unwrap();
        assert_eq!((since.attributes.as_slice(), since.users.len()), (["title".to_owned()].as_slice(), 1));
        assert!(since.users[0].grants.is_empty());

        let stale = refused(job.import_users(&query(ImportScope::Resume("x".to_owned()), 2)).await.unwrap_err());
        assert!(matches!(stale.kind, ErrorKind::StaleReference), "{stale:?}");

        let (users, pages) = import_all(&mut job, 1, false).await;
        assert_eq!((users.len(), pages, users[2].text("title")), (3, 3, Some("Cook")));
        assert_eq!(first.imported().count(), 2);
    });
}

#[test]
fn it_lists_pushes_and_takes_out_of_use() {
    journey(async {
        let mut job = Register::start().await.job().await;
        let attributes = job.list_attributes().await.unwrap();
        assert_eq!((attributes.len(), attributes[3].many, attributes[3].max_length), (5, true, Some(80)));
        let door = job.list_entitlements("desk", None).await.unwrap();
        let window = job.list_entitlements("desk", door.next.as_deref()).await.unwrap();
        assert_eq!((door.entitlements[0].name.as_str(), window.entitlements[0].name.as_str()), ("Door", "Window"));
        let seats = window.entitlements[0].seats.as_ref().map(|seats| (seats.used, seats.total));
        assert_eq!((seats, window.next), (Some((1, 2)), None));
        let unknown = refused(job.list_entitlements("chair", None).await.unwrap_err());
        assert!(matches!(unknown.kind, ErrorKind::InvalidValue), "{unknown:?}");

        let user = |username: &str, id: Option<&str>| DesiredUser {
            key: format!("key of {username}"),
            id: id.map(str::to_owned),
            username: username.to_owned(),
            changes: vec![set("title", "Cook"), Change { name: "email".to_owned(), value: None }],
            grants: vec![Grant { kind: "desk".to_owned(), id: "2".to_owned() }],
            exact_grants: false,
        };
        let users = [user("eve", None), user("taken", None), user("ada", Some("ada"))];
        let pushed = job.push_users(&users, &PushMode::Apply).await.unwrap();
        let made = pushed[0].as_ref().unwrap();
        assert_eq!((made.action, made.id.as_deref()), (Action::Created, Some("key of eve")));
        let changes: Vec<_> =
            made.changes.iter().map(|one| (one.field.as_str(), one.old.as_deref(), one.new.as_deref())).collect();
        assert_eq!(changes, [("title", Some("before"), Some("Cook")), ("email", Some("before"), None)]);
        assert_eq!(
            (made.side_effects.as_slice(), made.digest.as_str()),
            (["desk 2 is given".to_owned()].as_slice(), "applied")
        );
        let taken = pushed[1].as_ref().unwrap_err();
        assert!(matches!((&taken.kind, &taken.retry), (ErrorKind::UsernameTaken, Retry::AfterRemedy)), "{taken:?}");
        let upstream = taken.upstream.as_ref().unwrap();
        assert_eq!(
            (upstream.status, upstream.code.as_str(), upstream.fields.as_slice()),
            (409, "TAKEN", ["username".to_owned()].as_slice())
        );
        assert_eq!(pushed[2].as_ref().unwrap().action, Action::Updated);
        let planned = PushMode::ApplyPlanned(vec!["one".to_owned(), "two".to_owned()]);
        let outcome = only(job.push_users(&users[..1], &planned).await.unwrap()).unwrap();
        assert_eq!(outcome.digest, "one+two");

        let ids = ["ada".to_owned(), "nobody".to_owned()];
        for (how, action) in [
            (Deactivation::Deactivate, Action::Deactivated),
            (Deactivation::Freeze, Action::Frozen),
            (Deactivation::Unlink, Action::Unlinked),
        ] {
            let results = job.deactivate_users(&ids, how, &PushMode::Plan).await.unwrap();
            assert_eq!(results[0].as_ref().unwrap().action, action);
            assert!(matches!(results[1].as_ref().unwrap_err().kind, ErrorKind::NotFound));
        }
        let back = only(job.reactivate_users(&ids[..1], &PushMode::Apply).await.unwrap()).unwrap();
        assert_eq!((back.action, back.digest.as_str()), (Action::Reactivated, "applied"));
    });
}

#[test]
fn passwords_go_from_the_host_to_the_server_and_not_through_it() {
    journey(async {
        let register = Register::start().await;
        let mut job = register.job().await;
        job.open().await.unwrap();
        register.received();
        let passwords = ["ada", "short", "cleo"].map(|id| (id.to_owned(), Secret::new(format!("new-\"{id}\""))));
        let results = job.sync_passwords(&passwords).await.unwrap();
        assert!(results[0].is_ok() && results[2].is_ok(), "{results:?}");
        let refused = results[1].as_ref().unwrap_err();
        assert!(
            matches!((&refused.kind, &refused.retry), (ErrorKind::PasswordRejected, Retry::After(7))),
            "{refused:?}"
        );
        assert_eq!(refused.upstream.as_ref().map(|one| (one.status, one.message.as_str())), Some((400, "too short")));
        let body = |id: &str| (format!("/password/{id}"), format!(r#"{{"password":"new-\"{id}\""}}"#));
        assert_eq!(register.received(), [body("ada"), body("cleo"), body("short")]);
        let usage = job.session_usage().await.unwrap();
        assert_eq!((usage.calls, usage.used, usage.limit), (4, Some(41), None));
        assert_eq!(job.usage().requests, 4);
    });
}

#[test]
fn what_it_logs_is_logged() {
    /// Keeps what connectors log.
    struct Kept(Arc<Mutex<Vec<String>>>);
    struct Text<'a>(&'a mut String);
    impl tracing::field::Visit for Text<'_> {
        fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
            *self.0 += &format!("{}={value:?} ", field.name());
        }
    }
    impl<S: tracing::Subscriber> tracing_subscriber::Layer<S> for Kept {
        fn on_event(&self, event: &tracing::Event<'_>, _: tracing_subscriber::layer::Context<'_, S>) {
            if event.metadata().target() == "connector" {
                let mut text = String::new();
                event.record(&mut Text(&mut text));
                self.0.lock().unwrap().push(text);
            }
        }
    }
    let kept = Arc::<Mutex<Vec<String>>>::default();
    observed(tracing_subscriber::registry().with(Kept(Arc::clone(&kept))), || {
        let executor = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        executor.block_on(async {
            // A runtime of its own: the connections of one belong to its executor.
            let runtime = Runtime::builder().jobs(2).build().unwrap();
            let connector = runtime.load(COMPONENT).unwrap();
            let tenant = Register::start().await.tenant();
            runtime.start(&connector, &tenant).await.unwrap().open().await.unwrap();
        });
    });
    let kept = kept.lock().unwrap();
    assert_eq!(kept.len(), 1, "{kept:?}");
    assert!(kept[0].contains("signed in to the register") && kept[0].contains("tenant=register"), "{kept:?}");
}

#[test]
fn it_works_beside_the_newest_in_one_runtime() {
    journey(async {
        let (_, newest) = host();
        assert_eq!(newest.interface(), InterfaceVersion::V0_2);
        let org = Org::start(40, 711).await;
        let register = Register::start().await;
        let (mut new, mut old) = (org.job().await, register.job().await);
        let ((there, _), (here, _)) = tokio::join!(import_all(&mut new, 10, true), import_all(&mut old, 1, true));
        assert!(there.len() >= 35 && here.len() == 3);
        assert!(there.iter().all(|user| user.text("familyName").is_some()));
        assert_eq!(here[0].text("email"), Some("ada@example.com"));
    });
}

#[test]
fn a_page_over_the_bound_of_a_call_ends_its_job() {
    journey(async {
        let mut tenant = Register::start().await.tenant();
        // What a sign-in takes, and not the thousands of bytes of a page.
        tenant.limits.transfer = 600;
        let mut job = host().0.start(connector(), &tenant).await.unwrap();
        job.open().await.unwrap();
        match job.import_users(&query(ImportScope::Full, 10)).await.unwrap_err() {
            JobError::Stopped { fault: SandboxFault::Transfer(600), .. } => {}
            other => panic!("{other}"),
        }
    });
}

#[test]
fn the_checks_of_imports_hold_for_it() {
    journey(async {
        let register = Register::start().await;
        let target = ComponentTarget::load(&Runtime::builder().jobs(4), COMPONENT, register.tenant()).unwrap();
        let options = Options { writes: false, only: Some("import.".to_owned()) };
        let report = conformance::run(&target, &Samples::default(), &options, &mut |_| {}).await;
        assert!(report.conforms(), "{:#?}", report.checks);
        for name in ["import.whole", "import.page-size", "import.resume", "import.aligned", "import.attributes"] {
            assert_eq!(report.get(name).unwrap().verdict, conformance::Verdict::Passed, "{name}");
        }
    });
}
