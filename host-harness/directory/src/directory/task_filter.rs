//! Which tasks are wanted, as conditions of a statement.

use super::database::Value as Sql;
use super::people::searched;
use super::{FailureKind, PersonId, TaskId, TaskKind, TaskState, TenantId};

/// Which tasks are wanted.
#[derive(Clone, Debug, Default)]
pub struct TaskFilter {
    /// Of this tenant only.
    pub tenant: Option<TenantId>,
    /// In this state only; open ones where there is none and `all` is not set.
    pub state: Option<TaskState>,
    /// Ended ones too.
    pub all: bool,
    /// Of this person only.
    pub person: Option<PersonId>,
    /// Of this kind only.
    pub kind: Option<TaskKind>,
    /// Whose last error is of this kind only.
    pub error_kind: Option<FailureKind>,
    /// Whose cause, remedy, answer of the application or person (see [`super::PersonFilter::contains`]) contains this, without regard to case.
    pub contains: Option<String>,
    /// Behind this number.
    pub after: Option<TaskId>,
    /// At most so many; all where there is none.
    pub limit: Option<u32>,
}

impl TaskFilter {
    /// The conditions, on a task `k`, and their values.
    pub(super) fn sql(&self) -> (String, Vec<Sql>) {
        let mut sql = String::from(match (self.state, self.all) {
            // Said of open ones although the state says it too, so that their index is used.
            (Some(TaskState::Waiting | TaskState::Failed), _) | (None, false) => "k.state IN ('waiting', 'failed')",
            _ => "TRUE",
        });
        if self.tenant.is_none() {
            sql.push_str(" AND k.tenant_id NOT IN (SELECT id FROM tenant WHERE removed_at IS NOT NULL)");
        }
        let mut values: Vec<Sql> = Vec::new();
        let mut and = |condition: &str, value: Sql| {
            values.push(value);
            sql.push_str(" AND ");
            sql.push_str(&condition.replace("??", &format!("?{}", values.len())));
        };
        if let Some(state) = self.state {
            and("k.state = ??", state.name().to_owned().into());
        }
        if let Some(tenant) = self.tenant {
            and("k.tenant_id = ??", tenant.0.into());
        }
        if let Some(person) = self.person {
            and("k.person_id = ??", person.0.into());
        }
        if let Some(kind) = self.kind {
            and("k.kind = ??", kind.name().to_owned().into());
        }
        if let Some(error) = &self.error_kind {
            and("k.error_kind = ??", error.name().to_owned().into());
        }
        if let Some(after) = self.after {
            and("k.id > ??", after.0.into());
        }
        if let Some(text) = &self.contains {
            and(
                "(k.person_id IN (SELECT id FROM person INDEXED BY person_search WHERE instr(search, ??) > 0)
                  OR k.cause IS NOT NULL AND (instr(lower(k.cause), ??) > 0 OR instr(lower(coalesce(k.remedy, '')), ??) > 0
                    OR instr(lower(coalesce(k.upstream, '')), ??) > 0))",
                searched(text).into(),
            );
        }
        (sql, values)
    }
}
