//! Where components are compiled: in this process, or in a child that has only so much memory and time.
//!
//! How long a compiler takes, and how much memory, depends on the component in ways that no bound on its size describes. Within this
//! process neither can be limited. A child is limited by the operating system, and whatever becomes of it, this process goes on. It
//! inherits no environment, in which there may be secrets.
//!
//! The child is a program that calls [`compile_for_parent`] when its first argument is [`Compiler::ARGUMENT`]; the component comes on
//! its standard input, and machine code leaves on its standard output.

use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::Duration;

use wasmtime::Engine;
use wasmtime::component::Component;

use super::cache::ComponentCache;
use super::engine::compiling;
use super::error::LoadError;

/// Processor time of a child, unless it is told otherwise. The embedded connector takes one or two seconds, CPython about twenty.
pub(crate) const TIME: Duration = Duration::from_secs(60);

/// Memory of a child, beside what its engine reserves at the start. The embedded connector takes 150 MiB.
const MEMORY: u64 = 1 << 30;

/// The longest machine code that is taken from a child.
const LONGEST_CODE: u64 = 512 << 20;

/// What stands before machine code, and before words that say why there is none.
const CODE: u8 = 0;
const WORDS: u8 = 1;

/// Where components are compiled.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Compiler {
    /// In this process, whatever it takes. For components that are trusted.
    #[default]
    InProcess,
    /// In a child, which is this program, with limits. The program calls [`compile_for_parent`].
    Child(PathBuf),
}

impl Compiler {
    /// The first argument of the child.
    pub const ARGUMENT: &str = "compile-component";

    pub(crate) fn compile(
        &self,
        engine: &Engine,
        cache: Option<&ComponentCache>,
        time: Duration,
        bytes: &[u8],
    ) -> Result<Component, LoadError> {
        match self {
            Self::InProcess => {
                Component::new(engine, bytes).map_err(|error| LoadError::NotAComponent(format!("{error:#}")))
            }
            Self::Child(program) => {
                let code = in_child(program, cache, time, bytes)?;
                deserialized(engine, &code).map_err(|error| LoadError::Compiler(format!("{error:#}")))
            }
        }
    }
}

#[expect(unsafe_code, reason = "Wasmtime can't check machine code")]
fn deserialized(engine: &Engine, code: &[u8]) -> wasmtime::Result<Component> {
    // SAFETY: the code was made by Wasmtime in a child of our own, which has read nothing but the component, and has come
    // straight from there. Wasmtime itself checks that it is of the same version and settings.
    unsafe { Component::deserialize(engine, code) }
}

fn in_child(
    program: &std::path::Path,
    cache: Option<&ComponentCache>,
    time: Duration,
    bytes: &[u8],
) -> Result<Vec<u8>, LoadError> {
    let failed = |error: io::Error| LoadError::Compiler(error.to_string());
    let mut command = Command::new(program);
    command
        .arg(Compiler::ARGUMENT)
        .arg(time.as_secs().max(1).to_string())
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    if let Some(cache) = cache {
        command.arg(cache.folder());
    }
    let mut child = Ended(command.spawn().map_err(failed)?);
    let (Some(mut input), Some(output)) = (child.0.stdin.take(), child.0.stdout.take()) else {
        return Err(LoadError::Compiler("it has no standard streams".to_owned()));
    };
    let mut answer = Vec::new();
    let (written, read) = std::thread::scope(|scope| {
        let writer = scope.spawn(move || input.write_all(bytes));
        let read = output.take(LONGEST_CODE + 1).read_to_end(&mut answer);
        (writer.join(), read)
    });
    let status = child.0.wait().map_err(failed)?;
    if let Some(reason) = limit_met(status, time) {
        return Err(LoadError::TooLarge(reason));
    }
    read.map_err(failed)?;
    match answer.split_first() {
        Some((&CODE, _)) if answer.len() as u64 > LONGEST_CODE => {
            Err(LoadError::TooLarge(format!("it compiles to more than {LONGEST_CODE} bytes")))
        }
        Some((&CODE, code)) if status.success() && matches!(written, Ok(Ok(()))) => Ok(code.to_vec()),
        Some((&WORDS, words)) => Err(LoadError::NotAComponent(String::from_utf8_lossy(words).into_owned())),
        _ => Err(LoadError::Compiler(format!("it ended early ({status})"))),
    }
}

