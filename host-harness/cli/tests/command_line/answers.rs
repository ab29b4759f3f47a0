//! Every row of the table of errors as whoever runs the program meets it: what a command prints and its exit code, the task that
//! stays, the row of the audit trail; and once the cause is gone, the same command succeeds.
//!
//! `cargo test -p native answers` plays the same rows to every operation of the connector.

use std::collections::{BTreeMap, HashMap};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use axum::http::Method;
use serde_json::{Value as Json, json};

use crate::directory::{PROFILE, done, switch_on};
use crate::error_table::{Area, Case, cases, refusing_each, says};
use crate::refusing::{Refusing, Seen};
use crate::support::{Fixture, Run};

/// Runs of the program that wait side by side: most of their time passes before they try again.
const SIDE_BY_SIDE: usize = 12;

/// A data folder with the tenant `acme`, whose org can be told to refuse.
struct World {
    fixture: Fixture,
    refusing: Refusing,
}

impl World {
    fn start(seed: u64) -> Self {
        let mut fixture = Fixture::new(3, seed);
        for pool in fixture.emulator.licence_pools().unwrap() {
            fixture.emulator.set_licence_seats(&pool.name, 100_000).unwrap();
        }
        let refusing = Refusing::before(&fixture.org.url);
        refusing.url().clone_into(&mut fixture.org.url);
        fixture.write_tenants(&fixture.tenants());
        done(&fixture, &["tenant", "import-toml", "tenants.toml"]);
        switch_on(&fixture);
        Self { fixture, refusing }
    }

    /// People, each of whom is assigned.
    fn people(&self, numbers: std::ops::Range<usize>, title: &str, grants: &[&str]) {
        let mut file = String::from("key,username,givenName,familyName,email,title\n");
        for number in numbers {
            let mail = mail(number);
            file.push_str(&format!("E{number},{mail},Ada,King {number},{mail},{title}\n"));
        }
        self.fixture.write("people.csv", &file);
        let command = ["person", "import", "people.csv", "--assign", "acme"];
        let grants = grants.iter().flat_map(|grant| ["--grant", grant]);
        done(&self.fixture, &command.into_iter().chain(grants).collect::<Vec<_>>());
    }

    fn run(&self, arguments: &[&str]) -> Run {
        self.fixture.run(&[arguments, &["--json", "--data", "data"]].concat())
    }

    fn done(&self, arguments: &[&str]) -> Json {
        done(&self.fixture, arguments)
    }

    fn id(&self, soql: &str) -> String {
        self.fixture.emulator.query(soql).unwrap()[0]["Id"].as_str().unwrap().to_owned()
    }

    fn tasks(&self) -> Vec<Json> {
        self.done(&["tasks", "--tenant", "acme"]).as_array().unwrap().clone()
    }

    fn audit(&self, action: &str) -> Vec<Json> {
        self.done(&["audit", "--tenant", "acme", "--action", action, "--limit", "1000"]).as_array().unwrap().clone()
    }

    /// Has all tasks tried again with the next push, those too whose time hasn't come.
    fn retry(&self) {
        let numbers: Vec<String> = self.tasks().iter().map(|task| task["id"].to_string()).collect();
        self.done(&["retry"].into_iter().chain(numbers.iter().map(String::as_str)).collect::<Vec<_>>());
    }
}

fn mail(number: usize) -> String {
    format!("person{number}@answers.example")
}

/// Checks what is reported about an error against the row of its case. What an error calls `message` and `kind`, a task calls
/// `cause` and `error_kind`.
fn holds(what: &str, case: &Case, told: &Json) {
    let name = format!("{what}, {}", case.name());
    let row = &case.row;
    let text = |names: &[&str]| names.iter().find_map(|name| told[*name].as_str()).unwrap_or_default().to_owned();
    assert_eq!(text(&["error_kind", "kind"]), row.kind, "{name}: {told:#}");
    assert!(says(&text(&["cause", "message"]), &row.sentence), "{name}: {told:#} doesn't say {}", row.sentence);
    match row.remedy.as_str() {
        "–" => {}
        remedy => assert!(says(&text(&["remedy"]), remedy), "{name}: {told:#} doesn't say {remedy}"),
    }
    keeps_words(&name, case, told);
}

/// Salesforce's own words are beside it.
fn keeps_words(name: &str, case: &Case, told: &Json) {
    let upstream = &told["upstream"];
    assert_eq!(
        (upstream["code"].as_str(), upstream["message"].as_str()),
        (Some(case.code.as_str()), Some(case.message.as_str())),
        "{name}: {told:#}"
    );
}

