//! A directory that was restored from a copy goes on where it was: the next import finds nothing to repair. The commands are those of
//! `docs/operations.md`.

use std::path::Path;
use std::process::Command;

use provisioning_directory::{
    Directory, DirectoryError, ImportCounts, ImportScopeKind, LeaseTimes, PersonFilter, TaskFilter,
};
use serde_json::Value as Json;

use crate::directory::{PROFILE, people};
use crate::support::Fixture;

/// Runs a command of the program on the directory of a folder, or of a database if one is named.
fn run(fixture: &Fixture, database: Option<&str>, folder: &str, arguments: &[&str]) -> Json {
    let environment: Vec<(&str, &str)> = database.map(|url| ("PROVISIONING_DATABASE", url)).into_iter().collect();
    let run = fixture.run_with(&[arguments, &["--json", "--data", folder]].concat(), "", &environment);
    assert_eq!(run.code, 0, "{arguments:?}: {run:?}");
    run.json()
}

fn fill(fixture: &Fixture, database: Option<&str>) {
    run(fixture, database, "data", &["tenant", "import-toml", "tenants.toml"]);
    let on = ["--set", "to-app.push-new-users=true", "--set", "to-app.push-profile-updates=true"];
    run(fixture, database, "data", &[&["tenant", "edit", "acme"], &on[..]].concat());
    run(fixture, database, "data", &["import", "acme"]);
    people(fixture, "E1,e1@new.example,Ada,King,e1@new.example\nE2,e2@new.example,Mary,Shelley,e2@new.example\n");
    run(fixture, database, "data", &["person", "import", "people.csv", "--assign", "acme", "--grant", PROFILE]);
    run(fixture, database, "data", &["push", "acme"]);
}

/// Everybody, with their users.
fn everybody(directory: &Directory) -> Vec<String> {
    let told = directory.read(|view| -> Result<Vec<String>, DirectoryError> {
        let tenant = view.tenant("acme")?;
        let mut told = Vec::new();
        for person in view.people(&PersonFilter::default())? {
            let link = view.link(tenant.id, person.id)?.map(|link| (link.remote_id, link.created_at));
            told.push(format!("{person:?} {link:?}"));
        }
        Ok(told)
    });
    told.unwrap()
}

/// Imports everybody into what was restored, and looks whether that has changed anything.
fn finds_nothing_to_repair(fixture: &Fixture, database: Option<&str>, folder: &str, original: &Directory) {
    let restored = open(database, &fixture.path(folder));
    let before = everybody(&restored);
    assert!(before.len() > 2 && before == everybody(original), "{before:?}");
    run(fixture, database, folder, &["import", "acme", "--full"]);
    run(fixture, database, folder, &["push", "acme"]);
    assert_eq!(everybody(&restored), before);
    let (run, tasks) = restored
        .read(|view| -> Result<_, DirectoryError> {
            let tenant = view.tenant("acme")?;
            Ok((view.imports(tenant.id, 1)?.remove(0), view.tasks(&TaskFilter::default())?))
        })
        .unwrap();
    assert!(tasks.is_empty(), "{tasks:?}");
    assert_eq!(run.scope, ImportScopeKind::Full);
    // Users that wait for an admin wait as they did.
    assert_eq!(ImportCounts { queued: 0, ..run.counts }, ImportCounts::default());
}

fn open(database: Option<&str>, folder: &Path) -> Directory {
    match database {
        Some(url) => Directory::open_postgres(folder, url, LeaseTimes::default()).unwrap(),
        None => Directory::open(folder).unwrap(),
    }
}

#[test]
fn a_copy_of_a_data_folder_goes_on_where_it_was() {
    let fixture = Fixture::new(20, 91);
    fill(&fixture, None);
    let copied =
        Command::new("cp").args(["-a", "data", "restored"]).current_dir(fixture.folder.path()).status().unwrap();
    assert!(copied.success());
    finds_nothing_to_repair(&fixture, None, "restored", &Directory::open(&fixture.path("data")).unwrap());
}

#[test]
fn a_data_folder_that_is_moved_into_a_database_and_back_goes_on_where_it_was() {
    let fixture = Fixture::new(20, 92);
    fill(&fixture, None);
    let original = Directory::open(&fixture.path("data")).unwrap();
    let copy = |from: &str, to: &str| {
        let run = fixture.run_with(&["database", "copy", from, to, "--json"], "", &[]);
        assert_eq!(run.code, 0, "{run:?}");
        run.json()["tables"].clone()
    };
    let mut from = "data".to_owned();
    if let Some(url) = test_database::of(fixture.folder.path()) {
        let tables = copy("data", &url);
        assert!(tables["person"].as_u64() > Some(2), "{tables}");
        finds_nothing_to_repair(&fixture, Some(&url), "data", &original);
        from = url;
    }
    copy(&from, "back");
    std::fs::copy(fixture.path("data/key"), fixture.path("back/key")).unwrap();
    finds_nothing_to_repair(&fixture, None, "back", &original);
    let again = fixture.run(&["database", "copy", "data", "back"]);
    assert!(again.code != 0 && again.stderr.contains("the target has rows in its table"), "{again:?}");
}

#[test]
fn a_dump_that_is_restored_into_a_new_database_goes_on_where_it_was() {
    let Some(server) = test_database::server() else { return };
    let fixture = Fixture::new(20, 93);
    let name = |what: &str| format!("{what}_{}", std::process::id());
    let url = |name: &str| server.replace("/postgres?", &format!("/{name}?"));
    let (old, new) = (name("dumped"), name("restored"));
    for name in [&old, &new] {
        test_database::run(&server, format!("CREATE DATABASE {name}"));
    }
    let (old, new) = (url(&old), url(&new));
    fill(&fixture, Some(&old));
    let tool = |program: &str, arguments: &[&str]| {
        let done = Command::new(program).args(arguments).current_dir(fixture.folder.path()).output().unwrap();
        assert!(done.status.success(), "{program}: {}", String::from_utf8_lossy(&done.stderr));
    };
    tool("pg_dump", &["--format", "custom", "--file", "directory.dump", &old]);
    tool("pg_restore", &["--exit-on-error", "--no-owner", "--dbname", &new, "directory.dump"]);
    finds_nothing_to_repair(&fixture, Some(&new), "data", &open(Some(&old), &fixture.path("data")));
}
