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
    let output = Output::new(false, ColorChoice::Never);
    let mut table = output.table(&["Name", "Result"]);
    table.add_row(vec!["Eve\u{1b}[2J".into(), output.cell("no\u{202e}", Tone::Bad)]);
    let text = table.0.to_string();
    assert!(!text.contains('\u{1b}') && !text.contains('\u{202e}') && text.contains("Eve\\u{1b}[2J"), "{text}");
}

#[test]
fn a_name_has_one_line_of_a_cell_and_only_lines_of_ours_are_lines() {
    let output = Output::new(false, ColorChoice::Never);
    let mut table = output.table(&["Name", "Result"]);
    table.add_row(vec!["Eve\nAda passed".into(), listed(["one\ntwo", "three"])]);
    let text = table.0.to_string();
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
