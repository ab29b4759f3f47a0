//! How far a job may go: which users it reads, and how much of the organisation's allowance it leaves.

use super::{Reader, USER_TYPES, names};

/// From here on, finding each page anew costs Salesforce more than finding all users once.
const DEFAULT_BULK_THRESHOLD: u64 = 250_000;

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

    pub(super) fn bulk_threshold(&mut self) -> Option<u64> {
        let name = names::BULK_THRESHOLD;
        let threshold = match self.optional(name).map(|value| value.parse::<u64>()) {
            None => DEFAULT_BULK_THRESHOLD,
            Some(Ok(threshold)) => threshold,
            Some(Err(_)) => {
                self.problem(name, format!("{name} is no number of users"));
                return None;
            }
        };
        (threshold > 0).then_some(threshold)
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
