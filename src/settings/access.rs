//! The hosts that the connector talks to, and where it sends secrets: what an admin approves.
//!
//! One path of sign-ins is that of every way by OAuth, so the uses differ by what they send. A request belongs to the first use that
//! has a place for each of its secrets: the narrower come first.

use super::definition::{MY_DOMAIN, PRODUCTION, SANDBOX, names};
use crate::host::Method;
use crate::model::{HostEntry, HostSource, Place, Put, SecretForm, SecretUse, Take};
use crate::salesforce::oauth::ASSERTION_LIFETIME;

/// The host of production and developer organizations (H).
const LOGIN: &str = "login";
/// The host of sandboxes (H).
const TEST: &str = "test";
/// The organization's own host, named in the settings.
const OWN: &str = "my-domain";
/// The organization's own host, named by the sign-in.
const INSTANCE: &str = "instance";

/// The hosts.
pub const HOSTS: &[HostEntry] = &[
    HostEntry {
        name: LOGIN,
        source: HostSource::Exact("login.salesforce.com"),
        when: Some((names::INSTANCE_TYPE, PRODUCTION)),
    },
    HostEntry {
        name: TEST,
        source: HostSource::Exact("test.salesforce.com"),
        when: Some((names::INSTANCE_TYPE, SANDBOX)),
    },
    HostEntry {
        name: OWN,
        source: HostSource::Setting(names::MY_DOMAIN),
        when: Some((names::INSTANCE_TYPE, MY_DOMAIN)),
    },
    HostEntry { name: INSTANCE, source: HostSource::Learned, when: None },
];

/// The hosts that sign-ins go to.
const SIGN_INS: &[&str] = &[LOGIN, TEST, OWN];
const SOAP: &str = "/services/Soap/u/*";
const TOKEN: &str = "/services/oauth2/token";
const SESSION: &str = "session";

const fn put(secret: &'static str, place: Place) -> Put {
    Put { secret, form: SecretForm::Plain, place }
}

const SOAP_PASSWORD: Place = Place::Xml("Envelope/Body/login/password");
const FORM_PASSWORD: Place = Place::Form("password");
const CONSUMER_SECRET: Put = put(names::CLIENT_SECRET, Place::Form("client_secret"));
const BEARER: Put = put(SESSION, Place::Header("authorization", "Bearer "));

/// A sign-in by OAuth.
const fn oauth(name: &'static str, puts: &'static [Put]) -> SecretUse {
    SecretUse {
        name,
        hosts: SIGN_INS,
        methods: &[Method::Post],
        path: TOKEN,
        puts,
        takes: &[Take { secret: SESSION, place: Place::Json("/access_token") }],
        learns: Some((INSTANCE, Place::Json("/instance_url"))),
    }
}

/// Where secrets go.
pub const USES: &[SecretUse] = &[
    SecretUse {
        name: "soap-sign-in",
        hosts: SIGN_INS,
        methods: &[Method::Post],
        path: SOAP,
        puts: &[put(names::PASSWORD, SOAP_PASSWORD), put(names::SECURITY_TOKEN, SOAP_PASSWORD)],
        takes: &[Take { secret: SESSION, place: Place::Xml("Envelope/Body/loginResponse/result/sessionId") }],
        learns: Some((INSTANCE, Place::Xml("Envelope/Body/loginResponse/result/serverUrl"))),
    },
    oauth("client-credentials-sign-in", &[CONSUMER_SECRET]),
    oauth(
        "password-flow-sign-in",
        &[CONSUMER_SECRET, put(names::PASSWORD, FORM_PASSWORD), put(names::SECURITY_TOKEN, FORM_PASSWORD)],
    ),
    oauth(
        "jwt-sign-in",
        &[Put {
            secret: names::PRIVATE_KEY,
            form: SecretForm::Jwt {
                issuer: "{client-id}",
                subject: "{username}",
                audience: "{host}",
                lifetime: ASSERTION_LIFETIME,
            },
            place: Place::Form("assertion"),
        }],
    ),
    SecretUse {
        name: "set-password",
        hosts: &[INSTANCE],
        methods: &[Method::Post],
        path: "/services/data/*/sobjects/User/{id}/password",
        puts: &[BEARER, put("new-password", Place::Json("/NewPassword"))],
        takes: &[],
        learns: None,
    },
    SecretUse {
        name: "call-api",
        hosts: &[INSTANCE],
        methods: &[Method::Get, Method::Post, Method::Patch, Method::Delete],
        path: "/services/data/**",
        puts: &[BEARER],
        takes: &[],
        learns: None,
    },
    // What `verify-passwords` does. The session that it opens is of no use to anybody.
    SecretUse {
        name: "try-password",
        hosts: SIGN_INS,
        methods: &[Method::Post],
        path: SOAP,
        puts: &[put("new-password", SOAP_PASSWORD)],
        takes: &[Take { secret: "portal-session", place: Place::Xml("Envelope/Body/loginResponse/result/sessionId") }],
        learns: None,
    },
];
