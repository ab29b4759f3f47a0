use proptest::prelude::*;
use quick_xml::Reader;
use quick_xml::events::Event;

use super::*;

/// What a reader of all of XML makes of a document.
fn by_the_book(document: &str) -> Option<Vec<(String, String)>> {
    let mut reader = Reader::from_str(document);
    let mut found = Vec::new();
    let mut text = String::new();
    loop {
        match reader.read_event().ok()? {
            Event::Start(_) => text.clear(),
            Event::Text(piece) => text.push_str(&piece.xml10_content()),
            Event::CData(piece) => text.push_str(&piece.xml10_content()),
            Event::GeneralRef(reference) => match reference.resolve_char_ref().ok()? {
                Some(letter) => text.push(letter),
                None => text.push_str(quick_xml::escape::resolve_predefined_entity(&reference)?),
            },
            Event::End(end) => found.push((end.local_name().as_ref().to_owned(), std::mem::take(&mut text))),
            Event::Eof => break,
            _ => {}
        }
    }
    (!found.is_empty()).then_some(found)
}

fn ours(document: &str) -> Option<Vec<(String, String)>> {
    Some(texts(document)?.into_iter().map(|(name, text)| (name.to_owned(), text)).collect())
}

fn data() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z é€😀\r\n\t>'\"]{0,12}".prop_map(String::from),
        any::<char>().prop_map(|letter| escape(&letter.to_string())),
        prop_oneof![Just("&lt;"), Just("&amp;"), Just("&#65;"), Just("&#x20AC;"), Just("&quot;"), Just("&apos;")]
            .prop_map(str::to_owned),
        "[a-z<&\r\n\\]]{0,9}".prop_map(|text| format!("<![CDATA[{text}]]>")),
        "[a-z <>&]{0,9}".prop_map(|text| format!("<!--{text}-->")),
        "[a-z]{1,3}".prop_map(|name| format!("<s:{name} xsi:nil=\"a/b>\" b='\"'/>")),
    ]
}

fn element() -> impl Strategy<Value = String> {
    let leaf =
        (name(), proptest::collection::vec(data(), 0..4)).prop_map(|(name, data)| wrapped(&name, &data.concat()));
    leaf.prop_recursive(4, 24, 4, |inner| {
        (name(), proptest::collection::vec(prop_oneof![inner, data()], 0..4))
            .prop_map(|(name, inner)| wrapped(&name, &inner.concat()))
    })
}

fn name() -> impl Strategy<Value = String> {
    "([a-z]{1,3}:)?[A-Za-z]{1,8}"
}

fn wrapped(name: &str, inner: &str) -> String {
    format!("<{name} xmlns:x=\"urn:x\">{inner}</{name} >")
}

#[test]
fn what_soap_forbids_is_refused() {
    for document in [
        "",
        "text",
        "<a/>",
        "<!DOCTYPE a [<!ENTITY x \"y\">]><a>&x;</a>",
        "<?php 1 ?><a></a>",
        "<a>&x;</a>",
        "<a>&#0;</a>",
        "<a>&#xD800;</a>",
        "<a>&#99999999999;</a>",
        "<a>& </a>",
        "<a></b>",
        "<a></a></a>",
        "<a><b></a></b>",
        "<a>",
        "<a",
        "<>x</>",
        "<a b=\">x</a>",
        "<a><!-- x</a>",
        "<a><![CDATA[ x</a>",
    ] {
        assert_eq!(texts(document), None, "{document}");
    }
}

proptest! {
    #[test]
    fn a_document_is_read_as_a_reader_of_all_xml_reads_it(
        declared in any::<bool>(),
        element in element(),
    ) {
        let head = if declared { "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n" } else { "" };
        let document = format!("{head}{element}");
        prop_assert_eq!(ours(&document), by_the_book(&document), "{}", document);
    }

    #[test]
    fn any_text_survives_being_written_and_read(text in any::<String>()) {
        let document = format!("<a>{}</a>", escape(&text));
        let expected = text.replace("\r\n", "\n").replace('\r', "\n");
        prop_assert_eq!(texts(&document), Some(vec![("a", expected)]));
    }

    #[test]
    fn junk_never_panics(document in "[<>/&;!?a-c#x0-9\"' é\\-\\[\\]]{0,60}") {
        _ = texts(&document);
    }
}
