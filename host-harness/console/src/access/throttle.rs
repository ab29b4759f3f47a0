//! How often somebody may guess a password.
//!
//! Failures are counted for a name, wherever they come from, and for a name from one place; after a few of them the next try has to
//! wait, twice as long each time. A browser that has signed in with the name before is counted by itself, so that strangers keep
//! nobody out ([`device`](super::device)). A place by itself is never made to wait for longer than a moment: a proxy or a company
//! makes many people come from one.

use std::net::IpAddr;
use std::time::Duration;

use provisioning_directory::{Actor, Directory, DirectoryError, SignInFailures, Timestamp};
use provisioning_http::Origin;

/// Failures that cost nothing, for a name from a place, and for a browser that is known.
const FREE: u32 = 5;
/// Failures that cost nothing, for a name from all places.
const FREE_OF_NAME: u32 = 10;
/// Failures that cost nothing, for a place.
const FREE_OF_PLACE: u32 = 30;
/// The longest wait for a name from a place, and for a browser.
const LONGEST: Duration = Duration::from_secs(15 * 60);
/// The longest wait for a name: 1,440 guesses a day from all the world, at a password of 15 characters.
const LONGEST_OF_NAME: Duration = Duration::from_secs(60);
/// The longest pause before a try from a place with many failures is looked at.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
#[derive(Clone, Debug, PartialEq, Eq)]
enum Key {
    Place(Origin),
    NameFrom(Origin, String),
    Name(String),
    Browser(String),
}

impl Key {
    /// By which it is remembered.
    fn text(&self) -> String {
        match self {
            Self::Place(place) => format!("place {place}"),
            Self::NameFrom(place, name) => format!("from {place} {name}"),
            Self::Name(name) => format!("name {name}"),
            Self::Browser(browser) => format!("browser {browser}"),
        }
    }
}

/// A try to sign in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Try<'a> {
    /// Where it comes from.
    pub(crate) address: IpAddr,
    pub(crate) name: &'a str,
    /// The browser, if it has signed in with the name before.
    pub(crate) browser: Option<&'a str>,
}

impl Try<'_> {
    /// What it is counted by, with the failures that cost nothing, and the longest wait.
    fn keys(&self) -> Vec<(Key, u32, Duration)> {
        if let Some(browser) = self.browser {
            return vec![(Key::Browser(browser.to_owned()), FREE, LONGEST)];
        }
        let name: String = self.name.to_lowercase().chars().take(64).collect();
        let place = Origin::of(self.address);
        vec![
            (Key::NameFrom(place, name.clone()), FREE, LONGEST),
            (Key::Name(name), FREE_OF_NAME, LONGEST_OF_NAME),
            (Key::Place(place), FREE_OF_PLACE, Duration::ZERO),
        ]
    }
}

/// Failures to sign in, which all hosts of the directory count together.
pub(crate) struct Throttle {
    directory: Directory,
}

impl Throttle {
    pub(crate) fn of(directory: &Directory) -> Self {
        Self { directory: directory.clone() }
    }

    /// How long the next try has to wait. Returns `None` if it may be made.
    pub(crate) fn wait(&self, one: Try<'_>, now: Timestamp) -> Result<Option<Duration>, DirectoryError> {
        self.directory.read(|view| {
            let mut longest = Duration::ZERO;
            for (key, ..) in one.keys() {
                let until = view.sign_in_failures(&key.text())?.map(|failures| failures.until.since(now));
                longest = longest.max(until.unwrap_or_default());
            }
            Ok(Some(longest).filter(|wait| !wait.is_zero()))
        })
    }

    /// How long to pause before a try is looked at: a tenth of a second more for each failure from its place.
    pub(crate) fn pause(&self, one: Try<'_>) -> Result<Duration, DirectoryError> {
        if one.browser.is_some() {
            return Ok(Duration::ZERO);
        }
        let place = Key::Place(Origin::of(one.address)).text();
        let failures = self.directory.read(|view| view.sign_in_failures(&place))?;
        let over = failures.map_or(0, |failures| failures.count).saturating_sub(FREE_OF_PLACE);
        Ok((over.min(1_000) * Duration::from_millis(100)).min(LONGEST_PAUSE))
    }

    /// Notes a failure.
    pub(crate) fn fail(&self, one: Try<'_>, now: Timestamp) -> Result<(), DirectoryError> {
        self.directory.write(&actor(), |change| {
            for (key, free, longest) in one.keys() {
                change.add_sign_in_failure(&key.text(), |before| {
                    // Somebody who has left it alone for the longest wait starts anew.
                    let before = before.filter(|one| now.since(one.until) <= LONGEST);
                    let count = before.map_or(0, |one| one.count).saturating_add(1);
                    let over = count.saturating_sub(free);
                    let wait =
                        if over == 0 { Duration::ZERO } else { Duration::from_secs(1 << over.min(10)).min(longest) };
                    SignInFailures { count, until: now.after(wait) }
                })?;
            }
            Ok(())
        })
    }

    /// Forgets the failures of a name that has signed in. Those of the place stay: others may be there.
    pub(crate) fn succeed(&self, one: Try<'_>) -> Result<(), DirectoryError> {
        self.directory.write(&actor(), |change| {
            for (key, ..) in one.keys() {
                if !matches!(key, Key::Place(_)) {
                    change.forget_sign_in_failures(&key.text())?;
                }
            }
            Ok(())
        })
    }
}

fn actor() -> Actor {
    Actor::new("console")
}

#[cfg(test)]
mod tests;
