//! Whether a directory can be worked with now.

use super::database::schema::known;
use super::database::{Optional as _, params};
use super::{Directory, DirectoryError, ReadTransaction};

impl ReadTransaction<'_> {
    /// Whether the key opens what is sealed: tries one secret, or none if there is none.
    ///
    /// # Errors
    /// [`DirectoryError::Sealed`] if it doesn't.
    pub(crate) fn a_secret_opens(&self) -> Result<(), DirectoryError> {
        let sealed: Option<(String, String, Vec<u8>)> = self
            .db
            .prepare_cached(
                "SELECT tenant.name, secret.name, secret.sealed FROM secret JOIN tenant ON tenant.id = secret.tenant_id
                 WHERE tenant.removed_at IS NULL LIMIT 1",
            )?
            .query_row(params![], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
            .optional()?;
        sealed.map_or(Ok(()), |(tenant, name, sealed)| self.vault.unseal(&tenant, &name, &sealed).map(drop))
    }
}

impl Directory {
    /// What keeps this program from working with the directory, a sentence each, with what to do: the database can't be reached, its
    /// tables are of another version, or the key doesn't open what is sealed. Empty if nothing does.
    pub fn obstacles(&self) -> Vec<String> {
        let looked = self.read(|view| -> Result<Vec<String>, DirectoryError> {
            let (found, known) = (view.db.version()?, known());
            let mut obstacles = Vec::new();
            if found < known {
                obstacles.push(format!(
                    "the tables are of version {found}, behind this program's {known}; start it again, which brings them up to date"
                ));
            }
            if found > known {
                obstacles.push(format!(
                    "the tables are of version {found}, ahead of this program's {known}; update the program"
                ));
            }
            if let Err(error) = view.a_secret_opens() {
                obstacles.push(error.to_string());
            }
            Ok(obstacles)
        });
        looked.unwrap_or_else(|error| vec![error.to_string()])
    }

    /// Whether the directory can be read.
    ///
    /// # Errors
    /// If it can't.
    pub fn check(&self) -> Result<(), DirectoryError> {
        self.read(|view| view.db.version().map(drop))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::scratch;
    use super::super::*;
    use crate::config::TenantConfig;
    use provisioning_runtime::Secret;

    #[test]
    fn what_keeps_a_directory_from_being_worked_with_is_named() {
        let (folder, directory, actor) = scratch();
        assert_eq!(directory.obstacles(), Vec::<String>::new());
        directory.check().unwrap();
        directory
            .write(&actor, |change| {
                let tenant = change.add_tenant("acme", &TenantConfig::default())?;
                change.set_secret(&tenant, "password", Some(&Secret::new("correct-horse".to_owned())))
            })
            .unwrap();
        assert_eq!(directory.obstacles(), Vec::<String>::new());
        // Nobody works with another key.
        std::fs::rename(folder.path().join("key"), folder.path().join("other")).unwrap();
        assert!(matches!(testing::try_open(folder.path()), Err(DirectoryError::WrongKey { .. })));
        std::fs::rename(folder.path().join("other"), folder.path().join("key")).unwrap();
        for (step, says) in [(1, "ahead of this program's"), (-1, "behind this program's")] {
            let version = i64::from(database::schema::known()) + step;
            if testing::server().is_some() {
                directory.run("UPDATE schema_version SET version = ?1", Some(version)).unwrap();
            } else {
                let file = rusqlite::Connection::open(folder.path().join(folder::DATABASE)).unwrap();
                file.pragma_update(None, "user_version", version).unwrap();
            }
            let said = directory.obstacles();
            assert!(said.len() == 1 && said[0].contains(says), "{said:?}");
        }
    }
}
