//! All that is kept about a person, as one JSON document.

use serde_json::{Value as Json, json};

use super::super::database::{Row, params};
use super::super::{AuditFilter, DirectoryError, Person, ReadTransaction, TaskFilter};

/// A text of a column that holds JSON.
fn parsed(row: Row<'_>, column: usize) -> Result<Json, DirectoryError> {
    Ok(row.get::<Option<String>>(column)?.map(|text| serde_json::from_str(&text)).transpose()?.unwrap_or(Json::Null))
}

impl ReadTransaction<'_> {
    /// All that is kept about a person, by its key or username: the person, its users, assignments and tasks, what pushes have begun
    /// for it, what SCIM clients have said of it, and its rows of the audit trail. Of one that was removed, what is left, by its key.
    /// A new password that waits to be set is only mentioned.
    ///
    /// # Errors
    /// If nobody of that key was ever here, and the database's.
    pub fn export_person(&self, name: &str) -> Result<Json, DirectoryError> {
        let person = self.find_person(name)?;
        let key = person.as_ref().map_or(name, |person| person.key.as_str());
        let traces = self.traces(key, person.as_ref())?;
        let mut users = Vec::new();
        for (tenant, remote_id) in &traces.users {
            let name = self.name_of_tenant(tenant.number())?;
            users.push(json!({ "tenant": name, "id": remote_id, "user": self.remote_user(*tenant, remote_id)? }));
        }
        let audit = self.audit(&AuditFilter { person: Some(key.to_owned()), ..AuditFilter::default() })?;
        let Some(person) = person else {
            if users.is_empty() && audit.is_empty() {
                return Err(DirectoryError::NotFound {
                    what: "person",
                    name: name.to_owned(),
                    hint: "`person list` shows who there is; somebody who was removed is named by the key",
                });
            }
            return Ok(json!({ "person": null, "key": key, "users": users, "audit": audit }));
        };
        let mut assignments = Vec::new();
        for tenant in self.tenants_assigned_to(person.id)? {
            assignments.push(json!({ "tenant": tenant.name, "assignment": self.assignment(tenant.id, person.id)? }));
        }
        let tasks = TaskFilter { person: Some(person.id), all: true, ..TaskFilter::default() };
        Ok(json!({
            "person": person,
            "users": users,
            "links": self.links_of(person.id)?,
            "assignments": assignments,
            "tasks": self.tasks(&tasks)?,
            "plans": self.plan_items_of(&person)?,
            "attempts": self.attempts_of(&person)?,
            "leftovers": self.leftovers_of(&person)?,
            "claims": self.claims_of(&person)?,
            "proposed": self.proposed_to(&person)?,
            "scim": self.scim_of(&person)?,
            "audit": audit,
        }))
    }

    fn name_of_tenant(&self, id: i64) -> Result<String, DirectoryError> {
        self.db.prepare_cached("SELECT name FROM tenant WHERE id = ?1")?.query_row([id], |row| row.get(0))
    }

    fn rows_of(
        &self,
        sql: &str,
        person: &Person,
        read: impl FnMut(Row<'_>) -> Result<Json, DirectoryError>,
    ) -> Result<Vec<Json>, DirectoryError> {
        self.db.prepare_cached(sql)?.query_map(params![person.id.0], read)?.collect()
    }

    fn plan_items_of(&self, person: &Person) -> Result<Vec<Json>, DirectoryError> {
        self.rows_of(
            "SELECT i.plan_id, i.task_id, i.outcome FROM task k JOIN plan_item i ON i.task_id = k.id
             WHERE k.person_id = ?1 ORDER BY i.plan_id, i.task_id",
            person,
            |row| Ok(json!({ "plan": row.get::<i64>(0)?, "task": row.get::<i64>(1)?, "outcome": parsed(row, 2)? })),
        )
    }

    fn attempts_of(&self, person: &Person) -> Result<Vec<Json>, DirectoryError> {
        self.rows_of(
            "SELECT t.name, a.kind, a.remote_id, a.changes, a.earlier, a.names FROM attempt a JOIN tenant t ON t.id = a.tenant_id
             WHERE a.person_id = ?1 ORDER BY t.name, a.kind",
            person,
            |row| {
                Ok(json!({
                    "tenant": row.get::<String>(0)?,
                    "kind": row.get::<String>(1)?,
                    "user": row.get::<Option<String>>(2)?,
                    "changes": parsed(row, 3)?,
                    "earlier": parsed(row, 4)?,
                    "attributes": parsed(row, 5)?,
                }))
            },
        )
    }

    fn leftovers_of(&self, person: &Person) -> Result<Vec<Json>, DirectoryError> {
        self.rows_of(
            "SELECT t.name, l.begun, l.names FROM leftover l JOIN tenant t ON t.id = l.tenant_id
             WHERE l.person_id = ?1 ORDER BY t.name",
            person,
            |row| {
                Ok(json!({ "tenant": row.get::<String>(0)?, "changes": parsed(row, 1)?, "attributes": parsed(row, 2)? }))
            },
        )
    }

    fn claims_of(&self, person: &Person) -> Result<Vec<Json>, DirectoryError> {
        self.rows_of(
            "SELECT t.name, c.remote_id, c.username, c.status, c.evidence, c.objections FROM claim c
             JOIN tenant t ON t.id = c.tenant_id WHERE c.person_id = ?1 ORDER BY t.name, c.remote_id",
            person,
            |row| {
                Ok(json!({
                    "tenant": row.get::<String>(0)?,
                    "user": row.get::<String>(1)?,
                    "username": row.get::<String>(2)?,
                    "status": row.get::<String>(3)?,
                    "evidence": parsed(row, 4)?,
                    "objections": parsed(row, 5)?,
                }))
            },
        )
    }

    fn proposed_to(&self, person: &Person) -> Result<Vec<Json>, DirectoryError> {
        self.rows_of(
            "SELECT t.name, u.remote_id, c.reason FROM candidate c JOIN remote_user u ON u.id = c.remote_user_id
             JOIN tenant t ON t.id = u.tenant_id WHERE c.person_id = ?1 ORDER BY t.name, u.remote_id",
            person,
            |row| {
                Ok(json!({
                    "tenant": row.get::<String>(0)?,
                    "user": row.get::<String>(1)?,
                    "reason": row.get::<String>(2)?,
                }))
            },
        )
    }

    fn scim_of(&self, person: &Person) -> Result<Json, DirectoryError> {
        let users = self.rows_of(
            "SELECT t.name, sc.name, u.public_id, u.external_id, u.document FROM scim_user u
             JOIN scim_client sc ON sc.id = u.client_id JOIN tenant t ON t.id = sc.tenant_id WHERE u.person_id = ?1",
            person,
            |row| {
                Ok(json!({
                    "tenant": row.get::<String>(0)?,
                    "client": row.get::<String>(1)?,
                    "id": row.get::<String>(2)?,
                    "external-id": row.get::<Option<String>>(3)?,
                    "document": parsed(row, 4)?,
                }))
            },
        )?;
        let groups = self.rows_of(
            "SELECT g.public_id, g.display_name, m.display FROM scim_user u JOIN scim_member m ON m.user_id = u.id
             JOIN scim_group g ON g.id = m.group_id WHERE u.person_id = ?1 ORDER BY g.id",
            person,
            |row| {
                Ok(json!({
                    "id": row.get::<String>(0)?,
                    "name": row.get::<String>(1)?,
                    "called": row.get::<Option<String>>(2)?,
                }))
            },
        )?;
        let former = self.rows_of(
            "SELECT external_id, username_key FROM scim_former_user WHERE person_id = ?1 ORDER BY external_id, username_key",
            person,
            |row| Ok(json!({ "external-id": row.get::<String>(0)?, "username": row.get::<String>(1)? })),
        )?;
        Ok(json!({ "users": users, "groups": groups, "former": former }))
    }
}
