use proptest::prelude::*;

use super::*;
use crate::scripted::golden;

#[test]
fn a_successful_sign_in_is_read_with_its_entities() {
    let signed_in = parse(200, golden("login/success.xml").as_bytes()).unwrap_or_else(|fault| panic!("{fault:?}"));
    assert_eq!(signed_in.session_id, "00D5e0000012AbC!AQcAQFirst.session");
    assert_eq!(signed_in.instance_url, "https://acme.my.salesforce.com");
    assert_eq!(signed_in.organization_id, "00D5e0000012AbCEAU");
    assert_eq!(signed_in.organization_name, "Acme & Söhne");
    assert_eq!(signed_in.user_id, "0055e000001AdmnAAC");
    assert_eq!(signed_in.time_zone.as_deref(), Some("Europe/Berlin"));
    assert_eq!(signed_in.locale.as_deref(), Some("de_DE"));
    assert_eq!(signed_in.language.as_deref(), Some("de"));
    assert!(!signed_in.password_expired);
    assert!(!signed_in.has_person_accounts);
}

#[test]
fn a_fault_keeps_its_code_and_words() {
    let fault = parse(500, golden("login/fault.xml").as_bytes()).err().unwrap();
    assert_eq!(fault.status, 500);
    assert_eq!(fault.code, "INVALID_LOGIN");
    assert_eq!(fault.message, "Invalid username, password, security token; or user locked out.");
}

#[test]
fn a_fault_without_detail_takes_the_code_from_faultcode() {
    let body = "<e><Fault><faultcode>sf:UNSUPPORTED_API_VERSION</faultcode><faultstring>Invalid Api version</faultstring></Fault></e>";
    let fault = parse(500, body.as_bytes()).err().unwrap();
    assert_eq!((fault.code.as_str(), fault.message.as_str()), ("UNSUPPORTED_API_VERSION", "Invalid Api version"));
}

#[test]
fn an_answer_of_another_server_is_a_fault_without_a_code() {
    for body in ["", "<html><title>Login</title></html>", "{}", "<a><b></a>", "<a>&unknown;</a>"] {
        let fault = parse(200, body.as_bytes()).err().unwrap();
        assert_eq!(fault.code, "", "{body}");
    }
}

#[test]
fn the_username_is_escaped_in_the_request() {
    let password = Password { password: "password".to_owned(), security_token: Some("token".to_owned()) };
    let body = request("https://login.salesforce.com", "a<b>&'\"@x.example", &password).body.unwrap();
    let expected =
        "<urn:username>a&lt;b&gt;&amp;&apos;&quot;@x.example</urn:username><urn:password>passwordtoken</urn:password>";
    assert!(body.contains(expected), "{body}");
}

proptest! {
    #[test]
    fn junk_is_never_a_sign_in(body in proptest::collection::vec(any::<u8>(), 0..600)) {
        prop_assert!(parse(200, &body).is_err());
    }

    #[test]
    fn a_sign_in_that_is_cut_anywhere_never_panics(cut in 0_usize..2400) {
        let body = golden("login/success.xml");
        let cut = cut.min(body.len());
        // Whatever is read, the session id is whole or there is none.
        if let Ok(signed_in) = parse(200, &body.as_bytes()[..cut]) {
            prop_assert_eq!(signed_in.session_id, "00D5e0000012AbC!AQcAQFirst.session");
        }
    }
}
