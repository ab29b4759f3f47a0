//! The manual pages and the completion name every command.

use crate::support::Fixture;

/// The commands that `--help` lists, with those below them.
fn commands(fixture: &Fixture) -> Vec<String> {
    let listed = |arguments: &[&str]| {
        let help = fixture.run(arguments).stdout;
        // Those of the program stand in groups.
        let (_, commands) = help.split_once("Commands:\n").or_else(|| help.split_once("Start:\n")).unwrap();
        let (commands, _) = commands.split_once("\nOptions:").unwrap();
        let names = commands.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   "));
        let names = names.map(|line| line.split_whitespace().next().unwrap().to_owned());
        names.filter(|name| name != "help").collect::<Vec<_>>()
    };
    let mut commands = listed(&["--help"]);
    for group in ["tenant", "person"] {
        commands.extend(listed(&[group, "--help"]).into_iter().map(|name| format!("{group}-{name}")));
    }
    commands
}

#[test]
fn every_command_has_a_manual_page_and_is_completed() {
    let fixture = Fixture::new(1, 95);
    let commands = commands(&fixture);
    assert!(commands.len() > 30, "{commands:?}");

    let page = fixture.run(&["man"]);
    assert_eq!(page.code, 0);
    assert!(
        page.stdout.contains(".TH host\\-harness 1") || page.stdout.contains(".TH host-harness 1"),
        "{}",
        page.stdout
    );
    let written = fixture.run(&["man", "pages"]);
    assert_eq!(written.code, 0, "{written:?}");
    for command in &commands {
        let page = std::fs::read_to_string(fixture.path(&format!("pages/host-harness-{command}.1")))
            .unwrap_or_else(|error| panic!("{command}: {error}"));
        assert!(page.contains("SYNOPSIS"), "{command}");
    }
    assert!(fixture.path("pages/host-harness.1").is_file());
    for command in commands.iter().filter(|command| !command.starts_with("tenant-") && !command.starts_with("person-"))
    {
        let listed = format!("host\\-harness\\-{}(1)", command.replace('-', "\\-"));
        assert!(page.stdout.contains(&listed), "{listed}");
    }

    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = fixture.run(&["completion", shell]);
        assert_eq!(script.code, 0);
        for command in &commands {
            let last = command
                .rsplit_once("person-")
                .or(command.rsplit_once("tenant-"))
                .map_or(command.as_str(), |(_, name)| name);
            assert!(script.stdout.contains(last), "{shell}: {command}");
        }
    }
    assert_eq!(fixture.run(&["completion", "tcsh"]).code, 2);
    fixture.write("file", "in the way");
    let refused = fixture.run(&["man", "file"]);
    assert_eq!(refused.code, 2);
    assert!(refused.stderr.contains("cannot be written to file"), "{}", refused.stderr);
}
