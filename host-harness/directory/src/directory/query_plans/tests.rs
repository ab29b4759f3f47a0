//! All statements of the directory, run once.

use std::path::Path;

use super::super::tests::scratch_file;
use super::super::*;
use super::*;
use crate::config::TenantConfig;
use provisioning_runtime::wit::{Entitlement, GrantKind};
use provisioning_runtime::{Histogram, OperationCalls, Secret, Spent};

#[test]
fn every_statement_finds_its_rows_by_an_index() {
    let (_folder, directory, actor) = scratch_file();
    RUN.take();
    directory.write(&actor, exercise).unwrap();
    directory.prune(&actor, Timestamp::now(), true).unwrap();
    erase(&directory, &actor).unwrap();
    rotate(&directory, &actor).unwrap();
    let run = RUN.take();
    let missed: Vec<String> =
        written_statements().into_iter().filter(|written| !run.iter().any(|sql| is_like(sql, written))).collect();
    assert!(missed.is_empty(), "the exercise does not run these statements; have it do so:\n{}", missed.join("\n"));
}

#[test]
fn every_statement_is_understood_by_both_engines() {
    if testing::server().is_none() {
        return;
    }
    let (folder, directory, actor) = scratch_file();
    RUN.take();
    directory.write(&actor, exercise).unwrap();
    directory.prune(&actor, Timestamp::now(), true).unwrap();
    erase(&directory, &actor).unwrap();
    rotate(&directory, &actor).unwrap();
    let run = RUN.take();
    assert!(run.len() > 113, "{}", run.len());
    let other = testing::open_postgres(folder.path());
    for sql in &run {
        let prepared = other.read(|view| view.db.prepare_cached(sql).map(drop));
        assert!(prepared.is_ok(), "{sql}: {}", prepared.unwrap_err());
    }
}

#[test]
fn a_row_that_others_point_to_goes_without_a_look_at_all_of_them() {
    let (_folder, directory, actor) = scratch_file();
    directory
        .write(&actor, |change| -> Result<(), DirectoryError> {
            let tables: Vec<String> =
                column(change.db, "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name");
            let mut keys = 0;
            for table in tables {
                let keys_of =
                    format!("SELECT id || ':' || \"from\" FROM pragma_foreign_key_list('{table}') WHERE seq = 0");
                for key in column(change.db, &keys_of) {
                    let first = key.split(':').next_back().unwrap_or_default().to_owned();
                    let served = format!(
                        "SELECT i.name FROM pragma_index_list('{table}') i, pragma_index_info(i.name) c
                         WHERE NOT i.partial AND c.seqno = 0 AND c.name = '{first}'"
                    );
                    assert!(!column(change.db, &served).is_empty(), "no index of {table} begins with {first}");
                    keys += 1;
                }
            }
            assert!(keys > 15, "{keys}");
            BEGUN.take();
            Ok(())
        })
        .unwrap();
}

#[test]
fn a_walk_through_a_table_is_seen() {
    for step in [
        "SCAN person",
        "SCAN p USING COVERING INDEX person_search",
        "SEARCH remote_user USING INDEX sqlite_autoindex_remote_user_1 (tenant_id=?)",
    ] {
        assert!(walks(step), "{step}");
    }
    for step in [
        "SEARCH remote_user USING INDEX remote_user_by_username (tenant_id=? AND username_key=?)",
        "SCAN CONSTANT ROW",
        "SCAN tenant",
        "USE TEMP B-TREE FOR ORDER BY",
    ] {
        assert!(!walks(step), "{step}");
    }
}

fn column(db: Session<'_>, sql: &str) -> Vec<String> {
    let Session::Sqlite(db) = db else { panic!("these are plans of SQLite") };
    let mut statement = db.prepare(sql).unwrap();
    let found = statement.query_map([], |row| row.get(0)).unwrap();
    found.collect::<Result<_, _>>().unwrap()
}

