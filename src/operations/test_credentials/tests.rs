use super::*;
use crate::host::Failure;
use crate::scripted::{Script, golden, placeholder, records, settings};

const TYPES: &str = "UserType IN ('CspLitePortal','CustomerSuccess','PowerCustomerSuccess','PowerPartner')";
const WRITABLE: &str = r#"{"objectDescribe":{"createable":true,"updateable":true},"recentItems":[]}"#;
const ACCOUNT: &str = r#"{"attributes":{"type":"Account"},"Id":"0015e00000AcmeAAAR","Name":"Acme Customers"}"#;
const OWNER: &str = r#"{"Owner":{"Name":"Olga Owner","UserRoleId":"00E5e000001RolAEAS","IsActive":true}}"#;
const SEATS: &str = r#"{"UserLicense":{"Name":"Customer Community","TotalLicenses":10,"UsedLicenses":10}}"#;
const MORE_SEATS: &str = r#"{"UserLicense":{"Name":"Partner Community","TotalLicenses":10,"UsedLicenses":8}}"#;
const USER: &str = r#"{"Id":"0055e000001UsrAAAS"}"#;

const EXTERNAL_SOQL: &str = "SELECT PermissionsManageCustomerUsers FROM UserPermissionAccess LIMIT 1";
const EXTERNAL: &str = r#"{"totalSize":1,"done":true,"records":[{"PermissionsManageCustomerUsers":true}]}"#;
const NOT_EXTERNAL: &str = r#"{"totalSize":1,"done":true,"records":[{"PermissionsManageCustomerUsers":false}]}"#;
const ANY_AUTH_SOQL: &str = "SELECT PermissionsUseAnyApiAuth FROM UserPermissionAccess LIMIT 1";
const ANY_AUTH: &str = r#"{"totalSize":1,"done":true,"records":[{"PermissionsUseAnyApiAuth":true}]}"#;
const NO_ANY_AUTH: &str = r#"{"totalSize":1,"done":true,"records":[{"PermissionsUseAnyApiAuth":false}]}"#;
const NONE: &str = r#"{"totalSize":0,"done":true,"records":[]}"#;
const NO_SUCH_FIELD: &str = r#"[{"errorCode":"INVALID_FIELD","message":"No such column 'PermissionsUseAnyApiAuth' on entity 'UserPermissionAccess'."}]"#;
const READ_ONLY: &str = r#"{"objectDescribe":{"createable":true,"updateable":false}}"#;

