//! Components that mean harm, or are broken: each is contained, its error names what it did, and whoever shares the machine
//! with it gets on with their work.

mod support;

mod calls;
mod computing;
mod conformance;
mod lies;
mod memory;
mod neighbour;
mod released;
mod secrets;
mod smuggling;
mod traps;

/// The component of an attack, by the name of its file in `attacks/`; of the newest version of the interface, or of an older
/// one.
macro_rules! attack {
    ($name:literal of $version:literal) => {
        include_bytes!(concat!(env!("OUT_DIR"), "/", $name, "@", $version, ".wasm"))
    };
    ($name:literal) => {
        include_bytes!(concat!(env!("OUT_DIR"), "/", $name, ".wasm"))
    };
}
use attack;
