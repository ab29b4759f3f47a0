//! `serve`: console, SCIM, worker and metrics in one process on one data folder.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use clap::Args;
use tokio::net::TcpListener;

use super::backlog::backlog;
use super::context::{data_folder, open_directory, runtime_for, warn_of_egress};
use super::failure::{DONE, Failure};
use super::global::Global;
use super::interrupt::Ending;
use super::output::{Output, complain};
use super::readiness::{health, readiness};
use crate::embedded;
use provisioning_console::{Console, ConsoleError};
use provisioning_directory::sync::ComponentApplications;
use provisioning_directory::sync::worker::{Finished, WorkerOptions, work};
use provisioning_directory::{Directory, DirectoryError};
use provisioning_http::TrustedProxies;
use provisioning_runtime::{Metrics, Scheduler, SchedulerLimits};
use provisioning_scim::Scim;

#[derive(Args)]
pub(crate) struct Options {
    /// Where the admin's pages are; port 0 takes a free one. Elsewhere than on this machine they need an admin password.
    #[arg(long, default_value = "127.0.0.1:8720", value_name = "ADDRESS:PORT")]
    console: SocketAddr,
    /// Don't serve the admin's pages.
    #[arg(long)]
    no_console: bool,
    /// A name by which browsers reach the pages, besides the addresses of this machine. Can be repeated.
    #[arg(long = "host", value_name = "NAME")]
    hosts: Vec<String>,
    /// A proxy before the pages speaks TLS with browsers: cookies are for https only.
    #[arg(long)]
    behind_tls: bool,
    /// The address of a proxy before the pages or SCIM: where requests come from is what it says in X-Forwarded-For. Can be repeated.
    #[arg(long = "trusted-proxy", value_name = "IP")]
    trusted_proxies: Vec<IpAddr>,
    /// Where the SCIM service is; port 0 takes a free one. It speaks plain HTTP, so put it behind TLS before it leaves this machine.
    #[arg(long, default_value = "127.0.0.1:8721", value_name = "ADDRESS:PORT")]
    scim: SocketAddr,
    /// Don't serve SCIM.
    #[arg(long)]
    no_scim: bool,
    /// The address by which platforms reach the SCIM service, such as `https://scim.example.com`. By default it is taken from each
    /// request.
    #[arg(long, value_name = "URL")]
    scim_url: Option<String>,
    /// Where /metrics (for Prometheus), /healthz and /readyz are, without a password; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:9464", value_name = "ADDRESS:PORT")]
    metrics: SocketAddr,
    /// Don't serve metrics and health.
    #[arg(long)]
    no_metrics: bool,
    /// Don't run imports and pushes by the tenants' schedules.
    #[arg(long)]
    no_worker: bool,
    /// Tenants that are worked for at once.
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=1024))]
    jobs: u32,
}

/// What is listened on, before anything is served: a port that is taken ends the command, and not a part of it.
struct Listeners {
    console: Option<TcpListener>,
    scim: Option<TcpListener>,
    metrics: Option<TcpListener>,
}

impl Listeners {
    async fn bind(options: &Options) -> Result<Self, Failure> {
        Ok(Self {
            console: listen(!options.no_console, options.console, "--console").await?,
            scim: listen(!options.no_scim, options.scim, "--scim").await?,
            metrics: listen(!options.no_metrics, options.metrics, "--metrics").await?,
        })
    }

    fn tell(&self, folder: &str, pages: &Console, output: &mut Output) -> Result<(), Failure> {
        let url = |listener: &Option<TcpListener>| -> Result<Option<String>, Failure> {
            let address = listener.as_ref().map(TcpListener::local_addr).transpose()?;
            Ok(address.map(|address| format!("http://{address}")))
        };
        let (console, scim, metrics) = (url(&self.console)?, url(&self.scim)?, url(&self.metrics)?);
        let open = console.as_deref().map(|url| pages.address(url)).transpose().map_err(ConsoleError::from)?;
        if output.json() {
            // One line, so that a program which starts this process can read it while the process goes on.
            let line =
                serde_json::json!({ "console": console, "open": open, "scim": scim, "metrics": metrics }).to_string();
            output.raw().write_all(line.as_bytes())?;
            output.raw().write_all(b"\n")?;
            output.raw().flush()?;
            return Ok(());
        }
        output.line(&format!("Serving {folder} until it is interrupted."))?;
        if let Some(open) = open {
            output.line(&format!("The console is at {open}"))?;
        }
        if let Some(url) = scim {
            output.line(&format!("SCIM is at {url}/scim/v2/TENANT."))?;
        }
        if let Some(url) = metrics {
            output.line(&format!("Metrics are at {url}/metrics, health is at {url}/healthz and {url}/readyz."))?;
        }
        Ok(())
    }
}

