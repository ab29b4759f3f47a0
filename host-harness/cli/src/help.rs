//! What `--help` adds to what the options say: the commands in groups, and examples of each.
//!
//! The examples are one story, from an empty folder to the end of a tenant. A test plays them in this order, so each of them works.

use clap::Command;

/// The groups of commands in the order in which they are met.
const GROUPS: &[(&str, &[&str])] = &[
    ("Start", &["demo", "init", "doctor", "emulator"]),
    ("Tenants", &["tenant", "test-credentials", "entitlements", "attributes", "usage"]),
    ("People", &["person", "assign", "unassign", "unlink"]),
    ("Bring in step", &["import", "confirm", "plan", "apply", "push", "tasks", "retry", "runs"]),
    ("One user", &["deactivate", "sync-password"]),
    ("Serve", &["serve", "console", "worker", "scim"]),
    ("Keep", &["audit", "prune", "backup", "key", "database"]),
    ("Connectors", &["describe", "component", "conformance", "new", "sample"]),
    ("This program", &["completion", "man", "licenses"]),
];

/// Examples: what is typed behind the program's name, and what it does.
pub const EXAMPLES: &[(&str, &str)] = &[
    ("demo --users 200", "see the main job done against an emulated organization"),
    (
        "emulator --users 500 --tenants-file emulated.toml",
        "an organization to play with; the file leads the other commands to it",
    ),
    ("describe", "the settings, features and grants of the connector that is built in"),
    ("describe --imports", "what it is given, and nothing else"),
    ("conformance --only component", "some of the checks, against an emulated organization"),
    ("init acme --from emulated.toml", "the first tenant of a data folder, from a file that has been tried"),
    ("tenant import-toml emulated.toml", "take in every tenant of a file, with its secrets"),
    ("tenant add beta --set settings.instance-type=production", "a tenant whose settings follow later"),
    (
        "tenant edit acme --set to-app.push-new-users=true --set to-app.push-profile-updates=true --set to-app.sync-password=true",
        "switch features on",
    ),
    ("tenant edit acme --explain --set to-idp.mastering.profile=true", "what would follow, without changing anything"),
    ("tenant list", "every tenant with what is open"),
    ("tenant list --columns tenant,tasks,imported", "of each only what matters today"),
    ("tenant show acme", "one tenant, with its last failure and what to do about it"),
    ("tenant export > tenants.toml", "the settings for a repository; secrets stay behind"),
    ("test-credentials acme", "try each point of the settings, with what to do where one doesn't hold"),
    ("entitlements acme profile", "the profiles that can be assigned"),
    ("attributes acme", "the application's attributes, and where each comes from"),
    ("component uses", "where the connector sends secrets"),
    ("component approve", "approve that, for all tenants"),
    ("component add connector.wasm --unsigned", "a connector from a file, kept by its digest"),
    (
        "component add oci://registry.example/acme/connector@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 --key acme.pub",
        "one from a registry, if whoever has this key has signed it",
    ),
    ("component list", "what was added and approved, by whom, and who uses it"),
    ("doctor", "is everything here that it takes?"),
    ("import acme --dry-run", "what an import would do"),
    ("import acme", "read the users, and match them with people"),
    ("confirm acme --limit 20", "users that wait for a decision"),
    ("confirm acme --all", "link those that an exact rule has matched"),
    ("person add E1 ada@new.example --set givenName=Ada --set familyName=King --set email=ada@new.example", "a person"),
    ("person edit E1 --set title=Countess", "a change; the next push takes it to the application"),
    (
        "person import people.csv --assign acme --grant profile=\"Customer Community User\"",
        "people from a CSV file, assigned at once",
    ),
    ("person list --contains ada", "find somebody"),
    ("person list --output csv > everybody.csv", "everybody, for a spreadsheet"),
    ("person show E1", "what a person is, has and waits for"),
    ("assign acme E1 --grant profile=\"Customer Community User\"", "make a user for a person with the next push"),
    ("plan acme", "what a push would write"),
    ("apply acme", "write exactly that"),
    ("push acme", "carry out what waits"),
    ("tasks --tenant acme --state failed", "what needs an admin, and why"),
    ("tasks --state failed --output csv > failed.csv", "the same, for a spreadsheet"),
    ("retry --all acme", "once the cause is gone"),
    ("runs acme", "every import and push, with what it came to"),
    ("usage acme --days 7", "what it has asked of its application"),
    ("person set-password E1 --password-stdin < new-password", "a new password wherever the person is assigned"),
    ("deactivate acme 0055g00000AbCdEAAV --how freeze", "one user, by its id in the application, at once"),
    ("sync-password acme 0055g00000AbCdEAAV --password-file new-password", "its password, at once"),
    ("scim add acme okta --platform okta", "an identity platform that brings people by SCIM"),
    (
        "serve --console 127.0.0.1:0 --scim 127.0.0.1:0 --metrics 127.0.0.1:0",
        "pages, SCIM, metrics and schedules in one process",
    ),
    ("scim clients acme", "its tokens, and when they were used"),
    ("scim groups acme okta", "its groups, and what they give"),
    ("scim map acme okta Sales --grant profile=\"Customer Community User\"", "what members of a group hold"),
    ("scim edit acme okta --rate 50", "let it send more"),
    ("scim token acme okta --days 90", "another token, before the first one is ended"),
    ("scim revoke acme okta 1", "end the first one"),
    ("scim requests acme okta", "what it has asked, and what it was told"),
    ("scim remove acme okta", "the client goes; its people stay"),
    ("console --listen 127.0.0.1:0", "the admin's pages, on a free port"),
    ("console set-password ada < new-password", "an admin, who signs in from then on"),
    ("console remove-admin ada", "who doesn't any more"),
    ("worker --metrics 127.0.0.1:0", "import and push by the tenants' schedules"),
    ("audit --limit 20", "who did what to whom"),
    ("audit --person E1", "all that was done to somebody"),
    ("audit verify", "is the trail as it was written?"),
    ("backup copy", "a consistent copy, without its key"),
    ("key rotate", "another key for the sealed secrets, while work goes on"),
    ("key lost", "after the key is lost: take the one at hand, and set the secrets again"),
    ("person export E1 > e1.json", "all that is kept about somebody"),
    (
        "database copy provisioning-data moved",
        "the same directory in a new data folder; the URL of a database moves it there",
    ),
    ("new my-connector --lang rust", "a connector of your own to begin with"),
    ("sample", "the application that it is for"),
    ("unassign acme E1", "take the user out of use with the next push"),
    ("unlink acme E1", "forget that the user is the person's"),
    ("prune --older-than 400", "forget what ended long ago"),
    ("person remove E1 --unassign", "remove somebody for good"),
    (
        "component remove 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "forget a component that nobody uses",
    ),
    ("component take-back 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", "run a component no more"),
    ("tenant remove beta --yes", "remove a tenant; its users stay as they are"),
    ("completion bash > host-harness.bash", "what bash needs to complete the commands"),
    ("man > host-harness.1", "the manual page"),
    ("licenses", "the software in this program"),
];

