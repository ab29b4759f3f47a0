//! The end of a host that serves: what it has begun is done, and nothing else is begun.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::Child;
use std::time::{Duration, Instant};

use provisioning_directory::ReadTransaction;
use rustix::process::{Pid, Signal, kill_process};
use salesforce_emulator::Fault;
use serde_json::{Value as Json, json};

use crate::directory::{PROFILE, done, people, switch_on};
use crate::support::Fixture;

/// Longer than any test: what is held so long never ends by itself.
const HELD: Duration = Duration::from_secs(3600);
/// What each request to the org takes: long enough that a signal comes while one is under way, also on a machine that is busy.
const SLOW_MILLIS: u32 = 800;

/// A tenant that is in step with its org, in whichever database tests are to be on.
fn fixture(seed: u64) -> Fixture {
    let fixture = Fixture::on_test_database(0, seed);
    assert!(fixture.emulator.set_licence_seats("Customer Community", 10_000).unwrap());
    done(&fixture, &["tenant", "import-toml", "tenants.toml"]);
    switch_on(&fixture);
    fixture
}

/// A host, and what it serves.
fn serve(fixture: &Fixture) -> (Child, Json) {
    let arguments = ["serve", "--json", "--no-console", "--no-metrics", "--scim", "127.0.0.1:0", "--data", "data"];
    let mut host = fixture.spawn(&arguments);
    let mut line = String::new();
    BufReader::new(host.stdout.take().unwrap()).read_line(&mut line).unwrap();
    (host, serde_json::from_str(&line).unwrap())
}

fn tell(host: &Child) {
    kill_process(Pid::from_child(host), Signal::TERM).unwrap();
}

/// Waits for the end of a host, and gives its exit code and what it said.
fn ended(mut host: Child) -> (Option<i32>, String) {
    let mut said = String::new();
    host.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    (host.wait().unwrap().code(), said)
}

fn slow(fixture: &Fixture, is_slow: bool) {
    fixture.emulator.set_switches(|switches| switches.latency_milliseconds = if is_slow { SLOW_MILLIS } else { 0 });
}

