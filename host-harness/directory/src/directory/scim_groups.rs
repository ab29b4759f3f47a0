//! The groups of SCIM clients, their members, and what members hold in the application.

use super::database::{Row, params};
use serde_json::json;

use super::audit::Note;
use super::{
    Assignment, DirectoryError, GrantName, PersonId, ReadTransaction, ScimClient, ScimClientId, ScimKey, ScimUser,
    TenantId, TenantRecord, Timestamp, WriteTransaction,
};

/// A group of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScimGroup {
    /// Where it is in the order of the client's groups.
    pub number: i64,
    /// Whose it is.
    pub client: ScimClientId,
    /// What clients call it.
    pub public_id: String,
    /// What its client calls it.
    pub external_id: Option<String>,
    /// Its name.
    pub display_name: String,
    /// The lower it is, the more the group counts where groups contradict each other.
    pub priority: i64,
    /// Counts its changes.
    pub version: i64,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it last changed.
    pub changed_at: Timestamp,
}

/// A member of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScimMember {
    /// The number of its user.
    pub user: i64,
    /// The id of its user.
    pub public_id: String,
    /// What the client calls it.
    pub display: Option<String>,
}

/// Grants that contradict each other: of their kind a user has one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantConflict {
    /// The kind.
    pub kind: String,
    /// What counts, and where it comes from.
    pub taken: (String, String),
    /// What doesn't, and where it comes from.
    pub left: (String, String),
}

const COLUMNS: &str = "id, client_id, public_id, external_id, display_name, priority, version, created_at, changed_at";

fn group(row: Row<'_>) -> Result<ScimGroup, DirectoryError> {
    Ok(ScimGroup {
        number: row.get(0)?,
        client: ScimClientId(row.get(1)?),
        public_id: row.get(2)?,
        external_id: row.get(3)?,
        display_name: row.get(4)?,
        priority: row.get(5)?,
        version: row.get(6)?,
        created_at: row.get(7)?,
        changed_at: row.get(8)?,
    })
}

