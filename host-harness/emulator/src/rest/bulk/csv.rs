//! CSV in a job's dialect: its delimiter and line ending, every value quoted on the way out (H).

use csv::{QuoteStyle, ReaderBuilder, Terminator, WriterBuilder};
use serde_json::Value;

use crate::error::ApiError;

/// A job's column delimiter and line ending.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Dialect {
    pub(super) delimiter: &'static str,
    byte: u8,
    crlf: bool,
}

const DELIMITERS: [(&str, u8); 6] =
    [("COMMA", b','), ("SEMICOLON", b';'), ("TAB", b'\t'), ("PIPE", b'|'), ("CARET", b'^'), ("BACKQUOTE", b'`')];

impl Dialect {
    /// What a job's body asks for: `columnDelimiter` and `lineEnding`, by default `COMMA` and `LF` (H).
    pub(super) fn read(body: &serde_json::Map<String, Value>) -> Result<Self, ApiError> {
        let text = |name: &str| body.get(name).and_then(Value::as_str);
        let invalid = |name: &str, value: &str| {
            ApiError::new(400, "JSON_PARSER_ERROR", format!("{value} is not a valid value for the enum {name}"))
        };
        let wanted = text("columnDelimiter").unwrap_or("COMMA");
        let (delimiter, byte) = DELIMITERS
            .into_iter()
            .find(|(name, _)| *name == wanted)
            .ok_or_else(|| invalid("ColumnDelimiterEnum", wanted))?;
        let crlf = match text("lineEnding") {
            None | Some("LF") => false,
            Some("CRLF") => true,
            Some(other) => return Err(invalid("LineEndingEnum", other)),
        };
        Ok(Self { delimiter, byte, crlf })
    }

    pub(super) fn line_ending(self) -> &'static str {
        if self.crlf { "CRLF" } else { "LF" }
    }

    /// The header of an upload as it was written.
    pub(super) fn header_line(text: &str) -> &str {
        text.trim_start_matches('\u{feff}').lines().next().unwrap_or_default()
    }

    /// A line of quoted names, and behind them a header as its client wrote it (H).
    pub(super) fn write_header(self, names: &[&str], uploaded: &str) -> String {
        let quoted: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
        let delimiter = char::from(self.byte).to_string();
        let end = if self.crlf { "\r\n" } else { "\n" };
        format!("{}{delimiter}{uploaded}{end}", quoted.join(&delimiter))
    }

    /// The rows as text.
    pub(super) fn write<R: AsRef<[u8]>>(self, rows: impl IntoIterator<Item = Vec<R>>) -> Result<String, ApiError> {
        let terminator = if self.crlf { Terminator::CRLF } else { Terminator::Any(b'\n') };
        let mut writer = WriterBuilder::new()
            .delimiter(self.byte)
            .terminator(terminator)
            .quote_style(QuoteStyle::Always)
            .flexible(true)
            .from_writer(Vec::new());
        let failed = |error: &dyn std::fmt::Display| {
            tracing::error!(%error, "a table could not be written");
            ApiError::new(500, "UNKNOWN_EXCEPTION", "An unexpected error occurred.")
        };
        for row in rows {
            writer.write_record(row).map_err(|error| failed(&error))?;
        }
        let bytes = writer.into_inner().map_err(|error| failed(&error))?;
        String::from_utf8(bytes).map_err(|error| failed(&error))
    }

    /// The header and the rows of an upload, or the reason why the job fails.
    pub(super) fn parse(self, text: &str) -> Result<(Vec<String>, Vec<Vec<String>>), String> {
        let text = text.trim_start_matches('\u{feff}');
        // Salesforce looks at the header's line ending (L for the words).
        let header_end = text.find('\n').unwrap_or(text.len());
        let windows = text[..header_end].ends_with('\r');
        if header_end < text.len() && windows != self.crlf {
            let setting = self.line_ending();
            return Err(format!(
                "ClientInputError : LineEnding is invalid on user data. Current LineEnding setting is {setting}"
            ));
        }
        let mut reader = ReaderBuilder::new().delimiter(self.byte).flexible(true).from_reader(text.as_bytes());
        let unreadable = |error: csv::Error| format!("InvalidBatch : Failed to parse CSV: {error}");
        let header: Vec<String> =
            reader.headers().map_err(unreadable)?.iter().map(|name| name.trim().to_owned()).collect();
        let mut rows = Vec::new();
        for record in reader.records() {
            rows.push(record.map_err(unreadable)?.iter().map(str::to_owned).collect());
        }
        Ok((header, rows))
    }
}

/// Any text is a table in a dialect or is refused, and what is read is written as what it was read as.
///
/// # Panics
/// If it isn't.
pub fn bulk_csv(bytes: &[u8]) {
    let Some((kind, text)) = bytes.split_first() else { return };
    let Ok(text) = str::from_utf8(text) else { return };
    let (delimiter, byte) = DELIMITERS[usize::from(kind >> 1) % DELIMITERS.len()];
    let dialect = Dialect { delimiter, byte, crlf: kind & 1 == 1 };
    let Ok((header, rows)) = dialect.parse(text) else { return };
    // Names are trimmed, so a line end in one may come to stand where the header's own is looked for; and no header is none of one
    // empty name.
    if header.is_empty() || header.iter().any(|name| name.contains(['\r', '\n'])) {
        return;
    }
    let all = std::iter::once(header.clone()).chain(rows.clone());
    let written = dialect.write(all).unwrap_or_default();
    assert_eq!(dialect.parse(&written), Ok((header, rows)), "{written:?}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn dialect(delimiter: &str, ending: &str) -> Dialect {
        let body = json!({"columnDelimiter": delimiter, "lineEnding": ending});
        Dialect::read(body.as_object().unwrap()).unwrap()
    }

    #[test]
    fn what_is_written_is_read_back_in_every_dialect() {
        let row = vec!["a,b;c\t|^`".to_owned(), "say \"hi\"".to_owned(), "two\nlines".to_owned(), String::new()];
        for (delimiter, _) in DELIMITERS {
            for ending in ["LF", "CRLF"] {
                let dialect = dialect(delimiter, ending);
                let header: Vec<String> = ["A", "B", "C", "D"].map(str::to_owned).to_vec();
                let text = dialect.write([header.clone(), row.clone()]).unwrap();
                assert_eq!(dialect.parse(&text).unwrap(), (header, vec![row.clone()]), "{delimiter} {ending}");
            }
        }
        assert_eq!(dialect("SEMICOLON", "CRLF").write([vec!["x", ""]]).unwrap(), "\"x\";\"\"\r\n");
    }

    #[test]
    fn a_wrong_line_ending_fails_the_job_in_salesforces_words() {
        let error = dialect("COMMA", "LF").parse("A,B\r\n1,2\r\n").unwrap_err();
        assert_eq!(error, "ClientInputError : LineEnding is invalid on user data. Current LineEnding setting is LF");
        assert!(dialect("COMMA", "CRLF").parse("A,B\n1,2\n").is_err());
    }

    #[test]
    fn unknown_dialects_are_refused() {
        for body in [json!({"columnDelimiter": "SPACE"}), json!({"lineEnding": "CR"})] {
            assert!(Dialect::read(body.as_object().unwrap()).is_err(), "{body}");
        }
    }
}
