//! The text of a CSV file as people and their spreadsheets save it: in several encodings, with several separators, and with the
//! line ends of several systems.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// Characters between cells: the comma, what spreadsheets use where the comma is in numbers, and the tabulator.
const SEPARATORS: [u8; 3] = [b',', b';', b'\t'];

/// A decoded file.
pub(super) struct Table<'a> {
    text: Cow<'a, str>,
    /// Where the header begins.
    start: usize,
    pub(super) separator: u8,
    /// The encoding, if it was recognized by what the text looks like and not by a mark.
    pub(super) guessed: Option<&'static str>,
}

impl<'a> Table<'a> {
    /// Decodes a file and finds its separator.
    ///
    /// # Errors
    /// A sentence if the encoding isn't one of UTF-8, UTF-16 and Windows-1252.
    pub(super) fn of(bytes: &'a [u8]) -> Result<Self, String> {
        let (text, guessed) = decode(bytes)?;
        let (start, separator) = separator(&text);
        Ok(Self { text, start, separator, guessed })
    }

    /// The text from the header on.
    pub(super) fn body(&self) -> &str {
        self.text.get(self.start..).unwrap_or_default()
    }

    /// The line on which each of these places of [`Table::body`] is, counted from 1 in the file. Places must ascend.
    pub(super) fn lines(&self) -> Lines<'_> {
        Lines { text: self.text.as_bytes(), at: 0, line: 1, start: self.start }
    }
}

/// Counts lines up to ascending places. A line ends with a line feed, a carriage return, or both.
pub(super) struct Lines<'a> {
    text: &'a [u8],
    at: usize,
    line: u64,
    start: usize,
}

impl Lines<'_> {
    /// The line of the record that begins at `place` or, after blank lines, behind it.
    pub(super) fn of(&mut self, place: u64) -> u64 {
        let place = usize::try_from(place).unwrap_or(usize::MAX).saturating_add(self.start);
        loop {
            let Some(byte) = self.text.get(self.at) else { return self.line };
            if self.at >= place && !matches!(byte, b'\r' | b'\n') {
                return self.line;
            }
            let is_pair = *byte == b'\r' && self.text.get(self.at + 1) == Some(&b'\n');
            self.line += u64::from(matches!(byte, b'\r' | b'\n'));
            self.at += 1 + usize::from(is_pair);
        }
    }
}

fn decode(bytes: &[u8]) -> Result<(Cow<'_, str>, Option<&'static str>), String> {
    const UNKNOWN: &str = "its encoding isn't recognized; save the file as UTF-8";
    let (encoding, is_guess) = match Encoding::for_bom(bytes) {
        Some((encoding, _)) => (encoding, false),
        None if bytes.contains(&0) => (wide(bytes).ok_or(UNKNOWN)?, true),
        None => match std::str::from_utf8(bytes) {
            Ok(text) => return Ok((Cow::Borrowed(text), None)),
            // Valid sequences of UTF-8 don't come about by chance: a file that has some is UTF-8 that was damaged or joined
            // with another one, and no encoding reads all of it.
            Err(_) if has_multibyte(bytes) => return Err(mixed(bytes)),
            Err(_) => (WINDOWS_1252, true),
        },
    };
    let (text, had_errors) = encoding.decode_with_bom_removal(bytes);
    // The five bytes that Windows-1252 doesn't have become control characters.
    let has_controls = text.chars().any(|letter| matches!(letter, '\u{80}'..='\u{9f}'));
    if had_errors || encoding == WINDOWS_1252 && has_controls {
        return Err(if encoding == encoding_rs::UTF_8 { mixed(bytes) } else { UNKNOWN.to_owned() });
    }
    Ok((text, is_guess.then(|| encoding.name())))
}

/// UTF-16 without a mark: the ASCII of a header has a zero in every other byte.
fn wide(bytes: &[u8]) -> Option<&'static Encoding> {
    let beginning = bytes.get(..bytes.len().min(64) & !1)?;
    let zeros = |offset| beginning.iter().skip(offset).step_by(2).filter(|byte| **byte == 0).count();
    let half = beginning.len() / 2;
    match (zeros(0), zeros(1)) {
        (0, little) if little * 2 > half => Some(UTF_16LE),
        (big, 0) if big * 2 > half => Some(UTF_16BE),
        _ => None,
    }
}

fn has_multibyte(bytes: &[u8]) -> bool {
    bytes.utf8_chunks().any(|chunk| !chunk.valid().is_ascii())
}

/// Says on which line a text stops being UTF-8.
fn mixed(bytes: &[u8]) -> String {
    let valid = std::str::from_utf8(bytes).map_or_else(|error| error.valid_up_to(), str::len);
    let line = Lines { text: bytes, at: 0, line: 1, start: 0 }.of(valid as u64);
    format!("line {line} isn't UTF-8, and the rest of the file is; save the whole file as UTF-8")
}

