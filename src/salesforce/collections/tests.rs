use super::*;
use crate::host::Failure;
use crate::model::ErrorKind;
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
        let written = create(&client, &contacts(&["A", "B"], false), "the contacts", &mut |_| heard += 1);
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
        let written = create(&client, &contacts(&["A", "B", "C"], false), "the contacts", &mut |done| {
            heard.extend(done.iter().map(|(at, id)| (*at, (*id).to_owned())));
        });
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
    let written = update(&client, &contacts(&names, true), "the contacts", &mut |done| {
        heard.push(done.iter().map(|(at, _)| *at).collect::<Vec<_>>());
    });
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
    let written = update(&client, &contacts(&["A"], true), "the contacts", &mut |_| {});
    assert_eq!(outcomes(&written), ["UNABLE_TO_LOCK_ROW"]);
    assert_eq!(script.pauses().len(), 3);
}

#[test]
fn two_hundred_records_go_into_a_call_and_the_next_ones_into_another() {
    let names: Vec<String> = (0..401).map(|at| format!("N{at}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let script = Script::new();
    let client = client(&script);
    for part in [&names[..200], &names[200..400], &names[400..]] {
        let results: Vec<String> = part.iter().map(|name| done(&format!("003{name}"))).collect();
        script.rest("PATCH", "composite/sobjects", &body(part, true), 200, all(&results));
    }
    let mut heard = Vec::new();
    let written = update(&client, &contacts(&names, true), "the contacts", &mut |done| {
        heard.extend(done.iter().map(|(at, _)| *at));
    });
    let ids: Vec<String> = names.iter().map(|name| format!("003{name}")).collect();
    assert_eq!(outcomes(&written), ids);
    assert_eq!(heard, (0..401).collect::<Vec<_>>());
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
    assert_eq!(outcomes(&create(&client, &new, "the contacts", &mut |_| {})), ["perhaps"]);

    cut(&script, "POST", "composite/sobjects", &body(&["A"], false));
    script.rest("POST", "composite/sobjects", &body(&["A"], false), 200, all(&[refused("DUPLICATE_VALUE")]));
    assert_eq!(outcomes(&relate(&client, &new, "the grants", &mut |_| {})), ["DUPLICATE_VALUE"]);

    cut(&script, "PATCH", "composite/sobjects", &body(&["A"], true));
    script.rest("PATCH", "composite/sobjects", &body(&["A"], true), 200, all(&[done("003A")]));
    assert_eq!(outcomes(&update(&client, &known, "the contacts", &mut |_| {})), ["003A"]);

    let path = "composite/sobjects?ids=003A&allOrNone=false";
    cut(&script, "DELETE", path, "");
    script.rest("DELETE", path, "", 200, all(&[refused("ENTITY_IS_DELETED")]));
    assert_eq!(outcomes(&delete(&client, &["003A".to_owned()], "the contacts", &mut |_| {})), ["ENTITY_IS_DELETED"]);
}

#[test]
fn a_call_that_is_refused_as_a_whole_refuses_each_record_for_sure() {
    let script = Script::new();
    let client = client(&script);
    let over = r#"[{"errorCode":"REQUEST_LIMIT_EXCEEDED","message":"TotalRequests Limit exceeded."}]"#;
    script.rest("POST", "composite/sobjects", &body(&["A", "B"], false), 403, over);
    let written = create(&client, &contacts(&["A", "B"], false), "the contacts", &mut |_| {});
    assert_eq!(outcomes(&written), ["not", "not"]);
}
