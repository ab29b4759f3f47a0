use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use rustls::pki_types::PrivatePkcs8KeyDer;

use super::*;

/// A private key of RSA, in PKCS #8.
const KEY: &str = include_str!("../../../emulator/tests/it/keys/app.key.pem");

/// Masks of these, in this order.
fn masks(secrets: &[&str]) -> Masks {
    let mut masks = Masks::default();
    secrets.iter().for_each(|secret| masks.add(&Secret::new((*secret).to_owned())));
    masks
}

#[test]
fn a_secret_prints_as_a_mask() {
    let secret = Secret::new("hunter2-hunter2".to_owned());
    assert_eq!(format!("{secret:?} {:?}", SecretHandle(secret.clone())), "Secret(***) SecretHandle(Secret(***))");
}

#[test]
fn each_escaping_follows_its_syntax() {
    let secret = Secret::new("a<&>\"' \\+é\r\n\t".to_owned());
    assert_eq!(*secret.escaped(Escaping::Verbatim), "a<&>\"' \\+é\r\n\t");
    assert_eq!(*secret.escaped(Escaping::Xml), "a&lt;&amp;&gt;&quot;&apos; \\+é&#13;&#10;&#9;");
    assert_eq!(*secret.escaped(Escaping::Json), "a<&>\\\"' \\\\+é\\r\\n\\t");
    assert_eq!(*secret.escaped(Escaping::Form), "a%3C%26%3E%22%27+%5C%2B%C3%A9%0D%0A%09");
}

proptest::proptest! {
    #[test]
    fn a_json_escaped_secret_reads_back(value in ".*") {
        let quoted = format!("\"{}\"", Secret::new(value.clone()).escaped(Escaping::Json).as_str());
        proptest::prop_assert_eq!(serde_json::from_str::<String>(&quoted).unwrap(), value);
    }

    #[test]
    fn an_xml_escaped_secret_reads_back(value in ".*") {
        let escaped = Secret::new(value.clone()).escaped(Escaping::Xml);
        proptest::prop_assert!(!escaped.contains(['<', '>', '"', '\'']));
        proptest::prop_assert_eq!(quick_xml::escape::unescape(&escaped).unwrap(), value);
    }

    #[test]
    fn a_form_escaped_secret_reads_back(value in ".*") {
        let body = format!("p={}", Secret::new(value.clone()).escaped(Escaping::Form).as_str());
        let url = reqwest::Url::parse(&format!("http://x/?{body}")).unwrap();
        proptest::prop_assert_eq!(url.query_pairs().next().unwrap().1, value);
    }

    #[test]
    fn no_form_of_a_secret_survives_masking(value in "[ -~]{4,20}", before in ".*", after in ".*") {
        let secret = Secret::new(value.clone());
        let mut masks = Masks::default();
        masks.add(&secret);
        for escaping in [Escaping::Verbatim, Escaping::Xml, Escaping::Json, Escaping::Form] {
            let form = secret.escaped(escaping);
            let text = format!("{before}{}|{}{after}", form.as_str(), form.as_str());
            let masked = masks.apply_str(&text);
            proptest::prop_assert!(!masked.contains(form.as_str()) || MASK.contains(form.as_str()));
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
    let (mut in_pieces, mut texts) = (masks(&[short]), masks(&[short]));
    in_pieces.extend(&masks(&[long]));
    texts.add_text(long);
    for masks in [masks(&[short, long]), masks(&[long, short]), in_pieces, texts] {
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
    // Each form once, however often it is added.
    assert_eq!(format!("{masks:?}"), "Masks(1)");
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
