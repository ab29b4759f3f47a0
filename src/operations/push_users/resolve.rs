//! Finding who is there already: a user by its stored id, its username or its federation id, and where there is none a
//! contact of the portal's account by its e-mail address.
//!
//! More than one candidate stops the push of this person, with the candidates named: e-mail addresses are not unique, and
//! no second user is ever made for a contact.

use std::ops::Range;

use super::wanted::Wanted;
use crate::attributes::{self, EMAIL, FEDERATION_ID};
use crate::host::Host;
use crate::model::{Error, ErrorKind, Result};
use crate::operations::index::Index;
use crate::operations::is_portal_user_type;
use crate::salesforce::client::Client;
use crate::salesforce::id::Id;
use crate::salesforce::query::{self, LONGEST};
use crate::salesforce::record::Record;
use crate::salesforce::soql::{Condition, Literal, Name, Select};
use crate::salesforce::url::encode_query;

/// Users asked for in one query; the length of the query may lower it.
const BATCH: usize = 200;

/// A record as Salesforce has it, as far as this push is concerned with it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Known {
    pub(super) id: Id,
    /// Only of users.
    pub(super) is_active: bool,
    texts: Vec<(String, String)>,
}

impl Known {
    fn read(record: &Record<'_>, paths: &[String]) -> Option<Self> {
        let id = Id::parse(record.text("Id")?).ok()?;
        let texts = paths.iter().filter_map(|path| Some((path.clone(), record.text(path)?.to_owned())));
        Some(Self { id, is_active: record.boolean("IsActive").unwrap_or_default(), texts: texts.collect() })
    }

    /// The text under a path; none where it is empty.
    pub(super) fn text(&self, path: &str) -> Option<&str> {
        self.texts.iter().find(|(have, _)| have == path).map(|(_, text)| text.as_str())
    }

    /// The id under a path.
    pub(super) fn id(&self, path: &str) -> Option<Id> {
        Id::parse(self.text(path)?).ok()
    }

    fn username(&self) -> &str {
        self.text("Username").unwrap_or_default()
    }

    fn has_username(&self, username: &str) -> bool {
        self.username().eq_ignore_ascii_case(username)
    }
}

/// Who was found for a wanted user.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Match {
    /// A user; with a sentence where it was not found as expected.
    User(Box<Known>, Option<String>),
    /// No user, but a contact that has none.
    Contact(Box<Known>),
    /// Nobody.
    Nobody,
}

/// Finds the users and contacts of a batch. Results stand in order.
pub(super) fn resolve<H: Host>(client: &Client<H>, account_id: Id, wanted: &[&Wanted]) -> Result<Vec<Result<Match>>> {
    let mut matches = Vec::with_capacity(wanted.len());
    for batch in wanted.chunks(BATCH) {
        let users = find_users(client, batch)?;
        let mut found: Vec<Result<Match>> = batch.iter().map(|wanted| match_user(wanted, &users)).collect();
        match_contacts(client, account_id, batch, &mut found)?;
        matches.append(&mut found);
    }
    Ok(matches)
}

fn find_users<H: Host>(client: &Client<H>, wanted: &[&Wanted]) -> Result<Vec<Known>> {
    const ALWAYS: [&str; 9] = [
        "Id",
        "Username",
        "IsActive",
        "UserType",
        "ProfileId",
        "UserRoleId",
        "FederationIdentifier",
        "ContactId",
        "Contact.AccountId",
    ];
    let mut paths = ALWAYS.map(str::to_owned).to_vec();
    for (definition, _) in wanted.iter().flat_map(|wanted| &wanted.values) {
        let user = definition.user.map(|field| field.name.to_owned());
        let contact = definition.contact.map(|field| format!("Contact.{}", field.name));
        for path in user.into_iter().chain(contact) {
            if !paths.contains(&path) {
                paths.push(path);
            }
        }
    }
    find(client, "User", &paths, 0..wanted.len(), "the users of a push", &|part| {
        let wanted = wanted.get(part).unwrap_or_default();
        let ids = wanted.iter().filter_map(|wanted| wanted.id).map(Literal::Id).collect::<Vec<_>>();
        let usernames = texts(wanted, |wanted| Some(&wanted.username));
        let federation_ids = texts(wanted, |wanted| wanted.value(FEDERATION_ID));
        let keys = [("Id", ids), ("Username", usernames), ("FederationIdentifier", federation_ids)];
        let conditions = keys.into_iter().filter(|(_, values)| !values.is_empty());
        Condition::Any(conditions.map(|(name, values)| Condition::In(Name::fixed(name), values)).collect())
    })
}