struct Org {
    users: &'static str,
    external: (u16, &'static str),
    any_auth: (u16, &'static str),
    contact: &'static str,
    licences: Vec<&'static str>,
    user: Vec<&'static str>,
    account: (u16, &'static str),
    owner: Vec<&'static str>,
}

impl Default for Org {
    fn default() -> Self {
        let licences = vec![SEATS, MORE_SEATS, MORE_SEATS];
        Self {
            users: WRITABLE,
            external: (200, EXTERNAL),
            any_auth: (200, ANY_AUTH),
            contact: WRITABLE,
            licences,
            user: vec![USER],
            account: (200, ACCOUNT),
            owner: vec![OWNER],
        }
    }
}

impl Org {
    fn expect(&self, script: &Script, account: bool) {
        let (licences, user, owner) = (records(&self.licences), records(&self.user), records(&self.owner));
        let licences_soql = format!(
            "SELECT UserLicense.Name,UserLicense.TotalLicenses,UserLicense.UsedLicenses FROM Profile WHERE {TYPES}"
        );
        let user_soql = format!("SELECT Id FROM User WHERE {TYPES} LIMIT 1");
        let mut parts = vec![
            ("sobjects/User", 200, self.users),
            ("sobjects/Contact", 200, self.contact),
            ("sobjects/PermissionSetAssignment", 200, WRITABLE),
            (licences_soql.as_str(), 200, licences.as_str()),
            (user_soql.as_str(), 200, user.as_str()),
            (EXTERNAL_SOQL, self.external.0, self.external.1),
            (ANY_AUTH_SOQL, self.any_auth.0, self.any_auth.1),
        ];
        if account {
            parts.push(("sobjects/Account/0015e00000AcmeAAAR", self.account.0, self.account.1));
            parts.push((
                "SELECT Owner.Name,Owner.UserRoleId,Owner.IsActive FROM Account WHERE Id = '0015e00000AcmeAAAR'",
                200,
                owner.as_str(),
            ));
        }
        script.composite(&parts);
        if !self.user.is_empty() {
            script.rest("GET", "sobjects/User/0055e000001UsrAAAS/password", "", 200, r#"{"isExpired":false}"#);
        }
    }

    fn probes(&self) -> Vec<Probe> {
        let script = Script::new();
        script.sign_in();
        self.expect(&script, true);
        test_credentials(script, settings())
    }
}

fn check(probes: &[Probe]) {
    let names: Vec<&str> = probes.iter().map(|probe| probe.name).collect();
    assert_eq!(
        names,
        [
            &[names::SETTINGS, names::API_VERSION, names::SIGN_IN][..],
            &[names::REACHABLE, names::SIGNED_IN, names::PASSWORD],
            &SIGNED_IN_ONLY
        ]
        .concat()
    );
    for probe in probes {
        assert!(probe.detail.ends_with('.'), "{probe:?}");
        assert_eq!(probe.kind.is_some(), probe.verdict == Verdict::Failed, "{probe:?}");
        match probe.verdict {
            Verdict::Failed => assert!(probe.remedy.is_some(), "{probe:?}"),
            Verdict::Skipped => assert_eq!(probe.remedy, None, "{probe:?}"),
            Verdict::Passed => assert!(probe.remedy.is_none() || WARNS.contains(&probe.name), "{probe:?}"),
        }
    }
}

/// The probes that can pass with a warning.
const WARNS: [&str; 3] = [names::API_VERSION, names::SIGN_IN, names::SOAP_LOGIN];

/// The probes that passed and have a remedy all the same.
fn warnings(probes: &[Probe]) -> Vec<&'static str> {
    check(probes);
    let warnings = probes.iter().filter(|probe| probe.verdict == Verdict::Passed && probe.remedy.is_some());
    warnings.map(|probe| probe.name).collect()
}

fn those(probes: &[Probe], verdict: Verdict) -> Vec<&'static str> {
    check(probes);
    probes.iter().filter(|probe| probe.verdict == verdict).map(|probe| probe.name).collect()
}

fn detail<'a>(probes: &'a [Probe], name: &str) -> &'a str {
    &probes.iter().find(|probe| probe.name == name).unwrap().detail
}

#[test]
fn good_settings_pass_all_probes_in_three_requests() {
    let probes = Org::default().probes();
    assert_eq!(those(&probes, Verdict::Passed).len(), probes.len());
    assert!(detail(&probes, "signed-in").contains("Acme & Söhne"));
    assert!(detail(&probes, "account-exists").contains("Acme Customers"));
    assert!(detail(&probes, "api-requests-left").contains("14982"));
    assert!(detail(&probes, "license-seats-left").ends_with("Customer Community: 0, Partner Community: 2."));
}

#[test]
fn nothing_is_sent_while_the_sign_in_has_no_settings() {
    let mut settings = settings();
    settings.retain(|(name, _)| !matches!(name.as_str(), "password" | "security-token"));
    let probes = test_credentials(Script::new(), settings);
    assert_eq!(those(&probes, Verdict::Failed), ["settings-valid"]);
    assert_eq!(those(&probes, Verdict::Passed), ["end-of-api-version", "portal-id-plausible"]);
    assert!(probes[0].detail.contains("password is missing"), "{}", probes[0].detail);
}

#[test]
fn partial_settings_are_tried_as_far_as_they_go() {
    let script = Script::new();
    script.sign_in();
    Org::default().expect(&script, false);
    let mut settings = settings();
    settings.retain(|(name, _)| !matches!(name.as_str(), "account-id" | "organization-id" | "portal-id"));
    let probes = test_credentials(script, settings);
    assert_eq!(those(&probes, Verdict::Failed), ["settings-valid"]);
    assert_eq!(
        those(&probes, Verdict::Skipped),
        ["organization-id-matches", "account-exists", "account-owner-has-role", "portal-id-plausible"]
    );
}

