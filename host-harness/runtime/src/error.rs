//! What can go wrong with a component, and how it is told apart.

use std::fmt;
use std::time::Duration;

use wasmtime::component::ResourceTableError;
use wasmtime::{Trap, WasmBacktrace};

use super::bindings::identity::provisioning::types;
use super::given::instead_of;
use super::interface::MalformedPage;
use super::limits::{GrowthRefused, Limits};
use super::log;
use super::secrets::Masks;

/// A component that cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The bytes are not a component that this engine can compile.
    #[error("this is not a WebAssembly component that can be run here: {0}; build one with `make component`")]
    NotAComponent(String),
    /// It asks for something that no connector is given.
    #[error("the component imports {0}, which this host gives to no connector; {instead}", instead = instead_of(.0))]
    ForeignImport(String),
    /// It implements the interface in a version that this host does not serve.
    #[error(
        "the component exports {found}, and this host serves version {served} of the interface; build the component for that, or update the host"
    )]
    OtherVersion {
        /// What it exports.
        found: String,
        /// The version that is served.
        served: &'static str,
    },
    /// It would take more to compile than a component may.
    #[error("the component is not compiled: {0}; make it smaller, or split long functions")]
    TooLarge(String),
    /// The process that compiles cannot do so.
    #[error("the process that compiles components failed: {0}; see that this program can start itself")]
    Compiler(String),
    /// It does not implement the interface.
    #[error("the component does not export identity:provisioning/provisioning-connector as this host knows it: {0}")]
    NotAConnector(String),
}

/// An engine that cannot be made on this machine.
#[derive(Debug, thiserror::Error)]
#[error("the WebAssembly engine cannot be set up: {0}")]
pub struct EngineError(pub(crate) String);

/// How a job ended before its time. The store is gone; a new job starts clean.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SandboxFault {
    /// A call took longer than `limits.call`.
    #[error("it took longer than {} s; raise `limits.call-seconds` or ask for less in one call", .0.as_secs())]
    Deadline(Duration),
    /// A call computed longer than `limits.compute`.
    #[error("it computed for more than {} s without an end in sight; raise `limits.compute-seconds`, or mend the connector", .0.as_secs_f32())]
    Compute(Duration),
    /// Memory or tables would have grown over the limit.
    #[error("{0}, over its limit; raise `limits.memory-mib` or ask for less in one call")]
    Memory(String),
    /// Recursion without end.
    #[error("its stack overflowed; mend the connector")]
    Stack,
    /// More handles at once than `limits.handles`.
    #[error("it held more than {0} handles at once; mend the connector")]
    Handles(usize),
    /// More bytes in one call than `limits.transfer`.
    #[error("it handed over more than {0} bytes in one call; ask for less in one call")]
    Transfer(usize),
    /// An answer of the component contradicts itself, such as a page of users with more values than names.
    #[error("its answer contradicts itself: {0}; mend the connector")]
    Contradiction(String),
    /// The component panicked; in its own words.
    #[error("it panicked: {0}; mend the connector")]
    Panicked(String),
    /// Any other trap, with the function that it happened in, as far as the component names its functions.
    #[error("it trapped: {0}; mend the connector")]
    Trapped(String),
    /// The tenant pins another component; nothing of this one was run.
    #[error(
        "the component has the SHA-256 {found}, and the tenant pins {pinned}; put the pinned component back, or, if the change is meant, pin the new one"
    )]
    OtherComponent {
        /// The component's.
        found: String,
        /// The tenant's.
        pinned: String,
    },
    /// The component isn't the one that was approved; nothing of it was run.
    #[error(
        "what the component with the SHA-256 {found} does with secrets has not been approved; put the approved component back, or, if the change is meant, approve the new one"
    )]
    NotApproved {
        /// The component's.
        found: String,
    },
    /// The component imports WASI, and the tenant forbids that; nothing of it was run.
    #[error(
        "the component imports {0}, which is empty here, and the tenant has `wasi = \"none\"`; use a component without it, or remove the setting"
    )]
    Wasi(String),
    /// A call after the end of the job.
    #[error("the job has ended already; start a new one")]
    Ended,
}

