//! The reference of commands and settings in `docs/`, which is made from what the program says of itself.

use std::path::Path;

use serde_json::Value as Json;

use crate::golden;
use crate::support::Fixture;

fn docs(file: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(file)
}

#[test]
fn the_reference_of_commands_is_what_the_help_says() {
    let fixture = Fixture::new(1, 176);
    let mut text = String::from(
        "# Commands\n\nMade from `--help`; `GOLDEN=renew cargo test -p host-harness --test command_line -- reference::` makes it anew.\n\n",
    );
    let help = |words: &[&str]| {
        let mut command = fixture.command(&[words, &["--help"]].concat());
        // What the tester's machine has set is nobody else's.
        let output = command.env_remove("PROVISIONING_CACHE").env("COLUMNS", "100").output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    text.push_str(&format!("```text\n{}```\n", help(&[])));
    let mut commands: Vec<Vec<&str>> = Vec::new();
    for (typed, _) in host_harness::EXAMPLES {
        let words: Vec<&str> = typed.split_whitespace().collect();
        let with_more =
            ["audit", "component", "console", "database", "key", "person", "scim", "tenant"].contains(&words[0]);
        let is_word = |word: &&str| !word.starts_with('-');
        let path: Vec<&str> = match words.get(1).filter(|word| with_more && is_word(word)) {
            Some(second) => vec![words[0], second],
            None => vec![words[0]],
        };
        if !commands.contains(&path) {
            commands.push(path);
        }
    }
    commands.sort();
    let globals: Vec<String> = help(&[]).lines().filter(|line| is_option(line)).map(str::to_owned).collect();
    for path in commands {
        let own = without(&help(&path), &globals);
        text.push_str(&format!("\n## {}\n\n```text\n{}\n```\n", path.join(" "), own.trim_end()));
    }
    golden::holds_at(&docs("commands.md"), &text);
}

/// Whether a line names an option.
fn is_option(line: &str) -> bool {
    line.trim_start().starts_with('-') && line.len() - line.trim_start().len() <= 6
}

/// The help without the options that every command takes, and without headings that have none left.
fn without(help: &str, globals: &[String]) -> String {
    let (mut own, mut heading, mut is_kept) = (String::new(), None, true);
    for line in help.lines() {
        if !line.starts_with(' ') && line.ends_with(':') && line != "Arguments:" && line != "Commands:" {
            // Printed before the first option of it.
            (heading, is_kept) = (Some(line), line == "Examples:");
            if is_kept {
                own.push_str(&format!("\n{line}\n"));
                heading = None;
            }
            continue;
        }
        if is_option(line) && heading.is_some() || is_option(line) && !own.contains("Examples:") {
            is_kept = !globals.iter().any(|global| global == line);
            if let Some(heading) = heading.take_if(|_| is_kept) {
                own.push_str(&format!("\n{heading}\n"));
            }
        }
        if is_kept {
            own.push_str(line);
            own.push('\n');
        }
    }
    while own.contains("\n\n\n") {
        own = own.replace("\n\n\n", "\n\n");
    }
    own
}

#[test]
fn the_reference_of_settings_is_what_the_connector_declares() {
    let fixture = Fixture::new(1, 177);
    let described = fixture.run(&["describe", "--json"]).json();
    let mut text = String::from(
        "# Settings of the Salesforce connector\n\nMade from what the connector declares (`host-harness describe`). A tenant keeps them as `settings.NAME`; secrets are sealed.\n\n| Name | Label | What it takes | Needed | Where to find it |\n|---|---|---|---|---|\n",
    );
    for setting in described["settings"].as_array().unwrap() {
        let word = |name: &str| setting[name].as_str().unwrap_or_default().replace('|', "\\|");
        let choices: Vec<String> = setting["choices"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Json::as_str)
            .map(|one| format!("`{one}`"))
            .collect();
        let takes = if choices.is_empty() { word("kind") } else { choices.join(", ") };
        let needed = if setting["required"] == true { "yes" } else { "" };
        text.push_str(&format!("| `{}` | {} | {takes} | {needed} | {} |\n", word("name"), word("label"), word("help")));
    }
    golden::holds_at(&docs("settings.md"), &text);
}
