//! Faults on demand: what the next matching requests meet instead of, or after, their answer.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::error::{self, ApiError};
use crate::rules::RecordFault;

/// A fault: which requests meet it, how often, and what happens to them.
///
/// ```
/// use std::time::Duration;
/// use salesforce_emulator::{Effect, Fault, When};
///
/// // The second and third page of contacts answer late; then one update is done but its answer is lost.
/// let late = Fault::latency(Duration::from_millis(200)).soql("FROM Contact").skip(1).times(2);
/// let lost = Fault::new(Effect::DropConnection { when: When::AfterWork }).method("PATCH").path("*/sobjects/User/*");
/// # let _ = (late, lost);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Fault {
    /// HTTP method; any when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// Path without its query, whole; `*` stands for any run of characters. Any when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// A part of the SOQL text that the request carries, without regard to case. Any request when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub soql: Option<String>,
    /// How many matching requests pass unharmed first.
    #[serde(default)]
    pub skip: u32,
    /// How many matching requests meet the fault.
    #[serde(default = "once")]
    pub times: u32,
    /// How long each of them waits before anything else happens. In JSON `latencyMs`, in milliseconds.
    #[serde(default, rename = "latencyMs", with = "milliseconds")]
    pub latency: Duration,
    /// What happens then; nothing but the wait when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effect: Option<Effect>,
}

const fn once() -> u32 {
    1
}

mod milliseconds {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        u64::deserialize(deserializer).map(Duration::from_millis)
    }
}

/// Whether the org has done what was asked when the fault strikes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum When {
    /// Nothing was done.
    #[default]
    BeforeWork,
    /// It was done; only the answer is lost.
    AfterWork,
}

/// The body of a server error.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ErrorBody {
    /// Salesforce's array of errors.
    #[default]
    Json,
    /// A web page, as a proxy before the org answers.
    Html,
}

/// What happens to a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
#[non_exhaustive]
pub enum Effect {
    /// The connection closes without an answer.
    DropConnection {
        /// Before or after the work.
        #[serde(default)]
        when: When,
    },
    /// The work is done, and the connection closes in the middle of the answer's body.
    CutBody {
        /// How many bytes of the body still come.
        bytes: usize,
    },
    /// A 5xx.
    ServerError {
        /// HTTP status.
        status: u16,
        /// JSON or HTML.
        #[serde(default)]
        body: ErrorBody,
        /// Before or after the work.
        #[serde(default)]
        when: When,
    },
    /// 403 `REQUEST_LIMIT_EXCEEDED` for the day's requests (H).
    RequestLimit,
    /// 403 `REQUEST_LIMIT_EXCEEDED` for requests at one time (M).
    ConcurrentRequestLimit,
    /// The request's session is over: 401 `INVALID_SESSION_ID` (H), now and whenever it is used again.
    ExpireSession,
    /// `UNABLE_TO_LOCK_ROW` (H) on the request's records.
    RowLock {
        /// The records' positions in the request, from 0; empty means all.
        #[serde(default)]
        records: Vec<usize>,
    },
    /// `UNKNOWN_EXCEPTION: group membership operation already in progress` (M) on the request's records.
    GroupMembershipInProgress {
        /// The records' positions in the request, from 0; empty means all.
        #[serde(default)]
        records: Vec<usize>,
    },
    /// Any refusal of the request's records, such as a flow's.
    Refuse {
        /// Salesforce's status code.
        status_code: String,
        /// The text; `{id}` stands for the record's id.
        message: String,
        /// The fields at fault.
        #[serde(default)]
        fields: Vec<String>,
        /// The records' positions in the request, from 0; empty means all.
        #[serde(default)]
        records: Vec<usize>,
    },
}

impl Effect {
    /// The refusal that this effect puts on records; `None` for effects on the request as a whole.
    pub(crate) fn record_fault(&self, unknown_exception_status: u16) -> Option<RecordFault> {
        let (positions, refusal) = match self {
            Self::RowLock { records } => {
                let text = "unable to obtain exclusive access to this record or 1 records: {id}";
                (records, ApiError::dml("UNABLE_TO_LOCK_ROW", text, &[]))
            }
            Self::GroupMembershipInProgress { records } => {
                let text = "group membership operation already in progress";
                let status = unknown_exception_status;
                (records, ApiError { status, ..ApiError::dml("UNKNOWN_EXCEPTION", text, &[]) })
            }
            Self::Refuse { status_code, message, fields, records } => {
                let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
                (records, ApiError::dml(error::code(status_code), message.clone(), &fields))
            }
            _ => return None,
        };
        Some(RecordFault { positions: positions.clone(), refusal })
    }
}

impl Fault {
    /// The next request meets this.
    #[must_use]
    pub fn new(effect: Effect) -> Self {
        Self { effect: Some(effect), ..Self::latency(Duration::ZERO) }
    }

    /// The next request only waits.
    #[must_use]
    pub fn latency(latency: Duration) -> Self {
        Self { method: None, path: None, soql: None, skip: 0, times: 1, latency, effect: None }
    }

    /// Only requests of this method.
    #[must_use]
    pub fn method(mut self, method: impl Into<String>) -> Self {
        self.method = Some(method.into());
        self
    }

