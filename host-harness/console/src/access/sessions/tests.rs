use super::*;

fn sessions() -> (tempfile::TempDir, Sessions) {
    let folder = tempfile::tempdir().unwrap();
    let directory = Directory::open(folder.path()).unwrap();
    (folder, Sessions::of(&directory))
}

#[test]
fn a_form_token_fits_its_session_and_its_directory_only() {
    let key = |byte| hmac::Key::new(hmac::HMAC_SHA256, &[byte; 32]);
    let (one, other) = (SessionId::random().unwrap(), SessionId::random().unwrap());
    let token = one.token(&key(1));
    assert!(one.has_token(&key(1), &token));
    for (session, key, token) in
        [(&other, key(1), token.as_str()), (&one, key(2), token.as_str()), (&one, key(1), ""), (&one, key(1), "x!")]
    {
        assert!(!session.has_token(&key, token));
    }
}

#[test]
fn a_cookie_that_is_no_session_is_none() {
    let session = SessionId::random().unwrap();
    assert_eq!(SessionId::parse(session.as_str()), Some(session));
    let (short, long) = (URL_SAFE_NO_PAD.encode([7; NAME_BYTES - 1]), URL_SAFE_NO_PAD.encode([7; NAME_BYTES + 1]));
    for bad in ["", "x", "'; DROP TABLE person; --", &short, &long, &"A".repeat(100_000)] {
        assert_eq!(SessionId::parse(bad), None);
    }
}

#[test]
fn signing_out_ends_the_session_and_takes_back_what_was_to_be_told() {
    let (_folder, sessions) = sessions();
    let (id, other) = (SessionId::random().unwrap(), SessionId::random().unwrap());
    sessions.sign_in(&id, "ada", "hash", "192.0.2.1").unwrap();
    sessions.sign_in(&other, "grace", "hash", "192.0.2.1").unwrap();
    let name = |id: &SessionId| sessions.signed_in(id).unwrap().map(|one| one.admin);
    assert_eq!((name(&id).as_deref(), name(&other).as_deref()), (Some("ada"), Some("grace")));
    sessions.flash(&id, true, "done");
    sessions.sign_out(&id).unwrap();
    assert!(name(&id).is_none() && sessions.take_flashes(&id).is_empty());
    assert_eq!(name(&other).as_deref(), Some("grace"));
}

#[test]
fn what_is_to_be_told_is_told_once_and_bounded() {
    let (_folder, sessions) = sessions();
    let (id, other) = (SessionId::random().unwrap(), SessionId::random().unwrap());
    sessions.flash(&id, true, "done");
    sessions.flash(&id, false, "not done");
    assert!(sessions.take_flashes(&other).is_empty());
    let told: Vec<(bool, String)> =
        sessions.take_flashes(&id).into_iter().map(|flash| (flash.good, flash.text)).collect();
    assert_eq!(told, [(true, "done".to_owned()), (false, "not done".to_owned())]);
    for number in 0..=FLASHES {
        sessions.flash(&other, true, number.to_string());
    }
    assert_eq!(sessions.take_flashes(&other).len(), FLASHES);
    assert!(sessions.take_flashes(&other).is_empty());
}
