//! Signing in by SOAP, and what a session is worth.

use salesforce_emulator::Switches;

use crate::client::{Org, between};

#[tokio::test]
async fn a_login_answers_in_the_order_of_the_schema() {
    let org = Org::start().await;
    let connection = org.emulator.credentials();
    let password = format!("{}{}", connection.password, connection.security_token);
    let (status, body) = org.soap_login("64.0", "", &connection.username, &password).await;
    assert_eq!(status, 200);
    let mut last = 0;
    for element in ["metadataServerUrl", "passwordExpired", "sandbox", "serverUrl", "sessionId", "userId", "userInfo"] {
        let at = body.find(&format!("<{element}>")).unwrap_or_else(|| panic!("no {element}: {body}"));
        assert!(at > last, "{element} is out of order");
        last = at;
    }
    let server = between(&body, "<serverUrl>", "</serverUrl>");
    assert_eq!(server, format!("{}/services/Soap/u/64.0/{}", connection.url, &connection.organization_id[..15]));
    assert!(between(&body, "<sessionId>", "<").starts_with(&format!("{}!AQ", &connection.organization_id[..15])));
    assert_eq!(between(&body, "<organizationId>", "<"), connection.organization_id);
}

#[tokio::test]
async fn refused_logins_say_what_salesforce_says() {
    let org = Org::start().await;
    let c = org.emulator.credentials();
    let right = format!("{}{}", c.password, c.security_token);
    let portal = org.look("Username", "User WHERE UserType = 'CspLitePortal'");
    for (username, password, code) in [
        (c.username.as_str(), "wrong", "INVALID_LOGIN"),
        ("nobody@example.com", right.as_str(), "INVALID_LOGIN"),
        (c.username.as_str(), "", "INVALID_LOGIN"),
        (portal.as_str().unwrap(), "anything1", "INVALID_LOGIN"),
        (c.username.as_str(), c.password.as_str(), "LOGIN_MUST_USE_SECURITY_TOKEN"),
    ] {
        let (status, body) = org.soap_login("64.0", "", username, password).await;
        assert_eq!(status, 500);
        assert_eq!(between(&body, "<faultcode>", "</faultcode>"), format!("sf:{code}"));
        assert_eq!(between(&body, "<sf:exceptionCode>", "<"), code);
        assert!(body.contains("<sf:LoginFault xsi:type=\"sf:LoginFault\">"));
        assert!(
            between(&body, "<faultstring>", "<")
                .starts_with(&format!("{code}: Invalid username, password, security token; or user locked out."))
        );
    }
}

#[tokio::test]
async fn versions_without_login_are_refused() {
    let org = Org::start().await;
    let c = org.emulator.credentials();
    let right = format!("{}{}", c.password, c.security_token);
    for version in ["65.0", "30.0", "v62.0", "64", "99.0"] {
        let (status, body) = org.soap_login(version, "", &c.username, &right).await;
        assert_eq!(status, 500, "{version}");
        assert!(body.contains("UNSUPPORTED_API_VERSION: Invalid Api version specified on URL"), "{version}: {body}");
    }
    assert_eq!(org.soap_login("31.0", "", &c.username, &right).await.0, 200);
}

#[tokio::test]
async fn login_can_be_switched_off() {
    let org = Org::closed(Switches { soap_login: false, ..Switches::default() }).await;
    let c = org.emulator.credentials();
    let (status, body) = org.soap_login("64.0", "", &c.username, &format!("{}{}", c.password, c.security_token)).await;
    assert_eq!(status, 500);
    assert!(body.contains("INVALID_OPERATION: SOAP API login() is disabled by default in this org."));
}

#[tokio::test]
async fn login_can_need_a_permission_that_nobody_has() {
    let org = Org::closed(Switches { soap_login_needs_permission: true, ..Switches::default() }).await;
    let c = org.emulator.credentials();
    let (status, body) = org.soap_login("64.0", "", &c.username, &format!("{}{}", c.password, c.security_token)).await;
    assert_eq!(status, 500);
    let words = "INSUFFICIENT_ACCESS: SOAP API login() requires the Use Any API Auth user permission.";
    assert!(body.contains(words), "{body}");
}

