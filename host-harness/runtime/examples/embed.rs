//! A platform that embeds the host: load a connector, test a tenant's settings, see what a push would make.
//!
//!     PASSWORD=… embed CONNECTOR.wasm HOST SETTING=VALUE …
//!
//! HOST is where the application is, or `localhost` for an emulator on this machine.

use provisioning_runtime::wit::{Change, DesiredUser, Grant, PushMode, Value, Verdict};
use provisioning_runtime::{EgressPolicy, Runtime, Secret, Tenant};

#[tokio::main]
#[allow(clippy::print_stdout)]
async fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let (Some(component), Some(host)) = (arguments.next(), arguments.next()) else {
        anyhow::bail!("name a component and a host");
    };
    let setting = |text: String| text.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));

    // Once per process: the engine and the component.
    let runtime = Runtime::builder().build()?;
    let connector = runtime.load(&std::fs::read(component)?)?;

    // Once per tenant: its settings, its secrets, and where its jobs may go.
    let tenant = Tenant {
        name: "acme".to_owned(),
        settings: arguments.filter_map(setting).collect(),
        secrets: [("password".to_owned(), Secret::new(std::env::var("PASSWORD")?))].into(),
        egress: match host.strip_prefix("localhost:") {
            Some(port) => EgressPolicy { loopback: vec![port.parse()?], ..EgressPolicy::default() },
            None => EgressPolicy { allow: vec![host.parse()?], ..EgressPolicy::default() },
        },
        // Where its secrets go, for this very component. A platform shows `Declaration::sentences` to an admin first.
        approval: Some(runtime.approve(&connector).await?),
        ..Tenant::default()
    };

    // Once per job: a sandbox of its own.
    let mut job = runtime.start(&connector, &tenant).await?;
    for probe in job.test_credentials().await? {
        anyhow::ensure!(probe.verdict != Verdict::Failed, "{}: {}", probe.name, probe.detail);
    }
    // Users hold things by the application's own ids.
    let profiles = job.list_entitlements("profile", None).await?.entitlements;
    let profile = profiles.into_iter().find(|one| one.name == "Customer Community User");
    let text = |name: &str, value: &str| Change { name: name.to_owned(), value: Some(Value::Text(value.to_owned())) };
    let ada = DesiredUser {
        key: "E1001".to_owned(),
        id: None,
        username: "ada@acme.example".to_owned(),
        changes: vec![text("givenName", "Ada"), text("familyName", "King"), text("email", "ada@acme.example")],
        grants: profile.into_iter().map(|one| Grant { kind: one.kind, id: one.id }).collect(),
        exact_grants: false,
    };
    // `PushMode::Apply` writes it.
    for outcome in job.push_users(&[ada], &PushMode::Plan).await? {
        println!("{outcome:?}");
    }
    Ok(())
}
