//! The functions of a component, by their names and types.

use wasmtime::component::{ComponentExportIndex, Func, Instance, InstancePre, Resource, ResourceAny};
use wasmtime::{Store, format_err};

use super::page::ImportPage;
use crate::runtime::bindings::identity::provisioning::types::{Error, Settings};
use crate::runtime::job::{JobState, Results};
use crate::runtime::secrets::SecretHandle;
use crate::runtime::wit::{
    AttributeDefinition, Deactivation, Descriptor, DesiredUser, EntitlementPage, ImportQuery, Outcome, Probe, PushMode,
    Usage,
};

const INTERFACE: &str = "identity:provisioning/provisioning-connector@0.1.0";

/// Makes what finds, checks and calls functions from a list of them.
macro_rules! functions {
    ($($function:ident $name:literal: ($($param:ty),*) -> $result:ty;)*) => {
        /// Where the functions are in a component.
        #[derive(Clone)]
        struct Places {
            $($function: ComponentExportIndex,)*
        }

        impl Places {
            fn find(component: &InstancePre<JobState>) -> wasmtime::Result<Self> {
                let component = component.component();
                let interface = component
                    .get_export_index(None, INTERFACE)
                    .ok_or_else(|| format_err!("it exports no `{INTERFACE}`"))?;
                let find = |name: &str| {
                    component
                        .get_export_index(Some(&interface), name)
                        .ok_or_else(|| format_err!("its `{INTERFACE}` has no `{name}`"))
                };
                Ok(Self { $($function: find($name)?,)* })
            }
        }

        /// The functions of an instance.
        pub(crate) struct Exports {
            $($function: Func,)*
        }

        impl Exports {
            /// Takes the functions, if they have the types that they should have.
            fn of(store: &mut Store<JobState>, instance: &Instance, places: &Places) -> wasmtime::Result<Self> {
                Ok(Self {
                    $($function: *instance
                        .get_typed_func::<($($param,)*), ($result,)>(&mut *store, &places.$function)?
                        .func(),)*
                })
            }

            $(pub(crate) async fn $function(
                &self,
                store: &mut Store<JobState>,
                params: ($($param,)*),
            ) -> wasmtime::Result<$result> {
                // A function that is kept for calls with borrowed parameters has lost its types; they are compared again.
                let function = self.$function.typed::<($($param,)*), ($result,)>(&*store)?;
                let (result,) = function.call_async(store, params).await?;
                Ok(result)
            })*
        }
    };
}

functions! {
    describe "describe": () -> Descriptor;
    test_credentials "test-credentials": (&Settings) -> Vec<Probe>;
    open "[static]session.open": (&Settings) -> Result<ResourceAny, Error>;
    list_attributes "[method]session.list-attributes": (ResourceAny) -> Result<Vec<AttributeDefinition>, Error>;
    list_entitlements "[method]session.list-entitlements":
        (ResourceAny, &str, Option<&str>) -> Result<EntitlementPage, Error>;
    import_users "[method]session.import-users": (ResourceAny, &ImportQuery) -> Result<ImportPage, Error>;
    push_users "[method]session.push-users":
        (ResourceAny, &[DesiredUser], &PushMode) -> Result<Results<Outcome>, Error>;
    deactivate_users "[method]session.deactivate-users":
        (ResourceAny, &[String], Deactivation, &PushMode) -> Result<Results<Outcome>, Error>;
    reactivate_users "[method]session.reactivate-users":
        (ResourceAny, &[String], &PushMode) -> Result<Results<Outcome>, Error>;
    sync_passwords "[method]session.sync-passwords":
        (ResourceAny, &[(String, Resource<SecretHandle>)]) -> Result<Results<()>, Error>;
    usage "[method]session.usage": (ResourceAny) -> Usage;
}

/// A component that is compiled and linked, with its functions found.
#[derive(Clone)]
pub(crate) struct Prepared {
    component: InstancePre<JobState>,
    places: Places,
}

impl Prepared {
    pub(crate) fn new(component: InstancePre<JobState>) -> wasmtime::Result<Self> {
        let places = Places::find(&component)?;
        Ok(Self { component, places })
    }

    pub(crate) async fn instantiate(&self, store: &mut Store<JobState>) -> wasmtime::Result<Exports> {
        let instance = self.component.instantiate_async(&mut *store).await?;
        Exports::of(store, &instance, &self.places)
    }
}
