//! Tenants, people and tasks in a data folder, from the command line.

use serde_json::{Value as Json, json};

use crate::support::{Fixture, Run};

/// Runs a command that must succeed, and gives its JSON document.
pub(crate) fn done(fixture: &Fixture, arguments: &[&str]) -> Json {
    let run = fixture.run(&[arguments, &["--json", "--data", "data"]].concat());
    assert_eq!(run.code, 0, "{arguments:?}: {run:?}");
    run.json()
}

/// Runs a command that must fail with this code, and gives what it said.
pub(crate) fn fails(fixture: &Fixture, arguments: &[&str], code: i32) -> String {
    let run = fixture.run(&[arguments, &["--data", "data"]].concat());
    assert_eq!(run.code, code, "{arguments:?}: {run:?}");
    format!("{}{}", run.stdout, run.stderr)
}

/// A data folder with the tenant `acme`, and no tenants file that could be taken instead.
pub(crate) fn fixture(users: u32, seed: u64) -> Fixture {
    let fixture = Fixture::new(users, seed);
    done(&fixture, &["tenant", "import-toml", "tenants.toml"]);
    std::fs::remove_file(fixture.path("tenants.toml")).unwrap();
    for secret in ["password", "token"] {
        std::fs::remove_file(fixture.path(secret)).unwrap();
    }
    fixture
}

pub(crate) fn switch_on(fixture: &Fixture) {
    let switches = ["push-new-users", "push-profile-updates", "push-user-deactivation", "sync-password"];
    let set: Vec<String> = switches.iter().map(|switch| format!("to-app.{switch}=true")).collect();
    let set: Vec<&str> = set.iter().flat_map(|set| ["--set", set]).collect();
    done(fixture, &[&["tenant", "edit", "acme"], set.as_slice()].concat());
}

pub(crate) fn people(fixture: &Fixture, rows: &str) {
    fixture.write("people.csv", &format!("key,username,givenName,familyName,email\n{rows}"));
}

pub(crate) const PROFILE: &str = "profile=Customer Community User";

#[test]
fn a_tenant_is_kept_with_its_secrets_and_serves_every_command() {
    let fixture = fixture(20, 61);
    let listed = done(&fixture, &["tenant", "list"]);
    assert_eq!(listed[0]["name"], "acme");
    assert_eq!(listed[0]["secrets"], json!(["password", "security-token"]));
    assert_eq!(listed[0]["features"], json!(["Import New Users", "Import Profile Updates"]));
    done(&fixture, &["test-credentials", "acme"]);
    assert!(!done(&fixture, &["entitlements", "acme", "profile"]).as_array().unwrap().is_empty());
    let exported = fixture.run(&["tenant", "export", "--data", "data"]).stdout;
    assert!(exported.contains("not exported: password, security-token"), "{exported}");
    let encoded = [&fixture.org.password, &fixture.org.security_token]
        .map(|secret| base64::Engine::encode(&base64::engine::general_purpose::STANDARD_NO_PAD, secret));
    for secret in [&fixture.org.password, &fixture.org.security_token, &encoded[0], &encoded[1]] {
        assert!(!exported.contains(secret.as_str()));
        for entry in std::fs::read_dir(fixture.path("data")).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                let bytes = std::fs::read(&path).unwrap();
                assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()), "{}", path.display());
            }
        }
    }
    // What was exported can be taken in again, and changes nothing.
    fixture.write("again.toml", &exported);
    let again = done(&fixture, &["tenant", "import-toml", "again.toml"]);
    assert_eq!(again["unchanged"], json!(["acme"]));
    done(&fixture, &["test-credentials", "acme"]);
}

