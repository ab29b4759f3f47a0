//! What clients really send, client by client: the request as its documentation or source has it, and what comes of it.
#![allow(clippy::needless_pass_by_value, reason = "tables of JSON are written as values")]

use serde_json::{Map, Value as Json, json};

use super::filter::{self, Subject};
use super::patch;
use super::schema::{ENTERPRISE, Resource, group, user};
use super::shape;

/// What a client does to a resource.
enum Sends {
    /// A whole resource: POST, or PUT.
    Whole(Json),
    /// A PATCH.
    Patch(Json),
    /// A search, and whether it finds the resource.
    Filter(&'static str, bool),
}

struct Row {
    client: &'static str,
    what: &'static str,
    sends: Sends,
    /// Where to look afterwards, and what is there.
    at: &'static str,
    is: Option<Json>,
}

fn row(client: &'static str, what: &'static str, sends: Sends, at: &'static str, is: Option<Json>) -> Row {
    Row { client, what, sends, at, is }
}

fn operations(operations: Json) -> Sends {
    Sends::Patch(json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations }))
}

const DEPARTMENT: &str = "/urn:ietf:params:scim:schemas:extension:enterprise:2.0:User/department";
const MANAGER: &str = "/urn:ietf:params:scim:schemas:extension:enterprise:2.0:User/manager/value";

fn users() -> Vec<Row> {
    use Sends::{Filter, Whole};
    vec![
        row(
            "Okta",
            "deactivates without a path",
            operations(json!([{ "op": "replace", "value": { "active": false } }])),
            "/active",
            Some(json!(false)),
        ),
        row(
            "Okta",
            "sends the whole user by PUT, with its id",
            Whole(
                json!({ "schemas": [], "id": "x", "userName": "ada", "active": false, "groups": [], "meta": { "resourceType": "User" } }),
            ),
            "/active",
            Some(json!(false)),
        ),
        row(
            "Okta",
            "sends a password with a new user",
            Whole(json!({ "userName": "ada", "password": "t1Xwd", "active": true })),
            "/password",
            Some(json!("t1Xwd")),
        ),
        row(
            "Okta",
            "sends empty texts for what is empty",
            Whole(json!({ "userName": "ada", "title": "", "emails": [{ "value": "" }] })),
            "/title",
            None,
        ),
        row(
            "Okta",
            "sends entitlements by value, display and type",
            Whole(
                json!({ "userName": "ada", "entitlements": [{ "value": "p1", "display": "Portal", "type": "profile" }] }),
            ),
            "/entitlements/0/type",
            Some(json!("profile")),
        ),
        row("Okta", "searches by userName", Filter("userName eq \"ADA@example.com\"", true), "", None),
        row(
            "Entra",
            "sends operations with capital letters",
            operations(json!([{ "op": "Replace", "path": "displayName", "value": "A" }])),
            "/displayName",
            Some(json!("A")),
        ),
        row(
            "Entra",
            "sends a flag as a text",
            operations(json!([{ "op": "Replace", "path": "active", "value": "False" }])),
            "/active",
            Some(json!(false)),
        ),
        row(
            "Entra",
            "sends a flag as a text without a path",
            operations(json!([{ "op": "replace", "value": { "active": "False" } }])),
            "/active",
            Some(json!(false)),
        ),
        row(
            "Entra",
            "names sub-attributes with dots in a value",
            operations(json!([{ "op": "add", "value": { "name.givenName": "Grace", "name.familyName": "Hopper" } }])),
            "/name",
            Some(json!({ "givenName": "Grace", "familyName": "Hopper" })),
        ),
        row(
            "Entra",
            "names an extension's attribute in a value",
            operations(
                json!([{ "op": "replace", "value": { "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department": "D2" } }]),
            ),
            DEPARTMENT,
            Some(json!("D2")),
        ),
        row(
            "Entra",
            "sets the value of a filtered address",
            operations(json!([{ "op": "Add", "path": "addresses[type eq \"work\"].locality", "value": "London" }])),
            "/addresses/0",
            Some(json!({ "type": "work", "locality": "London" })),
        ),
        row(
            "Entra",
            "sends filtered paths as keys of a value",
            operations(json!([{ "op": "add", "value": { "phoneNumbers[type eq \"mobile\"].value": "+44 1" } }])),
            "/phoneNumbers/0",
            Some(json!({ "type": "mobile", "value": "+44 1" })),
        ),
        row(
            "Entra",
            "sends the manager as a text",
            operations(
                json!([{ "op": "Add", "path": "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager", "value": "m7" }]),
            ),
            MANAGER,
            Some(json!("m7")),
        ),
        row(
            "Entra",
            "sends the parts of names with capital letters",
            Whole(json!({ "userName": "a", "emails": [{ "Primary": true, "type": "work", "value": "w@x.example" }] })),
            "/emails/0/primary",
            Some(json!(true)),
        ),
        row("Entra", "sends empty roles", Whole(json!({ "userName": "a", "roles": [] })), "/roles", None),
        row(
            "Entra",
            "searches for a random id as a probe",
            Filter("userName eq \"a64fc0b4-1b3c-4b0e-9e5f-2d7e4f1a9c11\"", false),
            "",
            None,
        ),
        row(
            "Entra",
            "joins two conditions",
            Filter("userName eq \"ada@example.com\" and externalId eq \"E1\"", true),
            "",
            None,
        ),
        row(
            "authentik",
            "sends everything by PUT",
            Whole(
                json!({ "userName": "ada", "name": { "formatted": "Ada", "givenName": "Ada", "familyName": " " }, "photos": [], "locale": null }),
            ),
            "/name/formatted",
            Some(json!("Ada")),
        ),
        row("Rauthy", "searches by externalId", Filter("externalId eq \"E1\"", true), "", None),
        row("Rauthy", "takes the externalId away by PUT", Whole(json!({ "userName": "ada" })), "/externalId", None),
        row(
            "Canaille",
            "sends attributes of extensions and a preferred address",
            Whole(
                json!({ "userName": "ada", "emails": [{ "primary": true, "value": "c@x.example" }], ENTERPRISE: { "department": "Looms" } }),
            ),
            DEPARTMENT,
            Some(json!("Looms")),
        ),
        row(
            "Microsoft's collection",
            "leaves a template in the externalId",
            Whole(json!({ "userName": "ada", "externalId": "${__UUID}" })),
            "/externalId",
            None,
        ),
        row(
            "Microsoft's collection",
            "leaves the quotation marks out",
            Filter("name.FamilyName eq King and (emails.Value co example.com or emails.Value co example.org)", true),
            "",
            None,
        ),
    ]
}

