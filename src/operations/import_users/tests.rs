use super::*;
use crate::operations::Session;
use crate::scripted::{NOW, Script, golden, records, session, session_with, settings};

mod changes;
mod full;

const TYPES: &str = "UserType IN ('CspLitePortal','CustomerSuccess','PowerCustomerSuccess','PowerPartner')";
const NONE: &str = r#"{"totalSize":0,"done":true,"records":[]}"#;

const A: &str = "0055e000001UsrAAAS";
const B: &str = "0055e000001UsrBAAS";
const C: &str = "0055e000001UsrCAAS";

/// Descriptions with a feature licence, two custom fields, and permission set groups.
const DESCRIBED: [&str; 3] = [
    r#"{"fields":[{"name":"Username","label":"Username","type":"string","length":80,"createable":true,"updateable":true},
        {"name":"Email","label":"Email","type":"email","length":100,"createable":true,"updateable":true},
        {"name":"LocaleSidKey","label":"Locale","type":"picklist","length":40,"updateable":true,"restrictedPicklist":true,
         "picklistValues":[{"active":true,"value":"en_US"},{"active":false,"value":"xx"},{"active":true,"value":"de_DE"}]},
        {"name":"UserPermissionsKnowledgeUser","label":"Knowledge User","type":"boolean","createable":true,"updateable":true},
        {"name":"Level__c","label":"Level","type":"double","length":0,"custom":true,"nillable":true,"updateable":true},
        {"name":"Place__c","label":"Place","type":"location","custom":true}]}"#,
    r#"{"fields":[{"name":"Email","label":"Email","type":"email","length":80},
        {"name":"Newsletter__c","label":"Newsletter","type":"boolean","custom":true,"createable":true,"updateable":true}]}"#,
    r#"{"fields":[{"name":"PermissionSetGroupId","label":"Group","type":"reference","length":18}]}"#,
];

fn described(script: &Script) {
    script.composite(&[
        ("sobjects/User/describe", 200, DESCRIBED[0]),
        ("sobjects/Contact/describe", 200, DESCRIBED[1]),
        ("sobjects/PermissionSetAssignment/describe", 200, DESCRIBED[2]),
    ]);
}

fn query(scope: ImportScope, page_size: u32) -> ImportQuery {
    ImportQuery { scope, page_size, attributes: vec!["email".to_owned(), "accountId".to_owned()], grants: false }
}

fn row(id: &str, active: bool) -> String {
    format!(
        r#"{{"attributes":{{"type":"User"}},"Id":"{id}","Username":"{id}@x.example","IsActive":{active},"UserType":"CspLitePortal","SystemModstamp":"2022-03-17T16:21:26.000+0000","ProfileId":"00e5e000001PrtAAAS","UserRoleId":null,"Email":"a@x.example","Contact":{{"AccountId":"0015e00000AcmeAAAR"}}}}"#
    )
}

fn grants(user: &User) -> Vec<(&str, &str)> {
    user.grants.iter().map(|grant| (grant.kind.as_str(), grant.id.as_str())).collect()
}

#[test]
fn what_cannot_be_imported_is_refused_before_any_request() {
    let script = Script::new();
    let session = session(&script);
    let mut unknown = query(ImportScope::Full, 10);
    unknown.attributes.push("shoeSize".to_owned());
    let error = session.import_users(&unknown).unwrap_err();
    assert_eq!(error.kind, ErrorKind::InvalidValue);
    assert!(error.message.contains("shoeSize"));
    for scope in [ImportScope::Resume("9.x".to_owned()), ImportScope::Since("x".to_owned())] {
        assert_eq!(session.import_users(&query(scope, 10)).unwrap_err().kind, ErrorKind::StaleReference);
    }
}

#[test]
fn a_sign_in_to_another_organization_opens_no_session() {
    let script = Script::new();
    let mut settings = settings();
    for (name, value) in &mut settings {
        if name == "organization-id" {
            "00D5e0000099XyZ".clone_into(value);
        }
    }
    script.sign_in();
    let error = Session::open(script, settings).map(|_| ()).unwrap_err();
    assert_eq!(error.kind, ErrorKind::InvalidSettings);
    assert!(error.message.contains("00D5e0000012AbCEAU"));
}

