//! What tenants have asked of their applications, by day and by the connector's function, and what is left of the allowance.
//!
//! Jobs add what they have asked with the page or batch that came of it, in the same transaction. Days are those of UTC. Rows of
//! days longer ago than [`USAGE_DAYS`] go when the first row of a new day comes.

use std::fmt;
use std::str::FromStr;

use super::database::{Optional as _, params};
use serde::{Serialize, Serializer};

use super::{DirectoryError, ReadTransaction, TenantId, Timestamp, WriteTransaction};
use provisioning_runtime::{Histogram, Spent};

/// How many days are kept: a year, and a month to compare with the same month of the year before.
pub const USAGE_DAYS: i64 = 396;

const DAY_MILLIS: i64 = 86_400_000;

/// A day of UTC, counted from 1970-01-01. Displayed and serialised as `YYYY-MM-DD`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day(i64);

impl Day {
    /// The day of a moment.
    pub fn of(time: Timestamp) -> Self {
        Self(time.millis().div_euclid(DAY_MILLIS))
    }

    /// This many days before.
    #[must_use]
    pub fn before(self, days: i64) -> Self {
        Self(self.0.saturating_sub(days))
    }

    /// The day after.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// The days from this one to `last`, both included.
    pub fn to(self, last: Self) -> impl DoubleEndedIterator<Item = Self> {
        (self.0..=last.0).map(Self)
    }

    /// Its first moment.
    pub fn start(self) -> Timestamp {
        Timestamp::from_millis(self.0.saturating_mul(DAY_MILLIS))
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.start().to_string();
        f.write_str(text.split('T').next().unwrap_or(&text))
    }
}

impl FromStr for Day {
    type Err = DirectoryError;

    fn from_str(text: &str) -> Result<Self, DirectoryError> {
        let date = chrono::NaiveDate::parse_from_str(text, "%Y-%m-%d").map_err(|_| {
            DirectoryError::Invalid(format!(
                "`{}` isn't a date; write it as 2026-01-31",
                text.chars().filter(|c| !c.is_control()).take(40).collect::<String>()
            ))
        })?;
        Ok(Self(i64::from(date.to_epoch_days())))
    }
}

impl Serialize for Day {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// What one function of a tenant's connector has asked on one day.
#[derive(Clone, Debug, PartialEq)]
pub struct DayUsage {
    /// The day.
    pub day: Day,
    /// The connector's function, such as `import-users`; signing in is `open`.
    pub operation: String,
    /// Requests that ended without an answer, or with a status of 400 or above.
    pub failures: u64,
    /// The time of each request; its count is that of the requests.
    pub times: Histogram,
}

/// An application's allowance of calls, as it last said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Allowance {
    /// Calls used in the application's current period, by everybody who calls it.
    pub used: u64,
    /// Calls that the period allows.
    pub limit: u64,
    /// When it said so.
    pub seen_at: Timestamp,
}

impl Allowance {
    /// Calls that are left.
    pub fn left(&self) -> u64 {
        self.limit.saturating_sub(self.used)
    }
}

impl ReadTransaction<'_> {
    /// What a tenant has asked since a day, by day and then by function.
    ///
    /// # Errors
    /// The database's.
    pub fn usage(&self, tenant: TenantId, since: Day) -> Result<Vec<DayUsage>, DirectoryError> {
        let mut statement = self.db.prepare_cached(
            "SELECT day, operation, failures, times FROM api_usage WHERE tenant_id = ?1 AND day >= ?2 ORDER BY day, operation",
        )?;
        let mut rows = statement.query(params![tenant.number(), since.0])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(DayUsage {
                day: Day(row.get(0)?),
                operation: row.get(1)?,
                failures: row.get(2)?,
                times: serde_json::from_str(row.text(3)?)?,
            });
        }
        Ok(found)
    }

    /// What the tenant's application last said of its allowance on each day since one, the oldest first.
    ///
    /// # Errors
    /// The database's.
    pub fn allowances(&self, tenant: TenantId, since: Day) -> Result<Vec<(Day, Allowance)>, DirectoryError> {
        let mut statement = self.db.prepare_cached(
            "SELECT day, used, allowed, seen_at FROM api_allowance WHERE tenant_id = ?1 AND day >= ?2 ORDER BY day",
        )?;
        let rows = statement.query_map(params![tenant.number(), since.0], |row| {
            Ok((Day(row.get(0)?), Allowance { used: row.get(1)?, limit: row.get(2)?, seen_at: row.get(3)? }))
        })?;
        rows.collect::<Result<_, _>>()
    }

    /// What the tenant's application last said of its allowance; none where it never did.
    ///
    /// # Errors
    /// The database's.
    pub fn allowance(&self, tenant: TenantId) -> Result<Option<Allowance>, DirectoryError> {
        self.db
            .prepare_cached(
                "SELECT used, allowed, seen_at FROM api_allowance WHERE tenant_id = ?1 ORDER BY day DESC LIMIT 1",
            )?
            .query_row([tenant.number()], |row| {
                Ok(Allowance { used: row.get(0)?, limit: row.get(1)?, seen_at: row.get(2)? })
            })
            .optional()
    }
}

