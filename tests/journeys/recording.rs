//! A job that was recorded can be looked into without the org that it talked to.

use host_harness::embedded;
use provisioning_runtime::wit::{ImportQuery, ImportScope};
use provisioning_runtime::{ImportedUser, Recorder, Replay, Runtime, Secret};

use crate::support::{Org, import_all, journey, refused};

fn ids(users: &[ImportedUser]) -> Vec<&str> {
    users.iter().map(|user| user.id.as_str()).collect()
}

#[test]
fn a_recorded_import_is_replayed_without_the_org_and_without_its_secrets() {
    journey(async {
        let path = std::env::temp_dir().join(format!("recording-{}.jsonl", std::process::id()));
        let org = Org::start(60, 71).await;
        let runtime = Runtime::builder().jobs(2).record(Recorder::create(&path).unwrap()).build().unwrap();
        let connector = runtime.load(embedded::CONNECTOR).unwrap();
        let mut job = runtime.start(&connector, &org.tenant).await.unwrap();
        let (users, pages) = import_all(&mut job, 25, true).await;
        let sent = job.usage().requests;
        assert!(users.len() >= 60 && pages >= 3);
        drop(job);

        let Org { emulator, mut tenant } = org;
        emulator.shutdown().await;
        for secret in tenant.secrets.values_mut() {
            *secret = Secret::new("whoever-replays-has-no-secrets".to_owned());
        }
        let replay = Replay::read(&path).unwrap();
        assert_eq!(replay.left() as u64, sent);
        let runtime = Runtime::builder().jobs(2).replay(replay.clone()).build().unwrap();
        let connector = runtime.load(embedded::CONNECTOR).unwrap();
        let mut job = runtime.start(&connector, &tenant).await.unwrap();
        let (replayed, _) = import_all(&mut job, 25, true).await;
        assert_eq!(ids(&replayed), ids(&users));
        assert_eq!(replay.left(), 0, "every recorded request was sent again");

        let query = ImportQuery { scope: ImportScope::Full, page_size: 26, attributes: Vec::new(), grants: true };
        let error = refused(job.import_users(&query).await.unwrap_err());
        assert!(error.message.contains("recording"), "{}", error.message);
        std::fs::remove_file(&path).unwrap();
    });
}
