//! What the probes look at in the organisation, in two calls.

use serde::Deserialize;

use super::{failed, names, passed, skipped, warned};
use crate::host::Host;
use crate::model::{Error, ErrorKind, Probe, Result, Verdict};
use crate::operations::{ID, PORTAL_USER_TYPES};
use crate::salesforce::client::{Call, Client};
use crate::salesforce::composite::{self, Answer, Read};
use crate::salesforce::id::Id;
use crate::salesforce::soql::{Condition, Literal, Select};

const SUBJECT: &str = "the test of the settings";

/// What the signed-in user itself may do, whatever it has that from: profile, permission sets, groups of them. It has one row, and
/// needs no right to the setup (H, field reference; since API 41.0).
const OWN_PERMISSIONS: &str = "UserPermissionAccess";

/// "Manage External Users", by its API name (H, the same).
const MANAGE_EXTERNAL_USERS: &str = "PermissionsManageCustomerUsers";

/// "Use Any API Auth", by its API name (M: a list of the fields of `PermissionSet`, and an auditing tool that queries it). An
/// organization that doesn't know the permission yet refuses the query, which therefore stands alone.
const USE_ANY_API_AUTH: &str = "PermissionsUseAnyApiAuth";

/// The probes that were looked at, in their order.
pub(super) struct Looks(Vec<Probe>);

impl Looks {
    /// Looks at everything.
    ///
    /// # Errors
    ///
    /// When Salesforce does not answer at all.
    pub(super) fn take<H: Host>(client: &Client<H>, account_id: Option<Id>, is_soap: bool) -> Result<Self> {
        let portal_type = Condition::texts("UserType", PORTAL_USER_TYPES);
        let fields = ["UserLicense.Name", "UserLicense.TotalLicenses", "UserLicense.UsedLicenses"];
        let licences = Select::new("Profile", &fields).filter(&portal_type);
        let user = Select::new("User", &[ID]).filter(&portal_type).limit(1);
        let external = Select::new(OWN_PERMISSIONS, &[MANAGE_EXTERNAL_USERS]).limit(1);
        let any_auth = is_soap.then(|| Select::new(OWN_PERMISSIONS, &[USE_ANY_API_AUTH]).limit(1));
        let owner = account_id.map(|id| {
            let fields = ["Owner.Name", "Owner.UserRoleId", "Owner.IsActive"];
            Select::new("Account", &fields).filter(&Condition::equals(ID, Literal::Id(id)))
        });
        // All fields of the account: the one that tells persons from companies is there only where persons may be (H).
        let account = account_id.map(|id| format!("sobjects/Account/{id}"));
        let mut reads = vec![
            Read::Resource("sobjects/User"),
            Read::Resource("sobjects/Contact"),
            Read::Resource("sobjects/PermissionSetAssignment"),
            Read::Query(&licences),
            Read::Query(&user),
            Read::Query(&external),
        ];
        let places = reads.len();
        reads.extend(any_auth.as_ref().map(Read::Query));
        reads.extend(account.as_deref().map(Read::Resource));
        reads.extend(owner.as_ref().map(Read::Query));
        let response = composite::send(client, &reads, SUBJECT)?;
        let answers = composite::answers(&response, reads.len(), SUBJECT)?;
        let write = "Give it Manage External Users in its profile under Setup > Users > Profiles, or in a permission set; Manage Users also does";
        let contacts = "Give its profile Create and Edit on contacts under Setup > Users > Profiles > Object Settings";
        let assign = "Give its profile Assign Permission Sets under Setup > Users > Profiles";
        let (any_auth, of_account) =
            answers.get(places..).and_then(|rest| rest.split_at_checked(usize::from(is_soap))).unwrap_or_default();
        let (account, owner) = match (account_id, of_account.first(), of_account.get(1)) {
            (Some(id), Some(account), Some(owner)) => (account_exists(id, account), owner_has_role(owner)),
            _ => {
                let reason = "Not tried, because account-id is missing or malformed.";
                (skipped(names::ACCOUNT, reason), skipped(names::OWNER, reason))
            }
        };
        Ok(Self(vec![
            may_use_soap_login(any_auth.first()),
            may_write_users(&answers[0], &answers[5], write),
            may_write(names::CONTACTS, &answers[1], Rights::to_write, "make and change contacts", contacts),
            may_write(
                names::PERMISSION_SETS,
                &answers[2],
                |rights| rights.createable,
                "assign permission sets",
                assign,
            ),
            may_reset(client, &answers[4]),
            account,
            owner,
            seats_left(&answers[3]),
        ]))
    }

