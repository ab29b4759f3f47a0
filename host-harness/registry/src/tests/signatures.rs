use super::signing::Keys;
use crate::{SignatureError, Signer, Signers};

const COMPONENT: &[u8] = b"component";

fn signer(name: &str, keys: &Keys) -> Signer {
    Signer::parse(name, &keys.public()).unwrap()
}

#[test]
fn whoever_is_trusted_and_has_signed_is_named() {
    let (ours, others) = (Keys::new(), Keys::new());
    let signers: Signers = [signer("others", &others), signer("ours", &ours)].into_iter().collect();
    let signed = signers.check(COMPONENT, Some(&ours.sign(COMPONENT, "release 1.2"))).unwrap();
    assert_eq!((signed.by.as_str(), signed.comment.as_str()), ("ours", "release 1.2"));
}

#[test]
fn a_signature_counts_for_its_bytes_and_its_key_alone() {
    let (ours, others) = (Keys::new(), Keys::new());
    let signers: Signers = [signer("ours", &ours)].into_iter().collect();
    let check = |bytes: &[u8], signature: Option<&str>| signers.check(bytes, signature).unwrap_err();
    let good = ours.sign(COMPONENT, "release 1.2");
    assert_eq!(check(b"componenT", Some(&good)), SignatureError::Wrong { by: "ours".to_owned() });
    // The comment is signed as well.
    let retold = good.replace("release 1.2", "release 1.3");
    assert_eq!(check(COMPONENT, Some(&retold)), SignatureError::Wrong { by: "ours".to_owned() });
    let stranger = SignatureError::Stranger { trusted: "ours".to_owned() };
    assert_eq!(check(COMPONENT, Some(&others.sign(COMPONENT, ""))), stranger);
    assert_eq!(check(COMPONENT, None), SignatureError::Missing);
    for text in ["", "signature", &good[..good.len() / 2], &"x".repeat(1 << 20)] {
        assert_eq!(check(COMPONENT, Some(text)), SignatureError::Malformed);
    }
    assert!(Signers::default().is_empty() && Signers::default().check(COMPONENT, Some(&good)).is_err());
}

#[test]
fn a_key_that_claims_the_id_of_another_signs_nothing() {
    let (ours, others) = (Keys::new(), Keys::new());
    // The id of a key is eight bytes that anybody may choose.
    let forged = Keys { id: ours.id, ..others };
    let signature = forged.sign(COMPONENT, "");
    let signers: Signers = [signer("ours", &ours)].into_iter().collect();
    let error = signers.check(COMPONENT, Some(&signature)).unwrap_err();
    assert_eq!(error, SignatureError::Wrong { by: "ours".to_owned() });
}

#[test]
fn signatures_of_the_old_form_are_refused() {
    // Made by minisign 0.11 with -l.
    let key = "RWRUnRElD6MYrLouXZs/GRRMJKCmqp3WoiArVqFticat7pq7ZmThgg6x";
    let signature = "untrusted comment: signature from minisign secret key\n\
                     RWRUnRElD6MYrA4auIS6jgspWdGBhPvamO7as/fEwgz25Nmr76wWIfFD98N3yg0LX5LVjMqPve44xP1zDiEBtX1Jtw3HCYc8dQo=\n\
                     trusted comment: an old one\n\
                     tCcXxVQ4iGzzlnnma2LdYkJ5UDMRiGruFz1kLZp/uRRIaFVYkQERhiyaHgPFEHbZO7+giYi00ecpm7BdrlDsCw==\n";
    let signers: Signers = [Signer::parse("old", key).unwrap()].into_iter().collect();
    assert_eq!(signers.check(COMPONENT, Some(signature)).unwrap_err(), SignatureError::OldForm);
}

#[test]
fn a_key_is_read_from_its_file_and_named_after_it() {
    let folder = tempfile::tempdir().unwrap();
    let keys = Keys::new();
    let path = folder.path().join("releases.pub");
    std::fs::write(&path, keys.public()).unwrap();
    let signers: Signers = [Signer::read(&path).unwrap()].into_iter().collect();
    assert_eq!(signers.check(COMPONENT, Some(&keys.sign(COMPONENT, ""))).unwrap().by, "releases");
    for text in ["", "no key", &"x".repeat(1 << 20)] {
        std::fs::write(&path, text).unwrap();
        let error = Signer::read(&path).unwrap_err().to_string();
        assert!(error.contains("releases.pub") && error.contains("minisign -G"), "{error}");
    }
    assert!(Signer::read(&folder.path().join("none.pub")).is_err());
}
