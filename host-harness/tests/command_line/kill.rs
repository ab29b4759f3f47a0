//! The process is killed in the middle of its work, again and again, and the work ends as if it had not been.
//!
//! The sizes are small by default. `PROVISIONING_SOAK=1` takes those of a real installation.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use provisioning_host::directory::{Directory, DirectoryError, PersonFilter, TaskFilter, TaskState};

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

/// What an admin would be told, for a test that fails.
fn told(fixture: &Fixture) -> String {
    fixture.run(&["tasks", "--state", "failed", "--json", "--data", "data"]).stdout
}

fn command(fixture: &Fixture, arguments: &[&str]) -> Command {
    let mut command = fixture.command(arguments);
    command.stdin(Stdio::null()).stdout(Stdio::null());
    command
}

fn run(fixture: &Fixture, arguments: &[&str]) -> Duration {
    let start = Instant::now();
    let output = command(fixture, arguments).stderr(Stdio::piped()).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    start.elapsed()
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

/// Runs a command and kills it (SIGKILL) somewhere in `span`; says whether it came to its end before.
fn run_and_kill(fixture: &Fixture, arguments: &[&str], span: Duration, dice: &mut Dice) -> bool {
    let mut child: Child = command(fixture, arguments).stderr(Stdio::null()).spawn().unwrap();
    let deadline = Instant::now() + span.mul_f64(dice.roll());
    while Instant::now() < deadline {
        if let Some(status) = child.try_wait().unwrap() {
            assert!(status.success(), "{arguments:?}: {status}: {}", told(fixture));
            return true;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    false
}

/// All that has to be the same: people, their users, and what is left to do.
fn state(fixture: &Fixture, data: &str) -> Vec<String> {
    let directory = Directory::open(&fixture.path(data)).unwrap();
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

#[test]
fn an_import_that_is_killed_again_and_again_ends_as_if_it_had_not_been() {
    let size = size();
    let fixture = Fixture::new(size.imported, 71);
    let page = (size.imported / 25).to_string();
    for data in ["whole", "killed"] {
        add_tenant(&fixture, data);
        let set = format!("to-idp.page-size={page}");
        run(&fixture, &["tenant", "edit", "acme", "--set", &set, "--data", data]);
    }
    let span = run(&fixture, &["import", "acme", "--data", "whole"]);
    let mut dice = Dice(71);
    let mut kills = 0;
    let import = ["import", "acme", "--data", "killed"];
    // Each goes on from where the last was cut off, so the kills fall all over one import.
    let (mut in_first, mut ended) = (0, false);
    while kills < size.kills {
        let share = span.mul_f64(2.0 / f64::from(size.kills));
        if !run_and_kill(&fixture, &import, share, &mut dice) {
            in_first += u32::from(!ended);
        } else {
            ended = true;
            // It was done: there is more to kill in an import of everybody.
            let mut again = command(&fixture, &["import", "acme", "--full", "--data", "killed"]);
            let mut child = again.stderr(Stdio::null()).spawn().unwrap();
            std::thread::sleep(span.mul_f64(0.5 * dice.roll()));
            child.kill().unwrap();
            child.wait().unwrap();
        }
        kills += 1;
    }
    run(&fixture, &import);
    assert_eq!(state(&fixture, "killed"), state(&fixture, "whole"));
    println!("{} users, {kills} kills, {in_first} of them in the first import; undisturbed {span:.1?}", size.imported);
}

#[test]
fn a_push_that_is_killed_again_and_again_makes_nobody_twice() {
    let size = size();
    let fixture = Fixture::new(20, 72);
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
    // A part of it undisturbed tells how long the whole would take.
    let part = size.pushed / 11;
    write(0, part);
    let push = ["push", "acme", "--data", "data"];
    let span = run(&fixture, &push);
    write(part, size.pushed);
    let mut end = size.pushed;
    let mut dice = Dice(72);
    let mut kills = 0;
    while kills < size.kills {
        if run_and_kill(&fixture, &push, span.mul_f64(1.5), &mut dice) {
            // It came to its end, so there has to be more to do.
            write(end, end + part);
            end += part;
        } else {
            kills += 1;
        }
    }
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
    let directory = Directory::open(&fixture.path("data")).unwrap();
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
    println!("{pushed} people, {kills} kills, the first {part} took {span:.1?}");
}
