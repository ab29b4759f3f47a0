use super::escape::{steers, turns_direction};
use super::*;

#[test]
fn nothing_that_is_printed_steers_a_terminal() {
    let hostile = "\u{1b}[2J\u{1b}]0;owned\u{7}red\r\u{9b}31m\u{202e}txt.exe\u{2066}\u{2028}\u{7f}";
    let shown = printable(hostile);
    assert!(!shown.contains(|c: char| c.is_control() || turns_direction(c)), "{shown:?}");
    assert_eq!(shown, "\\u{1b}[2J\\u{1b}]0;owned\\u{7}red\\r\\u{9b}31m\\u{202e}txt.exe\\u{2066}\\u{2028}\\u{7f}");
    assert_eq!(printable(&shown), shown, "what is safe stays as it is");
}

#[test]
fn only_texts_of_several_lines_have_line_breaks() {
    assert_eq!(printable("refused\n→ Pay 100 to Eve\t!"), "refused\\n→ Pay 100 to Eve\\t!");
    assert_eq!(printable_lines("failed\nnot-found\r\n"), "failed\nnot-found\\r\n");
}

#[test]
fn names_of_every_script_are_printed_as_they_are() {
    for name in ["Zoë", "李雷", "דָּוִד\u{200f}", "محمد", "👩\u{200d}💻"] {
        assert_eq!(printable(name), name);
    }
}

#[test]
fn a_table_is_as_safe_as_a_line() {
    let output = Output::new(Wishes::default());
    let mut table = output.table(&["Name", "Result"]);
    table.add_row(vec!["Eve\u{1b}[2J".into(), output.cell("no\u{202e}", Tone::Bad)]);
    let text = table.text(None, false);
    assert!(!text.contains('\u{1b}') && !text.contains('\u{202e}') && text.contains("Eve\\u{1b}[2J"), "{text}");
}

#[test]
fn a_name_has_one_line_of_a_cell_and_only_lines_of_ours_are_lines() {
    let output = Output::new(Wishes::default());
    let mut table = output.table(&["Name", "Result"]);
    table.add_row(vec!["Eve\nAda passed".into(), listed(["one\ntwo", "three"])]);
    let text = table.text(None, false);
    assert!(text.contains("Eve\\nAda passed") && text.contains("one\\ntwo"), "{text}");
    assert_eq!(text.lines().count(), 4, "{text}");
}

#[test]
fn json_is_the_same_value_and_steers_nothing() {
    let hostile = "\u{1b}]52;c;aGk=\u{7}\u{9d}0;x\u{9c}\u{7f}\u{202e}\u{2028}ok \"quoted\" \\ 李雷";
    let value = serde_json::json!({ hostile: [hostile, 1, true, null, {}] });
    let mut text = Vec::new();
    write_json(&mut text, &value).unwrap();
    let text = String::from_utf8(text).unwrap();
    assert!(!text.contains(steers) && text.contains("李雷"), "{text}");
    assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), value);
}

/// A table like that of tasks.
fn tasks() -> Table {
    let mut table = Table::new(&["Task", "Tenant", "Person", "State", "Why, and what to do"]);
    table.add_row(vec!["1".into(), "acme".into(), "E1".into(), "waiting".into(), TableCell::from("")]);
    let why = "Salesforce takes no more users: all 20 seats are in use\n→ buy seats, then `retry 2`";
    table.add_row(vec!["2".into(), "acme".into(), "ada@new.example".into(), "failed".into(), lines(why)]);
    table
}

#[test]
fn no_line_of_a_table_is_wider_than_what_it_is_for_or_ends_with_blanks() {
    for width in [30, 40, 60, 80, 100, 200] {
        let text = tasks().text(Some(width), false);
        for line in text.lines() {
            assert!(line.chars().count() <= width, "{width}: {line}");
            assert_eq!(line, line.trim_end(), "{width}");
        }
        // No word is torn apart.
        for word in ["ada@new.example", "failed", "Salesforce", "retry", "waiting"] {
            assert!(text.contains(word), "{width}: {text}");
        }
    }
    let piped = tasks().text(None, false);
    assert!(piped.contains("Salesforce takes no more users: all 20 seats are in use\n"), "{piped}");
    assert!(piped.lines().all(|line| line == line.trim_end()), "{piped}");
}

#[test]
fn a_row_without_room_has_a_line_for_each_of_its_values() {
    let text = tasks().text(Some(40), false);
    assert!(
        text.lines().any(|line| line.trim_start().starts_with("Person") && line.ends_with("ada@new.example")),
        "{text}"
    );
}

#[test]
fn columns_are_chosen_by_how_their_headers_begin() {
    let chosen = tasks().of_columns(&["why".to_owned(), "TASK".to_owned()]).unwrap();
    let mut csv = Vec::new();
    chosen.write_csv(&mut csv).unwrap();
    let csv = String::from_utf8(csv).unwrap();
    assert!(csv.starts_with("\"Why, and what to do\",Task\n,1\n\"Salesforce takes"), "{csv}");
    for (wrong, words) in [("t", "could be several"), ("reason", "isn't a column; there are Task; Tenant;")] {
        let error = tasks().of_columns(&[wrong.to_owned()]).err().unwrap();
        assert!(error.text().contains(words), "{}", error.text());
    }
}

#[test]
fn csv_has_no_formulas() {
    let mut table = Table::new(&["Name"]);
    table.add_row(["=HYPERLINK(\"http://evil\")"]);
    let mut csv = Vec::new();
    table.write_csv(&mut csv).unwrap();
    assert_eq!(String::from_utf8(csv).unwrap(), "Name\n\"'=HYPERLINK(\"\"http://evil\"\")\"\n");
}
