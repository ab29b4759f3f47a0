use super::*;
use crate::access::Fields;

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

/// The error of a field of its own, filled with these values.
fn fault(field: Field, values: &[&str]) -> Option<String> {
    let mut body = url::form_urlencoded::Serializer::new(String::new());
    body.extend_pairs(values.iter().map(|value| (field.name.as_str(), *value)));
    let mut form = Form::new(String::new(), String::new(), vec![Group::new("", "", vec![field])], Vec::new());
    form.fill(&Fields::parse(body.finish().as_bytes()));
    form.fields().next().unwrap().error.clone()
}

#[test]
fn a_value_may_be_as_long_as_its_field_says_in_characters() {
    let text = |limit| Field::text("f", "F", "").limit(limit);
    assert_eq!(fault(text(10), &[&"é".repeat(10)]), None);
    let long = fault(text(10), &[&"é".repeat(11)]).unwrap();
    assert_eq!(long, "11 characters were sent, and 10 are the most; shorten it");
    assert_eq!(fault(text(2), &["  ab  "]), None, "what is trimmed does not count");
    let plain = || Field::text("f", "F", "");
    assert_eq!(fault(plain(), &[&"x".repeat(255)]), None);
    assert!(fault(plain(), &[&"x".repeat(256)]).is_some());
}

#[test]
fn a_number_may_be_either_of_its_bounds_and_nothing_beyond() {
    for (value, sound) in
        [("2", true), ("5", true), ("1", false), ("6", false), ("-3", false), ("3.0", false), ("x", false), ("", true)]
    {
        let error = fault(Field::number("f", "F", (2, 5), None), &[value]);
        assert_eq!(error, (!sound).then(|| "enter a whole number from 2 to 5".to_owned()), "{value}");
    }
}

#[test]
fn several_lines_are_taken_where_there_is_room_for_them() {
    let long = |long| Control::Secret { long };
    for (control, text, sound) in [
        (Control::Area, "a\r\n\tb", true),
        (long(true), "a\n\tb", true),
        (Control::Area, "a\u{1b}b", false),
        (long(false), "a\nb", false),
        (Control::Text, "a\nb", false),
        (Control::Text, "a\tb", false),
        (Control::Password, "a\nb", false),
    ] {
        let error = fault(Field::new("f", "F", control.clone()), &[text]);
        assert_eq!(error.is_none(), sound, "{control:?} {text:?}: {error:?}");
    }
    let mut area = Field::new("f", "F", Control::Area);
    area.fill(&Fields::parse(b"f=a%0D%0Ab+"));
    assert_eq!(area.value(), "a\nb ");
}

#[test]
fn one_value_is_kept_of_a_field_that_takes_one_and_all_of_a_field_that_takes_several() {
    let choices = || vec![Choice::new("a", "A"), Choice::new("b", "B")];
    let values = |mut field: Field| {
        field.fill(&Fields::parse(b"f=&f=a&f=b"));
        field.values
    };
    assert_eq!(values(Field::boxes("f", "F", choices(), Vec::new())), ["a", "b"]);
    for field in
        [Field::select("f", "F", choices(), ""), Field::radios("f", "F", choices(), ""), Field::text("f", "F", "")]
    {
        assert_eq!(values(field), ["a"]);
    }
}

#[test]
fn a_required_field_asks_for_what_it_takes() {
    let choices = || vec![Choice::new("a", "A")];
    for (field, words) in [
        (Field::text("f", "F", "old"), "enter a value"),
        (Field::new("f", "F", Control::Password), "enter a value"),
        (Field::select("f", "F", choices(), "a"), "choose one"),
        (Field::radios("f", "F", choices(), "a"), "choose one"),
        (Field::boxes("f", "F", choices(), Vec::new()), "choose one"),
    ] {
        assert_eq!(fault(field.clone(), &[]), None, "{:?}", field.control);
        assert_eq!(fault(field.required(), &[]).as_deref(), Some(words));
    }
}

