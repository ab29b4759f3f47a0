//! The form of answers on the wire.

use std::io::{Read, Write};
use std::net::TcpStream;

use flate2::read::GzDecoder;
use serde_json::{Value, json};

use crate::client::Org;
use crate::composite::part;

/// The head and the body of an answer as its bytes came, on a connection of its own.
async fn raw(org: &Org, target: &str, headers: &str) -> (String, Vec<u8>) {
    let address = org.emulator.url().trim_start_matches("http://").to_owned();
    let request = format!("GET {target} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{headers}\r\n");
    let answer = tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        answer
    });
    let answer = answer.await.unwrap();
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
    (String::from_utf8(answer[..end].to_vec()).unwrap(), answer[end + 4..].to_vec())
}

/// The content of a body in chunks, and how many there were.
fn unchunked(mut body: &[u8]) -> (Vec<u8>, usize) {
    let (mut content, mut count) = (Vec::new(), 0);
    loop {
        let end = body.windows(2).position(|window| window == b"\r\n").unwrap();
        let size = usize::from_str_radix(std::str::from_utf8(&body[..end]).unwrap(), 16).unwrap();
        if size == 0 {
            return (content, count);
        }
        content.extend_from_slice(&body[end + 2..end + 2 + size]);
        body = &body[end + 2 + size + 2..];
        count += 1;
    }
}

fn authorized(org: &Org) -> String {
    format!("Authorization: Bearer {}\r\n", org.session)
}

#[tokio::test]
async fn answers_come_in_chunks_with_cookies_and_headers_in_title_case() {
    let org = Org::start().await;
    let (head, body) = raw(&org, "/services/data/v64.0/sobjects/User/describe", &authorized(&org)).await;
    for line in [
        "HTTP/1.1 200 OK",
        "Transfer-Encoding: chunked",
        "Content-Type: application/json;charset=UTF-8",
        "Sforce-Limit-Info: api-usage=1/100000",
        "Cache-Control: no-cache,must-revalidate,max-age=0,no-store,private",
        "Vary: Accept-Encoding",
        "Server: sfdcedge",
    ] {
        assert!(head.lines().any(|found| found == line), "no {line} in {head}");
    }
    for cookie in ["CookieConsentPolicy=0:1; path=/;", "LSKey-c$CookieConsentPolicy=0:1; path=/;", "BrowserId="] {
        assert!(head.contains(&format!("Set-Cookie: {cookie}")), "no {cookie} in {head}");
    }
    assert!(!head.contains("Content-Length"), "{head}");
    let (content, count) = unchunked(&body);
    assert!(count > 1, "a long answer has several chunks");
    assert_eq!(serde_json::from_slice::<Value>(&content).unwrap()["name"], "User");
}

#[tokio::test]
async fn answers_are_compressed_on_request_and_their_tags_say_so() {
    let org = Org::start().await;
    let path = "/services/data/v64.0/sobjects/User/describe";
    let (plain, _) = raw(&org, path, &authorized(&org)).await;
    assert!(!plain.contains("Content-Encoding"), "{plain}");
    let headers = format!("{}Accept-Encoding: gzip, deflate, br\r\n", authorized(&org));
    let (head, body) = raw(&org, path, &headers).await;
    assert!(head.contains("Content-Encoding: gzip"), "{head}");
    let tag = |head: &str| head.lines().find_map(|line| line.strip_prefix("Etag: ").map(str::to_owned)).unwrap();
    assert_eq!(tag(&head), format!("{}--gzip\"", tag(&plain).strip_suffix('"').unwrap()));
    let mut content = String::new();
    GzDecoder::new(unchunked(&body).0.as_slice()).read_to_string(&mut content).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&content).unwrap()["name"], "User");
    let refused = format!("{}Accept-Encoding: gzip;q=0\r\n", authorized(&org));
    assert!(!raw(&org, path, &refused).await.0.contains("Content-Encoding"));
}

#[tokio::test]
async fn a_second_leading_slash_is_taken() {
    let org = Org::start().await;
    let (head, _) = raw(&org, "//services/data/v64.0/limits", &authorized(&org)).await;
    assert!(head.starts_with("HTTP/1.1 200 OK"), "{head}");
    let (head, _) = raw(&org, "//services/data/", "").await;
    assert!(head.starts_with("HTTP/1.1 200 OK"), "{head}");
    assert_eq!(org.emulator.journal()[1].path, "/services/data/v64.0/limits");
}

#[tokio::test]
async fn parts_of_a_composite_request_tell_tag_and_date_even_when_unchanged() {
    let org = Org::start().await;
    let id = org.contact("Tagged").await;
    let path = format!("sobjects/Contact/{id}?fields=Id");
    let mut unchanged = part("unchanged", "GET", &path, Value::Null);
    unchanged["httpHeaders"] = json!({"If-Modified-Since": "Fri, 31 Dec 2100 00:00:00 GMT"});
    let parts = [
        part("record", "GET", &path, Value::Null),
        unchanged,
        part("describe", "GET", "sobjects/Contact/describe", Value::Null),
    ];
    let answer = org.post("composite", &json!({"compositeRequest": parts})).await.body["compositeResponse"].clone();
    let headers = &answer[0]["httpHeaders"];
    assert!(headers["ETag"].as_str().unwrap().starts_with('"'), "{headers}");
    // The day has no leading zero here, and has one in HTTP.
    assert_eq!(answer[2]["httpHeaders"]["Last-Modified"], "Mon, 1 Jan 2024 00:00:00 GMT");
    assert_eq!(org.get("sobjects/Contact/describe").await.last_modified.unwrap(), "Mon, 01 Jan 2024 00:00:00 GMT");
    assert_eq!(
        answer[1],
        json!({"body": null, "httpHeaders": headers, "httpStatusCode": 304, "referenceId": "unchanged"})
    );
}
