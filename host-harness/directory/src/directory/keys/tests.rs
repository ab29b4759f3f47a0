use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::super::testing;
use super::super::tests::scratch;
use super::super::*;
use super::*;
use crate::config::TenantConfig;

fn secret(text: &str) -> Secret {
    Secret::new(text.to_owned())
}

/// A directory with two secrets, and a password that waits to be set.
fn with_secrets() -> (tempfile::TempDir, Directory, Actor, TenantRecord, TaskId) {
    let (folder, directory, actor) = scratch();
    let (tenant, task) = directory
        .write(&actor, |change| -> Result<_, DirectoryError> {
            let tenant = change.add_tenant("acme", &TenantConfig::default())?;
            for name in ["password", "token"] {
                change.set_secret(&tenant, name, Some(&secret(&format!("correct-horse-{name}"))))?;
            }
            let ada = change.add_person(&NewPerson::new("E1", "ada@x.example"))?;
            let password = secret("Lantern-4711-harbour");
            let new =
                NewTask { tenant: &tenant, person: Some(&ada), kind: TaskKind::Password, password: Some(&password) };
            let task = change.ask(new)?;
            Ok((tenant, task))
        })
        .unwrap();
    (folder, directory, actor, tenant, task)
}

/// That everything opens, and that nothing is sealed with another key than this one.
fn opens(directory: &Directory, tenant: &TenantRecord, task: TaskId, key: &str) {
    let (secrets, password) = directory
        .read(|view| -> Result<_, DirectoryError> { Ok((view.secrets(tenant)?, view.task_password(tenant, task)?)) })
        .unwrap();
    assert_eq!(secrets["password"].expose(), "correct-horse-password");
    assert_eq!(secrets["token"].expose(), "correct-horse-token");
    assert_eq!(password.unwrap().expose(), "Lantern-4711-harbour");
    for sql in ["-- by hand\nSELECT sealed FROM secret", "-- by hand\nSELECT sealed FROM task WHERE sealed IS NOT NULL"]
    {
        let sealed: Vec<Vec<u8>> = directory
            .read(|view| view.db.prepare_cached(sql)?.query_map(params![], |row| row.get(0))?.collect::<Result<_, _>>())
            .unwrap_or_else(|error: DirectoryError| panic!("{error}"));
        assert!(!sealed.is_empty() && sealed.iter().all(|sealed| key_id(sealed).as_deref() == Some(key)), "{sql}");
    }
}

fn key_file(folder: &Path) -> String {
    std::fs::read_to_string(folder.join(folder::KEY)).unwrap()
}

#[test]
fn a_new_key_takes_the_place_of_the_old_one_and_everything_opens_and_verifies() {
    let (folder, directory, actor, tenant, task) = with_secrets();
    let old = (directory.open.vault.key_id(), key_file(folder.path()));
    opens(&directory, &tenant, task, &old.0);
    let mut before = old.0.clone();
    for _ in 0..2 {
        let rotated = directory.rotate_key(&actor, None).unwrap();
        assert_eq!((rotated.secrets, rotated.passwords, rotated.unreadable, rotated.resumed), (2, 1, 0, false));
        assert_ne!(rotated.key, before);
        opens(&directory, &tenant, task, &rotated.key);
        before = rotated.key;
        directory.write(&actor, |change| change.set_secret(&tenant, "new", Some(&secret("x")))).unwrap();
        directory.write(&actor, |change| change.set_secret(&tenant, "new", None)).unwrap();
    }
    assert_ne!(key_file(folder.path()), old.1);
    assert!(!folder.path().join("key.new").exists());
    let again = testing::open(folder.path());
    opens(&again, &tenant, task, &before);
    // Rows that were linked under each of the three keys.
    let check = again.read(|view| view.verify_audit(None)).unwrap();
    assert!(check.intact, "{check:?}");
    drop((directory, again));
    // The old key opens nothing any more, and says so in a sentence.
    std::fs::write(folder.path().join(folder::KEY), &old.1).unwrap();
    let error = testing::try_open(folder.path()).unwrap_err().to_string();
    assert!(
        error.contains("isn't the one that this directory is sealed with") && error.contains("`key lost`"),
        "{error}"
    );
    assert!(!error.contains(old.1.trim()), "{error}");
}

#[test]
fn a_rotation_that_was_cut_off_continues_wherever_that_was() {
    for passes in 0..3 {
        let (folder, directory, actor, tenant, task) = with_secrets();
        let rotation = directory.open.vault.new_rotation(None).unwrap();
        directory.write(&actor, |change| change.begin_rotation(&rotation)).unwrap();
        if passes > 0 {
            directory.write(&actor, |change| change.keep_up()).unwrap();
            directory
                .write(&actor, |change| change.seal_secret_again(tenant.id.number(), "password").map(drop))
                .unwrap();
        }
        if passes > 1 {
            let mut rotated = Rotated::default();
            directory.seal_again(&actor, &mut rotated).unwrap();
            // The end is kept, and the process ends before the file of the new key has its place.
            directory.write(&actor, |change| change.end_rotation(&rotated)).unwrap();
        }
        drop(directory);
        let directory = testing::open(folder.path());
        if passes < 2 {
            let rotated = directory.rotate_key(&actor, None).unwrap();
            assert!(rotated.resumed && rotated.key == rotation.new, "{passes}: {rotated:?}");
        }
        opens(&directory, &tenant, task, &rotation.new);
        assert!(!folder.path().join("key.new").exists(), "{passes}");
        let again = testing::open(folder.path());
        opens(&again, &tenant, task, &rotation.new);
        assert!(again.read(|view| view.verify_audit(None)).unwrap().intact, "{passes}");
    }
}

