//! Encrypted connections to PostgreSQL, by the certificates that the machine trusts.

use rustls::ClientConfig;
use rustls_platform_verifier::BuilderVerifierExt as _;
use tokio_postgres_rustls::MakeRustlsConnect;

/// What encrypts connections. Whether the server has to offer it is said by the URL's `sslmode`.
pub(super) fn connector() -> Result<MakeRustlsConnect, String> {
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(rustls::ConfigBuilder::with_platform_verifier)
        .map_err(|error| format!("the certificates that this machine trusts cannot be read: {error}"))?
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}
