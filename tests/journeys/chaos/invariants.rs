//! What must hold once everything has healed.

use std::collections::{BTreeMap, BTreeSet};

use provisioning_directory::{AuditFilter, Person, PersonFilter, PersonStatus, Task, TaskFilter};
use serde_json::Value as Json;

use super::world::World;

/// A portal user, as it is in the end.
struct User {
    id: String,
    username: String,
    is_active: bool,
    contact: Option<String>,
    family_name: String,
    key: Option<String>,
}

fn text(row: &Json, field: &str) -> Option<String> {
    row[field].as_str().map(str::to_owned)
}

fn users(world: &World) -> Vec<User> {
    let rows = world.kept.org.query("SELECT Id, Username, IsActive, ContactId, LastName, IdP_Key__c FROM User");
    let user = |row: &Json| User {
        id: text(row, "Id").unwrap(),
        username: text(row, "Username").unwrap(),
        is_active: row["IsActive"] == true,
        contact: text(row, "ContactId"),
        family_name: text(row, "LastName").unwrap(),
        key: text(row, "IdP_Key__c"),
    };
    rows.iter().map(user).collect()
}

/// Says what does not hold.
pub(crate) async fn check(world: &World) -> Result<(), String> {
    let kept = &world.kept;
    let tenant = kept.tenant();
    if world.foreign_now() != world.foreign {
        return Err(format!("users that are nobody's were touched: {:#?}", world.foreign_now()));
    }
    let journal = kept.org.emulator.journal();
    let made: BTreeSet<&str> = journal.iter().flat_map(|entry| &entry.created).map(String::as_str).collect();
    let users = users(world);
    let by_id: BTreeMap<&str, &User> = users.iter().map(|user| (user.id.as_str(), user)).collect();
    let people = kept.read(|view| view.people(&PersonFilter::default()));
    let open = kept.read(|view| view.tasks(&TaskFilter { tenant: Some(tenant.id), ..TaskFilter::default() }));
    for task in &open {
        if task.cause.as_ref().is_none_or(String::is_empty) {
            return Err(format!("a task that is open has no cause: {task:?}"));
        }
    }
    let has_task = |person: &Person| open.iter().any(|task: &Task| task.person.as_deref() == Some(&person.key));
    let mut rightful: BTreeSet<&str> = BTreeSet::new();
    for person in &people {
        let (assigned, link) =
            kept.read(|view| Ok((view.assignment(tenant.id, person.id)?.is_some(), view.link(tenant.id, person.id)?)));
        let in_use = assigned && person.status == PersonStatus::Active;
        let user = link.as_ref().and_then(|link| by_id.get(link.remote_id.as_str()));
        let is_key = person.key.starts_with('K');
        match (in_use, user) {
            (true, Some(user)) if user.is_active => {
                rightful.insert(&user.id);
                if user.family_name != person.key && !has_task(person) {
                    return Err(format!("the user {} of {} has the name of {}", user.id, person.key, user.family_name));
                }
                if !user.username.eq_ignore_ascii_case(&person.username) && !has_task(person) {
                    return Err(format!(
                        "the user of {} is named {} and not {}",
                        person.key, user.username, person.username
                    ));
                }
                if user.contact.is_none() {
                    return Err(format!("the user {} of {} has no contact", user.id, person.key));
                }
                if world.keyed() && user.key.as_deref() != Some(&person.key) && !has_task(person) {
                    return Err(format!("the user {} of {} carries the key {:?}", user.id, person.key, user.key));
                }
            }
            (true, _) if !has_task(person) => {
                return Err(format!("{} is assigned and active, has no active user, and no task says so", person.key));
            }
            (false, Some(user)) if user.is_active && is_key && made.contains(user.id.as_str()) && !has_task(person) => {
                return Err(format!(
                    "{} is out of use and has the active user {}, without a task",
                    person.key, user.id
                ));
            }
            _ => {}
        }
    }
    for user in users.iter().filter(|user| made.contains(user.id.as_str())) {
        let owner = kept.read(|view| view.link_of_user(tenant.id, &user.id));
        if user.is_active && !rightful.contains(user.id.as_str()) && !is_given_up(world, &user.id) {
            let task = match owner {
                Some(owner) => has_task(&kept.read(|view| view.person_by_id(owner.person))),
                None => kept
                    .read(|view| view.claims_on(tenant.id, &user.id))
                    .iter()
                    .any(|claim| open.iter().any(|task| task.person.as_ref() == Some(&claim.person))),
            };
            if !task {
                return Err(format!(
                    "the user {} ({}) was made and is active, and nobody is to have it",
                    user.id, user.username
                ));
            }
        }
    }
    let mut contacts: BTreeMap<&str, &str> = BTreeMap::new();
    for user in &users {
        if let Some(contact) = &user.contact
            && let Some(other) = contacts.insert(contact, &user.id)
        {
            return Err(format!("the contact {contact} has two users: {other} and {}", user.id));
        }
    }
    audited(world, &made)
}

