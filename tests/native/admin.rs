//! Somebody else who reads and changes the org: an administrator with a client of their own.

use serde_json::Value as Json;

use crate::support::Org;

impl Org {
    /// Writes something by the REST API, as another client of the administrator's.
    pub(crate) fn write(&self, method: &str, path: &str, body: &str) {
        self.ask(method, path, body);
    }

    /// Reads something by the REST API.
    pub(crate) fn read(&self, path: &str) -> Json {
        serde_json::from_str(&self.ask("GET", path, "")).unwrap()
    }

    fn ask(&self, method: &str, path: &str, body: &str) -> String {
        let org = self.emulator.credentials();
        let agent = ureq::Agent::new_with_defaults();
        let form = [
            ("grant_type", "password".to_owned()),
            ("client_id", org.client_id),
            ("client_secret", org.client_secret),
            ("username", org.username),
            ("password", org.password + &org.security_token),
        ];
        let mut token = agent.post(format!("{}/services/oauth2/token", org.url)).send_form(form).unwrap();
        let token: Json = serde_json::from_str(&token.body_mut().read_to_string().unwrap()).unwrap();
        let request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("{}/services/data/v66.0/{path}", org.url))
            .header("authorization", format!("Bearer {}", token["access_token"].as_str().unwrap()))
            .header("content-type", "application/json")
            .body(body.to_owned())
            .unwrap();
        let mut answer = agent.run(request).unwrap();
        assert!(answer.status().is_success(), "{method} {path}");
        answer.body_mut().read_to_string().unwrap()
    }
}
