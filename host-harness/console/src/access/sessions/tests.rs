use super::*;

const SECOND: Duration = Duration::from_secs(1);

/// Sessions of which one has signed in at the time that is returned.
fn signed_in() -> (Sessions, SessionId, Instant) {
    let (sessions, id, now) = (Sessions::default(), SessionId::random().unwrap(), Instant::now());
    sessions.sign_in(&id, "ada", "hash", now);
    (sessions, id, now)
}

#[test]
fn a_form_token_fits_its_session_and_its_process_only() {
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
fn a_session_ends_after_an_hour_without_a_request() {
    let (sessions, id, start) = signed_in();
    let name = |at: Instant| sessions.signed_in(&id, at).map(|(name, hash)| format!("{name} {hash}"));
    let hour = Duration::from_secs(3600);
    assert_eq!(name(start + hour - SECOND).as_deref(), Some("ada hash"));
    // That request was a use of it, so the hour counts from there.
    assert_eq!(name(start + hour + hour - 2 * SECOND).as_deref(), Some("ada hash"));
    assert_eq!(name(start + hour + hour + hour - 2 * SECOND), None);
    assert_eq!(name(start), None, "what has ended does not come back");
}

#[test]
fn a_session_in_use_ends_twelve_hours_after_signing_in() {
    let (sessions, id, start) = signed_in();
    for minutes in (30..12 * 60).step_by(30) {
        assert!(sessions.signed_in(&id, start + minutes * 60 * SECOND).is_some(), "{minutes} minutes");
    }
    let end = start + 12 * 3600 * SECOND;
    assert!(sessions.signed_in(&id, end - SECOND).is_some());
    assert!(sessions.signed_in(&id, end).is_none());
}

#[test]
fn what_has_ended_makes_room_before_anybody_else_does() {
    let (sessions, idle, start) = signed_in();
    let later = start + 3600 * SECOND;
    let others: Vec<SessionId> = (1..SIGNED_IN).map(|_| SessionId::random().unwrap()).collect();
    for id in &others {
        sessions.sign_in(id, "grace", "hash", later - SECOND);
    }
    sessions.sign_in(&SessionId::random().unwrap(), "mary", "hash", later);
    assert!(others.iter().all(|id| sessions.signed_in(id, later).is_some()));
    assert!(!sessions.kept().signed_in.contains_key(&idle));
}

#[test]
fn signing_out_ends_the_session_and_takes_back_what_was_to_be_told() {
    let (sessions, id, now) = signed_in();
    let other = SessionId::random().unwrap();
    sessions.sign_in(&other, "grace", "hash", now);
    sessions.flash(&id, true, "done");
    sessions.sign_out(&id);
    assert!(sessions.signed_in(&id, now).is_none() && sessions.take_flashes(&id).is_empty());
    assert!(sessions.signed_in(&other, now).is_some());
}

#[test]
fn sessions_are_bounded_and_the_idlest_makes_room() {
    let (sessions, start) = (Sessions::default(), Instant::now());
    let ids: Vec<SessionId> = (0..=SIGNED_IN).map(|_| SessionId::random().unwrap()).collect();
    let (last, full) = ids.split_last().unwrap();
    for (seconds, id) in (0..).zip(full) {
        sessions.sign_in(id, "ada", "hash", start + seconds * SECOND);
    }
    // The first to sign in is not the idlest by now; the second is.
    let now = start + 300 * SECOND;
    assert!(full.iter().all(|id| sessions.kept().signed_in.contains_key(id)), "as many as there may be");
    sessions.signed_in(&ids[0], now).unwrap();
    sessions.sign_in(last, "ada", "hash", now);
    let gone: Vec<bool> = ids.iter().map(|id| sessions.signed_in(id, now).is_none()).collect();
    assert_eq!(gone.iter().position(|gone| *gone), Some(1));
    assert_eq!(gone.iter().filter(|gone| **gone).count(), 1);
}

#[test]
fn what_is_to_be_told_is_bounded_and_the_oldest_makes_room() {
    let sessions = Sessions::default();
    let ids: Vec<SessionId> = (0..=WITH_FLASHES).map(|_| SessionId::random().unwrap()).collect();
    let (last, full) = ids.split_last().unwrap();
    for id in full {
        sessions.flash(id, true, "done");
    }
    // One that has something to be told already takes nobody's place, and is now the newest.
    sessions.flash(&full[0], false, "not done");
    assert_eq!(sessions.kept().flashes.len(), WITH_FLASHES);
    sessions.flash(last, true, "done");
    assert!(sessions.take_flashes(&full[1]).is_empty());
    let told: Vec<(bool, String)> =
        sessions.take_flashes(&full[0]).into_iter().map(|flash| (flash.good, flash.text)).collect();
    assert_eq!(told, [(true, "done".to_owned()), (false, "not done".to_owned())]);
    for number in 0..=FLASHES {
        sessions.flash(last, true, number.to_string());
    }
    assert_eq!(sessions.take_flashes(last).len(), FLASHES);
    assert!(sessions.take_flashes(last).is_empty(), "it is told once");
}
