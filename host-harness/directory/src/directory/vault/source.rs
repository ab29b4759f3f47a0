//! Where the key comes from.

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::super::DirectoryError;
use super::super::folder::{self, KEY};
use super::key::{KEY_BYTES, Key};
use provisioning_runtime::own_files;

/// The variable that may hold the key.
const VARIABLE: &str = "PROVISIONING_KEY";
/// The option whose command prints the key.
const COMMAND: &str = "--key-command";
/// How long a command may take to print the key.
const COMMAND_TIME: Duration = Duration::from_secs(30);
/// The most bytes of what a command prints that are looked at.
const LONGEST: u64 = 4_096;
/// The name of the file of a key that is taking another one's place.
const NEXT: &str = "key.new";

/// Where a key comes from, and comes from again when it has changed.
#[derive(Clone, Debug)]
pub(super) enum Source {
    /// The caller, who alone knows it.
    Given,
    /// The variable.
    Environment,
    /// A file that only its owner may read, in this folder.
    Folder(PathBuf),
    /// What this command line of a shell prints.
    Command(String),
}

impl Source {
    /// The variable if it is set, and otherwise the folder's file.
    pub(super) fn of(folder: &Path) -> Self {
        match std::env::var_os(VARIABLE) {
            Some(_) => Self::Environment,
            None => Self::Folder(folder.to_owned()),
        }
    }

    /// The key, and the one that is taking its place if there is one. A file that isn't there is made.
    pub(super) fn read(&self) -> Result<(Option<Key>, Option<Key>), DirectoryError> {
        Ok(match self {
            Self::Given => (None, None),
            Self::Environment => {
                let text = std::env::var(VARIABLE)
                    .map(Zeroizing::new)
                    .map_err(|_| unusable(VARIABLE, "it isn't set, or it is not UTF-8; write it in base64"))?;
                (Some(from_base64(&text, VARIABLE)?), None)
            }
            Self::Command(line) => (Some(from_base64(&printed(line, COMMAND_TIME)?, COMMAND)?), None),
            Self::Folder(folder) => {
                let key = from_file(&folder.join(KEY), true)?;
                (key, from_file(&folder.join(NEXT), false)?)
            }
        })
    }

    /// Keeps a key beside the present one until it takes its place. Does nothing if the key isn't in a folder.
    pub(super) fn keep_next(&self, key: &Key) -> Result<(), DirectoryError> {
        let Self::Folder(folder) = self else { return Ok(()) };
        let path = folder.join(NEXT);
        let failed = |error: std::io::Error| unusable(&path.display().to_string(), &error.to_string());
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
        let mut file = folder::create_private(&path).map_err(failed)?;
        let text = Zeroizing::new(STANDARD.encode(key.bytes()));
        file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)
    }

    /// Puts the key that was kept beside the present one in its place.
    pub(super) fn promote_next(&self) -> Result<(), DirectoryError> {
        let Self::Folder(folder) = self else { return Ok(()) };
        let (from, to) = (folder.join(NEXT), folder.join(KEY));
        match std::fs::rename(&from, &to) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(unusable(&from.display().to_string(), &error.to_string()))
            }
            _ => Ok(()),
        }
    }

    /// Whether the key is a file that isn't there.
    pub(super) fn is_missing(&self) -> bool {
        matches!(self, Self::Folder(folder) if !folder.join(KEY).exists())
    }

    /// Removes the file of a key, unless another one is in it by now.
    pub(super) fn remove(&self, key: &Key) {
        let Self::Folder(folder) = self else { return };
        let path = folder.join(KEY);
        let holds = from_file(&path, false).ok().flatten().is_some_and(|found| found.id() == key.id());
        if holds && let Err(error) = std::fs::remove_file(&path) {
            tracing::warn!(path = %path.display(), %error, "a key that nothing is sealed with is left");
        }
    }

    /// The place, for errors.
    pub(super) fn place(&self) -> String {
        match self {
            Self::Given => "memory".to_owned(),
            Self::Environment => VARIABLE.to_owned(),
            Self::Command(_) => COMMAND.to_owned(),
            Self::Folder(folder) => folder.join(KEY).display().to_string(),
        }
    }
}

