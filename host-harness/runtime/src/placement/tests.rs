use super::*;
use crate::placeholders::Kind;
use crate::secrets::Secret;

/// Placeholders of a password and of a token.
struct Fixture {
    placeholders: Placeholders,
    password: String,
    token: String,
}

const PASSWORD: &str = "p<&\"'> \\+é\r\n\t%";

fn fixture() -> Fixture {
    let mut placeholders = Placeholders::default();
    let mut mint = |name: &str, value: &str| {
        placeholders.mint(name, &Secret::new(value.to_owned()), Kind::Setting, 9).ok().unwrap()
    };
    let (password, token) = (mint("password", PASSWORD), mint("token", "tok"));
    Fixture { placeholders, password, token }
}

impl Fixture {
    /// Where the placeholders stand in a body, and the body with the values in their place.
    fn place(&self, syntax: Syntax, body: &str) -> Result<(Vec<String>, String), String> {
        let body = body.replace("PASSWORD", &self.password).replace("TOKEN", &self.token);
        let parsed = Parsed::read(syntax, body.as_bytes())?;
        let found = parsed.find(&self.placeholders)?;
        let found = found.iter().map(|found| format!("{} in {}", found.held.name, found.spot)).collect();
        let sent = parsed.rewrite(&mut |_, text| Some(self.placeholders.filled(text)))?;
        Ok((found, String::from_utf8(sent).unwrap()))
    }
}