impl ReadTransaction<'_> {
    /// A group of a client by what an index finds it by.
    ///
    /// # Errors
    /// The database's.
    pub fn scim_group_by(&self, client: ScimClientId, key: &ScimKey) -> Result<Option<ScimGroup>, DirectoryError> {
        let (column, value) = match key {
            ScimKey::Id(id) => ("public_id", id.clone()),
            ScimKey::ExternalId(id) => ("external_id", id.clone()),
            ScimKey::Name(name) => ("display_key", name.trim().to_lowercase()),
        };
        let mut statement = self
            .db
            .prepare_cached(&format!("SELECT {COLUMNS} FROM scim_group WHERE client_id = ?1 AND {column} = ?2"))?;
        let mut rows = statement.query_map(params![client.0, value], group)?;
        rows.next().transpose()
    }

    /// Groups of a client in their order, behind a number.
    ///
    /// # Errors
    /// The database's.
    pub fn scim_groups(&self, client: ScimClientId, after: i64, most: usize) -> Result<Vec<ScimGroup>, DirectoryError> {
        let mut statement = self.db.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM scim_group WHERE client_id = ?1 AND id > ?2 ORDER BY id LIMIT ?3"
        ))?;
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let rows = statement.query_map(params![client.0, after, most], group)?;
        rows.collect::<Result<_, _>>()
    }

    /// How many groups a client has.
    ///
    /// # Errors
    /// The database's.
    pub fn count_scim_groups(&self, client: ScimClientId) -> Result<u64, DirectoryError> {
        self.db
            .prepare_cached("SELECT count(*) FROM scim_group WHERE client_id = ?1")?
            .query_row([client.0], |row| row.get(0))
    }

    /// The members of a group, in the order in which their users came.
    ///
    /// # Errors
    /// The database's.
    pub fn scim_members(&self, group: &ScimGroup) -> Result<Vec<ScimMember>, DirectoryError> {
        let mut statement = self.db.prepare_cached(
            "SELECT m.user_id, u.public_id, m.display FROM scim_member m JOIN scim_user u ON u.id = m.user_id
             WHERE m.group_id = ?1 ORDER BY m.user_id",
        )?;
        let rows = statement.query_map([group.number], |row| {
            Ok(ScimMember { user: row.get(0)?, public_id: row.get(1)?, display: row.get(2)? })
        })?;
        rows.collect::<Result<_, _>>()
    }

    /// The groups of a user, by their names: id and name of each.
    ///
    /// # Errors
    /// The database's.
    pub fn scim_groups_of(&self, user: &ScimUser) -> Result<Vec<(String, String)>, DirectoryError> {
        let mut statement = self.db.prepare_cached(
            "SELECT g.public_id, g.display_name FROM scim_member m JOIN scim_group g ON g.id = m.group_id
             WHERE m.user_id = ?1 ORDER BY g.display_key",
        )?;
        let rows = statement.query_map([user.number], |row| Ok((row.get(0)?, row.get(1)?)))?;
        rows.collect::<Result<_, _>>()
    }

    /// What the members of a group hold.
    ///
    /// # Errors
    /// The database's.
    pub fn scim_group_grants(&self, group: &ScimGroup) -> Result<Vec<GrantName>, DirectoryError> {
        let mut statement = self
            .db
            .prepare_cached("SELECT kind, name FROM scim_group_grant WHERE group_id = ?1 ORDER BY kind, name")?;
        let rows = statement.query_map([group.number], |row| Ok(GrantName { kind: row.get(0)?, name: row.get(1)? }))?;
        rows.collect::<Result<_, _>>()
    }

    /// What a person is to hold in a tenant: what is assigned, and beside it what groups give. Of a kind of which a user has one,
    /// the assignment's counts, or else that of the group with the lowest priority.
    ///
    /// # Errors
    /// The database's.
    pub fn effective_grants(
        &self,
        tenant: TenantId,
        person: PersonId,
        assignment: &Assignment,
    ) -> Result<(Vec<GrantName>, Vec<GrantConflict>), DirectoryError> {
        let mut grants = assignment.grants.clone();
        let mut statement = self.db.prepare_cached(
            "SELECT g.display_name, r.kind, r.name FROM scim_user u
             JOIN scim_client sc ON sc.id = u.client_id AND sc.tenant_id = ?1
             JOIN scim_member m ON m.user_id = u.id
             JOIN scim_group g ON g.id = m.group_id
             JOIN scim_group_grant r ON r.group_id = g.id
             WHERE u.person_id = ?2 ORDER BY g.priority, g.id, r.kind, r.name",
        )?;
        let rows = statement.query_map(params![tenant.0, person.0], |row| {
            Ok((row.get(0)?, GrantName { kind: row.get(1)?, name: row.get(2)? }))
        })?;
        let of_groups: Vec<(String, GrantName)> = rows.collect::<Result<_, _>>()?;
        if of_groups.is_empty() {
            return Ok((grants, Vec::new()));
        }
        let kinds = self.entitlement_kinds(tenant)?;
        let is_single = |kind: &str| kinds.iter().any(|one| one.name == kind && !one.many);
        let mut conflicts = Vec::new();
        let mut sources: Vec<(GrantName, String)> =
            grants.iter().map(|grant| (grant.clone(), "the assignment".to_owned())).collect();
        for (group, grant) in of_groups {
            let place = format!("the group `{group}`");
            let other = sources.iter().find(|(have, _)| have.kind == grant.kind && is_single(&grant.kind));
            match other {
                Some((have, from)) if !have.name.eq_ignore_ascii_case(&grant.name) => conflicts.push(GrantConflict {
                    kind: grant.kind.clone(),
                    taken: (have.name.clone(), from.clone()),
                    left: (grant.name.clone(), place),
                }),
                Some(_) => {}
                None => {
                    if !grants.contains(&grant) {
                        grants.push(grant.clone());
                    }
                    sources.push((grant, place));
                }
            }
        }
        Ok((grants, conflicts))
    }
}

