//! `worker`: imports and pushes by the tenants' schedules.

use std::net::SocketAddr;
use std::sync::Arc;

use clap::Args;
use tokio::net::TcpListener;

use super::backlog::backlog;
use super::context::{data_folder, open_directory, runtime_for, warn_of_egress};
use super::failure::{DONE, Failure};
use super::global::Global;
use super::interrupt::Ending;
use super::output::{Output, complain, printable};
use super::readiness::{health, readiness};
use crate::embedded;
use provisioning_directory::sync::ComponentApplications;
use provisioning_directory::sync::worker::{Finished, WorkerOptions, work};
use provisioning_directory::{Directory, DirectoryError, Timestamp};
use provisioning_runtime::{Metrics, Scheduler, SchedulerLimits};

#[derive(Args)]
pub(crate) struct Options {
    /// Tenants that are worked for at once.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=1024))]
    jobs: u32,
    /// Serve /metrics (for Prometheus), /healthz and /readyz here, without a password; by default on this machine's loopback. Port 0
    /// takes a free one.
    #[arg(long, value_name = "ADDRESS:PORT", num_args = 0..=1, default_missing_value = "127.0.0.1:9464")]
    metrics: Option<SocketAddr>,
}

pub(crate) async fn run(global: &Global, options: &Options, output: &mut Output) -> Result<u8, Failure> {
    let ending = Ending::listen();
    let directory = open_directory(global)?;
    let runtime = runtime_for(global, options.jobs)?;
    let scheduler = Scheduler::new(SchedulerLimits { workers: options.jobs as usize, ..SchedulerLimits::default() });
    runtime.metrics().watch(&scheduler);
    let metrics = runtime.metrics().clone();
    let applications = Arc::new(
        ComponentApplications::new(runtime, embedded::CONNECTOR, data_folder(global)).kept_in(directory.clone()),
    );
    let monitor = match options.metrics {
        Some(address) => Some(monitor(address, &directory, &applications, metrics, output).await?),
        None => None,
    };
    directory.read(|view| -> Result<(), DirectoryError> {
        view.tenants()?.iter().for_each(|tenant| warn_of_egress(&tenant.name, &tenant.config));
        Ok(())
    })?;
    output.line(&format!(
        "Working by the schedules of the tenants in {} until it is interrupted.",
        directory.folder().display()
    ))?;
    let report = |finished: Finished| match finished.result {
        Ok(said) => {
            // A closed terminal does not stop the work.
            let _ =
                output.line(&printable(&format!("{} {} {}: {said}", Timestamp::now(), finished.tenant, finished.job)));
        }
        Err(error) => complain(&format!(
            "{} {} {}: {}",
            Timestamp::now(),
            finished.tenant,
            finished.job,
            Failure::from(error).text()
        )),
    };
    let options = WorkerOptions::default();
    work(directory, applications, &scheduler, options, ending.begun(), ending.over(), report).await?;
    if let Some(monitor) = monitor {
        monitor.abort();
    }
    Ok(DONE)
}

/// Serves what operators watch, beside the work.
async fn monitor(
    address: SocketAddr,
    directory: &Directory,
    applications: &Arc<ComponentApplications>,
    metrics: Metrics,
    output: &mut Output,
) -> Result<tokio::task::JoinHandle<()>, Failure> {
    let refused = |error: std::io::Error| {
        Failure::usage(format!("--metrics {address} cannot be served: {error}; name another address or port"))
    };
    let listener = TcpListener::bind(address).await.map_err(refused)?;
    let bound = listener.local_addr().map_err(refused)?;
    let router = provisioning_monitoring::router(
        metrics,
        backlog(directory),
        health(directory),
        readiness(directory, applications),
    );
    output.line(&format!("Metrics are at http://{bound}/metrics."))?;
    Ok(tokio::spawn(provisioning_monitoring::serve(listener, router)))
}
