//! What a change of mastering would mean, said before it is made.

use super::Feature;
use crate::config::{LifecycleRule, Mastering, TenantConfig};
use crate::directory::{DirectoryError, ReadTransaction, TenantRecord};

/// Says, sentence by sentence, what would follow from giving `tenant` the settings `new`: which features start or stop, and
/// above all what a switch of mastering does in either direction. Empty where nothing of that kind changes.
///
/// A command line prints it, and a form shows it, before the change is made.
///
/// # Errors
/// The database's.
pub fn explain(
    view: &ReadTransaction<'_>,
    tenant: &TenantRecord,
    new: &TenantConfig,
) -> Result<Vec<String>, DirectoryError> {
    let name = &tenant.name;
    let (old_rules, new_rules) = (&tenant.config.to_idp.mastering, &new.to_idp.mastering);
    let links = view.count_links(tenant.id)?;
    let people = if links == 1 { "1 linked person".to_owned() } else { format!("{links} linked people") };
    let mut sentences = Vec::new();
    match (old_rules.profile, new_rules.profile) {
        (false, true) => {
            sentences.push(format!("{name} becomes the source of the profile of {people}."));
            sentences.push(
                "With the next import the application's attributes overwrite what stands here, empty ones included."
                    .to_owned(),
            );
            sentences.push(
                "From then on these attributes cannot be edited here and are not pushed to the application.".to_owned(),
            );
            if !new.to_idp.import_profile_updates {
                sentences.push(Feature::ImportProfileUpdates.off(name, "nothing of that happens yet"));
            }
        }
        (true, false) => {
            sentences.push(format!("{name} is no longer the source of the profile of {people}."));
            sentences.push(
                "Their attributes stay as they are now, can be edited here, and are pushed to the application where Push Profile Updates is on."
                    .to_owned(),
            );
            sentences.push("Changes made in the application are read but no longer reach the person.".to_owned());
        }
        _ => {}
    }
    match (old_rules.lifecycle, new_rules.lifecycle) {
        (false, true) => {
            sentences.push(format!("{name} becomes the source of the status of {people}."));
            sentences.extend(rules(new_rules));
            sentences.push(
                "People whose users are active become active here with the next import, also those that were deactivated here."
                    .to_owned(),
            );
            sentences.push("Their status cannot be changed here any more.".to_owned());
        }
        (true, false) => {
            sentences.push(format!("{name} is no longer the source of the status of {people}."));
            sentences.push("Their status stays as it is now and can be changed here; users that are deactivated in the application leave it alone.".to_owned());
        }
        (true, true) => {
            if rules(old_rules) != rules(new_rules) {
                sentences.extend(rules(new_rules));
            }
        }
        (false, false) => {}
    }
    if new_rules.priority != old_rules.priority && (new_rules.profile || new_rules.lifecycle) {
        sentences.push(format!(
            "Among several sources {name} has priority {} instead of {}; the lowest counts.",
            new_rules.priority, old_rules.priority
        ));
    }
    if (new_rules.profile && !old_rules.profile) || (new_rules.lifecycle && !old_rules.lifecycle) {
        for source in view.sources()?.iter().filter(|source| source.tenant != tenant.id) {
            let first = (source.priority, source.name.to_lowercase()) < (new_rules.priority, name.to_lowercase());
            let order = if first { "comes before it" } else { "comes after it" };
            sentences.push(format!(
                "{} is a source too and, with priority {}, {order} for people who are linked to both.",
                source.name, source.priority
            ));
        }
    }
    for feature in Feature::ALL {
        match (feature.is_on(&tenant.config), feature.is_on(new)) {
            (false, true) => sentences.push(format!("{} is switched on: {}.", feature.title(), feature.starts())),
            (true, false) => sentences.push(format!("{} is switched off: {}.", feature.title(), feature.stops())),
            _ => {}
        }
    }
    Ok(sentences)
}

fn rules(mastering: &Mastering) -> Vec<String> {
    let rule = |when: &str, rule: LifecycleRule| match rule {
        LifecycleRule::Deactivate => format!("When a user is {when} there, its person is deactivated here."),
        LifecycleRule::Suspend => format!("When a user is {when} there, its person is suspended here."),
        LifecycleRule::Keep => format!("When a user is {when} there, its person stays as it is."),
    };
    vec![
        rule("deactivated", mastering.on_deactivated),
        rule("frozen", mastering.on_frozen),
        rule("gone", mastering.on_vanished),
    ]
}
