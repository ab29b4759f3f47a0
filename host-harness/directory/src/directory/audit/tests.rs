use super::super::testing;
use super::super::tests::scratch;
use super::super::*;
use super::verify::{AuditCheck, AuditFaultKind};
use crate::config::TenantConfig;

/// Rows of the chain of what concerns all, and of a tenant's.
const PEOPLE: i64 = 6;

/// A directory with people and a tenant.
fn with_trail() -> (tempfile::TempDir, Directory, Actor) {
    let (folder, directory, actor) = scratch();
    directory.write(&actor, |change| change.add_tenant("Acme", &TenantConfig::default())).unwrap();
    for n in 1..=PEOPLE {
        add(&directory, &actor, n).unwrap();
        directory.write(&actor, |change| edit(change, n)).unwrap();
    }
    (folder, directory, actor)
}

fn add(directory: &Directory, actor: &Actor, n: i64) -> Result<Person, DirectoryError> {
    directory.write(actor, |change| change.add_person(&NewPerson::new(format!("E{n}"), format!("u{n}@x.example"))))
}

/// Notes something in the tenant's chain.
fn edit(change: &WriteTransaction<'_>, n: i64) -> Result<(), DirectoryError> {
    change.note(&Note {
        tenant: Some("acme"),
        person: Some(&format!("E{n}")),
        action: "user.create",
        old: None,
        new: Some(serde_json::json!({ "n": n })),
        result: "created",
    })
}

fn verify(directory: &Directory) -> AuditCheck {
    directory.read(|view| view.verify_audit(None)).unwrap()
}

/// Runs statements behind the program's back, past the triggers.
fn tamper(directory: &Directory, statements: &[&str]) {
    directory.run("-- by hand\nINSERT INTO audit_pruning (begun_at) VALUES (0)", None).unwrap();
    for statement in statements {
        directory.run(&format!("-- by hand\n{statement}"), None).unwrap();
    }
    directory.run("-- by hand\nDELETE FROM audit_pruning", None).unwrap();
}

/// The kind of the first fault, its place in its chain, and the chain's tenant.
fn first(directory: &Directory) -> Option<(AuditFaultKind, Option<i64>, Option<String>)> {
    let check = verify(directory);
    let first = check.first_fault().map(|(tenant, fault)| (fault.kind, fault.number, tenant.map(str::to_owned)));
    assert_eq!(check.intact, first.is_none());
    first
}

#[test]
fn what_was_written_verifies_chain_by_chain() {
    let (_folder, directory, actor) = with_trail();
    let check = verify(&directory);
    assert!(check.intact, "{check:?}");
    let chains: Vec<_> = check.chains.iter().map(|one| (one.tenant.as_deref(), one.rows, one.last)).collect();
    assert_eq!(chains, [(None, 6, PEOPLE), (Some("acme"), 7, PEOPLE + 1)]);
    let one = directory.read(|view| view.verify_audit(Some("ACME"))).unwrap();
    assert_eq!((one.intact, one.chains.as_slice()), (true, &check.chains[1..]));
    let nobody = directory.read(|view| view.verify_audit(Some("nobody"))).unwrap_err().to_string();
    assert!(nobody.contains("no audit trail of a tenant `nobody`"), "{nobody}");
    // What is undone leaves no gap, be it a part of a transaction or all of it.
    directory
        .write(&actor, |change| -> Result<(), DirectoryError> {
            edit(change, 7)?;
            let undone: Result<(), _> = change.apart(|| {
                for n in 0..200 {
                    edit(change, n)?;
                }
                Err(DirectoryError::Invalid("undone".to_owned()))
            });
            assert!(undone.is_err());
            edit(change, 8)
        })
        .unwrap();
    directory.rehearse(&actor, |change| edit(change, 9)).unwrap();
    let check = verify(&directory);
    assert_eq!((check.intact, check.chains[1].rows), (true, 9), "{check:?}");
}

#[test]
fn a_changed_byte_is_found_in_every_column() {
    let (_folder, directory, _) = with_trail();
    for column in ["actor", "tenant", "person", "action", "new", "result"] {
        let row = "chain = 'acme' AND seq = 4";
        let (change, back) = (
            format!("UPDATE audit SET {column} = {column} || 'x' WHERE {row}"),
            format!("UPDATE audit SET {column} = substr({column}, 1, length({column}) - 1) WHERE {row}"),
        );
        tamper(&directory, &[&change]);
        assert_eq!(first(&directory), Some((AuditFaultKind::Changed, Some(4), Some("acme".to_owned()))), "{column}");
        tamper(&directory, &[&back]);
        assert_eq!(first(&directory), None, "{column}");
    }
    for set in
        ["at = at + 1", "old = ''", "upstream = '{}'", "salt = NULL", "salt = digest", "digest = salt", "link = digest"]
    {
        let (_folder, directory, _) = with_trail();
        tamper(&directory, &[&format!("UPDATE audit SET {set} WHERE chain = 'acme' AND seq = 4")]);
        assert_eq!(first(&directory), Some((AuditFaultKind::Changed, Some(4), Some("acme".to_owned()))), "{set}");
    }
    let (_folder, directory, _) = with_trail();
    tamper(&directory, &["UPDATE audit SET key_id = 'other' WHERE chain = 'acme' AND seq = 4"]);
    assert_eq!(first(&directory), Some((AuditFaultKind::Key, Some(4), Some("acme".to_owned()))));
}