#[test]
fn a_tenant_is_added_edited_and_removed_and_slips_are_named() {
    let fixture = fixture(5, 62);
    fixture.write("secret", "hunter2-hunter2");
    let add = ["tenant", "add", "other", "--set", "settings.instance-type=production"];
    done(&fixture, &[&add[..], &["--secret", "password=file:secret"]].concat());
    assert!(fails(&fixture, &add, 2).contains("`tenant edit` changes it"));
    for (arguments, words) in [
        (vec!["tenant", "edit", "other", "--set", "settings.usrname=x"], "no setting `usrname`"),
        (vec!["tenant", "edit", "other", "--set", "settings.password=hunter2"], "`password` is a secret"),
        (vec!["tenant", "edit", "other", "--secret", "password=hunter2"], "never write the secret itself"),
        (vec!["tenant", "edit", "other", "--secret", "usrname=file:secret"], "no secret `usrname`"),
        (vec!["tenant", "edit", "other", "--set", "to-app.push=true"], "unknown field"),
        (vec!["tenant", "edit", "other", "--set", "mapping.a={ template = \"{\" }"], "names nothing"),
        (vec!["tenant", "edit", "other", "--set", "egress.allow=[\"https://x\"]"], "is not an egress rule"),
        (vec!["tenant", "edit", "nobody", "--set", "to-app.approval=true"], "no tenant `nobody`"),
        (vec!["tenant", "add", "a/b"], "isn't a tenant name"),
    ] {
        let said = fails(&fixture, &arguments, 2);
        assert!(said.contains(words), "{arguments:?}: {said}");
        assert!(!said.contains("hunter2-"), "{said}");
    }
    let said = fails(&fixture, &["tenant", "edit", "other", "--set", "to-idp.mastering.profile=true"], 2);
    assert!(said.contains("becomes the source of the profile") && said.contains("--yes"), "{said}");
    let told = done(&fixture, &["tenant", "edit", "other", "--explain", "--set", "to-idp.mastering.profile=true"]);
    assert!(!told["told"].as_array().unwrap().is_empty() && told["changed"] == false);
    done(&fixture, &["tenant", "edit", "other", "--yes", "--set", "to-idp.mastering.profile=true"]);
    assert_eq!(done(&fixture, &["tenant", "show", "other"])["source_of"], json!(["profile"]));
    assert!(fails(&fixture, &["tenant", "remove", "other"], 2).contains("--yes"));
    done(&fixture, &["tenant", "remove", "other", "--yes"]);
    assert_eq!(done(&fixture, &["tenant", "list"]).as_array().unwrap().len(), 1);
}

