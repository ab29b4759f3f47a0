//! What a link of the audit trail covers.
//!
//! Each tenant has a chain, and so has what concerns all. A row's link is an HMAC-SHA-256 over the link of the row before it, the
//! row's place and the digest of its content:
//!
//! ```text
//! digest = SHA-256(salt, person, old, new, result, upstream)
//! link   = HMAC(key, link before, chain, number, time, actor, tenant, action, digest)
//! seal   = HMAC(key, chain, number and link of the last row, number and link of the last pruned row, …)
//! ```
//!
//! The key is derived from the directory's key ([`Vault`](super::super::Vault)), so whoever can write to the database alone can't
//! make a link. Nobody can change, remove, add or move a row, or cut off the first or the last ones, without a link or the seal of
//! the chain's end no longer fitting. The content is covered by its digest alone, so that it can be dropped with its salt when a
//! person is erased: what is left says that there was a row, when, by whom and of what kind, and the chain still fits.
//!
//! What no chain can show is a whole database of an earlier time that was put in the place of this one. Whoever wants to notice that
//! keeps the links that `audit verify` prints somewhere else.

use ring::{digest as hashing, hmac};

use super::super::Timestamp;

/// The action of a row that says that its chain was found broken when it was written.
pub(super) const BROKEN: &str = "audit.broken";

/// The result of a row whose content was erased.
pub(in crate::directory) const ERASED: &str = "erased";

/// The link before the first one.
pub(super) const NOTHING: [u8; 32] = [0; 32];

/// Parts that are covered one after another, each with its length, so that no two lists of parts run together to the same bytes.
struct Parts(Vec<u8>);

impl Parts {
    /// `form` is what they are parts of; another form gets another number.
    fn new(form: &str) -> Self {
        Self(Vec::with_capacity(256)).with(form.as_bytes())
    }

    fn with(mut self, part: &[u8]) -> Self {
        self.0.extend_from_slice(&(part.len() as u64).to_le_bytes());
        self.0.extend_from_slice(part);
        self
    }

    fn with_number(self, number: i64) -> Self {
        self.with(&number.to_le_bytes())
    }

    /// A text that may not be there, which differs from an empty one.
    fn with_text(mut self, text: Option<&str>) -> Self {
        self.0.push(u8::from(text.is_some()));
        self.with(text.unwrap_or_default().as_bytes())
    }

    fn signed(&self, key: &hmac::Key) -> Vec<u8> {
        hmac::sign(key, &self.0).as_ref().to_vec()
    }
}

/// What is dropped when a person is erased.
#[derive(Clone, Copy)]
pub(super) struct Content<'a> {
    pub(super) person: Option<&'a str>,
    pub(super) old: Option<&'a str>,
    pub(super) new: Option<&'a str>,
    pub(super) result: &'a str,
    pub(super) upstream: Option<&'a str>,
}

impl Content<'_> {
    pub(super) fn digest(&self, salt: &[u8]) -> Vec<u8> {
        let parts = Parts::new("provisioning-audit-content/1")
            .with(salt)
            .with_text(self.person)
            .with_text(self.old)
            .with_text(self.new)
            .with_text(Some(self.result))
            .with_text(self.upstream);
        hashing::digest(&hashing::SHA256, &parts.0).as_ref().to_vec()
    }

    /// Whether it is what erasing leaves.
    pub(super) fn is_erased(&self) -> bool {
        let texts = [self.person, self.old, self.new, self.upstream];
        texts.iter().all(Option::is_none) && self.result == ERASED
    }
}

/// What stays of a row for as long as the row does.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) chain: &'a str,
    pub(super) seq: i64,
    pub(super) at: Timestamp,
    pub(super) actor: &'a str,
    pub(super) tenant: Option<&'a str>,
    pub(super) action: &'a str,
}

impl Place<'_> {
    pub(super) fn link(&self, key: &hmac::Key, before: &[u8], digest: &[u8]) -> Vec<u8> {
        Parts::new("provisioning-audit-link/1")
            .with(before)
            .with(self.chain.as_bytes())
            .with_number(self.seq)
            .with_number(self.at.millis())
            .with_text(Some(self.actor))
            .with_text(self.tenant)
            .with_text(Some(self.action))
            .with(digest)
            .signed(key)
    }
}

/// The end of a chain.
#[derive(Clone)]
pub(super) struct Head {
    pub(super) name: String,
    pub(super) seq: i64,
    pub(super) link: Vec<u8>,
    pub(super) pruned: i64,
    pub(super) anchor: Vec<u8>,
    pub(super) others: i64,
    pub(super) adopting: bool,
    pub(super) key_id: String,
    pub(super) seal: Vec<u8>,
}

impl Head {
    pub(super) fn new(name: &str, key_id: String) -> Self {
        Self {
            name: name.to_owned(),
            seq: 0,
            link: NOTHING.to_vec(),
            pruned: 0,
            anchor: NOTHING.to_vec(),
            others: 0,
            adopting: false,
            key_id,
            seal: Vec::new(),
        }
    }

    pub(super) fn sealed(&self, key: &hmac::Key) -> Vec<u8> {
        self.parts().signed(key)
    }

    pub(super) fn fits_seal(&self, key: &hmac::Key) -> bool {
        hmac::verify(key, &self.parts().0, &self.seal).is_ok()
    }

    fn parts(&self) -> Parts {
        Parts::new("provisioning-audit-head/1")
            .with(self.name.as_bytes())
            .with_number(self.seq)
            .with(&self.link)
            .with_number(self.pruned)
            .with(&self.anchor)
            .with_number(self.others)
            .with_number(i64::from(self.adopting))
            .with(self.key_id.as_bytes())
    }
}
