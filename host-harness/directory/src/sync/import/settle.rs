//! The second phase: what a staged user means for its person.

use serde_json::json;

use super::is_out_of_use;
use super::matching::{self, Match, rule_name};
use crate::config::LifecycleRule;
use crate::directory::{
    AttributeValue, Attributes, DirectoryError, FailureKind, ImportCounts, LinkReason, NewPerson, NewTask, Note,
    Pending, Person, PersonEdit, PersonId, PersonStatus, QueueReason, RemoteStatus, RemoteUser, Source, Staged,
    TaskFailure, TaskKind, TenantRecord, WriteTransaction, source_of_attribute, source_of_status,
};
use crate::sync::intents;
use crate::sync::mapping::{USERNAME, imported, username_of};
use crate::sync::push::is_in_use;

/// What settling looks at for every user, fetched once for a piece.
pub(crate) struct Settling<'t> {
    tenant: &'t TenantRecord,
    sources: Vec<Source>,
}

impl<'t> Settling<'t> {
    pub(crate) fn new(change: &WriteTransaction<'_>, tenant: &'t TenantRecord) -> Result<Self, DirectoryError> {
        Ok(Self { tenant, sources: change.sources()? })
    }

    /// Takes note of a user and lets it have its effect.
    pub(crate) fn settle(
        &self,
        change: &WriteTransaction<'_>,
        pending: &Pending,
        counts: &mut ImportCounts,
    ) -> Result<(), DirectoryError> {
        let staged = &pending.staged;
        if staged.gone {
            return self.vanish(change, staged, counts);
        }
        match pending.linked {
            Some(person) => {
                let person = change.person_by_id(person)?;
                change.settle_user(staged.row, None)?;
                self.follow(change, staged, &person, counts)
            }
            None => self.find_person(change, pending, counts),
        }
    }

    /// A user that nobody is linked to.
    fn find_person(
        &self,
        change: &WriteTransaction<'_>,
        pending: &Pending,
        counts: &mut ImportCounts,
    ) -> Result<(), DirectoryError> {
        let staged = &pending.staged;
        if pending.waiting == Some(QueueReason::Ignored) {
            return change.settle_user(staged.row, Some((QueueReason::Ignored, &[])));
        }
        let rules = &self.tenant.config.to_idp.matching;
        let mut wait = |reason, candidates: &[(PersonId, String)]| {
            counts.queued += 1;
            change.settle_user(staged.row, Some((reason, candidates)))
        };
        match matching::find(change, self.tenant.id, rules, &staged.user.remote_id, &staged.keys)? {
            Match::Exact(person, rule) if rules.auto_confirm => {
                let person = change.person_by_id(person)?;
                // An admin took the link away, and nobody wants the person to have a user: no import undoes that.
                if change.is_given_up(self.tenant.id, &staged.user.remote_id, &person.key)?
                    && !is_in_use(change, self.tenant, &person)?
                {
                    return wait(QueueReason::Matched, &[(person.id, rule_name(rule).to_owned())]);
                }
                change.add_link(self.tenant, &person, &staged.user.remote_id, LinkReason::Matched)?;
                change.settle_user(staged.row, None)?;
                counts.linked += 1;
                self.follow(change, staged, &person, counts)
            }
            Match::Exact(person, rule) => wait(QueueReason::Matched, &[(person, rule_name(rule).to_owned())]),
            Match::Taken(person, rule) => wait(QueueReason::Taken, &[(person, rule_name(rule).to_owned())]),
            Match::Ambiguous(candidates) => wait(QueueReason::Ambiguous, &candidates),
            // A user that cannot sign in and that nobody stands for is of no use to anybody; it is looked at again once
            // it changes.
            Match::Similar(_) | Match::Nobody
                if !self.tenant.config.to_idp.import_new_users || is_out_of_use(staged.user.status) =>
            {
                counts.skipped += 1;
                change.settle_user(staged.row, None)
            }
            Match::Similar(candidates) => wait(QueueReason::Similar, &candidates),
            // It was somebody's who has been removed, and whether that person is to come back is for an admin to say.
            Match::Nobody if !rules.auto_create || pending.was_linked => wait(QueueReason::Nobody, &[]),
            Match::Nobody => match self.make_person(change, staged) {
                Ok(_) => {
                    counts.created += 1;
                    Ok(())
                }
                Err(DirectoryError::Invalid(reason)) => {
                    counts.failed += 1;
                    self.refuse(change, staged, &reason)
                }
                Err(DirectoryError::Exists { .. }) => {
                    counts.failed += 1;
                    self.refuse(change, staged, "its key belongs to another person already")
                }
                Err(error) => Err(error),
            },
        }
    }

