//! Names that were probably meant.

/// The name that is nearest to `typed`, if one is near enough to be meant: a letter that is wrong, missing, too many or swapped
/// with its neighbour; from six letters on, two of them. Case doesn't count.
pub fn nearest<'a>(typed: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let lower = typed.to_lowercase();
    let near = (lower.chars().count() / 3).clamp(1, 2);
    known
        .map(|name| (strsim::osa_distance(&lower, &name.to_lowercase()), name))
        .filter(|(distance, _)| *distance <= near)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_the_name_that_was_meant() {
        let known = ["givenName", "familyName", "title", "email", "phone", "mobile", "fax"];
        for (typed, meant) in [
            ("titel", Some("title")),
            ("givenNme", Some("givenName")),
            ("familyNam", Some("familyName")),
            ("EMail", Some("email")),
            ("emial", Some("email")),
            ("family_name", Some("familyName")),
            ("tax", Some("fax")),
            ("shoeSize", None),
            ("costCenter", None),
            ("Family_Name__c", None),
            ("", None),
        ] {
            assert_eq!(nearest(typed, known.iter().copied()), meant, "{typed}");
        }
    }
}
