//! Managers and accounts, which directories know by other names than their ids.

use std::collections::{BTreeMap, HashMap};

use super::Tenant;
use super::wanted::CheckedUser;
use crate::attributes::{ACCOUNT, MANAGER};
use crate::host::Host;
use crate::model::{Error, ErrorKind, Result, Retry};
use crate::salesforce::gather::gather_all;
use crate::salesforce::id::{Id, prefix};
use crate::salesforce::record::Record;
use crate::salesforce::soql::{Condition, Name, Select};
use crate::text::quoted;
use crate::together::both;

/// Names of one query, which fit into a URL.
const NAMES: usize = 50;

/// What was found under a name in lower case.
type Found = HashMap<String, Vec<Id>>;

/// Puts ids in the place of managers' usernames and keys, and of accounts' names and external ids. Who names one that isn't there,
/// or that several are, is refused.
pub(super) fn resolve<H: Host>(tenant: &Tenant<'_, H>, checked: &mut [Result<CheckedUser>]) -> Result<()> {
    let (managers, accounts) = (named(checked, MANAGER, prefix::USER), named(checked, ACCOUNT, prefix::ACCOUNT));
    let (managers, accounts) =
        tenant.client.wait_for(both(find_managers(tenant, &managers), find_accounts(tenant, &accounts)));
    let (managers, accounts) = (managers?, accounts?);
    for slot in checked {
        let Ok(wanted) = slot else { continue };
        if let Err(error) = settle(wanted, &managers, &accounts) {
            *slot = Err(error);
        }
    }
    Ok(())
}

/// The values of an attribute that are no ids, each once.
fn named(checked: &[Result<CheckedUser>], attribute: &str, prefix: &'static str) -> Vec<String> {
    let values = checked.iter().flatten().filter_map(|wanted| wanted.value(attribute));
    let mut names: Vec<String> =
        values.filter(|value| Id::parse_of(value, prefix).is_err()).map(str::to_owned).collect();
    names.sort_unstable();
    names.dedup();
    names
}

async fn find_managers<H: Host>(tenant: &Tenant<'_, H>, names: &[String]) -> Result<Found> {
    let key_field = tenant.writing.user_key.as_ref();
    let query = |names: &[String]| {
        let texts = || names.iter().map(String::as_str);
        let mut query = Select::new("User", &["Id", "Username"]);
        let mut ways = vec![Condition::texts("Username", texts())];
        if let Some(name) = key_field {
            query = query.with(std::slice::from_ref(name));
            ways.push(Condition::texts_of(name, texts()));
        }
        query.filter(&Condition::any(&ways))
    };
    let queries: Vec<Select> = names.chunks(NAMES).map(query).collect();
    let mut found = Found::new();
    gather_all(tenant.client, &queries, "the managers of a push", |_, record| {
        note(&mut found, record, "Username");
        if let Some(name) = key_field {
            note(&mut found, record, name.as_str());
        }
    })
    .await?;
    Ok(found)
}

async fn find_accounts<H: Host>(tenant: &Tenant<'_, H>, names: &[String]) -> Result<Found> {
    let (by_field, by_name): (Vec<&str>, Vec<&str>) =
        names.iter().map(String::as_str).partition(|name| external_id(name).is_some());
    // Each query with the field that it asks by, of those that are no names.
    let (mut queries, mut fields) = (Vec::new(), Vec::new());
    for names in by_name.chunks(NAMES) {
        let query = Select::new("Account", &["Id", "Name"]);
        queries.push(query.filter(&Condition::texts("Name", names.iter().copied())));
        fields.push(None);
    }
    let mut by_key: BTreeMap<&str, (Name, Vec<&str>)> = BTreeMap::new();
    for (name, (field, value)) in by_field.into_iter().filter_map(external_id) {
        by_key.entry(field).or_insert_with(|| (name, Vec::new())).1.push(value);
    }
    for (field, (name, texts)) in &by_key {
        for texts in texts.chunks(NAMES) {
            let query = Select::new("Account", &["Id"]).with(std::slice::from_ref(name));
            queries.push(query.filter(&Condition::texts_of(name, texts.iter().copied())));
            fields.push(Some(*field));
        }
    }
    let mut found = Found::new();
    gather_all(tenant.client, &queries, "the accounts of a push", |at, record| match fields.get(at) {
        Some(Some(field)) => {
            if let (Some(id), Some(text)) = (id(record), record.text(field)) {
                found.entry(format!("{field}={text}").to_lowercase()).or_default().push(id);
            }
        }
        _ => note(&mut found, record, "Name"),
    })
    .await?;
    Ok(found)
}

/// The field and the value of `Legacy_Id__c=4711`. Returns `None` for a name.
fn external_id(text: &str) -> Option<(Name, (&str, &str))> {
    let (field, value) = text.split_once('=')?;
    Some((Name::parse(field).filter(|_| field.ends_with("__c"))?, (field, value)))
}

fn id(record: &Record<'_>) -> Option<Id> {
    Id::parse(record.text("Id")?).ok()
}

fn note(found: &mut Found, record: &Record<'_>, field: &str) {
    if let (Some(id), Some(text)) = (id(record), record.text(field)) {
        let ids = found.entry(text.to_lowercase()).or_default();
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
}

fn settle(wanted: &mut CheckedUser, managers: &Found, accounts: &Found) -> Result<()> {
    let subject = wanted.subject();
    if let Some(value) = wanted.value(ACCOUNT) {
        let account = one(value, prefix::ACCOUNT, accounts, &format!("the account of {subject}"), || {
            Error::new(ErrorKind::InvalidValue, format!("the account {} of {subject} does not exist, or is hidden from the admin user", quoted(value)))
                .with_remedy("Name an account by its id, by its exact name, or by an external id as Field__c=value; or leave it out, so that the one of the settings is taken")
        })?;
        wanted.account = Some(account);
    }
    if let Some(value) = wanted.value(MANAGER) {
        let manager = one(value, prefix::USER, managers, &format!("the manager of {subject}"), || {
            // It may be a user that is still to be made.
            Error::new(ErrorKind::NotFound, format!("the manager {} of {subject} has no user in Salesforce yet", quoted(value)))
                .with_remedy("Push the manager first, or name the manager by username, by id, or, with user-key-field in the settings, by key")
                .with_retry(Retry::After(60))
        })?;
        let entry = wanted.values.iter_mut().find(|entry| entry.name == MANAGER);
        entry.into_iter().for_each(|entry| entry.value = Some(manager.to_string()));
    }
    Ok(())
}

/// The one id that a value stands for.
fn one(value: &str, prefix: &'static str, found: &Found, what: &str, missing: impl Fn() -> Error) -> Result<Id> {
    if let Ok(id) = Id::parse_of(value, prefix) {
        return Ok(id);
    }
    match found.get(&value.to_lowercase()).map(Vec::as_slice) {
        Some([id]) => Ok(*id),
        Some([_, ..]) => {
            let ids: Vec<String> = found.get(&value.to_lowercase()).into_iter().flatten().map(Id::to_string).collect();
            let message = format!("{what} is {}, which is the name of several: {}", quoted(value), ids.join(", "));
            Err(Error::new(ErrorKind::AmbiguousMatch, message).with_remedy("Name it by its id"))
        }
        _ => Err(missing()),
    }
}