/// The statements in this module's sources.
fn written_statements() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/directory");
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if !name.ends_with(".rs") || ["tests.rs", "query_plans.rs"].contains(&name.as_str()) {
            continue;
        }
        let source = std::fs::read_to_string(&path).unwrap();
        let source = source.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
        for verb in VERBS {
            let opening = format!("\"{verb} ");
            let written = source.split(&opening).skip(1).filter_map(|rest| rest.split('"').next());
            found.extend(written.map(|rest| format!("{verb} {rest}")));
        }
    }
    assert!(found.len() > 80, "{}", found.len());
    found
}

/// Whether a statement was made of what is written, whatever was put in.
fn is_like(sql: &str, written: &str) -> bool {
    let mut rest = sql;
    written.split('{').enumerate().all(|(n, piece)| {
        let piece = if n == 0 { piece } else { piece.split_once('}').map_or(piece, |(_, rest)| rest) };
        match rest.find(piece) {
            Some(at) => {
                rest = &rest[at + piece.len()..];
                true
            }
            None => false,
        }
    })
}

/// Does everything that a directory can do.
fn exercise(change: &WriteTransaction<'_>) -> Result<(), DirectoryError> {
    let tenant = change.add_tenant("acme", &TenantConfig::default())?;
    let ada = people(change, &tenant)?;
    users(change, &tenant, &ada)?;
    tasks(change, &tenant, &ada)?;
    attempts(change, &tenant, &ada)?;
    tenants(change, &tenant)?;
    scim(change, &tenant)?;
    history(change)?;
    consoles(change, &tenant)?;
    change.backlog(10)?;
    change.count_due_tenants(Timestamp::now())?;
    change.remove_assignment(&tenant, &ada)?;
    change.delete_person(&ada)?;
    let declaration = provisioning_runtime::Declaration::default();
    change.approve("d1", &declaration, "seen")?;
    change.approval("d1")?;
    change.approvals_of(&declaration.application)?;
    change.approvals()?;
    change.take_back_approval("d1")?;
    change.add_chore(tenant.id, "{}")?;
    for after in [Some("U1"), None] {
        let chore = change.first_chore(tenant.id)?.unwrap();
        change.store_chore(&chore, after)?;
    }
    change.assigned_people_after(tenant.id, None, 10)?;
    change.hide_tenant(&tenant)?;
    assert_eq!(change.removed_tenant()?, Some(tenant.id));
    // However long all of this has taken.
    let patient = WriteTransaction::new(ReadTransaction { ..change.view }, change.actor, None);
    patient.delete_some_of(tenant.id)
}

fn people(change: &WriteTransaction<'_>, tenant: &TenantRecord) -> Result<Person, DirectoryError> {
    let mut ada = change.add_person(&NewPerson::new("E1", "ada@x.example"))?;
    let edit = PersonEdit { username: Some("a@x.example".to_owned()), ..PersonEdit::default() };
    change.store_person(&ada, &edit)?;
    ada = change.person_by_id(change.person("E1")?.id)?;
    for column in [MatchColumn::Username, MatchColumn::Email, MatchColumn::FederationId] {
        change.people_by_match_key(column, "a@x.example", 20)?;
    }
    change.unlinked_people_of_name(tenant.id, "ada\u{1f}king", 20)?;
    change.add_person_of_user(tenant, &NewPerson::new("acme:U8", "u8@x.example"), "U8")?;
    let grants = vec![GrantName { kind: "profile".to_owned(), name: "P".to_owned() }];
    change.store_assignment(tenant, &ada, &NewAssignment { grants, ..NewAssignment::default() })?;
    change.tenants_assigned_to(ada.id)?;
    change.assigned_people(tenant.id)?;
    let ids = [None, Some(tenant.id)];
    for (assigned_to, not_assigned_to) in [(0, 0), (1, 0), (0, 1)].map(|(one, other)| (ids[one], ids[other])) {
        for status in [None, Some(PersonStatus::Active)] {
            for text in [None, Some("E".to_owned())] {
                let filter = PersonFilter {
                    status,
                    assigned_to,
                    not_assigned_to,
                    contains: text.clone(),
                    after: text,
                    limit: Some(10),
                };
                change.people(&filter)?;
                change.people(&PersonFilter { after: None, limit: None, ..filter.clone() })?;
                change.count_people_of(&filter)?;
            }
        }
    }
    change.count_people()?;
    Ok(ada)
}

