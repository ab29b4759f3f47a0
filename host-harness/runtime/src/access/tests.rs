use super::*;
use crate::placeholders::Placeholders;
use crate::placement::Spot;
use crate::secrets::Secret;

fn host(name: &str, source: HostSource) -> HostEntry {
    HostEntry { name: name.to_owned(), source, when: None }
}

fn put(secret: &str, place: Place) -> Put {
    Put { secret: secret.to_owned(), form: SecretForm::Plain, place }
}

fn authorization() -> Place {
    Place::Header("authorization".to_owned(), "Bearer ".to_owned())
}

fn one(name: &str, hosts: &[&str], path: &str, puts: Vec<Put>) -> SecretUse {
    SecretUse {
        name: name.to_owned(),
        hosts: hosts.iter().map(|host| (*host).to_owned()).collect(),
        methods: vec!["POST".to_owned()],
        path: path.to_owned(),
        puts,
        takes: Vec::new(),
        learns: None,
    }
}

/// A connector that signs in, calls an API with its session, and sets passwords.
fn declaration() -> Declaration {
    let form = |field: &str| Place::Form(field.to_owned());
    let sign_in = SecretUse {
        takes: vec![Take { secret: "session".to_owned(), place: Place::Json("/token".to_owned()) }],
        learns: Some(("instance".to_owned(), Place::Json("/url".to_owned()))),
        ..one("sign-in", &["login"], "/token", vec![put("password", form("password")), put("code", form("password"))])
    };
    let key = Put {
        secret: "key".to_owned(),
        form: SecretForm::Jwt(JwtBounds {
            issuer: "{client}".to_owned(),
            subject: "api".to_owned(),
            audience: "{host}".to_owned(),
            lifetime: 180,
        }),
        place: form("assertion"),
    };
    let set = Place::Json("/NewPassword".to_owned());
    Declaration {
        application: "Example".to_owned(),
        hosts: vec![
            host("login", HostSource::Exact("login.example.com".to_owned())),
            host("instance", HostSource::Learned),
            host("wild", HostSource::Exact("a.wild.example.com".to_owned())),
        ],
        uses: vec![
            sign_in,
            one("by-key", &["login"], "/token", vec![key]),
            one("call", &["instance", "wild"], "/api/**", vec![put("session", authorization())]),
            one(
                "set",
                &["instance"],
                "/users/{id}/password",
                vec![put("session", authorization()), put("new-password", set)],
            ),
        ],
    }
}

struct Fixture {
    access: Access,
    placeholders: Placeholders,
}

impl Fixture {
    fn new(allow: &[&str]) -> Self {
        let egress =
            EgressPolicy { allow: allow.iter().map(|rule| rule.parse().unwrap()).collect(), loopback: Vec::new() };
        let approval = Approval { component_sha256: String::new(), declaration: Arc::new(declaration()) };
        let settings = [("client".to_owned(), "c1".to_owned())].into();
        let access = Access::new(Some(&approval), &settings, vec!["password".to_owned(), "key".to_owned()], egress);
        Self { access, placeholders: Placeholders::default() }
    }

    fn found(&mut self, name: &str, kind: Kind, spot: Spot) -> Found {
        let text = self.placeholders.mint(name, &Secret::new("value".to_owned()), kind, 99).ok().unwrap();
        Found { held: self.placeholders.get(&text).unwrap(), spot }
    }

    fn asks(&self, url: &str, found: &[Found]) -> Result<Option<String>, String> {
        let url = Url::parse(url).unwrap();
        let asked = Asked { method: "POST", url: &url, is_literal: true, found };
        Ok(self.access.allows(&asked)?.map(|one| one.name))
    }
}

const ALLOWED: &[&str] = &["login.example.com", "acme.example.com", "*.wild.example.com"];

fn bearer() -> Spot {
    Spot::Header("authorization".to_owned(), "Bearer ".to_owned())
}