fn texts<'a>(wanted: &[&'a Wanted], get: impl Fn(&'a Wanted) -> Option<&'a str>) -> Vec<Literal> {
    wanted.iter().copied().filter_map(get).map(|text| Literal::Text(text.to_owned())).collect()
}

/// Runs one query for the items of a batch, or several where it would be too long for a URL. `condition` selects the
/// records of a part of the batch.
fn find<H: Host>(
    client: &Client<H>,
    object: &'static str,
    paths: &[String],
    batch: Range<usize>,
    subject: &str,
    condition: &dyn Fn(Range<usize>) -> Condition,
) -> Result<Vec<Known>> {
    let mut found: Vec<Known> = Vec::new();
    let mut parts = vec![batch];
    while let Some(part) = parts.pop() {
        if part.is_empty() {
            continue;
        }
        // Every path comes from our own table, so none is lost here.
        let fields = paths.iter().filter_map(|path| Name::parse(path)).collect();
        let query = Select::new(Name::fixed(object), fields).filter(condition(part.clone()));
        if part.len() > 1 && encode_query(&query.to_string()).len() > LONGEST {
            let middle = part.start + part.len() / 2;
            parts.extend([middle..part.end, part.start..middle]);
            continue;
        }
        query::for_each(client, &query, subject, |record| {
            // A record may be found by its username in one part and by another key in the next.
            if let Some(known) = Known::read(record, paths)
                && !found.iter().any(|have| have.id == known.id)
            {
                found.push(known);
            }
        })?;
    }
    Ok(found)
}

fn match_user(wanted: &Wanted, users: &[Known]) -> Result<Match> {
    let subject = wanted.subject();
    let by_username = users.iter().find(|user| user.has_username(&wanted.username));
    let federation_id = wanted.value(FEDERATION_ID);
    let by_federation_id =
        users.iter().find(|user| federation_id.is_some() && user.text("FederationIdentifier") == federation_id);

    if let Some(id) = wanted.id
        && let Some(user) = users.iter().find(|user| user.id == id)
    {
        check_portal(user, &subject)?;
        for (other, what) in [(by_username, "username"), (by_federation_id, "federation id")] {
            if let Some(other) = other.filter(|other| other.id != id) {
                let kind = if what == "username" { ErrorKind::UsernameTaken } else { ErrorKind::AmbiguousMatch };
                let message =
                    format!("the {what} of {subject} belongs to another user, {} ({})", other.username(), other.id);
                return Err(
                    Error::new(kind, message).with_remedy("Choose another value, or link the person to that user")
                );
            }
        }
        return Ok(Match::User(Box::new(user.clone()), None));
    }
    let user = match (by_username, by_federation_id) {
        (Some(one), Some(other)) if one.id != other.id => {
            return Err(ambiguous(
                &subject,
                "users",
                &format!(
                    "{} ({}) by username and {} ({}) by federation id",
                    one.username(),
                    one.id,
                    other.username(),
                    other.id
                ),
            ));
        }
        (Some(user), _) | (None, Some(user)) => user,
        (None, None) => {
            return match wanted.id {
                None => Ok(Match::Nobody),
                Some(id) => Err(Error::new(
                    ErrorKind::StaleReference,
                    format!("the user {id} that {subject} is linked to does not exist any more, and no other has this username"),
                )
                .with_remedy("Take the link away, so that a new user is made; after a refresh of a sandbox import first")),
            };
        }
    };
    if !is_portal_user_type(user.text("UserType").unwrap_or_default()) {
        return Err(Error::new(
            ErrorKind::UsernameTaken,
            format!(
                "the username or federation id of {subject} belongs to {} ({}), which is no portal user",
                user.username(),
                user.id
            ),
        )
        .with_remedy("Choose another username for the portal user"));
    }
    let note = wanted.id.map(|id| {
        format!("The stored id {id} does not exist any more; the user was found by its username or federation id.")
    });
    Ok(Match::User(Box::new(user.clone()), note))
}

