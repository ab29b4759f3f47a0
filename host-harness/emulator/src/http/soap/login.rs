//! `login`: a username, and a password with the security token behind it.

use quick_xml::escape::escape;

use super::envelope::{Envelope, Fault};
use super::session::api_refused;
use super::user_info;
use crate::http::Shared;
use crate::login::{self, Refusal, Scope};
use crate::org::ids;
use crate::org::unconfirmed::Unconfirmed;
use crate::rest::Version;

const INVALID_LOGIN: &str = "Invalid username, password, security token; or user locked out.";
const MUST_USE_TOKEN: &str = "Invalid username, password, security token; or user locked out. Are you at a new \
    location? When accessing Salesforce--either via a desktop client or the API--from outside of your company’s \
    trusted networks, you must add a security token to your password to log in. To get your new security token, log \
    in to Salesforce. From your personal settings, enter Reset My Security Token in the Quick Find box, then select \
    Reset My Security Token.";

pub(super) fn answer(shared: &Shared, version: Version, origin: &str, envelope: &Envelope) -> Result<String, Fault> {
    let org = &shared.org;
    let switches = org.switches();
    if !switches.soap_login {
        return Err(Fault::unexpected("INVALID_OPERATION", "SOAP API login() is disabled by default in this org."));
    }
    if switches.soap_login_needs_permission {
        // The code is H, the words are M.
        return Err(Fault::unexpected(
            "INSUFFICIENT_ACCESS",
            "SOAP API login() requires the Use Any API Auth user permission.",
        ));
    }
    let scope = envelope.headers.child("LoginScopeHeader").map(|header| Scope {
        organization_id: header.text_of("organizationId").trim().to_owned(),
        portal_id: Some(header.text_of("portalId").trim().to_owned()).filter(|portal| !portal.is_empty()),
    });
    let username = envelope.operation.text_of("username").trim();
    let password = envelope.operation.text_of("password");
    let user =
        org.transact(|db| login::by_password(org, db, username, password, scope.as_ref()))??.map_err(|refusal| {
            match refusal {
                Refusal::Invalid => Fault::login("INVALID_LOGIN", INVALID_LOGIN),
                Refusal::TokenMissing => Fault::login("LOGIN_MUST_USE_SECURITY_TOKEN", MUST_USE_TOKEN),
                Refusal::Address => Fault::login("LOGIN_DURING_RESTRICTED_DOMAIN", "cannot log in from current domain"),
                Refusal::Hours => Fault::of("LoginFault", Unconfirmed::LoginHours.refusal()),
            }
        })?;
    org.transact(|db| login::may_use_api(org, db, &user.id))??.map_err(api_refused)?;
    let organization_id = &org.facts.organization_id;
    let session = shared.sessions.start(organization_id, &user.id, user.password_expired, org.clock.now());
    let number = version.number();
    let tail = ids::short(organization_id);
    // The elements stand in the order of the schema, which strict clients insist on.
    Ok(format!(
        "<loginResponse><result>\
         <metadataServerUrl>{origin}/services/Soap/m/{number}/{tail}</metadataServerUrl>\
         <passwordExpired>{expired}</passwordExpired>\
         <sandbox>{sandbox}</sandbox>\
         <serverUrl>{origin}/services/Soap/u/{number}/{tail}</serverUrl>\
         <sessionId>{session}</sessionId>\
         <userId>{user_id}</userId>\
         <userInfo>{info}</userInfo>\
         </result></loginResponse>",
        origin = escape(origin),
        expired = user.password_expired,
        sandbox = switches.sandbox,
        user_id = user.id,
        info = user_info::elements(org, &user),
    ))
}