#[test]
fn a_wrong_password_fails_the_sign_in_with_its_remedy() {
    let script = Script::new();
    script.answer(&golden("login/request.txt"), 500, golden("login/fault.xml"));
    let probes = test_credentials(script, settings());
    assert_eq!(those(&probes, Verdict::Failed), ["signed-in"]);
    let signed_in = probes.iter().find(|probe| probe.name == names::SIGNED_IN).unwrap();
    assert!(signed_in.remedy.as_ref().unwrap().contains("security token"));
    let said = "Salesforce said: Invalid username, password, security token; or user locked out.";
    assert!(signed_in.detail.ends_with(said), "{}", signed_in.detail);
    assert_eq!(
        those(&probes, Verdict::Passed),
        ["settings-valid", "end-of-api-version", "end-of-sign-in", "host-reachable", "portal-id-plausible"]
    );
}

#[test]
fn an_expired_password_and_a_silent_host_have_their_own_probes() {
    let script = Script::new();
    script.answer(&golden("login/request.txt"), 200, golden("login/expired.xml"));
    assert_eq!(those(&test_credentials(script, settings()), Verdict::Failed), ["password-not-expired"]);
    let script = Script::new();
    script.fail(&golden("login/request.txt"), Failure::Unreachable("no route to acme.my.salesforce.com".to_owned()));
    assert_eq!(those(&test_credentials(script, settings()), Verdict::Failed), ["host-reachable"]);
}

#[test]
fn an_account_that_is_missing_or_a_person_fails() {
    let missing = r#"[{"errorCode":"NOT_FOUND","message":"The requested resource does not exist"}]"#;
    let probes = Org { account: (404, missing), owner: vec![], ..Org::default() }.probes();
    assert_eq!(those(&probes, Verdict::Failed), ["account-exists"]);
    assert_eq!(those(&probes, Verdict::Skipped), ["account-owner-has-role"]);
    assert!(detail(&probes, "account-exists").contains("no account 0015e00000AcmeAAAR"));

    let person = r#"{"Id":"0015e00000AcmeAAAR","Name":"Ada","IsPersonAccount":true}"#;
    let probes = Org { account: (200, person), ..Org::default() }.probes();
    assert!(detail(&probes, "account-exists").contains("person account"));
}

#[test]
fn missing_rights_roles_and_seats_fail_their_own_probes() {
    let no_role = r#"{"Owner":{"Name":"Olga Owner","UserRoleId":null,"IsActive":true}}"#;
    let org = Org { contact: READ_ONLY, owner: vec![no_role], licences: vec![SEATS], ..Org::default() };
    let probes = org.probes();
    assert_eq!(those(&probes, Verdict::Failed), ["may-write-contacts", "account-owner-has-role", "license-seats-left"]);
    assert!(detail(&probes, "account-owner-has-role").contains("Olga Owner, has no role"));
}

#[test]
fn without_a_portal_user_the_right_to_reset_passwords_cannot_be_tried() {
    let probes = Org { user: vec![], ..Org::default() }.probes();
    assert_eq!(those(&probes, Verdict::Skipped), ["may-reset-passwords"]);
}

#[test]
fn an_answer_that_cannot_be_read_fails_what_hangs_on_it_and_nothing_else() {
    let script = Script::new();
    script.sign_in();
    let types = TYPES;
    let requests = [
        "sobjects/User".to_owned(),
        "sobjects/Contact".to_owned(),
        "sobjects/PermissionSetAssignment".to_owned(),
        format!(
            "SELECT UserLicense.Name,UserLicense.TotalLicenses,UserLicense.UsedLicenses FROM Profile WHERE {types}"
        ),
        format!("SELECT Id FROM User WHERE {types} LIMIT 1"),
        EXTERNAL_SOQL.to_owned(),
        ANY_AUTH_SOQL.to_owned(),
    ];
    let parts: Vec<_> = requests.iter().map(|request| (request.as_str(), 200, "null")).collect();
    script.composite(&parts);
    let mut settings = settings();
    settings.retain(|(name, _)| name != "account-id");
    let probes = test_credentials(script, settings);
    assert_eq!(
        those(&probes, Verdict::Failed),
        [
            "settings-valid",
            "may-use-soap-login",
            "may-write-users",
            "may-write-contacts",
            "may-assign-permission-sets",
            "may-reset-passwords",
            "license-seats-left"
        ]
    );
}

