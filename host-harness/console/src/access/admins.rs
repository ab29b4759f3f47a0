//! Who may sign in, and the hashes of their passwords.
//!
//! Names and Argon2id hashes (RFC 9106) in the PHC string format, with the crate's default cost (19 MiB, two passes; the OWASP
//! Password Storage Cheat Sheet's first choice), in the directory. They are read again for each request that depends on them, so a
//! changed password counts at once, on every host.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use serde_json::json;

use provisioning_directory::{Actor, Directory, DirectoryError, Note};
use provisioning_runtime::Secret;

/// Who has the admins of a file become the directory's, in the audit trail.
const ADOPTS: &str = "console";
/// The name of the file in which earlier versions kept admins in the data folder.
const FILE: &str = "console-admins.json";
/// The fewest characters of a password (NIST SP 800-63B-4 asks for 15 where it is the only factor).
const SHORTEST: usize = 15;
/// The most bytes of a password; hashing more only costs time.
const LONGEST: usize = 1_024;
/// The most characters of a name.
const LONGEST_NAME: usize = 64;

/// Why admins cannot be read or kept.
#[derive(Debug, thiserror::Error)]
pub enum AdminsError {
    /// The file cannot be read or written.
    #[error("the file of the console's admins {path} cannot be used: {reason}")]
    File {
        /// The file.
        path: PathBuf,
        /// The operating system's words.
        reason: std::io::Error,
    },
    /// The file is not of our making.
    #[error(
        "the file of the console's admins {0} is damaged; take it away and set the passwords again with `console set-password`"
    )]
    Damaged(PathBuf),
    /// A stored hash isn't one.
    #[error(
        "what is stored for the console's admin `{0}` is damaged; set the password again with `console set-password`"
    )]
    DamagedHash(String),
    /// The directory can't be read or written.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// Too easy to guess, or too long.
    #[error("the password must have at least {SHORTEST} characters and at most {LONGEST} bytes; choose another")]
    Password,
    /// No name.
    #[error("an admin's name has 1 to {LONGEST_NAME} letters, digits, `-`, `_`, `.` and `@`; choose another")]
    Name,
    /// Nobody of that name.
    #[error("the console has no admin `{name}`; it has {known}")]
    Unknown {
        /// The name.
        name: String,
        /// The names there are.
        known: String,
    },
    /// The hash could not be made.
    #[error("the password could not be hashed: {0}; the machine may lack memory or random numbers")]
    Hash(String),
}

/// The admins of a directory's console.
#[derive(Clone, Debug)]
pub struct Admins {
    directory: Directory,
}

impl Admins {
    /// Those of a directory. Admins that an earlier version has kept in a file of the data folder become the directory's, and the file
    /// is deleted.
    ///
    /// # Errors
    /// If the file can't be read or deleted, and the database's.
    pub fn of(directory: &Directory) -> Result<Self, AdminsError> {
        let admins = Self { directory: directory.clone() };
        admins.adopt(&directory.folder().join(FILE))?;
        Ok(admins)
    }