fn groups() -> Vec<Row> {
    use Sends::Whole;
    vec![
        row(
            "Okta",
            "renames with the id in the value",
            operations(json!([{ "op": "replace", "value": { "id": "g1", "displayName": "New" } }])),
            "/displayName",
            Some(json!("New")),
        ),
        row(
            "Okta",
            "adds members",
            operations(json!([{ "op": "add", "path": "members", "value": [{ "value": "u2", "display": "Eve" }] }])),
            "/members/1/value",
            Some(json!("u2")),
        ),
        row(
            "Okta",
            "removes a member by a filter",
            operations(json!([{ "op": "remove", "path": "members[value eq \"u1\"]" }])),
            "/members",
            None,
        ),
        row(
            "Okta",
            "replaces all members",
            operations(json!([{ "op": "replace", "path": "members", "value": [{ "value": "u9" }] }])),
            "/members",
            Some(json!([{ "value": "u9" }])),
        ),
        row(
            "Entra",
            "removes members by a list of values",
            operations(json!([{ "op": "Remove", "path": "members", "value": [{ "value": "u1" }] }])),
            "/members",
            None,
        ),
        row(
            "Entra",
            "names a schema that is unknown",
            Whole(
                json!({ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group", "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"], "displayName": "G" }),
            ),
            "/displayName",
            Some(json!("G")),
        ),
        row(
            "authentik",
            "changes without a path",
            operations(json!([{ "op": "replace", "value": { "id": "g1", "displayName": "G2", "externalId": "e" } }])),
            "/displayName",
            Some(json!("G2")),
        ),
        row(
            "authentik",
            "sends an operation for each member",
            operations(
                json!([{ "op": "add", "path": "members", "value": [{ "value": "u2" }] }, { "op": "add", "path": "members", "value": [{ "value": "u3" }] }]),
            ),
            "/members/2/value",
            Some(json!("u3")),
        ),
        row(
            "Rauthy",
            "adds one member in a request",
            operations(json!([{ "op": "add", "path": "members", "value": { "value": "u2" } }])),
            "/members/1/value",
            Some(json!("u2")),
        ),
        row(
            "Canaille",
            "sends all members by PUT",
            Whole(
                json!({ "displayName": "G", "members": [{ "value": "u1", "type": "User", "$ref": "https://x/Users/u1" }] }),
            ),
            "/members/0/value",
            Some(json!("u1")),
        ),
        row(
            "Keycloak's extensions",
            "send full lists in a PATCH",
            operations(json!([{ "op": "replace", "value": { "displayName": "G", "members": [{ "value": "u5" }] } }])),
            "/members",
            Some(json!([{ "value": "u5" }])),
        ),
        row(
            "Microsoft's collection",
            "gives a member another name and a member that is a text",
            operations(
                json!([{ "name": "addMember", "op": "add", "path": "members", "value": [{ "displayName": "new User", "value": "u2" }] }, { "op": "add", "path": "members", "value": "u3" }]),
            ),
            "/members/1/display",
            Some(json!("new User")),
        ),
    ]
}

fn check(schema: &Resource, before: &Map<String, Json>, row: Row) {
    let Row { client, what, sends, at, is } = row;
    let after = match sends {
        Sends::Whole(sent) => shape::document(schema, &sent),
        Sends::Patch(body) => patch::parse(&body).and_then(|operations| {
            let mut document = before.clone();
            patch::apply(schema, &mut document, &operations).map(|()| document)
        }),
        Sends::Filter(text, finds) => {
            let found =
                filter::parse(text).and_then(|filter| filter::matches(&filter, Subject { schema, resource: before }));
            assert_eq!(found, Ok(finds), "{client} {what}: {text}");
            return;
        }
    };
    let after = Json::Object(after.unwrap_or_else(|error| panic!("{client} {what}: {error}")));
    assert_eq!(after.pointer(at), is.as_ref(), "{client} {what}: {after}");
}

#[test]
fn every_form_that_clients_send_of_users_is_understood() {
    let before = json!({
        "userName": "ada@example.com", "externalId": "E1", "active": true, "name": { "familyName": "King" },
        "emails": [{ "value": "ada@example.com" }], ENTERPRISE: { "department": "D1" },
    });
    users().into_iter().for_each(|row| check(&user(None), before.as_object().unwrap(), row));
}

#[test]
fn every_form_that_clients_send_of_groups_is_understood() {
    let before = json!({ "displayName": "Old", "members": [{ "value": "u1" }] });
    groups().into_iter().for_each(|row| check(&group(), before.as_object().unwrap(), row));
}
