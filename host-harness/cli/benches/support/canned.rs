//! What a sign-in is answered with where no server is wanted.

pub(crate) const ORGANIZATION: &str = "00D000000000001EAA";
pub(crate) const PORTAL: &str = "060000000000001AAA";
pub(crate) const ACCOUNT: &str = "001000000000001AAA";

/// What stands in the answer to `login()`, for whoever answers it without a server.
pub(crate) fn login_answer(url: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><soapenv:Envelope \
         xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\" xmlns=\"urn:partner.soap.sforce.com\">\
         <soapenv:Body><loginResponse><result><passwordExpired>false</passwordExpired>\
         <serverUrl>{url}/services/Soap/u/64.0/00D000000000001</serverUrl>\
         <sessionId>00D000000000001!made.up.for.a.bench</sessionId><userId>005000000000000AAA</userId><userInfo>\
         <organizationId>{ORGANIZATION}</organizationId><organizationName>Bench</organizationName>\
         <orgHasPersonAccounts>false</orgHasPersonAccounts><userLanguage>en_US</userLanguage>\
         <userLocale>en_US</userLocale><userTimeZone>GMT</userTimeZone></userInfo></result></loginResponse>\
         </soapenv:Body></soapenv:Envelope>"
    )
}
