//! All rows, and what leads to each.

use super::*;
use crate::scripted::{golden, hold};

/// A line of `faults.tsv`: an error as Salesforce makes it, and the row that it has to lead to.
struct Case {
    row: (String, String),
    fault: Fault,
    passing: bool,
}

impl Case {
    fn is_of(&self, row: &Row) -> bool {
        self.row == (row.code.to_owned(), row.pattern.to_owned())
    }

    /// The same fault under another code.
    fn under(&self, code: &str) -> Fault {
        Fault { code: code.to_owned(), ..self.fault.clone() }
    }

    /// The same fault in other words.
    fn saying(&self, message: String) -> Fault {
        Fault { message, ..self.fault.clone() }
    }
}

fn cases() -> Vec<Case> {
    let any = |cell: &str| if cell == "*" { String::new() } else { cell.to_owned() };
    golden("diagnosis/faults.tsv")
        .lines()
        .skip(1)
        .map(|line| {
            let [code, pattern, status, answered, passing, message] = line.split('\t').collect::<Vec<_>>()[..] else {
                panic!("six cells: {line}")
            };
            assert!(matches!(passing, "yes" | "no"), "{line}");
            Case {
                row: (any(code), any(pattern)),
                fault: fault(status.parse().unwrap(), answered, &message.replace("\\n", "\n")),
                passing: passing == "yes",
            }
        })
        .collect()
}

/// The row that a fault leads to, by its code and pattern.
fn led_to(fault: &Fault) -> Option<(&'static str, &'static str)> {
    row(fault).map(|row| (row.code, row.pattern))
}

/// A cell of a table in Markdown.
fn cell(text: &str) -> String {
    assert!(!text.contains(['\t', '\n']), "{text:?}");
    text.replace('|', "\\|").replace('<', "\\<")
}

/// The page of all rows.
fn page() -> String {
    let mut page = String::from(include_str!("errors-head.md"));
    let sections =
        [("Signing in", &sign_in::ROWS[..]), ("Any request", &request::ROWS[..]), ("One record", &record::ROWS[..])];
    for (title, rows) in sections {
        page.push_str(&format!(
            "\n## {title}\n\n| code | Salesforce says | kind | what is reported | what to do | tried again | source |\n|---|---|---|---|---|---|---|\n"
        ));
        for row in rows {
            let any = |text: &str| match text {
                "" => "any".to_owned(),
                text => format!("`{text}`"),
            };
            let remedy = if row.remedy.is_empty() { "–".to_owned() } else { cell(row.remedy) };
            let cells = [
                any(row.code),
                any(row.pattern),
                row.kind.to_string(),
                cell(&row.sentence.replace("{}", "*…*").replace("{words}", "“…”")),
                remedy.replace("{error-id}", "“…”"),
                row.retry.to_string(),
                cell(row.source),
            ];
            page.push_str(&format!("| {} |\n", cells.join(" | ")));
        }
    }
    page
}

#[test]
fn the_page_of_errors_has_every_row() {
    hold("../../../docs/errors.md", &page());
}

#[test]
fn every_row_says_what_and_whom_and_no_two_are_for_the_same() {
    let mut seen = std::collections::HashSet::new();
    for row in rows() {
        assert!(!row.code.is_empty() || !row.pattern.is_empty(), "{}", row.sentence);
        assert!(!row.sentence.ends_with('.') && !row.remedy.ends_with('.'), "{}", row.sentence);
        assert!(row.retry != Retry::AfterRemedy || !row.remedy.is_empty(), "{}", row.sentence);
        assert!(seen.insert((row.code, row.pattern.to_ascii_lowercase())), "{} {} twice", row.code, row.pattern);
        // Otherwise the row of the pattern alone would do.
        let broader = rows()
            .find(|other| other.code.is_empty() && !std::ptr::eq(*other, row) && contains(row.pattern, other.pattern));
        assert!(broader.is_none(), "{} {} has a broader row", row.code, row.pattern);
    }
}

