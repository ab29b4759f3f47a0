//! What the organizations saw: whose requests, of which session, and when.

use std::collections::BTreeMap;
use std::time::SystemTime;

use salesforce_emulator::JournalEntry;

use super::world::World;

/// Checks that no request of a tenant's job came in after another job of the tenant had begun to ask. What a stopped host had sent by
/// then came in before, even if its answer took longer. Each tenant has a user of its own in its organization, and each job signs in.
///
/// Returns the number of jobs.
pub(super) fn one_job_at_a_time(world: &World) -> usize {
    let mut jobs = 0;
    for org in &world.orgs {
        let journal = org.emulator.journal();
        assert_eq!(org.emulator.journal_total(), journal.len() as u64, "the journal has everything");
        let mut of_users: BTreeMap<&str, Vec<&JournalEntry>> = BTreeMap::new();
        for entry in &journal {
            if let Some(user) = &entry.user {
                of_users.entry(user).or_default().push(entry);
            }
        }
        let tenants: BTreeMap<&str, &str> =
            org.users.iter().map(|(tenant, user)| (user.as_str(), tenant.as_str())).collect();
        for (user, entries) in of_users {
            // The administrator has made the others, and belongs to no tenant.
            let Some(tenant) = tenants.get(user) else { continue };
            jobs += check(tenant, entries);
        }
    }
    jobs
}

/// The first and the last request of a session.
struct Session<'a> {
    first: SystemTime,
    last: SystemTime,
    entries: Vec<&'a JournalEntry>,
}

fn check(tenant: &str, entries: Vec<&JournalEntry>) -> usize {
    let mut sessions: BTreeMap<u64, Session<'_>> = BTreeMap::new();
    for entry in entries {
        let new = || Session { first: entry.at, last: entry.at, entries: Vec::new() };
        let session = sessions.entry(entry.session.unwrap()).or_insert_with(new);
        session.first = session.first.min(entry.at);
        session.last = session.last.max(entry.at);
        session.entries.push(entry);
    }
    let mut in_order: Vec<(u64, Session<'_>)> = sessions.into_iter().collect();
    in_order.sort_by_key(|(_, session)| session.first);
    for pair in in_order.windows(2) {
        let [(number, earlier), (next, later)] = pair else { unreachable!() };
        let lines = |session: &Session<'_>| {
            let line = |one: &&JournalEntry| format!("{:?} {} {} {}", one.at, one.method, one.path, one.status);
            session.entries.iter().map(line).collect::<Vec<_>>().join("\n  ")
        };
        assert!(
            earlier.last <= later.first,
            "two jobs of {tenant} at a time:\n{number}:\n  {}\n{next}:\n  {}",
            lines(earlier),
            lines(later)
        );
    }
    in_order.len()
}
