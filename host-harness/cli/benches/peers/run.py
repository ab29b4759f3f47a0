#!/usr/bin/env python3
"""Compares the host with clients that others wrote, over the same emulated organization.

Installs them from their registries into target/clients, builds the host and the example `serve` in release, and lets the contenders
do the same work in turns. Prints one table a piece of work: seconds (least, median, most), processor seconds and memory of the
contender alone, and the calls that the organization counted.

    run.py [--rounds N] [--users N] [--new N] [--only WORK]

WORK is one of import-0, import-250, import-rows, push-0, push-250.
"""

import argparse
import csv
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[3]
CLIENTS = ROOT / "host-harness" / "emulator" / "clients"
sys.path.insert(0, str(CLIENTS))
import harness  # noqa: E402  pylint: disable=wrong-import-position
import run as clients  # noqa: E402  pylint: disable=wrong-import-position
from harness import Org  # noqa: E402  pylint: disable=wrong-import-position

# What the host reads of each user where nobody names attributes.
FIELDS = (
    "Id, Username, IsActive, UserType, SystemModstamp, ProfileId, UserRoleId, FirstName, LastName, Email, Alias, "
    "CommunityNickname, FederationIdentifier, TimeZoneSidKey, LocaleSidKey, LanguageLocaleKey, ContactId, Contact.AccountId"
)
# A page of 2,000 rows takes 750 ms.
ROWS_A_SECOND = 2_667


@contextmanager
def served(users: int, latency: int, rows: int | None):
    """An organization of so many users, of which each request takes so many milliseconds."""
    with harness.org("--users", str(users)) as org:
        for licence in org.control("GET", "/licences"):
            org.control("PUT", f"/licences/{urllib.parse.quote(licence['name'])}", {"total": 1_000_000})
        org.control("PUT", "/api-requests", {"max": 10_000_000})
        org.control("PATCH", "/switches", {"latencyMilliseconds": latency, "rowsPerSecond": rows})
        yield org


def calls(org: Org) -> int:
    """The requests that the organization has counted."""
    return org.control("GET", "/api-requests")["used"]


def tenants_file(folder: Path, org: Org) -> Path:
    """The organization as a tenant of the host."""
    connection = vars(org)
    settings = {
        "instance-type": "my-domain",
        "my-domain": connection["url"],
        **{name: connection[name.replace("-", "_")] for name in ("username", "organization-id", "portal-id", "account-id")},
    }
    for name in ("password", "security_token"):
        (folder / name).write_text(connection[name], encoding="utf-8")
        (folder / name).chmod(0o600)
    lines = ["[tenants.bench.settings]", *(f"{name} = {json.dumps(value)}" for name, value in settings.items())]
    lines += ["[tenants.bench.secrets]", 'password = { file = "password" }', 'security-token = { file = "security_token" }']
    lines += ["[tenants.bench.egress]", "loopback = true"]
    file = folder / "tenants.toml"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


def measured(command: list, environment: dict, expected: int, count) -> tuple[float, float, float]:
    """Runs a contender; seconds, processor seconds, and MiB at its peak."""
    with tempfile.TemporaryFile("w+") as output:
        begun = time.monotonic()
        process = subprocess.Popen(command, env=environment, stdout=output)
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.monotonic() - begun
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        done = count(output)
    if process.returncode or done != expected:
        raise SystemExit(f"{command[0]} ended with {process.returncode} and did {done} of {expected}")
    return seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def last_number(output) -> int:
    return int(output.read().split()[-1])