#[test]
fn every_row_is_reached_by_an_error_as_salesforce_makes_it() {
    let cases = cases();
    let mut reached = 0;
    for row in rows() {
        let before = reached;
        for case in cases.iter().filter(|case| case.is_of(row)) {
            reached += 1;
            for error in [diagnose(case.fault.clone(), SUBJECT), diagnose_sign_in(case.fault.clone(), SUBJECT)] {
                assert_eq!(error.kind, row.kind, "{:?} leads to {:?}", case.fault, led_to(&case.fault));
                assert_eq!(error.retry, row.retry, "{:?}", case.fault);
                assert_eq!(error.remedy.is_some(), !row.remedy.is_empty(), "{:?}", case.fault);
                assert_eq!(error.upstream, Some(case.fault.clone().into()), "what Salesforce answered is kept whole");
                // Every part of the sentence is there, and nothing is left to fill in.
                let said = row.sentence.split("{}").flat_map(|part| part.split("{words}"));
                assert!(said.into_iter().all(|part| error.message.contains(part)), "{error:?}");
                let whole = [error.message.as_str(), error.remedy.as_deref().unwrap_or_default()].concat();
                assert!(error.message.contains(SUBJECT) || !row.sentence.contains("{}"), "{error:?}");
                assert!(!whole.contains(['{', '}']), "{error:?}");
            }
        }
        assert!(reached > before, "faults.tsv has no error for the row {} {}", row.code, row.pattern);
    }
    assert_eq!(reached, cases.len(), "faults.tsv has errors for rows that there are not");
}

#[test]
fn no_answer_fits_two_rows_of_words() {
    for case in cases() {
        let fitting: Vec<_> =
            rows().filter(|row| !row.pattern.is_empty() && row.fits(&case.fault)).map(|row| row.pattern).collect();
        assert!(fitting.len() <= 1, "{:?}: {fitting:?}", case.fault);
        let of_code = rows().filter(|row| row.pattern.is_empty() && row.fits(&case.fault)).count();
        assert!(of_code <= 1, "{:?}", case.fault);
    }
}

#[test]
fn a_row_that_cannot_be_sure_quotes_salesforce_and_names_causes() {
    for case in cases() {
        let row = rows().find(|row| case.is_of(row)).unwrap();
        if !row.sentence.contains("{words}") {
            continue;
        }
        let error = diagnose(case.fault.clone(), SUBJECT);
        let said = case.fault.message.split_whitespace().collect::<Vec<_>>().join(" ");
        let is_quoted = error.message.contains(&quoted(&said));
        assert!(is_quoted && !row.remedy.is_empty(), "{error:?}");
        if row.pattern.is_empty() {
            let bare = diagnose(case.saying(String::new()), SUBJECT);
            assert!(bare.message.contains(&format!("the code {}", row.code)), "{bare:?}");
        }
    }
}

#[test]
fn every_refusal_of_a_sign_in_can_be_told_of_a_user_and_of_an_app() {
    for row in &sign_in::ROWS {
        for subject in ["the app of client-id", "the admin user api@acme.example"] {
            let sentence = row.sentence.replace("{}", subject);
            assert!(sentence.matches("app").count() <= subject.matches("app").count() + 2, "{sentence}");
            assert!(sentence.matches("the app of client-id").count() <= 1, "{sentence}");
        }
    }
}

#[test]
fn a_near_miss_does_not_lead_to_a_row() {
    let cases = cases();
    for case in &cases {
        let row = rows().find(|row| case.is_of(row)).unwrap();
        let key = (row.code, row.pattern);
        assert_eq!(led_to(&case.fault), Some(key), "{:?}", case.fault);
        if !row.code.is_empty() {
            let code = row.code;
            let longer = [format!("{code}_X"), format!("X_{code}")];
            let shorter = [&code[1..], &code[..code.len() - 1], ""].map(str::to_owned);
            let other_case = if code.contains('_') && code.starts_with(char::is_uppercase) {
                code.to_lowercase()
            } else {
                code.to_uppercase()
            };
            for code in longer.into_iter().chain(shorter).chain([other_case]) {
                assert_ne!(led_to(&case.under(&code)), Some(key), "under {code}: {:?}", case.fault);
            }
        }
        if !row.pattern.is_empty() {
            let (message, pattern) = (case.fault.message.to_ascii_lowercase(), row.pattern.to_ascii_lowercase());
            let upper = case.saying(case.fault.message.to_ascii_uppercase());
            assert_eq!(led_to(&upper), Some(key), "case does not count: {upper:?}");
            for part in [&pattern[1..], &pattern[..pattern.len() - 1], ""] {
                let miss = case.saying(message.replace(&pattern, part));
                assert_ne!(led_to(&miss), Some(key), "{miss:?}");
            }
        } else {
            let bare = case.saying(String::new());
            assert_eq!(led_to(&bare), Some(key), "the code alone is enough: {bare:?}");
        }
    }
}

#[test]
fn only_passing_conditions_are_tried_again_at_once() {
    for case in cases() {
        assert_eq!(is_passing(&case.fault), case.passing, "{:?}", case.fault);
    }
    for status in 0..1000 {
        assert_eq!(is_passing(&fault(status, "", "Bad Gateway")), status >= 500, "{status}");
        assert!(!is_passing(&fault(status, "SOMETHING_NEW", "Bad Gateway")), "{status}");
        assert!(is_passing(&fault(status, "UNABLE_TO_LOCK_ROW", "")), "{status}");
    }
}
