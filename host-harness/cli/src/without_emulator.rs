//! What takes the place of the emulated organization where the host is built without it.

use std::path::Path;

use provisioning_directory::{Actor, Directory};
use provisioning_runtime::Tenant;

use super::failure::Failure;

/// No samples, since there is no organization that they could be of.
pub(super) const SAMPLES: &str = "";

/// An organization that there is none of.
pub(super) enum Org {}

impl Org {
    pub(super) async fn start(_users: u32, _seed: u64, _file: Option<&Path>) -> Result<Self, Failure> {
        Err(Failure::usage("this host was built without the emulated organization; name a tenant with --tenant"))
    }

    pub(super) fn tenant(&self, _name: &str) -> Tenant {
        match *self {}
    }

    pub(super) async fn stop(&mut self) {
        match *self {}
    }
}

/// Opens what the demo has left.
pub(super) async fn open(_folder: &Path, _actor: &Actor) -> Result<(Org, Directory), Failure> {
    Err(Failure::usage("this host was built without the emulated organization, and so without the demo"))
}
