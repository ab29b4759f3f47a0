//! What the fuzz targets in `tests/fuzz` try on this crate. No part of its interface.

use std::net::IpAddr;
use std::sync::{Arc, LazyLock};

use url::Url;

use super::access::{Access, Approval, Declaration, Place, Put, SecretForm, SecretUse, Take};
use super::addresses::is_public;
use super::answers::{masked, read};
use super::bindings::identity::provisioning::http::Response;
use super::egress::{EgressPolicy, HostRule, is_localhost};
use super::engine::Runtime;
use super::placeholders::{Kind, Placeholders};
use super::placement::{Found, Parsed, Spot, Syntax};
use super::recording::{check_line, without_credentials};
use super::secrets::Secret;

/// A secret with characters that each syntax has to escape. Nothing that is tried has it by chance.
const SECRET: &str = "s3cr\u{e9}t&<\"'>%+ value";

/// Stands for the secret, or for its placeholder, in what is tried.
const MARK: &str = "@@";

/// Any bytes are a component or are refused.
pub fn component(bytes: &[u8]) {
    static RUNTIME: LazyLock<Option<Runtime>> = LazyLock::new(|| Runtime::builder().jobs(1).build().ok());
    if let Some(runtime) = &*RUNTIME {
        let _ = runtime.load(bytes);
    }
}

/// A rule, an address and a number for each line: what a rule lets through is the https host that it names, and no address of
/// special use is taken for a public one.
///
/// # Panics
/// If it isn't so.
pub fn egress(text: &str) {
    let mut lines = text.lines();
    let (Some(rule), Some(address)) = (lines.next(), lines.next()) else { return };
    if let Ok(rule) = rule.parse::<HostRule>() {
        let shown = rule.to_string();
        assert_eq!(shown.parse::<HostRule>().ok(), Some(rule.clone()), "a rule reads back as it is shown");
        let policy = EgressPolicy { allow: vec![rule], loopback: Vec::new() };
        if let Ok(url) = Url::parse(address)
            && policy.allows(&url).is_ok()
        {
            let host = url.host_str().unwrap_or_default().trim_end_matches('.').to_ascii_lowercase();
            assert_eq!(url.scheme(), "https", "{url}");
            assert!(url.username().is_empty() && url.password().is_none(), "{url}");
            assert!(host.parse::<IpAddr>().is_err() && !is_localhost(&host), "{url} by {shown}");
            let name = shown.split(':').next().unwrap_or_default();
            match name.strip_prefix("*.") {
                Some(above) => assert!(host.ends_with(&format!(".{above}")), "{url} by {shown}"),
                None => assert_eq!(host, name, "{url} by {shown}"),
            }
        }
    }
    if let Some(Ok(dialled)) = lines.next().map(str::parse::<IpAddr>)
        && is_public(dialled)
    {
        let is_special = match dialled.to_canonical() {
            IpAddr::V4(four) => {
                four.is_loopback()
                    || four.is_private()
                    || four.is_link_local()
                    || four.is_unspecified()
                    || four.is_broadcast()
                    || four.is_documentation()
                    || four.is_multicast()
            }
            IpAddr::V6(six) => six.is_loopback() || six.is_unspecified() || six.is_multicast() || six.is_unique_local(),
        };
        assert!(!is_special, "{dialled}");
    }
}

/// A body with placeholders for marks: what is sent has the secret where a placeholder was, and is read back as what was checked.
///
/// # Panics
/// If it isn't so.
pub fn placement(bytes: &[u8]) {
    let Some((kind, body)) = bytes.split_first() else { return };
    let Ok(body) = str::from_utf8(body) else { return };
    let syntax = [Syntax::Json, Syntax::Xml, Syntax::Form][usize::from(*kind) % 3];
    let mut placeholders = Placeholders::default();
    let secret = Secret::new(SECRET.to_owned());
    let Ok(placeholder) = placeholders.mint("password", &secret, Kind::Setting, 9) else { return };
    let body = body.replace(MARK, &placeholder);
    let Ok(parsed) = Parsed::read(syntax, body.as_bytes()) else { return };
    if parsed.find(&placeholders).is_err() {
        return;
    }
    let Ok(sent) = parsed.rewrite(&mut |_, text| Some(placeholders.filled(text))) else { return };
    let again = Parsed::read(syntax, &sent);
    assert!(again.is_ok(), "what is sent can't be read: {:?}", again.err());
    let Ok(again) = again else { return };
    // Put back, it is what would be sent without the secret.
    let back = again.rewrite(&mut |_, text| Some(text.replace(SECRET, &placeholder)));
    let plain =
        Parsed::read(syntax, body.as_bytes()).and_then(|parsed| parsed.rewrite(&mut |_, text| Some(text.to_owned())));
    assert_eq!(back, plain, "{syntax:?}");
}

/// An answer of a server that repeats what it was sent: no part of it that reaches the component has the secret, or a token that it
/// brings.
///
/// # Panics
/// If one has.
pub fn echo(bytes: &[u8]) {
    let Some((kind, rest)) = bytes.split_first() else { return };
    let text = String::from_utf8_lossy(rest).replace(MARK, SECRET);
    let (header, body) = text.split_once('\n').unwrap_or(("", &text));
    let types = ["application/json", "text/xml", "application/x-www-form-urlencoded", "text/plain"];
    let sign_in = SecretUse {
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
            Take { secret: "session".to_owned(), place: Place::Json("/token".to_owned()) },
            Take { secret: "session".to_owned(), place: Place::Header("x-token".to_owned(), String::new()) },
        ],
        learns: None,
    };
    let declaration = Arc::new(Declaration { uses: vec![sign_in.clone()], ..Declaration::default() });
    let approval = Approval { component_sha256: String::new(), declaration };
    let egress = EgressPolicy { allow: Vec::new(), loopback: Vec::new() };
    let mut access =
        Access::new(Some(&approval), &std::collections::BTreeMap::new(), vec!["password".to_owned()], egress);
    let mut placeholders = Placeholders::default();
    let Ok(placeholder) = placeholders.mint("password", &Secret::new(SECRET.to_owned()), Kind::Setting, 9) else {
        return;
    };
    let Some(held) = placeholders.get(&placeholder) else { return };
    let found = [Found { held, spot: Spot::Form("password".to_owned()) }];
    let headers = vec![
        ("content-type".to_owned(), types[usize::from(*kind) % types.len()].to_owned()),
        ("x-token".to_owned(), format!("token-of-the-header-{header}")),
        ("x-echo".to_owned(), header.to_owned()),
    ];
    let answer = Response { status: 200, headers, body: body.as_bytes().to_vec() };
    let got = read(answer, "login", Some(&sign_in), &found, &mut placeholders, &mut access, 50)
        .and_then(|(got, masks)| masked(got, "login", &masks, 1 << 20));
    let Ok(got) = got else { return };
    let headers = got.headers.iter().map(|(_, value)| value.as_bytes());
    for part in headers.chain([got.body.as_slice()]) {
        for secret in [SECRET, "token-of-the-header-"] {
            assert!(
                !part.windows(secret.len()).any(|window| window == secret.as_bytes()),
                "{}",
                String::from_utf8_lossy(part)
            );
        }
    }
}

/// Any text is a line of a recording or is refused, and what is taken out of it stays out.
///
/// # Panics
/// If it doesn't.
pub fn recording(text: &str) {
    for line in text.lines() {
        let _ = check_line(line);
    }
    let once = without_credentials(text);
    assert_eq!(without_credentials(&once), once);
}
