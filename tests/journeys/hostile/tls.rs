//! A server whose certificate nobody vouches for: real handshakes, over which nothing is sent.

use std::io::{Read as _, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use provisioning_runtime::{Limits, Runtime, RuntimeBuilder};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::support::{refusal, thief};
use crate::support::journey;

/// Of `localhost`, by itself, for a hundred years.
const CERTIFICATE: &str = include_str!("tls/localhost.pem");
const KEY: &str = include_str!("tls/localhost.key.pem");

/// A server that speaks TLS, and counts the bytes of requests that it gets.
struct Server {
    port: u16,
    received: Arc<AtomicUsize>,
    handshakes: Arc<AtomicUsize>,
}

impl Server {
    fn start() -> Self {
        let certificate = CertificateDer::from_pem_slice(CERTIFICATE.as_bytes()).unwrap();
        let key = PrivateKeyDer::from_pem_slice(KEY.as_bytes()).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .unwrap();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (received, handshakes) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
        let (bytes, begun, config) = (Arc::clone(&received), Arc::clone(&handshakes), Arc::new(config));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (Ok(stream), Ok(connection)) = (stream, ServerConnection::new(Arc::clone(&config))) else { return };
                begun.fetch_add(1, Ordering::SeqCst);
                let mut stream = StreamOwned::new(connection, stream);
                let mut buffer = [0; 4096];
                if let Ok(read @ 1..) = stream.read(&mut buffer) {
                    bytes.fetch_add(read, Ordering::SeqCst);
                    let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok");
                }
            }
        });
        Self { port, received, handshakes }
    }

    /// What a component is told that asks this server by a name.
    async fn told(&self, runtime: RuntimeBuilder, name: &str) -> String {
        let runtime = runtime.build().unwrap();
        let app = format!("https://{name}:{}", self.port);
        let mut job = thief(&runtime, "reach", &app, &Limits::default(), "").await;
        refusal(job.open().await.unwrap_err())
    }
}

#[test]
fn an_untrusted_certificate_is_told_as_such_and_nothing_is_sent() {
    journey(async {
        let server = Server::start();
        let trusting = || Runtime::builder().jobs(4).root_certificate(CERTIFICATE).unwrap();
        for (runtime, name, part) in [
            (Runtime::builder().jobs(4), "localhost", "invalid peer certificate: UnknownIssuer"),
            (trusting(), "127.0.0.1", "invalid peer certificate: certificate not valid for name"),
        ] {
            let told = server.told(runtime, name).await;
            println!("{name}: {told}");
            let start = format!("Failure::Tls(\"no trusted TLS connection to {name}:{}: ", server.port);
            assert!(told.starts_with(&start) && told.contains(part), "{told}");
        }
        assert_eq!((server.handshakes.load(Ordering::SeqCst), server.received.load(Ordering::SeqCst)), (2, 0));
        let told = server.told(trusting(), "localhost").await;
        assert!(told.starts_with("200 ") && told.ends_with("ok"), "{told}");
        assert!(server.received.load(Ordering::SeqCst) > 0);
    });
}
