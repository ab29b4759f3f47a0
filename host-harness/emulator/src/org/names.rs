//! Made-up people, companies and places for the generator. Some need care in queries: apostrophes, accents, ampersands.

use fastrand::Rng;

const FIRST: [&str; 40] = [
    "Ada", "Amir", "Anna", "Björn", "Carla", "Chen", "Chloé", "Dana", "David", "Elena", "Emma", "Farid", "Fiona",
    "Grace", "Hana", "Hugo", "Ines", "Ivan", "Jonas", "José", "Kaya", "Kenji", "Lara", "Liam", "Maria", "Marek",
    "Mina", "Nadia", "Nils", "Olga", "Omar", "Paul", "Priya", "Rosa", "Sam", "Sofia", "Tomás", "Uma", "Viktor", "Zoë",
];

const LAST: [&str; 40] = [
    "Abbott",
    "Andersson",
    "Bauer",
    "Becker",
    "Brown",
    "Castillo",
    "Costa",
    "Dubois",
    "Evans",
    "Fischer",
    "Garcia",
    "Gonzalez",
    "Haddad",
    "Hansen",
    "Ito",
    "Jansen",
    "Johnson",
    "Kaur",
    "Kim",
    "Kowalski",
    "Lang",
    "Lopez",
    "Martin",
    "Meyer",
    "Müller",
    "Nguyen",
    "Novak",
    "O'Brien",
    "Okafor",
    "Olsen",
    "Patel",
    "Petrov",
    "Quinn",
    "Rossi",
    "Sato",
    "Schmidt",
    "Silva",
    "Tanaka",
    "Weber",
    "Yilmaz",
];

const COMPANY: [&str; 20] = [
    "Alpine",
    "Baltic",
    "Cedar",
    "Delta",
    "Ember",
    "Falcon",
    "Granite",
    "Harbor",
    "Iris",
    "Juniper",
    "Keystone",
    "Lumen",
    "Meridian",
    "Nimbus",
    "Orchard",
    "Pinnacle",
    "Quartz",
    "River",
    "Summit",
    "Tidewater",
];

const TRADE: [&str; 10] =
    ["Foods", "Logistics", "& Sons", "Energy", "Instruments", "Textiles", "Health", "Software", "Motors", "Insurance"];

const PLACES: [(&str, &str); 8] = [
    ("London", "United Kingdom"),
    ("Berlin", "Germany"),
    ("Paris", "France"),
    ("Amsterdam", "Netherlands"),
    ("Chicago", "United States"),
    ("Tokyo", "Japan"),
    ("Madrid", "Spain"),
    ("Oslo", "Norway"),
];

/// A first and a last name.
pub(super) fn person(rng: &mut Rng) -> (&'static str, &'static str) {
    (FIRST[rng.usize(..FIRST.len())], LAST[rng.usize(..LAST.len())])
}

/// The name of the `index`-th company; no two are alike.
pub(super) fn company(rng: &mut Rng, index: u32) -> String {
    let base = format!("{} {}", COMPANY[rng.usize(..COMPANY.len())], TRADE[rng.usize(..TRADE.len())]);
    if index == 0 { format!("{base} Group") } else { format!("{base} {index}") }
}

/// A city and its country.
pub(super) fn place(rng: &mut Rng) -> (&'static str, &'static str) {
    PLACES[rng.usize(..PLACES.len())]
}

/// A telephone number from the range kept for fiction.
pub(super) fn phone(rng: &mut Rng) -> String {
    format!("+44 20 7946 {:04}", rng.u16(..1000))
}

/// `first.last` in the letters that a username may have.
pub(super) fn handle(first: &str, last: &str) -> String {
    let fold = |letter: char| match letter {
        'é' => Some('e'),
        'ö' => Some('o'),
        'ë' => Some('e'),
        'ü' => Some('u'),
        'á' => Some('a'),
        _ => letter.is_ascii_alphanumeric().then(|| letter.to_ascii_lowercase()),
    };
    let part = |name: &str| name.chars().filter_map(fold).collect::<String>();
    format!("{}.{}", part(first), part(last))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handles_keep_to_what_usernames_allow() {
        for first in FIRST {
            for last in LAST {
                let handle = handle(first, last);
                assert!(handle.bytes().all(|b| b.is_ascii_lowercase() || b == b'.'), "{handle}");
            }
        }
    }
}
