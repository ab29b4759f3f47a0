//! A plain HTTP client for one emulator, signed in as its administrator.

use reqwest::{Client, Method, RequestBuilder};
use salesforce_emulator::{Emulator, Switches};
use serde_json::{Value, json};

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) limit_info: Option<String>,
    pub(crate) location: Option<String>,
    pub(crate) last_modified: Option<String>,
    pub(crate) body: Value,
}

impl Answer {
    /// Code, message and fields of the only error of a REST answer.
    pub(crate) fn error(&self) -> (String, String, Value) {
        let errors = self.body.as_array().unwrap_or_else(|| panic!("no error array: {} {}", self.status, self.body));
        assert_eq!(errors.len(), 1);
        let text = |name: &str| errors[0][name].as_str().unwrap_or_default().to_owned();
        (text("errorCode"), text("message"), errors[0].get("fields").cloned().unwrap_or(Value::Null))
    }
}

pub(crate) struct Org {
    pub(crate) emulator: Emulator,
    pub(crate) http: Client,
    pub(crate) session: String,
}

pub(crate) fn plain_http() -> Client {
    // Only one test installs it; the others find it there.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder().no_proxy().build().unwrap()
}

pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

pub(crate) fn between<'a>(text: &'a str, from: &str, to: &str) -> &'a str {
    text.split_once(from).unwrap_or_else(|| panic!("no {from} in {text}")).1.split_once(to).unwrap().0
}

impl Org {
    pub(crate) async fn start() -> Self {
        Self::with(Switches::default()).await
    }

    pub(crate) async fn with(switches: Switches) -> Self {
        let emulator = Emulator::builder().users(60).seed(7).switches(switches).start().await.unwrap();
        let mut org = Self { emulator, http: plain_http(), session: String::new() };
        org.sign_in().await;
        org
    }

    /// An org that its administrator has not signed in to.
    pub(crate) async fn closed(switches: Switches) -> Self {
        let emulator = Emulator::builder().users(5).seed(7).switches(switches).start().await.unwrap();
        Self { emulator, http: plain_http(), session: String::new() }
    }

    pub(crate) async fn sign_in(&mut self) {
        let connection = self.emulator.credentials();
        let password = format!("{}{}", connection.password, connection.security_token);
        let (status, body) = self.soap_login("64.0", "", &connection.username, &password).await;
        assert_eq!(status, 200, "{body}");
        self.session = between(&body, "<sessionId>", "</sessionId>").to_owned();
    }

    pub(crate) async fn soap_login(
        &self,
        version: &str,
        header: &str,
        username: &str,
        password: &str,
    ) -> (u16, String) {
        let envelope = format!(
            "<?xml version=\"1.0\"?><s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\" \
             xmlns:u=\"urn:partner.soap.sforce.com\"><s:Header>{header}</s:Header><s:Body><u:login>\
             <u:username>{}</u:username>\
             <u:password>{}</u:password></u:login></s:Body></s:Envelope>",
            escape(username),
            escape(password)
        );
        let url = format!("{}/services/Soap/u/{version}", self.emulator.url());
        let request =
            self.http.post(url).header("content-type", "text/xml").header("soapaction", "\"\"").body(envelope);
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    }

    pub(crate) async fn send(&self, request: RequestBuilder) -> Answer {
        let response = request.send().await.unwrap();
        let header = |name: &str| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        let (status, limit_info) = (response.status().as_u16(), header("sforce-limit-info"));
        let (location, last_modified) = (header("location"), header("last-modified"));
        let text = response.text().await.unwrap();
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        Answer { status, limit_info, location, last_modified, body }
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("{}/services/data/v64.0/{path}", self.emulator.url());
        self.http.request(method, url).bearer_auth(&self.session)
    }

    pub(crate) async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Answer {
        let mut request = self.request(method, path);
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        self.send(request).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.call(Method::POST, path, Some(body)).await
    }

    pub(crate) async fn patch(&self, path: &str, body: &Value) -> Answer {
        self.call(Method::PATCH, path, Some(body)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.call(Method::DELETE, path, None).await
    }

    pub(crate) async fn soql(&self, soql: &str) -> Answer {
        let encoded: String = soql
            .bytes()
            .map(
                |byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") },
            )
            .collect();
        self.get(&format!("query?q={encoded}")).await
    }

    /// The first value of a look into the org.
    pub(crate) fn look(&self, field: &str, rest: &str) -> Value {
        let rows = self.emulator.query(&format!("SELECT {field} FROM {rest}")).unwrap();
        let mut value = rows.get(0).unwrap_or_else(|| panic!("nothing found: {rest}")).clone();
        for part in field.split('.') {
            value = value[part].clone();
        }
        value
    }

    pub(crate) fn id(&self, rest: &str) -> String {
        self.look("Id", rest).as_str().unwrap().to_owned()
    }

    pub(crate) fn profile(&self, name: &str) -> String {
        self.id(&format!("Profile WHERE Name = '{name}'"))
    }

    /// A new contact on the connector's account.
    pub(crate) async fn contact(&self, last_name: &str) -> String {
        let account = self.emulator.credentials().account_id;
        let answer = self.post("sobjects/Contact", &json!({"LastName": last_name, "AccountId": account})).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        answer.body["id"].as_str().unwrap().to_owned()
    }

    /// What a create of a portal user needs, with a username of this handle.
    pub(crate) async fn user_body(&self, handle: &str, profile: &str) -> Value {
        json!({
            "Username": format!("{handle}@new.example.com"),
            "Email": format!("{handle}@new.example.com"),
            "LastName": handle,
            "Alias": "new",
            "CommunityNickname": handle,
            "TimeZoneSidKey": "Europe/London",
            "LocaleSidKey": "en_GB",
            "EmailEncodingKey": "UTF-8",
            "LanguageLocaleKey": "en_US",
            "ProfileId": self.profile(profile),
            "ContactId": self.contact(handle).await,
        })
    }

    /// A new portal user's id.
    pub(crate) async fn user(&self, handle: &str, profile: &str) -> String {
        let body = self.user_body(handle, profile).await;
        let answer = self.post("sobjects/User", &body).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        answer.body["id"].as_str().unwrap().to_owned()
    }
}
