//! `serve`: parts in one process, and its end.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;

use serde_json::Value as Json;

use crate::support::Fixture;

/// The status and body that a server answers to a GET.
fn get(url: &str, path: &str, token: &str) -> (String, String) {
    let address = url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    let head =
        format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\nconnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.lines().next().unwrap().to_owned(), body.to_owned())
}

fn serve(fixture: &Fixture, arguments: &[&str]) -> (std::process::Child, Json) {
    let mut all = vec!["serve", "--json", "--data", "data"];
    all.extend(arguments);
    let mut process = fixture.spawn(&all);
    let mut line = String::new();
    BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
    (process, serde_json::from_str(&line).unwrap())
}

#[test]
fn all_parts_are_served_by_one_process_that_ends_with_0_when_it_is_told_to() {
    let fixture = Fixture::new(5, 97);
    assert_eq!(fixture.run(&["tenant", "import-toml", "tenants.toml", "--data", "data"]).code, 0);
    let added = fixture.run(&["scim", "add", "acme", "okta", "--platform", "okta", "--json", "--data", "data"]).json();
    let token = added["token"].as_str().unwrap();
    let free = "127.0.0.1:0";
    let (mut process, urls) = serve(&fixture, &["--console", free, "--scim", free, "--metrics", free]);
    let url = |name: &str| urls[name].as_str().unwrap();
    // As nobody has a password, the pages are for whoever has the address with the token.
    assert!(!get(url("console"), "/applications", "").0.contains("200"));
    let with_token = url("open").strip_prefix(url("console")).unwrap();
    assert!(with_token.starts_with("/?") && get(url("console"), with_token, "").0.contains("303"));
    assert!(get(url("metrics"), "/healthz", "").1.contains("ok"));
    let (status, body) = get(url("scim"), "/scim/v2/acme/ServiceProviderConfig", token);
    assert!(status.contains("200") && body.contains("\"maxOperations\":1000"), "{status} {body}");
    assert!(get(url("scim"), "/scim/v2/acme/Users", "wrong").0.contains("401"));
    // What can be assigned is listed for Okta, which looks for it there.
    assert!(get(url("scim"), "/scim/v2/acme/ResourceTypes", token).1.contains("/Entitlements/profile"));
    let (_, profiles) = get(url("scim"), "/scim/v2/acme/Entitlements/profile", token);
    assert!(profiles.contains("Customer Community User") && profiles.contains("seats"), "{profiles}");

    let kill = std::process::Command::new("kill").args(["-TERM", &process.id().to_string()]).status().unwrap();
    assert!(kill.success());
    let ended = process.wait().unwrap();
    assert_eq!(ended.code(), Some(0));
    let listed = fixture.run(&["scim", "requests", "acme", "okta", "--json", "--data", "data"]).json();
    assert!(listed.as_array().unwrap().len() >= 3, "{listed}");
    assert!(!listed.to_string().contains(token));
}

#[test]
fn parts_that_are_left_out_are_not_served() {
    let fixture = Fixture::new(0, 95);
    assert_eq!(fixture.run(&["tenant", "import-toml", "tenants.toml", "--data", "data"]).code, 0);
    let (mut process, urls) =
        serve(&fixture, &["--no-console", "--no-metrics", "--no-worker", "--scim", "127.0.0.1:0"]);
    assert!(urls["console"].is_null() && urls["metrics"].is_null() && urls["scim"].is_string(), "{urls}");
    let taken = urls["scim"].as_str().unwrap().strip_prefix("http://").unwrap();
    let second = fixture.run(&["serve", "--data", "data", "--no-console", "--no-metrics", "--scim", taken]);
    assert_eq!(second.code, 2);
    assert!(second.stderr.contains("--scim") && second.stderr.contains(taken), "{}", second.stderr);
    process.kill().unwrap();
    process.wait().unwrap();
}
