//! Builds the connector as a WebAssembly component and hands its path to the crate, which embeds it.

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for path in ["src", "wit", "Cargo.toml", "Cargo.lock"] {
        println!("cargo::rerun-if-changed={}", root.join(path).display());
    }
    println!("cargo::rerun-if-changed=build.rs");
    match component_build::build(&root, "salesforce-portal-connector") {
        Ok(component) => {
            println!("cargo::rustc-env=CONNECTOR_COMPONENT={}", component.display());
            ExitCode::SUCCESS
        }
        Err(reason) => {
            for line in reason.lines() {
                println!("cargo::error={line}");
            }
            ExitCode::FAILURE
        }
    }
}
