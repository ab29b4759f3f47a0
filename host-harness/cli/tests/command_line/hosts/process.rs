//! A host: the program as a process, with a way to the database of its own.

use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use super::proxy::Proxy;
use super::world::Lease;

/// A process that works for tenants.
pub(super) struct Host {
    child: Child,
    proxy: Proxy,
    /// The name under which it has leases.
    pub(super) holder: String,
    errors: PathBuf,
}

impl Host {
    /// Starts it; `holder_of` finds out under which name it has leases.
    pub(super) fn start(
        mut command: Command,
        proxy: Proxy,
        errors: PathBuf,
        holder_of: impl FnOnce(&mut Child) -> String,
    ) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(File::create(&errors).unwrap());
        let mut child = command.spawn().unwrap();
        let holder = holder_of(&mut child);
        Self { child, proxy, holder, errors }
    }

    /// Whether a lease is this host's.
    pub(super) fn holds(&self, lease: &Lease) -> bool {
        lease.holder == self.holder
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    pub(super) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(super) fn pause(&self) {
        self.signal(Signal::STOP);
    }

    pub(super) fn go_on(&self) {
        self.signal(Signal::CONT);
    }

    pub(super) fn cut(&self) {
        self.proxy.cut(true);
    }

    pub(super) fn mend(&self) {
        self.proxy.cut(false);
    }

    fn said(&self) -> String {
        std::fs::read_to_string(&self.errors).unwrap()
    }

    /// Whatever happened to it or its database, it goes on.
    pub(super) fn must_run(&mut self) {
        let ended = self.child.try_wait().unwrap();
        assert!(ended.is_none(), "a host has ended ({ended:?}): {}", self.said());
    }

    /// Ends it as a supervisor does. Returns what it has complained of.
    pub(super) fn end(mut self) -> String {
        self.signal(Signal::TERM);
        let ended = self.child.wait().unwrap();
        let said = self.said();
        assert!(ended.success(), "{ended}: {said}");
        said
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        // It has ended already where the test went well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
