//! The table.

mod org;
mod people;

use serde_json::{Value, json};

use super::world::{Case, Step};

const VOLUME: &str = "sobjects/User/{User WHERE Username = 'volume@new.example.com'}";
const MEMBER: &str = "sobjects/User/{User WHERE Username = 'member@new.example.com'}";
const ADMIN: &str = "sobjects/User/{User WHERE Username = '<admin>'}";
const INTEGRITY: &str = "FIELD_INTEGRITY_EXCEPTION";

/// A case about one REST request that is refused with 400.
fn case(name: &'static str, confidence: char, request: Step, code: &'static str, message: &str, fields: Value) -> Case {
    let (message, switches) = (message.to_owned(), json!({}));
    Case {
        name,
        confidence,
        users: 40,
        switches,
        before: Vec::new(),
        request,
        status: 400,
        code,
        message,
        fields,
        record: None,
    }
}

impl Case {
    fn with(mut self, switches: Value) -> Self {
        self.switches = switches;
        self
    }

    fn after(mut self, before: impl IntoIterator<Item = Step>) -> Self {
        self.before = before.into_iter().collect();
        self
    }

    fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    fn record(mut self, record: usize) -> Self {
        (self.record, self.status) = (Some(record), 200);
        self
    }

    fn users(mut self, users: u32) -> Self {
        self.users = users;
        self
    }
}

fn post(path: &str, body: Value) -> Step {
    Step::Call("POST", path.to_owned(), body)
}

fn patch(path: &str, body: Value) -> Step {
    Step::Call("PATCH", path.to_owned(), body)
}

fn get(path: &str) -> Step {
    Step::Call("GET", path.to_owned(), Value::Null)
}

/// A create of a portal user for the spare contact, with changes: null takes a field out.
fn new_user(profile: &str, changes: Value) -> Step {
    let mut body = json!({
        "Username": "new@new.example.com", "Email": "new@new.example.com", "LastName": "New", "Alias": "new",
        "CommunityNickname": "newnick", "TimeZoneSidKey": "Europe/London", "LocaleSidKey": "en_GB",
        "EmailEncodingKey": "UTF-8", "LanguageLocaleKey": "en_US",
        "ProfileId": format!("{{Profile WHERE Name = '{profile}'}}"), "ContactId": "{Contact WHERE LastName = 'Spare'}",
    });
    let (Value::Object(changes), Value::Object(map)) = (changes, &mut body) else { unreachable!("both are objects") };
    for (name, value) in changes {
        if value.is_null() {
            map.remove(&name);
        } else {
            map.insert(name, value);
        }
    }
    post("sobjects/User", body)
}

fn portal_user(changes: Value) -> Step {
    new_user("Customer Community User", changes)
}

fn internal_user(changes: Value) -> Step {
    let mut all = changes;
    all["ContactId"] = Value::Null;
    new_user("Standard User", all)
}

fn profile_change(user: &str, profile: &str) -> Step {
    patch(user, json!({"ProfileId": format!("{{Profile WHERE Name = '{profile}'}}")}))
}

fn group_member(username: &str) -> Step {
    let user = format!("{{User WHERE Username = '{username}@new.example.com'}}");
    post(
        "sobjects/GroupMember",
        json!({"GroupId": "{Group WHERE DeveloperName = 'Portal_Managers'}", "UserOrGroupId": user}),
    )
}

fn assign(set: &str) -> Step {
    let set = format!("{{PermissionSet WHERE Name = '{set}'}}");
    let user = "{User WHERE Username = 'volume@new.example.com'}";
    post("sobjects/PermissionSetAssignment", json!({"AssigneeId": user, "PermissionSetId": set}))
}

/// An assignment of whatever the fields name.
fn assign_by(fields: Value) -> Step {
    let mut body = fields;
    body["AssigneeId"] = json!("{User WHERE Username = 'volume@new.example.com'}");
    post("sobjects/PermissionSetAssignment", body)
}

fn assign_group(group: &str) -> Step {
    assign_by(json!({"PermissionSetGroupId": format!("{{PermissionSetGroup WHERE DeveloperName = '{group}'}}")}))
}

fn password(password: &str) -> Step {
    post(&format!("{VOLUME}/password"), json!({"NewPassword": password}))
}

fn disabled() -> Step {
    patch(VOLUME, json!({"IsPortalEnabled": false}))
}

pub(crate) fn all() -> Vec<Case> {
    [
        people::fields(),
        people::usernames(),
        people::people(),
        people::roles(),
        people::licences(),
        org::access(),
        org::lifecycle(),
        org::records(),
        org::passwords(),
        org::limits(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
