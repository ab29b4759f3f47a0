"""Reads all portal users by aiosalesforce's query, and prints how many."""

import asyncio
import json
import os
import sys
from urllib.parse import urlsplit

import httpx
from aiosalesforce import ClientCredentialsFlow, Salesforce

ORG = json.loads(os.environ["ORG"])


class Loopback(httpx.AsyncHTTPTransport):
    """Sends what is meant for Salesforce by https to the emulator by http."""

    async def handle_async_request(self, request):
        to = urlsplit(ORG["url"])
        request.url = request.url.copy_with(scheme="http", host=to.hostname, port=to.port)
        request.headers["host"] = to.netloc
        return await super().handle_async_request(request)


async def main() -> None:
    async with httpx.AsyncClient(transport=Loopback(), trust_env=False, timeout=120) as http:
        auth = ClientCredentialsFlow(ORG["client_id"], ORG["client_secret"])
        client = Salesforce(http, "https://northwind.my.salesforce.com", auth, version="64.0")
        users = 0
        async for _ in client.query(f"SELECT {sys.argv[1]} FROM User WHERE ContactId != null"):
            users += 1
    print(users)


asyncio.run(main())