fn users(change: &WriteTransaction<'_>, tenant: &TenantRecord, ada: &Person) -> Result<(), DirectoryError> {
    let run = change.start_import(tenant.id, NewImport { since: None })?;
    let user = |id: &str| RemoteUser {
        remote_id: id.to_owned(),
        username: format!("{id}@x.example"),
        status: RemoteStatus::Active,
        modified: String::new(),
        attributes: Attributes::new(),
        grants: Vec::new(),
    };
    for id in ["U1", "U2"] {
        change.stage_user(tenant.id, run.id, &user(id), &MatchKeys::of(id, &Attributes::new()))?;
    }
    change.stage_departure(tenant.id, "U2")?;
    change.stage_absent(tenant.id, run.id, "")?;
    change.forget_unsettled(tenant.id)?;
    for id in ["U1", "U2"] {
        change.stage_user(tenant.id, run.id, &user(id), &MatchKeys::of(id, &Attributes::new()))?;
    }
    change.count_remote_users(tenant.id)?;
    change.threatened_links(tenant.id)?;
    for column in [MatchColumn::Username, MatchColumn::Email, MatchColumn::FederationId] {
        change.users_with_match_key(tenant.id, column, "u1@x.example")?;
    }
    let pending = change.pending_users(tenant.id, 10)?;
    change.settle_user(pending[0].staged.row, Some((QueueReason::Similar, &[(ada.id, "names".to_owned())])))?;
    change.waits_for(pending[0].staged.row)?;
    for reason in [None, Some(QueueReason::Similar)] {
        for contains in [None, Some("u".to_owned())] {
            let filter = QueueFilter { reason, contains, after: Some(0), limit: Some(10), with_ignored: false };
            change.queue(tenant.id, &filter)?;
        }
    }
    change.count_queue(tenant.id)?;
    change.count_queue_by_reason(tenant.id)?;
    change.store_import(&ImportRun { phase: ImportPhase::Done, ..run })?;
    change.open_import(tenant.id)?;
    change.imports(tenant.id, 10)?;

    change.add_link(tenant, ada, "U1", LinkReason::Matched)?;
    change.count_links(tenant.id)?;
    change.links_of(ada.id)?;
    change.expect_status(tenant.id, "U1", RemoteStatus::Frozen)?;
    change.row_of_user(tenant.id, "U1")?;
    if let Some(link) = change.link(tenant.id, ada.id)? {
        change.move_link(tenant, ada, &link, "U3")?;
    }
    change.unsettle_linked(tenant.id, "")?;
    change.unsettle_unlinked(tenant.id, "")?;
    change.remote_user(tenant.id, "U1")?;
    change.forget_user(pending[1].staged.row)
}

