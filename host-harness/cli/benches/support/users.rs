//! An application that is a number of users and answers at once, so that what is measured is the directory.

use provisioning_directory::config::ComponentChoice;
use provisioning_directory::sync::{Applications, Declared, SyncError};
use provisioning_runtime::wit::{
    Abandoned, Action, AttributeDefinition, Deactivation, Descriptor, DesiredUser, EntitlementPage, Error, ErrorKind,
    FieldChange, ImportPage, ImportQuery, ImportScope, Outcome, PushMode, Retry, Status, User, Value,
};
use provisioning_runtime::{Application, JobError, Results, Secret, Spent, Tenant};

/// The attributes of its users.
const NAMES: [&str; 4] = ["email", "givenName", "familyName", "title"];

/// Applications whose users are as many as the setting `users` says.
pub(crate) struct Users;

/// So many users.
pub(crate) struct Count(u32);

/// The username of a user, and of a person that it matches.
pub(crate) fn username(number: u32) -> String {
    format!("person-{number}@bench.example")
}

impl Applications for Users {
    type Application = Count;

    async fn declared(&self, _: &ComponentChoice) -> Result<Declared, SyncError> {
        Ok(Declared { is_embedded: true, ..Declared::default() })
    }

    async fn connect(&self, tenant: &Tenant, _: &ComponentChoice) -> Result<Count, SyncError> {
        Ok(Count(tenant.settings["users"].parse().unwrap()))
    }
}

fn unsupported<T>() -> Result<T, JobError> {
    Err(JobError::from(Error {
        kind: ErrorKind::Unsupported,
        message: "it only has users to read".to_owned(),
        remedy: None,
        retry: Retry::Never,
        upstream: None,
    }))
}

fn user(number: u32) -> User {
    // Some share their names with others: of 100,000 two each, of a million twenty.
    let (given, family) = (format!("Given{}", number % 50), format!("Family{}", number % 1_009));
    let values = [username(number), given, family, "Engineer".to_owned()];
    User {
        id: format!("U{number:07}"),
        username: username(number),
        status: Status::Active,
        modified: String::new(),
        values: values.map(|text| Some(Value::Text(text))).to_vec(),
        grants: Vec::new(),
    }
}

impl Application for Count {
    async fn describe(&mut self) -> Result<Descriptor, JobError> {
        unsupported()
    }

    async fn list_attributes(&mut self) -> Result<Vec<AttributeDefinition>, JobError> {
        unsupported()
    }

    async fn list_entitlements(&mut self, _: &str, _: Option<&str>) -> Result<EntitlementPage, JobError> {
        unsupported()
    }

    async fn import_users(&mut self, query: &ImportQuery) -> Result<ImportPage, JobError> {
        let first = match &query.scope {
            ImportScope::Resume(cursor) => cursor.parse().unwrap(),
            _ => 0,
        };
        let last = self.0.min(first + query.page_size);
        Ok(ImportPage {
            attributes: NAMES.map(str::to_owned).to_vec(),
            users: (first..last).map(user).collect(),
            departed: Vec::new(),
            next: (last < self.0).then(|| last.to_string()),
            watermark: None,
        })
    }

    /// Makes everybody anew, with a change for each attribute and twenty more, which is what a new user of Salesforce has.
    async fn push_users(&mut self, users: &[DesiredUser], _: &PushMode) -> Result<Results<Outcome>, JobError> {
        let change =
            |field: String, new: Option<String>| FieldChange { object: "User".to_owned(), field, old: None, new };
        let made = |user: &DesiredUser| {
            let named = [("Username".to_owned(), user.username.clone())].into_iter();
            let filled = (0..20).map(|number| (format!("Field{number}__c"), format!("value {number} of {}", user.key)));
            Ok(Outcome {
                id: Some(format!("P{}", user.key)),
                action: Action::Created,
                changes: named.chain(filled).map(|(field, value)| change(field, Some(value))).collect(),
                side_effects: Vec::new(),
                digest: user.key.clone(),
            })
        };
        Ok(users.iter().map(made).collect())
    }

    async fn deactivate_users(
        &mut self,
        _: &[String],
        _: Deactivation,
        _: &PushMode,
    ) -> Result<Results<Outcome>, JobError> {
        unsupported()
    }

    async fn take_back_users(
        &mut self,
        _: &[Abandoned],
        _: Deactivation,
        _: &PushMode,
    ) -> Result<Results<Outcome>, JobError> {
        unsupported()
    }

    async fn reactivate_users(&mut self, _: &[String], _: &PushMode) -> Result<Results<Outcome>, JobError> {
        unsupported()
    }

    async fn sync_passwords(&mut self, _: &[(String, Secret)]) -> Result<Results<()>, JobError> {
        unsupported()
    }

    async fn spent(&mut self) -> Spent {
        Spent::default()
    }
}
