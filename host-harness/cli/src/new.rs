//! `new`: makes the folder of a connector to begin with, in one of four languages.
//!
//! What is in it builds, tests, and passes `conformance --sample` before anybody changes a line; `make check` in the folder does all three.
//! The templates are in `templates/` beside this crate's sources.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::failure::Failure;
use super::output::Output;
use super::sample::SAMPLES;

#[derive(Args)]
pub(crate) struct Options {
    /// The connector's name: words of lower-case letters and digits, joined by hyphens.
    #[arg(value_name = "CONNECTOR", value_parser = name)]
    name: String,
    /// The language that it is written in.
    #[arg(long, value_enum)]
    lang: Language,
    /// Where to make it; by default a folder of that name here.
    #[arg(long, value_name = "FOLDER")]
    folder: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Language {
    Rust,
    Python,
    Js,
    Go,
}

/// A file of a template: its path in the new folder, and its text, in which `{{name}}` and `{{snake}}` stand for the name.
type File = (&'static str, &'static str);

macro_rules! template {
    ($language:literal: $($path:literal = $file:literal),* $(,)?) => {
        &[$(($path, include_str!(concat!("../templates/", $language, "/", $file)))),*]
    };
}

// A file that cargo, npm or git would take for its own in this repository has another name there.
const RUST: &[File] = template!("rust":
    "Cargo.toml" = "Cargo.toml.txt",
    ".cargo/config.toml" = "cargo/config.toml",
    ".gitignore" = "gitignore",
    "Makefile" = "Makefile",
    "README.md" = "README.md",
    "src/lib.rs" = "src/lib.rs",
    "src/application.rs" = "src/application.rs",
    "src/connector.rs" = "src/connector.rs",
);
const PYTHON: &[File] = template!("python":
    ".gitignore" = "gitignore",
    "Makefile" = "Makefile",
    "README.md" = "README.md",
    "application.py" = "application.py",
    "connector.py" = "connector.py",
    "requirements.txt" = "requirements.txt",
    "tests/test_application.py" = "tests/test_application.py",
);
const JS: &[File] = template!("js":
    ".gitignore" = "gitignore",
    "Makefile" = "Makefile",
    "README.md" = "README.md",
    "application.js" = "application.js",
    "connector.js" = "connector.js",
    "package.json" = "package.json",
    "tests/application.test.mjs" = "tests/application.test.mjs",
);
const GO: &[File] = template!("go":
    ".gitignore" = "gitignore",
    "Makefile" = "Makefile",
    "README.md" = "README.md",
    "application/application.go" = "application/application.go.txt",
    "application/application_test.go" = "application/application_test.go.txt",
    "connector/connector.go" = "connector/connector.go.txt",
    "package.json" = "package.json",
    "wrap.mjs" = "wrap.mjs",
);

impl Language {
    fn files(self) -> &'static [File] {
        match self {
            Self::Rust => RUST,
            Self::Python => PYTHON,
            Self::Js => JS,
            Self::Go => GO,
        }
    }
}

/// A name that a file, a package and a module may have in each of the languages.
fn name(text: &str) -> Result<String, String> {
    let word =
        |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    let is_name = text.split('-').all(word) && text.starts_with(|first: char| first.is_ascii_lowercase());
    match is_name && text.len() <= 60 {
        true => Ok(text.to_owned()),
        false => {
            Err("a name is words of lower-case letters and digits, joined by hyphens, such as `acme-crm`".to_owned())
        }
    }
}

pub(crate) fn run(options: &Options, output: &mut Output) -> Result<(), Failure> {
    let folder = options.folder.clone().unwrap_or_else(|| PathBuf::from(&options.name));
    if folder.exists() {
        return Err(Failure::usage(format!("{} is there already; choose another name or --folder", folder.display())));
    }
    let text = |template: &str| {
        template.replace("{{name}}", &options.name).replace("{{snake}}", &options.name.replace('-', "_"))
    };
    let own = options.lang.files().iter().map(|(path, template)| (PathBuf::from(path), text(template)));
    let interface = provisioning_runtime::interface_files();
    let wit = interface.map(|(path, text)| (Path::new("wit").join(path), text.to_owned()));
    let samples = std::iter::once((PathBuf::from("conformance.toml"), SAMPLES.to_owned()));
    for (path, text) in own.chain(wit).chain(samples) {
        let path = folder.join(path);
        write(&path, &text).map_err(|error| Failure::usage(format!("{} can't be written: {error}", path.display())))?;
    }
    if output.json() {
        output.document(&serde_json::json!({ "folder": folder }))?;
        return Ok(());
    }
    output.line(&format!("A connector is in {}; its README.md says what is where.", folder.display()))?;
    output.line(&format!("Next: cd {} && make check", folder.display()))?;
    Ok(())
}

fn write(path: &Path, text: &str) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(path, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_fits_every_language() {
        assert_eq!(name("acme-crm2"), Ok("acme-crm2".to_owned()));
        for wrong in ["", "Acme", "2acme", "acme_crm", "acme--crm", "-acme", "acme/crm", "..", &"a".repeat(61)] {
            assert!(name(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn every_placeholder_of_a_template_is_one_that_is_filled_in() {
        for language in Language::value_variants() {
            for (path, template) in language.files() {
                let filled = template.replace("{{name}}", "").replace("{{snake}}", "");
                // Go and Rust have braces of their own, which are never around a bare word.
                let words = filled.split("{{").skip(1).filter_map(|rest| rest.split_once("}}")).map(|(word, _)| word);
                let stray: Vec<&str> = words.filter(|word| name(word).is_ok()).collect();
                assert!(stray.is_empty(), "{language:?} {path}: {stray:?}");
            }
        }
    }
}
