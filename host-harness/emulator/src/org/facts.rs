//! What makes one org differ from another: everything that follows from its seed alone.

use fastrand::Rng;

use super::ids;

/// The org's identity and its administrator's secrets. `Debug` shows no secret.
#[derive(Clone)]
pub(crate) struct Facts {
    /// The number everything else follows from.
    pub(crate) seed: u64,
    /// Two characters that all ids of the org share.
    pub(crate) pod: String,
    /// The organisation's id.
    pub(crate) organization_id: String,
    /// The customer portal's id.
    pub(crate) portal_id: String,
    /// The administrator's user id.
    pub(crate) admin_id: String,
    /// The account that new portal users' contacts go to.
    pub(crate) account_id: String,
    /// The administrator's username.
    pub(crate) admin_username: String,
    /// The administrator's password.
    pub(crate) admin_password: String,
    /// The administrator's security token.
    pub(crate) security_token: String,
    /// The connected app's consumer key.
    pub(crate) client_id: String,
    /// The connected app's consumer secret.
    pub(crate) client_secret: String,
}

impl std::fmt::Debug for Facts {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Facts")
            .field("seed", &self.seed)
            .field("organization_id", &self.organization_id)
            .finish_non_exhaustive()
    }
}

/// Punctuation that XML, JSON and forms must each escape.
const AWKWARD: &[u8] = b"&<>\"'%+=\\/?#;";

fn alphanumeric(rng: &mut Rng, length: usize) -> String {
    (0..length).map(|_| rng.alphanumeric()).collect()
}

/// The password without what a shell would take for something else; what an address must escape stays.
fn plain(password: &str) -> String {
    password.chars().map(|letter| if "&<>\"'\\?#;".contains(letter) { '-' } else { letter }).collect()
}

/// A password that no encoder survives by luck: every character of [`AWKWARD`] that matters, between random ones.
fn password(rng: &mut Rng) -> String {
    let mut letters: Vec<char> = "&<\"%+".chars().collect();
    letters.extend((0..3).map(|_| char::from(AWKWARD[rng.usize(..AWKWARD.len())])));
    letters.extend(alphanumeric(rng, 10).chars());
    rng.shuffle(&mut letters);
    // A letter at each end: leading and trailing punctuation would invite trimming bugs in hand-copied demos; and the
    // policy wants both letters and digits.
    format!("{}{}{}{}", rng.uppercase(), letters.into_iter().collect::<String>(), rng.digit(10), rng.lowercase())
}

impl Facts {
    /// The facts of this seed with a password that needs no quotes in a shell, or with one that needs escapes nearly everywhere;
    /// the same each time.
    #[must_use]
    pub(crate) fn of_seed(seed: u64, plain_password: bool) -> Self {
        let mut rng = Rng::with_seed(seed ^ 0x5f0e_a11e_0d06_f00d);
        let pod = format!("{}{}", rng.uppercase(), rng.lowercase());
        let organization = rng.u64(1..62_u64.pow(8));
        let portal = rng.u64(1..62_u64.pow(6));
        let number = rng.u32(100..1000);
        // A generator of its own, so that the app's secrets move nothing else.
        let mut app = Rng::with_seed(seed ^ 0x0c11_e47a_9900_0a17);
        let shown = if plain_password { plain } else { str::to_owned };
        Self {
            seed,
            organization_id: ids::record_id("00D", &pod, organization),
            portal_id: ids::record_id("060", &pod, portal),
            admin_id: ids::record_id("005", &pod, 1),
            account_id: ids::record_id("001", &pod, 1),
            admin_username: format!(
                "provisioning.admin@org{number}-{}.example.com",
                alphanumeric(&mut rng, 5).to_lowercase()
            ),
            admin_password: shown(&password(&mut rng)),
            security_token: alphanumeric(&mut rng, 24),
            client_id: format!("3MVG9{}", alphanumeric(&mut app, 80)),
            client_secret: (0..64).map(|_| app.digit(16).to_ascii_uppercase()).collect(),
            pod,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_makes_the_same_secrets_and_another_seed_others() {
        let facts = |seed| Facts::of_seed(seed, false);
        assert_eq!(facts(7).admin_password, facts(7).admin_password);
        assert_ne!(facts(7).admin_password, facts(8).admin_password);
        assert_ne!(facts(7).organization_id, facts(8).organization_id);
        assert_eq!(facts(7).security_token, Facts::of_seed(7, true).security_token);
    }

    #[test]
    fn a_plain_password_needs_no_quotes_in_a_shell() {
        for seed in 0..50 {
            let password = Facts::of_seed(seed, true).admin_password;
            assert!(
                password.chars().all(|letter| letter.is_ascii_alphanumeric() || "%+=/-".contains(letter)),
                "{password}"
            );
            assert!(password.starts_with(|first: char| first.is_ascii_alphabetic()), "{password}");
        }
    }

    #[test]
    fn secrets_need_escaping_everywhere_and_are_not_shown() {
        for seed in 0..50 {
            let facts = Facts::of_seed(seed, false);
            assert!(facts.admin_password.len() >= 12);
            assert!("&<\"%+".chars().all(|awkward| facts.admin_password.contains(awkward)));
            let shown = format!("{facts:?}");
            for secret in [&facts.admin_password, &facts.security_token, &facts.client_secret] {
                assert!(!shown.contains(secret));
            }
        }
    }
}
