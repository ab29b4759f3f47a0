//! Commands that call a connector directly, without a directory: its author's way to try it.
//!
//! A tenant of a tenants file has no people, links or tasks. [`import`] prints its users, [`push`] takes people from a CSV file.
//! Nothing is remembered: a call that is cut off is repeated by running the command again. `deactivate` and `sync-password`
//! name users of the application, so they work this way for tenants of the data folder too.

pub(crate) mod import;
pub(crate) mod push;
mod report;

use indicatif::ProgressBar;

use crate::context::Context;
use crate::failure::Failure;
use crate::view::ErrorView;
use provisioning_runtime::Results;
use provisioning_runtime::wit::Outcome;

pub(crate) use report::{Entry, RecordsReport};

/// What is reported of a record that a command didn't come to, or whose call was cut short.
const NOT_ATTEMPTED: &str =
    "the command ended before this record was finished; run it again, which repeats nothing that was done";

/// Makes a call for each batch of the records, up to the first that fails as a whole. A record that can't be sent comes with its
/// error. Returns an entry for each record, in order, and what ended the command early.
pub(crate) async fn in_batches<T>(
    context: &mut Context,
    records: Vec<(String, Result<T, ErrorView>)>,
    size: usize,
    progress: &ProgressBar,
    mut call: impl AsyncFnMut(&mut Context, &[T]) -> Result<Results<Outcome>, Failure>,
) -> (Vec<Entry>, Option<Failure>) {
    let not_attempted = || Err(ErrorView::local("not-attempted", NOT_ATTEMPTED.to_owned()));
    let mut entries = Vec::with_capacity(records.len());
    let mut sound = Vec::with_capacity(records.len());
    for (at, (label, record)) in records.into_iter().enumerate() {
        let result = match record {
            Ok(record) => {
                sound.push((at, record));
                not_attempted()
            }
            Err(error) => Err(error),
        };
        entries.push(Entry { label, result });
    }
    progress.set_length(sound.len() as u64);
    let mut rest = sound.into_iter();
    let mut ended = None;
    while ended.is_none() {
        let (places, batch): (Vec<usize>, Vec<T>) = rest.by_ref().take(size).unzip();
        if batch.is_empty() {
            break;
        }
        match call(context, &batch).await {
            Ok(results) => {
                for (at, result) in places.into_iter().zip(results) {
                    entries[at].result = result.map_err(|error| ErrorView::from(&error));
                }
            }
            Err(failure) => ended = Some(failure),
        }
        progress.inc(batch.len() as u64);
    }
    progress.finish_and_clear();
    (entries, ended)
}
