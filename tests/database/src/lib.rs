//! The PostgreSQL server that tests are to be on, if `PROVISIONING_TEST_POSTGRES` names one (`scripts/postgres.sh` does).
//!
//! Tests run side by side on one server: each folder that would otherwise hold a directory has a schema of its own there.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "it is for tests")]

use std::fmt::Write as _;
use std::path::Path;

use tokio_postgres::{Client, Config, NoTls};

/// The server's URL, if there is one.
#[must_use]
pub fn server() -> Option<String> {
    std::env::var("PROVISIONING_TEST_POSTGRES").ok()
}

/// The URL of the schema that a folder has for itself, which is created if it isn't there. Returns `None` if no server is named.
///
/// # Panics
/// If the server doesn't let it be created.
#[must_use]
pub fn of(folder: &Path) -> Option<String> {
    let server = server()?;
    let digest = ring::digest::digest(&ring::digest::SHA256, folder.as_os_str().as_encoded_bytes());
    let mut schema = "t".to_owned();
    digest.as_ref()[..12].iter().for_each(|byte| write!(schema, "{byte:02x}").unwrap());
    run(&server, format!("CREATE SCHEMA IF NOT EXISTS {schema}"));
    Some(format!("{server}&options=-csearch_path%3D{schema}"))
}

/// Runs statements without results.
///
/// # Panics
/// If one fails.
pub fn run(url: &str, statements: impl Into<String>) {
    let statements = statements.into();
    with(url, async move |client| client.batch_execute(&statements).await).unwrap();
}

/// Runs `work` with a connection of its own, whatever executor the caller is in.
///
/// # Errors
/// Those of `work`.
///
/// # Panics
/// If the server cannot be reached.
pub fn with<T: Send + 'static, W>(url: &str, work: W) -> Result<T, tokio_postgres::Error>
where
    W: AsyncFnOnce(&Client) -> Result<T, tokio_postgres::Error> + Send + 'static,
{
    let config: Config = url.parse().unwrap();
    let executor = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let asked = std::thread::spawn(move || {
        executor().block_on(async move {
            let (client, connection) = config.connect(NoTls).await?;
            tokio::spawn(connection);
            work(&client).await
        })
    });
    asked.join().unwrap()
}
