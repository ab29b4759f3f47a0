//! How long users take to settle, what that writes, keeps and holds in memory, and how long others wait beside them.
//!
//! `BENCH_SETTLE` is the number of users of the large tenant (default 100,000), `BENCH_MATCH` of those that find people by their
//! usernames (default 20,000). `BENCH_ALONE` lists the sizes of the tenants that settle with nobody beside them, each in a process
//! of its own (default 10,000, 100,000 and 1,000,000), `BENCH_PUSH` is the number of new people that are pushed (default 100,000);
//! `BENCH_ONLY_ALONE` leaves the rest out. The application answers at once,
//! so that the figures are those of the directory. Two threads poll.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod support;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use provisioning_directory::config::{MatchRule, TenantConfig};
use provisioning_directory::sync::import::{ImportOptions, import};
use provisioning_directory::sync::push::push;
use provisioning_directory::sync::{finish_chores, intents};
use provisioning_directory::{
    Actor, Directory, DirectoryError, ImportPhase, NewAssignment, NewPerson, PersonEdit, TenantRecord,
};
use tokio::runtime::Runtime;

use support::users::{Users, username};
use support::{figure, number, process};

/// Users and people of the small tenant.
const FEW: u32 = 20;

fn actor() -> Actor {
    Actor::new("bench")
}

fn tenant(directory: &Directory, name: &str, users: u32) -> TenantRecord {
    let mut config: TenantConfig = toml::from_str(&format!("settings.users = \"{users}\"")).unwrap();
    config.to_idp.matching.exact = vec![MatchRule::Username];
    config.to_app.push_new_users = true;
    directory.write(&actor(), |change| change.add_tenant(name, &config)).unwrap()
}

fn people(directory: &Directory, keys: &str, count: u32) {
    let add = |change: &provisioning_directory::WriteTransaction<'_>, number: &u32| -> Result<(), DirectoryError> {
        let new = NewPerson::new(format!("{keys}{number}"), username(*number));
        change.add_person(&new).map(drop)
    };
    directory.write_in_turns(&actor(), 0..count, add).unwrap();
}

/// How long reading, and how long settling takes, the longest transaction of each among it.
async fn timed_import(directory: &Directory, tenant: &TenantRecord) -> [(Duration, Duration); 2] {
    let times = Mutex::new([(Duration::ZERO, Duration::ZERO); 2]);
    let last = Mutex::new(Instant::now());
    let progress = |progress: provisioning_directory::sync::import::ImportProgress| {
        let (mut times, mut last) = (times.lock().unwrap(), last.lock().unwrap());
        let step = last.elapsed();
        let (whole, longest) = &mut times[usize::from(progress.phase != ImportPhase::Reading)];
        (*whole, *longest) = (*whole + step, step.max(*longest));
        *last = Instant::now();
    };
    let options = ImportOptions { full: true, accept: true, ..ImportOptions::default() };
    let report = import(directory, &Users, tenant, &actor(), options, &progress).await.unwrap();
    assert_eq!((report.run.phase, report.run.counts.failed), (ImportPhase::Done, 0));
    times.into_inner().unwrap()
}

/// Users that find their people by username; without the index, where that is wanted.
fn matching(executor: &Runtime, count: u32, indexed: bool) -> f64 {
    let folder = tempfile::tempdir().unwrap();
    let directory = Directory::open(folder.path()).unwrap();
    if !indexed {
        let db = rusqlite::Connection::open(folder.path().join("directory.sqlite3")).unwrap();
        db.execute_batch("DROP INDEX remote_user_by_username").unwrap();
    }
    people(&directory, "E", count);
    let tenant = tenant(&directory, "acme", count);
    let [_, (settled, _)] = executor.block_on(timed_import(&directory, &tenant));
    assert_eq!(directory.read(|view| view.count_links(tenant.id)).unwrap(), u64::from(count));
    settled.as_secs_f64()
}

/// How often something was done, and the longest time that it took.
#[derive(Default)]
struct Worst {
    times: u32,
    longest: Duration,
}