#[test]
fn a_removed_row_is_found_be_it_the_first_one_or_the_last() {
    for (seq, found) in [(1, 1), (4, 4), (PEOPLE + 1, PEOPLE + 1)] {
        let (_folder, directory, actor) = with_trail();
        tamper(&directory, &[&format!("DELETE FROM audit WHERE chain = 'acme' AND seq = {seq}")]);
        let missing = Some((AuditFaultKind::Missing, Some(found), Some("acme".to_owned())));
        assert_eq!(first(&directory), missing, "{seq}");
        // And stays found when the chain goes on.
        directory.write(&actor, |change| edit(change, 9)).unwrap();
        assert_eq!(first(&directory), missing, "{seq}, later");
    }
}

#[test]
fn rows_that_changed_places_are_found() {
    let swap = [
        "UPDATE audit SET seq = -1 WHERE chain = 'acme' AND seq = 3",
        "UPDATE audit SET seq = 3 WHERE chain = 'acme' AND seq = 4",
        "UPDATE audit SET seq = 4 WHERE chain = 'acme' AND seq = -1",
    ];
    let (_folder, directory, _) = with_trail();
    tamper(&directory, &swap);
    assert_eq!(first(&directory), Some((AuditFaultKind::Changed, Some(3), Some("acme".to_owned()))));
    // In the order in which they are listed.
    let (_folder, directory, _) = with_trail();
    let three = "(SELECT id FROM audit WHERE chain = 'acme' AND seq = 3)";
    tamper(
        &directory,
        &[
            &format!("UPDATE audit SET id = 1000 + {three} WHERE chain = 'acme' AND seq = 5"),
            "UPDATE audit SET id = 5000 WHERE chain = 'acme' AND seq = 3",
        ],
    );
    assert_eq!(first(&directory), Some((AuditFaultKind::Changed, Some(4), Some("acme".to_owned()))));
    // From one chain to another.
    let (_folder, directory, _) = with_trail();
    tamper(
        &directory,
        &[
            "DELETE FROM audit WHERE chain = 'acme' AND seq = 3",
            "UPDATE audit SET chain = 'acme' WHERE chain = '' AND seq = 3",
        ],
    );
    assert_eq!(first(&directory).map(|(kind, number, _)| (kind, number)), Some((AuditFaultKind::Missing, Some(3))));
    assert_eq!(
        directory.read(|view| view.verify_audit(Some("acme"))).unwrap().chains[0]
            .fault
            .as_ref()
            .map(|fault| fault.kind),
        Some(AuditFaultKind::Changed)
    );
}

#[test]
fn an_end_that_was_moved_is_found_and_stays_found() {
    let cut = [
        "DELETE FROM audit WHERE chain = 'acme' AND seq > 5",
        "UPDATE audit_chain SET seq = 5, link = (SELECT link FROM audit WHERE chain = 'acme' AND seq = 5) WHERE name = 'acme'",
    ];
    let (_folder, directory, actor) = with_trail();
    tamper(&directory, &cut);
    assert_eq!(first(&directory), Some((AuditFaultKind::End, Some(5), Some("acme".to_owned()))));
    // A row that is written then isn't lost, and doesn't hide what was cut off.
    directory.write(&actor, |change| edit(change, 9)).unwrap();
    assert_eq!(first(&directory), Some((AuditFaultKind::End, Some(6), Some("acme".to_owned()))));
    let (_folder, directory, actor) = with_trail();
    tamper(&directory, &["DELETE FROM audit_chain WHERE name = 'acme'"]);
    assert_eq!(first(&directory), Some((AuditFaultKind::Missing, None, None)));
    directory.write(&actor, |change| edit(change, 9)).unwrap();
    assert_eq!(first(&directory), Some((AuditFaultKind::End, Some(PEOPLE + 2), Some("acme".to_owned()))));
    // A whole chain.
    let (_folder, directory, _) = with_trail();
    tamper(&directory, &["DELETE FROM audit WHERE chain = 'acme'", "DELETE FROM audit_chain WHERE name = 'acme'"]);
    assert_eq!(first(&directory), Some((AuditFaultKind::Missing, None, None)));
    let (_folder, directory, _) = with_trail();
    tamper(&directory, &["DELETE FROM audit_chain WHERE name = ''"]);
    assert_eq!(first(&directory), Some((AuditFaultKind::Missing, None, None)));
}

#[test]
fn a_row_that_was_added_by_hand_is_found_and_never_linked() {
    let (folder, directory, actor) = with_trail();
    tamper(
        &directory,
        &["INSERT INTO audit (at, actor, action, result) VALUES (7, 'mallory', 'tenant.edit', 'changed')"],
    );
    assert_eq!(first(&directory), Some((AuditFaultKind::Added, None, None)));
    let again = testing::open(folder.path());
    directory.write(&actor, |change| edit(change, 9)).unwrap();
    assert_eq!(first(&again), Some((AuditFaultKind::Added, None, None)));
}

