use super::*;
use crate::console::access::Fields;

fn form() -> Form {
    let choices =
        || vec![Choice::new("a", "A"), Choice { locked: Some("it needs B".to_owned()), ..Choice::new("c", "C") }];
    let fields = vec![
        Field::text("name", "Name", "old").required().limit(10),
        Field::number("count", "Count", (1, 100), None),
        Field::select("kind", "Kind", choices(), "a"),
        Field::boxes("many", "Many", choices(), Vec::new()),
        Field::flag("on", "On", true),
        Field::new("secret", "Secret", Control::Secret { long: false }).limit(20),
        Field::text("fixed", "Fixed", "as it is").locked(Some("it comes from elsewhere".to_owned())),
    ];
    Form::new(
        "/there".to_owned(),
        "t".to_owned(),
        vec![Group::new("", "", fields)],
        vec![Button::primary("save", "Save")],
    )
}

fn filled(text: &str) -> Form {
    let mut form = form();
    form.fill(&Fields::parse(text.as_bytes()));
    form
}

fn error<'a>(form: &'a Form, name: &str) -> Option<&'a str> {
    form.fields().find(|field| field.name == name).unwrap().error.as_deref()
}

#[test]
fn what_was_sent_is_taken_and_what_is_locked_is_not() {
    let form = filled("name=+new+&count=7&kind=a&many=a&secret=hush&fixed=x");
    assert!(form.is_sound(), "{:?}", form.errors());
    assert_eq!((form.value("name"), form.number::<u32>("count"), form.value("fixed")), ("new", Some(7), "as it is"));
    assert_eq!(form.values("many"), ["a"]);
    assert!(!form.flag("on"));
}

#[test]
fn each_fault_is_told_at_its_field_and_what_was_typed_comes_back() {
    let form = filled("name=%3Cscript%3Ealert(1)%3C/script%3E&count=101&kind=x&many=c&secret=hunter2-hunter2-hunter2");
    assert_eq!(error(&form, "name"), Some("25 characters were sent, and 10 are the most; shorten it"));
    assert_eq!(error(&form, "count"), Some("enter a whole number from 1 to 100"));
    assert_eq!(error(&form, "kind"), Some("choose one of those that are offered"));
    assert_eq!(error(&form, "many"), Some("C cannot be chosen: it needs B"));
    let html = form.render().unwrap();
    assert!(html.contains("value=\"101\"") && html.contains("aria-invalid=\"true\""), "{html}");
    assert!(html.contains("href=\"#field-count\"") && html.contains("id=\"field-count\""), "{html}");
    assert!(!html.contains("<script>") && !html.contains("hunter2"), "{html}");
    assert!(error(&filled("count=1"), "name").is_some());
    assert!(error(&filled("name=a%00b"), "name").is_some());
}

#[test]
fn a_secret_is_never_shown() {
    let form = filled("name=n&secret=hunter2");
    assert_eq!(form.value("secret"), "hunter2");
    assert!(!form.render().unwrap().contains("hunter2"));
}
