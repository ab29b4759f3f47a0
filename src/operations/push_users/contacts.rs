//! Finding the contacts of those who have no user yet.

use std::collections::{HashMap, HashSet};

use super::Tenant;
use super::claims::{Also, Claims};
use super::resolve::{Match, ambiguous, find, still_taken};
use super::rows::{ContactRow, ContactUser, UserRow};
use super::wanted::CheckedUser;
use crate::attributes::{EMAIL, MUTED, unmuted};
use crate::host::Host;
use crate::model::{Error, ErrorKind, Result};
use crate::operations::rows::Columns;
use crate::salesforce::client::Client;
use crate::salesforce::id::Id;
use crate::salesforce::soql::{Condition, Literal, Name};

/// Contacts of the portal's account by what they are found by, and the users that have them.
struct Contacts<'a, H: Host> {
    client: &'a Client<H>,
    key_field: Option<&'a Name>,
    contacts: Vec<ContactRow>,
    users: Vec<UserRow>,
    /// Places of contacts by key or address, in lower case.
    by_key: HashMap<String, Vec<usize>>,
    by_email: HashMap<String, Vec<usize>>,
    /// Places of users by their contacts.
    by_contact: HashMap<Id, usize>,
    /// Whose users those are.
    claims: Claims<'a>,
    /// The account of the settings.
    account_id: Id,
}

const ACCOUNT_ID: &str = "AccountId";

/// For those without a user, looks for a contact in the portal's account. Gives what becomes of them, with their places.
pub(super) async fn match_contacts<H: Host>(
    tenant: &Tenant<'_, H>,
    wanted: &[&CheckedUser],
    found: &[Result<Match>],
) -> Result<Vec<(usize, Result<Match>)>> {
    let open: Vec<(usize, &CheckedUser, &str)> = wanted
        .iter()
        .zip(found.iter())
        .enumerate()
        .filter(|(_, (_, found))| **found == Ok(Match::Nobody))
        .filter_map(|(at, (wanted, _))| Some((at, *wanted, wanted.value(EMAIL)?)))
        .collect();
    if open.is_empty() {
        return Ok(Vec::new());
    }
    let contacts = Contacts::find(tenant, wanted, &open).await?;
    let mut wishes: HashMap<String, usize> = HashMap::new();
    for (_, _, email) in &open {
        *wishes.entry(email.to_ascii_lowercase()).or_default() += 1;
    }
    let mut seen = HashSet::new();
    let matched = open.into_iter().map(|(at, wanted, email)| {
        let address = email.to_ascii_lowercase();
        let is_shared = wishes.get(&address).is_some_and(|wishes| *wishes > 1);
        let is_second = !seen.insert(address);
        (at, contacts.match_one(wanted, email, is_shared, is_second))
    });
    Ok(matched.collect())
}

