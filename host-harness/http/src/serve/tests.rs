use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use axum::routing::{get, post};
use tokio::io::AsyncReadExt as _;

use super::*;

struct Server {
    address: SocketAddr,
    _stopping: watch::Sender<bool>,
    task: tokio::task::JoinHandle<()>,
    /// Requests that wait in their handler, or have.
    waiting: Arc<AtomicUsize>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A server of `/`, of `/wait`, which is worked for until it is told to go on, and of `/body`, which takes a body.
async fn server(limits: Limits, go_on: watch::Receiver<bool>) -> Server {
    let waiting = Arc::<AtomicUsize>::default();
    let reached = Arc::clone(&waiting);
    let router = Router::new()
        .route("/", get(|| async { "here" }))
        .route(
            "/wait",
            get(async move || {
                reached.fetch_add(1, Ordering::SeqCst);
                drop(go_on.clone().wait_for(|go_on| *go_on).await);
            }),
        )
        .route("/body", post(|body: String| async move { body.len().to_string() }));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stopping, _) = watch::channel(false);
    let sender = stopping.clone();
    let task = tokio::spawn(async move { serve(listener, router, &limits, std::future::pending(), &sender).await });
    Server { address, _stopping: stopping, task, waiting }
}

async fn said(address: SocketAddr, text: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(text.as_bytes()).await.unwrap();
    stream
}

async fn answer(mut stream: TcpStream) -> String {
    let mut text = String::new();
    // A refused connection may be reset while it is read.
    let _ = stream.read_to_string(&mut text).await;
    text
}

const GET: &str = "GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";

/// The middle of the times of five pages.
async fn page(address: SocketAddr) -> Duration {
    let mut times = Vec::new();
    for _ in 0..5 {
        let began = Instant::now();
        let text = answer(said(address, GET).await).await;
        assert!(text.starts_with("HTTP/1.1 200 ") && text.ends_with("here"), "{text}");
        times.push(began.elapsed());
    }
    times.sort_unstable();
    times[2]
}

#[tokio::test]
async fn connections_that_say_nothing_or_slowly_hold_up_nobody() {
    let server = server(Limits::default(), watch::channel(false).1).await;
    let alone = page(server.address).await;
    for (name, beginning) in [
        ("silent", ""),
        ("half of a head", "GET / HTTP/1.1\r\nhost: x\r\n"),
        ("no body", "POST /body HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n"),
        ("kept open", "GET / HTTP/1.1\r\nhost: x\r\n\r\n"),
    ] {
        let mut held = Vec::new();
        for _ in 0..400 {
            held.push(said(server.address, beginning).await);
        }
        let beside = page(server.address).await;
        println!("a page alone: {alone:?}; beside 400 connections ({name}): {beside:?}");
        assert!(beside <= 3 * alone + Duration::from_millis(100), "{name}: {beside:?}, and {alone:?} alone");
    }
}

#[tokio::test]
async fn a_connection_that_is_worked_for_keeps_its_seat_and_one_too_many_is_refused() {
    let (go_on, told) = watch::channel(false);
    let server = server(Limits { connections: 4, of_one: 3, ..Limits::default() }, told).await;
    let wait = "GET /wait HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    let mut working = Vec::new();
    for number in 1..=3 {
        working.push(said(server.address, wait).await);
        while server.waiting.load(Ordering::SeqCst) < number {
            tokio::task::yield_now().await;
        }
    }
    let text = answer(said(server.address, GET).await).await;
    // A client that is still writing when it is refused may find its connection reset.
    assert!(text.starts_with("HTTP/1.1 503 ") || text.is_empty(), "{text}");
    go_on.send_replace(true);
    for stream in working {
        let text = answer(stream).await;
        assert!(text.starts_with("HTTP/1.1 200 "), "{text}");
    }
    assert!(answer(said(server.address, GET).await).await.ends_with("here"));
}

#[tokio::test]
async fn a_head_that_does_not_come_ends_its_connection() {
    let server = server(Limits { head: Duration::from_millis(50), ..Limits::default() }, watch::channel(false).1).await;
    let text = answer(said(server.address, "GET / HTTP/1.1\r\n").await).await;
    assert!(!text.contains("here"), "{text}");
}
