//! A service that is killed again and again while platforms create users: what it has acknowledged is there, once.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value as Json, json};

use crate::support::Fixture;

/// A platform that creates users, and asks again whenever it has heard nothing.
struct Platform {
    http: reqwest::Client,
    token: String,
    /// What is still to be created.
    todo: Mutex<Vec<u32>>,
    /// The ids that were acknowledged, by name.
    created: Mutex<BTreeMap<String, BTreeSet<String>>>,
}

fn name(number: u32) -> String {
    format!("soak{number}@new.example")
}

impl Platform {
    /// Creates users until there are none left, or the service is gone. Returns whether it is gone.
    async fn work(self: Arc<Self>, base: String) -> bool {
        loop {
            let Some(number) = self.todo.lock().unwrap().pop() else { return false };
            match self.create(&base, number).await {
                Ok(id) => drop(self.created.lock().unwrap().entry(name(number)).or_default().insert(id)),
                Err(_) => {
                    self.todo.lock().unwrap().push(number);
                    return true;
                }
            }
        }
    }

    async fn create(&self, base: &str, number: u32) -> Result<String, reqwest::Error> {
        let name = name(number);
        let user = json!({
            "userName": name, "externalId": format!("E{number}"),
            "name": { "givenName": "Soak", "familyName": format!("Tester{number}") },
            "emails": [{ "value": name }],
            "entitlements": [{ "type": "profile", "value": "Customer Community User" }],
        });
        let (status, body) = self.send("POST", &format!("{base}/Users"), Some(&user)).await?;
        if status != 409 {
            assert_eq!(status, 201, "{body}");
            return Ok(body["id"].as_str().unwrap().to_owned());
        }
        // It was made and nobody was told: the search finds it.
        let (status, found) =
            self.send("GET", &format!("{base}/Users?filter=userName%20eq%20%22{name}%22"), None).await?;
        assert_eq!((status, &found["totalResults"]), (200, &json!(1)), "{body} {found}");
        Ok(found["Resources"][0]["id"].as_str().unwrap().to_owned())
    }

    async fn send(&self, method: &str, url: &str, body: Option<&Json>) -> Result<(u16, Json), reqwest::Error> {
        let mut request = self.http.request(method.parse().unwrap(), url).bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.body(body.to_string());
        }
        let answer = request.send().await?;
        let status = answer.status().as_u16();
        Ok((status, serde_json::from_str(&answer.text().await?).unwrap()))
    }
}

#[test]
fn what_a_killed_service_has_acknowledged_is_there_and_nothing_is_doubled() {
    let is_soak = std::env::var_os("PROVISIONING_SOAK").is_some();
    let (users, connections, kills) = if is_soak { (5_000, 200, 20) } else { (30, 8, 2) };
    let fixture = Fixture::on_test_database(0, 94);
    let run = |arguments: &[&str]| {
        let mut all = arguments.to_vec();
        all.extend(["--data", "data"]);
        let run = fixture.run(&all);
        assert_eq!(run.code, 0, "{arguments:?}: {}", run.stderr);
        run
    };
    run(&["tenant", "import-toml", "tenants.toml"]);
    let on =
        ["push-new-users", "push-profile-updates", "push-user-deactivation"].map(|one| format!("to-app.{one}=true"));
    run(&["tenant", "edit", "acme", "--set", &on[0], "--set", &on[1], "--set", &on[2]]);
    fixture.emulator.set_licence_seats("Customer Community", 100_000).unwrap();
    if is_soak {
        fixture.emulator.set_switches(|switches| switches.latency_milliseconds = 50);
    }
    let token = run(&["scim", "add", "acme", "soak", "--rate", "100000", "--json"]).json();
    // Whoever comes first installs the process-wide provider.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let platform = Arc::new(Platform {
        http: reqwest::Client::builder().no_proxy().build().unwrap(),
        token: token["token"].as_str().unwrap().to_owned(),
        todo: Mutex::new((0..users).collect()),
        created: Mutex::default(),
    });
    let executor = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    // How many requests each kill has cut off.
    let mut torn = Vec::new();
    for round in 0..=kills {
        let mut service = fixture.spawn(&[
            "serve",
            "--json",
            "--no-console",
            "--no-metrics",
            "--scim",
            "127.0.0.1:0",
            "--data",
            "data",
        ]);
        let mut line = String::new();
        BufReader::new(service.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let urls: Json = serde_json::from_str(&line).unwrap();
        let base = format!("{}/scim/v2/acme", urls["scim"].as_str().unwrap());
        let before = platform.created.lock().unwrap().len();
        executor.block_on(async {
            let work = || tokio::spawn(Arc::clone(&platform).work(base.clone()));
            let workers: Vec<_> = (0..connections).map(|_| work()).collect();
            if round < kills {
                // Once something was acknowledged and more is under way, at a moment that differs from round to round.
                while platform.created.lock().unwrap().len() < before + 1 + round % 7
                    && platform.todo.lock().unwrap().len() > connections
                {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                tokio::time::sleep(Duration::from_millis(u64::try_from(round * 37 % 190).unwrap())).await;
                service.kill().unwrap();
            }
            let mut cut_off = 0;
            for worker in workers {
                cut_off += u32::from(worker.await.unwrap());
            }
            if round < kills {
                torn.push(cut_off);
            }
        });
        if round == kills {
            assert!(platform.todo.lock().unwrap().is_empty());
            let created = platform.created.lock().unwrap().clone();
            executor.block_on(async {
                for (name, ids) in &created {
                    assert_eq!(ids.len(), 1, "{name} has {ids:?}");
                    for id in ids {
                        let (status, user) = platform.send("GET", &format!("{base}/Users/{id}"), None).await.unwrap();
                        assert_eq!((status, user["userName"].as_str()), (200, Some(name.as_str())), "{user}");
                    }
                }
            });
            service.kill().unwrap();
        }
        service.wait().unwrap();
    }
    // What nobody waited for any more is carried out with the next push.
    fixture.wait_until_free("data");
    run(&["push", "acme"]);
    let counted = |object: &str, field: &str| {
        let rows = fixture.emulator.query(&format!("SELECT {field} FROM {object} WHERE {field} LIKE 'soak%'")).unwrap();
        let names: Vec<String> =
            rows.as_array().unwrap().iter().map(|row| row[field].as_str().unwrap().to_owned()).collect();
        let distinct: BTreeSet<&String> = names.iter().collect();
        (names.len(), distinct.len())
    };
    let expected = usize::try_from(users).unwrap();
    assert_eq!(counted("User", "Username"), (expected, expected));
    assert_eq!(counted("Contact", "Email"), (expected, expected));
    assert_eq!(platform.created.lock().unwrap().len(), expected);
    assert!(torn.iter().any(|requests| *requests > 0), "no kill fell among requests");
    println!(
        "{users} users by {connections} connections, {kills} kills that cut off {torn:?} requests: nothing lost, nothing doubled"
    );
}
