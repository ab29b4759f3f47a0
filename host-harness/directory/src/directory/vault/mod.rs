//! Secrets at rest.
//!
//! ChaCha20-Poly1305 (RFC 8439) by ring, with a random nonce for each sealing. What a secret belongs to is its associated
//! data, so that a sealed secret that is moved to another tenant or name does not open. What is sealed says with which key, so that
//! another key can take its place while work goes on ([`super::keys`]).

mod key;
mod source;

use std::fmt;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

use ring::hmac;

use self::key::Key;
pub(super) use self::key::key_id;
use self::source::Source;
use super::DirectoryError;
use provisioning_runtime::Secret;

/// Seals and opens secrets. During the rotation of a key it has both.
pub struct Vault {
    source: Source,
    keys: RwLock<Keys>,
    /// Whether the key was made just now, since there was none.
    is_new: bool,
}

struct Keys {
    current: Arc<Key>,
    /// Another one that what is sealed is opened with.
    other: Option<Arc<Key>>,
    /// What links of the audit trail were made with under former keys, by their ids.
    former: Vec<(String, hmac::Key)>,
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Vault(***)")
    }
}

impl Vault {
    /// The key of `PROVISIONING_KEY`, or of the folder's key file, which is made where there is neither.
    ///
    /// # Errors
    /// When the key is malformed, cannot be read, or can be read by others.
    pub fn open(folder: &Path) -> Result<Self, DirectoryError> {
        Self::from_source(Source::of(folder))
    }

    /// The key that a command line of a shell prints, such as one that asks a key management service, in base64.
    ///
    /// # Errors
    /// If the command fails, takes longer than 30 seconds, or prints something else.
    pub fn from_command(line: &str) -> Result<Self, DirectoryError> {
        Self::from_source(Source::Command(line.to_owned()))
    }

    /// A key of 32 bytes in base64 (RFC 4648 §4); `place` stands in errors.
    ///
    /// # Errors
    /// When it is none.
    pub fn from_base64(text: &str, place: &str) -> Result<Self, DirectoryError> {
        Ok(Self::of(Source::Given, source::from_base64(text, place)?, None))
    }

    fn from_source(source: Source) -> Result<Self, DirectoryError> {
        let is_new = source.is_missing();
        match source.read()? {
            (Some(key), other) => Ok(Self { is_new, ..Self::of(source, key, other) }),
            (None, _) => Err(source::unusable(&source.place(), "it isn't there")),
        }
    }

    fn of(source: Source, current: Key, other: Option<Key>) -> Self {
        let keys = Keys { current: Arc::new(current), other: other.map(Arc::new), former: Vec::new() };
        Self { source, keys: RwLock::new(keys), is_new: false }
    }

    /// The place of the key, for errors.
    pub(super) fn place(&self) -> String {
        self.source.place()
    }

    /// Takes a key back that was made just now, since the directory needs another one, which somebody may be about to restore.
    pub(super) fn take_back(&self) {
        if self.is_new {
            self.source.remove(&self.current());
        }
    }

    /// The id of the key that is in use.
    pub(super) fn key_id(&self) -> String {
        self.current().id()
    }

    /// What links of the audit trail are made with now.
    pub(super) fn current_audit_key(&self) -> hmac::Key {
        self.current().audit()
    }

    /// What links of the audit trail were made with under a key. Returns `None` if that key isn't known.
    pub(super) fn audit_key(&self, id: &str) -> Option<hmac::Key> {
        if let Some(key) = self.key(id) {
            return Some(key.audit());
        }
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        keys.former.iter().find(|(former, _)| former == id).map(|(_, key)| key.clone())
    }

    /// Whether it can tell what was made with a key of this id.
    pub(super) fn knows(&self, id: &str) -> bool {
        self.audit_key(id).is_some()
    }

    /// Whether it has a key of this id.
    pub(super) fn has(&self, id: &str) -> bool {
        self.key(id).is_some()
    }

    fn current(&self) -> Arc<Key> {
        Arc::clone(&self.keys.read().unwrap_or_else(PoisonError::into_inner).current)
    }

    fn key(&self, id: &str) -> Option<Arc<Key>> {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        std::iter::once(&keys.current).chain(&keys.other).find(|key| key.id() == id).map(Arc::clone)
    }

    /// Has the key of this id be the one in use. Does nothing if it isn't known.
    pub(super) fn use_key(&self, id: &str) {
        let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        if keys.current.id() != id
            && let Some(other) = keys.other.take_if(|other| other.id() == id)
        {
            keys.other = Some(std::mem::replace(&mut keys.current, other));
        }
    }

    fn add(&self, key: Key) {
        let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        if keys.current.id() != key.id() {
            keys.other = Some(Arc::new(key));
        }
    }

