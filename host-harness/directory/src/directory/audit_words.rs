//! Rows of the audit trail in words: a sentence that says who did what to whom, and only what is different.

use serde_json::{Map, Value as Json, json};

use super::AuditEntry;
use crate::config::TenantConfig;

/// One thing that an action made different.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Its name; of what lies deeper, the names from the outside in with dots between them. Empty for a value that has no name.
    pub name: String,
    /// What it was.
    pub old: Option<String>,
    /// What it is.
    pub new: Option<String>,
}

/// Switches that people know by a title.
const TITLES: &[(&str, &str)] = &[
    ("to-app.push-new-users", "Push New Users"),
    ("to-app.push-profile-updates", "Push Profile Updates"),
    ("to-app.push-user-deactivation", "Push User Deactivation"),
    ("to-app.sync-password", "Sync Password"),
    ("to-app.approval", "Approval of pushes"),
    ("to-idp.import-new-users", "Import New Users"),
    ("to-idp.import-profile-updates", "Import Profile Updates"),
    ("to-idp.mastering.profile", "Source of profiles"),
    ("to-idp.mastering.lifecycle", "Source of status"),
    ("paused", "Pause of the API integration"),
];

/// What is said of an action: between who and whom, and behind them. `{tenant}` and `{person}` stand for names.
const SENTENCES: &[(&str, &str)] = &[
    ("person.add", "added {person}"),
    ("person.remove", "removed {person} for good"),
    ("assignment.add", "assigned {person} to {tenant}"),
    ("assignment.edit", "changed what {person} holds in {tenant}"),
    ("assignment.remove", "took {person} out of {tenant}"),
    ("link.add", "found the user of {person} in {tenant}"),
    ("link.confirm", "confirmed whose user it is in {tenant}: {person}"),
    ("link.remove", "unlinked {person} from its user in {tenant}"),
    ("claim.reject", "said that a user of {tenant} is not {person}'s"),
    ("import.ignore", "left a user of {tenant} alone"),
    ("import.refuse", "could not take over a user of {tenant}"),
    ("plan.discard", "gave up a plan of {tenant}"),
    ("task.retry", "had a task for {person} in {tenant} tried again"),
    ("tenant.add", "added {tenant}"),
    ("tenant.remove", "removed {tenant}"),
    ("user.push", "pushed {person} to {tenant}"),
    ("user.deactivate", "took the user of {person} in {tenant} out of use"),
    ("user.reactivate", "put the user of {person} in {tenant} back into use"),
    ("user.password", "set the password of {person} in {tenant}"),
    ("component.add", "added a component"),
    ("component.remove", "removed a component"),
    ("component.approve", "approved what a component does with secrets"),
    ("component.take-back-approval", "took the approval of a component back"),
    ("person.set-password", "asked for a new password of {person}"),
    ("person.erase", "erased what was kept about somebody"),
    ("key.rotate", "had the key of the sealed secrets replaced"),
    ("key.lost", "gave up the key of the sealed secrets"),
    ("console.sign-in", "signed in to the console"),
    ("console.sign-in-failed", "could not sign in to the console"),
    ("console.sign-out", "signed out of the console"),
    ("console.end-session", "ended somebody's session of the console"),
    ("console.set-password", "set an admin's password"),
    ("console.remove-admin", "removed an admin"),
    ("directory.prune", "took old history away"),
    ("scim.client.add", "added a SCIM client of {tenant}"),
    ("scim.client.edit", "changed a SCIM client of {tenant}"),
    ("scim.client.remove", "removed a SCIM client of {tenant}"),
    ("scim.token.add", "made a token for a SCIM client of {tenant}"),
    ("scim.token.revoke", "ended a token of a SCIM client of {tenant}"),
    ("scim.group.map", "said what a SCIM group gives in {tenant}"),
];

/// Names that a sentence lists before it counts them.
const NAMED: usize = 3;

impl AuditEntry {
    /// What was done, in a sentence: *ada switched Sync Password off for acme*.
    pub fn sentence(&self) -> String {
        format!("{} {}", self.actor, self.what())
    }

