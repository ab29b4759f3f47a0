//! The control API, over its own port.

use reqwest::{Client, Method};
use salesforce_emulator::{Effect, Emulator, Fault};
use serde_json::{Value, json};

use crate::client::{Org, plain_http};

struct Control {
    http: Client,
    url: String,
}

impl Control {
    async fn call(&self, method: Method, path: &str, body: Option<Value>) -> (u16, Value) {
        let mut request = self.http.request(method, format!("{}{path}", self.url));
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        (status, serde_json::from_str(&response.text().await.unwrap()).unwrap_or(Value::Null))
    }

    async fn get(&self, path: &str) -> Value {
        let (status, body) = self.call(Method::GET, path, None).await;
        assert_eq!(status, 200, "{body}");
        body
    }
}

async fn controlled() -> (Org, Control) {
    let any = ([127, 0, 0, 1], 0).into();
    let emulator = Emulator::builder().users(20).seed(3).control(any).start().await.unwrap();
    let url = emulator.control_url().unwrap();
    let mut org = Org { emulator, http: plain_http(), session: String::new() };
    org.sign_in().await;
    (org, Control { http: plain_http(), url })
}

#[tokio::test]
async fn the_controls_have_a_port_of_their_own() {
    let (org, control) = controlled().await;
    assert_ne!(org.emulator.url(), control.url);
    assert_eq!(org.http.get(format!("{}/faults", org.emulator.url())).send().await.unwrap().status(), 404);
    assert!(Org::start().await.emulator.control_url().is_none(), "there are none unless asked for");
    let index = control.get("/").await;
    assert!(index["POST /faults"].is_string());
    let foreign = control.http.get(&control.url).header("origin", "https://example.com").send().await.unwrap();
    assert_eq!(foreign.status(), 403);
    let plain = control.http.post(format!("{}/faults", control.url)).body("{}").send().await.unwrap();
    assert_eq!(plain.status(), 400, "a form cannot send JSON");
}

#[tokio::test]
async fn faults_are_put_shown_and_taken_back() {
    let (org, control) = controlled().await;
    let fault = json!({"method": "GET", "path": "*/limits", "times": 2, "effect": {"type": "requestLimit"}});
    assert_eq!(control.call(Method::POST, "/faults", Some(fault)).await, (201, json!({"id": 1})));
    assert_eq!(org.get("limits").await.status, 403);
    let waiting = control.get("/faults").await;
    assert_eq!((&waiting["faults"][0]["id"], &waiting["faults"][0]["times"]), (&json!(1), &json!(1)));
    assert_eq!(control.call(Method::DELETE, "/faults/1", None).await.0, 204);
    assert_eq!(control.call(Method::DELETE, "/faults/1", None).await.0, 404);
    assert_eq!(org.get("limits").await.status, 200);
    org.emulator.inject(Fault::new(Effect::RequestLimit));
    assert_eq!(control.call(Method::DELETE, "/faults", None).await.0, 204);
    assert_eq!(org.get("limits").await.status, 200);
    for wrong in [json!({"times": 0}), json!({"effect": {"type": "earthquake"}}), json!({"verb": "GET"}), json!([])] {
        let (status, body) = control.call(Method::POST, "/faults", Some(wrong)).await;
        assert_eq!((status, body["error"].is_string()), (400, true), "{body}");
    }
}

#[tokio::test]
async fn the_journal_is_read_in_windows_and_cleared() {
    let (org, control) = controlled().await;
    org.soql("SELECT Id FROM Organization").await;
    let journal = control.get("/journal?offset=1&limit=5").await;
    assert_eq!((&journal["total"], &journal["first"]), (&json!(2), &json!(0)));
    let entry = &journal["entries"][0];
    assert_eq!((&entry["method"], &entry["soql"]), (&json!("GET"), &json!("SELECT Id FROM Organization")));
    assert!(entry["durationMs"].is_f64() && entry["responseBytes"].as_u64().unwrap() > 50, "{entry}");
    // Whose request it was, by an id and a number.
    let user = org.look("Id", "User WHERE Profile.Name = 'System Administrator'").as_str().unwrap().to_owned();
    assert_eq!((&entry["user"], &entry["session"]), (&json!(user), &json!(1)), "{entry}");
    let login = &control.get("/journal?offset=0&limit=1").await["entries"][0];
    assert_eq!((&login["user"], &login["session"]), (&json!(null), &json!(null)), "{login}");
    assert!(entry["at"].as_u64() >= login["at"].as_u64() && login["at"].as_u64() > Some(1_700_000_000_000), "{entry}");
    let shown = control.get("/journal").await.to_string();
    let connection = org.emulator.credentials();
    for secret in [&connection.password, &connection.security_token, &org.session] {
        assert!(!shown.contains(secret.as_str()));
    }
    assert_eq!(control.call(Method::DELETE, "/journal", None).await.0, 204);
    assert_eq!(control.get("/journal").await, json!({"total": 0, "first": 0, "entries": []}));
}

