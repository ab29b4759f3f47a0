//! Who may sign in: the decision behind every way of signing in, without its wire form.
//!
//! Here are passwords and what an open session is worth; [`oauth`] decides the grants of the token endpoint, and
//! [`assertion`] checks signed assertions.

pub(crate) mod assertion;
pub(crate) mod oauth;

use rusqlite::{Connection, OptionalExtension};

use crate::error::ApiError;
use crate::org::switches::Switches;
use crate::org::{Org, credentials, ids, licences};

/// Which portal a login is for.
#[derive(Clone, Debug)]
pub(crate) struct Scope {
    pub(crate) organization_id: String,
    pub(crate) portal_id: Option<String>,
}

/// Why a login is refused. Salesforce does not tell a lock or an inactive user from a wrong password (H).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// No such user, wrong password or token, inactive, frozen, locked out, or the wrong portal.
    Invalid,
    /// The right password, but without the token.
    TokenMissing,
    /// From an address that the user's profile does not allow; decided before the password (M).
    Address,
    /// At an hour that the user's profile does not allow; decided before the password (L).
    Hours,
}

/// Why a signed-in user may not use the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ApiRefusal {
    /// The organisation's edition has no API.
    Organization,
    /// The user lacks the permission "API Enabled".
    User,
}

impl ApiRefusal {
    /// The exception code (H that they exist; M for which one it is).
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Organization => "API_DISABLED_FOR_ORG",
            Self::User => "API_CURRENTLY_DISABLED",
        }
    }
}

/// A user who signed in.
#[derive(Debug)]
pub(crate) struct User {
    pub(crate) id: String,
    pub(crate) username: String,
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) profile_id: String,
    pub(crate) role_id: Option<String>,
    pub(crate) user_type: String,
    pub(crate) language: String,
    pub(crate) locale: String,
    pub(crate) time_zone: String,
    pub(crate) organization_name: String,
    pub(crate) default_currency: String,
    pub(crate) password_expired: bool,
}

const SELECT: &str =
    "SELECT Id, Username, Name, Email, ProfileId, UserRoleId, UserType, LanguageLocaleKey, LocaleSidKey,
    TimeZoneSidKey, (SELECT Name FROM Organization), DefaultCurrencyIsoCode FROM User";

fn find(db: &Connection, username: &str) -> rusqlite::Result<Option<User>> {
    read(db, &format!("{SELECT} WHERE Username = ?1"), username)
}

/// The user with this 18-character id, whatever the user's state.
pub(crate) fn load(db: &Connection, user_id: &str) -> rusqlite::Result<Option<User>> {
    read(db, &format!("{SELECT} WHERE Id = ?1"), user_id)
}

fn read(db: &Connection, sql: &str, key: &str) -> rusqlite::Result<Option<User>> {
    db.prepare_cached(sql)?
        .query_row([key], |row| {
            Ok(User {
                id: row.get(0)?,
                username: row.get(1)?,
                name: row.get(2)?,
                email: row.get(3)?,
                profile_id: row.get(4)?,
                role_id: row.get(5)?,
                user_type: row.get(6)?,
                language: row.get(7)?,
                locale: row.get(8)?,
                time_zone: row.get(9)?,
                organization_name: row.get(10)?,
                default_currency: row.get(11)?,
                password_expired: false,
            })
        })
        .optional()
}

/// Whether the user is active, not frozen and not locked out.
pub(crate) fn may_sign_in(db: &Connection, user_id: &str) -> rusqlite::Result<bool> {
    db.prepare_cached(
        "SELECT u.IsActive = 1 AND coalesce(l.IsFrozen, 0) = 0 AND coalesce(l.IsPasswordLocked, 0) = 0
         FROM User u LEFT JOIN UserLogin l ON l.UserId = u.Id WHERE u.Id = ?1",
    )?
    .query_row([user_id], |row| row.get(0))
    .optional()
    .map(|may| may.unwrap_or(false))
}

/// Whether an open session of the user still counts: a lock keeps new logins out, not those inside.
pub(crate) fn may_act(db: &Connection, user_id: &str) -> rusqlite::Result<bool> {
    db.prepare_cached(
        "SELECT u.IsActive = 1 AND coalesce(l.IsFrozen, 0) = 0
         FROM User u LEFT JOIN UserLogin l ON l.UserId = u.Id WHERE u.Id = ?1",
    )?
    .query_row([user_id], |row| row.get(0))
    .optional()
    .map(|may| may.unwrap_or(false))
}