/// The definition with groups and examples.
pub(super) fn with_help(root: Command) -> Command {
    let groups = grouped(&root);
    let root = root.help_template(format!(
        "{{about-with-newline}}\n{{usage-heading}} {{usage}}\n\n{groups}\nOptions:\n{{options}}{{after-help}}"
    ));
    let name = root.get_name().to_owned();
    let commands: Vec<String> = root.get_subcommands().map(|command| command.get_name().to_owned()).collect();
    commands
        .into_iter()
        .fold(root, |root, command| root.mut_subcommand(&command, |below| with_examples(below, &name, &command)))
}

/// A list of the commands by their groups, with what each does.
fn grouped(root: &Command) -> String {
    let widest = root.get_subcommands().map(|command| command.get_name().len()).max().unwrap_or(0);
    let mut text = String::new();
    for (group, names) in GROUPS {
        text.push_str(&format!("{group}:\n"));
        for command in names.iter().filter_map(|name| root.find_subcommand(name)) {
            let about = command.get_about().map(ToString::to_string).unwrap_or_default();
            text.push_str(&format!("  {:widest$}  {about}\n", command.get_name()));
        }
    }
    text
}

/// A command, and those below it, with the examples that begin with its words.
fn with_examples(command: Command, program: &str, words: &str) -> Command {
    let below: Vec<String> = command.get_subcommands().map(|one| one.get_name().to_owned()).collect();
    let command = below.into_iter().fold(command, |command, name| {
        let words = format!("{words} {name}");
        command.mut_subcommand(&name, |below| with_examples(below, program, &words))
    });
    let mine = EXAMPLES.iter().filter(|(typed, _)| *typed == words || typed.starts_with(&format!("{words} ")));
    let lines: Vec<String> = mine.map(|(typed, does)| format!("  # {does}\n  {program} {typed}")).collect();
    if lines.is_empty() { command } else { command.after_help(format!("Examples:\n{}", lines.join("\n"))) }
}

#[cfg(test)]
mod tests {
    use super::super::command_line::definition;
    use super::*;

    #[test]
    fn every_command_is_in_one_group() {
        let mut grouped: Vec<&str> = GROUPS.iter().flat_map(|(_, names)| names.iter().copied()).collect();
        grouped.sort_unstable();
        let definition = definition();
        let mut commands: Vec<&str> = definition.get_subcommands().map(Command::get_name).collect();
        commands.sort_unstable();
        assert_eq!(grouped, commands);
    }

    #[test]
    fn every_command_has_an_example() {
        fn without(command: &Command, words: &str, found: &mut Vec<String>) {
            let has_below = command.get_subcommands().next().is_some();
            for below in command.get_subcommands() {
                without(below, &format!("{words} {}", below.get_name()), found);
            }
            if !has_below && command.get_after_help().is_none() {
                found.push(words.to_owned());
            }
        }
        let mut found = Vec::new();
        without(&definition(), "", &mut found);
        assert!(found.is_empty(), "{found:?}");
    }
}
