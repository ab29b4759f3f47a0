//! Files and folders whose content only this user, or root, can have written.
//!
//! What is trusted without being looked at, such as compiled code and keys, must not be something that another user of the
//! machine has put there. So it is checked who owns it and who may write to it: of a file by the handle that is then read, not
//! by its path, which could name another file a moment later; of a folder also every folder above it, since whoever may rename
//! one of those can put another in its place. A folder with the sticky bit, such as `/tmp`, is good enough above one of our own:
//! in it, nobody renames what belongs to others.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

/// Why a file or folder is not trusted.
#[derive(Debug, thiserror::Error)]
pub enum Untrusted {
    /// It is another user's.
    #[error("{path} belongs to another user (number {owner})")]
    Foreign {
        /// The file or folder.
        path: PathBuf,
        /// The number of the user that owns it.
        owner: u32,
    },
    /// Others may write to it.
    #[error("{path} can be written by other users (mode {mode:o})")]
    Writable {
        /// The file or folder.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// It is a symbolic link, or something else that is neither a file nor a folder.
    #[error("{path} is a symbolic link or a special file")]
    Special {
        /// The file or folder.
        path: PathBuf,
    },
    /// The operating system refuses.
    #[error("{path} cannot be read: {reason}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The operating system's words.
        reason: io::Error,
    },
}

fn io_error(path: &Path) -> impl FnOnce(io::Error) -> Untrusted {
    |reason| Untrusted::Io { path: path.to_owned(), reason }
}

/// Whether a file that is open is this user's or root's, whoever else may read or write it.
///
/// # Errors
/// When it is another user's, or cannot be looked at.
pub fn check_owner(path: &Path, file: &File) -> Result<(), Untrusted> {
    unix::check_owner(path, &file.metadata().map_err(io_error(path))?)
}

/// Whether a folder is this user's or root's, and not open to everybody, and whether the files of these names in it, as far as they
/// are there, are so too and no links. Its group may write to the folder: that is how a platform such as Kubernetes gives a volume
/// to a process (`fsGroup`). Nobody else may be able to put another folder in its place.
///
/// # Errors
/// When any of that doesn't hold, or cannot be looked at.
pub fn check_shared_folder(path: &Path, names: &[&str]) -> Result<(), Untrusted> {
    unix::check_shared(path)?;
    for name in names {
        let file = path.join(name);
        match std::fs::symlink_metadata(&file) {
            Ok(found) => unix::check_entry(&file, &found)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(io_error(&file)(error)),
        }
    }
    Ok(())
}

/// The folder by the path that has no link in it, where nobody but this user and root can write to it or put another in its
/// place.
///
/// # Errors
/// When others own it, may write to it, or may replace it; when it is a link, or cannot be looked at.
pub(crate) fn folder(path: &Path) -> Result<PathBuf, Untrusted> {
    unix::folder(path)
}

#[cfg(unix)]
mod unix {
    use std::fs::Metadata;
    use std::os::unix::fs::MetadataExt as _;

    use super::{Path, PathBuf, Untrusted, io_error};

    const ROOT: u32 = 0;
    const STICKY: u32 = 0o1000;
    const WRITE_BY_OTHERS: u32 = 0o022;
    const WRITE_BY_ALL: u32 = 0o002;

    pub(super) fn check_owner(path: &Path, found: &Metadata) -> Result<(), Untrusted> {
        match found.uid() {
            ROOT => Ok(()),
            owner if owner == rustix::process::geteuid().as_raw() => Ok(()),
            owner => Err(Untrusted::Foreign { path: path.to_owned(), owner }),
        }
    }

    fn check_mode(path: &Path, found: &Metadata, refused: u32) -> Result<(), Untrusted> {
        match found.mode() & refused {
            0 => Ok(()),
            _ => Err(Untrusted::Writable { path: path.to_owned(), mode: found.mode() & 0o7777 }),
        }
    }

