#!/usr/bin/env python3
"""Checks the SCIM service with clients and checkers that others wrote.

Installs them from their registries into target/clients/scim, serves a new data folder on an emulated organization, and runs them
against it. Each prints a line or its own report; the last line is the sum, and a failure is a non-zero exit.

    run.py [NAME…]     only these: tester, sanity, newman, canaille

newman needs Microsoft's collection of requests, which is not part of this repository: SCIM_COLLECTION names the file
(https://github.com/AzureAD/SCIMReferenceCode). Without it newman is left out.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
import venv
from contextlib import ExitStack
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
PLACE = ROOT / "target" / "clients" / "scim"
BINARY = ROOT / "target" / "debug" / "host-harness"
NAMES = ("tester", "sanity", "newman", "canaille")
NEWMAN = "newman@6.2.1"

# Assertions of Microsoft's collection that this service does not fulfil, by request and assertion, each with the paragraph that
# says otherwise.
WAIVED = {}


def python(name: str = "requirements") -> Path:
    """The programs of an environment with what a file requires."""
    own = PLACE / name
    requirements = HERE / f"{name}.txt"
    done = own / "requirements.txt"
    if not done.exists() or done.read_bytes() != requirements.read_bytes():
        venv.create(own, with_pip=True, clear=True)
        subprocess.run([own / "bin" / "pip", "install", "--quiet", "-r", requirements], check=True)
        done.write_bytes(requirements.read_bytes())
    return own / "bin"


def newman() -> Path:
    own = PLACE / "newman"
    program = own / "node_modules" / ".bin" / "newman"
    if not program.exists():
        own.mkdir(parents=True, exist_ok=True)
        quiet = ("--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
        subprocess.run(["npm", "install", "--prefix", str(own), NEWMAN, *quiet], check=True)
    return program


class Host:
    """An emulated organization and a host that serves a data folder."""

    def __init__(self, stack: ExitStack):
        self.folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        self.data = self.folder / "data"
        tenants = self.folder / "tenants.toml"
        org = subprocess.Popen(
            [BINARY, "emulator", "--users", "0", "--seed", "7", "--tenants-file", tenants], stdout=subprocess.DEVNULL
        )
        stack.callback(end, org)
        wait_for(tenants.exists, "the emulated organization")
        self.run("tenant", "import-toml", str(tenants))
        self.tenant = json.loads(self.run("tenant", "list", "--json"))[0]["name"]
        # What checkers send are random values that no organization takes: there, nothing is pushed.
        self.base = None
        log = open(self.folder / "serve.log", "w", encoding="utf-8")
        stack.callback(log.close)
        free = "127.0.0.1:0"
        served = subprocess.Popen(
            [BINARY, "--data", self.data, "--json", "serve", "--console", free, "--scim", free, "--metrics", free],
            stdout=subprocess.PIPE, stderr=log, text=True,
        )
        stack.callback(end, served)
        self.base = json.loads(served.stdout.readline())["scim"]

    def run(self, *arguments: str) -> str:
        command = [BINARY, "--data", self.data, *arguments]
        return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout

    def push(self, is_on: bool) -> None:
        names = ("push-new-users", "push-profile-updates", "push-user-deactivation")
        settings = [f"--set=to-app.{name}={str(is_on).lower()}" for name in names]
        self.run("tenant", "edit", self.tenant, *settings)

    def client(self, name: str, *options: str) -> str:
        """A new client's token."""
        printed = self.run("--json", "scim", "add", self.tenant, name, "--rate", "1000", *options)
        return json.loads(printed)["token"]

    @property
    def url(self) -> str:
        return f"{self.base}/scim/v2/{self.tenant}"

    def get(self, token: str, path: str) -> dict:
        request = urllib.request.Request(self.url + path, headers={"Authorization": f"Bearer {token}"})
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request) as answer:
            return json.load(answer)


def end(process: subprocess.Popen) -> None:
    process.terminate()
    process.wait(30)


def wait_for(condition, what: str) -> None:
    for _ in range(600):
        if condition():
            return
        time.sleep(0.1)
    raise SystemExit(f"{what} does not come up within a minute")


