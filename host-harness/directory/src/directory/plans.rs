//! Plans: what a push would write, kept so that an admin can approve exactly that.

use std::collections::BTreeMap;
use std::fmt;

use super::database::{Row, params};
use serde::{Deserialize, Serialize};

use super::{DirectoryError, ReadTransaction, TaskId, TenantId, Timestamp, WriteTransaction};

/// A plan's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct PlanId(i64);

impl PlanId {
    /// From a number that was displayed before.
    pub fn from_number(number: i64) -> Self {
        Self(number)
    }
}

impl fmt::Display for PlanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How a plan stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PlanState {
    /// It can be applied.
    Open,
    /// It was applied.
    Applied,
    /// A later plan has taken its place, or an admin has given it up.
    Superseded,
}

const STATES: [(PlanState, &str); 3] =
    [(PlanState::Open, "open"), (PlanState::Applied, "applied"), (PlanState::Superseded, "superseded")];

/// A plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Plan {
    /// Its number.
    pub id: PlanId,
    /// How it stands.
    pub state: PlanState,
    /// Who made it.
    pub actor: String,
    /// When it was made.
    pub created_at: Timestamp,
}

/// What a plan says of one task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PlanItem {
    /// The task.
    pub task: TaskId,
    /// The revision of the task that was planned; a task that was asked for anew needs a new plan.
    pub revision: i64,
    /// Names the changes exactly.
    pub digest: String,
    /// What would be done, for people.
    pub outcome: PlannedOutcome,
}

/// What would be done to a user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedOutcome {
    /// What, in a word.
    pub action: String,
    /// Object, field, old and new value.
    pub changes: Vec<(String, String, Option<String>, Option<String>)>,
    /// What else would happen.
    pub side_effects: Vec<String>,
}

fn plan(row: Row<'_>) -> Result<Plan, DirectoryError> {
    let state = row.text(1)?;
    Ok(Plan {
        id: PlanId(row.get(0)?),
        state: STATES
            .into_iter()
            .find(|(_, name)| *name == state)
            .map(|(state, _)| state)
            .ok_or_else(|| DirectoryError::Damaged(format!("a plan's state `{state}`")))?,
        actor: row.get(2)?,
        created_at: row.get(3)?,
    })
}