    pub(super) fn into_probes(self) -> Vec<Probe> {
        self.0
    }
}

/// What the short description of an object says.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Basics {
    object_describe: Rights,
}

/// What the admin user may do with records of an object.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Rights {
    createable: bool,
    updateable: bool,
}

impl Rights {
    fn to_write(&self) -> bool {
        self.createable && self.updateable
    }
}

/// An account, with all of its fields. One of them is there only in some organisations.
#[derive(Deserialize)]
struct Account {
    #[serde(rename = "Name")]
    name: Option<String>,
    #[serde(rename = "IsPersonAccount")]
    is_person: Option<bool>,
}

/// A description says what this user may do (H).
fn may_write(name: &'static str, answer: &Answer<'_>, allows: fn(&Rights) -> bool, what: &str, remedy: &str) -> Probe {
    match answer.resource(SUBJECT).map(|object: Basics| allows(&object.object_describe)) {
        Ok(true) => passed(name, format!("The admin user may {what}.")),
        Ok(false) => {
            let error = Error::new(ErrorKind::PermissionDenied, format!("the admin user may not {what}"));
            failed(name, error.with_remedy(remedy))
        }
        Err(error) => failed(name, error.with_remedy(remedy)),
    }
}

/// Whether a sign-in by SOAP `login()` will go on: without the permission, Salesforce refuses it in organizations made since
/// Summer '26, and with Winter '27 in all (H, Salesforce Help 005132110, SOAP guide, `login()`). One that let the user in
/// doesn't enforce it yet. Other ways to sign in don't need it.
fn may_use_soap_login(answer: Option<&Answer<'_>>) -> Probe {
    const UNTOLD: &str = "The organization doesn't say whether the admin user has the permission Use Any API Auth, which SOAP login() needs.";
    let Some(answer) = answer else {
        return passed(
            names::SOAP_LOGIN,
            "The sign-in isn't by SOAP login(), which alone needs Use Any API Auth.".to_owned(),
        );
    };
    if answer.fault().is_some() {
        return skipped(names::SOAP_LOGIN, UNTOLD);
    }
    match answer.page(SUBJECT).map(|page| page.records.first()?.boolean(USE_ANY_API_AUTH)) {
        Ok(Some(true)) => {
            passed(names::SOAP_LOGIN, "The admin user has Use Any API Auth, which SOAP login() needs.".to_owned())
        }
        Ok(Some(false)) => warned(
            names::SOAP_LOGIN,
            "the admin user lacks the permission Use Any API Auth, without which Salesforce refuses SOAP login() in new organizations and, with its release Winter '27, in all",
            "Give the user the permission in a permission set under Setup > Users > Permission Sets > System Permissions, or set sign-in to client-credentials",
        ),
        Ok(None) => skipped(names::SOAP_LOGIN, UNTOLD),
        Err(error) => failed(names::SOAP_LOGIN, error),
    }
}

/// Portal users can be written with Manage External Users alone (H, Special Access Rules of User). Whether the description of
/// users, which internal users have as well, then says so is U, so the permission is looked at, too.
fn may_write_users(described: &Answer<'_>, external: &Answer<'_>, remedy: &str) -> Probe {
    let probe = may_write(names::USERS, described, Rights::to_write, "make and change users", remedy);
    let may_external = || external.page(SUBJECT).ok()?.records.first()?.boolean(MANAGE_EXTERNAL_USERS);
    if probe.verdict == Verdict::Failed && may_external() == Some(true) {
        let detail = "The admin user may make and change portal users, by Manage External Users.";
        return passed(names::USERS, detail.to_owned());
    }
    probe
}

