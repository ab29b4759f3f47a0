use super::super::soql::Condition;
use super::*;
use crate::model::ErrorKind;
use crate::scripted::{Script, client, records};

fn asked(items: Range<usize>, length: usize) -> Select {
    let texts: Vec<String> = items.map(|item| format!("{item:0length$}")).collect();
    Select::new("User", &["Id"]).filter(&Condition::texts("Username", texts.iter().map(String::as_str)))
}

#[test]
fn a_long_question_is_split_evenly_and_completely() {
    let queries = split(2000, |items| asked(items, 80));
    let lengths: Vec<usize> = queries.iter().map(|query| encode_query(&query.to_string()).len()).collect();
    assert!(lengths.iter().all(|length| *length <= LONGEST), "{lengths:?}");
    let fewest = lengths.iter().sum::<usize>().div_ceil(LONGEST);
    assert!(lengths.len() <= fewest + 1, "{} queries where {fewest} could do", lengths.len());
    let text: String = queries.iter().map(ToString::to_string).collect();
    for item in 0..2000 {
        assert_eq!(text.matches(&format!("'{item:080}'")).count(), 1, "{item}");
    }
}

#[test]
fn a_question_that_is_just_short_enough_is_asked_at_once() {
    let longest = |count: usize| encode_query(&asked(0..count, 80).to_string()).len() <= LONGEST;
    let most = (1..).take_while(|count| longest(*count)).last().unwrap();
    assert_eq!(split(most, |items| asked(items, 80)).len(), 1);
    assert_eq!(split(most + 1, |items| asked(items, 80)).len(), 2);
}

#[test]
fn one_item_is_asked_for_however_long_it_is() {
    assert_eq!(split(1, |items| asked(items, 20_000)).len(), 1);
    assert_eq!(split(0, |items| asked(items, 1)).len(), 0);
}

/// Queries that can be told apart by what they select from.
const OBJECTS: [&str; 7] = ["User", "Contact", "Account", "Profile", "UserRole", "Group", "UserLogin"];

fn queries(count: usize) -> Vec<Select> {
    OBJECTS[..count].iter().map(|object| Select::new(object, &["Id"])).collect()
}

