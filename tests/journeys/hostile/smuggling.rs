//! Attacks by way of a connection: what one request leaves unread on it, a careless server reads as the next.

use std::sync::Arc;

use provisioning_runtime::Secret;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, mpsc};

use super::attack;
use super::support::{aimed_at, guessing, job, job_for, mallory, refusal};
use crate::support::journey;

/// The methods by their place in the interface.
const GET: u32 = 0;
const POST: u32 = 1;
const DELETE: u32 = 4;

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

/// A request's head as a server read it, and the number of the connection that it came on.
type Head = (usize, String);

/// A server that answers each head and takes no notice of bodies: they are the beginning of the next request to it.
struct Careless {
    url: String,
    heads: mpsc::UnboundedReceiver<Head>,
}

impl Careless {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let (told, heads) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            let mut number = 0;
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer_heads(stream, number, told.clone()));
                number += 1;
            }
        });
        Self { url, heads }
    }

    /// The heads read so far. Each is noted before it is answered.
    fn heads(&mut self) -> Vec<Head> {
        std::iter::from_fn(|| self.heads.try_recv().ok()).collect()
    }
}

async fn answer_heads(mut stream: TcpStream, number: usize, told: mpsc::UnboundedSender<Head>) {
    let mut received = Vec::new();
    let mut buffer = [0; 4096];
    while let Ok(read @ 1..) = stream.read(&mut buffer).await {
        received.extend_from_slice(&buffer[..read]);
        while let Some(end) = received.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&received[..end]).into_owned();
            received.drain(..end + 4);
            if told.send((number, head)).is_err() || stream.write_all(ANSWER).await.is_err() {
                return;
            }
        }
    }
}

#[test]
fn a_tenants_request_never_becomes_part_of_anothers() {
    journey(async {
        let mut server = Careless::start().await;
        let mut attacker = job(&guessing(&aimed_at(attack!("smuggle"), &server.url), POST)).await;
        assert_eq!(refusal(attacker.open().await.unwrap_err()), "", "it was answered");

        let mut tenant = mallory();
        tenant.name = "victim".to_owned();
        tenant.secrets = [("password".to_owned(), Secret::new("victims-own-secret".to_owned()))].into();
        let mut victim = job_for(&aimed_at(attack!("bearer"), &server.url), &tenant).await;
        assert_eq!(refusal(victim.open().await.unwrap_err()), "", "it was answered");

        let heads = server.heads();
        let [(attackers, attack), (victims, head)] = heads.as_slice() else { panic!("{heads:?}") };
        assert!(attack.starts_with("POST / ") && !attack.contains("Bearer"), "{attack}");
        assert!(head.starts_with("GET / ") && head.contains("Bearer victims-token"), "{head}");
        assert!(!head.contains("x-taken"), "{head}");
        assert_ne!(attackers, victims, "they shared a connection");

        // Where it harms nobody but itself, a tenant keeps its connection.
        let mut again = job_for(&aimed_at(attack!("bearer"), &server.url), &tenant).await;
        assert_eq!(refusal(again.open().await.unwrap_err()), "", "it was answered");
        assert_eq!(server.heads().first().map(|(number, _)| *number), Some(*victims));
    });
}

#[test]
fn a_body_where_none_belongs_is_refused_before_anything_is_sent() {
    journey(async {
        let mut server = Careless::start().await;
        for (method, name) in [(GET, "GET"), (DELETE, "DELETE")] {
            let mut job = job(&guessing(&aimed_at(attack!("smuggle"), &server.url), method)).await;
            let said = refusal(job.open().await.unwrap_err());
            assert!(said.contains(&format!("a {name} request has no body")), "{said}");
            assert_eq!(job.usage().requests, 0, "{name} was sent");
        }
        assert_eq!(server.heads(), []);
    });
}

/// Length of the body that the attack `large_body` sends: more than the sockets of a connection hold.
const LARGE: usize = 16 << 20;

#[test]
fn a_connection_with_an_unread_body_on_it_is_closed() {
    journey(async {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(64 << 10).unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let listener = socket.listen(1).unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let answered = Arc::new(Notify::new());
        let taken = Arc::clone(&answered);
        let server = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(stream.read_u8().await.unwrap());
            }
            stream.write_all(ANSWER).await.unwrap();
            taken.notified().await;
            let (mut rest, mut buffer) = (0, vec![0; 64 << 10]);
            while rest < LARGE
                && let Ok(read @ 1..) = stream.read(&mut buffer).await
            {
                rest += read;
            }
            rest
        });
        let mut tenant = mallory();
        tenant.limits.compute = std::time::Duration::from_secs(10);
        let mut job = job_for(&aimed_at(attack!("large_body"), &url), &tenant).await;
        assert_eq!(refusal(job.open().await.unwrap_err()), "", "it was answered");
        answered.notify_one();
        assert!(server.await.unwrap() < LARGE, "the rest of the body was sent, and the connection kept");
    });
}
