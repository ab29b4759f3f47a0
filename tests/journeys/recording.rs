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

#[test]
fn a_sign_in_by_a_signed_token_is_replayed_at_another_time_and_without_the_key() {
    journey(async {
        const KEY: &str = include_str!("../../host-harness/emulator/tests/it/keys/app.key.pem");
        const CERTIFICATE: &str = include_str!("../../host-harness/emulator/tests/it/keys/app.cert.pem");
        let file = tempfile::NamedTempFile::new().unwrap();
        let emulator = salesforce_emulator::Emulator::builder().users(5).seed(72).connected_app_key(CERTIFICATE);
        let emulator = emulator.start().await.unwrap();
        let mut tenant = crate::support::tenant(&emulator);
        tenant.settings.insert("sign-in".to_owned(), "jwt-bearer".to_owned());
        tenant.settings.insert("client-id".to_owned(), emulator.credentials().client_id);
        tenant.secrets.insert("private-key".to_owned(), Secret::new(KEY.to_owned()));
        let runtime = Runtime::builder().record(Recorder::create(file.path()).unwrap()).build().unwrap();
        let connector = runtime.load(embedded::CONNECTOR).unwrap();
        let mut job = runtime.start(&connector, &tenant).await.unwrap();
        let attributes = job.list_attributes().await.unwrap().len();
        drop(job);
        emulator.shutdown().await;

        // A token that is signed a second later is another one.
        tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
        tenant.secrets.insert("private-key".to_owned(), Secret::new("no key at all".to_owned()));
        let replay = Replay::read(file.path()).unwrap();
        let runtime = Runtime::builder().replay(replay.clone()).build().unwrap();
        let connector = runtime.load(embedded::CONNECTOR).unwrap();
        let mut job = runtime.start(&connector, &tenant).await.unwrap();
        assert_eq!(job.list_attributes().await.unwrap().len(), attributes);
        assert_eq!(replay.left(), 0);
    });
}
