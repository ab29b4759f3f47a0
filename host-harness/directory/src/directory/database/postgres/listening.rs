//! What hosts of one database tell each other, as it happens.
//!
//! Triggers tell that a tenant may be due and that tasks have ended (`migrations/0006.sql`); PostgreSQL passes it on once the
//! transaction is kept. One connection of the process listens, from when somebody first wants to know. While it is cut off words are
//! lost, so whoever listens then hears [`Word::Missed`], and looks. Nothing depends on a word: who waits for one looks from time to
//! time as well.

use std::future::poll_fn;
use std::sync::{Arc, Once, Weak};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::broadcast;
use tokio_postgres::{AsyncMessage, Connection};

use super::{Postgres, StoreError, driver};
use crate::directory::TenantId;

/// How long a listener waits after a failure before it connects again, and how often it looks whether anybody still has the database
/// open.
const AGAIN: Duration = Duration::from_secs(1);

/// Words that a slow listener may be behind. One that is further behind has missed some.
const BEHIND: usize = 1_024;

/// What another host, or this one, has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// A tenant may be due.
    Due,
    /// A tenant's tasks have ended.
    Ended(TenantId),
    /// Something that nobody heard; it may be any of these.
    Missed,
}

/// Who listens in this process.
#[derive(Debug)]
pub(super) struct Listening {
    words: broadcast::Sender<Word>,
    begun: Once,
}

impl Default for Listening {
    fn default() -> Self {
        Self { words: broadcast::Sender::new(BEHIND), begun: Once::new() }
    }
}

impl Postgres {
    /// Hears of what is kept from now on.
    pub(in super::super::super) fn listen(self: &Arc<Self>) -> broadcast::Receiver<Word> {
        let receiver = self.listening.words.subscribe();
        self.listening.begun.call_once(|| {
            // Without a driver there would be no connection, and no directory.
            if let Ok(driver) = driver() {
                driver.spawn(listen(Arc::downgrade(self)));
            }
        });
        receiver
    }
}

/// Listens for as long as somebody has the database open.
async fn listen(postgres: Weak<Postgres>) {
    loop {
        let Some(open) = postgres.upgrade() else { return };
        let connected = tokio::time::timeout(super::CONNECT, begin(&open)).await;
        let words = open.listening.words.clone();
        drop(open);
        match connected {
            Ok(Ok(client)) => {
                // Whoever listened before has heard nothing meanwhile. Nobody may listen any more, which is no failure.
                let _ = words.send(Word::Missed);
                while !client.is_closed() && postgres.strong_count() > 0 {
                    tokio::time::sleep(AGAIN).await;
                }
            }
            Ok(Err(error)) => tracing::debug!(%error, "what other hosts do isn't heard; it is looked for"),
            Err(_) => {
                tracing::debug!("what other hosts do isn't heard, since connecting takes too long; it is looked for");
            }
        }
        tokio::time::sleep(AGAIN).await;
    }
}

async fn begin(postgres: &Postgres) -> Result<tokio_postgres::Client, StoreError> {
    let words = postgres.listening.words.clone();
    // A schema has one directory; what those of other schemas say is nothing to this one.
    let (schema_is, schema) = std::sync::mpsc::sync_channel::<String>(1);
    let mut own: Option<String> = None;
    let hears = move |text: &str| {
        if own.is_none() {
            own = schema.try_recv().ok();
        }
        if let (Some(own), Some((word, of))) = (&own, parse(text))
            && own == of
        {
            let _ = words.send(word);
        }
    };
    let client = postgres.connect_alone(hears).await?;
    let row = client.query_one("SELECT current_schema()::text", &[]).await?;
    // The other end lives as long as the connection.
    let _ = schema_is.try_send(row.try_get(0)?);
    client.batch_execute("LISTEN provisioning").await?;
    Ok(client)
}

/// A word and the schema that it is about. Returns `None` for what a newer version may say.
fn parse(text: &str) -> Option<(Word, &str)> {
    let mut parts = text.splitn(3, ' ');
    let (what, tenant, schema) = (parts.next()?, parts.next()?.parse().ok()?, parts.next()?);
    let word = match what {
        "due" => Word::Due,
        "ended" => Word::Ended(TenantId(tenant)),
        _ => return None,
    };
    Some((word, schema))
}

/// Reads and writes a connection until it ends.
pub(super) async fn drive<S, T>(mut connection: Connection<S, T>, mut hears: impl FnMut(&str))
where
    S: AsyncRead + AsyncWrite + Unpin,
    T: AsyncRead + AsyncWrite + Unpin,
{
    while let Some(Ok(message)) = poll_fn(|context| connection.poll_message(context)).await {
        if let AsyncMessage::Notification(told) = message {
            hears(told.payload());
        }
    }
}
