//! How long the console's pages take with a directory of 100,000 people, all linked and assigned, each with a task.
//!
//! `BENCH_PEOPLE` is their number. Each page is asked for one after another over one HTTP connection; the figure is the median.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use host_harness::embedded;
use provisioning_console::Console;
use provisioning_directory::config::TenantConfig;
use provisioning_directory::sync::{ComponentApplications, intents};
use provisioning_directory::{
    Actor, AttributeSchema, Directory, DirectoryError, LinkReason, NewAssignment, NewPerson, PersonEdit,
    WriteTransaction,
};
use provisioning_runtime::Runtime;
use reqwest::Client;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use support::{figure, median, number};

/// People in one transaction.
const AT_ONCE: u32 = 5_000;
/// Times that each page is asked for.
const TIMES: usize = 41;
const AIM: &str = "≤ 50";

/// The pages that are measured.
const PAGES: &[&str] = &[
    "/applications",
    "/add-application",
    "/applications/acme/general",
    "/applications/acme/integration",
    "/applications/acme/to-app",
    "/applications/acme/attributes",
    "/applications/acme/attributes?person=E50000",
    "/applications/acme/to-idp",
    "/applications/acme/remove",
    "/people",
    "/people?after=E90000",
    "/people?q=person-99999",
    "/people?q=nobody+is+like+that",
    "/people/E50000",
    "/people/E50000/edit",
    "/applications/acme/assignments",
    "/applications/acme/assignments?q=person-99999",
    "/applications/acme/assignments/people",
    "/applications/acme/assignments/edit?person=E50000",
    "/applications/acme/import",
    "/applications/acme/import/matches",
    "/applications/acme/push",
    "/applications/acme/tasks",
    "/applications/acme/tasks?q=person-99999",
    "/applications/acme/audit",
    "/applications/acme/usage",
    "/audit",
    "/audit?person=E50000",
    "/audit?until=2020-01-01",
];

/// One of the attributes that a connector lists.
fn attribute(number: u32) -> AttributeSchema {
    let names = ["givenName", "familyName", "email", "title"];
    let name = names.get(number as usize).map_or_else(|| format!("attribute{number}"), |name| (*name).to_owned());
    AttributeSchema {
        name,
        writable: true,
        required: number < 3,
        kind: "string".to_owned(),
        ..AttributeSchema::default()
    }
}

fn fill(directory: &Directory, people: u32) {
    let actor = Actor::new("bench");
    let mut config = TenantConfig::default();
    config.to_app.push_new_users = true;
    config.to_app.push_profile_updates = true;
    let tenant = directory.write(&actor, |change| change.add_tenant("acme", &config)).unwrap();
    let attributes: Vec<AttributeSchema> = (0..40).map(attribute).collect();
    directory.write(&actor, |change| change.set_attribute_schema(tenant.id, &attributes)).unwrap();
    for first in (0..people).step_by(AT_ONCE as usize) {
        directory
            .write(&actor, |change: &WriteTransaction<'_>| -> Result<(), DirectoryError> {
                for number in first..people.min(first + AT_ONCE) {
                    let new = NewPerson::new(format!("E{number}"), format!("person-{number}@bench.example"))
                        .with("givenName", format!("Given{}", number % 997).as_str())
                        .with("familyName", format!("Family{}", number % 4_999).as_str())
                        .with("email", format!("person-{number}@bench.example").as_str())
                        .with("title", "Engineer");
                    let person = change.add_person(&new)?;
                    change.add_link(&tenant, &person, &format!("005{number:015}"), LinkReason::Pushed)?;
                    intents::assign(change, &tenant, &person, &NewAssignment::default())?;
                }
                Ok(())
            })
            .unwrap();
    }
}

/// A client with the cookie of a browser that has opened the console's address.
async fn entered(open: &str) -> Client {
    let builder = || Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
    let answer = builder().build().unwrap().get(open).send().await.unwrap();
    let cookie = answer.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().parse().unwrap();
    let headers = [(reqwest::header::COOKIE, cookie)].into_iter().collect();
    builder().default_headers(headers).build().unwrap()
}

/// The median of the times of a page, in milliseconds.
async fn page(client: &Client, base: &str, path: &str) -> f64 {
    let mut times = Vec::with_capacity(TIMES);
    for _ in 0..TIMES {
        let started = Instant::now();
        let response = client.get(format!("{base}{path}")).send().await.unwrap();
        assert!(response.status().is_success(), "{path}: {}", response.status());
        assert!(response.text().await.unwrap().contains("</html>"), "{path}");
        times.push(started.elapsed().as_secs_f64() * 1e3);
    }
    median(times)
}

/// Changes people one after another in short transactions, as an import does, until it is told to stop. Returns how many.
fn write_on(directory: &Directory, people: u32, stop: &AtomicBool) -> u32 {
    let actor = Actor::new("bench");
    let mut changed = 0;
    while !stop.load(Ordering::Relaxed) {
        directory
            .write(&actor, |change: &WriteTransaction<'_>| -> Result<(), DirectoryError> {
                for number in changed..changed + 100 {
                    let mut edit = PersonEdit::default();
                    edit.attributes.insert("title".to_owned(), Some(format!("Title {number}").as_str().into()));
                    intents::edit_person(change, &format!("E{}", number % people), &edit)?;
                }
                Ok(())
            })
            .unwrap();
        changed += 100;
    }
    changed
}

fn main() {
    let people = number("BENCH_PEOPLE", 100_000);
    let folder = tempfile::tempdir().unwrap();
    let directory = Directory::open(folder.path()).unwrap();
    let started = Instant::now();
    fill(&directory, people);
    figure("people, linked and assigned", f64::from(people), "people", None);
    figure("filled in", started.elapsed().as_secs_f64(), "s", None);
    rustls::crypto::ring::default_provider().install_default().unwrap();
    let executor = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    executor.block_on(async {
        let applications =
            ComponentApplications::new(Runtime::builder().build().unwrap(), embedded::CONNECTOR, folder.path());
        let console = Console::builder(directory.clone(), Arc::new(applications)).build();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let open = console.address(&base).unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let served = tokio::spawn(console.serve(listener, async { drop(stopped.await) }));
        let client = entered(&open).await;
        // The component is compiled once, and not by the first page that is measured.
        page(&client, &base, PAGES[2]).await;
        for path in PAGES {
            figure(&format!("page {path}"), page(&client, &base, path).await, "ms", Some(AIM));
        }
        let over = Arc::new(AtomicBool::new(false));
        let (writer, told) = (directory.clone(), Arc::clone(&over));
        let writing = tokio::task::spawn_blocking(move || write_on(&writer, people, &told));
        for path in [PAGES[0], PAGES[6]] {
            figure(&format!("page {path}, beside a writer"), page(&client, &base, path).await, "ms", Some(AIM));
        }
        over.store(true, Ordering::Relaxed);
        assert!(writing.await.unwrap() > 0, "nothing was written meanwhile");
        drop(stop);
        served.await.unwrap().unwrap();
    });
}
