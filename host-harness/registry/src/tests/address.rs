use crate::{Address, AddressError};

const DIGITS: &str = "9F86D081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

#[test]
fn an_address_names_a_registry_and_a_digest() {
    let address: Address = format!("oci://registry.example:5000/acme/connector:1.2@sha256:{DIGITS}").parse().unwrap();
    assert_eq!((address.host(), address.digest()), ("registry.example:5000", DIGITS.to_lowercase().as_str()));
    assert_eq!(
        address.to_string(),
        format!("oci://registry.example:5000/acme/connector:1.2@sha256:{}", DIGITS.to_lowercase())
    );
}

#[test]
fn an_address_that_leaves_something_open_is_refused() {
    let refused = |text: &str| text.parse::<Address>().unwrap_err();
    let digest = format!("@sha256:{DIGITS}");
    for (text, error) in [
        (format!("https://registry.example/acme{digest}"), AddressError::Form),
        // Else it would be one of a registry that nobody has named.
        (format!("oci://acme/connector{digest}"), AddressError::NoHost),
        (format!("oci://connector{digest}"), AddressError::NoHost),
        ("oci://registry.example/acme:1.2".to_owned(), AddressError::NoDigest),
        ("oci://registry.example/acme@sha256:abcd".to_owned(), AddressError::Digest),
        (format!("oci://registry.example/acme@sha512:{DIGITS}{DIGITS}"), AddressError::Digest),
        (format!("oci://registry.example/ac me{digest}"), AddressError::Form),
        (format!("oci://registry.example/acme{digest}{digest}"), AddressError::Form),
    ] {
        assert_eq!(refused(&text), error, "{text}");
    }
}

#[test]
fn a_password_in_an_address_is_refused_and_not_quoted() {
    let text = format!("oci://ada:hunter2-hunter2@registry.example/acme@sha256:{DIGITS}");
    let error = text.parse::<Address>().unwrap_err().to_string();
    assert!(!error.contains("hunter2"), "{error}");
}

#[test]
fn only_registries_of_this_machine_are_asked_by_plain_http() {
    for (host, expected) in [
        ("localhost", true),
        ("localhost:5000", true),
        ("127.0.0.1:5000", true),
        ("127.9.9.9", true),
        ("localhost.example", false),
        ("127.0.0.1.example:80", false),
        ("10.0.0.1:5000", false),
        ("registry.example", false),
    ] {
        let address: Address = format!("oci://{host}/acme@sha256:{DIGITS}").parse().unwrap();
        assert_eq!(address.is_loopback(), expected, "{host}");
    }
}
