//! Who the user of an access token is: OpenID Connect's `userinfo`, and the identity URL that every grant names.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{OriginalUri, Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rusqlite::{Connection, OptionalExtension};
use serde_json::{Value, json};

use super::token::identity_url;
use super::{Form, answer, blocking};
use crate::http::Shared;
use crate::http::sessions::bearer;
use crate::login;
use crate::org::{clock, ids};

/// Both services refuse in one word of plain text, unlike REST (M).
type Refusal = (StatusCode, &'static str);

const MISSING_TOKEN: Refusal = (StatusCode::FORBIDDEN, "Missing_OAuth_Token");
const BAD_TOKEN: Refusal = (StatusCode::FORBIDDEN, "Bad_OAuth_Token");
const WRONG_ORG: Refusal = (StatusCode::FORBIDDEN, "Wrong_Org");
const BAD_ID: Refusal = (StatusCode::NOT_FOUND, "Bad_Id");
const INACTIVE: Refusal = (StatusCode::NOT_FOUND, "Inactive");
const NO_ACCESS: Refusal = (StatusCode::NOT_FOUND, "No_Access");
const INTERNAL: Refusal = (StatusCode::INTERNAL_SERVER_ERROR, "Internal Error");

/// The user of the token.
pub(super) async fn user_info(
    State(shared): State<Arc<Shared>>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let form = Form::read(&uri, &headers, &body);
    let token = token(&form, &headers);
    blocking(move || {
        respond(signed_in(&shared, token.as_deref()).and_then(|user_id| {
            let person = person(&shared, &user_id)?.ok_or(BAD_ID)?;
            Ok(person.user_info(&shared, &form))
        }))
    })
    .await
}

/// The user of the address; another than the token's own only for administrators.
pub(super) async fn show(
    State(shared): State<Arc<Shared>>,
    Path((organization, user)): Path<(String, String)>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let form = Form::read(&uri, &headers, &body);
    let token = token(&form, &headers);
    blocking(move || {
        respond(signed_in(&shared, token.as_deref()).and_then(|caller| {
            if ids::normalise(&organization).as_deref() != Some(&shared.org.facts.organization_id) {
                return Err(WRONG_ORG);
            }
            let user_id = ids::normalise(&user).ok_or(BAD_ID)?;
            let person = person(&shared, &user_id)?.ok_or(BAD_ID)?;
            if user_id != caller {
                let administrator =
                    shared.org.transact(|db| login::is_administrator(db, &caller)).and_then(|is| is).map_err(store)?;
                if !administrator {
                    return Err(NO_ACCESS);
                }
            }
            if !person.active {
                return Err(INACTIVE);
            }
            Ok(person.identity(&shared, &form, user_id == caller))
        }))
    })
    .await
}

fn token(form: &Form, headers: &HeaderMap) -> Option<String> {
    bearer(headers).or_else(|| form.get("access_token")).or_else(|| form.get("oauth_token")).map(str::to_owned)
}

fn respond(result: Result<Value, Refusal>) -> Response {
    match result {
        Ok(body) => answer(StatusCode::OK, &body),
        Err((status, word)) => (status, [(header::CONTENT_TYPE, "text/plain;charset=UTF-8")], word).into_response(),
    }
}

#[allow(clippy::needless_pass_by_value)]
fn store(error: rusqlite::Error) -> Refusal {
    tracing::error!(%error, "the org's store failed");
    INTERNAL
}

/// The user of a token that is alive.
fn signed_in(shared: &Shared, token: Option<&str>) -> Result<String, Refusal> {
    let token = token.ok_or(MISSING_TOKEN)?;
    let org = &shared.org;
    let session = shared.sessions.find(token, org.clock.now(), org.switches().session_seconds).ok_or(BAD_TOKEN)?;
    match org.transact(|db| login::may_act(db, &session.user_id)).and_then(|may| may) {
        Ok(true) => Ok(session.user_id),
        Ok(false) => Err(BAD_TOKEN),
        Err(error) => Err(store(error)),
    }
}

struct Person {
    id: String,
    username: String,
    nickname: String,
    name: String,
    email: String,
    first_name: Option<String>,
    last_name: String,
    time_zone: String,
    street: Option<String>,
    city: Option<String>,
    state: Option<String>,
    country: Option<String>,
    postal_code: Option<String>,
    mobile_phone: Option<String>,
    active: bool,
    user_type: String,
    language: String,
    locale: String,
    modified: i64,
}

fn person(shared: &Shared, user_id: &str) -> Result<Option<Person>, Refusal> {
    shared.org.transact(|db| load(db, user_id)).and_then(|found| found).map_err(store)
}

fn load(db: &Connection, user_id: &str) -> rusqlite::Result<Option<Person>> {
    db.prepare_cached(
        "SELECT Id, Username, CommunityNickname, Name, Email, FirstName, LastName, TimeZoneSidKey, Street, City,
           State, Country,
           PostalCode, MobilePhone, IsActive, UserType, LanguageLocaleKey, LocaleSidKey, LastModifiedDate
         FROM User WHERE Id = ?1",
    )?
    .query_row([user_id], |row| {
        Ok(Person {
            id: row.get(0)?,
            username: row.get(1)?,
            nickname: row.get(2)?,
            name: row.get(3)?,
            email: row.get(4)?,
            first_name: row.get(5)?,
            last_name: row.get(6)?,
            time_zone: row.get(7)?,
            street: row.get(8)?,
            city: row.get(9)?,
            state: row.get(10)?,
            country: row.get(11)?,
            postal_code: row.get(12)?,
            mobile_phone: row.get(13)?,
            active: row.get(14)?,
            user_type: row.get(15)?,
            language: row.get(16)?,
            locale: row.get(17)?,
            modified: row.get(18)?,
        })
    })
    .optional()
}

impl Person {
    /// The identity URL's answer.
    fn identity(&self, shared: &Shared, form: &Form, asserted: bool) -> Value {
        json!({
            "id": identity_url(&form.origin, &shared.org.facts, &self.id),
            "asserted_user": asserted,
            "user_id": self.id,
            "organization_id": shared.org.facts.organization_id,
            "username": self.username,
            "nick_name": self.nickname,
            "display_name": self.name,
            "email": self.email,
            "email_verified": true,
            "first_name": self.first_name,
            "last_name": self.last_name,
            "timezone": self.time_zone,
            "photos": photos(&form.origin),
            "addr_street": self.street,
            "addr_city": self.city,
            "addr_state": self.state,
            "addr_country": self.country,
            "addr_zip": self.postal_code,
            "mobile_phone": self.mobile_phone,
            "mobile_phone_verified": false,
            "is_lightning_login_user": false,
            "status": {"created_date": null, "body": null},
            "urls": self.urls(shared, form),
            "active": self.active,
            "user_type": upper_snake(&self.user_type),
            "language": self.language,
            "locale": self.locale,
            "utcOffset": utc_offset(&self.time_zone),
            "last_modified_date": clock::rest_datetime(self.modified),
            "is_app_installed": true,
        })
    }

    /// The same person in OpenID Connect's words.
    fn user_info(&self, shared: &Shared, form: &Form) -> Value {
        json!({
            "sub": identity_url(&form.origin, &shared.org.facts, &self.id),
            "user_id": self.id,
            "organization_id": shared.org.facts.organization_id,
            "preferred_username": self.username,
            "nickname": self.nickname,
            "name": self.name,
            "email": self.email,
            "email_verified": true,
            "given_name": self.first_name,
            "family_name": self.last_name,
            "zoneinfo": self.time_zone,
            "photos": photos(&form.origin),
            "profile": format!("{}/{}", form.origin, self.id),
            "picture": photos(&form.origin)["picture"],
            "address": self.address(),
            "is_salesforce_integration_user": false,
            "urls": self.urls(shared, form),
            "active": self.active,
            "user_type": upper_snake(&self.user_type),
            "language": self.language,
            "locale": self.locale,
            "utcOffset": utc_offset(&self.time_zone),
            // Unlike anywhere else (H).
            "updated_at": clock::rest_datetime(self.modified).replace(".000+0000", "Z"),
        })
    }

    /// The parts of the address that there are (H for an empty one).
    fn address(&self) -> Value {
        let parts = [
            ("street_address", &self.street),
            ("locality", &self.city),
            ("region", &self.state),
            ("postal_code", &self.postal_code),
            ("country", &self.country),
        ];
        parts.into_iter().filter_map(|(name, part)| Some((name.to_owned(), json!(part.as_ref()?)))).collect()
    }

    /// The API's addresses. `{version}` stands in them unless the request names one (H).
    fn urls(&self, shared: &Shared, form: &Form) -> Value {
        let newest = format!("{}.0", crate::rest::NEWEST);
        let version = match form.get("version") {
            Some("latest") => newest.as_str(),
            Some(version) => version,
            None => "{version}",
        };
        let (origin, tail) = (&form.origin, ids::short(&shared.org.facts.organization_id));
        let rest = format!("{origin}/services/data/v{version}/");
        json!({
            "enterprise": format!("{origin}/services/Soap/c/{version}/{tail}"),
            "metadata": format!("{origin}/services/Soap/m/{version}/{tail}"),
            "partner": format!("{origin}/services/Soap/u/{version}/{tail}"),
            "rest": rest,
            "sobjects": format!("{rest}sobjects/"),
            "search": format!("{rest}search/"),
            "query": format!("{rest}query/"),
            "recent": format!("{rest}recent/"),
            "tooling_soap": format!("{origin}/services/Soap/T/{version}/{tail}"),
            "tooling_rest": format!("{rest}tooling/"),
            "profile": format!("{origin}/{}", self.id),
            "feeds": format!("{rest}chatter/feeds"),
            "groups": format!("{rest}chatter/groups"),
            "users": format!("{rest}chatter/users"),
            "feed_items": format!("{rest}chatter/feed-items"),
            "feed_elements": format!("{rest}chatter/feed-elements"),
            "custom_domain": origin,
        })
    }
}

fn photos(origin: &str) -> Value {
    json!({"picture": format!("{origin}/profilephoto/005/F"), "thumbnail": format!("{origin}/profilephoto/005/T")})
}

/// `PowerCustomerSuccess` as these services write it: `POWER_CUSTOMER_SUCCESS`.
fn upper_snake(user_type: &str) -> String {
    let mut out = String::new();
    for (index, letter) in user_type.chars().enumerate() {
        if index > 0 && letter.is_ascii_uppercase() {
            out.push('_');
        }
        out.push(letter.to_ascii_uppercase());
    }
    out
}

/// A time zone's distance from UTC in milliseconds, without summer time.
fn utc_offset(time_zone: &str) -> i64 {
    let hours = match time_zone {
        "America/Los_Angeles" => -8,
        "America/Chicago" => -6,
        "America/New_York" => -5,
        "Europe/Berlin" | "Europe/Paris" | "Europe/Amsterdam" => 1,
        "Asia/Tokyo" => 9,
        _ => 0,
    };
    hours * 3_600_000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_types_are_written_in_capitals() {
        for (given, written) in
            [("Standard", "STANDARD"), ("CspLitePortal", "CSP_LITE_PORTAL"), ("PowerPartner", "POWER_PARTNER")]
        {
            assert_eq!(upper_snake(given), written);
        }
    }
}
