//! Version 0.1 of the interface, frozen in `wit/released/0.1.0`.
//!
//! It differs from 0.2 in the users of an import: there each carries its attributes by name, and a page has no names of its
//! own. It has neither the host functions of `ledger` nor the taking back of users. All other types are those of 0.2.

use crate::runtime::wit::{Error, ErrorKind, Retry};

mod exports;
mod imports;
mod page;

pub(crate) use exports::{Exports, Prepared};
pub(crate) use imports::add_to_linker;

/// What is said where a function is asked for that this version did not have.
pub(crate) fn cannot_take_back() -> Error {
    Error {
        kind: ErrorKind::Unsupported,
        message: "the connector, which speaks version 0.1 of the interface, cannot look for what a push that was cut off has left".to_owned(),
        remedy: Some("Look in the application for a user that was made and take it out of use there, or use a newer connector".to_owned()),
        retry: Retry::AfterRemedy,
        upstream: None,
    }
}