/// Whether the org and the user's permissions let the user call the API.
pub(crate) fn may_use_api(org: &Org, db: &Connection, user_id: &str) -> rusqlite::Result<Result<(), ApiRefusal>> {
    if !org.switches().api_enabled {
        return Ok(Err(ApiRefusal::Organization));
    }
    let disabled: bool = db
        .prepare_cached("SELECT count(*) > 0 FROM _api_disabled WHERE UserId = ?1")?
        .query_row([user_id], |row| row.get(0))?;
    Ok(if disabled { Err(ApiRefusal::User) } else { Ok(()) })
}

/// Whether the user's profile is the administrators', who may manage users and are approved for the connected app.
pub(crate) fn is_administrator(db: &Connection, user_id: &str) -> rusqlite::Result<bool> {
    db.prepare_cached(
        "SELECT p.Name = 'System Administrator' FROM User u JOIN Profile p ON p.Id = u.ProfileId WHERE u.Id = ?1",
    )?
    .query_row([user_id], |row| row.get(0))
    .optional()
    .map(|is| is.unwrap_or(false))
}

/// Gives or takes the permission "API Enabled".
pub(crate) fn set_api_enabled(db: &Connection, user_id: &str, enabled: bool) -> rusqlite::Result<()> {
    let sql = if enabled {
        "DELETE FROM _api_disabled WHERE UserId = ?1"
    } else {
        "INSERT OR IGNORE INTO _api_disabled VALUES (?1)"
    };
    db.execute(sql, [user_id])?;
    Ok(())
}

/// What a session may be told whose user's password has expired (H for code and words, M for both statuses).
pub(crate) fn expired_password(switches: &Switches) -> ApiError {
    ApiError::new(
        switches.expired_password_status,
        "INVALID_OPERATION_WITH_EXPIRED_PASSWORD",
        "The users password has expired, you must call SetPassword before attempting any other API operations",
    )
}

/// Whether the org lets anyone in now and from here.
fn door(org: &Org) -> Result<(), Refusal> {
    if org.switches().login_address_restricted {
        Err(Refusal::Address)
    } else if org.switches().login_hours_restricted {
        Err(Refusal::Hours)
    } else {
        Ok(())
    }
}

/// Decides a login by password. Portal users sign in to their portal, without a token; internal users to no portal,
/// with one unless the network is trusted.
pub(crate) fn by_password(
    org: &Org,
    db: &Connection,
    username: &str,
    password: &str,
    scope: Option<&Scope>,
) -> rusqlite::Result<Result<User, Refusal>> {
    let Some(mut user) = find(db, username)? else { return Ok(Err(Refusal::Invalid)) };
    let portal = licences::is_portal(&user.user_type);
    if let Err(refusal) = door(org) {
        return Ok(Err(refusal));
    }
    if !scope_fits(org, portal, scope) || !may_sign_in(db, &user.id)? {
        return Ok(Err(Refusal::Invalid));
    }
    let Some(credential) = credentials::load(db, &user.id)? else { return Ok(Err(Refusal::Invalid)) };
    let wants_token = credential.has_token && !portal;
    let bare = credential.is_password(password);
    let right = (bare && !(wants_token && org.switches().security_token_required))
        || (wants_token && credential.is_password_with_token(password));
    if !right {
        if bare {
            return Ok(Err(Refusal::TokenMissing));
        }
        credentials::count_failure(db, &user.id, org.switches().failed_logins_until_lockout)?;
        return Ok(Err(Refusal::Invalid));
    }
    credentials::clear_failures(db, &user.id)?;
    signed_in(org, db, &user.id)?;
    user.password_expired = credential.is_expired;
    Ok(Ok(user))
}

fn signed_in(org: &Org, db: &Connection, user_id: &str) -> rusqlite::Result<()> {
    db.execute("UPDATE User SET LastLoginDate = ?2 WHERE Id = ?1", rusqlite::params![user_id, org.clock.now()])?;
    Ok(())
}

fn scope_fits(org: &Org, portal: bool, scope: Option<&Scope>) -> bool {
    let own_org =
        |scope: &Scope| ids::normalise(&scope.organization_id).is_some_and(|id| id == org.facts.organization_id);
    match (portal, scope) {
        (true, Some(scope)) => {
            own_org(scope)
                && scope.portal_id.as_deref().and_then(ids::normalise).is_some_and(|id| id == org.facts.portal_id)
        }
        (true, None) => false,
        // The header is for portal users; what it does to others is U.
        (false, scope) => scope.is_none(),
    }
}
