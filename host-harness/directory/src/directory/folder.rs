//! The data folder: who may read it.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use super::DirectoryError;
use provisioning_runtime::{Untrusted, own_files};

/// The database's file name.
pub(super) const DATABASE: &str = "directory.sqlite3";
/// The key's file name.
pub(super) const KEY: &str = "key";
/// The folder of files that processes lock.
pub(super) const LOCKS: &str = "locks";

/// What nobody else may have put into the folder.
const GUARDED: [&str; 6] =
    [DATABASE, "directory.sqlite3-wal", "directory.sqlite3-shm", KEY, LOCKS, "console-admins.json"];

/// Where the data lies when nobody says otherwise.
pub fn default_folder() -> PathBuf {
    PathBuf::from("provisioning-data")
}

pub(super) fn failed(path: &Path) -> impl FnOnce(io::Error) -> DirectoryError + use<> {
    let path = path.to_owned();
    |reason| DirectoryError::Folder { path, reason }
}

/// Makes the folder, for its owner only. One that is there already keeps its permissions, and is refused where another user could
/// put a key or a database of theirs into it.
pub(super) fn prepare(folder: &Path) -> Result<(), DirectoryError> {
    if !folder.is_dir() {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(folder).map_err(failed(folder))?;
    }
    own_files::check_shared_folder(folder, &GUARDED).map_err(|reason| match reason {
        Untrusted::Io { reason, .. } => failed(folder)(reason),
        reason => {
            failed(folder)(io::Error::other(format!("{reason}, who could replace the key and the database in it")))
        }
    })?;
    fs::create_dir_all(folder.join(LOCKS)).map_err(failed(folder))
}

/// Takes the database from everybody but its owner: it holds personal data. SQLite gives its side files the same rights.
pub(super) fn protect(folder: &Path) -> Result<(), DirectoryError> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let database = folder.join(DATABASE);
        fs::set_permissions(&database, fs::Permissions::from_mode(0o600)).map_err(failed(folder))?;
    }
    Ok(())
}

/// Opens a file that only its owner may read; fails where it is there already.
pub(super) fn create_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
