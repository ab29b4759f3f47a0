//! What a request must be before a page sees it.
//!
//! In this order: it names this console ([`hosts`]); it comes from a page of this console, where it changes something
//! ([`origin`]); it is of bearable size and carries its session's form token ([`submission`]); and somebody is signed in, where
//! somebody has to be ([`sessions`], [`admins`], [`entry`]). Every answer leaves with the headers of [`headers`].

mod admins;
mod afterwards;
mod device;
mod entry;
mod gate;
mod headers;
mod hosts;
mod origin;
mod sessions;
mod shelf;
mod sign_ins;
mod submission;
mod throttle;
mod visitor;

use tokio::sync::Semaphore;

use provisioning_directory::Directory;

pub use admins::{Admins, AdminsError};
pub(crate) use afterwards::{Afterwards, FORM, SEND_AGAIN, in_address};
pub(crate) use entry::{EntryToken, TOKEN};
pub(crate) use gate::{admit, local, method_not_allowed};
pub(crate) use hosts::Hosts;
pub(crate) use sessions::{SessionId, Sessions};
pub(crate) use submission::{Fields, Submission};
pub(crate) use throttle::{Throttle, Try};
pub(crate) use visitor::Visitor;

/// Passwords that are checked at once; each check takes 19 MiB.
const CHECKS: usize = 2;

/// What decides about requests.
pub(crate) struct Access {
    pub(crate) admins: Admins,
    pub(crate) sessions: Sessions,
    pub(crate) throttle: Throttle,
    pub(crate) afterwards: Afterwards,
    pub(crate) checks: Semaphore,
    pub(crate) failures: sign_ins::Failures,
    hosts: Hosts,
    cookie: String,
    device_cookie: String,
    token: EntryToken,
    behind_tls: bool,
    directory: Directory,
}

impl Access {
    /// # Errors
    /// If the directory can't be read.
    #[expect(clippy::redundant_closure_for_method_calls, reason = "the path is not general over the view's lifetime")]
    pub(crate) fn new(
        directory: &Directory,
        hosts: Hosts,
        behind_tls: bool,
        token: EntryToken,
    ) -> Result<Self, AdminsError> {
        // Cookies are shared by all ports of a host; consoles of two directories on one machine must not sign each other out. Those of
        // one directory share what browsers have.
        let name = directory.read(|view| view.directory_name())?;
        let prefix = if behind_tls { "__Host-" } else { "" };
        Ok(Self {
            admins: Admins::of(directory)?,
            sessions: Sessions::of(directory),
            throttle: Throttle::of(directory),
            afterwards: Afterwards::of(directory),
            checks: Semaphore::new(CHECKS),
            failures: sign_ins::Failures::default(),
            hosts,
            cookie: format!("{prefix}console-{name}"),
            device_cookie: format!("{prefix}console-known-{name}"),
            token,
            behind_tls,
            directory: directory.clone(),
        })
    }

    /// Whether only this machine is meant to reach the console, so that its token lets somebody in where there are no admins.
    pub(crate) fn is_private(&self) -> bool {
        self.hosts.is_private() && !self.behind_tls
    }

    /// The form token of a session.
    pub(crate) fn token(&self, session: &SessionId) -> String {
        session.token(&self.directory.browser_key())
    }

    /// Whether `token` is the form token of a session.
    fn has_token(&self, session: &SessionId, token: &str) -> bool {
        session.has_token(&self.directory.browser_key(), token)
    }
}
