//! Builds packages of this workspace as WebAssembly components, for the build scripts of those who run them.
//!
//! The standard library of `wasm32-unknown-unknown` comes from rustup, or, where rustup could not fetch it, is compiled from
//! Debian's sources by Debian's compiler (`make wasm-target` installs either). The linker is rustc's own
//! `wasm-component-ld`, so that a plain `cargo build` emits a component.
//!
//! A component says what it is: its package's name, version, description and licence, and where its source is. The same source gives the
//! same bytes wherever it is built: no path of the machine gets into them, and no time. Variables for releases add to that: [`REVISION`],
//! [`SOURCE`] and [`AUDITABLE`].

mod metadata;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

const TARGET: &str = "wasm32-unknown-unknown";
const DEBIAN_RUSTC: &str = "/usr/bin/rustc";
const DEBIAN_SOURCES: &str = "/usr/lib/rustlib/src/rust/library/std";
const PROFILE: &str = "component";

/// The variable with the revision of the source, which the component then says. A build that isn't a release has none: else every commit
/// would make another component.
pub const REVISION: &str = "COMPONENT_REVISION";

/// The variable with the address of the source, if the package's manifest has no `repository`.
pub const SOURCE: &str = "COMPONENT_SOURCE";

/// The variable that has cargo-auditable put the list of dependencies into the component, if it is `1`.
pub const AUDITABLE: &str = "COMPONENT_AUDITABLE";

/// What a component is built with.
#[derive(Clone, Debug)]
pub struct Tools {
    /// cargo's path or name.
    pub cargo: String,
    /// rustc's.
    pub rustc: String,
    /// The machine that builds, as a target of rustc's.
    pub host: String,
}

/// Builds the library of a package in the workspace at `root` by the profile `component`, and says where the component lies.
/// To be called by a build script, which tells cargo itself when it has to run again.
///
/// # Errors
/// When the target's standard library is missing, or the package does not compile: the compiler's words, and on the last line
/// one sentence.
#[expect(clippy::print_stdout, reason = "a build script speaks to cargo this way")]
pub fn build(root: &Path, package: &str) -> Result<PathBuf, String> {
    for name in [REVISION, SOURCE, AUDITABLE] {
        println!("cargo::rerun-if-env-changed={name}");
    }
    let tools = Tools { cargo: variable("CARGO")?, rustc: variable("RUSTC")?, host: variable("HOST")? };
    build_in(&tools, root, package, &target_dir()?)
}

/// As [`build`], outside a build script, and with a target folder of one's own.
///
/// # Errors
/// Those of [`build`].
pub fn build_in(tools: &Tools, root: &Path, package: &str, target_dir: &Path) -> Result<PathBuf, String> {
    let rustc = &tools.rustc;
    let sysroot = sysroot(rustc)?;
    let linkers = sysroot.join("lib/rustlib").join(&tools.host).join("bin");
    let is_auditable = env::var(AUDITABLE).is_ok_and(|value| value == "1");

    let mut cargo = Command::new(&tools.cargo);
    cargo.current_dir(root);
    // What cargo set for the build script must not steer the build of another target.
    for (name, _) in env::vars_os() {
        let name = name.to_string_lossy().into_owned();
        if name.starts_with("CARGO_FEATURE_") || name.starts_with("CARGO_CFG_") || name.starts_with("CARGO_PROFILE_") {
            cargo.env_remove(name);
        }
    }
    for name in [
        "CARGO_ENCODED_RUSTFLAGS",
        "RUSTFLAGS",
        "RUSTC_WORKSPACE_WRAPPER",
        "RUSTC_WRAPPER",
        "CARGO_BUILD_TARGET",
        "CARGO_MAKEFLAGS",
    ] {
        cargo.env_remove(name);
    }
    cargo
        .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linkers.join("wasm-component-ld"))
        .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS", flags(&linkers)?)
        .args(if is_auditable { &["auditable", "build"][..] } else { &["build"] })
        .args(["--package", package, "--lib", "--profile", PROFILE, "--target", TARGET])
        .arg("--target-dir")
        .arg(target_dir);
    if sysroot.join("lib/rustlib").join(TARGET).is_dir() {
        cargo.env("RUSTC", rustc);
    } else if Path::new(DEBIAN_RUSTC).is_file() && Path::new(DEBIAN_SOURCES).is_dir() {
        // The flag is cargo's and needs a nightly cargo or this variable; nothing unstable gets into the code.
        cargo.env("RUSTC", DEBIAN_RUSTC).env("RUSTC_BOOTSTRAP", "1").arg("-Zbuild-std=std,panic_abort");
    } else {
        return Err(format!(
            "the Rust standard library for {TARGET} is not installed; run `make wasm-target` (or `rustup target add {TARGET}`)"
        ));
    }

    let output = cargo.output().map_err(|error| format!("cargo cannot be run to build the component: {error}"))?;
    if !output.status.success() {
        return Err(format!(
            "{}\nthe package {package} does not compile as a component; the lines above say why",
            String::from_utf8_lossy(&output.stderr)
        ));
    }
    let file = format!("{}.wasm", package.replace('-', "_"));
    let linked = target_dir.join(TARGET).join(PROFILE).join(&file);
    let bytes =
        fs::read(&linked).map_err(|error| format!("cargo left no component at {}: {error}", linked.display()))?;
    if !is_component(&bytes) {
        return Err(format!(
            "{} isn't a WebAssembly component; it has to be linked by wasm-component-ld",
            linked.display()
        ));
    }
    let described = metadata::Description::of(&tools.cargo, root, package)?.put_into(&bytes)?;
    let component = target_dir.join(file);
    fs::write(&component, described).map_err(|error| format!("{} cannot be written: {error}", component.display()))?;
    Ok(component)
}

