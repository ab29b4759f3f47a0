//! What is still to be done, among the metrics.

use provisioning_directory::{Backlog, Directory, Timestamp};
use provisioning_runtime::{Exposition, Labels};

/// Tenants that are named at most: those with the most to do.
const TENANTS: u32 = 1_000;

/// Returns what writes the backlog in Prometheus's text format. It is the directory's, so every host of it says the same. While the
/// directory can't be read it writes nothing; `/healthz` says why.
pub(crate) fn backlog(directory: &Directory) -> impl Fn() -> String + Clone + Send + Sync + 'static {
    let directory = directory.clone();
    move || {
        let now = Timestamp::now();
        match directory.read(|view| {
            Ok::<_, provisioning_directory::DirectoryError>((view.backlog(TENANTS)?, view.count_due_tenants(now)?))
        }) {
            Ok((backlog, due)) => text(&backlog, due, now),
            Err(error) => {
                tracing::debug!(%error, "the backlog is left out of the metrics");
                String::new()
            }
        }
    }
}

fn text(backlog: &[Backlog], due: u64, now: Timestamp) -> String {
    let mut text = Exposition::default();
    let tasks = backlog.iter().flat_map(|one| {
        [("waiting", one.waiting), ("failed", one.failed)].map(|(state, count)| {
            let labels: Labels<'_> = vec![("tenant", &one.tenant), ("state", state)];
            (labels, count)
        })
    });
    text.gauge("provisioning_tasks", "Tasks that wait, and tasks that need an admin.", tasks);
    let oldest = backlog.iter().filter_map(|one| {
        let labels: Labels<'_> = vec![("tenant", &one.tenant)];
        Some((labels, now.since(one.oldest?).as_secs()))
    });
    text.gauge("provisioning_oldest_task_seconds", "How long ago the oldest task that waits was asked for.", oldest);
    let due: [(Labels<'_>, u64); 1] = [(Vec::new(), due)];
    text.gauge("provisioning_tenants_due", "Tenants that are due and that no host has begun to work for.", due);
    text.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_backlog_is_told_by_tenant() {
        let at = Timestamp::from_millis;
        let one = Backlog { tenant: "acme".to_owned(), waiting: 2, failed: 1, oldest: Some(at(5_000)) };
        let other = Backlog { tenant: "other".to_owned(), waiting: 0, failed: 3, oldest: None };
        let text = text(&[one, other], 4, at(65_000));
        let values: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
        assert_eq!(
            values,
            [
                "provisioning_tasks{tenant=\"acme\",state=\"waiting\"} 2",
                "provisioning_tasks{tenant=\"acme\",state=\"failed\"} 1",
                "provisioning_tasks{tenant=\"other\",state=\"waiting\"} 0",
                "provisioning_tasks{tenant=\"other\",state=\"failed\"} 3",
                "provisioning_oldest_task_seconds{tenant=\"acme\"} 60",
                "provisioning_tenants_due 4",
            ]
        );
    }
}
