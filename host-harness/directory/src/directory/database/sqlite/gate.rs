//! Turns of the processes that write to one data folder.
//!
//! SQLite has no queue: a process that finds the file locked looks again after ever longer pauses, so one that ends a transaction and
//! begins the next keeps all others out for seconds. Two locked files in front of it are a turnstile: whoever wants to write
//! waits in the first, goes on to the second, and frees the first once it is there. A process that has just written finds the
//! one that waited before it in the turnstile, and comes after it. The operating system frees both, whatever ends a process.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::directory::{BUSY, DirectoryError, folder};

/// Between two looks at a lock that another process holds. The system's own waiting would have no end.
const LOOK: Duration = Duration::from_millis(1);

/// The place where processes take turns.
#[derive(Debug)]
pub(super) struct Gate {
    folder: PathBuf,
    turnstile: File,
    access: File,
}

/// The right to write, until it is dropped.
#[derive(Debug)]
pub(super) struct Pass<'a>(&'a File);

impl Gate {
    /// The gate of a data folder.
    pub(super) fn open(data: &Path) -> Result<Self, DirectoryError> {
        let open = |name: &str| {
            let path = data.join(folder::LOCKS).join(name);
            OpenOptions::new().write(true).create(true).truncate(false).open(path).map_err(folder::failed(data))
        };
        Ok(Self { folder: data.to_owned(), turnstile: open("next")?, access: open("access")? })
    }

    /// Waits for the right to write.
    ///
    /// # Errors
    /// When others have it for longer than [`BUSY`], or the folder's files cannot be locked.
    pub(super) fn enter(&self) -> Result<Pass<'_>, DirectoryError> {
        let until = Instant::now() + BUSY;
        let _turnstile = self.wait(&self.turnstile, until)?;
        self.wait(&self.access, until)
    }

    /// Whether another process waits for the right to write, or cannot be seen not to.
    pub(super) fn is_waited_at(&self) -> bool {
        self.turnstile.try_lock().map(|()| Pass(&self.turnstile)).is_err()
    }

    fn wait<'a>(&self, file: &'a File, until: Instant) -> Result<Pass<'a>, DirectoryError> {
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Pass(file)),
                Err(TryLockError::Error(reason)) => return Err(folder::failed(&self.folder)(reason)),
                Err(TryLockError::WouldBlock) if Instant::now() >= until => {
                    return Err(DirectoryError::Busy { seconds: BUSY.as_secs() });
                }
                Err(TryLockError::WouldBlock) => sleep(LOOK),
            }
        }
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        if let Err(error) = self.0.unlock() {
            tracing::error!(%error, "a lock of the data folder could not be given back; other processes wait until this one ends");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
    use std::sync::{Arc, mpsc};

    use super::*;

    /// As another process has it: files that are opened anew are locked apart.
    fn gate(folder: &tempfile::TempDir) -> Gate {
        folder::prepare(folder.path()).unwrap();
        Gate::open(folder.path()).unwrap()
    }

    #[test]
    fn who_has_the_right_to_write_sees_whether_another_waits_for_it() {
        let folder = tempfile::tempdir().unwrap();
        let (one, other) = (gate(&folder), gate(&folder));
        let _pass = one.enter().unwrap();
        assert!(!one.is_waited_at() && !one.is_waited_at());
        let waiting = other.wait(&other.turnstile, Instant::now() + BUSY).unwrap();
        assert!(one.is_waited_at());
        drop(waiting);
        assert!(!one.is_waited_at());
    }

    #[test]
    fn who_writes_again_and_again_comes_after_who_waits() {
        let folder = tempfile::tempdir().unwrap();
        let (greedy, modest) = (gate(&folder), gate(&folder));
        let (turns, stop) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicBool::new(false)));
        let (counted, stopped) = (Arc::clone(&turns), Arc::clone(&stop));
        let (begun, has_begun) = mpsc::channel();
        let writer = std::thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                let _pass = greedy.enter().unwrap();
                counted.fetch_add(1, Ordering::Relaxed);
                let _ = begun.send(());
                // Work that takes a while; between two turns there is no time at all.
                sleep(LOOK * 20);
            }
        });
        has_begun.recv().unwrap();
        for _ in 0..5 {
            let _turnstile = modest.wait(&modest.turnstile, Instant::now() + BUSY).unwrap();
            let before = turns.load(Ordering::Relaxed);
            let _pass = modest.wait(&modest.access, Instant::now() + BUSY).unwrap();
            assert!(turns.load(Ordering::Relaxed) <= before + 1, "it had to wait for more than the turn under way");
        }
        stop.store(true, Ordering::Relaxed);
        writer.join().unwrap();
    }
}