/// Where the header begins, and what separates its cells: the separator by which one of them is `username`. The first line may
/// name it, as spreadsheets write it: `sep=;`.
fn separator(text: &str) -> (usize, u8) {
    let first = text.find(['\r', '\n']).unwrap_or(text.len());
    let line = text.get(..first).unwrap_or_default().trim();
    let named = line.get(..4).filter(|start| start.eq_ignore_ascii_case("sep=")).map(|_| &line.as_bytes()[4..]);
    if let Some(&[separator]) = named {
        return (first, separator);
    }
    let cells = |separator: u8| {
        let mut reader =
            csv::ReaderBuilder::new().delimiter(separator).trim(csv::Trim::All).from_reader(text.as_bytes());
        reader.headers().cloned().unwrap_or_default()
    };
    let fits = |separator: &u8| cells(*separator).iter().any(|cell| cell.eq_ignore_ascii_case("username"));
    let most = |separator: &u8| cells(*separator).len();
    let fitting = SEPARATORS.into_iter().find(fits);
    // Of a header without that column, the error names the columns that there are.
    (0, fitting.or_else(|| SEPARATORS.into_iter().rev().max_by_key(most)).unwrap_or(b','))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> (String, Option<&'static str>) {
        let table = Table::of(bytes).unwrap();
        (table.body().to_owned(), table.guessed)
    }

    fn utf_16(text: &str, bytes_of: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(bytes_of).collect()
    }

    #[test]
    fn the_encodings_of_spreadsheets_are_recognized() {
        let text = "username,familyName\na@x.example,Ångström–Müller €\n";
        assert_eq!(read(text.as_bytes()), (text.to_owned(), None));
        assert_eq!(read(format!("\u{feff}{text}").as_bytes()), (text.to_owned(), None));
        for (bytes_of, name) in [(u16::to_le_bytes as fn(u16) -> [u8; 2], "UTF-16LE"), (u16::to_be_bytes, "UTF-16BE")] {
            assert_eq!(read(&utf_16(&format!("\u{feff}{text}"), bytes_of)), (text.to_owned(), None));
            assert_eq!(read(&utf_16(text, bytes_of)), (text.to_owned(), Some(name)));
        }
        let western = b"username,familyName\na@x.example,\xc5ngstr\xf6m\x96M\xfcller \x80\n";
        assert_eq!(read(western), (text.to_owned(), Some("windows-1252")));
    }

    #[test]
    fn what_no_encoding_reads_is_refused_with_its_line() {
        let mixed = [b"username,familyName\r\na@x,M\xc3\xbcller\r\n".as_slice(), b"b@x,M\xfcller\r\n"].concat();
        assert!(Table::of(&mixed).err().unwrap().starts_with("line 3 isn't UTF-8"), "{:?}", Table::of(&mixed).err());
        let marked = [b"\xef\xbb\xbf".as_slice(), b"username\nM\xfcller\n"].concat();
        assert!(Table::of(&marked).err().unwrap().starts_with("line 2 isn't UTF-8"));
        for bytes in [b"username\n\x81\n".as_slice(), b"\xff\xfeu", b"a\0\0\0", b"\0\0\0"] {
            assert!(Table::of(bytes).err().unwrap().contains("isn't recognized"), "{bytes:?}");
        }
    }

    #[test]
    fn the_separator_is_the_one_that_makes_a_username_column() {
        for (text, separator) in [
            ("username,a;b\n", b','),
            ("key;UserName;a\n", b';'),
            ("key\tusername\n", b'\t'),
            ("\"username\";\"a,b\"\n", b';'),
            ("username\n", b','),
            ("a;b;c\n", b';'),
            ("", b','),
        ] {
            assert_eq!(char::from(Table::of(text.as_bytes()).unwrap().separator), char::from(separator), "{text}");
        }
        let named = Table::of(b"sep=;\r\nusername;a\r\n").unwrap();
        assert_eq!((named.separator, named.body().trim_start()), (b';', "username;a\r\n"));
    }

    #[test]
    fn lines_are_counted_by_any_line_end() {
        for end in ["\n", "\r\n", "\r"] {
            let text = ["username", "a", "", "b", "c"].join(end);
            let table = Table::of(text.as_bytes()).unwrap();
            let mut lines = table.lines();
            let place = |part: &str| text.find(part).unwrap() as u64;
            assert_eq!(lines.of(0), 1, "{end:?}");
            // A reader may give the end of the line before.
            assert_eq!(lines.of("username".len() as u64), 2, "{end:?}");
            assert_eq!((lines.of(place(&format!("{end}b"))), lines.of(place("c"))), (4, 5), "{end:?}");
        }
    }
}
