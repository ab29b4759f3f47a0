//! The process is killed in the middle of its work, again and again, and the work ends as if it had not been.
//!
//! The sizes are small by default. `PROVISIONING_SOAK=1` takes those of a real installation.

use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use provisioning_directory::{DirectoryError, ImportPhase, PersonFilter, TaskFilter, TaskState};
use salesforce_emulator::Fault;

use crate::support::Fixture;

/// How much is done, and how often it is cut off.
struct Size {
    imported: u32,
    pushed: u32,
    kills: u32,
}

fn size() -> Size {
    if std::env::var_os("PROVISIONING_SOAK").is_some() {
        Size { imported: 50_000, pushed: 5_000, kills: 20 }
    } else {
        Size { imported: 2_500, pushed: 440, kills: 6 }
    }
}

/// The tasks that failed, for a test that fails.
fn failed_tasks(fixture: &Fixture) -> String {
    fixture.run(&["tasks", "--state", "failed", "--json", "--data", "data"]).stdout
}

fn command(fixture: &Fixture, arguments: &[&str]) -> Command {
    let mut command = fixture.command(arguments);
    command.stdin(Stdio::null()).stdout(Stdio::null());
    command
}

fn run(fixture: &Fixture, arguments: &[&str]) {
    let output = command(fixture, arguments).stderr(Stdio::piped()).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    /// Between 0 and 1.
    fn roll(&mut self) -> f64 {
        // The constants of Knuth's MMIX.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// Requests of an import that go side by side: few, so that each of the runs that are killed gets on.
const SIDE_BY_SIDE: u32 = 2;

/// Longer than any test: a request that is held so long is cut off by the kill.
const HELD: Duration = Duration::from_secs(3600);
/// What a kill on the way from one request to the next is spread over.
const ON_THE_WAY: Duration = Duration::from_millis(20);
const SIGKILL: i32 = 9;

/// Where a command is when it is killed. Counted by requests, not by time, so it is the same place on a busy machine.
#[derive(Clone, Copy, Debug)]
enum Spot {
    /// The request is on its way and not done.
    At,
    /// The request before it is, or what its answer brings is at work, or the request itself is on its way.
    Before,
}

impl Spot {
    fn of(kills: u32) -> Self {
        if kills.is_multiple_of(2) { Self::At } else { Self::Before }
    }
}

/// Runs a command and kills it (SIGKILL) a while after it has come to a place. Whether it was killed, and not over before.
fn run_and_kill(fixture: &Fixture, arguments: &[&str], is_there: impl Fn() -> bool, linger: Duration) -> bool {
    let mut child = command(fixture, arguments).stderr(Stdio::null()).spawn().unwrap();
    let mut over = None;
    while over.is_none() && !is_there() {
        std::thread::sleep(Duration::from_millis(1));
        over = child.try_wait().unwrap();
    }
    if over.is_none() {
        std::thread::sleep(linger);
        child.kill().unwrap();
    }
    let status = child.wait().unwrap();
    fixture.wait_until_free(arguments.last().unwrap());
    assert!(status.success() || status.signal() == Some(SIGKILL), "{arguments:?}: {status}: {}", failed_tasks(fixture));
    !status.success()
}

/// Kills a command at the request of a kind that comes after so many others of it, which the org holds, or on the way there.
/// Whether there was such a request.
fn kill_at(fixture: &Fixture, arguments: &[&str], (requests, skip): (Fault, u32), spot: Spot, dice: &mut Dice) -> bool {
    let held = fixture.emulator.inject(requests.skip(skip).after(HELD));
    let is_there = || {
        let waiting = fixture.emulator.faults();
        let to_come = waiting.iter().find(|fault| fault.id == held).map(|fault| fault.fault.skip);
        to_come.is_none() || (to_come == Some(0) && matches!(spot, Spot::Before))
    };
    let linger = if matches!(spot, Spot::Before) { ON_THE_WAY.mul_f64(dice.roll()) } else { Duration::ZERO };
    let killed = run_and_kill(fixture, arguments, is_there, linger);
    fixture.emulator.clear_faults();
    killed
}

/// All that has to be the same: people, their users, and what is left to do.
fn state(fixture: &Fixture, data: &str) -> Vec<String> {
    let directory = fixture.directory_of(data);
    directory
        .read(|view| -> Result<Vec<String>, DirectoryError> {
            let tenant = view.tenant("acme")?;
            let mut lines = vec![
                format!("{} users, {} wait", view.count_remote_users(tenant.id)?, view.count_queue(tenant.id)?),
                format!("watermark {:?}, open {:?}", tenant.watermark.is_some(), view.open_import(tenant.id)?),
                format!("tasks {:?}", view.count_open_tasks(tenant.id)?),
            ];
            for person in view.people(&PersonFilter::default())? {
                let link = view.link(tenant.id, person.id)?.map(|link| link.remote_id);
                lines.push(format!(
                    "{} {} {} {:?} {link:?}",
                    person.key, person.username, person.status, person.attributes
                ));
            }
            Ok(lines)
        })
        .unwrap()
}

fn add_tenant(fixture: &Fixture, data: &str) {
    run(fixture, &["tenant", "import-toml", "tenants.toml", "--data", data]);
}

/// The queries for one page of an import each.
fn pages() -> Fault {
    Fault::latency(Duration::ZERO).soql("FROM User WHERE UserType IN")
}

/// How many pages of an import the org has answered since the last look.
fn answered_pages(fixture: &Fixture) -> u32 {
    let journal = fixture.emulator.journal();
    fixture.emulator.clear_journal();
    let page = |soql: &str| soql.contains("FROM User WHERE UserType IN");
    let answered = journal.iter().filter(|entry| entry.status == 200 && entry.soql.as_deref().is_some_and(page));
    answered.count() as u32
}

#[test]
fn an_import_that_is_killed_again_and_again_ends_as_if_it_had_not_been() {
    let size = size();
    let fixture = Fixture::on_test_database(size.imported, 71);
    // Some pages for each kill, of which it costs those that were under way.
    let page = (size.imported / (size.kills * 10)).to_string();
    for data in ["whole", "killed"] {
        add_tenant(&fixture, data);
        let (size, width) = (format!("to-idp.page-size={page}"), format!("settings.requests-in-flight={SIDE_BY_SIDE}"));
        run(&fixture, &["tenant", "edit", "acme", "--set", &size, "--set", &width, "--data", data]);
    }
    answered_pages(&fixture);
    run(&fixture, &["import", "acme", "--data", "whole"]);
    let whole = answered_pages(&fixture);
    let mut dice = Dice(71);
    let import = ["import", "acme", "--data", "killed"];
    // Each goes on from where the last was cut off, so the kills fall all over one import, and it doesn't end before the last.
    let each = (whole - 1) / size.kills;
    assert!(each > 0, "{whole} pages are too few for {} kills", size.kills);
    for kill in 0..size.kills {
        let killed = kill_at(&fixture, &import, (pages(), each), Spot::of(kill), &mut dice);
        assert!(killed, "kill {kill} of {} did not fall into the import", size.kills);
    }
    let killed = answered_pages(&fixture);
    assert!(killed + size.kills >= each * size.kills, "{killed} of {whole} pages");
    run(&fixture, &import);
    let last = answered_pages(&fixture);
    // What a kill may cost, for each range: the request that was under way, and the one before it, of which nobody knew yet what
    // its users hold. Beside them, the page that was about to be stored.
    let asked = killed + last;
    assert!(
        (whole..=whole + size.kills * (2 * SIDE_BY_SIDE + 1)).contains(&asked),
        "{whole} pages were asked for {asked} times: {last} at last"
    );
    assert_eq!(state(&fixture, "killed"), state(&fixture, "whole"));
    // The same for an import of everybody on top of it.
    let full = ["import", "acme", "--full", "--data", "killed"];
    assert!(kill_at(&fixture, &full, (pages(), whole / 2), Spot::At, &mut dice));
    // What follows the reading asks nothing of the org, so it cannot be held there, and may be over before it is seen.
    let directory = fixture.directory_of("killed");
    let settles = || {
        let open = directory.read(|view| view.open_import(view.tenant("acme")?.id)).unwrap();
        open.is_some_and(|run| run.phase == ImportPhase::Settling)
    };
    let settling = (0..10).any(|_| run_and_kill(&fixture, &full, settles, Duration::ZERO));
    assert!(settling, "no kill fell into what follows the reading");
    run(&fixture, &import);
    assert_eq!(state(&fixture, "killed"), state(&fixture, "whole"));
}

#[test]
fn a_push_that_is_killed_again_and_again_makes_nobody_twice() {
    let size = size();
    let fixture = Fixture::on_test_database(20, 72);
    assert!(fixture.emulator.set_licence_seats("Customer Community", 2 * size.pushed + 1000).unwrap());
    add_tenant(&fixture, "data");
    let on = ["--set", "to-app.push-new-users=true", "--set", "to-app.push-profile-updates=true"];
    run(&fixture, &[&["tenant", "edit", "acme", "--data", "data"], &on[..]].concat());
    let (users, contacts) = (fixture.count("User"), fixture.count("Contact"));
    let write = |from: u32, to: u32| {
        let mut csv = String::from("key,username,givenName,familyName,email\n");
        for n in from..to {
            csv.push_str(&format!("E{n:05},e{n}@new.example,Given{n},Family{n},e{n}@new.example\n"));
        }
        fixture.write("people.csv", &csv);
        let profile = "profile=Customer Community User";
        run(&fixture, &["person", "import", "people.csv", "--assign", "acme", "--grant", profile, "--data", "data"]);
    };
    // So many persons go in one request: their contacts, and then their users.
    const BATCH: u32 = 1000;
    // How many requests look for them before, as far as is known: each kill that falls among those makes it one more.
    let mut looks = 3;
    let part = size.pushed / 11;
    write(0, size.pushed);
    let push = ["push", "acme", "--data", "data"];
    let mut end = size.pushed;
    let mut dice = Dice(72);
    let (mut kills, mut torn) = (0, 0);
    // Some kill has to fall into the middle of a batch: its contacts are made, and its users are not.
    while kills < size.kills || torn == 0 {
        let made = fixture.count("User") - users;
        let left = end - made as u32;
        let requests = looks + 2 * left.div_ceil(BATCH);
        let skip = (dice.roll() * f64::from(requests)) as u32;
        let writes = Fault::latency(Duration::ZERO).method("POST").path("*/composite*");
        if kill_at(&fixture, &push, (writes, skip), Spot::of(kills), &mut dice) {
            kills += 1;
            looks += u32::from(fixture.count("User") - users == made);
            torn += u32::from(fixture.count("Contact") - contacts > fixture.count("User") - users);
        } else {
            // It came to its end, so there has to be more to do.
            write(end, end + part);
            end += part;
        }
    }
    println!("{kills} kills, {torn} between contacts and users; up to {looks} requests look for who is there");
    run(&fixture, &push);
    let pushed = end as usize;
    assert_eq!(fixture.count("User"), users + pushed, "each person has one user");
    assert_eq!(fixture.count("Contact"), contacts + pushed, "and one contact: none was left behind");
    // Whatever became of the answers: the org made so many users, no more.
    let made = |prefix: &str| {
        let journal = fixture.emulator.journal();
        journal.iter().flat_map(|entry| &entry.created).filter(|id| id.starts_with(prefix)).count()
    };
    assert_eq!(fixture.emulator.journal_total(), fixture.emulator.journal().len() as u64, "the journal has everything");
    assert_eq!(made("005"), pushed);
    let found = fixture
        .emulator
        .query("SELECT Id, Username, ContactId FROM User WHERE Username LIKE 'e%@new.example'")
        .unwrap();
    // A user cannot be deleted there, so one that was made twice would be here twice, or under another name.
    let found = found.as_array().unwrap();
    let mut seen: Vec<&str> = found.iter().map(|user| user["ContactId"].as_str().unwrap()).collect();
    seen.sort_unstable();
    seen.dedup();
    assert_eq!((found.len(), seen.len()), (pushed, pushed));
    let directory = fixture.directory();
    directory
        .read(|view| -> Result<(), DirectoryError> {
            let tenant = view.tenant("acme")?;
            assert_eq!(view.count_open_tasks(tenant.id)?, (0, 0));
            for user in found {
                let person = view.person(user["Username"].as_str().unwrap())?;
                let link = view.link(tenant.id, person.id)?.unwrap();
                assert_eq!(link.remote_id, user["Id"].as_str().unwrap(), "{}", person.key);
            }
            let done = TaskFilter { state: Some(TaskState::Done), ..TaskFilter::default() };
            assert_eq!(view.tasks(&done)?.len(), pushed);
            Ok(())
        })
        .unwrap();
}