class Bench:
    """The contenders, and where they are installed."""

    def __init__(self, target: Path):
        self.host, os.environ["EMULATOR"] = self.built(target)
        # The first run on a machine compiles the connector and keeps it, as Python keeps the peers' modules.
        subprocess.run([self.host, "describe"], stdout=subprocess.DEVNULL, check=True)
        self.place = target / "clients"
        for name in ("jsforce", "simple_salesforce", "aiosalesforce"):
            (self.place / name).mkdir(parents=True, exist_ok=True)
        clients.install_jsforce(self.place / "jsforce")
        self.python = {
            name: clients.install_python(self.place / name, name) for name in ("simple_salesforce", "aiosalesforce")
        }

    @staticmethod
    def built(target: Path) -> tuple[Path, str]:
        cargo = [os.environ.get("CARGO", "cargo"), "build", "--locked", "--release"]
        subprocess.run([*cargo, "--package", "host-harness"], cwd=ROOT, check=True)
        subprocess.run([*cargo, "--package", "salesforce-emulator", "--example", "serve"], cwd=ROOT, check=True)
        return target / "release" / "host-harness", str(target / "release" / "examples" / "serve")

    def environment(self, org: Org) -> dict:
        environment = {**os.environ, "ORG": json.dumps(vars(org)), "NODE_NO_WARNINGS": "1"}
        environment["PYTHONPATH"] = str(CLIENTS)
        environment["NODE_PATH"] = str(self.place / "jsforce" / "node_modules")
        for proxy in ("http_proxy", "https_proxy", "all_proxy"):
            environment.pop(proxy, None)
            environment.pop(proxy.upper(), None)
        return environment

    def importers(self, file: Path) -> dict:
        """Each contender's command, and how its output tells how many users came."""
        ours = [self.host, "--tenants", file, "import", "bench", "--json"]
        simple = [self.python["simple_salesforce"], HERE / "simple_salesforce_import.py"]
        return {
            "host-harness": (ours, lambda output: sum(1 for line in output if line.startswith('    {'))),
            "jsforce": (["node", HERE / "jsforce.cjs", "import", FIELDS], last_number),
            "aiosalesforce": ([self.python["aiosalesforce"], HERE / "aiosalesforce_import.py", FIELDS], last_number),
            "simple-salesforce, Bulk 2.0": ([*simple, "bulk", FIELDS], last_number),
            "simple-salesforce": ([*simple, "query", FIELDS], last_number),
        }

    def imports(self, title: str, latency: int, rows: int | None, users: int, rounds: int) -> None:
        with served(users, latency, rows) as org, tempfile.TemporaryDirectory() as folder:
            environment = self.environment(org)
            found: dict = {}
            for _ in range(rounds):
                for name, (command, count) in self.importers(tenants_file(Path(folder), org)).items():
                    before = calls(org)
                    one = measured(command, environment, users, count)
                    found.setdefault(name, []).append((*one, calls(org) - before))
        table(f"{title}: {users} users", found)

    def pushes(self, title: str, latency: int, users: int, new: int, rounds: int) -> None:
        found: dict = {}
        for _ in range(rounds):
            for name in ("host-harness", "jsforce"):
                with served(users, latency, None) as org, tempfile.TemporaryDirectory() as folder:
                    command, count, environment = self.pusher(name, org, Path(folder), new)
                    before = calls(org)
                    one = measured(command, environment, new, count)
                    found.setdefault(name, []).append((*one, calls(org) - before))
        table(f"{title}: {new} new users with contact, profile, federation id and two permission sets", found)

    def pusher(self, name: str, org: Org, folder: Path, new: int):
        environment = self.environment(org)
        profile, sets = grants(org)
        if name == "jsforce":
            environment["GRANTS"] = json.dumps({"profile": profile["Id"], "sets": [one["Id"] for one in sets]})
            return ["node", HERE / "jsforce.cjs", "push", FIELDS, str(new)], last_number, environment
        people = folder / "people.csv"
        with people.open("w", newline="", encoding="utf-8") as file:
            rows = csv.writer(file)
            rows.writerow(["username", "givenName", "familyName", "email", "federationId"])
            for at in range(new):
                mail = f"newcomer{at}@bench.example"
                rows.writerow([mail, "Nora", f"Newcomer {at}", mail, f"newcomer{at}"])
        command = [self.host, "--tenants", tenants_file(folder, org), "push", "bench", people, "--json"]
        for kind, one in [("profile", profile), *(("permission-set", one) for one in sets)]:
            command += ["--grant", f"{kind}={one['Id']}"]
        return command, lambda output: json.load(output)["summary"].get("created", 0), environment


def grants(org: Org):
    """A portal profile of the seed, and two permission sets that fit its licence."""
    profile = query(org, "SELECT Id FROM Profile WHERE Name = 'Customer Community Plus User'")[0]
    sets = "SELECT Id FROM PermissionSet WHERE Name IN ('Portal_Case_Access', 'Portal_Knowledge_Reader')"
    return profile, query(org, sets)


def query(org: Org, soql: str) -> list:
    connection = vars(org)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    form = {
        "grant_type": "client_credentials",
        "client_id": connection["client_id"],
        "client_secret": connection["client_secret"],
    }
    body = urllib.parse.urlencode(form).encode()
    with opener.open(connection["url"] + "/services/oauth2/token", body) as answer:
        token = json.load(answer)["access_token"]
    url = f"{connection['url']}/services/data/v64.0/query?q={urllib.parse.quote(soql)}"
    with opener.open(urllib.request.Request(url, headers={"authorization": f"Bearer {token}"})) as answer:
        return json.load(answer)["records"]


def table(title: str, found: dict) -> None:
    print(f"\n{title}\n")
    print("| contender | least | median | most | processor | memory | calls | to ours |")
    print("|---|---|---|---|---|---|---|---|")
    ours = statistics.median(one[0] for one in found["host-harness"])
    for name, rounds in found.items():
        seconds, used, memory, calls = (list(column) for column in zip(*rounds))
        median = statistics.median(seconds)
        print(
            f"| {name} | {min(seconds):.2f} s | {median:.2f} s | {max(seconds):.2f} s | {statistics.median(used):.2f} s "
            f"| {max(memory):.0f} MiB | {max(calls)} | {median / ours:.2f} |",
            flush=True,
        )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--users", type=int, default=100_000)
    parser.add_argument("--new", type=int, default=10_000)
    parser.add_argument("--only", action="append")
    chosen = parser.parse_args()
    cargo = os.environ.get("CARGO", "cargo")
    metadata = clients.output(cargo, "metadata", "--format-version", "1", "--no-deps", "--locked")
    bench = Bench(Path(json.loads(metadata)["target_directory"]))
    wanted = lambda name: not chosen.only or name in chosen.only  # noqa: E731
    if wanted("import-0"):
        bench.imports("Import at 0 ms", 0, None, chosen.users, chosen.rounds)
    if wanted("import-250"):
        bench.imports("Import at 250 ms a request", 250, None, chosen.users, chosen.rounds)
    if wanted("import-rows"):
        bench.imports("Import at 250 ms a request and 750 ms a page", 250, ROWS_A_SECOND, chosen.users, 1)
    if wanted("push-0"):
        bench.pushes("Push at 0 ms", 0, chosen.users, chosen.new, chosen.rounds)
    if wanted("push-250"):
        bench.pushes("Push at 250 ms a request", 250, chosen.users, chosen.new, chosen.rounds)
    return 0


if __name__ == "__main__":
    sys.exit(main())
