//! What is sent again, what isn't, and how long is waited before.

use super::*;
use crate::host::Failure;

fn limits() -> Call<'static> {
    Call::get("limits".to_owned())
}

/// A write of absolute values, which comes to the same when it is done twice.
fn update() -> Call<'static> {
    Call { method: host::Method::Patch, repeat: Repeat::Always, ..create("{}") }
}

#[test]
fn what_comes_to_the_same_twice_is_sent_again_after_a_time_out_or_a_cut_connection() {
    for failure in [Failure::TimedOut, Failure::Unreachable("cut".to_owned())] {
        for (call, method, path, body) in
            [(limits(), "GET", "limits", ""), (update(), "PATCH", "sobjects/Contact", "{}")]
        {
            let script = Script::new();
            let client = client(&script);
            script.unanswered(method, path, body, failure.clone()).rest(method, path, body, 200, "{}");
            assert!(client.call(&call, "it").is_ok(), "{method} after {failure:?}");
            assert_eq!(script.pauses().len(), 1, "{method} after {failure:?}");
        }
    }
}

#[test]
fn a_read_that_is_never_answered_is_sent_four_times_and_no_more() {
    let script = Script::new();
    let client = client(&script);
    for _ in 0..=RETRIES {
        script.unanswered("GET", "limits", "", Failure::TimedOut);
    }
    let error = client.call(&limits(), "the limits").map(|_| ()).unwrap_err();
    assert_eq!((&error.kind, error.retry), (&ErrorKind::Transient, Retry::After(30)));
    assert_eq!(error.message, "no answer for the limits: Salesforce did not answer in time");
    assert_eq!(client.usage().calls, 5);
}

#[test]
fn what_will_not_pass_is_sent_once_and_told_with_its_reason() {
    let other = |name: &'static str| ErrorKind::Other(Cow::Borrowed(name));
    for (failure, kind, retry, uncertain, words) in [
        (
            Failure::Denied("no such host.".to_owned()),
            ErrorKind::Unreachable,
            Retry::AfterRemedy,
            false,
            "no such host",
        ),
        (Failure::Tls("self-signed".to_owned()), ErrorKind::Unreachable, Retry::AfterRemedy, false, "self-signed"),
        (Failure::TooLarge(9), other("answer-too-large"), Retry::Never, true, "the answer is longer than 9 bytes"),
        (Failure::Cancelled, other("cancelled"), Retry::AtOnce, true, "the job was ended"),
        (Failure::Other("odd".to_owned()), other("request-failed"), Retry::Never, true, "odd"),
    ] {
        let script = Script::new();
        let client = client(&script);
        script.unanswered("GET", "limits", "", failure);
        let failed = client.attempt(&limits(), "the limits").map(|_| ()).unwrap_err();
        assert_eq!((&failed.error.kind, failed.error.retry, failed.uncertain), (&kind, retry, uncertain));
        assert_eq!(failed.error.message, format!("no answer for the limits: {words}"));
        assert_eq!(script.pauses(), []);
    }
}

#[test]
fn a_creation_is_sent_again_where_salesforce_itself_says_that_it_was_not_done() {
    let busy = r#"[{"message":"busy","errorCode":"SERVER_UNAVAILABLE"}]"#;
    let script = Script::new();
    let client = client(&script);
    script.rest("POST", "sobjects/Contact", "{}", 503, busy).rest("POST", "sobjects/Contact", "{}", 201, "{}");
    assert_eq!(client.call(&create("{}"), "the contact").map(|response| response.status), Ok(201));
}

#[test]
fn a_refusal_says_whether_the_call_may_have_been_acted_on() {
    let refusal = r#"[{"message":"no","errorCode":"STRING_TOO_LONG"}]"#;
    for (status, body, uncertain) in
        [(400, refusal, false), (500, refusal, false), (400, "<html>", false), (500, "<html>", true), (503, "", true)]
    {
        let script = Script::new();
        let client = client(&script);
        script.rest("POST", "sobjects/Contact", "{}", status, body);
        let failed = client.attempt(&create("{}"), "the contact").map(|_| ()).unwrap_err();
        assert_eq!(failed.uncertain, uncertain, "{status} {body}");
    }
}

