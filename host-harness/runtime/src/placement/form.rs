//! `application/x-www-form-urlencoded` (WHATWG URL §5).

use url::form_urlencoded;

use super::{Note, Spot};

/// Reads the pairs.
pub(super) fn read(text: &str) -> Vec<(String, String)> {
    form_urlencoded::parse(text.as_bytes()).into_owned().collect()
}

/// Shows each name and value, with where it stands.
pub(super) fn visit(pairs: &[(String, String)], note: &mut Note<'_>) {
    for (name, value) in pairs {
        note(name, &|| Spot::Never("the name of a form field"));
        note(value, &|| Spot::Form(name.clone()));
    }
}

/// Writes the pairs with values changed.
pub(super) fn rewrite(pairs: Vec<(String, String)>, change: &mut dyn FnMut(&Spot, &str) -> Option<String>) -> Vec<u8> {
    let mut form = form_urlencoded::Serializer::new(String::new());
    for (name, value) in pairs {
        let changed = change(&Spot::Form(name.clone()), &value).unwrap_or(value);
        form.append_pair(&name, &changed);
    }
    form.finish().into_bytes()
}
