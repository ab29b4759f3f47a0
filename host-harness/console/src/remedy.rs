//! Remedies that name a command, shown by what a page has for it.

/// What a page has for a command, by how it begins and how a later word does; the first that fits counts.
const PLACES: [(&str, &str, &str); 18] = [
    ("import ", "--dry-run", "“Dry run” on the Import page"),
    ("import ", "--accept", "“Accept” on the Import page"),
    ("import ", "--discard", "“Discard it” on the Import page"),
    ("import ", "", "“Import now” on the Import page"),
    ("confirm ", "--person", "“It is this user” under Matches to confirm"),
    ("confirm ", "--ignore", "“Leave it” under Matches to confirm"),
    ("confirm ", "", "the page Matches to confirm"),
    ("unlink ", "", "“Unlink” on the person's page"),
    ("person list ", "", "the application's page People"),
    ("push ", "", "“Push now” on the Push page"),
    ("plan ", "", "“Make a plan” on the Push page"),
    ("apply ", "", "“Apply” on the Push page"),
    ("retry ", "", "“Retry” on the Tasks page"),
    ("unassign ", "", "“Unassign” on the application's page People"),
    ("entitlements ", "", "the form of an assignment"),
    ("tenant edit ", "to-app.", "the box on the To App page"),
    ("tenant edit ", "to-idp.", "the box on the To IdP page"),
    ("tenant edit ", "paused=", "the box on the Integration page"),
];

/// A text in which each command between backticks gives way to what a page has for it. A single word, which may be a name, stays,
/// and so does a command that no page has.
pub(crate) fn on_page(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, (quoted, after))) =
        rest.split_once('`').and_then(|(before, quoted)| Some((before, quoted.split_once('`')?)))
    {
        shown.push_str(before);
        match place(quoted) {
            Some(place) => shown.push_str(place),
            None => shown.push_str(&format!("`{quoted}`")),
        }
        rest = after;
    }
    shown.push_str(rest);
    shown
}

fn place(command: &str) -> Option<&'static str> {
    let (_, others) = command.split_once(' ')?;
    let fits = |(begin, word, _): &&(&str, &str, &str)| {
        command.starts_with(begin) && (word.is_empty() || others.split(' ').any(|one| one.starts_with(word)))
    };
    PLACES.iter().find(fits).map(|place| place.2)
}

#[cfg(test)]
mod tests {
    use super::on_page;

    #[test]
    fn a_command_gives_way_to_what_a_page_has_and_anything_else_stays() {
        let shown = on_page("Look at it with `import a --dry-run`; `import a --accept` lets it take effect");
        assert_eq!(
            shown,
            "Look at it with “Dry run” on the Import page; “Accept” on the Import page lets it take effect"
        );
        assert_eq!(
            on_page("take it away with `unlink a Ada Lovelace`"),
            "take it away with “Unlink” on the person's page"
        );
        assert_eq!(
            on_page("switch it on with `tenant edit a --set to-app.push-new-users=true`"),
            "switch it on with the box on the To App page"
        );
        assert_eq!(
            on_page("`unlink a K1` and then `confirm a U1 --person K2`"),
            "“Unlink” on the person's page and then “It is this user” under Matches to confirm"
        );
        assert_eq!(on_page("another that `confirm a` lists"), "another that the page Matches to confirm lists");
        assert_eq!(on_page("`tenant edit a --unset mapping.x`"), "`tenant edit a --unset mapping.x`");
        for same in [
            "say `person remove Ada` again",
            "no application `import` here",
            "the field `Name of it` is full",
            "one ` alone",
            "``",
            "",
        ] {
            assert_eq!(on_page(same), same);
        }
    }
}
