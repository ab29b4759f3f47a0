//! Clients that bring people by SCIM, and the tokens that they sign in with.
//!
//! A token is a random text that is shown once. Only its digest is stored, and looked up by an index. How long that takes
//! tells nothing about a token, since similar tokens don't have similar digests.

use super::database::{Optional as _, Row, params};
use super::hashes::sha256;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::audit::Note;
use super::random;
use super::{DirectoryError, PersonId, ReadTransaction, TenantId, TenantRecord, Timestamp, WriteTransaction};
use provisioning_runtime::Secret;

/// A client's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ScimClientId(pub(super) i64);

/// A platform whose habits matter to what it is answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ScimPlatform {
    /// Any other: what the RFCs say.
    #[default]
    Other,
    /// Okta.
    Okta,
    /// Microsoft Entra ID, which wants 204 for a PATCH.
    Entra,
    /// OneLogin.
    Onelogin,
    /// authentik.
    Authentik,
    /// Rauthy.
    Rauthy,
    /// Canaille.
    Canaille,
}

impl ScimPlatform {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Other, Self::Okta, Self::Entra, Self::Onelogin, Self::Authentik, Self::Rauthy, Self::Canaille];

    /// The name in the database and in commands.
    pub fn name(self) -> &'static str {
        match self {
            Self::Other => "other",
            Self::Okta => "okta",
            Self::Entra => "entra",
            Self::Onelogin => "onelogin",
            Self::Authentik => "authentik",
            Self::Rauthy => "rauthy",
            Self::Canaille => "canaille",
        }
    }

    /// The platform of this name; [`Self::Other`] if it isn't known.
    pub fn parse(name: &str) -> Self {
        Self::ALL.into_iter().find(|one| one.name() == name).unwrap_or_default()
    }
}

/// What an admin may set of a client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct ScimSettings {
    /// Requests per second that it may send for long. 25 by default, which is what OpenID's IPSIE profile asks of servers.
    pub rate: u32,
    /// Seconds that an answer waits for the application at most. 8 by default: clients give up after 30 or more, and an admin who
    /// tries something out waits that long.
    pub wait_seconds: u32,
    /// Whether users lose what neither a group nor an assignment gives them, so that leaving a group takes effect.
    pub exact_grants: bool,
}

impl Default for ScimSettings {
    fn default() -> Self {
        Self { rate: 25, wait_seconds: 8, exact_grants: true }
    }
}

/// A client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScimClient {
    /// The directory's number.
    pub id: ScimClientId,
    /// Its tenant.
    pub tenant: TenantId,
    /// The tenant's name.
    pub tenant_name: String,
    /// Its name, unique within the tenant without regard to case.
    pub name: String,
    /// Which platform it is.
    pub platform: ScimPlatform,
    /// What an admin has set.
    pub settings: ScimSettings,
    /// When it was added.
    pub created_at: Timestamp,
}

impl ScimClient {
    /// How the audit trail names it.
    pub fn actor(&self) -> super::Actor {
        super::Actor::new(format!("scim:{}", self.name))
    }
}

/// What is known of a token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ScimToken {
    /// Its number.
    pub id: i64,
    /// Its first characters.
    pub hint: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends, if it does.
    pub expires_at: Option<Timestamp>,
    /// When it was last used, to the minute.
    pub used_at: Option<Timestamp>,
}

/// Tokens that a client may have at a time: one in use, and the one that takes its place.
const LIVE: usize = 2;

const COLUMNS: &str = "sc.id, sc.tenant_id, t.name, sc.name, sc.platform, sc.settings, sc.created_at";
const FROM: &str = "FROM scim_client sc JOIN tenant t ON t.id = sc.tenant_id AND t.removed_at IS NULL";

fn client(row: Row<'_>) -> Result<ScimClient, DirectoryError> {
    Ok(ScimClient {
        id: ScimClientId(row.get(0)?),
        tenant: TenantId(row.get(1)?),
        tenant_name: row.get(2)?,
        name: row.get(3)?,
        platform: ScimPlatform::parse(row.text(4)?),
        settings: serde_json::from_str(row.text(5)?)?,
        created_at: row.get(6)?,
    })
}

