//! Builds the connector as a WebAssembly component and hands its path to the crate, which embeds it.

use std::path::PathBuf;
use std::process::ExitCode;

fn main() -> ExitCode {
    // Read when the script runs: a checkout that is copied with its target folder would else watch the one it came from.
    let Some(package) = std::env::var_os("CARGO_MANIFEST_DIR") else {
        println!("cargo::error=cargo did not set CARGO_MANIFEST_DIR");
        return ExitCode::FAILURE;
    };
    let root = PathBuf::from(package).join("../..");
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
