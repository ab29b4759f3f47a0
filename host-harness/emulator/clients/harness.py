"""What the Python checks share: an org of their own, and a line for each check."""

import json
import os
import subprocess
import sys
import traceback
import urllib.request
from contextlib import contextmanager
from urllib.parse import urlsplit, urlunsplit


class Org:
    """A running emulator: what it says of itself as attributes, and its controls."""

    def __init__(self, connection: dict):
        self.__dict__.update(connection)

    def control(self, method: str, path: str, body=None):
        """Calls the control API and returns its answer."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            self.control_url + path, method=method, data=data, headers={"content-type": "application/json"}
        )
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request) as answer:
            text = answer.read()
        return json.loads(text) if text else None


@contextmanager
def org(*options: str):
    """Serves an org for as long as the block runs."""
    process = subprocess.Popen(
        [os.environ["EMULATOR"], *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        yield Org(json.loads(process.stdout.readline()))
    finally:
        process.stdin.close()
        process.wait(timeout=30)


class Checks:
    """The checks of one client, in the order they stand in the file."""

    def __init__(self, client: str):
        self.client = client
        self.checks = []

    def __call__(self, check):
        self.checks.append(check)
        return check

    def run(self, *arguments) -> None:
        """Runs them all; a failed one does not keep the others from running."""
        failed = False
        for check in self.checks:
            name = f"{self.client}: {check.__doc__ or check.__name__}"
            try:
                check(*arguments)
                print(f"ok   {name}", flush=True)
            except Exception as error:  # pylint: disable=broad-except
                failed = True
                reason = str(error).strip().replace("\n", " ") or type(error).__name__
                print(f"FAIL {name}: {type(error).__name__}: {reason}", flush=True)
                traceback.print_exc(file=sys.stderr)
        print("done", flush=True)
        sys.exit(1 if failed else 0)


def lead_requests_to(url: str) -> None:
    """Leads whatever this process sends by the library requests to Salesforce's hosts to the org on loopback.

    For clients that take https addresses alone and make their sessions themselves."""
    import requests.adapters  # pylint: disable=import-outside-toplevel

    host = urlsplit(url).netloc
    send = requests.adapters.HTTPAdapter.send

    def led(self, request, **options):
        parts = urlsplit(request.url)
        if parts.netloc != host and not parts.netloc.endswith(".salesforce.com"):
            raise AssertionError(f"a request to {parts.netloc}")
        request.url = urlunsplit(("http", host, *parts[2:]))
        return send(self, request, **{**options, "proxies": {}})

    requests.adapters.HTTPAdapter.send = led


@contextmanager
def raises(kind):
    """Expects an exception of this very class, and gives it out as `.error`."""

    class Caught:
        error = None

    caught = Caught()
    try:
        yield caught
    except Exception as error:  # pylint: disable=broad-except
        if type(error) is not kind:
            raise
        caught.error = error
        return
    raise AssertionError(f"nothing was raised, {kind.__name__} was expected")


def equal(found, expected) -> None:
    """Fails unless the two are equal, and shows both."""
    if found != expected:
        raise AssertionError(f"found {found!r}, expected {expected!r}")
