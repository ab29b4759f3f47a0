//! A tenant's job on a page.

use askama::Template;
use askama::filters::HtmlSafe;

use super::super::problem::Problem;
use super::super::shared::Shared;
use super::{Status, Tone};
use provisioning_directory::{TenantRecord, Timestamp};

/// A job, live while it runs. Shown by its name in a template.
#[derive(Clone, Debug, Template)]
#[template(path = "job_panel.html")]
pub(crate) struct Panel {
    tenant: String,
    status: Status,
}

// The template escapes what it shows.
impl HtmlSafe for Panel {}

impl Panel {
    /// The tenant's job that runs or began last; of one kind only if that is named and no other is running.
    ///
    /// # Errors
    /// The database's.
    pub(crate) fn of(shared: &Shared, tenant: &TenantRecord, kind: Option<&str>) -> Result<Option<Self>, Problem> {
        let status = shared.jobs.last(tenant.id, kind)?;
        Ok(status.map(|status| Self { tenant: tenant.name.clone(), status }))
    }

    /// Whether it is still running.
    pub(crate) fn is_running(&self) -> bool {
        self.status.ended.is_none()
    }

    /// Whether it has ended, and all of it went well.
    pub(crate) fn is_good(&self) -> bool {
        self.status.ended.as_ref().is_some_and(|ended| ended.result.as_ref().is_ok_and(|report| report.good))
    }

    fn words(&self) -> String {
        words(&self.status, Timestamp::now())
    }
}

/// How far a job is, in a sentence.
pub(crate) fn words(status: &Status, now: Timestamp) -> String {
    let progress = &status.progress;
    let mut text = progress.phase.clone();
    if let Some(total) = progress.total {
        text.push_str(&format!(": {} of {total}", progress.done));
    } else if progress.done > 0 {
        text.push_str(&format!(": {}", progress.done));
    }
    if let Some(rate) = progress.rate(now) {
        text.push_str(&format!(", {rate:.0} a second"));
    }
    if let Some(left) = progress.left(now) {
        text.push_str(&format!(", about {left} s left"));
    }
    text
}
