//! Things that wait for a browser to fetch them, each under a name that nobody can guess.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::SessionId;
use provisioning_directory::{Actor, Directory, ShelfKind, Timestamp};

/// Things of one kind, kept in the directory. One that can't be kept or read isn't there: nothing depends on it but convenience.
pub(crate) struct Shelf {
    directory: Directory,
    kind: ShelfKind,
}

impl Shelf {
    pub(crate) fn new(directory: &Directory, kind: ShelfKind) -> Self {
        Self { directory: directory.clone(), kind }
    }

    /// Keeps a thing. Returns whether it was kept.
    pub(crate) fn put(&self, name: &SessionId, thing: &impl Serialize) -> bool {
        let written = serde_json::to_vec(thing).map_err(|error| error.to_string()).and_then(|bytes| {
            let put = self.directory.write(&actor(), |change| {
                change.put_on_console_shelf(self.kind, name.as_str(), &bytes, Timestamp::now())
            });
            put.map_err(|error| error.to_string())
        });
        written
            .inspect_err(|error| tracing::warn!(kind = ?self.kind, error, "what waits for a browser wasn't kept"))
            .is_ok()
    }

    /// Keeps a thing under a new name, which it returns. Returns `None` if it wasn't kept.
    pub(crate) fn put_anew(&self, thing: &impl Serialize) -> Option<SessionId> {
        SessionId::random().filter(|name| self.put(name, thing))
    }

    /// A thing, which stays.
    pub(crate) fn get<T: DeserializeOwned>(&self, name: &SessionId) -> Option<T> {
        let found = self.directory.read(|view| view.on_console_shelf(self.kind, name.as_str(), Timestamp::now()));
        let bytes = found
            .inspect_err(|error| tracing::warn!(kind = ?self.kind, %error, "what waits for a browser can't be read"));
        serde_json::from_slice(&bytes.ok()??).ok()
    }

    /// Takes a thing away.
    pub(crate) fn remove(&self, name: &SessionId) {
        let removed = self.directory.write(&actor(), |change| change.take_from_console_shelf(self.kind, name.as_str()));
        if let Err(error) = removed {
            tracing::warn!(kind = ?self.kind, %error, "what waited for a browser waits on");
        }
    }
}

fn actor() -> Actor {
    Actor::new("console")
}