impl WriteTransaction<'_> {
    /// Adds a group of a client.
    pub(crate) fn insert_scim_group(
        &self,
        client: ScimClientId,
        public_id: &str,
        external_id: Option<&str>,
        display_name: &str,
    ) -> Result<(), DirectoryError> {
        self.db
            .prepare_cached(
                "INSERT INTO scim_group (client_id, public_id, external_id, display_name, display_key, created_at, changed_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6)",
            )?
            .execute(params![
                client.0,
                public_id,
                external_id,
                display_name,
                display_name.trim().to_lowercase(),
                Timestamp::now()
            ])?;
        Ok(())
    }

    /// Stores a group's names, and that it changed.
    pub(crate) fn store_scim_group(
        &self,
        group: &ScimGroup,
        external_id: Option<&str>,
        display_name: &str,
    ) -> Result<(), DirectoryError> {
        self.db
            .prepare_cached(
                "UPDATE scim_group SET external_id = ?2, display_name = ?3, display_key = ?4, version = version + 1,
                   changed_at = ?5 WHERE id = ?1",
            )?
            .execute(params![
                group.number,
                external_id,
                display_name,
                display_name.trim().to_lowercase(),
                Timestamp::now()
            ])?;
        Ok(())
    }

    pub(crate) fn delete_scim_group(&self, group: &ScimGroup) -> Result<(), DirectoryError> {
        self.db.prepare_cached("DELETE FROM scim_group WHERE id = ?1")?.execute([group.number])?;
        Ok(())
    }

    /// Makes a user a member. Returns whether it wasn't one.
    pub(crate) fn add_scim_member(
        &self,
        group: &ScimGroup,
        user: i64,
        display: Option<&str>,
    ) -> Result<bool, DirectoryError> {
        let added = self
            .db
            .prepare_cached(
                "INSERT INTO scim_member (group_id, user_id, display) VALUES (?1, ?2, ?3)
                 ON CONFLICT (group_id, user_id) DO NOTHING",
            )?
            .execute(params![group.number, user, display])?;
        Ok(added > 0)
    }

    /// Takes a member out. Returns whether it was one.
    pub(crate) fn remove_scim_member(&self, group: &ScimGroup, user: i64) -> Result<bool, DirectoryError> {
        let gone = self
            .db
            .prepare_cached("DELETE FROM scim_member WHERE group_id = ?1 AND user_id = ?2")?
            .execute(params![group.number, user])?;
        Ok(gone > 0)
    }

    /// Stores what the members of a group hold, and how much it counts.
    pub(crate) fn store_scim_mapping(
        &self,
        tenant: &TenantRecord,
        client: &ScimClient,
        group: &ScimGroup,
        grants: &[GrantName],
        priority: i64,
    ) -> Result<(), DirectoryError> {
        let old = self.scim_group_grants(group)?;
        self.db
            .prepare_cached("UPDATE scim_group SET priority = ?2 WHERE id = ?1")?
            .execute(params![group.number, priority])?;
        self.db.prepare_cached("DELETE FROM scim_group_grant WHERE group_id = ?1")?.execute([group.number])?;
        for grant in grants {
            self.db
                .prepare_cached(
                    "INSERT INTO scim_group_grant (group_id, kind, name) VALUES (?1, ?2, ?3)
                     ON CONFLICT (group_id, kind, name) DO NOTHING",
                )?
                .execute(params![group.number, grant.kind, grant.name])?;
        }
        let describe = |grants: &[GrantName], priority: i64| json!({ "client": client.name, "group": group.display_name, "grants": grants, "priority": priority });
        self.note(&Note {
            tenant: Some(&tenant.name),
            person: None,
            action: "scim.group.map",
            old: Some(describe(&old, group.priority)),
            new: Some(describe(grants, priority)),
            result: "mapped",
        })
    }
}
