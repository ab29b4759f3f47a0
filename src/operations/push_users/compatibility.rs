//! What can be told before any write: that profile, licence, role, permission sets, feature licences and groups do not fit
//! together, that no seat is left, or that the account cannot have portal users.
//!
//! Only what Salesforce is sure to refuse is refused here (confidence with each rule); the rest is for Salesforce to say.

use super::assignment::Kind;
use super::facts::{Fact, Facts, GroupRow, ProfileRow, SetGroupRow, SetRow};
use super::plan::UserPlan;
use crate::model::{Error, ErrorKind, Result};
use crate::operations::is_portal_user_type;
use crate::operations::list_entitlements::{HIGH_VOLUME, allows_feature, portal_type};
use crate::operations::seats::Seats;
use crate::salesforce::id::{Id, prefix};

const PARTNER: &str = "PowerPartner";

fn misfit(message: String, remedy: &str) -> Error {
    Error::new(ErrorKind::IncompatibleGrants, message).with_remedy(remedy)
}

/// The record, or none where Salesforce has to judge.
fn existing<'a, T>(fact: &Fact<'a, T>, what: &str, id: Id, subject: &str) -> Result<Option<&'a T>> {
    match fact {
        Fact::Known(known) => Ok(Some(known)),
        Fact::Unseen => Ok(None),
        Fact::Missing => Err(Error::new(
            ErrorKind::StaleReference,
            format!("the {what} {id} of {subject} does not exist in this organization"),
        )
        .with_remedy("List the entitlements again and choose one of them; ids of a sandbox die when it is refreshed, and those of other organizations never fit")),
    }
}

/// Checks one plan, and takes its seat.
pub(super) fn check(plan: &UserPlan, facts: &Facts, seats: &mut Seats) -> Result<()> {
    let fit = &plan.fit;
    let subject = plan.subject.as_str();
    let (false, Some(profile_id)) = (fit.is_same, fit.profile) else { return Ok(()) };
    let Some(profile) = existing(&facts.profile(profile_id), "profile", profile_id, subject)? else { return Ok(()) };
    let user_type = profile.user_type.as_str();
    if !is_portal_user_type(user_type) {
        return Err(misfit(
            format!("the profile {} of {subject} is not one of a portal licence", profile.name),
            "Assign a profile of a portal licence; Setup > Users > Profiles shows each profile's licence",
        ));
    }
    let old = match fit.old_profile {
        Some(id) => match facts.profile(id) {
            Fact::Known(known) => Some(known),
            Fact::Missing | Fact::Unseen => None,
        },
        None => None,
    };
    if let Some(old) = old {
        check_change(profile, old, subject)?;
    }
    let licence = profile.licence.and_then(|id| facts.licence(id));
    let licence_name = match licence {
        Some(licence) => licence.name.as_deref().unwrap_or(licence.id.as_str()),
        None => "of the profile",
    };
    check_role(plan, facts, user_type, licence_name)?;
    for feature in &fit.flags {
        if allows_feature(user_type, feature) == Some(false) {
            return Err(misfit(
                format!(
                    "the feature licence {feature} is not allowed for {subject}, whose user licence is {licence_name}"
                ),
                "Take the feature licence away, or choose a profile whose licence allows it; Setup > Users > Profiles shows each profile's licence",
            ));
        }
    }
    for given in &plan.given {
        let (id, what) = (given.id, given.kind.words());
        match given.kind {
            Kind::Set => {
                if let Some(set) = existing(&facts.set(id), what, id, subject)? {
                    check_set(set, profile, licence_name, subject)?;
                }
            }
            Kind::SetGroup => {
                if let Some(group) = existing(&facts.set_group(id), what, id, subject)? {
                    check_set_group(group, subject)?;
                }
            }
            Kind::Group => {
                if let Some(group) = existing(&facts.group(id), what, id, subject)? {
                    check_group(group, user_type, licence_name, subject)?;
                }
            }
        }
    }
    if fit.old_profile.is_none() {
        check_account(plan, facts, user_type)?;
    }
    let moves = old.is_none_or(|old| old.licence != profile.licence);
    match licence {
        Some(licence) if moves && fit.is_active => seats.take(licence, subject),
        _ => Ok(()),
    }
}

/// From a high-volume licence up to one with roles is allowed, and any change within a licence (H); a change between
/// customers and partners, or down to high volume, is not (H). Between two licences of one type Salesforce has to judge.
fn check_change(new: &ProfileRow, old: &ProfileRow, subject: &str) -> Result<()> {
    let (from, to) = (old.user_type.as_str(), new.user_type.as_str());
    let is_upgrade = from == HIGH_VOLUME && (to == PARTNER || to == "PowerCustomerSuccess");
    if new.licence == old.licence || from == to || is_upgrade {
        return Ok(());
    }
    Err(misfit(
        format!(
            "the profile {} belongs to another licence than the one of {subject}, whose profile is {}, and Salesforce does not change between the two",
            new.name, old.name
        ),
        "Choose a profile of the same licence, or an upgrade that Salesforce allows; Setup > Users > Profiles shows each profile's licence",
    ))
}

