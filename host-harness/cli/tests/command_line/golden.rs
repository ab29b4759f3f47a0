//! What is printed, held equal to files.

use std::path::{Path, PathBuf};

/// Where the files are.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/command-line")
}

/// Holds a text equal to a file. `GOLDEN=renew` writes the file anew.
pub(crate) fn holds(file: &str, text: &str) {
    holds_at(&folder().join(file), text);
}

/// As [`holds`], for a file elsewhere.
pub(crate) fn holds_at(path: &Path, text: &str) {
    if std::env::var("GOLDEN").is_ok_and(|wish| wish == "renew") {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let expected = std::fs::read_to_string(path).unwrap_or_default();
    for (number, (line, wanted)) in text.lines().zip(expected.lines()).enumerate() {
        assert_eq!(line, wanted, "line {} of {}; where the change is meant, GOLDEN=renew", number + 1, path.display());
    }
    assert_eq!(
        text.lines().count(),
        expected.lines().count(),
        "{}; where the change is meant, GOLDEN=renew",
        path.display()
    );
}

/// The text with every moment the same, and every time that something took.
pub(crate) fn without_times(text: &str) -> String {
    let moment = "0000-00-00T00:00:00.000Z";
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("T").filter(|_| !rest.is_empty()) {
        let start = at.checked_sub(10).filter(|start| is_moment(rest.as_bytes().get(*start..*start + 24)));
        let end = start.map_or(at + 1, |start| start + moment.len());
        plain.push_str(rest.get(..start.unwrap_or(end)).unwrap());
        if start.is_some() {
            plain.push_str(moment);
        }
        rest = rest.get(end..).unwrap();
    }
    plain.push_str(rest);
    plain
}

/// Whether bytes are such as 2026-01-31T12:00:00.000Z.
fn is_moment(bytes: Option<&[u8]>) -> bool {
    let digits = |bytes: &[u8]| bytes.iter().filter(|byte| byte.is_ascii_digit()).count();
    bytes.is_some_and(|bytes| digits(bytes) == 17 && bytes[10] == b'T' && bytes[23] == b'Z')
}
