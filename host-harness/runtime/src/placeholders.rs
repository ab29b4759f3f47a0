//! Placeholders: the texts that stand for secrets in a sandbox.
//!
//! One is `sk0` and 40 more ASCII letters and digits from the operating system's random numbers, so that it can't be guessed (238 bits)
//! and no writer of JSON, XML or forms changes it. It is valid for one job, and tells nothing of the value, not even its length.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use memchr::memmem;
use ring::rand::{SecureRandom as _, SystemRandom};

use super::secrets::Secret;

/// What every placeholder begins with.
const START: &[u8] = b"sk0";
/// The length of every placeholder.
const LENGTH: usize = 43;
/// Most values that a job may take from answers. A sign-in brings one or two, and a job seldom signs in twice.
const MOST_TAKEN: usize = 64;
const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// What a placeholder stands for.
pub(crate) struct Held {
    /// The placeholder itself.
    pub(crate) placeholder: String,
    /// The secret's name in the declaration.
    pub(crate) name: String,
    /// What is put in.
    pub(crate) value: Secret,
    /// What it is of the secret.
    pub(crate) kind: Kind,
}

/// What is put in for a placeholder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The value of a setting.
    Setting,
    /// A user's new password, and the user's id.
    NewPassword(String),
    /// A value that an answer brought.
    Taken,
    /// A setting's value with a username before it.
    Basic,
    /// A token that a setting's value has signed.
    Jwt(Claims),
}

/// The claims of a token that uses are bounded by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Claims {
    pub(crate) issuer: String,
    pub(crate) subject: String,
    pub(crate) audience: String,
    /// Seconds since 1970.
    pub(crate) expires: u64,
}

/// The placeholders of one job.
#[derive(Default)]
pub(crate) struct Placeholders {
    held: HashMap<String, Arc<Held>>,
}

/// There is no room for another placeholder.
pub(crate) struct Full;

impl Placeholders {
    /// Makes a placeholder for a value; at most `most` are held at once.
    pub(crate) fn mint(&mut self, name: &str, value: &Secret, kind: Kind, most: usize) -> Result<String, Full> {
        if self.held.len() >= most {
            return Err(Full);
        }
        let placeholder = fresh();
        let held = Held { placeholder: placeholder.clone(), name: name.to_owned(), value: value.clone(), kind };
        self.held.insert(placeholder.clone(), Arc::new(held));
        Ok(placeholder)
    }

    /// The placeholder of a value that was taken before, or a new one.
    pub(crate) fn mint_taken(&mut self, name: &str, value: &Secret, most: usize) -> Result<String, Full> {
        let same = |held: &Held| held.kind == Kind::Taken && held.name == name && held.value.expose() == value.expose();
        if let Some(held) = self.held.values().find(|held| same(held)) {
            return Ok(held.placeholder.clone());
        }
        // Every answer is searched for each of them.
        self.mint(name, value, Kind::Taken, most).and_then(|minted| match self.taken().count() > MOST_TAKEN {
            true => Err(Full),
            false => Ok(minted),
        })
    }

    /// Forgets users' new passwords, once the call that was given them is over.
    pub(crate) fn forget_passwords(&mut self) {
        self.held.retain(|_, held| !matches!(held.kind, Kind::NewPassword(_)));
    }

    /// What this text stands for, which is a placeholder and nothing else.
    pub(crate) fn get(&self, text: &str) -> Option<Arc<Held>> {
        self.held.get(text).cloned()
    }

    /// The taken values.
    pub(crate) fn taken(&self) -> impl Iterator<Item = &Held> {
        self.held.values().map(AsRef::as_ref).filter(|held| held.kind == Kind::Taken)
    }

    /// The placeholders in `text`, in order.
    pub(crate) fn find(&self, text: &[u8]) -> Vec<(Range<usize>, Arc<Held>)> {
        let mut found: Vec<(Range<usize>, Arc<Held>)> = Vec::new();
        for at in memmem::find_iter(text, START) {
            let range = at..at + LENGTH;
            let placeholder = text.get(range.clone()).and_then(|bytes| str::from_utf8(bytes).ok());
            if let Some(held) = placeholder.and_then(|placeholder| self.held.get(placeholder)) {
                found.push((range, Arc::clone(held)));
            }
        }
        found
    }