    /// Whether what was found is no link, ours, and not everybody's to write.
    pub(super) fn check_entry(path: &Path, found: &Metadata) -> Result<(), Untrusted> {
        if !(found.is_file() || found.is_dir()) {
            return Err(Untrusted::Special { path: path.to_owned() });
        }
        check_owner(path, found)?;
        check_mode(path, found, WRITE_BY_ALL)
    }

    pub(super) fn check_shared(path: &Path) -> Result<(), Untrusted> {
        let path = std::path::absolute(path).map_err(io_error(path))?;
        check_entry(&path, &std::fs::symlink_metadata(&path).map_err(io_error(&path))?)?;
        // Both the way that was given, whose links others may not own, and the one behind its links.
        let found = path.canonicalize().map_err(io_error(&path))?;
        for path in [&path, &found] {
            path.ancestors().skip(1).try_for_each(|path| above_by(path, WRITE_BY_ALL))?;
        }
        Ok(())
    }

    /// Whether what was found is ours alone to write.
    fn check(path: &Path, found: &Metadata) -> Result<(), Untrusted> {
        if !(found.is_file() || found.is_dir()) {
            return Err(Untrusted::Special { path: path.to_owned() });
        }
        check_owner(path, found)?;
        check_mode(path, found, WRITE_BY_OTHERS)
    }

    pub(super) fn folder(path: &Path) -> Result<PathBuf, Untrusted> {
        let path = std::path::absolute(path).map_err(io_error(path))?;
        check(&path, &std::fs::symlink_metadata(&path).map_err(io_error(&path))?)?;
        // Both the path that was given, whose links others may not own, and the one behind its links.
        let found = path.canonicalize().map_err(io_error(&path))?;
        for path in [&path, &found] {
            path.ancestors().skip(1).try_for_each(above)?;
        }
        Ok(found)
    }

    /// Whether nobody else can rename what is in this folder, which stands above one of ours.
    fn above(path: &Path) -> Result<(), Untrusted> {
        above_by(path, WRITE_BY_OTHERS)
    }

    /// As [`above`], with these bits refused.
    fn above_by(path: &Path, refused: u32) -> Result<(), Untrusted> {
        let found = std::fs::symlink_metadata(path).map_err(io_error(path))?;
        check_owner(path, &found)?;
        // The bits of a link say nothing; the folder that it is in is looked at as well.
        let is_guarded = !found.is_dir() || found.mode() & STICKY != 0;
        if is_guarded { Ok(()) } else { check_mode(path, &found, refused) }
    }
}

/// Where there are no Unix owners and modes, the file's own code is relied upon.
#[cfg(not(unix))]
mod unix {
    use std::fs::Metadata;

    use super::{Path, PathBuf, Untrusted, io_error};

    pub(super) fn check_owner(_: &Path, _: &Metadata) -> Result<(), Untrusted> {
        Ok(())
    }

    pub(super) fn check_shared(_: &Path) -> Result<(), Untrusted> {
        Ok(())
    }

    pub(super) fn check_entry(_: &Path, _: &Metadata) -> Result<(), Untrusted> {
        Ok(())
    }

