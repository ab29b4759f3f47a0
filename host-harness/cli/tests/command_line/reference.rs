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
        let run = fixture.run_with(&[words, &["--help"]].concat(), "", &[("COLUMNS", "100")]);
        assert_eq!(run.code, 0, "{run:?}");
        run.stdout
    };
    text.push_str(&format!("```text\n{}```\n", help(&[])));
    let mut commands: Vec<Vec<&str>> = Vec::new();
    for (typed, _) in host_harness::EXAMPLES {
        let words: Vec<&str> = typed.split_whitespace().collect();
        let with_more = ["component", "console", "person", "scim", "tenant"].contains(&words[0]);
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
    let globals = help(&[]);
    for path in commands {
        let whole = help(&path);
        // What every command takes stands above.
        let own: Vec<&str> = paragraphs(&whole).into_iter().filter(|part| !is_global(part, &globals)).collect();
        text.push_str(&format!("\n## {}\n\n```text\n{}\n```\n", path.join(" "), own.join("\n\n").trim_end()));
    }
    golden::holds_at(&docs("commands.md"), &text);
}

fn paragraphs(text: &str) -> Vec<&str> {
    text.split("\n\n").collect()
}

/// Whether a paragraph tells of an option that stands in the help of the program.
fn is_global(paragraph: &str, globals: &str) -> bool {
    let heading = ["Output:", "Many hosts:"].iter().find_map(|heading| paragraph.strip_prefix(heading));
    let first = heading.unwrap_or(paragraph).trim_start();
    let option = first.lines().next().unwrap_or_default().trim();
    option.starts_with('-')
        && globals.contains(option.split_whitespace().last().unwrap_or(option))
        && !option.starts_with("-h")
        && globals.contains(option)
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
