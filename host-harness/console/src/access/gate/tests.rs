use super::*;

fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
    pairs.iter().map(|(name, value)| ((*name).parse().unwrap(), value.parse().unwrap())).collect::<HeaderMap>()
}

#[test]
fn a_cookie_is_found_by_its_whole_name() {
    for (header, expected) in [
        ("console-1=abc", Some("abc")),
        ("other=x; console-1=abc", Some("abc")),
        ("other=x;console-1=a=b", Some("a=b")),
        ("console-11=abc; xconsole-1=abc", None),
        ("console-1", None),
        ("", None),
    ] {
        assert_eq!(cookie(&headers(&[("cookie", header)]), "console-1").as_deref(), expected, "{header}");
    }
    let mut two = headers(&[("cookie", "other=x")]);
    two.append("cookie", "console-1=abc".parse().unwrap());
    assert_eq!(cookie(&two, "console-1").as_deref(), Some("abc"));
}

#[test]
fn an_address_leads_to_this_console_or_to_its_first_page() {
    for kept in ["/", "/applications/acme?page=2", "/a//b"] {
        assert_eq!(local(kept), kept);
    }
    for strange in
        ["", "applications", "//evil.example", "/\\evil.example", "https://evil.example", "/a\r\nx", "/a\u{85}"]
    {
        assert_eq!(local(strange), "/", "{strange:?}");
    }
}

#[test]
fn a_path_is_text_where_its_sequences_decode_to_utf_8() {
    for text in ["/", "/people/%C3%A4", "/people/%c3%a4", "/people/%25FF", "/%", "/%4", "/%zz", "/%4z", "/%FG", "/%41"]
    {
        assert!(is_text(text), "{text}");
    }
    for broken in ["/%FF", "/%ff", "/%c3%28", "/%C3", "/a%80", "/%C3%zz"] {
        assert!(!is_text(broken), "{broken}");
    }
}

#[test]
fn a_browser_says_when_it_comes_from_elsewhere() {
    for (site, elsewhere) in [("cross-site", true), ("same-site", true), ("same-origin", false), ("none", false)] {
        assert_eq!(comes_from_elsewhere(&headers(&[("sec-fetch-site", site)])), elsewhere, "{site}");
    }
    assert!(!comes_from_elsewhere(&HeaderMap::new()));
}