    /// A user that cannot become a person waits for an admin, with the person that holds its username.
    fn refuse(&self, change: &WriteTransaction<'_>, staged: &Staged, reason: &str) -> Result<(), DirectoryError> {
        let holder = change.find_person(&staged.keys.username)?;
        let candidates: Vec<(PersonId, String)> =
            holder.iter().map(|person| (person.id, "username".to_owned())).collect();
        change.settle_user(staged.row, Some((QueueReason::Taken, &candidates)))?;
        change.note(&Note {
            tenant: Some(&self.tenant.name),
            person: None,
            action: "import.refuse",
            old: None,
            new: Some(json!({ "user": staged.user.remote_id, "username": staged.user.username })),
            result: reason,
        })
    }

    /// Makes a person of a user. Its key comes from the tenant and the user's id, so that it is the same in every run.
    pub(crate) fn make_person(&self, change: &WriteTransaction<'_>, staged: &Staged) -> Result<Person, DirectoryError> {
        let user = &staged.user;
        let mut attributes = self.attributes(user);
        attributes.remove(USERNAME);
        let username = username_of(&self.tenant.config.mapping, &user.username).to_owned();
        let key = format!("{}:{}", self.tenant.name, user.remote_id);
        let new = NewPerson { key, username, attributes };
        let person = change.add_person_of_user(self.tenant, &new, &user.remote_id)?;
        change.settle_user(staged.row, None)?;
        Ok(person)
    }

    fn attributes(&self, user: &RemoteUser) -> Attributes {
        imported(&self.tenant.config.mapping, &user.username, &user.attributes)
    }

    /// Lets a person follow its user, as far as this tenant is its source.
    fn follow(
        &self,
        change: &WriteTransaction<'_>,
        staged: &Staged,
        person: &Person,
        counts: &mut ImportCounts,
    ) -> Result<(), DirectoryError> {
        if is_out_of_use(staged.user.status) && staged.settled_status == Some(RemoteStatus::Active) {
            counts.deactivated += 1;
        }
        let sources = change.sources_of(person.id, &self.sources)?;
        let mut edit = PersonEdit::default();
        if self.tenant.config.to_idp.import_profile_updates {
            self.profile(&staged.user, person, &sources, &mut edit);
        }
        if source_of_status(&sources).is_some_and(|source| source.tenant == self.tenant.id) {
            let mastering = &self.tenant.config.to_idp.mastering;
            edit.status = match staged.user.status {
                RemoteStatus::Active => Some(PersonStatus::Active),
                RemoteStatus::Inactive => status_after(mastering.on_deactivated),
                RemoteStatus::Frozen => status_after(mastering.on_frozen),
            };
        }
        self.edit(change, person, edit, counts)?;
        // Somebody who is assigned and active has a user in use; what becomes of one that is not is decided as in a push.
        if is_out_of_use(staged.user.status) {
            let now = change.person_by_id(person.id)?;
            if is_in_use(change, self.tenant, &now)? {
                intents::bring_into_use(change, self.tenant, &now, staged.user.status)?;
            }
            return Ok(());
        }
        change.is_in_use_again(self.tenant.id, person.id)
    }

