use super::*;

#[test]
fn a_name_must_resolve_to_addresses_that_fit_it() {
    let at = |ip: &str| SocketAddr::new(ip.parse().unwrap(), 0);
    let fits = |host: &str, ips: &[&str]| checked(host, ips.iter().map(|ip| at(ip)).collect()).is_ok();
    assert!(fits("login.example.com", &["93.184.215.14", "2606:2800:21f::1"]));
    assert!(!fits("login.example.com", &["93.184.215.14", "10.0.0.1"]));
    assert!(!fits("login.example.com", &["127.0.0.1"]));
    assert!(fits("localhost", &["127.0.0.1", "::1"]));
    assert!(!fits("localhost", &["93.184.215.14"]));
}

fn request(method: Method, url: &str, headers: &[(&str, &str)]) -> Request {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Request { method, url: url.to_owned(), headers, body: None }
}

fn checked_request(request: &Request) -> Result<(Url, HeaderMap), Failure> {
    well_formed(request.method, &request.url, &request.headers, request.body.is_some())
}

#[test]
fn a_request_cannot_be_framed_by_its_header_fields() {
    let checked =
        |name: &str, value: &str| checked_request(&request(Method::Get, "https://a.example/", &[(name, value)]));
    for name in HOST_FIELDS {
        for name in [name.to_string(), name.to_uppercase()] {
            match checked(&name, "1") {
                Err(Failure::Other(said)) => assert!(said.contains("belongs to the host"), "{said}"),
                _ => panic!("{name} was let through"),
            }
        }
    }
    for (name, value) in [
        ("", "a"),
        ("x y", "a"),
        ("x:", "a"),
        ("x\r\nhost", "a"),
        ("content-length ", "1"),
        (" content-length", "1"),
        ("content-length\0", "1"),
        ("x", "a\r\nb: c"),
        ("x", "a\nb: c"),
        ("x", "a\rb: c"),
        ("x", "a\0b"),
        ("x", "a\u{7f}b"),
    ] {
        assert!(matches!(checked(name, value), Err(Failure::Other(_))), "{name:?}: {value:?}");
    }
    assert!(checked("Accept", "application/json").is_ok());
}

#[test]
fn a_request_cannot_be_framed_by_its_address() {
    for address in [
        "https://a.example/\r\nhost: b",
        "https://a.example/x y HTTP/1.1",
        "https://a.example/?a\0b",
        "https://a.example/\u{85}",
    ] {
        let Ok((url, _)) = checked_request(&request(Method::Get, address, &[])) else { continue };
        let sent = url.as_str();
        assert!(sent.bytes().all(|byte| byte.is_ascii_graphic()), "{address:?} is sent as {sent:?}");
    }
}

#[test]
fn only_methods_that_have_bodies_are_sent_with_one() {
    for (method, has_body) in [
        (Method::Get, false),
        (Method::Delete, false),
        (Method::Post, true),
        (Method::Patch, true),
        (Method::Put, true),
    ] {
        // Also an empty one, which is sent with its length.
        let bare = request(method, "https://a.example/", &[]);
        assert!(checked_request(&bare).is_ok());
        let with_body = Request { body: Some(Vec::new()), ..bare };
        assert_eq!(checked_request(&with_body).is_ok(), has_body, "{method:?}");
    }
}
