//! Hearing of what others have done, for whoever would otherwise look again and again.

use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use super::database::Database;
use super::{Directory, Word};

/// Hears what is kept in a database that hosts share ([`Directory::listen`]).
#[derive(Debug)]
pub struct Listener(Option<Receiver<Word>>);

impl Listener {
    /// The next word. Never completes for a data folder, whose processes tell each other nothing.
    ///
    /// # Cancellation
    /// Dropping the future loses no word.
    pub async fn next(&mut self) -> Word {
        let Some(receiver) = &mut self.0 else { return std::future::pending().await };
        match receiver.recv().await {
            Ok(word) => word,
            Err(RecvError::Lagged(_)) => Word::Missed,
            // The directory isn't open any more.
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }
}

impl Directory {
    /// Hears of what is kept from now on, by any host of the same database.
    pub fn listen(&self) -> Listener {
        Listener(match &self.open.database {
            Database::Sqlite(_) => None,
            Database::Postgres(postgres) => Some(postgres.listen()),
        })
    }
}