    /// Looks for the key again where it comes from, which may have changed.
    pub(super) fn look_again(&self) -> Result<(), DirectoryError> {
        let (key, other) = self.source.read()?;
        other.into_iter().chain(key).for_each(|key| self.add(key));
        Ok(())
    }

    /// Another key for the place of the one in use: `text`, in base64, or one that is made now.
    pub(super) fn new_rotation(&self, text: Option<&Secret>) -> Result<Rotation, DirectoryError> {
        let new = match text {
            Some(text) => source::from_base64(text.expose(), "--new-key")?,
            None => Key::random()?,
        };
        let old = self.current();
        if new.id() == old.id() {
            return Err(source::unusable("--new-key", "it is the one that is in use; make another one"));
        }
        Ok(Rotation {
            old: old.id(),
            new: new.id(),
            new_for_old: old.seal(&["key", &new.id()], new.bytes())?,
            old_for_new: new.seal(&["key", &old.id()], old.bytes())?,
            audit: new.audit(),
            key: new,
        })
    }

    /// Keeps the new key beside the present one if that is in a folder.
    pub(super) fn keep_next(&self, rotation: &Rotation) -> Result<(), DirectoryError> {
        self.source.keep_next(&rotation.key)
    }

    /// Opens a key that is sealed for one that is known, and knows it from then on. Returns whether it did.
    pub(super) fn learn(&self, id: &str, sealed: &[u8]) -> bool {
        let by = key_id(sealed).and_then(|by| self.key(&by));
        let opened = by.and_then(|by| by.open(&["key", id], sealed)).and_then(|bytes| Key::new(&bytes));
        let is_it = opened.as_ref().is_some_and(|key| key.id() == id);
        opened.filter(|_| is_it).into_iter().for_each(|key| self.add(key));
        is_it
    }

    /// What links were made with under a key that is known, sealed for the key in use.
    pub(super) fn seal_audit_key(&self, id: &str) -> Result<Option<Vec<u8>>, DirectoryError> {
        self.key(id).map(|key| self.current().seal(&["audit key", id], key.audit_bytes())).transpose()
    }

    /// Seals again what links were made with under a former key, for the key in use. Returns `None` if it doesn't open.
    pub(super) fn reseal_audit_key(&self, id: &str, sealed: &[u8]) -> Result<Option<Vec<u8>>, DirectoryError> {
        let by = key_id(sealed).and_then(|by| self.key(&by));
        let opened = by.and_then(|by| by.open(&["audit key", id], sealed));
        opened.map(|bytes| self.current().seal(&["audit key", id], &bytes)).transpose()
    }

    /// Knows from then on what links were made with under a former key.
    pub(super) fn learn_audit_key(&self, id: &str, sealed: &[u8]) {
        let by = key_id(sealed).and_then(|by| self.key(&by));
        if let Some(bytes) = by.and_then(|by| by.open(&["audit key", id], sealed)) {
            let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
            keys.former.retain(|(former, _)| former != id);
            keys.former.push((id.to_owned(), hmac::Key::new(hmac::HMAC_SHA256, &bytes)));
        }
    }

    /// Forgets the key that isn't in use any more, and puts the new one in the place of it where it comes from.
    pub(super) fn end_rotation(&self) -> Result<(), DirectoryError> {
        self.keys.write().unwrap_or_else(PoisonError::into_inner).other = None;
        self.source.promote_next()
    }

    /// Whether somebody has to put the new key where the old one comes from.
    pub(super) fn is_kept_elsewhere(&self) -> bool {
        !matches!(self.source, Source::Folder(_))
    }

    /// What signs that which goes to browsers.
    pub(super) fn browser_key(&self) -> hmac::Key {
        self.current().browsers()
    }

    /// Seals bytes that are kept for a while, for an owner. They don't open any more once the key is another.
    pub(super) fn seal_bytes(&self, owner: &[&str], bytes: &[u8]) -> Result<Vec<u8>, DirectoryError> {
        self.current().seal(owner, bytes)
    }

    /// Opens what [`Vault::seal_bytes`] has sealed for the owner. Returns `None` if it doesn't open.
    pub(super) fn open_bytes(&self, owner: &[&str], sealed: &[u8]) -> Option<Vec<u8>> {
        let key = key_id(sealed).and_then(|id| self.key(&id))?;
        key.open(owner, sealed).map(|bytes| bytes.to_vec())
    }

    /// Seals a secret for `tenant` and `name`.
    pub(super) fn seal(&self, tenant: &str, name: &str, secret: &Secret) -> Result<Vec<u8>, DirectoryError> {
        // A tenant's name is compared without case everywhere else, so it is here.
        self.current().seal(&[&tenant.to_lowercase(), name], secret.expose().as_bytes())
    }

