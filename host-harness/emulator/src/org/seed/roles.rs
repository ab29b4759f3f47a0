//! Internal roles, and the portal roles of accounts.

use rusqlite::params;

use super::people::Account;
use super::{EPOCH, Generator};

/// Internal roles from the top down; each reports to the first.
const ROLES: [&str; 4] = ["CEO", "Customer Support", "Partner Sales", "Marketing Team"];

impl Generator<'_> {
    fn role(
        &mut self,
        name: &str,
        parent: Option<&str>,
        portal: Option<(&str, &str, &str)>,
    ) -> rusqlite::Result<String> {
        let id = self.id("00E");
        let developer_name: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
        self.db.execute(
            "INSERT INTO UserRole (Id, Name, DeveloperName, ParentRoleId, PortalType, PortalRole, PortalAccountId,
               PortalAccountOwnerId, LastModifiedDate, LastModifiedById, SystemModstamp)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, (SELECT OwnerId FROM Account WHERE Id = ?7), ?8, ?9, ?8)",
            params![
                id,
                name,
                developer_name,
                parent,
                portal.map_or("None", |(kind, ..)| kind),
                portal.map(|(_, level, _)| level),
                portal.map(|(_, _, account)| account),
                EPOCH,
                self.facts.admin_id
            ],
        )?;
        Ok(id)
    }

    pub(super) fn roles(&mut self) -> rusqlite::Result<Vec<String>> {
        let mut roles: Vec<String> = Vec::new();
        for name in ROLES {
            let parent = roles.first().cloned();
            roles.push(self.role(name, parent.as_deref(), None)?);
        }
        Ok(roles)
    }

    /// Portal roles for every account that will have role-based users: all but the second.
    pub(super) fn portal_roles(&mut self, accounts: &mut [Account], roles: &[String]) -> rusqlite::Result<()> {
        for (index, account) in accounts.iter_mut().enumerate() {
            if index == 1 {
                continue;
            }
            for (portal_type, word) in [("CustomerPortal", "Customer"), ("Partner", "Partner")] {
                if portal_type == "Partner" && index % 4 != 0 {
                    continue;
                }
                let mut parent = roles.get(1).cloned();
                let mut levels = Vec::new();
                for (level, title) in [("Executive", "Executive"), ("Manager", "Manager"), ("Worker", "User")] {
                    let name: String = format!("{} {word} {title}", account.name).chars().take(80).collect();
                    let id = self.role(&name, parent.as_deref(), Some((portal_type, level, &account.id)))?;
                    parent = Some(id.clone());
                    levels.push(id);
                }
                let levels = <[String; 3]>::try_from(levels).ok();
                if portal_type == "Partner" {
                    account.partner_roles = levels;
                } else {
                    account.customer_roles = levels;
                }
            }
        }
        Ok(())
    }
}
