//! Any text is a filter or is refused, and what is a filter can be tried on a user.
#![no_main]

use libfuzzer_sys::fuzz_target;
use provisioning_scim::protocol::filter::{Subject, matches, parse};
use provisioning_scim::protocol::schema::user;
use serde_json::json;

fuzz_target!(|text: &str| {
    if let Ok(filter) = parse(text) {
        let schema = user(None);
        let resource = json!({
            "id": "1", "userName": "ada", "active": true, "name": { "givenName": "Ada" },
            "emails": [{ "value": "a@x.example", "type": "work" }],
        });
        let _ = matches(&filter, Subject { schema: &schema, resource: resource.as_object().expect("an object") });
    }
});
