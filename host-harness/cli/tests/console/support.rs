//! A console that serves a data folder, an emulated org behind it, and a browser that keeps a cookie.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock};

use provisioning_console::{Admins, Console};
use provisioning_directory::config::{ComponentChoice, TenantConfig};
use provisioning_directory::sync::ComponentApplications;
use provisioning_directory::{Actor, Directory, LeaseTimes, TenantRecord};
use provisioning_runtime::{ComponentCache, Runtime, Secret};
use reqwest::header::{COOKIE, HeaderMap, LOCATION, SET_COOKIE};
use reqwest::{Client, redirect};
use salesforce_emulator::{Connection, Emulator};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// Everything that one test needs. The console ends with it.
pub(crate) struct World {
    pub(crate) directory: Directory,
    pub(crate) address: SocketAddr,
    pub(crate) folder: Arc<TempDir>,
    /// What the console prints: with its token, where there are no admins.
    pub(crate) open: String,
    stop: Option<oneshot::Sender<()>>,
    served: Option<JoinHandle<()>>,
}

/// What a console is started with.
#[derive(Default)]
pub(crate) struct Start {
    pub(crate) admin: Option<&'static str>,
    pub(crate) behind_tls: bool,
    pub(crate) hosts: Vec<&'static str>,
    pub(crate) proxies: Vec<&'static str>,
}

/// One for all tests of this binary: compiling the component would be most of their time.
pub(crate) fn applications(folder: &TempDir) -> Arc<ComponentApplications> {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    let runtime = RUNTIME.get_or_init(|| {
        let builder = Runtime::builder().jobs(64);
        // A checkout that its group may write to has none.
        match ComponentCache::open(concat!(env!("CARGO_TARGET_TMPDIR"), "/compiled").as_ref()) {
            Ok(cache) => builder.cache(cache),
            Err(_) => builder,
        }
        .build()
        .unwrap()
    });
    let made = ComponentApplications::new(runtime.clone(), host_harness::embedded::CONNECTOR, folder.path());
    Arc::new(made.kept_in(directory_of(folder.path())))
}

/// The directory of a folder: in it, or on the PostgreSQL server that tests are to be on.
fn directory_of(folder: &Path) -> Directory {
    match test_database::of(folder) {
        Some(url) => Directory::open_postgres(folder, &url, LeaseTimes::default()).unwrap(),
        None => Directory::open(folder).unwrap(),
    }
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::start(Start::default()).await
    }

    pub(crate) async fn start(start: Start) -> Self {
        Self::serve(start, Arc::new(tempfile::tempdir().unwrap())).await
    }

    /// Another console of the same directory, as on another host.
    pub(crate) async fn beside(&self) -> Self {
        Self::serve(Start::default(), Arc::clone(&self.folder)).await
    }

    async fn serve(start: Start, folder: Arc<TempDir>) -> Self {
        let directory = directory_of(folder.path());
        if let Some(password) = start.admin {
            Admins::of(&directory)
                .unwrap()
                .set_password(&Actor::new("root"), "ada", &Secret::new(password.to_owned()))
                .unwrap();
        }
        let mut builder = Console::builder(directory.clone(), applications(&folder)).behind_tls(start.behind_tls);
        builder = builder.trusted_proxies(start.proxies.iter().map(|address| address.parse().unwrap()));
        for host in start.hosts {
            builder = builder.host(host).unwrap();
        }
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let console = builder.build();
        let open = console.address("").unwrap();
        let (stop, stopped) = oneshot::channel();
        let served = tokio::spawn(async move {
            let stopped = async { drop(stopped.await) };
            console.serve(listener, stopped).await.unwrap();
        });
        Self { directory, address, folder, open, stop: Some(stop), served: Some(served) }
    }

    /// Ends the console, and waits for its end.
    pub(crate) async fn stop(&mut self) {
        drop(self.stop.take());
        if let Some(served) = self.served.take() {
            served.await.unwrap();
        }
    }

    pub(crate) fn browser(&self) -> Browser {
        Browser::new(self.address, &self.open)
    }

    /// Adds a tenant without going through a page.
    pub(crate) fn add(&self, name: &str) -> TenantRecord {
        let mut config = TenantConfig::default();
        config.set_component(ComponentChoice::Embedded);
        self.directory.write(&Actor::new("test"), |change| change.add_tenant(name, &config)).unwrap()
    }

    pub(crate) fn tenant(&self, name: &str) -> TenantRecord {
        self.directory.read(|view| view.tenant(name)).unwrap()
    }

    /// How many rows the audit trail has that tell of more than signing in: it grows when anything is stored.
    pub(crate) fn audited(&self) -> i64 {
        let rows = self.directory.read(|view| view.audit(&Default::default())).unwrap();
        i64::try_from(rows.iter().filter(|row| !row.action.starts_with("console.")).count()).unwrap()
    }

    /// A tenant whose settings and secrets are those of an org.
    pub(crate) async fn add_connected(&self, name: &str, org: &Connection) -> TenantRecord {
        self.add(name);
        let browser = self.browser();
        browser.save(&format!("/applications/{name}/general"), &general(org)).await;
        browser.save(&format!("/applications/{name}/integration"), &integration(org)).await;
        browser.save(&format!("/applications/{name}/to-app"), &[("setting.account-id", &org.account_id)]).await;
        self.tenant(name)
    }
}

