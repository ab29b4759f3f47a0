//! Who works for which tenant, where several hosts share a database.
//!
//! A host that wants to work for a tenant takes its lease: a row with the host's name, a number that grows with each owner, and
//! a time until which it is theirs. While it works, one task of the process puts that time off for all leases that it has.
//!
//! Two things look at a lease. Every transaction of a job asks the database whether the lease is still the job's, and holds it until
//! the transaction has ended: whoever wants to take it over meanwhile goes on to another tenant. And before a request to an
//! application is sent, the process looks at its own clock, without asking anybody: a host that was stopped for longer than its
//! lease, and goes on, sends nothing any more. What was under way when it was stopped may still arrive.
//!
//! A transaction that a stopped host has left open would hold its lease for as long as the host is stopped. So the server ends
//! it, once it has been idle for as long as a lease lasts.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use tokio_postgres::Client as Connection;

use super::super::{Optional as _, Session, params};
use super::{Postgres, StoreError, driver};
use crate::directory::{DirectoryError, TenantId};
use provisioning_runtime::Permit;

/// How long a tenant is a host's without a word of it, and how often that word comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeaseTimes {
    /// How often a host puts off the end of its leases.
    pub heartbeat: Duration,
    /// How long a lease lasts from then on. After this long, the tenants of a host that is gone are another's.
    pub expiry: Duration,
}

impl Default for LeaseTimes {
    fn default() -> Self {
        Self { heartbeat: Duration::from_secs(15), expiry: Duration::from_secs(60) }
    }
}

/// The right to work for a tenant, which may end at any time.
#[derive(Debug)]
pub(in super::super::super) struct Lease {
    tenant: TenantId,
    epoch: i64,
    holder: String,
    /// When it ends unless it is put off, by this machine's clock, which goes on while the process is stopped.
    until: Mutex<Instant>,
}

impl Lease {
    fn put_off(&self, until: Instant) {
        *self.until.lock().unwrap_or_else(PoisonError::into_inner) = until;
    }

    /// Asks the database whether it still lasts, and keeps others from taking it over until the transaction has ended.
    pub(in super::super::super) fn check(&self, db: Session<'_>) -> Result<bool, DirectoryError> {
        let held: Option<i64> = db
            .prepare_cached(
                "SELECT epoch FROM tenant_lease
                 WHERE tenant_id = ?1 AND holder = ?2 AND epoch = ?3 AND until > clock_millis() FOR KEY SHARE",
            )?
            .query_row(params![self.tenant.number(), self.holder, self.epoch], |row| row.get(0))
            .optional()?;
        // Before anything else: whoever changes a tenant, and its job, come one after the other.
        let _: Option<i64> = db
            .prepare_cached("SELECT id FROM tenant WHERE id = ?1 FOR NO KEY UPDATE")?
            .query_row([self.tenant.number()], |row| row.get(0))
            .optional()?;
        Ok(held.is_some())
    }
}

