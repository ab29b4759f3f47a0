use std::collections::BTreeSet;

use super::super::testing;
use super::super::tests::{scratch, scratch_file};
use super::super::values::MatchKeys;
use super::super::*;
use crate::config::TenantConfig;
use crate::sync::{Removal, remove_person};

/// Tables that hold nothing about people, and those whose rows go with the person's row or with a row that does.
const WITHOUT_PEOPLE: [&str; 26] = [
    // Admins are whoever runs the platform, and no people of the directory.
    "console_admin",
    "console_session",
    "console_failure",
    "directory_name",
    "scim_allowance",
    "component",
    "component_file",
    "added_component",
    "job_run",
    "tenant_lease",
    "chore",
    "secret",
    "import_run",
    "plan",
    "api_usage",
    "api_allowance",
    "entitlement_kind",
    "entitlement",
    "approval",
    "audit_pruning",
    "audit_chain",
    "data_key",
    "scim_client",
    "scim_token",
    "scim_group",
    "scim_group_grant",
];
const WITH_THE_PERSON: [&str; 12] = [
    "person",
    "link",
    "candidate",
    "assignment",
    "assignment_grant",
    "task",
    "plan_item",
    "attempt",
    "claim",
    "leftover",
    "scim_user",
    "scim_former_user",
];
/// Those that [`Directory::erase_person`] sees to.
const SEEN_TO: [&str; 8] =
    ["console_shelf", "job_status", "audit", "remote_user", "former_link", "scim_request", "tenant", "scim_member"];

#[test]
fn every_table_is_accounted_for() {
    let (folder, directory, _) = scratch_file();
    drop(directory);
    let connection = rusqlite::Connection::open(folder.path().join(folder::DATABASE)).unwrap();
    let mut statement =
        connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'").unwrap();
    let tables: BTreeSet<String> = statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let known: BTreeSet<String> =
        WITHOUT_PEOPLE.iter().chain(&WITH_THE_PERSON).chain(&SEEN_TO).map(ToString::to_string).collect();
    assert_eq!(
        tables, known,
        "say of a new table whether it holds something about people, and have `erase` and `export` see to it"
    );
}

/// What only this person has.
const OWN: [&str; 4] = ["lovelace", "ada.king", "Countess", "U-4711"];

/// A person with something in every table that has people.
fn with_ada() -> (tempfile::TempDir, Directory, Actor) {
    let (folder, directory, actor) = scratch();
    directory
        .write(&actor, |change| -> Result<(), DirectoryError> {
            let tenant = change.add_tenant("acme", &TenantConfig::default())?;
            let ada = change.add_person(
                &NewPerson::new("E1", "ada.king@x.example")
                    .with("email", "lovelace@x.example")
                    .with("title", "Countess"),
            )?;
            change.add_person(&NewPerson::new("E2", "grace@x.example"))?;
            let run = change.start_import(tenant.id, NewImport { since: None })?;
            let user = RemoteUser {
                remote_id: "U-4711".to_owned(),
                username: "ada.king@x.example.acme".to_owned(),
                status: RemoteStatus::Active,
                modified: String::new(),
                attributes: [("title".to_owned(), AttributeValue::from("Countess"))].into(),
                grants: Vec::new(),
            };
            change.stage_user(tenant.id, run.id, &user, &MatchKeys::of(&user.username, &user.attributes))?;
            change.add_link(&tenant, &ada, "U-4711", LinkReason::Matched)?;
            change.store_assignment(&tenant, &ada, &NewAssignment::default())?;
            let task = NewTask { tenant: &tenant, person: Some(&ada), kind: TaskKind::Push, password: None };
            let id = change.ask(task)?;
            change.fail_task(
                &change.task(id)?,
                &TaskFailure::new(FailureKind::UsernameTaken, "ada.king@x.example is taken"),
                Waiting::ForAdmin,
            )?;
            // Others' rows that name her, and one that keeps its content all the same.
            change.note(&Note {
                tenant: Some("acme"),
                person: Some("E2"),
                action: "claim.reject",
                old: Some(serde_json::json!({ "user": "x", "username": "ADA.king@x.example" })),
                new: None,
                result: "rejected",
            })?;
            change.note(&Note {
                tenant: Some("acme"),
                person: None,
                action: "user.conformance",
                old: None,
                new: None,
                result: "refused: lovelace@x.example is a duplicate",
            })?;
            change.note(&Note {
                tenant: None,
                person: None,
                action: "component.approve",
                old: None,
                new: Some(serde_json::json!({ "by": "ada.king@x.example" })),
                result: "approved",
            })
        })
        .unwrap();
    (folder, directory, actor)
}

fn remove(directory: &Directory, actor: &Actor, key: &str) -> Result<(Option<Removal>, Erased), DirectoryError> {
    directory.erase_person(
        actor,
        key,
        |change, person| remove_person(change, &person.key, true),
        |removal| matches!(removal, Removal::Removed { .. }),
    )
}

