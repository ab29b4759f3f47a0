//! What every statement is held to that a test of this crate runs: it finds its rows by an index.
//!
//! SQLite says which statements begin, and at the end of each view and each transaction their plans are looked at. A plan that
//! walks through a table that grows, or through all that a tenant has of it, fails the test that ran the statement, unless
//! [`ALLOWED`] says why it may.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use rusqlite::Connection;
use rusqlite::trace::{TraceEvent, TraceEventCodes};

/// Tables of a few rows: one or a few for each tenant or component.
const SMALL: &[&str] = &[
    "tenant",
    "t",
    "secret",
    "entitlement_kind",
    "chore",
    "approval",
    "few",
    "piece",
    "sc",
    "audit_chain",
    "data_key",
    "component",
    "added_component",
    "console_admin",
    "directory_name",
];

/// Part of a statement, part of its plan, and why it may be so.
const ALLOWED: &[(&str, &str, &str)] = &[
    ("", "INDEX open_task", "what is open, not what has ended"),
    ("", "INDEX one_open_", "there is one at most"),
    ("", "INDEX remote_user_pending", "what is to be settled: a piece, or once for the safeguard"),
    ("", "INDEX remote_user_waiting", "what waits for an admin: a page, or how many"),
    ("count(*) FROM link WHERE tenant_id", "link", "once for the safeguard of an import, and shown to an admin"),
    (
        "count(*) FROM remote_user WHERE tenant_id = ?1 AND NOT gone",
        "remote_user",
        "once for an import, to say how far it is",
    ),
    ("SELECT count(*) FROM person", "COVERING INDEX", "shown to an admin"),
    (
        "FROM person p INDEXED BY person_search",
        "INDEX person_search",
        "a page by keys, or a search through short texts",
    ),
    ("FROM person INDEXED BY person_search WHERE instr", "INDEX person_search", "a search through short texts"),
    ("FROM (SELECT id FROM person WHERE full_name_key", "SCAN p", "the first few people of a name"),
    ("FROM task k WHERE TRUE", " k", "how many have ended, shown to an admin"),
    ("LEFT JOIN person p ON p.id = k.person_id WHERE TRUE", " k", "a page of what has ended, by its number"),
    ("FROM audit WHERE TRUE", "SCAN audit", "backwards from the newest, until the page is full"),
    ("AND id > ?1 AND link IS NOT NULL ORDER BY id LIMIT", "audit", "a piece of the trail"),
    ("", "INDEX audit_without_link", "rows from before there were chains: a piece, and none later"),
    ("FROM plan WHERE tenant_id = ?1 ORDER BY id DESC LIMIT", "plan_by_tenant", "a page"),
    ("FROM job_run", "INDEX job_run_by_tenant", "a page"),
    ("FROM claim c JOIN person p", "claim_by_user", "a page"),
    ("FROM claim WHERE tenant_id = ?1", "claim_by_user", "what an admin is to decide: how many"),
    ("FROM import_run WHERE tenant_id = ?1 ORDER BY id DESC LIMIT", "import_run_by_tenant", "a page"),
    ("FROM api_allowance WHERE tenant_id = ?1 ORDER BY day DESC LIMIT 1", "PRIMARY KEY", "the last day"),
    ("SELECT person_id FROM assignment WHERE tenant_id", "PRIMARY KEY", "all who are assigned are wanted"),
    ("tenant_id = ?1 LIMIT ?2)", "(tenant_id=?)", "a piece of what a tenant had that is removed"),
    ("EXISTS (SELECT 1 FROM leftover WHERE tenant_id", "leftover_by_time", "whether there is one"),
    ("DELETE FROM entitlement WHERE tenant_id = ?1", "PRIMARY KEY", "all that was listed gives way to a new list"),
    ("FROM console_session ORDER BY seen", "console_session_by_use", "there are 256 at most"),
    ("FROM console_failure ORDER BY until", "console_failure_by_end", "there are 2,048 at most"),
    ("count(*) FROM console_failure", "console_failure", "there are 2,048 at most"),
    ("DELETE FROM console_shelf WHERE kept_at", "console_shelf", "there are 576 at most"),
    ("job_status WHERE tenant_id = ?1", "(tenant_id=?)", "a tenant has a few kinds of jobs"),
    ("DELETE FROM job_status WHERE is_running", "job_status", "a few for each tenant, when somebody is erased"),
    ("/* copied */", "", "all of it is copied"),
    ("UPDATE tenant SET due_at = 0", "", "all of them are copied"),
    ("DELETE FROM tenant WHERE id = ?1", "(tenant_id=?)", "a tenant goes with all that it has"),
];

/// What statements on rows begin with.
const VERBS: [&str; 4] = ["SELECT", "INSERT", "UPDATE", "DELETE"];

thread_local! {
    /// What this thread has run since it last looked at the plans.
    static BEGUN: RefCell<BTreeSet<String>> = const { RefCell::new(BTreeSet::new()) };
    /// What this thread has ever run.
    static RUN: RefCell<BTreeSet<String>> = const { RefCell::new(BTreeSet::new()) };
}

/// Statements whose plans were found to be good; the tests of a process share one schema.
static GOOD: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// Has a connection say which statements begin.
pub(super) fn watch(connection: &mut Connection) {
    let note = |event: TraceEvent<'_>| {
        if let TraceEvent::Stmt(statement, _) = event {
            BEGUN.with_borrow_mut(|begun| begun.insert(statement.sql().into_owned()));
        }
    };
    connection.trace_v2(TraceEventCodes::SQLITE_TRACE_STMT, Some(note)).unwrap();
}

/// Looks at the plans of what this thread has run.
///
/// # Panics
/// When one of them walks through what grows.
pub(super) fn check(connection: &Connection) {
    let begun = BEGUN.take();
    let is_of_rows = |sql: &&String| VERBS.iter().any(|verb| sql.starts_with(verb));
    let mut bad = Vec::new();
    for sql in begun.iter().filter(is_of_rows) {
        RUN.with_borrow_mut(|run| run.insert(sql.clone()));
        if GOOD.lock().unwrap_or_else(PoisonError::into_inner).contains(sql) {
            continue;
        }
        let walks: Vec<String> =
            plan(connection, sql).into_iter().filter(|step| walks(step) && !allowed(sql, step)).collect();
        if walks.is_empty() {
            GOOD.lock().unwrap_or_else(PoisonError::into_inner).insert(sql.clone());
        } else {
            bad.push(format!("{sql}\n    {}", walks.join("\n    ")));
        }
    }
    // What the plans were asked for by.
    BEGUN.take();
    assert!(
        bad.is_empty(),
        "these statements walk through a table that grows; give them an index, or say in ALLOWED why they may:\n{}",
        bad.join("\n")
    );
}

fn plan(connection: &Connection, sql: &str) -> Vec<String> {
    let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
    // Its values are not bound: no plan depends on them.
    let mut rows = statement.raw_query();
    let mut steps = Vec::new();
    while let Some(row) = rows.next().unwrap() {
        steps.push(row.get("detail").unwrap());
    }
    steps
}

/// Whether a step of a plan reads a whole table, or all that a tenant has of it.
fn walks(step: &str) -> bool {
    let mut words = step.split(' ');
    let (verb, table) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let is_small = SMALL.contains(&table) || table == "CONSTANT" || table.starts_with('(');
    !is_small && (verb == "SCAN" || verb == "SEARCH" && step.ends_with("(tenant_id=?)"))
}

fn allowed(sql: &str, step: &str) -> bool {
    ALLOWED.iter().any(|(statement, walk, _)| sql.contains(statement) && step.contains(walk))
}

mod tests;
