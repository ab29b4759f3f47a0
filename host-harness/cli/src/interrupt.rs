//! The end of a command by a signal.

use std::io::Write as _;
use std::time::Duration;

#[cfg(unix)]
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use super::context::{data_folder, open_directory};
use super::global::Global;
use super::output::{complain, is_paged};
use provisioning_directory::DirectoryError;

/// The exit code of a command that was interrupted: 128 and the number of SIGINT, as shells have it.
const INTERRUPTED: i32 = 130;

/// Ctrl-C, or the signal by which a supervisor ends a process. It is heard from the call on, not from when the future is polled first:
/// whoever reads that a server is ready may end it at once.
pub(super) fn interrupted() -> impl Future<Output = ()> + Send {
    #[cfg(unix)]
    let (interrupt, terminate) = (heard(SignalKind::interrupt()), heard(SignalKind::terminate()));
    async move {
        #[cfg(unix)]
        tokio::select! {
            () = interrupt => {}
            () = terminate => {}
        }
        // Without signals a command serves until its process is killed.
        #[cfg(not(unix))]
        let _ = tokio::signal::ctrl_c().await;
    }
}

/// How long jobs may take to reach a checkpoint after a serving command receives SIGTERM. Kubernetes kills a process 30 seconds after
/// that signal, systemd 90 seconds: a job that is cut off earlier still gives its lease back.
const GRACE: Duration = Duration::from_secs(25);

/// How far the end of a command that serves has come.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    Serving,
    /// Nothing new is begun, and what is under way ends well.
    Ending,
    /// Whatever is under way is cut off.
    Over,
}

/// The end of a command that serves. Clones are one.
#[derive(Clone)]
pub(super) struct Ending(watch::Receiver<Phase>);

impl Ending {
    /// Listens to signals from now on. The first begins the end; what hasn't ended after a while, or when another signal comes, is to
    /// be cut off.
    pub(super) fn listen() -> Self {
        let (phase, ending) = watch::channel(Phase::Serving);
        let first = interrupted();
        tokio::spawn(async move {
            first.await;
            let again = interrupted();
            phase.send_replace(Phase::Ending);
            // It makes no difference here whether the time is over or a second signal came.
            let _ = tokio::time::timeout(GRACE, again).await;
            phase.send_replace(Phase::Over);
            // Whoever listens keeps the channel open.
            phase.closed().await;
        });
        Self(ending)
    }

    /// Completes once the command is to end.
    pub(super) fn begun(&self) -> impl Future<Output = ()> + Send + use<> {
        self.reaches(Phase::Ending)
    }

    /// Completes once nothing may take any longer.
    pub(super) fn over(&self) -> impl Future<Output = ()> + Send + use<> {
        self.reaches(Phase::Over)
    }

    fn reaches(&self, least: Phase) -> impl Future<Output = ()> + Send + use<> {
        let mut phase = self.0.clone();
        async move {
            // The sender lives as long as somebody listens.
            let _ = phase.wait_for(|phase| *phase >= least).await;
        }
    }
}

/// Waits for a signal; for ever, if this process can't listen to it.
#[cfg(unix)]
fn heard(kind: SignalKind) -> impl Future<Output = ()> + Send {
    let listening = signal(kind);
    async move {
        match listening {
            Ok(mut signal) => drop(signal.recv().await),
            Err(error) => {
                tracing::warn!(%error, "the signal by which the command is ended can't be heard");
                std::future::pending::<()>().await;
            }
        }
    }
}

/// What a command leaves behind if it is ended in the middle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Leaves {
    /// Nothing worth a word.
    Nothing,
    /// What an import has read of a tenant.
    Import(String),
    /// What a push, or a plan that is applied, has written for a tenant.
    Push(String),
    /// Nothing, since the command only works something out.
    Unchanged,
    /// What it has done so far; the same command does the rest.
    Part,
}

/// Ends the process once it is interrupted, with a word about what is kept and how to go on. What a job does is safe at any moment: it
/// is what a crash would leave, too.
pub(super) async fn end_when_interrupted(global: &Global, leaves: Leaves) {
    loop {
        interrupted().await;
        // A pager has Ctrl-C to itself.
        if !is_paged() {
            break;
        }
    }
    // The bar of the work stands on the line.
    let _ = std::io::stderr().write_all(b"\r\x1b[K");
    complain(&farewell(global, &leaves));
    std::process::exit(INTERRUPTED);
}

fn farewell(global: &Global, leaves: &Leaves) -> String {
    match leaves {
        Leaves::Nothing => "Stopped.".to_owned(),
        Leaves::Unchanged => "Stopped. Nothing was changed.".to_owned(),
        Leaves::Part => "Stopped. What was done is kept; the same command does the rest.".to_owned(),
        Leaves::Import(tenant) => match read_so_far(global, tenant) {
            Ok(Some(users)) => format!(
                "Stopped. The {users} users that were read are kept: `import {tenant}` goes on from there, `import {tenant} --discard` gives them up."
            ),
            Ok(None) => format!("Stopped. Nothing was kept of the import; `import {tenant}` begins again."),
            Err(_) => format!("Stopped. `import {tenant}` goes on with what was kept."),
        },
        Leaves::Push(tenant) => format!(
            "Stopped. What was written is kept, and `tasks --tenant {tenant}` lists what waits. A request that was under way may still be carried out; `push {tenant}` looks first, and goes on from there."
        ),
    }
}

/// How many users an import that is under way has read.
fn read_so_far(global: &Global, tenant: &str) -> Result<Option<u64>, DirectoryError> {
    let directory =
        open_directory(global).map_err(|_| DirectoryError::Damaged(data_folder(global).display().to_string()))?;
    directory.read(|view| Ok(view.open_import(view.tenant(tenant)?.id)?.map(|run| run.users)))
}