fn row(id: &str) -> String {
    format!(r#"{{"Id":"{id}"}}"#)
}

/// An answer of one record that goes on elsewhere.
fn cut(id: &str, next: &str) -> String {
    format!(r#"{{"totalSize":9,"done":false,"nextRecordsUrl":"{next}","records":[{}]}}"#, row(id))
}

/// Records, each with the place of its query.
type Places = Vec<(usize, String)>;

/// What comes of queries, and how each of them ended.
fn gathered(client: &Client<Script>, count: usize) -> Result<(Places, Vec<Result<()>>)> {
    let mut found = Vec::new();
    let outcomes = client.wait_for(gather(client, &queries(count), "things", |at, record| {
        found.push((at, record.text("Id").unwrap().to_owned()));
    }))?;
    Ok((found, outcomes))
}

fn found(places: &[(usize, &str)]) -> Places {
    places.iter().map(|(at, id)| (*at, (*id).to_owned())).collect()
}

#[test]
fn of_several_queries_in_a_call_each_that_is_cut_is_read_to_its_end() {
    let script = Script::new();
    let client = client(&script);
    script.composite(&[
        ("SELECT Id FROM User", 200, &cut("u1", "/services/data/v66.0/query/01g-1")),
        ("SELECT Id FROM Contact", 200, &records(&[&row("c1")])),
        ("SELECT Id FROM Account", 200, &cut("a1", "/services/data/v66.0/query/01g-2")),
    ]);
    script.rest("GET", "/services/data/v66.0/query/01g-1", "", 200, cut("u2", "/services/data/v66.0/query/01g-3"));
    script.rest("GET", "/services/data/v66.0/query/01g-3", "", 200, records(&[&row("u3"), &row("u4")]));
    script.rest("GET", "/services/data/v66.0/query/01g-2", "", 200, records(&[&row("a2")]));
    let (places, outcomes) = gathered(&client, 3).unwrap();
    let all = [(0, "u1"), (1, "c1"), (2, "a1"), (0, "u2"), (0, "u3"), (0, "u4"), (2, "a2")];
    assert_eq!((places, outcomes), (found(&all), vec![Ok(()); 3]));
}

#[test]
fn one_query_that_is_cut_is_read_to_its_end() {
    let script = Script::new();
    let client = client(&script);
    script.query("SELECT Id FROM User", 200, cut("u1", "/services/data/v66.0/query/01g-1"));
    script.rest("GET", "/services/data/v66.0/query/01g-1", "", 200, cut("u2", "/services/data/v66.0/query/01g-2"));
    script.rest("GET", "/services/data/v66.0/query/01g-2", "", 200, records(&[&row("u3")]));
    assert_eq!(gathered(&client, 1), Ok((found(&[(0, "u1"), (0, "u2"), (0, "u3")]), vec![Ok(())])));
}

#[test]
fn an_answer_that_breaks_off_behind_its_first_page_is_an_error_and_not_the_end() {
    let script = Script::new();
    let client = client(&script);
    script.composite(&[
        ("SELECT Id FROM User", 200, &cut("u1", "/services/data/v66.0/query/01g-1")),
        ("SELECT Id FROM Contact", 200, &records(&[])),
    ]);
    let gone = r#"[{"errorCode":"INVALID_QUERY_LOCATOR","message":"invalid query locator"}]"#;
    script.rest("GET", "/services/data/v66.0/query/01g-1", "", 400, gone);
    assert!(gathered(&client, 2).is_err());
}

#[test]
fn more_queries_than_a_call_takes_are_asked_in_several_and_keep_their_places() {
    for count in [5, 6, 7] {
        let script = Script::new();
        let client = client(&script);
        let asked: Vec<(String, String)> = OBJECTS[..count]
            .iter()
            .enumerate()
            .map(|(at, object)| (format!("SELECT Id FROM {object}"), records(&[&row(&at.to_string())])))
            .collect();
        let parts: Vec<_> = asked.iter().map(|(query, answer)| (query.as_str(), 200, answer.as_str())).collect();
        let (first, rest) = parts.split_at(5);
        script.composite(first);
        match rest {
            [] => {}
            [(query, status, answer)] => _ = script.query(query, *status, answer),
            rest => _ = script.composite(rest),
        }
        let (places, outcomes) = gathered(&client, count).unwrap();
        let all: Places = (0..count).map(|at| (at, at.to_string())).collect();
        assert_eq!((places, outcomes), (all, vec![Ok(()); count]));
    }
}

const HIDDEN: &str = r#"[{"errorCode":"INVALID_TYPE","message":"sObject type 'X' is not supported."}]"#;

#[test]
fn a_query_that_is_refused_leaves_the_others_their_answers() {
    let script = Script::new();
    let client = client(&script);
    let one = records(&[&row("1")]);
    let mut parts: Vec<(String, u16, &str)> =
        OBJECTS[..5].iter().map(|object| (format!("SELECT Id FROM {object}"), 200, one.as_str())).collect();
    (parts[1].1, parts[1].2) = (400, HIDDEN);
    script
        .composite(&parts.iter().map(|(query, status, answer)| (query.as_str(), *status, *answer)).collect::<Vec<_>>());
    // The sixth is asked by itself, and is refused, too.
    script.query("SELECT Id FROM Group", 400, HIDDEN);
    let (places, outcomes) = gathered(&client, 6).unwrap();
    assert_eq!(places, found(&[(0, "1"), (2, "1"), (3, "1"), (4, "1")]));
    let ends: Vec<bool> = outcomes.iter().map(Result::is_ok).collect();
    assert_eq!(ends, [true, false, true, true, true, false]);
    for at in [1, 5] {
        assert_eq!(outcomes[at].as_ref().unwrap_err().upstream.as_ref().unwrap().code, "INVALID_TYPE");
    }
}

#[test]
fn a_call_that_is_not_answered_ends_it_all_whether_it_asks_one_query_or_several() {
    let over = r#"[{"errorCode":"REQUEST_LIMIT_EXCEEDED","message":"TotalRequests Limit exceeded."}]"#;
    for count in [1, 2] {
        let script = Script::new();
        let client = client(&script);
        match count {
            1 => _ = script.query("SELECT Id FROM User", 403, over),
            _ => {
                let part = |at: usize, object: &str| {
                    format!(
                        r#"{{"method":"GET","referenceId":"r{at}","url":"/services/data/v66.0/query?q=SELECT%20Id%20FROM%20{object}"}}"#
                    )
                };
                let body =
                    format!(r#"{{"allOrNone":false,"compositeRequest":[{},{}]}}"#, part(0, "User"), part(1, "Contact"));
                script.rest("POST", "composite", &body, 403, over);
            }
        }
        assert_eq!(gathered(&client, count).unwrap_err().kind, ErrorKind::BudgetExhausted, "{count}");
    }
}

#[test]
fn where_every_query_has_to_be_answered_one_that_is_refused_fails_them_all() {
    let script = Script::new();
    let client = client(&script);
    script.composite(&[("SELECT Id FROM User", 200, &records(&[])), ("SELECT Id FROM Contact", 400, HIDDEN)]);
    assert!(client.wait_for(gather_all(&client, &queries(2), "things", |_, _| {})).is_err());
}