/// Checks the row of the audit trail that an attempt left.
fn holds_audit(what: &str, case: &Case, row: &Json) {
    let name = format!("{what}, in the audit trail, {}", case.name());
    let result = row["result"].as_str().unwrap_or_default();
    assert!(result.starts_with(&format!("{}: ", case.row.kind)), "{name}: {row:#}");
    assert!(says(result, &case.row.sentence), "{name}: {row:#} doesn't say {}", case.row.sentence);
    keeps_words(&name, case, row);
}

/// The exit code of a command that came to nothing, by the kind of its error (`host-harness --help`). Whatever refuses a sign-in is 3.
fn exit(case: &Case) -> i32 {
    match case.row.kind.as_str() {
        "invalid-credentials"
        | "permission-denied"
        | "unreachable"
        | "rate-limited"
        | "budget-exhausted"
        | "transient"
        | "invalid-settings" => 3,
        "invalid-value" | "missing-value" | "stale-reference" | "not-found" | "unsupported" => 2,
        _ => 1,
    }
}

/// How many answers were given to each command.
#[derive(Default)]
struct Count(Mutex<BTreeMap<String, usize>>);

impl Count {
    fn add(&self, what: &str, count: usize) {
        *self.0.lock().unwrap().entry(what.to_owned()).or_default() += count;
    }

    fn print(&self, title: &str) {
        let tried = self.0.lock().unwrap();
        let each: Vec<String> = tried.iter().map(|(what, count)| format!("{what} {count}")).collect();
        println!("{title}: {} answers given, of which {}", tried.values().sum::<usize>(), each.join(", "));
    }
}

/// Plays cases in worlds of their own, side by side.
fn side_by_side(cases: &[Case], seed: u64, play: impl Fn(&World, &Case) + Sync) {
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for number in 0..SIDE_BY_SIDE {
            let (next, play) = (&next, &play);
            scope.spawn(move || {
                let world = World::start(seed + number as u64);
                world.people(0..1, "Countess", &[PROFILE]);
                world.done(&["push", "acme"]);
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    play(&world, case);
                }
            });
        }
    });
}

/// Plays one answer to every command that asks the application, until it is cured.
fn play(
    world: &World,
    case: &Case,
    answer: impl Fn(&Seen) -> bool + Clone + Send + Sync + 'static,
    soap: bool,
    count: &Count,
) {
    let refuse = || {
        let (case, refused) = (case.clone(), answer.clone());
        world.refusing.answer(move |seen| {
            let answer = || match case.row.area {
                Area::SignIn if soap => case.soap(),
                Area::SignIn => case.oauth(),
                _ => case.whole(),
            };
            refused(seen).then(answer)
        });
    };
    let fixture = &world.fixture;
    let id = world.id(&format!("SELECT Id FROM User WHERE Username = '{}'", mail(0)));
    let failed = |what: &str, run: &Run| {
        let name = format!("{what}, {}", case.name());
        assert_eq!(run.code, exit(case), "{name}: {run:?}");
        assert!(says(&run.stderr, &case.row.sentence), "{name}: {run:?}");
    };

    // A change that waits, and is pushed.
    let title = format!("title={:x}", fixture.emulator.journal_total());
    world.done(&["person", "edit", "E0", "--set", &title]);
    refuse();
    let run = world.run(&["push", "acme"]);
    failed("push", &run);
    holds("push --json", case, &run.json()["error"]);
    let tasks = world.tasks();
    assert_eq!(tasks.len(), 1, "{}: {tasks:#?}", case.name());
    assert_eq!(tasks[0]["state"], "waiting", "{}: {tasks:#?}", case.name());
    let failure = world.done(&["tenant", "show", "acme"])["last_failure"].clone();
    assert_eq!(failure["kind"], json!(case.row.kind), "{}: {failure:#}", case.name());
    keeps_words("last failure", case, &failure);
    world.refusing.cure();
    assert_eq!(world.done(&["push", "acme"])["summary"], json!({"updated": 1}), "{}", case.name());
    assert!(world.tasks().is_empty(), "{}", case.name());
    count.add("push", 1);

    refuse();
    let run = world.run(&["import", "acme", "--full"]);
    failed("import", &run);
    holds("import --json", case, &run.json()["error"]);
    world.refusing.cure();
    world.done(&["import", "acme", "--full"]);
    count.add("import", 1);

    refuse();
    let run = world.run(&["test-credentials", "acme"]);
    assert_eq!(run.code, exit(case), "test-credentials, {}: {run:?}", case.name());
    assert!(says(&run.stdout, &case.row.sentence), "test-credentials, {}: {run:?}", case.name());
    world.refusing.cure();
    world.done(&["test-credentials", "acme"]);
    count.add("test-credentials", 1);

    refuse();
    let run = world.run(&["deactivate", "acme", &id]);
    failed("deactivate", &run);
    holds("deactivate --json", case, &run.json()["error"]);
    holds_audit("deactivate", case, &world.audit("user.deactivate")[0]);
    world.refusing.cure();
    count.add("deactivate", 1);

    refuse();
    sync_password(world, case, &id, &failed);
    count.add("sync-password", 1);
}

