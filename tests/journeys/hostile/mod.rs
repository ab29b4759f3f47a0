//! Components that mean harm, or are broken: each is contained, its error names what it did, and whoever shares the machine
//! with it gets on with their work.

mod support;

mod calls;
mod compiling;
mod computing;
mod conformance;
mod host_work;
mod import;
mod lies;
mod memory;
mod neighbour;
mod room;
mod secrets;
mod slots;
mod smuggling;
mod thief;
mod tls;
mod traps;
mod versions;
mod wasi;

/// The component of an attack, by the name of its file in `attacks/`.
macro_rules! attack {
    ($name:literal) => {
        include_bytes!(concat!(env!("OUT_DIR"), "/", $name, ".wasm"))
    };
}
use attack;
