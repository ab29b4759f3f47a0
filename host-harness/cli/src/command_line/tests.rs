//! Every command with every one of its options, and every command that a text names.

use std::path::{Path, PathBuf};

use clap::error::ErrorKind;
use clap::{Arg, ArgAction, Command, FromArgMatches as _};

use super::{CommandLine, definition};

/// The commands that do something, with the words that lead to them.
fn leaves(command: &Command, path: &[String]) -> Vec<(Vec<String>, Command)> {
    let below = command.get_subcommands().flat_map(|one| {
        let path: Vec<String> = path.iter().cloned().chain([one.get_name().to_owned()]).collect();
        leaves(one, &path)
    });
    let below: Vec<_> = below.collect();
    if below.is_empty() { vec![(path.to_vec(), command.clone())] } else { below }
}

/// The words that set an argument to something of its form.
fn set(arg: &Arg) -> Vec<String> {
    let name = arg.get_value_names().and_then(|names| names.first()).map(ToString::to_string).unwrap_or_default();
    let value = match arg.get_possible_values().first() {
        Some(one) if matches!(arg.get_action(), ArgAction::Set | ArgAction::Append) => one.get_name().to_owned(),
        _ if name == "NAME=SOURCE" => "a=env:B".to_owned(),
        _ if name.contains('=') => "a=1".to_owned(),
        _ if name == "ADDRESS:PORT" => "127.0.0.1:1".to_owned(),
        _ if name == "YES-OR-NO" => "yes".to_owned(),
        _ if name == "PLATFORM" => "okta".to_owned(),
        _ if name == "CONNECTOR" => "acme-crm".to_owned(),
        _ if name == "IP" => "127.0.0.1".to_owned(),
        _ => "1".to_owned(),
    };
    let takes_value = matches!(arg.get_action(), ArgAction::Set | ArgAction::Append);
    match (arg.get_long(), arg.get_short(), takes_value) {
        (Some(long), _, true) => vec![format!("--{long}={value}")],
        (Some(long), _, false) => vec![format!("--{long}")],
        (None, Some(short), _) => vec![format!("-{short}")],
        (None, None, _) => vec![value],
    }
}

/// Parses words. `from_environment` gives the options that may come from a variable the value that they would have from there:
/// they count as set for every command then, though nobody typed them.
fn parse(words: &[String], from_environment: bool) -> Result<CommandLine, clap::Error> {
    let mut command = definition();
    if from_environment {
        for option in ["tenants", "data", "cache"] {
            command = command.mut_arg(option, |arg| arg.default_value("from-the-environment"));
        }
    }
    let words = std::iter::once("host-harness").chain(words.iter().map(String::as_str));
    CommandLine::from_arg_matches(&command.try_get_matches_from(words)?)
}

#[test]
fn every_argument_of_every_command_can_be_given_with_and_without_the_environment() {
    definition().debug_assert();
    let globals: Vec<String> = definition().get_arguments().map(|arg| arg.get_id().to_string()).collect();
    assert!(globals.iter().any(|id| id == "tenants"), "{globals:?}");
    let leaves = leaves(&definition(), &[]);
    assert!(leaves.len() > 30, "{}", leaves.len());
    let mut faults: Vec<String> = Vec::new();
    for (path, command) in leaves {
        let args: Vec<&Arg> = command.get_arguments().collect();
        for arg in &args {
            let id = arg.get_id().to_string();
            if globals.contains(&id) {
                faults.push(format!("{path:?}: `{id}` is also the id of an option of all commands"));
                continue;
            }
            // What it takes to be complete differs; one of these has to do.
            let required: Vec<&Arg> = args.iter().copied().filter(|one| one.is_required_set()).collect();
            let with = |others: &[&Arg]| -> Vec<String> {
                let chosen = args.iter().filter(|one| {
                    one.get_id() == arg.get_id() || others.iter().any(|other| other.get_id() == one.get_id())
                });
                path.iter().cloned().chain(chosen.flat_map(|one| set(one))).collect()
            };
            let mut attempts = vec![with(&required)];
            for other in &args {
                attempts.push(with(&[required.as_slice(), &[*other]].concat()));
            }
            for from_environment in [false, true] {
                let refused: Vec<String> = attempts
                    .iter()
                    .map_while(|words| parse(words, from_environment).err().map(|error| error.to_string()))
                    .collect();
                if refused.len() == attempts.len() {
                    faults.push(format!("{path:?}: `{id}` cannot be given: {}", refused[0]));
                }
            }
        }
        for global in ["--tenants=f", "--data=f", "--cache=f", "--json", "--record=f", "--replay=f", "--verbose"] {
            let required = args.iter().filter(|one| one.is_required_set()).flat_map(|one| set(one));
            let words: Vec<String> = path.iter().cloned().chain([global.to_owned()]).chain(required).collect();
            match parse(&words, false) {
                // Some need one of several arguments, which is another matter.
                Err(error) if error.kind() != ErrorKind::MissingRequiredArgument => {
                    faults.push(format!("{words:?}: {error}"));
                }
                _ => {}
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// A command of the operating system.
const FOREIGN: &str = "man -M";

/// The texts between backticks in the sources below a folder, apart from comments and tests, with the file.
fn quoted(folder: &Path, found: &mut Vec<(PathBuf, String)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("tests") {
            quoted(&path, found);
        }
        let is_source = path.extension().is_some_and(|end| end == "rs" || end == "html");
        if !is_source || path.ends_with("tests.rs") || path.ends_with("scripted.rs") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
        for line in text.lines().filter(|line| !line.trim_start().starts_with("//")) {
            let mut rest = line;
            while let Some((_, (text, after))) =
                rest.split_once('`').and_then(|(before, rest)| Some((before, rest.split_once('`')?)))
            {
                found.push((path.clone(), text.to_owned()));
                rest = after;
            }
        }
    }
}

/// A quoted text as somebody would type it: something in each place that is filled in when it is told.
fn typed(text: &str) -> Vec<String> {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, (_, after))) =
        rest.split_once('{').and_then(|(before, rest)| Some((before, rest.split_once('}')?)))
    {
        plain.push_str(before);
        plain.push('1');
        rest = after;
    }
    plain.push_str(rest);
    plain.split_whitespace().map(|word| word.replace("\\\"", "")).collect()
}

#[test]
fn every_command_that_a_text_names_is_one() {
    let mut found = Vec::new();
    for crate_ in ["runtime", "directory", "conformance", "console", "cli"] {
        quoted(&Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(crate_).join("src"), &mut found);
    }
    let commands = definition();
    let names: Vec<&str> = commands.get_subcommands().map(Command::get_name).collect();
    let (mut tried, mut faults) = (0, Vec::new());
    for (path, text) in found.into_iter().filter(|(_, text)| text != FOREIGN) {
        let words = typed(&text);
        // One word alone speaks of a command, or of something else; more of them are typed as they stand.
        if words.len() < 2 || !names.contains(&words[0].as_str()) {
            continue;
        }
        let leads = words.iter().try_fold(&commands, |command, word| command.find_subcommand(word));
        if let (None, Err(error)) = (leads, parse(&words, false)) {
            faults.push(format!("{}: `{text}`: {error}", path.display()));
        }
        tried += 1;
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(tried > 40, "{tried}");
}