    /// The sentence without who did it.
    pub fn what(&self) -> String {
        let tenant = self.tenant.as_deref().unwrap_or("all tenants");
        let person = self.person.as_deref().unwrap_or("somebody");
        match self.action.as_str() {
            "tenant.edit" => self.of_settings(tenant),
            "person.edit" => format!("changed {} of {person}", listed(&names(&self.differences()))),
            "secret.set" => self.of_secret(tenant),
            action => match SENTENCES.iter().find(|(known, _)| *known == action) {
                Some((_, sentence)) => sentence.replace("{tenant}", tenant).replace("{person}", person),
                None => {
                    format!("did {action} for {}", self.person.as_deref().or(self.tenant.as_deref()).unwrap_or(tenant))
                }
            },
        }
    }

    /// Whether what was wanted came about, as far as the row says.
    pub fn went_well(&self) -> bool {
        // A failure begins with its kind, such as `missing-value: …`.
        let kind = self.result.split_once(": ").map(|(kind, _)| kind);
        self.upstream.is_none() && kind.is_none_or(|kind| kind.contains(' '))
    }

    fn of_settings(&self, tenant: &str) -> String {
        let differences = self.differences();
        let switched = |one: &Difference| {
            let title = TITLES.iter().find(|(name, _)| *name == one.name)?.1;
            let is_on = one.new.as_deref() == Some("true");
            Some(format!("switched {title} {} for {tenant}", if is_on { "on" } else { "off" }))
        };
        match differences.as_slice() {
            [one] => switched(one).unwrap_or_else(|| format!("changed {} of {tenant}", one.name)),
            several => format!("changed {} of {tenant}", listed(&names(several))),
        }
    }

    fn of_secret(&self, tenant: &str) -> String {
        let name = self.new.as_ref().and_then(|new| new.get("name")).and_then(Json::as_str);
        let name = name.map_or_else(|| "a secret".to_owned(), |name| format!("the secret {name}"));
        let is_kept = self.new.as_ref().and_then(|new| new.get("kept")).and_then(Json::as_bool) != Some(false);
        if is_kept { format!("set {name} of {tenant}") } else { format!("removed {name} of {tenant}") }
    }

    /// What the action made different, by name.
    pub fn differences(&self) -> Vec<Difference> {
        let (mut old, mut new) = (Vec::new(), Vec::new());
        if self.action == "tenant.edit" {
            flatten("", whole(self.old.as_ref()).as_ref(), &mut old);
            flatten("", whole(self.new.as_ref()).as_ref(), &mut new);
        } else {
            flatten("", self.old.as_ref(), &mut old);
            flatten("", self.new.as_ref(), &mut new);
        }
        let mut names: Vec<&String> = old.iter().chain(&new).map(|(name, _)| name).collect();
        names.sort();
        names.dedup();
        let of = |values: &[(String, String)], name: &String| {
            values.iter().find(|(one, _)| one == name).map(|(_, value)| value.clone())
        };
        names
            .into_iter()
            .map(|name| Difference { name: name.clone(), old: of(&old, name), new: of(&new, name) })
            .filter(|one| one.old != one.new)
            .collect()
    }
}

/// Settings with the sections that aren't written because all in them is as it is by default.
fn whole(settings: Option<&Json>) -> Option<Json> {
    let mut whole = settings?.clone();
    let sections = whole.as_object_mut()?;
    let default = TenantConfig::default();
    for (name, section) in [
        ("paused", json!(default.paused)),
        ("to-app", json!(default.to_app)),
        ("to-idp", json!(default.to_idp)),
        ("schedule", json!(default.schedule)),
        ("egress", json!(default.egress)),
    ] {
        sections.entry(name).or_insert(section);
    }
    Some(whole)
}

