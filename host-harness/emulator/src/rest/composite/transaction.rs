//! Parts that are all or nothing.

use serde_json::Value;

use super::references::Known;
use super::subrequest::{Outcome, Subrequest};
use crate::error::ApiError;
use crate::org::savepoint;
use crate::rest::Context;
use crate::rules::{Actor, Transaction};

/// What came of parts that share a transaction.
pub(super) enum Done<'a> {
    /// All succeeded.
    All(&'a [Subrequest], Vec<Outcome>),
    /// One failed, at this position, and all was undone.
    Failed(&'a [Subrequest], usize, Outcome),
}

/// What parts that were undone answer (H: recorded).
pub(super) fn rolled_back() -> Outcome {
    Outcome::halted("The transaction was rolled back since another operation in the same transaction failed.")
}

/// Runs parts in one transaction up to the first that fails.
///
/// Setup objects and others don't mix in it, because it is one transaction; no source says so for composite requests (U).
pub(super) fn run<'a>(context: &Context<'_>, parts: &'a [Subrequest], allowed: fn(&Subrequest) -> bool) -> Done<'a> {
    let transaction = Transaction::default();
    let context = Context { actor: Actor { transaction: Some(&transaction), ..context.actor }, ..*context };
    let mut known = Known::new(context.version, parts);
    let mut outcomes = Vec::with_capacity(parts.len());
    let mut failed = None;
    let whole = savepoint(context.actor.db, || {
        for part in parts {
            let outcome = part.run(&context, &mut known, allowed);
            if outcome.failed() {
                failed = Some(outcome);
                // Only to undo; what the client sees is the part's own refusal.
                return Err(ApiError::new(400, "PROCESSING_HALTED", ""));
            }
            outcomes.push(outcome);
        }
        Ok(())
    });
    match (whole, failed) {
        (Err(_), Some(outcome)) => Done::Failed(parts, outcomes.len(), outcome),
        (Err(error), None) => Done::Failed(parts, 0, Outcome::of(error.into())),
        (Ok(()), _) => Done::All(parts, outcomes),
    }
}

impl Done<'_> {
    pub(super) fn is_successful(&self) -> bool {
        matches!(self, Self::All(..))
    }

    /// The elements of `compositeResponse`; `sibling` says what the parts show that did not fail themselves.
    pub(super) fn into_results(self, sibling: impl Fn(&Outcome) -> Outcome) -> Vec<Value> {
        match self {
            Self::All(parts, outcomes) => {
                parts.iter().zip(outcomes).map(|(part, outcome)| outcome.result(part)).collect()
            }
            Self::Failed(parts, position, outcome) => parts
                .iter()
                .enumerate()
                .map(|(index, part)| {
                    let shown = if index == position { outcome.clone() } else { sibling(&outcome) };
                    shown.result(part)
                })
                .collect(),
        }
    }
}
