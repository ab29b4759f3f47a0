//! The console as a process: its first line, its admins, its end, and the demo that it opens.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::Child;

use serde_json::Value as Json;

use crate::support::Fixture;

/// A console that is ended with the test.
struct Served {
    process: Child,
    address: String,
    /// The cookie of a browser that has opened the address with the token.
    cookie: String,
}

impl Served {
    fn start(fixture: &Fixture, arguments: &[&str]) -> Self {
        let mut all = vec!["--json", "console", "--listen", "127.0.0.1:0"];
        all.extend_from_slice(arguments);
        let mut process = fixture.spawn(&all);
        let mut line = String::new();
        BufReader::new(process.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let first: Json = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
        let address = first["url"].as_str().unwrap().strip_prefix("http://").unwrap().to_owned();
        let open = first["open"].as_str().unwrap().to_owned();
        let mut served = Self { process, address, cookie: String::new() };
        if let Some((_, path)) = open.split_once(&served.address) {
            let entered = served.get(path);
            let cookie = entered.lines().find_map(|line| line.strip_prefix("set-cookie: ")).unwrap_or_default();
            served.cookie = cookie.split(';').next().unwrap_or_default().to_owned();
        }
        served
    }

    /// A page, with its head.
    fn get(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let (host, cookie) = (&self.address, &self.cookie);
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {host}\r\nCookie: {cookie}\r\nConnection: close\r\n\r\n").unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        text
    }

    /// Ends it as a supervisor does, and returns its exit code.
    fn stop(mut self) -> Option<i32> {
        let id = rustix::process::Pid::from_child(&self.process);
        rustix::process::kill_process(id, rustix::process::Signal::TERM).unwrap();
        self.process.wait().unwrap().code()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It has ended already where the test went well.
        let _ = self.process.kill();
    }
}

#[test]
fn the_console_prints_its_address_and_ends_when_told_to() {
    let fixture = Fixture::new(1, 41);
    assert_eq!(fixture.run(&["tenant", "import-toml", "tenants.toml"]).code, 0);
    let served = Served::start(&fixture, &[]);
    let page = served.get("/applications");
    assert!(page.starts_with("HTTP/1.1 200 ") && page.contains(">acme</a>"), "{page}");
    assert_eq!(served.stop(), Some(0));
}

#[test]
fn others_reach_the_console_only_once_a_password_is_set() {
    let fixture = Fixture::new(1, 42);
    let listen = ["console", "--listen", "0.0.0.0:0"];
    let refused = fixture.run(&listen);
    assert_eq!(refused.code, 2, "{refused:?}");
    assert!(refused.stderr.contains("console set-password"), "{refused:?}");
    let short = fixture.run_with(&["console", "set-password"], "short\n", &[]);
    assert_eq!(short.code, 2);
    assert!(short.stderr.contains("at least 15 characters") && !short.stderr.contains("short\n"), "{short:?}");
    assert_eq!(fixture.run_with(&["console", "set-password", "ada"], "correct horse battery\n", &[]).code, 0);
    let served = Served::start(&fixture, &[]);
    let page = served.get("/applications");
    assert!(page.starts_with("HTTP/1.1 303 ") && page.contains("location: /sign-in?next="), "{page}");
    served.stop();
    let unknown = fixture.run(&["console", "remove-admin", "grace"]);
    assert!(unknown.stderr.contains("has no admin `grace`"), "{unknown:?}");
    assert_eq!(fixture.run(&["console", "remove-admin", "ada"]).code, 0);
    let environment = [("PROVISIONING_CONSOLE_PASSWORD", "another horse battery")];
    assert_eq!(fixture.run_with(&["console", "set-password"], "", &environment).code, 0);
    let named = fixture.run(&["console", "--host", "https://x"]);
    assert!(named.code == 2 && named.stderr.contains("isn't a host name"), "{named:?}");
}

#[test]
fn the_demo_leaves_what_the_console_opens() {
    let fixture = Fixture::new(1, 43);
    let demo = fixture.run(&["demo", "--users", "60"]);
    assert_eq!(demo.code, 0, "{demo:?}");
    let last = demo.stdout.trim_end().lines().last().unwrap();
    assert!(last.ends_with("host-harness console --demo"), "{last}");
    for _ in 0..2 {
        let served = Served::start(&fixture, &["--demo"]);
        let page = served.get("/applications/demo/general");
        assert!(page.starts_with("HTTP/1.1 200 ") && page.contains("value=\"http://127.0.0.1:"), "{page}");
        let page = served.get("/applications/demo/attributes?person=E1001");
        assert!(page.contains("ada.king@lighthouse.example"), "{page}");
        assert_eq!(served.stop(), Some(0));
    }
    // The org is the one that the demo has pushed to.
    let folder = fixture.path(".demo/data");
    let data = folder.to_str().unwrap();
    let people = fixture.run(&["--data", data, "person", "list", "--json"]);
    assert_eq!(people.json().as_array().unwrap().len(), 11, "the one without a username is left out");
    let refused = fixture.run(&["--data", data, "console", "--demo"]);
    assert!(refused.code == 2 && refused.stderr.contains("data folder of its own"), "{refused:?}");
}
