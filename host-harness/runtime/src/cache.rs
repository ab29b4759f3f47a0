//! Compiled components, kept between runs of the process.
//!
//! Compiling the embedded connector takes about half a second; mapping what was compiled before takes a few milliseconds.
//! What is mapped is machine code, so only files that this cache wrote itself are used: the folder and what is in it belong to
//! this user alone ([`own_files`]), and each file carries a code (HMAC-SHA-256, RFC 2104) over its name and its bytes.
//! Anything else is passed over, and the component is compiled again.

use std::fs::{self, OpenOptions};
use std::hash::{Hash as _, Hasher};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use ring::hmac;
use ring::rand::{SecureRandom as _, SystemRandom};
use wasmtime::Engine;
use wasmtime::component::Component;

use super::connector::hexadecimal;
use super::own_files::{self, Untrusted};

/// Not `key`: where the folder is given as the cache by mistake, that is the data folder's.
const KEY_FILE: &str = "cache-key";
const KEY_LENGTH: usize = 32;
const TAG_LENGTH: usize = 32;

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
    folder: PathBuf,
    key: hmac::Key,
}

impl ComponentCache {
    /// Opens a cache folder, and makes it where there is none.
    ///
    /// # Errors
    /// When it cannot be made or read, or when other users could write to it or put another in its place.
    pub fn open(folder: &Path) -> Result<Self, CacheError> {
        let failed = |reason| CacheError::Io { folder: folder.to_owned(), reason };
        create_private(folder).map_err(failed)?;
        let found = own_files::folder(folder).map_err(|reason| match reason {
            Untrusted::Io { reason, .. } => failed(reason),
            reason => CacheError::Untrusted { folder: folder.to_owned(), reason },
        })?;
        let key = key(&found).map_err(failed)?;
        Ok(Self { folder: found, key: hmac::Key::new(hmac::HMAC_SHA256, &key) })
    }

    /// The component with this digest, if the cache has it for this engine.
    pub(crate) fn load(&self, engine: &Engine, digest: &str) -> Option<Component> {
        let name = name(engine, digest);
        let mut bytes = match read(&self.folder.join(&name)) {
            Ok(bytes) => bytes,
            Err(error) => {
                if !error.is_absent() {
                    tracing::warn!(%error, "a compiled component is not used; it is compiled again and replaced");
                }
                return None;
            }
        };
        if bytes.len() < TAG_LENGTH {
            tracing::warn!(file = %name, "a compiled component was cut short; it is compiled again");
            return None;
        }
        let tag = bytes.split_off(bytes.len() - TAG_LENGTH);
        if hmac::verify(&self.key, &signed(&name, &bytes), &tag).is_err() {
            tracing::warn!(file = %name, "a compiled component was not written by this cache; it is compiled again");
            return None;
        }
        // SAFETY: the bytes are what `Component::serialize` gave. They were read through a handle whose file is this user's and
        // nobody else's to write, and the code over them, made with a key of which the same is true, has just been verified.
        // Wasmtime checks version and configuration itself.
        #[expect(unsafe_code, reason = "compiled code cannot be checked by looking at it, only by where it comes from")]
        let loaded = unsafe { Component::deserialize(engine, &bytes) };
        match loaded {
            Ok(component) => Some(component),
            Err(error) => {
                tracing::warn!(%error, file = %name, "a compiled component does not fit this engine; it is compiled again");
                None
            }
        }
    }

    /// Keeps a compiled component. That it cannot is logged and no more: the cache only saves time.
    pub(crate) fn store(&self, engine: &Engine, digest: &str, component: &Component) {
        let name = name(engine, digest);
        let write = || -> Result<(), String> {
            let mut bytes = component.serialize().map_err(|error| error.to_string())?;
            let tag = hmac::sign(&self.key, &signed(&name, &bytes));
            bytes.extend_from_slice(tag.as_ref());
            // Written aside and moved into place, so that another process never reads half of it.
            let aside = self.folder.join(format!("{name}.{}", std::process::id()));
            write_private(&aside, &bytes).map_err(|error| error.to_string())?;
            fs::rename(&aside, self.folder.join(&name)).map_err(|error| error.to_string())
        };
        if let Err(reason) = write() {
            tracing::warn!(file = %name, %reason, "a compiled component cannot be kept");
        }
    }
}

/// What the code of a file is made over: its name too, so that one file cannot stand in for another.
fn signed(name: &str, bytes: &[u8]) -> Vec<u8> {
    [name.as_bytes(), b"\0", bytes].concat()
}

/// The file of a component: by its own digest, and by all that its compilation depends on.
fn name(engine: &Engine, digest: &str) -> String {
    struct Sha256(ring::digest::Context);
    impl Hasher for Sha256 {
        fn write(&mut self, bytes: &[u8]) {
            self.0.update(bytes);
        }
        fn finish(&self) -> u64 {
            // The whole digest is taken instead.
            0
        }
    }
    let mut hasher = Sha256(ring::digest::Context::new(&ring::digest::SHA256));
    engine.precompile_compatibility_hash().hash(&mut hasher);
    let configuration = hexadecimal(hasher.0.finish().as_ref());
    format!("{digest}-{}.cwasm", &configuration[..32])
}

