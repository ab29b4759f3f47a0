//! Who may sign in, and the hashes of their passwords.
//!
//! A file of its own in the data folder, for its owner only: names and Argon2id hashes (RFC 9106) in the PHC string format, with
//! the crate's default cost (19 MiB, two passes; the OWASP Password Storage Cheat Sheet's first choice). It is read anew for each
//! request that depends on it, so a changed password counts at once.

use std::collections::BTreeMap;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};

use provisioning_runtime::Secret;

/// The file's name in the data folder.
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

/// The admins of a data folder.
#[derive(Clone, Debug)]
pub struct Admins {
    path: PathBuf,
}

type Hashes = BTreeMap<String, String>;

impl Admins {
    /// Those of a data folder.
    pub fn of(folder: &Path) -> Self {
        Self { path: folder.join(FILE) }
    }

    /// Whether there are none, so that nobody has to sign in.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn is_empty(&self) -> Result<bool, AdminsError> {
        Ok(self.read()?.is_empty())
    }

    /// Their names.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn names(&self) -> Result<Vec<String>, AdminsError> {
        Ok(self.read()?.into_keys().collect())
    }

    /// Sets an admin's password, and makes the admin where there is none of that name. Hashing takes some ten milliseconds.
    ///
    /// # Errors
    /// When the password or the name will not do, or the file cannot be written.
    pub fn set_password(&self, name: &str, password: &Secret) -> Result<(), AdminsError> {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '@');
        if name.is_empty() || name.len() > LONGEST_NAME || !name.chars().all(plain) {
            return Err(AdminsError::Name);
        }
        let text = password.expose();
        if text.chars().count() < SHORTEST || text.len() > LONGEST {
            return Err(AdminsError::Password);
        }
        let hash = hash(text).map_err(AdminsError::Hash)?;
        let mut hashes = self.read()?;
        hashes.insert(name.to_lowercase(), hash);
        self.write(&hashes)
    }

    /// Takes an admin away.
    ///
    /// # Errors
    /// When there is none of that name, or the file cannot be written.
    pub fn remove(&self, name: &str) -> Result<(), AdminsError> {
        let mut hashes = self.read()?;
        if hashes.remove(&name.to_lowercase()).is_none() {
            let known = hashes.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
            let known = if known.is_empty() { "none".to_owned() } else { known };
            return Err(AdminsError::Unknown { name: name.to_owned(), known });
        }
        self.write(&hashes)
    }

    /// The stored hash of `name`, where `password` is its password. Takes as long for a name that nobody has.
    pub(crate) fn check(&self, name: &str, password: &Secret) -> Result<Option<(String, String)>, AdminsError> {
        static NOBODY: LazyLock<Option<String>> = LazyLock::new(|| hash("a password that nobody has").ok());
        let name = name.to_lowercase();
        let stored = self.read()?.remove(&name);
        let hash = stored.as_ref().or(NOBODY.as_ref()).ok_or_else(|| AdminsError::Hash("no hash".to_owned()))?;
        let hash = PasswordHash::new(hash).map_err(|_| AdminsError::Damaged(self.path.clone()))?;
        let fits = password.expose().len() <= LONGEST
            && Argon2::default().verify_password(password.expose().as_bytes(), &hash).is_ok();
        Ok(stored.filter(|_| fits).map(|stored| (name, stored)))
    }

    /// What is stored for `name`.
    pub(crate) fn hash_of(&self, name: &str) -> Result<Option<String>, AdminsError> {
        Ok(self.read()?.remove(name))
    }

    /// Whether `hash` is still what is stored for `name`.
    pub(crate) fn still_has(&self, name: &str, hash: &str) -> Result<bool, AdminsError> {
        Ok(self.read()?.get(name).is_some_and(|stored| stored == hash))
    }

    fn read(&self) -> Result<Hashes, AdminsError> {
        match std::fs::read(&self.path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|_| AdminsError::Damaged(self.path.clone())),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Hashes::new()),
            Err(reason) => Err(self.failed(reason)),
        }
    }

    fn write(&self, hashes: &Hashes) -> Result<(), AdminsError> {
        let write = || -> std::io::Result<()> {
            // Beside it and then renamed, so that a console that reads meanwhile sees the one or the other.
            let beside = self.path.with_extension("new");
            let mut options = std::fs::OpenOptions::new();
            options.write(true).create(true).truncate(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            let mut file = options.open(&beside)?;
            serde_json::to_writer_pretty(&mut file, hashes)?;
            file.flush()?;
            file.sync_all()?;
            std::fs::rename(&beside, &self.path)
        };
        write().map_err(|reason| self.failed(reason))
    }

    fn failed(&self, reason: std::io::Error) -> AdminsError {
        AdminsError::File { path: self.path.clone(), reason }
    }
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

    #[test]
    fn a_password_is_kept_as_a_hash_and_checked_against_it() {
        let folder = tempfile::tempdir().unwrap();
        let admins = Admins::of(folder.path());
        assert!(admins.is_empty().unwrap());
        admins.set_password("Ada", &secret("correct horse battery")).unwrap();
        let text = std::fs::read_to_string(folder.path().join(FILE)).unwrap();
        assert!(text.contains("$argon2id$v=19$m=19456,t=2,p=1$") && !text.contains("horse"), "{text}");
        let (name, hash) = admins.check("ADA", &secret("correct horse battery")).unwrap().unwrap();
        assert_eq!(name, "ada");
        assert!(admins.still_has(&name, &hash).unwrap());
        for (name, password) in [("ada", "wrong"), ("grace", "correct horse battery"), ("ada", &"x".repeat(10_000))] {
            assert_eq!(admins.check(name, &secret(password)).unwrap(), None);
        }
        admins.set_password("ada", &secret("another horse battery")).unwrap();
        assert!(!admins.still_has(&name, &hash).unwrap());
        admins.remove("ada").unwrap();
        assert!(admins.is_empty().unwrap());
        assert!(admins.remove("ada").unwrap_err().to_string().ends_with("it has none"));
    }

    #[test]
    fn a_password_has_15_characters_and_1024_bytes_at_the_most() {
        let folder = tempfile::tempdir().unwrap();
        let admins = Admins::of(folder.path());
        for (password, taken) in [
            ("é".repeat(14), false),
            ("é".repeat(15), true),
            ("x".repeat(1_024), true),
            ("x".repeat(1_025), false),
            ("é".repeat(513), false),
        ] {
            match admins.set_password("ada", &secret(&password)) {
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
    fn strange_names_and_damaged_files_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let admins = Admins::of(folder.path());
        for name in ["", "a b", "<script>", "ädä", "a/b", &"a".repeat(65)] {
            let error = admins.set_password(name, &secret("correct horse battery")).unwrap_err();
            assert!(matches!(error, AdminsError::Name), "{name}");
        }
        assert!(admins.is_empty().unwrap());
        for name in ["Ada-1_x.y@z", &"a".repeat(64)] {
            admins.set_password(name, &secret("correct horse battery")).unwrap();
        }
        assert_eq!(admins.names().unwrap(), ["a".repeat(64).as_str(), "ada-1_x.y@z"]);
        let error = admins.remove("grace").unwrap_err().to_string();
        assert!(error.contains("no admin `grace`; it has aaa") && error.ends_with(", ada-1_x.y@z"), "{error}");
        std::fs::write(folder.path().join(FILE), "{").unwrap();
        assert!(matches!(admins.is_empty(), Err(AdminsError::Damaged(_))));
        assert!(matches!(admins.check("ada", &secret("correct horse battery")), Err(AdminsError::Damaged(_))));
    }

    #[cfg(unix)]
    #[test]
    fn the_file_of_hashes_is_its_owners_alone_and_one_that_cannot_be_read_is_no_lack_of_admins() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let admins = Admins::of(folder.path());
        admins.set_password("ada", &secret("correct horse battery")).unwrap();
        let path = folder.path().join(FILE);
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        std::fs::remove_file(&path).unwrap();
        std::fs::create_dir(&path).unwrap();
        let error = admins.is_empty().unwrap_err();
        assert!(matches!(&error, AdminsError::File { path: told, .. } if *told == path), "{error}");
    }
}
