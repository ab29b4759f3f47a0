use super::*;
use crate::host::Failure;
use crate::model::ErrorKind;
use crate::salesforce::json;
use crate::salesforce::json::Datum;
use crate::scripted::{Script, client};

/// Contacts of these names, new or with ids.
fn contacts(names: &[&str], exist: bool) -> Vec<Write> {
    let write = |name: &&str| Write {
        object: "Contact",
        id: exist.then(|| format!("003{name}")),
        fields: vec![(Cow::Borrowed("LastName"), Some(Datum::Text((*name).to_owned())))],
    };
    names.iter().map(write).collect()
}

fn body(names: &[&str], exist: bool) -> String {
    let records: Vec<String> = contacts(names, exist).iter().map(json::text).collect();
    format!(r#"{{"allOrNone":false,"records":[{}]}}"#, records.join(","))
}

fn done(id: &str) -> String {
    format!(r#"{{"id":"{id}","success":true,"errors":[]}}"#)
}

fn refused(code: &str) -> String {
    format!(r#"{{"success":false,"errors":[{{"statusCode":"{code}","message":"no","fields":["Email"]}}]}}"#)
}

fn all(results: &[String]) -> String {
    format!("[{}]", results.join(","))
}

/// What came of each record: its id, or a code, or whether it may have been written.
fn outcomes(written: &[Written]) -> Vec<String> {
    let outcome = |written: &Written| match written {
        Ok(id) => id.clone(),
        Err(Refused::Record(fault)) => fault.code.clone(),
        Err(refused) => if refused.is_uncertain() { "perhaps" } else { "not" }.to_owned(),
    };
    written.iter().map(outcome).collect()
}

#[test]
fn an_answer_with_fewer_or_more_results_than_records_is_attributed_to_none_of_them() {
    let [first, second] = ["0031", "0032"].map(done);
    for answer in [
        all(std::slice::from_ref(&first)),
        all(&[]),
        all(&[first.clone(), second.clone(), second.clone()]),
        first.clone(),
        "null".to_owned(),
        String::new(),
    ] {
        let script = Script::new();
        let client = client(&script);
        script.rest("POST", "composite/sobjects", &body(&["A", "B"], false), 200, &answer);
        let mut heard = 0;
        let written =
            client.wait_for(create(&client, &contacts(&["A", "B"], false), "the contacts", &mut |_| heard += 1));
        assert_eq!((outcomes(&written), heard), (vec!["perhaps".to_owned(); 2], 0), "{answer}");
        for refused in written {
            let error = refused.unwrap_err().into_error("the contact");
            assert_eq!(error.kind, ErrorKind::Transient, "{answer}");
            assert!(error.message.contains("cut off or not in its documented form"), "{error}");
        }
    }
}

#[test]
fn a_result_that_says_neither_yes_nor_no_leaves_its_record_uncertain_and_its_neighbours_theirs() {
    for odd in ["null", "{}", r#"{"success":true}"#, r#"{"id":"0032"}"#, "7"] {
        let script = Script::new();
        let client = client(&script);
        let answer = all(&[done("0031"), odd.to_owned(), refused("STRING_TOO_LONG")]);
        script.rest("POST", "composite/sobjects", &body(&["A", "B", "C"], false), 200, answer);
        let mut heard = Vec::new();
        let written =
            client.wait_for(create(&client, &contacts(&["A", "B", "C"], false), "the contacts", &mut |done| {
                heard.extend(done.iter().map(|(at, id)| (*at, (*id).to_owned())));
            }));
        assert_eq!(outcomes(&written), ["0031", "perhaps", "STRING_TOO_LONG"], "{odd}");
        assert_eq!(heard, [(0, "0031".to_owned())], "{odd}");
    }
}

#[test]
fn the_results_of_records_that_are_written_again_stand_in_their_own_places() {
    let script = Script::new();
    let client = client(&script);
    let locked = refused("UNABLE_TO_LOCK_ROW");
    let names = ["A", "B", "C", "D"];
    let answer = all(&[locked.clone(), done("003B"), locked.clone(), refused("STRING_TOO_LONG")]);
    script.rest("PATCH", "composite/sobjects", &body(&names, true), 200, answer);
    script.rest("PATCH", "composite/sobjects", &body(&["A", "C"], true), 200, all(&[locked, done("003C")]));
    script.rest("PATCH", "composite/sobjects", &body(&["A"], true), 200, all(&[done("003A")]));
    let mut heard = Vec::new();
    let written = client.wait_for(update(&client, &contacts(&names, true), "the contacts", &mut |done| {
        heard.push(done.iter().map(|(at, _)| *at).collect::<Vec<_>>());
    }));
    assert_eq!(outcomes(&written), ["003A", "003B", "003C", "STRING_TOO_LONG"]);
    assert_eq!(heard, [[1], [2], [0]]);
    assert_eq!(script.pauses().len(), 2);
}

#[test]
fn a_record_that_stays_locked_is_given_up_after_four_times() {
    let script = Script::new();
    let client = client(&script);
    for _ in 0..4 {
        script.rest("PATCH", "composite/sobjects", &body(&["A"], true), 200, all(&[refused("UNABLE_TO_LOCK_ROW")]));
    }
    let written = client.wait_for(update(&client, &contacts(&["A"], true), "the contacts", &mut |_| {}));
    assert_eq!(outcomes(&written), ["UNABLE_TO_LOCK_ROW"]);
    assert_eq!(script.pauses().len(), 3);
}

/// Names of so many records.
fn names(range: std::ops::Range<usize>) -> Vec<String> {
    range.map(|at| format!("N{at}")).collect()
}

/// A composite of these collections, as it is sent.
fn composite(method: &str, parts: &[&[String]]) -> String {
    let part = |(at, names): (usize, &&[String])| {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let (method, url) = (method, "/services/data/v66.0/composite/sobjects");
        let body = body(&names, method == "PATCH");
        format!(r#"{{"method":"{method}","referenceId":"r{at}","url":"{url}","body":{body}}}"#)
    };
    let parts: Vec<String> = parts.iter().enumerate().map(part).collect();
    format!(r#"{{"allOrNone":false,"compositeRequest":[{}]}}"#, parts.join(","))
}

/// The answer to a composite of which the parts are answered so.
fn answered(parts: &[(u16, String)]) -> String {
    let parts: Vec<String> = parts
        .iter()
        .map(|(status, body)| {
            format!(r#"{{"body":{body},"httpHeaders":{{}},"httpStatusCode":{status},"referenceId":"r"}}"#)
        })
        .collect();
    format!(r#"{{"compositeResponse":[{}]}}"#, parts.join(","))
}

/// The results of records that were all written.
fn all_done(names: &[String]) -> String {
    all(&names.iter().map(|name| done(&format!("003{name}"))).collect::<Vec<_>>())
}

fn written(names: &[String]) -> Vec<String> {
    names.iter().map(|name| format!("003{name}")).collect()
}

fn records(names: &[String], exist: bool) -> Vec<Write> {
    contacts(&names.iter().map(String::as_str).collect::<Vec<_>>(), exist)
}

#[test]
fn a_thousand_records_go_into_a_call_of_five_parts_and_the_next_ones_into_another() {
    let names = names(0..1001);
    let script = Script::new();
    let client = client(&script);
    let parts: Vec<&[String]> = names[..1000].chunks(200).collect();
    let answers: Vec<(u16, String)> = parts.iter().map(|part| (200, all_done(part))).collect();
    script.rest("POST", "composite", &composite("PATCH", &parts), 200, answered(&answers));
    script.rest("PATCH", "composite/sobjects", &body(&["N1000"], true), 200, all_done(&names[1000..]));
    let mut heard = Vec::new();
    let done = client.wait_for(update(&client, &records(&names, true), "the contacts", &mut |done| {
        heard.extend(done.iter().map(|(at, _)| *at));
    }));
    assert_eq!(outcomes(&done), written(&names));
    assert_eq!(heard, (0..1001).collect::<Vec<_>>());
}

#[test]
fn each_part_of_a_call_succeeds_or_fails_for_itself() {
    let names = names(0..900);
    let parts: Vec<&[String]> = names.chunks(200).collect();
    let broken = r#"[{"errorCode":"LIMIT_EXCEEDED","message":"no"}]"#.to_owned();
    let answers = [
        (200, all_done(parts[0])),
        (400, broken),
        (200, all(&[])),
        (502, "null".to_owned()),
        (200, all_done(parts[4])),
    ];
    let script = Script::new();
    let client = client(&script);
    script.rest("POST", "composite", &composite("POST", &parts), 200, answered(&answers));
    let mut heard = 0;
    let report = &mut |done: &[(usize, &str)]| heard += done.len();
    let outcomes = outcomes(&client.wait_for(create(&client, &records(&names, false), "the contacts", report)));
    assert_eq!((outcomes.len(), heard), (900, 300));
    assert_eq!((&outcomes[..200], &outcomes[800..]), (&written(&names[..200])[..], &written(&names[800..])[..]));
    assert_eq!(outcomes[200..400], ["not"; 200]);
    assert_eq!(outcomes[400..600], ["perhaps"; 200], "it was acted on, and how isn't said");
    assert_eq!(outcomes[600..800], ["perhaps"; 200], "a gateway knows nothing");
}

#[test]
fn a_part_that_met_a_passing_condition_is_sent_again_alone() {
    let names = names(0..400);
    let parts: Vec<&[String]> = names.chunks(200).collect();
    let locked = r#"[{"errorCode":"UNABLE_TO_LOCK_ROW","message":"no"}]"#.to_owned();
    let script = Script::new();
    let client = client(&script).with_width(8);
    let answers = [(200, all_done(parts[0])), (400, locked)];
    script.rest("POST", "composite", &composite("POST", &parts), 200, answered(&answers));
    let again: Vec<&str> = parts[1].iter().map(String::as_str).collect();
    script.rest("POST", "composite/sobjects", &body(&again, false), 200, all_done(parts[1]));
    let done = client.wait_for(create(&client, &records(&names, false), "the contacts", &mut |_| {}));
    assert_eq!(outcomes(&done), written(&names));
    assert_eq!(client.width(), 4, "fewer go side by side, since records were in each other's way");
}

#[test]
fn a_call_of_several_parts_that_is_lost_leaves_all_its_records_uncertain() {
    let names = names(0..201);
    let parts: Vec<&[String]> = names.chunks(200).collect();
    for answer in [None, Some(answered(&[(200, all_done(parts[0]))])), Some("{}".to_owned())] {
        let script = Script::new();
        let client = client(&script);
        let body = composite("POST", &parts);
        match &answer {
            Some(answer) => _ = script.rest("POST", "composite", &body, 200, answer),
            None => cut(&script, "POST", "composite", &body),
        }
        let done = client.wait_for(create(&client, &records(&names, false), "the contacts", &mut |_| {}));
        assert_eq!(outcomes(&done), ["perhaps"; 201], "{answer:?}");
    }
}

#[test]
fn after_a_call_of_several_parts_that_was_not_answered_each_part_goes_by_a_call_of_its_own() {
    let names = names(0..400);
    let parts: Vec<&[String]> = names.chunks(200).collect();
    let script = Script::new();
    let client = client(&script).with_width(8);
    script.unanswered("POST", "composite", &composite("POST", &parts), Failure::TimedOut);
    let done = client.wait_for(create(&client, &records(&names, false), "the contacts", &mut |_| {}));
    assert_eq!(outcomes(&done), ["perhaps"; 400]);
    for part in parts {
        let plain: Vec<&str> = part.iter().map(String::as_str).collect();
        script.rest("POST", "composite/sobjects", &body(&plain, false), 200, all_done(part));
    }
    let mut heard = Vec::new();
    let done = client.wait_for(create(&client, &records(&names, false), "the contacts", &mut |done| {
        heard.push(done.len());
    }));
    assert_eq!((outcomes(&done), heard), (written(&names), vec![200, 200]));
}

#[test]
fn deletions_of_several_parts_name_their_ids_in_the_addresses() {
    let ids = written(&names(0..201));
    let script = Script::new();
    let client = client(&script);
    let url = |ids: &[String]| format!("/services/data/v66.0/composite/sobjects?ids={}&allOrNone=false", ids.join(","));
    let (first, second) = (url(&ids[..200]), url(&ids[200..]));
    let body = format!(
        r#"{{"allOrNone":false,"compositeRequest":[{{"method":"DELETE","referenceId":"r0","url":"{first}"}},{{"method":"DELETE","referenceId":"r1","url":"{second}"}}]}}"#
    );
    let gone = all(&ids[..200].iter().map(|id| done(id)).collect::<Vec<_>>());
    let answer = answered(&[(200, gone), (200, all(&[refused("ENTITY_IS_DELETED")]))]);
    script.rest("POST", "composite", &body, 200, answer);
    let outcomes = outcomes(&client.wait_for(delete(&client, &ids, "the contacts", &mut |_| {})));
    assert_eq!((&outcomes[..200], outcomes[200].as_str()), (&ids[..200], "ENTITY_IS_DELETED"));
}

/// Expects a call whose connection is cut.
fn cut(script: &Script, method: &str, path: &str, body: &str) {
    script.unanswered(method, path, body, Failure::Unreachable("cut".to_owned()));
}

#[test]
fn only_new_records_are_not_written_again_after_a_cut_connection() {
    let script = Script::new();
    let client = client(&script);
    let (new, known) = (contacts(&["A"], false), contacts(&["A"], true));
    cut(&script, "POST", "composite/sobjects", &body(&["A"], false));
    assert_eq!(outcomes(&client.wait_for(create(&client, &new, "the contacts", &mut |_| {}))), ["perhaps"]);

    cut(&script, "POST", "composite/sobjects", &body(&["A"], false));
    script.rest("POST", "composite/sobjects", &body(&["A"], false), 200, all(&[refused("DUPLICATE_VALUE")]));
    assert_eq!(outcomes(&client.wait_for(relate(&client, &new, "the grants", &mut |_| {}))), ["DUPLICATE_VALUE"]);

    cut(&script, "PATCH", "composite/sobjects", &body(&["A"], true));
    script.rest("PATCH", "composite/sobjects", &body(&["A"], true), 200, all(&[done("003A")]));
    assert_eq!(outcomes(&client.wait_for(update(&client, &known, "the contacts", &mut |_| {}))), ["003A"]);

    let path = "composite/sobjects?ids=003A&allOrNone=false";
    cut(&script, "DELETE", path, "");
    script.rest("DELETE", path, "", 200, all(&[refused("ENTITY_IS_DELETED")]));
    assert_eq!(
        outcomes(&client.wait_for(delete(&client, &["003A".to_owned()], "the contacts", &mut |_| {}))),
        ["ENTITY_IS_DELETED"]
    );
}

#[test]
fn a_call_that_is_refused_as_a_whole_refuses_each_record_for_sure() {
    let script = Script::new();
    let client = client(&script);
    let over = r#"[{"errorCode":"REQUEST_LIMIT_EXCEEDED","message":"TotalRequests Limit exceeded."}]"#;
    script.rest("POST", "composite/sobjects", &body(&["A", "B"], false), 403, over);
    let written = client.wait_for(create(&client, &contacts(&["A", "B"], false), "the contacts", &mut |_| {}));
    assert_eq!(outcomes(&written), ["not", "not"]);
}
