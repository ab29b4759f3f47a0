use std::collections::BTreeMap;
use std::sync::Arc;

use super::*;
use crate::access::{Approval, Declaration, HostEntry, HostSource, Put, SecretForm, Take};
use crate::egress::EgressPolicy;

struct Fixture {
    placeholders: Placeholders,
    access: Access,
}

/// A sign-in that takes a token from JSON and from a header field.
fn sign_in() -> SecretUse {
    let take = |place| Take { secret: "session".to_owned(), place };
    SecretUse {
        name: "sign-in".to_owned(),
        hosts: vec!["login".to_owned()],
        methods: vec!["POST".to_owned()],
        path: "/token".to_owned(),
        puts: vec![Put {
            secret: "password".to_owned(),
            form: SecretForm::Plain,
            place: Place::Form("password".to_owned()),
        }],
        takes: vec![
            take(Place::Json("/data/token".to_owned())),
            take(Place::Xml("Envelope/id".to_owned())),
            take(Place::Header("x-token".to_owned(), "tok ".to_owned())),
        ],
        learns: Some(("instance".to_owned(), Place::Json("/url".to_owned()))),
    }
}

impl Fixture {
    fn new() -> Self {
        let host = HostEntry { name: "instance".to_owned(), source: HostSource::Learned, when: None };
        let declaration = Arc::new(Declaration { hosts: vec![host], uses: vec![sign_in()], ..Declaration::default() });
        let approval = Approval { component_sha256: String::new(), declaration };
        let egress = EgressPolicy { allow: vec!["acme.example.com".parse().unwrap()], loopback: Vec::new() };
        let access = Access::new(Some(&approval), &BTreeMap::new(), vec!["password".to_owned()], egress);
        Self { placeholders: Placeholders::default(), access }
    }

    fn password(&mut self) -> Found {
        let secret = Secret::new("p&ss-word".to_owned());
        let placeholder = self.placeholders.mint("password", &secret, Kind::Setting, 9).ok().unwrap();
        Found { held: self.placeholders.get(&placeholder).unwrap(), spot: Spot::Form("password".to_owned()) }
    }

    /// What the component gets, with the names of secrets in the place of placeholders.
    fn gets(
        &mut self,
        one: Option<&SecretUse>,
        found: &[Found],
        headers: &[(&str, &str)],
        body: &str,
    ) -> Result<(String, String), Failure> {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let answer = Response { status: 200, headers, body: body.as_bytes().to_vec() };
        let (got, masks) = read(answer, "login", one, found, &mut self.placeholders, &mut self.access, 50)?;
        let got = masked(got, "login", &masks, 10_000)?;
        let headers: Vec<String> = got.headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        let named = |text: &str| self.placeholders.named_text(text).into_owned();
        Ok((named(&headers.join("\n")), named(&String::from_utf8(got.body).unwrap())))
    }
}

const JSON: (&str, &str) = ("content-type", "application/json; charset=UTF-8");

#[test]
fn what_a_use_takes_is_a_placeholder_wherever_it_stands() {
    let mut fixture = Fixture::new();
    let found = [fixture.password()];
    let body = r#"{"data":{"token":"00D!x","n":1},"copy":"<00D!x>","url":"https://acme.example.com/a"}"#;
    let (headers, body) =
        fixture.gets(Some(&sign_in()), &found, &[JSON, ("x-token", "tok other-token"), ("x", "00D!x")], body).unwrap();
    assert_eq!(
        body,
        r#"{"data":{"token":"{{session}}","n":1},"copy":"<{{session}}>","url":"https://acme.example.com/a"}"#
    );
    assert_eq!(headers, "content-type: application/json; charset=UTF-8\nx-token: tok {{session}}\nx: {{session}}");
    // Also in later answers, to whatever request.
    assert_eq!(
        fixture.gets(None, &[], &[JSON], "other-token 00D!x 00D%21x").unwrap().1,
        "{{session}} {{session}} {{session}}"
    );
    let xml = ("content-type", "text/xml");
    let (_, body) = fixture
        .gets(Some(&sign_in()), &found, &[xml], "<s:Envelope><id>a&amp;b</id><no>a&amp;b</no></s:Envelope>")
        .unwrap();
    assert_eq!(body, "<s:Envelope><id>{{session}}</id><no>{{session}}</no></s:Envelope>");
}