#[test]
fn a_secret_in_json_is_the_value_of_its_string() {
    let (found, sent) = fixture()
        .place(Syntax::Json, r#"{ "b": [1, {"p/~": "PASSWORDTOKEN"}], "a": 1.5, "n": null, "t": true }"#)
        .unwrap();
    assert_eq!(found, ["password in the JSON string at /b/1/p/~", "token in the JSON string at /b/1/p/~"]);
    let sent: serde_json::Value = serde_json::from_str(&sent).unwrap();
    assert_eq!(sent["b"][1]["p/~"], format!("{PASSWORD}tok"));
    assert_eq!(sent["a"], 1.5);
    assert!(sent["n"].is_null());
}

#[test]
fn members_stay_in_their_order() {
    let (_, sent) = fixture().place(Syntax::Json, r#"{"z":1,"a":"TOKEN","m":-2}"#).unwrap();
    assert_eq!(sent, r#"{"z":1,"a":"tok","m":-2}"#);
}

#[test]
fn a_secret_in_a_form_is_the_value_of_its_field() {
    let (found, sent) = fixture().place(Syntax::Form, "grant=x+y&password=PASSWORDTOKEN&").unwrap();
    assert_eq!(found, ["password in the form field password", "token in the form field password"]);
    let pairs: Vec<_> = url::form_urlencoded::parse(sent.as_bytes()).into_owned().collect();
    assert_eq!(pairs, [("grant".to_owned(), "x y".to_owned()), ("password".to_owned(), format!("{PASSWORD}tok"))]);
}

#[test]
fn a_secret_in_xml_is_the_text_of_its_element() {
    let body = "<?xml version=\"1.0\"?><s:Envelope xmlns:s=\"urn:s\"><s:Body><u:login xmlns:u=\"urn:u\"><u:username>a&amp;b</u:username>\
        <u:password>PASSWORD<![CDATA[TOKEN]]>&#33;</u:password><u:empty/></u:login></s:Body></s:Envelope>";
    let (found, sent) = fixture().place(Syntax::Xml, body).unwrap();
    let place = "in the XML element Envelope/Body/login/password";
    assert_eq!(found, [format!("password {place}"), format!("token {place}")]);
    assert!(sent.contains("<u:username>a&amp;b</u:username>") && sent.contains("<u:empty/>"), "{sent}");
    let inside = sent.split_once("<u:password>").unwrap().1.split_once("</u:password>").unwrap().0;
    assert_eq!(quick_xml::escape::unescape(inside).unwrap(), format!("{PASSWORD}tok!"));
    assert!(!inside.contains('\r'), "a reader would make a line feed of it");
}

#[test]
fn a_secret_where_no_value_stands_is_found_there() {
    let fixture = fixture();
    for (syntax, body, place) in [
        (Syntax::Json, r#"{"TOKEN": 1}"#, "the name of a JSON member"),
        (Syntax::Form, "TOKEN=1", "the name of a form field"),
        (Syntax::Xml, "<a b=\"TOKEN\"/>", "an XML attribute"),
        (Syntax::Xml, "<a b=\"&#115;TOKEN\"/>", "an XML attribute"),
        (Syntax::Xml, "<TOKEN/>", "an XML tag"),
        (Syntax::Xml, "<a><!-- TOKEN --></a>", "an XML comment"),
    ] {
        let (found, _) = fixture.place(syntax, body).unwrap();
        assert!(
            !found.is_empty() && found.iter().any(|found| *found == format!("token in {place}")),
            "{body}: {found:?}"
        );
    }
}

#[test]
fn what_an_escape_spells_is_found_too() {
    let fixture = fixture();
    let spelt = format!("\\u0073{}", &fixture.token[1..]);
    let (found, sent) = fixture.place(Syntax::Json, &format!("{{\"a\":\"{spelt}\"}}")).unwrap();
    assert_eq!(found, ["token in the JSON string at /a"]);
    assert_eq!(sent, r#"{"a":"tok"}"#);
}

#[test]
fn a_body_that_readers_may_read_differently_is_refused() {
    let fixture = fixture();
    for (syntax, body, reason) in [
        (Syntax::Json, r#"{"a":"TOKEN","a":"x"}"#, "twice"),
        (Syntax::Json, r#"{"a":"TOKEN""#, "isn't JSON"),
        (Syntax::Json, r#"{"a":"TOKEN"} {}"#, "isn't JSON"),
        (Syntax::Json, "{a:\"TOKEN\"}", "isn't JSON"),
        (Syntax::Xml, "<a>TOKEN", "isn't XML"),
        (Syntax::Xml, "<a>TOKEN</b>", "isn't XML"),
        (Syntax::Xml, "<a/><b>TOKEN</b>", "two roots"),
        (Syntax::Xml, "TOKEN<a/>", "outside of the root"),
        (Syntax::Xml, "<!DOCTYPE a [<!ENTITY e \"x\">]><a>TOKEN</a>", "document type"),
        (Syntax::Xml, "<?pi TOKEN?><a/>", "processing instruction"),
        (Syntax::Xml, "<a>TOKEN&e;</a>", "entity of its own"),
    ] {
        let refused = fixture.place(syntax, body).unwrap_err();
        assert!(refused.contains(reason) && !refused.contains("sk0"), "{body}: {refused}");
    }
    assert!(Parsed::read(Syntax::Json, b"{\"a\":\"\xff\"}").is_err());
}

#[test]
fn a_value_that_xml_cannot_carry_is_refused() {
    let mut placeholders = Placeholders::default();
    let value = Secret::new("a\u{1}b".to_owned());
    let placeholder = placeholders.mint("password", &value, Kind::Setting, 9).ok().unwrap();
    let parsed = Parsed::read(Syntax::Xml, format!("<a>{placeholder}</a>").as_bytes()).unwrap();
    let refused = parsed.rewrite(&mut |_, text| Some(placeholders.filled(text))).unwrap_err();
    assert!(refused.contains("can't carry"), "{refused}");
}

#[test]
fn the_syntax_follows_the_content_type() {
    for (content_type, expected) in [
        ("application/json", Some(Syntax::Json)),
        ("Application/JSON; charset=UTF-8", Some(Syntax::Json)),
        ("application/scim+json", Some(Syntax::Json)),
        ("text/xml; charset=\"utf-8\"", Some(Syntax::Xml)),
        ("application/soap+xml;action=x", Some(Syntax::Xml)),
        ("application/x-www-form-urlencoded", Some(Syntax::Form)),
        ("application/json; charset=utf-16", None),
        ("text/plain", None),
        ("text/csv", None),
        ("", None),
    ] {
        assert_eq!(Syntax::of(content_type), expected, "{content_type}");
    }
}

#[test]
fn a_place_is_the_whole_way_to_it() {
    let json = |steps: &[&str]| Spot::Json(steps.iter().map(|step| (*step).to_owned()).collect());
    for (spot, pointer, expected) in [
        (json(&["a", "b"]), "/a/b", true),
        (json(&["a", "b"]), "/a", false),
        (json(&["a"]), "/a/b", false),
        (json(&["a", "3", "b"]), "/a/*/b", true),
        (json(&["a"]), "a", false),
        (json(&[]), "", true),
        (json(&[""]), "", false),
        (json(&["a/b", "~"]), "/a~1b/~0", true),
    ] {
        assert_eq!(spot.is(&Place::Json(pointer.to_owned())), expected, "{spot:?} {pointer}");
    }
    let xml = Spot::Xml(vec!["a".to_owned(), "b".to_owned()]);
    assert!(xml.is(&Place::Xml("a/b".to_owned())));
    assert!(!xml.is(&Place::Xml("a".to_owned())) && !xml.is(&Place::Xml("b".to_owned())));
    let header = Spot::Header("Authorization".to_owned(), "Bearer ".to_owned());
    assert!(header.is(&Place::Header("authorization".to_owned(), "Bearer ".to_owned())));
    assert!(!header.is(&Place::Header("authorization".to_owned(), "bearer ".to_owned())));
    assert!(!header.is(&Place::Header("x-authorization".to_owned(), "Bearer ".to_owned())));
    assert!(!Spot::Form("a".to_owned()).is(&Place::Json("/a".to_owned())));
}

proptest::proptest! {
    #[test]
    fn any_value_reads_back_from_each_syntax(value in "[^\u{0}-\u{8}\u{b}\u{c}\u{e}-\u{1f}\u{fffe}\u{ffff}]*") {
        let mut placeholders = Placeholders::default();
        let secret = Secret::new(value.clone());
        let placeholder = placeholders.mint("password", &secret, Kind::Setting, 9).ok().unwrap();
        let sent = |syntax: Syntax, body: String| {
            let parsed = Parsed::read(syntax, body.as_bytes()).unwrap();
            String::from_utf8(parsed.rewrite(&mut |_, text| Some(placeholders.filled(text))).unwrap()).unwrap()
        };
        let json = sent(Syntax::Json, format!("\"{placeholder}\""));
        proptest::prop_assert_eq!(serde_json::from_str::<String>(&json).unwrap(), value.clone());
        let form = sent(Syntax::Form, format!("a={placeholder}"));
        let read = url::form_urlencoded::parse(form.as_bytes()).next().unwrap().1.into_owned();
        proptest::prop_assert_eq!(read, value.clone());
        let xml = sent(Syntax::Xml, format!("<a>{placeholder}</a>"));
        let inside = &xml[3..xml.len() - 4];
        proptest::prop_assert_eq!(quick_xml::escape::unescape(inside).unwrap(), value);
    }

    #[test]
    fn no_body_makes_it_panic(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200), text in ".{0,200}") {
        let placeholders = Placeholders::default();
        for syntax in [Syntax::Json, Syntax::Xml, Syntax::Form] {
            for body in [bytes.as_slice(), text.as_bytes()] {
                if let Ok(parsed) = Parsed::read(syntax, body) {
                    let _ = parsed.find(&placeholders);
                    let _ = parsed.rewrite(&mut |_, _| None);
                }
            }
        }
    }
}