/// The arguments for rustc.
fn flags(linkers: &Path) -> Result<String, String> {
    let home = match env::var_os("CARGO_HOME") {
        Some(home) => PathBuf::from(home),
        None => PathBuf::from(variable("HOME")?).join(".cargo"),
    };
    let sources = home.join("registry/src");
    let flags = [
        format!("-Clink-arg=--wasm-ld-path={}", linkers.join("gcc-ld/wasm-ld").display()),
        // The profile strips debug information, and with it the functions' names, which a trap is reported with.
        "-Clink-arg=--keep-section=name".to_owned(),
        // cargo-auditable's list, if it is there.
        "-Clink-arg=--keep-section=.dep-v0".to_owned(),
        // Messages of panics name files, and would say whose machine this is.
        format!("--remap-path-prefix={}=/registry", sources.display()),
    ];
    match flags.iter().find(|flag| flag.contains(char::is_whitespace)) {
        Some(flag) => Err(format!("a path with a space can't be given to rustc here: {flag}")),
        None => Ok(flags.join(" ")),
    }
}

/// Whether a file begins as a component does: magic, any version, and the layer of components, which a module has as 0
/// (Component Model, `Binary.md`).
fn is_component(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\0asm") && bytes.get(6..8) == Some(&[1, 0])
}

fn variable(name: &str) -> Result<String, String> {
    env::var(name).map_err(|_| format!("cargo did not set {name}"))
}

fn sysroot(rustc: &str) -> Result<PathBuf, String> {
    let output = Command::new(rustc)
        .args(["--print", "sysroot"])
        .output()
        .map_err(|error| format!("{rustc} cannot be run: {error}"))?;
    Ok(PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()))
}

/// `component` in the target folder of the outer build, so that tests, clippy and release builds share their components. A
/// folder of its own, since the outer cargo holds the lock on the target folder.
fn target_dir() -> Result<PathBuf, String> {
    // OUT_DIR is <target>/[<triple>/]<profile>/build/<package>-<hash>/out.
    let out = PathBuf::from(variable("OUT_DIR")?);
    let profile = out.ancestors().nth(3).ok_or("OUT_DIR is not where cargo puts it")?;
    let above = profile.parent().ok_or("OUT_DIR is not where cargo puts it")?;
    let target = if above.ends_with(variable("TARGET")?) { above.parent().unwrap_or(above) } else { above };
    Ok(target.join("component"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_component_is_told_from_a_module_and_from_anything_else() {
        assert!(is_component(b"\0asm\x0d\0\x01\0"));
        for other in [&b""[..], b"\0asm", b"\0asm\x01\0\0\0", b"\x7fELF\0\0\x01\0"] {
            assert!(!is_component(other), "{other:?}");
        }
    }
}
