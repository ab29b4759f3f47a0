//! What a fuzz target in `tests/fuzz` tries on this crate. No part of its interface.

use super::access::Fields;
use super::form::{Button, Choice, Control, Field, Form, Group};

/// Any bytes are a form's fields. What a form has taken from them keeps to its bounds.
///
/// # Panics
/// If it doesn't.
pub fn forms(bytes: &[u8]) {
    let fields = Fields::parse(bytes);
    let choices = || vec![Choice::new("one", "One"), Choice::new("two", "Two")];
    let all = vec![
        Field::text("text", "Text", "").required().limit(10),
        Field::number("number", "Number", (3, 9), None),
        Field::flag("flag", "Flag", false),
        Field::select("select", "Select", choices(), "one").required(),
        Field::boxes("boxes", "Boxes", choices(), Vec::new()),
        Field::new("area", "Area", Control::Area).limit(20),
    ];
    let mut form =
        Form::new("/".to_owned(), String::new(), vec![Group::new("", "", all)], vec![Button::primary("go", "Go")]);
    if form.fill(&fields) {
        let length = form.value("text").chars().count();
        assert!((1..=10).contains(&length), "a text of {length}");
        assert!(form.number::<u64>("number").is_none_or(|number| (3..=9).contains(&number)));
        assert!(["one", "two"].contains(&form.value("select")), "{}", form.value("select"));
        assert!(form.values("boxes").iter().all(|value| value == "one" || value == "two"));
    }
    let _ = form.sent();
}
