"""Reads all portal users by simple-salesforce, and prints how many: by a Bulk 2.0 query, or with `query` page after page."""

import csv
import io
import json
import os
import sys
from urllib.parse import urlsplit, urlunsplit

import requests
from requests.adapters import HTTPAdapter
from simple_salesforce import Salesforce

ORG = json.loads(os.environ["ORG"])


class Loopback(HTTPAdapter):
    """Sends what is meant for Salesforce by https to the emulator by http."""

    def send(self, request, **options):  # pylint: disable=arguments-differ
        request.url = urlunsplit(("http", urlsplit(ORG["url"]).netloc, *urlsplit(request.url)[2:]))
        return super().send(request, **options)


def main() -> None:
    session = requests.Session()
    session.trust_env = False
    session.mount("https://", Loopback())
    client = Salesforce(
        session=session, username=ORG["username"], password=ORG["password"], security_token=ORG["security_token"]
    )
    soql = f"SELECT {sys.argv[2]} FROM User WHERE ContactId != null"
    if sys.argv[1] == "bulk":
        pieces = client.bulk2.User.query(soql, max_records=50_000, wait=0.5)
        print(sum(sum(1 for _ in csv.DictReader(io.StringIO(piece))) for piece in pieces))
    else:
        print(sum(1 for _ in client.query_all_iter(soql)))


main()