#[test]
fn people_are_assigned_pushed_changed_and_taken_out_of_use() {
    let fixture = fixture(20, 63);
    people(
        &fixture,
        "E1,ada@new.example,Ada,King,ada@new.example\nE2,bob@new.example,Bob,,bob@new.example\n,,,,\nE3,,Cy,,\n",
    );
    let run = fixture.run(&[
        "person",
        "import",
        "people.csv",
        "--assign",
        "acme",
        "--grant",
        PROFILE,
        "--json",
        "--data",
        "data",
    ]);
    let imported = run.json();
    assert_eq!(
        (run.code, &imported["added"], &imported["assigned"], &imported["tasks"]),
        (1, &json!(2), &json!(2), &json!(0))
    );
    assert!(imported["off"][0].as_str().unwrap().contains("Push New Users is off"));
    assert_eq!(imported["refused"].as_array().unwrap().len(), 1);
    switch_on(&fixture);
    let before = fixture.count("User");
    let run = fixture.run(&["push", "acme", "--json", "--data", "data"]);
    let pushed = run.json();
    assert_eq!(run.code, 1, "{pushed}");
    assert_eq!(pushed["summary"], json!({ "created": 1, "failed": 1 }));
    assert_eq!(fixture.count("User"), before + 1);
    let tasks = done(&fixture, &["tasks"]);
    assert_eq!((&tasks[0]["person"], &tasks[0]["state"]), (&json!("E2"), &json!("failed")));
    let retry = tasks[0]["retry_command"].as_str().unwrap().to_owned();
    assert!(
        tasks[0]["remedy"].is_string() && tasks[0]["cause"].as_str().unwrap().contains("bob@new.example"),
        "{tasks}"
    );
    // The remedy, and the command that the task names.
    done(&fixture, &["person", "edit", "E2", "--set", "familyName=Ross"]);
    let mut words: Vec<&str> = retry.split(' ').collect();
    done(&fixture, &std::mem::take(&mut words));
    let pushed = done(&fixture, &["push", "acme"]);
    assert_eq!(pushed["summary"], json!({ "created": 1 }));
    done(&fixture, &["person", "edit", "ada@new.example", "--set", "title=Countess"]);
    done(&fixture, &["push", "acme"]);
    let title = fixture.emulator.query("SELECT Title FROM User WHERE Username = 'ada@new.example'").unwrap();
    assert_eq!(title[0]["Title"], "Countess");
    fixture.write("new-password", "Lantern-4711-harbour");
    done(&fixture, &["person", "set-password", "E1", "--password-file", "new-password"]);
    done(&fixture, &["unassign", "acme", "E2"]);
    let pushed = done(&fixture, &["push", "acme"]);
    assert_eq!(pushed["summary"], json!({ "deactivated": 1, "password set": 1 }));
    assert!(fixture.emulator.check_password("ada@new.example", "Lantern-4711-harbour"));
    let active = fixture.emulator.query("SELECT IsActive FROM User WHERE Username = 'bob@new.example'").unwrap();
    assert_eq!(active[0]["IsActive"], false);
    let shown = done(&fixture, &["person", "show", "E1"]);
    assert_eq!(shown["assignments"][0][1]["grants"][0]["name"], "Customer Community User");
    let audit = done(&fixture, &["audit", "--person", "E1", "--limit", "500"]);
    let actions: Vec<&str> =
        audit.as_array().unwrap().iter().rev().map(|row| row["action"].as_str().unwrap()).collect();
    assert_eq!(
        actions,
        [
            "person.add",
            "assignment.add",
            "link.add",
            "user.push",
            "person.edit",
            "user.push",
            "person.set-password",
            "user.password"
        ]
    );
    assert!(!audit.to_string().contains("Lantern"));
}

#[test]
fn what_commands_ask_of_the_application_is_kept_by_day() {
    let fixture = fixture(20, 69);
    assert!(done(&fixture, &["usage", "acme"])["days"].as_array().unwrap().is_empty());
    done(&fixture, &["test-credentials", "acme"]);
    done(&fixture, &["import", "acme"]);
    let usage = done(&fixture, &["usage", "acme", "--days", "2"]);
    let calls = |operation: &str| {
        let days = usage["days"].as_array().unwrap();
        days.iter().filter(|day| day["operation"] == operation).filter_map(|day| day["calls"].as_u64()).sum::<u64>()
    };
    assert!(calls("test-credentials") > 0 && calls("open") > 0 && calls("import-users") > 0, "{usage}");
    let (used, limit) = (usage["allowance"]["used"].as_u64().unwrap(), usage["allowance"]["limit"].as_u64().unwrap());
    assert!(used > 0 && used < limit, "{usage}");
    assert_eq!(done(&fixture, &["tenant", "list"])[0]["api_calls"]["used"], used);
    let said = fixture.run(&["usage", "acme", "--data", "data"]).stdout;
    assert!(said.contains("import-users") && said.contains("calls were used"), "{said}");
    assert!(fails(&fixture, &["usage", "acme", "--days", "0"], 2).contains("--days"));
}

