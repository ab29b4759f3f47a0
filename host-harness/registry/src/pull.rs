//! Fetching a component from a registry.
//!
//! The registry's protocol is [`oci_client`]'s. This adds what a host needs that doesn't trust the registry: HTTPS unless the registry
//! is on this machine, bounds on time and bytes, no other layer than a component, digests that are compared here, and errors without
//! the addresses that a registry redirects to, which may have tokens in them.

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use futures_util::StreamExt as _;
use oci_client::Client;
use oci_client::client::{ClientConfig, ClientProtocol};
use oci_client::errors::{DigestError, OciDistributionError, OciErrorCode};
use oci_client::manifest::{OciImageManifest, OciManifest};
use oci_client::secrets::RegistryAuth;
use ring::digest::{Context, SHA256};

use crate::address::Address;

/// The annotation of a manifest that has the component's signature: the `.minisig` file in base64. As a text of several lines it can't be
/// published: clients that write canonical JSON leave line ends as they are, and registries refuse that.
pub const SIGNATURE_ANNOTATION: &str = "dev.provisioning.component.minisig";

/// The media type of a component in a registry (the CNCF's layout of WebAssembly artefacts, which `wkg` writes).
const COMPONENT: &str = "application/wasm";

/// Somebody to sign in as.
#[derive(Clone, Copy)]
pub struct Login<'a> {
    /// The user's name.
    pub user: &'a str,
    /// The password, or the token that the registry wants in its place.
    pub password: &'a str,
}

/// How much a registry is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Bytes of a component. By default 64 MiB, which is the longest that the host runs.
    pub bytes: u64,
    /// Until a connection is there. By default 10 s.
    pub connect: Duration,
    /// Without a byte. By default 30 s.
    pub silence: Duration,
    /// For everything. By default 5 min.
    pub whole: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            bytes: 64 << 20,
            connect: Duration::from_secs(10),
            silence: Duration::from_secs(30),
            whole: Duration::from_secs(300),
        }
    }
}

/// What a registry had.
#[derive(Clone, PartialEq, Eq)]
pub struct Pulled {
    /// The component.
    pub bytes: Vec<u8>,
    /// Its SHA-256, in hexadecimal.
    pub digest: String,
    /// The signature that the manifest brings. It hasn't been checked.
    pub signature: Option<String>,
}

/// Why there is no component.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PullError {
    /// Nobody answers.
    #[error(
        "the registry {host} can't be reached: {reason}; see that its name is right and that this machine may reach it"
    )]
    Unreachable {
        /// The registry.
        host: String,
        /// Why.
        reason: String,
    },
    /// It takes too long.
    #[error("the registry {host} took longer than {} s; try again later, or fetch the component elsewhere and add it from its file", .limit.as_secs())]
    TooSlow {
        /// The registry.
        host: String,
        /// The bound.
        limit: Duration,
    },
    /// It wants to know who asks, or that one may not have it.
    #[error(
        "the registry {host} doesn't hand {address} out{whom}; name a user who may read it with --user and --password"
    )]
    Refused {
        /// The registry.
        host: String,
        /// What was asked for.
        address: String,
        /// To whom.
        whom: String,
    },
    /// It doesn't have that.
    #[error(
        "the registry {host} has nothing with the digest of {address}; compare the address with what was printed when the component was published"
    )]
    NotFound {
        /// The registry.
        host: String,
        /// What was asked for.
        address: String,
    },
    /// The digest leads to something else.
    #[error("{address} isn't a component: {reason}; publish a component with `wkg oci push`")]
    NotAComponent {
        /// What was asked for.
        address: String,
        /// What it is.
        reason: String,
    },
    /// The bytes have another digest.
    #[error(
        "{what} of {address} was changed: the registry {host} sent something with another SHA-256 than {expected}; nothing of it is kept, so ask who runs the registry"
    )]
    Changed {
        /// The registry.
        host: String,
        /// What was asked for.
        address: String,
        /// The manifest, or the component.
        what: &'static str,
        /// What it should have, in hexadecimal.
        expected: String,
    },
    /// There are too many bytes.
    #[error("the component at {address} has more than {most} bytes, which is more than a host runs; make it smaller")]
    TooLarge {
        /// What was asked for.
        address: String,
        /// The bound.
        most: u64,
    },
    /// It answers what a registry doesn't.
    #[error("the registry {host} failed: {reason}; try again later, or ask who runs it")]
    Failed {
        /// The registry.
        host: String,
        /// How.
        reason: String,
    },
}

/// Fetches what an address names. Nothing is kept, and no signature is checked.
///
/// Credentials go to the registry, and to the server of tokens that it names. They don't go to where it redirects.
///
/// # Errors
/// If there is no component of that digest, or the registry doesn't hand it out within the bounds.
pub async fn pull(address: &Address, login: Option<Login<'_>>, bounds: &Bounds) -> Result<Pulled, PullError> {
    // Another part of this process may have installed the same one.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let pulling = Pulling { address, is_anonymous: login.is_none(), bounds };
    let too_slow = || PullError::TooSlow { host: address.host().to_owned(), limit: bounds.whole };
    tokio::time::timeout(bounds.whole, pulling.pull(login)).await.map_err(|_| too_slow())?
}

