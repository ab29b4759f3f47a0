//! The host functions, by the names that they had.

use wasmtime::component::{Linker, Resource, ResourceType};

use crate::runtime::bindings::identity::provisioning::http::{Host as _, Request};
use crate::runtime::bindings::identity::provisioning::log::{Host as _, Level};
use crate::runtime::bindings::identity::provisioning::secrets::HostSecret as _;
use crate::runtime::job::JobState;
use crate::runtime::secrets::SecretHandle;

/// Puts the host functions into `linker`. WASI's clocks are the same for every version.
pub(crate) fn add_to_linker(linker: &mut Linker<JobState>) -> wasmtime::Result<()> {
    linker.instance("identity:provisioning/types@0.1.0")?;

    let mut log = linker.instance("identity:provisioning/log@0.1.0")?;
    type Event = (Level, String, Vec<(String, String)>);
    log.func_wrap_async("write", |mut store, (level, message, fields): Event| {
        Box::new(async move { store.data_mut().write(level, message, fields).await })
    })?;

    let mut secrets = linker.instance("identity:provisioning/secrets@0.1.0")?;
    secrets.resource_async("secret", ResourceType::host::<SecretHandle>(), |mut store, handle| {
        Box::new(async move { store.data_mut().drop(Resource::new_own(handle)).await })
    })?;
    type Signed = (Resource<SecretHandle>, Vec<u8>);
    secrets.func_wrap_async("[method]secret.sign-rs256", |mut store, (secret, message): Signed| {
        Box::new(async move { Ok((store.data_mut().sign_rs256(secret, message).await?,)) })
    })?;

    let mut http = linker.instance("identity:provisioning/http@0.1.0")?;
    http.func_wrap_async("send", |mut store, (request,): (Request,)| {
        Box::new(async move { Ok((store.data_mut().send(request).await?,)) })
    })?;
    http.func_wrap_async("send-all", |mut store, (requests,): (Vec<Request>,)| {
        Box::new(async move { Ok((store.data_mut().send_all(requests).await?,)) })
    })
}