#[test]
fn a_sign_in_by_soap_that_lacks_use_any_api_auth_is_warned_of() {
    let verdict = |any_auth| {
        let probes = Org { any_auth, ..Org::default() }.probes();
        let probe = probes.iter().find(|probe| probe.name == names::SOAP_LOGIN).unwrap().clone();
        check(&probes);
        (probe.verdict, probe.remedy.is_some(), probe.detail)
    };
    let (found, warns, detail) = verdict((200, NO_ANY_AUTH));
    assert_eq!((found, warns), (Verdict::Passed, true), "it works for now");
    assert!(detail.starts_with("The admin user lacks the permission Use Any API Auth"), "{detail}");
    assert!(!verdict((200, ANY_AUTH)).1);
    // An organization that doesn't know the permission, and one that doesn't show it.
    for untold in [(400, NO_SUCH_FIELD), (200, NONE)] {
        let (found, warns, detail) = verdict(untold);
        assert_eq!((found, warns), (Verdict::Skipped, false), "{untold:?}");
        assert!(detail.contains("doesn't say whether"), "{detail}");
    }
}

#[test]
fn manage_external_users_is_enough_to_write_users() {
    let verdict = |users, external| those(&Org { users, external, ..Org::default() }.probes(), Verdict::Failed);
    assert_eq!(verdict(READ_ONLY, (200, EXTERNAL)), Vec::<&str>::new());
    assert_eq!(verdict(READ_ONLY, (200, NOT_EXTERNAL)), ["may-write-users"]);
    // An organization without portals lacks the field; then the description alone tells.
    assert_eq!(verdict(READ_ONLY, (400, NO_SUCH_FIELD)), ["may-write-users"]);
    assert_eq!(verdict(WRITABLE, (400, NO_SUCH_FIELD)), Vec::<&str>::new());
    assert_eq!(verdict(WRITABLE, (200, NOT_EXTERNAL)), Vec::<&str>::new());
}

#[test]
fn what_salesforce_is_about_to_end_passes_with_a_remedy() {
    let tried = |more: &[(&str, &str)]| {
        let script = Script::new();
        script.answer(&golden("login/request.txt"), 500, golden("login/fault.xml"));
        let mut settings = settings();
        settings.extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        test_credentials(script, settings)
    };
    // A tenant that leaves sign-in out keeps SOAP login().
    let probes = tried(&[]);
    assert_eq!(warnings(&probes), ["end-of-sign-in"]);
    assert!(detail(&probes, "end-of-sign-in").ends_with("about 2027-06-01: 1295 days are left."));
    let remedy = probes.iter().find_map(|probe| probe.remedy.as_deref().filter(|_| probe.name == "end-of-sign-in"));
    assert!(remedy.unwrap().contains("set sign-in to client-credentials and instance-type to my-domain"));

    assert_eq!(warnings(&tried(&[("api-version", "59.0")])), ["end-of-api-version", "end-of-sign-in"]);
    assert_eq!(warnings(&tried(&[("api-version", "60.0")])), ["end-of-sign-in"]);
    assert_eq!(
        those(&test_credentials(Script::new(), Vec::new()), Verdict::Skipped)[..2],
        ["end-of-sign-in", "host-reachable"]
    );
}

#[test]
fn a_sign_in_that_stays_has_no_warning() {
    let script = Script::new();
    let form = "grant_type=client_credentials&client_id=3MVG9&client_secret={clientsecret}";
    let request = format!(
        "POST https://acme.my.salesforce.com/services/oauth2/token\ncontent-type: application/x-www-form-urlencoded\naccept: application/json\n\n{form}"
    );
    script.answer(&request, 400, r#"{"error":"invalid_grant","error_description":"inactive user"}"#);
    let mut settings = settings();
    settings.retain(|(name, _)| !matches!(name.as_str(), "username" | "password" | "security-token"));
    let more =
        [("sign-in", "client-credentials"), ("client-id", "3MVG9"), ("client-secret", &placeholder("clientsecret"))];
    settings.extend(more.map(|(name, value)| (name.to_owned(), value.to_owned())));
    let probes = test_credentials(script, settings);
    assert_eq!(warnings(&probes), Vec::<&str>::new());
    assert_eq!(detail(&probes, "end-of-sign-in"), "Salesforce has announced no end of this way to sign in.");
}
