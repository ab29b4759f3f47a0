//! A client with many users: one is found by its name at once, and all are walked in steady time.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use provisioning_directory::sync::scim::{WantedScimUser, create_user};
use provisioning_directory::{Actor, DirectoryError};
use serde_json::{Value as Json, json};

use super::{Platform, many_of};
use crate::support::journey;

fn median(times: &mut [Duration]) -> Duration {
    times.sort();
    times[times.len() / 2]
}

#[test]
fn one_of_many_users_is_found_by_its_name_and_all_are_walked_once() {
    let count = many_of("PROVISIONING_SCIM_PEOPLE", 1_200, 100_000);
    journey(async move {
        let platform = Platform::new(340, |config| config.to_app.push_new_users = false).await;
        let tenant = platform.kept.tenant();
        let fill = |directory: &provisioning_directory::Directory| {
            directory.write_in_turns(&Actor::new("journey"), 0..count, |change, number| -> Result<(), DirectoryError> {
                let username = format!("many{number}@new.example");
                let document = json!({
                    "userName": username, "active": true, "name": { "familyName": format!("Tester{}", number % 97) },
                    "emails": [{ "value": username }],
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
                create_user(change, &platform.client, &tenant, &format!("id-{number}"), &wanted).map(drop)
            })
        };
        fill(&platform.directory).unwrap();
        let mut times = Vec::new();
        for number in 0..101 {
            let name = format!("MANY{}@new.example", number * (count / 101));
            let began = Instant::now();
            let (status, found) =
                platform.send("GET", &format!("/Users?filter=userName%20eq%20%22{name}%22"), None).await;
            times.push(began.elapsed());
            assert_eq!((status, &found["totalResults"]), (200, &json!(1)), "{found}");
        }
        let by_name = median(&mut times);

        let mut pages: Vec<Duration> = Vec::new();
        let mut seen = BTreeSet::new();
        let mut take = |body: &Json| {
            for user in body["Resources"].as_array().unwrap() {
                assert!(seen.insert(user["id"].as_str().unwrap().to_owned()), "{user} comes twice");
            }
        };
        for start in (1..=count).step_by(400) {
            let began = Instant::now();
            let (_, page) =
                platform.send("GET", &format!("/Users?startIndex={start}&count=400&attributes=userName"), None).await;
            pages.push(began.elapsed());
            assert_eq!(page["totalResults"], json!(count));
            take(&page);
        }
        assert_eq!(seen.len(), count);
        let (first, last) = pages.split_at(pages.len() / 2);
        let (first, last) = (median(&mut first.to_vec()), median(&mut last.to_vec()));

        // By cursor, sorted backwards, with a filter: each once and in order.
        let path = "/Users?count=250&sortBy=userName&sortOrder=descending&attributes=userName&filter=name.familyName%20eq%20%22tester5%22";
        let (mut cursor, mut names) = (String::new(), Vec::new());
        loop {
            let (status, page) = platform.send("GET", &format!("{path}&cursor={cursor}"), None).await;
            assert_eq!(status, 200, "{page}");
            names.extend(
                page["Resources"].as_array().unwrap().iter().map(|user| user["userName"].as_str().unwrap().to_owned()),
            );
            match page["nextCursor"].as_str() {
                Some(next) => next.clone_into(&mut cursor),
                None => break,
            }
        }
        assert_eq!(names.len(), (0..count).filter(|number| number % 97 == 5).count());
        assert!(names.is_sorted_by(|one, other| one > other), "{names:?}");
        println!(
            "{count} users: by name {by_name:?}; a page of 400 {first:?} in the first half, {last:?} in the second"
        );
        if count >= 100_000 {
            assert!(by_name <= Duration::from_millis(5), "{by_name:?}");
        }
    });
}