#[test]
fn a_secret_goes_where_a_use_puts_it_and_nowhere_else() {
    let mut fixture = Fixture::new(ALLOWED);
    let field = |name: &str| Spot::Form(name.to_owned());
    let password = |fixture: &mut Fixture, spot| fixture.found("password", Kind::Setting, spot);
    let right = password(&mut fixture, field("password"));
    assert_eq!(
        fixture.asks("https://login.example.com/token", std::slice::from_ref(&right)),
        Ok(Some("sign-in".to_owned()))
    );
    assert_eq!(
        fixture.asks("https://login.example.com/token?x=1", std::slice::from_ref(&right)),
        Ok(Some("sign-in".to_owned()))
    );
    for (url, found) in [
        ("https://login.example.com/other", right.clone()),
        ("https://login.example.com/token/", right.clone()),
        ("https://login.example.com/%74oken", right.clone()),
        ("https://login.example.com/token", password(&mut fixture, field("username"))),
        ("https://login.example.com/token", password(&mut fixture, Spot::Json(vec!["password".to_owned()]))),
        ("https://login.example.com/token", password(&mut fixture, Spot::Never("the address"))),
        ("https://login.example.com/token", password(&mut fixture, bearer())),
        ("https://login.example.com/token", fixture.found("session", Kind::Taken, field("password"))),
        ("https://login.example.com/token", fixture.found("password", Kind::Basic, field("password"))),
    ] {
        let refused = fixture.asks(url, std::slice::from_ref(&found)).unwrap_err();
        for part in [found.held.name.as_str(), "login.example.com", "POST", "`uses`"] {
            assert!(refused.contains(part), "{part}: {refused}");
        }
    }
    // Each has a use, but no use has both.
    let token = fixture.found(
        "key",
        Kind::Jwt(Claims {
            issuer: "c1".to_owned(),
            subject: "api".to_owned(),
            audience: "https://login.example.com".to_owned(),
            expires: 0,
        }),
        field("assertion"),
    );
    let refused = fixture.asks("https://login.example.com/token", &[right, token]).unwrap_err();
    assert!(refused.contains("together"), "{refused}");
}

#[test]
fn a_method_that_a_use_does_not_name_is_another_request() {
    let mut fixture = Fixture::new(ALLOWED);
    let found = [fixture.found("password", Kind::Setting, Spot::Form("password".to_owned()))];
    let url = Url::parse("https://login.example.com/token").unwrap();
    for (method, is_literal, fits) in
        [("POST", true, true), ("PUT", true, false), ("GET", true, false), ("POST", false, false)]
    {
        let asked = Asked { method, url: &url, is_literal, found: &found };
        assert_eq!(fixture.access.allows(&asked).is_ok(), fits, "{method}");
    }
}

#[test]
fn a_request_without_secrets_goes_to_declared_hosts() {
    let fixture = Fixture::new(ALLOWED);
    assert_eq!(fixture.asks("https://login.example.com/anything", &[]), Ok(None));
    assert_eq!(fixture.asks("https://login.example.com/token", &[]), Ok(Some("sign-in".to_owned())));
    let refused = fixture.asks("https://acme.example.com/api/x", &[]).unwrap_err();
    assert!(refused.contains("acme.example.com") && refused.contains("https://login.example.com"), "{refused}");
    let unlisted = Fixture::new(&[]).asks("https://login.example.com/token", &[]).unwrap_err();
    assert!(unlisted.contains("egress"), "{unlisted}");
}

#[test]
fn without_an_approval_nothing_is_reached() {
    let access = Access::new(
        None,
        &BTreeMap::new(),
        Vec::new(),
        EgressPolicy { allow: vec!["login.example.com".parse().unwrap()], loopback: vec![8080] },
    );
    let url = Url::parse("https://login.example.com/token").unwrap();
    let asked = Asked { method: "GET", url: &url, is_literal: true, found: &[] };
    assert!(access.allows(&asked).is_err());
}

#[test]
fn no_secret_goes_to_a_host_that_only_a_wildcard_lets_through() {
    let mut fixture = Fixture::new(ALLOWED);
    let session = fixture.found("session", Kind::Taken, bearer());
    assert_eq!(fixture.asks("https://a.wild.example.com/api/x", &[]), Ok(Some("call".to_owned())));
    let refused = fixture.asks("https://a.wild.example.com/api/x", &[session]).unwrap_err();
    assert!(refused.contains("a.wild.example.com") && refused.contains("its own name"), "{refused}");
}

#[test]
fn a_new_password_goes_to_its_own_user() {
    let mut fixture = Fixture::new(ALLOWED);
    assert_eq!(fixture.access.learn("instance", "https://acme.example.com/x"), None);
    let password = Spot::Json(vec!["NewPassword".to_owned()]);
    let found = [
        fixture.found("session", Kind::Taken, bearer()),
        fixture.found("new-password", Kind::NewPassword("u1".to_owned()), password),
    ];
    assert_eq!(fixture.asks("https://acme.example.com/users/u1/password", &found), Ok(Some("set".to_owned())));
    let refused = fixture.asks("https://acme.example.com/users/u2/password", &found).unwrap_err();
    assert!(refused.contains("the password of the user u1"), "{refused}");
}