/// Has a password refused, and then set.
fn sync_password(world: &World, case: &Case, id: &str, failed: &dyn Fn(&str, &Run)) {
    world.fixture.write("new-password", &format!("Secret-{}-x1", world.fixture.emulator.journal_total()));
    let command = ["sync-password", "acme", id, "--password-file", "new-password"];
    let run = world.run(&command);
    failed("sync-password", &run);
    holds("sync-password --json", case, &run.json()["error"]);
    holds_audit("sync-password", case, &world.audit("user.password")[0]);
    world.refusing.cure();
    world.done(&command);
}

#[test]
fn every_refusal_of_a_request_reaches_whoever_runs_a_command_and_is_over_once_it_is_cured() {
    let count = Count::default();
    side_by_side(&cases(Area::Request), 9100, |world, case| {
        play(world, case, Seen::is_rest, false, &count);
    });
    count.print("Requests");
}

#[test]
fn every_refusal_of_a_sign_in_reaches_whoever_runs_a_command_and_is_over_once_it_is_cured() {
    let count = Count::default();
    // Codes of SOAP are in upper case.
    let is_soap =
        |case: &Case| case.code.chars().all(|letter| !letter.is_ascii_lowercase()) && !case.code.starts_with("OAUTH_");
    let (soap, oauth): (Vec<Case>, Vec<Case>) = cases(Area::SignIn).into_iter().partition(is_soap);
    side_by_side(&soap, 9200, |world, case| {
        play(world, case, |seen| seen.path.contains("/services/Soap/"), true, &count);
    });
    side_by_side(&oauth, 9300, |world, case| {
        let fixture = &world.fixture;
        fixture.write("secret", &fixture.org.client_secret);
        let client = format!("settings.client-id={}", fixture.org.client_id);
        let way = ["tenant", "edit", "acme", "--set", "settings.sign-in=client-credentials", "--set", &client];
        world.done(&[&way[..], &["--secret", "client-secret=file:secret"]].concat());
        play(world, case, |seen| seen.path.contains("/oauth2/token"), false, &count);
    });
    count.print("Sign-ins");
}

#[test]
fn every_refusal_of_a_password_reaches_whoever_sets_it_and_is_over_once_it_is_cured() {
    let count = Count::default();
    side_by_side(&cases(Area::Record), 9500, |world, case| {
        let refused = case.clone();
        world.refusing.answer(move |seen| seen.is_password().then(|| refused.whole()));
        let id = world.id(&format!("SELECT Id FROM User WHERE Username = '{}'", mail(0)));
        sync_password(world, case, &id, &|what, run| {
            assert_eq!(run.code, 1, "{what}, {}: {run:?}", case.name());
            assert!(says(&run.stderr, &case.row.sentence), "{what}, {}: {run:?}", case.name());
        });
        count.add("sync-password", 1);
    });
    count.print("Passwords");
}

/// Refuses each record of a write by the case of its own, which is found by what the record has in one of its fields.
fn refuse_records(
    world: &World,
    object: &'static str,
    method: Method,
    field: &'static str,
    cases: HashMap<String, Case>,
) {
    world.refusing.answer(move |seen| {
        let records = seen.records();
        if seen.method != method || records.first()?["attributes"]["type"] != object {
            return None;
        }
        Some(refusing_each(&records, field, &cases))
    });
}

#[test]
fn every_refusal_of_a_record_reaches_whoever_runs_a_command_and_is_over_once_it_is_cured() {
    let cases = [cases(Area::Record), cases(Area::Request)].concat();
    let count = Count::default();
    // Each write in a world of its own, all at once: they wait, and try again, most of the time.
    thread::scope(|scope| {
        for (number, (what, object, method, field)) in [
            ("new contacts", "Contact", Method::POST, "Email"),
            ("new users", "User", Method::POST, "Username"),
            ("changed contacts", "Contact", Method::PATCH, "Id"),
            ("changed users", "User", Method::PATCH, "Id"),
            ("deactivated users", "User", Method::PATCH, "Id"),
            ("permission sets", "PermissionSetAssignment", Method::POST, "AssigneeId"),
            ("groups", "GroupMember", Method::POST, "UserOrGroupId"),
        ]
        .into_iter()
        .enumerate()
        {
            let (cases, count) = (&cases, &count);
            scope.spawn(move || {
                let world = World::start(9400 + number as u64);
                write(&world, what, object, &method, field, cases);
                count.add(what, cases.len());
            });
        }
    });
    count.print("Records");
}

