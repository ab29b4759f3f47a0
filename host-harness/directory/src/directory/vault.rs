//! Secrets at rest.
//!
//! ChaCha20-Poly1305 (RFC 8439) by ring, with a random nonce for each sealing. What a secret belongs to is its associated
//! data, so that a sealed secret that is moved to another tenant or name does not open.

use std::fmt;
use std::io::{Read as _, Write as _};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hkdf::{HKDF_SHA256, KeyType, Salt};
use ring::hmac;
use ring::rand::{SecureRandom as _, SystemRandom};
use zeroize::Zeroizing;

use super::DirectoryError;
use super::folder::{self, KEY};
use provisioning_runtime::{Secret, own_files};

/// The variable that may hold the key.
const VARIABLE: &str = "PROVISIONING_KEY";
/// Length of a key, in bytes (RFC 8439 §2.8).
const KEY_BYTES: usize = 32;
/// Stands first in the associated data; another form of sealing gets another number.
const FORM: &str = "provisioning-secret/1";

/// Seals and opens secrets with one key.
pub struct Vault {
    key: Key,
    random: SystemRandom,
}

/// A key, and what is derived from it (HKDF, RFC 5869).
struct Key {
    /// By which what was made with it says so. Tells nothing of the key.
    id: String,
    sealing: LessSafeKey,
    audit: hmac::Key,
}

impl Key {
    fn new(bytes: &[u8]) -> Option<Self> {
        let sealing = LessSafeKey::new(UnboundKey::new(&CHACHA20_POLY1305, bytes).ok()?);
        let derived = Salt::new(HKDF_SHA256, b"provisioning-key").extract(bytes);
        let mut id = [0; 8];
        derived.expand(&[b"id/1"], Length(id.len())).ok()?.fill(&mut id).ok()?;
        let audit = derived.expand(&[b"audit/1"], hmac::HMAC_SHA256).ok()?.into();
        Some(Self { id: id.iter().map(|byte| format!("{byte:02x}")).collect(), sealing, audit })
    }
}

