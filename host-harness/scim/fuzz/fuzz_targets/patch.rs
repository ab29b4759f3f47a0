//! Any operations are applied or refused, and what is left is a user in the form of the schema.
#![no_main]

use libfuzzer_sys::fuzz_target;
use provisioning_scim::protocol::schema::user;
use provisioning_scim::protocol::{patch, shape};
use serde_json::{Value, json};

fuzz_target!(|body: &[u8]| {
    let Ok(body) = serde_json::from_slice::<Value>(body) else { return };
    let Ok(operations) = patch::parse(&body) else { return };
    let schema = user(None);
    let resource = json!({
        "userName": "ada", "active": true, "name": { "givenName": "Ada" },
        "emails": [{ "value": "a@x.example", "type": "work", "primary": true }],
    });
    let mut document = resource.as_object().expect("an object").clone();
    if patch::apply(&schema, &mut document, &operations).is_ok() {
        let again = shape::document(&schema, &Value::Object(document.clone())).expect("what is left is in form");
        assert_eq!(again, document);
    }
});
