//! What is told before any write: that grants do not fit together, or that there is no seat or account for a user.

use super::*;

const LICENCE: &str = "1005e000000LicAAAS";
const OTHER_LICENCE: &str = "1005e000000LicBAAS";
const SET_LICENCE: &str = "0PL5e0000004CvVGAU";
const OTHER_PROFILE: &str = "00e5e000001PrtBAAS";
const ROLE: &str = "00E5e000001RolPEAS";
const ACCOUNT: &str = "0015e00000AcmeAAAR";
const OTHER_ACCOUNT: &str = "0015e00000AcmeBAAR";
const SET: &str = "0PS5e000001SetAGAS";
const SET_GROUP: &str = "0PG5e000001GrpAGAS";
const GROUP: &str = "00G5e000001GrpAEAS";

const PLUS: &str = "PowerCustomerSuccess";
const HIGH_VOLUME: &str = "CspLitePortal";

/// How a kind of records answers.
#[derive(Clone, Copy)]
enum Answer<'a> {
    Row(&'a str),
    /// There is no such record.
    Missing,
    /// The admin user may not see them.
    Unseen,
}

use Answer::{Missing, Row, Unseen};

const UNSEEN: &str = r#"[{"message":"sObject type is not supported.","errorCode":"INVALID_TYPE"}]"#;

/// What the org has of what a plan assigns.
struct Org<'a> {
    profiles: Vec<String>,
    asked: String,
    licence: String,
    /// The kind of the grant, with its query.
    granted: Option<(&'a str, Answer<'a>)>,
    account: Option<Answer<'a>>,
    profile: Option<Answer<'a>>,
}

const OWNED: &str = r#"{"Id":"0015e00000AcmeAAAR","Name":"Acme","Owner":{"Username":"o@acme.example","UserRoleId":"00E5e000001RolAEAS"}}"#;

