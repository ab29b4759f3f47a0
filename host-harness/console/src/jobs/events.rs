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
use provisioning_directory::Timestamp;

/// The shortest time between two events: fast enough for the eye, and a fast job does not flood the browser.
const PACE: Duration = Duration::from_millis(250);
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
    let job =
        shared.jobs.last(tenant.id).ok_or_else(|| Problem::not_found("No job of the application was started."))?;
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

struct Following {
    job: watch::Receiver<Status>,
    stopped: watch::Receiver<bool>,
    first: bool,
    over: bool,
    _seat: OwnedSemaphorePermit,
}

impl Following {
    /// The next event; none after the job's end, or when the console ends.
    async fn next(&mut self) -> Option<Event> {
        if self.over {
            return None;
        }
        if !self.first {
            tokio::select! {
                changed = self.job.changed() => changed.ok()?,
                // The guard that comes back is dropped at once.
                () = async { drop(self.stopped.wait_for(|stopped| *stopped).await) } => return None,
            }
            tokio::time::sleep(PACE).await;
        }
        self.first = false;
        let status = self.job.borrow_and_update();
        self.over = status.ended.is_some();
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
