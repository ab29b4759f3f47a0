//! Components from elsewhere: pulled from a registry, and checked before anybody keeps them.
//!
//! 1. An [`Address`] names a registry, a repository in it, and a digest. A tag alone isn't enough, since whoever can write to the
//!    registry can have it lead elsewhere tomorrow.
//! 2. [`pull()`] fetches what has that digest, and hands out the component's bytes, their SHA-256, and the signature that the manifest
//!    brings. It has bounds on time and bytes, for a registry is a stranger.
//! 3. [`Signers`] says whether somebody who is trusted has signed these bytes.
//!
//! Nothing in here knows what a component does. Whether its uses are approved is the directory's business, and a signature doesn't
//! replace it: the signature says who made the component, the approval what it may do.

mod address;
mod pull;
mod signature;

pub use address::{Address, AddressError};
pub use pull::{Bounds, Login, PullError, Pulled, SIGNATURE_ANNOTATION, pull};
pub use signature::{SignatureError, Signed, Signer, Signers};

#[cfg(test)]
mod tests;

/// The example of the README is compiled as well.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
