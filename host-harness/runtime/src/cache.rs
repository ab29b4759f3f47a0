//! Compiled components, kept between runs of the process.
//!
//! Compiling the embedded connector takes about half a second; reading what was compiled before takes some milliseconds.
//! Wasmtime keeps and finds the files, and clears old ones away. What is read is machine code that nothing checks any more, so the
//! folder has to belong to this user alone, and nobody else may be able to put another in its place ([`own_files`]).

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use wasmtime::{Cache, CacheConfig};

use super::own_files::{self, Untrusted};

/// Why a cache folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CacheError {
    /// The operating system refuses.
    #[error("the cache folder {folder} cannot be used: {reason}; name another with --cache, or `--cache off`")]
    Io {
        /// The folder.
        folder: PathBuf,
        /// The operating system's words.
        reason: io::Error,
    },
    /// Others could put machine code there.
    #[error(
        "the cache folder {folder} is not used, since other users could put machine code there: {reason}; name a folder that is yours alone (`chmod 700`) with --cache, or `--cache off`"
    )]
    Untrusted {
        /// The folder.
        folder: PathBuf,
        /// What is wrong with it, or with one above it.
        reason: Untrusted,
    },
}

/// A folder of compiled components. Cheap to clone.
#[derive(Clone, Debug)]
pub struct ComponentCache {
    cache: Cache,
    folder: PathBuf,
}

impl ComponentCache {
    /// Opens a cache folder, and makes it where there is none.
    ///
    /// # Errors
    /// When it cannot be made or read, or when other users could write to it or put another in its place.
    pub fn open(folder: &Path) -> Result<Self, CacheError> {
        let failed = |reason| CacheError::Io { folder: folder.to_owned(), reason };
        create_private(folder).map_err(failed)?;
        let trusted = |path: &Path| {
            own_files::folder(path).map_err(|reason| match reason {
                Untrusted::Io { reason, .. } => failed(reason),
                reason => CacheError::Untrusted { folder: folder.to_owned(), reason },
            })
        };
        // What Wasmtime makes is as open as the process's umask says, so it lies in a folder that only we can enter.
        let inner = trusted(folder)?.join("components");
        create_private(&inner).map_err(failed)?;
        let inner = trusted(&inner)?;
        keep_private(&inner).map_err(failed)?;
        let mut config = CacheConfig::new();
        config.with_directory(inner);
        let cache = Cache::new(config).map_err(|error| failed(io::Error::other(format!("{error:#}"))))?;
        Ok(Self { cache, folder: std::path::absolute(folder).map_err(failed)? })
    }

    /// How many components were found compiled.
    pub fn hits(&self) -> usize {
        self.cache.cache_hits()
    }

    /// The folder.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Wasmtime's part of it.
    pub(crate) fn into_wasmtime(self) -> Cache {
        self.cache
    }
}

fn create_private(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Shuts a folder of ours to whoever may read it.
fn keep_private(folder: &Path) -> io::Result<()> {
    #[cfg(unix)]
    fs::set_permissions(folder, std::os::unix::fs::PermissionsExt::from_mode(0o700))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Runtime;
    use crate::compiler::Compiler;

    /// An empty component.
    const EMPTY: &[u8] = b"\0asm\x0d\0\x01\0";

    fn load(cache: &ComponentCache) {
        let runtime = Runtime::builder().jobs(1).cache(cache.clone()).build().unwrap();
        // It is no connector, which would be found before it is compiled.
        Compiler::InProcess.compile(&runtime.pooled.engine, None, crate::compiler::TIME, EMPTY).unwrap();
    }

    #[test]
    fn what_one_process_has_compiled_is_found_by_the_next() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("cache");
        let first = ComponentCache::open(&folder).unwrap();
        load(&first);
        assert_eq!(first.hits(), 0);
        load(&first);
        assert_eq!(first.hits(), 1);
        let second = ComponentCache::open(&folder).unwrap();
        load(&second);
        assert_eq!(second.hits(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn others_cannot_reach_what_is_compiled_whatever_the_umask_was() {
        use std::os::unix::fs::PermissionsExt as _;
        let place = tempfile::tempdir().unwrap();
        fs::set_permissions(place.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let inner = place.path().join("components");
        fs::create_dir(&inner).unwrap();
        fs::set_permissions(&inner, fs::Permissions::from_mode(0o777)).unwrap();
        assert!(matches!(ComponentCache::open(place.path()), Err(CacheError::Untrusted { .. })));
        fs::set_permissions(&inner, fs::Permissions::from_mode(0o755)).unwrap();
        ComponentCache::open(place.path()).unwrap();
        assert_eq!(fs::metadata(&inner).unwrap().permissions().mode() & 0o777, 0o700);
    }

    #[test]
    fn a_file_that_was_cut_short_is_compiled_again() {
        let place = tempfile::tempdir().unwrap();
        load(&ComponentCache::open(place.path()).unwrap());
        let mut folders = vec![place.path().to_owned()];
        let mut cut = 0;
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let bytes = fs::read(&path).unwrap();
                    fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
                    cut += 1;
                }
            }
        }
        assert!(cut > 0);
        let cache = ComponentCache::open(place.path()).unwrap();
        load(&cache);
        assert_eq!(cache.hits(), 0);
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_that_others_can_write_or_replace_is_refused() {
        use std::os::unix::fs::PermissionsExt as _;
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("cache");
        assert!(ComponentCache::open(&folder).is_ok());
        for (open, shut) in [(folder.as_path(), place.path()), (place.path(), folder.as_path())] {
            fs::set_permissions(shut, fs::Permissions::from_mode(0o700)).unwrap();
            fs::set_permissions(open, fs::Permissions::from_mode(0o777)).unwrap();
            let error = ComponentCache::open(&folder).unwrap_err();
            assert!(matches!(error, CacheError::Untrusted { .. }), "{}: {error}", open.display());
            assert!(error.to_string().contains("chmod 700"), "{error}");
        }
        fs::set_permissions(place.path(), fs::Permissions::from_mode(0o700)).unwrap();
        let link = place.path().join("link");
        std::os::unix::fs::symlink(&folder, &link).unwrap();
        assert!(matches!(ComponentCache::open(&link), Err(CacheError::Untrusted { .. })), "a link");
    }
}
