use super::*;
use crate::scripted::{Script, records, session};

const PROFILES: &str = "SELECT UserLicense.Name,UserType FROM Profile";

fn licences() -> String {
    let row = |name: &str, kind: &str| format!(r#"{{"UserLicense":{{"Name":"{name}"}},"UserType":"{kind}"}}"#);
    records(&[
        &row("Customer Community", "CspLitePortal"),
        &row("Customer Community Plus", "PowerCustomerSuccess"),
        &row("Customer Community Plus", "PowerCustomerSuccess"),
        &row("Partner Community", "PowerPartner"),
        &row("Salesforce", "Standard"),
    ])
}

fn tags(entitlement: &Entitlement) -> Vec<&str> {
    entitlement.compatibility.iter().map(String::as_str).collect()
}

#[test]
fn a_profile_fits_its_licence_and_takes_one_of_its_seats() {
    let script = Script::new();
    let session = session(&script);
    script.composite(&[(
        "SELECT Id,Name,UserLicense.Name,UserLicense.TotalLicenses,UserLicense.UsedLicenses FROM Profile WHERE UserType IN \
         ('CspLitePortal','CustomerSuccess','PowerCustomerSuccess','PowerPartner') ORDER BY Id LIMIT 2000",
        200,
        &records(&[
            r#"{"Id":"00e5e000001PrtAAAS","Name":"Community User","UserLicense":{"Name":"Customer Community","TotalLicenses":10,"UsedLicenses":3}}"#,
        ]),
    )]);
    let page = session.list_entitlements("profile", None).unwrap();
    assert_eq!(page.next, None);
    let [profile] = page.entitlements.as_slice() else { panic!("{page:?}") };
    assert_eq!((profile.id.as_str(), profile.name.as_str()), ("00e5e000001PrtAAAS", "Community User"));
    assert_eq!(tags(profile), ["license:Customer Community"]);
    assert_eq!(profile.seats, Some(Seats { used: 3, total: 10 }));
}

#[test]
fn a_role_fits_the_licences_of_its_portal() {
    let script = Script::new();
    let session = session(&script);
    let soql = "SELECT Id,Name,PortalType FROM UserRole WHERE PortalType IN ('CustomerPortal','Partner') ORDER BY Id LIMIT 2000";
    let roles = records(&[
        r#"{"Id":"00E5e000001RolA","Name":"Acme Customer User","PortalType":"CustomerPortal"}"#,
        r#"{"Id":"00E5e000001RolB","Name":"Acme Partner User","PortalType":"Partner"}"#,
    ]);
    script.composite(&[(soql, 200, &roles), (PROFILES, 200, &licences())]);
    let page = session.list_entitlements("role", None).unwrap();
    assert_eq!(tags(&page.entitlements[0]), ["license:Customer Community Plus"]);
    assert_eq!(tags(&page.entitlements[1]), ["license:Partner Community"]);
}

#[test]
fn a_permission_set_fits_the_licence_that_it_is_bound_to() {
    let script = Script::new();
    let session = session(&script);
    let soql = "SELECT Id,Label,LicenseId FROM PermissionSet WHERE (IsOwnedByProfile = false AND \
                Type IN ('Regular','Standard','Session')) ORDER BY Id LIMIT 2000";
    let sets = records(&[
        r#"{"Id":"0PS5e000001SetA","Label":"Any","LicenseId":null}"#,
        r#"{"Id":"0PS5e000001SetB","Label":"Bound","LicenseId":"1005e000001LicA"}"#,
        r#"{"Id":"0PS5e000001SetC","Label":"Seats","LicenseId":"0PL5e000001LicA"}"#,
    ]);
    script.composite(&[
        (soql, 200, &sets),
        (
            "SELECT Id,Name FROM UserLicense",
            200,
            &records(&[r#"{"Id":"1005e000001LicA","Name":"Customer Community"}"#]),
        ),
        (
            "SELECT Id,TotalLicenses,UsedLicenses FROM PermissionSetLicense",
            200,
            &records(&[r#"{"Id":"0PL5e000001LicA","TotalLicenses":5,"UsedLicenses":5}"#]),
        ),
    ]);
    let page = session.list_entitlements("permission-set", None).unwrap();
    assert_eq!(
        page.entitlements.iter().map(tags).collect::<Vec<_>>(),
        [vec![], vec!["license:Customer Community"], vec![]]
    );
    assert_eq!(page.entitlements[2].seats, Some(Seats { used: 5, total: 5 }));
}

#[test]
fn a_public_group_fits_no_high_volume_licence() {
    let script = Script::new();
    let session = session(&script);
    let soql = "SELECT Id,Name FROM Group WHERE Type = 'Regular' ORDER BY Id LIMIT 2000";
    let groups = records(&[r#"{"Id":"00G5e000001GrpA","Name":"Managers"}"#]);
    script.composite(&[(soql, 200, &groups), (PROFILES, 200, &licences())]);
    let page = session.list_entitlements("public-group", None).unwrap();
    assert_eq!(
        tags(&page.entitlements[0]),
        ["license:Customer Community Plus", "license:Partner Community", "license:Salesforce"]
    );
}

#[test]
fn feature_licences_are_those_that_the_organization_has() {
    let script = Script::new();
    let session = session(&script);
    let flag = |name: &str| format!(r#"{{"name":"UserPermissions{name}","label":"{name}","type":"boolean"}}"#);
    let user =
        format!(r#"{{"fields":[{},{},{}]}}"#, flag("MarketingUser"), flag("LiveAgentUser"), flag("BrandNewUser"));
    script.composite(&[
        ("sobjects/User/describe", 200, &user),
        ("sobjects/Contact/describe", 200, r#"{"fields":[]}"#),
        ("sobjects/PermissionSetAssignment/describe", 200, r#"{"fields":[]}"#),
    ]);
    script.composite(&[(PROFILES, 200, &licences())]);
    let page = session.list_entitlements("feature-license", None).unwrap();
    let found: Vec<_> = page.entitlements.iter().map(|one| (one.id.as_str(), tags(one))).collect();
    assert_eq!(
        found,
        [
            ("UserPermissionsMarketingUser", vec!["license:Partner Community", "license:Salesforce"]),
            ("UserPermissionsLiveAgentUser", vec!["license:Salesforce"]),
            ("UserPermissionsBrandNewUser", vec![]),
        ]
    );
}

#[test]
fn lists_are_paged_by_id_and_duplicate_names_do_no_harm() {
    let script = Script::new();
    let session = session(&script);
    let soql = |after: &str| format!("SELECT Id,MasterLabel FROM PermissionSetGroup{after} ORDER BY Id LIMIT 2000");
    let cut = records(&[
        r#"{"Id":"0PG5e000001GrpA","MasterLabel":"Same"}"#,
        r#"{"Id":"0PG5e000001GrpB","MasterLabel":"Same"}"#,
    ])
    .replace("\"done\":true", "\"done\":false");
    script.composite(&[(&soql(""), 200, &cut)]);
    let page = session.list_entitlements("permission-set-group", None).unwrap();
    assert_eq!(page.entitlements.len(), 2);
    let next = page.next.unwrap();
    let last = Id::parse("0PG5e000001GrpB").unwrap();
    assert_eq!(next, format!("1.permission-set-group.{last}"));
    script.composite(&[(&soql(&format!(" WHERE Id > '{last}'")), 200, &records(&[]))]);
    assert_eq!(session.list_entitlements("permission-set-group", Some(&next)).unwrap().next, None);

    let hidden = r#"[{"message":"sObject type 'PermissionSetGroup' is not supported.","errorCode":"INVALID_TYPE"}]"#;
    script.composite(&[(&soql(""), 400, hidden)]);
    assert!(session.list_entitlements("permission-set-group", None).unwrap().entitlements.is_empty());
}

#[test]
fn strange_kinds_and_cursors_are_refused() {
    let script = Script::new();
    let session = session(&script);
    assert_eq!(session.list_entitlements("shoes", None).unwrap_err().kind, ErrorKind::InvalidValue);
    for cursor in ["", "1.profile.00e5e000001PrtAAAS", "2.role.00E5e000001RolA", "1.role.x' OR Id != '"] {
        let error = session.list_entitlements("role", Some(cursor)).unwrap_err();
        assert_eq!(error.kind, ErrorKind::StaleReference, "{cursor}");
    }
}
