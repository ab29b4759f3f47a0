//! A platform that walks through many users: the host that serves them stays as large as it is.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::time::{Duration, Instant};

use provisioning_directory::sync::scim::{WantedScimUser, create_user};
use provisioning_directory::{Actor, DirectoryError};
use serde_json::{Value as Json, json};

use crate::directory::done;
use crate::support::Fixture;

/// Users of a page.
const PAGE: usize = 400;
/// What a host may grow by between the first page and the last of its first walk: the eight connections that read fill their caches, of
/// 2 MiB each.
const CACHES_MIB: f64 = 24.0;
/// What it may grow by in a later walk: its allocator keeps some of what a page took.
const GROWTH_MIB: f64 = 4.0;

/// The memory of a process that is in use and isn't shared with files, in MiB.
fn resident(process: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap();
    line.trim().strip_suffix(" kB").unwrap().parse::<f64>().unwrap() / 1024.0
}

#[test]
fn a_walk_through_all_users_takes_no_more_memory_at_its_end_than_at_its_beginning() {
    let usual = if std::env::var_os("PROVISIONING_SOAK").is_some() { 100_000 } else { 2_000 };
    let count: usize = std::env::var("PROVISIONING_SCIM_PEOPLE").map_or(usual, |count| count.parse().unwrap());
    let fixture = Fixture::on_test_database(0, 416);
    done(&fixture, &["tenant", "import-toml", "tenants.toml"]);
    let added = done(&fixture, &["scim", "add", "acme", "walker", "--rate", "100000"]);
    let token = added["token"].as_str().unwrap().to_owned();
    let directory = fixture.directory();
    let (tenant, client) = directory
        .read(|view| -> Result<_, DirectoryError> {
            let tenant = view.tenant("acme")?;
            let client = view.scim_client(&tenant, "walker")?;
            Ok((tenant, client))
        })
        .unwrap();
    let fill = directory.write_in_turns(&Actor::new("test"), 0..count, |change, number| -> Result<(), DirectoryError> {
        let username = format!("many{number}@new.example");
        let document = json!({
            "userName": username, "active": true, "name": { "familyName": "Tester" }, "emails": [{ "value": username }],
        });
        let attributes = BTreeMap::from([("familyName".to_owned(), Some("Tester".into()))]);
        let wanted = WantedScimUser {
            external_id: None,
            username: &username,
            active: true,
            attributes: &attributes,
            document: document.as_object().unwrap(),
            grants: None,
            password: None,
        };
        create_user(change, &client, &tenant, &format!("id-{number}"), &wanted).map(drop)
    });
    fill.unwrap();
    drop(directory);
    let arguments = ["--no-console", "--no-metrics", "--no-worker", "--scim", "127.0.0.1:0", "--data", "data"];
    let mut host = fixture.spawn(&[&["serve", "--json"], &arguments[..]].concat());
    let mut line = String::new();
    BufReader::new(host.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let urls: Json = serde_json::from_str(&line).unwrap();
    let base = format!("{}/scim/v2/acme/Users", urls["scim"].as_str().unwrap());
    // Whoever comes first installs the process-wide provider.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let executor = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let read = |query: String| -> Json {
        executor.block_on(async {
            let answer = http.get(format!("{base}?{query}")).bearer_auth(&token).send().await.unwrap();
            serde_json::from_str(&answer.text().await.unwrap()).unwrap()
        })
    };
    for (how, is_cursor, most) in
        [("by index", false, CACHES_MIB), ("by index again", false, GROWTH_MIB), ("by cursor", true, GROWTH_MIB)]
    {
        let (mut seen, mut sizes, mut times) = (0, Vec::new(), Vec::new());
        let mut cursor = String::new();
        loop {
            let at = if is_cursor { format!("cursor={cursor}") } else { format!("startIndex={}", seen + 1) };
            let began = Instant::now();
            let page = read(format!("{at}&count={PAGE}"));
            times.push(began.elapsed());
            sizes.push(resident(host.id()));
            seen += page["Resources"].as_array().map_or(0, Vec::len);
            match page["nextCursor"].as_str() {
                Some(next) => next.clone_into(&mut cursor),
                None if is_cursor || seen >= count => break,
                None => {}
            }
        }
        assert_eq!(seen, count, "{how}");
        let (first, middle, last) = (sizes[0], sizes[sizes.len() / 2], sizes[sizes.len() - 1]);
        let median = |times: &[Duration]| {
            let mut times = times.to_vec();
            times.sort();
            times[times.len() / 2]
        };
        let (early, late) = times.split_at(times.len() / 2);
        println!(
            "{count} users {how}: {} pages of {PAGE}, {:?} each in the first half and {:?} in the second; \
             {first:.1} MiB after the first page, {middle:.1} in the middle, {last:.1} at the end",
            times.len(),
            median(early),
            median(late),
        );
        assert!(last - first <= most, "{how}: from {first:.1} MiB to {last:.1} MiB");
    }
    host.kill().unwrap();
    host.wait().unwrap();
}