/// A document's values by their names from the outside in. Lists are values.
fn flatten(name: &str, value: Option<&Json>, found: &mut Vec<(String, String)>) {
    let fields: Option<&Map<String, Json>> = value.and_then(Json::as_object);
    match (value, fields) {
        (None | Some(Json::Null), _) => {}
        (_, Some(fields)) => {
            for (inner, value) in fields {
                let name = if name.is_empty() { inner.clone() } else { format!("{name}.{inner}") };
                flatten(&name, Some(value), found);
            }
        }
        (Some(Json::String(text)), _) => found.push((name.to_owned(), text.clone())),
        (Some(Json::Array(values)), _) => {
            let text = |value: &Json| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            found.push((name.to_owned(), values.iter().map(text).collect::<Vec<_>>().join(", ")));
        }
        (Some(value), _) => found.push((name.to_owned(), value.to_string())),
    }
}

fn names(differences: &[Difference]) -> Vec<&str> {
    differences.iter().map(|one| one.name.as_str()).filter(|name| !name.is_empty()).collect()
}

/// A few names, and how many more there are.
fn listed(names: &[&str]) -> String {
    match names {
        [] => "nothing".to_owned(),
        [one] => (*one).to_owned(),
        names if names.len() <= NAMED => {
            let (last, before) = names.split_last().map_or(("", [].as_slice()), |(last, before)| (*last, before));
            format!("{} and {last}", before.join(", "))
        }
        names => format!("{} and {} more values", names[..NAMED - 1].join(", "), names.len() - (NAMED - 1)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Timestamp;
    use super::*;

    fn row(action: &str, old: Option<Json>, new: Option<Json>) -> AuditEntry {
        AuditEntry {
            id: 1,
            at: Timestamp::from_millis(0),
            actor: "ada".to_owned(),
            tenant: Some("acme".to_owned()),
            person: action.starts_with("person").then(|| "E1".to_owned()),
            action: action.to_owned(),
            old,
            new,
            result: "changed".to_owned(),
            upstream: None,
        }
    }

    #[test]
    fn a_switch_is_told_by_its_title() {
        let config = |on: bool| Some(json!({ "paused": false, "to-app": { "sync-password": on, "approval": true } }));
        assert_eq!(
            row("tenant.edit", config(true), config(false)).sentence(),
            "ada switched Sync Password off for acme"
        );
        assert_eq!(
            row("tenant.edit", config(false), config(true)).sentence(),
            "ada switched Sync Password on for acme"
        );
    }

    #[test]
    fn a_switch_in_a_section_that_was_as_by_default_is_told_alone() {
        let mut config = TenantConfig::default();
        let before = json!(config);
        config.to_idp.matching.auto_create = !config.to_idp.matching.auto_create;
        let row = row("tenant.edit", Some(before), Some(json!(config)));
        assert_eq!(row.what(), "changed to-idp.matching.auto-create of acme");
    }

    #[test]
    fn only_what_is_different_is_told() {
        let (old, new) = (
            json!({ "title": "Miss", "email": "a@x" }),
            json!({ "title": "Countess", "email": "a@x", "city": "London" }),
        );
        let row = row("person.edit", Some(old), Some(new));
        assert_eq!(row.sentence(), "ada changed city and title of E1");
        let texts: Vec<_> = row.differences().into_iter().map(|one| (one.name, one.old, one.new)).collect();
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(
            texts,
            [("city".to_owned(), None, text("London")), ("title".to_owned(), text("Miss"), text("Countess"))]
        );
    }

    #[test]
    fn what_failed_is_told_from_what_went_well() {
        let ended = |result: &str| AuditEntry { result: result.to_owned(), ..row("user.push", None, None) }.went_well();
        assert!(ended("created") && ended("added and linked: imported"));
        assert!(!ended("missing-value: the user cannot be made without an e-mail address"));
    }

    #[test]
    fn many_values_are_counted() {
        let row = row("person.edit", None, Some(json!({ "a": 1, "b": 2, "c": 3, "d": 4 })));
        assert_eq!(row.what(), "changed a, b and 2 more values of E1");
    }

    #[test]
    fn what_is_written_of_a_value_without_a_name_is_told_whole() {
        let row = row("import.ignore", None, Some(json!("005000000000001")));
        assert_eq!(row.what(), "left a user of acme alone");
        assert_eq!(
            row.differences()[0],
            Difference { name: String::new(), old: None, new: Some("005000000000001".to_owned()) }
        );
    }
}