#[test]
fn users_are_imported_confirmed_and_rehearsed() {
    let fixture = fixture(60, 64);
    let dry = done(&fixture, &["import", "acme", "--dry-run"]);
    let would = dry["import"]["counts"].clone();
    assert!(would["created"].as_u64().unwrap() > 40, "{dry}");
    assert!(done(&fixture, &["person", "list"]).as_array().unwrap().is_empty());
    let real = done(&fixture, &["import", "acme"]);
    assert_eq!(real["import"]["counts"], would);
    let (id, username) = fixture.active_user();
    let shown = done(&fixture, &["person", "show", &username]);
    assert_eq!(shown["users"][0][1]["remote_id"], id.as_str());
    done(&fixture, &["tenant", "edit", "acme", "--set", "to-idp.matching.auto-confirm=false"]);
    done(&fixture, &["unlink", "acme", &username]);
    done(&fixture, &["tenant", "edit", "acme", "--set", "to-idp.matching.names=false"]);
    done(&fixture, &["import", "acme", "--full"]);
    let queue = done(&fixture, &["confirm", "acme"]);
    let waiting =
        queue["imported"].as_array().unwrap().iter().find(|one| one["user"]["remote_id"] == id.as_str()).unwrap();
    assert_eq!(waiting["reason"], "matched");
    let key = shown["key"].as_str().unwrap();
    done(&fixture, &["confirm", "acme", &id, "--person", key]);
    assert_eq!(done(&fixture, &["person", "show", key])["users"][0][1]["reason"], "confirmed");
    assert!(fails(&fixture, &["confirm", "acme", &id, "--new"], 2).contains("does not wait"));
    assert!(
        fails(&fixture, &["import", "acme", "--pages", "1"], 2).contains("--pages is for tenants of a tenants file")
    );
}

#[test]
fn a_list_of_tasks_shows_some_and_says_how_to_see_the_others() {
    let fixture = fixture(5, 67);
    switch_on(&fixture);
    let rows: String = (0..4).map(|n| format!("E{n},p{n}@new.example,Ada,King{n},p{n}@new.example\n")).collect();
    people(&fixture, &rows);
    done(&fixture, &["person", "import", "people.csv", "--assign", "acme", "--grant", PROFILE]);
    let all = done(&fixture, &["tasks"]);
    assert_eq!(all.as_array().unwrap().len(), 4);
    let two = done(&fixture, &["tasks", "--limit", "2"]);
    assert_eq!(two.as_array().unwrap()[..], all.as_array().unwrap()[..2]);
    let last = two[1]["id"].to_string();
    let others = done(&fixture, &["tasks", "--after", &last]);
    assert_eq!(others.as_array().unwrap()[..], all.as_array().unwrap()[2..]);
    let shown = fixture.run(&["tasks", "--limit", "2", "--data", "data"]).stdout;
    assert!(
        shown.contains("E0")
            && !shown.contains("E2")
            && shown.contains(&format!("… and 2 more: go on with --after {last}")),
        "{shown}"
    );
    assert!(!fixture.run(&["tasks", "--data", "data"]).stdout.contains("more"));
}

#[test]
fn a_plan_is_kept_approved_and_applied() {
    let fixture = fixture(20, 65);
    switch_on(&fixture);
    people(&fixture, "E1,ada@new.example,Ada,King,ada@new.example\n");
    done(&fixture, &["tenant", "edit", "acme", "--set", "to-app.approval=true"]);
    done(&fixture, &["person", "import", "people.csv", "--assign", "acme", "--grant", PROFILE]);
    assert!(fails(&fixture, &["push", "acme"], 2).contains("wants pushes approved"));
    let before = fixture.count("User");
    let planned = done(&fixture, &["plan", "acme"]);
    assert_eq!(planned["results"][0]["outcome"]["action"], "created");
    assert_eq!(fixture.count("User"), before);
    let plan = planned["plan"].to_string();
    let applied = done(&fixture, &["apply", "acme", &plan]);
    assert_eq!(applied["summary"], json!({ "created": 1 }));
    assert_eq!(fixture.count("User"), before + 1);
    assert!(fails(&fixture, &["apply", "acme", &plan], 2).contains("was applied already"));
}

#[test]
fn a_tenants_file_that_is_named_counts_before_the_data_folder() {
    let fixture = fixture(5, 66);
    fixture.write("password", &fixture.org.password);
    fixture.write("token", &fixture.org.security_token);
    fixture.write("named.toml", &fixture.tenants());
    let Run { code, stdout, .. } =
        fixture.run(&["import", "acme", "--tenants", "named.toml", "--json", "--data", "data"]);
    assert_eq!(code, 0);
    assert!(serde_json::from_str::<Json>(&stdout).unwrap()["users"].is_array(), "it prints users and keeps nothing");
    assert!(done(&fixture, &["person", "list"]).as_array().unwrap().is_empty());
    let said = fails(&fixture, &["push", "acme", "--tenants", "named.toml"], 2);
    assert!(said.contains("stands in a tenants file"), "{said}");
    people(&fixture, "E1,ada@new.example,Ada,King,ada@new.example\n");
    assert!(fails(&fixture, &["push", "acme", "people.csv"], 2).contains("person import"));
}