#[test]
fn a_learned_host_waits_until_it_is_confirmed() {
    let mut fixture = Fixture::new(ALLOWED);
    let session = fixture.found("session", Kind::Taken, bearer());
    assert_eq!(
        fixture.access.learn("instance", "https://evil.example.net/").as_deref(),
        Some("https://evil.example.net")
    );
    let refused = fixture.asks("https://evil.example.net/api/x", std::slice::from_ref(&session)).unwrap_err();
    assert!(refused.contains("evil.example.net") && refused.contains("nobody has confirmed"), "{refused}");
    assert!(fixture.asks("https://evil.example.net/api/x", &[]).is_err(), "not even without a secret");
    assert_eq!(fixture.access.unconfirmed(), ["evil.example.net"]);
    assert_eq!(fixture.access.learn("instance", "https://acme.example.com"), None);
    assert_eq!(
        fixture.asks("https://acme.example.com/api/x", std::slice::from_ref(&session)),
        Ok(Some("call".to_owned()))
    );
    // A wildcard confirms nothing.
    assert!(fixture.access.learn("instance", "https://b.wild.example.com").is_some());
    // One that is no address is none.
    assert_eq!(fixture.access.learn("instance", "javascript:alert(1)"), None);
    assert_eq!(fixture.asks("https://acme.example.com/api/x", &[session]), Ok(Some("call".to_owned())));
}

#[test]
fn only_a_sign_in_with_all_that_the_tenant_has_may_teach() {
    let mut fixture = Fixture::new(ALLOWED);
    let declared = declaration();
    let password = fixture.found("password", Kind::Setting, Spot::Form("password".to_owned()));
    assert!(fixture.access.may_teach(&declared.uses[0], &[password]), "the tenant has no `code`");
    assert!(!fixture.access.may_teach(&declared.uses[0], &[]));
}

#[test]
fn a_token_is_signed_within_its_bounds() {
    let fixture = Fixture::new(ALLOWED);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let claims = |issuer: &str, subject: &str, audience: &str, expires: u64| Claims {
        issuer: issuer.to_owned(),
        subject: subject.to_owned(),
        audience: audience.to_owned(),
        expires,
    };
    let here = "https://login.example.com";
    assert!(fixture.access.may_sign("key", &claims("c1", "api", here, now + 170)));
    for wrong in [
        claims("c2", "api", here, now + 170),
        claims("{client}", "api", here, now + 170),
        claims("c1", "root", here, now + 170),
        claims("c1", "api", "https://other.example.com", now + 170),
        claims("c1", "api", "{host}", now + 170),
        claims("c1", "api", here, now + 400),
        claims("c1", "api", here, u64::MAX),
    ] {
        assert!(!fixture.access.may_sign("key", &wrong), "{wrong:?}");
    }
    assert!(!fixture.access.may_sign("password", &claims("c1", "api", here, now + 170)));
}

#[test]
fn more_than_was_approved_is_told_and_less_is_not() {
    let approved = declaration();
    let mut fewer = approved.clone();
    fewer.uses.truncate(2);
    fewer.uses[0].name = "renamed".to_owned();
    assert!(approved.missing(&fewer).is_empty());
    type Change = fn(&mut Declaration);
    let grown: [Change; 6] = [
        |one| one.uses[2].path = "/**".to_owned(),
        |one| one.uses[2].methods.push("DELETE".to_owned()),
        |one| one.uses[0].hosts.push("wild".to_owned()),
        |one| one.uses[0].takes.clear(),
        |one| one.uses[0].puts[0].place = Place::Json("/p".to_owned()),
        |one| one.hosts.push(host("other", HostSource::Exact("other.example.com".to_owned()))),
    ];
    for (at, change) in grown.into_iter().enumerate() {
        let mut newer = approved.clone();
        change(&mut newer);
        let missing = approved.missing(&newer);
        assert_eq!(missing.uses.len() + missing.hosts.len(), 1, "{at}: {missing:?}");
    }
}

#[test]
fn a_declaration_reads_back_from_what_was_kept() {
    let declared = declaration();
    let kept = serde_json::to_string(&declared).unwrap();
    assert_eq!(serde_json::from_str::<Declaration>(&kept).unwrap(), declared);
}

#[test]
fn an_approval_reads_as_sentences() {
    let label = |name: &str| (name == "password").then(|| "Admin password".to_owned());
    assert_eq!(
        declaration().sentences(&label),
        [
            "Sends Admin password (in the form field password) and code (in the form field password) to login.example.com, POST /token; keeps the session of the answer; learns from the answer where the confirmed host `instance` is.",
            "Sends a token that key signs (in the form field assertion; issuer {client}, subject api, audience {host}, for at most 180 seconds) to login.example.com, POST /token.",
            "Sends the session (in the header field authorization) to the confirmed host `instance` or a.wild.example.com, POST /api/**.",
            "Sends the session (in the header field authorization) and a user's new password (in the JSON at /NewPassword) to the confirmed host `instance`, POST /users/{id}/password, for that user alone.",
        ]
    );
}