/// Whoever may reset a password may see whether it has expired; others get 403 (H).
fn may_reset<H: Host>(client: &Client<H>, answer: &Answer<'_>) -> Probe {
    let page = match answer.page(SUBJECT) {
        Ok(page) => page,
        Err(error) => return failed(names::PASSWORDS, error),
    };
    let Some(id) = page.records.first().and_then(|record| Id::parse(record.text("Id")?).ok()) else {
        return skipped(names::PASSWORDS, "Not tried, because the organization has no portal user yet.");
    };
    match client.call(&Call::get(format!("sobjects/User/{id}/password")), "the password of a portal user") {
        Ok(_) => passed(names::PASSWORDS, "The admin user may reset passwords.".to_owned()),
        Err(error) => failed(
            names::PASSWORDS,
            error.with_remedy("Give its profile Reset User Passwords and Unlock Users under Setup > Users > Profiles"),
        ),
    }
}

fn account_exists(id: Id, answer: &Answer<'_>) -> Probe {
    let (detail, remedy) = match answer.resource::<Account>(SUBJECT) {
        Ok(account) => {
            let name = account.name.filter(|name| !name.is_empty()).unwrap_or_else(|| "without a name".to_owned());
            if account.is_person != Some(true) {
                return passed(names::ACCOUNT, format!("New contacts are made under the account {name} ({id})."));
            }
            (
                format!("The account {name} ({id}) is a person account, which can have no contacts."),
                "Enter the id of a business account in account-id.",
            )
        }
        Err(error) if matches!(error.kind, ErrorKind::NotFound | ErrorKind::StaleReference) => (
            format!("There is no account {id} in this organization, or the admin user may not see it."),
            "Copy account-id from the address of the account's page, and give the admin user's profile read access to accounts.",
        ),
        Err(error) => return failed(names::ACCOUNT, error),
    };
    let (name, detail, remedy) = (names::ACCOUNT, detail, Some(remedy.to_owned()));
    Probe { name, verdict: Verdict::Failed, kind: Some(ErrorKind::InvalidSettings), detail, remedy }
}

/// Without a role of its owner, an account takes no portal users (H).
fn owner_has_role(answer: &Answer<'_>) -> Probe {
    let owner = match answer.page(SUBJECT).map(|page| page.records.first().cloned()) {
        Ok(Some(owner)) => owner,
        Ok(None) => return skipped(names::OWNER, "Not tried, because the account does not exist."),
        Err(error) => return failed(names::OWNER, error),
    };
    let name = owner.text("Owner.Name").unwrap_or("without a name");
    let problem = if owner.text("Owner.UserRoleId").is_none() {
        "has no role, so that no portal user can be made under it"
    } else if owner.boolean("Owner.IsActive") == Some(false) {
        "is inactive"
    } else {
        return passed(names::OWNER, format!("The account's owner {name} is active and has a role."));
    };
    let error = Error::new(ErrorKind::RejectedByRule, format!("the owner of the account, {name}, {problem}"));
    let remedy = "Give the owner a role under Setup > Users > Users, or give the account an active owner who has one";
    failed(names::OWNER, error.with_remedy(remedy))
}

fn seats_left(answer: &Answer<'_>) -> Probe {
    let page = match answer.page(SUBJECT) {
        Ok(page) => page,
        Err(error) => return failed(names::SEATS, error),
    };
    let mut licences: Vec<(&str, u64)> = Vec::new();
    for record in &page.records {
        let number = |path: &str| record.number(path).unwrap_or(0);
        let left = number("UserLicense.TotalLicenses").saturating_sub(number("UserLicense.UsedLicenses"));
        let Some(name) = record.text("UserLicense.Name") else { continue };
        // Several profiles have the same licence.
        if !licences.contains(&(name, left)) {
            licences.push((name, left));
        }
    }
    let remedy =
        "Buy seats or deactivate users; Setup > Company Settings > Company Information > User Licenses shows them";
    if licences.is_empty() {
        let error = Error::new(ErrorKind::LicenseExhausted, "the organization has no profile of a portal licence");
        return failed(
            names::SEATS,
            error.with_remedy("Buy a portal licence and switch on the portal or its digital experience"),
        );
    }
    let list: Vec<String> = licences.iter().map(|(name, left)| format!("{name}: {left}")).collect();
    let list = list.join(", ");
    if licences.iter().any(|(_, left)| *left > 0) {
        return passed(names::SEATS, format!("Seats left of the portal licences: {list}."));
    }
    let error = Error::new(ErrorKind::LicenseExhausted, format!("no portal licence has a seat left ({list})"));
    failed(names::SEATS, error.with_remedy(remedy))
}
