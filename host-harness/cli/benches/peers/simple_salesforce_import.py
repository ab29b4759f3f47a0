"""Reads all portal users by simple-salesforce, and prints how many: by a Bulk 2.0 query, or with `query` page after page."""

import csv
import io
import json
import os
import sys

from harness import lead_requests_to
from simple_salesforce import Salesforce

ORG = json.loads(os.environ["ORG"])


def main() -> None:
    lead_requests_to(ORG["url"])
    client = Salesforce(username=ORG["username"], password=ORG["password"], security_token=ORG["security_token"])
    soql = f"SELECT {sys.argv[2]} FROM User WHERE ContactId != null"
    if sys.argv[1] == "bulk":
        pieces = client.bulk2.User.query(soql, max_records=50_000, wait=0.5)
        print(sum(sum(1 for _ in csv.DictReader(io.StringIO(piece))) for piece in pieces))
    else:
        print(sum(1 for _ in client.query_all_iter(soql)))


main()