fn profile(id: &str, user_type: &str, licence: &str) -> String {
    format!(r#"{{"Id":"{id}","Name":"Profile of {user_type}","UserType":"{user_type}","UserLicenseId":"{licence}"}}"#)
}

fn licence(total: i64, used: i64) -> String {
    format!(r#"{{"Id":"{LICENCE}","Name":"Community","TotalLicenses":{total},"UsedLicenses":{used}}}"#)
}

impl<'a> Org<'a> {
    /// One with a profile of this type, in which everything fits.
    fn of(user_type: &str) -> Self {
        Self {
            profiles: vec![profile(PROFILE, user_type, LICENCE)],
            asked: format!("'{PROFILE}'"),
            licence: licence(10, 2),
            granted: None,
            account: Some(Row(OWNED)),
            profile: None,
        }
    }

    /// Expects the questions about what a plan assigns, and answers them.
    fn expect(&self, script: &Script) {
        let told = |answer: Answer<'_>| match answer {
            Row(row) => (200, records(&[row])),
            Missing => (200, records(&[])),
            Unseen => (400, UNSEEN.to_owned()),
        };
        let profiles: Vec<&str> = self.profiles.iter().map(String::as_str).collect();
        let profiles = self.profile.map_or((200, records(&profiles)), told);
        let mut parts = vec![
            (format!("SELECT Id,Name,UserType,UserLicenseId FROM Profile WHERE Id IN ({})", self.asked), profiles),
            ("SELECT Id,Name,TotalLicenses,UsedLicenses FROM UserLicense".to_owned(), told(Row(&self.licence))),
        ];
        parts.extend(self.granted.map(|(query, answer)| (query.to_owned(), told(answer))));
        parts.extend(self.account.map(|answer| {
            let soql = "SELECT FIELDS(STANDARD),Owner.Username,Owner.UserRoleId FROM Account WHERE Id IN ('0015e00000AcmeAAAR')";
            (soql.to_owned(), told(answer))
        }));
        let parts: Vec<_> =
            parts.iter().map(|(query, (status, answer))| (query.as_str(), *status, answer.as_str())).collect();
        script.composite(&parts);
    }
}

/// Describes users with some feature licences, and assignments of permission set groups.
fn described(script: &Script) {
    let flags = ["SFContentUser", "KnowledgeUser", "MarketingUser", "SpaceUser"].map(|flag| {
        format!(r#"{{"name":"UserPermissions{flag}","label":"{flag}","type":"boolean","updateable":true}}"#)
    });
    script.composite(&[
        ("sobjects/User/describe", 200, &format!(r#"{{"fields":[{}]}}"#, flags.join(","))),
        ("sobjects/Contact/describe", 200, r#"{"fields":[]}"#),
        ("sobjects/PermissionSetAssignment/describe", 200, r#"{"fields":[{"name":"PermissionSetGroupId"}]}"#),
    ]);
}

/// The plan of a new Ada with a grant beside her profile.
fn plan_new(org: &Org<'_>, grant: Option<(&str, &str)>) -> Result<Outcome> {
    let script = Script::new();
    let session = session(&script);
    let mut user = ada();
    user.grants.extend(grant.map(|(kind, id)| Grant { kind: kind.to_owned(), id: id.to_owned() }));
    if matches!(grant, Some(("feature-license" | "permission-set-group", _))) {
        described(&script);
    }
    if matches!(grant, Some(("feature-license", _))) {
        let flag = grant.map(|(_, id)| id).unwrap_or_default();
        let soql = format!(
            "SELECT {USER_FIELDS},Email,Contact.Email,FirstName,Contact.FirstName,LastName,Contact.LastName,{flag} FROM User \
             WHERE Username IN ('ada@portal.example') OR FederationIdentifier IN ('fed-ada')"
        );
        script.query(&soql, 200, records(&[]));
    } else {
        find_new(&script, &[]);
    }
    find_contacts(&script, &[]);
    org.expect(&script);
    push_one(&session, user, &PushMode::Plan)
}

/// Holds that a plan is made, or refused before any write with these words and a remedy.
fn holds(case: &str, outcome: Result<Outcome>, refused: Option<(ErrorKind, &str)>) {
    match (outcome, refused) {
        (Ok(outcome), None) => assert_eq!(outcome.action, Action::Created, "{case}"),
        (Err(error), Some((kind, words))) => {
            assert_eq!(error.kind, kind, "{case}: {error:?}");
            assert!(error.message.contains(words), "{case}: {error}");
            assert!(error.message.contains("ada@portal.example"), "{case}: {error}");
            assert!(error.remedy.is_some() && error.upstream.is_none(), "{case}: {error:?}");
        }
        (outcome, refused) => panic!("{case}: {outcome:?} and not {refused:?}"),
    }
}

#[test]
fn a_profile_has_to_be_there_and_of_a_portal_licence() {
    for kind in ["CspLitePortal", "CustomerSuccess", PLUS, "PowerPartner"] {
        holds(kind, plan_new(&Org::of(kind), None), None);
    }
    let misfit = (ErrorKind::IncompatibleGrants, "Profile of Standard of the user");
    holds("internal", plan_new(&Org::of("Standard"), None), Some(misfit));
    let missing = Org { profile: Some(Missing), ..Org::of(PLUS) };
    let words = (ErrorKind::StaleReference, "the profile 00e5e000001PrtAAAS of the user");
    holds("missing", plan_new(&missing, None), Some(words));
    holds("unseen", plan_new(&Org { profile: Some(Unseen), ..Org::of(PLUS) }, None), None);
}

#[test]
fn a_role_has_to_be_of_the_users_type_and_account() {
    let misfit = |words| Some((ErrorKind::IncompatibleGrants, words));
    let soql = format!("SELECT Id,Name,PortalType,PortalAccountId FROM UserRole WHERE Id IN ('{ROLE}')");
    let row = |portal: &str, account: &str| {
        format!(r#"{{"Id":"{ROLE}","Name":"Acme Manager","PortalType":{portal},"PortalAccountId":{account}}}"#)
    };
    let quoted = |text: &str| format!("\"{text}\"");
    let (customers, partners) = (quoted("CustomerPortal"), quoted("Partner"));
    let (ours, theirs) = (quoted(ACCOUNT), quoted(OTHER_ACCOUNT));
    for (user_type, row, refused) in [
        (PLUS, row(&customers, &ours), None),
        ("CustomerSuccess", row(&customers, &ours), None),
        ("PowerPartner", row(&partners, &ours), None),
        // What cannot be told is for Salesforce to judge.
        (PLUS, row("null", "null"), None),
        (PLUS, row(&partners, &ours), misfit("needs a role of another type")),
        ("PowerPartner", row(&customers, &ours), misfit("needs a role of another type")),
        (PLUS, row(&quoted("None"), "null"), misfit("the role Acme Manager does not fit")),
        (PLUS, row(&customers, &theirs), misfit("the role Acme Manager belongs to the account 0015e00000AcmeB")),
        (HIGH_VOLUME, row(&customers, &ours), misfit("users of the licence Community have no roles")),
    ] {
        let org = Org { granted: Some((&soql, Row(&row))), ..Org::of(user_type) };
        holds(&format!("{user_type} {row}"), plan_new(&org, Some(("role", ROLE))), refused);
    }
    let missing = Org { granted: Some((&soql, Missing)), ..Org::of(PLUS) };
    let words = (ErrorKind::StaleReference, "the role 00E5e000001RolPEAS of the user");
    holds("missing", plan_new(&missing, Some(("role", ROLE))), Some(words));
    let unseen = Org { granted: Some((&soql, Unseen)), ..Org::of(PLUS) };
    holds("unseen", plan_new(&unseen, Some(("role", ROLE))), None);
}

#[test]
fn a_permission_set_that_is_bound_to_a_licence_goes_to_users_of_that_licence_alone() {
    let soql = format!("SELECT Id,Label,LicenseId,IsOwnedByProfile FROM PermissionSet WHERE Id IN ('{SET}')");
    let row = |licence: &str, owned: bool| {
        format!(r#"{{"Id":"{SET}","Label":"Cases","LicenseId":{licence},"IsOwnedByProfile":{owned}}}"#)
    };
    let quoted = |text: &str| format!("\"{text}\"");
    let misfit = |words| Some((ErrorKind::IncompatibleGrants, words));
    for (row, refused) in [
        (row("null", false), None),
        (row(&quoted(LICENCE), false), None),
        // The same id in its short form.
        (row(&quoted(&LICENCE[..15]), false), None),
        // Of a permission set licence, which is none of users.
        (row(&quoted(SET_LICENCE), false), None),
        (
            row(&quoted(OTHER_LICENCE), false),
            misfit("the permission set Cases is made for another user licence than Community"),
        ),
        (row(&quoted(LICENCE), true), misfit("the permission set Cases of the user")),
    ] {
        let org = Org { granted: Some((&soql, Row(&row))), ..Org::of(PLUS) };
        holds(&row, plan_new(&org, Some(("permission-set", SET))), refused);
    }
    let missing = Org { granted: Some((&soql, Missing)), ..Org::of(PLUS) };
    let words = (ErrorKind::StaleReference, "the permission set 0PS5e000001SetAGAS of the user");
    holds("missing", plan_new(&missing, Some(("permission-set", SET))), Some(words));
    let unseen = Org { granted: Some((&soql, Unseen)), ..Org::of(PLUS) };
    holds("unseen", plan_new(&unseen, Some(("permission-set", SET))), None);
}

#[test]
fn a_permission_set_group_that_is_still_computed_takes_nobody() {
    let soql = format!("SELECT Id,MasterLabel,Status FROM PermissionSetGroup WHERE Id IN ('{SET_GROUP}')");
    for (status, refused) in [
        ("\"Updated\"", None),
        ("null", None),
        ("\"Outdated\"", Some((ErrorKind::RejectedByRule, "the permission set group Service of the user"))),
        ("\"Failed\"", Some((ErrorKind::RejectedByRule, "has the status Failed and takes nobody"))),
    ] {
        let row = format!(r#"{{"Id":"{SET_GROUP}","MasterLabel":"Service","Status":{status}}}"#);
        let org = Org { granted: Some((&soql, Row(&row))), ..Org::of(HIGH_VOLUME) };
        holds(status, plan_new(&org, Some(("permission-set-group", SET_GROUP))), refused);
    }
}

#[test]
fn only_public_groups_are_joined_and_only_by_users_with_roles() {
    let soql = format!("SELECT Id,Name,Type FROM Group WHERE Id IN ('{GROUP}')");
    for (user_type, kind, refused) in [
        (PLUS, "\"Regular\"", None),
        (PLUS, "null", None),
        (PLUS, "\"Queue\"", Some((ErrorKind::InvalidValue, "the group Priority of the user"))),
        (HIGH_VOLUME, "\"Queue\"", Some((ErrorKind::InvalidValue, "is not a public group"))),
        (HIGH_VOLUME, "\"Regular\"", Some((ErrorKind::IncompatibleGrants, "cannot be in the public group Priority"))),
    ] {
        let row = format!(r#"{{"Id":"{GROUP}","Name":"Priority","Type":{kind}}}"#);
        let org = Org { granted: Some((&soql, Row(&row))), ..Org::of(user_type) };
        holds(&format!("{user_type} {kind}"), plan_new(&org, Some(("public-group", GROUP))), refused);
    }
}

#[test]
fn a_feature_licence_that_a_licence_does_not_allow_is_refused() {
    let refused = |flag| Some((ErrorKind::IncompatibleGrants, flag));
    for (user_type, flag, refused) in [
        (PLUS, "UserPermissionsSFContentUser", None),
        (HIGH_VOLUME, "UserPermissionsSFContentUser", refused("the feature licence UserPermissionsSFContentUser")),
        (PLUS, "UserPermissionsKnowledgeUser", refused("whose user licence is Community")),
        ("PowerPartner", "UserPermissionsMarketingUser", None),
        (PLUS, "UserPermissionsMarketingUser", refused("UserPermissionsMarketingUser is not allowed")),
        // Nobody here knows what it is.
        (HIGH_VOLUME, "UserPermissionsSpaceUser", None),
    ] {
        holds(&format!("{user_type} {flag}"), plan_new(&Org::of(user_type), Some(("feature-license", flag))), refused);
    }
}

#[test]
fn an_account_has_to_be_a_company_and_its_owner_to_have_a_role_where_users_have_roles() {
    let account = |person: &str, role: &str| {
        format!(
            r#"{{"Id":"{ACCOUNT}","Name":"Acme","IsPersonAccount":{person},"Owner":{{"Username":"o@acme.example","UserRoleId":{role}}}}}"#
        )
    };
    let role = "\"00E5e000001RolAEAS\"";
    let no_role = (ErrorKind::RejectedByRule, "owned by o@acme.example, who has no role");
    let person = (ErrorKind::InvalidSettings, "the account Acme (0015e00000AcmeAAAR) is a person account");
    for (user_type, row, refused) in [
        (PLUS, account("false", role), None),
        (PLUS, account("null", role), None),
        (PLUS, account("false", "null"), Some(no_role.clone())),
        ("PowerPartner", account("false", "null"), Some(no_role)),
        (HIGH_VOLUME, account("false", "null"), None),
        (PLUS, account("true", role), Some(person.clone())),
        (HIGH_VOLUME, account("true", role), Some(person)),
    ] {
        let org = Org { account: Some(Row(&row)), ..Org::of(user_type) };
        holds(&format!("{user_type} {row}"), plan_new(&org, None), refused);
    }
    let missing = Org { account: Some(Missing), ..Org::of(HIGH_VOLUME) };
    let words = (ErrorKind::StaleReference, "the account 0015e00000AcmeAAAR, under which the user");
    holds("missing", plan_new(&missing, None), Some(words));
    holds("unseen", plan_new(&Org { account: Some(Unseen), ..Org::of(PLUS) }, None), None);
}

#[test]
fn a_licence_without_a_seat_takes_nobody_unless_it_has_no_limit() {
    let refused = (ErrorKind::LicenseExhausted, "no seat of the licence Community is left");
    for (total, used, refused) in [
        (10, 9, None),
        (10, 10, Some(refused.clone())),
        (10, 11, Some(refused.clone())),
        (0, 0, Some(refused)),
        (-1, 99, None),
    ] {
        let org = Org { licence: licence(total, used), ..Org::of(PLUS) };
        holds(&format!("{used} of {total}"), plan_new(&org, None), refused);
    }
}

/// Ada as she is, in a profile of a type and a licence, who is to get another profile.
fn plan_moved(old: (&str, &str), new: (&str, &str), active: bool, seats: &str) -> Result<Outcome> {
    let script = Script::new();
    let session = session(&script);
    let user = DesiredUser {
        changes: Vec::new(),
        grants: vec![Grant { kind: "profile".to_owned(), id: OTHER_PROFILE.to_owned() }],
        ..known_ada("title", None)
    };
    let row = row("").replace(r#""IsActive":true"#, &format!(r#""IsActive":{active}"#));
    find_known(&script, "", &[&row]);
    if active {
        find_frozen(&script, USER, &[]);
    }
    let org = Org {
        profiles: vec![profile(OTHER_PROFILE, new.0, new.1), profile(PROFILE, old.0, old.1)],
        asked: format!("'{OTHER_PROFILE}','{PROFILE}'"),
        account: None,
        licence: seats.to_owned(),
        ..Org::of(PLUS)
    };
    org.expect(&script);
    push_one(&session, user, &PushMode::Plan)
}

#[test]
fn a_profile_of_another_licence_is_refused_unless_salesforce_may_allow_the_change() {
    for (old, new, allowed) in [
        ((PLUS, LICENCE), (PLUS, LICENCE), true),
        // Between two licences of one type Salesforce has to judge.
        ((PLUS, OTHER_LICENCE), (PLUS, LICENCE), true),
        ((HIGH_VOLUME, OTHER_LICENCE), (PLUS, LICENCE), true),
        ((HIGH_VOLUME, OTHER_LICENCE), ("PowerPartner", LICENCE), true),
        ((HIGH_VOLUME, OTHER_LICENCE), ("CustomerSuccess", LICENCE), false),
        ((PLUS, OTHER_LICENCE), (HIGH_VOLUME, LICENCE), false),
        (("PowerPartner", OTHER_LICENCE), (HIGH_VOLUME, LICENCE), false),
        (("PowerPartner", OTHER_LICENCE), (PLUS, LICENCE), false),
        ((PLUS, OTHER_LICENCE), ("PowerPartner", LICENCE), false),
    ] {
        match plan_moved(old, new, true, &licence(10, 2)) {
            Ok(outcome) => {
                assert!(allowed, "{old:?} to {new:?}");
                assert_eq!(fields(&outcome), [("User.ProfileId".to_owned(), Some(PROFILE), Some(OTHER_PROFILE))]);
            }
            Err(error) => {
                assert!(!allowed && error.kind == ErrorKind::IncompatibleGrants, "{old:?} to {new:?}: {error}");
                let words = format!("the profile Profile of {} belongs to another licence", new.0);
                assert!(error.message.contains(&words), "{error}");
                assert!(error.message.contains(&format!("whose profile is Profile of {}", old.0)), "{error}");
            }
        }
    }
}

#[test]
fn only_an_active_user_that_moves_to_another_licence_takes_a_seat_of_it() {
    for (old, active, fits) in [(OTHER_LICENCE, true, false), (OTHER_LICENCE, false, true), (LICENCE, true, true)] {
        let outcome = plan_moved((PLUS, old), (PLUS, LICENCE), active, &licence(5, 5));
        assert_eq!(outcome.is_ok(), fits, "{old} {active}: {outcome:?}");
        if let Err(error) = outcome {
            assert_eq!(error.kind, ErrorKind::LicenseExhausted);
        }
    }
}

#[test]
fn the_last_seat_goes_to_the_first_of_a_batch() {
    let script = Script::new();
    let session = session(&script);
    let people = ["a", "b", "c"].map(|name| DesiredUser {
        key: name.to_owned(),
        username: format!("{name}@portal.example"),
        changes: vec![change("email", &format!("{name}@example.com")), change("familyName", "King")],
        ..ada()
    });
    script.query(
        &format!(
            "SELECT {USER_FIELDS},Email,Contact.Email,LastName,Contact.LastName FROM User \
             WHERE Username IN ('a@portal.example','b@portal.example','c@portal.example')"
        ),
        200,
        records(&[]),
    );
    script.query(
        "SELECT Id,Email,Name,LastName FROM Contact WHERE AccountId = '0015e00000AcmeAAAR' \
         AND Email IN ('a@example.com','b@example.com','c@example.com')",
        200,
        records(&[]),
    );
    Org { licence: licence(4, 2), ..Org::of(PLUS) }.expect(&script);
    let results = session.push_users(&people, &PushMode::Plan).unwrap();
    assert!(results[0].is_ok() && results[1].is_ok(), "{results:?}");
    let error = results[2].as_ref().unwrap_err();
    assert_eq!(error.kind, ErrorKind::LicenseExhausted);
    assert!(error.message.contains("the user c@portal.example: all 4 are used"), "{error}");
}

#[test]
fn what_a_user_has_already_is_not_asked_about() {
    let script = Script::new();
    let session = session(&script);
    let user = DesiredUser { changes: vec![change("division", "South")], ..known_ada("title", None) };
    let user = DesiredUser { grants: ada().grants, ..user };
    find_known(&script, ",Division", &[&row("")]);
    find_frozen(&script, USER, &[]);
    let outcome = push_one(&session, user, &PushMode::Plan).unwrap();
    assert_eq!(fields(&outcome), [("User.Division".to_owned(), None, Some("South"))]);
}
