//! Where a secret comes from: an environment variable, a file, or standard input; never an argument and never the
//! configuration itself, both of which others can read.

use std::fmt;
use std::io::BufRead;
use std::path::{Path, PathBuf};

use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};
use zeroize::Zeroizing;

use super::ConfigError;
use provisioning_runtime::Secret;

/// Longest secret, in bytes: an RSA key of 16,384 bits is under 13,000 in PEM.
const LONGEST_SECRET: u64 = 64 << 10;

/// Where one secret comes from. In TOML: `{ env = "NAME" }`, `{ file = "PATH" }` or `{ stdin = true }`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretSource {
    /// An environment variable of this name.
    Env(String),
    /// A file in UTF-8, or in UTF-16 with a byte order mark. The mark and one line end behind the secret aren't part of it. A
    /// relative path starts at the tenants file.
    File(PathBuf),
    /// The next line of standard input.
    Stdin,
}

/// Standard input, read a line at a time by the secrets that come from there, in the order of their names.
pub struct StandardInput<'a>(pub Box<dyn BufRead + 'a>);

impl StandardInput<'static> {
    /// The process's own.
    pub fn process() -> Self {
        Self(Box::new(std::io::stdin().lock()))
    }
}

impl SecretSource {
    /// Fetches the secret `name`; relative paths start at `base`.
    ///
    /// # Errors
    /// When it is not there, empty, or not UTF-8.
    pub fn read(&self, name: &str, base: &Path, input: &mut StandardInput<'_>) -> Result<Secret, ConfigError> {
        let failed =
            |reason: String| ConfigError::Secret { secret: name.to_owned(), source_name: self.to_string(), reason };
        let value = match self {
            Self::Env(variable) => std::env::var(variable).map_err(|error| match error {
                std::env::VarError::NotPresent => failed("it is not set; export it before the command".to_owned()),
                std::env::VarError::NotUnicode(_) => failed("it is not UTF-8".to_owned()),
            })?,
            Self::File(path) => read_file(&base.join(path)).map_err(failed)?,
            Self::Stdin => {
                let mut line = String::new();
                let mut limited = std::io::Read::take(&mut input.0, LONGEST_SECRET);
                limited.read_line(&mut line).map_err(|error| failed(error.to_string()))?;
                if line.starts_with('\u{feff}') {
                    line.drain(..'\u{feff}'.len_utf8());
                }
                line
            }
        };
        let mut value = Zeroizing::new(value);
        for end in ["\n", "\r"] {
            if let Some(shorter) = value.strip_suffix(end).map(str::len) {
                value.truncate(shorter);
            }
        }
        if value.is_empty() {
            return Err(failed("it is empty".to_owned()));
        }
        Ok(Secret::new(std::mem::take(&mut *value)))
    }
}

fn read_file(path: &Path) -> Result<String, String> {
    use std::io::Read as _;
    let file = std::fs::File::open(path).map_err(|error| error.to_string())?;
    let mut bytes = Zeroizing::new(Vec::new());
    file.take(LONGEST_SECRET + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() as u64 > LONGEST_SECRET {
        return Err(format!("it is longer than {LONGEST_SECRET} bytes"));
    }
    decode(&bytes).ok_or_else(|| "it isn't UTF-8; save it as UTF-8".to_owned())
}

/// The text of a file as editors save it: some put a byte order mark before UTF-8, and others write UTF-16.
fn decode(bytes: &[u8]) -> Option<String> {
    let wide = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let (pairs, rest) = bytes.as_chunks::<2>();
        let units = Zeroizing::new(pairs.iter().map(|pair| unit(*pair)).collect::<Vec<_>>());
        String::from_utf16(&units).ok().filter(|_| rest.is_empty())
    };
    match bytes {
        [0xef, 0xbb, 0xbf, text @ ..] => std::str::from_utf8(text).ok().map(str::to_owned),
        [0xff, 0xfe, text @ ..] => wide(text, u16::from_le_bytes),
        [0xfe, 0xff, text @ ..] => wide(text, u16::from_be_bytes),
        text => std::str::from_utf8(text).ok().map(str::to_owned),
    }
}

impl fmt::Display for SecretSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "the environment variable {name}"),
            Self::File(path) => write!(f, "the file {}", path.display()),
            Self::Stdin => f.write_str("standard input"),
        }
    }
}

