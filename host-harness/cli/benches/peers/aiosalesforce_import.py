"""Reads all portal users by aiosalesforce's query, and prints how many."""

import asyncio
import json
import os
import sys

import httpx
from aiosalesforce import ClientCredentialsFlow, Salesforce
from httpx_loopback import Loopback

ORG = json.loads(os.environ["ORG"])


async def main() -> None:
    async with httpx.AsyncClient(transport=Loopback(ORG["url"]), trust_env=False, timeout=120) as http:
        auth = ClientCredentialsFlow(ORG["client_id"], ORG["client_secret"])
        client = Salesforce(http, "https://northwind.my.salesforce.com", auth, version="64.0")
        users = 0
        async for _ in client.query(f"SELECT {sys.argv[1]} FROM User WHERE ContactId != null"):
            users += 1
    print(users)


asyncio.run(main())
