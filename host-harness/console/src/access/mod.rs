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

use ring::error::Unspecified;
use ring::hmac;
use ring::rand::SystemRandom;
use tokio::sync::Semaphore;

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
    /// Of this process, so that form tokens end with it.
    key: hmac::Key,
}

impl Access {
    /// # Errors
    /// When the machine gives no random numbers.
    pub(crate) fn new(
        admins: Admins,
        hosts: Hosts,
        behind_tls: bool,
        port: u16,
        token: EntryToken,
    ) -> Result<Self, Unspecified> {
        // Cookies are shared by all ports of a host; two consoles on one machine must not sign each other out.
        let prefix = if behind_tls { "__Host-" } else { "" };
        Ok(Self {
            admins,
            sessions: Sessions::default(),
            throttle: Throttle::default(),
            afterwards: Afterwards::default(),
            checks: Semaphore::new(CHECKS),
            failures: sign_ins::Failures::default(),
            hosts,
            cookie: format!("{prefix}console-{port}"),
            device_cookie: format!("{prefix}console-known-{port}"),
            token,
            behind_tls,
            key: hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new())?,
        })
    }

    /// Whether only this machine is meant to reach the console, so that its token lets somebody in where there are no admins.
    pub(crate) fn is_private(&self) -> bool {
        self.hosts.is_private() && !self.behind_tls
    }

    /// The form token of a session.
    pub(crate) fn token(&self, session: &SessionId) -> String {
        session.token(&self.key)
    }
}
