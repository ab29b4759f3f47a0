//! What the consoles of one directory share, so that it doesn't matter which host a browser asks: who may sign in, who has, who has
//! failed to, and what waits for a browser's next request.

mod admins;
mod failures;
mod sessions;
mod shelf;

pub use failures::SignInFailures;
pub use sessions::{ConsoleSession, SESSION_IDLE, SESSION_LIFE};
pub use shelf::ShelfKind;

use super::database::params;
use super::{Directory, DirectoryError, ReadTransaction};

impl ReadTransaction<'_> {
    /// A short name that distinguishes this directory from others, such as in the names of cookies. It is no secret, and every host of
    /// the directory has the same.
    ///
    /// # Errors
    /// The database's.
    pub fn directory_name(&self) -> Result<String, DirectoryError> {
        self.db.prepare_cached("SELECT name FROM directory_name LIMIT 1")?.query_row(params![], |row| row.get(0))
    }
}

impl Directory {
    /// A key for signing what goes to browsers, which every host with the key of this directory's secrets has. Another one takes its
    /// place when that key is rotated.
    pub fn browser_key(&self) -> ring::hmac::Key {
        self.open.vault.browser_key()
    }
}