fn tasks(change: &WriteTransaction<'_>, tenant: &TenantRecord, ada: &Person) -> Result<(), DirectoryError> {
    let password = Secret::new("Lantern-4711-harbour".to_owned());
    let new = NewTask { tenant, person: Some(ada), kind: TaskKind::Password, password: Some(&password) };
    let failure = TaskFailure::new(FailureKind::Transient, "c");
    let id = change.ask_admin(new, &failure)?;
    change.begin_tasks([id].into_iter())?;
    change.put_back_tasks([id].into_iter())?;
    change.fail_task(&change.task(id)?, &failure, Waiting::ForAdmin)?;
    change.retry_task(&change.task(id)?)?;
    change.task_password(tenant, id)?;
    change.due_tasks(tenant.id, TaskKind::Push, Timestamp::now(), None, 10)?;
    change.count_due_tasks(tenant.id, TaskKind::Push, Timestamp::now())?;
    change.count_open_tasks(tenant.id)?;
    change.task_errors(tenant.id)?;
    for state in [None, Some(TaskState::Waiting), Some(TaskState::Failed), Some(TaskState::Done)] {
        for (in_tenant, person) in
            [(None, None), (Some(tenant.id), None), (None, Some(ada.id)), (Some(tenant.id), Some(ada.id))]
        {
            for text in [None, Some("c".to_owned())] {
                let filter = TaskFilter {
                    tenant: in_tenant,
                    state,
                    all: state.is_none() && text.is_none(),
                    person,
                    kind: text.is_some().then_some(TaskKind::Push),
                    error_kind: text.as_deref().map(FailureKind::parse),
                    contains: text,
                    after: None,
                    limit: Some(10),
                };
                change.tasks(&filter)?;
                change.count_tasks(&filter)?;
                change.tasks(&TaskFilter { all: false, after: Some(id), ..filter })?;
            }
        }
    }
    let outcome = PlannedOutcome { action: "create".to_owned(), changes: Vec::new(), side_effects: Vec::new() };
    let item = PlanItem { task: id, revision: 1, digest: "d".to_owned(), outcome };
    let plan = change.start_plan(tenant.id)?;
    change.add_plan_item(plan, &item)?;
    change.open_plan(tenant.id, plan)?;
    change.plan(tenant.id, Some(plan))?;
    change.plan(tenant.id, None)?;
    change.plans(tenant.id, 10)?;
    change.plan_items(plan)?;
    change.approved(plan, None, TaskId::from_number(7))?;
    change.count_plan_items(plan)?;
    change.close_plan(plan)?;
    change.discard_plan(plan)?;
    change.end_task(&change.task(id)?, TaskState::Done)?;
    change.cancel(tenant.id, TaskKind::Push, Some(ada.id))?;
    change.is_in_use_again(tenant.id, ada.id)?;
    Ok(())
}

fn attempts(change: &WriteTransaction<'_>, tenant: &TenantRecord, ada: &Person) -> Result<(), DirectoryError> {
    let attempt = Attempt {
        person: ada.id,
        kind: TaskKind::Push,
        remote_id: None,
        changes: vec![("User".to_owned(), "Title".to_owned(), None, Some("Clerk".to_owned()))],
        earlier: Vec::new(),
        written: Vec::new(),
        names: vec!["title".to_owned()],
        noted: false,
        begun_at: Timestamp::now(),
    };
    change.begin_attempt(tenant.id, &attempt)?;
    change.attempts_to_note(tenant.id, 10)?;
    change.attempt_is_noted(tenant.id, &attempt)?;
    change.store_progress(tenant.id, &attempt)?;
    assert_eq!(change.attempt(tenant.id, ada.id, TaskKind::Push)?, Some(Attempt { noted: true, ..attempt }));
    change.end_attempt(tenant.id, ada.id, TaskKind::Push)?;
    let leftover = Leftover { person: ada.id, begun: Vec::new(), names: Vec::new(), begun_at: Timestamp::now() };
    change.keep_leftover(tenant.id, &leftover)?;
    assert_eq!(change.leftovers(tenant.id, Timestamp::default(), 10)?, [leftover]);
    change.leftover(tenant.id, ada.id)?;
    change.forget_leftover(tenant.id, ada.id)?;
    change.forget_old_leftovers(tenant.id, Timestamp::now())?;
    let claim = NewClaim {
        remote_id: "U9".to_owned(),
        username: "a@x.example".to_owned(),
        status: RemoteStatus::Active,
        evidence: vec!["the username is the same".to_owned()],
        objections: Vec::new(),
    };
    change.store_claims(tenant.id, ada.id, &[claim])?;
    let filter = ClaimFilter {
        contains: Some("A@X".to_owned()),
        after: Some(("U9".to_owned(), String::new())),
        limit: Some(10),
    };
    assert_eq!(change.claims(tenant.id, &ClaimFilter::default())?, change.claims_on(tenant.id, "U9")?);
    assert_eq!(change.claims(tenant.id, &filter)?.len(), 1);
    assert!(change.count_claimed_users(tenant.id)? == 1 && change.has_claims(tenant.id, ada.id)?);
    change.drop_claims_on(tenant.id, "U9")?;
    change.keep_former_owner(tenant.id, "U9", "E1")?;
    change.give_user_up(tenant.id, "U9", "E1")?;
    assert!(change.is_given_up(tenant.id, "U9", "E1")?);
    change.owner_of_user(tenant.id, "U9")?;
    change.forget_former_owners(tenant.id, "U9")?;
    if let Some(link) = change.link(tenant.id, ada.id)? {
        change.confirm_link(tenant, ada, &link)?;
    }
    change.open_task(tenant.id, TaskKind::Push, ada.id)?;
    let new = NewTask { tenant, person: Some(ada), kind: TaskKind::Push, password: None };
    let id = change.ask(new)?;
    change.explain_task(&change.task(id)?, Some(&TaskFailure::new(FailureKind::Transient, "c")))?;
    change.open_causes(tenant.id)?;
    change.apart(|| Ok(()))
}

