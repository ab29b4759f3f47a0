//! What the linker is told when the library becomes a component.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_ARCH").is_ok_and(|arch| arch == "wasm32") {
        // Names of functions are an eighth of the file, and `strip = "symbols"` does not take them away here. A panic
        // tells its file and line through the log; only a trap without a panic loses its names.
        println!("cargo::rustc-link-arg-cdylib=--strip-all");
        // Without this, every address keeps the five bytes that relocation needs, used or not: 6 % of the code.
        println!("cargo::rustc-link-arg-cdylib=--compress-relocations");
    }
}