def tester(host: Host) -> bool:
    host.push(False)
    headers = f"Authorization: Bearer {host.client('tester')}"
    done = subprocess.run(
        [python() / "scim2", "--url", host.url, "test"],
        env={**os.environ, "SCIM_CLI_HEADERS": headers, "NO_PROXY": "127.0.0.1"},
        text=True, stdout=subprocess.PIPE,
    )
    lines = done.stdout.splitlines()
    checks = [line for line in lines if line[:1].isupper() and line.split(" ")[0].isupper()]
    good = [line for line in checks if line.startswith("SUCCESS")]
    print(f"tester: {len(checks)} checks, {len(checks) - len(good)} of them not passed")
    if done.returncode:
        print(done.stdout)
    return done.returncode == 0


def sanity(host: Host) -> bool:
    host.push(False)
    token = host.client("sanity")
    done = subprocess.run(
        [python() / "scim-sanity", "probe", host.url, "--token", token, "--i-accept-side-effects"],
        env={**os.environ, "NO_PROXY": "127.0.0.1"},
    )
    return done.returncode == 0


def newman_(host: Host) -> bool:
    collection = os.environ.get("SCIM_COLLECTION")
    if not collection:
        print("newman: left out, since SCIM_COLLECTION does not name Microsoft's collection")
        return True
    host.push(False)
    token = host.client("newman", "--platform", "entra")
    server = host.base.removeprefix("http://")
    name, port = server.split(":")
    values = {"Protocol": "http", "Server": name, "Port": f":{port}", "Api": f"scim/v2/{host.tenant}", "token": token}
    report = host.folder / "newman.json"
    # The collection gives several users one externalId, which names one resource (RFC 7643 §3.1): each gets its own.
    text = Path(collection).read_text(encoding="utf-8-sig")
    own = host.folder / "collection.json"
    own.write_text(re.sub(r'(\\"externalId\\"\s*:\s*\\")[^"\\]*', r"\g<1>{{$guid}}", text), encoding="utf-8")
    command = [newman(), "run", own, "--reporters", "json", "--reporter-json-export", report]
    for name, value in values.items():
        command += ["--env-var", f"{name}={value}"]
    # Tokens come from an admin (RFC 7644 §2), and not from the service, which has nothing at the address `/Token`.
    folders = [one["name"] for one in json.loads(text)["item"]]
    for folder in folders:
        if folder != "Get Token":
            command += ["--folder", folder]
    subprocess.run(command, env={**os.environ, "NO_PROXY": "127.0.0.1"}, stdout=subprocess.DEVNULL)
    run = json.loads(report.read_text(encoding="utf-8"))["run"]
    failures = [(one["source"]["name"], one["error"].get("test", one["error"]["message"])) for one in run["failures"]]
    waived = [one for one in failures if one in WAIVED]
    print(f"newman: {run['stats']['assertions']['total']} assertions, {len(failures)} failed, {len(waived)} of them waived")
    for request, assertion in failures:
        print(f"  {request}: {assertion}: {WAIVED.get((request, assertion), 'NOT WAIVED')}")
    return len(waived) == len(failures)


def canaille(host: Host) -> bool:
    host.push(True)
    token = host.client("canaille", "--platform", "canaille")
    done = subprocess.run(
        [
            python("requirements-canaille") / "python", HERE / "canaille_checks.py",
            host.url, token, host.tenant, str(host.data), str(BINARY), str(host.folder / "tenants.toml"),
        ],
        env={**os.environ, "NO_PROXY": "127.0.0.1"},
    )
    return done.returncode == 0


def main() -> None:
    wanted = sys.argv[1:] or list(NAMES)
    if stray := [name for name in wanted if name not in NAMES]:
        raise SystemExit(f"there is no check `{stray[0]}`; there are {', '.join(NAMES)}")
    subprocess.run(["cargo", "build", "--locked", "--package", "host-harness"], cwd=ROOT, check=True)
    checks = {"tester": tester, "sanity": sanity, "newman": newman_, "canaille": canaille}
    with ExitStack() as stack:
        host = Host(stack)
        failed = [name for name in wanted if not checks[name](host)]
    print(f"{len(wanted) - len(failed)} of {len(wanted)} passed" + (f"; failed: {', '.join(failed)}" if failed else ""))
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
