//! What all checks together came to.

use serde::Serialize;

mod formats;

use super::check::{CheckVerdict, Checked};
use super::{CHECKS, CHECKS_VERSION};
use provisioning_runtime::LoadError;

/// The checks in their order, and what they leave behind.
#[derive(Clone, Debug, Serialize)]
pub struct ConformanceReport {
    /// [`CHECKS_VERSION`] when the checks were made.
    pub checks_version: u32,
    /// Each check that was asked for, once.
    pub checks: Vec<Checked>,
    /// Ids of users that the checks have made in the application. They were deactivated, where the connector can do that.
    pub left_behind: Vec<String>,
}

impl Default for ConformanceReport {
    fn default() -> Self {
        Self { checks_version: CHECKS_VERSION, checks: Vec::new(), left_behind: Vec::new() }
    }
}

impl ConformanceReport {
    /// The report of a component that cannot be loaded: one check has failed, and no other could be made.
    pub fn of_unloadable(error: &LoadError, only: Option<&str>) -> Self {
        let checks = super::chosen(only)
            .map(|check| {
                let (verdict, detail) = if check.name == super::component::LOADS.name {
                    (CheckVerdict::Failed, error.to_string())
                } else {
                    (CheckVerdict::Skipped, "the component cannot be loaded".to_owned())
                };
                Checked { name: check.name, wants: check.wants, verdict, detail }
            })
            .collect();
        Self { checks, ..Self::default() }
    }

    /// How many checks ended so.
    pub fn count(&self, verdict: CheckVerdict) -> usize {
        self.checks.iter().filter(|checked| checked.verdict == verdict).count()
    }

    /// Whether no check failed.
    pub fn conforms(&self) -> bool {
        self.count(CheckVerdict::Failed) == 0
    }

    /// The check of a name, where it was made.
    pub fn get(&self, name: &str) -> Option<&Checked> {
        self.checks.iter().find(|checked| checked.name == name)
    }

    /// Brings the checks into the order of [`CHECKS`].
    pub(super) fn sort(&mut self) {
        let place = |name: &str| CHECKS.iter().flat_map(|group| group.iter()).position(|check| check.name == name);
        self.checks.sort_by_key(|checked| place(checked.name));
    }
}