/// Has one write of a batch of people refused, each by a case of its own.
fn write(world: &World, what: &str, object: &'static str, method: &Method, field: &'static str, cases: &[Case]) {
    let all = 0..cases.len();
    let is_new = *method == Method::POST && object.len() <= 7;
    // Users of the plain licence can be in no groups.
    let profile = if object == "GroupMember" { "profile=Customer Community Plus User" } else { PROFILE };
    let granted: Vec<String> = match object {
        "PermissionSetAssignment" => vec!["permission-set=Portal Case Access".to_owned()],
        "GroupMember" => {
            let groups = world.done(&["entitlements", "acme", "public-group"]);
            vec![format!("public-group={}", groups[0]["name"].as_str().unwrap())]
        }
        _ => Vec::new(),
    };
    let granted: Vec<&str> = granted.iter().map(String::as_str).chain([profile]).collect();
    if !is_new {
        world.people(all.clone(), "Countess", &[profile]);
        world.done(&["push", "acme"]);
    }
    let users = world.fixture.emulator.query("SELECT Id, Username, ContactId FROM User").unwrap();
    let users: HashMap<&str, &Json> =
        users.as_array().unwrap().iter().filter_map(|user| Some((user["Username"].as_str()?, user))).collect();
    let by_value = all.clone().zip(cases).map(|(number, case)| {
        let mail = mail(number);
        let value = match (is_new, object) {
            (true, _) => mail,
            (false, "Contact") => users[mail.as_str()]["ContactId"].as_str().unwrap().to_owned(),
            _ => users[mail.as_str()]["Id"].as_str().unwrap().to_owned(),
        };
        (value, case.clone())
    });
    refuse_records(world, object, method.clone(), field, by_value.collect());
    if what == "deactivated users" {
        let keys: Vec<String> = all.clone().map(|number| format!("E{number}")).collect();
        let keys = keys.iter().map(String::as_str);
        world.done(&["unassign", "acme"].into_iter().chain(keys).collect::<Vec<_>>());
    } else {
        world.people(all.clone(), "Queen", &granted);
    }

    let run = world.run(&["push", "acme"]);
    assert_eq!(run.code, 1, "{what}: {}", run.stderr);
    let by_person = |rows: &[Json], name: &str| -> HashMap<String, Json> {
        let person = |row: &Json| row[name].as_str().map(ToOwned::to_owned);
        // The newest row of the audit trail comes first.
        rows.iter().rev().filter_map(|row| Some((person(row)?, row.clone()))).collect()
    };
    let results = by_person(run.json()["results"].as_array().unwrap(), "username");
    let tasks = by_person(&world.tasks(), "person");
    let audit = by_person(&world.audit("user"), "person");
    for (number, case) in all.clone().zip(cases) {
        // Somebody else has given it already.
        if !is_new && *method == Method::POST && case.code == "DUPLICATE_VALUE" {
            continue;
        }
        let (key, mail) = (format!("E{number}"), mail(number));
        let result = results.get(&mail).unwrap_or_else(|| panic!("{what}: no result of {mail}: {}", run.stdout));
        holds(&format!("{what}, --json"), case, &result["error"]);
        let task = tasks.get(&key).unwrap_or_else(|| panic!("{what}: no task of {key}, {}", case.name()));
        holds(&format!("{what}, task"), case, task);
        let waits =
            matches!(case.row.retry.split(' ').next(), Some("at" | "after")) && case.row.retry != "after the remedy";
        assert_eq!(task["state"], if waits { "waiting" } else { "failed" }, "{what}: {task:#}");
        let row = audit.get(&key).unwrap_or_else(|| panic!("{what}: no audit row of {key}, {}", case.name()));
        holds_audit(what, case, row);
    }

    world.refusing.cure();
    world.retry();
    let run = world.run(&["push", "acme"]);
    assert_eq!(run.code, 0, "{what}, once it is cured: {run:?}");
    assert_eq!(world.tasks(), Vec::<Json>::new(), "{what}");
    for number in all {
        let count = |soql: &str| world.fixture.emulator.query(soql).unwrap().as_array().unwrap().len();
        let mail = mail(number);
        let active = if what == "deactivated users" { "false" } else { "true" };
        let user = format!("SELECT Id FROM User WHERE Username = '{mail}' AND IsActive = {active}");
        assert_eq!(
            (count(&user), count(&format!("SELECT Id FROM Contact WHERE Email = '{mail}'"))),
            (1, 1),
            "{what}: {mail}"
        );
    }
}
