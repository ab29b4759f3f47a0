//! WASI 0.2 with nothing in it, for components whose toolchain imports it.
//!
//! The world names two of WASI's interfaces. Toolchains of most languages import more of them, whether a connector needs them or
//! not, since their standard libraries do. Such a component gets them by `wasmtime-wasi`, and there is nothing behind them: no
//! environment, no argument, no folder, no input. A socket is refused when it is made: CPython imports sockets before anybody asks for
//! one. The clocks are the machine's, and so is the randomness. What is written to standard output and standard error goes to the log
//! ([`super::said`]). `wasi:http` isn't there at all, since requests have their own way out.
//!
//! A component that imports no more than the world names never meets any of this: it is linked by [`super::interface`] alone.

use wasmtime::Result;
use wasmtime::component::{HasData, HasSelf, Linker, Resource, ResourceTable, ResourceTableError};
use wasmtime_wasi::cli::{IsTerminal, StdoutStream, WasiCli, WasiCliView as _};
use wasmtime_wasi::clocks::{WasiClocks, WasiClocksView as _};
use wasmtime_wasi::filesystem::{WasiFilesystem, WasiFilesystemView as _};
use wasmtime_wasi::p2::bindings::{cli, clocks, filesystem, io, random, sockets};
use wasmtime_wasi::p2::{
    DynPollable, OutputStream, Pollable, SocketError, SocketResult, StreamResult, TcpSocket, UdpSocket,
    bindings::LinkOptions,
};
use wasmtime_wasi::random::WasiRandom;
use wasmtime_wasi::sockets::{WasiSockets, WasiSocketsView as _};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use super::interface;
use super::job::JobState;
use super::said::{Said, Stream};

/// The most bytes of randomness in one call. Languages seed their generators with 32.
const MOST_RANDOM: u64 = 64 << 10;

/// The most bytes of one write to standard output or standard error.
const LONGEST_WRITE: usize = 64 << 10;

/// What a job has of WASI, once its component asks for it.
pub(crate) struct Wasi(WasiCtx);

impl Wasi {
    fn new(said: &Said) -> Self {
        let writer = |stream| Writer { said: said.clone(), stream };
        Self(
            WasiCtx::builder()
                .stdout(writer(Stream::Output))
                .stderr(writer(Stream::Error))
                .max_random_size(MOST_RANDOM)
                .build(),
        )
    }

    /// The status that a component has exited with, if that is what the error says.
    pub(crate) fn exit_status(error: &wasmtime::Error) -> Option<i32> {
        error.downcast_ref::<wasmtime_wasi::I32Exit>().map(|exit| exit.0)
    }
}

impl WasiView for JobState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        let wasi = self.wasi.get_or_insert_with(|| Box::new(Wasi::new(&self.said)));
        WasiCtxView { ctx: &mut wasi.0, table: &mut self.table }
    }
}

/// Puts the host functions and WASI into `linker`.
pub(crate) fn add_to_linker(linker: &mut Linker<JobState>) -> Result<()> {
    interface::add_own_to_linker(linker)?;
    let l = linker;
    io::error::add_to_linker::<_, Table>(l, |job| &mut job.table)?;
    io::streams::add_to_linker::<_, Table>(l, |job| &mut job.table)?;
    io::poll::add_to_linker::<_, BoundedPoll>(l, |job| Polled { table: &mut job.table, most: job.limits.handles })?;
    clocks::wall_clock::add_to_linker::<_, WasiClocks>(l, JobState::clocks)?;
    clocks::monotonic_clock::add_to_linker::<_, WasiClocks>(l, JobState::clocks)?;
    random::random::add_to_linker::<_, WasiRandom>(l, |job| job.ctx().ctx.random())?;
    random::insecure::add_to_linker::<_, WasiRandom>(l, |job| job.ctx().ctx.random())?;
    random::insecure_seed::add_to_linker::<_, WasiRandom>(l, |job| job.ctx().ctx.random())?;
    cli::environment::add_to_linker::<_, WasiCli>(l, JobState::cli)?;
    cli::exit::add_to_linker::<_, WasiCli>(l, JobState::cli)?;
    cli::stdin::add_to_linker::<_, WasiCli>(l, JobState::cli)?;
    cli::stdout::add_to_linker::<_, WasiCli>(l, JobState::cli)?;
    cli::stderr::add_to_linker::<_, WasiCli>(l, JobState::cli)?;
    cli::terminal_input::add_to_linker::<_, WasiCli>(l, JobState::cli)?;
    cli::terminal_output::add_to_linker::<_, WasiCli>(l, JobState::cli)?;
    cli::terminal_stdin::add_to_linker::<_, WasiCli>(l, JobState::cli)?;
    cli::terminal_stdout::add_to_linker::<_, WasiCli>(l, JobState::cli)?;
    cli::terminal_stderr::add_to_linker::<_, WasiCli>(l, JobState::cli)?;
    filesystem::types::add_to_linker::<_, WasiFilesystem>(l, JobState::filesystem)?;
    filesystem::preopens::add_to_linker::<_, WasiFilesystem>(l, JobState::filesystem)?;
    sockets::network::add_to_linker::<_, WasiSockets>(l, &LinkOptions::default().into(), JobState::sockets)?;
    sockets::instance_network::add_to_linker::<_, WasiSockets>(l, JobState::sockets)?;
    sockets::ip_name_lookup::add_to_linker::<_, WasiSockets>(l, JobState::sockets)?;
    sockets::tcp::add_to_linker::<_, WasiSockets>(l, JobState::sockets)?;
    sockets::udp::add_to_linker::<_, WasiSockets>(l, JobState::sockets)?;
    // The ways to a socket are closed here, rather than when it connects: until then, each would be one of this process.
    sockets::tcp_create_socket::add_to_linker::<_, HasSelf<JobState>>(l, |job| job)?;
    sockets::udp_create_socket::add_to_linker::<_, HasSelf<JobState>>(l, |job| job)
}