/// Waits until something has come about.
fn until(come_about: impl Fn() -> bool) {
    while !come_about() {
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Waits until the org holds a request.
fn until_held(fixture: &Fixture, fault: u64) {
    until(|| fixture.emulator.faults().iter().all(|waiting| waiting.id != fault));
}

/// How many records of a kind the org has ever made, by the beginning of their ids.
fn made(fixture: &Fixture, prefix: &str) -> usize {
    assert_eq!(fixture.emulator.journal_total(), fixture.emulator.journal().len() as u64, "the journal has everything");
    fixture.emulator.journal().iter().flat_map(|entry| &entry.created).filter(|id| id.starts_with(prefix)).count()
}

/// What the trail says of jobs that were cut off.
fn cut_off(fixture: &Fixture) -> Vec<String> {
    let trail = done(fixture, &["audit", "--limit", "10000"]);
    let results = trail.as_array().unwrap().iter().filter_map(|row| row["result"].as_str());
    results.filter(|result| result.contains("cut off")).map(str::to_owned).collect()
}

#[test]
fn a_push_that_is_told_to_end_writes_what_it_has_begun_and_the_next_repeats_nothing() {
    let fixture = fixture(411);
    // Three groups of people: the org takes a thousand in a request.
    let count = 2_100;
    let rows: String =
        (0..count).map(|n| format!("E{n},e{n}@new.example,Given{n},Family{n},e{n}@new.example\n")).collect();
    people(&fixture, &rows);
    done(&fixture, &["person", "import", "people.csv", "--assign", "acme", "--grant", PROFILE]);
    done(&fixture, &["tenant", "edit", "acme", "--set", "schedule.push-seconds=1"]);
    fixture.emulator.clear_journal();
    slow(&fixture, true);
    let (host, _) = serve(&fixture);
    // The first contacts are made, and their users are on the way.
    until(|| made(&fixture, "003") > 0);
    tell(&host);
    let (code, said) = ended(host);
    assert_eq!(code, Some(0), "{said}");
    let (contacts, of_first) = (made(&fixture, "003"), made(&fixture, "005"));
    assert!(of_first > 0 && of_first < count, "{of_first} of {count} users were made by the push that was ended");
    assert_eq!(contacts, of_first, "nobody has half of what makes a user");
    let waiting = done(&fixture, &["tasks", "--state", "waiting", "--limit", "10000"]);
    assert_eq!(waiting.as_array().unwrap().len(), count - of_first);
    let runs = done(&fixture, &["runs", "acme"]);
    assert_eq!(runs[0]["outcome"], "paused", "{runs}");

    slow(&fixture, false);
    done(&fixture, &["push", "acme"]);
    assert_eq!((made(&fixture, "003"), made(&fixture, "005")), (count, count), "each was made once");
    assert_eq!(cut_off(&fixture), Vec::<String>::new());
    println!(
        "{count} people: {of_first} were pushed when the host was told to end, and {} afterwards",
        count - of_first
    );
}

#[test]
fn a_second_signal_cuts_off_what_takes_too_long() {
    let fixture = fixture(412);
    people(&fixture, "E1,e1@new.example,Ada,King,e1@new.example\n");
    done(&fixture, &["person", "import", "people.csv", "--assign", "acme", "--grant", PROFILE]);
    done(&fixture, &["tenant", "edit", "acme", "--set", "schedule.push-seconds=1"]);
    let held = fixture.emulator.inject(Fault::latency(HELD).method("POST").path("*/composite*"));
    let (mut host, urls) = serve(&fixture);
    until_held(&fixture, held);
    let began = Instant::now();
    tell(&host);
    // It has heard the first once nobody can ask for more.
    let address = urls["scim"].as_str().unwrap().strip_prefix("http://").unwrap();
    while TcpStream::connect(address).is_ok() {
        std::thread::sleep(Duration::from_millis(2));
    }
    assert!(host.try_wait().unwrap().is_none(), "it waits for the push");
    tell(&host);
    let (code, said) = ended(host);
    assert_eq!(code, Some(0), "{said}");
    assert!(began.elapsed() < Duration::from_secs(20), "it waited for {:?}", began.elapsed());
    // What was cut off is found again.
    fixture.emulator.clear_faults();
    done(&fixture, &["push", "acme"]);
    assert_eq!((made(&fixture, "003"), made(&fixture, "005")), (1, 1));
}

#[test]
fn an_import_that_is_told_to_end_keeps_the_page_that_was_under_way() {
    let fixture = Fixture::on_test_database(1_000, 413);
    done(&fixture, &["tenant", "import-toml", "tenants.toml"]);
    let settings = ["--set", "to-idp.page-size=200", "--set", "settings.requests-in-flight=1"];
    done(&fixture, &[&["tenant", "edit", "acme", "--set", "schedule.import-minutes=60"], &settings[..]].concat());
    let pages = || {
        let page = |soql: &str| soql.contains("FROM User WHERE UserType IN");
        let journal = fixture.emulator.journal();
        journal.iter().filter(|entry| entry.soql.as_deref().is_some_and(page)).count()
    };
    done(&fixture, &["import", "acme", "--dry-run"]);
    let whole = pages();
    let directory = fixture.directory();
    let open = |view: &ReadTransaction<'_>| view.open_import(view.tenant("acme")?.id);
    let read = || directory.read(open).unwrap().map_or(0, |run| run.users);
    slow(&fixture, true);
    let (host, _) = serve(&fixture);
    until(|| read() > 0);
    // The job asks for the next page: between two pages it would have nothing to end.
    let next = Fault::latency(Duration::from_millis(1)).soql("FROM User WHERE UserType IN");
    until_held(&fixture, fixture.emulator.inject(next));
    let seen = read();
    tell(&host);
    let (code, said) = ended(host);
    assert_eq!(code, Some(0), "{said}");
    let kept = read();
    assert!(kept > seen && kept < 1_000, "{seen} users were read when it was told to end, and {kept} at its end");
    slow(&fixture, false);
    let document = done(&fixture, &["import", "acme"]);
    assert_eq!((&document["import"]["phase"], &document["resumed"]), (&json!("done"), &json!(true)));
    assert_eq!(document["import"]["users"], 1_000);
    // The connector asks for pages ahead, which go with its sandbox.
    assert!(pages() - whole <= whole + 2, "{whole} pages were asked for {} times", pages() - whole);
}

/// Sends a user by SCIM, and returns the status of the answer and its body.
fn create(urls: &Json, token: &str, name: &str) -> (String, Json) {
    let address = urls["scim"].as_str().unwrap().strip_prefix("http://").unwrap();
    let email = format!("{name}@new.example");
    let body = json!({
        "userName": email, "name": { "givenName": "Ada", "familyName": name }, "emails": [{ "value": email }],
        "entitlements": [{ "type": "profile", "value": "Customer Community User" }],
    })
    .to_string();
    let mut stream = TcpStream::connect(address).unwrap();
    write!(
        stream,
        "POST /scim/v2/acme/Users HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.lines().next().unwrap().to_owned(), serde_json::from_str(body).unwrap())
}

fn state(user: &Json) -> &Json {
    let extension = user.as_object().unwrap().iter().find(|(key, _)| key.contains(":extension:salesforce"));
    &extension.unwrap_or_else(|| panic!("no extension: {user}")).1["provisioning"]["state"]
}

#[test]
fn a_platform_that_waits_for_an_answer_gets_it_from_a_host_that_is_ending() {
    let fixture = fixture(414);
    let added = done(&fixture, &["scim", "add", "acme", "platform", "--wait", "15"]);
    let token = added["token"].as_str().unwrap();
    let (host, urls) = serve(&fixture);
    assert!(create(&urls, token, "byron").0.contains("201"), "what the application has is listed with the first");
    slow(&fixture, true);
    let before = fixture.emulator.journal_total();
    std::thread::scope(|scope| {
        let answer = scope.spawn(|| create(&urls, token, "king"));
        until(|| fixture.emulator.journal_total() > before);
        tell(&host);
        let (status, user) = answer.join().unwrap();
        assert!(status.contains("201") && state(&user) == "done", "{status} {user}");
    });
    let (code, said) = ended(host);
    assert_eq!(code, Some(0), "{said}");
}

#[test]
fn a_push_that_nobody_waits_for_any_more_is_ended_well_too() {
    let fixture = fixture(415);
    let added = done(&fixture, &["scim", "add", "acme", "platform", "--wait", "1"]);
    let token = added["token"].as_str().unwrap();
    let (host, urls) = serve(&fixture);
    assert!(create(&urls, token, "byron").0.contains("201"), "what the application has is listed with the first");
    slow(&fixture, true);
    let (status, user) = create(&urls, token, "king");
    assert!(status.contains("201") && state(&user) == "pending", "{status} {user}");
    until(|| made(&fixture, "003") > 1);
    tell(&host);
    let (code, said) = ended(host);
    assert_eq!(code, Some(0), "{said}");
    assert_eq!((made(&fixture, "003"), made(&fixture, "005")), (2, 2), "what was begun was done");
    assert_eq!(done(&fixture, &["tasks", "--tenant", "acme"]), json!([]));
    slow(&fixture, false);
    done(&fixture, &["push", "acme"]);
    assert_eq!(cut_off(&fixture), Vec::<String>::new());
}