    fn adopt(&self, path: &Path) -> Result<(), AdminsError> {
        let failed = |reason| AdminsError::File { path: path.to_owned(), reason };
        let bytes = match std::fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(reason) => return Err(failed(reason)),
        };
        let hashes: BTreeMap<String, String> =
            serde_json::from_slice(&bytes).map_err(|_| AdminsError::Damaged(path.to_owned()))?;
        self.directory.write(&Actor::new(ADOPTS), |change| -> Result<(), DirectoryError> {
            for (name, hash) in &hashes {
                if change.console_admin_hash(name)?.is_none() {
                    change.set_console_admin(name, hash)?;
                }
            }
            Ok(())
        })?;
        match std::fs::remove_file(path) {
            // Another process has been faster.
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            done => done.map_err(failed),
        }
    }

    /// Whether there are none, so that nobody has to sign in.
    ///
    /// # Errors
    /// The database's.
    #[expect(clippy::redundant_closure_for_method_calls, reason = "the path is not general over the view's lifetime")]
    pub fn is_empty(&self) -> Result<bool, AdminsError> {
        Ok(!self.directory.read(|view| view.has_console_admin())?)
    }

    /// Their names.
    ///
    /// # Errors
    /// The database's.
    #[expect(clippy::redundant_closure_for_method_calls, reason = "the path is not general over the view's lifetime")]
    pub fn names(&self) -> Result<Vec<String>, AdminsError> {
        Ok(self.directory.read(|view| view.console_admins())?)
    }

    /// Sets an admin's password, and adds the admin if there is none of that name. Hashing takes tens of milliseconds. `actor` is
    /// named in the audit trail.
    ///
    /// # Errors
    /// If the password or the name won't do, and the database's.
    pub fn set_password(&self, actor: &Actor, name: &str, password: &Secret) -> Result<(), AdminsError> {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '@');
        if name.is_empty() || name.len() > LONGEST_NAME || !name.chars().all(plain) {
            return Err(AdminsError::Name);
        }
        let text = password.expose();
        if text.chars().count() < SHORTEST || text.len() > LONGEST {
            return Err(AdminsError::Password);
        }
        let (name, hash) = (name.to_lowercase(), hash(text).map_err(AdminsError::Hash)?);
        Ok(self.directory.write(actor, |change| {
            change.set_console_admin(&name, &hash)?;
            let result = "set; sessions of the former password have ended";
            change.note(&note("console.set-password", &name, result))
        })?)
    }

    /// Removes an admin. `actor` is in the audit trail.
    ///
    /// # Errors
    /// If there is none of that name, and the database's.
    pub fn remove(&self, actor: &Actor, name: &str) -> Result<(), AdminsError> {
        let admin = name.to_lowercase();
        self.directory.write(actor, |change| {
            if change.remove_console_admin(&admin)? {
                return Ok(change.note(&note("console.remove-admin", &admin, "removed"))?);
            }
            let known = change.console_admins()?.join(", ");
            let known = if known.is_empty() { "none".to_owned() } else { known };
            Err(AdminsError::Unknown { name: name.to_owned(), known })
        })
    }

    /// The stored hash of `name`, if `password` is its password. Takes as long for a name that nobody has.
    pub(crate) fn check(&self, name: &str, password: &Secret) -> Result<Option<(String, String)>, AdminsError> {
        static NOBODY: LazyLock<Option<String>> = LazyLock::new(|| hash("a password that nobody has").ok());
        let name = name.to_lowercase();
        let stored = self.hash_of(&name)?;
        let hash = stored.as_ref().or(NOBODY.as_ref()).ok_or_else(|| AdminsError::Hash("no hash".to_owned()))?;
        let hash = PasswordHash::new(hash).map_err(|_| AdminsError::DamagedHash(name.clone()))?;
        let fits = password.expose().len() <= LONGEST
            && Argon2::default().verify_password(password.expose().as_bytes(), &hash).is_ok();
        Ok(stored.filter(|_| fits).map(|stored| (name, stored)))
    }

    /// What is stored for `name`.
    pub(crate) fn hash_of(&self, name: &str) -> Result<Option<String>, AdminsError> {
        Ok(self.directory.read(|view| view.console_admin_hash(name))?)
    }
}

fn note<'a>(action: &'a str, admin: &str, result: &'a str) -> Note<'a> {
    Note { tenant: None, person: None, action, old: None, new: Some(json!({ "admin": admin })), result }
}