struct Pulling<'a> {
    address: &'a Address,
    is_anonymous: bool,
    bounds: &'a Bounds,
}

impl Pulling<'_> {
    async fn pull(&self, login: Option<Login<'_>>) -> Result<Pulled, PullError> {
        let client = self.client()?;
        let auth = login.map_or(RegistryAuth::Anonymous, |login| {
            RegistryAuth::Basic(login.user.to_owned(), login.password.to_owned())
        });
        match client.pull_manifest(self.address.reference(), &auth).await {
            Ok((OciManifest::Image(manifest), _)) => {
                let digest = self.component_of(&manifest)?;
                let bytes = self.component(&client, &digest).await?;
                let signature = manifest.annotations.unwrap_or_default().remove(SIGNATURE_ANNOTATION).map(decoded);
                Ok(Pulled { bytes, digest, signature })
            }
            Ok((OciManifest::ImageIndex(_), _)) => {
                Err(self.not_a_component("it is an index of several manifests".to_owned()))
            }
            // The digest may be the component's own, which is that of its layer.
            Err(error) if is_no_manifest(&error) => {
                let digest = self.address.digest().to_owned();
                match self.component(&client, &digest).await {
                    Ok(bytes) => Ok(Pulled { bytes, digest, signature: None }),
                    Err(PullError::NotFound { .. }) => Err(self.failed(&error, "the manifest", &digest)),
                    Err(error) => Err(error),
                }
            }
            Err(error) => Err(self.failed(&error, "the manifest", self.address.digest())),
        }
    }

    fn client(&self) -> Result<Client, PullError> {
        let host = self.address.host().to_owned();
        let protocol = match self.address.is_loopback() {
            true => ClientProtocol::HttpsExcept(vec![host.clone()]),
            false => ClientProtocol::Https,
        };
        let config = ClientConfig {
            protocol,
            platform_resolver: None,
            connect_timeout: Some(self.bounds.connect),
            read_timeout: Some(self.bounds.silence),
            user_agent: concat!("provisioning-registry/", env!("CARGO_PKG_VERSION")),
            ..ClientConfig::default()
        };
        Client::try_from(config).map_err(|error| PullError::Failed { host, reason: words(&error) })
    }

    /// The digest of the component that a manifest is about, in hexadecimal.
    fn component_of(&self, manifest: &OciImageManifest) -> Result<String, PullError> {
        let [layer] = manifest.layers.as_slice() else {
            return Err(self.not_a_component(format!("its manifest has {} layers", manifest.layers.len())));
        };
        if layer.media_type != COMPONENT {
            let found: String = layer.media_type.chars().filter(|one| !one.is_control()).take(100).collect();
            return Err(self.not_a_component(format!("its layer is of the type {found}, not {COMPONENT}")));
        }
        let digits = layer.digest.strip_prefix("sha256:").filter(|digits| {
            digits.len() == 64 && digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        });
        let Some(digits) = digits else {
            return Err(self.not_a_component("its layer's digest isn't a SHA-256".to_owned()));
        };
        if u64::try_from(layer.size).is_ok_and(|size| size > self.bounds.bytes) {
            return Err(self.too_large());
        }
        Ok(digits.to_owned())
    }

    /// The bytes with a SHA-256.
    async fn component(&self, client: &Client, digest: &str) -> Result<Vec<u8>, PullError> {
        let what = "the component";
        // By its digest alone: a descriptor might name further places to fetch it from.
        let named = format!("sha256:{digest}");
        let stream = client.pull_blob_stream(self.address.reference(), named.as_str()).await;
        let mut stream = stream.map_err(|error| self.failed(&error, what, digest))?;
        if stream.content_length.is_some_and(|length| length > self.bounds.bytes) {
            return Err(self.too_large());
        }
        let (mut bytes, mut hash) = (Vec::new(), Context::new(&SHA256));
        while let Some(piece) = stream.next().await {
            match piece {
                Ok(piece) => {
                    if (bytes.len() + piece.len()) as u64 > self.bounds.bytes {
                        return Err(self.too_large());
                    }
                    hash.update(&piece);
                    bytes.extend_from_slice(&piece);
                }
                // The library compares digests as well, at the end.
                Err(error) if matches!(error.get_ref(), Some(inner) if inner.is::<DigestError>()) => {
                    return Err(self.changed(what, digest));
                }
                Err(error) => {
                    return Err(PullError::Failed { host: self.address.host().to_owned(), reason: cause(&error) });
                }
            }
        }
        match hexadecimal(hash) == digest {
            true => Ok(bytes),
            false => Err(self.changed(what, digest)),
        }
    }

    fn not_a_component(&self, reason: String) -> PullError {
        PullError::NotAComponent { address: self.address.to_string(), reason }
    }

    fn too_large(&self) -> PullError {
        PullError::TooLarge { address: self.address.to_string(), most: self.bounds.bytes }
    }

    fn changed(&self, what: &'static str, expected: &str) -> PullError {
        PullError::Changed {
            host: self.address.host().to_owned(),
            address: self.address.to_string(),
            what,
            expected: expected.to_owned(),
        }
    }

    fn failed(&self, error: &OciDistributionError, what: &'static str, digest: &str) -> PullError {
        let (host, address) = (self.address.host().to_owned(), self.address.to_string());
        match error {
            error if is_unknown(error) => PullError::NotFound { host, address },
            error if is_refusal(error) => {
                let whom = if self.is_anonymous { " to strangers" } else { " to this user" };
                PullError::Refused { host, address, whom: whom.to_owned() }
            }
            OciDistributionError::DigestError(_) => self.changed(what, digest),
            OciDistributionError::RequestError(error) if error.is_connect() || error.is_timeout() => {
                PullError::Unreachable { host, reason: cause(error) }
            }
            error => PullError::Failed { host, reason: words(error) },
        }
    }
}