/// What is in a file of the cache.
fn read(path: &Path) -> Result<Vec<u8>, Untrusted> {
    let mut bytes = Vec::new();
    match own_files::open(path)?.read_to_end(&mut bytes) {
        Ok(_) => Ok(bytes),
        Err(reason) => Err(Untrusted::Io { path: path.to_owned(), reason }),
    }
}

/// The cache's key, made at its first use.
fn key(folder: &Path) -> io::Result<Vec<u8>> {
    let path = folder.join(KEY_FILE);
    match read(&path) {
        Ok(key) if key.len() == KEY_LENGTH => return Ok(key),
        Err(Untrusted::Io { reason, .. }) if reason.kind() != io::ErrorKind::NotFound => return Err(reason),
        // A key that others may know is replaced, and with it all that was kept.
        _ => {}
    }
    let mut key = vec![0; KEY_LENGTH];
    SystemRandom::new().fill(&mut key).map_err(|_| io::Error::other("no random numbers"))?;
    let aside = folder.join(format!("{KEY_FILE}.{}", std::process::id()));
    write_private(&aside, &key)?;
    fs::rename(&aside, &path)?;
    // Of two processes that start at once, both use what the later one wrote.
    fs::read(&path)
}

fn create_private(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connector::digest_of;
    use crate::{LoadError, Runtime};

    /// A component with nothing in it. It is no connector, which is only found once it is compiled and kept.
    const EMPTY: &[u8] = b"\0asm\x0d\0\x01\0";

    /// Loads it.
    fn load(runtime: &Runtime) {
        assert!(matches!(runtime.load(EMPTY), Err(LoadError::NotAConnector(_))));
    }

    /// The file of the only compiled component.
    fn compiled(folder: &Path) -> PathBuf {
        let files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        let mut files = files.into_iter().filter(|path| path.extension().is_some_and(|extension| extension == "cwasm"));
        let file = files.next().unwrap();
        assert!(files.next().is_none());
        file
    }

    #[test]
    fn only_what_the_cache_wrote_is_used() {
        let folder = tempfile::tempdir().unwrap();
        let cache = ComponentCache::open(&folder.path().join("cache")).unwrap();
        let runtime = Runtime::builder().jobs(1).cache(cache.clone()).build().unwrap();
        let digest = digest_of(EMPTY);
        load(&runtime);
        let hit = || cache.load(&runtime.engine, &digest).is_some();
        assert!(hit());
        // Another process has the same key.
        let again = ComponentCache::open(&folder.path().join("cache")).unwrap();
        assert!(again.load(&runtime.engine, &digest).is_some());

        let file = compiled(&folder.path().join("cache"));
        let sound = fs::read(&file).unwrap();
        for at in [0, sound.len() / 2, sound.len() - 1] {
            let mut changed = sound.clone();
            changed[at] ^= 1;
            fs::write(&file, changed).unwrap();
            assert!(!hit(), "a changed byte at {at}");
        }
        fs::write(&file, &sound[..10]).unwrap();
        assert!(!hit(), "cut short");
        load(&runtime);
        assert!(hit(), "compiled and kept again");
        fs::rename(&file, file.with_file_name(file.file_name().unwrap().to_str().unwrap().replacen('a', "b", 1)))
            .unwrap();
        assert!(!hit());
        fs::write(folder.path().join("cache").join(KEY_FILE), [7; KEY_LENGTH]).unwrap();
        fs::write(&file, &sound).unwrap();
        let other = ComponentCache::open(&folder.path().join("cache")).unwrap();
        assert!(other.load(&runtime.engine, &digest).is_none(), "another key");
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

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_could_have_written_is_compiled_again() {
        use std::os::unix::fs::PermissionsExt as _;
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("cache");
        let cache = ComponentCache::open(&folder).unwrap();
        let runtime = Runtime::builder().jobs(1).cache(cache.clone()).build().unwrap();
        let digest = digest_of(EMPTY);
        load(&runtime);
        let hit = || cache.load(&runtime.engine, &digest).is_some();
        let file = compiled(&folder);
        assert!(hit());
        fs::set_permissions(&file, fs::Permissions::from_mode(0o666)).unwrap();
        assert!(!hit(), "others can write it");
        let elsewhere = place.path().join("elsewhere");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        fs::rename(&file, &elsewhere).unwrap();
        std::os::unix::fs::symlink(&elsewhere, &file).unwrap();
        assert!(!hit(), "a link");
        load(&runtime);
        assert!(hit(), "it is replaced");
        assert!(fs::symlink_metadata(&file).unwrap().is_file());
    }

    #[cfg(unix)]
    #[test]
    fn a_key_that_others_could_have_set_signs_nothing() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        ComponentCache::open(folder.path()).unwrap();
        let path = folder.path().join(KEY_FILE);
        fs::write(&path, [7; KEY_LENGTH]).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o622)).unwrap();
        ComponentCache::open(folder.path()).unwrap();
        assert_ne!(fs::read(&path).unwrap(), [7; KEY_LENGTH]);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}
