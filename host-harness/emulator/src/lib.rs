//! A Salesforce organization on loopback, with the rules that make real provisioning fail.
//!
//! ```no_run
//! # async fn run() -> Result<(), salesforce_emulator::Error> {
//! use salesforce_emulator::Emulator;
//!
//! let emulator = Emulator::builder().users(1000).seed(7).start().await?;
//! println!("{}", emulator.url());
//! let admins = emulator.query("SELECT Username FROM User WHERE Profile.Name = 'System Administrator'")?;
//! assert_eq!(admins[0]["Username"], emulator.credentials().username.as_str());
//! emulator.shutdown().await;
//! # Ok(())
//! # }
//! ```
//!
//! Inside, from the bottom up: `org` holds the rows, described once by its catalogue; `soql` reads them; `rules` guards
//! every write; `rest` is the REST API without HTTP; `login` decides who may sign in; `http` is the wire.

mod control;
mod emulator;
mod error;
mod exact;
mod faults;
#[doc(hidden)]
pub mod fuzzing;
mod http;
mod journal;
mod login;
mod org;
mod rest;
mod rules;
mod soql;

pub use emulator::{Builder, Connection, Emulator, Error};
pub use faults::{Effect, ErrorBody, Fault, PendingFault, When};
pub use journal::JournalEntry;
pub use org::seats::LicencePool;
pub use org::switches::{AppRefusal, DuplicateRule, Switches, ValidationRule};