fn tenants(change: &WriteTransaction<'_>, tenant: &TenantRecord) -> Result<(), DirectoryError> {
    let mut config = tenant.config.clone();
    config.paused = true;
    config.to_idp.mastering.profile = true;
    change.store_tenant(tenant, &config)?;
    change.set_attribute_schema(tenant.id, &[])?;
    let ada = change.person("E1")?;
    change.sources_of(ada.id, &change.sources()?)?;
    change.set_secret(tenant, "password", Some(&Secret::new("correct-horse".to_owned())))?;
    change.secret_names(tenant)?;
    change.runtime_tenant(tenant)?;
    change.set_secret(tenant, "password", None)?;
    change.store_last_failure(tenant.id, None)?;
    let job = EndedJob { kind: JobKind::Push, outcome: JobOutcome::Done, counts: [("created".to_owned(), 1)].into() };
    change.add_job_run(tenant.id, &job, None, 3, Timestamp::now())?;
    change.job_runs(tenant.id, JobRunFilter { before: None, limit: 10 })?;
    change.store_watermark(tenant.id, Some("w"), true)?;
    change.forget_watermark(tenant.id)?;
    change.store_pushed(tenant.id)?;
    change.a_secret_opens()?;
    let digest = provisioning_runtime::digest_of(b"one");
    change.keep_component("one.wasm", &digest, &b"one".to_vec())?;
    assert_eq!(change.component_digest("one.wasm")?.as_deref(), Some(digest.as_str()));
    change.component(&digest)?;
    let bytes = b"added".to_vec();
    let signed = Some(("ours", "release"));
    let new = NewComponent { bytes: &bytes, name: "Sample", version: "1", source: "added.wasm", signed };
    let digest = change.add_component(&new)?;
    assert_eq!(change.added_components()?.len(), 1);
    change.remove_component(&digest)?;
    change.may_be_due(Timestamp::now())?;
    let (_, rest) = change.tenants_to_claim(Timestamp::now(), 10)?.remove(0);
    assert_eq!(change.tenant_to_settle(tenant.id)?.map(|found| found.1), Some(rest));
    change.work_since(tenant.id)?;
    change.store_due(tenant.id, None)?;
    change.store_rest(tenant.id, Rest { failures: 1, until: Timestamp::now() })?;
    change.end_rests()?;

    let kind = GrantKind { name: "profile".to_owned(), label: "Profile".to_owned(), many: false };
    let one = Entitlement {
        kind: "profile".to_owned(),
        id: "P1".to_owned(),
        name: "Member".to_owned(),
        compatibility: Vec::new(),
        seats: None,
    };
    change.store_entitlements(tenant.id, &[(kind, Some(vec![one]))])?;
    change.entitlement_kinds(tenant.id)?;
    for contains in [None, Some("m".to_owned())] {
        change.entitlements(tenant.id, "profile", &EntitlementFilter { contains, limit: Some(10) })?;
    }
    change.count_entitlements(tenant.id, "profile")?;
    change.entitlements_named(tenant.id, "profile", "member")?;

    let calls = OperationCalls { failures: 0, times: Histogram::default() };
    change.add_usage(tenant.id, &Spent { operations: [("open", calls)].into(), used: Some(1), limit: Some(2) })?;
    let today = Day::of(Timestamp::now());
    change.usage(tenant.id, today)?;
    change.allowances(tenant.id, today)?;
    change.allowance(tenant.id)?;
    Ok(())
}