#[tokio::test]
async fn switches_turn_at_run_time() {
    let (org, control) = controlled().await;
    let switches = control.get("/switches").await;
    assert_eq!(switches["soapLogin"], json!(true));
    let (status, now) = control.call(Method::PATCH, "/switches", Some(json!({"soapLogin": false}))).await;
    assert_eq!((status, &now["soapLogin"], &now["sandbox"]), (200, &json!(false), &switches["sandbox"]));
    let (_, body) = org.soap_login("64.0", "", "a", "b").await;
    assert!(body.contains("SOAP API login() is disabled by default in this org."), "{body}");
    for wrong in [json!({"soapLogin": "no"}), json!({"noSuchSwitch": 1})] {
        let (status, body) = control.call(Method::PATCH, "/switches", Some(wrong)).await;
        assert_eq!((status, body["error"].is_string()), (400, true), "{body}");
    }
    assert!(!org.emulator.switches().soap_login);
}

#[tokio::test]
async fn seats_requests_and_time_are_set_to_numbers() {
    let (org, control) = controlled().await;
    let set = control.call(Method::PUT, "/licences/Customer%20Community", Some(json!({"total": 0}))).await;
    assert_eq!(set.0, 204);
    let pools = control.get("/licences").await;
    assert!(pools.as_array().unwrap().iter().any(|pool| pool["name"] == "Customer Community" && pool["total"] == 0));
    let user = org.user_body("full", "Customer Community User").await;
    assert_eq!(org.post("sobjects/User", &user).await.error().0, "LICENSE_LIMIT_EXCEEDED");
    assert_eq!(control.call(Method::PUT, "/licences/Nothing", Some(json!({"total": 0}))).await.0, 404);

    let (_, requests) = control.call(Method::PUT, "/api-requests", Some(json!({"used": 10, "max": 11}))).await;
    assert_eq!(requests, json!({"used": 10, "max": 11}));
    assert_eq!(org.get("limits").await.limit_info.as_deref(), Some("api-usage=11/11"));
    assert_eq!(org.get("limits").await.error().0, "REQUEST_LIMIT_EXCEEDED");
    control.call(Method::PUT, "/api-requests", Some(json!({"used": 0}))).await;

    let (_, clock) = control.call(Method::POST, "/clock", Some(json!({"now": "2030-01-31T12:00:00Z"}))).await;
    assert!(clock["now"].as_str().unwrap().starts_with("2030-01-31T12:00:0"), "{clock}");
    assert_eq!(control.call(Method::POST, "/clock", Some(json!({}))).await.0, 400);
    assert_eq!(org.get("limits").await.error().0, "INVALID_SESSION_ID", "the session grew old with the clock");
}

#[tokio::test]
async fn sessions_cursors_and_the_admins_password_end() {
    let (mut org, control) = controlled().await;
    assert_eq!(control.call(Method::DELETE, "/sessions", None).await.0, 204);
    assert_eq!(org.get("limits").await.status, 401);
    assert_eq!(control.call(Method::DELETE, "/query-locators", None).await.0, 204);
    assert_eq!(control.call(Method::DELETE, "/admin-password", None).await.0, 204);
    org.sign_in().await;
    assert_eq!(org.get("limits").await.error().0, "INVALID_OPERATION_WITH_EXPIRED_PASSWORD");
    assert_eq!(control.call(Method::GET, "/nothing", None).await.0, 404);
    assert_eq!(control.call(Method::PUT, "/clock", None).await.0, 405);
}
