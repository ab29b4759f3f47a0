//! Trying the settings, and listing what can be assigned.

use salesforce_portal_connector::model::{Probe, Verdict};
use salesforce_portal_connector::operations::test_credentials;

use crate::support::{Native, Org, secret, writes};

fn those(probes: &[Probe], verdict: Verdict) -> Vec<&str> {
    probes.iter().filter(|probe| probe.verdict == verdict).map(|probe| probe.name).collect()
}

#[test]
fn sound_settings_pass_every_probe_in_three_requests_and_write_nothing() {
    let org = Org::start(40, 51);
    let (probes, journal) = org.observe(|| test_credentials(Native::new(), org.settings()));
    assert_eq!(those(&probes, Verdict::Passed).len(), probes.len(), "{probes:#?}");
    assert!(probes.len() >= 12);
    assert_eq!(journal.len(), 3);
    assert_eq!(writes(&journal), Vec::<String>::new());
}

#[test]
fn what_will_end_passes_with_a_remedy() {
    let org = Org::start(5, 55);
    let warned = |settings| {
        let probes = test_credentials(Native::new(), settings);
        let warned = probes.into_iter().filter(|probe| probe.verdict == Verdict::Passed && probe.remedy.is_some());
        warned.map(|probe| probe.name).collect::<Vec<_>>()
    };
    // The administrator lacks Use Any API Auth, which the org doesn't enforce.
    assert_eq!(warned(org.settings()), ["end-of-sign-in", "may-use-soap-login"]);
    let connection = org.emulator.credentials();
    let mut settings = org.settings_with(&[("sign-in", "client-credentials"), ("client-id", &connection.client_id)]);
    settings.push(("client-secret".to_owned(), secret(&connection.client_secret)));
    assert_eq!(warned(settings), Vec::<&str>::new());
    // Once it does, the sign-in itself is refused and says so.
    org.emulator.set_switches(|switches| switches.soap_login_needs_permission = true);
    let probes = test_credentials(Native::new(), org.settings());
    assert_eq!(those(&probes, Verdict::Failed), ["signed-in"]);
    let refused = probes.iter().find(|probe| probe.name == "signed-in").unwrap();
    assert!(refused.detail.contains("lacks the permission Use Any API Auth"), "{refused:?}");
}

#[test]
fn what_is_wrong_with_the_org_fails_the_probe_that_names_it() {
    let org = Org::start(40, 52);
    let no_role = org.query("SELECT Id FROM Account WHERE Owner.UserRoleId = null ORDER BY Id LIMIT 1");
    let account = no_role[0]["Id"].as_str().unwrap();
    let probes = test_credentials(Native::new(), org.settings_with(&[("account-id", account)]));
    assert_eq!(those(&probes, Verdict::Failed), ["account-owner-has-role"]);

    org.emulator.set_api_requests_used(99_000);
    let probes = test_credentials(Native::new(), org.settings());
    assert_eq!(those(&probes, Verdict::Failed), ["api-requests-left"]);
    org.emulator.set_api_requests_used(0);

    org.emulator.expire_admin_password().unwrap();
    let probes = test_credentials(Native::new(), org.settings());
    assert_eq!(those(&probes, Verdict::Failed), ["password-not-expired"]);
}

#[test]
fn all_that_can_be_assigned_is_listed_with_the_licences_it_fits() {
    let org = Org::start(40, 53);
    let session = org.session();
    for (kind, soql) in [
        (
            "profile",
            "SELECT Id FROM Profile WHERE UserType IN ('CspLitePortal','CustomerSuccess','PowerCustomerSuccess','PowerPartner') ORDER BY Id",
        ),
        ("role", "SELECT Id FROM UserRole WHERE PortalType IN ('CustomerPortal','Partner') ORDER BY Id"),
        (
            "permission-set",
            "SELECT Id FROM PermissionSet WHERE IsOwnedByProfile = false AND PermissionSetGroupId = null ORDER BY Id",
        ),
        ("permission-set-group", "SELECT Id FROM PermissionSetGroup ORDER BY Id"),
        ("public-group", "SELECT Id FROM Group WHERE Type = 'Regular' ORDER BY Id"),
    ] {
        let page = session.list_entitlements(kind, None).unwrap();
        let found: Vec<&str> = page.entitlements.iter().map(|one| one.id.as_str()).collect();
        let expected = org.query(soql);
        assert_eq!(found, expected.iter().map(|row| row["Id"].as_str().unwrap()).collect::<Vec<_>>(), "{kind}");
        assert!(!found.is_empty() && page.next.is_none(), "{kind}");
    }
    let features = session.list_entitlements("feature-license", None).unwrap().entitlements;
    assert!(features.iter().any(|one| one.id == "UserPermissionsMarketingUser" && one.name == "Marketing User"));
    assert!(features.iter().all(|one| one.seats.is_none()), "the API does not tell the seats of feature licences");
    let profiles = session.list_entitlements("profile", None).unwrap().entitlements;
    let community = profiles.iter().find(|one| one.name == "Customer Community User").unwrap();
    assert_eq!(community.compatibility, ["license:Customer Community"]);
    let pools = org.emulator.licence_pools().unwrap();
    let pool = pools.iter().find(|pool| pool.name == "Customer Community").unwrap();
    let seats = community.seats.unwrap();
    assert_eq!((seats.used, seats.total), (u64::from(pool.used), u64::from(pool.total)));
}

#[test]
fn more_roles_than_a_page_holds_come_in_pages() {
    let org = Org::start(9_000, 54);
    let session = org.session();
    let (mut found, mut cursor) = (Vec::new(), None);
    loop {
        let page = session.list_entitlements("role", cursor.as_deref()).unwrap();
        found.extend(page.entitlements.into_iter().map(|one| one.id));
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    let expected = org.query("SELECT Id FROM UserRole WHERE PortalType IN ('CustomerPortal','Partner') ORDER BY Id");
    assert!(expected.len() > 1_000);
    assert_eq!(found, expected.iter().map(|row| row["Id"].as_str().unwrap().to_owned()).collect::<Vec<_>>());
}
