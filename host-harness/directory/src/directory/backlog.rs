//! What is still to be done, for those who watch a host.

use super::database::params;
use super::{DirectoryError, ReadTransaction, Timestamp};

/// A tenant's tasks that haven't ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backlog {
    /// The tenant's name.
    pub tenant: String,
    /// Tasks that wait for their next try.
    pub waiting: u64,
    /// Tasks that need an admin.
    pub failed: u64,
    /// When the oldest of those that wait was asked for. `None` if none waits.
    pub oldest: Option<Timestamp>,
}

impl ReadTransaction<'_> {
    /// The tenants with the most tasks that haven't ended, so many at most.
    ///
    /// # Errors
    /// The database's.
    pub fn backlog(&self, most: u32) -> Result<Vec<Backlog>, DirectoryError> {
        let mut statement = self.db.prepare_cached(
            "SELECT t.name, few.waiting, few.failed, few.oldest FROM (
               SELECT tenant_id, count(*) FILTER (WHERE state = 'waiting') AS waiting,
                 count(*) FILTER (WHERE state = 'failed') AS failed, min(CASE WHEN state = 'waiting' THEN created_at END) AS oldest
               FROM task WHERE state IN ('waiting', 'failed') GROUP BY tenant_id ORDER BY count(*) DESC, tenant_id LIMIT ?1
             ) few JOIN tenant t ON t.id = few.tenant_id WHERE t.removed_at IS NULL ORDER BY t.name",
        )?;
        let found = statement.query_map(params![most], |row| {
            Ok(Backlog { tenant: row.get(0)?, waiting: row.get(1)?, failed: row.get(2)?, oldest: row.get(3)? })
        })?;
        found.collect()
    }

    /// How many tenants are due by a time, and nobody has begun to work for them.
    ///
    /// # Errors
    /// The database's.
    pub fn count_due_tenants(&self, now: Timestamp) -> Result<u64, DirectoryError> {
        self.db
            .prepare_cached("SELECT count(*) FROM tenant WHERE due_at <= ?1 AND removed_at IS NULL")?
            .query_row([now], |row| row.get(0))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::scratch;
    use super::super::{FailureKind, NewPerson, NewTask, TaskFailure, TaskKind, Waiting};
    use super::*;
    use crate::config::TenantConfig;

    #[test]
    fn the_backlog_has_those_with_the_most_to_do() {
        let (_folder, directory, actor) = scratch();
        let before = Timestamp::now();
        directory
            .write(&actor, |change| -> Result<(), DirectoryError> {
                for (number, name) in ["acme", "busy", "idle"].into_iter().enumerate() {
                    let tenant = change.add_tenant(name, &TenantConfig::default())?;
                    for task in 0..[1, 3, 0][number] {
                        let username = format!("{name}-{task}@x.example");
                        let person = change.add_person(&NewPerson::new(format!("{name}-{task}"), username))?;
                        let new =
                            NewTask { tenant: &tenant, person: Some(&person), kind: TaskKind::Push, password: None };
                        let id = change.ask(new)?;
                        if task == 2 {
                            let failure = TaskFailure::new(FailureKind::UsernameTaken, "it is taken");
                            change.fail_task(&change.task(id)?, &failure, Waiting::ForAdmin)?;
                        }
                    }
                }
                Ok(())
            })
            .unwrap();
        let backlog = directory.read(|view| view.backlog(10)).unwrap();
        let told: Vec<_> = backlog.iter().map(|one| (one.tenant.as_str(), one.waiting, one.failed)).collect();
        assert_eq!(told, [("acme", 1, 0), ("busy", 2, 1)]);
        assert!(backlog.iter().all(|one| one.oldest.is_some_and(|at| at >= before)), "{backlog:?}");
        let busiest = directory.read(|view| view.backlog(1)).unwrap();
        assert_eq!(busiest, [backlog[1].clone()]);
        assert_eq!(directory.read(|view| view.count_due_tenants(Timestamp::now())).unwrap(), 3);
    }
}
