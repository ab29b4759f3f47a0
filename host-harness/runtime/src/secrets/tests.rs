use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use rustls::pki_types::PrivatePkcs8KeyDer;

use super::*;

/// A private key of RSA, in PKCS #8.
const KEY: &str = include_str!("../../../emulator/tests/it/keys/app.key.pem");

/// Masks of these, in this order.
fn masks(secrets: &[&str]) -> Masks {
    let mut masks = Masks::default();
    secrets.iter().for_each(|secret| masks.add(&Secret::new((*secret).to_owned()), "***"));
    masks
}

#[test]
fn a_secret_prints_as_a_mask() {
    assert_eq!(format!("{:?}", Secret::new("hunter2-hunter2".to_owned())), "Secret(***)");
}

proptest::proptest! {
    #[test]
    fn no_form_of_a_secret_survives_masking(value in "[ -~]{4,20}", before in ".*", after in ".*") {
        let mut masks = Masks::default();
        masks.add(&Secret::new(value.clone()), "***");
        let json = serde_json::Value::from(value.as_str()).to_string();
        let forms = [
            value.clone(),
            quick_xml::escape::escape(value.as_str()).into_owned(),
            json[1..json.len() - 1].to_owned(),
            form_urlencoded::byte_serialize(value.as_bytes()).collect(),
            STANDARD.encode(&value),
            URL_SAFE_NO_PAD.encode(&value),
        ];
        for form in forms {
            let text = format!("{before}{form}|{form}{after}");
            let masked = masks.apply_str(&text);
            proptest::prop_assert!(!masked.contains(&form) || "***".contains(&form));
        }
    }
}

#[test]
fn signing_says_why_a_secret_is_no_key() {
    let no_pem = Secret::new("hunter2".to_owned()).sign_rs256(b"m").unwrap_err();
    assert!(no_pem.contains("BEGIN PRIVATE KEY") && !no_pem.contains("hunter2"), "{no_pem}");
    let other = "-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----";
    assert!(Secret::new(other.to_owned()).sign_rs256(b"m").unwrap_err().contains("an elliptic curve, not of RSA"));
    let torn = "-----BEGIN PRIVATE KEY-----\nAA!A\n-----END PRIVATE KEY-----";
    let torn = Secret::new(torn.to_owned()).sign_rs256(b"m").unwrap_err();
    assert!(torn.contains("cannot be read as PEM") && !torn.contains("AA!A"), "{torn}");
    let broken = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----";
    assert!(Secret::new(broken.to_owned()).sign_rs256(b"m").unwrap_err().contains("not a usable RSA private key"));
}

#[test]
fn of_secrets_that_begin_alike_the_longer_is_masked_whole() {
    let (short, long) = ("hunter2-", "hunter2-hunter3");
    for masks in [masks(&[short, long]), masks(&[long, short])] {
        assert_eq!(masks.apply_str("a hunter2-hunter3 b hunter2- c"), "a *** b *** c", "{masks:?}");
    }
}

#[test]
fn a_secret_is_masked_in_each_form_and_wherever_it_stands() {
    let masks = masks(&["p&w d\""]);
    for (text, expected) in [
        ("p&w d\"", "***"),
        ("<p>p&amp;w d&quot;</p>", "<p>***</p>"),
        ("{\"p\":\"p&w d\\\"\"}", "{\"p\":\"***\"}"),
        ("p=p%26w+d%22&q=1", "p=***&q=1"),
        ("p&w d\"p&w d\"", "******"),
        ("p&w d", "p&w d"),
    ] {
        assert_eq!(masks.apply_str(text), expected, "{text}");
    }
    assert!(matches!(masks.apply(b"nothing of the kind"), Cow::Borrowed(b"nothing of the kind")));
    assert_eq!(*masks.apply(b"\xffp&w d\"\xfe"), *b"\xff***\xfe");
}

#[test]
fn a_secret_of_four_characters_is_masked_and_a_shorter_one_is_none() {
    let masks = masks(&["abcd", "xyz"]);
    assert_eq!(masks.apply_str("abcdxyz"), "***xyz");
    // Each form once, however often it is added: as it is, in Base64 with and without padding, and in hexadecimal; and the shorter
    // one's hexadecimal and Base64.
    assert_eq!(format!("{masks:?}"), "Masks(6)");
}

/// A PEM block with this label.
fn pem(label: &str, der: &[u8]) -> String {
    let lines: Vec<String> =
        STANDARD.encode(der).as_bytes().chunks(64).map(|line| String::from_utf8_lossy(line).into_owned()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

#[test]
fn a_key_of_pkcs_8_and_one_of_pkcs_1_sign_alike() {
    let pkcs8 = PrivatePkcs8KeyDer::from_pem_slice(KEY.as_bytes()).unwrap();
    let pkcs8 = pkcs8.secret_pkcs8_der();
    // A key of RSA in PKCS #8 (RFC 5958) is 26 bytes of headings, and then the key in PKCS #1 (RFC 8017 appendix A.1.2).
    let pkcs1 = &pkcs8[26..];
    let public = RsaKeyPair::from_der(pkcs1).unwrap().public().as_ref().to_vec();
    let crlf = KEY.replace('\n', "\r\n");
    let with_text_before = format!("Subject: a key\n{}", pem("RSA PRIVATE KEY", pkcs1));
    for key in [KEY, &crlf, &pem("RSA PRIVATE KEY", pkcs1), &with_text_before] {
        let signature = Secret::new(key.to_owned()).sign_rs256(b"the message").unwrap();
        let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &public);
        key.verify(b"the message", &signature).unwrap();
        assert!(key.verify(b"another message", &signature).is_err());
    }
    // What the label says is what is read.
    for (label, der) in [("PRIVATE KEY", pkcs1), ("RSA PRIVATE KEY", pkcs8)] {
        let refused = Secret::new(pem(label, der)).sign_rs256(b"m").unwrap_err();
        assert!(refused.contains("not a usable RSA private key"), "{refused}");
    }
    let public = Secret::new(pem("PUBLIC KEY", pkcs1)).sign_rs256(b"m").unwrap_err();
    assert!(public.contains("must begin with -----BEGIN PRIVATE KEY-----"), "{public}");
}
