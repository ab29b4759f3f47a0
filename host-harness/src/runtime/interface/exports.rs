//! The functions of a component, whichever version of the interface it speaks.
//!
//! Each takes and gives the types of the newest version.

use wasmtime::component::{InstancePre, Resource, ResourceAny};
use wasmtime::{Result, Store};

use super::{InterfaceVersion, v0_1};
use crate::runtime::bindings::exports::identity::provisioning::provisioning_connector::Guest;
use crate::runtime::bindings::identity::provisioning::types::{Error, Settings};
use crate::runtime::bindings::{Connector, ConnectorPre};
use crate::runtime::job::{JobState, Results};
use crate::runtime::secrets::SecretHandle;
use crate::runtime::wit::{
    Abandoned, AttributeDefinition, Deactivation, Descriptor, DesiredUser, EntitlementPage, ImportPage, ImportQuery,
    Outcome, Probe, PushMode, Usage,
};

/// A component that is compiled and linked, with its functions found.
#[derive(Clone)]
pub(crate) enum Prepared {
    V0_1(v0_1::Prepared),
    V0_2(ConnectorPre<JobState>),
}

/// The functions of an instance.
pub(crate) enum Exports {
    V0_1(v0_1::Exports),
    V0_2(Connector),
}

impl Prepared {
    /// Finds the functions of that version in a component.
    pub(crate) fn new(version: InterfaceVersion, component: InstancePre<JobState>) -> Result<Self> {
        Ok(match version {
            InterfaceVersion::V0_1 => Self::V0_1(v0_1::Prepared::new(component)?),
            InterfaceVersion::V0_2 => Self::V0_2(ConnectorPre::new(component)?),
        })
    }

    pub(crate) fn version(&self) -> InterfaceVersion {
        match self {
            Self::V0_1(_) => InterfaceVersion::V0_1,
            Self::V0_2(_) => InterfaceVersion::V0_2,
        }
    }

    pub(crate) async fn instantiate(&self, store: &mut Store<JobState>) -> Result<Exports> {
        Ok(match self {
            Self::V0_1(component) => Exports::V0_1(component.instantiate(store).await?),
            Self::V0_2(component) => Exports::V0_2(component.instantiate_async(store).await?),
        })
    }
}

impl Exports {
    pub(crate) async fn describe(&self, store: &mut Store<JobState>) -> Result<Descriptor> {
        match self {
            Self::V0_1(old) => old.describe(store, ()).await,
            Self::V0_2(new) => guest(new).call_describe(store).await,
        }
    }

    pub(crate) async fn test_credentials(
        &self,
        store: &mut Store<JobState>,
        settings: &Settings,
    ) -> Result<Vec<Probe>> {
        match self {
            Self::V0_1(old) => old.test_credentials(store, (settings,)).await,
            Self::V0_2(new) => guest(new).call_test_credentials(store, settings).await,
        }
    }

    pub(crate) async fn open(
        &self,
        store: &mut Store<JobState>,
        settings: &Settings,
    ) -> Result<Result<ResourceAny, Error>> {
        match self {
            Self::V0_1(old) => old.open(store, (settings,)).await,
            Self::V0_2(new) => guest(new).session().call_open(store, settings).await,
        }
    }

    pub(crate) async fn list_attributes(
        &self,
        store: &mut Store<JobState>,
        session: ResourceAny,
    ) -> Result<Result<Vec<AttributeDefinition>, Error>> {
        match self {
            Self::V0_1(old) => old.list_attributes(store, (session,)).await,
            Self::V0_2(new) => guest(new).session().call_list_attributes(store, session).await,
        }
    }

    pub(crate) async fn list_entitlements(
        &self,
        store: &mut Store<JobState>,
        session: ResourceAny,
        kind: &str,
        cursor: Option<&str>,
    ) -> Result<Result<EntitlementPage, Error>> {
        match self {
            Self::V0_1(old) => old.list_entitlements(store, (session, kind, cursor)).await,
            Self::V0_2(new) => guest(new).session().call_list_entitlements(store, session, kind, cursor).await,
        }
    }

    /// A page whose values stand under the names that they belong to; one of any other shape is an error.
    pub(crate) async fn import_users(
        &self,
        store: &mut Store<JobState>,
        session: ResourceAny,
        query: &ImportQuery,
    ) -> Result<Result<ImportPage, Error>> {
        let page = match self {
            Self::V0_1(old) => match old.import_users(store, (session, query)).await? {
                Ok(page) => Ok(page.lined_up(store.data().limits.transfer)?),
                Err(error) => Err(error),
            },
            Self::V0_2(new) => guest(new).session().call_import_users(store, session, query).await?,
        };
        if let Ok(page) = &page {
            page.check()?;
        }
        Ok(page)
    }

    pub(crate) async fn push_users(
        &self,
        store: &mut Store<JobState>,
        session: ResourceAny,
        users: &[DesiredUser],
        mode: &PushMode,
    ) -> Result<Result<Results<Outcome>, Error>> {
        match self {
            Self::V0_1(old) => old.push_users(store, (session, users, mode)).await,
            Self::V0_2(new) => guest(new).session().call_push_users(store, session, users, mode).await,
        }
    }

    pub(crate) async fn deactivate_users(
        &self,
        store: &mut Store<JobState>,
        session: ResourceAny,
        ids: &[String],
        how: Deactivation,
        mode: &PushMode,
    ) -> Result<Result<Results<Outcome>, Error>> {
        match self {
            Self::V0_1(old) => old.deactivate_users(store, (session, ids, how, mode)).await,
            Self::V0_2(new) => guest(new).session().call_deactivate_users(store, session, ids, how, mode).await,
        }
    }

    pub(crate) async fn reactivate_users(
        &self,
        store: &mut Store<JobState>,
        session: ResourceAny,
        ids: &[String],
        mode: &PushMode,
    ) -> Result<Result<Results<Outcome>, Error>> {
        match self {
            Self::V0_1(old) => old.reactivate_users(store, (session, ids, mode)).await,
            Self::V0_2(new) => guest(new).session().call_reactivate_users(store, session, ids, mode).await,
        }
    }

    pub(crate) async fn take_back_users(
        &self,
        store: &mut Store<JobState>,
        session: ResourceAny,
        people: &[Abandoned],
        how: Deactivation,
        mode: &PushMode,
    ) -> Result<Result<Results<Outcome>, Error>> {
        match self {
            Self::V0_1(_) => Ok(Err(v0_1::cannot_take_back())),
            Self::V0_2(new) => guest(new).session().call_take_back_users(store, session, people, how, mode).await,
        }
    }

    pub(crate) async fn sync_passwords(
        &self,
        store: &mut Store<JobState>,
        session: ResourceAny,
        passwords: &[(String, Resource<SecretHandle>)],
    ) -> Result<Result<Results<()>, Error>> {
        match self {
            Self::V0_1(old) => old.sync_passwords(store, (session, passwords)).await,
            Self::V0_2(new) => guest(new).session().call_sync_passwords(store, session, passwords).await,
        }
    }

    pub(crate) async fn usage(&self, store: &mut Store<JobState>, session: ResourceAny) -> Result<Usage> {
        match self {
            Self::V0_1(old) => old.usage(store, (session,)).await,
            Self::V0_2(new) => guest(new).session().call_usage(store, session).await,
        }
    }
}

fn guest(connector: &Connector) -> &Guest {
    connector.identity_provisioning_provisioning_connector()
}
