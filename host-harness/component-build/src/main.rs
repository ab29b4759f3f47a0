//! Builds what a release has of WebAssembly, without the host.
//!
//! ```text
//! component-build component PACKAGE [TARGET-FOLDER]    builds a package of the workspace as a component, and prints where it lies
//! component-build wit FOLDER FILE                      encodes the WIT package in a folder as a file for registries
//! ```
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::{env, fs};

use component_build::{Tools, build_in};
use wit_parser::Resolve;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        ["component", package] => component(package, None),
        ["component", package, folder] => component(package, Some(folder)),
        ["wit", folder, file] => wit(Path::new(folder), Path::new(file)),
        _ => Err("use it as `component-build component PACKAGE [TARGET-FOLDER]` or `component-build wit FOLDER FILE`"
            .to_owned()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("{reason}");
            ExitCode::FAILURE
        }
    }
}

/// Builds a package of the workspace in the folder where this is run.
fn component(package: &str, folder: Option<&str>) -> Result<(), String> {
    let named = |variable: &str, name: &str| env::var(variable).unwrap_or_else(|_| name.to_owned());
    let (cargo, rustc) = (named("CARGO", "cargo"), named("RUSTC", "rustc"));
    let asked = Command::new(&rustc).arg("-vV").output().map_err(|error| format!("{rustc} cannot be run: {error}"))?;
    let said = String::from_utf8_lossy(&asked.stdout).into_owned();
    let host = said.lines().find_map(|line| line.strip_prefix("host: "));
    let host = host.ok_or_else(|| format!("{rustc} doesn't say what machine this is"))?.to_owned();
    let root = env::current_dir().map_err(|error| format!("the folder cannot be told: {error}"))?;
    let folder = match folder {
        Some(folder) => PathBuf::from(folder),
        None => PathBuf::from(named("CARGO_TARGET_DIR", "target")).join("component"),
    };
    // Whoever compiles in another folder wants to find it there.
    let folder = std::path::absolute(&folder)
        .map_err(|error| format!("{} can't be used as a folder: {error}; name another one", folder.display()))?;
    let component = build_in(&Tools { cargo, rustc, host }, &root, package, &folder)?;
    println!("{}", component.display());
    Ok(())
}

/// Encodes a WIT package with all that it depends on, as `wkg publish` and `wkg oci push` take it.
fn wit(folder: &Path, file: &Path) -> Result<(), String> {
    let failed =
        |error: &dyn std::fmt::Display| format!("the WIT package in {} cannot be encoded: {error}", folder.display());
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_dir(folder).map_err(|error| failed(&format!("{error:#}")))?;
    let bytes = wit_component::encode(&resolve, package).map_err(|error| failed(&format!("{error:#}")))?;
    fs::write(file, bytes).map_err(|error| format!("{} cannot be written: {error}", file.display()))
}
