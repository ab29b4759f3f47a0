#!/usr/bin/env python3
"""Checks the emulator with clients that others wrote.

Installs them from their registries into target/clients, each into an environment of its own, builds the example `serve`, and
runs the checks of each client against orgs of its own. Each check prints a line; the last line is the sum, and a failure is a
non-zero exit.

    run.py [CLIENT…]     only these; without a name all but airbyte
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

PYTHON = ("simple_salesforce", "zeep", "aiosalesforce", "django_salesforce", "cumulusci", "airbyte")
NODE = ("jsforce", "sf")
# Airbyte's licence (Elastic 2.0) lets people run it and not ship it, so it is run when somebody asks for it by name.
ASKED_FOR = ("airbyte",)
CLIENTS = (*NODE, *PYTHON)

SF = "@salesforce/cli@2.150.6"
# Its libraries use what Node has since this version.
SF_NEEDS_NODE = (22, 15)


class Unfit(Exception):
    """Why a client cannot run on this machine, in a sentence."""


def output(*command: str) -> str:
    return subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout


def npm(place: Path, *command: str) -> None:
    quiet = ("--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
    subprocess.run(["npm", *command, *quiet], cwd=place, check=True)


def install_jsforce(place: Path) -> None:
    """`npm ci` from the lock file, unless that was done already."""
    lock = HERE / "package-lock.json"
    done = place / "package-lock.json"
    if done.exists() and done.read_bytes() == lock.read_bytes() and (place / "node_modules" / "jsforce").is_dir():
        return
    shutil.copy(HERE / "package.json", place)
    shutil.copy(lock, place)
    npm(place, "ci")


def install_sf(place: Path) -> Path:
    """The program that `sf` runs."""
    version = tuple(int(part) for part in output("node", "--version").strip().lstrip("v").split(".")[:2])
    if version < SF_NEEDS_NODE:
        raise Unfit(f"needs Node {'.'.join(map(str, SF_NEEDS_NODE))}, and this is {'.'.join(map(str, version))}")
    done = place / "installed"
    if not (done.exists() and done.read_text(encoding="utf-8") == SF):
        npm(place, "install", "--no-save", SF)
        done.write_text(SF, encoding="utf-8")
    return place / "node_modules" / "@salesforce" / "cli" / "bin" / "run.js"


def install_python(place: Path, client: str) -> Path:
    """A virtual environment with the pinned packages, unless it is there already; its interpreter."""
    wanted, environment = HERE / "requirements" / f"{client}.txt", place / "venv"
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


def prepare(name: str, place: Path, environment: dict) -> list:
    """Installs a client, and returns the command that runs its checks."""
    place.mkdir(parents=True, exist_ok=True)
    if name == "jsforce":
        install_jsforce(place)
        environment["NODE_PATH"] = str(place / "node_modules")
        return ["node", HERE / "jsforce_checks.cjs"]
    if name == "sf":
        environment["SF"] = str(install_sf(place))
        return [sys.executable, HERE / "sf_checks.py"]
    if name == "zeep":
        # The partner WSDL comes with jsforce.
        jsforce = place.parent / "jsforce"
        jsforce.mkdir(exist_ok=True)
        install_jsforce(jsforce)
        modules = jsforce / "node_modules"
        environment["PARTNER_WSDL"] = str(modules / "jsforce" / "src" / "api" / "soap" / "wsdl.xml")
    return [install_python(place, name), HERE / f"{name}_checks.py"]


def main() -> int:
    chosen = sys.argv[1:] or [name for name in CLIENTS if name not in ASKED_FOR]
    if unknown := [name for name in chosen if name not in CLIENTS]:
        print(f"{', '.join(unknown)}: no such client; there are {', '.join(CLIENTS)}", file=sys.stderr)
        return 2
    metadata = output(os.environ.get("CARGO", "cargo"), "metadata", "--format-version", "1", "--no-deps", "--locked")
    target = Path(json.loads(metadata)["target_directory"])
    environment = {
        **os.environ,
        "EMULATOR": str(build(target)),
        "NODE_NO_WARNINGS": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    # The clients talk to loopback only.
    for proxy in ("http_proxy", "https_proxy", "all_proxy"):
        environment.pop(proxy, None)
        environment.pop(proxy.upper(), None)
    passed = failed = 0
    for name in chosen:
        own = dict(environment)
        try:
            command = prepare(name, target / "clients" / name, own)
        except Unfit as reason:
            print(f"FAIL {name}: {reason}")
            failed += 1
            continue
        (good, bad) = check(name, command, own)
        passed, failed = passed + good, failed + bad
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
