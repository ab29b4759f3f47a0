//! A job's progress as server-sent events (HTML Living Standard, section 9.2).

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::Stream;
use serde::Serialize;
use tokio::sync::{OwnedSemaphorePermit, watch};

use super::super::problem::Problem;
use super::super::shared::Shared;
use super::{Status, panel};
use provisioning_directory::{TenantId, Timestamp};

/// The shortest time between two events: fast enough for the eye, and a fast job does not flood the browser.
const PACE: Duration = Duration::from_millis(250);
/// How often it is looked at how far a job is that another process runs, which writes it once a second.
const LOOK: Duration = Duration::from_secs(1);
/// A sign of life on a connection where nothing happens, well below the time-outs of proxies.
const ALIVE: Duration = Duration::from_secs(15);

/// What the page's script reads.
#[derive(Serialize)]
struct Shown<'a> {
    running: bool,
    words: String,
    done: u64,
    total: Option<u64>,
    title: &'a str,
}

/// Streams the job of a tenant that is running, until its end.
pub(crate) async fn events(
    State(shared): State<Arc<Shared>>,
    Path(tenant): Path<String>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    let tenant = shared.tenant(&tenant).await?;
    let no_job = || Problem::not_found("No job of the application was started.");
    let status = shared.jobs.last(tenant.id, None)?.ok_or_else(no_job)?;
    let job = match shared.jobs.running_here(tenant.id) {
        Some(job) => Source::Here(job),
        None => Source::Elsewhere(Arc::clone(&shared), tenant.id, Box::new(status)),
    };
    let seat = Arc::clone(&shared.streams).try_acquire_owned().map_err(|_| {
        Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "busy",
            "Too many pages are open",
            "Too many pages follow a job live.",
            "Reload the page to see how far it is.",
        )
    })?;
    let following = Following { job, stopped: shared.stopped.clone(), first: true, over: false, _seat: seat };
    let stream = futures_util::stream::unfold(following, |mut following| async move {
        let event = following.next().await?;
        Some((Ok(event), following))
    });
    Ok(Sse::new(stream).keep_alive(KeepAlive::new().interval(ALIVE)))
}

/// Where a job is followed.
enum Source {
    /// It runs on this console.
    Here(watch::Receiver<Status>),
    /// Another process tells how far it is. Beside it is what it told last.
    Elsewhere(Arc<Shared>, TenantId, Box<Status>),
}

impl Source {
    /// Waits until there may be something new. Returns `None` if there won't be.
    async fn changed(&mut self) -> Option<()> {
        match self {
            Self::Here(job) => job.changed().await.ok(),
            Self::Elsewhere(shared, tenant, status) => {
                tokio::time::sleep(LOOK).await;
                **status = match shared.jobs.last(*tenant, None) {
                    // One that says nothing any more is over, though nobody knows what came of it.
                    Ok(Some(now)) if now.started_at >= status.started_at => now,
                    _ => return None,
                };
                Some(())
            }
        }
    }

    fn status(&mut self) -> Status {
        match self {
            Self::Here(job) => job.borrow_and_update().clone(),
            Self::Elsewhere(_, _, status) => Status::clone(status),
        }
    }
}

struct Following {
    job: Source,
    stopped: watch::Receiver<bool>,
    first: bool,
    over: bool,
    _seat: OwnedSemaphorePermit,
}

impl Following {
    /// The next event. Returns `None` after the job's end, or when the console ends.
    async fn next(&mut self) -> Option<Event> {
        if self.over {
            return None;
        }
        if !self.first {
            tokio::select! {
                changed = self.job.changed() => if changed.is_none() {
                    self.over = true;
                },
                // The guard that comes back is dropped at once.
                () = async { drop(self.stopped.wait_for(|stopped| *stopped).await) } => return None,
            }
            tokio::time::sleep(PACE).await;
        }
        self.first = false;
        let status = self.job.status();
        self.over |= status.ended.is_some();
        let shown = Shown {
            running: !self.over,
            words: panel::words(&status, Timestamp::now()),
            done: status.progress.done,
            total: status.progress.total,
            title: &status.title,
        };
        Event::default().event("job").json_data(&shown).ok()
    }
}
