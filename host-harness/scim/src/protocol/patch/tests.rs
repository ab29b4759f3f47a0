#![allow(clippy::needless_pass_by_value, reason = "tables of JSON are written as values")]

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::protocol::schema::{ENTERPRISE, user};

fn patched(document: &Json, operations: Json) -> Result<Json, ScimError> {
    let mut document = document.as_object().unwrap().clone();
    apply(&user(None), &mut document, &parse(&json!({ "Operations": operations }))?)?;
    Ok(Json::Object(document))
}

fn ada() -> Json {
    json!({
        "userName": "ada", "active": true, "name": { "givenName": "Ada", "familyName": "King" },
        "emails": [{ "value": "a@work.example", "type": "work", "primary": true }, { "value": "a@home.example", "type": "home" }],
        ENTERPRISE: { "department": "Engines" },
    })
}

/// The operations, and what differs afterwards: the value at a JSON pointer, `None` if nothing is there.
fn leads_to(operations: Json, pointer: &str, expected: Option<Json>) {
    let patched = patched(&ada(), operations.clone()).unwrap_or_else(|error| panic!("{operations}: {error}"));
    assert_eq!(patched.pointer(pointer), expected.as_ref(), "{operations}: {patched}");
}

#[test]
fn each_operation_does_what_the_rfc_says() {
    let department = format!("{ENTERPRISE}:department");
    let under = format!("/{ENTERPRISE}/department");
    for (operations, pointer, expected) in [
        (json!([{ "op": "replace", "path": "userName", "value": "eve" }]), "/userName", Some(json!("eve"))),
        (json!([{ "op": "add", "path": "title", "value": "Countess" }]), "/title", Some(json!("Countess"))),
        (json!([{ "op": "remove", "path": "name.givenName" }]), "/name", Some(json!({ "familyName": "King" }))),
        (
            json!([{ "op": "replace", "path": "name", "value": { "givenName": "A" } }]),
            "/name/familyName",
            Some(json!("King")),
        ),
        (json!([{ "op": "remove", "path": "name" }]), "/name", None),
        (json!([{ "op": "replace", "path": "title", "value": "" }]), "/title", None),
        (
            json!([{ "op": "add", "path": "emails", "value": [{ "value": "x@x.example" }] }]),
            "/emails/2/value",
            Some(json!("x@x.example")),
        ),
        (
            json!([{ "op": "add", "path": "emails", "value": { "value": "x@x.example", "primary": true } }]),
            "/emails/0/primary",
            None,
        ),
        (
            json!([{ "op": "add", "path": "emails", "value": { "value": "a@home.example", "type": "home" } }]),
            "/emails/2",
            None,
        ),
        (json!([{ "op": "replace", "path": "emails", "value": [{ "value": "x@x.example" }] }]), "/emails/1", None),
        (
            json!([{ "op": "replace", "path": "emails[type eq \"home\"].value", "value": "h@x.example" }]),
            "/emails/1/value",
            Some(json!("h@x.example")),
        ),
        (
            json!([{ "op": "replace", "path": "emails[type eq \"other\"].value", "value": "o@x.example" }]),
            "/emails/2",
            Some(json!({ "type": "other", "value": "o@x.example" })),
        ),
        (
            json!([{ "op": "remove", "path": "emails[type eq \"work\"]" }]),
            "/emails",
            Some(json!([{ "value": "a@home.example", "type": "home" }])),
        ),
        (json!([{ "op": "remove", "path": "emails[type eq \"none\"]" }]), "/emails/1/type", Some(json!("home"))),
        (
            json!([{ "op": "replace", "path": "emails[type eq \"home\"].primary", "value": true }]),
            "/emails/0/primary",
            None,
        ),
        (json!([{ "op": "replace", "path": "emails.type", "value": "other" }]), "/emails/1/type", Some(json!("other"))),
        (json!([{ "op": "replace", "path": department, "value": "Looms" }]), &under, Some(json!("Looms"))),
        (
            json!([{ "op": "replace", "path": ENTERPRISE, "value": { "department": "Looms" } }]),
            &under,
            Some(json!("Looms")),
        ),
        (json!([{ "op": "remove", "path": ENTERPRISE }]), &format!("/{ENTERPRISE}"), None),
        (json!([{ "op": "remove", "path": department }]), &format!("/{ENTERPRISE}"), None),
    ] {
        leads_to(operations, pointer, expected);
    }
}

