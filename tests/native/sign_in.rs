//! Every way to sign in, against an org that checks it.

use salesforce_emulator::Emulator;
use salesforce_portal_connector::model::{ErrorKind, Settings};
use salesforce_portal_connector::operations::Session;

use crate::support::{Native, Org, secret};

const KEY: &str = include_str!("../../host-harness/emulator/tests/it/keys/app.key.pem");
const OTHER_KEY: &str = include_str!("../../host-harness/emulator/tests/it/keys/other.key.pem");
const CERTIFICATE: &str = include_str!("../../host-harness/emulator/tests/it/keys/app.cert.pem");

fn settings(org: &Org, way: &str, private_key: &str) -> Settings {
    let connection = org.emulator.credentials();
    let mut settings = org.settings_with(&[("sign-in", way), ("client-id", &connection.client_id)]);
    settings.push(("client-secret".to_owned(), secret(&connection.client_secret)));
    settings.push(("private-key".to_owned(), secret(private_key)));
    settings
}

fn refusal(settings: Settings) -> (ErrorKind, String) {
    let error = Session::open(Native::new(), settings).map(|_| ()).unwrap_err();
    (error.kind.clone(), format!("{}; {}", error.message, error.remedy.clone().unwrap_or_default()))
}

#[test]
fn each_way_opens_a_session_that_can_read() {
    let org = Org::build(Emulator::builder().users(5).seed(1).connected_app_key(CERTIFICATE));
    for way in ["soap", "client-credentials", "jwt-bearer", "password-flow"] {
        let session =
            Session::open(Native::new(), settings(&org, way, KEY)).unwrap_or_else(|error| panic!("{way}: {error}"));
        assert!(session.list_attributes().unwrap().len() > 20, "{way}");
    }
}

#[test]
fn an_ended_session_is_renewed_whichever_way_it_began() {
    let org = Org::build(Emulator::builder().users(5).seed(2).connected_app_key(CERTIFICATE));
    for way in ["soap", "client-credentials", "jwt-bearer", "password-flow"] {
        let session = Session::open(Native::new(), settings(&org, way, KEY)).unwrap();
        org.emulator.expire_sessions();
        assert!(session.list_attributes().is_ok(), "{way}");
    }
}

#[test]
fn each_refusal_has_its_own_remedy() {
    let org = Org::build(Emulator::builder().users(5).seed(3).connected_app_key(CERTIFICATE));
    org.emulator.set_switches(|switches| {
        switches.soap_login = false;
        switches.oauth_password_flow = false;
        switches.client_credentials_user = false;
    });
    let (kind, text) = refusal(settings(&org, "soap", KEY));
    assert_eq!(kind, ErrorKind::InvalidSettings);
    assert!(text.contains("SOAP login()") && text.contains("client-credentials"), "{text}");
    let (kind, text) = refusal(settings(&org, "password-flow", KEY));
    assert_eq!(kind, ErrorKind::InvalidCredentials);
    assert!(text.contains("Allow OAuth Username-Password Flows"), "{text}");
    let (kind, text) = refusal(settings(&org, "client-credentials", KEY));
    assert_eq!(kind, ErrorKind::InvalidCredentials);
    assert!(text.contains("Run As"), "{text}");
    let (kind, text) = refusal(settings(&org, "jwt-bearer", OTHER_KEY));
    assert_eq!(kind, ErrorKind::InvalidCredentials);
    assert!(text.contains("signature") || text.contains("certificate"), "{text}");
    let (kind, text) = refusal(settings(&org, "jwt-bearer", "no key at all"));
    assert_eq!(kind, ErrorKind::InvalidSettings);
    assert!(text.contains("PEM-encoded RSA private key"), "{text}");

    org.emulator.set_switches(|switches| switches.login_address_restricted = true);
    let (kind, text) = refusal(settings(&org, "jwt-bearer", KEY));
    assert_eq!(kind, ErrorKind::PermissionDenied);
    assert!(text.contains("Login IP Ranges") && text.contains("JWT sign-ins always keep"), "{text}");
    org.emulator.set_switches(|switches| switches.login_address_restricted = false);

    org.emulator.set_switches(|switches| switches.my_domain = false);
    let (kind, text) = refusal(settings(&org, "client-credentials", KEY));
    assert_eq!(kind, ErrorKind::InvalidSettings);
    assert!(text.contains("my-domain"), "{text}");
}

#[test]
fn a_refused_secret_is_in_no_error() {
    let org = Org::start(5, 4);
    let mut settings = settings(&org, "client-credentials", KEY);
    for (_, value) in settings.iter_mut().filter(|(_, value)| value.starts_with("sk0")) {
        *value = secret("hunter2&<'\"%+");
    }
    let error = Session::open(Native::new(), settings).map(|_| ()).unwrap_err();
    assert_eq!(error.kind, ErrorKind::InvalidCredentials);
    assert!(!format!("{error:?}").contains("hunter2"));
}