/// Why a call gave no result.
#[derive(Clone, Debug)]
pub enum JobError {
    /// The connector says why it could not do what was asked.
    Refused(Box<types::Error>),
    /// The sandbox ended the job.
    Stopped {
        /// Whose job it was.
        tenant: String,
        /// The call that was under way.
        call: &'static str,
        /// What happened.
        fault: SandboxFault,
    },
}

impl fmt::Display for JobError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(error) => f.write_str(&error.message),
            Self::Stopped { tenant, call, fault } => {
                write!(f, "the connector was stopped in `{call}` for tenant {tenant}: {fault}")
            }
        }
    }
}

impl std::error::Error for JobError {}

impl From<types::Error> for JobError {
    fn from(error: types::Error) -> Self {
        Self::Refused(Box::new(error))
    }
}

/// The job computed longer than it may; raised by the epoch callback.
#[derive(Debug, thiserror::Error)]
#[error("compute budget used up")]
pub(crate) struct ComputeExceeded;

/// The function of the component that an error was raised in. Returns `None` if the component keeps no names.
fn function(error: &wasmtime::Error) -> Option<String> {
    let frames = error.downcast_ref::<WasmBacktrace>()?.frames();
    let name = frames.iter().find_map(|frame| frame.func_name())?;
    Some(format!("{:#}", rustc_demangle::demangle(name)))
}

impl SandboxFault {
    /// The kind of fault in a word, for metrics and other programs.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Deadline(_) => "deadline",
            Self::Compute(_) => "compute",
            Self::Memory(_) => "memory",
            Self::Stack => "stack",
            Self::Handles(_) => "handles",
            Self::Transfer(_) => "transfer",
            Self::Contradiction(_) => "contradiction",
            Self::Panicked(_) => "panic",
            Self::Trapped(_) => "trap",
            Self::OtherComponent { .. } => "other-component",
            Self::NotApproved { .. } => "not-approved",
            Self::Wasi(_) => "wasi",
            Self::Ended => "ended",
        }
    }

    /// What a failed call means, told by the error's types and by what the component said last.
    pub(crate) fn of(error: &wasmtime::Error, limits: &Limits, masks: &Masks, last_error: Option<&str>) -> Self {
        #[cfg(feature = "wasi")]
        if let Some(status) = super::wasi::Wasi::exit_status(error) {
            return match last_error {
                Some(text) => Self::Panicked(text.to_owned()),
                None => Self::Trapped(format!("it exited with the status {status} and said nothing")),
            };
        }
        let printable = |text: &str| log::printable(masks, text);
        if error.is::<ComputeExceeded>() {
            return Self::Compute(limits.compute);
        }
        if let Some(growth) = error.downcast_ref::<GrowthRefused>() {
            return Self::Memory(growth.to_string());
        }
        if let Some(ResourceTableError::Full) = error.downcast_ref::<ResourceTableError>() {
            return Self::Handles(limits.handles);
        }
        if let Some(page) = error.downcast_ref::<MalformedPage>() {
            return Self::Contradiction(printable(&page.to_string()));
        }
        let place =
            || function(error).map(|name| format!(", in the function `{}`", printable(&name))).unwrap_or_default();
        let said = || last_error.map(|text| format!("; it said: {text}")).unwrap_or_default();
        match error.downcast_ref::<Trap>() {
            Some(Trap::StackOverflow) => Self::Stack,
            // A guest panic hook logs the panic and then aborts, which is this trap.
            Some(Trap::UnreachableCodeReached) => match last_error {
                Some(text) => Self::Panicked(text.to_owned()),
                None => Self::Trapped(format!("unreachable code was reached, as after a panic{}", place())),
            },
            Some(trap) => Self::Trapped(format!("{trap}{}{}", place(), said())),
            None => {
                let text = printable(&error.root_cause().to_string());
                if text.contains("fuel") { Self::Transfer(limits.transfer) } else { Self::Trapped(text) }
            }
        }
    }
}