#[test]
fn what_cannot_be_done_is_refused_with_the_rfcs_keyword() {
    for (operations, kind) in [
        (json!([]), ScimType::InvalidSyntax),
        (json!(["x"]), ScimType::InvalidSyntax),
        (json!([{ "op": "move", "path": "title" }]), ScimType::InvalidSyntax),
        (json!([{ "op": "add", "value": "x" }]), ScimType::InvalidSyntax),
        (json!([{ "op": "remove" }]), ScimType::NoTarget),
        (json!([{ "op": "add", "path": 7, "value": "x" }]), ScimType::InvalidPath),
        (json!([{ "op": "add", "path": "emails[", "value": "x" }]), ScimType::InvalidPath),
        (json!([{ "op": "add", "path": "emails[type]", "value": "x" }]), ScimType::InvalidFilter),
        (json!([{ "op": "replace", "path": "id", "value": "x" }]), ScimType::Mutability),
        (json!([{ "op": "add", "path": "groups", "value": [{ "value": "g" }] }]), ScimType::Mutability),
        (json!([{ "op": "replace", "path": "meta.created", "value": "x" }]), ScimType::Mutability),
        (json!([{ "op": "replace", "path": "active", "value": "perhaps" }]), ScimType::InvalidValue),
        (json!([{ "op": "replace", "path": "emails[value co \"nobody\"].type", "value": "x" }]), ScimType::NoTarget),
    ] {
        let error = patched(&ada(), operations.clone()).unwrap_err();
        assert_eq!((error.status, error.kind), (400, Some(kind)), "{operations}: {error}");
    }
}

#[test]
fn operations_that_compare_without_end_are_refused() {
    let emails: Vec<Json> = (0..1000).map(|n| json!({ "value": format!("a{n}@x.example") })).collect();
    let document = json!({ "userName": "ada", "emails": emails });
    let one = json!({ "op": "replace", "path": "emails[value ew \"x\" or type pr].display", "value": "x" });
    let few = patched(&document, json!([one]));
    assert_eq!(few.unwrap_err().kind, Some(ScimType::NoTarget));
    let found = json!({ "op": "replace", "path": "emails[value pr].display", "value": "x" });
    let error = patched(&document, Json::Array(vec![found; 200])).unwrap_err();
    assert_eq!(error.kind, Some(ScimType::TooMany), "{error}");
    let many = vec![json!({ "op": "add", "path": "title", "value": "x" }); MOST_OPERATIONS + 1];
    assert_eq!(patched(&document, Json::Array(many)).unwrap_err().kind, Some(ScimType::InvalidSyntax));
}

proptest! {
    #[test]
    fn whatever_is_applied_leaves_a_resource_in_form(
        operations in proptest::collection::vec(
            (
                prop_oneof![Just("add"), Just("Replace"), Just("remove")],
                prop_oneof![
                    Just("userName"), Just("emails"), Just("emails.value"), Just("emails[type eq \"work\"]"),
                    Just("emails[not (primary eq true)].value"), Just("name"), Just("name.givenName"), Just("active"),
                    Just(ENTERPRISE), Just("manager"), Just("manager.value"), Just("unknown"), Just("unknown[x pr].y")
                ],
                prop_oneof![
                    Just(json!(null)), Just(json!("x")), Just(json!(true)), Just(json!(7)), Just(json!([])), Just(json!({})),
                    Just(json!(["a", { "value": "b", "type": "work", "primary": true }])),
                    Just(json!({ "givenName": "G", "department": "D", "value": "v", "type": "home" }))
                ],
            ),
            1..8,
        )
    ) {
        let operations: Vec<Json> =
            operations.into_iter().map(|(op, path, value)| json!({ "op": op, "path": path, "value": value })).collect();
        if let Ok(patched) = patched(&ada(), Json::Array(operations)) {
            let again = crate::protocol::shape::document(&user(None), &patched);
            prop_assert_eq!(again.map(Json::Object), Ok(patched));
        }
    }
}