#[cfg(unix)]
#[test]
fn a_key_that_others_can_read_is_refused_and_one_from_the_environment_serves() {
    use std::os::unix::fs::PermissionsExt as _;
    let fixture = fixture(5, 67);
    let key = fixture.path("data/key");
    let text = std::fs::read_to_string(&key).unwrap();
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    let said = fails(&fixture, &["tenant", "list"], 2);
    assert!(
        said.contains("can be read by others") && said.contains("chmod 600") && !said.contains(text.trim()),
        "{said}"
    );
    std::fs::remove_file(&key).unwrap();
    let run = fixture.run_with(&["test-credentials", "acme", "--data", "data"], "", &[("PROVISIONING_KEY", &text)]);
    assert_eq!(run.code, 0, "{run:?}");
    assert!(!key.exists());
    let run = fixture.run(&["test-credentials", "acme", "--data", "data"]);
    let said = "isn't the one that this directory is sealed with";
    assert!(run.code == 2 && run.stderr.contains(said) && run.stderr.contains("`key lost`"), "{run:?}");
}

#[cfg(unix)]
#[test]
fn a_worker_imports_by_schedule_and_ends_when_it_is_told() {
    use std::process::Command;
    let fixture = fixture(20, 68);
    done(&fixture, &["tenant", "edit", "acme", "--set", "schedule.import-minutes=60"]);
    let mut worker = fixture.spawn(&["worker", "--data", "data"]);
    let patience = std::time::Instant::now() + std::time::Duration::from_secs(120);
    while done(&fixture, &["tenant", "show", "acme"])["imported_at"].is_null() {
        assert!(worker.try_wait().unwrap().is_none(), "the worker ended by itself");
        assert!(std::time::Instant::now() < patience, "nothing was imported");
    }
    assert!(Command::new("kill").arg(worker.id().to_string()).status().unwrap().success());
    let ended = worker.wait_with_output().unwrap();
    assert!(ended.status.success(), "{ended:?}");
    let said = String::from_utf8(ended.stdout).unwrap();
    assert!(said.contains("acme import: ") && said.contains("users read"), "{said}");
    assert!(!done(&fixture, &["person", "list"]).as_array().unwrap().is_empty());
}

#[test]
fn a_person_is_removed_once_its_users_are_out_of_use() {
    let fixture = fixture(20, 69);
    switch_on(&fixture);
    people(&fixture, "E1,ada@new.example,Ada,King,ada@new.example\nE2,bo@new.example,Bo,King,bo@new.example\n");
    done(&fixture, &["person", "import", "people.csv", "--assign", "acme", "--grant", PROFILE]);
    done(&fixture, &["push", "acme"]);
    let told = fails(&fixture, &["person", "remove", "E1"], 2);
    assert!(told.contains("E1 is assigned to acme") && told.contains("person remove E1 --unassign"), "{told}");
    let told = fails(&fixture, &["person", "remove", "E1", "--unassign"], 1);
    assert!(told.contains("E1 is not removed yet: 1 tasks"), "{told}");
    assert!(
        fails(&fixture, &["person", "remove", "E1"], 1).contains("not removed yet"),
        "saying it twice changes nothing"
    );
    done(&fixture, &["push", "acme"]);
    let removed = done(&fixture, &["person", "remove", "E1"]);
    let user = fixture.emulator.query("SELECT Id, IsActive FROM User WHERE Username = 'ada@new.example'").unwrap();
    assert_eq!(user[0]["IsActive"], false);
    assert_eq!(removed["users"], json!([{ "tenant": "acme", "id": user[0]["Id"] }]));
    fails(&fixture, &["person", "show", "E1"], 2);
    assert_eq!(done(&fixture, &["tasks"]), json!([]));
    let audit = done(&fixture, &["audit", "--person", "E1"]);
    let actions: Vec<&str> = audit.as_array().unwrap().iter().map(|row| row["action"].as_str().unwrap()).collect();
    assert_eq!(actions[..2], ["person.remove", "link.remove"], "{audit:#}");
    // Without a user anywhere there is nothing to wait for.
    done(&fixture, &["person", "add", "E3", "eve@new.example", "--set", "familyName=King"]);
    assert_eq!(done(&fixture, &["person", "remove", "eve@new.example"])["removed"], true);
    // And a user that stays in use is given up with its link.
    done(&fixture, &["unlink", "acme", "E2"]);
    assert_eq!(done(&fixture, &["person", "remove", "E2", "--unassign"])["users"], json!([]));
}