impl ReadTransaction<'_> {
    /// The clients of a tenant, or of all, by their names.
    ///
    /// # Errors
    /// The database's.
    pub fn scim_clients(&self, tenant: Option<TenantId>) -> Result<Vec<ScimClient>, DirectoryError> {
        let mut statement = self.db.prepare_cached(&format!(
            "SELECT {COLUMNS} {FROM} WHERE sc.tenant_id = coalesce(?1, sc.tenant_id) ORDER BY t.name_key, sc.name_key"
        ))?;
        let mut rows = statement.query([tenant.map(|tenant| tenant.0)])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(client(row)?);
        }
        Ok(found)
    }

    /// A client of a tenant by its name.
    ///
    /// # Errors
    /// If there is none.
    pub fn scim_client(&self, tenant: &TenantRecord, name: &str) -> Result<ScimClient, DirectoryError> {
        let mut statement =
            self.db.prepare_cached(&format!("SELECT {COLUMNS} {FROM} WHERE sc.tenant_id = ?1 AND sc.name_key = ?2"))?;
        let mut rows = statement.query(params![tenant.id.0, name.to_lowercase()])?;
        rows.next()?.map(client).transpose()?.ok_or_else(|| DirectoryError::NotFound {
            what: "SCIM client",
            name: name.to_owned(),
            hint: "`scim clients` lists those of the tenant",
        })
    }

    /// The client of a token, with the token's number. `None` if nobody has the token, or not any more.
    ///
    /// # Errors
    /// The database's.
    pub fn scim_client_of_token(&self, token: &str) -> Result<Option<(ScimClient, i64)>, DirectoryError> {
        let mut statement = self.db.prepare_cached(&format!(
            "SELECT {COLUMNS}, k.id {FROM} JOIN scim_token k ON k.client_id = sc.id
             WHERE k.hash = ?1 AND (k.expires_at IS NULL OR k.expires_at > ?2)"
        ))?;
        let mut rows = statement.query(params![sha256(token), Timestamp::now()])?;
        let Some(row) = rows.next()? else { return Ok(None) };
        Ok(Some((client(row)?, row.get(7)?)))
    }

    /// A client's tokens, the oldest first, ended ones included.
    ///
    /// # Errors
    /// The database's.
    pub fn scim_tokens(&self, client: ScimClientId) -> Result<Vec<ScimToken>, DirectoryError> {
        let mut statement = self.db.prepare_cached(
            "SELECT id, hint, created_at, expires_at, used_at FROM scim_token WHERE client_id = ?1 ORDER BY id",
        )?;
        let rows = statement.query_map([client.0], |row| {
            Ok(ScimToken {
                id: row.get(0)?,
                hint: row.get(1)?,
                created_at: row.get(2)?,
                expires_at: row.get(3)?,
                used_at: row.get(4)?,
            })
        })?;
        rows.collect::<Result<_, _>>()
    }

    /// The client that a person comes from, by its name and its tenant's. `None` if the person comes from no client.
    ///
    /// # Errors
    /// The database's.
    pub fn scim_client_of_person(&self, person: PersonId) -> Result<Option<(String, String)>, DirectoryError> {
        self.db
            .prepare_cached(
                "SELECT sc.name, t.name FROM scim_user u JOIN scim_client sc ON sc.id = u.client_id
                 JOIN tenant t ON t.id = sc.tenant_id AND t.removed_at IS NULL WHERE u.person_id = ?1",
            )?
            .query_row([person.0], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()
    }
}

