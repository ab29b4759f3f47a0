//! The SOAP calls about the user and their password, and what keeps a user from them.

use salesforce_emulator::Switches;

use crate::client::{Org, between, escape};

/// Calls an operation in this session; the answer's status and text.
pub(crate) async fn call(org: &Org, session: &str, operation: &str) -> (u16, String) {
    let header = if session.is_empty() {
        String::new()
    } else {
        format!("<u:SessionHeader><u:sessionId>{}</u:sessionId></u:SessionHeader>", escape(session))
    };
    let envelope = format!(
        "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\" xmlns:u=\"urn:partner.soap.sforce.com\">\
         <s:Header>{header}<u:CallOptions><u:client>test</u:client></u:CallOptions></s:Header>\
         <s:Body>{operation}</s:Body></s:Envelope>"
    );
    let url =
        format!("{}/services/Soap/u/64.0/{}", org.emulator.url(), &org.emulator.credentials().organization_id[..15]);
    let request = org.http.post(url).header("content-type", "text/xml").header("soapaction", "\"\"").body(envelope);
    let response = request.send().await.unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

pub(crate) fn set_password(user_id: &str, password: &str) -> String {
    format!(
        "<u:setPassword><u:userId>{user_id}</u:userId><u:password>{}</u:password></u:setPassword>",
        escape(password)
    )
}

/// Type, code and message of a fault.
pub(crate) fn fault(answer: &(u16, String)) -> (&str, &str, &str) {
    let (status, body) = answer;
    assert_eq!(*status, 500, "{body}");
    let code = between(body, "<sf:exceptionCode>", "<");
    assert_eq!(between(body, "<faultcode>", "<"), format!("sf:{code}"));
    let message = between(body, "<sf:exceptionMessage>", "</sf:exceptionMessage>");
    assert_eq!(between(body, "<faultstring>", "</faultstring>"), format!("{code}: {message}"));
    (between(body, "xsi:type=\"sf:", "\""), code, message)
}

pub(crate) fn admin_id(org: &Org) -> String {
    org.id(&format!("User WHERE Username = '{}'", org.emulator.credentials().username))
}

/// Signs the administrator in with this password and their present token.
async fn admin_login(org: &Org, password: &str) -> (u16, String) {
    let c = org.emulator.credentials();
    org.soap_login("64.0", "", &c.username, &format!("{password}{}", c.security_token)).await
}

#[tokio::test]
async fn the_callers_own_data_come_in_the_order_of_the_schema() {
    let org = Org::start().await;
    let (status, body) = call(&org, &org.session, "<u:getUserInfo/>").await;
    assert_eq!(status, 200, "{body}");
    assert_eq!(between(&body, "<userName>", "<"), org.emulator.credentials().username);
    let mut last = 0;
    for element in [
        "accessibilityMode",
        "chatterExternal",
        "currencySymbol",
        "orgAttachmentFileSizeLimit",
        "orgDefaultCurrencyIsoCode",
        "orgDefaultCurrencyLocale",
        "orgDisallowHtmlAttachments",
        "orgHasPersonAccounts",
        "organizationId",
        "organizationMultiCurrency",
        "organizationName",
        "profileId",
        "roleId",
        "sessionSecondsValid",
        "userDefaultCurrencyIsoCode",
        "userEmail",
        "userFullName",
        "userId",
        "userLanguage",
        "userLocale",
        "userName",
        "userTimeZone",
        "userType",
        "userUiSkin",
    ] {
        let at = body.find(&format!("<{element}")).unwrap_or_else(|| panic!("no {element}: {body}"));
        assert!(at > last, "{element} is out of order");
        last = at;
    }
}

#[tokio::test]
async fn every_call_but_login_tells_the_days_requests_and_counts_as_one() {
    let org = Org::start().await;
    let used = |body: &str| between(body, "<current>", "<").parse::<u64>().unwrap();
    let (_, first) = call(&org, &org.session, "<u:getUserInfo/>").await;
    let (_, second) = call(&org, &org.session, "<u:getServerTimestamp/>").await;
    assert_eq!(used(&second), used(&first) + 1);
    assert!(second.contains("<limit>100000</limit><type>API REQUESTS</type>"), "{second}");
    assert!(between(&second, "<timestamp>", "<").ends_with(".000Z"));
    let c = org.emulator.credentials();
    let login = admin_login(&org, &c.password).await.1;
    assert!(!login.contains("LimitInfoHeader"));
    org.emulator.set_daily_api_requests(used(&second));
    let refused = call(&org, &org.session, "<u:getUserInfo/>").await;
    assert_eq!(fault(&refused), ("UnexpectedErrorFault", "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."));
}

#[tokio::test]
async fn logging_out_ends_the_session_everywhere() {
    let org = Org::start().await;
    let (status, body) = call(&org, &org.session, "<u:logout/>").await;
    assert_eq!(status, 200);
    assert!(body.contains("<soapenv:Body><logoutResponse/></soapenv:Body>"), "{body}");
    assert_eq!(org.get("limits").await.status, 401);
    let again = call(&org, &org.session, "<u:logout/>").await;
    assert_eq!(fault(&again).1, "INVALID_SESSION_ID");
}

#[tokio::test]
async fn a_session_that_is_not_there_is_named_by_its_hash_only() {
    let org = Org::start().await;
    let answer = call(&org, "00D000000000001!AQnone", "<u:getUserInfo/>").await;
    let (kind, code, message) = fault(&answer);
    assert_eq!((kind, code), ("UnexpectedErrorFault", "INVALID_SESSION_ID"));
    let rest = message
        .strip_prefix(
            "Invalid Session ID found in SessionHeader: Illegal Session. Session not found, missing session hash: ",
        )
        .unwrap();
    let (hash, rest) = rest.split_once('\n').unwrap();
    assert_eq!(rest, "This error usually occurs after a session expires or a user logs out.");
    assert_eq!(hash.len(), 44);
    assert!(hash.ends_with('=') && !message.contains("AQnone"));
    assert_eq!(fault(&call(&org, "", "<u:getUserInfo/>").await).1, "INVALID_SESSION_ID");
}

#[tokio::test]
async fn others_passwords_are_set_and_reset_and_refused_in_their_fault_types() {
    let org = Org::start().await;
    let id = org.user("soap", "Customer Community User").await;
    let (status, body) = call(&org, &org.session, &set_password(&id, "p&ss<w0rd>")).await;
    assert_eq!(status, 200, "{body}");
    assert!(body.contains("<setPasswordResponse><result/></setPasswordResponse>"));
    assert!(org.emulator.check_password("soap@new.example.com", "p&ss<w0rd>"));
    assert_eq!(call(&org, &org.session, &set_password(&id[..15], "an0therOne")).await.0, 200, "15 characters will do");

    for (id, password, kind, code) in [
        (id.as_str(), "short1", "InvalidNewPasswordFault", "INVALID_NEW_PASSWORD"),
        (id.as_str(), "an0therOne", "InvalidNewPasswordFault", "INVALID_NEW_PASSWORD"),
        ("005000000000000AAA", "g00dEnough", "InvalidIdFault", "INVALID_ID_FIELD"),
        ("nonsense", "g00dEnough", "InvalidIdFault", "INVALID_ID_FIELD"),
    ] {
        let answer = call(&org, &org.session, &set_password(id, password)).await;
        assert_eq!((fault(&answer).0, fault(&answer).1), (kind, code), "{id} {password}");
    }
    assert!(org.emulator.check_password("soap@new.example.com", "an0therOne"));

    let (_, body) =
        call(&org, &org.session, &format!("<u:resetPassword><u:userId>{id}</u:userId></u:resetPassword>")).await;
    assert!(org.emulator.check_password("soap@new.example.com", between(&body, "<password>", "<")));
}

#[tokio::test]
async fn portal_users_manage_nobody() {
    let org = Org::with(Switches { set_own_password: true, ..Switches::default() }).await;
    let c = org.emulator.credentials();
    let (id, other) =
        (org.user("one", "Customer Community User").await, org.user("two", "Customer Community User").await);
    assert_eq!(call(&org, &org.session, &set_password(&id, "f1rstOne!")).await.0, 200);
    let scope = format!(
        "<u:LoginScopeHeader><u:organizationId>{}</u:organizationId><u:portalId>{}</u:portalId></u:LoginScopeHeader>",
        c.organization_id, c.portal_id
    );
    let (_, body) = org.soap_login("64.0", &scope, "one@new.example.com", "f1rstOne!").await;
    let session = between(&body, "<sessionId>", "<");
    let refused = call(&org, session, &set_password(&other, "g00dEnough")).await;
    assert_eq!(
        fault(&refused),
        ("UnexpectedErrorFault", "INSUFFICIENT_ACCESS", "You do not have permission to view this record.")
    );
    assert_eq!(call(&org, session, &set_password(&id, "sec0ndOne!")).await.0, 200, "the own password is the user's");
    assert!(org.emulator.check_password("one@new.example.com", "sec0ndOne!"));
    assert_eq!(org.emulator.security_token("one@new.example.com"), None);
}

#[tokio::test]
async fn an_own_new_password_brings_a_new_security_token() {
    let org = Org::with(Switches { set_own_password: true, ..Switches::default() }).await;
    let before = org.emulator.credentials();
    assert_eq!(call(&org, &org.session, &set_password(&admin_id(&org), "n3w&Password")).await.0, 200);
    let after = org.emulator.credentials();
    assert_ne!(before.security_token, after.security_token);
    for (password, status) in [
        (format!("{}{}", before.password, before.security_token), 500),
        (format!("n3w&Password{}", before.security_token), 500),
        (format!("n3w&Password{}", after.security_token), 200),
    ] {
        assert_eq!(org.soap_login("64.0", "", &before.username, &password).await.0, status, "{password}");
    }
}

#[tokio::test]
async fn an_expired_password_allows_a_new_one_and_nothing_else() {
    let org = Org::start().await;
    org.emulator.expire_admin_password().unwrap();
    let c = org.emulator.credentials();
    let (_, body) = admin_login(&org, &c.password).await;
    let session = between(&body, "<sessionId>", "<");
    let portal = org.id("User WHERE UserType = 'CspLitePortal'");
    for operation in ["<u:getUserInfo/>".to_owned(), set_password(&portal, "g00dEnough")] {
        let refused = call(&org, session, &operation).await;
        assert_eq!(fault(&refused).1, "INVALID_OPERATION_WITH_EXPIRED_PASSWORD");
    }
    assert_eq!(call(&org, session, &set_password(&admin_id(&org), "n3w&Password")).await.0, 200);
    assert_eq!(call(&org, session, "<u:getUserInfo/>").await.0, 200, "the session is whole again");
    let (_, body) = admin_login(&org, "n3w&Password").await;
    assert_eq!(between(&body, "<passwordExpired>", "<"), "false");
}

#[tokio::test]
async fn changing_the_own_password_takes_the_old_one() {
    let org = Org::start().await;
    let old = org.emulator.credentials().password;
    let change = |old: &str, new: &str| {
        format!(
            "<u:changeOwnPassword><u:oldPassword>{}</u:oldPassword><u:newPassword>{new}</u:newPassword>\
             </u:changeOwnPassword>",
            escape(old)
        )
    };
    let refused = call(&org, &org.session, &change("wrong", "n3wPassword")).await;
    assert_eq!((fault(&refused).0, fault(&refused).1), ("InvalidOldPasswordFault", "INVALID_OLD_PASSWORD"));
    let refused = call(&org, &org.session, &change(&old, "weak")).await;
    assert_eq!(fault(&refused).0, "InvalidNewPasswordFault");
    assert_eq!(call(&org, &org.session, &change(&old, "n3wPassword")).await.0, 200);
    assert_eq!(admin_login(&org, "n3wPassword").await.0, 200);
}

#[tokio::test]
async fn logins_are_refused_from_elsewhere_and_at_other_hours() {
    for (switches, code, message) in [
        (
            Switches { login_address_restricted: true, ..Switches::default() },
            "LOGIN_DURING_RESTRICTED_DOMAIN",
            "cannot log in from current domain",
        ),
        (
            Switches { login_hours_restricted: true, ..Switches::default() },
            "LOGIN_DURING_RESTRICTED_TIME",
            "cannot log in at current time",
        ),
    ] {
        let org = Org::closed(switches).await;
        let c = org.emulator.credentials();
        for password in [c.password.as_str(), "wrong"] {
            let answer = admin_login(&org, password).await;
            assert_eq!(fault(&answer), ("LoginFault", code, message));
        }
    }
}

#[tokio::test]
async fn a_trusted_network_needs_no_token_but_takes_one() {
    let org = Org::closed(Switches { security_token_required: false, ..Switches::default() }).await;
    let c = org.emulator.credentials();
    for (password, status) in [
        (c.password.clone(), 200),
        (format!("{}{}", c.password, c.security_token), 200),
        (format!("{}x", c.password), 500),
    ] {
        assert_eq!(org.soap_login("64.0", "", &c.username, &password).await.0, status);
    }
}

#[tokio::test]
async fn without_the_api_nobody_logs_in() {
    let org = Org::closed(Switches { api_enabled: false, ..Switches::default() }).await;
    let answer = admin_login(&org, &org.emulator.credentials().password).await;
    assert_eq!(
        fault(&answer),
        ("UnexpectedErrorFault", "API_DISABLED_FOR_ORG", "API is not enabled for this Organization or Partner")
    );
}

#[tokio::test]
async fn a_user_without_api_enabled_is_shut_out_until_it_is_given_back() {
    let org = Org::start().await;
    let c = org.emulator.credentials();
    assert!(org.emulator.set_api_enabled(&c.username, false).unwrap());
    let refused = org.get("limits").await;
    assert_eq!(refused.status, 403);
    assert_eq!(refused.error().0, "API_CURRENTLY_DISABLED");
    assert_eq!(refused.error().1, "API is disabled for this User");
    assert_eq!(fault(&call(&org, &org.session, "<u:getUserInfo/>").await).1, "API_CURRENTLY_DISABLED");
    assert_eq!(fault(&admin_login(&org, &c.password).await).1, "API_CURRENTLY_DISABLED");
    org.emulator.set_api_enabled(&c.username, true).unwrap();
    assert_eq!(org.get("limits").await.status, 200);
    assert!(!org.emulator.set_api_enabled("nobody@example.com", true).unwrap());
}

#[tokio::test]
async fn what_is_not_built_says_so() {
    let org = Org::start().await;
    let (status, body) =
        call(&org, &org.session, "<u:query><u:queryString>SELECT Id FROM User</u:queryString></u:query>").await;
    assert_eq!(status, 501);
    assert!(body.contains("The SOAP operation query is not emulated."));
}
