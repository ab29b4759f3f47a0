//! `assign`: people to a tenant, with what their users are to hold.

use clap::Args;
use serde::Serialize;

use super::context::{applications, data_folder, describe, open_tenant, runtime};
use super::failure::{DONE, Failure};
use super::global::Global;
use super::grants;
use super::output::{Output, complain};
use super::person::attribute;
use provisioning_directory::sync::intents::{self, Followed};
use provisioning_directory::sync::names::Assignable;
use provisioning_directory::sync::refresh_entitlements;
use provisioning_directory::{
    Assignment, AttributeValue, Directory, DirectoryError, GrantName, NewAssignment, TenantRecord, WriteTransaction,
};

#[derive(Args)]
pub(crate) struct Options {
    /// The tenant's name in the data folder.
    tenant: String,
    /// People, by key or username.
    #[arg(required = true)]
    people: Vec<String>,
    /// What the users are to hold, by name or id, such as profile="Customer Community User". Those of a kind that is named
    /// here take the place of those of that kind; other kinds stay.
    #[arg(long = "grant", value_name = "KIND=NAME", value_parser = grants::parse)]
    grants: Vec<GrantName>,
    /// An attribute of the application for this assignment alone, such as federationId=F1.
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = attribute)]
    set: Vec<(String, AttributeValue)>,
    /// Take grants away from the users that are not listed here: yes or no.
    #[arg(long, value_name = "YES-OR-NO", value_parser = yes_or_no)]
    exact: Option<bool>,
}

fn yes_or_no(text: &str) -> Result<bool, String> {
    match text {
        "yes" | "true" => Ok(true),
        "no" | "false" => Ok(false),
        _ => Err("write yes or no".to_owned()),
    }
}

#[derive(Serialize)]
pub(super) struct Document<'a> {
    pub(super) tenant: &'a str,
    pub(super) people: &'a [String],
    pub(super) changed: bool,
    pub(super) tasks: usize,
    pub(super) off: &'a [String],
}

pub(crate) async fn run(global: &Global, options: &Options, output: &mut Output) -> Result<u8, Failure> {
    let (directory, tenant) = open_tenant(global, &options.tenant)?;
    let set: Vec<&str> = options.set.iter().map(|(name, _)| name.as_str()).collect();
    if let Some(fault) = faults(global, &directory, &tenant, &options.grants, &set).await?.into_iter().next() {
        return Err(Failure::usage(fault.sentence(&tenant.name)));
    }
    let followed =
        directory.write(&global.actor(), |change: &WriteTransaction<'_>| -> Result<Followed, DirectoryError> {
            let mut followed = Followed::default();
            for name in &options.people {
                let person = change.person(name)?;
                let old = change.assignment(tenant.id, person.id)?;
                let new = merged(old, options.grants.clone(), options.set.clone(), options.exact);
                followed.merge(intents::assign(change, &tenant, &person, &new)?);
            }
            Ok(followed)
        })?;
    report_changes(&tenant.name, &options.people, &followed, output)
}

/// Something that was typed and that the tenant doesn't have.
pub(super) struct Fault {
    /// The grant; `None` if it is an attribute.
    pub(super) grant: Option<GrantName>,
    reason: String,
}

impl Fault {
    /// What is wrong, and where to see what there is.
    pub(super) fn sentence(&self, tenant: &str) -> String {
        match &self.grant {
            Some(grant) => format!("{}. `entitlements {tenant} {}` lists what there is", self.reason, grant.kind),
            None => self.reason.clone(),
        }
    }
}

/// Compares grants and names of attributes with what the tenant's application has, so that a slip is reported at once. What was
/// listed before is asked for again if something isn't in it, since it may be new.
pub(super) async fn faults(
    global: &Global,
    directory: &Directory,
    tenant: &TenantRecord,
    grants: &[GrantName],
    attributes: &[&str],
) -> Result<Vec<Fault>, Failure> {
    if grants.is_empty() && attributes.is_empty() {
        return Ok(Vec::new());
    }
    let look = || -> Result<(bool, Vec<Fault>), Failure> {
        let known = directory.read(|view| Assignable::of(view, tenant))?;
        let of_grants = grants
            .iter()
            .filter_map(|grant| Some(Fault { reason: known.fault_of_grant(grant)?, grant: Some(grant.clone()) }));
        let of_attributes =
            attributes.iter().filter_map(|name| Some(Fault { reason: known.fault_of_attribute(name)?, grant: None }));
        Ok((known.is_listed(), of_grants.chain(of_attributes).collect()))
    };
    let (is_listed, found) = look()?;
    if is_listed && found.is_empty() {
        return Ok(found);
    }
    match refresh_entitlements(directory, &applications(global, directory)?, tenant, &global.actor()).await {
        Ok(()) => Ok(look()?.1),
        Err(error) if is_listed => {
            complain(&format!("warning: the list of what {} has may be old: {error}", tenant.name));
            Ok(found)
        }
        Err(error) => {
            complain(&format!(
                "warning: names of grants and attributes weren't compared with those of {}: {error}",
                tenant.name
            ));
            let (_, descriptor) =
                describe(global, &runtime(global)?, &tenant.config, &data_folder(global), &tenant.name).await?;
            grants::check_kinds(&descriptor, grants.iter())?;
            Ok(found)
        }
    }
}

/// An assignment with new grants in the place of those of their kinds, and new attributes over the old.
pub(super) fn merged(
    old: Option<Assignment>,
    grants: Vec<GrantName>,
    set: Vec<(String, AttributeValue)>,
    exact: Option<bool>,
) -> NewAssignment {
    let mut new = match old {
        Some(old) => NewAssignment { grants: old.grants, attributes: old.attributes, exact_grants: old.exact_grants },
        None => NewAssignment::default(),
    };
    new.grants.retain(|have| !grants.iter().any(|grant| grant.kind == have.kind));
    new.grants.extend(grants);
    new.attributes.extend(set);
    new.exact_grants = exact.unwrap_or(new.exact_grants);
    new
}

/// Reports what an intent for several people has changed.
pub(super) fn report_changes(
    tenant: &str,
    people: &[String],
    followed: &Followed,
    output: &mut Output,
) -> Result<u8, Failure> {
    if output.json() {
        let (changed, tasks) = (followed.changed, followed.tasks.len());
        output.document(&Document { tenant, people, changed, tasks, off: &followed.off })?;
    }
    output.line(&match (followed.changed, followed.tasks.len()) {
        (false, 0) => "Nothing has changed.".to_owned(),
        (_, 0) => "Done.".to_owned(),
        (_, tasks) => format!("Done; {tasks} tasks wait for `push {tenant}`."),
    })?;
    for sentence in &followed.off {
        output.line(sentence)?;
    }
    Ok(DONE)
}
