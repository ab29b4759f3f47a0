//! Components that aren't built in, kept by their digests: those that a tenant's file holds, which are kept for other hosts, and those that
//! somebody has added.

use super::audit::Note;
use super::database::{Optional as _, Row, params};
use super::{DirectoryError, ReadTransaction, Timestamp, WriteTransaction};
use crate::config::ComponentChoice;
use provisioning_runtime::digest_of;
use serde_json::json;

/// A component that is to be added.
#[derive(Clone, Debug)]
pub struct NewComponent<'a> {
    /// The component.
    pub bytes: &'a Vec<u8>,
    /// What it calls itself.
    pub name: &'a str,
    /// Its version, as it says.
    pub version: &'a str,
    /// The file or the address that it comes from.
    pub source: &'a str,
    /// Who has signed it, and the comment that was signed with it. `None` if nobody's signature was asked for.
    pub signed: Option<(&'a str, &'a str)>,
}

/// A component that was added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddedComponent {
    /// Its SHA-256, in hexadecimal.
    pub digest: String,
    /// What it calls itself.
    pub name: String,
    /// Its version, as it says.
    pub version: String,
    /// The file or the address that it comes from.
    pub source: String,
    /// Who has signed it. `None` if nobody's signature was asked for.
    pub signed_by: Option<String>,
    /// What the signer has written beside the signature.
    pub signed_comment: Option<String>,
    /// Who added it.
    pub added_by: String,
    /// When.
    pub added_at: Timestamp,
}

const COLUMNS: &str = "digest, name, version, source, signed_by, signed_comment, added_by, added_at";

impl ReadTransaction<'_> {
    /// The digest of what a file held last, by its path in the tenants' settings. Returns `None` if no host has read it.
    pub(crate) fn component_digest(&self, path: &str) -> Result<Option<String>, DirectoryError> {
        self.db
            .prepare_cached("SELECT digest FROM component_file WHERE path = ?1")?
            .query_row([path], |row| row.get(0))
            .optional()
    }

    /// The bytes of a component that is kept.
    ///
    /// # Errors
    /// If it isn't here, or isn't what its digest says.
    pub fn component(&self, digest: &str) -> Result<Vec<u8>, DirectoryError> {
        let bytes: Option<Vec<u8>> = self
            .db
            .prepare_cached("SELECT bytes FROM component WHERE digest = ?1")?
            .query_row([digest], |row| row.get(0))
            .optional()?;
        let bytes = bytes.ok_or_else(|| not_here(digest))?;
        let found = digest_of(&bytes);
        if !found.eq_ignore_ascii_case(digest) {
            return Err(DirectoryError::Damaged(format!(
                "the component with the SHA-256 {digest} has the SHA-256 {found}"
            )));
        }
        Ok(bytes)
    }

    /// The components that were added, the oldest first.
    ///
    /// # Errors
    /// The database's.
    pub fn added_components(&self) -> Result<Vec<AddedComponent>, DirectoryError> {
        let sql = format!("SELECT {COLUMNS} FROM added_component ORDER BY added_at, digest");
        let mut statement = self.db.prepare_cached(&sql)?;
        let rows = statement.query_map(params![], added)?;
        rows.collect::<Result<_, _>>()
    }

    /// A component that was added. Returns `None` if it wasn't.
    ///
    /// # Errors
    /// The database's.
    pub fn added_component(&self, digest: &str) -> Result<Option<AddedComponent>, DirectoryError> {
        let sql = format!("SELECT {COLUMNS} FROM added_component WHERE digest = ?1");
        self.db.prepare_cached(&sql)?.query_row([digest], added).optional()
    }

    /// The names of the tenants that use a component that was added.
    ///
    /// # Errors
    /// The database's.
    pub fn users_of_component(&self, digest: &str) -> Result<Vec<String>, DirectoryError> {
        let choice = ComponentChoice::Added(digest.to_owned());
        let tenants = self.tenants()?.into_iter().filter(|tenant| tenant.config.component() == choice);
        Ok(tenants.map(|tenant| tenant.name).collect())
    }
}

