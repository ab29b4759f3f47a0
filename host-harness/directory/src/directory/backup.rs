//! A consistent copy of a data folder.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use serde::Serialize;

use super::database::Database;
use super::folder::{self, DATABASE, KEY, LOCKS};
use super::{Directory, DirectoryError};

/// How often a copy begins again because the key was rotated meanwhile.
const AGAIN: u32 = 3;

/// What a copy has in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct BackedUp {
    /// Whether the database is in it. One on a server isn't.
    pub database: bool,
    /// Whether the key is in it.
    pub key: bool,
    /// How many other files are, such as components and the console's admins.
    pub files: usize,
}

impl Directory {
    /// Copies everything of the data folder into another one, which must be new or empty, for its owner only. The database is copied
    /// as it is at one moment, while others work. The key is left out unless `with_key` says so: whoever has both has the secrets.
    ///
    /// # Errors
    /// If the other folder isn't empty or can't be written, and the database's.
    pub fn back_up(&self, to: &Path, with_key: bool) -> Result<BackedUp, DirectoryError> {
        if to.exists() && fs::read_dir(to).map_err(folder::failed(to))?.next().is_some() {
            return Err(DirectoryError::Invalid(format!(
                "the folder {} isn't empty; name one that isn't there yet",
                to.display()
            )));
        }
        folder::prepare(to)?;
        let from = self.folder();
        let mut done = BackedUp::default();
        if let Database::Sqlite(connections) = &self.open.database {
            for attempt in 1.. {
                let before = if with_key { copy_keys(from, to)? } else { Vec::new() };
                connections.back_up(&to.join(DATABASE))?;
                folder::protect(to)?;
                // A database that is sealed with one key is of no use beside another one.
                if !with_key || before == keys(from)? || attempt == AGAIN {
                    break;
                }
            }
            done.database = true;
        } else if with_key {
            copy_keys(from, to)?;
        }
        done.key = to.join(KEY).exists();
        done.files = copy_others(from, to, true)?;
        Ok(done)
    }
}

/// The names of files that hold keys.
const KEYS: [&str; 2] = [KEY, "key.new"];

fn keys(folder: &Path) -> Result<Vec<Option<zeroize::Zeroizing<Vec<u8>>>>, DirectoryError> {
    KEYS.iter()
        .map(|name| match fs::read(folder.join(name)) {
            Ok(bytes) => Ok(Some(zeroize::Zeroizing::new(bytes))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(folder::failed(&folder.join(name))(error)),
        })
        .collect()
}

/// Copies the keys. Returns them as they were.
fn copy_keys(from: &Path, to: &Path) -> Result<Vec<Option<zeroize::Zeroizing<Vec<u8>>>>, DirectoryError> {
    let found = keys(from)?;
    for (name, bytes) in KEYS.iter().zip(&found) {
        let path = to.join(name);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(folder::failed(&path)(error)),
            _ => {}
        }
        if let Some(bytes) = bytes {
            write_private(&path, bytes)?;
        }
    }
    Ok(found)
}

/// Copies what is neither of the database, nor a key, nor locked by processes. Links are left out.
fn copy_others(from: &Path, to: &Path, is_top: bool) -> Result<usize, DirectoryError> {
    let mut copied = 0;
    for entry in fs::read_dir(from).map_err(folder::failed(from))? {
        let entry = entry.map_err(folder::failed(from))?;
        let (name, path) = (entry.file_name(), entry.path());
        let text = name.to_string_lossy();
        if is_top && (text.starts_with(DATABASE) || text == LOCKS || KEYS.contains(&text.as_ref())) {
            continue;
        }
        let kind = entry.file_type().map_err(folder::failed(&path))?;
        let target = to.join(&name);
        if kind.is_dir() {
            let mut builder = fs::DirBuilder::new();
            #[cfg(unix)]
            std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
            builder.create(&target).map_err(folder::failed(&target))?;
            copied += copy_others(&path, &target, false)?;
        } else if kind.is_file() {
            match fs::read(&path) {
                Ok(bytes) => write_private(&target, &bytes)?,
                // Taken away meanwhile.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(folder::failed(&path)(error)),
            }
            copied += 1;
        }
    }
    Ok(copied)
}

fn write_private(path: &Path, bytes: &[u8]) -> Result<(), DirectoryError> {
    let write = || {
        let mut file = folder::create_private(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    write().map_err(folder::failed(path))
}

#[cfg(test)]
mod tests {
    use super::super::*;
    use super::*;

    #[test]
    fn a_copy_has_all_that_was_there_at_one_moment_and_the_key_only_if_wanted() {
        let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let directory = Directory::open(folder.path()).unwrap();
        let actor = Actor::new("tester");
        fs::create_dir(folder.path().join("components")).unwrap();
        fs::write(folder.path().join("components/a.wasm"), "bytes").unwrap();
        let add = |n: u32| {
            directory.write(&actor, |change| -> Result<(), DirectoryError> {
                for part in ["a", "b"] {
                    change.add_person(&NewPerson::new(format!("{part}{n}"), format!("{part}{n}@x.example")))?;
                }
                Ok(())
            })
        };
        add(0).unwrap();
        let done = std::sync::atomic::AtomicBool::new(false);
        let (with, without) = (elsewhere.path().join("with"), elsewhere.path().join("without"));
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for n in 1.. {
                    add(n).unwrap();
                    if done.load(std::sync::atomic::Ordering::Relaxed) {
                        break;
                    }
                }
            });
            let made = [(&with, true), (&without, false)].map(|(folder, key)| directory.back_up(folder, key));
            // Before anything is asserted: the other thread goes on until then.
            done.store(true, std::sync::atomic::Ordering::Relaxed);
            let expected = BackedUp { database: true, key: true, files: 1 };
            let made = made.map(Result::unwrap);
            assert_eq!(made, [expected.clone(), BackedUp { key: false, ..expected }]);
        });
        assert!(!without.join(KEY).exists() && without.join("components/a.wasm").exists());
        let copy = Directory::open(&with).unwrap();
        let people = copy.read(|view| view.people(&PersonFilter::default())).unwrap();
        assert!(people.len() >= 2 && people.len().is_multiple_of(2), "{}", people.len());
        let check = copy.read(|view| view.verify_audit(None)).unwrap();
        assert!(check.intact && check.chains[0].rows == people.len() as u64, "{check:?}");
        let error = directory.back_up(&with, true).unwrap_err().to_string();
        assert!(error.contains("isn't empty"), "{error}");
        // Without its key the copy isn't taken for a new directory.
        let error = Directory::open(&without).unwrap_err();
        assert!(matches!(error, DirectoryError::WrongKey { .. }), "{error}");
    }
}
