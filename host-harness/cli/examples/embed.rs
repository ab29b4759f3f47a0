//! A platform that embeds the host: load a connector, test a tenant's settings, push one user.
//!
//! Run it against an emulated org: `cargo run -p host-harness --example embed`.

use host_harness::embedded;
use provisioning_runtime::wit::{Change, DesiredUser, Grant, PushMode, Value, Verdict};
use provisioning_runtime::{EgressPolicy, Runtime, Secret, Tenant};
use salesforce_emulator::Emulator;

#[tokio::main]
#[allow(clippy::print_stdout)]
async fn main() -> anyhow::Result<()> {
    let org = Emulator::builder().users(50).start().await?;
    let access = org.credentials();

    // Once a process: the engine and the component.
    let runtime = Runtime::builder().build()?;
    let connector = runtime.load(embedded::CONNECTOR)?;

    // Once a tenant: its settings, its secrets, and where its jobs may go.
    let settings = [
        ("instance-type", "my-domain"),
        ("my-domain", &access.url),
        ("username", &access.username),
        ("organization-id", &access.organization_id),
        ("portal-id", &access.portal_id),
        ("account-id", &access.account_id),
    ];
    let password = Secret::new(format!("{}{}", access.password, access.security_token));
    let tenant = Tenant {
        name: "acme".to_owned(),
        settings: settings.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        secrets: [("password".to_owned(), password)].into(),
        egress: EgressPolicy { allow: vec!["acme.my.salesforce.com".parse()?], loopback: true },
        ..Tenant::default()
    };

    // Once a job: a sandbox of its own.
    let mut job = runtime.start(&connector, &tenant).await?;
    for probe in job.test_credentials().await? {
        anyhow::ensure!(probe.verdict != Verdict::Failed, "{}: {}", probe.name, probe.detail);
    }
    let profiles = org.query("SELECT Id FROM Profile WHERE Name = 'Customer Community User'")?;
    let profile = profiles[0]["Id"].as_str().unwrap_or_default().to_owned();
    let text = |name: &str, value: &str| Change { name: name.to_owned(), value: Some(Value::Text(value.to_owned())) };
    let ada = DesiredUser {
        key: "E1001".to_owned(),
        id: None,
        username: "ada@acme.example".to_owned(),
        changes: vec![text("givenName", "Ada"), text("familyName", "King"), text("email", "ada@acme.example")],
        grants: vec![Grant { kind: "profile".to_owned(), id: profile }],
        exact_grants: false,
    };
    for outcome in job.push_users(&[ada], &PushMode::Apply).await? {
        println!("{outcome:?}");
    }
    Ok(())
}