impl Worst {
    async fn note(&mut self, started: Instant) {
        self.longest = self.longest.max(started.elapsed());
        self.times += 1;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Imports the users of a small tenant until it is told to stop.
async fn import_on(directory: Directory, small: TenantRecord, over: Arc<AtomicBool>) -> Worst {
    let mut worst = Worst::default();
    while !over.load(Ordering::Relaxed) {
        let started = Instant::now();
        timed_import(&directory, &small).await;
        worst.note(started).await;
    }
    worst
}

/// Edits a person as a page of the console does, until it is told to stop.
async fn save_on(directory: Directory, over: Arc<AtomicBool>) -> Worst {
    let mut worst = Worst::default();
    while !over.load(Ordering::Relaxed) {
        let mut edit = PersonEdit::default();
        edit.attributes.insert("title".to_owned(), Some(format!("Title {}", worst.times).as_str().into()));
        let (directory, started) = (directory.clone(), Instant::now());
        let written = tokio::task::spawn_blocking(move || {
            directory.write(&actor(), |change| intents::edit_person(change, "E1", &edit))
        });
        written.await.unwrap().unwrap();
        worst.note(started).await;
    }
    worst
}

async fn beside_settling(directory: &Directory, users: u32) {
    people(directory, "E", FEW);
    let (large, small) = (tenant(directory, "large", users), tenant(directory, "small", FEW));
    let over = Arc::new(AtomicBool::new(false));
    let job = tokio::spawn(import_on(directory.clone(), small, Arc::clone(&over)));
    let save = tokio::spawn(save_on(directory.clone(), Arc::clone(&over)));
    let (read, settled) = {
        let directory = directory.clone();
        let [read, settled] = tokio::spawn(async move { timed_import(&directory, &large).await }).await.unwrap();
        (read, settled)
    };
    over.store(true, Ordering::Relaxed);
    let (job, save) = (job.await.unwrap(), save.await.unwrap());
    assert!(job.times > 0 && save.times > 0);
    figure("read_beside_others", read.0.as_secs_f64(), "s", None);
    figure("read_longest_page", read.1.as_secs_f64(), "s", None);
    figure("settle_beside_others", settled.0.as_secs_f64(), "s", None);
    figure("settle_longest_piece", settled.1.as_secs_f64(), "s", None);
    figure("wait_beside_settling", job.longest.as_secs_f64(), "s", Some("≤ 0.5"));
    figure("console_save_beside_settling", save.longest.as_secs_f64(), "s", Some("≤ 0.3"));
}

/// How long what concerns many takes, and the longest that a page of the console waits meanwhile to be saved.
async fn bulk(directory: &Directory, users: u32) {
    let large = directory.read(|view| view.tenant("large")).unwrap();
    let assigned = directory.read(|view| view.people(&Default::default())).unwrap();
    let (of, name) = (directory.clone(), large.clone());
    beside_a_page(directory, &format!("assign_{users}"), move || {
        of.write_in_turns(&actor(), &assigned, |change, person| -> Result<(), DirectoryError> {
            intents::assign(change, &name, person, &NewAssignment::default()).map(drop)
        })
        .unwrap();
    })
    .await;
    let (of, mut config, before) = (directory.clone(), large.config.clone(), large.clone());
    config.to_app.push_profile_updates = true;
    config.to_idp.import_profile_updates = !config.to_idp.import_profile_updates;
    config.to_idp.matching.auto_confirm = !config.to_idp.matching.auto_confirm;
    beside_a_page(directory, &format!("edit_tenant_of_{users}"), move || {
        of.write(&actor(), |change| intents::edit_tenant(change, &before, &config)).unwrap();
        finish_chores(&of, &actor(), &before).unwrap();
    })
    .await;
    let large = directory.read(|view| view.tenant("large")).unwrap();
    let (of, asked) = (directory.clone(), large.clone());
    beside_a_page(directory, &format!("push_everybody_{users}"), move || {
        intents::push_everybody(&of, &actor(), &asked).unwrap();
    })
    .await;
    let (of, rehearsed) = (directory.clone(), large.clone());
    beside_a_page(directory, &format!("rehearse_import_of_{users}"), move || {
        let options = ImportOptions { full: true, dry_run: true, accept: true };
        let rehearsal = async { import(&of, &Users, &rehearsed, &actor(), options, &|_| {}).await };
        assert!(tokio::runtime::Handle::current().block_on(rehearsal).unwrap().dry_run);
    })
    .await;
    let of = directory.clone();
    beside_a_page(directory, &format!("remove_tenant_of_{users}"), move || {
        of.remove_tenant(&actor(), &large).unwrap();
    })
    .await;
}

/// Measures `work`, which blocks, and how long the page waits.
async fn beside_a_page(directory: &Directory, what: &str, work: impl FnOnce() + Send + 'static) {
    let over = Arc::new(AtomicBool::new(false));
    let save = tokio::spawn(save_on(directory.clone(), Arc::clone(&over)));
    let started = Instant::now();
    tokio::task::spawn_blocking(work).await.unwrap();
    figure(what, started.elapsed().as_secs_f64(), "s", None);
    over.store(true, Ordering::Relaxed);
    let longest = save.await.unwrap().longest;
    figure(&format!("console_save_beside_{what}"), longest.as_secs_f64(), "s", Some("≤ 0.3"));
}

/// Set in a process that imports so many users and nothing else.
const ALONE: &str = "BENCH_ALONE_USERS";

/// Imports the users of a tenant into a new directory, and prints what that costs each of them: time, what is written and kept on
/// disk, and memory.
fn alone(executor: &Runtime, users: u32) {
    let folder = tempfile::tempdir().unwrap();
    let directory = Directory::open(folder.path()).unwrap();
    let tenant = tenant(&directory, "large", users);
    let (before, cpu) = (process::written(), process::cpu_time());
    let [(read, longest_page), (settled, longest_piece)] = executor.block_on(timed_import(&directory, &tenant));
    let of_each = |bytes: u64| bytes as f64 / f64::from(users) / 1e3;
    figure(&format!("read_{users}"), read.as_secs_f64(), "s", None);
    figure(&format!("read_{users}_longest_page"), longest_page.as_secs_f64(), "s", None);
    figure(&format!("settle_{users}"), settled.as_secs_f64(), "s", None);
    figure(&format!("settle_{users}_longest_piece"), longest_piece.as_secs_f64(), "s", None);
    let cost = (read + settled).as_secs_f64() / f64::from(users) * 1e6;
    figure(&format!("import_{users}_each"), cost, "µs", None);
    let cpu = (process::cpu_time() - cpu).as_secs_f64() / f64::from(users) * 1e6;
    figure(&format!("import_{users}_cpu_each"), cpu, "µs", None);
    figure(&format!("written_{users}_each"), of_each(process::written() - before), "KB", Some("≤ 10"));
    figure(&format!("kept_{users}_each"), of_each(kept(folder.path())), "KB", Some("≤ 2.5"));
    figure(&format!("memory_{users}"), process::peak_resident() as f64 / 1e6, "MB", Some("≤ 128"));
}

/// What the files of a directory take.
fn kept(folder: &std::path::Path) -> u64 {
    let files = std::fs::read_dir(folder).unwrap();
    files.map(|file| file.unwrap()).filter(is_database).map(|file| file.metadata().unwrap().len()).sum()
}

/// Whether a file is the database, and not its log, which is as long as it once was.
fn is_database(file: &std::fs::DirEntry) -> bool {
    file.path().extension().is_some_and(|extension| extension == "sqlite3")
}

/// Set in a process that carries out so many tasks and nothing else.
const PUSHED: &str = "BENCH_PUSHED_USERS";

/// Pushes so many new people, and prints how long that takes and how much memory.
fn pushed(executor: &Runtime, users: u32) {
    let folder = tempfile::tempdir().unwrap();
    let directory = Directory::open(folder.path()).unwrap();
    let tenant = tenant(&directory, "large", 0);
    // One by one, so that the peak is that of the push.
    directory
        .write_in_turns(&actor(), 0..users, |change, number| -> Result<(), DirectoryError> {
            let person = change.add_person(&NewPerson::new(format!("E{number}"), username(*number)))?;
            intents::assign(change, &tenant, &person, &NewAssignment::default()).map(drop)
        })
        .unwrap();
    let started = Instant::now();
    let report = executor.block_on(push(&directory, &Users, &tenant, &actor(), &|_| {})).unwrap();
    assert_eq!((report.waiting, report.failed), (0, 0));
    figure(&format!("push_{users}"), started.elapsed().as_secs_f64(), "s", None);
    figure(&format!("push_{users}_memory"), process::peak_resident() as f64 / 1e6, "MB", Some("≤ 100"));
}

/// Runs this program again with a variable set.
fn again(name: &str, value: &str) {
    let program = std::env::current_exe().unwrap();
    assert!(std::process::Command::new(program).env(name, value).status().unwrap().success());
}

/// Runs this program again for each size.
fn each_alone() {
    let sizes = std::env::var("BENCH_ALONE").unwrap_or_else(|_| "10000,100000,1000000".to_owned());
    sizes.split(',').filter(|size| !size.is_empty()).for_each(|users| again(ALONE, users));
    again(PUSHED, &number("BENCH_PUSH", 100_000).to_string());
}

fn main() {
    let executor = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    if std::env::var(ALONE).is_ok() {
        return alone(&executor, number(ALONE, 0));
    }
    if std::env::var(PUSHED).is_ok() {
        return pushed(&executor, number(PUSHED, 0));
    }
    each_alone();
    if std::env::var("BENCH_ONLY_ALONE").is_ok() {
        return;
    }
    let count = number("BENCH_MATCH", 20_000);
    let indexed = matching(&executor, count, true);
    figure(&format!("settle_by_username_{count}"), indexed, "s", None);
    let few = count / 8;
    let ratio = matching(&executor, few, false) / matching(&executor, few, true);
    figure(&format!("settle_by_username_{few}_without_the_index"), ratio, "times as long", None);
    let folder = tempfile::tempdir().unwrap();
    let directory = Directory::open(folder.path()).unwrap();
    let users = number("BENCH_SETTLE", 100_000);
    executor.block_on(beside_settling(&directory, users));
    executor.block_on(bulk(&directory, users));
}