impl WriteTransaction<'_> {
    /// Adds what a job has asked to the tenant's day.
    ///
    /// # Errors
    /// The database's.
    pub fn add_usage(&self, tenant: TenantId, spent: &Spent) -> Result<(), DirectoryError> {
        let now = Timestamp::now();
        let day = Day::of(now);
        let mut is_first = false;
        for (operation, calls) in &spent.operations {
            let kept: Option<String> = self
                .db
                .prepare_cached("SELECT times FROM api_usage WHERE tenant_id = ?1 AND day = ?2 AND operation = ?3")?
                .query_row(params![tenant.number(), day.0, operation], |row| row.get(0))
                .optional()?;
            is_first |= kept.is_none();
            let mut times: Histogram = kept.map_or(Ok(Histogram::default()), |text| serde_json::from_str(&text))?;
            times.merge(&calls.times);
            self.db
                .prepare_cached(
                    "INSERT INTO api_usage (tenant_id, day, operation, failures, times) VALUES (?1, ?2, ?3, ?4, ?5)
                     ON CONFLICT (tenant_id, day, operation) DO UPDATE SET failures = api_usage.failures + excluded.failures, times = excluded.times",
                )?
                .execute(params![tenant.number(), day.0, operation, calls.failures, serde_json::to_string(&times)?])?;
        }
        if let (Some(used), Some(limit)) = (spent.used, spent.limit) {
            self.db
                .prepare_cached(
                    "INSERT INTO api_allowance (tenant_id, day, used, allowed, seen_at) VALUES (?1, ?2, ?3, ?4, ?5)
                     ON CONFLICT (tenant_id, day) DO UPDATE SET used = excluded.used, allowed = excluded.allowed, seen_at = excluded.seen_at",
                )?
                .execute(params![tenant.number(), day.0, used, limit, now])?;
        }
        if is_first {
            for table in ["api_usage", "api_allowance"] {
                self.db
                    .prepare_cached(&format!("DELETE FROM {table} WHERE tenant_id = ?1 AND day <= ?2"))?
                    .execute(params![tenant.number(), day.before(USAGE_DAYS).0])?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::config::TenantConfig;
    use crate::directory::Actor;
    use provisioning_runtime::OperationCalls;

    fn spent(operation: &'static str, failures: u64, used: Option<u64>) -> Spent {
        let mut times = Histogram::default();
        times.observe(Duration::from_millis(3));
        times.observe(Duration::from_millis(80));
        Spent { operations: [(operation, OperationCalls { failures, times })].into(), used, limit: Some(15_000) }
    }

    #[test]
    fn what_jobs_ask_adds_up_by_day_and_function_and_old_days_go() {
        let folder = tempfile::tempdir().unwrap();
        let directory = crate::directory::testing::open(folder.path());
        let actor = Actor::new("test");
        let (tenant, today) = directory
            .write(&actor, |change| -> Result<_, DirectoryError> {
                let tenant = change.add_tenant("acme", &TenantConfig::default())?;
                let today = Day::of(Timestamp::now());
                for old in [USAGE_DAYS - 1, USAGE_DAYS] {
                    change.db.execute(
                        "INSERT INTO api_usage SELECT ?1, ?2, 'open', 0, ?3",
                        params![tenant.id.number(), today.before(old).0, serde_json::to_string(&Histogram::default())?],
                    )?;
                }
                change.add_usage(tenant.id, &spent("push-users", 1, Some(18)))?;
                change.add_usage(tenant.id, &spent("push-users", 0, None))?;
                change.add_usage(tenant.id, &spent("open", 0, Some(20)))?;
                Ok((tenant, today))
            })
            .unwrap();
        let usage = directory.read(|view| view.usage(tenant.id, today.before(2 * USAGE_DAYS))).unwrap();
        let counted: Vec<_> =
            usage.iter().map(|one| (one.day, one.operation.as_str(), one.times.count(), one.failures)).collect();
        assert_eq!(
            counted,
            [(today.before(USAGE_DAYS - 1), "open", 0, 0), (today, "open", 2, 0), (today, "push-users", 4, 1)]
        );
        let allowance = directory.read(|view| view.allowance(tenant.id)).unwrap().unwrap();
        assert_eq!((allowance.used, allowance.left()), (20, 14_980));
        assert_eq!(directory.read(|view| view.allowances(tenant.id, today)).unwrap().len(), 1);
    }

    #[test]
    fn a_day_reads_as_its_date() {
        let day = Day::of(Timestamp::from_millis(1_647_534_086_250));
        assert_eq!(day.to_string(), "2022-03-17");
        assert_eq!(day.before(1).to(day).map(|day| day.to_string()).collect::<Vec<_>>(), ["2022-03-16", "2022-03-17"]);
        assert_eq!(Day::of(Timestamp::from_millis(-1)).to_string(), "1969-12-31");
        assert_eq!("2022-03-17".parse::<Day>().unwrap(), day);
        for wrong in ["", "2022-02-30", "yesterday", "2022-03-17T00:00:00Z", "'; DROP TABLE audit; --"] {
            assert!(wrong.parse::<Day>().is_err(), "{wrong}");
        }
    }
}