    /// `text` with the values in the place of their placeholders.
    pub(crate) fn filled(&self, text: &str) -> String {
        let mut filled = String::with_capacity(text.len());
        let mut from = 0;
        for (range, held) in self.find(text.as_bytes()) {
            filled.push_str(&text[from..range.start]);
            filled.push_str(held.value.expose());
            from = range.end;
        }
        filled.push_str(&text[from..]);
        filled
    }

    /// `text` with each placeholder as `{{name}}`: as people, logs and recordings see it.
    pub(crate) fn named<'a>(&self, text: &'a [u8]) -> Cow<'a, [u8]> {
        let found = self.find(text);
        if found.is_empty() {
            return Cow::Borrowed(text);
        }
        let mut named = Vec::with_capacity(text.len());
        let mut from = 0;
        for (range, held) in found {
            named.extend_from_slice(&text[from..range.start]);
            named.extend_from_slice(format!("{{{{{}}}}}", held.name).as_bytes());
            from = range.end;
        }
        named.extend_from_slice(&text[from..]);
        Cow::Owned(named)
    }

    /// As [`Placeholders::named`], of a text.
    pub(crate) fn named_text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        match self.named(text.as_bytes()) {
            Cow::Borrowed(_) => Cow::Borrowed(text),
            Cow::Owned(named) => Cow::Owned(String::from_utf8_lossy(&named).into_owned()),
        }
    }
}

/// A placeholder that stands for nothing yet.
fn fresh() -> String {
    let mut text = String::with_capacity(LENGTH);
    text.push_str("sk0");
    let random = SystemRandom::new();
    let mut bytes = [0; 64];
    while text.len() < LENGTH {
        // Without random numbers from the operating system nothing here is safe, TLS included.
        assert!(random.fill(&mut bytes).is_ok(), "the operating system gives no random numbers");
        // 248 is the largest multiple of 62 in a byte: what is above it would make some letters likelier.
        let letters =
            bytes.iter().filter(|byte| **byte < 248).map(|byte| char::from(ALPHABET[usize::from(*byte) % 62]));
        text.extend(letters.take(LENGTH - text.len()));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minted(placeholders: &mut Placeholders, name: &str, value: &str) -> String {
        placeholders.mint(name, &Secret::new(value.to_owned()), Kind::Setting, 10).ok().unwrap()
    }

    #[test]
    fn a_placeholder_is_letters_and_digits_of_one_length_and_never_the_same() {
        let mut placeholders = Placeholders::default();
        let (one, other) = (minted(&mut placeholders, "a", "x"), minted(&mut placeholders, "a", "a much longer value"));
        assert_ne!(one, other);
        for text in [one, other] {
            assert_eq!(text.len(), LENGTH);
            assert!(text.starts_with("sk0") && text.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{text}");
        }
    }

    #[test]
    fn only_what_was_minted_is_found() {
        let mut placeholders = Placeholders::default();
        let (one, other) = (minted(&mut placeholders, "a", "1"), minted(&mut placeholders, "b", "2"));
        let text = format!("sk0{one}{other}, sk0 and {}", "sk0".repeat(20));
        assert_eq!(placeholders.filled(&text), format!("sk012, sk0 and {}", "sk0".repeat(20)));
        assert_eq!(placeholders.named_text(&text), format!("sk0{{{{a}}}}{{{{b}}}}, sk0 and {}", "sk0".repeat(20)));
        for changed in [&one[1..], &one[..42], &one.to_uppercase(), &format!("{} ", &one[..42])] {
            assert!(placeholders.find(changed.as_bytes()).is_empty(), "{changed}");
        }
    }

    #[test]
    fn there_is_room_for_so_many() {
        let mut placeholders = Placeholders::default();
        let mut has_room = || placeholders.mint("a", &Secret::new("x".to_owned()), Kind::Setting, 3).is_ok();
        assert_eq!([has_room(), has_room(), has_room(), has_room()], [true, true, true, false]);
    }

    #[test]
    fn what_is_taken_again_keeps_its_placeholder() {
        let mut placeholders = Placeholders::default();
        let mut taken =
            |name: &str, value: &str| placeholders.mint_taken(name, &Secret::new(value.to_owned()), 10).ok().unwrap();
        let first = taken("session", "tok-1");
        assert_eq!(taken("session", "tok-1"), first);
        assert_ne!(taken("session", "tok-2"), first);
        assert_ne!(taken("other", "tok-1"), first);
    }
}
