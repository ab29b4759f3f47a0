//! Makes the hostile components of the journeys out of their text.
//!
//! An attack is a few functions of a core WebAssembly module. Here they are put into a frame that imports what the world
//! gives and exports what it asks for, and the module is wrapped into a component as `wasm-component-ld` would.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::{Resolve, WorldId};

const ATTACKS: &str = "journeys/hostile/attacks";
const WIT: &str = "../wit";

/// The functions that the frame exports, and what they do where an attack does not define them. `open` and `test` get the
/// list of the tenant's secrets and its length; each entry is 12 bytes, with the handle in the last four.
const DEFAULTS: [(&str, &str); 5] = [
    ("realloc", "(func $realloc (param i32 i32 i32 i32) (result i32) (call $allocate (local.get 2) (local.get 3)))"),
    ("describe", "(func $describe (result i32) (i32.const 64))"),
    ("test", "(func $test (param i32 i32) (result i32) (i32.const 64))"),
    ("open", "(func $open (param i32 i32) (result i32) (call $accept))"),
    ("attributes", "(func $attributes (result i32) (unreachable))"),
];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={ATTACKS}");
    println!("cargo::rerun-if-changed={WIT}");
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo did not set OUT_DIR")?);
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_dir(WIT)?;
    let world = resolve.select_world(&[package], Some("connector"))?;
    let frame = fs::read_to_string(Path::new(ATTACKS).join("frame.wat"))?;
    for entry in fs::read_dir(ATTACKS)? {
        let path = entry?.path();
        let Some(name) = path.file_stem().and_then(|name| name.to_str()).filter(|name| *name != "frame") else {
            continue;
        };
        let component = component(&frame, &fs::read_to_string(&path)?, &resolve, world)
            .map_err(|error| format!("{}: {error}", path.display()))?;
        fs::write(out.join(format!("{name}.wasm")), component)?;
    }
    Ok(())
}

fn component(frame: &str, attack: &str, resolve: &Resolve, world: WorldId) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut functions = attack.to_owned();
    for (name, default) in DEFAULTS {
        if !attack.contains(&format!("(func ${name} ")) {
            functions.push_str(default);
        }
    }
    let text = frame.replace(";; THE ATTACK", &functions);
    let buffer = wast::parser::ParseBuffer::new(&text)?;
    let mut module = wast::parser::parse::<wast::Wat<'_>>(&buffer)?.module.encode()?;
    embed_component_metadata(&mut module, resolve, world, StringEncoding::UTF8)
        .map_err(|error| format!("{error:#}"))?;
    let encoder = ComponentEncoder::default().module(&module).map_err(|error| format!("{error:#}"))?;
    Ok(encoder.validate(true).encode().map_err(|error| format!("{error:#}"))?)
}
