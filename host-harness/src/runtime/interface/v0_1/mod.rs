//! Version 0.1 of the interface, frozen in `wit/released/0.1.0`.
//!
//! It differs from 0.2 in the users of an import: there each carries its attributes by name, and a page has no names of its
//! own. All other types are those of 0.2.

mod exports;
mod imports;
mod page;

pub(crate) use exports::{Exports, Prepared};
pub(crate) use imports::add_to_linker;