/// Whether an admin has taken the user's link away, and it has had none since: then it stays as it is.
fn is_given_up(world: &World, user: &str) -> bool {
    let rows =
        world.kept.read(|view| view.audit(&AuditFilter { action: Some("link".to_owned()), ..AuditFilter::default() }));
    let is_of = |told: &Option<Json>| told.as_ref().is_some_and(|told| told["user"] == user);
    let last = rows.iter().find(|row| is_of(&row.old) || is_of(&row.new));
    last.is_some_and(|row| row.result == "an admin took it away")
}

/// Every record that was made has a row in the audit trail that says with which values.
fn audited(world: &World, made: &BTreeSet<&str>) -> Result<(), String> {
    let kept = &world.kept;
    let rows = kept.read(|view| view.audit(&AuditFilter { tenant: Some("acme".to_owned()), ..AuditFilter::default() }));
    let says = |field: &str, value: &str| {
        rows.iter().any(|row| {
            let told = row.new.as_ref().and_then(|new| new.get(field));
            told.is_some_and(|told| {
                *told == value || told.as_array().is_some_and(|all| all.iter().any(|one| one == value))
            })
        })
    };
    let contacts = kept.org.query("SELECT Id, LastName, Email FROM Contact");
    for contact in contacts.iter().filter(|contact| made.contains(contact["Id"].as_str().unwrap())) {
        if !says("Contact.LastName", contact["LastName"].as_str().unwrap()) {
            return Err(format!("no audit row tells of the contact {contact}"));
        }
        let has_user = !kept
            .org
            .query(&format!("SELECT Id FROM User WHERE ContactId = '{}'", contact["Id"].as_str().unwrap()))
            .is_empty();
        if !has_user {
            let person = kept.read(|view| view.find_person(contact["LastName"].as_str().unwrap()));
            let tenant = kept.tenant();
            let has_task = person.is_some_and(|person| {
                let filter = TaskFilter { tenant: Some(tenant.id), person: Some(person.id), ..TaskFilter::default() };
                !kept.read(|view| view.tasks(&filter)).is_empty()
            });
            if !has_task {
                return Err(format!("the contact {contact} was made, has no user, and no task says why"));
            }
        }
    }
    let users = kept.org.query("SELECT Id, Alias, LastName FROM User");
    for user in users.iter().filter(|user| made.contains(user["Id"].as_str().unwrap())) {
        let id = user["Id"].as_str().unwrap();
        let is_linked =
            rows.iter().any(|row| row.new.as_ref().is_some_and(|new| new.get("user").is_some_and(|told| told == id)));
        if !says("User.LastName", user["LastName"].as_str().unwrap()) || !is_linked {
            return Err(format!("no audit row tells of the user {user}"));
        }
    }
    Ok(())
}