async fn listen(is_wanted: bool, address: SocketAddr, option: &str) -> Result<Option<TcpListener>, Failure> {
    if !is_wanted {
        return Ok(None);
    }
    let listener = TcpListener::bind(address).await.map_err(|error| {
        Failure::usage(format!("{option} {address} cannot be served: {error}; name another address or port"))
    })?;
    Ok(Some(listener))
}

pub(crate) async fn run(global: &Global, options: &Options, output: &mut Output) -> Result<u8, Failure> {
    if options.no_console && options.no_scim && options.no_metrics && options.no_worker {
        return Err(Failure::usage(
            "nothing is left to serve; leave out one of --no-console, --no-scim, --no-metrics and --no-worker",
        ));
    }
    let ending = Ending::listen();
    let directory = open_directory(global)?;
    let runtime = runtime_for(global, options.jobs)?;
    let scheduler = Scheduler::new(SchedulerLimits { workers: options.jobs as usize, ..SchedulerLimits::default() });
    runtime.metrics().watch(&scheduler);
    let metrics = runtime.metrics().clone();
    let applications = Arc::new(
        ComponentApplications::new(runtime, embedded::CONNECTOR, data_folder(global)).kept_in(directory.clone()),
    );
    directory.read(|view| -> Result<(), DirectoryError> {
        view.tenants()?.iter().for_each(|tenant| warn_of_egress(&tenant.name, &tenant.config));
        Ok(())
    })?;
    let listeners = Listeners::bind(options).await?;
    let pages = console(&directory, &applications, options)?;
    listeners.tell(&directory.folder().display().to_string(), &pages, output)?;

    let console = serve_console(pages, listeners.console, &ending);
    let scim = serve_scim(&directory, &applications, listeners.scim, options, &ending);
    let monitor = serve_metrics(&directory, &applications, metrics, listeners.metrics, &ending);
    let worker = async {
        if options.no_worker {
            ending.begun().await;
            return Ok(());
        }
        let (directory, applications) = (directory.clone(), Arc::clone(&applications));
        let report = |finished: Finished| match finished.result {
            Ok(said) => tracing::info!(tenant = %finished.tenant, job = finished.job, "{said}"),
            Err(error) => {
                complain(&format!("{} {}: {}", finished.tenant, finished.job, Failure::from(error).text()));
            }
        };
        let options = WorkerOptions::default();
        let worked = work(directory, applications, &scheduler, options, ending.begun(), ending.over(), report);
        worked.await.map_err(Failure::from)
    };
    // If one part ends early, the whole command does, so that nobody takes what is left for a working host.
    tokio::try_join!(console, scim, monitor, worker)?;
    Ok(DONE)
}

/// The admin's pages.
fn console(
    directory: &Directory,
    applications: &Arc<ComponentApplications>,
    options: &Options,
) -> Result<Console, Failure> {
    let mut builder = Console::builder(directory.clone(), Arc::clone(applications))
        .behind_tls(options.behind_tls)
        .trusted_proxies(options.trusted_proxies.iter().copied());
    for host in &options.hosts {
        builder = builder.host(host)?;
    }
    Ok(builder.build())
}

async fn serve_console(console: Console, listener: Option<TcpListener>, ending: &Ending) -> Result<(), Failure> {
    let Some(listener) = listener else { return Ok(()) };
    tokio::select! {
        served = console.serve(listener, ending.begun()) => Ok(served?),
        () = ending.over() => Ok(()),
    }
}

async fn serve_scim(
    directory: &Directory,
    applications: &Arc<ComponentApplications>,
    listener: Option<TcpListener>,
    options: &Options,
    ending: &Ending,
) -> Result<(), Failure> {
    let Some(listener) = listener else { return Ok(()) };
    let scim = Scim::new(directory.clone(), Arc::clone(applications), options.scim_url.clone());
    let proxies = TrustedProxies::new(options.trusted_proxies.iter().copied());
    tokio::select! {
        () = scim.serve(listener, proxies, ending.begun()) => {}
        () = ending.over() => {}
    }
    Ok(())
}

async fn serve_metrics(
    directory: &Directory,
    applications: &Arc<ComponentApplications>,
    metrics: Metrics,
    listener: Option<TcpListener>,
    ending: &Ending,
) -> Result<(), Failure> {
    let Some(listener) = listener else { return Ok(()) };
    let router = provisioning_monitoring::router(
        metrics,
        backlog(directory),
        health(directory),
        readiness(directory, applications),
    );
    tokio::select! {
        () = provisioning_monitoring::serve(listener, router) => {}
        () = ending.begun() => {}
    }
    Ok(())
}
