//! Usernames that deactivated users give up, since usernames are unique in all of Salesforce.

use crate::attributes::is_email;
use crate::salesforce::id::Id;

/// Most characters of a username (H).
const LENGTH: usize = 80;

/// The username that a deactivated user takes: its own id before the one that it had, so that it can be taken back. Of a
/// name that would become too long only the domain is left.
pub(super) fn retired(id: Id, username: &str) -> String {
    let id = id.as_str().to_ascii_lowercase();
    let whole = format!("{id}.{username}");
    let domain = username.rsplit('@').next().unwrap_or_default();
    let short = format!("{id}@{domain}");
    match (whole.len() <= LENGTH, short.len() <= LENGTH) {
        (true, _) => whole,
        (false, true) => short,
        (false, false) => format!("{id}@retired.invalid"),
    }
}

/// Whether a user has taken such a name.
pub(super) fn is_retired(id: Id, username: &str) -> bool {
    let id = id.as_str();
    let parts = username.split_at_checked(id.len());
    parts.is_some_and(|(start, rest)| start.eq_ignore_ascii_case(id) && rest.starts_with(['.', '@']))
}

/// The username from before; none where it cannot be told.
pub(super) fn restored(id: Id, username: &str) -> Option<&str> {
    let rest = username.get(id.as_str().len()..).filter(|_| is_retired(id, username))?;
    rest.strip_prefix('.').filter(|rest| is_email(rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_username_is_given_up_and_taken_back() {
        let id = Id::parse("0055e000001UsrA").unwrap();
        let name = retired(id, "ada@portal.example");
        assert_eq!(name, "0055e000001usraaas.ada@portal.example");
        assert!(is_email(&name) && is_retired(id, &name));
        assert_eq!(restored(id, &name), Some("ada@portal.example"));
        assert!(!is_retired(id, "ada@portal.example"));
        assert_eq!(restored(id, "ada@portal.example"), None);
    }

    #[test]
    fn a_long_username_is_given_up_and_stays_a_username() {
        let id = Id::parse("0055e000001UsrA").unwrap();
        for long in [format!("{}@portal.example", "x".repeat(65)), format!("x@{}.example", "y".repeat(70))] {
            let name = retired(id, &long);
            assert!(name.len() <= LENGTH && is_email(&name) && is_retired(id, &name), "{name}");
            assert_eq!(restored(id, &name), None);
        }
    }
}
