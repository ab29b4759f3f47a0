//! An org that costs next to nothing: it signs anybody in and makes up users as they are asked for. It runs in a process of
//! its own, so that its time is not counted.

use std::fmt::Write as _;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::child::Server;

pub(crate) const ORGANIZATION: &str = "00D000000000001EAA";
pub(crate) const PORTAL: &str = "060000000000001AAA";
pub(crate) const ACCOUNT: &str = "001000000000001AAA";

/// Set in the process that is the org, to the number of its users.
const USERS: &str = "BENCH_ORG_USERS";

/// An org. Dropping it ends its process.
pub(crate) struct Org {
    _server: Server,
    pub url: String,
}

impl Org {
    /// Starts this program again as an org with `users` users.
    pub(crate) fn start(users: u32) -> Self {
        let server = Server::start(USERS, users);
        let url = server.said.clone();
        Self { _server: server, url }
    }
}

/// Serves where this process is an org, and does not come back then. To be called first.
pub(crate) fn serve_if_asked() {
    let Ok(users) = std::env::var(USERS) else { return };
    let users = users.parse().unwrap();
    let executor = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    executor.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        println!("{url}");
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            tokio::spawn(connection(stream, url.clone(), users));
        }
    });
}

async fn connection(mut stream: TcpStream, url: String, users: u32) {
    let _ = stream.set_nodelay(true);
    let mut received: Vec<u8> = Vec::new();
    let mut buffer = vec![0; 16 << 10];
    loop {
        let Some(head) = received.windows(4).position(|four| four == b"\r\n\r\n") else {
            match stream.read(&mut buffer).await {
                Ok(read @ 1..) => received.extend_from_slice(&buffer[..read]),
                _ => return,
            }
            continue;
        };
        let text = String::from_utf8_lossy(&received[..head]).into_owned();
        let length = text
            .lines()
            .find_map(|line| {
                line.to_ascii_lowercase().strip_prefix("content-length:").map(|n| n.trim().parse().unwrap())
            })
            .unwrap_or(0);
        while received.len() < head + 4 + length {
            match stream.read(&mut buffer).await {
                Ok(read @ 1..) => received.extend_from_slice(&buffer[..read]),
                _ => return,
            }
        }
        received.drain(..head + 4 + length);
        let path = text.split_whitespace().nth(1).unwrap_or_default();
        let (kind, body) = answer(path, &url, users);
        let answer = format!("HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

/// What stands in the answer to `login()`, for whoever answers it without a server.
pub(crate) fn login_answer(url: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><soapenv:Envelope \
         xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\" xmlns=\"urn:partner.soap.sforce.com\">\
         <soapenv:Body><loginResponse><result><passwordExpired>false</passwordExpired>\
         <serverUrl>{url}/services/Soap/u/64.0/00D000000000001</serverUrl>\
         <sessionId>00D000000000001!made.up.for.a.bench</sessionId><userId>005000000000000AAA</userId><userInfo>\
         <organizationId>{ORGANIZATION}</organizationId><organizationName>Bench</organizationName>\
         <orgHasPersonAccounts>false</orgHasPersonAccounts><userLanguage>en_US</userLanguage>\
         <userLocale>en_US</userLocale><userTimeZone>GMT</userTimeZone></userInfo></result></loginResponse>\
         </soapenv:Body></soapenv:Envelope>"
    )
}

fn answer(path: &str, url: &str, users: u32) -> (&'static str, String) {
    if path.contains("/services/Soap/") {
        return ("text/xml", login_answer(url));
    }
    let query = path.split_once("q=").map(|(_, query)| decoded(query)).unwrap_or_default();
    let body = if query.contains(" FROM User ") && !query.contains("COUNT(") {
        page(&query, users)
    } else {
        r#"{"totalSize":0,"done":true,"records":[]}"#.to_owned()
    };
    ("application/json;charset=UTF-8", body)
}

/// The users that a query asks for: those behind the last id it names, up to its limit, with the fields it selects.
fn page(query: &str, users: u32) -> String {
    let fields: Vec<&str> = query
        .strip_prefix("SELECT ")
        .and_then(|rest| rest.split_once(" FROM "))
        .map(|(fields, _)| fields.split(',').map(str::trim).collect())
        .unwrap_or_default();
    let last = query
        .split_once("Id > '")
        .and_then(|(_, rest)| rest.get(3..15))
        .map_or(0, |digits| digits.parse::<u32>().unwrap());
    let limit: u32 = query.rsplit_once("LIMIT ").map_or(2000, |(_, n)| n.trim().parse().unwrap());
    let to = users.min(last + limit);
    let mut body = format!(r#"{{"totalSize":{},"done":true,"records":["#, to - last);
    for number in last + 1..=to {
        if number > last + 1 {
            body.push(',');
        }
        record(&mut body, &fields, number);
    }
    body.push_str("]}");
    body
}

fn record(body: &mut String, fields: &[&str], number: u32) {
    let id = format!("005{number:012}AAA");
    let _ = write!(body, r#"{{"attributes":{{"type":"User","url":"/services/data/v66.0/sobjects/User/{id}"}}"#);
    let mut open = "";
    for field in fields {
        let (parent, name) = field.rsplit_once('.').unwrap_or(("", field));
        if parent != open {
            if !open.is_empty() {
                body.push('}');
            }
            if !parent.is_empty() {
                let _ = write!(body, r#","{parent}":{{"attributes":{{"type":"{parent}"}}"#);
            }
            open = parent;
        }
        let _ = write!(body, r#","{name}":"#);
        let _ = match name {
            "Id" => write!(body, r#""{id}""#),
            "IsActive" => write!(body, "true"),
            "ProfileId" => write!(body, r#""00e000000000001AAA""#),
            "UserRoleId" => write!(body, "null"),
            "UserType" => write!(body, r#""CspLitePortal""#),
            "SystemModstamp" | "LastModifiedDate" | "LastLoginDate" | "CreatedDate" => {
                write!(body, r#""2026-03-17T16:21:26.000+0000""#)
            }
            "Username" | "Email" => write!(body, r#""person.{number}@bench.example""#),
            name if name.ends_with("Id") => write!(body, r#""003{number:012}AAA""#),
            name => write!(body, r#""{name} of person {number}""#),
        };
    }
    if !open.is_empty() {
        body.push('}');
    }
    body.push('}');
}

/// Percent-decoded; `+` is a blank.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'%' => {
                let pair = [rest.next().unwrap_or(b'0'), rest.next().unwrap_or(b'0')];
                bytes.push(u8::from_str_radix(&String::from_utf8_lossy(&pair), 16).unwrap_or(b'?'));
            }
            b'+' => bytes.push(b' '),
            _ => bytes.push(byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
