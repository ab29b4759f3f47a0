//! The version of the interface that is served, and how a component says which one it speaks: by the name of the interface that
//! it exports. Host functions are there by the names of that version alone.

mod exports;
mod page;

use std::fmt;

use wasmtime::component::{HasSelf, Linker};

use super::bindings;
use super::job::JobState;
pub(crate) use exports::{Exports, Prepared};
pub use page::{ImportedUser, MalformedPage};

/// What a connector exports; its version follows.
pub(crate) const CONNECTOR: &str = "identity:provisioning/provisioning-connector@";

/// A version of the interface between host and connector that this host serves. Releases that differ in the last number
/// alone are of one version: a component of any of them can be loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum InterfaceVersion {
    /// `identity:provisioning@0.3`.
    V0_3,
}

impl InterfaceVersion {
    /// Every version that is served, the oldest first.
    pub const ALL: [Self; 1] = [Self::V0_3];

    /// The versions in a sentence.
    pub(crate) const SERVED: &str = "0.3";

    fn prefix(self) -> &'static str {
        match self {
            Self::V0_3 => "0.3",
        }
    }
}

impl fmt::Display for InterfaceVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.prefix())
    }
}

/// How a component's exports say which version it speaks.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Spoken<'a> {
    /// One that is served.
    Served(InterfaceVersion),
    /// None that is served, by the name of what it exports.
    Other(&'a str),
    /// It exports the interface in no version.
    Nothing,
}

/// The version that a component speaks which has these exports: the newest that is served.
pub(crate) fn interface_version(exports: &[String]) -> Spoken<'_> {
    let offered = || exports.iter().filter_map(|export| Some((export, export.strip_prefix(CONNECTOR)?)));
    let is = |version: InterfaceVersion, found: &str| {
        found.strip_prefix(version.prefix()).is_some_and(|rest| rest.starts_with('.'))
    };
    let served =
        InterfaceVersion::ALL.into_iter().rev().find(|version| offered().any(|(_, found)| is(*version, found)));
    match (served, offered().next()) {
        (Some(version), _) => Spoken::Served(version),
        (None, Some((export, _))) => Spoken::Other(export),
        (None, None) => Spoken::Nothing,
    }
}

/// Puts all host functions of the world into `linker`.
pub(crate) fn add_to_linker(linker: &mut Linker<JobState>) -> wasmtime::Result<()> {
    bindings::Connector::add_to_linker::<_, HasSelf<_>>(linker, |state: &mut JobState| state)
}

/// Puts the host functions of the package itself into `linker`, without those of WASI.
#[cfg(feature = "wasi")]
pub(crate) fn add_own_to_linker(linker: &mut Linker<JobState>) -> wasmtime::Result<()> {
    use bindings::identity::provisioning::{http, ledger, log, secrets, types};
    types::add_to_linker::<_, HasSelf<_>>(linker, |state: &mut JobState| state)?;
    log::add_to_linker::<_, HasSelf<_>>(linker, |state: &mut JobState| state)?;
    ledger::add_to_linker::<_, HasSelf<_>>(linker, |state: &mut JobState| state)?;
    secrets::add_to_linker::<_, HasSelf<_>>(linker, |state: &mut JobState| state)?;
    http::add_to_linker::<_, HasSelf<_>>(linker, |state: &mut JobState| state)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(exports: &[&str]) -> String {
        let exports: Vec<String> = exports.iter().map(|export| (*export).to_owned()).collect();
        match interface_version(&exports) {
            Spoken::Served(version) => version.to_string(),
            Spoken::Other(export) => format!("other: {export}"),
            Spoken::Nothing => "nothing".to_owned(),
        }
    }

    #[test]
    fn the_exported_interface_says_the_version() {
        let connector = |version: &str| format!("{CONNECTOR}{version}");
        for (version, expected) in [("0.3.0", "0.3"), ("0.3.12", "0.3")] {
            assert_eq!(said(&["wasi:cli/run@0.2.0", &connector(version)]), expected, "{version}");
        }
        for version in ["0.1.0", "0.2.0", "0.30.0", "1.0.0", "0.3", ""] {
            assert_eq!(said(&[&connector(version)]), format!("other: {}", connector(version)));
        }
        assert_eq!(said(&["wasi:cli/run@0.2.0", "identity:provisioning/log@0.3.0"]), "nothing");
    }

    #[test]
    fn of_several_versions_the_one_that_is_served_is_spoken() {
        let all = ["0.1.0", "0.2.0", "0.3.0"].map(|version| format!("{CONNECTOR}{version}"));
        assert_eq!(said(&[&all[0], &all[1], &all[2]]), "0.3");
        assert_eq!(said(&[&all[1], &all[0]]), format!("other: {}", all[1]));
    }

    #[test]
    fn the_sentence_about_other_versions_names_every_one_that_is_served() {
        let names = InterfaceVersion::ALL.map(|version| version.to_string());
        assert_eq!(InterfaceVersion::SERVED, names.join(" and "));
    }
}