/// The length of what is derived, in bytes.
struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
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
        match std::env::var(VARIABLE) {
            Ok(text) => Self::from_base64(&Zeroizing::new(text), VARIABLE),
            Err(std::env::VarError::NotPresent) => Self::from_file(&folder.join(KEY)),
            Err(std::env::VarError::NotUnicode(_)) => Err(unusable(VARIABLE, "it is not UTF-8; write it in base64")),
        }
    }

    /// A key of 32 bytes in base64 (RFC 4648 §4); `place` stands in errors.
    ///
    /// # Errors
    /// When it is none.
    pub fn from_base64(text: &str, place: &str) -> Result<Self, DirectoryError> {
        let refused = "it must be 32 random bytes in base64, such as `head -c 32 /dev/urandom | base64` gives";
        let bytes = Zeroizing::new(STANDARD.decode(text.trim()).map_err(|_| unusable(place, refused))?);
        if bytes.len() != KEY_BYTES {
            return Err(unusable(place, refused));
        }
        let key = Key::new(&bytes).ok_or_else(|| unusable(place, refused))?;
        Ok(Self { key, random: SystemRandom::new() })
    }

    fn from_file(path: &Path) -> Result<Self, DirectoryError> {
        let place = path.display().to_string();
        let read_error = |error: std::io::Error| unusable(&place, &format!("{error}; restore it from a backup"));
        match folder::create_private(path) {
            Ok(mut file) => {
                let mut bytes = Zeroizing::new([0; KEY_BYTES]);
                SystemRandom::new()
                    .fill(&mut *bytes)
                    .map_err(|_| unusable(&place, "the machine gave no random numbers"))?;
                let text = Zeroizing::new(STANDARD.encode(*bytes));
                file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(read_error)?;
                Self::from_base64(&text, &place)
            }
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                let mut file = std::fs::File::open(path).map_err(read_error)?;
                own_files::check_owner(path, &file).map_err(|reason| {
                    unusable(
                        &place,
                        &format!("{reason}, who knows it; use a key of your own, or `chown` it if it is yours"),
                    )
                })?;
                #[cfg(unix)]
                {
                    use std::os::unix::fs::PermissionsExt as _;
                    let mode = file.metadata().map_err(read_error)?.permissions().mode() & 0o777;
                    if mode & 0o077 != 0 {
                        return Err(DirectoryError::KeyExposed { path: path.to_owned(), mode });
                    }
                }
                let mut text = Zeroizing::new(String::new());
                file.read_to_string(&mut text).map_err(read_error)?;
                Self::from_base64(&text, &place)
            }
            Err(error) => Err(unusable(&place, &error.to_string())),
        }
    }

    /// The id of the key that is in use.
    pub(super) fn key_id(&self) -> String {
        self.key.id.clone()
    }

    /// What links of the audit trail are made with now.
    pub(super) fn current_audit_key(&self) -> hmac::Key {
        self.key.audit.clone()
    }

    /// What links of the audit trail were made with under a key. Returns `None` if that key isn't known.
    pub(super) fn audit_key(&self, id: &str) -> Option<hmac::Key> {
        (id == self.key.id).then(|| self.current_audit_key())
    }

    /// Seals a secret for `tenant` and `name`.
    pub(super) fn seal(&self, tenant: &str, name: &str, secret: &Secret) -> Result<Vec<u8>, DirectoryError> {
        let failed = || unusable("memory", "sealing failed; the machine gave no random numbers");
        let mut nonce = [0; NONCE_LEN];
        self.random.fill(&mut nonce).map_err(|_| failed())?;
        let mut text = Zeroizing::new(secret.expose().as_bytes().to_vec());
        let tag = self
            .key
            .sealing
            .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), aad(tenant, name), &mut text)
            .map_err(|_| failed())?;
        Ok([&nonce, text.as_slice(), tag.as_ref()].concat())
    }

    /// Opens what was sealed for `tenant` and `name`.
    pub(super) fn unseal(&self, tenant: &str, name: &str, sealed: &[u8]) -> Result<Secret, DirectoryError> {
        let failed = || DirectoryError::Sealed { tenant: tenant.to_owned(), name: name.to_owned() };
        let (nonce, text) = sealed.split_at_checked(NONCE_LEN).ok_or_else(failed)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| failed())?;
        let mut text = Zeroizing::new(text.to_vec());
        let open = self.key.sealing.open_in_place(nonce, aad(tenant, name), &mut text).map_err(|_| failed())?;
        let open = std::str::from_utf8(open).map_err(|_| failed())?;
        Ok(Secret::new(open.to_owned()))
    }
}

/// Each part with its length before it, so that no two owners run together to the same bytes. A tenant's name is compared
/// without case everywhere else, so it is here.
fn aad(tenant: &str, name: &str) -> Aad<Vec<u8>> {
    let mut bytes = Vec::new();
    for part in [FORM, &tenant.to_lowercase(), name] {
        bytes.extend_from_slice(&(part.len() as u64).to_le_bytes());
        bytes.extend_from_slice(part.as_bytes());
    }
    Aad::from(bytes)
}

fn unusable(place: &str, reason: &str) -> DirectoryError {
    DirectoryError::Key { place: place.to_owned(), reason: reason.to_owned() }
}

#[cfg(test)]
mod tests {
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
    fn a_vault_prints_as_a_mask() {
        assert_eq!(format!("{:?}", vault()), "Vault(***)");
    }

    #[test]
    fn a_key_that_cannot_be_made_is_told_and_not_sought_in_a_backup() {
        let folder = tempfile::tempdir().unwrap();
        let error = Vault::from_file(&folder.path().join("missing").join(KEY)).unwrap_err().to_string();
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
        let sealed = Vault::from_file(&path).unwrap().seal("acme", "x", &Secret::new("s".to_owned())).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(Vault::from_file(&path).unwrap().unseal("acme", "x", &sealed).unwrap().expose(), "s");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        let error = Vault::from_file(&path).unwrap_err().to_string();
        assert!(error.contains("mode 640") && error.contains("chmod 600"), "{error}");
        // Only root can give files away.
        if rustix::process::geteuid().is_root() {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
            std::os::unix::fs::chown(&path, Some(65534), None).unwrap();
            let error = Vault::from_file(&path).unwrap_err().to_string();
            assert!(error.contains("belongs to another user") && error.contains("chown"), "{error}");
        }
    }
}