impl WriteTransaction<'_> {
    /// Adds a client.
    ///
    /// # Errors
    /// If the tenant has one of that name, or the name isn't of letters, digits, `-`, `_` and `.`.
    pub fn add_scim_client(
        &self,
        tenant: &TenantRecord,
        name: &str,
        platform: ScimPlatform,
        settings: &ScimSettings,
    ) -> Result<ScimClient, DirectoryError> {
        let is_fit = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.');
        if name.is_empty() || name.len() > 64 || !name.chars().all(is_fit) {
            return Err(DirectoryError::Invalid(format!(
                "the name of the SCIM client `{}` isn't 1 to 64 letters, digits, `-`, `_` and `.`; choose another",
                name.chars().filter(|letter| !letter.is_control()).take(40).collect::<String>()
            )));
        }
        check(settings)?;
        if self.scim_client(tenant, name).is_ok() {
            return Err(DirectoryError::Exists {
                what: "SCIM client",
                name: name.to_owned(),
                hint: "`scim token` makes another token for it",
            });
        }
        self.db
            .prepare_cached(
                "INSERT INTO scim_client (tenant_id, name, name_key, platform, settings, created_at, changed_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6)",
            )?
            .execute(params![
                tenant.id.0,
                name,
                name.to_lowercase(),
                platform.name(),
                serde_json::to_string(settings)?,
                Timestamp::now()
            ])?;
        self.note_client(
            tenant,
            "scim.client.add",
            json!({ "client": name, "platform": platform, "settings": settings }),
            "added",
        )?;
        self.scim_client(tenant, name)
    }

    /// Changes which platform a client is and what is set of it.
    ///
    /// # Errors
    /// If a setting cannot be.
    pub fn edit_scim_client(
        &self,
        tenant: &TenantRecord,
        client: &ScimClient,
        platform: ScimPlatform,
        settings: &ScimSettings,
    ) -> Result<(), DirectoryError> {
        check(settings)?;
        self.db
            .prepare_cached("UPDATE scim_client SET platform = ?2, settings = ?3, changed_at = ?4 WHERE id = ?1")?
            .execute(params![client.id.0, platform.name(), serde_json::to_string(settings)?, Timestamp::now()])?;
        let new = json!({ "client": client.name, "platform": platform, "settings": settings });
        self.note_client(tenant, "scim.client.edit", new, "changed")
    }

    /// Removes a client with its tokens, users and groups. Its people stay, and can be edited here from then on.
    ///
    /// # Errors
    /// The database's.
    pub fn remove_scim_client(&self, tenant: &TenantRecord, client: &ScimClient) -> Result<(), DirectoryError> {
        self.db.prepare_cached("DELETE FROM scim_client WHERE id = ?1")?.execute([client.id.0])?;
        self.note_client(tenant, "scim.client.remove", json!({ "client": client.name }), "removed")
    }

    /// Makes a token and returns it: it is readable this once. Of two tokens that are good already, the older one has to be ended
    /// first.
    ///
    /// # Errors
    /// If the client has two that are good, or the machine gives no random numbers.
    pub fn add_scim_token(
        &self,
        tenant: &TenantRecord,
        client: &ScimClient,
        expires_at: Option<Timestamp>,
    ) -> Result<Secret, DirectoryError> {
        let now = Timestamp::now();
        let live = self.scim_tokens(client.id)?;
        if live.iter().filter(|token| token.expires_at.is_none_or(|end| end > now)).count() >= LIVE {
            return Err(DirectoryError::Invalid(format!(
                "the SCIM client {} has {LIVE} tokens already; once the platform uses the newer one, end the older with `scim revoke {} {} {}`",
                client.name,
                tenant.name,
                client.name,
                live.first().map_or(0, |token| token.id)
            )));
        }
        let token = format!("scim_{}", URL_SAFE_NO_PAD.encode(random::bytes::<32>()?));
        let hint = token.get(..12).unwrap_or_default();
        self.db
            .prepare_cached(
                "INSERT INTO scim_token (client_id, hash, hint, created_at, expires_at) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![client.id.0, sha256(&token), hint, now, expires_at])?;
        let new = json!({ "client": client.name, "token": hint, "expires": expires_at });
        self.note_client(tenant, "scim.token.add", new, "made")?;
        Ok(Secret::new(token))
    }

    /// Ends a token.
    ///
    /// # Errors
    /// If the client has no such token.
    pub fn revoke_scim_token(
        &self,
        tenant: &TenantRecord,
        client: &ScimClient,
        token: i64,
    ) -> Result<(), DirectoryError> {
        let gone = self
            .db
            .prepare_cached("DELETE FROM scim_token WHERE id = ?1 AND client_id = ?2")?
            .execute(params![token, client.id.0])?;
        if gone == 0 {
            return Err(DirectoryError::NotFound {
                what: "token",
                name: token.to_string(),
                hint: "`scim clients` lists the tokens of each",
            });
        }
        self.note_client(tenant, "scim.token.revoke", json!({ "client": client.name, "token": token }), "ended")
    }

    /// Takes note that tokens were used.
    ///
    /// # Errors
    /// The database's.
    pub fn touch_scim_tokens(&self, tokens: &[(i64, Timestamp)]) -> Result<(), DirectoryError> {
        let mut statement = self.db.prepare_cached("UPDATE scim_token SET used_at = ?2 WHERE id = ?1")?;
        for (token, at) in tokens {
            statement.execute(params![token, at])?;
        }
        Ok(())
    }

    fn note_client(
        &self,
        tenant: &TenantRecord,
        action: &str,
        new: serde_json::Value,
        result: &str,
    ) -> Result<(), DirectoryError> {
        self.note(&Note { tenant: Some(&tenant.name), person: None, action, old: None, new: Some(new), result })
    }
}

fn check(settings: &ScimSettings) -> Result<(), DirectoryError> {
    if !(1..=100_000).contains(&settings.rate) {
        return Err(DirectoryError::Invalid("the rate isn't between 1 and 100,000 requests per second".to_owned()));
    }
    if settings.wait_seconds > 60 {
        return Err(DirectoryError::Invalid(
            "an answer waits 60 seconds at most, since clients give up by then".to_owned(),
        ));
    }
    Ok(())
}