fn history(change: &WriteTransaction<'_>) -> Result<(), DirectoryError> {
    let now = Timestamp::now();
    let all = AuditFilter { limit: Some(10), ..AuditFilter::default() };
    for filter in [
        all.clone(),
        AuditFilter { before: Some(5), ..all.clone() },
        AuditFilter { tenant: Some("acme".to_owned()), before: Some(5), ..all.clone() },
        AuditFilter { person: Some("E1".to_owned()), ..all.clone() },
        AuditFilter { actor: Some("ada".to_owned()), ..all.clone() },
        AuditFilter { action: Some("person".to_owned()), ..all.clone() },
        AuditFilter { since: Some(now), before: Some(5), ..all.clone() },
        AuditFilter { tenant: Some("acme".to_owned()), since: Some(now), until: Some(now), ..all },
    ] {
        change.audit(&filter)?;
    }
    change.newest_audit()?;
    change.write_notes()?;
    change.verify_audit(None)?;
    Ok(())
}

/// Has two new keys seal a secret and a password.
fn rotate(directory: &Directory, actor: &Actor) -> Result<(), DirectoryError> {
    directory.write(actor, |change| -> Result<(), DirectoryError> {
        let tenant = change.add_tenant("sealed", &TenantConfig::default())?;
        let secret = Secret::new("correct-horse".to_owned());
        change.set_secret(&tenant, "password", Some(&secret))?;
        let person = change.add_person(&NewPerson::new("P9", "p9@x.example"))?;
        let new = NewTask { tenant: &tenant, person: Some(&person), kind: TaskKind::Password, password: Some(&secret) };
        change.ask(new).map(drop)
    })?;
    directory.read(|view| -> Result<_, DirectoryError> {
        assert!(view.key_fits()?);
        Ok(())
    })?;
    directory.rotate_key(actor, None)?;
    directory.rotate_key(actor, None).map(drop)
}

/// What hosts share about those who ask them.
fn consoles(change: &WriteTransaction<'_>, tenant: &TenantRecord) -> Result<(), DirectoryError> {
    let now = Timestamp::now();
    change.directory_name()?;
    change.set_console_admin("ada", "a hash")?;
    change.console_admins()?;
    assert!(change.has_console_admin()? && change.console_admin_hash("ada")?.is_some());
    assert!(change.remove_console_admin("ada")?);
    for name in ["one", "two"] {
        change.begin_console_session(name, "ada", "a hash", "192.0.2.1", now)?;
    }
    change.use_console_session("one", now)?;
    let session = change.console_session("one", now)?.unwrap();
    change.console_sessions(now)?;
    change.end_console_session_numbered(&session.number, now)?;
    change.end_console_session("two")?;
    change.put_on_console_shelf(ShelfKind::Page, "one", b"page", now)?;
    change.on_console_shelf(ShelfKind::Page, "one", now)?;
    change.take_from_console_shelf(ShelfKind::Page, "one")?;
    change.add_sign_in_failure("ada", |_| SignInFailures { count: 1, until: now })?;
    change.sign_in_failures("ada")?;
    change.count_sign_in_failures()?;
    change.forget_sign_in_failures("ada")?;
    let job = JobStatus {
        kind: "push".to_owned(),
        title: "Push".to_owned(),
        actor: "ada".to_owned(),
        progress: JobProgress::default(),
        result: None,
        started_at: now,
        told_at: now,
    };
    change.tell_job_status(tenant.id, &job)?;
    change.job_statuses(tenant.id, now)?;
    change.has_running_job(tenant.id, now)?;
    change.forget_job_status(tenant.id, "push")
}

/// Gives out and erases what is kept about a person whom a SCIM client has brought.
fn erase(directory: &Directory, actor: &Actor) -> Result<(), DirectoryError> {
    directory.write(actor, |change| -> Result<(), DirectoryError> {
        let tenant = change.add_tenant("scim", &TenantConfig::default())?;
        let client = change.add_scim_client(&tenant, "okta", ScimPlatform::Okta, &ScimSettings::default())?;
        let person = change.add_person_of_client(&NewPerson::new("S9", "s9@x.example"))?;
        let names = UserNames { external_id: None, username: "s9@x.example" };
        change.insert_scim_user(client.id, "u9", &person, &names, &serde_json::Map::new())?;
        change.add_link(&tenant, &person, "U9", LinkReason::Matched).map(drop)
    })?;
    directory.read(|view| view.export_person("S9"))?;
    let remove = |change: &WriteTransaction<'_>, person: &Person| change.delete_person(person);
    directory.erase_person(actor, "S9", remove, |()| true)?;
    Ok(())
}

