//! What a sandbox is made for: one tenant.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::access::Approval;
use super::egress::EgressPolicy;
use super::ledger::Ledger;
use super::limits::Limits;
use super::permit::Permit;
use super::secrets::Secret;

/// What a tenant's jobs are given of WASI 0.2 beside the world.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Wasi {
    /// What the component imports of it, with nothing behind it.
    #[default]
    Empty,
    /// Nothing: a component that imports it isn't run.
    None,
}

/// One customer of the platform: its settings of one application, its secrets, and what its jobs may do.
#[derive(Clone, Debug, Default)]
pub struct Tenant {
    /// Unique on this host; stands in logs and errors.
    pub name: String,
    /// Settings by the names that the connector's descriptor declares.
    pub settings: BTreeMap<String, String>,
    /// Secrets by the names that the connector's descriptor declares.
    pub secrets: BTreeMap<String, Secret>,
    /// The hosts that its jobs may reach.
    pub egress: EgressPolicy,
    /// What was approved of the component that its jobs run; they send nothing without it.
    pub approval: Option<Approval>,
    /// SHA-256 of the only component that its jobs may run, in hexadecimal; none where any may.
    pub component_sha256: Option<String>,
    /// The bounds of each of its jobs.
    pub limits: Limits,
    /// Whether its jobs may run components that import WASI.
    pub wasi: Wasi,
    /// Keeps what the connector tells of single users; without one it's told that nobody knows them.
    pub ledger: Option<Arc<dyn Ledger>>,
    /// Whether its jobs may still send requests; without one they may to their end.
    pub permit: Option<Arc<dyn Permit>>,
}
