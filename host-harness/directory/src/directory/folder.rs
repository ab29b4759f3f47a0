//! The data folder: who may read it, and who may work for a tenant.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use super::tenants::TenantRecord;
use super::{Directory, DirectoryError};
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

/// The right to work for a tenant, as long as it is held. The operating system takes it back when the process ends,
/// however it ends.
#[derive(Debug)]
pub struct TenantLock {
    _file: File,
}

impl Directory {
    /// Takes the right to run jobs for a tenant. Every process asks for it before it imports or pushes.
    ///
    /// # Errors
    /// [`DirectoryError::Locked`] where another holds it, at once.
    pub fn lock_tenant(&self, tenant: &TenantRecord) -> Result<TenantLock, DirectoryError> {
        let path = self.folder().join(LOCKS).join(format!("tenant-{}", tenant.id));
        let file =
            OpenOptions::new().write(true).create(true).truncate(false).open(&path).map_err(failed(self.folder()))?;
        match file.try_lock() {
            Ok(()) => Ok(TenantLock { _file: file }),
            Err(TryLockError::WouldBlock) => Err(DirectoryError::Locked { tenant: tenant.name.clone() }),
            Err(TryLockError::Error(reason)) => Err(failed(self.folder())(reason)),
        }
    }
}
