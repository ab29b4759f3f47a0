//! JSON whose numbers keep all of their digits.
//!
//! A [`Value`] holds a number with a fraction as a double, which is sure of 15 digits only, and number fields have 18. From where
//! a request is read to where an answer is written such a number is a text with a mark before it. The mark is a character of
//! private use, and counts only before a number that is the whole of a text.

use serde::Serialize;
use serde_json::Value;

const MARK: char = '\u{e000}';

/// Whole numbers of so many digits are the same as doubles and as texts.
const SURE_DIGITS: usize = 15;

/// Reads JSON, with marks before the numbers that a double may not hold.
///
/// # Errors
/// When it is none.
pub(crate) fn read(json: &[u8]) -> serde_json::Result<Value> {
    let plain = serde_json::from_slice(json)?;
    let Ok(text) = str::from_utf8(json) else { return Ok(plain) };
    let (mut marked, mut copied) = (String::new(), 0);
    for (start, end) in tokens(text) {
        let token = &text[start..end];
        if !token.starts_with('"') && !is_sure(token) {
            marked.push_str(&text[copied..start]);
            marked.push_str(&quoted(token));
            copied = end;
        }
    }
    if copied == 0 {
        return Ok(plain);
    }
    marked.push_str(&text[copied..]);
    serde_json::from_str(&marked)
}

/// Writes JSON; what is marked is written as the number that it is.
///
/// # Errors
/// As [`serde_json::to_string`].
pub(crate) fn write(value: &impl Serialize) -> serde_json::Result<String> {
    let text = serde_json::to_string(value)?;
    if !text.contains(MARK) {
        return Ok(text);
    }
    let (mut plain, mut copied) = (String::new(), 0);
    for (start, end) in tokens(&text) {
        let token = &text[start..end];
        if let Some(number) = token.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).and_then(number) {
            plain.push_str(&text[copied..start]);
            plain.push_str(number);
            copied = end;
        }
    }
    plain.push_str(&text[copied..]);
    Ok(plain)
}

/// The number that a text marks; `None` where it marks none.
pub(crate) fn number(text: &str) -> Option<&str> {
    let number = text.strip_prefix(MARK)?;
    let is_number = number.starts_with(|first: char| first == '-' || first.is_ascii_digit());
    (is_number && serde_json::from_str::<f64>(number).is_ok()).then_some(number)
}

/// Whether a value is a number, marked or not.
pub(crate) fn is_number(value: &Value) -> bool {
    value.is_number() || value.as_str().is_some_and(|text| number(text).is_some())
}

/// A number as a text with its mark.
pub(crate) fn marked(number: &str) -> String {
    format!("{MARK}{number}")
}

/// A value as people and text fields have it: a text without quotes, a number as it was written.
pub(crate) fn text_of(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), |text| number(text).unwrap_or(text).to_owned())
}

/// The value with texts in place of marked numbers, for those who know nothing of marks.
pub(crate) fn with_texts(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(number(&text).map(str::to_owned).unwrap_or(text)),
        Value::Array(values) => values.into_iter().map(with_texts).collect(),
        Value::Object(fields) => fields.into_iter().map(|(name, value)| (name, with_texts(value))).collect(),
        other => other,
    }
}

fn quoted(number: &str) -> String {
    format!("\"{MARK}{number}\"")
}

fn is_sure(number: &str) -> bool {
    number.len() <= SURE_DIGITS && number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-')
}

/// Where the texts and numbers of JSON begin and end.
fn tokens(json: &str) -> impl Iterator<Item = (usize, usize)> {
    let bytes = json.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        while !matches!(bytes.get(at)?, b'"' | b'-' | b'0'..=b'9') {
            at += 1;
        }
        let start = at;
        if bytes[at] == b'"' {
            at += 1;
            while *bytes.get(at)? != b'"' {
                at += if bytes[at] == b'\\' { 2 } else { 1 };
            }
            at += 1;
        } else {
            while bytes.get(at).is_some_and(|byte| matches!(byte, b'+' | b'-' | b'.' | b'0'..=b'9' | b'E' | b'e')) {
                at += 1;
            }
        }
        Some((start, at))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_out_as_they_went_in() {
        let json =
            r#"{"a":1234567890123456.78,"b":[-0.10,1e21,7,999999999999999999],"c":"1.5","d\"1.5":"\\","e":{"f":0.5}}"#;
        let value = read(json.as_bytes()).unwrap();
        assert_eq!(write(&value).unwrap(), json);
        assert_eq!(value["b"][2], 7);
        assert_eq!(value["a"].as_str().and_then(number), Some("1234567890123456.78"));
        assert_eq!(
            (text_of(&value["b"][0]), text_of(&value["b"][2]), text_of(&value["c"])),
            ("-0.10".into(), "7".into(), "1.5".into())
        );
        assert_eq!(with_texts(value)["e"]["f"], "0.5");
    }

    #[test]
    fn what_is_no_json_stays_none_and_a_mark_before_words_is_one_of_them() {
        for json in ["{\"a\":1.5.5}", "{\"a\":01}", "[1e999]", "[1.5", "{\"a\":.5}", "[\"1.5]"] {
            assert!(read(json.as_bytes()).is_err(), "{json}");
        }
        let text = Value::String(format!("{MARK}Ada"));
        assert_eq!(write(&text).unwrap(), format!("\"{MARK}Ada\""));
    }
}