#[test]
fn rows_from_before_there_were_chains_are_linked_when_the_directory_is_opened() {
    let (folder, directory, _) = with_trail();
    tamper(
        &directory,
        &[
            "DELETE FROM audit_chain",
            "UPDATE audit SET chain = NULL, seq = NULL, salt = NULL, digest = NULL, link = NULL, key_id = NULL",
        ],
    );
    drop(directory);
    let directory = testing::open(folder.path());
    let check = verify(&directory);
    let chains: Vec<_> = check.chains.iter().map(|one| (one.tenant.as_deref(), one.rows)).collect();
    assert_eq!((check.intact, chains.as_slice()), (true, [(None, 6), (Some("acme"), 7)].as_slice()), "{check:?}");
    let rows = directory.read(|view| view.audit(&AuditFilter::default())).unwrap();
    assert!(rows.len() == 13 && rows.iter().any(|row| row.person.as_deref() == Some("E3")));
}

#[test]
fn what_is_left_after_pruning_verifies() {
    let (_folder, directory, actor) = with_trail();
    let half = directory.read(|view| view.audit(&AuditFilter::default())).unwrap()[6].at;
    let later = std::iter::repeat_with(Timestamp::now).find(|now| *now > half).unwrap();
    for n in 20..23 {
        directory.write(&actor, |change| edit(change, n)).unwrap();
    }
    let gone = directory.prune(&actor, later, true).unwrap().audit;
    assert!((7..=13).contains(&gone), "{gone}");
    let check = verify(&directory);
    assert!(check.intact && check.chains[1].pruned > 0, "{check:?}");
    assert!(check.chains[1].rows >= 3);
    // A row less than the anchor says is found, and so is an anchor that was moved.
    let first_left = check.chains[1].pruned + 1;
    tamper(&directory, &[&format!("DELETE FROM audit WHERE chain = 'acme' AND seq = {first_left}")]);
    assert_eq!(first(&directory), Some((AuditFaultKind::Missing, Some(first_left), Some("acme".to_owned()))));
    tamper(&directory, &[&format!("UPDATE audit_chain SET pruned = {first_left} WHERE name = 'acme'")]);
    assert_eq!(first(&directory).map(|(kind, ..)| kind), Some(AuditFaultKind::Changed));
    let everything = Timestamp::now().after(Duration::from_secs(60));
    directory.prune(&actor, everything, true).unwrap();
    directory.write(&actor, |change| edit(change, 9)).unwrap();
}

#[test]
fn writers_side_by_side_keep_the_chains_whole() {
    const EACH: usize = 30;
    let (folder, directory, _) = with_trail();
    let other = testing::open(folder.path());
    std::thread::scope(|scope| {
        for writer in 0..6_usize {
            // Two that have the directory open, as two processes have.
            let directory = if writer % 2 == 0 { directory.clone() } else { other.clone() };
            scope.spawn(move || {
                let actor = Actor::new(format!("writer {writer}"));
                for n in 0..EACH {
                    let number = 1_000 + i64::try_from(writer * EACH + n).unwrap();
                    directory
                        .write(&actor, |change| -> Result<(), DirectoryError> {
                            // In both orders, which must not lock each other out, and a tenant's chain that is begun by several.
                            let new = NewPerson::new(format!("E{number}"), format!("u{number}@x.example"));
                            if n % 2 == 0 {
                                change.add_person(&new)?;
                                edit(change, number)
                            } else {
                                edit(change, number)?;
                                change.note(&Note {
                                    tenant: Some(&format!("new{}", n / 2 % 4)),
                                    person: None,
                                    action: "tenant.edit",
                                    old: None,
                                    new: None,
                                    result: "changed",
                                })?;
                                change.add_person(&new).map(drop)
                            }
                        })
                        .unwrap();
                }
            });
        }
    });
    let check = verify(&directory);
    assert!(check.intact, "{check:?}");
    let rows: u64 = check.chains.iter().map(|chain| chain.rows).sum();
    assert_eq!(rows, 13 + 6 * (2 * EACH as u64 + EACH as u64 / 2));
    assert_eq!(check.chains.len(), 6);
}

/// Prints what the links cost. Not a test: `cargo test -p provisioning-directory --lib cost_of -- --ignored --nocapture`.
#[test]
#[ignore = "it measures"]
fn cost_of_a_row() {
    let (_folder, directory, actor) = scratch();
    for (transactions, rows) in [(2_000, 1), (40, 500)] {
        let begun = Instant::now();
        for _ in 0..transactions {
            directory.write(&actor, |change| (0..rows).try_for_each(|n| edit(change, n))).unwrap();
        }
        let each = begun.elapsed() / (transactions * u32::try_from(rows).unwrap());
        println!("{rows} rows per transaction: {each:?} per row");
    }
}
