#!/usr/bin/env python3
"""Runs the Salesforce connector in the hosts of Python and Node, against an emulated org.

Installs what they need into target/hosts, plays the placement vectors, and has each host test, import, plan and apply. It prints what each
has seen; a failure is a non-zero exit.
"""

import json
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PLACE = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "hosts"
WASMTIME = "wasmtime==50.0.1"
HARNESS = os.environ.get("HOST_HARNESS", str(ROOT / "target/debug/host-harness"))
COMPONENT = os.environ.get("COMPONENT", str(ROOT / "target/component/salesforce_portal_connector.wasm"))
# Users of the org; the hosts read all of them.
USERS = 200


def run(*command, cwd=HERE):
    print("$", " ".join(Path(part).name if part.startswith("/") else part for part in map(str, command[:3])), flush=True)
    subprocess.run([str(part) for part in command], cwd=cwd, check=True)


def python():
    folder = PLACE / "python"
    if not (folder / "bin/python").exists():
        venv.create(folder, with_pip=True, clear=True)
    run(folder / "bin/pip", "install", "--quiet", WASMTIME)
    return folder / "bin/python"


def node():
    """A copy of the host beside its packages, since Node looks for those in the folders above a file."""
    folder = PLACE / "node"
    folder.mkdir(parents=True, exist_ok=True)
    for file in (*HERE.glob("node/*.mjs"), HERE / "node/package.json"):
        shutil.copy(file, folder)
    # The tests find the vectors from where they are in the tree.
    text = (folder / "placement.test.mjs").read_text()
    (folder / "placement.test.mjs").write_text(text.replace("../../../wit/", f"{(ROOT / 'wit').as_uri()}/"))
    run("npm", "install", "--silent", "--no-fund", "--no-audit", cwd=folder)
    transpile = ["transpile", COMPONENT, "-o", folder / "connector", "--name", "connector", "--instantiation", "async"]
    run(folder / "node_modules/.bin/jco", *transpile, "--quiet", cwd=folder)
    return folder


def main():
    interpreter, folder = python(), node()
    run(interpreter, HERE / "python/test_placement.py")
    run("node", "--test", "--test-reporter=dot", folder / "placement.test.mjs", cwd=folder)
    emulator = subprocess.Popen([HARNESS, "emulator", "--users", str(USERS), "--json"], stdout=subprocess.PIPE, text=True)
    try:
        connection = emulator.stdout.readline()
        json.loads(connection)
        run(interpreter, HERE / "python/drive.py", COMPONENT, connection)
        run("node", folder / "drive.mjs", folder / "connector", "connector", connection, cwd=folder)
    finally:
        emulator.terminate()
        emulator.wait()
    print("Both hosts have tested, imported, planned and applied, and hold no credential in a guest.")


if __name__ == "__main__":
    try:
        main()
    except subprocess.CalledProcessError as failed:
        sys.exit(f"{Path(failed.cmd[0]).name} failed with the status {failed.returncode}")
