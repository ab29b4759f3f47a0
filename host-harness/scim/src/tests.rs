//! What tests of several modules start from.

use std::path::Path;

use provisioning_directory::config::TenantConfig;
use provisioning_directory::{
    Actor, Directory, DirectoryError, ScimClient, ScimPlatform, ScimSettings, WriteTransaction,
};

/// A client of the tenant `acme` in a new folder.
pub(crate) fn client(folder: &Path, name: &str) -> (Directory, ScimClient) {
    let directory = Directory::open(folder).unwrap();
    let add = |change: &WriteTransaction<'_>| -> Result<ScimClient, DirectoryError> {
        let tenant = change.add_tenant("acme", &TenantConfig::default())?;
        change.add_scim_client(&tenant, name, ScimPlatform::Other, &ScimSettings::default())
    };
    let client = directory.write(&Actor::new("test"), add).unwrap();
    (directory, client)
}