/// A child that doesn't outlive the wait for it.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        // It has ended already, except where something failed on the way.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Which limit of the operating system has ended the child.
#[cfg(unix)]
fn limit_met(status: std::process::ExitStatus, time: Duration) -> Option<String> {
    use rustix::process::Signal;
    let signal = std::os::unix::process::ExitStatusExt::signal(&status)?;
    let is = |one: Signal| signal == one.as_raw();
    if is(Signal::XCPU) || is(Signal::KILL) {
        Some(format!("compiling it takes more than {} s of processor time", time.as_secs()))
    } else if is(Signal::ABORT) {
        // How a program of Rust ends that gets no memory.
        Some(format!("compiling it takes more than {} MiB of memory", MEMORY >> 20))
    } else {
        None
    }
}

#[cfg(not(unix))]
fn limit_met(_: std::process::ExitStatus, _: Duration) -> Option<String> {
    None
}

/// Compiles the component on standard input, as the child that [`Compiler::Child`] starts. `arguments` are those behind
/// [`Compiler::ARGUMENT`]: the seconds of processor time, and the folder of the cache, if there is one.
pub fn compile_for_parent(mut arguments: impl Iterator<Item = std::ffi::OsString>) -> ExitCode {
    let seconds = arguments.next().and_then(|text| text.to_str()?.parse().ok()).unwrap_or(TIME.as_secs());
    let answered = match compiled(seconds, arguments.next().map(PathBuf::from)) {
        Ok(code) => answer(CODE, &code),
        Err(words) => answer(WORDS, words.as_bytes()),
    };
    if answered.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn answer(kind: u8, content: &[u8]) -> io::Result<()> {
    let mut output = io::stdout().lock();
    output.write_all(&[kind])?;
    output.write_all(content)?;
    output.flush()
}

fn compiled(seconds: u64, cache: Option<PathBuf>) -> Result<Vec<u8>, String> {
    // Without it, it takes longer.
    let cache = cache.and_then(|folder| ComponentCache::open(&folder).ok());
    let mut config = compiling();
    config.cache(cache.map(ComponentCache::into_wasmtime));
    let engine = Engine::new(&config).map_err(|error| format!("{error:#}"))?;
    limit_this_process(seconds)?;
    let mut bytes = Vec::new();
    io::stdin().lock().read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    let component = Component::new(&engine, &bytes).map_err(|error| format!("{error:#}"))?;
    component.serialize().map_err(|error| format!("{error:#}"))
}

/// Limits what this process may take from here on, and leaves no image of its memory behind when it exceeds it.
#[cfg(unix)]
fn limit_this_process(seconds: u64) -> Result<(), String> {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let set = |resource, most: u64| {
        let limit = Rlimit { current: Some(most), maximum: Some(most) };
        setrlimit(resource, limit).map_err(|error| format!("its limits can't be set: {error}"))
    };
    set(Resource::Core, 0)?;
    set(Resource::Cpu, seconds)?;
    set(Resource::As, address_space() + MEMORY)
}

#[cfg(not(unix))]
fn limit_this_process(_: u64) -> Result<(), String> {
    Ok(())
}

/// What this process has of address space, in bytes (proc(5), `VmSize`). Where that isn't told, a generous guess.
#[cfg(unix)]
fn address_space() -> u64 {
    let told = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = told.lines().find_map(|line| line.strip_prefix("VmSize:"));
    let kibibytes = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kibibytes.map_or(1 << 30, |kibibytes| kibibytes << 10)
}