/// An emulated org, as long as the test lives.
pub(crate) async fn org(users: u32, seed: u64) -> (Emulator, Connection) {
    let emulator = Emulator::builder().users(users).seed(seed).start().await.unwrap();
    let connection = emulator.credentials();
    (emulator, connection)
}

/// What an admin enters under General.
pub(crate) fn general(org: &Connection) -> Vec<(&'static str, &str)> {
    vec![
        ("setting.instance-type", "my-domain"),
        ("setting.my-domain", &org.url),
        ("setting.organization-id", &org.organization_id),
        ("setting.portal-id", &org.portal_id),
    ]
}

/// What an admin enters under Integration.
pub(crate) fn integration(org: &Connection) -> Vec<(&'static str, &str)> {
    vec![
        ("enabled", "true"),
        ("setting.username", &org.username),
        ("secret.password", &org.password),
        ("secret.security-token", &org.security_token),
        ("egress.loopback", org.url.rsplit(':').next().unwrap()),
    ]
}

/// A browser: cookies, no script, and no redirect followed by itself.
pub(crate) struct Browser {
    client: Client,
    base: String,
    /// The address that is opened first, where the console has one to let somebody in by.
    open: Mutex<Option<String>>,
    cookie: Mutex<Option<String>>,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Page {
    pub(crate) fn location(&self) -> &str {
        self.headers.get(LOCATION).map_or("", |location| location.to_str().unwrap())
    }

    /// Checks the status, and shows the page where it is another.
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{self:?}");
        self
    }

    /// The form token of the page's forms.
    pub(crate) fn token(&self) -> String {
        let (_, rest) = self.text.split_once("name=\"form-token\" value=\"").unwrap_or_else(|| panic!("{self:?}"));
        rest.split('"').next().unwrap().to_owned()
    }

    /// The words of the page, without tags.
    pub(crate) fn words(&self) -> String {
        let body = self.text.split_once("<main").map_or("", |(_, body)| body);
        let mut words = String::new();
        for piece in body.split('<') {
            let text = piece.split_once('>').map_or(piece, |(_, text)| text);
            words.push_str(text);
            words.push(' ');
        }
        let words = words.replace("&#34;", "\"").replace("&#39;", "'").replace("&#60;", "<").replace("&#62;", ">");
        words.replace("&#38;", "&").split_whitespace().collect::<Vec<_>>().join(" ")
    }

    pub(crate) fn says(self, words: &str) -> Self {
        assert!(self.words().contains(words), "`{words}` is not in: {}", self.words());
        self
    }
}

impl Browser {
    pub(crate) fn new(address: SocketAddr, open: &str) -> Self {
        static PROVIDER: OnceLock<()> = OnceLock::new();
        PROVIDER.get_or_init(|| {
            // Another part of this process may have installed the same one.
            let _ = rustls::crypto::ring::default_provider().install_default();
        });
        let client = Client::builder().redirect(redirect::Policy::none()).no_proxy().build().unwrap();
        let open = Mutex::new(Some(open.to_owned()).filter(|open| !open.is_empty()));
        Self { client, base: format!("http://{address}"), open, cookie: Mutex::default() }
    }

    pub(crate) fn cookie(&self) -> Option<String> {
        self.cookie.lock().unwrap().clone()
    }

    /// Goes on with another console of the same directory, as behind a load balancer.
    pub(crate) fn turn_to(&mut self, world: &World) {
        self.base = format!("http://{}", world.address);
    }

    /// Goes on with a cookie that it had before.
    pub(crate) fn set_cookie(&self, cookie: Option<String>) {
        *self.cookie.lock().unwrap() = cookie;
    }

