//! What connectors say of themselves, asked once a component.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::problem::Problem;
use provisioning_directory::config::{ComponentChoice, TenantConfig};
use provisioning_directory::sync::{Applications as _, ComponentApplications, Declared, SyncError};
use provisioning_runtime::Connector;
use provisioning_runtime::wit::Descriptor;

/// A component and its descriptor.
pub(crate) struct Known {
    /// The component, compiled.
    pub(crate) connector: Connector,
    /// What it says of itself.
    pub(crate) descriptor: Descriptor,
    /// The hosts and uses of it.
    pub(crate) declared: Declared,
}

/// Descriptors by the digests of their components.
#[derive(Default)]
pub(crate) struct Connectors(Mutex<HashMap<String, Arc<Known>>>);

impl Connectors {
    /// What the component is. Compiles it where that was not done yet, off the threads that serve.
    ///
    /// # Errors
    /// When its file cannot be read, it is no connector, or its sandbox ends it.
    pub(crate) async fn of(
        &self,
        applications: &Arc<ComponentApplications>,
        component: &ComponentChoice,
    ) -> Result<Arc<Known>, Problem> {
        self.checked(applications, component, &|_| Ok(())).await
    }

    async fn checked(
        &self,
        applications: &Arc<ComponentApplications>,
        component: &ComponentChoice,
        check: &(dyn Fn(&str) -> Result<(), SyncError> + Sync),
    ) -> Result<Arc<Known>, Problem> {
        let connector = applications.checked_connector(component, check).await?;
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(connector.digest()).cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        let descriptor = applications.describe(&connector).await?;
        let declared = applications.declared(component).await?;
        let known = Arc::new(Known { descriptor, connector, declared });
        let digest = known.connector.digest().to_owned();
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(digest, Arc::clone(&known));
        Ok(known)
    }

    /// What a tenant's component is, as [`Self::of`], where it is the one that the tenant pins.
    ///
    /// # Errors
    /// As [`Self::of`], and when the tenant pins another.
    pub(crate) async fn of_tenant(
        &self,
        applications: &Arc<ComponentApplications>,
        name: &str,
        config: &TenantConfig,
    ) -> Result<Arc<Known>, Problem> {
        let check =
            |digest: &str| config.check_component(name, digest).map_err(|error| SyncError::Invalid(error.to_string()));
        self.checked(applications, &config.component(), &check).await
    }
}
