//! What this process has used, as the operating system counts it.

use std::time::Duration;

/// Processor time of all threads so far, in user mode and in the kernel.
pub(crate) fn cpu_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// Memory that is in use now, in bytes; 0 where there is no `/proc`.
pub(crate) fn resident() -> u64 {
    field("VmRSS:")
}

/// The most memory that was in use so far, in bytes; 0 where there is no `/proc`.
pub(crate) fn peak_resident() -> u64 {
    field("VmHWM:")
}

/// What was written to files so far, in bytes; 0 where there is no `/proc`.
pub(crate) fn written() -> u64 {
    number("/proc/self/io", "wchar:")
}

fn field(name: &str) -> u64 {
    number("/proc/self/status", name) << 10
}

fn number(file: &str, name: &str) -> u64 {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
    line.split_whitespace().next().and_then(|number| number.parse().ok()).unwrap_or_default()
}
