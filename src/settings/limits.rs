//! How far a job may go: which users it reads, and how much of the organisation's allowance it leaves.

use super::{Reader, USER_TYPES, names};

/// Requests that go side by side where the settings don't say.
const REQUESTS_IN_FLIGHT: usize = 8;

/// Most requests that may go side by side. Salesforce lets an organization have 25 under way that take 20 seconds or longer (H).
const MOST_REQUESTS_IN_FLIGHT: usize = 25;

/// API requests of the organisation's day that a job leaves for others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reserve {
    /// So many.
    Calls(u64),
    /// So many of each hundred.
    Percent(u8),
}

impl Default for Reserve {
    /// A job that goes wrong should not stop the organisation's other integrations.
    fn default() -> Self {
        Self::Percent(5)
    }
}

impl Reserve {
    /// Of an allowance of `limit` requests, how many are left for others.
    pub fn of(self, limit: u64) -> u64 {
        match self {
            Self::Calls(calls) => calls,
            Self::Percent(percent) => (limit / 100).saturating_mul(u64::from(percent)),
        }
    }
}

impl Reader {
    pub(super) fn api_reserve(&mut self) -> Option<Reserve> {
        let Some(value) = self.optional(names::API_RESERVE) else { return Some(Reserve::default()) };
        let reserve = match value.strip_suffix('%') {
            Some(percent) => percent.trim().parse().ok().filter(|percent| *percent < 100).map(Reserve::Percent),
            None => value.parse().ok().map(Reserve::Calls),
        };
        if reserve.is_none() {
            let name = names::API_RESERVE;
            self.problem(name, format!("{name} is neither a number of requests nor a percentage below 100%"));
        }
        reserve
    }

    pub(super) fn requests_in_flight(&mut self) -> Option<usize> {
        let name = names::REQUESTS_IN_FLIGHT;
        let Some(value) = self.optional(name) else { return Some(REQUESTS_IN_FLIGHT) };
        let number = value.parse().ok().filter(|number| (1..=MOST_REQUESTS_IN_FLIGHT).contains(number));
        if number.is_none() {
            self.problem(name, format!("{name} isn't a number from 1 to {MOST_REQUESTS_IN_FLIGHT}"));
        }
        number
    }

    pub(super) fn user_types(&mut self) -> Option<Vec<&'static str>> {
        let Some(value) = self.optional(names::USER_TYPES) else {
            return Some(USER_TYPES.map(|(_, user_type)| user_type).to_vec());
        };
        let asked: Vec<&str> = value.split(',').map(str::trim).filter(|one| !one.is_empty()).collect();
        let is = |one: &str, (name, user_type): (&str, &str)| {
            one.eq_ignore_ascii_case(name) || one.eq_ignore_ascii_case(user_type)
        };
        if asked.is_empty() || !asked.iter().all(|one| USER_TYPES.iter().any(|known| is(one, *known))) {
            let (name, known) = (names::USER_TYPES, USER_TYPES.map(|(name, _)| name).join(", "));
            self.problem(name, format!("{name} names a kind of users other than {known}"));
            return None;
        }
        let chosen = USER_TYPES.iter().filter(|known| asked.iter().any(|one| is(one, **known)));
        Some(chosen.map(|(_, user_type)| *user_type).collect())
    }
}
