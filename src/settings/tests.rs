use super::*;
use crate::salesforce::login::{App, Method, Password};
use crate::scripted::{placeholder, settings};

fn with(name: &str, value: Option<&str>) -> Checked {
    let mut settings = settings();
    settings.retain(|(have, _)| have != name);
    settings.extend(value.map(|value| (name.to_owned(), value.to_owned())));
    check(settings)
}

fn problem(checked: &Checked) -> &str {
    let [problem] = checked.problems.as_slice() else { panic!("{:?}", checked.problems) };
    assert!(!problem.remedy.is_empty());
    &problem.sentence
}

#[test]
fn settings_that_hold_are_complete() {
    let settings = check(settings()).complete().unwrap();
    assert_eq!(settings.credentials.login_url, "https://acme.my.salesforce.com");
    assert_eq!(settings.api_version, DEFAULT_API_VERSION);
    assert_eq!(settings.organization_id.as_str(), "00D5e0000012AbCEAU");
    let password = Password { password: placeholder("password"), security_token: Some(placeholder("token")) };
    assert!(matches!(settings.credentials.method, Method::Soap(found) if found == password));
    assert_eq!(settings.user_types, USER_TYPES.map(|(_, user_type)| user_type));
    assert_eq!(settings.api_reserve, Reserve::Percent(5));
}

#[test]
fn the_instance_type_chooses_the_login_host() {
    for (kind, url) in [("production", "https://login.salesforce.com"), ("Sandbox", "https://test.salesforce.com")] {
        assert_eq!(with("instance-type", Some(kind)).complete().unwrap().credentials.login_url, url);
    }
    assert_eq!(
        problem(&with("instance-type", Some("prod"))),
        "instance-type is none of production, sandbox and my-domain"
    );
    assert_eq!(problem(&with("my-domain", None)), "my-domain is missing, and instance-type my-domain needs it");
}

#[test]
fn what_is_pasted_with_blanks_is_taken() {
    let settings = with("organization-id", Some(" 00D5e0000012AbCEAU\n")).complete().unwrap();
    assert_eq!(settings.organization_id.as_str(), "00D5e0000012AbCEAU");
    assert_eq!(with("api-version", Some("v62.0")).complete().unwrap().api_version, "62.0");
    assert_eq!(with("api-version", Some("62")).complete().unwrap().api_version, "62.0");
}

#[test]
fn each_mistake_is_named() {
    for (name, value, expected) in [
        ("organization-id", None, "organization-id is missing"),
        ("organization-id", Some("  "), "organization-id is missing"),
        ("organization-id", Some("0605e0000012AbC"), "does not start with 00D"),
        ("portal-id", Some("060"), "is 3 long where an id has 15 or 18 characters"),
        ("account-id", Some("0015e00000acmeAAAR"), "lost its upper and lower case"),
        (
            "account-id",
            Some("https://acme.lightning.force.com/lightning/r/Account/0015e00000AcmeAAAR/view"),
            "only the id in it",
        ),
        ("username", Some("admin"), "does not have the form of an e-mail address"),
        ("my-domain", Some("http://acme.my.salesforce.com"), "only https"),
        ("api-version", Some("41.0"), "not a version from 42.0 on"),
        ("api-version", Some("newest"), "not a version"),
        ("acount-id", Some("x"), "acount-id is no setting of this connector"),
    ] {
        let checked = with(name, value);
        assert!(problem(&checked).contains(expected), "{name} {value:?}: {:?}", checked.problems);
        assert!(checked.complete().is_err());
    }
}