impl<'de> Deserialize<'de> for SecretSource {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SourceVisitor)
    }
}

/// Written by hand, because a derived one would quote a secret that stands here by mistake in its error.
struct SourceVisitor;

const FORMS: &str = "say where the secret comes from: { env = \"NAME\" }, { file = \"PATH\" } or { stdin = true }; never write the secret itself here";

impl<'de> Visitor<'de> for SourceVisitor {
    type Value = SecretSource;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a table with env, file or stdin")
    }

    fn visit_str<E: de::Error>(self, _: &str) -> Result<SecretSource, E> {
        Err(E::custom(FORMS))
    }

    fn visit_i64<E: de::Error>(self, _: i64) -> Result<SecretSource, E> {
        Err(E::custom(FORMS))
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<SecretSource, E> {
        Err(E::custom(FORMS))
    }

    fn visit_bool<E: de::Error>(self, _: bool) -> Result<SecretSource, E> {
        Err(E::custom(FORMS))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<SecretSource, A::Error> {
        let mut source = None;
        while let Some(key) = map.next_key::<String>()? {
            // A value that is no string or flag is dropped unread for the same reason.
            let value = map.next_value::<toml::Value>().map_err(|_| de::Error::custom(FORMS))?;
            let found = match (key.as_str(), value) {
                ("env", toml::Value::String(name)) => SecretSource::Env(name),
                ("file", toml::Value::String(path)) => SecretSource::File(path.into()),
                ("stdin", toml::Value::Boolean(true)) => SecretSource::Stdin,
                _ => return Err(de::Error::custom(FORMS)),
            };
            if source.replace(found).is_some() {
                return Err(de::Error::custom(FORMS));
            }
        }
        source.ok_or_else(|| de::Error::custom(FORMS))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_come_from_file_and_standard_input_without_their_line_end() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("token"), "s3cret pass\n").unwrap();
        let mut input = StandardInput(Box::new("first\r\nsecond\n".as_bytes()));
        let read = |source: SecretSource, input: &mut StandardInput<'_>| {
            source.read("x", folder.path(), input).unwrap().expose().to_owned()
        };
        assert_eq!(read(SecretSource::File("token".into()), &mut input), "s3cret pass");
        assert_eq!(read(SecretSource::Stdin, &mut input), "first");
        assert_eq!(read(SecretSource::Stdin, &mut input), "second");
        let ended = SecretSource::Stdin.read("token", folder.path(), &mut input).unwrap_err();
        assert_eq!(ended.to_string(), "the secret `token` cannot be had from standard input: it is empty");
    }

    #[test]
    fn what_editors_put_around_a_secret_is_no_part_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let read = |bytes: &[u8]| {
            std::fs::write(folder.path().join("token"), bytes).unwrap();
            let mut input = StandardInput(Box::new(std::io::empty()));
            let source = SecretSource::File("token".into());
            source.read("x", folder.path(), &mut input).map(|secret| secret.expose().to_owned())
        };
        let wide =
            |text: &str, bytes_of: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(bytes_of).collect::<Vec<u8>>();
        for bytes in [
            "pässword".as_bytes().to_vec(),
            "\u{feff}pässword\r\n".as_bytes().to_vec(),
            wide("\u{feff}pässword\r\n", u16::to_le_bytes),
            wide("\u{feff}pässword\n", u16::to_be_bytes),
        ] {
            assert_eq!(read(&bytes).unwrap(), "pässword", "{bytes:?}");
        }
        for bytes in [b"p\xe4ssword".as_slice(), b"\xff\xfea", b"\xff\xfe\x00\xd8", b"\xef\xbb\xbf\xff"] {
            let error = read(bytes).unwrap_err().to_string();
            assert!(error.ends_with("it isn't UTF-8; save it as UTF-8"), "{error}");
        }
        let mut input = StandardInput(Box::new("\u{feff}first\r\n".as_bytes()));
        assert_eq!(SecretSource::Stdin.read("x", folder.path(), &mut input).unwrap().expose(), "first");
    }

    #[test]
    fn a_missing_source_says_which() {
        let mut input = StandardInput(Box::new(std::io::empty()));
        let error =
            SecretSource::Env("NO_SUCH_VARIABLE_HERE".into()).read("password", Path::new("."), &mut input).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the secret `password` cannot be had from the environment variable NO_SUCH_VARIABLE_HERE: it is not set; export it before the command"
        );
    }
}
