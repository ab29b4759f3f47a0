//! A console with an emulated org as the application `acme`, and what a reader of its pages looks for.

use std::time::{Duration, Instant};

use provisioning_directory::config::TenantsFile;
use provisioning_directory::sync::intents;
use provisioning_directory::{
    Actor, Directory, DirectoryError, GrantName, NewAssignment, NewPerson, TenantRecord, WriteTransaction,
};
use provisioning_runtime::Secret;
use salesforce_emulator::Emulator;
use serde_json::Value as Json;

use crate::support::{Browser, Page, World, org};

pub(crate) struct Site {
    pub(crate) emulator: Emulator,
    pub(crate) world: World,
    pub(crate) browser: Browser,
}

impl Site {
    /// With so many portal users in the org, everything that writes switched on, and these settings over that, as TOML.
    pub(crate) async fn start(users: u32, seed: u64, settings: &str) -> Self {
        let (emulator, org) = org(users, seed).await;
        let world = World::new().await;
        let text = format!(
            "[tenants.acme.settings]\ninstance-type = \"my-domain\"\nmy-domain = \"{}\"\nusername = \"{}\"\norganization-id = \"{}\"\nportal-id = \"{}\"\naccount-id = \"{}\"\n[tenants.acme.egress]\nloopback = [{}]\n{settings}",
            org.url,
            org.username,
            org.organization_id,
            org.portal_id,
            org.account_id,
            org.url.rsplit(':').next().unwrap()
        );
        let file = world.folder.path().join("tenants.toml");
        std::fs::write(&file, text).unwrap();
        let mut config = TenantsFile::read(&file).unwrap().tenant("acme").unwrap().clone();
        let on = &mut config.to_app;
        (on.push_new_users, on.push_profile_updates, on.push_user_deactivation, on.sync_password) =
            (true, true, true, true);
        let site = Self { emulator, browser: world.browser(), world };
        site.write(|change| {
            let tenant = change.add_tenant("acme", &config)?;
            change.set_secret(&tenant, "password", Some(&Secret::new(org.password.clone())))?;
            change.set_secret(&tenant, "security-token", Some(&Secret::new(org.security_token.clone())))
        });
        site
    }

    pub(crate) fn directory(&self) -> &Directory {
        &self.world.directory
    }

    pub(crate) fn write<T>(&self, work: impl Fn(&WriteTransaction<'_>) -> Result<T, DirectoryError>) -> T {
        self.directory().write(&Actor::new("tester"), work).unwrap()
    }

    pub(crate) fn tenant(&self) -> TenantRecord {
        self.world.tenant("acme")
    }

    /// Adds a person with names and an e-mail address.
    pub(crate) fn person(&self, key: &str) {
        let username = format!("{}@lighthouse.example", key.to_lowercase());
        let new = NewPerson::new(key, &username)
            .with("givenName", key)
            .with("familyName", "Tester")
            .with("email", username.as_str());
        self.write(|change| change.add_person(&new));
    }

    /// Assigns a person as a command does, whether it fits or not.
    pub(crate) fn assign(&self, key: &str, grants: &[(&str, &str)]) {
        let tenant = self.tenant();
        let named = |(kind, name): &(&str, &str)| GrantName { kind: (*kind).to_owned(), name: (*name).to_owned() };
        let new = NewAssignment { grants: grants.iter().map(named).collect(), ..NewAssignment::default() };
        self.write(|change| intents::assign(change, &tenant, &change.person(key)?, &new));
    }

    /// What a query finds in the org, looked at from behind the API.
    pub(crate) fn query(&self, soql: &str) -> Vec<Json> {
        self.emulator.query(soql).unwrap().as_array().unwrap().clone()
    }

    pub(crate) fn count(&self, object: &str) -> usize {
        self.query(&format!("SELECT Id FROM {object}")).len()
    }

    /// A page that must be there.
    pub(crate) async fn get(&self, path: &str) -> Page {
        self.browser.get(path).await.expect(200)
    }

    /// Sends a form that must be taken, and gives the page that follows.
    pub(crate) async fn submit(&self, path: &str, fields: &[(&str, &str)]) -> Page {
        let answer = self.browser.post(path, fields).await.expect(303);
        self.get(answer.location()).await
    }

    /// The page once no job of the application runs any more.
    pub(crate) async fn settled(&self, path: &str) -> Page {
        let start = Instant::now();
        loop {
            let page = self.get(path).await;
            if !page.text.contains("id=\"job-progress\"") {
                return page;
            }
            assert!(start.elapsed() < Duration::from_secs(60), "{page:?}");
            tokio::task::yield_now().await;
        }
    }
}

/// What a reader looks for on a page.
pub(crate) trait Read: Sized {
    /// Asserts that the page's source has none of it.
    fn hides(self, text: &str) -> Self;
    /// The control of a field: everything from its id to the end of its list or group.
    fn field(&self, id: &str) -> String;
    /// A choice by the start of its label, in a list or among boxes: its value, whether it is locked, and its words.
    fn choice(&self, id: &str, label: &str) -> (String, bool, String);
}

impl Read for Page {
    #[track_caller]
    fn hides(self, text: &str) -> Self {
        assert!(!self.text.contains(text), "`{text}` is in: {self:?}");
        self
    }

    #[track_caller]
    fn field(&self, id: &str) -> String {
        let start = self.text.find(&format!("id=\"{id}\"")).unwrap_or_else(|| panic!("no {id} in {self:?}"));
        let rest = &self.text[start..];
        let end = ["</select>", "</fieldset>", "</textarea>"].iter().filter_map(|end| rest.find(end)).min();
        rest[..end.unwrap_or(rest.len())].to_owned()
    }

    #[track_caller]
    fn choice(&self, id: &str, label: &str) -> (String, bool, String) {
        let field = self.field(id);
        for part in field.split("value=\"").skip(1) {
            let (value, rest) = part.split_once('"').unwrap();
            let (attributes, words) = rest.split_once('>').unwrap();
            let mut text = String::new();
            for piece in words.split('<') {
                text.push_str(piece.split_once('>').map_or(piece, |(_, text)| text));
                text.push(' ');
            }
            let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
            if words.starts_with(label) {
                return (value.to_owned(), attributes.contains("disabled"), words);
            }
        }
        panic!("no choice `{label}` in {field}")
    }
}