#[test]
fn others_work_while_the_key_rotates() {
    let (folder, directory, actor, tenant, task) = with_secrets();
    // Two that have the directory open, as two processes have; one of them does nothing in the meantime.
    let (other, idle) = (testing::open(folder.path()), testing::open(folder.path()));
    let done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut n = 0;
            while !done.load(std::sync::atomic::Ordering::Relaxed) || n < 5 {
                n += 1;
                let text = format!("value {n}");
                other.write(&actor, |change| change.set_secret(&tenant, "mine", Some(&secret(&text)))).unwrap();
                assert_eq!(other.read(|view| view.secrets(&tenant)).unwrap()["mine"].expose(), text);
            }
        });
        let rotated: Vec<_> = (0..3).map(|_| directory.rotate_key(&actor, None)).collect();
        // Before anything is asserted: the other thread goes on until then.
        done.store(true, std::sync::atomic::Ordering::Relaxed);
        assert!(rotated.iter().all(Result::is_ok), "{rotated:?}");
    });
    let key = directory.open.vault.key_id();
    for directory in [&directory, &other, &idle] {
        opens(directory, &tenant, task, &key);
        directory.write(&actor, |change| change.set_secret(&tenant, "mine", Some(&secret("x")))).unwrap();
    }
    assert!(idle.read(|view| view.verify_audit(None)).unwrap().intact);
}

#[test]
fn a_key_from_elsewhere_is_named_and_a_host_without_it_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (old, new) = (STANDARD.encode([7; 32]), STANDARD.encode([8; 32]));
    let open = |key: &str| Directory::open_with(folder.path(), Vault::from_base64(key, "test").unwrap());
    let actor = Actor::new("tester");
    let (directory, stale) = (open(&old).unwrap(), open(&old).unwrap());
    let tenant = directory.write(&actor, |change| change.add_tenant("acme", &TenantConfig::default())).unwrap();
    directory.write(&actor, |change| change.set_secret(&tenant, "password", Some(&secret("x")))).unwrap();
    for (bad, says) in [(old.as_str(), "it is the one that is in use"), ("short", "it must be 32 random bytes")] {
        let error = directory.rotate_key(&actor, Some(&secret(bad))).unwrap_err().to_string();
        assert!(error.contains("--new-key") && error.contains(says), "{error}");
    }
    let rotated = directory.rotate_key(&actor, Some(&secret(&new))).unwrap();
    assert!(rotated.kept_elsewhere && rotated.secrets == 1, "{rotated:?}");
    let error = stale.write(&actor, |change| change.set_secret(&tenant, "password", Some(&secret("y")))).unwrap_err();
    assert!(matches!(&error, DirectoryError::WrongKey { wanted, .. } if *wanted == rotated.key), "{error}");
    let error = stale.write(&actor, |change| change.add_person(&NewPerson::new("E1", "a@x"))).unwrap_err();
    assert!(matches!(error, DirectoryError::WrongKey { .. }), "{error}");
    assert!(matches!(open(&old), Err(DirectoryError::WrongKey { .. })));
    let directory = open(&new).unwrap();
    assert_eq!(directory.read(|view| view.secrets(&tenant)).unwrap()["password"].expose(), "x");
    // A lost key: another one takes its place, and what was sealed with it has to be set again.
    let lost = Vault::from_base64(&STANDARD.encode([9; 32]), "test").unwrap();
    let directory = Directory::open_sqlite(folder.path(), lost, true).unwrap();
    assert!(matches!(directory.read(|view| view.secrets(&tenant)), Err(DirectoryError::Sealed { .. })));
    directory.write(&actor, |change| change.set_secret(&tenant, "password", Some(&secret("z")))).unwrap();
    assert_eq!(directory.read(|view| view.secrets(&tenant)).unwrap()["password"].expose(), "z");
    let check = directory.read(|view| view.verify_audit(None)).unwrap();
    assert_eq!(check.first_fault().unwrap().1.kind, AuditFaultKind::Key);
}

#[test]
fn a_key_that_is_missing_is_not_replaced_by_one_that_opens_nothing() {
    let (folder, directory, _, tenant, task) = with_secrets();
    let (path, key) = (folder.path().join(folder::KEY), directory.open.vault.key_id());
    drop(directory);
    let away = folder.path().join("away");
    std::fs::rename(&path, &away).unwrap();
    for _ in 0..2 {
        let error = testing::try_open(folder.path()).unwrap_err();
        assert!(matches!(&error, DirectoryError::WrongKey { wanted, .. } if *wanted == key), "{error}");
        assert!(!path.exists(), "whoever restores the key would find another one in its place");
    }
    std::fs::rename(&away, &path).unwrap();
    opens(&testing::open(folder.path()), &tenant, task, &key);
}
