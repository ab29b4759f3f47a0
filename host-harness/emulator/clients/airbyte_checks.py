"""Airbyte's reader of Salesforce against the org: it checks, discovers, and reads whole tables by Bulk API 2.0 and REST."""

import json
import logging
import tempfile
from pathlib import Path

from airbyte_cdk.entrypoint import AirbyteEntrypoint
from source_salesforce import SourceSalesforce

from harness import Checks, equal, lead_requests_to, org

check = Checks("Airbyte")
logging.disable(logging.WARNING)


class Setting:
    """The org, and the files that the reader is started with."""

    def __init__(self, served, folder: str):
        self.org = served
        self.folder = Path(folder)
        self.catalog = None
        self.write("config.json", {
            "auth_type": "Client",
            "client_id": served.client_id,
            "client_secret": served.client_secret,
            "refresh_token": served.refresh_token,
            "start_date": "2020-01-01T00:00:00Z",
            "stream_slice_step": "P3650D",
        })

    def write(self, name: str, content) -> str:
        path = self.folder / name
        path.write_text(json.dumps(content), encoding="utf-8")
        return str(path)

    def run(self, command: str, catalog=None) -> list:
        """The messages that the reader writes."""
        arguments = [command, "--config", str(self.folder / "config.json")]
        if catalog is not None:
            arguments += ["--catalog", self.write("catalog.json", catalog)]
        read = SourceSalesforce.read_catalog(arguments[-1]) if catalog is not None else None
        source = SourceSalesforce(read, SourceSalesforce.read_config(arguments[2]), None)
        lines = AirbyteEntrypoint(source).run(AirbyteEntrypoint.parse_args(arguments))
        return [json.loads(line) for message in lines for line in message.splitlines() if line.strip()]

    def read(self, name: str) -> list:
        """All rows of an object."""
        stream = next(stream for stream in self.catalog if stream["name"] == name)
        configured = {"stream": stream, "sync_mode": "full_refresh", "destination_sync_mode": "overwrite"}
        messages = self.run("read", {"streams": [configured]})
        failures = [m["trace"]["error"]["message"] for m in messages if m["type"] == "TRACE" and m["trace"].get("error")]
        if failures:
            raise AssertionError(failures[0])
        return [message["record"]["data"] for message in messages if message["type"] == "RECORD"]


@check
def checks(setting):
    """checks its credentials"""
    messages = setting.run("check")
    status = next(message["connectionStatus"] for message in messages if message["type"] == "CONNECTION_STATUS")
    equal((status["status"], status.get("message")), ("SUCCEEDED", None))


@check
def discovers(setting):
    """discovers the objects with their types"""
    messages = setting.run("discover")
    setting.catalog = next(message["catalog"]["streams"] for message in messages if message["type"] == "CATALOG")
    names = {stream["name"] for stream in setting.catalog}
    if not {"Account", "Contact", "User", "Profile", "PermissionSetAssignment"} <= names:
        raise AssertionError(sorted(names))


@check
def reads_contacts(setting):
    """reads contacts by a Bulk query"""
    rows = setting.read("Contact")
    equal(len(rows), len({row["Id"] for row in rows}))
    counted = setting.org.contacts
    equal(len(rows), counted)


@check
def reads_users(setting):
    """reads users, whose rows have compound addresses"""
    rows = setting.read("User")
    if not any(row["UserType"] == "CspLitePortal" for row in rows):
        raise AssertionError("no portal user")


def contacts_of(served) -> int:
    """How many contacts the org has, as it says itself."""
    import urllib.parse  # pylint: disable=import-outside-toplevel
    import urllib.request  # pylint: disable=import-outside-toplevel

    form = {"grant_type": "client_credentials", "client_id": served.client_id, "client_secret": served.client_secret}
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"{served.url}/services/oauth2/token", urllib.parse.urlencode(form).encode()) as answer:
        token = json.load(answer)["access_token"]
    request = urllib.request.Request(
        f"{served.url}/services/data/v64.0/limits/recordCount?sObjects=Contact", headers={"authorization": f"Bearer {token}"}
    )
    with opener.open(request) as answer:
        return json.load(answer)["sObjects"][0]["count"]


with org("--users", "30") as served_org, tempfile.TemporaryDirectory() as place:
    lead_requests_to(served_org.url)
    served_org.control("PATCH", "/switches", {"bulkPolls": 0})
    served_org.contacts = contacts_of(served_org)
    check.run(Setting(served_org, place))
