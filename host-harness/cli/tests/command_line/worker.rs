//! `worker` with its metrics.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;

use crate::support::Fixture;

/// What a server answers to a GET, whole.
fn get(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn a_worker_serves_what_it_counts() {
    let fixture = Fixture::new(30, 96);
    assert_eq!(fixture.run(&["tenant", "import-toml", "tenants.toml", "--data", "data"]).code, 0);
    let schedule = ["tenant", "edit", "acme", "--set", "schedule.import-minutes=60", "--data", "data"];
    assert_eq!(fixture.run(&schedule).code, 0);
    let mut worker = fixture.spawn(&["worker", "--metrics", "127.0.0.1:0", "--data", "data"]);
    let mut lines = BufReader::new(worker.stdout.take().unwrap()).lines().map(Result::unwrap);
    let first = lines.next().unwrap();
    let address = first.strip_prefix("Metrics are at http://").and_then(|rest| rest.strip_suffix("/metrics.")).unwrap();
    // The line that says that an import has ended.
    assert!(lines.any(|line| line.contains("Z acme import: 30 users read")));

    let metrics = get(address, "/metrics");
    assert!(metrics.starts_with("HTTP/1.1 200 OK\r\n"), "{metrics}");
    assert!(metrics.contains("\r\ncontent-type: text/plain; version=0.0.4; charset=utf-8\r\n"), "{metrics}");
    for line in [
        "provisioning_jobs_total{tenant=\"acme\"} ",
        "provisioning_requests_total{tenant=\"acme\",status=\"2xx\"} ",
        "provisioning_call_seconds_count{operation=\"import-users\"} ",
        "provisioning_queue_running ",
    ] {
        assert!(metrics.contains(line), "{line} in {metrics}");
    }
    for secret in [&fixture.org.password, &fixture.org.security_token] {
        assert!(!metrics.contains(secret.as_str()));
    }
    let health = get(address, "/healthz");
    assert!(health.starts_with("HTTP/1.1 200 OK\r\n") && health.ends_with("\r\n\r\nok\n"), "{health}");

    // The component has been at work, and what is sealed opens.
    let ready = get(address, "/readyz");
    assert!(ready.starts_with("HTTP/1.1 200 OK\r\n") && ready.ends_with("\r\n\r\nok\n"), "{ready}");
    let database = rusqlite::Connection::open(fixture.path("data/directory.sqlite3")).unwrap();
    let version: u32 = database.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
    database.pragma_update(None, "user_version", version + 1).unwrap();
    let ready = get(address, "/readyz");
    assert!(ready.starts_with("HTTP/1.1 503 ") && ready.contains("ahead of this program's"), "{ready}");
    database.pragma_update(None, "user_version", version).unwrap();

    let taken = fixture.run(&["worker", "--metrics", address, "--data", "data"]);
    assert_eq!(taken.code, 2);
    assert!(taken.stderr.contains("cannot be served") && taken.stderr.contains(address), "{}", taken.stderr);
    worker.kill().unwrap();
    worker.wait().unwrap();
}