/// A client with a user and a group, and everything that is asked of them.
fn scim(change: &WriteTransaction<'_>, tenant: &TenantRecord) -> Result<(), DirectoryError> {
    let settings = ScimSettings::default();
    let client = change.add_scim_client(tenant, "okta", ScimPlatform::Okta, &settings)?;
    // The answer is of no interest here.
    let _ = change.take_scim_allowance(client.id, 25, 50, 7, Timestamp::now())?;
    change.edit_scim_client(tenant, &client, ScimPlatform::Entra, &settings)?;
    let token = change.add_scim_token(tenant, &client, None)?;
    change.scim_client_of_token(token.expose())?;
    let number = change.scim_tokens(client.id)?[0].id;
    change.touch_scim_tokens(&[(number, Timestamp::now())])?;
    change.revoke_scim_token(tenant, &client, number)?;
    change.scim_clients(Some(tenant.id))?;
    let request = ScimRequest {
        at: Timestamp::now(),
        method: "GET".to_owned(),
        path: "/Users".to_owned(),
        body: None,
        status: 200,
        answer: None,
        millis: 1,
    };
    change.keep_scim_requests(client.id, &[request])?;
    change.scim_requests(client.id, 10)?;

    let person = change.add_person_of_client(&NewPerson::new("S1", "scim@x.example"))?;
    let names = UserNames { external_id: Some("E"), username: "scim@x.example" };
    let document = serde_json::Map::new();
    change.insert_scim_user(client.id, "u1", &person, &names, &document)?;
    for key in [ScimKey::Id("u1".to_owned()), ScimKey::ExternalId("E".to_owned()), ScimKey::Name("x".to_owned())] {
        change.scim_users_by(client.id, &key)?;
        change.scim_group_by(client.id, &key)?;
    }
    let user = change.scim_users(client.id, 0, 10)?.remove(0);
    change.scim_user_before(client.id, 1)?;
    change.count_scim_users(client.id)?;
    change.scim_client_of_person(person.id)?;
    change.store_scim_user(&user, &names, &document)?;
    change.touch_scim_users(&[user.number])?;
    change.is_known_elsewhere(tenant.id, person.id)?;
    let renamed = PersonEdit { username: Some("other@x.example".to_owned()), ..PersonEdit::default() };
    change.store_person(&person, &renamed)?;

    change.insert_scim_group(client.id, "g1", None, "Group")?;
    let group = change.scim_groups(client.id, 0, 10)?.remove(0);
    change.count_scim_groups(client.id)?;
    change.store_scim_group(&group, None, "Group 2")?;
    change.add_scim_member(&group, user.number, None)?;
    change.scim_members(&group)?;
    change.scim_groups_of(&user)?;
    let grants = [GrantName { kind: "profile".to_owned(), name: "Member".to_owned() }];
    change.store_scim_mapping(tenant, &client, &group, &grants, 10)?;
    change.scim_group_grants(&group)?;
    let assignment = Assignment {
        tenant: tenant.id,
        person: person.id,
        grants: Vec::new(),
        attributes: Attributes::new(),
        exact_grants: false,
        created_at: Timestamp::now(),
        changed_at: Timestamp::now(),
    };
    let (held, conflicts) = change.effective_grants(tenant.id, person.id, &assignment)?;
    assert_eq!((held.as_slice(), conflicts.len()), (grants.as_slice(), 0));
    change.remove_scim_member(&group, user.number)?;
    change.delete_scim_group(&group)?;
    change.delete_scim_user(&user, "scim@x.example")?;
    change.is_former_scim_user(person.id)?;
    change.former_scim_user(client.id, "E", "scim@x.example")?;
    change.remove_scim_client(tenant, &client)?;
    change.delete_person(&change.person_by_id(person.id)?)
}