/// The resources of a job.
struct Table;

impl HasData for Table {
    type Data<'a> = &'a mut ResourceTable;
}

/// Waiting for several things at once, of which a component may name so many.
struct BoundedPoll;

struct Polled<'a> {
    table: &'a mut ResourceTable,
    most: usize,
}

impl HasData for BoundedPoll {
    type Data<'a> = Polled<'a>;
}

impl io::poll::Host for Polled<'_> {
    async fn poll(&mut self, pollables: Vec<Resource<DynPollable>>) -> Result<Vec<u32>> {
        if pollables.len() > self.most {
            // It has no more than so many, and named one repeatedly.
            return Err(ResourceTableError::Full.into());
        }
        io::poll::Host::poll(self.table, pollables).await
    }
}

impl io::poll::HostPollable for Polled<'_> {
    async fn ready(&mut self, pollable: Resource<DynPollable>) -> Result<bool> {
        io::poll::HostPollable::ready(self.table, pollable).await
    }

    async fn block(&mut self, pollable: Resource<DynPollable>) -> Result<()> {
        io::poll::HostPollable::block(self.table, pollable).await
    }

    fn drop(&mut self, pollable: Resource<DynPollable>) -> Result<()> {
        io::poll::HostPollable::drop(self.table, pollable)
    }
}

impl sockets::network::Host for JobState {
    fn convert_error_code(&mut self, error: SocketError) -> Result<sockets::network::ErrorCode> {
        sockets::network::Host::convert_error_code(&mut self.sockets(), error)
    }

    fn network_error_code(&mut self, error: Resource<io::error::Error>) -> Result<Option<sockets::network::ErrorCode>> {
        sockets::network::Host::network_error_code(&mut self.sockets(), error)
    }
}

impl sockets::network::HostNetwork for JobState {
    fn drop(&mut self, network: Resource<sockets::network::Network>) -> Result<()> {
        sockets::network::HostNetwork::drop(&mut self.sockets(), network)
    }
}

impl sockets::tcp_create_socket::Host for JobState {
    fn create_tcp_socket(&mut self, _: sockets::network::IpAddressFamily) -> SocketResult<Resource<TcpSocket>> {
        Err(sockets::network::ErrorCode::AccessDenied.into())
    }
}

impl sockets::udp_create_socket::Host for JobState {
    async fn create_udp_socket(&mut self, _: sockets::network::IpAddressFamily) -> SocketResult<Resource<UdpSocket>> {
        Err(sockets::network::ErrorCode::AccessDenied.into())
    }
}

/// Standard output or standard error of a component. It takes everything at once, so that nobody waits for it.
#[derive(Clone)]
struct Writer {
    said: Said,
    stream: Stream,
}

#[wasmtime_wasi::async_trait]
impl Pollable for Writer {
    async fn ready(&mut self) {}
}

impl OutputStream for Writer {
    fn write(&mut self, bytes: bytes::Bytes) -> StreamResult<()> {
        self.said.write(self.stream, &bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(LONGEST_WRITE)
    }
}

impl IsTerminal for Writer {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Writer {
    /// For WASI 0.3, which isn't served.
    fn async_stream(&self) -> Box<dyn tokio::io::AsyncWrite + Send + Sync> {
        Box::new(tokio::io::sink())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}