impl WriteTransaction<'_> {
    /// Keeps what a file holds.
    pub(crate) fn keep_component(&self, path: &str, digest: &str, bytes: &Vec<u8>) -> Result<(), DirectoryError> {
        self.store_component(digest, bytes)?;
        self.db
            .prepare_cached(
                "INSERT INTO component_file (path, digest) VALUES (?1, ?2)
                 ON CONFLICT (path) DO UPDATE SET digest = excluded.digest",
            )?
            .execute(params![path, digest])?;
        self.forget_components()
    }

    /// Adds a component, and gives its digest. One that was added before is kept as it came first.
    ///
    /// # Errors
    /// The database's.
    pub fn add_component(&self, new: &NewComponent<'_>) -> Result<String, DirectoryError> {
        let digest = digest_of(new.bytes);
        if self.added_component(&digest)?.is_some() {
            return Ok(digest);
        }
        self.store_component(&digest, new.bytes)?;
        let (signed_by, signed_comment) = new.signed.unzip();
        self.db
            .prepare_cached(
                "INSERT INTO added_component (digest, name, version, source, signed_by, signed_comment, added_by, added_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?
            .execute(params![
                digest,
                new.name,
                new.version,
                new.source,
                signed_by,
                signed_comment,
                self.actor.name(),
                Timestamp::now()
            ])?;
        self.note(&Note {
            tenant: None,
            person: None,
            action: "component.add",
            old: None,
            new: Some(json!({ "sha256": digest, "source": new.source, "signed-by": signed_by })),
            result: if new.signed.is_some() { "added, signed" } else { "added, without a signature" },
        })?;
        Ok(digest)
    }

    /// Removes a component that was added. Its approval stays; [`Self::take_back_approval`] takes that.
    ///
    /// # Errors
    /// If it wasn't added, or a tenant uses it.
    pub fn remove_component(&self, digest: &str) -> Result<(), DirectoryError> {
        let component = self.added_component(digest)?.ok_or_else(|| not_here(digest))?;
        let users = self.users_of_component(digest)?;
        if !users.is_empty() {
            return Err(DirectoryError::Invalid(format!(
                "the component {digest} is used by {}; let them use another with `tenant edit TENANT --set component=…`, or remove them first",
                users.join(", ")
            )));
        }
        self.db.prepare_cached("DELETE FROM added_component WHERE digest = ?1")?.execute([digest])?;
        self.forget_components()?;
        self.note(&Note {
            tenant: None,
            person: None,
            action: "component.remove",
            old: Some(json!({ "sha256": digest, "source": component.source })),
            new: None,
            result: "removed",
        })
    }

    fn store_component(&self, digest: &str, bytes: &Vec<u8>) -> Result<(), DirectoryError> {
        self.db
            .prepare_cached(
                "INSERT INTO component (digest, bytes, added_at) VALUES (?1, ?2, ?3) ON CONFLICT (digest) DO NOTHING",
            )?
            .execute(params![digest, bytes, Timestamp::now()])?;
        Ok(())
    }

    /// Forgets components that nobody has added and no file holds any more.
    fn forget_components(&self) -> Result<(), DirectoryError> {
        self.db
            .prepare_cached(
                "DELETE FROM component WHERE NOT EXISTS (SELECT 1 FROM component_file f WHERE f.digest = component.digest)
                   AND NOT EXISTS (SELECT 1 FROM added_component a WHERE a.digest = component.digest)",
            )?
            .execute(params![])?;
        Ok(())
    }
}

fn not_here(digest: &str) -> DirectoryError {
    DirectoryError::NotFound {
        what: "component",
        name: digest.to_owned(),
        hint: "`component list` shows those that were added, and `component add` adds one",
    }
}

fn added(row: Row<'_>) -> Result<AddedComponent, DirectoryError> {
    Ok(AddedComponent {
        digest: row.get(0)?,
        name: row.get(1)?,
        version: row.get(2)?,
        source: row.get(3)?,
        signed_by: row.get(4)?,
        signed_comment: row.get(5)?,
        added_by: row.get(6)?,
        added_at: row.get(7)?,
    })
}

#[cfg(test)]
#[allow(clippy::redundant_closure_for_method_calls, reason = "a path is not general over the view's lifetime")]
mod tests {
    use super::super::tests::scratch;
    use super::*;
    use crate::config::TenantConfig;

    fn new(bytes: &Vec<u8>) -> NewComponent<'_> {
        NewComponent {
            bytes,
            name: "Sample",
            version: "1.2",
            source: "own.wasm",
            signed: Some(("ours", "release 1.2")),
        }
    }

    #[test]
    fn a_component_that_was_added_stays_until_it_is_removed() {
        let (_folder, directory, actor) = scratch();
        let (bytes, other) = (b"one".to_vec(), b"other".to_vec());
        let digest = directory.write(&actor, |change| change.add_component(&new(&bytes))).unwrap();
        assert_eq!(digest, digest_of(&bytes));
        // Files come and go beside it.
        for (path, bytes) in [("a.wasm", &bytes), ("a.wasm", &other)] {
            directory.write(&actor, |change| change.keep_component(path, &digest_of(bytes), bytes)).unwrap();
        }
        assert_eq!(directory.read(|view| view.component(&digest)).unwrap(), bytes);
        let added = directory.read(|view| view.added_components()).unwrap();
        assert_eq!(added.len(), 1);
        assert_eq!((added[0].signed_by.as_deref(), added[0].source.as_str()), (Some("ours"), "own.wasm"));
        // Adding it again changes nothing, so nobody makes it look as if it came from elsewhere.
        let again = NewComponent { source: "elsewhere", signed: None, ..new(&bytes) };
        directory.write(&actor, |change| change.add_component(&again)).unwrap();
        assert_eq!(directory.read(|view| view.added_components()).unwrap(), added);

        directory.write(&actor, |change| change.remove_component(&digest)).unwrap();
        assert!(directory.read(|view| view.component(&digest)).is_err());
        assert_eq!(directory.read(|view| view.component(&digest_of(&other))).unwrap(), other);
        let error = directory.write(&actor, |change| change.remove_component(&digest)).unwrap_err().to_string();
        assert!(error.contains("there is no component") && error.contains("component list"), "{error}");
    }

    #[test]
    fn a_component_that_a_tenant_uses_is_not_removed() {
        let (_folder, directory, actor) = scratch();
        let bytes = b"one".to_vec();
        let digest = directory.write(&actor, |change| change.add_component(&new(&bytes))).unwrap();
        let mut config = TenantConfig::default();
        config.set_component(ComponentChoice::Added(digest.clone()));
        directory.write(&actor, |change| change.add_tenant("acme", &config)).unwrap();
        directory.write(&actor, |change| change.add_tenant("beta", &TenantConfig::default())).unwrap();
        let error = directory.write(&actor, |change| change.remove_component(&digest)).unwrap_err().to_string();
        assert!(error.contains("is used by acme;"), "{error}");
        assert_eq!(directory.read(|view| view.component(&digest)).unwrap(), bytes);
    }
}
