//! What a component may import, by the names of the interfaces.

/// What is behind an interface that a component imports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Given {
    /// What the world `connector` names, or what that uses.
    World,
    /// An interface of WASI 0.2 with nothing behind it, which the toolchain imports.
    EmptyWasi,
}

/// Interfaces of the world; a release follows.
const WORLD: &[&str] =
    &["identity:provisioning/", "wasi:clocks/wall-clock@0.2.", "wasi:clocks/monotonic-clock@0.2.", "wasi:io/poll@0.2."];

/// Interfaces of WASI 0.2 that are there and empty. `wasi:http` is not among them: a request that it made would go past the approved uses.
#[cfg(feature = "wasi")]
const WASI: &[&str] = &[
    "wasi:cli/environment",
    "wasi:cli/exit",
    "wasi:cli/stdin",
    "wasi:cli/stdout",
    "wasi:cli/stderr",
    "wasi:cli/terminal-input",
    "wasi:cli/terminal-output",
    "wasi:cli/terminal-stdin",
    "wasi:cli/terminal-stdout",
    "wasi:cli/terminal-stderr",
    "wasi:filesystem/types",
    "wasi:filesystem/preopens",
    "wasi:io/error",
    "wasi:io/streams",
    "wasi:random/random",
    "wasi:random/insecure",
    "wasi:random/insecure-seed",
    "wasi:sockets/network",
    "wasi:sockets/instance-network",
    "wasi:sockets/ip-name-lookup",
    "wasi:sockets/tcp",
    "wasi:sockets/tcp-create-socket",
    "wasi:sockets/udp",
    "wasi:sockets/udp-create-socket",
];

/// Without the feature `wasi`, the world is all that there is.
#[cfg(not(feature = "wasi"))]
const WASI: &[&str] = &[];

/// What is behind an interface. Returns `None` if no connector is given it.
pub(crate) fn given(import: &str) -> Option<Given> {
    if WORLD.iter().any(|world| import.starts_with(world)) {
        return Some(Given::World);
    }
    let (name, release) = import.split_once('@')?;
    (release.starts_with("0.2.") && WASI.contains(&name)).then_some(Given::EmptyWasi)
}

/// What to do about an import that no connector is given.
pub(crate) fn instead_of(import: &str) -> &'static str {
    match import.split_once('/') {
        Some(("wasi:http", _)) => "send requests through identity:provisioning/http instead",
        _ => "build it for the world identity:provisioning/connector",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_world_is_told_from_what_a_toolchain_brings_and_from_what_nobody_gets() {
        for import in ["identity:provisioning/http@0.3.0", "wasi:clocks/wall-clock@0.2.0", "wasi:io/poll@0.2.12"] {
            assert_eq!(given(import), Some(Given::World), "{import}");
        }
        let empty = cfg!(feature = "wasi").then_some(Given::EmptyWasi);
        for import in ["wasi:cli/stderr@0.2.9", "wasi:sockets/tcp@0.2.0", "wasi:random/insecure-seed@0.2.12"] {
            assert_eq!(given(import), empty, "{import}");
        }
        for import in [
            "wasi:http/outgoing-handler@0.2.3",
            "wasi:cli/stderr@0.3.0",
            "wasi:cli/stderr",
            "wasi:cli/stderr-too@0.2.0",
            "wasi:clocks/timezone@0.2.0",
            "wasi:keyvalue/store@0.2.0",
            "env",
        ] {
            assert_eq!(given(import), None, "{import}");
        }
    }
}
