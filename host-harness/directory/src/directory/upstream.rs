//! What an application itself answered when it refused something: its code, its words, and the fields that it names.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::DirectoryError;
use provisioning_runtime::wit;

/// The application's own answer, kept beside the host's sentence because an organization's own rules speak there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Upstream {
    /// The HTTP status; 0 where there was none.
    pub status: u16,
    /// The application's own error code; empty where it gave none.
    pub code: String,
    /// The application's own words.
    pub message: String,
    /// The application's names of the fields concerned.
    pub fields: Vec<String>,
    /// The id under which the application's support finds the request, where the answer had one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

impl From<&wit::Upstream> for Upstream {
    fn from(upstream: &wit::Upstream) -> Self {
        Self {
            status: upstream.status,
            code: upstream.code.clone(),
            message: upstream.message.clone(),
            fields: upstream.fields.clone(),
            request_id: upstream.request_id.clone(),
        }
    }
}

impl fmt::Display for Upstream {
    /// In one line, as far as it says anything: `CODE (HTTP 400): words [Phone, Email] (request 9f86d081)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts: Vec<String> = Vec::new();
        match (self.code.is_empty(), self.status) {
            (false, 400..) => parts.push(format!("{} (HTTP {}):", self.code, self.status)),
            // A batch is answered with 200 whatever is said of its records.
            (false, _) => parts.push(format!("{}:", self.code)),
            (true, 400..) => parts.push(format!("HTTP {}:", self.status)),
            (true, _) => {}
        }
        parts.push(if self.message.is_empty() { "no words".to_owned() } else { self.message.clone() });
        if !self.fields.is_empty() {
            parts.push(format!("[{}]", self.fields.join(", ")));
        }
        if let Some(id) = &self.request_id {
            parts.push(format!("(request {id})"));
        }
        f.write_str(&parts.join(" "))
    }
}

/// As a column holds it.
pub(super) fn stored(upstream: Option<&Upstream>) -> Result<Option<String>, DirectoryError> {
    Ok(upstream.map(serde_json::to_string).transpose()?)
}

/// From a column.
pub(super) fn kept(text: Option<String>) -> Result<Option<Upstream>, DirectoryError> {
    Ok(text.map(|text| serde_json::from_str(&text)).transpose()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_told_in_one_line_as_far_as_it_says_anything() {
        let upstream = |status, code: &str, message: &str, fields: &[&str]| {
            let fields = fields.iter().map(|field| (*field).to_owned()).collect();
            Upstream { status, code: code.to_owned(), message: message.to_owned(), fields, request_id: None }
        };
        assert_eq!(
            upstream(400, "RULE", "No.", &["Phone", "Email"]).to_string(),
            "RULE (HTTP 400): No. [Phone, Email]"
        );
        assert_eq!(upstream(0, "sf:INVALID_LOGIN", "No.", &[]).to_string(), "sf:INVALID_LOGIN: No.");
        assert_eq!(upstream(200, "RULE", "No.", &["Phone"]).to_string(), "RULE: No. [Phone]");
        assert_eq!(upstream(502, "", "", &[]).to_string(), "HTTP 502: no words");
        assert_eq!(upstream(0, "", "No.", &[]).to_string(), "No.");
        let found = Upstream { request_id: Some("9f86d081".to_owned()), ..upstream(200, "RULE", "No.", &["Phone"]) };
        assert_eq!(found.to_string(), "RULE: No. [Phone] (request 9f86d081)");
    }

    #[test]
    fn what_was_kept_before_requests_had_ids_is_still_read() {
        let old = r#"{"status":400,"code":"RULE","message":"No.","fields":["Phone"]}"#;
        let read = kept(Some(old.to_owned())).unwrap().unwrap();
        assert_eq!(read.request_id, None);
        assert_eq!(stored(Some(&read)).unwrap().as_deref(), Some(old));
        let found = Upstream { request_id: Some("9f86d081".to_owned()), ..read };
        assert_eq!(kept(stored(Some(&found)).unwrap()).unwrap(), Some(found));
    }
}
