use super::*;
use crate::operations::Session;
use crate::scripted::{Script, golden, records, settings};

mod changes;
mod full;

const TYPES: &str = "UserType IN ('CspLitePortal','CustomerSuccess','PowerCustomerSuccess','PowerPartner')";
const NONE: &str = r#"{"totalSize":0,"done":true,"records":[]}"#;
/// The script's clock, which counts where an answer has no date.
const NOW: u64 = 1_700_000_000;

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

fn session(script: &Script) -> Session<Script> {
    script.sign_in();
    Session::open(script.clone(), settings()).unwrap_or_else(|error| panic!("{error}"))
}

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
    for (name, value) in &mut settings.values {
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