    /// Stores what a user says of its person.
    fn edit(
        &self,
        change: &WriteTransaction<'_>,
        person: &Person,
        edit: PersonEdit,
        counts: &mut ImportCounts,
    ) -> Result<(), DirectoryError> {
        if edit == PersonEdit::default() {
            return Ok(());
        }
        match intents::store(change, person, &edit, Some(self.tenant.id)) {
            Ok(followed) => {
                counts.updated += u64::from(followed.changed);
                Ok(())
            }
            // Another person has the username that the user has taken; everything else follows.
            Err(DirectoryError::Invalid(reason)) if edit.username.is_some() => {
                counts.failed += 1;
                change.note(&Note {
                    tenant: Some(&self.tenant.name),
                    person: Some(&person.key),
                    action: "import.refuse",
                    old: None,
                    new: Some(json!({ "username": edit.username })),
                    result: &reason,
                })?;
                let rest = PersonEdit { username: None, ..edit };
                let followed = intents::store(change, person, &rest, Some(self.tenant.id))?;
                counts.updated += u64::from(followed.changed);
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// What the user says of the attributes that this tenant is the source of, empty ones included.
    fn profile(&self, user: &RemoteUser, person: &Person, sources: &[&Source], edit: &mut PersonEdit) {
        let Some(own) = sources.iter().find(|source| source.tenant == self.tenant.id) else { return };
        let said = self.attributes(user);
        for name in &own.attributes {
            if source_of_attribute(sources, name).is_none_or(|source| source.tenant != self.tenant.id) {
                continue;
            }
            let value = said.get(name);
            if name == USERNAME {
                edit.username =
                    value.and_then(AttributeValue::as_text).filter(|text| *text != person.username).map(str::to_owned);
            } else if person.attributes.get(name) != value {
                edit.attributes.insert(name.clone(), value.cloned());
            }
        }
    }

    /// A user that is no longer there.
    fn vanish(
        &self,
        change: &WriteTransaction<'_>,
        staged: &Staged,
        counts: &mut ImportCounts,
    ) -> Result<(), DirectoryError> {
        change.drop_claims_on(self.tenant.id, &staged.user.remote_id)?;
        let Some(link) = change.link_of_user(self.tenant.id, &staged.user.remote_id)? else {
            return change.forget_user(staged.row);
        };
        counts.vanished += 1;
        let person = change.person_by_id(link.person)?;
        let sources = change.sources_of(person.id, &self.sources)?;
        let is_source = source_of_status(&sources).is_some_and(|source| source.tenant == self.tenant.id);
        change.remove_link(self.tenant, &person, &link, "the user has gone from the application")?;
        change.forget_user(staged.row)?;
        for kind in [TaskKind::Deactivate, TaskKind::Password] {
            change.cancel(self.tenant.id, kind, Some(person.id))?;
        }
        if is_source && let Some(status) = status_after(self.tenant.config.to_idp.mastering.on_vanished) {
            let edit = PersonEdit { status: Some(status), ..PersonEdit::default() };
            let followed = intents::store(change, &person, &edit, Some(self.tenant.id))?;
            counts.updated += u64::from(followed.changed);
        }
        if change.assignment(self.tenant.id, person.id)?.is_some()
            && change.person_by_id(person.id)?.status == PersonStatus::Active
        {
            change.ask_admin(
                NewTask { tenant: self.tenant, person: Some(&person), kind: TaskKind::Vanished, password: None },
                &TaskFailure::new(
                    FailureKind::NotFound,
                    format!(
                        "the user {} ({}) of the person {} has gone from {}",
                        staged.user.username, staged.user.remote_id, person.key, self.tenant.name
                    ),
                )
                .with_remedy(format!(
                    "Retry this task to make the user again, or `unassign {} {}`",
                    self.tenant.name, person.key
                )),
            )?;
        }
        Ok(())
    }
}

fn status_after(rule: LifecycleRule) -> Option<PersonStatus> {
    match rule {
        LifecycleRule::Deactivate => Some(PersonStatus::Deactivated),
        LifecycleRule::Suspend => Some(PersonStatus::Suspended),
        LifecycleRule::Keep => None,
    }
}

/// Links a user that waits to the person an admin has chosen, and lets the person follow it.
pub(crate) fn take_over(
    change: &WriteTransaction<'_>,
    tenant: &TenantRecord,
    staged: &Staged,
    person: &Person,
) -> Result<(), DirectoryError> {
    let settling = Settling::new(change, tenant)?;
    change.add_link(tenant, person, &staged.user.remote_id, LinkReason::Confirmed)?;
    change.settle_user(staged.row, None)?;
    settling.follow(change, staged, person, &mut ImportCounts::default())
}