fn hash(password: &str) -> Result<String, String> {
    let hash = Argon2::default().hash_password(password.as_bytes());
    hash.map(|hash| hash.to_string()).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> Secret {
        Secret::new(text.to_owned())
    }

    fn admins() -> (tempfile::TempDir, Admins, Actor) {
        let folder = tempfile::tempdir().unwrap();
        let directory = Directory::open(folder.path()).unwrap();
        let admins = Admins::of(&directory).unwrap();
        (folder, admins, Actor::new("root"))
    }

    #[test]
    fn a_password_is_kept_as_a_hash_and_checked_against_it() {
        let (_folder, admins, actor) = admins();
        assert!(admins.is_empty().unwrap());
        admins.set_password(&actor, "Ada", &secret("correct horse battery")).unwrap();
        let stored = admins.hash_of("ada").unwrap().unwrap();
        assert!(stored.contains("$argon2id$v=19$m=19456,t=2,p=1$") && !stored.contains("horse"), "{stored}");
        let (name, hash) = admins.check("ADA", &secret("correct horse battery")).unwrap().unwrap();
        assert_eq!((name.as_str(), &hash), ("ada", &stored));
        for (name, password) in [("ada", "wrong"), ("grace", "correct horse battery"), ("ada", &"x".repeat(10_000))] {
            assert_eq!(admins.check(name, &secret(password)).unwrap(), None);
        }
        admins.set_password(&actor, "ada", &secret("another horse battery")).unwrap();
        assert_ne!(admins.hash_of("ada").unwrap(), Some(hash));
        admins.remove(&actor, "ada").unwrap();
        assert!(admins.is_empty().unwrap());
        assert!(admins.remove(&actor, "ada").unwrap_err().to_string().ends_with("it has none"));
    }

    #[test]
    fn a_password_has_15_characters_and_1024_bytes_at_the_most() {
        let (_folder, admins, actor) = admins();
        for (password, taken) in [
            ("é".repeat(14), false),
            ("é".repeat(15), true),
            ("x".repeat(1_024), true),
            ("x".repeat(1_025), false),
            ("é".repeat(513), false),
        ] {
            match admins.set_password(&actor, "ada", &secret(&password)) {
                Ok(()) => {
                    assert!(taken, "{} characters", password.chars().count());
                    assert!(admins.check("ada", &secret(&password)).unwrap().is_some());
                }
                Err(AdminsError::Password) => assert!(!taken, "{} characters", password.chars().count()),
                Err(error) => panic!("{error}"),
            }
        }
    }

    #[test]
    fn strange_names_and_damaged_hashes_are_refused() {
        let (_folder, admins, actor) = admins();
        for name in ["", "a b", "<script>", "ädä", "a/b", &"a".repeat(65)] {
            let error = admins.set_password(&actor, name, &secret("correct horse battery")).unwrap_err();
            assert!(matches!(error, AdminsError::Name), "{name}");
        }
        assert!(admins.is_empty().unwrap());
        for name in ["Ada-1_x.y@z", &"a".repeat(64)] {
            admins.set_password(&actor, name, &secret("correct horse battery")).unwrap();
        }
        assert_eq!(admins.names().unwrap(), ["a".repeat(64).as_str(), "ada-1_x.y@z"]);
        let error = admins.remove(&actor, "grace").unwrap_err().to_string();
        assert!(error.contains("no admin `grace`; it has aaa") && error.ends_with(", ada-1_x.y@z"), "{error}");
        admins.directory.write(&actor, |change| change.set_console_admin("mary", "no hash")).unwrap();
        let error = admins.check("mary", &secret("correct horse battery")).unwrap_err().to_string();
        assert!(error.contains("admin `mary` is damaged; set the password again"), "{error}");
    }

    #[test]
    fn admins_of_an_earlier_version_become_the_directorys_once() {
        let (folder, admins, actor) = admins();
        let directory = admins.directory.clone();
        admins.set_password(&actor, "ada", &secret("correct horse battery")).unwrap();
        let own = admins.hash_of("ada").unwrap();
        let path = folder.path().join(FILE);
        let hashes = json!({ "ada": "an old hash", "grace": hash("correct horse battery").unwrap() });
        std::fs::write(&path, hashes.to_string()).unwrap();
        let admins = Admins::of(&directory).unwrap();
        assert_eq!(
            (admins.names().unwrap(), admins.hash_of("ada").unwrap()),
            (vec!["ada".to_owned(), "grace".to_owned()], own)
        );
        assert!(admins.check("grace", &secret("correct horse battery")).unwrap().is_some());
        assert!(!path.exists(), "it would bring back an admin that is removed");
        std::fs::write(&path, "{").unwrap();
        assert!(matches!(Admins::of(&directory), Err(AdminsError::Damaged(_))));
        std::fs::remove_file(&path).unwrap();
        std::fs::create_dir(&path).unwrap();
        assert!(matches!(Admins::of(&directory), Err(AdminsError::File { path: told, .. }) if told == path));
    }
}