#[test]
fn an_export_has_all_that_is_kept_about_a_person() {
    let (_folder, directory, actor) = with_ada();
    let document = directory.read(|view| view.export_person("ada.king@x.example")).unwrap();
    assert_eq!(document["person"]["attributes"]["title"], "Countess");
    assert_eq!(document["users"][0]["user"]["username"], "ada.king@x.example.acme");
    assert_eq!(document["assignments"][0]["tenant"], "acme");
    assert_eq!(document["tasks"][0]["cause"], "ada.king@x.example is taken");
    assert!(document["audit"].as_array().unwrap().iter().any(|row| row["action"] == "link.add"));
    assert!(!document.to_string().contains("grace"), "{document}");
    directory.write(&actor, |change| remove_person(change, "E1", true)).unwrap();
    let document = directory.read(|view| view.export_person("E1")).unwrap();
    assert!(document["person"].is_null() && document["audit"].as_array().unwrap().len() > 3, "{document}");
    assert!(matches!(directory.read(|view| view.export_person("E9")), Err(DirectoryError::NotFound { .. })));
}

#[test]
fn an_erased_person_is_nowhere_and_the_trail_still_verifies() {
    for removed_before in [false, true] {
        let (folder, directory, actor) = with_ada();
        if removed_before {
            directory.write(&actor, |change| remove_person(change, "E1", true)).unwrap();
        }
        let (removal, erased) = remove(&directory, &actor, "E1").unwrap();
        assert_eq!(removal.is_none(), removed_before);
        assert!(erased.users == 1 && erased.audit >= 8, "{erased:?}");
        let check = directory.read(|view| view.verify_audit(None)).unwrap();
        assert!(check.intact, "{check:?}");
        let emptied: u64 = check.chains.iter().map(|chain| chain.erased).sum();
        assert_eq!(emptied, erased.audit as u64);
        let rows = directory.read(|view| view.audit(&AuditFilter::default())).unwrap();
        assert!(rows.iter().any(|row| row.action == "person.erase"), "that something was erased is told");
        assert!(rows.iter().all(|row| row.person.as_deref() != Some("E1")));
        let approval = rows.iter().find(|row| row.action == "component.approve").unwrap();
        assert!(approval.new.is_some(), "what isn't about people stays");
        assert_eq!(rows.iter().filter(|row| row.person.as_deref() == Some("E2")).count(), 1, "E2's own row stays");
        assert!(matches!(directory.read(|view| view.export_person("E1")), Err(DirectoryError::NotFound { .. })));
        assert!(matches!(remove(&directory, &actor, "E1"), Err(DirectoryError::NotFound { .. })));
        // The approval names her by intent of this test; without it nothing in the files does.
        directory.run("-- by hand\nINSERT INTO audit_pruning (begun_at) VALUES (0)", None).unwrap();
        directory.run("-- by hand\nUPDATE audit SET new = NULL WHERE action = 'component.approve'", None).unwrap();
        directory.run("-- by hand\nDELETE FROM audit_pruning", None).unwrap();
        directory.open.database.forget_log().unwrap();
        for entry in std::fs::read_dir(folder.path()).unwrap() {
            let path = entry.unwrap().path();
            let Ok(bytes) = std::fs::read(&path) else { continue };
            for word in OWN {
                let found = bytes.windows(word.len()).any(|window| window.eq_ignore_ascii_case(word.as_bytes()));
                // Whose a user was is kept under a pseudonym, with the user's id.
                assert!(!found || word == "U-4711", "{word} is in {}", path.display());
            }
        }
    }
}

#[test]
fn content_that_was_dropped_by_hand_is_found() {
    let (_folder, directory, _) = with_ada();
    directory.run("-- by hand\nINSERT INTO audit_pruning (begun_at) VALUES (0)", None).unwrap();
    directory
        .run(
            "-- by hand\nUPDATE audit SET person = NULL, old = NULL, new = NULL, upstream = NULL, salt = NULL, result = 'erased'
             WHERE chain = 'acme' AND seq = 2",
            None,
        )
        .unwrap();
    directory.run("-- by hand\nDELETE FROM audit_pruning", None).unwrap();
    let check = directory.read(|view| view.verify_audit(None)).unwrap();
    let (tenant, fault) = check.first_fault().unwrap();
    assert_eq!((tenant, fault.kind, fault.number), (Some("acme"), AuditFaultKind::Erased, Some(2)));
}

#[test]
fn a_person_whose_users_have_to_go_first_keeps_everything() {
    let (folder, directory, actor) = with_ada();
    directory
        .write(&actor, |change| {
            let mut config = change.tenant("acme")?.config;
            config.to_app.push_user_deactivation = true;
            change.store_tenant(&change.tenant("acme")?, &config)
        })
        .unwrap();
    let (removal, erased) = remove(&directory, &actor, "E1").unwrap();
    assert!(matches!(removal, Some(Removal::Waits(_))), "{removal:?}");
    assert_eq!(erased, Erased::default());
    let again = testing::open(folder.path());
    assert_eq!(again.read(|view| view.export_person("E1")).unwrap()["person"]["key"], "E1");
}
