//! `login`: a username, and a password with the security token behind it.

use quick_xml::escape::escape;

use super::envelope::{Envelope, Fault};
use crate::http::Shared;
use crate::login::{self, Refusal, Scope};
use crate::org::ids;
use crate::rest::Version;

const INVALID_LOGIN: &str = "Invalid username, password, security token; or user locked out.";
const MUST_USE_TOKEN: &str = "Invalid username, password, security token; or user locked out. Are you at a new location? When \
    accessing Salesforce--either via a desktop client or the API--from outside of your company’s trusted networks, you must add a \
    security token to your password to log in. To get your new security token, log in to Salesforce. From your personal settings, \
    enter Reset My Security Token in the Quick Find box, then select Reset My Security Token.";

pub(super) fn answer(shared: &Shared, version: Version, origin: &str, envelope: &Envelope) -> Result<String, Fault> {
    let org = &shared.org;
    let switches = org.switches();
    if !switches.soap_login {
        return Err(Fault::unexpected("INVALID_OPERATION", "SOAP API login() is disabled by default in this org."));
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
            }
        })?;
    let organization_id = &org.facts.organization_id;
    let session = shared.sessions.start(organization_id, &user.id, user.password_expired, org.clock.now());
    let number = version.number();
    let tail = ids::short(organization_id);
    let optional = |name: &str, value: Option<&str>| match value {
        Some(value) => format!("<{name}>{}</{name}>", escape(value)),
        None => format!("<{name} xsi:nil=\"true\"/>"),
    };
    // The elements stand in the order of the schema, which strict clients insist on.
    Ok(format!(
        "<loginResponse><result>\
         <metadataServerUrl>{origin}/services/Soap/m/{number}/{tail}</metadataServerUrl>\
         <passwordExpired>{expired}</passwordExpired>\
         <sandbox>{sandbox}</sandbox>\
         <serverUrl>{origin}/services/Soap/u/{number}/{tail}</serverUrl>\
         <sessionId>{session}</sessionId>\
         <userId>{user_id}</userId>\
         {info}\
         </result></loginResponse>",
        origin = escape(origin),
        expired = user.password_expired,
        sandbox = switches.sandbox,
        user_id = user.id,
        info = format_args!(
            "<userInfo>\
             <accessibilityMode>false</accessibilityMode>\
             <chatterExternal>false</chatterExternal>\
             <currencySymbol>£</currencySymbol>\
             <orgAttachmentFileSizeLimit>5242880</orgAttachmentFileSizeLimit>\
             <orgDefaultCurrencyIsoCode>GBP</orgDefaultCurrencyIsoCode>\
             <orgDefaultCurrencyLocale>en_GB</orgDefaultCurrencyLocale>\
             <orgDisallowHtmlAttachments>false</orgDisallowHtmlAttachments>\
             <orgHasPersonAccounts>false</orgHasPersonAccounts>\
             <organizationId>{organization_id}</organizationId>\
             <organizationMultiCurrency>false</organizationMultiCurrency>\
             <organizationName>{organization}</organizationName>\
             <profileId>{profile}</profileId>\
             {role}\
             <sessionSecondsValid>{seconds}</sessionSecondsValid>\
             <userDefaultCurrencyIsoCode xsi:nil=\"true\"/>\
             <userEmail>{email}</userEmail>\
             <userFullName>{name}</userFullName>\
             <userId>{user_id}</userId>\
             <userLanguage>{language}</userLanguage>\
             <userLocale>{locale}</userLocale>\
             <userName>{username}</userName>\
             <userTimeZone>{time_zone}</userTimeZone>\
             <userType>{user_type}</userType>\
             <userUiSkin>Theme3</userUiSkin>\
             </userInfo>",
            organization = escape(&user.organization_name),
            profile = user.profile_id,
            role = optional("roleId", user.role_id.as_deref()),
            seconds = switches.session_seconds,
            email = escape(&user.email),
            name = escape(&user.name),
            user_id = user.id,
            language = user.language,
            locale = user.locale,
            username = escape(&user.username),
            time_zone = user.time_zone,
            user_type = user.user_type,
        ),
    ))
}