    /// Opens what was sealed for `tenant` and `name`.
    pub(super) fn unseal(&self, tenant: &str, name: &str, sealed: &[u8]) -> Result<Secret, DirectoryError> {
        let failed = || DirectoryError::Sealed { tenant: tenant.to_owned(), name: name.to_owned() };
        let keys: Vec<Arc<Key>> = {
            let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
            std::iter::once(&keys.current).chain(&keys.other).map(Arc::clone).collect()
        };
        let owner = [tenant.to_lowercase(), name.to_owned()];
        let open = keys.iter().find_map(|key| key.open(&[&owner[0], &owner[1]], sealed)).ok_or_else(failed)?;
        let open = std::str::from_utf8(&open).map_err(|_| failed())?;
        Ok(Secret::new(open.to_owned()))
    }
}

/// What the directory keeps while one key takes another one's place.
pub(super) struct Rotation {
    pub(super) old: String,
    pub(super) new: String,
    pub(super) new_for_old: Vec<u8>,
    pub(super) old_for_new: Vec<u8>,
    /// What links of the audit trail are made with under the new key.
    pub(super) audit: hmac::Key,
    key: Key,
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    use super::super::folder::KEY;
    use super::*;

    fn vault() -> Vault {
        Vault::from_base64(&STANDARD.encode([7; 32]), "test").unwrap()
    }

    #[test]
    fn a_secret_opens_only_where_it_belongs_and_with_its_key() {
        let secret = Secret::new("hunter2-hunter2".to_owned());
        let sealed = vault().seal("acme", "password", &secret).unwrap();
        assert_eq!(vault().unseal("Acme", "password", &sealed).unwrap().expose(), "hunter2-hunter2");
        let mut bent = sealed.clone();
        *bent.last_mut().unwrap() ^= 1;
        let other = Vault::from_base64(&STANDARD.encode([8; 32]), "test").unwrap();
        for refused in [
            vault().unseal("other", "password", &sealed),
            vault().unseal("acme", "token", &sealed),
            vault().unseal("acmep", "assword", &sealed),
            vault().unseal("acme", "password", &bent),
            vault().unseal("acme", "password", &sealed[..8]),
            other.unseal("acme", "password", &sealed),
        ] {
            let error = refused.unwrap_err().to_string();
            assert!(error.contains("does not open with this key") && !error.contains("hunter2"), "{error}");
        }
        assert!(!sealed.windows(7).any(|window| window == b"hunter2"));
        assert_ne!(sealed, vault().seal("acme", "password", &secret).unwrap(), "each sealing has a nonce of its own");
    }

    #[test]
    fn what_was_sealed_before_keys_had_ids_opens_where_it_belongs() {
        let key = Key::new(&[7; 32]).unwrap();
        let sealed = key.seal_in_the_first_form(&["acme", "password"], b"hunter2-hunter2").unwrap();
        assert_eq!(vault().unseal("Acme", "password", &sealed).unwrap().expose(), "hunter2-hunter2");
        assert!(vault().unseal("acme", "token", &sealed).is_err());
        assert_ne!(key_id(&sealed), Some(key.id()));
        assert_eq!(key_id(&vault().seal("acme", "x", &Secret::new("y".to_owned())).unwrap()), Some(key.id()));
    }

    #[test]
    fn a_vault_prints_as_a_mask() {
        assert_eq!(format!("{:?}", vault()), "Vault(***)");
    }

    #[test]
    fn a_key_that_cannot_be_made_is_told_and_not_sought_in_a_backup() {
        let folder = tempfile::tempdir().unwrap();
        let error = source::from_file(&folder.path().join("missing").join(KEY), true).err().unwrap().to_string();
        assert!(error.contains("missing/key cannot be used: ") && !error.contains("backup"), "{error}");
    }

    #[test]
    fn a_key_that_is_none_is_refused_without_being_quoted() {
        for text in ["", "short", "aHVudGVyMg=="] {
            let error = Vault::from_base64(text, "PROVISIONING_KEY").unwrap_err().to_string();
            assert!(error.starts_with("the key in PROVISIONING_KEY cannot be used: it must be 32"), "{error}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_key_file_is_private_and_refused_once_it_is_not() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(KEY);
        let sealed = Vault::open(folder.path()).unwrap().seal("acme", "x", &Secret::new("s".to_owned())).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(Vault::open(folder.path()).unwrap().unseal("acme", "x", &sealed).unwrap().expose(), "s");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        let error = source::from_file(&path, true).err().unwrap().to_string();
        assert!(error.contains("mode 640") && error.contains("chmod 600"), "{error}");
        // Only root can give files away.
        if rustix::process::geteuid().is_root() {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
            std::os::unix::fs::chown(&path, Some(65534), None).unwrap();
            let error = source::from_file(&path, true).err().unwrap().to_string();
            assert!(error.contains("belongs to another user") && error.contains("chown"), "{error}");
        }
    }
}