#[test]
fn an_export_is_taken_in_again_without_the_marks_against_formulas_and_without_the_status() {
    let fixture = fixture(1, 89);
    let add = ["person", "add", "E1", "ada@new.example", "--set", "phoneNumber=+49 30 1", "--set", "title='tis"];
    done(&fixture, &add);
    fixture.write("people.csv", "key,username,phoneNumber,title\nE1,ada@new.example,'+49 30 1,'tis\n");
    assert_eq!(done(&fixture, &["person", "import", "people.csv"])["unchanged"], 1);
    fixture.write("people.csv", "key,username,Status\nE1,ada@new.example,deactivated\n");
    assert!(fails(&fixture, &["person", "import", "people.csv"], 2).contains("remove the column `status`"));
    assert_eq!(done(&fixture, &["person", "show", "E1"])["status"], "active");
}

#[test]
fn old_history_is_pruned_and_what_is_open_stays() {
    let fixture = fixture(20, 70);
    done(&fixture, &["import", "acme"]);
    let pruned = done(&fixture, &["prune", "--older-than", "1", "--audit"]);
    assert_eq!(pruned, json!({ "tasks": 0, "plans": 0, "imports": 0, "runs": 0, "audit": 0 }));
    assert_eq!(done(&fixture, &["audit", "--action", "directory.prune"])[0]["result"], "pruned");
    fails(&fixture, &["prune"], 2);
    fails(&fixture, &["prune", "--older-than", "0"], 2);
}

#[test]
fn why_a_tenants_last_job_failed_is_told_until_one_succeeds() {
    let mut fixture = fixture(20, 71);
    done(&fixture, &["import", "acme"]);
    assert_eq!(done(&fixture, &["tenant", "list"])[0]["last_failure"], json!(null));
    let address = fixture.org.url.clone();
    fixture.write("password", &fixture.org.password);
    fixture.write("token", &fixture.org.security_token);
    let again = ["--secret", "password=file:password", "--secret", "security-token=file:token"];
    let moved =
        ["tenant", "edit", "acme", "--set", "settings.my-domain=http://127.0.0.1:9", "--set", "egress.loopback=[9]"];
    done(&fixture, &[&moved[..], &again].concat());
    fails(&fixture, &["import", "acme"], 3);
    let failure = done(&fixture, &["tenant", "show", "acme"])["last_failure"].clone();
    assert_eq!(failure["kind"], "unreachable", "{failure}");
    assert!(failure["message"].as_str().unwrap().contains("127.0.0.1:9") && failure["remedy"].is_string(), "{failure}");
    let table = fixture.run(&["tenant", "list", "--data", "data"]).stdout;
    assert!(table.contains("acme: the last job failed at ") && table.contains("what to do:"), "{table}");
    let back = format!("settings.my-domain={address}");
    let port = format!("egress.loopback=[{}]", address.rsplit(':').next().unwrap());
    done(&fixture, &[&["tenant", "edit", "acme", "--set", &back, "--set", &port], &again[..]].concat());
    done(&fixture, &["import", "acme"]);
    assert_eq!(done(&fixture, &["tenant", "show", "acme"])["last_failure"], json!(null));
    fixture.stop();
}
