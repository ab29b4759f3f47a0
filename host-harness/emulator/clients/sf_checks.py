"""The sf command line against the org: what people type, answered in JSON."""

import json
import os
import subprocess
import tempfile
import urllib.parse
import urllib.request
from pathlib import Path

from harness import Checks, equal, org

check = Checks("sf")


class Setting:
    """The org, and a home folder in which sf keeps how to reach it."""

    def __init__(self, served, home: str):
        self.org = served
        self.home = Path(home)
        self.environment = {
            **os.environ,
            "HOME": home,
            "USERPROFILE": home,
            "SF_AUTOUPDATE_DISABLE": "true",
            "SF_DISABLE_AUTOUPDATE": "true",
            "SF_DISABLE_TELEMETRY": "true",
            "SF_SKIP_NEW_VERSION_CHECK": "true",
            "SF_USE_GENERIC_UNIX_KEYCHAIN": "true",
            "SF_CONTENT_TYPE": "",
        }

    def token(self) -> str:
        """A token by client credentials, as a pipeline gets one."""
        form = {
            "grant_type": "client_credentials",
            "client_id": self.org.client_id,
            "client_secret": self.org.client_secret,
        }
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f"{self.org.url}/services/oauth2/token", urllib.parse.urlencode(form).encode()) as answer:
            return json.load(answer)["access_token"]

    def run(self, *arguments: str, environment=None):
        """The status and the output of a command."""
        done = subprocess.run(
            ["node", os.environ["SF"], *arguments],
            cwd=self.home,
            env={**self.environment, **(environment or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            text=True,
            timeout=180,
            check=False,
        )
        return done.returncode, done.stdout, done.stderr

    def result(self, *arguments: str, environment=None):
        """The result of a command that succeeds."""
        status, output, error = self.run(*arguments, "--json", environment=environment)
        if status != 0:
            raise AssertionError(f"{arguments[0:3]} ended with {status}: {output[:600]} {error[:300]}")
        return json.loads(output)["result"]


@check
def signs_in(setting):
    """signs in by an access token and becomes the target org"""
    told = setting.result(
        "org", "login", "access-token", "--instance-url", setting.org.url, "--no-prompt", "--alias", "emulator",
        "--set-default", environment={"SF_ACCESS_TOKEN": setting.token()},
    )
    equal((told["orgId"], told["username"]), (setting.org.organization_id, setting.org.username))


@check
def queries(setting):
    """queries records with their parents"""
    told = setting.result("data", "query", "--query", "SELECT Id, Name, Profile.Name FROM User ORDER BY Id LIMIT 3")
    equal((told["totalSize"], told["done"], len(told["records"])), (3, True, 3))
    equal(told["records"][0]["Profile"]["Name"], "System Administrator")


@check
def tables(setting):
    """writes a query as CSV, for which it asks for its columns"""
    query = "SELECT Id, LastName, Account.Name FROM Contact WHERE AccountId != null LIMIT 2"
    status, output, error = setting.run("data", "query", "--query", query, "--result-format", "csv")
    equal((status, output.splitlines()[0]), (0, "Id,LastName,Account.Name"))
    equal(len(output.strip().splitlines()), 3)
    del error


@check
def records(setting):
    """creates, reads, changes and deletes a record"""
    values = f"LastName='Line' AccountId={setting.org.account_id}"
    made = setting.result("data", "create", "record", "--sobject", "Contact", "--values", values)["id"]
    setting.result("data", "update", "record", "--sobject", "Contact", "--record-id", made, "--values", "Title='Dr.'")
    read = setting.result("data", "get", "record", "--sobject", "Contact", "--where", "LastName='Line'")
    equal((read["Id"], read["Title"]), (made, "Dr."))
    setting.result("data", "delete", "record", "--sobject", "Contact", "--record-id", made)


@check
def refusals(setting):
    """tells the words of a refusal"""
    status, output, _ = setting.run(
        "data", "create", "record", "--sobject", "Contact", "--values", "LastName='x' Email='no address'", "--json"
    )
    if status == 0 or "invalid email address: no address" not in output:
        raise AssertionError(output)


@check
def bulk(setting):
    """imports and exports by Bulk API 2.0"""
    setting.org.control("PATCH", "/switches", {"bulkPolls": 0})
    rows = "".join(f"Bulk {number},bulk{number}@example.com\n" for number in range(20))
    (setting.home / "contacts.csv").write_text(f"LastName,Email\n{rows}", encoding="utf-8")
    told = setting.result(
        "data", "import", "bulk", "--sobject", "Contact", "--file", "contacts.csv", "--wait", "2", "--line-ending", "LF"
    )
    equal((told["processedRecords"], told["failedRecords"]), (20, 0))
    setting.result(
        "data", "export", "bulk", "--query", "SELECT Id, LastName FROM Contact WHERE LastName LIKE 'Bulk %'",
        "--output-file", "out.csv", "--wait", "2",
    )
    equal(len((setting.home / "out.csv").read_text(encoding="utf-8").strip().splitlines()), 21)


@check
def describes(setting):
    """describes an object, lists all, and shows the limits"""
    told = setting.result("sobject", "describe", "--sobject", "Contact")
    equal((told["name"], told["keyPrefix"]), ("Contact", "003"))
    if "User" not in setting.result("sobject", "list", "--sobject", "all"):
        raise AssertionError("no User")
    limits = {limit["name"]: limit["max"] for limit in setting.result("org", "list", "limits")}
    equal(limits["DailyApiRequests"], 100_000)


@check
def requests(setting):
    """sends a request of one's own"""
    status, output, error = setting.run("api", "request", "rest", "/services/data/v64.0/limits/recordCount?sObjects=Account")
    equal((status, json.loads(output)["sObjects"][0]["name"]), (0, "Account"))
    del error


with org("--users", "20") as served_org, tempfile.TemporaryDirectory() as folder:
    check.run(Setting(served_org, folder))
