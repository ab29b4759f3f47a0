//! Values that have to be in a list of the organization's own, and fields that only some organizations have.

use super::*;

fn listed(name: &str, values: &[&str]) -> String {
    let values: Vec<String> = values.iter().map(|value| format!(r#"{{"active":true,"value":"{value}"}}"#)).collect();
    format!(
        r#"{{"name":"{name}","type":"picklist","restrictedPicklist":true,"createable":true,"updateable":true,"picklistValues":[{}]}}"#,
        values.join(",")
    )
}

fn record_type(id: &str, name: &str, developer_name: &str, available: bool) -> String {
    format!(
        r#"{{"recordTypeId":"{id}","name":"{name}","developerName":"{developer_name}","active":true,"available":{available},"master":false}}"#
    )
}

/// Describes an organization with lists of states, currencies and record types.
fn described(script: &Script) {
    let user = [
        listed("StateCode", &["CA", "NY"]),
        listed("CountryCode", &["US", "DE"]),
        listed("CurrencyIsoCode", &["EUR", "USD"]),
        listed("DefaultCurrencyIsoCode", &["EUR", "USD"]),
        listed("TimeZoneSidKey", &["GMT", "Europe/Berlin"]),
        listed("LocaleSidKey", &["en_US", "de_DE"]),
        listed("LanguageLocaleKey", &["en_US", "de"]),
    ];
    let types = [
        record_type("0125e000000AaaAAAS", "Customer", "Customer", true),
        record_type("0125e000000BbbAAAS", "Twin", "Twin_1", true),
        record_type("0125e000000CccAAAS", "Twin", "Twin_2", true),
        record_type("0125e000000DddAAAS", "Staff", "Staff", false),
    ];
    let contact = format!(
        r#"{{"fields":[{{"name":"RecordTypeId","type":"reference","createable":true,"updateable":true}}],"recordTypeInfos":[{},{{"recordTypeId":"012000000000000AAA","name":"Master","active":true,"available":true,"master":true}}]}}"#,
        types.join(",")
    );
    script.composite(&[
        ("sobjects/User/describe", 200, &format!(r#"{{"fields":[{}]}}"#, user.join(","))),
        ("sobjects/Contact/describe", 200, &contact),
        ("sobjects/PermissionSetAssignment/describe", 200, r#"{"fields":[]}"#),
    ]);
}

fn ada_with(name: &str, value: &str) -> DesiredUser {
    let mut user = ada();
    user.changes.push(change(name, value));
    user
}

// Each try made a contact and deleted it again.
#[test]
fn a_value_that_is_in_no_list_is_refused_before_anything_is_written() {
    for (name, value, words, remedy) in [
        ("timezone", "Europe/Berln", "\"Europe/Berln\"", "list-attributes"),
        ("timezone", "europe/berlin", "not among its choices", "\"Europe/Berlin\""),
        ("locale", "DE_de", "not among its choices", "\"de_DE\""),
        ("preferredLanguage", "German", "not among its choices", "list-attributes"),
        ("regionCode", "Bavaria", "not among its choices", "list-attributes"),
        ("countryCode", "us", "not among its choices", "\"US\""),
        ("currency", "GBP", "not among its choices", "list-attributes"),
        ("defaultCurrency", "eur", "not among its choices", "\"EUR\""),
        ("contactRecordType", "Partner", "no record type", "\"Customer\", \"Twin\""),
        ("contactRecordType", "Staff", "no record type", "profile of the admin user"),
        ("contactRecordType", "Master", "no record type", "\"Customer\""),
        ("contactRecordType", "twin", "0125e000000BbbAAAS, 0125e000000CccAAAS", "Use one of"),
    ] {
        let script = Script::new();
        let session = session(&script);
        described(&script);
        let error = push_one(&session, ada_with(name, value), &PushMode::Apply).unwrap_err();
        assert_eq!(error.kind, ErrorKind::InvalidValue, "{error:?}");
        assert!(error.message.contains(words), "{error:?}");
        assert!(error.remedy.as_ref().unwrap().contains(remedy), "{error:?}");
    }
}

#[test]
fn a_field_that_the_organization_does_not_have_is_refused_with_where_to_switch_it_on() {
    for (name, remedy) in [
        ("regionCode", "State and Country/Territory Picklists"),
        ("countryCode", "State and Country/Territory Picklists"),
        ("currency", "multiple currencies"),
        ("defaultCurrency", "multiple currencies"),
        ("contactRecordType", "Record Types"),
    ] {
        let script = Script::new();
        let session = session(&script);
        script.composite(&[
            ("sobjects/User/describe", 200, r#"{"fields":[]}"#),
            ("sobjects/Contact/describe", 200, r#"{"fields":[]}"#),
            ("sobjects/PermissionSetAssignment/describe", 200, r#"{"fields":[]}"#),
        ]);
        let error = push_one(&session, ada_with(name, "x"), &PushMode::Apply).unwrap_err();
        assert!(error.message.contains("does not exist in this organization"), "{error:?}");
        assert!(error.remedy.as_ref().unwrap().contains(remedy), "{error:?}");
    }
}

#[test]
fn a_record_type_is_named_by_its_name_its_api_name_or_its_id_and_written_by_its_id() {
    for given in ["Customer", "customer", "0125e000000AaaA", "0125e000000AaaAAAS"] {
        let script = Script::new();
        let session = session(&script);
        described(&script);
        let mut user = known_ada("contactRecordType", Some(given));
        user.grants.clear();
        find_known(&script, ",Contact.RecordTypeId", &[&row("")]);
        find_frozen(&script, USER, &[]);
        let outcome = push_one(&session, user, &PushMode::Plan).unwrap();
        let change = outcome.changes.iter().find(|change| change.field == "RecordTypeId").unwrap();
        assert_eq!((change.object, change.new.as_deref()), ("Contact", Some("0125e000000AaaAAAS")), "{given}");
    }
}
