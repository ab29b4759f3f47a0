//! Connections that only pages read through.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::directory::{Directory, DirectoryError};

/// Pages that read at once; each holds one connection for a few milliseconds.
const CONNECTIONS: usize = 4;

/// A few connections to the directory, used in turn.
pub(crate) struct Readers {
    connections: Vec<Arc<Directory>>,
    turn: AtomicUsize,
}

impl Readers {
    /// Connections to the folder of `directory`.
    ///
    /// # Errors
    /// When it cannot be opened again.
    pub(crate) fn new(directory: &Directory) -> Result<Self, DirectoryError> {
        let connections = (0..CONNECTIONS).map(|_| directory.open_again().map(Arc::new)).collect::<Result<_, _>>()?;
        Ok(Self { connections, turn: AtomicUsize::new(0) })
    }

    /// The connection whose turn it is.
    pub(crate) fn next(&self) -> Arc<Directory> {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        Arc::clone(&self.connections[turn % self.connections.len()])
    }
}