#[tokio::test]
async fn too_many_wrong_passwords_lock_the_user_out() {
    let org = Org::with(Switches { failed_logins_until_lockout: 3, ..Switches::default() }).await;
    let c = org.emulator.credentials();
    let right = format!("{}{}", c.password, c.security_token);
    for _ in 0..2 {
        org.soap_login("64.0", "", &c.username, "wrong").await;
    }
    assert_eq!(
        org.soap_login("64.0", "", &c.username, &right).await.0,
        200,
        "a right password forgives the wrong ones"
    );
    for _ in 0..3 {
        org.soap_login("64.0", "", &c.username, "wrong").await;
    }
    assert_eq!(org.soap_login("64.0", "", &c.username, &right).await.0, 500);
}

#[tokio::test]
async fn portal_users_sign_in_by_their_portal_only() {
    let org = Org::start().await;
    let c = org.emulator.credentials();
    let id = org.user("portal.login", "Customer Community User").await;
    let set =
        org.post(&format!("sobjects/User/{id}/password"), &serde_json::json!({"NewPassword": "p&ss<w0rd>"})).await;
    assert_eq!(set.status, 204);
    let header = |organization: &str, portal: &str| {
        format!(
            "<u:LoginScopeHeader><u:organizationId>{organization}</u:organizationId><u:portalId>{portal}</u:portalId>\
             </u:LoginScopeHeader>"
        )
    };
    let own = header(&c.organization_id, &c.portal_id);
    let username = "portal.login@new.example.com";
    for (header, password, status) in [
        (own.clone(), "p&ss<w0rd>", 200),
        (own.clone(), "p&ss<w0rd", 500),
        (String::new(), "p&ss<w0rd>", 500),
        (header(&c.portal_id, &c.portal_id), "p&ss<w0rd>", 500),
        (header(&c.organization_id, &c.organization_id), "p&ss<w0rd>", 500),
    ] {
        assert_eq!(org.soap_login("64.0", &header, username, password).await.0, status, "{header} {password}");
    }
    let admin = org.soap_login("64.0", &own, &c.username, &format!("{}{}", c.password, c.security_token)).await;
    assert_eq!(admin.0, 500, "the administrator is no portal user");
}

#[tokio::test]
async fn sessions_end_and_begin_anew() {
    let mut org = Org::start().await;
    assert_eq!(org.get("limits").await.status, 200);
    org.emulator.expire_sessions();
    let refused = org.get("limits").await;
    assert_eq!(refused.status, 401);
    assert_eq!(refused.error().0, "INVALID_SESSION_ID");
    assert_eq!(refused.error().1, "Session expired or invalid");
    assert!(refused.body[0].get("fields").is_none());
    org.sign_in().await;
    assert_eq!(org.get("limits").await.status, 200);
    org.emulator.advance_clock(7_201);
    assert_eq!(org.get("limits").await.status, 401, "idle sessions end");
}

#[tokio::test]
async fn an_expired_password_lets_in_and_nothing_more() {
    let org = Org::start().await;
    org.emulator.expire_admin_password().unwrap();
    let c = org.emulator.credentials();
    let (status, body) = org.soap_login("64.0", "", &c.username, &format!("{}{}", c.password, c.security_token)).await;
    assert_eq!((status, between(&body, "<passwordExpired>", "<")), (200, "true"));
    let session = between(&body, "<sessionId>", "<");
    let url = format!("{}/services/data/v64.0/limits", c.url);
    let answer = org.send(org.http.get(url).bearer_auth(session)).await;
    assert_eq!((answer.status, answer.error().0.as_str()), (403, "INVALID_OPERATION_WITH_EXPIRED_PASSWORD"));
}