impl Permit for Lease {
    fn lasts(&self) -> bool {
        Instant::now() < *self.until.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The leases of this process, by tenant.
#[derive(Debug, Default)]
pub(super) struct Leases(Mutex<BTreeMap<i64, Weak<Lease>>>);

impl Leases {
    fn held(&self) -> Vec<Arc<Lease>> {
        let mut leases = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        leases.retain(|_, lease| lease.strong_count() > 0);
        leases.values().filter_map(Weak::upgrade).collect()
    }
}

impl Postgres {
    /// Takes a tenant's lease. Returns `None` if another host, or another job of this one, has it.
    pub(in super::super::super) fn take_lease(&self, tenant: TenantId) -> Result<Option<Lease>, DirectoryError> {
        let began = Instant::now();
        let lasts = i64::try_from(self.times.expiry.as_millis()).map_err(|_| StoreError::Number)?;
        let epoch = self.write(true, |client| -> Result<Option<i64>, DirectoryError> {
            let db = Session::Postgres(client);
            db.prepare_cached(
                "INSERT INTO tenant_lease (tenant_id, holder, epoch, until) VALUES (?1, '', 0, 0)
                 ON CONFLICT (tenant_id) DO NOTHING",
            )?
            .execute([tenant.number()])?;
            // One that a transaction of a job holds isn't waited for.
            let free: Option<i64> = db
                .prepare_cached(
                    "SELECT epoch FROM tenant_lease WHERE tenant_id = ?1 AND until <= clock_millis()
                     FOR UPDATE SKIP LOCKED",
                )?
                .query_row([tenant.number()], |row| row.get(0))
                .optional()?;
            if free.is_none() {
                return Ok(None);
            }
            let epoch = db
                .prepare_cached(
                    "UPDATE tenant_lease SET holder = ?2, epoch = epoch + 1, until = clock_millis() + ?3
                     WHERE tenant_id = ?1 RETURNING epoch",
                )?
                .query_row(params![tenant.number(), self.holder, lasts], |row| row.get(0))?;
            Ok(Some(epoch))
        })?;
        let until = Mutex::new(began + self.times.expiry);
        Ok(epoch.map(|epoch| Lease { tenant, epoch, holder: self.holder.clone(), until }))
    }

    /// Has a lease put off from now on, for as long as somebody has it.
    pub(in super::super::super) fn keep_lease(self: &Arc<Self>, lease: Lease) -> Arc<Lease> {
        let lease = Arc::new(lease);
        let mut leases = self.leases.0.lock().unwrap_or_else(PoisonError::into_inner);
        leases.insert(lease.tenant.number(), Arc::downgrade(&lease));
        drop(leases);
        self.heart.call_once(|| {
            // Without a driver there would be no connection, and no lease.
            if let Ok(driver) = driver() {
                driver.spawn(beat(Arc::downgrade(self)));
            }
        });
        lease
    }

    /// Gives a lease back.
    pub(in super::super::super) fn give_lease_back(&self, lease: &Lease) {
        lease.put_off(Instant::now());
        let given = self.write(true, |client| {
            Session::Postgres(client)
                .prepare_cached(
                    "UPDATE tenant_lease SET holder = '', until = 0 WHERE tenant_id = ?1 AND holder = ?2 AND epoch = ?3",
                )?
                .execute(params![lease.tenant.number(), lease.holder, lease.epoch])
        });
        if let Err(error) = given {
            tracing::warn!(tenant = %lease.tenant, %error, "a lease could not be given back; it ends by itself");
        }
    }
}

/// Has tenants be due before all others whose host has gone while it worked for them.
pub(in super::super::super) fn put_orphans_first(db: Session<'_>) -> Result<(), DirectoryError> {
    // One that a transaction of its job still holds isn't an orphan yet. Of the others the lease is over, whatever it says; it is marked
    // as given back, so that this happens once.
    db.prepare_cached(
        "WITH orphan AS (
           UPDATE tenant_lease SET until = 0 WHERE tenant_id IN (
             SELECT tenant_id FROM tenant_lease WHERE until > 0 AND until <= clock_millis() FOR UPDATE SKIP LOCKED)
           RETURNING tenant_id)
         UPDATE tenant SET due_at = -1 WHERE id IN (SELECT tenant_id FROM orphan) AND due_at IS NOT NULL",
    )?
    .execute(params![])?;
    Ok(())
}

/// Puts off the end of this process's leases, for as long as somebody has the database open.
async fn beat(postgres: Weak<Postgres>) {
    let mut connection: Option<Connection> = None;
    while let Some(postgres) = postgres.upgrade() {
        let times = postgres.times;
        let held = postgres.leases.held();
        if !held.is_empty() {
            let began = Instant::now();
            match tokio::time::timeout(times.expiry, put_off(&postgres, &mut connection)).await {
                Ok(Ok(kept)) => {
                    for lease in held {
                        let is_kept = kept.contains(&(lease.tenant.number(), lease.epoch));
                        lease.put_off(if is_kept { began + times.expiry } else { began });
                    }
                }
                Ok(Err(error)) => {
                    connection = None;
                    tracing::warn!(%error, "leases could not be put off; they are lost unless it succeeds in time");
                }
                Err(_) => connection = None,
            }
        }
        drop(postgres);
        tokio::time::sleep(times.heartbeat).await;
    }
}

async fn put_off(postgres: &Postgres, connection: &mut Option<Connection>) -> Result<Vec<(i64, i64)>, StoreError> {
    let client = match connection {
        Some(client) if !client.is_closed() => client,
        _ => connection.insert(postgres.connect_alone(|_| {}).await?),
    };
    let lasts = i64::try_from(postgres.times.expiry.as_millis()).map_err(|_| StoreError::Number)?;
    let rows = client
        .query(
            "UPDATE tenant_lease SET until = clock_millis() + $2 WHERE holder = $1 AND until > clock_millis()
             RETURNING tenant_id, epoch",
            &[&postgres.holder, &lasts],
        )
        .await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}
