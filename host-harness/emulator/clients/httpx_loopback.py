"""Leads what httpx sends to Salesforce to the org on loopback, for clients that take https addresses alone."""

from urllib.parse import urlsplit

import httpx


class Loopback(httpx.AsyncHTTPTransport):
    """Sends what is meant for Salesforce by https to the emulator by http."""

    def __init__(self, url: str):
        super().__init__()
        self.host = urlsplit(url)

    async def handle_async_request(self, request):
        # A request that is sent again has been led already.
        if request.url.host != self.host.hostname and not request.url.host.endswith(".salesforce.com"):
            raise AssertionError(f"a request to {request.url.host}")
        request.url = request.url.copy_with(scheme="http", host=self.host.hostname, port=self.host.port)
        request.headers["host"] = self.host.netloc
        return await super().handle_async_request(request)
