//! Makes the hostile components that the journeys run beside the connector.
//!
//! An attack is a few functions of a core WebAssembly module. Here they are put into a frame that imports what the world
//! gives and exports what it asks for, and the module is wrapped into a component as `wasm-component-ld` would. The thief, which has
//! much to say, is a package of its own.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs};

use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::{Resolve, WorldId};

const ATTACKS: &str = "journeys/hostile/attacks";
const WIT: &str = "../wit";
/// The functions that the frame exports, and what they do where an attack does not define them. `open` and `test` get the
/// list of the tenant's settings and its length; each entry is two texts.
const DEFAULTS: [(&str, &str); 6] = [
    ("realloc", "(func $realloc (param i32 i32 i32 i32) (result i32) (call $allocate (local.get 2) (local.get 3)))"),
    ("describe", "(func $describe (result i32) (i32.const 64))"),
    ("test", "(func $test (param i32 i32) (result i32) (i32.const 64))"),
    ("open", "(func $open (param i32 i32) (result i32) (call $accept))"),
    ("attributes", "(func $attributes (result i32) (unreachable))"),
    ("import", "(func $import (result i32) (unreachable))"),
];

fn main() -> ExitCode {
    match build() {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            for line in reason.to_string().lines() {
                println!("cargo::error={line}");
            }
            ExitCode::FAILURE
        }
    }
}

fn build() -> Result<(), Box<dyn Error>> {
    for path in ["build.rs", ATTACKS, WIT] {
        println!("cargo::rerun-if-changed={path}");
    }
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo did not set OUT_DIR")?);
    let world = World::read()?;
    let frame = fs::read_to_string(Path::new(ATTACKS).join("frame.wat"))?;
    for entry in fs::read_dir(ATTACKS)? {
        let path = entry?.path();
        let Some(name) = path.file_stem().and_then(|name| name.to_str()).filter(|name| *name != "frame") else {
            continue;
        };
        let attack = fs::read_to_string(&path)?;
        let component = component(&frame, &attack, &world).map_err(|error| format!("{}: {error}", path.display()))?;
        fs::write(out.join(format!("{name}.wasm")), component)?;
    }
    let thief = component_build::build(Path::new(".."), "thief")?;
    println!("cargo::rerun-if-changed=thief");
    fs::copy(thief, out.join("thief.wasm"))?;
    Ok(())
}

/// The world that a connector is of.
struct World {
    resolve: Resolve,
    world: WorldId,
    version: String,
}

impl World {
    fn read() -> Result<Self, Box<dyn Error>> {
        let mut resolve = Resolve::default();
        let package = resolve.push_dir(WIT)?.0;
        let world = resolve.select_world(&[package], Some("connector"))?;
        let version = resolve.packages[package].name.version.as_ref().ok_or("the package has no version")?.to_string();
        Ok(Self { resolve, world, version })
    }
}

fn component(frame: &str, attack: &str, world: &World) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut functions = attack.to_owned();
    for (name, default) in DEFAULTS {
        if !attack.contains(&format!("(func ${name} ")) {
            functions.push_str(default);
        }
    }
    let text = frame.replace(";; THE ATTACK", &functions).replace("@VERSION", &format!("@{}", world.version));
    let buffer = wast::parser::ParseBuffer::new(&text)?;
    let mut module = wast::parser::parse::<wast::Wat<'_>>(&buffer)?.module.encode()?;
    embed_component_metadata(&mut module, &world.resolve, world.world, StringEncoding::UTF8)
        .map_err(|error| format!("{error:#}"))?;
    let encoder = ComponentEncoder::default().module(&module).map_err(|error| format!("{error:#}"))?;
    Ok(encoder.validate(true).encode().map_err(|error| format!("{error:#}"))?)
}