#[test]
fn what_is_wrong_stands_at_its_field_or_at_the_form_and_leads_to_where_it_is_mended() {
    let mut form = filled("name=n&count=2&kind=a");
    assert!(form.is_sound() && form.errors().is_empty());
    form.refuse("count", "two are too many");
    form.refuse("many", "choose more");
    assert_eq!(
        (error(&form, "count"), error(&form, "name"), form.error.as_deref()),
        (Some("two are too many"), None, None)
    );
    assert!(!form.is_sound());
    let errors = form.errors();
    let expected = [("field-count", "Count: two are too many"), ("field-many-0", "Many: choose more")];
    assert_eq!(errors, expected.map(|(target, text)| (target.to_owned(), text.to_owned())));
    let mut form = filled("name=n");
    form.refuse("no such field", "it is all wrong");
    assert_eq!((form.error.as_deref(), form.errors().len(), form.is_sound()), (Some("it is all wrong"), 0, false));
}

#[test]
fn an_error_of_choices_leads_to_the_first_of_them_or_to_their_group() {
    let choices = || vec![Choice::new("a", "A"), Choice::new("b", "B")];
    for (field, target) in [
        (Field::boxes("f", "F", choices(), Vec::new()), "field-f-0"),
        (Field::radios("f", "F", choices(), ""), "field-f-0"),
        (Field::boxes("f", "F", Vec::new(), Vec::new()), "field-f"),
        (Field::select("f", "F", choices(), ""), "field-f"),
    ] {
        assert_eq!(field.target(), target, "{:?}", field.control);
    }
}

#[test]
fn what_is_sent_again_holds_no_secret_and_nothing_locked() {
    let form = filled("name=n&count=2&kind=a&many=a&on=true&secret=hunter2&fixed=x");
    let pairs = [("name", "n"), ("count", "2"), ("kind", "a"), ("many", "a"), ("on", "true")];
    let (stamps, values): (Vec<_>, Vec<_>) = form.sent().into_iter().partition(|(name, _)| name.starts_with("seen."));
    assert_eq!(values, pairs.map(|(name, value)| (name.to_owned(), value.to_owned())));
    assert!(stamps.iter().any(|(name, _)| name == "seen.name"), "{stamps:?}");
    assert!(stamps.iter().all(|(name, _)| name != "seen.secret" && name != "seen.fixed"), "{stamps:?}");
    assert!(form.flag("on") && !form.flag("no such field"));
    assert_eq!((form.value("no such field"), form.values("no such field").len()), ("", 0));
    assert_eq!(form.number::<u32>("name"), None);
    let password = Field { values: vec!["hunter2".to_owned()], ..Field::new("p", "P", Control::Password) };
    let form = Form::new(String::new(), String::new(), vec![Group::new("", "", vec![password])], Vec::new());
    assert!(form.sent().is_empty());
}

#[test]
fn a_refused_secret_is_forgotten_and_a_sound_one_kept() {
    for control in [Control::Secret { long: false }, Control::Password] {
        let mut field = Field::new("f", "F", control).limit(7);
        field.fill(&Fields::parse(b"f=hunter2"));
        assert_eq!((field.value(), field.error.as_deref()), ("hunter2", None));
        field.fill(&Fields::parse(b"f=hunter22"));
        assert!(field.values.is_empty() && field.error.is_some());
    }
}

#[test]
fn a_field_is_described_by_what_stands_beside_it() {
    let html = |field: Field| field.render().unwrap();
    let plain = || Field::text("a.b", "A", "v");
    assert!(!html(plain()).contains("aria-describedby"));
    assert!(html(plain().help("Some help.")).contains("aria-describedby=\"field-a-b-help\""));
    let mut all = plain().help("Some help.").locked(Some("it comes from elsewhere".to_owned()));
    all.error = Some("it is wrong".to_owned());
    assert!(html(all).contains("aria-describedby=\"field-a-b-help field-a-b-locked field-a-b-error\""));
    let choice = || vec![Choice::new("a", "A"), Choice::new("b", "B")];
    let select = html(Field::select("f", "F", choice(), "b"));
    assert!(
        select.contains("<option value=\"b\" selected") && !select.contains("<option value=\"a\" selected"),
        "{select}"
    );
}
