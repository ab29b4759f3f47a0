//! `getUserInfo`, and the same elements inside the answer to `login`.

use quick_xml::escape::escape;

use super::envelope::{Envelope, Fault, nillable};
use super::session::Caller;
use crate::http::Shared;
use crate::login::{self, User};
use crate::org::Org;
use crate::org::catalogue::currencies;

pub(super) fn answer(shared: &Shared, envelope: &Envelope) -> Result<String, Fault> {
    let caller = Caller::of(shared, envelope)?;
    caller.check_unrestricted(&shared.org)?;
    let user = shared.org.transact(|db| login::load(db, &caller.user_id))??;
    let user = user.ok_or_else(|| Fault::unexpected("UNKNOWN_EXCEPTION", "An unexpected error occurred."))?;
    let info = elements(&shared.org, &user);
    Ok(format!("<getUserInfoResponse><result>{info}</result></getUserInfoResponse>"))
}

/// What Salesforce tells of a user, in the order of the schema.
pub(super) fn elements(org: &Org, user: &User) -> String {
    let switches = org.switches();
    format!(
        "<accessibilityMode>false</accessibilityMode>\
         <chatterExternal>false</chatterExternal>\
         <currencySymbol>£</currencySymbol>\
         <orgAttachmentFileSizeLimit>5242880</orgAttachmentFileSizeLimit>\
         <orgDefaultCurrencyIsoCode>{corporate}</orgDefaultCurrencyIsoCode>\
         <orgDefaultCurrencyLocale>en_GB</orgDefaultCurrencyLocale>\
         <orgDisallowHtmlAttachments>false</orgDisallowHtmlAttachments>\
         <orgHasPersonAccounts>false</orgHasPersonAccounts>\
         <organizationId>{organization_id}</organizationId>\
         <organizationMultiCurrency>{several}</organizationMultiCurrency>\
         <organizationName>{organization}</organizationName>\
         <profileId>{profile}</profileId>\
         {role}\
         <sessionSecondsValid>{seconds}</sessionSecondsValid>\
         {own_currency}\
         <userEmail>{email}</userEmail>\
         <userFullName>{name}</userFullName>\
         <userId>{user_id}</userId>\
         <userLanguage>{language}</userLanguage>\
         <userLocale>{locale}</userLocale>\
         <userName>{username}</userName>\
         <userTimeZone>{time_zone}</userTimeZone>\
         <userType>{user_type}</userType>\
         <userUiSkin>Theme3</userUiSkin>",
        corporate = currencies::CORPORATE,
        several = switches.multi_currency,
        own_currency =
            nillable("userDefaultCurrencyIsoCode", switches.multi_currency.then_some(user.default_currency.as_str())),
        organization_id = org.facts.organization_id,
        organization = escape(&user.organization_name),
        profile = user.profile_id,
        role = nillable("roleId", user.role_id.as_deref()),
        seconds = switches.session_seconds,
        email = escape(&user.email),
        name = escape(&user.name),
        user_id = user.id,
        language = escape(&user.language),
        locale = escape(&user.locale),
        username = escape(&user.username),
        time_zone = escape(&user.time_zone),
        user_type = escape(&user.user_type),
    )
}