fn check_portal(user: &Known, subject: &str) -> Result<()> {
    if is_portal_user_type(user.text("UserType").unwrap_or_default()) {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::InvalidValue,
        format!("the user {} that {subject} is linked to is no portal user", user.id),
    )
    .with_remedy("Link the person to a portal user; internal users are not touched"))
}

fn ambiguous(subject: &str, what: &str, candidates: &str) -> Error {
    Error::new(
        ErrorKind::AmbiguousMatch,
        format!("several {what} could be {subject}, and none was touched: {candidates}"),
    )
    .with_remedy("Link the person to the right one, or merge them in Salesforce")
}

/// For those without a user, looks for a contact in the portal's account.
fn match_contacts<H: Host>(
    client: &Client<H>,
    account_id: Id,
    wanted: &[&Wanted],
    found: &mut [Result<Match>],
) -> Result<()> {
    let open: Vec<(usize, &Wanted, &str)> = wanted
        .iter()
        .zip(found.iter())
        .enumerate()
        .filter(|(_, (_, found))| **found == Ok(Match::Nobody))
        .filter_map(|(at, (wanted, _))| Some((at, *wanted, wanted.value(EMAIL)?)))
        .collect();
    if open.is_empty() {
        return Ok(());
    }
    let mut paths = ["Id", "Email", "Name"].map(str::to_owned).to_vec();
    for field in attributes::ALL.iter().filter_map(|definition| {
        definition.contact.filter(|_| {
            open.iter().any(|(_, wanted, _)| wanted.values.iter().any(|(have, _)| have.name == definition.name))
        })
    }) {
        if !paths.iter().any(|path| path == field.name) {
            paths.push(field.name.to_owned());
        }
    }
    let contacts = find(client, "Contact", &paths, 0..open.len(), "the contacts of a push", &|part| {
        let emails =
            open.get(part).unwrap_or_default().iter().map(|(_, _, email)| Literal::Text((*email).to_owned())).collect();
        Condition::All(vec![
            Condition::Equals(Name::fixed("AccountId"), Literal::Id(account_id)),
            Condition::In(Name::fixed("Email"), emails),
        ])
    })?;
    let user_paths = ["Id", "Username", "ContactId"].map(str::to_owned);
    let users = find(client, "User", &user_paths, 0..contacts.len(), "the users of the contacts of a push", &|part| {
        let contacts = contacts.get(part).unwrap_or_default();
        Condition::In(Name::fixed("ContactId"), contacts.iter().map(|contact| Literal::Id(contact.id)).collect())
    })?;

    let mut emails = Index::default();
    for (at, wanted, email) in open {
        if let Some(slot) = found.get_mut(at) {
            *slot = if emails.insert(&email.to_ascii_lowercase(), 0) {
                match_contact(wanted, email, &contacts, &users)
            } else {
                Err(Error::new(
                    ErrorKind::AmbiguousMatch,
                    format!(
                        "{} shares the e-mail address {email} with another new user of this push",
                        wanted.subject()
                    ),
                )
                .with_remedy("Give each person an e-mail address of its own, since it finds the person's contact"))
            };
        }
    }
    Ok(())
}

fn match_contact(wanted: &Wanted, email: &str, contacts: &[Known], users: &[Known]) -> Result<Match> {
    let subject = wanted.subject();
    let same = |contact: &&Known| contact.text("Email").is_some_and(|have| have.eq_ignore_ascii_case(email));
    let candidates: Vec<&Known> = contacts.iter().filter(same).collect();
    match candidates.as_slice() {
        [] => Ok(Match::Nobody),
        [contact] => match users.iter().find(|user| user.id("ContactId") == Some(contact.id)) {
            None => Ok(Match::Contact(Box::new((*contact).clone()))),
            Some(user) => Err(Error::new(
                ErrorKind::AmbiguousMatch,
                format!("the contact {} with the e-mail address of {subject} already has the portal user {} ({})", contact.id, user.username(), user.id),
            )
            .with_remedy("Link the person to that user, or give the person an e-mail address of its own; a contact can have one user only")),
        },
        several => {
            let candidates: Vec<String> = several
                .iter()
                .map(|contact| format!("{} ({})", contact.text("Name").unwrap_or("a contact"), contact.id))
                .collect();
            Err(ambiguous(&subject, "contacts", &candidates.join(", ")))
        }
    }
}