    pub(super) fn folder(path: &Path) -> Result<PathBuf, Untrusted> {
        path.canonicalize().map_err(io_error(path))
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    fn mode(path: &Path, mode: u32) {
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn a_folder_is_used_only_where_nobody_else_can_replace_it() {
        let place = tempfile::tempdir().unwrap();
        let upper = place.path().join("upper");
        let lower = upper.join("lower");
        fs::create_dir_all(&lower).unwrap();
        for (above, own, trusted) in [
            (0o755, 0o700, true),
            (0o755, 0o755, true),
            (0o1777, 0o700, true),
            (0o777, 0o700, false),
            (0o775, 0o700, false),
            (0o755, 0o770, false),
            (0o755, 0o702, false),
            (0o755, 0o1777, false),
        ] {
            mode(&upper, above);
            mode(&lower, own);
            match folder(&lower) {
                Ok(_) => assert!(trusted, "{above:o} {own:o}"),
                Err(Untrusted::Writable { .. }) => assert!(!trusted, "{above:o} {own:o}"),
                Err(error) => panic!("{above:o} {own:o}: {error}"),
            }
        }
        mode(&lower, 0o700);
        let link = place.path().join("link");
        symlink(&lower, &link).unwrap();
        assert!(matches!(folder(&link), Err(Untrusted::Special { .. })));
        // A link of our own above it leads to where it leads.
        symlink(&upper, place.path().join("way")).unwrap();
        assert_eq!(folder(&place.path().join("way/lower")).unwrap(), lower.canonicalize().unwrap());
        mode(&upper, 0o777);
        assert!(folder(&place.path().join("way/lower")).is_err(), "the folder behind the link is looked at");
    }

    #[test]
    fn a_folder_may_be_its_groups_and_not_everybodys() {
        let place = tempfile::tempdir().unwrap();
        for (bits, trusted) in [(0o700, true), (0o2775, true), (0o777, false), (0o1777, false)] {
            mode(place.path(), bits);
            assert_eq!(check_shared_folder(place.path(), &[]).is_ok(), trusted, "{bits:o}");
        }
    }

    #[test]
    fn what_is_planted_in_a_shared_folder_is_not_used() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("data");
        fs::create_dir(&folder).unwrap();
        fs::write(place.path().join("elsewhere"), "x").unwrap();
        let check = || check_shared_folder(&folder, &["key", "locks"]);
        assert!(check().is_ok(), "nothing is there yet");
        fs::create_dir(folder.join("locks")).unwrap();
        fs::write(folder.join("key"), "x").unwrap();
        mode(&folder.join("key"), 0o600);
        assert!(check().is_ok());
        mode(&folder.join("key"), 0o666);
        assert!(matches!(check(), Err(Untrusted::Writable { .. })));
        fs::remove_file(folder.join("key")).unwrap();
        symlink(place.path().join("elsewhere"), folder.join("key")).unwrap();
        assert!(matches!(check(), Err(Untrusted::Special { path }) if path.ends_with("data/key")));
        fs::remove_file(folder.join("key")).unwrap();
        // The folder is a link, or lies where anybody can put another in its place.
        let link = place.path().join("link");
        symlink(&folder, &link).unwrap();
        assert!(matches!(check_shared_folder(&link, &[]), Err(Untrusted::Special { .. })));
        mode(place.path(), 0o777);
        assert!(matches!(check(), Err(Untrusted::Writable { .. })));
        mode(place.path(), 0o1777);
        assert!(check().is_ok());
    }

    #[test]
    fn what_belongs_to_somebody_else_is_not_trusted() {
        // Only root can give files away.
        if !rustix::process::geteuid().is_root() {
            return;
        }
        let place = tempfile::tempdir().unwrap();
        let (inner, file) = (place.path().join("folder"), place.path().join("file"));
        fs::create_dir(&inner).unwrap();
        fs::write(&file, "x").unwrap();
        for path in [&inner, &file] {
            std::os::unix::fs::chown(path, Some(65534), None).unwrap();
        }
        let is_foreign = |error: Untrusted| matches!(error, Untrusted::Foreign { owner: 65534, .. });
        assert!(is_foreign(check_owner(&file, &File::open(&file).unwrap()).unwrap_err()));
        assert!(is_foreign(check_shared_folder(&inner, &[]).unwrap_err()));
        assert!(is_foreign(folder(&inner).unwrap_err()));
        fs::create_dir(place.path().join("shared")).unwrap();
        fs::write(place.path().join("shared/key"), "x").unwrap();
        std::os::unix::fs::chown(place.path().join("shared/key"), Some(65534), None).unwrap();
        assert!(is_foreign(check_shared_folder(&place.path().join("shared"), &["key"]).unwrap_err()), "a planted key");
        fs::create_dir(inner.join("ours")).unwrap();
        assert!(is_foreign(folder(&inner.join("ours")).unwrap_err()), "its owner can replace what is in it");
    }
}