fn signing_in_by(way: &str, values: &[(&str, &str)], secrets: &[&'static str]) -> Checked {
    let mut settings = settings();
    settings.retain(|(name, _)| !matches!(name.as_str(), "username" | "password" | "security-token"));
    settings.extend(secrets.iter().map(|name| ((*name).to_owned(), placeholder(&name.replace('-', "")))));
    settings.push(("sign-in".to_owned(), way.to_owned()));
    settings.extend(values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    check(settings)
}

#[test]
fn each_way_to_sign_in_asks_for_what_it_needs() {
    let app = App { id: "3MVG9".to_owned(), secret: placeholder("clientsecret") };
    let (id, admin) = (("client-id", "3MVG9"), ("username", "api@acme.example"));

    let method = |checked: Checked| checked.complete().unwrap().credentials.method;
    let found = method(signing_in_by("client-credentials", &[id], &["client-secret"]));
    assert!(matches!(found, Method::ClientCredentials(found) if found == app));
    let found = method(signing_in_by("password-flow", &[id, admin], &["client-secret", "password"]));
    assert!(
        matches!(found, Method::PasswordFlow(found, password) if found == app && password.security_token.is_none())
    );
    let found = method(signing_in_by("jwt-bearer", &[id, admin], &["private-key"]));
    assert!(matches!(found, Method::JwtBearer(id, key) if id == "3MVG9" && key == placeholder("privatekey")));

    for (way, missing) in [
        ("soap", &["username", "password"][..]),
        ("client-credentials", &["client-id", "client-secret"]),
        ("jwt-bearer", &["client-id", "username", "private-key"]),
        ("password-flow", &["client-id", "client-secret", "username", "password"]),
        ("saml", &["sign-in"]),
    ] {
        let problems = signing_in_by(way, &[], &[]).problems;
        assert_eq!(problems.iter().map(|problem| problem.setting.as_str()).collect::<Vec<_>>(), missing, "{way}");
    }
}

#[test]
fn user_types_are_chosen_by_name() {
    let chosen = |value| with("user-types", Some(value)).complete().unwrap().user_types;
    assert_eq!(chosen("partner, High-Volume-Portal,"), ["CspLitePortal", "PowerPartner"]);
    assert_eq!(chosen("PowerCustomerSuccess"), ["PowerCustomerSuccess"]);
    assert!(problem(&with("user-types", Some("partner,standard"))).contains("names a kind of users other than"));
    assert!(problem(&with("user-types", Some(","))).contains("user-types"));
}

#[test]
fn the_reserve_is_a_number_or_a_percentage() {
    let reserve = |value| with("api-reserve", Some(value)).complete().unwrap().api_reserve;
    assert_eq!(reserve("0").of(15_000), 0);
    assert_eq!(reserve("250").of(15_000), 250);
    assert_eq!(reserve("10 %").of(15_000), 1_500);
    assert_eq!(reserve("99%").of(u64::MAX), u64::MAX / 100 * 99);
    for bad in ["many", "-1", "100%", "%", "1.5"] {
        assert!(problem(&with("api-reserve", Some(bad))).contains("api-reserve is neither"), "{bad}");
    }
}

#[test]
fn all_problems_are_told_at_once_and_no_value_is_quoted() {
    let settings = vec![
        ("organization-id".to_owned(), "hunter2".to_owned()),
        ("password".to_owned(), "hunter2".to_owned()),
        ("username".to_owned(), placeholder("u")),
    ];
    let checked = check(settings);
    for name in ["instance-type", "username", "password", "organization-id", "portal-id", "account-id"] {
        assert!(checked.problems.iter().any(|problem| problem.setting == name), "{name}");
    }
    let error = checked.complete().unwrap_err();
    assert_eq!(error.kind, ErrorKind::InvalidSettings);
    assert!(!format!("{error:?}").contains("hunter2"));
}

#[test]
fn the_declared_settings_are_those_that_are_read() {
    for definition in DEFINITIONS {
        let expected = matches!(definition.name, "password" | "security-token" | "client-secret" | "private-key");
        assert_eq!(definition.kind == model::SettingKind::Secret, expected, "{}", definition.name);
    }
}

// New organizations refuse SOAP login(), and Salesforce ends it; a form that offers it first leads new tenants into that.
#[test]
fn new_tenants_are_offered_client_credentials_with_my_domain_first() {
    let setting = |name: &str| DEFINITIONS.iter().find(|setting| setting.name == name).unwrap();
    let first = |name: &str| match setting(name).kind {
        model::SettingKind::Choice(choices) => choices[0],
        kind => panic!("{kind:?}"),
    };
    assert_eq!([first(names::SIGN_IN), first(names::INSTANCE_TYPE)], ["client-credentials", "my-domain"]);
    // Who left sign-in out before there was another way goes on as before.
    assert!(matches!(check(settings()).complete().unwrap().credentials.method, Method::Soap(_)));
}

// Since Spring '26 no connected app can be created: help that leads to one leads nowhere.
#[test]
fn help_speaks_of_external_client_apps_with_their_steps() {
    let help = |name: &str| DEFINITIONS.iter().find(|setting| setting.name == name).unwrap().help;
    for (name, steps) in [
        (names::SIGN_IN, &["External Client App Manager", "Enable Client Credentials Flow", "run-as user"][..]),
        (names::USERNAME, &["run-as user"]),
        (names::CLIENT_ID, &["External Client App Manager", "Consumer Key and Secret"]),
        (names::CLIENT_SECRET, &["External Client App Manager", "Consumer Key and Secret"]),
        (names::PRIVATE_KEY, &["External Client App", "certificate", "Enable JWT Bearer Flow"]),
    ] {
        for step in steps {
            assert!(help(name).contains(step), "{name} doesn't say {step}: {}", help(name));
        }
    }
    for setting in DEFINITIONS {
        let leads_to_an_app = setting.help.contains("app") && setting.help.contains("Setup >");
        let is_old_alone = setting.help.contains("connected app") && !setting.help.contains("External Client App");
        assert!(!(leads_to_an_app && is_old_alone), "{}", setting.help);
    }
}
