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
/// What attacks import of WASI.
const WASI: &str = "journeys/hostile/wasi/world.wit";
/// A field that the interface has and a stale copy of it hasn't, and what it is in there.
const STALE: (&str, &str) = ("connector.wit", "exact-grants: bool,");
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
    for path in ["build.rs", ATTACKS, WIT, WASI] {
        println!("cargo::rerun-if-changed={path}");
    }
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo did not set OUT_DIR")?);
    let world = World::read(Path::new(WIT))?;
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
    let stale = stale(&out)?;
    fs::write(out.join("stale.wasm"), component(&frame, "", &World::read(&stale)?)?)?;
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
    /// Reads the interface in a folder. The world is its own with parts of WASI beside it, of which a component has what it imports.
    fn read(wit: &Path) -> Result<Self, Box<dyn Error>> {
        let mut resolve = Resolve::default();
        let package = resolve.push_dir(wit)?.0;
        let attack = resolve.push_source(WASI, &fs::read_to_string(WASI)?)?;
        let world = resolve.select_world(&[attack], Some("attack"))?;
        let version = resolve.packages[package].name.version.as_ref().ok_or("the package has no version")?.to_string();
        Ok(Self { resolve, world, version })
    }
}

/// A copy of the interface that lacks a field.
fn stale(out: &Path) -> Result<PathBuf, Box<dyn Error>> {
    let (file, field) = STALE;
    let folder = out.join("stale-wit");
    copy(Path::new(WIT), &folder)?;
    let text = fs::read_to_string(folder.join(file))?;
    if !text.contains(field) {
        return Err(format!("the interface has no `{field}` any more").into());
    }
    fs::write(folder.join(file), text.replace(field, ""))?;
    Ok(folder)
}

fn copy(from: &Path, to: &Path) -> Result<(), Box<dyn Error>> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let path = entry?.path();
        let target = to.join(path.file_name().ok_or("a file without a name")?);
        if path.is_dir() {
            copy(&path, &target)?;
        } else {
            fs::copy(&path, &target)?;
        }
    }
    Ok(())
}

fn component(frame: &str, attack: &str, world: &World) -> Result<Vec<u8>, Box<dyn Error>> {
    // Imports stand before everything else in a module.
    let (imports, functions): (Vec<&str>, Vec<&str>) = attack.lines().partition(|line| line.starts_with("(import "));
    let mut functions = functions.join("\n") + "\n";
    for (name, default) in DEFAULTS {
        if !attack.contains(&format!("(func ${name} ")) {
            functions.push_str(default);
        }
    }
    let text = frame
        .replace(";; THE IMPORTS", &imports.join("\n"))
        .replace(";; THE ATTACK", &functions)
        .replace("@VERSION", &format!("@{}", world.version));
    let buffer = wast::parser::ParseBuffer::new(&text)?;
    let mut module = wast::parser::parse::<wast::Wat<'_>>(&buffer)?.module.encode()?;
    embed_component_metadata(&mut module, &world.resolve, world.world, StringEncoding::UTF8)
        .map_err(|error| format!("{error:#}"))?;
    let encoder = ComponentEncoder::default().module(&module).map_err(|error| format!("{error:#}"))?;
    Ok(encoder.validate(true).encode().map_err(|error| format!("{error:#}"))?)
}
