//! Pages and redirects.

use super::*;
use crate::host::Response;
use crate::salesforce::error::{Detour, parse};

fn response(status: u16, headers: &[(&str, &str)], body: &str) -> Response {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Response { status, headers, body: body.as_bytes().to_vec() }
}

/// What is told of an answer that should have come from acme.my.salesforce.com: to a request, and to the sign-in.
fn told(response: &Response) -> Option<[Error; 2]> {
    let detour = Detour::of(response)?;
    let fault = || parse(response.status, &response.body);
    let host = "https://acme.my.salesforce.com";
    Some([
        super::super::detour(&detour, fault(), host, SUBJECT),
        detour_of_sign_in(&detour, fault(), host, "the admin user api@acme.example"),
    ])
}

#[test]
fn what_can_be_an_answer_is_no_detour() {
    for (status, headers, body) in [
        (200, vec![], "{}"),
        (200, vec![("content-type", "text/html")], "[]"),
        (500, vec![], "<?xml version=\"1.0\"?><soapenv:Envelope><soapenv:Body/></soapenv:Envelope>"),
        (200, vec![], "\"Id\",\"<html>\"\n"),
        (300, vec![("location", "https://other.example/")], "[\"/services/data/v66.0/sobjects/Contact/003\"]"),
        (304, vec![("location", "https://other.example/")], ""),
        (302, vec![], ""),
        (502, vec![], "Bad Gateway"),
        (410, vec![("content-type", "text/html")], "<html><title>410 Gone</title></html>"),
    ] {
        assert_eq!(Detour::of(&response(status, &headers, body)), None, "{status} {body}");
    }
}

// A page of maintenance on REST was told as an answer that is cut off, and not tried again.
#[test]
fn a_page_is_quoted_and_passes() {
    for (status, wait) in [(200, 120), (201, 120), (500, 30), (503, 30)] {
        let page = response(
            status,
            &[],
            "<!DOCTYPE html><html><head><title>We are down for maintenance</title></head></html>",
        );
        for error in told(&page).unwrap() {
            assert_eq!((&error.kind, error.retry), (&ErrorKind::Transient, Retry::After(wait)), "{error:?}");
            assert!(error.message.contains("\"We are down for maintenance\""), "{error:?}");
            assert!(error.remedy.as_ref().unwrap().contains("maintenance, check "), "{error:?}");
            assert_eq!(error.upstream.as_ref().unwrap().message, "We are down for maintenance");
        }
    }
    let bare = response(200, &[("content-type", "Text/HTML; charset=utf-8")], " <p>Please wait</p>");
    assert!(told(&bare).unwrap()[0].message.contains("\"Please wait\""));
    let empty = response(200, &[], "<html></html>");
    assert!(told(&empty).unwrap()[0].message.starts_with("a web page came in place of"));
}

#[test]
fn a_page_that_refuses_comes_from_somebody_on_the_way() {
    for status in [403, 407] {
        let page = response(status, &[], "<html><title>Blocked by policy</title></html>");
        for error in told(&page).unwrap() {
            assert_eq!((&error.kind, error.retry), (&ErrorKind::Unreachable, Retry::After(300)), "{error:?}");
            assert!(error.message.contains("\"Blocked by policy\"") && error.message.contains(&status.to_string()));
            assert!(error.remedy.as_ref().unwrap().contains("proxy or firewall"), "{error:?}");
        }
    }
    let [of_request, of_sign_in] =
        told(&response(404, &[], "<html><title>URL No Longer Exists</title></html>")).unwrap();
    assert_eq!(of_request.kind, ErrorKind::Unreachable);
    assert_eq!((&of_sign_in.kind, of_sign_in.retry), (&ErrorKind::InvalidSettings, Retry::AfterRemedy));
    assert!(
        of_sign_in.message.contains("acme.my.salesforce.com") && of_sign_in.message.contains("URL No Longer Exists")
    );
}

// A move was told as "HTTP status 301 and no reason", and tasks failed for good.
#[test]
fn a_move_names_the_new_host_and_what_to_allow() {
    for status in [301, 302, 303, 307, 308] {
        let to = "https://new-acme.my.salesforce.com/services/data/v66.0/query?q=SELECT";
        for error in told(&response(status, &[("location", to)], "<html>moved</html>")).unwrap() {
            assert_eq!((&error.kind, error.retry), (&ErrorKind::Unreachable, Retry::After(300)), "{error:?}");
            assert!(error.message.starts_with("acme.my.salesforce.com sends the request for "), "{error:?}");
            let remedy = error.remedy.as_ref().unwrap();
            let named = remedy.contains("my-domain to new-acme.my.salesforce.com, and allow this host");
            assert!(named && error.message.contains("on to new-acme.my.salesforce.com,"), "{error:?}");
            // The address may have a session in it.
            assert!(!error.message.contains("SELECT") && !remedy.contains("SELECT"), "{error:?}");
        }
    }
}

#[test]
fn a_redirect_to_nowhere_in_particular_passes() {
    for to in
        ["/maintenance", "https://ACME.my.salesforce.com/down", "", "https://a b/", "https://<script>/", "mailto:x"]
    {
        for error in told(&response(302, &[("location", to)], "")).unwrap() {
            assert_eq!((&error.kind, error.retry), (&ErrorKind::Transient, Retry::After(300)), "{to}");
            assert!(error.message.contains("acme.my.salesforce.com redirects") && !error.message.contains("script"));
        }
    }
}
