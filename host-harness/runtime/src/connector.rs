//! A component that has been loaded and checked.

use super::given::{Given, given};
use super::interface::{InterfaceVersion, Prepared};

/// A connector, compiled and linked; jobs are started from it. Cheap to clone.
#[derive(Clone)]
pub struct Connector {
    pub(crate) prepared: Prepared,
    pub(crate) interface: InterfaceVersion,
    pub(crate) digest: String,
    pub(crate) size: usize,
    pub(crate) imports: Vec<String>,
    pub(crate) exports: Vec<String>,
}

impl Connector {
    /// The version of the interface that it speaks.
    pub fn interface(&self) -> InterfaceVersion {
        self.interface
    }

    /// SHA-256 of the component's bytes, in hexadecimal.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// Length of the component, in bytes.
    pub fn size(&self) -> usize {
        self.size
    }

    /// The interfaces that it imports, as it names them.
    pub fn imports(&self) -> &[String] {
        &self.imports
    }

    /// The interfaces that it imports, and what is behind each.
    pub fn given(&self) -> impl Iterator<Item = (&str, Given)> {
        // One that nobody is given was refused.
        self.imports.iter().filter_map(|import| Some((import.as_str(), given(import)?)))
    }

    /// The first interface of WASI that it imports beside the world.
    pub(crate) fn wasi(&self) -> Option<&str> {
        self.given().find(|(_, given)| *given == Given::EmptyWasi).map(|(import, _)| import)
    }

    /// The interfaces that it exports, as it names them.
    pub fn exports(&self) -> &[String] {
        &self.exports
    }
}

/// The SHA-256 of a component's bytes, in hexadecimal: what [`Connector::digest`] is once it's loaded.
pub fn digest_of(bytes: &[u8]) -> String {
    hexadecimal(ring::digest::digest(&ring::digest::SHA256, bytes).as_ref())
}

pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