    pub(crate) async fn send(&self, request: reqwest::RequestBuilder) -> Page {
        let open = self.open.lock().unwrap().take();
        if let Some(open) = open {
            Box::pin(self.get(&open)).await.expect(303);
        }
        let cookie = self.cookie();
        let request = match cookie {
            Some(cookie) => request.header(COOKIE, cookie),
            None => request,
        };
        let response = request.send().await.unwrap();
        let headers = response.headers().clone();
        for cookie in headers.get_all(SET_COOKIE) {
            let pair = cookie.to_str().unwrap().split(';').next().unwrap();
            let (name, _) = pair.split_once('=').unwrap();
            let before = self.cookie().unwrap_or_default();
            let others = before.split("; ").filter(|other| other.split('=').next() != Some(name) && !other.is_empty());
            self.set_cookie(Some(others.chain([pair]).collect::<Vec<_>>().join("; ")));
        }
        Page { status: response.status().as_u16(), headers, text: response.text().await.unwrap() }
    }

    pub(crate) fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        self.client.request(method.parse().unwrap(), format!("{}{path}", self.base))
    }

    pub(crate) async fn get(&self, path: &str) -> Page {
        self.send(self.request("GET", path)).await
    }

    /// Sends fields as they are.
    pub(crate) async fn post_raw(&self, path: &str, fields: &[(&str, &str)]) -> Page {
        self.send(self.form(path, fields)).await
    }

    /// A request with fields, to be changed further.
    pub(crate) fn form(&self, path: &str, fields: &[(&str, &str)]) -> reqwest::RequestBuilder {
        let mut body = url::form_urlencoded::Serializer::new(String::new());
        body.extend_pairs(fields);
        self.request("POST", path).header("content-type", "application/x-www-form-urlencoded").body(body.finish())
    }

    /// The form token of this session.
    pub(crate) async fn token(&self) -> String {
        self.get("/add-application").await.token()
    }

    /// Sends fields with the form token.
    pub(crate) async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Page {
        let token = self.token().await;
        let mut all = vec![("form-token", token.as_str())];
        all.extend_from_slice(fields);
        self.post_raw(path, &all).await
    }

    /// Opens a page, fills some of its fields in, leaves the others as they are, and sends it. Returns the page that follows.
    pub(crate) async fn save(&self, path: &str, fields: &[(&str, &str)]) -> Page {
        let mut all = sent_by_default(&self.get(path).await.expect(200), path);
        all.retain(|(name, _)| !fields.iter().any(|(given, _)| given == name));
        all.extend(fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let all: Vec<(&str, &str)> = all.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let answer = self.post_raw(path, &all).await.expect(303);
        self.get(answer.location()).await.expect(200)
    }
}

/// What a browser would send of the form with this action: hidden fields, texts, boxes that are ticked, and choices. Buttons are
/// left out.
pub(crate) fn sent_by_default(page: &Page, action: &str) -> Vec<(String, String)> {
    let start = format!("<form method=\"post\" action=\"{action}\"");
    let forms = page.text.split(&start).skip(1).map(|form| form.split("</form>").next().unwrap());
    // The largest one: a page may have buttons of their own that go to the same address.
    let form = forms.max_by_key(|form| form.len()).unwrap_or_else(|| panic!("no form for {action}: {page:?}"));
    let mut sent = Vec::new();
    let mut select: Option<(String, Option<String>)> = None;
    for tag in form.split('<').skip(1) {
        let (tag, text) = tag.split_once('>').unwrap();
        let attribute = |name: &str| {
            let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
            Some(unescaped(rest.split('"').next().unwrap()))
        };
        let has = |word: &str| tag.split_whitespace().any(|one| one == word);
        match tag.split_whitespace().next().unwrap_or_default() {
            "input" if has("disabled") => {}
            "input" => match attribute("type").as_deref() {
                Some("checkbox" | "radio") if !has("checked") => {}
                _ => sent.push((attribute("name").unwrap(), attribute("value").unwrap_or_default())),
            },
            "textarea" if !has("disabled") => {
                sent.push((attribute("name").unwrap(), unescaped(text.trim_start_matches('\n'))));
            }
            "select" if !has("disabled") => select = Some((attribute("name").unwrap(), None)),
            "option" => {
                if let Some((_, chosen)) = &mut select
                    && (has("selected") || chosen.is_none())
                {
                    *chosen = attribute("value");
                }
            }
            "/select" => {
                if let Some((name, value)) = select.take() {
                    sent.push((name, value.unwrap_or_default()));
                }
            }
            _ => {}
        }
    }
    sent
}

fn unescaped(text: &str) -> String {
    text.replace("&#34;", "\"").replace("&#39;", "'").replace("&#60;", "<").replace("&#62;", ">").replace("&#38;", "&")
}
