use proptest::prelude::*;
use quick_xml::escape::escape;

use super::*;

fn pair(name: &str, text: &str) -> (String, String) {
    (name.to_owned(), text.to_owned())
}

#[test]
fn elements_are_read_by_their_names_without_prefix_and_their_text_with_all_references_resolved() {
    let document = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<s:a xmlns:s=\"urn:x\"><b>1 &lt; 2 &#38; &#x20AC;</b>\
                    <!-- <no> --><c x='a>b'/><d><![CDATA[<&>\r\n]]></d><s:e></s:e ></s:a>\n";
    let expected = [pair("b", "1 < 2 & €"), pair("d", "<&>\n"), pair("e", ""), pair("a", "")];
    assert_eq!(texts(document).unwrap(), expected);
}

#[test]
fn what_soap_forbids_is_refused() {
    for document in [
        "",
        "text",
        "<a/>",
        "<!DOCTYPE a [<!ENTITY x \"y\">]><a>&x;</a>",
        "<!DOCTYPE a><a>x</a>",
        "<a><!DOCTYPE a>x</a>",
        "<?php 1 ?><a></a>",
        "<a><?x y?></a>",
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
    fn any_text_survives_being_written_and_read(text in any::<String>()) {
        prop_assert_eq!(texts(&format!("<a>{}</a>", escape(&text))), Some(vec![pair("a", &text)]));
    }

    #[test]
    fn junk_never_panics(document in "[<>/&;!?a-c#x0-9\"' é\\-\\[\\]]{0,60}") {
        _ = texts(&document);
    }
}