#[test]
fn attributes_are_listed_as_the_organization_describes_them() {
    let script = Script::new();
    let session = session(&script);
    described(&script);
    let all = session.list_attributes().unwrap();
    assert_eq!(session.list_attributes().unwrap().len(), all.len());
    let names: Vec<&str> = all.iter().map(|one| one.name.as_str()).collect();
    // What is hidden from the admin user is left out, and so is what has no counterpart.
    assert_eq!(names, ["username", "email", "locale", "contactEmail", "Level__c", "Contact.Newsletter__c"]);
    let find = |name: &str| all.iter().find(|one| one.name == name).unwrap();
    assert_eq!(find("email").max_length, Some(80));
    assert_eq!(find("locale").choices, ["en_US", "de_DE"]);
    assert!(!find("contactEmail").writable);
    assert_eq!(find("Level__c").kind.as_str(), "decimal");
    let newsletter = find("Contact.Newsletter__c");
    assert_eq!((newsletter.kind.as_str(), newsletter.required, newsletter.writable), ("boolean", true, true));
}

#[test]
fn only_fields_that_the_admin_user_may_write_are_told_as_writable() {
    // Field-level security shows in a describe as neither createable nor updateable (H).
    for (rights, writable) in [
        (r#""createable":true,"updateable":true"#, true),
        (r#""createable":true,"updateable":false"#, true),
        (r#""createable":false,"updateable":true"#, true),
        (r#""createable":false,"updateable":false"#, false),
        (r#""nillable":true"#, false),
    ] {
        let script = Script::new();
        let session = session(&script);
        let field = |name: &str, custom: bool| {
            format!(r#"{{"name":"{name}","label":"x","type":"string","length":40,"custom":{custom},{rights}}}"#)
        };
        let user = format!(
            r#"{{"fields":[{},{},{}]}}"#,
            field("Title", false),
            field("UserType", false),
            field("Team__c", true)
        );
        script.composite(&[
            ("sobjects/User/describe", 200, &user),
            ("sobjects/Contact/describe", 200, r#"{"fields":[]}"#),
            ("sobjects/PermissionSetAssignment/describe", 200, r#"{"fields":[]}"#),
        ]);
        let told: Vec<(String, bool)> =
            session.list_attributes().unwrap().into_iter().map(|one| (one.name, one.writable)).collect();
        let expected = [("title", writable), ("userType", false), ("Team__c", writable)];
        assert_eq!(told, expected.map(|(name, writable)| (name.to_owned(), writable)), "{rights}");
    }
}

#[test]
fn custom_fields_have_the_kind_of_their_type_and_those_without_a_counterpart_are_left_out() {
    use crate::model::AttributeKind::{Boolean, DateTime, Decimal, Integer, Reference, String};
    let kinds = [
        ("string", Some((String, false))),
        ("textarea", Some((String, false))),
        ("email", Some((String, false))),
        ("phone", Some((String, false))),
        ("url", Some((String, false))),
        ("picklist", Some((String, false))),
        ("combobox", Some((String, false))),
        ("encryptedstring", Some((String, false))),
        ("date", Some((String, false))),
        ("time", Some((String, false))),
        ("multipicklist", Some((String, true))),
        ("boolean", Some((Boolean, false))),
        ("int", Some((Integer, false))),
        ("long", Some((Integer, false))),
        ("double", Some((Decimal, false))),
        ("currency", Some((Decimal, false))),
        ("percent", Some((Decimal, false))),
        ("datetime", Some((DateTime, false))),
        ("reference", Some((Reference, false))),
        ("location", None),
        ("address", None),
        ("", None),
    ];
    let field = |kind: &str| {
        format!(r#"{{"name":"{kind}__c","label":"x","type":"{kind}","length":18,"custom":true,"nillable":true}}"#)
    };
    let fields: Vec<_> = kinds.iter().map(|(kind, _)| field(kind)).collect();
    let script = Script::new();
    let session = session(&script);
    script.composite(&[
        ("sobjects/User/describe", 200, r#"{"fields":[]}"#),
        ("sobjects/Contact/describe", 200, &format!(r#"{{"fields":[{}]}}"#, fields.join(","))),
        ("sobjects/PermissionSetAssignment/describe", 200, r#"{"fields":[]}"#),
    ]);
    let told = session.list_attributes().unwrap();
    let told: Vec<_> = told.iter().map(|one| (one.name.as_str(), one.kind, one.many, one.max_length)).collect();
    let named: Vec<_> = kinds.iter().map(|(kind, as_what)| (format!("Contact.{kind}__c"), as_what)).collect();
    let expected: Vec<_> = named
        .iter()
        .filter_map(|(name, as_what)| {
            as_what.map(|(kind, many)| (name.as_str(), kind, many, (kind == String).then_some(18)))
        })
        .collect();
    assert_eq!(told, expected);
}