fn check_role(plan: &UserPlan, facts: &Facts, user_type: &str, licence: &str) -> Result<()> {
    let subject = plan.subject.as_str();
    let Some(id) = plan.fit.role else { return Ok(()) };
    let Some(role) = existing(&facts.role(id), "role", id, subject)? else { return Ok(()) };
    let remedy = "Choose a role of the portal's own account, or none for licences without roles such as Customer Community; Setup > Users > Roles shows them";
    if user_type == HIGH_VOLUME {
        let message = format!(
            "{subject} cannot have the role {}, because users of the licence {licence} have no roles",
            role.name
        );
        return Err(misfit(message, remedy));
    }
    if role.portal_type.as_deref().is_some_and(|portal| portal_type(user_type) != Some(portal)) {
        let message = format!(
            "the role {} does not fit {subject}, whose licence {licence} needs a role of another type",
            role.name
        );
        return Err(misfit(message, remedy));
    }
    match (role.account, plan.fit.account) {
        (Some(of), Some(account)) if of != account => {
            let message =
                format!("the role {} belongs to the account {of}, and {subject} to the account {account}", role.name);
            Err(misfit(message, remedy))
        }
        _ => Ok(()),
    }
}

/// A set that is bound to a user licence goes to users of that licence only (H). Sets of permission set licences (`0PL`) are
/// for Salesforce to judge.
fn check_set(set: &SetRow, profile: &ProfileRow, licence: &str, subject: &str) -> Result<()> {
    if set.is_owned_by_profile {
        return Err(misfit(
            format!("the permission set {} of {subject} belongs to a profile and cannot be assigned", set.name),
            "Assign the profile, or another permission set; Setup > Users > Permission Sets lists those there are",
        ));
    }
    match set.licence.filter(|id| id.as_str().starts_with(prefix::USER_LICENSE)) {
        Some(id) if Some(id) != profile.licence => Err(misfit(
            format!(
                "the permission set {} is made for another user licence than {licence}, which {subject} has",
                set.name
            ),
            "Take the permission set away, or clone it under Setup > Users > Permission Sets without a licence",
        )),
        _ => Ok(()),
    }
}

/// Users can be assigned to groups of the status Updated only (H); the others have to be computed anew first. Whether the
/// user licence allows all sets of a group is for Salesforce to judge (L).
fn check_set_group(group: &SetGroupRow, subject: &str) -> Result<()> {
    match group.status.as_deref() {
        Some(status) if status != "Updated" => Err(Error::new(
            ErrorKind::RejectedByRule,
            format!("the permission set group {} of {subject} has the status {status} and takes nobody", group.name),
        )
        .with_remedy(
            "Recalculate it under Setup > Users > Permission Set Groups until its status is Updated, and push again",
        )),
        _ => Ok(()),
    }
}

fn check_group(group: &GroupRow, user_type: &str, licence: &str, subject: &str) -> Result<()> {
    if group.kind.as_deref().is_some_and(|kind| kind != "Regular") {
        return Err(Error::new(
            ErrorKind::InvalidValue,
            format!("the group {} of {subject} is not a public group", group.name),
        )
        .with_remedy("Choose one of Setup > Users > Public Groups"));
    }
    if user_type == HIGH_VOLUME {
        return Err(misfit(
            format!(
                "{subject} cannot be in the public group {}, because users of the licence {licence} can be in no groups",
                group.name
            ),
            "Take the group away, or choose a profile of a licence with roles; sharing sets serve users without",
        ));
    }
    Ok(())
}

/// Contacts are made under companies alone, not under persons (H), and role-based portal users only where the account's
/// owner has a role (H).
fn check_account(plan: &UserPlan, facts: &Facts, user_type: &str) -> Result<()> {
    let Some(id) = plan.fit.account else { return Ok(()) };
    let subject = plan.subject.as_str();
    let account = match facts.account(id) {
        Fact::Known(account) => account,
        Fact::Unseen => return Ok(()),
        Fact::Missing => {
            return Err(Error::new(
                ErrorKind::StaleReference,
                format!("the account {id}, under which {subject} would be made, does not exist in this organization, or the admin user may not see it"),
            )
            .with_remedy("Copy account-id from the address of the account's page; ids of a sandbox die when it is refreshed"));
        }
    };
    if account.is_person {
        return Err(Error::new(
            ErrorKind::InvalidSettings,
            format!("the account {} ({id}) is a person account, which can have no contacts, so {subject} cannot be made under it", account.name),
        )
        .with_remedy("Enter the id of a business account in account-id"));
    }
    if user_type == HIGH_VOLUME || account.has_owner_role {
        return Ok(());
    }
    let owner = account.owner.as_deref().unwrap_or("its owner");
    Err(Error::new(
        ErrorKind::RejectedByRule,
        format!("the account {} is owned by {owner}, who has no role, so Salesforce does not make {subject} under it", account.name),
    )
    .with_remedy("Give the owner of the account a role under Setup > Users > Users > Edit > Role, or name an account of another owner in account-id"))
}
