//! Every example of the help, as somebody would type it, in the order of the story.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use serde_json::{Value as Json, json};

use crate::support::Fixture;

/// Examples of commands that go on until they are ended.
const SERVE: [&str; 5] = ["emulator ", "console --listen", "worker", "serve", "sample"];

/// Runs what is typed in a shell, with the program on its path.
fn shell(fixture: &Fixture, typed: &str) -> Command {
    let plain = fixture.command(&[]);
    let program = std::path::Path::new(plain.get_program());
    let path = format!("{}:{}", program.parent().unwrap().display(), std::env::var("PATH").unwrap());
    let mut command = Command::new("bash");
    command.arg("-c").arg(typed).current_dir(fixture.folder.path()).env("PATH", path);
    for (name, value) in plain.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Starts a command that serves, does something while it does, and ends it.
fn serve(fixture: &Fixture, typed: &str, meanwhile: impl FnOnce(&[Json])) {
    let lines = if typed.contains(" serve") { 1 } else { 0 };
    let typed = if lines > 0 { format!("exec {typed} --json") } else { format!("exec {typed}") };
    let mut process = shell(fixture, &typed).spawn().unwrap();
    let mut first = String::new();
    let mut stdout = BufReader::new(process.stdout.take().unwrap());
    stdout.read_line(&mut first).unwrap();
    assert!(!first.is_empty(), "{typed}: {:?}", process.wait_with_output());
    meanwhile(&serde_json::from_str::<Json>(&first).into_iter().collect::<Vec<_>>());
    rustix::process::kill_process(rustix::process::Pid::from_child(&process), rustix::process::Signal::TERM).unwrap();
    std::io::copy(&mut stdout, &mut std::io::sink()).unwrap();
    let output = process.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{typed}: {output:?}");
}

/// Has a client bring a group.
fn bring_group(scim: &str, token: &str) {
    let group = json!({ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "Sales" });
    // Another part of this process may have installed the same one.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let executor = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let status = executor.block_on(async {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let request = client.post(format!("{scim}/Groups")).bearer_auth(token).body(group.to_string());
        request.header("content-type", "application/scim+json").send().await.unwrap().status()
    });
    assert_eq!(status, 201);
}

#[test]
fn every_example_of_the_help_works() {
    let fixture = Fixture::new(60, 171);
    let tenants = fixture.tenants();
    std::fs::remove_file(fixture.path("tenants.toml")).unwrap();
    fixture
        .write("people.csv", "key,username,givenName,familyName,email\nE2,bob@new.example,Bob,Ray,bob@new.example\n");
    fixture.write("new-password", "a-new-Passw0rd-4-ada\n");
    std::fs::write(fixture.path("connector.wasm"), host_harness::embedded::CONNECTOR).unwrap();
    let user = fixture.active_user().0;
    let mut token = String::new();
    for (typed, _) in host_harness::EXAMPLES {
        let mut words = format!("host-harness {typed}");
        words = words.replace("0055g00000AbCdEAAV", &user);
        for command in ["component remove", "component take-back"] {
            if typed.starts_with(command) {
                let listed = fixture.run(&["component", "list", "--json"]).json();
                let digest = listed[0]["sha256"].as_str().unwrap();
                words = format!("host-harness {command} {digest}");
            }
        }
        // Tested elsewhere: the demo takes long, this key isn't lost, and no registry is running.
        if typed.starts_with("demo") || *typed == "key lost" || typed.starts_with("component add oci:") {
            continue;
        }
        if SERVE.iter().any(|serves| typed.starts_with(serves)) {
            serve(&fixture, &words, |first| {
                if let Some(line) = first.first() {
                    bring_group(&format!("{}/scim/v2/acme", line["scim"].as_str().unwrap()), &token);
                }
            });
            if typed.starts_with("emulator") {
                // What it has written leads to an org that has ended; this one goes on.
                fixture.write("emulated.toml", &tenants);
            }
            continue;
        }
        let output = shell(&fixture, &words).output().unwrap();
        let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert_eq!(output.status.code(), Some(0), "{words}:\n{stdout}\n{stderr}");
        if typed.starts_with("scim add") {
            let found = stdout.split_whitespace().find(|word| word.len() > 30 && !word.contains('/'));
            token = found.unwrap_or_else(|| panic!("{stdout}")).trim_end_matches('.').to_owned();
        }
    }
}
