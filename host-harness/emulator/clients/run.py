#!/usr/bin/env python3
"""Checks the emulator with clients that others wrote.

Installs them from their registries into target/clients, builds the example `serve`, and runs the checks of each client
against orgs of its own. Each check prints a line; the last line is the sum, and a failure is a non-zero exit.

    run.py [jsforce] [simple_salesforce] [zeep]     only these clients
"""

import json
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
CLIENTS = ("jsforce", "simple_salesforce", "zeep")


def output(*command: str) -> str:
    return subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout


def install_node(place: Path) -> None:
    """`npm ci` from the lock file, unless that was done already."""
    lock = HERE / "package-lock.json"
    done = place / "package-lock.json"
    if done.exists() and done.read_bytes() == lock.read_bytes() and (place / "node_modules" / "jsforce").is_dir():
        return
    shutil.copy(HERE / "package.json", place)
    shutil.copy(lock, place)
    subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], cwd=place, check=True)


def install_python(place: Path) -> Path:
    """A virtual environment with the pinned packages, unless it is there already; its interpreter."""
    wanted, environment = HERE / "requirements.txt", place / "venv"
    interpreter = environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    done = environment / "requirements.txt"
    if not (done.exists() and done.read_bytes() == wanted.read_bytes()):
        venv.create(environment, with_pip=True, clear=True)
        pip = [interpreter, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--require-hashes"]
        subprocess.run([*pip, "-r", wanted], check=True)
        shutil.copy(wanted, done)
    return interpreter


def build(target: Path) -> Path:
    """The example that serves an org."""
    cargo = os.environ.get("CARGO", "cargo")
    build = [cargo, "build", "--locked", "--package", "salesforce-emulator", "--example", "serve"]
    subprocess.run(build, cwd=ROOT, check=True)
    return target / "debug" / "examples" / ("serve.exe" if os.name == "nt" else "serve")


def check(name: str, command: list, environment: dict) -> tuple[int, int]:
    """Runs one client's checks and shows them; how many passed and failed."""
    passed = failed = 0
    done = False
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            if line.strip() == "done":
                done = True
                continue
            print(line, end="", flush=True)
            passed += line.startswith("ok ")
            failed += line.startswith("FAIL ")
    if not done:
        print(f"FAIL {name}: the checks ended early, with status {process.returncode}")
        failed += 1
    return passed, failed


def main() -> int:
    chosen = sys.argv[1:] or CLIENTS
    if unknown := [name for name in chosen if name not in CLIENTS]:
        print(f"{', '.join(unknown)}: no such client; there are {', '.join(CLIENTS)}", file=sys.stderr)
        return 2
    metadata = output(os.environ.get("CARGO", "cargo"), "metadata", "--format-version", "1", "--no-deps", "--locked")
    target = Path(json.loads(metadata)["target_directory"])
    place = target / "clients"
    place.mkdir(parents=True, exist_ok=True)
    install_node(place)
    python = install_python(place)
    environment = {
        **os.environ,
        "EMULATOR": str(build(target)),
        "NODE_PATH": str(place / "node_modules"),
        "NODE_NO_WARNINGS": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PARTNER_WSDL": str(place / "node_modules" / "jsforce" / "src" / "api" / "soap" / "wsdl.xml"),
    }
    # The clients talk to loopback only.
    for proxy in ("http_proxy", "https_proxy", "all_proxy"):
        environment.pop(proxy, None)
        environment.pop(proxy.upper(), None)
    commands = {
        "jsforce": ["node", HERE / "jsforce_checks.cjs"],
        "simple_salesforce": [python, HERE / "simple_salesforce_checks.py"],
        "zeep": [python, HERE / "zeep_checks.py"],
    }
    sums = [check(name, commands[name], environment) for name in chosen]
    passed, failed = (sum(column) for column in zip(*sums))
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
