//! What `/healthz` and `/readyz` ask.

use std::sync::{Arc, Mutex, PoisonError};

use provisioning_directory::config::ComponentChoice;
use provisioning_directory::sync::{Applications as _, ComponentApplications};
use provisioning_directory::{Directory, DirectoryError};

/// Whether the directory can be read, or why not.
pub(crate) fn health(directory: &Directory) -> impl Fn() -> Result<(), String> + Clone + Send + Sync + 'static {
    let directory = directory.clone();
    move || directory.check().map_err(|error: DirectoryError| error.to_string())
}

/// How far the component is that tenants run by default.
enum Component {
    Loading,
    Loaded,
    Failed(String),
}

/// Has the component that tenants run by default loaded, and returns what keeps this host from working: nothing once it is loaded and
/// the directory can be worked with.
pub(crate) fn readiness(
    directory: &Directory,
    applications: &Arc<ComponentApplications>,
) -> impl Fn() -> Vec<String> + Clone + Send + Sync + 'static {
    let component = Arc::new(Mutex::new(Component::Loading));
    let (applications, loading) = (Arc::clone(applications), Arc::clone(&component));
    tokio::spawn(async move {
        let end = match applications.declared(&ComponentChoice::Embedded).await {
            Ok(_) => Component::Loaded,
            Err(error) => Component::Failed(error.to_string()),
        };
        *loading.lock().unwrap_or_else(PoisonError::into_inner) = end;
    });
    let directory = directory.clone();
    move || {
        let mut missing = directory.obstacles();
        match &*component.lock().unwrap_or_else(PoisonError::into_inner) {
            Component::Loading => missing.push("the component isn't loaded yet; wait".to_owned()),
            Component::Loaded => {}
            Component::Failed(error) => missing.push(format!("the component can't be loaded: {error}")),
        }
        missing
    }
}
