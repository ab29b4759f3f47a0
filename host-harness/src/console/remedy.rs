//! Remedies that name a command, told by what a page has for it.

/// What a page has for a command, by how it begins and its last word; the first that fits counts.
const PLACES: [(&str, &str, &str); 6] = [
    ("import ", "--dry-run", "“Dry run” on the Import page"),
    ("import ", "--accept", "“Accept” on the Import page"),
    ("import ", "--discard", "“Discard it” on the Import page"),
    ("import ", "", "“Import now” on the Import page"),
    ("unlink ", "", "“Unlink” on the person's page"),
    ("person list ", "", "the Assignments page"),
];

/// A text in which each command between backticks gives way to what a page has for it. A single word, which may be a name, stays,
/// and so does a command that no page has.
pub(crate) fn on_page(text: &str) -> String {
    let mut told = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, (quoted, after))) =
        rest.split_once('`').and_then(|(before, quoted)| Some((before, quoted.split_once('`')?)))
    {
        told.push_str(before);
        match place(quoted) {
            Some(place) => told.push_str(place),
            None => told.push_str(&format!("`{quoted}`")),
        }
        rest = after;
    }
    told.push_str(rest);
    told
}

fn place(command: &str) -> Option<&'static str> {
    let (_, others) = command.split_once(' ')?;
    let last = others.split(' ').next_back().unwrap_or_default();
    let fits = |(begin, end, _): &&(&str, &str, &str)| command.starts_with(begin) && (end.is_empty() || *end == last);
    PLACES.iter().find(fits).map(|place| place.2)
}

#[cfg(test)]
mod tests {
    use super::on_page;

    #[test]
    fn a_command_gives_way_to_what_a_page_has_and_anything_else_stays() {
        let told = on_page("Look at it with `import a --dry-run`; `import a --accept` lets it take effect");
        assert_eq!(
            told,
            "Look at it with “Dry run” on the Import page; “Accept” on the Import page lets it take effect"
        );
        assert_eq!(
            on_page("take it away with `unlink a Ada Lovelace`"),
            "take it away with “Unlink” on the person's page"
        );
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
