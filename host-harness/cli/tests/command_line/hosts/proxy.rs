//! A way to the database that can be cut.

use std::net::SocketAddr;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Passes connections on, unless it is cut.
pub(super) struct Proxy {
    pub(super) address: SocketAddr,
    is_cut: watch::Sender<bool>,
}

impl Proxy {
    pub(super) async fn start(to: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (is_cut, mut cut) = watch::channel(false);
        tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                if *cut.borrow_and_update() {
                    continue;
                }
                let (to, mut cut) = (to.clone(), cut.clone());
                tokio::spawn(async move {
                    let Ok(mut far) = TcpStream::connect(&to).await else { return };
                    tokio::select! {
                        _ = tokio::io::copy_bidirectional(&mut near, &mut far) => {}
                        _ = cut.wait_for(|cut| *cut) => {}
                    }
                });
            }
        });
        Self { address, is_cut }
    }

    /// Ends all connections, and every new one.
    pub(super) fn cut(&self, is_cut: bool) {
        self.is_cut.send_replace(is_cut);
    }
}