    /// Only requests to this path; `*` stands for any run of characters.
    #[must_use]
    pub fn path(mut self, pattern: impl Into<String>) -> Self {
        self.path = Some(pattern.into());
        self
    }

    /// Only requests whose SOQL has this text in it.
    #[must_use]
    pub fn soql(mut self, part: impl Into<String>) -> Self {
        self.soql = Some(part.into());
        self
    }

    /// This many matching requests pass first.
    #[must_use]
    pub fn skip(mut self, requests: u32) -> Self {
        self.skip = requests;
        self
    }

    /// This many matching requests meet the fault.
    #[must_use]
    pub fn times(mut self, requests: u32) -> Self {
        self.times = requests;
        self
    }

    /// And each waits this long before.
    #[must_use]
    pub fn after(mut self, latency: Duration) -> Self {
        self.latency = latency;
        self
    }

    fn matches(&self, method: &str, path: &str, soql: Option<&str>) -> bool {
        self.method.as_ref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(method))
            && self.path.as_ref().is_none_or(|pattern| glob(pattern, path))
            && self.soql.as_ref().is_none_or(|part| {
                soql.is_some_and(|soql| soql.to_ascii_lowercase().contains(&part.to_ascii_lowercase()))
            })
    }
}

/// Whether the text has the pattern's form, in which `*` stands for any run of characters.
pub(crate) fn glob(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

/// A fault that waits for requests.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PendingFault {
    /// Its number, counted from 1.
    pub id: u64,
    /// The fault, with what is left of `skip` and `times`.
    #[serde(flatten)]
    pub fault: Fault,
}

/// The faults that wait, in the order they were put.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    waiting: Mutex<(u64, Vec<PendingFault>)>,
}

impl Faults {
    fn lock(&self) -> MutexGuard<'_, (u64, Vec<PendingFault>)> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn put(&self, fault: Fault) -> u64 {
        let mut guard = self.lock();
        guard.0 += 1;
        let id = guard.0;
        if fault.times > 0 {
            guard.1.push(PendingFault { id, fault });
        }
        id
    }

    /// The fault that this request meets: the first that matches and has no requests left to spare.
    pub(crate) fn take(&self, method: &str, path: &str, soql: Option<&str>) -> Option<PendingFault> {
        let mut guard = self.lock();
        let waiting = &mut guard.1;
        for index in 0..waiting.len() {
            let fault = &mut waiting[index].fault;
            if !fault.matches(method, path, soql) {
                continue;
            }
            if fault.skip > 0 {
                fault.skip -= 1;
                continue;
            }
            fault.times -= 1;
            let spent = fault.times == 0;
            return Some(if spent { waiting.remove(index) } else { waiting[index].clone() });
        }
        None
    }

    pub(crate) fn waiting(&self) -> Vec<PendingFault> {
        self.lock().1.clone()
    }

    /// Takes a fault back; says whether it was still waiting.
    pub(crate) fn remove(&self, id: u64) -> bool {
        let waiting = &mut self.lock().1;
        let before = waiting.len();
        waiting.retain(|pending| pending.id != id);
        waiting.len() < before
    }

    pub(crate) fn clear(&self) {
        self.lock().1.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_run_of_characters() {
        for (pattern, text) in [("*", "x"), ("a*c", "abc"), ("a*c", "ac"), ("*/User/*", "/s/User/1"), ("abc", "abc")] {
            assert!(glob(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [("a", "ab"), ("a*b", "abc"), ("*x*x", "x"), ("", "a"), ("ab*ba", "aba")] {
            assert!(!glob(pattern, text), "{pattern} {text}");
        }
    }

    #[test]
    fn a_fault_waits_for_its_requests_and_is_gone_after_its_times() {
        let faults = Faults::default();
        let id = faults.put(Fault::new(Effect::RequestLimit).method("get").soql("from contact").skip(1).times(2));
        let meets = |method: &str, soql: &str| faults.take(method, "/q", Some(soql)).map(|met| met.id);
        assert_eq!(meets("POST", "SELECT Id FROM Contact"), None);
        assert_eq!(meets("GET", "SELECT Id FROM User"), None);
        assert_eq!(faults.take("GET", "/q", None).map(|met| met.id), None);
        let four: Vec<Option<u64>> = (0..4).map(|_| meets("GET", "SELECT Id FROM Contact")).collect();
        assert_eq!(four, [None, Some(id), Some(id), None]);
        assert!(faults.waiting().is_empty());
    }

    #[test]
    fn faults_read_as_json_refuse_what_they_do_not_know() {
        let fault: Fault =
            serde_json::from_str(r#"{"path": "*", "latencyMs": 5, "effect": {"type": "rowLock", "records": [1]}}"#)
                .unwrap();
        assert_eq!(fault, Fault::new(Effect::RowLock { records: vec![1] }).path("*").after(Duration::from_millis(5)));
        assert!(serde_json::from_str::<Fault>(r#"{"paths": "*"}"#).is_err());
        assert!(serde_json::from_str::<Fault>(r#"{"effect": {"type": "rowLocks"}}"#).is_err());
    }
}