#[test]
fn the_usual_names_are_taken_after_a_request_with_a_secret_alone() {
    let mut fixture = Fixture::new();
    let found = [fixture.password()];
    let body = r#"{"a":[{"access_token":"t1","refresh_token":"t22","id_token":"t333","sessionId":"t4444","token_type":"Bearer"}]}"#;
    let (_, got) = fixture.gets(None, &found, &[JSON], body).unwrap();
    assert_eq!(
        got,
        r#"{"a":[{"access_token":"{{access-token}}","refresh_token":"{{refresh-token}}","id_token":"{{id-token}}","sessionId":"{{session-id}}","token_type":"Bearer"}]}"#
    );
    let mut other = Fixture::new();
    assert_eq!(other.gets(None, &[], &[JSON], body).unwrap().1, body, "data stays as it is");
}

#[test]
fn a_secret_of_the_request_that_is_repeated_is_masked() {
    let mut fixture = Fixture::new();
    let found = [fixture.password()];
    let (headers, body) = fixture
        .gets(None, &found, &[("x", "p&ss-word")], "p&ss-word p&amp;ss-word p%26ss-word cCZzcy13b3Jk 70267373")
        .unwrap();
    assert_eq!(headers, "x: {{password}}");
    assert_eq!(body, "{{password}} {{password}} {{password}} {{password}} 70267373");
}

#[test]
fn what_does_not_parse_is_an_excerpt_without_what_may_be_a_token() {
    let mut fixture = Fixture::new();
    let found = [fixture.password()];
    let body = format!(
        "{{\"token\":\"00D5e0000012AbC!AQcAQFirst.session\", <title>Down for maintenance</title>{}",
        " a".repeat(2_000)
    );
    let (_, got) = fixture.gets(Some(&sign_in()), &found, &[JSON], &body).unwrap();
    assert!(got.starts_with("{\"token\":\"***\", <title>Down for maintenance</title>"), "{got}");
    assert!(got.len() <= LONGEST_EXCERPT);
    // Of an answer that nothing is taken from, all is shown.
    assert_eq!(Fixture::new().gets(None, &[], &[JSON], &body).unwrap().1, body);
}

#[test]
fn cookies_are_shown_to_nobody_and_a_foreign_coding_is_refused() {
    let mut fixture = Fixture::new();
    let (headers, _) = fixture.gets(None, &[], &[("set-cookie", "sid=1"), ("x", "y")], "").unwrap();
    assert_eq!(headers, "x: y");
    for coding in ["deflate", "br", "gzip, gzip"] {
        let refused = fixture.gets(None, &[], &[("content-encoding", coding)], "x").unwrap_err();
        assert!(matches!(&refused, Failure::Other(said) if said.contains(coding)), "{refused:?}");
    }
    assert!(fixture.gets(None, &[], &[("content-encoding", "identity")], "x").is_ok());
}

#[test]
fn a_host_is_learned_from_a_whole_sign_in() {
    let body = r#"{"data":{"token":"t"},"url":"https://acme.example.com/a"}"#;
    for (has_secret, expected) in [(true, 1), (false, 0)] {
        let mut fixture = Fixture::new();
        let found: Vec<Found> = has_secret.then(|| fixture.password()).into_iter().collect();
        fixture.gets(Some(&sign_in()), &found, &[JSON], body).unwrap();
        let url = reqwest::Url::parse("https://acme.example.com/x").unwrap();
        let asked = crate::access::Asked { method: "GET", url: &url, is_literal: true, found: &[] };
        assert_eq!(usize::from(fixture.access.allows(&asked).is_ok()), expected);
    }
}

#[test]
fn a_server_that_hands_out_ever_new_tokens_comes_to_an_end() {
    let mut fixture = Fixture::new();
    let found = [fixture.password()];
    let last = (0..60)
        .map(|n| fixture.gets(Some(&sign_in()), &found, &[JSON], &format!(r#"{{"data":{{"token":"tok-{n}"}}}}"#)));
    let failures =
        last.filter(|got| matches!(got, Err(Failure::Other(said)) if said.contains("more credentials"))).count();
    assert!(failures > 5, "{failures}");
}