#[test]
fn of_calls_side_by_side_only_those_that_met_a_passing_condition_are_sent_again() {
    let script = Script::new();
    let client = client(&script);
    let not_found = r#"[{"message":"no","errorCode":"NOT_FOUND"}]"#;
    script.rest("GET", "a", "", 200, "1").rest("GET", "b", "", 503, "").rest("GET", "c", "", 404, not_found);
    script.rest("GET", "b", "", 200, "2");
    let calls: [Call<'_>; 3] = ["a", "b", "c"].map(|path| Call::get(path.to_owned()));
    let answers = client.attempt_all(&calls.each_ref(), &["the first", "the second", "the third"]);
    let told: Vec<_> = answers.into_iter().map(|answer| answer.map_err(|failed| failed.error.kind.clone())).collect();
    let body = |answer: &std::result::Result<Response, ErrorKind>| answer.as_ref().map(|one| one.body.clone()).ok();
    assert_eq!((body(&told[0]), body(&told[1])), (Some(b"1".to_vec()), Some(b"2".to_vec())));
    assert_eq!(told[2].as_ref().err(), Some(&ErrorKind::NotFound));
}

#[test]
fn a_session_that_ends_under_several_calls_is_renewed_once_for_all_of_them() {
    let script = Script::new();
    let client = client(&script);
    script.rest("GET", "a", "", 401, EXPIRED).rest("GET", "b", "", 200, "").rest("GET", "c", "", 401, EXPIRED);
    script.answer(&golden("login/request.txt"), 200, golden("login/renewed.xml"));
    for path in ["a", "c"] {
        script.get_as(SECOND_SESSION, path, 200, path);
    }
    let calls: [Call<'_>; 3] = ["a", "b", "c"].map(|path| Call::get(path.to_owned()));
    let answers = client.attempt_all(&calls.each_ref(), &["the first", "the second", "the third"]);
    let bodies: Vec<_> = answers.into_iter().map(|answer| answer.ok().map(|one| one.body)).collect();
    assert_eq!(bodies, [Some(b"a".to_vec()), Some(Vec::new()), Some(b"c".to_vec())]);
    assert_eq!(script.pauses(), []);
}

#[test]
fn a_session_that_cannot_be_renewed_fails_only_the_calls_that_need_it() {
    let script = Script::new();
    let client = client(&script);
    script.rest("GET", "a", "", 401, EXPIRED).rest("GET", "b", "", 503, "");
    script.answer(&golden("login/request.txt"), 500, golden("login/fault.xml"));
    script.rest("GET", "b", "", 200, "");
    let calls: [Call<'_>; 2] = ["a", "b"].map(|path| Call::get(path.to_owned()));
    let answers = client.attempt_all(&calls.each_ref(), &["the first", "the second"]);
    let kinds: Vec<_> =
        answers.into_iter().map(|answer| answer.err().map(|failed| failed.error.kind.clone())).collect();
    assert_eq!(kinds, [Some(ErrorKind::InvalidCredentials), None]);
}

#[test]
fn the_pauses_double_and_chance_adds_less_than_as_much_again() {
    // The pauses are 250, 500 and 1000 ms and the clock's nanoseconds modulo each of them.
    for (nanos, pauses) in [
        (0, [250, 500, 1_000]),
        (249, [499, 749, 1_249]),
        (250, [250, 750, 1_250]),
        (123_456_789, [289, 789, 1_789]),
        (999_999_999, [499, 999, 1_999]),
    ] {
        let script = Script::new();
        script.nanos(nanos);
        let client = client(&script);
        for _ in 0..=RETRIES {
            script.rest("GET", "limits", "", 503, "");
        }
        assert!(client.call(&limits(), "the limits").is_err());
        assert_eq!(script.pauses(), pauses.map(Duration::from_millis), "{nanos}");
    }
}

#[test]
fn the_pauses_grow_to_sixteen_seconds_and_no_further() {
    let script = Script::new();
    let client = client(&script);
    for attempt in [5, 6, 7, 40] {
        client.back_off(attempt, "it");
    }
    assert_eq!(script.pauses(), [8_000, 16_000, 16_000, 16_000].map(Duration::from_millis));
    assert!(script.logged()[0].starts_with("Warn Salesforce is busy"), "{:?}", script.logged());
}
