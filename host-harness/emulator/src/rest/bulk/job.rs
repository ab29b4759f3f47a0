//! Jobs: what they are, how they age, how they are shown.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Map, Value, json};

use super::csv::Dialect;
use crate::org::catalogue::{Field, Object};
use crate::org::clock;
use crate::rest::Version;

/// Where a job stands (H).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Open,
    UploadComplete,
    InProgress,
    JobComplete,
    Failed,
    Aborted,
}

impl State {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Open => "Open",
            Self::UploadComplete => "UploadComplete",
            Self::InProgress => "InProgress",
            Self::JobComplete => "JobComplete",
            Self::Failed => "Failed",
            Self::Aborted => "Aborted",
        }
    }

    pub(super) fn is_over(self) -> bool {
        matches!(self, Self::JobComplete | Self::Failed | Self::Aborted)
    }
}

/// What a job is for, and what it holds.
#[derive(Debug)]
pub(super) enum Work {
    Query {
        soql: String,
        columns: Vec<String>,
        /// The rows that were found, by their ids.
        found: Vec<String>,
    },
    Ingest(Ingest),
}

/// An ingest job's data and results.
#[derive(Debug)]
pub(super) struct Ingest {
    pub(super) object: &'static Object,
    pub(super) external_id: Option<String>,
    pub(super) data: Option<String>,
    pub(super) header: Vec<String>,
    /// The header as it was uploaded.
    pub(super) header_line: String,
    /// The record's id, whether it was created, and its row.
    pub(super) successful: Vec<(String, bool, Vec<String>)>,
    /// The record's id if known, the error, and its row.
    pub(super) failed: Vec<(String, String, Vec<String>)>,
    pub(super) unprocessed: Vec<Vec<String>>,
}

impl Ingest {
    /// The field by which the operation finds records; `None` if it finds none.
    pub(super) fn key(&self, operation: &str) -> Option<&'static Field> {
        let name = match operation {
            "upsert" => self.external_id.as_deref().unwrap_or("Id"),
            "update" | "delete" => "Id",
            _ => return None,
        };
        self.object.field(name)
    }
}

/// A job.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) id: String,
    pub(super) operation: &'static str,
    pub(super) object: &'static str,
    pub(super) version: Version,
    pub(super) dialect: Dialect,
    pub(super) state: State,
    pub(super) work: Work,
    pub(super) created_by: String,
    pub(super) created: i64,
    pub(super) changed: i64,
    /// How often it was asked for since it was queued.
    pub(super) polls: u32,
    pub(super) error: Option<String>,
}

impl Job {
    /// The family in the job's address: `query` or `ingest`.
    pub(super) fn family(&self) -> &'static str {
        if matches!(self.work, Work::Query { .. }) { "query" } else { "ingest" }
    }

    /// The job as it is shown when it was just made or changed.
    pub(super) fn brief(&self) -> Value {
        let mut shown = json!({
            "id": self.id,
            "operation": self.operation,
            "object": self.object,
            "createdById": self.created_by,
            "createdDate": clock::rest_datetime(self.created),
            "systemModstamp": clock::rest_datetime(self.changed),
            "state": self.state.name(),
            "concurrencyMode": "Parallel",
            "contentType": "CSV",
            "apiVersion": f64::from(self.version.0),
            "lineEnding": self.dialect.line_ending(),
            "columnDelimiter": self.dialect.delimiter,
        });
        if let (Work::Ingest(ingest), Some(map)) = (&self.work, shown.as_object_mut()) {
            if let Some(field) = &ingest.external_id {
                map.insert("externalIdFieldName".to_owned(), json!(field));
            }
            if self.state == State::Open {
                let url = format!("services/data/v{}/jobs/ingest/{}/batches", self.version.number(), self.id);
                map.insert("contentUrl".to_owned(), json!(url));
            }
        }
        shown
    }

    /// The job as a changed state of it is shown: without what its creation tells (H for ingest jobs).
    pub(super) fn changed(&self) -> Value {
        let mut shown = self.brief();
        if let (Work::Ingest(_), Some(map)) = (&self.work, shown.as_object_mut()) {
            for name in ["lineEnding", "columnDelimiter", "contentUrl"] {
                map.remove(name);
            }
        }
        shown
    }

    /// The job as `GET` shows it.
    pub(super) fn full(&self) -> Value {
        let mut shown = self.brief();
        let more: Map<String, Value> = match (&self.work, json!({"retries": 0, "totalProcessingTime": 0})) {
            (Work::Query { found, .. }, Value::Object(mut more)) => {
                more.insert("jobType".to_owned(), json!("V2Query"));
                more.insert("numberRecordsProcessed".to_owned(), json!(found.len()));
                more
            }
            (Work::Ingest(ingest), Value::Object(mut more)) => {
                let processed = ingest.successful.len() + ingest.failed.len();
                more.insert("jobType".to_owned(), json!("V2Ingest"));
                more.insert("numberRecordsProcessed".to_owned(), json!(processed));
                more.insert("numberRecordsFailed".to_owned(), json!(ingest.failed.len()));
                more.insert("apiActiveProcessingTime".to_owned(), json!(0));
                more.insert("apexProcessingTime".to_owned(), json!(0));
                more
            }
            _ => Map::new(),
        };
        if let Some(map) = shown.as_object_mut() {
            map.extend(more);
            if let Some(error) = &self.error {
                map.insert("errorMessage".to_owned(), json!(error));
            }
        }
        shown
    }
}

/// The org's jobs, by their ids.
#[derive(Debug, Default)]
pub(crate) struct Jobs {
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
pub(super) struct Kept {
    pub(super) last: u64,
    pub(super) jobs: BTreeMap<String, Job>,
}

impl Jobs {
    pub(super) fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