/// A key of 32 bytes in base64 (RFC 4648 §4); `place` is named in errors.
pub(super) fn from_base64(text: &str, place: &str) -> Result<Key, DirectoryError> {
    let refused = "it must be 32 random bytes in base64, such as `head -c 32 /dev/urandom | base64` gives";
    let bytes = Zeroizing::new(STANDARD.decode(text.trim()).map_err(|_| unusable(place, refused))?);
    Key::new(&bytes).ok_or_else(|| unusable(place, refused))
}

/// The key in a file that only its owner may read. One that isn't there is made if `make` says so.
pub(super) fn from_file(path: &Path, make: bool) -> Result<Option<Key>, DirectoryError> {
    let place = path.display().to_string();
    let read_error = |error: std::io::Error| unusable(&place, &format!("{error}; restore it from a backup"));
    if make {
        match folder::create_private(path) {
            Ok(mut file) => {
                let key = Key::random()?;
                let text = Zeroizing::new(STANDARD.encode(key.bytes()));
                file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(read_error)?;
                return Ok(Some(key));
            }
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(unusable(&place, &error.to_string())),
        }
    }
    let file = match std::fs::File::open(path) {
        Ok(file) => file,
        Err(error) if !make && error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(read_error(error)),
    };
    own_files::check_owner(path, &file).map_err(|reason| {
        unusable(&place, &format!("{reason}, who knows it; use a key of your own, or `chown` it if it is yours"))
    })?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = file.metadata().map_err(read_error)?.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(DirectoryError::KeyExposed { path: path.to_owned(), mode });
        }
    }
    // A key has 44 characters; room for more would be moved, and left behind.
    let mut text = Zeroizing::new(String::with_capacity(2 * KEY_BYTES));
    file.take(LONGEST).read_to_string(&mut text).map_err(read_error)?;
    from_base64(&text, &place).map(Some)
}

/// What a command line of a shell prints, such as one that asks a key management service. What it says on standard error goes to ours.
fn printed(line: &str, within: Duration) -> Result<Zeroizing<String>, DirectoryError> {
    let failed = |reason: String| unusable(COMMAND, &reason);
    let mut child = Command::new("/bin/sh")
        .args(["-c", line])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| failed(format!("its command can't be started: {error}")))?;
    let Some(out) = child.stdout.take() else { return Err(failed("its command has no output".to_owned())) };
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut text = Zeroizing::new(String::with_capacity(LONGEST as usize));
        let read = out.take(LONGEST).read_to_string(&mut text);
        // Nobody receives it if the time is over.
        let _ = sender.send(read.map(|_| text));
    });
    let printed = receiver.recv_timeout(within);
    if printed.is_err() {
        // It may have ended by itself just now.
        let _ = child.kill();
    }
    let ended = child.wait().map_err(|error| failed(format!("its command can't be waited for: {error}")))?;
    let text = printed
        .map_err(|_| failed(format!("its command has printed nothing within {} seconds", within.as_secs())))?
        .map_err(|error| failed(format!("what its command prints can't be read: {error}")))?;
    if !ended.success() {
        return Err(failed(format!("its command ended with {ended}; what it said is above")));
    }
    Ok(text)
}

pub(super) fn unusable(place: &str, reason: &str) -> DirectoryError {
    DirectoryError::Key { place: place.to_owned(), reason: reason.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_prints_the_key_or_its_failure_is_a_sentence() {
        let key = Key::random().unwrap();
        let line = format!("echo {}", STANDARD.encode(key.bytes()));
        let (read, _) = Source::Command(line).read().unwrap();
        assert_eq!(read.unwrap().id(), key.id());
        for (line, says) in [
            ("exit 3", "its command ended with exit status: 3"),
            ("echo hunter2", "it must be 32 random bytes in base64"),
            ("/nonexistent/kms", "its command ended with exit status: 127"),
        ] {
            let error = Source::Command(line.to_owned()).read().err().unwrap().to_string();
            assert!(error.contains("the key in --key-command cannot be used") && error.contains(says), "{error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
        let error = printed("exec sleep 600", Duration::from_millis(50)).unwrap_err().to_string();
        assert!(error.contains("has printed nothing within 0 seconds"), "{error}");
    }
}