/// Whether a registry says that it has no such thing.
fn is_unknown(error: &OciDistributionError) -> bool {
    use OciErrorCode::{BlobUnknown, ManifestBlobUnknown, ManifestUnknown, NameUnknown, NotFound};
    match error {
        OciDistributionError::RegistryError { envelope, .. } => {
            let known = [BlobUnknown, ManifestBlobUnknown, ManifestUnknown, NameUnknown, NotFound];
            envelope.errors.iter().any(|error| known.contains(&error.code))
        }
        OciDistributionError::ServerError { code, .. } => *code == 404,
        OciDistributionError::ImageManifestNotFoundError(_) => true,
        _ => false,
    }
}

/// Whether there may be something else than a manifest with this digest. Registries say that they know none; Debian's fails with the
/// status 500.
fn is_no_manifest(error: &OciDistributionError) -> bool {
    let is_answer =
        matches!(error, OciDistributionError::RegistryError { .. } | OciDistributionError::ServerError { .. });
    is_unknown(error) || is_answer && !is_refusal(error)
}

/// Whether a registry wants somebody else, or nobody, to have it.
fn is_refusal(error: &OciDistributionError) -> bool {
    match error {
        OciDistributionError::UnauthorizedError { .. } | OciDistributionError::AuthenticationFailure(_) => true,
        OciDistributionError::RegistryError { envelope, .. } => {
            envelope.errors.iter().any(|error| matches!(error.code, OciErrorCode::Unauthorized | OciErrorCode::Denied))
        }
        OciDistributionError::ServerError { code, .. } => matches!(code, 401 | 403),
        _ => false,
    }
}

/// What an error says, without a URL, which may have a token in it, and without what the registry has written itself, which may be what
/// it was sent.
fn words(error: &OciDistributionError) -> String {
    match error {
        OciDistributionError::RegistryError { envelope, .. } => {
            let codes: Vec<&str> = envelope.errors.iter().filter_map(|error| code(&error.code)).collect();
            match codes.is_empty() {
                true => "it answered with an error of its own".to_owned(),
                false => format!("it answered {}", codes.join(", ")),
            }
        }
        OciDistributionError::ServerError { code, .. } => format!("it answered with the status {code}"),
        OciDistributionError::RequestError(error) => cause(error),
        OciDistributionError::IoError(error) => cause(error),
        OciDistributionError::ManifestEncodingError(_)
        | OciDistributionError::ManifestParsingError(_)
        | OciDistributionError::VersionedParsingError(_)
        | OciDistributionError::JsonError(_) => "it sent a manifest that can't be read".to_owned(),
        OciDistributionError::UnsupportedMediaTypeError(_) | OciDistributionError::UnsupportedSchemaVersionError(_) => {
            "it sent a manifest of a kind that isn't read".to_owned()
        }
        OciDistributionError::RegistryTokenDecodeError(_) => "its answer has no token".to_owned(),
        _ => "it doesn't keep to the protocol of registries".to_owned(),
    }
}

/// The codes that are worth reading.
fn code(code: &OciErrorCode) -> Option<&'static str> {
    match code {
        OciErrorCode::Toomanyrequests => Some("TOOMANYREQUESTS"),
        OciErrorCode::Unsupported => Some("UNSUPPORTED"),
        OciErrorCode::NameInvalid => Some("NAME_INVALID"),
        OciErrorCode::ManifestInvalid => Some("MANIFEST_INVALID"),
        OciErrorCode::DigestInvalid => Some("DIGEST_INVALID"),
        _ => None,
    }
}

/// The innermost reason of an error. What is around it quotes the URL.
fn cause(error: &(dyn std::error::Error + 'static)) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    match innermost.is::<reqwest::Error>() {
        true => "the connection failed".to_owned(),
        false => innermost.to_string(),
    }
}

/// The text of an annotation in base64. What isn't base64 is handed on, and refused as a signature.
fn decoded(annotation: String) -> String {
    let bytes = BASE64_STANDARD.decode(annotation.trim()).ok();
    bytes.and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or(annotation)
}

fn hexadecimal(hash: Context) -> String {
    hash.finish().as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}