impl<'a, H: Host> Contacts<'a, H> {
    async fn find(
        tenant: &Tenant<'a, H>,
        batch: &[&'a CheckedUser],
        open: &[(usize, &CheckedUser, &str)],
    ) -> Result<Self> {
        let key_field = tenant.writing.contact_key.as_ref();
        let mut columns = Columns::default();
        if let Some(name) = key_field {
            columns.add(name.as_str());
        }
        for entry in open.iter().flat_map(|(_, wanted, _)| &wanted.values) {
            if let Some(field) = &entry.contact {
                columns.add(&**field);
            }
        }
        let mut accounts: Vec<Id> =
            open.iter().map(|(_, wanted, _)| wanted.account.unwrap_or(tenant.account_id)).collect();
        accounts.sort_unstable();
        accounts.dedup();
        let has_own = accounts != [tenant.account_id];
        if has_own {
            columns.add(ACCOUNT_ID);
        }
        let is_sandbox = is_sandbox(&tenant.client.signed_in().instance_url);
        let contacts: Vec<ContactRow> = find(tenant.client, columns, open.len(), "the contacts of a push", |part| {
            let open = open.get(part).unwrap_or_default();
            let mut ways = vec![Condition::texts("Email", open.iter().map(|(_, _, email)| *email))];
            if is_sandbox {
                let muted: Vec<String> = open.iter().map(|(_, _, email)| format!("{email}{MUTED}")).collect();
                ways.push(Condition::texts("Email", muted.iter().map(String::as_str)));
            }
            if let Some(name) = key_field {
                ways.push(Condition::texts_of(name, open.iter().map(|(_, wanted, _)| &*wanted.key)));
            }
            let account = match has_own {
                true => Condition::ids(ACCOUNT_ID, &accounts),
                false => Condition::equals(ACCOUNT_ID, Literal::Id(tenant.account_id)),
            };
            Condition::all(&[account, Condition::any(&ways)])
        })
        .await?;
        let subject = "the users of the contacts of a push";
        let users: Vec<ContactUser> = find(tenant.client, Columns::default(), contacts.len(), subject, |part| {
            let contacts = contacts.get(part).unwrap_or_default();
            let ids: Vec<Id> = contacts.iter().map(|contact| contact.id).collect();
            Condition::ids("ContactId", &ids)
        })
        .await?;
        let users: Vec<UserRow> = users.into_iter().map(|ContactUser(user)| user).collect();
        let (mut by_key, mut by_email) = (HashMap::<_, Vec<_>>::new(), HashMap::<_, Vec<_>>::new());
        for (at, contact) in contacts.iter().enumerate() {
            if let Some(key) = key_field.and_then(|name| contact.extra.text(name.as_str())) {
                by_key.entry(key.to_ascii_lowercase()).or_default().push(at);
            }
            if let Some(email) = &contact.email {
                by_email.entry(unmuted(email).to_ascii_lowercase()).or_default().push(at);
            }
        }
        let mut by_contact = HashMap::new();
        for (at, user) in users.iter().enumerate() {
            if let Some(contact) = user.contact {
                by_contact.entry(contact).or_insert(at);
            }
        }
        let (client, account_id) = (tenant.client, tenant.account_id);
        let claims = Claims::of(client, None, &users, batch);
        Ok(Self { client, key_field, contacts, users, by_key, by_email, by_contact, claims, account_id })
    }

    /// The contacts of the person's account that are found by a text.
    fn of(&self, places: &HashMap<String, Vec<usize>>, text: &str, wanted: &CheckedUser) -> Vec<&ContactRow> {
        let account = wanted.account.unwrap_or(self.account_id);
        // Only where there are several was it asked for.
        let is_there =
            |contact: &&ContactRow| contact.extra.text(ACCOUNT_ID).is_none_or(|found| Id::parse(found) == Ok(account));
        let places = places.get(&text.to_ascii_lowercase());
        places.into_iter().flatten().filter_map(|at| self.contacts.get(*at)).filter(is_there).collect()
    }

    fn key(&self, contact: &ContactRow) -> Option<String> {
        Some(contact.extra.text(self.key_field?.as_str())?.to_ascii_lowercase())
    }

    fn match_one(&self, wanted: &CheckedUser, email: &str, is_shared: bool, is_second: bool) -> Result<Match> {
        let subject = wanted.subject();
        let mut candidates = self.of(&self.by_key, &wanted.key, wanted);
        let mut what = "key";
        if candidates.is_empty() {
            what = "e-mail address";
            if is_shared && self.key_field.is_some() {
                // Whose contact it would be cannot be told, and the key keeps the new ones apart.
                return Ok(Match::Nobody);
            }
            if is_second {
                return Err(Error::new(
                    ErrorKind::AmbiguousMatch,
                    format!("{subject} shares the e-mail address {email} with another new user of this push"),
                )
                .with_remedy("Give each person an e-mail address of its own, since it finds the person's contact, or name a contact-key-field in the settings"));
            }
            candidates = self.of(&self.by_email, unmuted(email), wanted);
            // A contact with the key of another person is that person's.
            candidates.retain(|contact| self.key(contact).is_none());
        }
        match candidates.as_slice() {
            [] => Ok(Match::Nobody),
            [contact] => match self.by_contact.get(&contact.id).and_then(|at| self.users.get(*at)) {
                None => Ok(Match::Contact(Box::new((*contact).clone()))),
                Some(user) => {
                    let holder = self.claims.address_vacated_by(user, wanted, email);
                    if let Some(holder) = holder.filter(|_| what == "e-mail address") {
                        return Ok(Match::Later(still_taken(&subject, what, user), holder.to_owned()));
                    }
                    let also = format!("it is the portal user of the contact {} with the person's {what}", contact.id);
                    Err(self.claims.undecided(self.client, wanted, &[user], Also { evidence: Some(&also), objection: None }).with_remedy("Confirm the user that is this person's, or give the person an e-mail address of its own; a contact can have one user only"))
                }
            },
            several => {
                let candidates: Vec<String> = several
                    .iter()
                    .map(|contact| format!("{} ({})", contact.name.as_deref().unwrap_or("a contact"), contact.id))
                    .collect();
                Err(ambiguous(&subject, "contacts", &candidates.join(", ")))
            }
        }
    }
}

/// Whether an organization's own host is that of a sandbox: `acme--uat.sandbox.my.salesforce.com` (H).
fn is_sandbox(instance_url: &str) -> bool {
    instance_url.to_ascii_lowercase().contains(".sandbox.my.salesforce.com")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sandbox_is_known_by_its_host() {
        assert!(is_sandbox("https://acme--uat.sandbox.my.salesforce.com"));
        for other in
            ["https://acme.my.salesforce.com", "https://sandbox.my.salesforce.com.example", "http://127.0.0.1:80"]
        {
            assert!(!is_sandbox(other), "{other}");
        }
    }
}