impl ReadTransaction<'_> {
    /// A plan of a tenant by its number, or the open one.
    ///
    /// # Errors
    /// When there is none.
    pub fn plan(&self, tenant: TenantId, id: Option<PlanId>) -> Result<Plan, DirectoryError> {
        let mut statement = self.db.prepare_cached(match id {
            Some(_) => "SELECT id, state, actor, created_at FROM plan WHERE tenant_id = ?1 AND id = ?2",
            None => "SELECT id, state, actor, created_at FROM plan WHERE tenant_id = ?1 AND state = 'open'",
        })?;
        let mut rows = match id {
            Some(id) => statement.query(params![tenant.0, id.0])?,
            None => statement.query([tenant.0])?,
        };
        rows.next()?.map(plan).transpose()?.ok_or_else(|| {
            let (what, name) = match id {
                Some(id) => ("plan", id.to_string()),
                None => ("plan in the state", "open".to_owned()),
            };
            DirectoryError::NotFound { what, name, hint: "`plan TENANT` makes one" }
        })
    }

    /// Whether a plan of a tenant is open.
    pub(crate) fn has_open_plan(&self, tenant: TenantId) -> Result<bool, DirectoryError> {
        match self.plan(tenant, None) {
            Ok(_) => Ok(true),
            Err(DirectoryError::NotFound { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The latest plans of a tenant, the newest first.
    ///
    /// # Errors
    /// The database's.
    pub fn plans(&self, tenant: TenantId, limit: u32) -> Result<Vec<Plan>, DirectoryError> {
        let mut statement = self.db.prepare_cached(
            "SELECT id, state, actor, created_at FROM plan WHERE tenant_id = ?1 ORDER BY id DESC LIMIT ?2",
        )?;
        let mut rows = statement.query(params![tenant.0, limit])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(plan(row)?);
        }
        Ok(found)
    }

    /// How many tasks a plan speaks of.
    ///
    /// # Errors
    /// The database's.
    pub fn count_plan_items(&self, plan: PlanId) -> Result<u64, DirectoryError> {
        self.db
            .prepare_cached("SELECT count(*) FROM plan_item WHERE plan_id = ?1")?
            .query_row([plan.0], |row| row.get(0))
    }

    /// What a plan says, in the order of its tasks.
    ///
    /// # Errors
    /// The database's.
    pub fn plan_items(&self, plan: PlanId) -> Result<Vec<PlanItem>, DirectoryError> {
        self.plan_items_after(plan, None, None)
    }

    /// What a plan says of the tasks behind one, at most of so many.
    ///
    /// # Errors
    /// The database's.
    pub fn plan_items_after(
        &self,
        plan: PlanId,
        after: Option<TaskId>,
        limit: Option<u32>,
    ) -> Result<Vec<PlanItem>, DirectoryError> {
        let mut statement = self.db.prepare_cached(
            "SELECT task_id, revision, digest, outcome FROM plan_item WHERE plan_id = ?1 AND task_id > ?2
             ORDER BY task_id LIMIT ?3",
        )?;
        let mut rows =
            statement.query(params![plan.0, after.map_or(0, |id| id.0), limit.map_or(i64::MAX, i64::from)])?;
        let mut items = Vec::new();
        while let Some(row) = rows.next()? {
            items.push(PlanItem {
                task: TaskId(row.get(0)?),
                revision: row.get(1)?,
                digest: row.get(2)?,
                outcome: serde_json::from_str(row.text(3)?)?,
            });
        }
        Ok(items)
    }
}

impl ReadTransaction<'_> {
    /// The revisions and digests that a plan has of the tasks behind one, up to another.
    pub(crate) fn approved(
        &self,
        plan: PlanId,
        after: Option<TaskId>,
        last: TaskId,
    ) -> Result<BTreeMap<TaskId, (i64, String)>, DirectoryError> {
        let mut statement = self.db.prepare_cached(
            "SELECT task_id, revision, digest FROM plan_item WHERE plan_id = ?1 AND task_id > ?2 AND task_id <= ?3",
        )?;
        let items = statement.query_map(params![plan.0, after.map_or(0, |id| id.0), last.0], |row| {
            Ok((TaskId(row.get(0)?), (row.get(1)?, row.get(2)?)))
        })?;
        items.collect::<Result<_, _>>()
    }
}

impl WriteTransaction<'_> {
    /// Starts a plan. It is to be filled with [`WriteTransaction::add_plan_item`], in as many transactions as that takes, and counts for nothing
    /// before [`WriteTransaction::open_plan`].
    pub(crate) fn start_plan(&self, tenant: TenantId) -> Result<PlanId, DirectoryError> {
        self.db
            .prepare_cached(
                "INSERT INTO plan (tenant_id, state, actor, created_at, changed_at) VALUES (?1, 'superseded', ?2, ?3, ?3)
                 RETURNING id",
            )?
            .query_row(params![tenant.0, self.actor.name(), Timestamp::now()], |row| row.get(0).map(PlanId))
    }

    /// Puts an item into a plan that was started. One whose task has gone since, with its person or its tenant, is left out.
    pub(crate) fn add_plan_item(&self, plan: PlanId, item: &PlanItem) -> Result<(), DirectoryError> {
        self.db
            .prepare_cached(
                "INSERT INTO plan_item (plan_id, task_id, revision, digest, outcome)
                 SELECT ?1, id, ?3, ?4, ?5 FROM task WHERE id = ?2",
            )?
            .execute(params![plan.0, item.task.0, item.revision, item.digest, serde_json::to_string(&item.outcome)?])?;
        Ok(())
    }

    /// Makes a plan that is complete the tenant's open one, in the place of the one before.
    pub(crate) fn open_plan(&self, tenant: TenantId, plan: PlanId) -> Result<(), DirectoryError> {
        let now = Timestamp::now();
        self.db
            .prepare_cached(
                "UPDATE plan SET state = 'superseded', changed_at = ?2 WHERE tenant_id = ?1 AND state = 'open'",
            )?
            .execute(params![tenant.0, now])?;
        self.db
            .prepare_cached("UPDATE plan SET state = 'open', changed_at = ?2 WHERE id = ?1")?
            .execute(params![plan.0, now])?;
        Ok(())
    }

    /// Gives up an open plan: nothing of it is written, and its tasks wait for another.
    pub(crate) fn discard_plan(&self, plan: PlanId) -> Result<(), DirectoryError> {
        self.db
            .prepare_cached("UPDATE plan SET state = 'superseded', changed_at = ?2 WHERE id = ?1 AND state = 'open'")?
            .execute(params![plan.0, Timestamp::now()])?;
        Ok(())
    }

    /// Closes a plan that was applied.
    pub(crate) fn close_plan(&self, plan: PlanId) -> Result<(), DirectoryError> {
        self.db
            .prepare_cached("UPDATE plan SET state = 'applied', changed_at = ?2 WHERE id = ?1")?
            .execute(params![plan.0, Timestamp::now()])?;
        Ok(())
    }
}
