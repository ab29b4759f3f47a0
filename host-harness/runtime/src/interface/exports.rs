//! The functions of a component.

use wasmtime::component::{InstancePre, ResourceAny};
use wasmtime::{Engine, Result, Store};

use crate::bindings::exports::identity::provisioning::provisioning_connector::Guest;
use crate::bindings::identity::provisioning::types::Error;
use crate::bindings::{Connector, ConnectorPre};
use crate::job::{JobState, Results};
use crate::wit::{
    Abandoned, AttributeDefinition, Deactivation, Descriptor, DesiredUser, EntitlementPage, ImportPage, ImportQuery,
    Outcome, Probe, PushMode, Usage,
};

/// A component that is compiled and linked, with its functions found.
#[derive(Clone)]
pub(crate) struct Prepared(ConnectorPre<JobState>);

/// The functions of an instance.
pub(crate) struct Exports(Connector);

impl Prepared {
    /// Finds the functions in a component.
    pub(crate) fn new(component: InstancePre<JobState>) -> Result<Self> {
        Ok(Self(ConnectorPre::new(component)?))
    }

    /// The engine that it was compiled for.
    pub(crate) fn engine(&self) -> &Engine {
        self.0.engine()
    }

    pub(crate) async fn instantiate(&self, store: &mut Store<JobState>) -> Result<Exports> {
        Ok(Exports(self.0.instantiate_async(store).await?))
    }
}

impl Exports {
    pub(crate) async fn describe(&self, store: &mut Store<JobState>) -> Result<Descriptor> {
        self.guest().call_describe(store).await
    }

    pub(crate) async fn test_credentials(
        &self,
        store: &mut Store<JobState>,
        settings: &Vec<(String, String)>,
    ) -> Result<Vec<Probe>> {
        self.guest().call_test_credentials(store, settings).await
    }

    pub(crate) async fn open(
        &self,
        store: &mut Store<JobState>,
        settings: &Vec<(String, String)>,
    ) -> Result<Result<ResourceAny, Error>> {
        self.guest().call_open(store, settings).await
    }

    pub(crate) async fn list_attributes(
        &self,
        store: &mut Store<JobState>,
        session: ResourceAny,
    ) -> Result<Result<Vec<AttributeDefinition>, Error>> {
        self.guest().session().call_list_attributes(store, session).await
    }

    pub(crate) async fn list_entitlements(
        &self,
        store: &mut Store<JobState>,
        session: ResourceAny,
        kind: &str,
        cursor: Option<&str>,
    ) -> Result<Result<EntitlementPage, Error>> {
        self.guest().session().call_list_entitlements(store, session, kind, cursor).await
    }

    /// A page whose values stand under the names that they belong to; one of any other shape is an error.
    pub(crate) async fn import_users(
        &self,
        store: &mut Store<JobState>,
        session: ResourceAny,
        query: &ImportQuery,
    ) -> Result<Result<ImportPage, Error>> {
        let page = self.guest().session().call_import_users(store, session, query).await?;
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
        self.guest().session().call_push_users(store, session, users, mode).await
    }

    pub(crate) async fn deactivate_users(
        &self,
        store: &mut Store<JobState>,
        session: ResourceAny,
        ids: &[String],
        how: Deactivation,
        mode: &PushMode,
    ) -> Result<Result<Results<Outcome>, Error>> {
        self.guest().session().call_deactivate_users(store, session, ids, how, mode).await
    }

    pub(crate) async fn reactivate_users(
        &self,
        store: &mut Store<JobState>,
        session: ResourceAny,
        ids: &[String],
        mode: &PushMode,
    ) -> Result<Result<Results<Outcome>, Error>> {
        self.guest().session().call_reactivate_users(store, session, ids, mode).await
    }

    pub(crate) async fn take_back_users(
        &self,
        store: &mut Store<JobState>,
        session: ResourceAny,
        people: &[Abandoned],
        how: Deactivation,
        mode: &PushMode,
    ) -> Result<Result<Results<Outcome>, Error>> {
        self.guest().session().call_take_back_users(store, session, people, how, mode).await
    }

    pub(crate) async fn sync_passwords(
        &self,
        store: &mut Store<JobState>,
        session: ResourceAny,
        passwords: &[(String, String)],
    ) -> Result<Result<Results<()>, Error>> {
        self.guest().session().call_sync_passwords(store, session, passwords).await
    }

    pub(crate) async fn usage(&self, store: &mut Store<JobState>, session: ResourceAny) -> Result<Usage> {
        self.guest().session().call_usage(store, session).await
    }

    fn guest(&self) -> &Guest {
        self.0.identity_provisioning_provisioning_connector()
    }
}
