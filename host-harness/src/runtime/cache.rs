//! Compiled components, kept between runs of the process.
//!
//! Compiling the embedded connector takes about half a second; mapping what was compiled before takes a few milliseconds.
//! What is mapped is machine code, so only files that this cache wrote itself are used: the folder and its key belong to
//! this user alone, and each file carries a code (HMAC-SHA-256, RFC 2104) over its name and its bytes. Anything else is
//! passed over, and the component is compiled again.

use std::fs::{self, OpenOptions};
use std::hash::{Hash as _, Hasher};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use ring::hmac;
use ring::rand::{SecureRandom as _, SystemRandom};
use wasmtime::Engine;
use wasmtime::component::Component;

use super::connector::hexadecimal;

const KEY_FILE: &str = "key";
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
        "the cache folder {folder} can be written by other users; make it yours alone with `chmod 700`, name another with --cache, or `--cache off`"
    )]
    Shared {
        /// The folder.
        folder: PathBuf,
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
    /// When it cannot be made or read, or when other users could write to it.
    pub fn open(folder: &Path) -> Result<Self, CacheError> {
        let failed = |reason| CacheError::Io { folder: folder.to_owned(), reason };
        create_private(folder).map_err(failed)?;
        if !is_private(folder).map_err(failed)? {
            return Err(CacheError::Shared { folder: folder.to_owned() });
        }
        let key = key(folder).map_err(failed)?;
        Ok(Self { folder: folder.to_owned(), key: hmac::Key::new(hmac::HMAC_SHA256, &key) })
    }

    /// The component with this digest, if the cache has it for this engine.
    pub(crate) fn load(&self, engine: &Engine, digest: &str) -> Option<Component> {
        let name = name(engine, digest);
        let mut bytes = match fs::read(self.folder.join(&name)) {
            Ok(bytes) => bytes,
            Err(error) => {
                if error.kind() != io::ErrorKind::NotFound {
                    tracing::warn!(%error, file = %name, "a compiled component cannot be read; it is compiled again");
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
        // SAFETY: the bytes are what `Component::serialize` gave: the code over them is made with a key that only this user
        // can read, and it has just been verified. Wasmtime checks version and configuration itself.
        match unsafe { Component::deserialize(engine, &bytes) } {
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

/// The cache's key, made at its first use.
fn key(folder: &Path) -> io::Result<Vec<u8>> {
    let path = folder.join(KEY_FILE);
    match fs::read(&path) {
        Ok(key) if key.len() == KEY_LENGTH && is_private(&path)? => return Ok(key),
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
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

/// Whether nobody else can write here.
#[cfg(unix)]
fn is_private(path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::PermissionsExt as _;
    Ok(fs::metadata(path)?.permissions().mode() & 0o022 == 0)
}

/// Elsewhere the file's code alone is relied upon.
#[cfg(not(unix))]
fn is_private(_: &Path) -> io::Result<bool> {
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embedded;
    use crate::runtime::Runtime;

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
        let connector = runtime.load(embedded::CONNECTOR).unwrap();
        let hit = || cache.load(&runtime.engine, connector.digest()).is_some();
        assert!(hit());
        // Another process has the same key.
        let again = ComponentCache::open(&folder.path().join("cache")).unwrap();
        assert!(again.load(&runtime.engine, connector.digest()).is_some());

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
        assert!(runtime.load(embedded::CONNECTOR).is_ok() && hit(), "compiled and kept again");
        fs::rename(&file, file.with_file_name(file.file_name().unwrap().to_str().unwrap().replacen('a', "b", 1)))
            .unwrap();
        assert!(!hit());
        fs::write(folder.path().join("cache").join(KEY_FILE), [7; KEY_LENGTH]).unwrap();
        fs::write(&file, &sound).unwrap();
        let other = ComponentCache::open(&folder.path().join("cache")).unwrap();
        assert!(other.load(&runtime.engine, connector.digest()).is_none(), "another key");
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_that_others_can_write_is_refused() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
        let error = ComponentCache::open(folder.path()).unwrap_err().to_string();
        assert!(error.contains("chmod 700"), "{error}");
    }
}
